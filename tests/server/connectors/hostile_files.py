"""Files made to break their reader, each written in a moment and small on the disk."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl

_SHEET = (
    '<?xml version="1.0"?>{doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def _workbook(path: Path, sheet: Callable[[], str]) -> None:
    """A real workbook with another first sheet in it."""
    plain = path.with_suffix(".plain")
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            own = entry == "xl/worksheets/sheet1.xml"
            target.writestr(entry, sheet() if own else source.read(entry))
    plain.unlink()


def zip_bomb(path: Path) -> None:
    """Promises to unpack to a gigabyte and more."""
    _workbook(path, lambda: _SHEET.format(doctype="", rows=" " * 1_000_000))
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/worksheets/sheet1.xml"))
    content[entry + 24 : entry + 28] = (1_200_000_000).to_bytes(4, "little")
    path.write_bytes(content)


def many_cells(path: Path) -> None:
    """One row in the corner of the largest sheet there can be."""
    cell = '<row r="{0}"><c r="{1}{0}"><v>1</v></c></row>'
    rows = cell.format(1, "A") + cell.format(1_048_576, "XFD")
    _workbook(path, lambda: _SHEET.format(doctype="", rows=rows))


def entities(path: Path) -> None:
    """A billion laughs."""
    levels = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(12)
    )
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&l11;</t></is></c></row>'
    _workbook(path, lambda: _SHEET.format(doctype=f"<!DOCTYPE x [{levels}]>", rows=row))


def endless_line(path: Path) -> None:
    """A gigabyte without a line end that takes no room on the disk."""
    with path.open("wb") as out:
        out.write(b"a,b\n1,")
        out.truncate(1_000_000_000)


def endless_first_line(path: Path) -> None:
    with path.open("wb") as out:
        out.write(b"a,b")
        out.truncate(1_000_000_000)


def packed_line(path: Path) -> None:
    """A hundred megabytes of one line, packed to a hundred kilobytes."""
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(b"a,b\n")
        for _ in range(100):
            out.write(b"x" * 1_000_000)


def open_quote(path: Path) -> None:
    path.write_text('a,b\n1,"never closed\n' + "2,x\n" * 6_000_000)


def many_columns(path: Path) -> None:
    path.write_text(",".join(f"c{n}" for n in range(100_000)) + "\n" + "1," * 99_999 + "1\n")


def deep_json(path: Path) -> None:
    path.write_text("[" * 200_000 + "]" * 200_000)


def deep_objects(path: Path) -> None:
    path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000)


def cut_json(path: Path) -> None:
    path.write_text('[{"a": 1}, {"a":')


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def blank(path: Path) -> None:
    path.write_text("\n\n ,, \n\n")


def zeros(path: Path) -> None:
    path.write_bytes(b"\0" * 100_000)


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 4_000)


def not_packed(path: Path) -> None:
    path.write_text("a,b\n1,2\n")


def torn_parquet(path: Path) -> None:
    path.write_bytes(b"PAR1" + b"\xff" * 5_000 + b"\xff\xff\xff\x7fPAR1")


HOSTILE: dict[str, Callable[[Path], None]] = {
    "zip_bomb.xlsx": zip_bomb,
    "entities.xlsx": entities,
    "many_cells.xlsx": many_cells,
    "noise.xls": noise,
    "noise.ods": noise,
    "endless_line.csv": endless_line,
    "endless_first_line.csv": endless_first_line,
    "packed_line.csv.gz": packed_line,
    "open_quote.csv": open_quote,
    "many_columns.csv": many_columns,
    "deep.json": deep_json,
    "deep_objects.ndjson": deep_objects,
    "cut.json": cut_json,
    "nothing.csv": nothing,
    "nothing.json": nothing,
    "nothing.xlsx": nothing,
    "nothing.parquet": nothing,
    "blank.csv": blank,
    "zeros.csv": zeros,
    "zeros.xlsx": zeros,
    "not_packed.csv.gz": not_packed,
    "not_packed.csv.zst": not_packed,
    "torn.parquet": torn_parquet,
}
