"""Files are found by name and by content, each is read once, and what is not covered is said."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from desktop.files.library import Library
from desktop.files.search import Found, Looked, Search
from shared.errors import Cancelled, InvalidRequest
from tests.desktop.files.conftest import Place


@pytest.fixture
def search(place: Place) -> Iterator[Search]:
    library = Library(place.grants)
    search = Search(library, place.grants, place.home / "files" / "index.db")
    yield search
    search.close()
    library.close()


def found(search: Search, query: str, **more: object) -> Found:
    *_, last = search.find(query, **more)  # type: ignore[arg-type]
    assert isinstance(last, Found)
    return last


def paths(search: Search, query: str) -> list[str]:
    return [hit.file.path for hit in found(search, query).hits]


def test_a_word_is_found_in_names_and_in_texts_of_every_kind(search: Search, place: Place) -> None:
    (place.folder / "a" / "Diwali plan.md").write_text("# Plan\nDiscounts in Patna", encoding="utf-8")
    (place.folder / "notes.txt").write_text("The diwali stock came late.", encoding="utf-8")
    (place.folder / "cities.csv").write_text("city,net\nPatna,12\n", encoding="utf-8")
    (place.folder / "plan.json").write_text('{"city": "Patna"}', encoding="utf-8")
    (place.folder / "hindi.txt").write_text("पटना में कुर्ती की बिक्री", encoding="utf-8")
    assert paths(search, "diwali") == ["Reports/a/Diwali plan.md", "Reports/notes.txt"]
    assert set(paths(search, "patna")) == {
        "Reports/a/Diwali plan.md",
        "Reports/cities.csv",
        "Reports/plan.json",
    }
    assert paths(search, "कुर्ती") == ["Reports/hindi.txt"]
    [hit] = found(search, "stock late").hits
    assert hit.snippet == "The diwali \x02stock\x03 came \x02late\x03."
    assert paths(search, "nowhere") == []


def test_the_first_searches_may_come_side_by_side(search: Search, place: Place) -> None:
    (place.folder / "notes.txt").write_text("old words", encoding="utf-8")
    begin = threading.Barrier(8)

    def look(_: int) -> list[str]:
        begin.wait(30)
        return paths(search, "old")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [["Reports/notes.txt"]] * 8


def test_a_changed_file_is_read_again_and_a_deleted_one_is_gone(search: Search, place: Place) -> None:
    file = place.folder / "notes.txt"
    file.write_text("old words", encoding="utf-8")
    assert paths(search, "old") == ["Reports/notes.txt"]
    file.write_text("new sentence here", encoding="utf-8")
    assert paths(search, "old") == []
    assert paths(search, "sentence") == ["Reports/notes.txt"]
    again = [each for each in search.find("sentence") if isinstance(each, Looked)]
    assert again == [Looked(0, 0)]
    file.unlink()
    assert paths(search, "sentence") == []


def test_what_was_not_searched_is_said(search: Search, place: Place) -> None:
    (place.folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing else")
    (place.folder / "large.log").write_text("word " * 500_000, encoding="utf-8")
    told = found(search, "word")
    assert (told.unreadable, told.partly, told.not_read_yet) == (1, 1, 0)
    assert found(search, "word", seconds=0).files == 0


def test_a_revoked_folder_is_searched_no_more_and_nothing_of_it_is_kept(search: Search, place: Place) -> None:
    assert paths(search, "zone") == ["Reports/sales.txt"]
    [grant] = place.grants.list()
    place.grants.revoke(grant.id)
    search.forget_revoked()
    assert paths(search, "zone") == []
    search.close()
    kept = b"".join(file.read_bytes() for file in (place.home / "files").iterdir())
    assert b"Net sales by zone" not in kept


def test_a_broken_index_is_made_anew(search: Search, place: Place) -> None:
    (place.home / "files").mkdir()
    (place.home / "files" / "index.db").write_bytes(b"this is no database" * 100)
    assert paths(search, "zone") == ["Reports/sales.txt"]


SIGNS = ['"', "* OR", "zone) OR (x", "NEAR(zone sales)", "body:zone", "zone -sales", "a^b"]


@pytest.mark.parametrize("query", SIGNS)
def test_signs_of_the_search_engine_are_only_words(query: str, search: Search) -> None:
    with contextlib.suppress(InvalidRequest):  # of no word at all
        assert found(search, query).files == 1


def test_many_files_are_searched_with_progress_and_can_be_stopped(search: Search, place: Place) -> None:
    for folder in range(20):
        (place.folder / f"f{folder}").mkdir()
        for number in range(100):
            (place.folder / f"f{folder}" / f"{number}.txt").write_text(
                f"line {folder} {number}", encoding="utf-8"
            )
    looks = 0

    def cancelled() -> None:
        nonlocal looks
        looks += 1
        if looks > 40:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        list(search.find("line", cancelled=cancelled, seconds=300))
    steps = list(search.find("zeppelin 99", seconds=300))
    assert isinstance(steps[0], Looked)
    assert 0 < steps[0].to_read < 2_001  # the stopped search was not for nothing
    last = steps[-1]
    assert isinstance(last, Found)
    assert (last.files, last.not_read_yet, last.hits) == (2_001, 0, [])
    assert len(found(search, "99", seconds=300).hits) == 20


def test_links_and_hidden_files_are_not_walked_into(search: Search, place: Place) -> None:
    (place.folder / "out").symlink_to(place.outside)
    (place.folder / ".hidden.txt").write_text("secret", encoding="utf-8")
    (place.folder / "~$plan.docx").write_text("secret", encoding="utf-8")
    assert paths(search, "secret") == []


def test_a_search_can_stay_below_a_folder(search: Search, place: Place, tmp_path: Path) -> None:
    (place.folder / "a" / "x.txt").write_text("zone", encoding="utf-8")
    assert [hit.file.path for hit in found(search, "zone", below="Reports/a").hits] == ["Reports/a/x.txt"]
    assert set(paths(search, "zone")) == {"Reports/a/x.txt", "Reports/sales.txt"}
