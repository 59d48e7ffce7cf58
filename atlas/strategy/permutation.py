"""Conditional permutation of local statistics, stopped early where p is plainly large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
PERMUTATIONS = 99_999
EXCEEDANCES = 50
BATCHES = (499, 4_500)  # sizes of the first batches; the last one is what remains, cut into pieces
PIECE = 10_000


@dataclass(frozen=True)
class Permuted:
    """Two-sided p of each unit, how many permutations it took, and the smallest p that they could give."""

    p: Floats
    permutations: NDArray[np.intp]
    floor: float


def conditional_permutation(
    y: Floats,
    weights: csr_array,
    *,
    seed: int,
    permutations: int = PERMUTATIONS,
    exceedances: int = EXCEEDANCES,
) -> Permuted:
    """Whether the neighbours of each unit hold more, or less, than as many others drawn at random would.

    The value of the unit itself is held; its kᵢ neighbours' values are drawn anew from all other units without
    replacement. Gᵢ, Gᵢ* and the local Moran statistic of a unit are one and the same order of the neighbours' sum
    (with binary or row-standardised weights), so this p is that of each of them. It is two-sided, twice the smaller
    tail, ties counted against a discovery; its floor is 2/(permutations + 1).

    Drawing stops for a tail once ``exceedances`` draws reached the observed value, at draw ℓ, with p = exceedances/ℓ;
    else p = (reached + 1)/(permutations + 1). Both are valid p-values.

    Parameters
    ----------
    y
        A rate, or the logarithm of one plus a count: never a raw count.
    weights
        Binary; a unit without neighbours has no p.

    Source
    ------
    Besag, J. and Clifford, P. (1991). Sequential Monte Carlo p-values. Biometrika 78(2), 301-304.
    """
    y = np.asarray(y, dtype=float)
    if np.isnan(y).any():
        msg = "A value is missing: leave out units without one before their neighbours are drawn."
        raise ValueError(msg)
    count = len(y)
    degree = np.diff(weights.indptr)
    observed = weights @ y
    tolerance = 1e-9 * (1.0 + np.abs(y).sum())
    rng = np.random.default_rng(seed)
    reached = np.zeros((2, count), dtype=np.intp)  # draws at most, and at least, as high as what is observed
    stopped = np.zeros((2, count), dtype=np.intp)  # the draw at which a tail had reached its exceedances
    drawn = np.zeros(count, dtype=np.intp)
    open_ = np.flatnonzero((degree > 0) & (count > 1))
    for size in _batches(permutations):
        if not len(open_):
            break
        samples = _distinct(rng, size, int(degree[open_].max()), count - 1)
        for unit in open_:
            own = samples[:, : degree[unit]]
            sums = y[own + (own >= unit)].sum(axis=1)
            tails = (sums <= observed[unit] + tolerance, sums >= observed[unit] - tolerance)
            for side, tail in enumerate(tails):
                if stopped[side, unit]:
                    continue
                missing = exceedances - reached[side, unit]
                hits = np.flatnonzero(tail)
                if len(hits) >= missing:
                    stopped[side, unit] = drawn[unit] + hits[missing - 1] + 1
                reached[side, unit] += len(hits)
            drawn[unit] += size
        open_ = open_[~stopped[:, open_].all(axis=0)]
    tails_p = np.where(stopped > 0, exceedances / np.maximum(stopped, 1), (reached + 1) / (drawn + 1))
    p = np.minimum(1.0, 2 * tails_p.min(axis=0))
    p[(degree == 0) | (count < 2)] = np.nan
    return Permuted(p, drawn, 2 / (permutations + 1))


def _batches(permutations: int) -> list[int]:
    """Sizes of the batches, small ones first, that sum to all permutations.

    >>> _batches(99_999)
    [499, 4500, 10000, 10000, 10000, 10000, 10000, 10000, 10000, 10000, 10000, 5000]
    >>> _batches(300)
    [300]
    """
    sizes, left = [], permutations
    for size in BATCHES:
        sizes.append(min(size, left))
        left -= sizes[-1]
    sizes += [PIECE] * (left // PIECE) + [left % PIECE]
    return [size for size in sizes if size]


def _distinct(rng: np.random.Generator, rows: int, columns: int, below: int) -> NDArray[np.int32]:
    """Rows of ``columns`` distinct whole numbers under ``below``, all arrangements equally likely.

    Rows with a number twice are drawn again; where that would be most of them, whole orders are shuffled.
    """
    if columns**2 > below:
        orders = np.broadcast_to(np.arange(below, dtype=np.int32), (rows, below))
        return np.asarray(rng.permuted(orders, axis=1)[:, :columns])
    drawn = rng.integers(0, below, size=(rows, columns), dtype=np.int32)
    again = np.arange(rows)
    while len(again):
        ordered = np.sort(drawn[again], axis=1)
        again = again[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
        drawn[again] = rng.integers(0, below, size=(len(again), columns), dtype=np.int32)
    return drawn
