"""What one question asks for, still in words: which nouns are figures, which group, which values filter."""

from collections.abc import Sequence

import msgspec

from desktop.analyst.chunks import Chunk


class Wishes(msgspec.Struct):
    """The parts of one question. ``loose`` are nouns with no part yet, each with its aggregate. ``adds`` is
    how a follow-up says that something comes beside what was asked: ``also``, or ``and``, which may mean in
    its place; ``added`` is where the noun after that "and" starts."""

    measures: list[tuple[Chunk, str]] = []
    counted: list[tuple[Chunk, bool]] = []
    groups: list[Chunk] = []
    values: list[tuple[Chunk, bool]] = []
    conditions: list[tuple[Chunk, Chunk | None]] = []
    loose: list[tuple[Chunk, str]] = []
    times: list[Chunk] = []
    against: list[Chunk] = []
    compare: str = ""
    order: str = ""
    limit: int | None = None
    sort: str = ""
    share: bool = False
    follow: bool = False
    back: bool = False
    adds: str = ""
    added: int = -1
    per: Chunk | None = None
    either: bool = False
    side_by_side: bool = False
    listed: set[int] = set()
    ands: list[int] = []
    rows: bool = False
    contrast: Chunk | None = None
    unknown: list[Chunk] = []
    unplaced: list[Chunk] = []
    why: list[Chunk] = []
    future: list[Chunk] = []


def settle_contrast(wishes: Wishes, chunks: Sequence[Chunk]) -> None:
    """``compare`` needs two periods, or values, or figures to lay side by side."""
    asked = [c for c in chunks if c.kind == "contrast"]
    if asked and not (wishes.against or wishes.compare or wishes.side_by_side):
        if len(wishes.times) == 2:
            wishes.against.append(wishes.times.pop())
        elif len([c for c, excluded in wishes.values if not excluded]) > 1:
            wishes.side_by_side = True
        elif len(wishes.measures) + len(wishes.loose) < 2 and not wishes.groups:
            wishes.unplaced += asked
    grains = [c for c in wishes.groups if c.time is not None]
    if len(grains) > 1:
        wishes.groups = [c for c in wishes.groups if c.word != "trend"]


def settle_adding(wishes: Wishes, chunks: Sequence[Chunk]) -> Wishes:
    """``also Patna``, ``Patna too``, ``and Patna``; but not ``and in Patna`` or ``Patna instead``."""
    said = [c for c in chunks if c.kind != "fill" or c.data == "also"]
    edges = [*said[:1], *said[-1:], *(said[1:2] if said and said[0].kind == "and" else [])]
    if wishes.back or len(said) < 2:
        return wishes
    if any(c.data == "also" for c in edges):
        wishes.adds = "also"
    elif chunks[0].kind == "and" and chunks[1].kind == "noun":
        wishes.adds, wishes.added = "and", chunks[1].start
    return wishes
