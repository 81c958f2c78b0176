"""``python3 build.py image`` where it cannot build: one sentence that says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def image(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "build.py"), "image", *words],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tool(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "neither is on PATH"), (["--tool", "podman"], "podman is not on PATH")],
)
def test_without_docker_and_podman_it_says_what_to_install(
    tmp_path: Path, words: list[str], said: str
) -> None:
    done = image(tmp_path, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_client_whose_engine_does_not_answer_is_told(tmp_path: Path) -> None:
    tool(tmp_path, "docker", "exit 1")
    done = image(tmp_path)
    assert done.returncode == 1
    assert "docker is here, but its engine does not answer" in done.stderr


def test_the_engine_that_answers_is_taken_and_its_failure_passed_on(tmp_path: Path) -> None:
    tool(tmp_path, "docker", "exit 1")
    tool(tmp_path, "podman", f'[ "$1" = version ] && exit 0; echo "$@" > {tmp_path}/asked; exit 125')
    done = image(tmp_path, "--odbc", "none", "--no-cache")
    assert done.returncode == 1
    assert "podman could not build the image" in done.stderr
    asked = (tmp_path / "asked").read_text()
    for part in ("--format docker", "--no-cache", "ODBC=none", "VERSION=", "REVISION=", "CREATED="):
        assert part in asked
