"""Choosing the backend while the program runs: demo data, or the company's, tested before it is kept."""

import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from desktop import settings_edit
from desktop.address import Address, address_of
from desktop.backend import Backend
from desktop.choice import Choice, ChoiceFile, demo
from desktop.probe import find_backend, redeem, try_key
from desktop.step import Step, Stopped
from shared.connect_code import find_code, is_link, parse_link
from shared.errors import Conflict, SettingsInvalid
from shared.settings import BackendSection


class Setup:
    """``section`` is what the settings say, whatever is in use; ``file`` is where they are kept."""

    def __init__(self, section: BackendSection, file: Path, choices: ChoiceFile, backend: Backend) -> None:
        self._section = section
        self._file = file
        self._choices = choices
        self._backend = backend
        self._lock = threading.Lock()
        self._attempt = 0

    @property
    def configured_url(self) -> str:
        """The company's backend, also while the demo is used in its place. The key never leaves here."""
        return self._section.url

    @property
    def section(self) -> BackendSection:
        """With the key: for who must know it to hold it back."""
        return self._section

    @property
    def file(self) -> Path:
        return self._file

    def use_demo(self) -> None:
        """Now, and at every later start."""
        with self._lock:
            self._attempt += 1
            try:
                self._choices.keep(Choice(demo=True, instead_of=self._section.url))
            except OSError as error:
                raise Conflict(f"The choice cannot be kept: {error.strerror}.") from error
            self._backend.switch(demo(self._section))

    def take_over(self, section: BackendSection) -> None:
        """Other settings for the same backend, from now on; nothing changes while the demo is used."""
        with self._lock:
            used = not self._backend.state.demo and self._section.url == section.url
            self._section = section
            if used and section.url:
                self._backend.switch(section)

    def connect(self, typed: str, key: str, *, plain_allowed: bool) -> Iterator[Step]:
        """Each step as it is taken. When all are good, it is kept and used from now on, unless somebody has
        chosen something else meanwhile. In place of the key there may be a connect code, and in place of
        both a link that carries them."""
        with self._lock:
            self._attempt += 1
            attempt = self._attempt
        try:
            for field in (typed, key):
                if is_link(field):
                    link = parse_link(field)
                    typed, key = link.url, link.code
                    break
            address = address_of(typed)
        except SettingsInvalid as error:
            yield Step(step="address", state="failed", says=error.message)
            return
        code = find_code(key)
        try:
            tried = self._with_key(address, "" if code else self._usable(address, key))
        except SettingsInvalid as error:
            yield Step(step="key", state="failed", says=error.message)
            return
        for step in find_backend(tried, address, plain_allowed=plain_allowed):
            yield step
            if step.state == "failed":
                return
        if code is not None:
            yield from self._by_code(tried, address, code, attempt)
            return
        for step in try_key(tried, address):
            yield step
            if step.state == "failed":
                return
        yield self._keep(tried, attempt)

    def _by_code(self, tried: BackendSection, address: Address, code: str, attempt: int) -> Iterator[Step]:
        """The key is kept at once, whatever it turns out to be good for: there is no second one."""
        if attempt != self._attempt:
            yield _superseded()
            return
        try:
            settings_edit.check_backend_fits(self._file)
            tried = self._with_key(address, redeem(tried, address, code))
        except Stopped as stopped:
            yield stopped.step
            return
        except SettingsInvalid as error:
            yield Step(step="saved", state="failed", says=error.message)
            return
        saved = self._keep(tried, attempt)
        yield Step(step="code", state="ok", says="The connect code was good, and brought a key of your own.")
        if saved.state != "failed":
            for step in try_key(tried, address):
                yield msgspec.structs.replace(step, code="kept") if step.state == "failed" else step
                if step.state == "failed":
                    return
        yield saved

    def _keep(self, tried: BackendSection, attempt: int) -> Step:
        with self._lock:
            if attempt != self._attempt:
                return _superseded()
            replaced = settings_edit.variables_of_backend(self._file)
            try:
                settings_edit.keep_backend(self._file, tried.url, tried.api_key)
                # of a person's own file only these two count; all else is as the machine's settings say
                self._section = msgspec.structs.replace(self._section, url=tried.url, api_key=tried.api_key)
                self._choices.keep(Choice())
            except SettingsInvalid as error:
                return Step(step="saved", state="failed", says=error.message)
            except OSError as error:
                says = f"It cannot be kept in {self._file.parent}: {error.strerror}."
                return Step(step="saved", state="failed", says=says)
            self._backend.switch(self._section)
        instead = f" It is no longer taken from {' and '.join(replaced)}." if replaced else ""
        says = f"Kept in {self._file.name}, which only you can read.{instead}"
        return Step(step="saved", state="ok", says=says)

    def _with_key(self, address: Address, key: str) -> BackendSection:
        return msgspec.structs.replace(self._section, url=address.url, api_key=key)

    def _usable(self, address: Address, key: str) -> str:
        """Without a key the kept one, but only for the place that it was given for."""
        key = key.strip()
        if not key and _same_place(address.url, self._section.url):
            key = self._section.api_key
        if not key:
            raise SettingsInvalid("Paste the API key or the connect code that your administrator gave you.")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsInvalid("The API key holds characters that no key has. Copy it again.")
        return key


def _superseded() -> Step:
    return Step(step="saved", state="failed", says="Something else has been chosen meanwhile.")


def _same_place(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.hostname, first.port) == (second.scheme, second.hostname, second.port)
