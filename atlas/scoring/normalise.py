"""Figures on one scale: each way is a function from one column to one column, found by name.

``direction`` is 1 where more is better and −1 where less is; missing stays missing. What is estimated from the
column itself (min-max, z-score, ranks …) moves when a unit joins or leaves; goalposts and targets do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def goalposts(
    values: Floats, direction: int, low: float, high: float, bottom: float = 0.0, top: float = 100.0
) -> Floats:
    """``clip((x − low)/(high − low), 0, 1)``, or 1 − that where less is better, from ``bottom`` to ``top``.

    Source
    ------
    Becker, W. (2021). COINr, ``n_goalposts``. UNDP (2001), technical note of the HDI.

    Examples
    --------
    >>> goalposts(np.array([1.0, 11.0, -1.0]), 1, 0, 10, 0, 1).tolist()
    [0.1, 1.0, 0.0]
    >>> goalposts(np.array([1.0, 11.0, -1.0]), -1, 0, 10, 0, 1).tolist()
    [0.9, 0.0, 1.0]

    """
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    if direction < 0:
        share = 1.0 - share
    return np.asarray(bottom + (top - bottom) * share, dtype=float)


def minmax(values: Floats, direction: int, bottom: float = 0.0, top: float = 100.0) -> Floats:
    """``bottom + (top − bottom)·(x − min)/(max − min)`` over the units present, after the direction.

    Source: OECD/JRC (2008), Handbook on Constructing Composite Indicators, p. 85.

    >>> minmax(np.array([7.1, 10.0, 12.0]), 1, 0, 1).round(2).tolist()
    [0.0, 0.59, 1.0]
    """
    turned = direction * values
    low, high = np.nanmin(turned), np.nanmax(turned)
    return np.asarray((turned - low) / (high - low) * (top - bottom) + bottom, dtype=float)


def zscore(values: Floats, direction: int, mean: float = 0.0, sd: float = 1.0) -> Floats:
    """``mean + sd·(x − x̄)/s`` with s over n − 1, after the direction.

    Source: OECD/JRC (2008), p. 84.

    >>> zscore(np.array([1.0, 2.0, 3.0]), -1, 10, 2).tolist()
    [12.0, 10.0, 8.0]
    """
    turned = direction * values
    known = turned[~np.isnan(turned)]
    # sums that are exact before they are rounded: the order of the units changes no bit
    centre = math.fsum(known) / max(len(known), 1)
    spread = math.sqrt(math.fsum((known - centre) ** 2) / max(len(known) - 1, 1))
    return np.asarray((turned - centre) / spread * sd + mean, dtype=float)


def rank(values: Floats, direction: int) -> Floats:
    """Ascending rank among the units present, 1 = worst, ties to the lowest of their group.

    >>> rank(np.array([3.0, np.nan, 1.0, 3.0]), 1).tolist()
    [2.0, nan, 1.0, 2.0]
    """
    turned = direction * values
    known = ~np.isnan(turned)
    below = np.searchsorted(np.sort(turned[known]), turned, side="left")
    return np.where(known, below + 1.0, np.nan)


def borda(values: Floats, direction: int) -> Floats:
    """``rank − 1``: how many units stand below.

    >>> borda(np.array([10.0, 30.0, 20.0]), 1).tolist()
    [0.0, 2.0, 1.0]
    """
    return rank(values, direction) - 1.0


def percentile_rank(values: Floats, direction: int) -> Floats:
    """``(rank − 1)/(n − 1)`` over the n units present, from 0 to 1.

    >>> percentile_rank(np.array([10.0, 30.0, 20.0]), 1).tolist()
    [0.0, 1.0, 0.5]
    """
    return borda(values, direction) / (np.count_nonzero(~np.isnan(values)) - 1.0)


def percentile_share(values: Floats, direction: int) -> Floats:
    """``rank/n`` over the n units present: the percentile of the OECD's table 15.

    >>> percentile_share(np.array([10.0, 30.0, 20.0, 5.0]), 1).tolist()
    [0.5, 1.0, 0.75, 0.25]
    """
    return rank(values, direction) / np.count_nonzero(~np.isnan(values))


def distance_to_max(values: Floats, direction: int) -> Floats:
    """``1 − (max − x)/(max − min)``, after the direction, from 0 to 1.

    >>> distance_to_max(np.array([0.0, 5.0, 10.0]), -1).tolist()
    [1.0, 0.5, 0.0]
    """
    turned = direction * values
    low, high = np.nanmin(turned), np.nanmax(turned)
    return np.asarray(1.0 - (high - turned) / (high - low), dtype=float)


def distance_to_target(values: Floats, direction: int, target: float, *, capped: bool = False) -> Floats:
    """``(x − min)/(target − min)``; where less is better ``(max − x)/(max − target)``.

    Beyond the target it passes 1, unless ``capped``.

    Source: Becker, W. (2021). COINr, ``n_dist2targ``.

    >>> distance_to_target(np.array([0.0, 5.0, 11.0]), 1, 10).tolist()
    [0.0, 0.5, 1.1]
    >>> distance_to_target(np.array([-1.0, 1.0, 10.0]), -1, 0, capped=True).tolist()
    [1.0, 0.9, 0.0]
    """
    turned, aim = direction * values, direction * target
    low = np.nanmin(turned)
    share = (turned - low) / (aim - low)
    return np.asarray(np.minimum(share, 1.0) if capped else share, dtype=float)


def as_it_is(values: Floats, direction: int) -> Floats:
    """The figures on their own scale; where less is better with the sign turned, so that more is better.

    >>> as_it_is(np.array([3.0, 1.0]), -1).tolist()
    [-3.0, -1.0]
    """
    return np.asarray(direction * values, dtype=float)


NORMALISATIONS: dict[str, Callable[..., Floats]] = {
    "minmax": minmax,
    "zscore": zscore,
    "goalposts": goalposts,
    "rank": rank,
    "percentile-rank": percentile_rank,
    "percentile-share": percentile_share,
    "borda": borda,
    "distance-to-max": distance_to_max,
    "distance-to-target": distance_to_target,
    "none": as_it_is,
}
NUMBERS = {"minmax": (0.0, 100.0), "zscore": (0.0, 1.0), "goalposts": (0.0, 100.0)}
FIXED = ("goalposts", "none")
