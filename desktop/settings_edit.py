"""Values of the settings file changed in its text; comments, order and all else stay as they are.

The text is changed where the YAML parser says that a value stands, and the result is parsed again: when
anything but those values came out different, the file is left alone.
"""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from desktop.settings_file import WITHOUT_FILE
from shared import settings
from shared.errors import SettingsInvalid
from shared.paths import private_folder
from shared.settings import AgentSettings, BackendSection

_HEAD = "# Settings of V-Mart AI Agent. docs/using.md says what else can stand here.\n"

_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")

Value = str | int | float | bool


def keep_backend(file: Path, url: str, api_key: str) -> BackendSection:
    """Address and key, as they are, whatever they hold. Raises SettingsInvalid, with the file as it was."""
    values = {"backend.url": _literal(url), "backend.api_key": _literal(api_key)}
    return change(file, values).backend


def change(file: Path, values: Mapping[str, Value | None]) -> AgentSettings:
    """Writes ``values``, by names such as ``gemini.model``, into ``file``, which only its owner may read from
    then on, and gives back the settings as the next start will read them: ``${VAR}`` in a text means the
    variable. None takes the setting out of the file, so that what holds without it holds again.

    Raises SettingsInvalid, with the file as it was."""
    target = file.resolve()
    try:
        after, kept = _changed(file, target, values)
        _write(target, after)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsInvalid(f"The settings file {file} cannot be written: {reason}.") from error
    return kept


def check_backend_fits(file: Path) -> None:
    """Raises SettingsInvalid when no backend could be kept in it, before anything is used up for that."""
    try:
        _changed(file, file.resolve(), {"backend.url": "https://backend", "backend.api_key": "key"})
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"The settings file {file} cannot be read.") from error


def _changed(file: Path, target: Path, values: Mapping[str, Value | None]) -> tuple[str, AgentSettings]:
    before = target.read_bytes().decode() if target.exists() else _fresh()
    after = with_values(before, values, source=str(file))
    return after, settings.parse(after, AgentSettings, source=str(file), environ=os.environ)


def variables_of_backend(file: Path) -> list[str]:
    """The variables from which the file takes the backend now, such as ``${BACKEND_API_KEY}``."""
    try:
        section = _tree(file.read_text(encoding="utf-8-sig"), str(file)).get("backend") or {}
    except (OSError, UnicodeDecodeError, SettingsInvalid):
        return []
    values = [section.get(name) for name in ("url", "api_key")] if isinstance(section, dict) else []
    return [f"${{{name}}}" for text in values if isinstance(text, str) for name in _VARIABLE.findall(text)]


def with_values(text: str, values: Mapping[str, Value | None], *, source: str) -> str:
    """``text`` with ``values`` in their sections, which are made when they are not there."""
    wanted, after = _tree(text, source), text
    for name, value in values.items():
        section, key = name.split(".")
        holds = wanted.get(section) or {}
        if not isinstance(holds, dict):
            raise SettingsInvalid(f"{source}: {section} holds no settings. Correct it, or remove it.")
        inside = dict(holds)
        if value is None:
            if inside.pop(key, None) is None:
                continue
            after = _without(after, section, key, source)
        else:
            inside[key] = value
            after = _with_value(after, section, key, value, source)
        wanted = wanted | {section: inside}
    if _emptied(_tree(after, source)) != _emptied(wanted):
        raise SettingsInvalid(
            f"{source} is written in a way that cannot be changed from here. "
            f"Set {_listed(list(values))} in it by hand."
        )
    return after


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _literal(value: str) -> str:
    """Text that looks like a variable and is none."""
    return value.replace("${", "$${")


def _emptied(tree: dict[str, Any]) -> dict[str, Any]:
    """A section with nothing in it is as good as none."""
    return {name: inside for name, inside in tree.items() if inside not in ({}, None)}


def _with_value(text: str, section_name: str, name: str, value: Value, source: str) -> str:
    written = json.dumps(value, ensure_ascii=False)
    root = _node(text, source)
    section = _find(root, section_name)
    if section is None or _is_empty(section[1]):
        return _with_section(text, root, section, section_name, f"{{{name}: {written}}}")
    _, node = section
    if not isinstance(node, yaml.MappingNode):
        return text  # with_values looks at what came out
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


def _without(text: str, section_name: str, name: str, source: str) -> str:
    """Its line goes; in a flow ``{a: 1, b: 2}`` it and one comma."""
    section = _find(_node(text, source), section_name)
    if section is None or not isinstance(section[1], yaml.MappingNode):
        return text
    pairs = section[1].value
    at = next(i for i, (key, _) in enumerate(pairs) if key.value == name)
    start, end = pairs[at][0].start_mark.index, pairs[at][1].end_mark.index
    if section[1].flow_style:
        if at + 1 < len(pairs):
            end = pairs[at + 1][0].start_mark.index
        elif at:
            start = pairs[at - 1][1].end_mark.index
        return text[:start] + text[end:]
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    after = len(text) if line_end < 0 else line_end + 1
    return text[:line_start] + text[after:]


def _with_section(
    text: str, root: yaml.Node | None, section: tuple[yaml.Node, yaml.Node] | None, name: str, written: str
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
        return f"{text[:inside]}{name}: {written}{more}{text[inside:]}"
    if root is not None and isinstance(root, yaml.MappingNode):
        first = root.value[0][0].start_mark
        return f"{text[: first.index]}{name}: {written}\n{' ' * first.column}{text[first.index :]}"
    line_end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{line_end}{name}: {written}\n"


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
