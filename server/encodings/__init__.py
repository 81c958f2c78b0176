"""A Result in the formats of the wire: bytes in pieces, never a whole result. Sending stays in server/api.

Each line of ``FORMATS`` is one of them; which fits a caller's Accept header is decided here, too.
"""

from collections.abc import Callable, Iterable
from importlib.util import find_spec

import msgspec

from server.encodings.arrow import ArrowEncoder, ParquetEncoder
from server.encodings.base import Encoder, Origin
from server.encodings.text import CsvEncoder, JsonEncoder, NdjsonEncoder
from server.encodings.xlsx import XlsxEncoder
from shared.errors import DriverMissing, InvalidRequest, NotAcceptable, NotPermitted
from shared.permissions import Permission, lacking

__all__ = ["FORMATS", "Encoder", "Format", "Origin", "allowed", "choose", "named", "not_exported"]


class Format(msgspec.Struct, frozen=True):
    """``is_file``: a whole result to take away, which takes a permission, is not cut to a default number of
    rows, and cannot say that it was. ``tells_failure``: a reader of it sees from its end that the query
    failed; of others the connection must be cut. ``package`` is what it takes beyond ourselves."""

    name: str
    media_type: str
    make: Callable[[Origin], Encoder]
    content_type: str = ""
    is_file: bool = True
    tells_failure: bool = False
    is_compressed: bool = False
    package: str = ""


FORMATS: tuple[Format, ...] = (
    Format("json", "application/json", lambda _: JsonEncoder(), is_file=False, tells_failure=True),
    Format("ndjson", "application/x-ndjson", lambda _: NdjsonEncoder(), is_file=False, tells_failure=True),
    Format(
        "csv",
        "text/csv",
        lambda _: CsvEncoder(),
        content_type="text/csv; charset=utf-8; header=present",
    ),
    Format("arrow", "application/vnd.apache.arrow.stream", lambda _: ArrowEncoder(), package="pyarrow"),
    Format(
        "parquet",
        "application/vnd.apache.parquet",
        lambda _: ParquetEncoder(),
        is_compressed=True,
        package="pyarrow",
    ),
    Format(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        XlsxEncoder,
        is_compressed=True,
        package="xlsxwriter",
    ),
)
_JSON = FORMATS[0]


def choose(accept: str | None, *, may_export: bool) -> Format:
    """The format for an Accept header: the highest quality, of equals the first in our list; of those that
    this caller may have and this backend can make, when there is one.

    Raises NotAcceptable, or why the wanted one cannot be had: NotPermitted, DriverMissing.
    """
    if not accept or accept in (_JSON.media_type, "*/*"):
        return _JSON
    ranges = [_range(part) for part in accept.split(",")]
    wanted = [(_quality(format_.media_type, ranges), format_) for format_ in FORMATS]
    wanted = sorted((pair for pair in wanted if pair[0] > 0), key=lambda pair: -pair[0])
    if not wanted:
        raise NotAcceptable(
            "None of the formats in Accept can be produced.",
            details="There are: " + ", ".join(format_.media_type for format_ in FORMATS) + ".",
        )
    for _, format_ in wanted:
        if _reason_against(format_, may_export=may_export) is None:
            return format_
    return allowed(wanted[0][1], may_export=may_export)


def named(name: str) -> Format:
    """By its short name. Raises InvalidRequest."""
    for format_ in FORMATS:
        if format_.name == name:
            return format_
    raise InvalidRequest(f"There is no format {name[:40]!r}.", details="There are: " + _names() + ".")


def not_exported() -> NotPermitted:
    return lacking(Permission.DATA_EXPORT)


def allowed(format_: Format, *, may_export: bool) -> Format:
    """The same format, when this caller may have it and we can make it. Raises as :func:`choose`."""
    reason = _reason_against(format_, may_export=may_export)
    if reason is not None:
        raise reason
    return format_


def _reason_against(format_: Format, *, may_export: bool) -> NotPermitted | DriverMissing | None:
    if format_.is_file and not may_export:
        return not_exported()
    if format_.package and find_spec(format_.package) is None:
        return DriverMissing(
            f"This backend cannot write {format_.media_type}: {format_.package} is not installed there.",
            details=f"Install it with: pip install {format_.package}. Or ask for CSV, NDJSON or JSON.",
        )
    return None


def _names() -> str:
    return ", ".join(format_.name for format_ in FORMATS)


def _range(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    return media_range, quality


def _quality(media_type: str, ranges: Iterable[tuple[str, float]]) -> float:
    """The most specific range decides, as RFC 9110 has it."""
    patterns = {media_type: 2, media_type.split("/", maxsplit=1)[0] + "/*": 1, "*/*": 0}
    fitting = [(patterns[wanted], quality) for wanted, quality in ranges if wanted in patterns]
    return max(fitting)[1] if fitting else 0.0
