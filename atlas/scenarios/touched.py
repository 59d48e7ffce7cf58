"""Which figures a scenario can move: the indicators that count what changed, and the units within their reach.

The units named here are never too few, and may be some too many: to be measured again and found unchanged costs little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Indicator
from atlas.indicators import Inputs
from atlas.indicators.clustering import NEAR_M
from atlas.indicators.mix import businesses_of
from atlas.scenarios.editing import Edited

INSIDE = frozenset({"count", "density", "per_base"})
AROUND = frozenset({"near", "on_foot", "reach", "departures", "diversity", "kinds", "location_quotient", "clustering"})
NEAREST = frozenset({"nearest_km", "kinds_km"})
SLACK, SLACK_M = 1.1, 50.0
"""A way along streets is as long as the straight one, but for how the streets were drawn."""
ANYWHERE_KM = 1e5


def relevant(inputs: Inputs, indicator: Indicator, edited: Edited) -> gpd.GeoDataFrame:
    """The rows of a scenario that an indicator reads; a figure of a census reads none."""
    changed = edited.changed
    if not indicator.layers or not len(changed):
        return changed.iloc[:0]
    if indicator.measure == "clustering":  # chance is dealt over all that is mapped
        return changed
    own = replace(inputs, places=changed)
    read = changed.index.isin(own.of(indicator).index)
    if indicator.measure == "location_quotient":
        read |= changed.index.isin(businesses_of(own, indicator).index)
    return changed[read]


def touched(
    after: Inputs,
    indicator: Indicator,
    rows: gpd.GeoDataFrame,
    known: pd.DataFrame,
    *,
    counted: frozenset[str],
) -> pd.Index:
    """Codes of the units whose figure the ``rows`` can move.

    Parameters
    ----------
    known
        Units × indicators before the scenario.
    counted
        Layers of the places that the indicator counted before.
    """
    units = after.frame_of(indicator)
    if not len(rows):
        return units.index[:0]
    column = "parent" if indicator.level == "municipality" else "neighbourhood"
    holding = units.index[units.index.isin(rows[column].dropna())]
    if (
        set(after.of(indicator)["layer"].unique()) != counted
    ):  # the completeness of all units is read over the layers that count
        return units.index
    if indicator.measure in INSIDE:
        return holding
    spots = shapely.point_on_surface(rows.geometry.to_numpy())
    if indicator.measure in AROUND:
        return holding.union(_around(after, indicator, spots), sort=False)
    if indicator.measure in NEAREST:
        figures = (
            known[indicator.code].reindex(units.index) if indicator.code in known else pd.Series(np.nan, units.index)
        )
        return holding.union(_nearest(indicator, units, figures, spots), sort=False)
    return units.index


def _around(inputs: Inputs, indicator: Indicator, spots: np.ndarray) -> pd.Index:
    """Units with somebody, or with ground where nobody's place is known, within reach of a spot."""
    radius_m = float(indicator.with_.get("radius_m", 0.0))
    if indicator.measure == "clustering":
        radius_m += NEAR_M
    units, population = inputs.frame_of(indicator), inputs.population
    reach_m = radius_m * SLACK + SLACK_M
    if population is None or indicator.measure == "near":
        found = shapely.STRtree(units.geometry.to_numpy()).query(spots, predicate="dwithin", distance=reach_m)[1]
        return units.index[np.unique(found)]
    found = shapely.STRtree(population.geometry.to_numpy()).query(spots, predicate="dwithin", distance=reach_m)[1]
    return units.index[units.index.isin(population["unit"].iloc[np.unique(found)])]


def _nearest(indicator: Indicator, units: gpd.GeoDataFrame, figures: pd.Series, spots: np.ndarray) -> pd.Index:
    """Units that are no farther from a spot than the farthest that their figure can stand on.

    The figure of ``kinds_km`` is a mean of as many distances as there are kinds: none of them is above their sum.
    """
    kinds: Any = indicator.with_.get("observed", (None,))
    reach_m = (figures.to_numpy(dtype=float) * 1000 * len(kinds)) * SLACK + SLACK_M
    reach_m = np.where(np.isnan(reach_m), ANYWHERE_KM * 1000, reach_m)
    found = shapely.STRtree(spots).query(units.geometry.to_numpy(), predicate="dwithin", distance=reach_m)[0]
    return units.index[np.unique(found)]
