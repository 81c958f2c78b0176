"""What the commands about users, roles and keys have in common: their arguments, opening and printing."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from server.access.keyring import Keyring

Add = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
"""Adds a command: its name, what runs it, and what it does."""

_CONFIG_HELP = "the settings file (default: $VMART_CONFIG; without any, every setting has its default)"


def group(command: Add, noun: str, text: str) -> Add:
    parser = command(noun, lambda _: 2, text)
    verbs = parser.add_subparsers(metavar="WHAT", required=True)

    def on(verb: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = verbs.add_parser(verb, help=text, description=text)
        made.set_defaults(command=run)
        config(made)
        return made

    return on


def config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)


def named(parser: argparse.ArgumentParser, name: str = "name") -> argparse.ArgumentParser:
    parser.add_argument(name, metavar=name.upper())
    return parser


def listing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--search", default="", metavar="TEXT", help="only what has it in its names")
    parser.add_argument("--limit", type=_count, metavar="N", help="so many at a time (default: all)")
    parser.add_argument(
        "--after", metavar="FIRST", help="those behind it: the first word of the last line before"
    )
    parser.add_argument("--json", action="store_true", help="one object a line")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("is a number, 1 or more")
    return int(text)


def listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@contextmanager
def opened(parsed: argparse.Namespace) -> "Iterator[Keyring]":
    from server.access.keyring import open_keyring
    from server.settings_file import choose
    from shared.paths import home

    with open_keyring(choose(parsed.config, os.environ).settings, home()) as keyring:
        yield keyring


@contextmanager
def changing(parsed: argparse.Namespace, action: str, target: str, fields: str = "") -> "Iterator[Keyring]":
    """Opened to change something, which the audit trail is told; ``fields`` names what was given."""
    from server.by_hand import recorded

    with recorded(action, target, fields), opened(parsed) as keyring:
        yield keyring


def searched(parsed: argparse.Namespace, rows: list[Any], texts: Callable[[Any], Sequence[str]]) -> list[Any]:
    words = parsed.search.lower()
    return [row for row in rows if not words or any(words in text.lower() for text in texts(row))]


def print_all(parsed: argparse.Namespace, found: Sequence[Any], columns: Sequence[str]) -> int:
    """``columns`` begin with what names one of them. When there are more, standard error says so."""
    import msgspec

    found = _page(parsed, found, columns[0])
    if parsed.json:
        for one in found:
            print(msgspec.json.encode(one).decode())
        return 0
    lines = [list(columns), *([_cell(getattr(one, name)) for name in columns] for one in found)]
    widths = [min(max(len(line[at]) for line in lines), 40) for at in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _page(parsed: argparse.Namespace, found: Sequence[Any], name: str) -> Sequence[Any]:
    from shared.errors import InvalidRequest

    if parsed.after is not None:
        names = [getattr(one, name) for one in found]
        if parsed.after not in names:
            raise InvalidRequest(f"--after names none of them: {parsed.after!r}.")
        found = found[names.index(parsed.after) + 1 :]
    if parsed.limit is None or len(found) <= parsed.limit:
        return found
    last = getattr(found[parsed.limit - 1], name)
    print(f"{len(found) - parsed.limit} more: --after {last}", file=sys.stderr)
    return found[: parsed.limit]


def print_one(found: Any) -> int:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    return 0


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ",".join(value) or "-"
        case _:
            return str(value) or "-"
