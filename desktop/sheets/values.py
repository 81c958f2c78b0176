"""What the text of a cell may mean: numbers and dates as Indian spreadsheets write them.

Each meaning is there twice: for Python, which looks at some cells, and as SQL, which reads whole columns.
Which meaning a column has is decided in columns.
"""

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache

from shared.months import MONTH_NAMES

MISSING = ("-", "--", "–", "—", "na", "n/a", "n.a.", "n.a", "nil", "null", "none", "nan", "tbd", ".")
"""Words for "no value" in a column of numbers or dates; in a column of text they are text."""
ERRORS = (
    "#N/A",
    "#REF!",
    "#DIV/0!",
    "#VALUE!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
    "#GETTING_DATA",
)
"""What Excel shows where a formula failed."""


class Kind(StrEnum):
    EMPTY = "empty"
    MISSING = "missing"
    ERROR = "error"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    BOOLEAN = "boolean"
    TEXT = "text"


_CURRENCY = r"(?:₹|rs\.?|inr|rupees|\$|usd|€|eur|£|gbp)"
_UNIT = r"(?:lakhs?|lacs?|crores?|cr|thousands?|million|mn)"
_POINT = r"(?:[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
_COMMA = r"(?:[0-9]{1,3}(?:[. ][0-9]{3})+|[0-9]+)(?:,[0-9]+)?"
_SIGN = "[-+−–]"
_PARTS = ("open", "before", "after", "digits", "unit", "percent", "behind", "close")
_MULTIPLES = {"l": 100_000, "c": 10_000_000, "t": 1_000, "m": 1_000_000}


def _number(digits: str) -> str:
    return (
        rf"(?i) ?(?:{_CURRENCY})? ?(?P<open>\()? ?(?P<before>{_SIGN})? ?(?:{_CURRENCY})? "
        rf"?(?P<after>{_SIGN})? ?(?P<digits>{digits})"
        rf"(?: ?/-)? ?(?P<unit>{_UNIT})?\.? ?(?:{_CURRENCY})? ?(?P<percent>%)? ?(?P<behind>-)? "
        rf"?(?P<close>\))? ?"
    )


NUMBER = {"point": _number(_POINT), "comma": _number(_COMMA)}
PLAIN = r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?"
"""A number as programs write it: read by a cast, which is many times faster."""
CODE = r"0[0-9]+"
"""A number would lose the zeros before it."""
LONGEST = 15
"""Whole numbers of more digits are codes: accounts, bar codes with a prefix; a float would change them."""

_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?: ?[ap]m)?"
_MONTH = "(?:" + "|".join([*MONTH_NAMES, "sept", *(name[:3] for name in MONTH_NAMES)]) + ")"
DATE = {
    "iso": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    "numbers": r"([0-9]{1,2})-([0-9]{1,2})-([0-9]{4}|[0-9]{2})",
    "named": rf"[0-9]{{1,2}}-{_MONTH}-(?:[0-9]{{4}}|[0-9]{{2}})",
    "month_first": rf"{_MONTH}-[0-9]{{1,2}}-[0-9]{{4}}",
    "month": rf"{_MONTH}-(?:[0-9]{{4}}|[0-9]{{2}})",
}
"""After :func:`dashed`."""


@cache
def _compiled(pattern: str) -> "re.Pattern[str]":
    return re.compile(pattern)


def matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


def tidy(text: str) -> str:
    """On one line, with plain and single spaces."""
    return _SPACES.sub(" ", text).strip()


def kind_of(text: str, style: str = "point") -> Kind:  # noqa: PLR0911 - one kind after the other
    """``text`` is tidy."""
    lower = text.lower()
    if not text:
        return Kind.EMPTY
    if lower in MISSING:
        return Kind.MISSING
    if text in ERRORS:
        return Kind.ERROR
    if lower in ("true", "false"):
        return Kind.BOOLEAN
    if matches(NUMBER[style], text) and not _is_dashed_date(text):
        return Kind.NUMBER
    if matches(_TIME, lower):
        return Kind.TIME
    return _kind_of_moment(lower)


def _is_dashed_date(text: str) -> bool:
    return text.count("-") == 2 and date_form(text) is not None


def _kind_of_moment(lower: str) -> Kind:
    if date_form(lower) is not None:
        return Kind.DATE
    cut = re.fullmatch(rf"(.+?)[ t]({_TIME})(?:z|[+-][0-9:]{{4,6}})?", lower)
    if cut and date_form(cut[1]) is not None:
        return Kind.TIMESTAMP
    return Kind.TEXT


def dashed(text: str) -> str:
    """A date with one kind of mark between its parts: ``5th Nov, 2025`` is ``5-nov-2025``."""
    lower = re.sub(r"([0-9])(?:st|nd|rd|th)\b", r"\1", text.lower())
    return re.sub(r"[-/., ']+", "-", lower).strip("-").replace("sept-", "sep-")


def date_form(text: str) -> str | None:
    """Which of DATE's forms a text has; None for one that is no day of any calendar."""
    if not 5 < len(text) < 25 or not any(char.isdigit() for char in text):
        return None
    lower = dashed(text)
    for form, pattern in DATE.items():
        found = _compiled(pattern).fullmatch(lower)
        if found is None:
            continue
        if form == "numbers":
            first, second = int(found[1]), int(found[2])
            fits = 1 <= min(first, second) <= 12 and max(first, second) <= 31
            return form if fits and first and second else None
        return form
    return None


def order_told(text: str) -> str:
    """``day`` or ``month``: what comes first in ``13/04/2025``; empty where both could."""
    found = _compiled(DATE["numbers"]).fullmatch(dashed(text.lower().split(" ")[0]))
    if found is None or int(found[1]) <= 12 >= int(found[2]):
        return ""
    return "day" if int(found[1]) > 12 else "month"


def decimal_of(text: str, style: str = "point") -> Decimal | None:
    """The number that a tidy text means."""
    found = _compiled(NUMBER[style]).fullmatch(text)
    if found is None:
        return None
    digits = found["digits"]
    plain = digits.replace(",", "") if style == "point" else re.sub("[. ]", "", digits).replace(",", ".")
    try:
        number = Decimal(plain.rstrip(".") or "0")
    except InvalidOperation:
        return None
    if found["unit"]:
        number *= _MULTIPLES[found["unit"][0].lower()]
    signs = (found["before"], found["after"], found["behind"])
    negative = bool(found["open"] and found["close"]) or any(sign not in (None, "+") for sign in signs)
    return -number if negative else number


# -- the same as SQL ---------------------------------------------------------------------------


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def tidy_sql(x: str) -> str:
    """The pattern is for the few cells that have more than single spaces: it costs ten times the rest."""
    spaces = quoted("[\\s\u00a0\u2007\u2009\u202f]+")
    odd = ("  ", "\t", "\n", "\r", "\u00a0", "\u2007", "\u2009", "\u202f")
    has = " OR ".join(f"contains({x}, {quoted(mark)})" for mark in odd)
    return f"CASE WHEN {has} THEN trim(regexp_replace({x}, {spaces}, ' ', 'g')) ELSE trim({x}) END"


def missing_sql(x: str) -> str:
    """Whether a tidy text is a word for no value, or an error of Excel; never NULL."""
    words = "|".join(re.escape(word) for word in ("", *MISSING, *(error.lower() for error in ERRORS)))
    return f"coalesce(regexp_full_match(lower({x}), {quoted(words)}), true)"


def is_number_sql(x: str, style: str) -> str:
    return f"regexp_full_match({x}, {quoted(NUMBER[style])})"


def number_sql(x: str, style: str, scale: int, *, exact: bool) -> str:
    """Of a text that :func:`is_number_sql` holds for. ``exact``: a decimal with ``scale`` places."""
    names = ", ".join(map(quoted, _PARTS))
    found = f"regexp_extract({x}, {quoted(NUMBER[style])}, [{names}])"
    digits = "replace(m.digits, ',', '')"
    if style == "comma":
        digits = "replace(replace(replace(m.digits, '.', ''), ' ', ''), ',', '.')"
    unit = "lower(m.unit[1])"
    cases = " ".join(f"WHEN {quoted(letter)} THEN {times}" for letter, times in _MULTIPLES.items())
    times = f"(CASE {unit} {cases} ELSE 1 END)"
    minus = (
        "(m.open <> '' AND m.\"close\" <> '') OR m.before NOT IN ('', '+') "
        "OR m.\"after\" NOT IN ('', '+') OR m.behind <> ''"
    )
    whole = (
        f"TRY_CAST({digits} AS DECIMAL(38, 9)) * {times}"
        if exact
        else f"TRY_CAST({digits} AS DOUBLE) * {times}"
    )
    kind = f"DECIMAL(18, {scale})" if exact else "DOUBLE"
    value = f"TRY_CAST((CASE WHEN {minus} THEN -1 ELSE 1 END) * ({whole}) AS {kind})"
    return f"list_transform([{found}], lambda m: {value})[1]"


def date_sql(x: str, order: str) -> str:
    """NULL for what is no date. ``order`` says what comes first in ``4/5/2025``: ``day`` or ``month``."""
    lower = f"regexp_replace(lower({x}), '([0-9])(?:st|nd|rd|th)\\b', '\\1', 'g')"
    lower = f"replace(trim(regexp_replace({lower}, '[-/., '']+', '-', 'g'), '-'), 'sept-', 'sep-')"
    first = "%d-%m" if order == "day" else "%m-%d"
    long = ("%Y-%m-%d", f"{first}-%Y", "%d-%b-%Y", "%d-%B-%Y", "%b-%d-%Y", "%B-%d-%Y", "%b-%Y", "%B-%Y")
    short = (f"{first}-%y", "%d-%b-%y", "%d-%B-%y", "%b-%y", "%B-%y")
    forms = [f"[{', '.join(map(quoted, these))}]" for these in (long, short)]
    parsed = (
        f"CASE WHEN regexp_matches(d, '^[0-9]{{4}}-|-[0-9]{{4}}$') THEN try_strptime(d, {forms[0]}) "
        f"ELSE try_strptime(d, {forms[1]}) END"
    )
    return f"list_transform([{lower}], lambda d: CAST({parsed} AS DATE))[1]"


def quick_date_sql(x: str, order: str) -> str:
    """The same; the two ways of writing that most columns have are read without a detour."""
    written = quoted("[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")
    form = quoted("%d/%m/%Y" if order == "day" else "%m/%d/%Y")
    return (
        f"CASE WHEN regexp_full_match({x}, {written}) THEN CAST(try_strptime({x}, {form}) AS DATE) "
        f"WHEN regexp_full_match({x}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN TRY_CAST({x} AS DATE) "
        f"ELSE {date_sql(x, order)} END"
    )


def timestamp_sql(x: str, order: str) -> str:
    """NULL for what is neither a moment nor a day. A zone that is written is left out: the clock stays."""
    pattern = quoted(rf"(?i)^(.+?)[ t]({_TIME})(?:z|[+-][0-9:]{{4,6}})?$")
    clock = "['%H:%M:%S.%f', '%H:%M:%S', '%H:%M', '%I:%M:%S %p', '%I:%M %p', '%I:%M%p']"
    time = f"try_strptime(regexp_extract({x}, {pattern}, 2), {clock})"
    day = date_sql(f"coalesce(nullif(regexp_extract({x}, {pattern}, 1), ''), {x})", order)
    return f"CAST({day} AS TIMESTAMP) + coalesce({time} - TIMESTAMP '1900-01-01', INTERVAL 0 SECOND)"
