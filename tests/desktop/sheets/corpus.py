"""Messy sheets as people make them, each with the answer that a person would give: rows, and sums of
columns."""

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
import openpyxl
import xlsxwriter

from tests.desktop.sheets.formats import ods, xls, xlsb


class Expected(msgspec.Struct, frozen=True):
    """Of one table: ``sums`` by column; ``left_out`` counts by why; ``types`` by column."""

    rows: int
    sums: dict[str, float]
    left_out: dict[str, int] = {}
    types: dict[str, str] = {}


class Case(msgspec.Struct, frozen=True):
    name: str
    file: str
    data: bytes
    tables: list[Expected]


def book(fill: Callable[[Any, Any], object], *, sheets: int = 1) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        pages = [made.add_worksheet() for _ in range(sheets)]
        fill(made, pages[0] if sheets == 1 else pages)
    return out.getvalue()


def grid(*rows: list[Any]) -> bytes:
    def fill(made: Any, page: Any) -> None:
        day = made.add_format({"num_format": "dd/mm/yyyy"})
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date | datetime):
                    page.write_datetime(number, column, cell, day)
                elif cell not in (None, ""):
                    page.write(number, column, cell)

    return book(fill)


def csv(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def one(name: str, file: str, data: bytes, rows: int, sums: dict[str, float], **more: Any) -> Case:
    return Case(name, file, data, [Expected(rows, sums, **more)])


def merged_groups(made: Any, page: Any) -> None:
    page.merge_range("A1:F1", "Sales by zone and quarter, ₹ in lakh")
    page.merge_range("A3:A4", "Zone")
    page.merge_range("B3:B4", "City")
    page.merge_range("C3:D3", "2024-25")
    page.merge_range("E3:F3", "2025-26")
    page.write_row("C4", ["Q1", "Q2", "Q1", "Q2"])
    page.merge_range("A5:A6", "North")
    page.merge_range("A7:A8", "South")
    for number, row in enumerate(
        [["Delhi", 10, 20, 30, 40], ["Agra", 1, 2, 3, 4], ["Kochi", 5, 6, 7, 8], ["Salem", 0.5, 0.25, 0, 1]],
        start=4,
    ):
        page.write_row(number, 1, row)


def merged_figure(made: Any, page: Any) -> None:
    page.write_row("A1", ["Store", "Month", "Rent"])
    page.write_row("A2", ["V1", "Apr"])
    page.write_row("A3", ["V1", "May"])
    page.merge_range("C2:C3", 5000)
    page.write_row("A4", ["V2", "Apr", 700])


def side_by_side(made: Any, page: Any) -> None:
    page.write_row("A1", ["Store", "Sales"])
    page.write_row("D1", ["Store", "Returns"])
    for number, (left, right) in enumerate(
        [(["A", 10], ["A", 1]), (["B", 20], ["B", 2]), (["C", 30], None)], start=1
    ):
        page.write_row(number, 0, left)
        if right:
            page.write_row(number, 3, right)


def stacked(made: Any, page: Any) -> None:
    page.write("A1", "Sales")
    page.write_row("A2", ["Store", "Amount"])
    page.write_row("A3", ["A", 100])
    page.write_row("A4", ["B", 200])
    page.write_row("A5", ["Total", 300])
    page.write("A7", "Staff")
    page.write_row("A8", ["Name", "Store", "Salary"])
    page.write_row("A9", ["Asha", "A", 30000])
    page.write_row("A10", ["Ravi", "B", 28000])


def errors(made: Any, page: Any) -> None:
    page.write_row("A1", ["Store", "Margin"])
    page.write_row("A2", ["A", 12.5])
    page.write("A3", "B")
    page.write_formula("B3", "=1/0", None, "#DIV/0!")
    page.write("A4", "C")
    page.write_formula("B4", "=NA()", None, "#N/A")
    page.write_row("A5", ["D", 7.5])


def calculated(made: Any, page: Any) -> None:
    page.write_row("A1", ["Store", "Quantity", "Price", "Amount"])
    for number, (store, quantity, price) in enumerate([("A", 2, 100), ("B", 3, 50.5)], start=2):
        page.write_row(f"A{number}", [store, quantity, price])
        page.write_formula(f"D{number}", f"=B{number}*C{number}", None, quantity * price)


def hidden(made: Any, pages: Any) -> None:
    pages[0].write_row("A1", ["Store", "Amount"])
    pages[0].write_row("A2", ["A", 5])
    pages[0].write_row("A3", ["B", 6])
    pages[0].set_row(2, None, None, {"hidden": True})
    pages[1].write_row("A1", ["Store", "Amount"])
    pages[1].write_row("A2", ["OLD", 999])
    pages[1].hide()


def uncalculated() -> bytes:
    made = openpyxl.Workbook()
    page = made.active
    assert page is not None
    page.append(["Store", "Amount"])
    page.append(["A", 10])
    page.append(["B", "=5+5"])
    page.append(["C", 30])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


PAGES: list[list[Any]] = [
    ["Ledger, page 1"],
    ["Bill", "Store", "Amount"],
    ["B1", "A", 10],
    ["B2", "B", 20],
    ["Page total", "", 30],
    [],
    ["Bill", "Store", "Amount"],
    ["B3", "A", 30],
    ["B4", "C", 40],
    ["Grand total", "", 100],
]
BASIC: list[list[Any]] = [
    ["Monthly targets"],
    [],
    ["Store", "Amount"],
    ["A", 1.5],
    ["B", "₹2,000"],
    ["Total", 2001.5],
]
BASIC_EXPECTED: dict[str, Any] = {"rows": 2, "sums": {"Amount": 2001.5}, "left_out": {"title": 1, "total": 1}}

CASES: list[Case] = [
    one("plain", "a.csv", csv("Store,Amount\nA,10\nB,20.5\n"), 2, {"Amount": 30.5}),
    one("titles and a total", "a.xlsx", grid(*BASIC), **BASIC_EXPECTED),
    one("the same as xls", "a.xls", xls(BASIC), **BASIC_EXPECTED),
    one("the same as xlsb", "a.xlsb", xlsb(BASIC), **BASIC_EXPECTED),
    one("the same as ods", "a.ods", ods(BASIC), **BASIC_EXPECTED),
    one(
        "two rows of heading, merged, names in tall cells",
        "a.xlsx",
        book(merged_groups),
        4,
        {"2024-25 Q1": 16.5, "2024-25 Q2": 28.25, "2025-26 Q1": 40, "2025-26 Q2": 53},
    ),
    one("a figure in a tall cell counts once", "a.xlsx", book(merged_figure), 3, {"Rent": 5700}),
    one(
        "subtotals by zone",
        "a.xlsx",
        grid(
            ["Zone", "City", "Sales", "Target"],
            ["North", "Delhi", 100, 90],
            ["North", "Agra", 50, 60],
            ["North Total", "", 150, 150],
            ["East", "Patna", 70, 80],
            ["East Total", "", 70, 80],
            ["Grand Total", "", 220, 230],
        ),
        3,
        {"Sales": 220, "Target": 230},
        left_out={"total": 3},
    ),
    one(
        "a total without a word",
        "a.xlsx",
        grid(
            ["City", "Sales", "Returns"], ["Delhi", 100, 3], ["Agra", 50, 2], ["Patna", 25, 1], ["", 175, 6]
        ),
        3,
        {"Sales": 175, "Returns": 6},
        left_out={"total": 1},
    ),
    one(
        "a product that is called Total stays",
        "a.xlsx",
        grid(
            ["SKU", "Brand", "Product", "Units"],
            ["S1", "Colgate", "Total Care paste", 12],
            ["S2", "Colgate", "MaxFresh", 5],
            ["S3", "Total", "Multigrade oil", 7],
        ),
        3,
        {"Units": 24},
    ),
    one(
        "an average row",
        "a.xlsx",
        grid(["City", "Sales"], ["Delhi", 10], ["Agra", 20], ["Average", 15], ["Total", 30]),
        2,
        {"Sales": 30},
        left_out={"average": 1, "total": 1},
    ),
    one(
        "कुल",
        "a.xlsx",
        grid(["शहर", "बिक्री"], ["दिल्ली", 10], ["पटना", 20], ["कुल", 30]),
        2,
        {"बिक्री": 30},
        left_out={"total": 1},
    ),
    one(
        "rupees, lakh, crore, brackets, trailing minus",
        "a.csv",
        csv(
            'Item,Amount\na,"₹1,24,500.00"\nb,1.2 lakh\nc,"(1,200)"\nd,"12,34,567-"\ne,Rs. 500/-\nf,0.5 Cr\n'
        ),
        6,
        {"Amount": 124500 + 120000 - 1200 - 1234567 + 500 + 5000000},
    ),
    one("percent", "a.csv", csv("Store,Growth\nA,12.5%\nB,-3%\nC,0.5 %\n"), 3, {"Growth": 10}),
    one(
        "numbers as text in Excel",
        "a.xlsx",
        grid(["Store", "Amount"], ["A", "100"], ["B", "1,50,000"], ["C", 7]),
        3,
        {"Amount": 150107},
    ),
    one(
        "a few words among the figures",
        "a.csv",
        csv("Store,Sales\nA,10\nB,closed\nC,30\nD,40\nE,N/A\nF,-\n"),
        6,
        {"Sales": 80},
        types={"Sales": "integer"},
    ),
    one(
        "codes keep their zeros",
        "a.csv",
        csv("Code,Pin,Qty\n007,110001,1\n008,800001,2\n"),
        2,
        {"Qty": 3},
        types={"Code": "text"},
    ),
    one(
        "dates as text, day first",
        "a.csv",
        csv("Day,Amount\n05/11/2025,1\n25/11/2025,2\n1-Dec-25,4\n2025-12-02,8\n"),
        4,
        {"Amount": 15},
        types={"Day": "date"},
    ),
    one(
        "dates of Excel",
        "a.xlsx",
        grid(["Day", "Amount"], [date(2025, 4, 1), 5], [date(2025, 4, 2), 6]),
        2,
        {"Amount": 11},
        types={"Day": "date"},
    ),
    one(
        "dates of Excel and dates as text",
        "a.xlsx",
        grid(["Day", "Amount"], [date(2025, 4, 1), 5], ["02/04/2025", 6], ["3 Apr 2025", 7]),
        3,
        {"Amount": 18},
        types={"Day": "date"},
    ),
    one(
        "decimal comma and semicolons",
        "a.csv",
        csv("Ort;Betrag\nA;1.234,56\nB;10,5\nC;-3,06\n"),
        3,
        {"Betrag": 1242.0},
    ),
    one("tabs", "a.tsv", csv("Store\tAmount\nA\t1\nB\t2\n"), 2, {"Amount": 3}),
    one("UTF-16", "a.csv", csv("Store\tAmount\nदिल्ली\t1\nपटना\t2\n", "utf-16"), 2, {"Amount": 3}),
    one("Windows-1252", "a.csv", csv("Café,Amount\nDélhi,1\nAgra,2\n", "cp1252"), 2, {"Amount": 3}),
    one(
        "a mark, and sep=",
        "a.csv",
        b"\xef\xbb\xbf" + csv("sep=;\nStore;Amount\nA;1\nB;2\n"),
        2,
        {"Amount": 3},
    ),
    one(
        "title rows in a CSV",
        "a.csv",
        csv("Sales report\nAs on 31/03/2026\n\nStore,City,Amount\nA,Delhi,10\nB,Agra,20\nTotal,,30\n"),
        2,
        {"Amount": 30},
        left_out={"title": 2, "total": 1},
    ),
    one(
        "notes below",
        "a.xlsx",
        grid(
            ["Store", "Amount", "Remark"],
            ["A", 10, ""],
            ["B", 20, "new"],
            [],
            ["Note: provisional"],
            ["Source: finance team"],
        ),
        2,
        {"Amount": 30},
        left_out={"note": 2},
    ),
    Case(
        "two tables side by side",
        "a.xlsx",
        book(side_by_side),
        [Expected(3, {"Sales": 60}), Expected(2, {"Returns": 3})],
    ),
    Case(
        "two tables one below the other",
        "a.xlsx",
        book(stacked),
        [
            Expected(2, {"Amount": 300}, {"title": 1, "total": 1}),
            Expected(2, {"Salary": 58000}, {"title": 1}),
        ],
    ),
    one(
        "headings again on each page",
        "a.xlsx",
        grid(*PAGES),
        4,
        {"Amount": 100},
        left_out={"title": 1, "total": 2, "repeated": 1},
    ),
    one(
        "a blank column and a blank row inside",
        "a.xlsx",
        grid(["Store", "", "Amount"], ["A", "", 1], [], ["B", "", 2], ["C", "", 4]),
        3,
        {"Amount": 7},
    ),
    one(
        "not at the corner",
        "a.xlsx",
        grid([], [], ["", "", "Store", "Amount"], ["", "", "A", 3], ["", "", "B", 4]),
        2,
        {"Amount": 7},
    ),
    one(
        "headings twice and missing",
        "a.csv",
        csv("Store,Amount,Amount,\nA,1,10,x\nB,2,20,y\n"),
        2,
        {"Amount": 3, "Amount_2": 30},
    ),
    one("errors of Excel", "a.xlsx", book(errors), 4, {"Margin": 20}, types={"Margin": "decimal"}),
    one("formulas with their values", "a.xlsx", book(calculated), 2, {"Amount": 351.5}),
    one("formulas that were never calculated", "a.xlsx", uncalculated(), 3, {"Amount": 40}),
    one("hidden sheet, hidden row", "a.xlsx", book(hidden, sheets=2), 2, {"Amount": 11}),
    one(
        "the zone only in its first row",
        "a.xlsx",
        grid(
            ["Zone", "City", "Sales"],
            ["North", "Delhi", 1],
            ["", "Agra", 2],
            ["", "Jaipur", 4],
            ["South", "Kochi", 8],
            ["", "Salem", 16],
        ),
        5,
        {"Sales": 31},
    ),
    one(
        "names of sections between the rows",
        "a.xlsx",
        grid(
            ["Store", "Sales", "Returns"],
            ["North Zone"],
            ["A", 10, 1],
            ["B", 20, 2],
            ["South Zone"],
            ["C", 30, 3],
            ["D", 40, 4],
        ),
        4,
        {"Sales": 100, "Returns": 10},
        left_out={"section": 2},
    ),
    one(
        "months and years as headings",
        "a.xlsx",
        grid(
            ["Store", "Apr-25", "May-25", "Jun-25"], ["A", 1, 2, 3], ["B", 10, 20, 30], ["Total", 11, 22, 33]
        ),
        2,
        {"Apr-25": 11, "May-25": 22, "Jun-25": 33},
        left_out={"total": 1},
    ),
    one(
        "years as headings",
        "a.xlsx",
        grid(["State", 2023, 2024], ["UP", 5, 6], ["Bihar", 7, 8]),
        2,
        {"2023": 12, "2024": 14},
    ),
    one("no heading", "a.csv", csv("A,10\nB,20\nC,5\n"), 3, {"column_2": 35}),
    one("0.1 + 0.2", "a.xlsx", grid(["k", "v"], ["a", 0.1 + 0.2], ["b", 0.1]), 2, {"v": 0.4}),
    one(
        "quotes, commas and line ends inside",
        "a.csv",
        csv('Name,Amount\n"A, ""x""\nB",1\nC,2\n'),
        2,
        {"Amount": 3},
    ),
    one(
        "rows that are too long or too short",
        "a.csv",
        csv("Store,Amount\nA,1,extra\nB\nC,2\n"),
        3,
        {"Amount": 3},
    ),
    one(
        "a column of row totals is a column",
        "a.xlsx",
        grid(["Store", "Q1", "Q2", "Total"], ["A", 1, 2, 3], ["B", 10, 20, 30]),
        2,
        {"Q1": 11, "Q2": 22, "Total": 33},
    ),
    one(
        "report date beside its words",
        "a.xlsx",
        grid(
            ["Report date:", "31/03/2026"], ["Store", "City", "Amount"], ["A", "Delhi", 1], ["B", "Agra", 2]
        ),
        2,
        {"Amount": 3},
        left_out={"title": 1},
    ),
    one("large figures", "a.csv", csv("k,v\na,1234567890123.45\nb,0.55\n"), 2, {"v": 1234567890124.0}),
]
