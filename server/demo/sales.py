"""The sales lines of the demo, as columns of whole numbers: money in paise, places by their index."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from server.demo import planted, seasons
from server.demo.dice import Ints, choose, roll
from server.demo.products import CATEGORIES, PER_CATEGORY, Category, Product, popularity
from server.demo.stores import ZONES, Store

LINES = 1_000_000
"""About so many; the dice decide the last few thousand."""
PAYMENT_MODES = ("UPI", "Cash", "Card", "Wallet", "Credit note")
_SALE_DEPARTMENTS = ("Men", "Women", "Kids")


class Lines(NamedTuple):
    """One entry a sales line, in the order of day and store. ``payment`` is -1 where it is missing."""

    day: Ints
    store: Ints
    product: Ints
    quantity: Ints
    net: Ints
    discount: Ints
    payment: Ints
    copy: Ints
    """1 where the till posted the line before it again."""


def expected_lines(stores: Sequence[Store]) -> Ints:
    """What a plan would expect of store and day, in thousandths of a line: no chance, nothing planted."""
    size = np.array([store.size for store in stores], dtype=np.int64)
    lift, remains = seasons.festival_lift(stores)
    trade = seasons.ordinary_days()[None, :] * (1000 + lift) // 1000 * remains // 1000
    weight = trade * size[:, None] * _opening(stores)
    scaled: Ints = weight // (weight.sum() // (LINES * 1000))
    return scaled


def all_lines(stores: Sequence[Store], products: Sequence[Product], expected: Ints) -> Lines:
    """Every line of the two years."""
    counts = _counts(stores, expected)
    by_day = counts.T.reshape(-1)
    cell = np.repeat(np.arange(by_day.size, dtype=np.int64), by_day)
    day, store = cell // len(stores), cell % len(stores)
    line = np.arange(cell.size, dtype=np.int64)
    zone = np.array([ZONES.index(s.zone) for s in stores], dtype=np.int64)[store]
    category = choose(_mix(stores), day * len(ZONES) + zone, 40, line)
    within = choose(popularity(len(ZONES)), zone * len(CATEGORIES) + category, 41, line)
    product = category * PER_CATEGORY + within
    quantity = _quantity(category, line)
    _plant_bulk(stores, products, day, store, product, quantity)
    mrp = np.array([p.mrp for p in products], dtype=np.int64)[product]
    percent = _percent(stores, day, store, product // PER_CATEGORY, line)
    discount = mrp * quantity * percent
    lines = Lines(
        day=day,
        store=store,
        product=product,
        quantity=quantity,
        net=mrp * quantity * 100 - discount,
        discount=discount,
        payment=_payment(day, line),
        copy=np.zeros_like(line),
    )
    return _repeated(stores, lines)


def _opening(stores: Sequence[Store]) -> Ints:
    """0 before a store opens, a crowd in its first days, and half a year until it is known."""
    day = np.arange(seasons.DAYS, dtype=np.int64)[None, :]
    opened = np.array([seasons.day_of(s.opened_on) for s in stores], dtype=np.int64)[:, None]
    age = day - opened
    known = np.where(opened < 0, 1000, 700 + 300 * np.clip(age, 0, 180) // 180)
    crowd = np.where((opened >= 0) & (age < 10), 800 - 80 * age, 0)
    factor: Ints = np.where(age < 0, 0, known + crowd)
    return factor


def _counts(stores: Sequence[Store], expected: Ints) -> Ints:
    """Lines of store and day: what is expected, moved by each store's own fortune, by what is planted,
    and by chance as wide as a Poisson count's at a dozen lines."""
    store = np.arange(len(stores), dtype=np.int64)[:, None]
    day = np.arange(seasons.DAYS, dtype=np.int64)[None, :]
    fortune = 1000 + (roll(150, 30, store) - 70) * day // seasons.DAYS
    chance = sum((roll(501, 31 + n, store, day) for n in range(4)), np.zeros((1, 1), dtype=np.int64))
    weight = expected * fortune // 1000 * _planted(stores) // 1000 * (500 + chance // 2) // 1000
    return (weight + roll(1000, 36, store, day)) // 1000


def _planted(stores: Sequence[Store]) -> Ints:
    factor = np.full((len(stores), seasons.DAYS), 1000, dtype=np.int64)
    factor[:, seasons.days_between(*planted.UPI_OUTAGE)] -= planted.UPI_OUTAGE_LOST
    decline = seasons.days_between(*planted.DECLINE)
    length = decline.stop - decline.start
    for row, store in enumerate(stores):
        if store.zone == planted.DECLINE_ZONE:
            steps = np.arange(1, length + 1, dtype=np.int64)
            factor[row, decline] -= planted.DECLINE_AT_END * steps // length
        if store.name == planted.FLOOD_STORE:
            factor[row, seasons.days_between(*planted.FLOOD)] = 0
    return factor


def _mix(stores: Sequence[Store]) -> Ints:
    """The weight of each category: one row a day and zone, the day leading."""
    month = (seasons.month_index() % 12)[:, None]
    share = np.array([c.share for c in CATEGORIES], dtype=np.int64)
    season = np.array([[int(digit) for digit in c.months] for c in CATEGORIES], dtype=np.int64)
    festive = np.array([c.festive for c in CATEGORIES], dtype=np.int64)
    lift, _ = seasons.festival_lift(stores)
    by_zone = np.array(
        [
            lift[[n for n, store in enumerate(stores) if store.zone == zone]].sum(axis=0)
            // sum(store.zone == zone for store in stores)
            for zone in ZONES
        ]
    )
    usual = share[None, :] * season.T[month[:, 0]]
    weight: Ints = usual[:, None, :] * (1000 + festive * by_zone.T[:, :, None] // 1000)
    taken = CATEGORIES.index(_category(planted.STOCK_OUT_CATEGORY))
    weight[seasons.days_between(*planted.STOCK_OUT), ZONES.index(planted.STOCK_OUT_ZONE), taken] = 0
    return weight.reshape(seasons.DAYS * len(ZONES), len(CATEGORIES))


def _quantity(category: Ints, line: Ints) -> Ints:
    several = np.array([c.several for c in CATEGORIES])[category]
    thrown = roll(100, 42, line) + np.where(several, 15, 0)
    return 1 + (thrown >= 80).astype(np.int64) + (thrown >= 95) + (thrown >= 108)


def _percent(stores: Sequence[Store], day: Ints, store: Ints, category: Ints, line: Ints) -> Ints:
    """The discount of each line in percent of its price."""
    thrown = roll(100, 43, line)
    usual = np.where(thrown < 55, 0, np.where(thrown < 80, 5, np.where(thrown < 94, 10, 20)))
    on_sale = np.array([c.department in _SALE_DEPARTMENTS for c in CATEGORIES])[category]
    marked_down = np.where(thrown < 20, 10, np.where(thrown < 55, 30, np.where(thrown < 85, 40, 50)))
    percent = np.where(on_sale & (seasons.sale_days()[day] == 1), marked_down, usual)
    leak = seasons.days_between(*planted.LEAK)
    leaking = (
        np.array([s.true_city == planted.LEAK_CITY for s in stores])[store]
        & np.array([c.department == planted.LEAK_DEPARTMENT for c in CATEGORIES])[category]
        & (day >= leak.start)
        & (day < leak.stop)
    )
    with_leak: Ints = percent + np.where(leaking, planted.LEAK_PERCENT, 0)
    return with_leak


def _payment(day: Ints, line: Ints) -> Ints:
    """UPI wins ten points of a hundred from cash over the two years."""
    upi = 450 + 100 * day // seasons.DAYS
    outage = seasons.days_between(*planted.UPI_OUTAGE)
    thrown = roll(1000, 44, line)
    out = (day >= outage.start) & (day < outage.stop)
    upi_now = np.where(out, 0, upi)
    card = np.where(out, 400, 170)
    mode = np.where(thrown < upi_now, 0, np.where(thrown < 940 - card, 1, 2))
    mode = np.where(thrown >= 940, 3, mode)
    mode = np.where(thrown >= 988, 4, mode)
    payment: Ints = np.where(roll(1000, 45, line) < planted.PAYMENT_MISSING, -1, mode)
    return payment


def _plant_bulk(
    stores: Sequence[Store],
    products: Sequence[Product],
    day: Ints,
    store: Ints,
    product: Ints,
    quantity: Ints,
) -> None:
    shop = next(n for n, s in enumerate(stores) if s.name == planted.BULK_STORE)
    line = np.flatnonzero((day == seasons.day_of(planted.BULK_DAY)) & (store == shop))[0]
    product[line] = next(n for n, p in enumerate(products) if p.category == planted.BULK_CATEGORY)
    quantity[line] = planted.BULK_QUANTITY


def _repeated(stores: Sequence[Store], lines: Lines) -> Lines:
    shop = next(n for n, s in enumerate(stores) if s.name == planted.REPEATED_STORE)
    hit = (lines.day == seasons.day_of(planted.REPEATED_DAY)) & (lines.store == shop)
    order = np.repeat(np.arange(hit.size, dtype=np.int64), 1 + hit * (planted.REPEATED_TIMES - 1))
    copy = np.zeros_like(order)
    copy[1:] = order[1:] == order[:-1]
    return Lines(*(column[order] for column in lines))._replace(copy=copy)


def _category(name: str) -> Category:
    return next(category for category in CATEGORIES if category.name == name)
