"""Several figures into one: means that leave what is missing out, each found by name.

``values`` holds one row a unit and one column a child, ``weights`` one number a child. Weights are renormalised
over the children that a unit has; a unit with none is missing. Sums run over the columns in their order, so a
unit's result does not depend on which other units stand in the table.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def weighted_sum(values: Floats, weights: Floats) -> Floats:
    """``Σ wᵢ·xᵢ`` over the children present, column by column."""
    terms = (weight * column for weight, column in zip(weights, np.nan_to_num(values.T), strict=True))
    return reduce(np.add, terms, np.zeros(len(values)))


def weight_present(values: Floats, weights: Floats) -> Floats:
    """Weight of the children that each unit has."""
    return weighted_sum(np.where(np.isnan(values), np.nan, 1.0), weights)


def arithmetic(values: Floats, weights: Floats) -> Floats:
    """``Σ wᵢ·xᵢ / Σ wᵢ``: a lack here is made good by a surplus there.

    >>> arithmetic(np.array([[21.0, 1.0, 1.0, 1.0], [4.0, np.nan, 8.0, np.nan]]), np.ones(4)).tolist()
    [6.0, 6.0]
    """
    present = weight_present(values, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present > 0, weighted_sum(values, weights) / present, np.nan)


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
    """``(Σ wᵢ·xᵢ^p / Σ wᵢ)^(1/p)``: harmonic at p = −1, geometric at 0, arithmetic at 1. Wants x > 0 save at 1.

    >>> generalised(np.array([[3.0, 4.0]]), np.ones(2), 2.0).round(6).tolist()
    [3.535534]
    """
    if order == 1:
        return arithmetic(values, weights)
    if order == 0:
        return geometric(values, weights)
    _positive(values)
    return np.asarray(arithmetic(values**order, weights) ** (1.0 / order), dtype=float)


class NotPositive(ValueError):
    """A mean of powers met a figure at or below zero, in the row and column it names."""

    def __init__(self, row: int, column: int, value: float) -> None:
        super().__init__(f"row {row}, column {column}: {value!r} is not above zero")
        self.row, self.column, self.value = row, column, value


def _positive(values: Floats) -> None:
    bad = np.argwhere(values <= 0)
    if len(bad):
        row, column = (int(one) for one in bad[0])
        raise NotPositive(row, column, float(values[row, column]))


def enough(values: Floats, weights: Floats, share: float) -> NDArray[np.bool_]:
    """Whether at least ``share`` of the weight is present; a hair's breadth of rounding is forgiven.

    >>> enough(np.array([[1.0, np.nan, np.nan], [1.0, 2.0, np.nan]]), np.ones(3), 0.5).tolist()
    [False, True]
    """
    return weight_present(values, weights) >= share * float(np.sum(weights)) * (1 - 1e-12)
