"""A question cut into chunks that each mean something: a noun of the schema, a value, a time, a keyword.

Every word ends up in a chunk; what nothing explains is a chunk of kind ``unknown``.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from desktop.analyst import lexicon
from desktop.analyst.names import LONGEST, Names, Target
from desktop.analyst.numbers import MULTIPLIERS
from desktop.analyst.periods import Clock
from desktop.analyst.phrases import PHRASES
from desktop.analyst.readings import Time
from desktop.analyst.tokens import Token, words_of
from desktop.analyst.values import Found, Values


class Chunk(msgspec.Struct, frozen=True):
    """``kind``: ``noun time aggregate count distinct top by wise not and or only versus compare share
    condition number median fill follow why future unknown``."""

    kind: str
    text: str
    start: int
    end: int
    targets: tuple[Target, ...] = ()
    values: tuple[Found, ...] = ()
    time: Time | None = None
    data: str = ""
    number: str = ""

    @property
    def word(self) -> str:
        return self.text.casefold()


def cut(tokens: Sequence[Token], names: Names, values: Values, clock: Clock) -> list[Chunk]:
    chunks: list[Chunk] = []
    at = 0
    while at < len(tokens):
        chunk = _next(tokens, at, names, values, clock)
        chunks.append(chunk)
        at = chunk.end
    return chunks


def _next(tokens: Sequence[Token], at: int, names: Names, values: Values, clock: Clock) -> Chunk:
    token = tokens[at]
    if token.kind == "quoted":
        found = values.signed(token.word) or values.find(words_of(token.word)) or values.look_up(token.word)
        return Chunk("noun" if found else "unknown", token.text, at, at + 1, values=tuple(found))
    time = clock.read(tokens, at)
    condition = _condition(tokens, at) or (None if time else _between(tokens, at))
    if condition is not None:
        return condition
    keyword = _keyword(tokens, at)
    noun = _noun(tokens, at, names, values)
    best = _longest(tokens, at, (keyword, time, noun))
    if best is not None:
        return best
    if token.word in lexicon.FILL:
        return _made("fill", tokens, at, 1)
    number = _number(tokens, at)
    if number is not None:
        return _made("number", tokens, at, number[1], number=number[0])
    return _looked_up(tokens, at, values) or _made("unknown", tokens, at, 1)


def _longest(
    tokens: Sequence[Token], at: int, found: tuple[Chunk | None, Time | None, Chunk | None]
) -> Chunk | None:
    """The reading that explains most words; of equal ones keyword, then time, then noun."""
    keyword, time, noun = found
    timed = _made("time", tokens, at, time.length, time=time) if time else None
    if timed and noun and noun.end == timed.end and time and time.grain:
        timed = msgspec.structs.replace(timed, targets=noun.targets)
    if noun and keyword and noun.end == keyword.end and keyword.kind in ("fill", "why", "future"):
        return noun
    present = [c for c in (keyword, timed, noun) if c is not None]
    return max(present, key=lambda c: c.end) if present else None


def _made(
    kind: str, tokens: Sequence[Token], at: int, length: int, *, time: Time | None = None, number: str = ""
) -> Chunk:
    return Chunk(kind, _text(tokens, at, at + length), at, at + length, time=time, number=number)


def _text(tokens: Sequence[Token], start: int, end: int) -> str:
    return " ".join(t.text for t in tokens[start:end])


def _keyword(tokens: Sequence[Token], at: int) -> Chunk | None:
    for length in range(min(5, len(tokens) - at), 0, -1):
        words = tuple(t.word for t in tokens[at : at + length])
        if words in PHRASES:
            kind, data = PHRASES[words]
            return Chunk(kind, _text(tokens, at, at + length), at, at + length, data=data)
    word = tokens[at].word
    if word in lexicon.BEST or word in lexicon.WORST:
        return _top(tokens, at)
    for kind, known in _KINDS:
        if word in known:
            data = lexicon.AGGREGATES.get(word, "") if kind == "aggregate" else ""
            return Chunk(kind, tokens[at].text, at, at + 1, data=data)
    return None


_KINDS = (
    ("aggregate", frozenset(w for w, a in lexicon.AGGREGATES.items() if a != "count")),
    ("count", frozenset(w for w, a in lexicon.AGGREGATES.items() if a == "count")),
    ("by", lexicon.BY),
    ("wise", lexicon.WISE),
    ("not", lexicon.NOT),
    ("and", lexicon.AND),
    ("or", lexicon.OR),
    ("only", lexicon.ONLY),
    ("share", lexicon.SHARE),
    ("why", lexicon.WHY),
    ("future", lexicon.FUTURE),
)


def _top(tokens: Sequence[Token], at: int) -> Chunk:
    data = "down" if tokens[at].word in lexicon.BEST else "up"
    number, length = "", 1
    if at + 1 < len(tokens):
        word = tokens[at + 1].word
        if word.isdecimal() and int(word) <= 10_000:
            number, length = word, 2
        elif word in lexicon.NUMBER_WORDS:
            number, length = str(lexicon.NUMBER_WORDS[word]), 2
    return Chunk("top", _text(tokens, at, at + length), at, at + length, data=data, number=number)


def _noun(tokens: Sequence[Token], at: int, names: Names, values: Values) -> Chunk | None:
    signed = _signed(tokens, at, values)
    if signed is not None:
        return signed
    for length in range(min(max(LONGEST, values.longest), len(tokens) - at), 0, -1):
        part = tokens[at : at + length]
        if any(t.kind not in ("word", "number") and t.text not in ("-", "&", "/", "%") for t in part):
            continue
        words = tuple(_named(t) for t in part if t.kind in ("word", "number") or t.text == "%")
        if (part[-1].kind == "mark" and part[-1].text != "%") or part[0].kind == "mark":
            continue
        targets = names.find(words) if len(words) == length and _may_be_noun(part) else ()
        found = tuple(values.find(words)) if _may_be_value(part, values) else ()
        if targets or found:
            return Chunk("noun", _text(tokens, at, at + length), at, at + length, targets, found)
    return None


def _signed(tokens: Sequence[Token], at: int, values: Values) -> Chunk | None:
    """``A+``, written in one piece."""
    end = at + 1
    while end < len(tokens) and end - at < 6 and tokens[end].start == tokens[end - 1].end:
        end += 1
    for stop in range(end, at + 1, -1):
        found = values.signed("".join(t.text for t in tokens[at:stop]))
        if found:
            return Chunk("noun", _text(tokens, at, stop), at, stop, values=tuple(found))
    return None


def _named(token: Token) -> str:
    return "percent" if token.text == "%" else token.word


def _may_be_noun(part: Sequence[Token]) -> bool:
    """A word like ``of`` is a column's name only together with others."""
    return len(part) > 1 or part[0].word not in lexicon.FILL or len(part[0].word) > 3


def _may_be_value(part: Sequence[Token], values: Values) -> bool:
    """A lone small word or number is a value only when written as in the data: ``OR``, not ``or``."""
    if len(part) > 1:
        return not all(t.word in lexicon.FILL or t.kind == "number" for t in part)
    token = part[0]
    if token.kind == "number":
        return False
    small = (
        token.word in lexicon.FILL
        or token.word in lexicon.OR
        or token.word in lexicon.AND
        or len(token.word) == 1
    )
    if not small:
        return True
    return token.text.isupper() and any(token.text in f.variants for f in values.find((token.word,)))


def _number(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """``5 lakh`` is 500000, two tokens; ``₹`` and ``rs`` before it are taken along."""
    skip = 1 if tokens[at].word in ("₹", "rs", "inr") and at + 1 < len(tokens) else 0
    token = tokens[at + skip]
    joined = _joined_number(token.word)
    if joined is not None:
        return joined, skip + 1
    if token.kind != "number":
        return None
    value, length = Decimal(token.word), 1 + skip
    after = tokens[at + length].word if at + length < len(tokens) else ""
    unit = MULTIPLIERS.get(after) or MULTIPLIERS.get(after.removesuffix("s"))
    if unit:
        value, length = value * unit, length + 1
    return format(value.normalize(), "f"), length


def _joined_number(word: str) -> str | None:
    """``5k``, ``2cr``"""
    for unit in ("k", "cr", "lakh", "lac", "mn", "bn"):
        digits = word.removesuffix(unit)
        if digits != word and digits.isdecimal():
            try:
                return format(Decimal(digits) * MULTIPLIERS[unit], "f")
            except InvalidOperation:
                return None
    return None


def _condition(tokens: Sequence[Token], at: int) -> Chunk | None:
    for length in (3, 2, 1):
        words = tuple(t.word for t in tokens[at : at + length])
        sign = lexicon.COMPARISONS.get(words)
        if sign and len(words) == length and at + length < len(tokens):
            number = _number(tokens, at + length)
            if number is None:
                return None
            end = at + length + number[1]
            return Chunk("condition", _text(tokens, at, end), at, end, data=sign, number=number[0])
    return None


def _between(tokens: Sequence[Token], at: int) -> Chunk | None:
    """``between 500 and 1000``, both included; in ``between 5 and 10 lakh`` both are lakh."""
    low = _number(tokens, at + 1) if tokens[at].word == "between" and at + 3 < len(tokens) else None
    joint = at + 1 + low[1] if low else len(tokens)
    if low is None or joint + 1 >= len(tokens) or tokens[joint].word not in ("and", "to", "-"):
        return None
    high = _number(tokens, joint + 1)
    if high is None:
        return None
    first, last, end = Decimal(low[0]), Decimal(high[0]), joint + 1 + high[1]
    unit = MULTIPLIERS.get(tokens[end - 1].word.removesuffix("s"), 1)
    if tokens[joint - 1].kind == "number" and first * unit <= last:
        first *= unit
    if first > last:
        return None
    return Chunk("condition", _text(tokens, at, end), at, end, data="between", number=f"{first:f} {last:f}")


def _looked_up(tokens: Sequence[Token], at: int, values: Values) -> Chunk | None:
    """Words that only a large column may explain; the longest that it holds."""
    for length in range(min(4, len(tokens) - at), 0, -1):
        part = tokens[at : at + length]
        if all(t.kind in ("word", "number") for t in part):
            found = values.look_up(" ".join(t.word for t in part))
            if found:
                return Chunk("noun", _text(tokens, at, at + length), at, at + length, values=tuple(found))
    return None
