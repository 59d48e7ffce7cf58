"""How many places there are in a unit or near it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure, option


@measure("count")
def count(inputs: Inputs, indicator: Indicator) -> Measured:
    """Places inside each unit; 0 where there is none on record."""
    column = "parent" if indicator.level == "municipality" else "neighbourhood"
    places = inputs.of(indicator)
    places = places[places[column].notna()]
    value = places.groupby(column).size().reindex(inputs.frame_of(indicator).index, fill_value=0)
    return Measured(value, places[[column, "place_id"]].rename(columns={column: "code"}), each=1.0)


@measure("density")
def density(inputs: Inputs, indicator: Indicator) -> Measured:
    """Places per square kilometre inside each unit."""
    counted = count(inputs, indicator)
    area_km2 = inputs.frame_of(indicator)["area_km2"]
    return Measured(counted.value / area_km2, counted.evidence, each=1 / area_km2)


@measure("per_base")
def per_base(inputs: Inputs, indicator: Indicator) -> Measured:
    """Places per ``per`` units of a base column (dwellings, residents) of a source of figures.

    Missing where the base is missing, zero or under the indicator's ``base_least``.
    """
    from atlas.indicators.figures import column_of

    counted = count(inputs, indicator)
    base = column_of(inputs, indicator, option(indicator, "base")).reindex(counted.value.index)
    least = max(indicator.base_least, 1.0)
    each = indicator.with_.get("per", 1) / base.where(base >= least)
    return Measured(each * counted.value, counted.evidence, each=each, base=base)


@measure("near")
def near(inputs: Inputs, indicator: Indicator) -> Measured:
    """Places inside each unit or within ``radius_m`` of its outline, in a straight line.

    What an atlas uses where it has no population points: the figure says so in its name.
    """
    units, places = inputs.frame_of(indicator), inputs.of(indicator)
    pairs = pairs_near(units, places, radius_m=float(option(indicator, "radius_m")))
    value = pairs.groupby("code").size().reindex(units.index, fill_value=0)
    return Measured(value, pairs, each=1.0)


def pairs_near(units: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, radius_m: float) -> pd.DataFrame:
    """Every (unit, place) within ``radius_m`` of the unit's outline: columns ``code``, ``place_id``."""
    points = shapely.point_on_surface(places.geometry.to_numpy())
    tree = shapely.STRtree(points)
    if not len(points):
        return pd.DataFrame({"code": [], "place_id": []}, dtype=object)
    unit, place = tree.query(units.geometry.to_numpy(), predicate="dwithin", distance=radius_m)
    order = np.lexsort((place, unit))
    return pd.DataFrame({
        "code": units.index.to_numpy()[unit[order]],
        "place_id": places["place_id"].to_numpy()[place[order]],
    })  # fmt: skip
