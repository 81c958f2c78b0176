"""How this copy of the product came to the machine: its version, and how a missing package is put right.

Nothing but Python's own is imported, for it speaks when the rest cannot be.
"""

from pathlib import Path

_OURS = {"desktop", "server", "shared"}
_ROOT = Path(__file__).resolve().parent.parent


def from_clone() -> bool:
    """True in the folder that somebody cloned, where build.py keeps the environment."""
    return (_ROOT / "build.py").exists()


def version() -> str:
    """Of the product: as it was installed, or as this source has it when it was not."""
    from importlib import metadata

    try:
        return metadata.version("vmart-ai-agent")
    except metadata.PackageNotFoundError:
        return "0.1.0"


def find_missing_package(error: ModuleNotFoundError, extra: str) -> str | None:
    """One sentence for the person; None for a missing module of our own, which is a bug."""
    name = (error.name or "").partition(".")[0]
    if not name or name in _OURS:
        return None
    remedy = "python3 build.py setup" if from_clone() else f'pip install "vmart-ai-agent[{extra}]"'
    return f"The package {name} is missing. Run: {remedy}"


def missing_package(error: ModuleNotFoundError, extra: str) -> str:
    """The same; raises the error again when it is a bug."""
    sentence = find_missing_package(error, extra)
    if sentence is None:
        raise error
    return sentence
