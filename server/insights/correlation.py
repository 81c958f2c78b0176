"""Which figures change together. Pure arithmetic.

Averages a row are compared, not sums, which all follow the number of rows; and changes from one period to
the next, not levels, which any two growing things share (Yule 1926; Granger and Newbold 1974). How sure it
is: Fisher's z, for as many tests as were made (Bonferroni).
"""

from collections.abc import Iterator
from itertools import combinations
from statistics import NormalDist

import numpy as np

from server.insights import seasons
from server.insights.findings import Correlated
from server.insights.measured import DAILY, Floats, Measured
from server.insights.series import Series

_LEAST_PERIODS = 26
_MATTERS = 0.5
_CHANCE = 0.001
_NORMAL = NormalDist()


def correlated(of: Measured) -> Iterator[Correlated]:
    measures = [measure.name for measure in of.measures]
    pairs = list(combinations(measures, 2))
    changes = {name: _changes(of, name) for name in measures}
    for one, other in pairs:
        first, second = changes[one], changes[other]
        there = ~(np.isnan(first) | np.isnan(second))
        count = int(there.sum())
        if count < _LEAST_PERIODS:
            continue
        first, second = _ranks(first[there]), _ranks(second[there])
        if first.std() <= 0 or second.std() <= 0:
            continue
        found = float(np.corrcoef(first, second)[0, 1])
        if not abs(found) < 1 - 1e-9:
            continue
        sure = float(np.arctanh(found)) * (count - 3) ** 0.5
        chance = min(2 * (1 - _NORMAL.cdf(abs(sure))) * len(pairs), 1.0)
        if abs(found) < _MATTERS or chance > _CHANCE:
            continue
        width = _NORMAL.inv_cdf(0.975) / (count - 3) ** 0.5
        low, high = (float(np.tanh(np.arctanh(found) + way * width)) for way in (-1, 1))
        yield Correlated(one, other, found, low, high, count, len(pairs), chance)


def _changes(of: Measured, measure: str) -> Floats:
    """From period to period, of the average a row; by weeks where there are days."""
    sums, known = of.whole.sums[measure][0], of.whole.known[measure][0]
    if of.whole.step == DAILY and sums.size >= 7 * _LEAST_PERIODS:
        sums = seasons.weekly(Series(of.whole.periods, sums, DAILY)).values
        known = seasons.weekly(Series(of.whole.periods, known, DAILY)).values
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.diff(np.where(known > 0, sums / known, np.nan))
    return found


def _ranks(values: Floats) -> Floats:
    """Spearman's: one wild week cannot make a correlation."""
    found: Floats = np.argsort(np.argsort(values)).astype(np.float64)
    return found
