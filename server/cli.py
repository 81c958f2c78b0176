"""The commands of ``python -m server``: arguments in, an exit code out. What they do is elsewhere.

Nothing but Python's own is imported before a command runs, so that ``--help`` always works.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from server import access_commands, audit_commands, secret_commands

if TYPE_CHECKING:
    from shared.settings import BackendSettings

_CONFIG_HELP = "the settings file (default: $VMART_CONFIG; without any, every setting has its default)"

_FILE_HELP = "a file whose first line is the passphrase, for scripts"


def main(arguments: Sequence[str]) -> int:
    """Runs a command. A failure that somebody can mend is one sentence on standard error."""
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    from shared import standard_output
    from shared.errors import AppError

    try:
        code = command(parsed)
        standard_output.flush()
        return code
    except BrokenPipeError:
        return standard_output.lead_nowhere()
    except ModuleNotFoundError as error:
        from shared.installed import missing_package

        print(missing_package(error, "server"), file=sys.stderr)
        return 1
    except AppError as error:
        from shared.logs import masked

        print(masked(str(error)), file=sys.stderr)
        return 1
    except OSError as error:
        if not isinstance(error.filename, str):  # nothing that somebody could go and mend
            raise
        print(f"{error.filename} cannot be used: {error.strerror}.{_remedy(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _remedy(error: OSError) -> str:
    if isinstance(error, PermissionError) and hasattr(os, "geteuid"):
        return f" Give it to user {os.geteuid()}, as whom this runs."
    return ""


def _parser() -> argparse.ArgumentParser:
    called = Path(sys.argv[0]).stem
    prog = called if called == "vmart-server" else "python -m server"
    parser = argparse.ArgumentParser(prog=prog, description="The backend of V-Mart AI Agent.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = _command(commands, "serve", _serve, "Serve until Ctrl-C or SIGTERM.")
    serve.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)

    access_commands.add(partial(_command, commands))
    secret_commands.add(partial(_command, commands))
    audit_commands.add(partial(_command, commands), _settings, _CONFIG_HELP)

    check = _command(commands, "check-config", _check_config, "Say whether a settings file can be used.")
    check.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)

    save = _command(commands, "backup", _backup, "Save the state and the master key into one file.")
    save.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file, or - for a pipe")
    save.add_argument("--seal", action="store_true", help="ask for a passphrase and seal the file with it")
    save.add_argument("--passphrase-file", type=Path, metavar="FILE", help=_FILE_HELP)
    save.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)

    back = _command(commands, "restore", _restore, "Put a backup in place. The backend must be stopped.")
    back.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FILE", help="the backup, or - for a pipe"
    )
    back.add_argument("--replace", action="store_true", help="put aside what is there now")
    back.add_argument("--passphrase-file", type=Path, metavar="FILE", help=_FILE_HELP)
    back.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)

    health = _command(commands, "health", _health, "Say whether a backend answers; exit code 0 or 1.")
    health.add_argument("--url", help="its address (default: the one of the settings, on this machine)")
    health.add_argument(
        "--ready", action="store_true", help="whether it can work, not only whether it is there"
    )
    health.add_argument("--config", type=Path, metavar="FILE", help=_CONFIG_HELP)

    demo = _command(commands, "demo", _demo, "Serve demo retail data on this machine, for trying things out.")
    demo.add_argument("--home", type=Path, metavar="DIR", help="where our files live (default: ~/.vmart)")
    demo.add_argument("--port", type=int, default=5000, help="a free one is taken when it is in use")
    demo.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    return parser


def _settings(file: Path | None) -> "BackendSettings":
    from server.settings_file import choose

    return choose(file, os.environ).settings


def _serve(parsed: argparse.Namespace) -> int:
    # Until serving takes it over: the first process of a container would not even hear a SIGTERM otherwise.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from server.running import serve
    from server.settings_file import choose, named

    chosen = choose(parsed.config, os.environ)
    for remark in chosen.remarks:
        print(remark, file=sys.stderr, flush=True)
    with named(parsed.config, os.environ):
        return serve(chosen.settings, lambda: _settings(parsed.config))


def _check_config(parsed: argparse.Namespace) -> int:
    from server.checking import check
    from server.settings_file import named

    settings = _settings(parsed.config)
    with named(parsed.config, os.environ):
        check(settings)
    print("The settings can be used.")
    return 0


def _backup(parsed: argparse.Namespace) -> int:
    from server.backup import back_up, pour_out
    from server.by_hand import recorded
    from shared.errors import SettingsInvalid
    from shared.paths import home

    secret = None
    if parsed.passphrase_file is not None:
        secret = _first_line(parsed.passphrase_file)
    elif parsed.seal:
        secret = _asked("A passphrase for the backup: ", again="The same again: ")
    settings = _settings(parsed.config)
    if str(parsed.to) == "-":
        if sys.stdout.isatty():
            raise SettingsInvalid("A backup is no text for a terminal. Send it into a file or a pipe.")
        with recorded("state.backup", refused=False):
            elsewhere = pour_out(settings, home(), sys.stdout.buffer, secret)
        say = sys.stderr
    else:
        with recorded("state.backup", str(parsed.to.absolute()), refused=False):
            saved = back_up(settings, home(), parsed.to, secret)
        elsewhere, say = saved.state_elsewhere, sys.stdout
        print(f"Saved {saved.size:,} bytes in {saved.file}.")
    if elsewhere:
        print("That is the master key alone: save the database of store.url too, as with pg_dump.", file=say)
    if secret is None:
        print(
            "It holds the master key as it is: keep it where nobody else can read it, or --seal it.", file=say
        )
    return 0


def _restore(parsed: argparse.Namespace) -> int:
    from server.by_hand import recorded
    from server.restore import restore
    from shared.paths import home

    def passphrase() -> str:
        if parsed.passphrase_file is not None:
            return _first_line(parsed.passphrase_file)
        return _asked("The passphrase of the backup: ")

    with recorded("state.restore", str(parsed.source.absolute()), refused=False):
        done = restore(_settings(parsed.config), home(), parsed.source, passphrase, replace=parsed.replace)
    what = "the master key" if done.state_elsewhere else "the state"
    when = f"{done.made_at:%Y-%m-%d %H:%M} UTC"
    print(f"Restored {what} as of {when}, saved by version {done.version}, into {home()}.")
    if done.aside is not None:
        print(f"What was there before is in {done.aside}.")
    return 0


def _first_line(file: Path) -> str:
    from shared.errors import SettingsInvalid

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise SettingsInvalid(f"The passphrase file {file} is not UTF-8 text.") from error
    if not lines or not lines[0]:
        raise SettingsInvalid(f"The passphrase file {file} has an empty first line.")
    return lines[0]


def _asked(prompt: str, again: str = "") -> str:
    """From the terminal, unseen; standard input of a script is not taken for a person."""
    from getpass import getpass

    from shared.errors import SettingsInvalid

    if not sys.stdin.isatty():
        raise SettingsInvalid("A passphrase is needed, and this is no terminal. Use --passphrase-file.")
    try:
        given = getpass(prompt)
        same = not again or getpass(again) == given
    except EOFError as error:
        raise SettingsInvalid("No passphrase was given.") from error
    if not same:
        raise SettingsInvalid("The two are not the same. Nothing was saved.")
    return given


def _health(parsed: argparse.Namespace) -> int:
    from server.probe import ask, url_of

    if parsed.url is not None:
        healthy, said = ask(parsed.url, ready=parsed.ready)
    else:
        settings = _settings(parsed.config)
        healthy, said = ask(url_of(settings), settings, ready=parsed.ready)
    print(said, file=sys.stdout if healthy else sys.stderr)
    return 0 if healthy else 1


def _demo(parsed: argparse.Namespace) -> int:
    from server.running import serve_demo
    from shared.paths import home

    if parsed.home is not None:
        os.environ["VMART_HOME"] = str(parsed.home)
    return serve_demo(home(), parsed.port, with_parent=parsed.with_parent)
