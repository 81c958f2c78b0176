"""Leaving the reading of a question early: asking back, or refusing. Raised inside the analyst only."""

from collections.abc import Sequence

from desktop.analyst.chunks import Chunk
from desktop.analyst.meaning import Question, Refusal
from desktop.analyst.tokens import Token
from desktop.events import Choice


class Unclear(Exception):
    """The question cannot be read in one way; ``outcome`` is what to say about it."""

    def __init__(self, outcome: Question | Refusal) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


def refuse(text: str, suggestions: Sequence[str] = ()) -> Unclear:
    return Unclear(Refusal(text, list(dict.fromkeys(suggestions))[:3]))


def ask(text: str, choices: Sequence[tuple[str, str]]) -> Unclear:
    """``choices``: label and full question."""
    unique = dict.fromkeys(choices)
    return Unclear(Question(text, [Choice(label, question) for label, question in unique][:6]))


class Wording:
    """The question as it was asked, for putting other words in place of some of them."""

    def __init__(self, question: str, tokens: Sequence[Token]) -> None:
        self._question = question
        self._tokens = tokens

    def replaced(self, chunk: Chunk, words: str) -> str:
        start, end = self._tokens[chunk.start].start, self._tokens[chunk.end - 1].end
        return " ".join((self._question[:start] + words + self._question[end:]).split())

    def original(self, chunk: Chunk) -> str:
        return self._question[self._tokens[chunk.start].start : self._tokens[chunk.end - 1].end]

    def added(self, words: str) -> str:
        return f"{self._question.rstrip(' ?.!')} {words}"

    def without(self, chunk: Chunk) -> str:
        return self.replaced(chunk, "")

    def after(self, chunk: Chunk) -> str:
        rest = self._question[self._tokens[chunk.end - 1].end :].rstrip(" ?.!")
        return f" {rest.strip()}" if rest.strip() else ""
