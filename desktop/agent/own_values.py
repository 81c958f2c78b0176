"""Values out of the person's own sheets and files that a model was shown, looked for in what it writes. Pure:
messages and texts in, values out. What happens to them then is decided in leaving."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from desktop.agent.outgoing import CELLS
from desktop.tools.query import ON_THIS_PC
from shared.llm.base import Message, ToolAnswer, ToolAnswers

LEAST_CHARACTERS, LEAST_DIGITS = 4, 5
"""Shorter ones stand in every query: a year, a limit, yes and no."""

_FILES = frozenset(("read_file", "search_files"))
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


class Written:
    """What would leave: ``texts`` (literals, comments, arguments), ``names`` and ``numbers``."""

    def __init__(self, texts: Iterable[str], names: Iterable[str] = (), numbers: Iterable[str] = ()) -> None:
        self.texts, self.names = list(texts), list(names)
        self.numbers = [*numbers, *(found for text in self.texts for found in _NUMBER.findall(text))]


class OwnValues:
    """What ``messages`` show of the person's own, and ``texts`` that were told of it. ``said`` are the
    person's own words, and what else is no secret of theirs; ``names`` are those of the schema."""

    def __init__(
        self,
        messages: Sequence[Message],
        texts: Iterable[str],
        said: Iterable[str],
        names: Callable[[], str],
    ) -> None:
        self._cells: dict[str, str] = {}
        self._numbers: set[Decimal] = set()
        self._texts: list[str] = []
        said = list(said)
        self._said = f" {_plain(' '.join(said))} "
        self._said_numbers = set(_numbers(" ".join(said)))
        self._names = names
        for message in messages:
            if isinstance(message, ToolAnswers):
                for answer in message.answers:
                    self._take(answer)
        for text in texts:
            self._take_text(text)

    def within(self, written: Written) -> list[str]:
        """Those that ``written`` holds, as they would leave, each once."""
        if not (self._cells or self._numbers or self._texts):
            return []
        found: dict[str, None] = {}
        for text in (*written.texts, "".join(written.texts)):  # one value may be written in parts
            found.update(dict.fromkeys(self._of_text(text)))
        for name in written.names:
            plain = f" {_plain(name)} "
            for cell, as_shown in self._cells.items():
                if f" {cell} " in plain and not self._is_said(cell) and not self._is_name(cell):
                    found[as_shown] = None
        for digits in written.numbers:
            number = _number(digits)
            if number in self._numbers and number not in self._said_numbers:
                found[digits] = None
        return list(found)

    def _of_text(self, text: str) -> Iterator[str]:
        plain = _plain(text)
        if len(plain) < LEAST_CHARACTERS:
            return
        whole = any(character.isalpha() for character in plain) or _digits(plain) >= LEAST_DIGITS
        for cell, as_shown in self._cells.items():
            if cell in plain and not self._is_said(cell):
                yield as_shown
            elif whole and plain in cell and not self._is_said(plain):
                yield text.strip()
        if whole and any(f" {plain} " in other for other in self._texts) and not self._is_said(plain):
            yield text.strip()

    def _is_name(self, plain: str) -> bool:
        return f" {plain} " in f" {_plain(self._names())} "

    def _is_said(self, plain: str) -> bool:
        return f" {plain} " in self._said

    def _take(self, answer: ToolAnswer) -> None:
        content = answer.content
        if not isinstance(content, dict) or CELLS not in content:
            return
        if content.get(ON_THIS_PC):
            for cell in _leaves(content[CELLS].get("preview", [])):
                self._take_cell(cell)
        elif answer.name in _FILES:
            for text in _leaves(content[CELLS]):
                self._take_text(str(text))

    def _take_cell(self, cell: Any) -> None:
        if isinstance(cell, bool) or cell is None:
            return
        text = str(cell)
        self._numbers.update(_forms(text))
        plain = _plain(text)
        if len(plain) >= LEAST_CHARACTERS and isinstance(cell, str):
            self._cells.setdefault(plain, text)

    def _take_text(self, text: str) -> None:
        self._texts.append(f" {_plain(text)} ")
        for digits in _NUMBER.findall(text):
            self._numbers.update(_forms(digits))


def _plain(text: str) -> str:
    """Words in small letters with one space between them; signs are none, marks of Hindi are."""
    letters = unicodedata.normalize("NFKC", text).casefold()
    kept = (c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in letters)
    return " ".join("".join(kept).split())


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _numbers(text: str) -> Iterator[Decimal]:
    for digits in _NUMBER.findall(text):
        number = _number(digits)
        if number is not None:
            yield number


def _number(digits: str) -> Decimal | None:
    try:
        number = abs(Decimal(digits.replace(",", "").strip()))
    except InvalidOperation:
        return None
    return number.normalize() if number.is_finite() else None


def _forms(text: str) -> set[Decimal]:
    """A number as it is, cut and rounded to a whole one, where it has enough digits."""
    number = _number(text)
    if number is None or abs(number.adjusted()) > 40:
        return set()
    found = (number, number.to_integral_value("ROUND_DOWN"), number.to_integral_value(ROUND_HALF_UP))
    return {
        form.normalize() for form in found if _digits(f"{form.normalize():f}".lstrip("0.")) >= LEAST_DIGITS
    }


def _leaves(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for key, item in value.items():
                yield key
                yield from _leaves(item)
        case list() | tuple():
            for item in value:
                yield from _leaves(item)
        case _:
            yield value
