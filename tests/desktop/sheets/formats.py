"""Small workbooks made by hand in the formats that no library writes: xls, xlsb and ods. Texts and numbers
only."""

import io
import struct
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

Cell = str | float | None
Rows = Sequence[Sequence[Cell]]


def ods(rows: Rows, sheet: str = "Sheet1") -> bytes:
    lines = []
    for row in rows:
        cells = []
        for cell in row:
            if cell is None or cell == "":
                cells.append("<table:table-cell/>")
            elif isinstance(cell, str):
                text = escape(cell)
                cells.append(
                    f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
                )
            else:
                cells.append(f'<table:table-cell office:value-type="float" office:value="{cell}"/>')
        lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}>'
        "<office:body><office:spreadsheet>"
        f'<table:table table:name="{escape(sheet)}">{"".join(lines)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{space}"/>')
        archive.writestr("content.xml", content)
    return out.getvalue()


def xlsb(rows: Rows, sheet: str = "Sheet1") -> bytes:
    """[MS-XLSB]: records of an id, a length and a body."""
    bundle = _wide("rId1") + _wide(sheet)
    book = _b(131) + _b(143) + _b(156, struct.pack("<II", 0, 1) + bundle) + _b(144) + _b(132)
    width = max(map(len, rows))
    cells = b""
    for number, row in enumerate(rows):
        cells += _b(0, struct.pack("<IIHBBII", number, 0, 300, 0, 0, 0, 0)[:17] + struct.pack("<I", 0))
        for column, cell in enumerate(row):
            head = struct.pack("<II", column, 0)
            if isinstance(cell, str) and cell:
                cells += _b(6, head + _wide(cell))
            elif isinstance(cell, int | float):
                cells += _b(5, head + struct.pack("<d", cell))
    size = struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1)
    page = _b(129) + _b(148, size) + _b(145) + cells + _b(146) + _b(130)
    kinds = "application/vnd.ms-excel"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="bin" '
            f'ContentType="{kinds}.sheet.binary.macroEnabled.main"/></Types>',
        )
        archive.writestr("xl/workbook.bin", book)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{rels}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.bin", page)
    return out.getvalue()


def _b(kind: int, body: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = len(body), b""
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + body


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xls(rows: Rows, sheet: str = "Sheet1") -> bytes:
    """[MS-XLS] in a compound file of one stream."""
    begin = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    page_begin = begin[:2] + struct.pack("<H", 0x0010) + begin[4:]
    title = sheet.encode("latin-1")
    bound = len(_r(0x0809, begin)) + len(_r(0x0085, bytes(8 + len(title)))) + len(_r(0x000A))
    entry = struct.pack("<IBBBB", bound, 0, 0, len(title), 0) + title
    book = _r(0x0809, begin) + _r(0x0085, entry) + _r(0x000A)
    width = max(map(len, rows))
    page = _r(0x0809, page_begin) + _r(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            head = struct.pack("<HHH", number, column, 0)
            if isinstance(cell, str) and cell:
                text = cell.encode("utf-16-le")
                page += _r(0x0204, head + struct.pack("<HB", len(cell), 1) + text)
            elif isinstance(cell, int | float):
                page += _r(0x0203, head + struct.pack("<d", cell))
    return _compound(book + page + _r(0x000A))


def _r(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _compound(stream: bytes) -> bytes:
    """Sector 0 is the table of sectors, 1 the directory, the stream follows."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    count = len(stream) // 512
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + count), 0xFFFFFFFE]
    assert len(chain) <= 128
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        head = text.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child
        )
        return head + bytes(36) + struct.pack("<IQ", start, size)

    root = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    directory = root + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    directory = directory.ljust(512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    return header + table + directory + stream
