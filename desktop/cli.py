"""The agent's commands: run, ask, clean-up. Nothing but Python's own is imported before one is known."""

import argparse
import errno
import logging
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from desktop import __version__

_EXIT_CODES = """exit codes:
  0  answered
  1  not answered: the question is not understood, or something failed
  2  wrong usage or settings
  3  the question can be read in several ways; ask one of those that are printed
"""
_TITLE = "V-Mart AI Agent did not start"


def main(arguments: Sequence[str], *, program: str = "python -m desktop", terminal: bool = True) -> int:
    """``terminal``: somebody reads what is printed; otherwise a failed start is shown in a window."""
    if len(arguments) == 2 and arguments[0] == "draw-library":  # said by the program to itself: see vega
        from desktop.vega import child_main

        return child_main(Path(arguments[1]))
    parsed = _parser(program).parse_args(_completed(arguments))
    try:
        import shared.errors  # noqa: F401 - its packages may be missing where set-up has not run
    except ModuleNotFoundError as error:
        from shared.installed import missing_package

        print(missing_package(error, "desktop"), file=sys.stderr)
        return 1
    from shared import standard_output

    try:
        code = _command(parsed)
        standard_output.flush()
        return code
    except BrokenPipeError:
        return standard_output.lead_nowhere()
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the outer edge of the program: the text goes to the log
        return _failed(parsed, error, terminal=terminal)


def _command(parsed: argparse.Namespace) -> int:
    if parsed.command == "ask":
        from desktop.ask import ask

        return ask(parsed)
    if parsed.command == "diagnostics":
        from desktop.diagnose import diagnose

        return diagnose(parsed)
    if parsed.command == "clean-up":
        from desktop.clean_up import clean_up

        return clean_up(parsed)
    from desktop.run import run

    return run(parsed)


def _completed(arguments: Sequence[str]) -> list[str]:
    """Without a command it is ``run``: a double click brings none, a link only itself. macOS may add
    a word of its own."""
    given = [word for word in arguments if not word.startswith("-psn_")]
    if given and given[0].lower().startswith("vmart:"):  # the system opened a link
        return ["run", f"--link={given[0]}"]  # any page may write a link: no other word of it counts
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "--version")):
        return ["run", *given]
    return given


# -- When it fails ------------------------------------------------------------------------


def _failed(parsed: argparse.Namespace, error: Exception, *, terminal: bool) -> int:
    from shared.logs import masked

    log_file = None if parsed.command == "clean-up" else _log_file()
    sentence, code = _told(error, log_file)
    sentence = masked(sentence)
    print(f"error: {sentence}", file=sys.stderr)
    if parsed.command == "run":
        if log_file is not None:
            logging.getLogger(__name__).error("It did not start: %s", sentence)
        if not (terminal or parsed.browser or parsed.no_window):
            from desktop.notice import show

            show(_TITLE, sentence, log_file)
    return code


def _told(error: Exception, log_file: Path | None) -> tuple[str, int]:
    """What a person can do about it, and the exit code."""
    from shared.errors import AppError, SettingsInvalid
    from shared.installed import find_missing_package

    if isinstance(error, AppError):
        return str(error), 2 if isinstance(error, SettingsInvalid) else 1
    if isinstance(error, ModuleNotFoundError) and (missing := find_missing_package(error, "desktop")):
        return missing, 1
    if isinstance(error, OSError) and (sentence := _mendable(error)):
        return sentence, 1
    logging.getLogger(__name__).error("It failed unexpectedly.", exc_info=error)
    where = f" What happened stands in {log_file}." if log_file else ""
    return f"Something went wrong in this program.{where}", 1


def _mendable(error: OSError) -> str:
    """Empty when there is nothing that somebody could go and mend."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what = error.filename if isinstance(error.filename, str) else "what this program keeps"
        return f"There is no room on the disk for {what}. Make room, then start V-Mart AI Agent again."
    if not isinstance(error.filename, str):
        return ""
    remedy = ""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = " Make it writable for you, or set VMART_HOME to a folder that is."
    return f"{error.filename} cannot be used: {error.strerror}.{remedy}"


def _log_file() -> Path | None:
    """Opens the log unless a command has done so. None when there can be none."""
    from shared import logs
    from shared.errors import SettingsInvalid
    from shared.paths import home, private_folder

    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler):
            return Path(handler.baseFilename)
    try:
        file = private_folder(home() / "agent") / "agent.log"
        logs.set_up(file=file, to_terminal=False)
    except (OSError, SettingsInvalid):
        return None
    return file


# -- What can be said ---------------------------------------------------------------------


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program, description="V-Mart AI Agent. Without a command it opens the agent."
    )
    parser.add_argument("--version", action="version", version=f"vmart-agent {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_ask(commands)
    _add_diagnostics(commands)
    clean_up = commands.add_parser(
        "clean-up",
        help="take away what the program left on this machine, before it is uninstalled",
        description="Take away the entry that starts the agent with your login. Your conversations stay, "
        "unless --data is given.",
    )
    clean_up.add_argument(
        "--data", action="store_true", help="also conversations, results, demo data and the agent's settings"
    )
    clean_up.add_argument("--yes", action="store_true", help="do not ask before removing")
    return parser


def _add_diagnostics(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    made = commands.add_parser(
        "diagnostics",
        help="show, and save, what helps to find a fault: no secrets, no conversations, no names of files",
        description="Show what a diagnostics bundle holds, and save it as a zip file when you say so.",
    )
    made.add_argument("--to", type=Path, metavar="FILE", help="the zip file; vmart-agent-diagnostics.zip")
    made.add_argument("--yes", action="store_true", help="save it without asking")
    made.add_argument("--config", type=Path, metavar="FILE", help="settings file (chatbot_config.yaml)")


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="open the agent: a window, else the browser, else a printed address",
        description="Open the agent. Without a backend in the settings it asks, once, whether to use demo "
        "data or a backend of yours.",
    )
    how = run.add_mutually_exclusive_group()
    how.add_argument("--browser", action="store_true", help="use the default browser")
    how.add_argument("--no-window", action="store_true", help="only print the address")
    run.add_argument(
        "--demo", action="store_true", help="without a backend in the settings, use demo data, unasked"
    )
    run.add_argument("--config", type=Path, metavar="FILE", help="settings file (chatbot_config.yaml)")
    run.add_argument("--link", default="", metavar="LINK", help="a connect link, vmart://…, to be shown")
    run.add_argument("--port", type=_port, metavar="N", help="port on 127.0.0.1; 0 takes a free one")


def _add_ask(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
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


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-03-31") from error


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)
