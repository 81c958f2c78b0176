"""Leaving the reading of a question early: asking back, or refusing. Raised inside the analyst only."""

import re
from collections.abc import Sequence

from desktop.analyst.chunks import Chunk
from desktop.analyst.meaning import Question, Refusal
from desktop.analyst.tokens import Token
from desktop.events import Choice

_COUNTING = re.compile(
    r"\b(how (many|much)|((total )?number|count|no) of|kitne|kitni|kitna)\b( different| distinct| unique)?",
    re.IGNORECASE,
)


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

    def summed(self, chunk: Chunk, words: str) -> str:
        """``words`` in place of the chunk, and of the "how many" that was asked of it."""
        start, end = self._tokens[chunk.start].start, self._tokens[chunk.end - 1].end
        before, after = (_COUNTING.sub(" ", part) for part in (self._question[:start], self._question[end:]))
        return " ".join(f"{before}{words}{after}".split())

    def original(self, chunk: Chunk) -> str:
        return self._question[self._tokens[chunk.start].start : self._tokens[chunk.end - 1].end]

    def from_token(self, start: int) -> str:
        return self._question[self._tokens[start].start :].rstrip(" ?.!")

    def added(self, words: str) -> str:
        return f"{self._question.rstrip(' ?.!')} {words}"

    def without(self, chunk: Chunk) -> str:
        return self.replaced(chunk, "")
