"""Every kind of file is read a part at a time; hostile and broken ones get one clear sentence each."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter

from desktop.files.documents import Document
from desktop.files.library import Library
from shared.errors import FileUnreadable
from tests.desktop.files.conftest import Place, place_in
from tests.desktop.files.hostile_files import UNREADABLE, Make, docx, paragraph, pdf


@pytest.fixture
def library(place: Place) -> Iterator[Library]:
    library = Library(place.grants)
    yield library
    library.close()


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, Library]]:
    """For many files, one after the other, as a person has them: what one breaks, the next must not feel."""
    place = place_in(tmp_path_factory.mktemp("one"))
    library = Library(place.grants)
    yield place, library
    library.close()


def told(library: Library, place: Place, name: str, data: bytes | str, part: int = 1) -> Document:
    (place.folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return library.document(f"Reports/{name}", part=part)[1]


@pytest.mark.parametrize(("name", "make", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_says_why_in_one_sentence(
    name: str, make: Make, words: str, one: tuple[Place, Library]
) -> None:
    place, library = one
    (place.folder / name).write_bytes(make())
    try:
        _, document = library.document(f"Reports/{name}")
    except FileUnreadable as error:
        said = str(error)
        assert words in said
        assert re.fullmatch(r"[^\n]{10,200}\.", said)
        assert "Error" not in said
        assert str(place.folder) not in said
    else:
        assert not words, document  # what it may also be read as, holds nothing of anybody else's
        assert "root:" not in document.text
    assert library.document("Reports/sales.txt")[1].text == "Net sales by zone\n"


def test_text_is_read_a_part_at_a_time_and_the_parts_are_the_whole(library: Library, place: Place) -> None:
    whole = "".join(f"line {number} कुर्ती और साड़ी\n" for number in range(3_000))
    first = told(library, place, "long.txt", whole)
    assert (first.parts > 3, first.lines, first.unit) == (True, 3_000, "part")
    rest = [library.document("Reports/long.txt", part=part)[1].text for part in range(2, first.parts + 1)]
    assert "".join([first.text, *rest]) == whole
    with pytest.raises(FileUnreadable, match="there is no part"):
        library.document("Reports/long.txt", part=first.parts + 1)


def test_a_line_without_an_end_is_read_in_parts_too(library: Library, place: Place) -> None:
    whole = "ab₹" * 20_000
    first = told(library, place, "line.txt", whole)
    rest = [library.document("Reports/line.txt", part=part)[1].text for part in range(2, first.parts + 1)]
    assert "".join([first.text, *rest]) == whole


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("naïve ₹".encode(), "naïve ₹"),
        ("\ufeffnaïve".encode(), "naïve"),
        ("naïve\n".encode("utf-16"), "naïve\n"),
        ("naïve".encode("cp1252"), "naïve"),
    ],
    ids=["utf-8", "utf-8 with its mark", "utf-16", "windows-1252"],
)
def test_text_is_read_in_the_encoding_it_has(data: bytes, text: str, library: Library, place: Place) -> None:
    document = told(library, place, "a.txt", data)
    assert document.text == text
    assert bool(document.notes) == (data == "naïve".encode("cp1252"))


def test_markdown_and_json_have_an_outline(library: Library, place: Place) -> None:
    document = told(library, place, "a.md", "# Plan\ntext\n## Stock ##\n# End")
    assert [line.strip() for line in document.outline] == ["Plan", "Stock", "End"]
    document = told(library, place, "a.json", '{"stores": [1, 2], "city": "Patna", "plan": {"a": 1}}')
    assert document.outline == ["stores: a list of 2", "city: a text", "plan: {a}"]
    assert "no valid JSON (line 1)" in told(library, place, "b.json", "{").notes[0]
    assert "nested too deeply" in told(library, place, "c.json", "[" * 100_000).notes[0]


def test_a_word_document_gives_headings_paragraphs_and_tables(library: Library, place: Place) -> None:
    table = "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>"
    body = (
        paragraph("Lease", "Title")
        + paragraph("Terms", "Heading2")
        + paragraph("Rent &amp; deposit")
        + table.format(paragraph("Store"), paragraph("Rent"))
    )
    document = told(library, place, "a.docx", docx(body))
    assert document.text.splitlines()[:3] == ["Lease", "Terms", "Rent & deposit"]
    assert document.text.splitlines()[3] == "Store | Rent"
    assert [line.strip() for line in document.outline] == ["Lease", "Terms"]
    macros = docx(paragraph("x"), more={"word/vbaProject.bin": b"x"})
    assert told(library, place, "a.docm", macros).notes == ["It holds macros. They are not run."]


def test_a_pdf_is_read_page_by_page(library: Library, place: Place) -> None:
    document = told(library, place, "a.pdf", pdf("Net sales", "Returns"))
    assert (document.text.strip(), document.part, document.parts, document.unit) == (
        "Net sales",
        1,
        2,
        "page",
    )
    assert library.document("Reports/a.pdf", part=2)[1].text.strip() == "Returns"
    assert "a scan" in told(library, place, "scan.pdf", pdf("")).notes[0]
    with pytest.raises(FileUnreadable, match="there is no page 3"):
        library.document("Reports/a.pdf", part=3)


def test_a_pdf_with_a_password_says_so_and_an_empty_one_opens(library: Library, place: Place) -> None:
    import pypdf

    for password in ("secret", ""):
        (place.folder / "plain.pdf").write_bytes(pdf("Net sales"))
        writer = pypdf.PdfWriter(clone_from=place.folder / "plain.pdf")
        writer.encrypt(user_password=password, owner_password="owner", algorithm="RC4-128")
        writer.write(place.folder / f"locked{password}.pdf")
    assert library.document("Reports/locked.pdf")[1].text.strip() == "Net sales"
    with pytest.raises(FileUnreadable, match="password"):
        library.document("Reports/lockedsecret.pdf")


def test_a_workbook_and_a_csv_are_told_by_names_and_counts(library: Library, place: Place) -> None:
    with xlsxwriter.Workbook(place.folder / "a.xlsx") as book:
        sheet = book.add_worksheet("Targets")
        for number, row in enumerate([("Store", "Amount"), ("Patna 1", 1200), ("Ranchi 2", 900)]):
            sheet.write_row(number, 0, row)
        book.add_worksheet("Empty")
    document = library.document("Reports/a.xlsx")[1]
    [targets, empty] = document.sheets
    assert (targets.name, targets.columns, targets.rows) == ("Targets", ["Store", "Amount"], 2)
    assert (empty.columns, empty.rows) == ([], 0)
    document = told(library, place, "a.csv", "zone;net\nNorth;1,5\nSouth;2\n")
    assert (document.sheets[0].columns, document.sheets[0].rows) == (["zone", "net"], 2)


def test_a_file_with_another_name_than_content_is_read_as_what_it_is(library: Library, place: Place) -> None:
    document = told(library, place, "report.csv", pdf("Net sales"))
    assert (document.kind, document.text.strip()) == ("pdf", "Net sales")
    assert document.notes == ["Its name says text, but it holds a PDF; it was read as that."]


def test_a_file_of_gigabytes_shows_its_beginning_and_its_end_at_once(library: Library, place: Place) -> None:
    file = place.folder / "large.log"
    with file.open("wb") as opened:
        opened.write(b"first line\n" * 500)
        opened.truncate(5_000_000_000)  # a hole: it takes no room on the disk
    began = time.process_time()
    document = library.document("Reports/large.log")[1]
    assert document.text.startswith("first line\nfirst line\n")
    assert (document.words, document.lines) == (None, None)
    assert library.document("Reports/large.log", part=document.parts)[1].part == document.parts
    assert time.process_time() - began < 5


def test_a_file_that_breaks_the_reader_does_not_take_others_along(library: Library, place: Place) -> None:
    from desktop.files.documents import Unread
    from tests.desktop.files.hostile_files import pdf_bomb

    (place.folder / "bomb.pdf").write_bytes(pdf_bomb())
    entries = [library.entry(f"Reports/{name}") for name in ("sales.txt", "bomb.pdf")]
    first, second = library.texts(entries, 1_000, lambda: None)
    assert isinstance(first, Document)
    assert first.text == "Net sales by zone\n"
    assert isinstance(second, Unread | Document)


def test_a_file_that_is_removed_while_it_is_listed_is_no_harm(place: Place, library: Library) -> None:
    for number in range(20):
        (place.folder / f"{number}.txt").write_text("x", encoding="utf-8")
    entry = library.entry("Reports/3.txt")
    Path(place.folder, "3.txt").unlink()
    [answer] = library.texts([entry], 100, lambda: None)
    assert "There is no file" in getattr(answer, "why", "")
