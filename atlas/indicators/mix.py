"""How mixed the venues of a neighbourhood are, and how large a part the creative ones have."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure, option
from atlas.indicators.counts import pairs_near
from atlas.indicators.reach import reached, with_edge


@measure("diversity")
def diversity(inputs: Inputs, indicator: Indicator) -> Measured:
    """Effective number of venue classes within reach (see :func:`hill_number`), missing under ``least`` venues."""
    pairs = around(inputs, indicator)
    counts = pairs.assign(class_=pairs["place_id"].map(inputs.places.set_index("place_id")["class_"]))
    table = pd.crosstab(counts["code"], counts["class_"])
    value = hill_number(table.to_numpy(dtype=float), floor=int(indicator.with_.get("least", 10)))
    measured = pd.Series(value, index=table.index).reindex(inputs.frame_of(indicator).index)
    return Measured(measured, pairs)


def hill_number(counts: np.ndarray, *, order: float = 1.0, floor: int = 10) -> np.ndarray:
    """Effective number of classes, ``(Σ pᵢ^q)^(1/(1−q))``; the exponential of Shannon's entropy at q = 1.

    Parameters
    ----------
    counts
        Units × classes.
    order
        q of Hill: 0 counts classes, 1 weighs them by abundance, 2 favours the common ones.
    floor
        With fewer venues than this the figure is missing: a mix of three is an anecdote.

    Source
    ------
    Hill, M. O. (1973). Diversity and evenness. Ecology 54(2), 427-432.

    Examples
    --------
    >>> hill_number(np.array([[10, 5, 3, 1, 1], [7, 0, 0, 0, 0], [0, 0, 0, 0, 0]]), floor=1).round(3)
    array([3.587, 1.   ,   nan])
    """
    total = counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = counts / total
        if order == 1:
            value = np.exp(-np.where(p > 0, p * np.log(p), 0).sum(axis=1))
        else:
            value = np.where(p > 0, p**order, 0).sum(axis=1) ** (1 / (1 - order))
    return np.where(total[:, 0] >= max(floor, 1), value, np.nan)


@measure("location_quotient")
def location_quotient(inputs: Inputs, indicator: Indicator) -> Measured:
    """Share of the chosen layers among all mapped businesses in reach, over the stored share of the whole atlas.

    The share is shrunk by Marshall's empirical Bayes estimator (see :func:`empirical_bayes`) with the stored ``mean``
    and ``spread``. The businesses are the records of the indicator's first source that carry one of ``base_keys``.
    Missing on a base under ``base_least``.
    """
    chosen = inputs.of(indicator)
    radius_m = float(option(indicator, "radius_m"))
    creative = pd.Series(
        reached(inputs, chosen, radius_m=radius_m).sum(axis=1), index=inputs.units.neighbourhoods.index
    )
    businesses = businesses_of(inputs, indicator)
    base = pd.Series(reached(inputs, businesses, radius_m=radius_m).sum(axis=1), index=creative.index)
    mean = float(option(indicator, "mean"))
    rate = empirical_bayes(creative.to_numpy(), base.to_numpy(), mean=mean, spread=float(option(indicator, "spread")))
    value = pd.Series(rate / mean, index=creative.index).where(base >= max(indicator.base_least, 1))
    return with_edge(inputs, indicator, Measured(value, around(inputs, indicator)))


def businesses_of(inputs: Inputs, indicator: Indicator) -> gpd.GeoDataFrame:
    """The mapped businesses: places that carry one of the indicator's ``base_keys`` as a tag."""
    keys = set(option(indicator, "base_keys"))
    tags = inputs.places["tags"].fillna("{}")
    is_business = [not keys.isdisjoint(json.loads(text)) for text in tags]
    return inputs.places[np.array(is_business, dtype=bool)]


def empirical_bayes(events: np.ndarray, base: np.ndarray, *, mean: float, spread: float) -> np.ndarray:
    """Marshall's empirical Bayes rate ``w·r + (1 − w)·m`` with ``w = a / (a + m / b)``.

    Parameters
    ----------
    mean, spread
        m and a of the reference build; ``spread`` 0 gives everybody the mean.

    Source
    ------
    Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators. Applied Statistics
    40(2), 283-294.

    Examples
    --------
    >>> e, b = np.array([0, 2, 10, 3]), np.array([20, 50, 100, 400])
    >>> m, a = marshall(e, b)
    >>> empirical_bayes(e, b, mean=m, spread=a).round(8)
    array([0.01459286, 0.03545123, 0.08531212, 0.00860249])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(base > 0, spread / (spread + mean / base), 0.0)
        rate = np.where(base > 0, events / base, mean)
    return weight * rate + (1 - weight) * mean


def marshall(events: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """Marshall's m = Σe/Σb and a = Σb(r − m)²/Σb − m/b̄, the latter not below 0."""
    known = base > 0
    events, base = events[known], base[known]
    mean = events.sum() / base.sum()
    spread = (base * (events / base - mean) ** 2).sum() / base.sum() - mean / base.mean()
    return float(mean), float(max(spread, 0.0))


def around(inputs: Inputs, indicator: Indicator) -> pd.DataFrame:
    """(unit, place) pairs within ``radius_m``: on foot from residents where they are known, else of the outline."""
    places, radius_m = inputs.of(indicator), float(option(indicator, "radius_m"))
    if inputs.population is None:
        return pairs_near(inputs.frame_of(indicator), places, radius_m=radius_m)
    shares: csr_array = reached(inputs, places, radius_m=radius_m)
    unit, place = shares.nonzero()
    order = np.lexsort((place, unit))
    return pd.DataFrame({
        "code": inputs.units.neighbourhoods.index.to_numpy()[unit[order]],
        "place_id": places["place_id"].to_numpy()[place[order]],
    })  # fmt: skip
