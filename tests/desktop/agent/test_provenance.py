"""Each figure of an answer leads to its cell, or is marked as found nowhere."""

from decimal import Decimal

import pytest

from desktop.agent.markup import Marked
from desktop.agent.provenance import Evidence
from shared.results import Column, ColumnType

EVIDENCE = Evidence(
    "r1",
    [
        Column(name="zone", type=ColumnType.TEXT),
        Column(name="net_sales", type=ColumnType.DECIMAL),
        Column(name="last_year", type=ColumnType.DECIMAL),
    ],
    ["text", "money", "money"],
    [
        ["North 2", Decimal("123456789.50"), Decimal(100000000)],
        ["South", Decimal(4500000), Decimal(5000000)],
        ["East", Decimal(789123), None],
    ],
)


def traced(text: str, question: str = "") -> list[tuple[str, bool, int | None, int | None]]:
    return [(f.text, f.traced, f.row, f.column) for _, f in Marked(text, [EVIDENCE], question).figures]


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("North sold ₹12,34,56,789.50.", 0, 1),
        ("North sold ₹12.35 crore.", 0, 1),
        ("North sold 12.3 cr", 0, 1),
        ("South sold ₹45 lakh", 1, 1),
        ("South sold 4,500,000 rupees", 1, 1),
        ("East: ₹7.89 lakh", 2, 1),
        ("It is 12.35 करोड़ now", 0, 1),
        ("North sold Rs. 12.35 crore", 0, 1),
    ],
)
def test_a_figure_in_any_spelling_leads_to_its_cell(text: str, row: int, column: int) -> None:
    assert [(t, r, c) for _, t, r, c in traced(text)] == [(True, row, column)]


@pytest.mark.parametrize(
    "text",
    ["North sold ₹12.36 crore.", "South sold ₹46 lakh", "There were 17 of them", "a growth of 55.5%"],
)
def test_a_figure_that_is_in_no_result_is_marked(text: str) -> None:
    marked = Marked(text, [EVIDENCE])
    assert [figure.traced for _, figure in marked.figures] == [False]
    assert 'class="fig-none"' in marked.html


@pytest.mark.parametrize("text", ["North grew by 23.46%", "South fell by 10 percent", "all of ₹12.87 crore"])
def test_totals_and_changes_are_traced_in_words(text: str) -> None:
    [(result, figure)] = Marked(text, [EVIDENCE]).figures
    assert (result, figure.traced, figure.row) == ("r1", True, None)
    assert figure.where


@pytest.mark.parametrize(
    "text",
    [
        "In 2025 and FY 2025-26",
        "On 23 Nov 2026, at 18:40",
        "March 31 was the 1st",
        "the top 5 of the last 12 months",
        "2026-03-31",
        "Q3 was good",
        "`SELECT 42`",
        "The store North 2 leads",
    ],
)
def test_dates_ordinals_and_names_are_no_figures(text: str) -> None:
    assert traced(text) == []


def test_figures_of_the_question_are_the_persons_own() -> None:
    assert traced("Stores above 999 sq ft", "which stores are above 999 sq ft") == []


def test_a_cell_is_better_evidence_than_a_total_of_the_same_size() -> None:
    single = Evidence("r", [Column(name="n", type=ColumnType.INTEGER)], ["number"], [[42]])
    [(_, figure)] = Marked("It is 42", [single]).figures
    assert (figure.row, figure.column) == (0, 0)


def test_model_text_never_becomes_a_script_an_image_or_a_handler() -> None:
    html = Marked(
        "<script>alert(1)</script> <img src=x onerror=alert(1)> ![x](https://evil.example/a.png)\n\n"
        "[click](javascript:alert(1)) [ok](https://example.com) <a class='fig' data-result='r1'>9</a>"
    ).html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="https://example.com" rel="noopener noreferrer nofollow"' in html
    assert "<a class='fig'" not in html


def test_markdown_tables_and_emphasis_are_drawn() -> None:
    html = Marked("**Bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n").html
    assert "<strong>Bold</strong>" in html
    assert "<table>" in html
