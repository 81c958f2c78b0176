"""A path as somebody wrote it, to the names of its steps, or a refusal. Pure: no file is looked at.

Nothing is expanded, decoded or folded: not ``~``, ``%USERPROFILE%`` or ``%2e``, not look-alikes of dots and
slashes. What is not refused here is a name, and a name only finds what is called exactly so.
"""

import re
import unicodedata

from shared.errors import PathRefused

MOST_STEPS = 64
_LONGEST_NAME = 255
_LONGEST = 4096
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_FORBIDDEN_ON_WINDOWS = '<>:"|?*'
_LIKE_SLASHES = "\u2044\u2215\u29f8\uff0f\uff3c\\"
_TURNS_TEXT = frozenset("\u200b\u200e\u200f\u2060\ufeff") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""Characters that cannot be seen, or that make a name read as another: no path that is asked for has them."""


def steps_of(text: str, *, windows: bool) -> tuple[str, ...]:
    """``Reports/2025/sales.csv`` to its names. Raises PathRefused.

    Only for paths below something: one from the root, of a drive or of another computer is refused.
    """
    refuse_disguised(text)
    slashes = text.replace("\\", "/") if windows else text
    if not windows and "\\" in text:
        raise PathRefused("Write paths with /, not with \\.")
    if slashes.startswith("/"):
        raise PathRefused("The path must begin with the name of a granted folder.")
    names = [name for name in slashes.split("/") if name not in ("", ".")]
    if len(names) > MOST_STEPS:
        raise PathRefused("The path has too many steps.")
    for name in names:
        refuse_name(name, windows=windows)
    return tuple(names)


def refuse_disguised(text: str) -> None:
    """What no path may hold wherever it comes from."""
    if not text.strip():
        raise PathRefused("The path is empty.")
    if len(text) > _LONGEST:
        raise PathRefused("The path is too long.")
    if any(unicodedata.category(char) in ("Cc", "Cs") or char in _TURNS_TEXT for char in text):
        raise PathRefused("The path holds characters that cannot be seen.")


def refuse_name(name: str, *, windows: bool) -> None:
    """One step: not the folder above, not a device, not another stream of the same file."""
    if name == "..":
        raise PathRefused("A path may not lead to the folder above by '..'.")
    if len(name.encode("utf-8")) > _LONGEST_NAME:
        raise PathRefused("A name in the path is too long.")
    if windows:
        refuse_unportable(name)


def refuse_unportable(name: str) -> None:
    """Names that mean something else on Windows: devices, streams, names with an end that is cut off."""
    if any(char in _FORBIDDEN_ON_WINDOWS for char in name):
        raise PathRefused(f"A name may not hold any of {' '.join(_FORBIDDEN_ON_WINDOWS)}")
    if name != name.rstrip(" ."):
        raise PathRefused("A name may not end in a dot or a space.")
    if _DEVICE.fullmatch(name.partition(".")[0].rstrip()):
        raise PathRefused(f"{name} is the name of a device.")


def refuse_for_writing(name: str) -> None:
    """What nothing is written under on any system, for folders are shared: names of the kind above, names
    that hide, and those that read as a path."""
    refuse_unportable(name)
    if name.startswith("."):
        raise PathRefused("A name may not begin with a dot: the file would be hidden.")
    if any(char in _LIKE_SLASHES for char in name):
        raise PathRefused("A name may not hold what looks like a slash.")


def same_name(one: str, other: str) -> bool:
    """Whether people mean the same by both: the same letters however they are composed, in either case."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
