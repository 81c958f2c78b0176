"""How files of all sorts are understood: what people and programs write, and what is said about it."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard

from shared.results import ColumnType
from tests.server.connectors.folders import Opener, ask, opened

__all__ = ["opened"]

T, N, D, F = ColumnType.TEXT, ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.FLOAT
DAY, MOMENT = ColumnType.DATE, ColumnType.TIMESTAMP

CASES: dict[str, tuple[bytes, str, list[tuple[str, ColumnType]], list[list[object]]]] = {
    "semicolons and decimal commas": (
        b"Artikel;Preis;Menge\nStuhl;1.234,50;2\nTisch;99,9;10\n",
        "separated by semicolons; Preis: decimal comma",
        [("Artikel", T), ("Preis", D), ("Menge", N)],
        [["Stuhl", Decimal("1234.50"), 2], ["Tisch", Decimal("99.90"), 10]],
    ),
    "indian grouping": (
        b'zone,net\nNorth,"1,23,456.78"\nEast,"12,34,56,789"\nWest,500\n',
        "net: digits grouped with commas",
        [("zone", T), ("net", D)],
        [["North", Decimal("123456.78")], ["East", Decimal("123456789.00")], ["West", Decimal("500.00")]],
    ),
    "tabs and utf-16": (
        "name\tn\nआशा\t1\nरवि\t2\n".encode("utf-16"),
        "UTF-16; separated by tabs",
        [("name", T), ("n", N)],
        [["आशा", 1], ["रवि", 2]],
    ),
    "utf-16 without a mark": (
        "name,n\nAsha,1\nRavi,2\n".encode("utf-16-le"),
        "UTF-16",
        [("name", T), ("n", N)],
        [["Asha", 1], ["Ravi", 2]],
    ),
    "a byte order mark": (
        "\ufeffname,n\nAsha,1\n".encode(),
        "UTF-8 with a mark",
        [("name", T), ("n", N)],
        [["Asha", 1]],
    ),
    "windows": (
        "name,price\nCafé,10\n„Düne“,20\n".encode("cp1252"),
        "Windows-1252",
        [("name", T), ("price", N)],
        [["Café", 10], ["„Düne“", 20]],
    ),
    "latin-1 far behind the beginning": (
        b"n,name\n" + b"".join(b"%d,plain\n" % n for n in range(70_000)) + b"70000,caf\xe9\x81\n",
        "Latin-1",
        [("n", N), ("name", T)],
        [],
    ),
    "bars": (b"a|b\n1|x\n2|y\n", "separated by bars", [("a", N), ("b", T)], [[1, "x"], [2, "y"]]),
    "excel's separator line": (
        b"sep=;\na;b\n1;2\n",
        "separated by semicolons",
        [("a", N), ("b", N)],
        [[1, 2]],
    ),
    "titles above": (
        b"V-Mart\nSales in March,,\n\nstore,when,net\nPatna,31/03/2026,1.5\nGaya,01/03/2026,2\n",
        "2 lines above the heading left out; when: day/month/year",
        [("store", T), ("when", DAY), ("net", D)],
        [["Patna", "2026-03-31", Decimal("1.50")], ["Gaya", "2026-03-01", Decimal("2.00")]],
    ),
    "no heading": (
        b"1,Patna,2026-03-31\n2,Gaya,2026-03-30\n",
        "without a heading",
        [("column_1", N), ("column_2", T), ("column_3", DAY)],
        [[1, "Patna", "2026-03-31"], [2, "Gaya", "2026-03-30"]],
    ),
    "double and empty headings": (
        b"a,A,,a\n1,2,3,4\n",
        "",
        [("a", N), ("A_2", N), ("column_3", N), ("a_3", N)],
        [[1, 2, 3, 4]],
    ),
    "years as headings": (
        b"zone,2024,2025\nNorth,1,2\n",
        "",
        [("zone", T), ("2024", N), ("2025", N)],
        [["North", 1, 2]],
    ),
    "ragged": (
        b"a,b,c\n1,2\n3,4,5,6\n\n,,\n7,8,9,\n",
        "",
        [("a", N), ("b", N), ("c", N), ("column_4", N)],
        [[1, 2, None, None], [3, 4, 5, 6], [7, 8, 9, None]],
    ),
    "stray quotes and NUL bytes": (
        b'a,b\n1,5" pipe\n2,"bad "quote" x"\n3,c\0d\n',
        "",
        [("a", N), ("b", T)],
        [[1, '5" pipe'], [2, 'bad quote" x"'], [3, "cd"]],
    ),
    "old line ends": (b"a,b\r1,2\r3,4\r", "", [("a", N), ("b", N)], [[1, 2], [3, 4]]),
    "formulas are text": (
        b"a,b\n=1+1,@SUM(A1)\n\"=cmd|' /C calc'!A0\",+x\n",
        "",
        [("a", T), ("b", T)],
        [["=1+1", "@SUM(A1)"], ["=cmd|' /C calc'!A0", "+x"]],
    ),
    "codes stay text": (
        b"pin,barcode,batch,n\n010001,89012345678901234567,12E3,1\n800001,89012345678901234568,12E4,2\n",
        "",
        [("pin", T), ("barcode", T), ("batch", T), ("n", N)],
        [["010001", "89012345678901234567", "12E3", 1], ["800001", "89012345678901234568", "12E4", 2]],
    ),
    "missing words": (
        b"n,when,word\nNA,-,NA\n5,2026-01-01,x\n",
        "",
        [("n", N), ("when", DAY), ("word", T)],
        [[None, None, "NA"], [5, "2026-01-01", "x"]],
    ),
    "moments": (
        b"a,b,c\n2026-03-31 18:40,31-03-2026 18:40:05,2026-03-31T18:40:00+05:30\n",
        "b: day/month/year",
        [("a", MOMENT), ("b", MOMENT), ("c", MOMENT)],
        [["2026-03-31T18:40:00", "2026-03-31T18:40:05", "2026-03-31T13:10:00+00:00"]],
    ),
    "names of months": (
        b"a,b,c\n05-Mar-2026,5 March 2026,05-Mar-26\n31-Dec-2025,31 December 2025,31-Dec-25\n",
        "a: day, name of the month, year; b: day, name of the month, year; c: day, name of the month, year",
        [("a", DAY), ("b", DAY), ("c", DAY)],
        [["2026-03-05"] * 3, ["2025-12-31"] * 3],
    ),
    "month first, decided by one value": (
        b"d\n01/02/2026\n03/31/2026\n",
        "d: month/day/year",
        [("d", DAY)],
        [["2026-01-02"], ["2026-03-31"]],
    ),
    "nothing decides": (
        b"d,e\n01/02/2026,x\n03/04/2026,y\n",
        "d: dates that could be day/month/year or month/day/year, left as text",
        [("d", T), ("e", T)],
        [["01/02/2026", "x"], ["03/04/2026", "y"]],
    ),
    "no such days": (b"d\n31/02/2026\n01/01/2026\n", "", [("d", T)], [["31/02/2026"], ["01/01/2026"]]),
    "late misfits": (
        b"a,b\n" + b"".join(b"%d,1.5\n" % n for n in range(5_000)) + b"x,1.55555\n",
        "",
        [("a", T), ("b", F)],
        [],
    ),
    "hostile headings": (
        'a"b,"line\nbreak",\u202eevil,x; DROP TABLE y\n1,2,3,4\n'.encode(),
        "",
        [('a"b', N), ("line break", N), ("evil", N), ("x; DROP TABLE y", N)],
        [[1, 2, 3, 4]],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cases")
    for number, (content, *_) in enumerate(CASES.values()):
        (root / f"case{number}.csv").write_bytes(content)
    return root


def test_files_of_all_sorts_are_understood_and_it_is_said_how(opened: Opener, cases: Path) -> None:
    connector = opened(cases)
    tables = {table.name: table for table in connector.schema().tables}
    assert connector.warnings() == []
    for number, (case, (_, said, columns, rows)) in enumerate(CASES.items()):
        found = tables[f"case{number}"]
        assert (case, [(c.name, c.type) for c in found.columns]) == (case, columns)
        assert (case, found.comment) == (case, f"case{number}.csv" + (f": {said}" if said else ""))
        if rows:
            assert (case, ask(connector, f"SELECT * FROM case{number}")) == (case, rows)


def test_compressed_files_are_tables_too(opened: Opener, tmp_path: Path) -> None:
    root = tmp_path / "packed"
    root.mkdir()
    (root / "a.csv.gz").write_bytes(gzip.compress(b"n,t\n1,x\n"))
    (root / "b.csv.zst").write_bytes(zstandard.compress("n;t\n1;\u00e9\n".encode("latin-1")))
    (root / "c.ndjson.gz").write_bytes(gzip.compress(b'{"n": 1}\n'))
    connector = opened(root)
    assert ask(connector, "SELECT a.t, b.t, c.n FROM a JOIN b USING (n) JOIN c USING (n)") == [["x", "é", 1]]
    assert connector.warnings() == []
