"""What follows from the sales: returns, weekly stock and monthly targets."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from server.demo import planted, seasons
from server.demo.dice import Ints, roll
from server.demo.products import CATEGORIES, PER_CATEGORY
from server.demo.sales import Lines
from server.demo.stores import Store

REASONS = ("Size does not fit", "Did not like it", "Defective", "Colour faded", "Wrong item")
_USUAL_RATE = 28  # thousandths of the lines


class Returns(NamedTuple):
    """One entry a return, in the order of its day. ``line`` is the index of the sales line."""

    line: Ints
    day: Ints
    quantity: Ints
    refund: Ints
    reason: Ints


class Stock(NamedTuple):
    """One entry a week, store and category, in that order, from the week a store opens."""

    week: Ints
    store: Ints
    category: Ints
    on_hand: Ints
    on_order: Ints


class Targets(NamedTuple):
    """One entry a store and month in which it is open; ``amount`` in rupees."""

    store: Ints
    month: Ints
    amount: Ints


def all_returns(lines: Lines) -> Returns:
    """Three lines of a hundred come back within three weeks; nothing comes back after the last day."""
    line = np.arange(lines.day.size, dtype=np.int64)
    span = seasons.days_between(*planted.RETURNS)
    bad = [c.name for c in CATEGORIES].index(planted.RETURNS_CATEGORY)
    in_batch = (lines.product // PER_CATEGORY == bad) & (lines.day >= span.start) & (lines.day < span.stop)
    rate = np.where(in_batch, planted.RETURNS_RATE, _USUAL_RATE)
    day = lines.day + 1 + roll(20, 51, line)
    may = (lines.copy == 0) & (lines.quantity < planted.BULK_QUANTITY) & (day < seasons.DAYS)
    line = np.flatnonzero((roll(1000, 50, line) < rate) & may)
    line = line[np.argsort(day[line], kind="stable")]
    sold = lines.quantity[line]
    quantity = np.where(roll(100, 52, line) < 70, sold, 1)
    thrown = roll(100, 53, line)
    usual = np.searchsorted(np.array([42, 68, 82, 92]), thrown, side="right")
    return Returns(
        line=line,
        day=day[line],
        quantity=quantity,
        refund=lines.net[line] * quantity // sold,
        reason=np.where(in_batch[line] & (thrown < 85), REASONS.index("Defective"), usual),
    )


def all_stock(stores: Sequence[Store], lines: Lines) -> Stock:
    """Each Monday morning: what is on the shelf and what is on its way, which comes a week later.

    A store orders what this week and the next two will sell, give or take, so shelves run empty where the
    guess was low. Stock moves by the lines that were sold; returned goods go back to the supplier.
    """
    weeks = (seasons.DAYS + 6) // 7
    shape = (weeks, len(stores), len(CATEGORIES))
    cell = (lines.day // 7 * shape[1] + lines.store) * shape[2] + lines.product // PER_CATEGORY
    in_line = np.where(lines.quantity == planted.BULK_QUANTITY, 0, lines.quantity)
    sold = np.zeros(weeks * shape[1] * shape[2], dtype=np.int64)
    np.add.at(sold, cell, in_line)
    sold = sold.reshape(shape)
    coming = np.concatenate([sold, sold[-2:]])
    need = coming[:weeks] + coming[1 : weeks + 1] + coming[2 : weeks + 2]
    guess = 400 + roll(1100, 60, _cells(shape))
    wanted = need * guess.reshape(shape) // 1000 + 2
    on_hand, on_order = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    shelf, ordered = wanted[0] * 1, np.zeros(shape[1:], dtype=np.int64)
    for now in range(weeks):
        shelf = shelf + ordered
        ordered = np.maximum(wanted[now] - shelf, 0)
        on_hand[now], on_order[now] = shelf, ordered
        shelf = np.maximum(shelf - sold[now], 0)
    _plant_stock_out(stores, on_hand, on_order)
    opened = np.array([seasons.day_of(store.opened_on) for store in stores], dtype=np.int64)
    there = np.broadcast_to((np.arange(weeks)[:, None] * 7 + 6 >= opened)[:, :, None], shape)
    week, store, category = (index.astype(np.int64) for index in np.nonzero(there))
    return Stock(week, store, category, on_hand[there], on_order[there])


def all_targets(stores: Sequence[Store], lines: Lines, expected: Ints) -> Targets:
    """What the plan expects of the store, at the month's usual value of a line, stretched a little."""
    month_of = seasons.month_index()
    planned = np.zeros((24, len(stores)), dtype=np.int64)
    np.add.at(planned, month_of, expected.T)
    ordinary = (lines.quantity < planted.BULK_QUANTITY) & (lines.copy == 0)
    month = month_of[lines.day]
    paise, count = np.zeros(24, dtype=np.int64), np.zeros(24, dtype=np.int64)
    np.add.at(paise, month[ordinary], lines.net[ordinary])
    np.add.at(count, month[ordinary], 1)
    value = paise // count
    key = np.arange(24 * len(stores), dtype=np.int64)
    stretch = (960 + roll(120, 70, key)).reshape(planned.shape)
    rupees = planned * value[:, None] // 100_000 * stretch // 1000
    at_month, at_store = np.nonzero(planned)
    amount = (rupees[at_month, at_store] + 500) // 1000 * 1000
    return Targets(at_store.astype(np.int64), at_month.astype(np.int64), np.maximum(amount, 1000))


def _cells(shape: tuple[int, int, int]) -> Ints:
    return np.arange(shape[0] * shape[1] * shape[2], dtype=np.int64)


def _plant_stock_out(stores: Sequence[Store], on_hand: Ints, on_order: Ints) -> None:
    span = seasons.days_between(*planted.STOCK_OUT)
    weeks = slice(span.start // 7, (span.stop - 1) // 7 + 1)
    places = [n for n, store in enumerate(stores) if store.zone == planted.STOCK_OUT_ZONE]
    category = [c.name for c in CATEGORIES].index(planted.STOCK_OUT_CATEGORY)
    on_hand[weeks, places, category] = 0
    on_order[weeks, places, category] = on_order[weeks.start - 1, places, category] + 40
