"""Answers made smaller on their way, when the caller asks for it. Flushed piece by piece: no row waits.

Only results of queries are compressed: they hold no secret of ours that something else in the same answer
could be tried against.
"""

import functools
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Protocol

TOO_SMALL = 1_400
"""Bytes that fit into one packet anyway."""

_ZSTD_LEVEL, _GZIP_LEVEL = 1, 4
_GZIP_FRAME = 31


class Packer(Protocol):
    """``name`` is what stands in Content-Encoding."""

    name: str

    def pack(self, data: bytes, *, last: bool) -> bytes:
        """What a reader needs to have all of ``data``. Nothing follows the last piece."""
        ...


class Gzip:
    name = "gzip"

    def __init__(self) -> None:
        self._stream = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FRAME)

    def pack(self, data: bytes, *, last: bool) -> bytes:
        return self._stream.compress(data) + self._stream.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


class Zstd:
    name = "zstd"

    def __init__(self) -> None:
        import zstandard

        self._stream = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        self._finish, self._flush = zstandard.COMPRESSOBJ_FLUSH_FINISH, zstandard.COMPRESSOBJ_FLUSH_BLOCK

    def pack(self, data: bytes, *, last: bool) -> bytes:
        return self._stream.compress(data) + self._stream.flush(self._finish if last else self._flush)


PACKERS: dict[str, Callable[[], Packer]] = {"zstd": Zstd, "gzip": Gzip}
"""The better one first."""


def choose(accept_encoding: str | None) -> Callable[[], Packer] | None:
    """For an Accept-Encoding header; None when nothing is to be compressed."""
    if not accept_encoding or accept_encoding == "identity":
        return None
    wanted: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, _, quality = (piece.strip() for piece in part.partition(";q="))
        wanted[name] = _number(quality)
    best = max(_installed(), key=lambda name: wanted.get(name, wanted.get("*", 0.0)))
    good = wanted.get(best, wanted.get("*", 0.0))
    return PACKERS[best] if good > 0 and good >= wanted.get("identity", 0.0) else None


@functools.cache
def _installed() -> tuple[str, ...]:
    return tuple(name for name in PACKERS if name != Zstd.name or find_spec("zstandard") is not None)


def _number(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0
