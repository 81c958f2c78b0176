"""How people come in and go: with Google, or as the local profile of this machine; and who was here last."""

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Literal, Protocol

import msgspec

from desktop.clock import Clock
from desktop.identity.google import Attempt, Google, SignedIn
from desktop.keychain import Keychain
from desktop.people import LOCAL, People, Person, person_of
from desktop.session import Session
from shared.errors import AccountRefused, AppError, SessionOver, SignInFailed

_log = logging.getLogger(__name__)

_NOTED_SECONDS = 60.0
_RENEWED_SECONDS = 3600.0
_ELSEWHERE = "Google could not be told. Remove this program at myaccount.google.com/connections."


class Step(msgspec.Struct, frozen=True):
    """``waiting`` with the link that is open in the browser (``opened``: as far as the system says); then
    ``done``, or ``failed`` with a sentence. In between an empty one now and then."""

    state: Literal["waiting", "still", "done", "failed"]
    link: str = ""
    opened: bool = False
    says: str = ""


class Seat(Protocol):
    def cut(self) -> None: ...
    def close(self) -> None: ...


class Entrance:
    """``open_browser`` says whether the system took the link."""

    def __init__(
        self,
        session: Session[Seat],
        people: People,
        google: Google,
        keychain: Keychain,
        clock: Clock,
        open_browser: Callable[[str], bool],
    ) -> None:
        self._session = session
        self._people = people
        self.google = google
        self._keychain = keychain
        self._clock = clock
        self._open_browser = open_browser
        self._lock = threading.Lock()
        self._attempt: Attempt | None = None
        self._noted_at = 0.0
        self._closing = threading.Event()

    def begin(self) -> None:
        """Whoever was here last is here again, unless that was too long ago to show anything unasked."""
        if not self.google.available:
            self._session.enter(LOCAL)
            return
        last = self._people.last()
        if last is None or (last.person == LOCAL and self.google.required):
            return
        self._session.enter(last.person)
        away = self._clock.now().wall - last.active_at
        timeout = self._session.timeout_seconds
        if timeout and last.person != LOCAL and not 0 <= away < timeout:
            self._session.lock("Nobody has used this program for a while.")

    def watch(self) -> None:
        """From now on Google is asked every hour whether it still stands by the sign-in."""
        if self.google.available:
            threading.Thread(target=self._renew, name="sign-in-renewal", daemon=True).start()

    def act(self) -> None:
        """The person did something; now and then that is noted, for the next start."""
        self._session.act()
        if abs(self._clock.now().wall - self._noted_at) > _NOTED_SECONDS:
            self._note()

    def use_local(self) -> None:
        """Raises SessionOver when signing in is demanded here."""
        if self.google.required:
            raise SessionOver("Sign in with Google: this program is set up to be used by nobody else.")
        self._enter(LOCAL)

    def confirm(self) -> None:
        """A locked local profile has nothing to sign in with: that somebody is there is all it asks."""
        if self._session.news.person != LOCAL:
            raise SessionOver("Sign in to go on.")
        self.use_local()

    def sign_in(self, *, again: bool) -> Generator[Step, None, None]:
        """With Google, in the browser. ``again``: as the person whose session it is; otherwise Google asks
        which account. A sign-in that is under way is called off by a new one."""
        if not self.google.available:
            raise SignInFailed("Signing in with Google is not set up here. Ask your administrator.")
        person = self._session.news.person
        attempt = self.google.begin(email=person.email if again and person else "")
        with self._lock:
            before, self._attempt = self._attempt, attempt
        if before is not None:
            before.call_off("Another sign-in was begun, so this one ended.")
        try:
            yield Step("waiting", link=attempt.link, opened=self._open_browser(attempt.link))
            yield from self._waited(attempt)
        finally:
            attempt.call_off("The sign-in was called off.")
            with self._lock:
                if self._attempt is attempt:
                    self._attempt = None

    def call_off(self) -> None:
        with self._lock:
            attempt = self._attempt
        if attempt is not None:
            attempt.call_off("The sign-in was called off.")

    def sign_out(self) -> None:
        """Forgotten on this machine whether or not Google can be told."""
        person = self._session.news.person
        if person is None or person == LOCAL:
            raise SessionOver("Nobody is signed in.")
        self._people.forget_last()
        self._session.leave("You are signed out.")
        token = self._keychain.find(person.id)
        self._keychain.forget(person.id)
        if token and not self.google.revoke(token):
            self._session.leave(f"You are signed out on this PC. {_ELSEWHERE}")

    def close(self) -> None:
        self._closing.set()
        self.call_off()
        self._note()

    # -- Inside ---------------------------------------------------------------------------

    def _waited(self, attempt: Attempt) -> Iterator[Step]:
        """The wait is in a thread of its own, so that a window that has gone is noticed."""
        found: list[SignedIn | AppError] = []

        def wait() -> None:
            try:
                found.append(attempt.wait())
            except AppError as error:
                found.append(error)

        waiting = threading.Thread(target=wait, name="sign-in", daemon=True)
        waiting.start()
        while waiting.is_alive():
            waiting.join(1)
            yield Step("still")
        match found:
            case [SignedIn() as signed_in]:
                yield self._let_in(signed_in)
            case [AppError() as error]:
                yield Step("failed", says=error.message)
            case _:
                yield Step("failed", says="The sign-in ended unexpectedly. Try again.")

    def _let_in(self, signed_in: SignedIn) -> Step:
        person = person_of(signed_in.identity)
        try:
            self._people.keep(person)
            if signed_in.refresh_token:
                self._keychain.keep(person.id, signed_in.refresh_token)
            self._enter(person)
        except AppError as error:
            return Step("failed", says=error.message)
        except OSError as error:
            return Step("failed", says=f"The sign-in cannot be kept on this PC: {error.strerror}.")
        return Step("done")

    def _enter(self, person: Person) -> None:
        self._session.enter(person)
        self._note()

    def _note(self) -> None:
        person = self._session.news.person
        if person is None or not self.google.available or self._session.news.state != "open":
            return
        self._noted_at = self._clock.now().wall
        try:
            self._people.note_last(person, self._noted_at)
        except OSError as error:
            _log.warning("Who was here last cannot be noted: %s", error)

    def _renew(self) -> None:
        while True:
            self._renew_once()
            if self._closing.wait(_RENEWED_SECONDS):
                return

    def _renew_once(self) -> None:
        person = self._session.news.person
        if person is None or person == LOCAL:
            return
        token = self._keychain.find(person.id)
        if token is None:
            return
        try:
            identity = self.google.renew(token)
        except AccountRefused as error:
            self._end(person, error.message)
        except SignInFailed as error:
            _log.info("Google was not asked about the sign-in: %s", error)
        else:
            if person_of(identity).id != person.id:
                self._end(person, "Google has ended this sign-in. Sign in again.")

    def _end(self, person: Person, why: str) -> None:
        self._keychain.forget(person.id)
        if self._session.news.person == person:
            self._people.forget_last()
            self._session.leave(why)
