"""Made-up answers for the page alone: long, refused, ambiguous, slow. Invented numbers, real shapes."""

from collections.abc import Iterator
from typing import Any

import msgspec

from desktop.events import (
    Changed,
    ChangedCell,
    ChartSpec,
    Choice,
    Clarification,
    Event,
    FollowUps,
    Headline,
    Queued,
    Reading,
    ResultCard,
    Sent,
    StepFinished,
    StepStarted,
    TextChunk,
    TurnFailed,
)
from shared.results import Column, ColumnType

SQL = (
    "SELECT st.zone, SUM(s.net_amount) AS net_sales, SUM(s.quantity) AS pieces,\n"
    "       100.0 * SUM(s.discount) / SUM(s.net_amount) AS discount_share\n"
    "FROM sales AS s JOIN stores AS st ON st.store_id = s.store_id\n"
    "WHERE s.sale_date BETWEEN '2025-04-01' AND '2026-03-31'\nGROUP BY st.zone ORDER BY net_sales DESC"
)
KEPT_AT = "2026-11-22T13:10:00+00:00"
ZONES = [
    ["North", 486200000.5, 812340, 8.4],
    ["East", 310700000.25, 640112, 11.9],
    ["Central", 229400000.0, 401876, 9.1],
    ["West", 142100000.75, 233905, 7.7],
    ["South", 73500000.0, 118240, 6.2],
]
MONTHS = [f"{2025 + (3 + n) // 12}-{(3 + n) % 12 + 1:02d}-01" for n in range(18)]


def columns(**types: ColumnType) -> list[Column]:
    return [Column(name, kind) for name, kind in types.items()]


def zones(cached_at: str | None = None) -> ResultCard:
    return ResultCard(
        result_id="r-zones",
        title="Net sales by zone, April 2025 to March 2026",
        connection="retail",
        sql=SQL,
        columns=columns(
            zone=ColumnType.TEXT,
            net_sales=ColumnType.DECIMAL,
            pieces=ColumnType.INTEGER,
            discount_share=ColumnType.FLOAT,
        ),
        formats=["text", "money", "number", "percent"],
        rows=[list(row) for row in ZONES],
        row_count=len(ZONES),
        truncated=False,
        elapsed_ms=412.0,
        ran_at="2026-11-23T05:12:07+00:00",
        content_hash="4f9c21ab7e03d58e9911aa02bb4477cc00ff12349f9c21ab7e03d58e9911aa02",
        as_of="2026-11-22",
        cached_at=cached_at,
        headline=Headline("₹124.19 crore", "net sales", "+₹8.95 crore, +7.8 %", "up"),
        chart=ChartSpec("column", "zone", ["net_sales"]),
        readings=[Reading("Measure", "sum of net_amount in sales"), Reading("By", "zone of stores")],
    )


def months() -> ResultCard:
    rows = [
        [month, zone, float(base) / 12 * (0.8 + 0.4 * ((n * 7 + len(zone)) % 5) / 4)]
        for n, month in enumerate(MONTHS)
        for zone, base, _, _ in [(str(z[0]), float(str(z[1])), z[2], z[3]) for z in ZONES]
        + [("Islands", 4000000.0, 0, 0), ("Online", 61000000.0, 0, 0), ("Export", 9000000.0, 0, 0)]
    ]
    return ResultCard(
        result_id="r-months",
        title="Net sales by month and zone",
        connection="retail",
        sql=SQL,
        columns=columns(month=ColumnType.DATE, zone=ColumnType.TEXT, net_sales=ColumnType.DECIMAL),
        formats=["month", "text", "money"],
        rows=list(rows),
        row_count=len(rows),
        truncated=False,
        elapsed_ms=980.0,
        ran_at="2026-11-23T05:13:00+00:00",
        content_hash="aa" * 32,
        as_of="2026-11-22",
        chart=ChartSpec("line", "month", ["net_sales"], "zone"),
    )


def long_rows(offset: int, limit: int) -> list[list[object]]:
    return [
        [
            9000000000000000000 + n,
            f"Store {n % 368 + 1}",
            (n * 7919) % 250000 / 4,
            None if n % 9 == 0 else "UPI",
        ]
        for n in range(offset, offset + limit)
    ]


def long_table(count: int = 200_000) -> ResultCard:
    return ResultCard(
        result_id="r-long",
        title="Every bill of October",
        connection="retail",
        sql="SELECT bill_no, store, net_amount, payment_mode FROM sales",
        columns=columns(
            bill_no=ColumnType.INTEGER,
            store=ColumnType.TEXT,
            net_amount=ColumnType.DECIMAL,
            payment_mode=ColumnType.TEXT,
        ),
        formats=["text", "text", "money", "text"],
        rows=long_rows(0, 200),
        row_count=count,
        truncated=True,
        elapsed_ms=2210.0,
        ran_at="2026-11-23T05:13:00+00:00",
        content_hash="bb" * 32,
    )


def wide(rows: int) -> ResultCard:
    """Twenty columns with long names; or, with no rows, an answer that found nothing."""
    kinds = [ColumnType.TEXT] + [ColumnType.DECIMAL] * 19
    names = ["product_category_and_brand"] + [f"net_amount_of_month_{n}" for n in range(1, 20)]
    values: list[list[object]] = [
        [
            f"Ethnic wear for women, brand {n}",
            *[None if (n + m) % 7 == 0 else -n * 1000.25 + m * 77 for m in range(19)],
        ]
        for n in range(rows)
    ]
    return ResultCard(
        result_id="r-wide",
        title="Net amount by category and month, with a title longer than most people would ever write",
        connection="retail",
        sql="SELECT 1",
        columns=[Column(name, kind) for name, kind in zip(names, kinds, strict=True)],
        formats=["text", *["money"] * 19],
        rows=values,
        row_count=rows,
        truncated=False,
        elapsed_ms=61_000.0,
        ran_at="2026-11-23T05:13:00+00:00",
        content_hash="cc" * 32,
    )


def fig(text: str, row: int, column: int) -> str:
    return f'<a class="fig" data-result="r-zones" data-row="{row}" data-column="{column}">{text}</a>'


ANSWER = (
    f"<p>North sold the most, {fig('₹48.62 crore', 0, 1)}, ahead of East with {fig('₹31.07 crore', 1, 1)}; "
    f"discounts were deepest in East at {fig('11.9 %', 1, 3)}. Apparel retail in the region grew about "
    '<span class="fig-none">5 %</span> in the same months.</p>'
)


def steps(sql: str = SQL, summary: str = "5 rows") -> Iterator[Event | float]:
    yield StepStarted("1", "Reading the schema of retail")
    yield 0.05
    yield StepFinished("1", "Read the schema of retail", "ok", 38.0, "6 tables")
    yield StepStarted("2", "Running SQL on retail")
    yield 0.1
    yield StepFinished("2", "Ran SQL on retail", "ok", 412.0, summary, sql)


def answer(question: str, *, offline: bool) -> Iterator[Event | float]:
    """The events of one answer; a number is a pause in seconds."""
    words = question.lower()
    if "which" in words:
        yield Clarification(
            "Sales can be read in three ways. Which one is meant?",
            [
                Choice("Net sales", "Net sales of kurtis"),
                Choice("Gross sales at MRP", "Gross sales of kurtis"),
                Choice("Pieces sold", "Pieces of kurtis sold"),
            ],
        )
    elif "unheard" in words or "changed" in words:
        yield from compared() if "changed" in words else unheard()
    elif "fail" in words:
        yield StepStarted("1", "Running SQL on retail")
        yield StepFinished("1", "Ran SQL on retail", "failed", 12.0, "", "SELECT secret FROM hr")
        yield TurnFailed(
            "The backend refused the query.",
            "Your role may not read the table hr. The administrator can give it.",
            "retry",
            "forbidden",
        )
    elif "slow" in words:
        yield StepStarted("1", "Running SQL on retail")
        yield 60.0
    elif "long" in words:
        yield from steps(summary="2,00,000 rows")
        yield long_table()
        yield TextChunk("<p>Every bill is in the table.</p>")
    elif "wide" in words or "nothing" in words:
        yield from steps()
        yield wide(40 if "wide" in words else 0)
        yield TextChunk(
            "<p>Here it is.</p><ul><li>One</li><li>Two</li></ul>" if "wide" in words else "<p>Nothing.</p>"
        )
    elif "month" in words:
        yield from steps()
        yield months()
        yield TextChunk("<p>Sales by month and zone are in the chart.</p>")
    else:
        yield from steps()
        yield zones(KEPT_AT if offline else None)
        if offline:
            yield Queued("t1", KEPT_AT)
        for end in range(40, len(ANSWER), 40):
            yield 0.01
            if "<" not in ANSWER[end - 40 : end + 40]:
                yield TextChunk(ANSWER[:end])
        yield TextChunk(ANSWER)
        yield FollowUps(
            ["Which East stores fell most?", "Split by department", "Compare with the target by month"]
        )
        yield Sent(14, 0, 2210)
    if "lingering" in words:
        yield 60.0


def unheard() -> Iterator[Event | float]:
    """What was never asked before, while the backend is away."""
    yield StepStarted("1", "Running SQL on retail")
    yield StepFinished("1", "Running SQL on retail", "failed", 4.0, "backend.vmart.example is away.")
    yield Queued("t1")


def compared() -> Iterator[Event | float]:
    """An answer that was asked again."""
    yield from steps()
    card = zones()
    yield card
    before = [ChangedCell(0, 1, 481100000.5), ChangedCell(0, 2, 801240), ChangedCell(2, 1, 230000000.0)]
    gone = [["Islands", 4100000.0, 9120, 5.0]]
    yield Changed(card.result_id, KEPT_AT, True, 3, 1, 1, before, [4], gone, "₹121.02 crore")
    yield TextChunk(ANSWER)


TABLES = [
    {
        "name": "sales",
        "comment": "One line per product on a bill",
        "row_estimate": 1024816,
        "primary_key": ["sale_id"],
        "foreign_keys": [
            {"columns": ["store_id"], "references_table": "stores", "references_columns": ["store_id"]}
        ],
        "columns": [
            {
                "name": "sale_id",
                "type": "integer",
                "nullable": False,
                "comment": "",
                "samples": [],
                "samples_complete": False,
            },
            {
                "name": "store_id",
                "type": "integer",
                "nullable": False,
                "comment": "",
                "samples": [],
                "samples_complete": False,
            },
            {
                "name": "net_amount",
                "type": "decimal",
                "nullable": False,
                "comment": "Rupees after discount",
                "samples": [],
                "samples_complete": False,
            },
            {
                "name": "payment_mode",
                "type": "text",
                "nullable": True,
                "comment": "",
                "samples": ["UPI", "Cash", "Card", "upi"],
                "samples_complete": True,
            },
        ],
    },
    {
        "name": "stores",
        "comment": "",
        "row_estimate": 368,
        "primary_key": ["store_id"],
        "foreign_keys": [],
        "columns": [
            {
                "name": "store_id",
                "type": "integer",
                "nullable": False,
                "comment": "",
                "samples": [],
                "samples_complete": False,
            },
            {
                "name": "zone",
                "type": "text",
                "nullable": False,
                "comment": "",
                "samples": ["North", "East", "Central"],
                "samples_complete": True,
            },
        ],
    },
]

STARTERS = [
    "Net sales by zone this year",
    "Sales by month and zone",
    "Which sales of kurtis?",
    "Stores below target since April",
    "Top 10 products this month",
    "Returns by department",
]


def receipt() -> dict[str, Any]:
    traced = {"text": "₹48.62 crore", "row": 0, "column": 1, "traced": True, "where": "North, Net sales"}
    lost = {"text": "5 %", "row": None, "column": None, "traced": False, "where": ""}
    about = {"connection_type": "filesystem", "params": {}, "query_id": "q-1", "figures": [traced, lost]}
    return {**msgspec.to_builtins(zones()), **about}
