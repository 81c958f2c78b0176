"""Policies of roles to what a caller sees: conditions that are safe, roles that add up, scopes."""

import pytest

from server.access.data_policy import UNRESTRICTED, check, resolve
from shared.errors import InvalidRequest
from shared.policies import ConnectionPolicy, TablePolicy
from shared.results import ColumnType
from shared.sql import conditions, filling, parsing
from shared.wire import ColumnInfo

COLUMNS = {
    "zone": ColumnInfo("Zone", ColumnType.TEXT, True),
    "store_id": ColumnInfo("store_id", ColumnType.INTEGER, True),
    "amount": ColumnInfo("amount", ColumnType.DECIMAL, True),
    "sold_on": ColumnInfo("sold_on", ColumnType.DATE, True),
    "open": ColumnInfo("open", ColumnType.BOOLEAN, True),
}


def _filled(text: str, attributes: dict[str, list[str]], dialect: str = "postgres") -> str | None:
    found = filling.filled(conditions.parsed(text), lambda name: COLUMNS.get(name.lower()), attributes, "t")
    return None if found is None else parsing.render(found, dialect)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zone = 'East'", "\"t\".\"Zone\" = 'East'"),
        ("zone = {user.zone}", "\"t\".\"Zone\" = 'North'"),
        ("ZONE IN ({user.zones})", "\"t\".\"Zone\" IN ('A', 'B''; --')"),
        ("zone = {user.zones}", "\"t\".\"Zone\" IN ('A', 'B''; --')"),
        ("zone <> {user.zones}", "NOT (\"t\".\"Zone\" IN ('A', 'B''; --'))"),
        ("store_id = '7'", '"t"."store_id" = 7'),
        ("store_id IN ({user.stores})", '"t"."store_id" IN (1, 22)'),
        ("sold_on >= '2026-01-01'", "\"t\".\"sold_on\" >= CAST('2026-01-01' AS DATE)"),
        ("open = TRUE AND amount > -1.5", '"t"."open" = TRUE AND "t"."amount" > -1.5'),
        ("lower(zone) LIKE 'e%'", "lower(\"t\".\"Zone\") LIKE 'e%'"),
        ("zone IS NOT NULL OR store_id BETWEEN 1 AND 5",
         "NOT (\"t\".\"Zone\" IS NULL) OR \"t\".\"store_id\" BETWEEN 1 AND 5"),
        ("coalesce(zone, 'none') = {user.zone}", "coalesce(\"t\".\"Zone\", 'none') = 'North'"),
        ("{user.zone} = zone", "\"t\".\"Zone\" = 'North'"),
        ("TRUE", "1 = 1"),
    ],
)  # fmt: skip
def test_a_condition_holds_values_and_never_text_of_the_user(text: str, expected: str) -> None:
    given = {"zone": ["North"], "zones": ["A", "B'; --"], "stores": ["1", "22"]}
    assert _filled(text, given) == expected


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("zone = {user.zone}", {}),
        ("NOT zone = {user.zone}", {}),
        ("zone = 'East' OR zone = {user.zone}", {}),
        ("zone = {user.zone}", {"zone": []}),
        ("store_id = {user.store}", {"store": ["7 OR 1=1"]}),
        ("NOT store_id = {user.store}", {"store": ["x"]}),
        ("sold_on > {user.since}", {"since": ["yesterday"]}),
        ("store_id > {user.store}", {"store": ["1", "2"]}),
        ("zone = {user.zone}", {"zone": ["a\x00b"]}),
        ("zone = {user.zone}", {"zone": ["a\nb"]}),
    ],
)
def test_an_attribute_that_is_missing_or_does_not_fit_means_no_rows(
    text: str, given: dict[str, list[str]]
) -> None:
    assert _filled(text, given) is None


@pytest.mark.parametrize("dialect", ["postgres", "duckdb", "clickhouse", "oracle", "tsql"])
@pytest.mark.parametrize(
    "value",
    ["\\", "\\' OR 1=1 --", "''", "a'b\\", "${x}", "{user.zone}", "%s", ":x", "日本", "; DROP TABLE t"],
)
def test_an_attribute_is_the_same_text_when_the_dialect_reads_it_back(dialect: str, value: str) -> None:
    text = _filled("zone = {user.zone}", {"zone": [value]}, dialect)
    assert text is not None
    (tree,) = parsing.trees(f"SELECT 1 WHERE {text}", dialect, frozenset())
    right = tree.args["where"].this.expression
    assert right.name == value


@pytest.mark.parametrize(
    "text",
    [
        "zone = '{user.zone}'", "zone = {user.zone", "zone = {zone}", "zone = {user.a b}", "zone = :zone",
        "zone = 'a' --", "zone /* */ = 'a'", "zone = 'a'; DROP TABLE t", "zone = 'a' UNION SELECT 1",
        "zone IN (SELECT zone FROM secret)", "EXISTS (SELECT 1)", "pg_sleep(5) = 1", "zone::int = 1",
        "CAST(zone AS int) = 1", "1/store_id > 1", "store_id + 1 > 2", "t.zone = 'a'", "zone", "1", "zone = ",
        "zone = 'a' ORDER BY 1", "zone = 'a' LIMIT 1", "zone LIKE {user.zone}", "zone LIKE 'a\\%'",
        "zone IS TRUE",
        "'a' = 'a'", "zone ~ 'a'", "zone = ANY(ARRAY['a'])", "(zone, store_id) = ('a', 1)", "zone = $1",
        "zone = ?",
        "row_number() OVER () = 1", "zone = (SELECT 1)", "zone = 'a' GROUP BY 1", "lower() = 'a'",
        "\"{user.zone}\" = 'a'", "zone = E'a'", "zone COLLATE \"C\" = 'a'", "abs(store_id, 1) = 1",
        "zone = $$a$$ OR 1/0",
    ],
)  # fmt: skip
def test_what_is_more_than_a_plain_condition_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidRequest) as failure:
        check([ConnectionPolicy("shop", [TablePolicy("sales", rows=text)])])
    assert failure.value.message.endswith(".")
    assert "sales" in failure.value.message
    assert "vmart" not in str(failure.value)


def test_a_caller_with_a_role_that_sees_all_pays_nothing() -> None:
    assert resolve([[ConnectionPolicy("shop", [TablePolicy("*")])], None], {}) is UNRESTRICTED
    assert not UNRESTRICTED.restricts
    assert UNRESTRICTED.scope == ""


def test_a_caller_without_a_policy_sees_nothing() -> None:
    for count in range(3):
        nothing = resolve([[]] * count, {})
        assert nothing.restricts
        assert not nothing.sees("shop")
        assert nothing.scope


def _role(rows: str, table: str = "sales") -> list[ConnectionPolicy]:
    return [ConnectionPolicy("shop*", [TablePolicy(table, rows=rows)])]


def test_a_scope_is_shared_by_those_who_see_the_same_and_by_nobody_else() -> None:
    mine = resolve([_role("zone = {user.zone}"), _role("", "stores")], {"zone": "East", "phone": "1"})
    yours = resolve([_role("", "stores"), _role("zone = {user.zone}")], {"zone": ["East"], "phone": "2"})
    others = resolve([_role("zone = {user.zone}"), _role("", "stores")], {"zone": "West"})
    assert mine.scope == yours.scope
    assert len({mine.scope, others.scope, resolve([_role("")], {}).scope, ""}) == 4


def test_of_one_role_the_closest_name_of_a_connection_counts() -> None:
    role = [
        ConnectionPolicy("*", [TablePolicy("*")]),
        ConnectionPolicy("shop*", [TablePolicy("a")]),
        ConnectionPolicy("shop_north", [TablePolicy("b")]),
    ]
    policy = resolve([role], {})
    assert policy.of("shop_north") == [(TablePolicy("b"),)]
    assert policy.of("shop_south") == [(TablePolicy("a"),)]
    assert policy.sees_whole("files")
    assert not policy.sees_whole("shop_south")
