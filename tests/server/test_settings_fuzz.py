"""Settings files of all kinds of nonsense: each is taken, or told in one sentence; never a traceback."""

import contextlib
import io
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.cli import main
from server.vault import Vault, fresh_key
from shared.settings import BackendSettings

SECTIONS = {
    section.name: [field.name for field in msgspec.structs.fields(section.type)]
    for section in msgspec.structs.fields(BackendSettings)
}

ODD_TEXTS = [
    *(
        "",
        " ",
        "0",
        "-1",
        "100/hour",
        "1e9/hour",
        "1/hour/hour",
        "99999999999999999999/second",
        "\u0967/hour",
    ),
    *("\x00", "${", "${X}", "${file:/nowhere}", "$${", "~", "*", "::", "0.0.0.0", "[::1", "%s%n", "INFO"),  # noqa: S104
    *(
        "/",
        "/dev/zero",
        "/dev/null",
        "/proc/self/mem",
        "sqlite://",
        "postgresql://[",
        "\ud83d\ude00",
        "a" * 5000,
    ),
]

strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(ODD_TEXTS),
)
nested = st.recursive(
    strange,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from([(section, field) for section, fields in SECTIONS.items() for field in fields])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def told(file: Path) -> str:
    """Empty when the settings can be used; otherwise what is said, in one line."""
    with contextlib.redirect_stderr(io.StringIO()) as err, contextlib.redirect_stdout(io.StringIO()):
        code = main(["check-config", "--config", str(file)])
    said = err.getvalue()
    assert "Traceback" not in said
    assert code in (0, 1)
    assert (code == 0) == (said == "")
    assert len(said) < 10_000
    if code:
        assert said.strip().endswith((".", '"', "true.")), said
    return said


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.dictionaries(names, nested, min_size=1, max_size=3))
def test_any_value_of_any_setting_is_taken_or_told(folder: Path, values: dict[tuple[str, str], Any]) -> None:
    tree: dict[str, Any] = {}
    for (section, field), value in values.items():
        tree.setdefault(section, {})[field] = value
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=False), encoding="utf-8")
    told(file)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=st.one_of(nested, st.dictionaries(st.sampled_from([*SECTIONS, "x", "\u0937"]), nested)))
def test_any_shape_is_taken_or_told(folder: Path, tree: Any) -> None:
    file = folder / "shape.yaml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    told(file)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_any_bytes_are_taken_or_told(folder: Path, content: bytes) -> None:
    file = folder / "bytes.yaml"
    file.write_bytes(content)
    told(file)


WHOLE = """server: {host: 127.0.0.1, port: 5000, workers: 2}
security: {rate_limit: "100/hour", allowed_ips: ["10.0.0.0/8"], connection_hosts: ["*.x"],
  connection_folders: ["/x"],
  client_users: {"CN:x": y}}
database: {max_connections: 20}
logging: {level: INFO, file: "${LOG:}"}
"""


def test_a_whole_file_with_wounds_is_taken_or_told(folder: Path) -> None:
    chance = random.Random(20261128)
    file = folder / "wounded.yaml"
    for _ in range(300):
        text = list(WHOLE)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text))
            text[at] = chance.choice(
                ["", "\t", "{", "}", "[", ":", "\n", '"', "&a", "*a", "!!python/name:os", "\x00", "9"]
            )
        file.write_text("".join(text), encoding="utf-8")
        told(file)


@pytest.mark.parametrize(
    "content",
    [
        b"a: &a [*a]",
        b"[" * 5_000,
        b"{a: " * 3_000,
        b"!!python/object/apply:os.system [id]",
        b"? " * 2_000,
        b"a: 2026-99-99",
        b"a: 0x" + b"f" * 5_000,
        b"a: 1_0:59:59:59",
        b"server: {port: " + b"9" * 5_000 + b"}",
        b"vmart-sealed-file-1\n",
        b"vmart-sealed-file-1\ngAAAAAB" + b"x" * 200,
        b"vmart-sealed-file-1\n\xff\xfe",
        Vault(fresh_key().encode(), "another").seal_file(b"server: {port: 0}"),
    ],
)
def test_what_was_made_to_break_a_reader_is_one_sentence(
    folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMART_MASTER_KEY", fresh_key())
    file = folder / "made.yaml"
    file.write_bytes(content)
    assert told(file)
