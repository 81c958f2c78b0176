"""Each kind of table gets the chart that suits it, or none."""

from desktop import charts
from desktop.events import ChartSpec
from shared.results import Column, ColumnType


def columns(*names: str) -> list[Column]:
    return [Column(name, ColumnType.TEXT) for name in names]


def test_one_figure_alone_is_a_number() -> None:
    assert charts.suggest(columns("Net"), ["money"], rows=1) == ChartSpec("number", "", ["Net"])


def test_a_figure_over_time_is_a_line_and_over_things_a_bar() -> None:
    line = charts.suggest(columns("Month", "Net"), ["month", "money"], rows=12)
    assert line == ChartSpec("line", "Month", ["Net"])
    assert charts.suggest(columns("Zone", "Net"), ["text", "money"]) == ChartSpec("bar", "Zone", ["Net"])


def test_a_second_group_is_the_series_and_time_is_the_axis() -> None:
    chart = charts.suggest(columns("Zone", "Month", "Net"), ["text", "month", "money"])
    assert chart == ChartSpec("line", "Month", ["Net"], "Zone")


def test_figures_of_another_unit_are_left_out() -> None:
    chart = charts.suggest(columns("Zone", "Net", "Quantity"), ["text", "money", "number"])
    assert chart == ChartSpec("bar", "Zone", ["Net"])


def test_a_comparison_shows_both_periods_and_not_the_difference() -> None:
    names = columns("Zone", "Net", "Net before", "Change", "Change %")
    chart = charts.suggest(names, ["text", "money", "money", "money", "percent"])
    assert chart == ChartSpec("bar", "Zone", ["Net", "Net before"])


def test_there_is_none_for_text_alone_one_row_or_too_many_bars() -> None:
    assert charts.suggest(columns("Zone"), ["text"]) is None
    assert charts.suggest(columns("Zone", "Net"), ["text", "money"], rows=1) is None
    assert charts.suggest(columns("Zone", "Net"), ["text", "money"], rows=500) is None
    assert charts.suggest(columns("A", "B", "C", "Net"), ["text", "text", "text", "money"]) is None


def test_of_a_bare_result_a_key_is_no_figure() -> None:
    kinds = [Column("store_id", ColumnType.INTEGER), Column("net", ColumnType.DECIMAL)]
    assert charts.of_result(kinds, [[1, 2], [2, 3]]) == ChartSpec("bar", "store_id", ["net"])
    assert charts.of_result([Column("net", ColumnType.DECIMAL)], [[1]]) == ChartSpec("number", "", ["net"])
