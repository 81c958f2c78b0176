"""When something is to run, in words: "every weekday at 9". What is missing is asked for. Pure."""

import re
from typing import NamedTuple

from desktop.store.tasks import Timetable

_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_EVERY = r"(?:every|each)"
_NUMBERS = {"two": 2, "three": 3, "four": 4, "six": 6, "eight": 8, "twelve": 12, "half": 0}
_DAY_LIST = rf"{_DAY}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_DAY})*"

# A figure by month is no timetable: "sales for every month".
_NOT_AFTER = r"(?<!\bfor )(?<!\bof )(?<!\bin )(?<!\bby )(?<!\bper )(?<!\bto )"
_NTH = r"\d{1,2}(?:st|nd|rd|th)"
_COUNT = r"\d{1,3}|two|three|four|six|eight|twelve|half(?:\s+an?)?"
_RECURRING = [
    (
        "weekdays",
        rf"{_EVERY}\s+(?:week|working|business|work)\s?-?day|on\s+(?:all\s+)?(?:week|work|working )days"
        "|weekdays",
    ),
    ("weekend", rf"{_EVERY}\s+weekend|(?:on\s+)?weekends"),
    (
        "month",
        rf"(?:{_EVERY}\s+)?(?:(?:on|at)\s+)?(?:the\s+)?(?P<nth>{_NTH}|first(?:\s+day)?|last\s+day|end)"
        rf"\s+(?:day\s+)?of\s+(?:{_EVERY}|the)\s+month",
    ),
    (
        "month",
        rf"(?:{_EVERY}\s+month|monthly)\s*,?\s+(?:on\s+(?:the\s+)?|at\s+the\s+)"
        rf"(?P<nth>{_NTH}|\d{{1,2}}|first(?:\s+day)?|last(?:\s+day)?|end)(?!\s*(?::|am|pm|o'clock))",
    ),
    ("days", rf"(?:{_EVERY}|on)\s+(?P<days>{_DAY_LIST})|(?P<days>{_DAY_LIST})(?=\s+at\b)"),
    ("interval", rf"{_EVERY}\s+(?P<count>{_COUNT})?\s*(?P<unit>minute|min|hour|hr)s?|hourly"),
    (
        "some days",
        rf"{_EVERY}\s+(?:other|second|\d+|two|three|four)\s+(?:day|week|month)s?|fortnightly|biweekly",
    ),
    ("far", rf"{_EVERY}\s+(?:quarter|year)|quarterly|yearly|annually"),
    ("part", rf"{_EVERY}\s+(?P<part>morning|evening|night|afternoon|noon)"),
    ("daily", rf"{_EVERY}\s?day|daily"),
    ("week", rf"{_EVERY}\s+week|weekly"),
    ("month", rf"{_EVERY}\s+month|monthly"),
]
_TIMES = [
    r"(?:\bat\s+|\bby\s+)?\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>[ap])\.?\s?m\b\.?",
    r"(?:\bat\s+|\bby\s+)(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?(?:\s*(?:o'?clock|hrs|hours))?(?![\d%]|\s*(?:%|per\b|lakh|crore))",
    r"\b(?P<hour>\d{1,2}):(?P<minute>\d{2})\b",
    r"(?:\bat\s+)?\b(?P<word>noon|midnight)\b",
]
_ADJECTIVES = (
    "daily",
    "weekly",
    "monthly",
    "hourly",
    "quarterly",
    "yearly",
    "annually",
    "weekdays",
    "weekends",
)


_PLAIN: dict[str, Timetable | str] = {
    "weekdays": Timetable(kind="weekly", days=[0, 1, 2, 3, 4]),
    "weekend": Timetable(kind="weekly", days=[5, 6]),
    "daily": Timetable(kind="daily"),
    "part": Timetable(kind="daily"),
    "week": "On which day of the week?",
    "far": "A task runs once a month at the longest. How often?",
}


class When(NamedTuple):
    """``timetable`` is None when something is missing: ``ask`` says what, and each of ``choices`` is a label
    with the words that would stand in place of ``span``. ``strong``: these words can mean nothing else."""

    words: str
    spans: list[tuple[int, int]]
    timetable: Timetable | None
    ask: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    strong: bool = True
    timed: bool = False


def find(text: str) -> When | None:
    """What ``text`` says about when; None when it says nothing of recurring."""
    for kind, pattern in _RECURRING:
        found = re.search(rf"(?<![\w-]){_NOT_AFTER}(?:{_unique(pattern)})(?![\w-])", text, re.IGNORECASE)
        if found is not None:
            return _read(kind, found, text)
    return None


def _read(kind: str, found: "re.Match[str]", text: str) -> When:
    span = found.span()
    time = _time(text, span)
    said = found.group().strip()
    strong = said.casefold() not in _ADJECTIVES
    words = " ".join(part for part in (said, text[slice(*time.span)].strip() if time else "") if part)
    spans = [span, time.span] if time else [span]
    here = When(words, spans, None, strong=strong, timed=time is not None)
    timetable = _without_time(kind, found)
    if isinstance(timetable, str):
        return here._replace(ask=timetable, choices=_instead(kind))
    if timetable.kind == "interval":
        if time is not None:
            return here._replace(
                ask="Does it run all day, or once a day at that time?", choices=(("Once a day", "every day"),)
            )
        return here._replace(timetable=timetable)
    if time is None:
        offered = tuple((clock, f"{said} at {clock}") for clock in _likely(found))
        return here._replace(ask="At what time?", choices=offered)
    if time.ask:
        return here._replace(ask=time.ask, choices=tuple((c, f"{said} at {c}") for c in time.choices))
    return here._replace(timetable=_at(timetable, time.clock))


class _Time(NamedTuple):
    span: tuple[int, int]
    clock: str
    ask: str = ""
    choices: tuple[str, ...] = ()


def _time(text: str, taken: tuple[int, int]) -> "_Time | None":
    for pattern in _TIMES:
        for found in re.finditer(pattern, text, re.IGNORECASE):
            if found.start() < taken[1] and found.end() > taken[0]:
                continue
            return _clock(found)
    return None


def _clock(found: "re.Match[str]") -> _Time:
    groups = found.groupdict()
    if groups.get("word"):
        return _Time(found.span(), "12:00" if groups["word"].casefold() == "noon" else "00:00")
    hour, minute = int(groups["hour"]), int(groups.get("minute") or 0)
    half = (groups.get("half") or "").casefold()
    if hour > 23 or minute > 59 or (half and not 1 <= hour <= 12):
        return _Time(found.span(), "", "That is no time of day. At what time?", ("09:00", "18:00"))
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif 1 <= hour <= 6 and len(groups["hour"]) == 1:
        early, late = f"{hour:02}:{minute:02}", f"{hour + 12:02}:{minute:02}"
        return _Time(found.span(), "", "In the morning or in the afternoon?", (early, late))
    return _Time(found.span(), f"{hour:02}:{minute:02}")


def _without_time(kind: str, found: "re.Match[str]") -> Timetable | str:
    """A timetable whose time of day is still to be set, or what has to be asked."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    match kind:
        case "days":
            named = re.findall(_DAY, next(filter(None, _all(found, "days"))), re.IGNORECASE)
            return Timetable(kind="weekly", days=sorted({_weekday(name) for name in named}))
        case "interval":
            return _interval(found)
        case "month":
            nth = next(filter(None, _all(found, "nth")), "")
            return _monthly(nth) if nth else "On which day of the month?"
        case _:
            return "A task runs every day, on chosen days of the week or monthly. Which?"


def _interval(found: "re.Match[str]") -> Timetable | str:
    count = next(filter(None, _all(found, "count")), "1").casefold()
    unit = next(filter(None, _all(found, "unit")), "hour").casefold()
    if count.startswith("half"):
        return Timetable(kind="interval", every_minutes=30)
    number = _NUMBERS.get(count) or int(count)
    minutes = number * (60 if unit.startswith("h") else 1)
    if minutes < 5:
        return "A task runs every five minutes at most. How often?"
    return Timetable(kind="interval", every_minutes=minutes)


def _monthly(nth: str) -> Timetable | str:
    word = nth.casefold()
    if word.startswith(("last", "end")):
        return Timetable(kind="monthly", day=31)
    day = 1 if word.startswith("first") else int(re.sub(r"\D", "", word))
    return Timetable(kind="monthly", day=day) if 1 <= day <= 31 else "On which day of the month?"


def _at(timetable: Timetable, clock: str) -> Timetable:
    return Timetable(kind=timetable.kind, at=clock, days=timetable.days, day=timetable.day)


def _instead(kind: str) -> tuple[tuple[str, str], ...]:
    match kind:
        case "week":
            return tuple((day.capitalize(), f"every {day.capitalize()}") for day in _DAYS[:6])
        case "month":
            return (
                ("The 1st", "on the 1st of every month"),
                ("The last day", "on the last day of every month"),
            )
        case "interval":
            return (("Every 5 minutes", "every 5 minutes"), ("Every hour", "every hour"))
        case _:
            return (
                ("Every day", "every day"),
                ("Every Monday", "every Monday"),
                ("The 1st of the month", "on the 1st of every month"),
            )


def _likely(found: "re.Match[str]") -> tuple[str, ...]:
    match (next(filter(None, _all(found, "part")), "")).casefold():
        case "evening" | "night":
            return ("18:00", "20:00", "21:00")
        case "afternoon":
            return ("14:00", "16:00")
        case "noon":
            return ("12:00",)
        case "morning":
            return ("08:00", "09:00", "10:00")
        case _:
            return ("09:00", "18:00", "21:00")


def _weekday(name: str) -> int:
    return next(number for number, day in enumerate(_DAYS) if day.startswith(name.casefold()[:3]))


def _unique(pattern: str) -> str:
    """A name may stand once in a pattern: those that stand more often get a number."""
    count = 0

    def number(found: "re.Match[str]") -> str:
        nonlocal count
        count += 1
        return f"(?P<{found[1]}_{count}>"

    return re.sub(r"\(\?P<(\w+)>", number, pattern)


def _all(found: "re.Match[str]", name: str) -> list[str]:
    return [value for key, value in found.groupdict().items() if key.split("_")[0] == name and value]
