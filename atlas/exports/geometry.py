"""Outlines as the formats want them: in WGS84 by RFC 7946, or as layers of one kind of geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

if TYPE_CHECKING:
    import geopandas as gpd

Kind = Literal["point", "line", "polygon"]
Geometries = npt.NDArray[np.object_]
DECIMALS = 7
"""Of a degree: about a centimetre."""
_KIND_OF_TYPE = {0: "point", 4: "point", 1: "line", 2: "line", 5: "line", 3: "polygon", 6: "polygon"}
_EAST = shapely.box(0, -90, 180, 90)
_BEYOND = shapely.box(180, -90, 540, 90)


def in_wgs84(frame: gpd.GeoDataFrame) -> tuple[Geometries, list[float]]:
    """Geometries and bounding box by RFC 7946: longitude first, right-hand rings, split at ±180°, 7 decimals.

    A box that crosses ±180° has its west greater than its east, as section 5.2 of the standard has it. What has no
    geometry is None; a box around nothing is empty.
    """
    _, unwrapped, crossing = _unwrapped(frame)
    out = unwrapped.copy()
    out[crossing] = [_split(one) for one in unwrapped[crossing]]
    out = shapely.orient_polygons(_rounded(out))
    out[shapely.is_empty(out)] = None
    return out, _bounds(out, unwrapped, crossing)


def box_in_wgs84(frame: gpd.GeoDataFrame) -> list[float]:
    """The bounding box of :func:`in_wgs84` without its geometries."""
    return _bounds(*_unwrapped(frame))


def crs_address(crs: CRS) -> str:
    """Where OGC's register describes a reference system; nothing for one that no authority has listed.

    >>> crs_address(CRS("EPSG:3763")), crs_address(CRS("+proj=laea +lat_0=85 +lon_0=55"))
    ('http://www.opengis.net/def/crs/EPSG/0/3763', '')
    """
    authority = crs.to_authority()
    return f"http://www.opengis.net/def/crs/{authority[0]}/0/{authority[1]}" if authority else ""


def kinds(geometries: Any) -> npt.NDArray[np.str_]:
    """``point``, ``line`` or ``polygon`` of each geometry; an empty word where there is none.

    >>> kinds([shapely.Point(0, 0), shapely.box(0, 0, 1, 1), None]).tolist()
    ['point', 'polygon', '']
    """
    found = shapely.get_type_id(np.asarray(geometries, dtype=object))
    return np.array([_KIND_OF_TYPE.get(int(one), "") for one in found], dtype=np.str_)


def by_kind(frame: gpd.GeoDataFrame) -> dict[Kind, gpd.GeoDataFrame]:
    """The rows of each kind of geometry, for formats whose layers are of one kind; rows without any are left out.

    A layer without a single shape is one of points, so that its fields are there all the same.
    """
    found = kinds(frame.geometry.array)
    parts: dict[Kind, gpd.GeoDataFrame] = {}
    for kind in ("point", "line", "polygon"):
        if (found == kind).any():
            parts[kind] = frame[found == kind]
    return parts or {"point": frame}


def _unwrapped(frame: gpd.GeoDataFrame) -> tuple[Geometries, Geometries, npt.NDArray[np.bool_]]:
    """Geometries in degrees, the same with those across ±180° in one piece, and which these are."""
    flat = shapely.force_2d(np.asarray(frame.geometry.to_crs(4326).array, dtype=object))
    crossing = _crosses(flat)
    unwrapped = flat.copy()
    unwrapped[crossing] = shapely.transform(flat[crossing], _unwrap)
    return flat, unwrapped, crossing


def _crosses(geometries: Geometries) -> npt.NDArray[np.bool_]:
    """Whether a geometry's longitudes lie on both sides of ±180° (wider than half the globe, as they stand)."""
    bounds = shapely.bounds(geometries)
    with np.errstate(invalid="ignore"):
        return np.asarray(bounds[:, 2] - bounds[:, 0] > 180)


def _unwrap(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Longitudes from 0 to 360."""
    out = coordinates.copy()
    out[:, 0] = np.where(out[:, 0] < 0, out[:, 0] + 360, out[:, 0])
    return out


def _split(geometry: shapely.Geometry) -> shapely.Geometry:
    """The parts on either side of ±180°, none of them across it."""
    west = shapely.intersection(geometry, _EAST)
    east = shapely.transform(shapely.intersection(geometry, _BEYOND), lambda xy: xy - (360, 0))
    highest = shapely.get_dimensions(geometry)
    parts = [part for side in (west, east) for part in shapely.get_parts(side).tolist()]
    kept = [part for part in parts if shapely.get_dimensions(part) == highest and not part.is_empty]
    gather = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}[int(highest)]
    result: shapely.Geometry = kept[0] if len(kept) == 1 else gather(kept)
    return result


def _rounded(geometries: Geometries) -> Geometries:
    """Coordinates on the grid of 7 decimals; areas stay valid, and one too small for the grid keeps its ring."""
    out = geometries.copy()
    areas = np.flatnonzero(shapely.get_dimensions(out) == 2)
    snapped = np.array([_on_grid(one) for one in out[areas]], dtype=object)
    lost = shapely.is_empty(snapped)
    snapped[lost] = out[areas[lost]]
    out[areas] = snapped
    return shapely.transform(out, lambda xy: np.round(xy, DECIMALS))


def _on_grid(area: shapely.Geometry) -> shapely.Geometry:
    """An area on the grid; a needle that GEOS cannot put there is rounded point by point and mended."""
    try:
        return shapely.set_precision(area, 10.0**-DECIMALS)
    except shapely.errors.GEOSException:
        rounded = shapely.set_precision(area, 10.0**-DECIMALS, mode="pointwise")
        return shapely.make_valid(rounded, method="structure", keep_collapsed=False)


def _bounds(geometries: Geometries, unwrapped: Geometries, crossing: npt.NDArray[np.bool_]) -> list[float]:
    """West, south, east, north of all of them."""
    present = geometries[~shapely.is_missing(geometries)]
    if present.size == 0:
        return []
    if not crossing.any():
        box = shapely.total_bounds(present)
    else:
        box = shapely.total_bounds(shapely.transform(unwrapped[~shapely.is_missing(unwrapped)], _unwrap))
        box[2] -= 360
    return [float(one) for one in np.round(box, DECIMALS)]
