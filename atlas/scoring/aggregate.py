"""Several figures into one: means that leave what is missing out, each found by name.

``values`` holds one row a unit and one column a child, ``weights`` one number a child. Weights are renormalised
over the children that a unit has; a unit with none is missing. Sums run over the columns in their order, so a
unit's result does not depend on which other units stand in the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas.scoring import normalise

Floats = NDArray[np.float64]


def weighted_sum(values: Floats, weights: Floats) -> Floats:
    """``Σ wᵢ·xᵢ`` over the children present, column by column."""
    return _summed(np.where(np.isnan(values), 0.0, values), weights)


def weight_present(values: Floats, weights: Floats) -> Floats:
    """Weight of the children that each unit has."""
    return _summed(~np.isnan(values), weights)


def _summed(columns: NDArray[Any], weights: Floats) -> Floats:
    total = np.zeros(len(columns))
    for weight, column in zip(weights, columns.T, strict=True):
        total += weight * column
    return total


def arithmetic(values: Floats, weights: Floats) -> Floats:
    """``Σ wᵢ·xᵢ / Σ wᵢ``: a lack here is made good by a surplus there.

    >>> arithmetic(np.array([[21.0, 1.0, 1.0, 1.0], [4.0, np.nan, 8.0, np.nan]]), np.ones(4)).tolist()
    [6.0, 6.0]
    """
    return mean_of_enough(values, weights, 0.0)


def geometric(values: Floats, weights: Floats) -> Floats:
    """``Π xᵢ^(wᵢ/Σw)``: a lack costs more than a surplus of the same size gains. Wants x > 0.

    Source: OECD/JRC (2008), p. 103.

    >>> geometric(np.array([[1.0, 2.0, 3.0]]), np.array([1.0, 1.0, 2.0])).round(6).tolist()
    [2.059767]
    """
    _positive(values)
    return np.exp(arithmetic(np.log(values), weights))


def harmonic(values: Floats, weights: Floats) -> Floats:
    """``Σ wᵢ / Σ (wᵢ/xᵢ)``: the weakest side weighs most. Wants x > 0.

    >>> harmonic(np.array([[1.0, 2.0, 3.0]]), np.array([2.0, 1.0, 1.0])).round(6).tolist()
    [1.411765]
    """
    _positive(values)
    return 1.0 / arithmetic(1.0 / values, weights)


def generalised(values: Floats, weights: Floats, order: float) -> Floats:
    """``(Σ wᵢ·xᵢ^p / Σ wᵢ)^(1/p)``: harmonic at p = −1, geometric at 0, arithmetic at 1.

    Wants x > 0, or x ≥ 0 where p is above 0.

    >>> generalised(np.array([[3.0, 4.0]]), np.ones(2), 2.0).round(6).tolist()
    [3.535534]
    """
    if order == 1:
        return arithmetic(values, weights)
    if order == 0:
        return geometric(values, weights)
    _positive(values, zero=order > 0)
    return np.asarray(arithmetic(values**order, weights) ** (1.0 / order), dtype=float)


class NotPositive(ValueError):
    """A mean of powers met a figure that it cannot take, at or below zero, in the row and column it names."""

    def __init__(self, row: int, column: int, value: float) -> None:
        super().__init__(f"row {row}, column {column}: {value!r} is not above zero")
        self.row, self.column, self.value = row, column, value


def _positive(values: Floats, *, zero: bool = False) -> None:
    bad = np.argwhere(values < 0 if zero else values <= 0)
    if len(bad):
        row, column = (int(one) for one in bad[0])
        raise NotPositive(row, column, float(values[row, column]))


def enough(values: Floats, weights: Floats, share: float) -> NDArray[np.bool_]:
    """Whether at least ``share`` of the weight is present; a hair's breadth of rounding is forgiven.

    >>> enough(np.array([[1.0, np.nan, np.nan], [1.0, 2.0, np.nan]]), np.ones(3), 0.5).tolist()
    [False, True]
    """
    return weight_present(values, weights) >= _least(weights, share)


def mean_of_enough(values: Floats, weights: Floats, share: float) -> Floats:
    """:func:`arithmetic`, missing where less than ``share`` of the weight is present."""
    present = weight_present(values, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = weighted_sum(values, weights) / present
    return np.where((present > 0) & (present >= _least(weights, share)), mean, np.nan)


def _least(weights: Floats, share: float) -> float:
    return share * float(np.sum(weights)) * (1 - 1e-12)


def borda(values: Floats, weights: Floats) -> Floats:
    """``Σ wᵢ·(rankᵢ − 1)``: points for every unit left behind, over the children; ties to the lowest rank.

    Weights are taken as they stand, so that with weights of 1 the result counts points; what a unit lacks counts
    like the mean of what it has.

    Source: OECD/JRC (2008), pp. 112-113.

    >>> borda(np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]]), np.array([1.0, 1.0])).tolist()
    [2.0, 2.0, 2.0]
    """
    points = np.column_stack([normalise.borda(column, 1) for column in values.T])
    return arithmetic(points, weights) * weights.sum()


def outranking(values: Floats, weights: Floats) -> Floats:
    """Share of the weight on which the row's unit stands above the column's, ties halved; 0 on the diagonal.

    Two units are compared on the children that both have.

    Source: OECD/JRC (2008), table 36; Munda and Nardo (2005).
    """
    above = np.zeros((len(values), len(values)))
    shared = np.zeros_like(above)
    for column, weight in zip(values.T, weights, strict=True):
        known = ~np.isnan(column)
        above += weight * ((column[:, None] > column) + 0.5 * (column[:, None] == column))
        shared += weight * (known[:, None] & known)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = above / shared
    np.fill_diagonal(share, 0.0)
    return share


def copeland(values: Floats, weights: Floats) -> Floats:
    """Units outranked less units outranked by: ``Σ sign(share − ½)`` over the others.

    Source: Becker, W. (2021). COINr, ``a_copeland``; Copeland (1951).

    >>> copeland(np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 0.0]]), np.array([2.0, 1.0])).tolist()
    [2.0, 0.0, -2.0]
    """
    lead = outranking(values, weights) - 0.5
    lead[np.abs(lead) < 1e-12] = 0.0
    np.fill_diagonal(lead, 0.0)
    score = np.nan_to_num(np.sign(lead)).sum(axis=1)
    return np.where(np.isnan(values).all(axis=1), np.nan, score)


def imd(values: Floats, weights: Floats) -> Floats:
    """``X = −23·ln(1 − R(1 − e^(−100/23)))`` with R = rank/n, then the weighted mean of X: high ranks cannot cancel.

    R = 1 is the highest value; over the units present, ties to the lowest rank.

    Source: Social Disadvantage Research Centre (2003), Scottish Indices of Deprivation, appendix 5.

    >>> imd(np.array([[1.0], [2.0], [3.0], [4.0]]), np.ones(1)).round(4).tolist()
    [6.5177, 15.6468, 31.0091, 100.0]
    """
    shares = np.column_stack([normalise.percentile_share(column, 1) for column in values.T])
    return arithmetic(-23.0 * np.log(1.0 - shares * (1.0 - np.exp(-100.0 / 23.0))), weights)


MEANS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "arithmetic": arithmetic,
    "geometric": geometric,
    "harmonic": harmonic,
    "borda": borda,
    "copeland": copeland,
    "imd": imd,
}


def combine(values: Floats, weights: Floats, how: str, *, present: float = 0.0) -> Floats:
    """The mean called ``how`` (a name in ``MEANS``, or ``mean:p``), missing where too little weight is there.

    A child that weighs nothing is passed over.
    """
    counts = weights > 0
    values, weights = values[:, counts], weights[counts]
    if how.startswith("mean:"):
        score = generalised(values, weights, float(how.removeprefix("mean:")))
    else:
        score = MEANS[how](values, weights)
    return np.where(enough(values, weights, present), score, np.nan)
