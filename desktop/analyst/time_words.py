"""The words of time: names of months and steps, days and years as people write them. No spans here."""

import re
from datetime import date

from desktop.analyst.lexicon import NUMBER_WORDS
from shared.months import MONTH_NAMES

MONTH = (
    {name: n for n, name in enumerate(MONTH_NAMES, 1)}
    | {name[:3]: n for n, name in enumerate(MONTH_NAMES, 1)}
    | {"sept": 9}
)
THIS = {"this", "current", "is"}
LAST = {"last", "previous", "past", "prior", "pichle", "pichhle", "pichla", "pichli"}
STEP = {
    "day": "day", "days": "day", "din": "day", "week": "week", "weeks": "week", "hafte": "week",
    "hafta": "week",
    "month": "month", "months": "month", "mahine": "month", "mahina": "month", "quarter": "quarter",
    "quarters": "quarter", "year": "year", "years": "year", "saal": "year", "fy": "fiscal",
    "fiscal": "fiscal",
}  # fmt: skip
ADVERB = {
    "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
    "annual": "year", "annually": "year", "trend": "month", "datewise": "day", "daywise": "day",
    "weekwise": "week", "monthwise": "month", "yearwise": "year", "quarterwise": "quarter",
}  # fmt: skip
TO_DATE = {"mtd": "month", "qtd": "quarter", "ytd": "year", "wtd": "week", "fytd": "fiscal"}
FIRST_YEAR, LAST_YEAR = 1990, 2100


def step_of(words: list[str]) -> tuple[str, int]:
    if words[:2] in (["financial", "year"], ["fiscal", "year"], ["financial", "years"], ["fiscal", "years"]):
        return "fiscal", 2
    if words[:2] in (["calendar", "year"], ["calendar", "month"], ["calendar", "quarter"]):
        return words[1], 2
    if words[:2] in (["financial", "quarter"], ["fiscal", "quarter"]):
        return "quarter", 2
    return (STEP[words[0]], 1) if words and words[0] in STEP else ("", 0)


def count_of(word: str) -> int | None:
    if word.isdecimal() and len(word) <= 4:
        return int(word)
    return NUMBER_WORDS.get(word)


def is_year(word: str) -> bool:
    return len(word) == 4 and word.isdecimal() and FIRST_YEAR <= int(word) <= LAST_YEAR


def year_after(words: list[str]) -> tuple[int | None, int]:
    skip = 1 if words and words[0] in (",", "-", "of") else 0
    if len(words) > skip and is_year(words[skip]):
        return int(words[skip]), skip + 1
    if len(words) > 1 and words[0] == "-" and len(words[1]) == 2 and words[1].isdecimal():
        return 2000 + int(words[1]), 2
    return None, 0


def fiscal_year(words: list[str]) -> tuple[int | None, int]:
    """The year in which it starts: ``FY26`` and ``FY2025-26`` start in 2025."""
    if not words:
        return None, 0
    joined = re.fullmatch(r"fy(\d{2}|\d{4})", words[0])
    skip = 0
    if joined:
        first: str = joined.group(1)
        skip = 1
    else:
        skip = 1 if words[0] == "fy" else 2 if words[:2] in (["financial", "year"], ["fiscal", "year"]) else 0
        if len(words) <= skip or not words[skip].isdecimal():
            return None, 0
        first = words[skip]
        skip += 1
    start = int(first) if len(first) == 4 else 2000 + int(first) if len(first) == 2 else 0
    if not FIRST_YEAR <= start <= LAST_YEAR:
        return None, 0
    if len(words) > skip + 1 and words[skip] in ("-", "/") and words[skip + 1].isdecimal():
        last = words[skip + 1]
        if int(last) == (start + 1) % (100 if len(last) == 2 else 10_000):
            return start, skip + 2
        return None, 0
    return (start - 1, skip) if joined or words[0] in ("fy", "financial", "fiscal") else (None, 0)


def day_number(word: str) -> int | None:
    found = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", word)
    return int(found.group(1)) if found and 1 <= int(found.group(1)) <= 31 else None


def day_and_month(words: list[str]) -> tuple[int | None, int | None, int]:
    if len(words) < 2:
        return None, None, 0
    skip = 1 if words[1] in ("of", "-") and len(words) > 2 else 0
    if day_number(words[0]) is not None and words[1 + skip] in MONTH:
        return day_number(words[0]), MONTH[words[1 + skip]], 2 + skip
    if words[0] in MONTH and day_number(words[1]) is not None:
        return day_number(words[1]), MONTH[words[0]], 2
    return None, None, 0


def made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
