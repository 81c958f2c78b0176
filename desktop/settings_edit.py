"""Two values of the settings file changed in its text; comments, order and all else stay as they are.

The text is changed where the YAML parser says that a value stands, and the result is parsed again: when
anything but the two values came out different, the file is left alone.
"""

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

import yaml

from desktop.settings_file import WITHOUT_FILE
from shared import settings
from shared.errors import SettingsInvalid
from shared.paths import private_folder
from shared.settings import AgentSettings, BackendSection

_HEAD = "# Settings of V-Mart AI Agent. docs/using.md says what else can stand here.\n"
_SECTION = "backend"


def keep_backend(file: Path, url: str, api_key: str) -> BackendSection:
    """Writes both into ``file``, which only its owner may read from then on, and gives back the section as
    the next start will read it. Raises SettingsInvalid, with the file as it was."""
    target = file.resolve()
    try:
        before = target.read_bytes().decode() if target.exists() else _fresh()
        after = with_values(before, {"url": url, "api_key": api_key}, source=str(file))
        kept = settings.parse(after, AgentSettings, source=str(file), environ=os.environ).backend
        _write(target, after)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsInvalid(f"The settings file {file} cannot be written: {reason}.") from error
    return kept


def with_values(text: str, values: dict[str, str], *, source: str) -> str:
    """``text`` with ``values`` in its section ``backend``, made when it is not there."""
    tree = _tree(text, source)
    literal = {name: value.replace("${", "$${") for name, value in values.items()}
    after = text
    for name, value in literal.items():
        after = _with_value(after, name, value, source)
    old = tree.get(_SECTION) or {}
    wanted = tree | {_SECTION: {**old, **literal}}
    if _tree(after, source) != wanted:
        raise SettingsInvalid(
            f"{source} is written in a way that cannot be changed from here. "
            f"Set backend.url and backend.api_key in it by hand."
        )
    return after


def _with_value(text: str, name: str, value: str, source: str) -> str:
    written = json.dumps(value, ensure_ascii=False)
    root = _node(text, source)
    section = _find(root, _SECTION)
    if section is None or _is_empty(section[1]):
        return _with_section(text, root, section, f"{{{name}: {written}}}")
    _, node = section
    if not isinstance(node, yaml.MappingNode):
        raise SettingsInvalid(f"{source}: backend holds no settings. Correct it, or remove it.")
    found = _find(node, name)
    if found is not None:
        start, end = found[1].start_mark.index, found[1].end_mark.index
        space = " " if text[start - 1] == ":" else ""
        return text[:start] + space + written + text[end:]
    if node.flow_style:
        inside = node.start_mark.index + 1
        more = ", " if node.value else ""
        return f"{text[:inside]}{name}: {written}{more}{text[inside:]}"
    first = node.value[0][0].start_mark
    return f"{text[: first.index]}{name}: {written}\n{' ' * first.column}{text[first.index :]}"


def _with_section(
    text: str, root: yaml.Node | None, section: tuple[yaml.Node, yaml.Node] | None, written: str
) -> str:
    if section is not None:  # ``backend:`` with nothing behind it
        key, value = section
        if value.start_mark.index != value.end_mark.index:  # null, ~ or {}
            return text[: value.start_mark.index] + written + text[value.end_mark.index :]
        at = text.index(":", key.end_mark.index) + 1
        return f"{text[:at]} {written}{text[at:]}"
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        inside = root.start_mark.index + 1
        more = ", " if root.value else ""
        return f"{text[:inside]}{_SECTION}: {written}{more}{text[inside:]}"
    if root is not None and isinstance(root, yaml.MappingNode):
        first = root.value[0][0].start_mark
        return f"{text[: first.index]}{_SECTION}: {written}\n{' ' * first.column}{text[first.index :]}"
    line_end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{line_end}{_SECTION}: {written}\n"


def _find(node: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((key, value) for key, value in node.value if key.value == name), None)


def _is_empty(node: yaml.Node) -> bool:
    null = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
    return null or (isinstance(node, yaml.MappingNode) and not node.value)


def _node(text: str, source: str) -> yaml.Node | None:
    """The tree with the places where things stand."""
    _tree(text, source)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _tree(text: str, source: str) -> dict[str, Any]:
    """What the file says, before variables are filled in. Raises SettingsInvalid when it cannot be used."""
    tree = settings.tree_of(text, source=source)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SettingsInvalid(f"{source} holds no settings. Correct it, or remove it.")
    return tree


def _fresh() -> str:
    """What holds without a file goes on to hold with one: it is written into it."""
    return _HEAD + WITHOUT_FILE.lstrip("\n")


def _write(file: Path, text: str) -> None:
    """All of it or nothing, and readable for its owner alone."""
    private_folder(file.parent)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
