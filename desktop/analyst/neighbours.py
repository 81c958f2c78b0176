"""What stands beside a chunk of a question, and which chunks another one has taken along.

Looks at kinds and words only: what follows from it is decided in gathering.
"""

from collections.abc import Iterator, Sequence

from desktop.analyst.chunks import Chunk
from desktop.analyst.tokens import singular

_LINKING = frozenset(("is", "are", "was", "were", "=", "equal", "equals", "to"))
_BEFORE_NUMBER = frozenset(("is", "are", "was", "of", "were", "for", "at"))
_ASKING = frozenset(("which", "what", "whose", "list", "kis", "kaunsa", "kaunsi", "kaunse"))


class Neighbours:
    """Of one question. ``at`` is the place of a chunk among ``chunks``."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = list(chunks)
        self._taken: set[int] = set()

    def in_turn(self) -> Iterator[tuple[int, Chunk]]:
        """Each chunk with its place, but for those that were taken along by then."""
        for at, chunk in enumerate(self.chunks):
            if at not in self._taken:
                yield at, chunk

    def take(self, at: int) -> Chunk:
        """It has its part, and does not come up in its turn any more."""
        self._taken.add(at)
        return self.chunks[at]

    def before(self, at: int) -> Chunk | None:
        return self.chunks[at - 1] if at else None

    def after(self, at: int, kind: str) -> int | None:
        """The place right after, if a chunk of this kind stands there that nobody has taken."""
        return self._free(at + 1, kind)

    def condition_after(self, at: int) -> int | None:
        """``mrp is above 500``: a verb or a preposition may stand between."""
        after = at + 1
        while after < len(self.chunks) and self.chunks[after].word in _BEFORE_NUMBER:
            after += 1
        return self._free(after, "condition")

    def value_after(self, at: int) -> int | None:
        """The value that a noun introduces: ``zone West``, ``state is not Bihar``."""
        for after, chunk in enumerate(self.chunks[at + 1 :], at + 1):
            if chunk.kind == "noun":
                return after if chunk.values else None
            if chunk.kind != "not" and not (chunk.kind == "fill" and chunk.word in _LINKING):
                return None
        return None

    def goes_on(self, at: int, *, excluding: bool) -> bool:
        """A list of groups, or of excluded values, goes on only after "and", "or" or a comma."""
        before = self.chunks[at - 1].kind
        return before == "and" or (before == "or" and excluding)

    def is_listed(self, at: int) -> bool:
        """With "and" or "versus" on one of its sides."""
        sides = [self.chunks[n].kind for n in (at - 1, at + 1) if 0 < n < len(self.chunks)]
        return "and" in sides or "versus" in sides

    def is_asked_for(self, at: int) -> bool:
        """``which city``, ``list stores``."""
        return at > 0 and self.chunks[at - 1].word in _ASKING

    def is_between_values(self, at: int) -> bool:
        before, after = self.chunks[:at], [c for c in self.chunks[at + 1 :] if c.kind != "fill"]
        return bool(before and after and before[-1].values and after[0].values)

    def asks_for_share(self, at: int) -> bool:
        """``share of sales by zone``; neither ``discount percentage`` nor ``UPI share`` is one of these."""
        chunk, before = self.chunks[at], self.before(at)
        after = self.chunks[at + 1 : at + 3]
        of = bool(after) and after[0].word == "of"
        whole = chunk.end - chunk.start > 1 or chunk.word in ("share", "contribution")
        rest = before is not None and before.word in ("in", "as", "and", "with")
        of_value = of and len(after) == 2 and bool(after[1].values) and not after[1].targets
        return not ((before is not None and before.values) or of_value) and (of or whole or rest)

    def is_compound(self, at: int) -> bool:
        """``number of product returns`` counts returns, not products."""
        word = self.chunks[at].word.split()[-1]
        after = self.chunks[at + 1] if at + 1 < len(self.chunks) else None
        noun = after is not None and after.kind == "noun" and bool(after.targets) and not after.values
        return noun and singular(word) == word

    def reads_as_value(self, at: int) -> bool:
        """``in Bihar``, ``only kids``: of what can be a noun or a value, the value."""
        before = self.before(at)
        return before is not None and (
            before.kind in ("only", "not") or before.word in ("in", "for", "from", "at")
        )

    def _free(self, at: int, kind: str) -> int | None:
        if at < len(self.chunks) and at not in self._taken and self.chunks[at].kind == kind:
            return at
        return None
