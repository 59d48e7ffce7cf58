"""Land cover and streets of a unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure, option
from atlas.neighbourhoods import locate
from atlas.sources.network import Network
from atlas.sources.table import require

SLIP = 1e-6  # areas beside each other overlap by so little where their corners differ in the last digits


@measure("area_share")
def area_share(inputs: Inputs, indicator: Indicator) -> Measured:
    """Share of a unit's surroundings (its outline and ``radius_m`` around it) of the chosen groups, in per cent.

    ``column`` names the column of the areas that is compared with ``values``.
    """
    units = inputs.frame_of(indicator)
    areas = inputs.source(indicator.sources[0]).to_crs(units.crs)
    column = str(option(indicator, "column"))
    path = inputs.atlas.folder / inputs.atlas.source_of(indicator.sources[0]).file
    mend = (f"Corrija `with.column` de «{indicator.code}»", f"Mend `with.column` of “{indicator.code}”")
    require(pd.DataFrame(areas), [column], path, remedy=mend)
    chosen = _apart(areas.geometry.to_numpy()[areas[column].isin(option(indicator, "values")).to_numpy()])
    zones = shapely.buffer(units.geometry.to_numpy(), float(indicator.with_.get("radius_m", 0.0)), quad_segs=4)
    known = shapely.union_all(areas.geometry.to_numpy())
    zone, area = shapely.STRtree(chosen).query(zones, predicate="intersects")
    parts = shapely.area(shapely.intersection(zones[zone], chosen[area]))
    covered = np.bincount(zone, parts, minlength=len(zones))
    whole = shapely.area(shapely.intersection(zones, known))
    return Measured(
        pd.Series(np.where(whole > 0, 100 * covered / np.where(whole > 0, whole, 1), np.nan), index=units.index)
    )


def _apart(areas: np.ndarray) -> np.ndarray:
    """The areas, as one where some of them overlap: what two cover is covered once."""
    whole = shapely.union_all(areas)
    return shapely.get_parts(whole) if shapely.area(areas).sum() > whole.area * (1 + SLIP) else areas


@measure("intersections")
def intersections(inputs: Inputs, indicator: Indicator) -> Measured:
    """Crossings of at least three walkable ways per square kilometre of a unit."""
    network: Network = inputs.source(indicator.sources[0])
    ends = pd.concat([network.edges["from_node"], network.edges["to_node"]])
    degree = ends.value_counts()
    nodes = network.nodes.set_index("node")
    crossings = nodes.loc[nodes.index.isin(degree.index[degree >= 3])]
    points = shapely.points(crossings["x"].to_numpy() / 10, crossings["y"].to_numpy() / 10)
    units = inputs.frame_of(indicator)
    count = pd.Series(locate(points, units)).value_counts()
    return Measured(count.reindex(units.index, fill_value=0) / units["area_km2"])
