"""The agent's commands: run and ask. Nothing but Python's own is imported before a command is known."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

_EXIT_CODES = """exit codes:
  0  answered
  1  not answered: the question is not understood, or something failed
  2  wrong usage or settings
  3  the question can be read in several ways; ask one of those that are printed
"""


def main(arguments: Sequence[str]) -> int:
    parsed = _parser().parse_args(arguments)
    from shared.errors import AppError, SettingsInvalid

    try:
        if parsed.command == "ask":
            from desktop.ask import ask

            return ask(parsed)
        from desktop.run import run

        return run(parsed)
    except SettingsInvalid as error:
        _complain(error)
        return 2
    except AppError as error:
        _complain(error)
        return 1
    except ModuleNotFoundError as error:
        from shared.installed import missing_package

        _complain(missing_package(error, "desktop"))
        return 1
    except KeyboardInterrupt:
        return 130


def _complain(error: Exception | str) -> None:
    print(f"error: {error}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    called = Path(sys.argv[0]).stem
    prog = called if called == "vmart-agent" else "python -m desktop"
    parser = argparse.ArgumentParser(prog=prog, description="V-Mart AI Agent.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="open the agent: a window, else the browser, else a printed address",
        description="Open the agent. Without a backend in the settings it starts one with demo data.",
    )
    how = run.add_mutually_exclusive_group()
    how.add_argument("--browser", action="store_true", help="use the default browser")
    how.add_argument("--no-window", action="store_true", help="only print the address")
    run.add_argument("--config", type=Path, metavar="FILE", help="settings file (chatbot_config.yaml)")
    run.add_argument("--port", type=_port, metavar="N", help="port on 127.0.0.1; 0 takes a free one")
    ask = commands.add_parser(
        "ask",
        help="answer one question in the terminal",
        description="Answer one question. Without --url and settings it uses a backend with demo data.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ask.add_argument("question", help="the question, in your own words")
    ask.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    ask.add_argument(
        "--connection", metavar="NAME", help="which connection to ask; the first one if left out"
    )
    ask.add_argument("--url", metavar="URL", help="the backend's address")
    ask.add_argument(
        "--key", metavar="KEY", help="its API key; better in BACKEND_API_KEY, which others cannot see"
    )
    ask.add_argument("--as-of", type=_day, metavar="YYYY-MM-DD", help='the day that "today" means')
    ask.add_argument(
        "--conversation", metavar="NAME", help="go on with, or begin, the conversation of that name"
    )
    ask.add_argument("--config", type=Path, metavar="FILE", help="settings file (chatbot_config.yaml)")
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-03-31") from error


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)
