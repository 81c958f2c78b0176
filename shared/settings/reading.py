"""A settings file read: YAML with ``${VAR}``, strict; each mistake one sentence.

Grammar of a value: ``${VAR}`` must be set, ``${VAR:default}`` need not be, ``${file:/run/secrets/name}`` is
the content of a file, and ``$${`` a plain ``${``. Substitution happens in the parsed values, never in the
text of the settings, so the content of a variable or a file can not add keys.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from shared.errors import SettingsInvalid
from shared.settings.agent import AgentSettings
from shared.settings.backend import BackendSettings

S = TypeVar("S", AgentSettings, BackendSettings)

_VARIABLE = re.compile(
    r"\$\$\{|\$\{file:(?P<file>[^}]*)\}|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^}]*))?\}"
)
_LARGEST_SECRET = 64 * 1024


def load(file: Path, kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """The settings in ``file``; raises SettingsInvalid naming file, key and remedy."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsInvalid(
            f"There is no settings file at {file}. Create it, or leave out --config."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsInvalid(f"The settings file {file} cannot be read: {reason}.") from error
    return parse(text, kind, source=str(file), environ=os.environ if environ is None else environ)


def parse(text: str, kind: type[S], *, source: str, environ: Mapping[str, str]) -> S:
    """The settings in a YAML text; ``source`` is what error sentences call it."""
    tree = tree_of(text, source=source)
    filled = _filled({} if tree is None else tree, source=source, path="", environ=environ)
    try:
        return msgspec.convert(filled, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(_sentence(str(error), source)) from error


def tree_of(text: str, *, source: str) -> object:
    """What a YAML text says, with its variables still in it. Raises SettingsInvalid."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise SettingsInvalid(f"{source}: {problem}{where}. Correct the YAML there.") from error
    except (ValueError, LookupError, AttributeError, RecursionError) as error:
        # what PyYAML lets through for values such as 2026-99-99, and for very deep nests
        raise SettingsInvalid(
            f"{source}: a value is not what YAML takes it for. Put it in quotes."
        ) from error


class _StrictLoader(yaml.SafeLoader):
    """A SafeLoader that refuses a key written twice, since one of the two would be lost in silence,
    and references (``*name``), which can blow a file up or never end."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "a reference such as *name is not used here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} stands there twice", key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


def _filled(value: object, *, source: str, path: str, environ: Mapping[str, str]) -> object:
    match value:
        case str():
            return _whole(_substituted(value, source=source, path=path, environ=environ), source, path)
        case dict():
            return {
                _whole(key, source, path or "the top level"): _filled(
                    item, source=source, path=f"{path}.{key}".lstrip("."), environ=environ
                )
                for key, item in value.items()
            }
        case list():
            return [
                _filled(item, source=source, path=f"{path}[{i}]", environ=environ)
                for i, item in enumerate(value)
            ]
        case _:
            return value


def _whole(value: object, source: str, path: str) -> object:
    """YAML lets half a character through, which can be written nowhere."""
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise SettingsInvalid(
            f"{source}: {path} has half a character in it, like \\uD83D. Write the whole character."
        )
    return value


def _substituted(text: str, *, source: str, path: str, environ: Mapping[str, str]) -> str:
    def value_of(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        if found["file"] is not None:
            return _content(found["file"].strip(), f"{source}: {path}")
        if name is None:
            return "${"
        if name in environ:
            return environ[name]
        if default is not None:
            return default
        raise SettingsInvalid(
            f"{source}: {path} needs the environment variable {name}, which is not set. "
            f"Set it, or write ${{{name}:default}}."
        )

    return _VARIABLE.sub(value_of, text)


def _content(file: str, where: str) -> str:
    """What stands in the file of a ``${file:…}``, without the line break at its end. No error repeats it."""
    takes = f"{where} takes its value from the file {file!r}"
    if not Path(file).is_absolute():
        raise SettingsInvalid(f"{takes}. Write its whole path, like ${{file:/run/secrets/name}}.")
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(_LARGEST_SECRET + 1)
        if len(content) > _LARGEST_SECRET:
            raise SettingsInvalid(f"{takes}, which is too large. Correct the file.")
        text = content.decode()
    except FileNotFoundError as error:
        raise SettingsInvalid(f"{takes}, which is not there. Put it there, or correct the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsInvalid(f"{takes}, which cannot be read: {reason}.") from error
    if not text.strip():
        raise SettingsInvalid(f"{takes}, which is empty. Correct the file.")
    return text.rstrip("\r\n")


def _sentence(problem: str, source: str) -> str:
    """msgspec says ``Object contains unknown field `x` - at `$.server` ``; we say where and what to do."""
    what, _, where = problem.partition(" - at ")
    key = where.strip("`").removeprefix("$").lstrip(".") or "the top level"
    unknown = re.search(r"unknown field `(.+?)`", what)
    if unknown:
        return f"{source}: {key} has no setting called {unknown[1]!r}. Remove it or correct its spelling."
    return f"{source}: {key}: {what[:1].lower()}{what[1:]}. Correct the value."
