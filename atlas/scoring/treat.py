"""Outliers drawn in: winsorised one point at a time until skew and kurtosis pass, then a logarithm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame

Floats = NDArray[np.float64]

SKEW_LIMIT = 2.0
KURTOSIS_LIMIT = 3.5


@dataclass(frozen=True)
class Shape:
    """Skew and excess kurtosis, both with the small-sample correction."""

    skew: float
    kurtosis: float

    @property
    def passes(self) -> bool:
        """|skew| < 2 or kurtosis < 3.5: both must be out of bounds for a figure to want treatment."""
        return not (abs(self.skew) >= SKEW_LIMIT and self.kurtosis >= KURTOSIS_LIMIT)


def shape_of(values: Floats) -> Shape:
    """Skew and excess kurtosis of the figures present, ``G₁`` and ``G₂``.

    With central moments m and n figures, ``G₁ = √(n(n − 1))/(n − 2) · m₃/m₂^1.5`` and
    ``G₂ = (n − 1)/((n − 2)(n − 3)) · ((n + 1)(m₄/m₂² − 3) + 6)``.

    Source: Joanes and Gill (1998), The Statistician 47(1); Becker, W. (2021). COINr, ``check_SkewKurt``.

    >>> shape = shape_of(np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100]))
    >>> round(shape.skew, 3), shape.passes
    (3.256, False)
    """
    present = values[~np.isnan(values)]
    if len(present) < 4 or present.min() == present.max():
        return Shape(np.nan, np.nan)
    n, apart = len(present), present - present.mean()
    apart /= np.abs(apart).max()  # the shape has no unit, and powers of tiny or huge figures would be lost
    second, third, fourth = (float(np.mean(apart**power)) for power in (2, 3, 4))
    skew = math.sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / second**2 - 3) + 6)
    return Shape(skew, kurtosis)


def winsorise(values: Floats, most: int) -> tuple[Floats, int]:
    """Set the highest point (the lowest, where the skew is to the left) to the next one, until the shape passes.

    Points that share the extreme go together, so the number winsorised can pass ``most`` by a tie.

    Source: Becker, W. (2021). COINr, ``winsorise``.

    >>> drawn_in, points = winsorise(np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100]), 5)
    >>> drawn_in.max(), points
    (np.float64(10.0), 1)
    """
    drawn_in = values.copy()
    high = low = 0
    shape = shape_of(drawn_in)
    while not shape.passes and high + low < most:
        if shape.skew >= 0:
            extreme = drawn_in == np.nanmax(drawn_in)
            drawn_in[extreme] = np.nanmax(drawn_in[~extreme])
            high = int(extreme.sum())
        else:
            extreme = drawn_in == np.nanmin(drawn_in)
            drawn_in[extreme] = np.nanmin(drawn_in[~extreme])
            low = int(extreme.sum())
        shape = shape_of(drawn_in)
    return drawn_in, high + low


def logarithm(values: Floats) -> Floats:
    """``log(x − min + 0.01·(max − min))``: defined for every sign, and monotone.

    Source: Becker, W. (2021). COINr, ``log_CT``.

    >>> logarithm(np.array([0.0, 100.0])).round(4).tolist()
    [0.0, 4.6151]
    """
    low, high = np.nanmin(values), np.nanmax(values)
    return np.asarray(np.log(values - low + 0.01 * (high - low)), dtype=float)


def treat(figures: DataFrame, *, points: int, log: bool) -> tuple[DataFrame, DataFrame]:
    """Every indicator treated, and what was done to it.

    Parameters
    ----------
    figures
        Units × indicators.
    points
        How many points may be winsorised; 0 leaves all as it is and only looks.
    log
        Take the logarithm of the values before winsorising, where winsorising did not suffice.

    Returns
    -------
    The treated figures, and a row an indicator: whether its shape passes with its skew and kurtosis before (0),
    after winsorising (1) and after the logarithm (2), and the number of points winsorised. Column names are COINr's.
    """
    treated = figures.copy()
    rows = []
    for code in figures.columns:
        values = figures[code].to_numpy(dtype=float)
        row: dict[str, object] = {"iCode": code} | _seen(shape_of(values), 0)
        if points > 0 and not shape_of(values).passes:
            drawn_in, count = winsorise(values, points)
            row |= {"winsorise.nwin": count} | _seen(shape_of(drawn_in), 1)
            if log and not shape_of(drawn_in).passes:
                drawn_in = logarithm(values)
                row |= _seen(shape_of(drawn_in), 2)
            treated[code] = drawn_in
        rows.append(row)
    columns = ["iCode", *_columns(0), "winsorise.nwin", *_columns(1), *(_columns(2) if log else [])]
    return treated, DataFrame(rows).reindex(columns=columns).astype({"winsorise.nwin": "Int64"})


def _columns(step: int) -> list[str]:
    return [f"check_SkewKurt{step}.{name}" for name in ("Pass", "Skew", "Kurt")]


def _seen(shape: Shape, step: int) -> dict[str, object]:
    told = (str(shape.passes).upper(), shape.skew, shape.kurtosis)
    return dict(zip(_columns(step), told, strict=True))
