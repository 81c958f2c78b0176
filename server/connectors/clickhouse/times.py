"""ClickHouse's days and moments, which are numbers, to ISO 8601 texts, a whole column at a time."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

_DAY = 86_400

Moments = npt.NDArray[np.int64]


def date_texts(days: Moments) -> list[Any]:
    """``days`` since 1970. Each day that occurs is written once when that is less work."""
    first, last = int(days.min()), int(days.max())
    if last - first >= len(days):
        each: list[Any] = np.datetime_as_string(days.astype("datetime64[D]")).tolist()
        return each
    every = np.arange(first, last + 1).astype("datetime64[D]")
    texts = np.datetime_as_string(every).astype(object)
    found: list[Any] = texts[days - first].tolist()
    return found


def timestamp_texts(moments: Moments, zone: str, scale: int, *, with_offset: bool) -> list[Any]:
    """``moments`` are seconds since 1970 times ten to the ``scale``; shown as on a clock in ``zone``."""
    seconds = moments // 10**scale
    offsets = _offsets(seconds, zone)
    local = (seconds + offsets).astype("datetime64[s]")
    texts: list[Any] = np.datetime_as_string(local).tolist()
    if scale:
        fractions = (moments - seconds * 10**scale).tolist()
        texts = [f"{text}.{part:0{scale}d}" for text, part in zip(texts, fractions, strict=True)]
    if not with_offset:
        return texts
    written = {offset: offset_text(offset) for offset in np.unique(offsets).tolist()}
    if len(written) == 1:
        (only,) = written.values()
        return [text + only for text in texts]
    return [text + written[offset] for text, offset in zip(texts, offsets.tolist(), strict=True)]


def time_of_day_texts(ticks: Moments, scale: int) -> list[Any]:
    """A signed length of time up to 999 hours, as ClickHouse has it."""
    found: list[Any] = []
    for tick in ticks.tolist():
        seconds, fraction = divmod(abs(tick), 10**scale)
        minutes, second = divmod(seconds, 60)
        text = f"{'-' if tick < 0 else ''}{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
        found.append(f"{text}.{fraction:0{scale}d}" if scale else text)
    return found


def offset_text(seconds: int) -> str:
    """``+05:30``."""
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{text}:{rest:02d}" if rest else text


@lru_cache(maxsize=64)
def constant_offset(zone: str) -> int | None:
    """Seconds east of Greenwich in a zone whose clocks never changed from 1970 on; otherwise None."""
    months = {_offset(zone, month * 30 * _DAY) for month in range(12 * 137)}
    return months.pop() if len(months) == 1 else None


def _offsets(seconds: Moments, zone: str) -> Moments:
    """Of each moment. Looked up twice a day, and each second only where the clocks change."""
    constant = constant_offset(zone)
    if constant is not None and int(seconds.min()) >= 0:
        return np.full(len(seconds), constant, dtype=np.int64)
    days, where = np.unique(seconds // _DAY, return_inverse=True)
    begins = np.array([_offset(zone, day * _DAY) for day in days.tolist()], dtype=np.int64)
    ends = np.array([_offset(zone, (day + 1) * _DAY) for day in days.tolist()], dtype=np.int64)
    offsets: Moments = begins[where]
    for position in np.flatnonzero((begins != ends)[where]).tolist():
        offsets[position] = _offset(zone, int(seconds[position]))
    return offsets


@lru_cache(maxsize=65536)
def _offset(zone: str, second: int) -> int:
    import pytz

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    offset = moment.astimezone(pytz.timezone(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
