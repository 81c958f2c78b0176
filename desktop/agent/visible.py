"""Text made visible before a person decides by it: what a screen would hide, turn round or cut is spelt out.

Whether it is true is not judged here."""

import unicodedata
from itertools import pairwise

import msgspec

from desktop.events import Effect, Reading

LONGEST_LINE = 1_000
LONGEST_PREVIEW = 200_000
"""As much as a file may have that is written after a yes: nothing of it may be out of sight."""

# Control, format (which turns text round or has no width), surrogate, private use, separators of lines.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # Hindi is written with them
_BLANK = ("\u115f", "\u1160", "\u3164", "\uffa0", "\u2800")  # letters that look like nothing


def visible_effect(effect: Effect) -> Effect:
    """The same effect, with nothing in it that the card would not show."""
    return msgspec.structs.replace(
        effect,
        title=visible(effect.title),
        details=[Reading(visible(one.name), visible(one.value)) for one in effect.details],
        preview=visible(effect.preview, longest=LONGEST_PREVIEW, lines=True),
    )


def visible(text: str, *, longest: int = LONGEST_LINE, lines: bool = False) -> str:
    """``text`` with what is hidden as ``[U+202E]``; what is longer than ``longest`` says how much more
    there is. With ``lines``, ends of lines and tabs stay."""
    kept = text[:longest]
    if lines:
        kept = kept.replace("\r\n", "\n")
    shown = "".join(_shown(char, before, lines=lines) for before, char in pairwise(" " + kept))
    left = len(text) - longest
    return f"{shown} […and {left:,} characters more]" if left > 0 else shown


def _shown(char: str, before: str, *, lines: bool) -> str:
    if lines and char in "\n\t":
        return char
    if char in _JOINERS and not before.isascii():
        return char
    if char in _BLANK or unicodedata.category(char) in _HIDDEN:
        return f"[U+{ord(char):04X}]"
    return char
