"""What the text of a column may mean: numbers, dates, times, in the ways that people write them.

Each reading is a pattern that a whole value must match and the SQL that turns the text into a value. The
patterns mean the same to Python, which looks at the first rows, and to DuckDB, which looks at all of them.
A reading never loses anything: codes with leading zeros and numbers of twenty digits stay text, and what
could be day/month as well as month/day stays text unless some value decides.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec

MISSING = ("NULL", "null", "None", "NA", "N/A", "n/a", "#N/A", "-", "–", "--", "nan", "NaN")
"""Words for "no value" in a column of numbers or dates. In a column of text they are text."""


class Reading(msgspec.Struct, frozen=True):
    """``value`` and ``check`` are SQL with ``{x}`` for the text; ``said`` is for the reader, and empty when
    there is nothing to say. Where the ``rival``, which is another reading's ``said``, holds too,
    neither does."""

    type: str
    pattern: str
    value: str
    check: str = ""
    said: str = ""
    rival: str = ""

    def matches(self, text: str) -> bool:
        return _compiled(self.pattern).fullmatch(text) is not None

    def test_sql(self, x: str) -> str:
        """Whether a text is a value of this reading."""
        match = f"regexp_full_match({x}, {_quoted(f' *(?:{self.pattern}) *')})"
        return f"({match} AND {self.check.format(x=x)})" if self.check else match

    def value_sql(self, x: str) -> str:
        return self.value.format(x=x)


@cache
def _compiled(pattern: str) -> "re.Pattern[str]":
    """Cheaper than to have ``re`` look it up; there are only those of ALL."""
    return re.compile(pattern)


def candidates(values: Iterable[str]) -> list[Reading]:
    """The readings that hold for every one of ``values``, best first; none when there are no values."""
    left: Sequence[Reading] = ALL
    seen = False
    for value in values:
        text = value.strip(" ")
        if not text or text in MISSING:
            continue
        seen = True
        left = [reading for reading in left if reading.matches(text)]
        if not left:
            break
    return list(left) if seen else []


def missing_sql(x: str) -> str:
    """Whether a text stands for no value. As a pattern: DuckDB makes a join of a list of words, which a
    query pays for also where it does not ask for the column."""
    words = "|".join(("", *MISSING))
    return f"coalesce(regexp_full_match({x}, {_quoted(f' *(?:{words}) *')}), true)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _whole() -> Reading:
    return Reading("BIGINT", r"[+-]?(?:0|[1-9][0-9]{0,17})", "CAST({x} AS BIGINT)")


def _numbers(style: str) -> list[Reading]:
    """Of one style with two decimal places, with four, and with more."""
    digits, point, value, said = _STYLES[style]
    money = digits.replace("MANY", "0,10")
    found = [
        Reading(
            f"DECIMAL(18, {places})",
            rf"[+-]?(?:{money}(?:{point}[0-9]{{0,{places}}})?|{point}[0-9]{{1,{places}}})",
            f"CAST({value} AS DECIMAL(18, {places}))",
            said=said,
        )
        for places in (2, 4)
    ]
    # whole numbers of many digits are codes, which a float would change; so is 12E3
    small, large = digits.replace("MANY", "0,14"), digits.replace("MANY", "0,300")
    exponent = r"(?:e[+-]?|E[+-])[0-9]{1,3}"
    fraction = rf"(?:{large})?{point}[0-9]+(?:[eE][+-]?[0-9]{{1,3}})?"
    pattern = rf"[+-]?(?:{small}|{small}{exponent}|{fraction}|{large}{point})"
    found.append(
        Reading("DOUBLE", pattern, f"CAST({value} AS DOUBLE)", f"isfinite(TRY_CAST({value} AS DOUBLE))", said)
    )
    return found


_STYLES = {
    "plain": (r"(?:0|[1-9][0-9]{MANY})", r"\.", "{x}", ""),
    "grouped": (
        r"(?:0|[1-9][0-9]{MANY}|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,1}(?:,[0-9]{2})*,[0-9]{3})",
        r"\.",
        "replace({x}, ',', '')",
        "digits grouped with commas",
    ),
    "comma": (
        r"(?:0|[1-9][0-9]{MANY}|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)",
        ",",
        "replace(replace({x}, '.', ''), ',', '.')",
        "decimal comma",
    ),
}

_MONTH = "[A-Za-z]{3,9}"
_DAY_FIRST, _MONTH_FIRST = "day/month/year", "month/day/year"
_DATES: list[tuple[str, tuple[str, ...], str, str]] = [
    (r"[0-9]{4}([/.])[0-9]{1,2}[/.][0-9]{1,2}", ("%Y/%m/%d", "%Y.%m.%d"), "year/month/day", ""),
    *(
        (
            rf"[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-]{year}",
            tuple(form.replace("/", mark) for form in (f"{order}/{code}",) for mark in "/.-"),
            said + (" with two digits for the year" if code == "%y" else ""),
            rival + (" with two digits for the year" if code == "%y" else ""),
        )
        for year, code in ((r"[0-9]{4}", "%Y"), (r"[0-9]{2}", "%y"))
        for order, said, rival in (("%d/%m", _DAY_FIRST, _MONTH_FIRST), ("%m/%d", _MONTH_FIRST, _DAY_FIRST))
    ),
    *(
        (
            rf"[0-9]{{1,2}}[ /-]{_MONTH}[ /-]{year}",
            tuple(f"%d{mark}{month}{mark}{code}" for mark in " /-" for month in ("%b", "%B")),
            "day, name of the month, year",
            "",
        )
        for year, code in ((r"[0-9]{4}", "%Y"), (r"[0-9]{2}", "%y"))
    ),
    (
        rf"{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}",
        ("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
        "name of the month, day, year",
        "",
    ),
]
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: [AaPp][Mm])?"
_CLOCK_FORMS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_ISO = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_ISO_CLOCK = r"[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"


def _cast(kind: str, pattern: str) -> Reading:
    return Reading(kind, pattern, f"CAST({{x}} AS {kind})", f"TRY_CAST({{x}} AS {kind}) IS NOT NULL")


def _dates() -> list[Reading]:
    found = [
        _cast("DATE", _ISO),
        _cast("TIMESTAMP", _ISO + _ISO_CLOCK),
        _cast("TIMESTAMPTZ", _ISO + _ISO_CLOCK + r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"),
        _cast("TIME", r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"),
    ]
    for pattern, forms, said, rival in _DATES:
        timed = tuple(f"{form} {clock}" for form in forms for clock in _CLOCK_FORMS)
        found.append(_strptime("DATE", pattern, forms, said, rival))
        found.append(_strptime("TIMESTAMP", f"{pattern} {_CLOCK}", timed, said, rival))
    return found


def _strptime(kind: str, pattern: str, forms: Sequence[str], said: str, rival: str) -> Reading:
    parsed = f"try_strptime(trim({{x}}), [{', '.join(map(_quoted, forms))}])"
    return Reading(kind, pattern, f"CAST({parsed} AS {kind})", f"{parsed} IS NOT NULL", said, rival)


ALL: tuple[Reading, ...] = (
    Reading("BOOLEAN", "(?:true|false|TRUE|FALSE|True|False)", "CAST({x} AS BOOLEAN)"),
    _whole(),
    *_numbers("plain"),
    *_dates(),
    *_numbers("grouped"),
    *_numbers("comma"),
)
"""Best first: exact before approximate, what needs no explaining before what does."""
