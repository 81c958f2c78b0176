"""One step of the test of a backend, told to a person: what was found, and what to do about it."""

from typing import Literal

import msgspec

Name = Literal[
    "address", "name", "reach", "tls", "backend", "clock", "code", "key", "permissions", "saved"
]  # fmt: skip
STEPS: tuple[Name, ...] = (
    "address",
    "name",
    "reach",
    "tls",
    "backend",
    "clock",
    "code",
    "key",
    "permissions",
    "saved",
)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """``says`` is a sentence; ``remedy`` what to do about a failure; ``code`` is ``not_encrypted`` when the
    person may decide to go on, ``kept`` when a failure leaves the backend chosen all the same."""

    step: Name
    state: Literal["ok", "failed", "warning"]
    says: str
    remedy: str = ""
    code: str = ""


class Stopped(Exception):
    """A step failed: ``step`` is it."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.says)
        self.step = step


def stop(step: Name, says: str, remedy: str, code: str = "") -> Stopped:
    return Stopped(Step(step=step, state="failed", says=says, remedy=remedy, code=code))
