"""The metric CRS of a region, anywhere in the world."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from atlas.errors import SourceError

Floats = NDArray[np.float64]

OFFICIAL = ("EPSG:3763", "EPSG:5014", "EPSG:5015", "EPSG:5016")
"""Portugal's own systems (mainland, western, central and eastern islands): what its municipalities work in."""
OFFICIAL_MARGIN = 0.1
"""Degrees by which a region may reach over the official box, whose edges are drawn along the border."""
SCALE_TOLERATED = 0.0015
"""How far lengths may be off anywhere in the region: what a UTM zone gives half a degree outside itself."""
OWN_SCALE_TOLERATED = 0.01
"""The same for the system that the planner's own file is in, which is kept where it serves."""


@dataclass(frozen=True)
class Chosen:
    """A metric CRS as ``atlas.toml`` writes it, why it was taken, and by how much lengths are off at most."""

    crs: str
    why: str
    off: float


def choose_crs(outlines: gpd.GeoDataFrame) -> Chosen:
    """The CRS in which a region is measured.

    The file's own where it is metric and true to scale there; else Portugal's official one inside Portugal; else the
    UTM zone of the middle; else, where the region is too wide or too near a pole for one zone, a Lambert azimuthal
    equal-area projection around its middle. Longitudes are taken as angles, so a region on both sides of ±180° is
    as wide as it is on the globe.

    Raises
    ------
    SourceError
        The outlines are called degrees and are not.
    """
    lon, lat = corners(outlines)
    own = outlines.crs
    if _is_metric(own) and own.to_epsg() is not None:
        off = scale_error(own, lon, lat)
        if off <= OWN_SCALE_TOLERATED:
            return Chosen(f"EPSG:{own.to_epsg()}", "own", off)
    middle_lon, middle_lat = middle(lon, lat)
    official = _official(lon, lat)
    if official is not None:
        return Chosen(official, "official", scale_error(pyproj.CRS(official), lon, lat))
    if -80 <= middle_lat <= 84:
        utm = pyproj.CRS.from_epsg((32600 if middle_lat >= 0 else 32700) + utm_zone(middle_lon))
        off = scale_error(utm, lon, lat)
        if off <= SCALE_TOLERATED:
            return Chosen(f"EPSG:{utm.to_epsg()}", "utm", off)
    around = f"+proj=laea +lat_0={middle_lat:.2f} +lon_0={middle_lon:.2f} +datum=WGS84 +units=m +no_defs"
    return Chosen(around, "equal_area", scale_error(pyproj.CRS(around), lon, lat))


def in_portugal(outlines: gpd.GeoDataFrame) -> bool:
    """Whether a region lies in the box of one of Portugal's systems, which holds a strip of Spain too."""
    return _official(*corners(outlines)) is not None


def _official(lon: Floats, lat: Floats) -> str | None:
    """Portugal's own system in whose box every point lies."""
    for name in OFFICIAL:
        area = pyproj.CRS(name).area_of_use
        inside = (np.abs(lon - (area.west + area.east) / 2) <= (area.east - area.west) / 2 + OFFICIAL_MARGIN) & (
            np.abs(lat - (area.south + area.north) / 2) <= (area.north - area.south) / 2 + OFFICIAL_MARGIN
        )
        if inside.all():
            return name
    return None


def corners(outlines: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """Longitudes (−180 to 180) and latitudes of a region's vertices, to a hundredth of a degree, each once."""
    if outlines.crs.is_geographic:
        bounds = outlines.total_bounds
        if np.abs(bounds[[0, 2]]).max() > 360 or np.abs(bounds[[1, 3]]).max() > 90:
            raise SourceError(
                "As coordenadas são ditas graus e não o são (estarão em metros). Declare o sistema certo no ficheiro.",
                "The coordinates are called degrees and are not (they may be metres). State the right CRS in the file.",
            )
        degrees = outlines.geometry.to_numpy()
    else:
        degrees = outlines.geometry.to_crs(4326).to_numpy()
    found = shapely.get_coordinates(degrees)
    found = np.unique(np.round(found[np.isfinite(found).all(axis=1)], 2), axis=0)
    if not len(found):
        raise SourceError(
            "O ficheiro não tem contornos. Exporte a camada com eles.",
            "The file has no outlines. Export the layer with them.",
        )
    return (found[:, 0] + 180) % 360 - 180, found[:, 1]


def middle(lon: Floats, lat: Floats) -> tuple[float, float]:
    """The middle of the shortest span that holds all longitudes, and of the latitudes.

    >>> middle(np.array([177.0, -178.0]), np.array([-19.0, -16.0]))
    (179.5, -17.5)
    >>> middle(np.array([-9.0, -6.0]), np.array([41.0, 42.0]))
    (-7.5, 41.5)
    """
    ordered = np.sort(lon)
    gaps = np.diff(np.append(ordered, ordered[0] + 360))
    widest = int(gaps.argmax())
    west = ordered[(widest + 1) % len(ordered)]
    east = ordered[widest]
    span = (east - west) % 360
    return float((west + span / 2 + 180) % 360 - 180), float((lat.min() + lat.max()) / 2)


def utm_zone(lon: float) -> int:
    """The UTM zone of a longitude.

    >>> utm_zone(-8.6), utm_zone(36.8), utm_zone(180.0), utm_zone(-180.0)
    (29, 37, 1, 1)
    """
    return int((lon + 180) // 6) % 60 + 1


def scale_error(crs: pyproj.CRS, lon: Floats, lat: Floats) -> float:
    """By how much lengths are off at most over the points, as a share; infinite where the CRS does not reach."""
    factors = pyproj.Proj(crs).get_factors(lon, lat, errcheck=False)
    scales = np.array([factors.tissot_semimajor, factors.tissot_semiminor])
    return float(np.abs(scales - 1).max()) if np.isfinite(scales).all() else float("inf")


def _is_metric(crs: pyproj.CRS) -> bool:
    """Projected, in metres, and not Web Mercator, whose metres are none."""
    operation = crs.coordinate_operation
    return bool(
        crs.is_projected
        and crs.axis_info[0].unit_name == "metre"
        and not (operation and "Pseudo Mercator" in operation.method_name)
    )
