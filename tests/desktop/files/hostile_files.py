"""Files as attackers, broken disks and other programs leave them, made in code. Nothing here is kept as a binary.

Each is a name, what is in it, and words of the one sentence that a person gets.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache

CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BROKEN, PASSWORD, GROWS, NO_TEXT = "broken", "password", "far larger", "no text"


def archive(members: Mapping[str, bytes | str], *, encrypted: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    data = made.getvalue()
    if not encrypted:
        return data
    # the bit that says so, in the local head and in the directory
    return data.replace(b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    )


def docx(body: str, *, head: str = "", more: Mapping[str, bytes | str] | None = None) -> bytes:
    document = f'<?xml version="1.0"?>{head}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return archive({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": document, **(more or {})})


def paragraph(text: str, style: str = "") -> str:
    looks = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{looks}<w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf(*pages: str, trailer: str = "", encrypt: str = "") -> bytes:
    """A plain PDF with a line of text a page. ``encrypt`` names what it is locked with."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    for number, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET"
        font = "<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Resources << /Font {font} >> /MediaBox [0 0 600 800] "
            f"/Contents {4 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    return assembled([each.encode("latin-1") for each in objects], trailer + encrypt)


def assembled(objects: list[bytes], trailer: str = "") -> bytes:
    data = b"%PDF-1.7\n"
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(data)}\n%%EOF"
    return data + head + table + end.encode("latin-1")


@cache
def pdf_bomb() -> bytes:
    """A page whose text is a hundred megabytes when it is unpacked."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 1_000_000) for _ in range(150)) + packer.flush()
    stream = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return assembled([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, stream])


def pdf_circle() -> bytes:
    """Its pages are their own parents."""
    return assembled([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 9 >>"])


def zip_bomb(member: str) -> bytes:
    return archive({"[Content_Types].xml": CONTENT_TYPES, member: b"\0" * 60_000_000})


def lying_size(member: str) -> bytes:
    """The directory says ten bytes; what unpacks is twenty million."""
    data = archive({member: b"<" * 20_000_000, "[Content_Types].xml": CONTENT_TYPES})
    return data.replace(struct.pack("<I", 20_000_000), struct.pack("<I", 10))


def entities(system: str = "") -> str:
    """The billion laughs; with ``system`` an entity that fetches."""
    if system:
        return f'<!DOCTYPE d [<!ENTITY x SYSTEM "{system}">]>'
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE d [<!ENTITY a0 "ha">{lines}]>'


def workbook(sheet: str = "", *, head: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/package/2006/relationships"
    book = f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
    rels = f'<Relationships xmlns="{kinds}"><Relationship Id="rId1" Type="{links}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    data = f'{head}<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'
    return archive(
        {
            "[Content_Types].xml": CONTENT_TYPES,
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": rels,
            "xl/worksheets/sheet1.xml": data,
        }
    )


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


Make = Callable[[], bytes]
UNREADABLE: dict[str, tuple[str, Make, str]] = {
    "empty": ("a.txt", lambda: b"", "empty"),
    "empty pdf": ("a.pdf", lambda: b"", "empty"),
    "empty workbook": ("a.xlsx", lambda: b"", "empty"),
    "noise as text": ("a.txt", lambda: noise(5_000), NO_TEXT),
    "noise as pdf": ("a.pdf", lambda: noise(5_000), BROKEN),
    "noise as word": ("a.docx", lambda: noise(5_000), BROKEN),
    "noise as workbook": ("a.xlsx", lambda: noise(5_000), BROKEN),
    "noise as csv": ("a.csv", lambda: noise(5_000), NO_TEXT),
    "zeros as text": ("a.txt", lambda: b"\0" * 10_000, NO_TEXT),
    "pdf of a head only": ("a.pdf", lambda: b"%PDF-1.7\n", BROKEN),
    "pdf cut in the middle": ("a.pdf", lambda: pdf("one", "two")[:300], BROKEN),
    "pdf without pages": (
        "a.pdf",
        lambda: assembled([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]),
        "no pages",
    ),
    "pdf with a circle": ("a.pdf", pdf_circle, ""),
    "pdf with a root of another kind": ("a.pdf", lambda: assembled([b"[1 0 R]"]), BROKEN),
    "pdf with noise inside": ("a.pdf", lambda: b"%PDF-1.7\n" + noise(20_000), BROKEN),
    "pdf locked by an unknown lock": (
        "a.pdf",
        lambda: pdf("x", encrypt="/Encrypt << /Filter /Other /V 9 >>"),
        "",
    ),
    "pdf that is a bomb": ("a.pdf", pdf_bomb, ""),
    "word that is no archive": ("a.docx", lambda: b"PK\x03\x04" + noise(2_000), BROKEN),
    "word cut in the middle": ("a.docx", lambda: docx(paragraph("x" * 10_000))[:-60], BROKEN),
    "word without a body": ("a.docx", lambda: archive({"word/other.xml": "<a/>"}), BROKEN),
    "word of no text": ("a.docx", lambda: docx("<w:p/>"), NO_TEXT),
    "word with XML cut off": ("a.docx", lambda: archive({"word/document.xml": "<w:document><w:p>"}), BROKEN),
    "word with laughs": ("a.docx", lambda: docx(paragraph("&a11;"), head=entities()), "entities"),
    "word that fetches a file": (
        "a.docx",
        lambda: docx(paragraph("&x;"), head=entities("file:///etc/passwd")),
        "entities",
    ),
    "word that fetches a page": (
        "a.docx",
        lambda: docx(paragraph("&x;"), head=entities("http://127.0.0.1:9/x")),
        "entities",
    ),
    "word that is a bomb": ("a.docx", lambda: zip_bomb("word/document.xml"), GROWS),
    "word that lies about its size": ("a.docx", lambda: lying_size("word/document.xml"), BROKEN),
    "word nested deep": ("a.docx", lambda: docx("<w:sdt>" * 20_000 + "</w:sdt>" * 20_000), "nested"),
    "word of too many members": (
        "a.docx",
        lambda: archive({"word/document.xml": "<a/>"} | {f"word/{n}": "" for n in range(20_001)}),
        GROWS,
    ),
    "word with a password of zip": (
        "a.docx",
        lambda: archive({"word/document.xml": "<a/>"}, encrypted=True),
        PASSWORD,
    ),
    "word with a password": (
        "a.docx",
        lambda: OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600,
        PASSWORD,
    ),
    "workbook with a password": (
        "a.xlsx",
        lambda: OLE + b"\0" * 600 + "EncryptionInfo".encode("utf-16-le") + b"\0" * 600,
        PASSWORD,
    ),
    "word of the old format": (
        "a.doc",
        lambda: OLE + b"\0" * 600 + "WordDocument".encode("utf-16-le"),
        "old format",
    ),
    "old workbook of noise": ("a.xls", lambda: OLE + noise(4_000), BROKEN),
    "slides": ("a.pptx", lambda: archive({"ppt/presentation.xml": "<a/>"}), "Slides"),
    "workbook that is a bomb": ("a.xlsx", lambda: zip_bomb("xl/worksheets/sheet1.xml"), GROWS),
    "workbook cut in the middle": ("a.xlsx", lambda: workbook()[:-80], BROKEN),
    "workbook with laughs": (
        "a.xlsx",
        lambda: workbook("<row r='1'><c r='A1' t='str'><v>&a11;</v></c></row>", head=entities()),
        "",
    ),
    "workbook of broken XML": (
        "a.xlsx",
        lambda: archive({"xl/workbook.xml": "<workbook><sheets><sheet"}),
        BROKEN,
    ),
    "workbook without a book": ("a.xlsx", lambda: archive({"xl/other.xml": "<a/>"}), BROKEN),
    "archive": ("a.txt", lambda: archive({"a.txt": "x"}), "archive"),
    "archive in an archive": (
        "a.docx",
        lambda: archive({"a.docx": archive({"word/document.xml": "x"})}),
        "archive",
    ),
    "open document of another kind": (
        "a.odt",
        lambda: archive({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}),
        "OpenDocument",
    ),
    "picture by its name": ("a.png", lambda: b"\x89PNG\r\n\x1a\n", "picture"),
    "picture by its content": (
        "a.txt",
        lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\x7f\xff\xff\xff" * 2,
        "picture",
    ),
    "program": ("a.csv", lambda: b"MZ\x90\0" + noise(600), "program"),
    "rich text": ("a.txt", lambda: b"{\\rtf1 x}", "Rich text"),
    "csv of one endless quote": ("a.csv", lambda: b'"' + b"x" * 3_000_000, ""),
}
