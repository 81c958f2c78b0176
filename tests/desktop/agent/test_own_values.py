"""Which of the person's own values stand in what a model writes: cells it was shown, texts of files."""

from typing import Any

import pytest

from desktop.agent.leaving import written
from desktop.agent.outgoing import answer_of
from desktop.agent.own_values import OwnValues
from desktop.tools.base import ToolOutput
from desktop.tools.query import ON_THIS_PC
from shared.llm.base import Message, ToolAnswer, ToolAnswers, ToolCall

ROWS: list[list[Any]] = [
    ["S101", "Zebrapur", 987654.25, "2026-02-14", True],
    ["S102", "O'Brien & Sons", 150000, None, False],
    ["S103", "उज्जैन नगर", 4200, "2026-02-15", True],
    ["S104", "paid", 12345.5, "", None],
]
FILE = "The rent of Quokkaganj market is ₹3,45,678 a month, due on the first."


def own(said: str = "how do my shops compare", names: str = "sales (zone, store_code)") -> OwnValues:
    sheet = ToolOutput(for_model={ON_THIS_PC: True}, cells={"row_count": 4, "preview": ROWS})
    governed = ToolOutput(for_model={"row_count": 1}, cells={"preview": [["Governedpur", 7654321]]})
    note = ToolOutput(for_model={"path": "Notes/rent.txt"}, cells={"text": FILE, "outline": []})
    answers = [
        answer_of(ToolCall("1", "query_local", {}), sheet),
        answer_of(ToolCall("2", "query", {}), governed),
        answer_of(ToolCall("3", "read_file", {}), note),
        ToolAnswer("4", "query_local", {"error": "There is no column Uncellpur."}),
    ]
    messages: list[Message] = [ToolAnswers(answers)]
    return OwnValues(messages, ["In your sheet Bilaspur leads with 7,77,777."], [said], lambda: names)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "clickhouse", "oracle", "tsql"])
@pytest.mark.parametrize(
    ("sql", "values"),
    [
        # literals
        ("SELECT 1 FROM sales WHERE city = 'Zebrapur'", ["Zebrapur"]),
        ("SELECT 1 FROM sales WHERE city = ' ZEBRAPUR '", ["Zebrapur"]),
        ("SELECT 1 FROM sales WHERE city LIKE '%zebrapur%'", ["Zebrapur"]),
        ("SELECT 1 FROM sales WHERE city LIKE 'Zebra%'", ["Zebra%"]),
        ("SELECT 1 FROM sales WHERE city IN ('Agra', 'O''Brien & Sons')", ["O'Brien & Sons"]),
        ("SELECT 1 FROM sales WHERE city = 'उज्जैन नगर'", ["उज्जैन नगर"]),
        ("SELECT 1 FROM sales WHERE code IN ('S101', 'S103')", ["S101", "S103"]),
        ("SELECT 1 FROM sales WHERE day = '2026-02-14'", ["2026-02-14"]),
        ("SELECT 1 FROM sales WHERE city = 'Zeb' || 'rapur'", ["rapur", "Zebrapur"]),
        ("SELECT 1 FROM sales WHERE city = concat('Zeb', 'ra', 'pur')", ["Zebrapur"]),
        ("SELECT 'xxZebrapurxx' FROM sales", ["Zebrapur"]),
        # numbers, as they are, cut, rounded, as text
        ("SELECT 1 FROM sales WHERE net > 987654.25", ["987654.25"]),
        ("SELECT 1 FROM sales WHERE net BETWEEN 987654 AND 987655", ["987654"]),
        ("SELECT 1 FROM sales WHERE net = -150000.00", ["150000.00"]),
        ("SELECT 1 FROM sales WHERE net = 12346", ["12346"]),
        ("SELECT 1 FROM sales WHERE net = CAST('987,654.25' AS DECIMAL(9, 2))", ["987,654.25"]),
        # places that are no literals
        ("SELECT 1 AS zebrapur FROM sales", ["Zebrapur"]),
        ("SELECT zone AS total_of_zebrapur FROM sales", ["Zebrapur"]),
        ("SELECT zebrapur(zone) FROM sales", ["Zebrapur"]),
        ("SELECT zone FROM sales /* Zebrapur has 987654.25 */", ["Zebrapur", "987654.25"]),
        ("SELECT zone FROM sales -- Zebrapur\n", ["Zebrapur"]),
        # texts of files, and what the analyst said of a sheet
        ("SELECT 1 FROM sales WHERE shop = 'Quokkaganj market'", ["Quokkaganj market"]),
        ("SELECT 1 FROM sales WHERE rent = 345678", ["345678"]),
        ("SELECT 1 FROM sales WHERE city = 'Bilaspur' AND n > 777777", ["Bilaspur", "777777"]),
        # nothing of the person's own
        ("SELECT zone, sum(net) AS total FROM sales WHERE day >= '2025-04-01' GROUP BY zone", []),
        ("SELECT 1 FROM sales WHERE city = 'Governedpur' OR net = 7654321", []),
        ("SELECT 1 FROM sales WHERE city = 'Uncellpur'", []),
        ("SELECT 1 FROM sales WHERE net = 4200 AND y = 2026 AND d = '2026' LIMIT 10000", []),
        ("SELECT store_code, zone FROM sales ORDER BY 2 DESC", []),
        ("SELECT 1 FROM sales WHERE s = 'S1' OR s = 'Z' OR s = ''", []),
    ],
)
def test_what_a_query_would_tell(sql: str, values: list[str], dialect: str) -> None:
    found = own().within(written(sql, dialect))
    assert [value.strip() for value in found] == values


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("what does zebrapur sell, and who has 9,87,654.25?", []),
        ("what do zebrapurs sell", ["Zebrapur", "987654.25"]),
    ],
)
def test_what_the_person_wrote_is_no_secret_of_theirs(said: str, values: list[str]) -> None:
    sql = "SELECT 1 FROM sales WHERE city = 'Zebrapur' AND net = 987654.25"
    assert own(said).within(written(sql, "duckdb")) == values


def test_a_name_of_the_schema_is_no_value() -> None:
    sql = "SELECT paid FROM sales"
    assert own().within(written(sql, "duckdb")) == ["paid"]
    assert own(names="sales (zone, paid boolean)").within(written(sql, "duckdb")) == []


@pytest.mark.parametrize(
    "sql",
    ["SELECT ((('Zebrapur'", "SELECT 'Zebrapur", "(" * 99 + "Zebrapur", "\x00 Zebrapur", "1x Zebrapur 'a"],
)
def test_what_no_parser_reads_is_looked_at_whole(sql: str) -> None:
    assert own().within(written(sql, "duckdb")) == ["Zebrapur"]


@pytest.mark.parametrize("value", [["2026-02-14"], {"Zebrapur": [1]}, 987654.25, [["S101"]]])
def test_other_arguments_are_looked_at_too(value: object) -> None:
    assert own().within(written(value, None))


@pytest.mark.parametrize("value", [None, True, [], {}, 5, "", "1e999999999", "٤٥٦٧٨", "9" * 5000, "𝟡𝟠𝟟"])
def test_odd_arguments_are_nothing(value: object) -> None:
    assert own().within(written(value, None)) == []
