#!/usr/bin/env python3
"""The one command of the project: sets up its environment and starts what you name. Standard library only.

Written so that old Pythons can still read it and say what is wrong; no product code is here.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
NEWEST = (3, 14)
SECOND_CHANCES = 3  # tests
OURS = ("desktop", "server", "shared")
LOCKS = {kind: ROOT / "requirements" / (kind + ".lock") for kind in ("run", "dev", "build")}


class Failure(Exception):
    """A sentence for the person; no traceback."""


# -- Choosing a Python --------------------------------------------------------------------


def fits(version: Tuple[int, ...]) -> bool:
    return OLDEST <= tuple(version[:2]) <= NEWEST


def version_of(python: str) -> Optional[Tuple[int, ...]]:
    code = "import sys; print(*sys.version_info[:3])"
    try:
        out = subprocess.run(
            [python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
        )
        return tuple(int(part) for part in out.stdout.split()) if out.returncode == 0 else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def supported_python() -> str:
    """The interpreter that runs this file if it fits, otherwise the newest on PATH that does."""
    if fits(sys.version_info[:3]):
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)
        if found and fits(version_of(found) or (0, 0)):
            return found
    raise Failure(
        "This needs Python %d.%d to %d.%d; this is %s, and no other was found on PATH.\n"
        "Install one (python.org, or for example: apt install python3.11 python3.11-venv) and try again."
        % (OLDEST + NEWEST + (".".join(str(part) for part in sys.version_info[:3]),))
    )


# -- The environment ----------------------------------------------------------------------


def venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() + str(ROOT).encode()).hexdigest()


def stamp(kind: str) -> Path:
    return VENV / (".ready-" + kind)


def torn() -> Path:
    """Stands there while pip writes into the environment: half a package looks whole to pip, so an
    environment that was left in that moment is made anew (from pip's cache, so it is quick)."""
    return VENV / ".installing"


def is_ready(kind: str) -> bool:
    try:
        return venv_python().exists() and stamp(kind).read_text() == fingerprint(LOCKS[kind])
    except OSError:
        return False


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups at once would tear each other's environment: the second waits for the first."""
    with open(str(ROOT / ".venv.lock"), "w") as lock:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:
                    time.sleep(1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(kind: str) -> None:
    """Makes ``.venv`` hold exactly what the lock file says; goes on where an interrupted one stopped."""
    if is_ready(kind):
        return
    with one_at_a_time():
        if is_ready(kind):
            return
        started = time.monotonic()
        if torn().exists() or not works(venv_python()):
            create_venv()
        install(kind)
        # What this checkout offers to the environment: its packages, and the SDK under its public name.
        for folder in site_packages():
            (folder / "vmart.pth").write_text("%s\n%s\n" % (ROOT, ROOT / "packaging" / "sdk"))
        for ready in ("run", "dev") if kind == "dev" else (kind,):
            stamp(ready).write_text(fingerprint(LOCKS[ready]))
        say("Set up in %.0f s." % (time.monotonic() - started))


def works(python: Path) -> bool:
    found = version_of(str(python)) if python.exists() else None
    return found is not None and fits(found) and has_pip(python)


def has_pip(python: Path) -> bool:
    return subprocess.call([str(python), "-m", "pip", "--version"], stdout=-3, stderr=-3) == 0


def create_venv() -> None:
    python = supported_python()
    say("Creating .venv with Python %s" % ".".join(str(part) for part in version_of(python) or ()))
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(VENV)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode != 0:
        text = made.stdout.decode(errors="replace")
        if "ensurepip" in text:
            raise Failure(
                "This Python cannot make virtual environments. Install that part of it "
                "(on Debian and Ubuntu: apt install python3-venv) and run the same command again."
            )
        raise Failure("The environment could not be created in %s:\n%s" % (VENV, text.strip()[-800:]))


def site_packages() -> List[Path]:
    return list(VENV.glob("lib/python*/site-packages")) + list(VENV.glob("Lib/site-packages"))


def install(kind: str) -> None:
    lock = LOCKS[kind]
    total = len(re.findall(r"^\S+==", lock.read_text(encoding="utf-8"), re.M))
    command = [
        str(venv_python()),
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-deps",
        "--no-compile",
        "--disable-pip-version-check",
    ]
    command += ["--no-input", "--progress-bar", "off", "-r", str(lock)]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    tail: List[str] = []
    seen = 0
    try:
        for line in pip.stdout or ():
            tail = tail[-40:] + [line.rstrip()]
            name = re.match(r"\s*(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9_.-]+)", line)
            if name:
                seen += 1
                progress("Fetching packages", seen, total, name.group(1))
            elif line.startswith("Installing collected packages"):
                torn().touch()
                progress("Installing packages, about half a minute", 0, 0, "")
        code = pip.wait()
    except BaseException:
        pip.terminate()
        pip.wait()
        raise
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    if code != 0:
        wrong = [line for line in tail if line.startswith("ERROR")] or tail[-5:]
        raise Failure(
            "The packages could not be installed. Nothing is lost: run the same command again to go on.\n  "
            + "\n  ".join(wrong[-5:])
        )
    if torn().exists():
        torn().unlink()
    compile_all(site_packages())


def compile_all(folders: List[Path]) -> None:
    """On every processor, where pip uses one. What cannot be compiled is said when it is imported."""
    command = [str(venv_python()), "-P", "-m", "compileall", "-q", "-j", "0"]
    subprocess.call(command + [str(folder) for folder in folders], stdout=-3, stderr=-3)


# -- Talking to the person ----------------------------------------------------------------


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def progress(what: str, done: int, total: int, name: str) -> None:
    """One line that is rewritten on a terminal; now and then a line of its own elsewhere."""
    count = " %d/%d" % (min(done, total), total) if total else ""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K%s%s %s" % (what, count, name))
        sys.stderr.flush()
    elif not total or done % 25 == 1 or done == total:
        say(what + count)


# -- Commands -----------------------------------------------------------------------------


def become(arguments: List[str]) -> int:
    """Runs the environment's Python with ``arguments`` in place of this process, so that Ctrl-C and
    exit codes are the program's own."""
    command = [str(venv_python()), "-P"] + arguments
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


def program(module: str, arguments: List[str]) -> int:
    """One of our own programs; its --help needs no set-up, for it imports nothing but Python's own."""
    if asks_for_help(arguments):
        environment = dict(os.environ, PYTHONPATH=str(ROOT))
        return subprocess.call([sys.executable, "-P", "-m", module] + arguments, env=environment)
    set_up("run")
    return become(["-m", module] + arguments)


def script(kind: str, file: Path, arguments: List[str]) -> int:
    """One of the scripts that make what is handed out; for its --help the same holds."""
    if asks_for_help(arguments):
        return subprocess.call([sys.executable, str(file)] + arguments)
    set_up(kind)
    return become([str(file)] + arguments)


def asks_for_help(arguments: List[str]) -> bool:
    """And this Python can read what it asks about."""
    return fits(sys.version_info[:3]) and ("--help" in arguments or "-h" in arguments)


def run_setup(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(prog="build.py setup", description=COMMANDS["setup"][1])
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    set_up("dev" if parser.parse_args(arguments).dev else "run")
    say("Ready: %s" % VENV)
    return 0


def run_test(arguments: List[str]) -> int:
    description = COMMANDS["test"][1] + " Further arguments go to pytest: tests/server -k guard."
    parser = argparse.ArgumentParser(prog="build.py test", description=description)
    parser.add_argument("--serial", action="store_true", help="one test after the other, for debugging")
    parser.add_argument(
        "--all", action="store_true", help="also the slow ones, which fetch packages of their own"
    )
    known, rest = parser.parse_known_args(arguments)
    rest += ["--all"] if known.all else []
    set_up("dev")
    os.chdir(str(ROOT))
    # the tests start our programs hundreds of times, and some of these keep nothing that they compile
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compile_all([ROOT / part for part in OURS])
    # one more than processors, for half of the tests wait; no more: windows and databases have time limits
    workers = str(min(4, 1 + (os.cpu_count() or 1)))
    parallel = [] if known.serial else ["-n", workers, "--dist", "loadfile", "--no-loadscope-reorder"]
    if not known.all or known.serial:
        return become(["-m", "pytest"] + parallel + rest)
    code = subprocess.call([str(venv_python()), "-P", "-m", "pytest"] + parallel + rest)
    return once_more(rest) if code == 1 else code


def once_more(rest: List[str]) -> int:
    """A few tests that failed among the others run again, alone and in sight: what fails twice has failed.
    Many are no accident of a busy machine."""
    cache = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    failed = sorted(json.loads(cache.read_text())) if cache.exists() else []
    if not 0 < len(failed) <= SECOND_CHANCES:
        return 1
    say("\nFailed among the others, now once more alone; what passes is still to be made certain:")
    say("\n".join("  UNSTEADY " + test for test in failed))
    return become(["-m", "pytest", "--last-failed"] + rest)


def run_check(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(prog="build.py check", description=COMMANDS["check"][1])
    parser.add_argument("--fix", action="store_true", help="format, and mend what can be mended, first")
    fix = parser.parse_args(arguments).fix
    set_up("dev")
    os.chdir(str(ROOT))
    python = [str(venv_python()), "-m"]
    if fix:
        subprocess.call(python + ["ruff", "check", "--fix", "--quiet", "."])
        subprocess.call(python + ["ruff", "format", "--quiet", "."])
    checks = [
        ("format", python + ["ruff", "format", "--check", "."]),
        ("lint", python + ["ruff", "check", "."]),
        ("imports", [str(venv_python().with_name("lint-imports"))]),
        ("types", python + ["mypy"]),
    ]
    running = [
        (name, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        for name, command in checks
    ]
    broken = []
    for name, process in running:
        output = process.communicate()[0].decode(errors="replace")
        if process.returncode:
            broken.append(name)
            say(output.rstrip())
        say("%-8s %s" % (name, "failed" if process.returncode else "ok"))
    return 1 if broken else 0


def run_wheel(arguments: List[str]) -> int:
    return script("build", ROOT / "packaging" / "wheel" / "make_wheels.py", arguments)


def run_lock(arguments: List[str]) -> int:
    """Needs no ``.venv``: it may be what mends the lock file of one."""
    script = str(ROOT / "packaging" / "locks" / "write_locks.py")
    return subprocess.call([supported_python(), script] + arguments)


def run_licences(arguments: List[str]) -> int:
    return script("dev", ROOT / "packaging" / "licences" / "list_licences.py", arguments)


def run_package(arguments: List[str]) -> int:
    """Needs no ``.venv``: it makes an environment from a lock file of its own."""
    script = str(ROOT / "packaging" / "agent" / "package.py")
    return subprocess.call([supported_python(), script] + arguments)


def run_bench(arguments: List[str]) -> int:
    if "--ship" not in arguments and asks_for_help(arguments):
        return subprocess.call([sys.executable, "-m", "tests.bench.options", "--help"], cwd=str(ROOT))
    set_up("dev")
    os.chdir(str(ROOT))
    if "--ship" in arguments:
        return become(["-m", "tests.bench.ship"] + [word for word in arguments if word != "--ship"])
    return become(["-m", "tests.bench"] + arguments)


def run_image(arguments: List[str]) -> int:
    """Needs no ``.venv``: docker or podman does the work."""
    script = str(ROOT / "packaging" / "image" / "build_image.py")
    return subprocess.call([supported_python(), script] + arguments)


COMMANDS: Dict[str, Tuple[Callable[[List[str]], int], str]] = {
    "run": (
        lambda rest: program("desktop", ["run", "--demo"] + rest),
        "Start a backend with demo data and open the agent: a window, else the browser, else a URL.",
    ),
    "ask": (
        lambda rest: program("desktop", ["ask"] + rest),
        "Answer one question in the terminal.",
    ),
    "test": (run_test, "Run the tests."),
    "check": (run_check, "Check format, lint, types and import rules."),
    "bench": (run_bench, "Measure, as ratios against the raw driver in the same run."),
    "package": (run_package, "Build the desktop program for this system: a folder, a file, an installer."),
    "server": (
        lambda rest: program("server", rest),
        "The backend's own commands: serve, generate-key and more.",
    ),
    "desktop": (lambda rest: program("desktop", rest), "The agent's own commands."),
    "wheel": (run_wheel, "Make the wheels of the product and of the client SDK, into dist/."),
    "lock": (run_lock, "Write the lock files anew from pyproject.toml, with uv."),
    "licences": (run_licences, "Write docs/licences.md from what the lock files list."),
    "image": (run_image, "Build the backend's image with docker or podman."),
    "setup": (run_setup, "Make .venv from the lock files. Every other command does so when it is needed."),
}


def main(arguments: List[str]) -> int:
    listing = "\n".join("  %-9s %s" % (name, text) for name, (_, text) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="build.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="V-Mart AI Agent: ask retail data in your own words.\n\ncommands:\n" + listing,
        epilog="Each command has a --help of its own. Start with: python3 build.py run",
        usage="build.py COMMAND [ARGUMENT ...]",
    )
    parser.add_argument(
        "command", choices=list(COMMANDS), metavar="COMMAND", help="one of the commands above"
    )
    if not arguments:
        parser.print_help()
        return 2
    command = parser.parse_args(arguments[:1]).command
    return COMMANDS[command][0](arguments[1:])


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        say("build.py: %s" % failure)
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nStopped. Run the same command again to go on.")
        sys.exit(130)
