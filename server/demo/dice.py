"""Chance without a random generator: whole numbers from a hash, the same on every machine and version.

Floats, and the generators of numpy, may differ in their last digit between processors and releases;
64-bit whole numbers do not. So everything in the demo data is counted in whole numbers, factors in
thousandths.
"""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_SEED = 20260331
_STEP = np.uint64(0x9E3779B97F4A7C15)


def roll(sides: int | Ints, purpose: int, *keys: Ints) -> Ints:
    """A number from 0 to ``sides`` - 1 for every key; another ``purpose`` gives other numbers.

    ``sides`` up to 2**31; keys of different shapes broadcast.
    """
    bits = np.full(1, (_SEED + purpose * 0xD1B54A32D192ED03) % 2**64, dtype=np.uint64)
    for key in keys:
        bits = _mixed(bits ^ (key.astype(np.uint64) * _STEP + _STEP))
    high = bits >> np.uint64(32)
    return ((high * np.asarray(sides).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)


def choose(weights: Ints, row: Ints, purpose: int, key: Ints) -> Ints:
    """For every key a column of ``weights[row]``, each as often as its weight says."""
    columns = weights.shape[1]
    running = weights.reshape(-1).cumsum()
    ends = running[columns - 1 :: columns]
    starts = ends - weights.sum(axis=1)
    at = starts[row] + roll(ends[row] - starts[row], purpose, key)
    found: Ints = np.searchsorted(running, at, side="right") - row * columns
    return found


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
