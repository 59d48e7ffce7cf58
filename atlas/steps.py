"""Geometry in whole steps of 10⁻⁵ degrees, each as the difference from the one before: small, and easy to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

if TYPE_CHECKING:
    from atlas.store import Store

DECIMALS = 5
"""Of a degree in outlines and points on a map: about a metre."""


def steps(shapes: npt.NDArray[np.object_], crs: Any, *, beyond: bool = False) -> npt.NDArray[np.object_]:
    """Geometries in whole steps of longitude and latitude; a region across ±180° goes on ``beyond`` 180."""
    import geopandas as gpd

    geographic = np.asarray(gpd.GeoSeries(shapes, crs=crs).to_crs(4326).array, dtype=object)
    if beyond or _spans_180(shapely.get_coordinates(geographic)[:, 0]):
        geographic = shapely.transform(geographic, lambda xy: np.column_stack([eastward(xy[:, 0]), xy[:, 1]]))
    return np.asarray(shapely.transform(geographic, lambda xy: np.rint(xy * 10**DECIMALS)), dtype=object)


def crosses_180(store: Store) -> bool:
    """Whether the region lies on both sides of ±180°, so that its map goes on beyond 180."""
    import geopandas as gpd

    units = store.read("neighbourhoods")
    corners = shapely.points(shapely.bounds(units.geometry.to_numpy()).reshape(-1, 2))
    return _spans_180(gpd.GeoSeries(corners, crs=units.crs).to_crs(4326).x.to_numpy())


def _spans_180(lon: npt.NDArray[np.float64]) -> bool:
    return bool(len(lon) and lon.max() - lon.min() > 180)


def eastward(lon: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Longitudes from 0 to 360.

    >>> eastward(np.array([179.0, -179.0])).tolist()
    [179.0, 181.0]
    """
    return np.where(lon < 0, lon + 360, lon)


def encoded(shape: shapely.Geometry | None) -> list[list[list[int]]]:
    """Polygons → rings → differences."""
    if shape is None:
        return []
    return [
        [differences(shapely.get_coordinates(ring)[:-1]) for ring in shapely.get_rings(polygon)]
        for polygon in shapely.get_parts(shape).tolist()
        if polygon.geom_type == "Polygon"
    ]


def differences(points: npt.NDArray[np.float64]) -> list[int]:
    """The first point, then the step from each to the next; points that fall together count once.

    >>> differences(np.array([[10.0, 20.0], [11.0, 18.0], [11.0, 18.0], [12.0, 18.0]]))
    [10, 20, 1, -2, 1, 0]
    """
    moves = np.diff(points, axis=0)
    moves = moves[(moves != 0).any(axis=1)]
    flat: list[int] = np.concatenate([points[:1], moves]).astype(int).ravel().tolist()
    return flat
