"""Which columns of a table of places are its coordinates, in which order, and in which CRS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.errors import SourceError
from atlas.initialise import columns as find
from atlas.initialise.noting import Note
from atlas.initialise.projecting import OFFICIAL
from atlas.sources import _coordinates
from atlas.sources.table import numbers

MOST = 0.5
"""Share of the points that must lie in the region before a reading of them is believed."""
LEAST, CLEARLY = 0.005, 5
"""Of a list of a wider area a few in the region will do, if five times as many as in any other reading."""


def coordinate_columns(
    table: pd.DataFrame, path: Path, region: gpd.GeoDataFrame | None
) -> tuple[dict[str, Any], list[Note]]:
    """``lon``, ``lat`` and, where they are no degrees, ``crs``, for the ``read`` of a table; and what was noted.

    Columns are found by name. With the region's outlines at hand, longitude and latitude that are swapped as a whole
    are told, and metres are tried in the outlines' own CRS, in Portugal's and in the region's UTM zone.

    Raises
    ------
    SourceError
        A column is not found, or metres fit no CRS that was tried.
    """
    read = {"lon": _column(table, find.LON, path, "lon"), "lat": _column(table, find.LAT, path, "lat")}
    x, y = (_values(table[read[key]], path) for key in ("lon", "lat"))
    known = (x.notna() & y.notna()).to_numpy()
    x, y = x.to_numpy()[known], y.to_numpy()[known]
    if not len(x):
        return read, []
    if np.median(np.abs(x)) > 360 or np.median(np.abs(y)) > 360:
        crs = _metric(x, y, path, region)
        return read | {"crs": crs}, [Note("init.note.metres", file=path.name, crs=crs)]
    if region is not None and _share(x, y, 4326, region) < MOST <= _share(y, x, 4326, region):
        return {"lon": read["lat"], "lat": read["lon"]}, [Note("init.note.swapped", file=path.name)]
    return read, []


def _column(table: pd.DataFrame, known: tuple[str, ...], path: Path, key: str) -> str:
    found = find.named(map(str, table.columns), known)
    if found:
        return found[0]
    said = "longitude" if key == "lon" else "latitude"
    there = ", ".join(map(str, table.columns))
    raise SourceError(
        f"Não se encontra a coluna da {said}. Há: {there}. Chame-lhe `{key}`.",
        f"The column of the {said} is not found. There are: {there}. Call it `{key}`.",
        where=str(path),
    )


def _values(column: pd.Series, path: Path) -> pd.Series:
    if _coordinates.are_angles(column):
        return _coordinates.degrees(column, path, str(column.name))
    return numbers(column, path, str(column.name))


def _metric(x: np.ndarray, y: np.ndarray, path: Path, region: gpd.GeoDataFrame | None) -> str:
    """The CRS in which most of the points lie in the region; of a list of a wider area, more than in all others."""
    if region is None:
        raise SourceError(
            "As coordenadas estão em metros e não se sabe em que sistema. Converta-as para graus (EPSG:4326), ou dê os "
            "contornos da região com `--neighbourhoods`.",
            "The coordinates are in metres and it is not known in which CRS. Convert them to degrees (EPSG:4326), or "
            "give the region's outlines with `--neighbourhoods`.",
            where=str(path),
        )
    own = region.crs.to_epsg() if region.crs.is_projected else None
    utm = region.to_crs(4326).estimate_utm_crs().to_epsg()
    tried = list(dict.fromkeys([*([f"EPSG:{own}"] if own else []), *OFFICIAL, f"EPSG:{utm}", "EPSG:3857"]))
    inside = {crs: _share(x, y, crs, region) for crs in tried}
    best, second = sorted(tried, key=inside.__getitem__, reverse=True)[:2]
    if inside[best] >= MOST or inside[best] > max(LEAST, CLEARLY * inside[second]):
        return best
    raise SourceError(
        f"As coordenadas estão em metros, e em nenhum dos sistemas tentados ({', '.join(tried)}) caem na região. "
        "Converta-as para graus (EPSG:4326).",
        f"The coordinates are in metres, and in none of the systems tried ({', '.join(tried)}) do they lie in "
        "the region. Convert them to degrees (EPSG:4326).",
        where=str(path),
    )


def _share(x: np.ndarray, y: np.ndarray, crs: int | str, region: gpd.GeoDataFrame) -> float:
    """Share of the points that lie in the region's bounding boxes, read in a CRS."""
    points = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=crs).to_crs(region.crs)
    boxes = shapely.box(*shapely.bounds(region.geometry.to_numpy()).T)
    tree = shapely.STRtree(boxes)
    return float(len(np.unique(tree.query(points.to_numpy(), predicate="intersects")[0])) / len(points))
