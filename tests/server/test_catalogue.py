"""Finding tables in a schema: by words in names, columns and comments, the best first."""

import msgspec
import pytest

from server.catalogue import Catalogue, name_parts
from server.table_search import normal
from shared.results import ColumnType
from shared.wire import ColumnInfo, Schema, TableInfo


def table(name: str, *columns: str, comment: str = "", note: str = "") -> TableInfo:
    infos = [ColumnInfo(column, ColumnType.TEXT) for column in columns]
    if note:
        infos.append(ColumnInfo("noted", ColumnType.TEXT, comment=note))
    return TableInfo(name, infos, comment=comment)


CATALOGUE = Catalogue(
    Schema(
        tables=[
            table("sales", "sale_id", "store_id", "net_amount"),
            table("sales_targets", "store_id", "month"),
            table("hr.staff", "StaffID", "name", comment="Who works in which store"),
            table('"Head Office"."Ausgaben"', "Café", "Größe"),
            table("ledger", "entry", note="net sales, booked monthly"),
            table("दुकान", "नाम"),
        ],
        dialect="postgres",
        connection="shop",
    )
)


def found(text: str, limit: int = 10) -> list[str]:
    return [one.name for one in msgspec.json.decode(CATALOGUE.search(text, limit), type=Schema).tables]


def test_a_table_of_that_name_comes_before_columns_and_those_before_comments() -> None:
    assert found("sales") == ["sales", "sales_targets", "ledger"]
    assert found("store") == ["sales", "sales_targets", "hr.staff"]


def test_all_words_must_be_there_when_any_table_has_them_all() -> None:
    assert found("sales month") == ["sales_targets", "ledger"]
    assert found("sales wombat")[0] == "sales"
    assert found("wombat") == []
    assert found("") == found(" _ ") == []


@pytest.mark.parametrize("text", ["CAFE", "café", "cafe\u0301", "GRÖSSE", "grosse"])
def test_neither_case_nor_accents_count(text: str) -> None:
    assert found(text) == ['"Head Office"."Ausgaben"']


def test_words_are_found_in_camel_case_and_in_hindi() -> None:
    assert normal("StaffID") == "staff id"
    assert found("staff id") == ["hr.staff"]
    assert found("दुकान") == ["दुकान"]


def test_a_search_tells_how_many_fit_and_gives_the_best() -> None:
    answer = msgspec.json.decode(CATALOGUE.search("store", 1), type=Schema)
    assert (answer.found, [one.name for one in answer.tables]) == (3, ["sales"])
    assert (answer.dialect, answer.connection) == ("postgres", "shop")


def test_a_table_is_found_by_its_name_in_any_case() -> None:
    one = CATALOGUE.find("HR.Staff")
    assert one is not None
    assert one.columns[0].name == "StaffID"
    assert CATALOGUE.find("hr") is None
    assert CATALOGUE.find_parts(("Head Office", "Ausgaben")) is not None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("sales", ("sales",)),
        ("hr.staff", ("hr", "staff")),
        ('"Head.Office"."a ""b"""', ("Head.Office", 'a "b"')),
        ("[dbo].[Order Lines]", ("dbo", "Order Lines")),
        ("db.`a``b`", ("db", "a`b")),
    ],
)
def test_names_are_taken_apart_in_the_quotes_of_any_dialect(name: str, parts: tuple[str, ...]) -> None:
    assert name_parts(name) == parts


def test_the_whole_is_what_it_was_made_from_and_its_etag_tells_versions_apart() -> None:
    schema = msgspec.json.decode(CATALOGUE.body(), type=Schema)
    again = Catalogue(schema)
    assert (again.body(), again.etag) == (CATALOGUE.body(), CATALOGUE.etag)
    assert Catalogue(msgspec.structs.replace(schema, tables=schema.tables[1:])).etag != again.etag
    assert msgspec.json.decode(Catalogue(Schema([])).body(), type=Schema) == Schema([])
