"""Hexagons as neighbourhoods, where a region has none of its own."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.errors import SourceError

MOST = 200_000
NAMED_WITHIN = 6  # a hexagon takes the name of a named place at most this many hexagons away


def hexagons(cover: shapely.Geometry, width_m: float) -> gpd.GeoDataFrame:
    """The hexagons, ``width_m`` between opposite sides, that touch an area; two sides of each run north.

    They lie on a lattice that starts at the origin of the CRS, and their code is their place in it, so that more data
    make the grid larger and move nothing. Neighbours share their corners exactly.

    Parameters
    ----------
    cover
        In metres.

    Raises
    ------
    SourceError
        There would be too many.

    Examples
    --------
    >>> found = hexagons(shapely.Point(0, 0), 500)
    >>> len(found), round(found.area.iloc[0])
    (1, 216506)
    >>> bool(shapely.coverage_is_valid(hexagons(shapely.box(0, 0, 9000, 9000), 500).geometry.to_numpy()))
    True
    """
    side_m = width_m / math.sqrt(3)
    west, south, east, north = cover.bounds
    columns = np.arange(math.floor(2 * west / width_m) - 2, math.ceil(2 * east / width_m) + 3)
    rows = np.arange(math.floor(south / (1.5 * side_m)) - 1, math.ceil(north / (1.5 * side_m)) + 2)
    if len(columns) / 2 * len(rows) > MOST:
        raise SourceError(
            f"A grelha teria mais de {MOST} hexágonos ({(east - west) / 1000:.0f} por "
            f"{(north - south) / 1000:.0f} km). Peça hexágonos maiores, ou retire os "
            "registos que estão longe da região.",
            f"The grid would have more than {MOST} hexagons ({(east - west) / 1000:.0f} by "
            f"{(north - south) / 1000:.0f} km). Ask for larger ones, or take out the records that lie far from the "
            "region.",
            where="--grid",
        )
    column, row = (part.ravel() for part in np.meshgrid(columns, rows))
    own = (column + row) % 2 == 0  # every other half column: the rows interlock
    column, row = column[own], row[own]
    # corners on a lattice of half widths and half sides, counted in whole numbers: neighbours agree to the bit
    across = column[:, None] + np.array([0, 1, 1, 0, -1, -1])
    along = 3 * row[:, None] + np.array([2, 1, -1, -2, -1, 1])
    corners = np.stack([across * (width_m / 2), along * (side_m / 2)], axis=-1)
    shapes = shapely.polygons(corners[:, ::-1])
    shapely.prepare(cover)
    touching = shapely.intersects(cover, shapes)
    codes = [_code(int(c), int(r)) for c, r in zip(column[touching], row[touching], strict=True)]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapes[touching])


def _code(column: int, row: int) -> str:
    """A code that no spreadsheet takes for a date or a number.

    >>> _code(771, 15413), _code(-3, -12)
    ('E771N15413', 'W3S12')
    """
    return f"{'E' if column >= 0 else 'W'}{abs(column)}{'N' if row >= 0 else 'S'}{abs(row)}"


def names_of(units: gpd.GeoDataFrame, named: gpd.GeoDataFrame, width_m: float) -> pd.Series:
    """A name for each hexagon: the nearest named place and a number from north to south; else its code."""
    names = units["code"].copy()
    if not len(named):
        return names
    points = shapely.point_on_surface(named.geometry.to_numpy())
    centres = shapely.centroid(units.geometry.to_numpy())
    row, place = shapely.STRtree(points).query_nearest(centres, max_distance=NAMED_WITHIN * width_m, all_matches=False)
    found = pd.DataFrame({
        "row": row,
        "place": named["name"].to_numpy()[place],
        "north": -shapely.get_y(centres[row]),
        "east": shapely.get_x(centres[row]),
    }).sort_values(["place", "north", "east"])  # fmt: skip
    number = found.groupby("place").cumcount() + 1
    single = found.groupby("place")["row"].transform("size") == 1
    text = found["place"].where(single, found["place"] + " " + number.astype(str))
    names.iloc[found["row"].to_numpy()] = text.to_numpy()
    return names
