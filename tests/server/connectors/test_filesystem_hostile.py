"""Files that are made to break their reader: each ends in one sentence, and the others go on."""

import re
import time
from pathlib import Path

import pytest

from shared.errors import QueryFailed
from tests.server.connectors.folders import Opener, ask, opened
from tests.server.connectors.hostile_files import HOSTILE

__all__ = ["opened"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    (root / "good.csv").write_text("a\n1\n")
    for name, write in HOSTILE.items():
        write(root / name)
    return root


def test_every_hostile_file_ends_in_one_sentence_and_the_others_answer(opened: Opener, hostile: Path) -> None:
    connector = opened(hostile)
    began = time.monotonic()
    assert ask(connector, "SELECT a FROM good") == [[1]]
    warned = connector.warnings()
    assert time.monotonic() - began < 120
    told = {name: [line for line in warned if line.startswith(name)] for name in HOSTILE}
    print(*warned, sep="\n")
    assert {name for name, lines in told.items() if len(lines) != 1} == set()
    for lines in told.values():
        for line in lines:
            assert len(line) < 400
            assert "\n" not in line
            assert "Traceback" not in line
            assert str(hostile) not in line
            assert not re.search(r"/proc|\bfd\b|home/cache", line), line
    for line in warned:
        table = re.sub(r"\W", "_", line.split(" ")[0].partition(".")[0])
        with pytest.raises(QueryFailed):
            ask(connector, f"SELECT * FROM {table}")
    assert ask(connector, "SELECT a FROM good") == [[1]]


def test_names_of_files_are_never_sql_or_lines(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "names"
    root.mkdir()
    names = [
        'it\'s "quoted".csv',
        "two\nlines.csv",
        "\u202efdp.csv",
        "x; DROP TABLE good.csv",
        "a" * 240 + ".csv",
        "[glob]*?.csv",
        "%2e%2e.csv",
        "विक्रय.csv",
        "-- comment.csv",
        "\udcff broken.csv",
    ]
    for number, name in enumerate(names):
        (root / name).write_bytes(b"n\n%d\n" % number)
    connector = opened(root)
    (left_out,) = connector.warnings()
    assert left_out == "? broken.csv is left out: its name is not UTF-8."
    tables = connector.schema().tables
    values = {str(ask(connector, f"SELECT n FROM {table.name}")) for table in tables}
    assert values == {f"[[{number}]]" for number in range(len(names) - 1)}
    for table in tables:
        assert re.fullmatch(r"\w+", table.name)
        assert table.comment.isprintable()
