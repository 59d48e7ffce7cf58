"""What lies within reach on foot from a unit's own streets, where nobody knows how many live at which door."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from atlas.config import Indicator
from atlas.errors import ConfigError
from atlas.indicators import Inputs, Measured, measure, option
from atlas.neighbourhoods import locate
from atlas.walking import Streets, distances, streets_of

APART_M = 50.0
"""Of the nodes of the streets one is taken in each square of this side."""


@measure("on_foot")
def on_foot(inputs: Inputs, indicator: Indicator) -> Measured:
    r"""Places within ``radius_m`` on foot, along the streets, from the average point of the unit's own streets.

    The points are nodes of the walking network inside the unit, one in each square of 50 metres; of a unit without any
    it is its middle, if a node lies within ``walking.snap_m``, and the way to it counts. With O the points of
    unit u and A the (points × places) matrix of what lies within reach, the figure is Σ_{i in O} Σⱼ Aᵢⱼ / \|O\|.
    Missing where no street that hangs together with the others is near.
    """
    units, places = inputs.frame_of(indicator), inputs.of(indicator)
    streets = streets_of(inputs.atlas, inputs.source)
    if streets is None:
        raise ConfigError(
            "Este atlas não tem rede pedonal (`walking.network`): use a medida `near`.",
            "This atlas has no walking network (`walking.network`): use the measure `near`.",
            where=f"atlas.toml, {indicator.code}",
        )
    snap_m = inputs.atlas.walking.snap_m
    points, unit = _origins(streets, units, snap_m)
    radius_m = float(option(indicator, "radius_m"))
    spots = shapely.get_coordinates(shapely.point_on_surface(places.geometry.to_numpy()))
    near = distances(streets, points, spots, limit_m=radius_m, snap_m=snap_m)
    each = np.bincount(unit, minlength=len(units))
    share = csr_array(
        (1 / each[unit], (unit, np.arange(len(points)))),
        shape=(len(units), len(points)),
    )
    within = csr_array((np.ones(near.nnz), near.indices, near.indptr), shape=near.shape)
    reached = csr_array(share @ within)
    value = pd.Series(np.asarray(reached.sum(axis=1)).ravel(), index=units.index).where(each > 0)
    row, column = reached.nonzero()
    order = np.lexsort((column, row))
    evidence = pd.DataFrame({
        "code": units.index.to_numpy()[row[order]],
        "place_id": places["place_id"].to_numpy()[column[order]],
    })  # fmt: skip
    return Measured(value, evidence, each=1.0)


def _origins(streets: Streets, units: gpd.GeoDataFrame, snap_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of the streets, one in each square, and middles of units without any; the position of the unit of each."""
    square = np.floor(streets.xy / APART_M).astype(np.int64)
    _, first = np.unique(square, axis=0, return_index=True)
    xy = streets.xy[np.sort(first)]
    unit = units.index.get_indexer(locate(shapely.points(xy), units))
    empty = np.setdiff1d(np.arange(len(units)), unit)
    middle = shapely.get_coordinates(shapely.point_on_surface(units.geometry.to_numpy()[empty]))
    near = np.isfinite(cKDTree(streets.xy).query(middle, distance_upper_bound=snap_m)[0]) if len(empty) else empty > 0
    return np.concatenate([xy[unit >= 0], middle[near]]), np.concatenate([unit[unit >= 0], empty[near]])
