"""A change is taken apart so that its parts add up; what comes is told with its record, and options with
theirs."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.insights import by_rows, drivers
from server.insights.drivers import asked, decomposed
from server.insights.facts import Wish, examine
from server.insights.findings import Driven, Forecast, PriceVolumeMix, Seasonal
from server.insights.forecast import forecast
from server.insights.measured import Measured
from server.insights.options import options
from server.insights.table import from_objects
from shared.errors import InvalidRequest

FIGURES = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@given(arrays(np.float64, (5, 2), elements=FIGURES), arrays(np.float64, (5, 2), elements=FIGURES))
@settings(max_examples=60, deadline=None)
def test_volume_price_and_mix_add_up_to_the_change(quantity: Any, prices: Any) -> None:
    money = quantity * prices
    parts = decomposed(quantity, money)
    change = float(money[:, 1].sum() - money[:, 0].sum())
    if parts is None:
        assert min(quantity[:, 0].sum(), quantity[:, 1].sum()) == 0
    else:
        assert sum(parts) == pytest.approx(change, rel=1e-9, abs=1e-3)


def test_only_a_price_that_rose_is_price_and_only_more_pieces_are_volume() -> None:
    before = np.array([10.0, 20.0])
    assert decomposed(np.column_stack([before, before]), np.column_stack([before * 5, before * 6])) == (
        0,
        30,
        0,
    )
    twice = decomposed(np.column_stack([before, 2 * before]), np.column_stack([before * 5, before * 10]))
    assert twice == (150, 0, 0)


def measured(days: int, amount: Any, **more: Any) -> Measured:
    first = date(2024, 1, 1)
    rows = [
        {"day": (first + timedelta(days=n)).isoformat(), "shop": shop, "pieces": 2, "amount": amount(n, shop)}
        for n in range(days)
        for shop in ("a", "b", None)
    ]
    return by_rows.measured(from_objects(rows), **more)


def test_a_change_is_told_by_groups_with_what_has_none_and_adds_up() -> None:
    periods = asked(["2024-03-01", "2024-03-31"], ["2024-02-01", "2024-02-29"])
    of = measured(120, lambda n, shop: 100 if n < 60 or shop != "a" else 150, periods=periods)
    facts = examine(of, Wish(periods=periods))
    (driven,) = [one for one in facts.findings if isinstance(one, Driven)]
    assert driven.parts[0].group == "a"
    assert {part.group for part in driven.parts} == {"a", "b", "(not given)"}
    assert sum(part.change for part in driven.parts) + driven.rest_change == driven.change
    assert (driven.earlier, driven.later) == (3 * 29 * 100, 31 * 350)
    (mix,) = [one for one in facts.findings if isinstance(one, PriceVolumeMix)]
    assert mix.volume + mix.price + mix.mix == pytest.approx(mix.change)


@pytest.mark.parametrize(
    ("period", "against"),
    [
        (["2025-10-01"], []),
        (["2025-10-31", "2025-10-01"], []),
        (["soon", "later"], []),
        ([], ["2025-10-01", "2025-10-31"]),
    ],
)
def test_periods_that_make_no_sense_are_refused(period: list[str], against: list[str]) -> None:
    with pytest.raises(InvalidRequest):
        asked(period, against)


def test_without_other_days_a_period_is_compared_with_the_same_weekdays_a_year_before() -> None:
    periods = asked(["2025-10-06", "2025-10-12"], [])
    assert periods is not None
    assert periods.first - periods.against_first == 364
    assert drivers.usual(0, 20) is None


WEEK = (0.8, 0.8, 0.9, 0.9, 1.0, 1.3, 1.5)


def weekly(n: int, shop: str | None) -> float:
    noise = np.random.default_rng(n * 7 + len(str(shop))).normal(1, 0.08)
    return float(1000 * WEEK[n % 7] * noise)


def test_a_rhythm_is_forecast_better_than_by_the_week_before_and_told_with_its_range() -> None:
    found = forecast(measured(300, weekly), 28)
    assert found is not None
    told = found.finding
    assert told.method == "model"
    assert told.error_percent < told.naive_error_percent
    assert told.low < told.value < told.high
    true = 3 * 1000 * sum(WEEK[n % 7] for n in range(300, 328))
    assert told.low <= true <= told.high
    assert len(found.points) == 28
    assert found.points[0].day == "2024-10-27"


def test_when_nothing_beats_the_plain_guess_it_is_said() -> None:
    def walk(n: int, shop: str | None) -> float:
        return (
            100.0 if n < 200 else 100.0 + 30 * (n - 200)
        )  # a level that no past foretold, then a steep climb

    found = forecast(measured(230, walk), 7)
    assert found is not None
    assert found.finding.folds >= 4
    assert found.finding.low <= found.finding.value <= found.finding.high


def test_too_short_a_past_is_not_forecast() -> None:
    assert forecast(measured(20, weekly), 28) is None


def test_a_rhythm_of_the_week_is_told_and_no_surprise() -> None:
    facts = examine(measured(200, weekly), Wish())
    assert any(isinstance(one, Seasonal) and one.high_name == "Sunday" for one in facts.background)
    assert not any(one for one in facts.findings if isinstance(one, Seasonal))


def test_where_nothing_stands_out_nothing_is_recommended() -> None:
    of = measured(400, weekly)
    assert options(of, examine(of, Wish())) == []


def test_a_forecast_is_told_only_when_it_is_asked_for() -> None:
    of = measured(300, weekly)
    asked_for = examine(of, Wish(forecast_days=14)).findings
    assert [one.last for one in asked_for if isinstance(one, Forecast)] == ["2024-11-09"]
    assert not [one for one in examine(of, Wish()).findings if isinstance(one, Forecast)]
