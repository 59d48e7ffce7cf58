"""Goalposts for an indicator, estimated once on the reference build and frozen afterwards."""

from __future__ import annotations

import math

import numpy as np
from pandas import Series

from atlas.errors import ConfigError


def goalposts(values: Series, residents: Series, *, count: bool) -> tuple[float, float]:
    """The 2.5 and 97.5 percentiles over residents, rounded outwards to something a person can say.

    Parameters
    ----------
    values
        The indicator by unit; missing units are left out.
    residents
        Weight of each unit; a missing one weighs nothing.
    count
        Nothing is the natural worst: the lower goalpost is 0.

    Returns
    -------
    The lower and the upper goalpost. Where the two percentiles coincide (nearly everybody has none), the extremes
    stand in for them; a figure that is the same everywhere has no goalposts and raises.

    Examples
    --------
    >>> goalposts(Series(range(1, 101), dtype=float), Series([10.0] * 100), count=False)
    (2.0, 98.0)
    >>> goalposts(Series([0.0, 0.0, 3.0, 41.0]), Series([500, 300, 200, 100]), count=True)
    (0.0, 42.0)

    """
    known = values.notna() & residents.reindex(values.index).notna()
    figures = values[known].to_numpy(dtype=float)
    weights = residents.reindex(values.index)[known].to_numpy(dtype=float)
    if len(figures) == 0 or figures.min() == figures.max():
        raise ConfigError(
            f"O indicador «{values.name}» tem o mesmo valor em todas as unidades, ou não tem valores: não admite "
            "valores de referência. Retire-o do índice, ou fixe `goalposts` à mão.",
            f"The indicator “{values.name}” is the same in all units, or has no values: there are no goalposts to "
            "estimate. Take it out of the index, or set `goalposts` by hand.",
            where=str(values.name or ""),
        )
    low = 0.0 if count else percentile(figures, weights, 0.025)
    high = percentile(figures, weights, 0.975)
    if low >= high:
        low, high = (0.0 if count else float(figures.min())), float(figures.max())
    return sayable(low, high)


def percentile(figures: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The smallest figure at which at least ``share`` of the weight has been passed.

    >>> percentile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 8.0]), 0.5)
    3.0
    """
    order = np.argsort(figures, kind="stable")
    passed = np.cumsum(weights[order])
    at = int(np.searchsorted(passed, share * passed[-1] * (1 - 1e-12)))
    return float(figures[order][min(at, len(order) - 1)])


def sayable(low: float, high: float) -> tuple[float, float]:
    """Outwards to a multiple of the 1, 2 or 5 × 10^k that is at most a twentieth of the distance.

    >>> sayable(0.0123, 0.847)
    (0.0, 0.86)
    >>> sayable(-37.2, 1204.0)
    (-50.0, 1250.0)
    """
    step_most = (high - low) / 20
    power = 10.0 ** math.floor(math.log10(step_most))
    step = max(nice * power for nice in (1, 2, 5) if nice * power <= step_most * (1 + 1e-9))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return (
        round(math.floor(low / step + 1e-9) * step, decimals) + 0.0,
        round(math.ceil(high / step - 1e-9) * step, decimals) + 0.0,
    )
