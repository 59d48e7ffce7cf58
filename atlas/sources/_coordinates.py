"""Coordinates as people write them: degrees and minutes, hemispheres, metres called degrees, columns swapped."""

from __future__ import annotations

import re
from numbers import Integral
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from atlas.errors import SourceError, Spot

_PARTS = re.compile(
    r"""^\s*(?P<before>[NSEWOL])?\s*(?P<sign>[-+−])?\s*
    (?P<degrees>\d{1,3}(?:[.,]\d+)?)\s*[°ºo˚d]?\s*
    (?:(?P<minutes>\d{1,2}(?:[.,]\d+)?)\s*['’′´m]?\s*)?
    (?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*(?:"|”|″|''|’’|′′|´´|s)?\s*)?
    (?P<after>[NSEWOL])?\s*$""",
    re.VERBOSE,
)
_ANGLE = re.compile(r"[°º˚'’′´\"”″]|^\s*[NSEWOL]|[NSEWOL]\s*$|^\s*[-+−]?\d{1,3}\s\d{1,2}(?![\d])")
_HEMISPHERE = re.compile(r"(^[NSEWOL]|[NSEWOL]$)")
MISSING = frozenset([
    "", "-", "–", "—", "x", "…", "...", "..", "n.d.", "nd", "n.d", "n/d", "n.a.", "n/a", "na", "nan", "null", "*",
])  # fmt: skip
"""How tables write that a figure is missing; capitals do not matter."""
WEST_OR_SOUTH = "SWO"
"""Hemispheres that count backwards; O is Portuguese ``oeste`` (and L ``leste``)."""


def are_angles(column: pd.Series) -> bool:
    """Whether a column of text holds degrees and minutes, or hemispheres."""
    cells = column.dropna().astype(str)
    cells = cells[~cells.str.strip().str.casefold().isin(MISSING)]
    return bool(len(cells)) and bool(cells.str.contains(_ANGLE).any())


def degrees(column: pd.Series, path: Path, name: str) -> pd.Series:
    r"""Decimal degrees from text with degrees, minutes, seconds and hemisphere; empty is missing.

    >>> texts = pd.Series(["41° 09' 30\" N", "8º37,5' O", "41.158 N", "-8° 30'", None])
    >>> degrees(texts, Path("a.csv"), "lat").round(5).tolist()
    [41.15833, -8.625, 41.158, -8.5, nan]
    """
    return pd.Series([_degrees(cell, path, name, label) for label, cell in column.items()], index=column.index)


def _degrees(cell: object, path: Path, name: str, label: object) -> float:
    if not isinstance(cell, str) or cell.strip().casefold() in MISSING:
        return float("nan")
    found = _PARTS.match(cell)
    if found is None:
        raise _not_an_angle(cell, path, name, label)
    size, minutes, seconds = (
        float(found[part].replace(",", ".")) if found[part] else 0.0 for part in ("degrees", "minutes", "seconds")
    )
    if minutes >= 60 or seconds >= 60:
        raise _not_an_angle(cell, path, name, label)
    back = found["sign"] in ("-", "−") or (found["before"] or found["after"] or "") in tuple(WEST_OR_SOUTH)
    return (-1 if back else 1) * (size + minutes / 60 + seconds / 3600)


def cell_of(path: Path, column: str, label: object) -> Spot:
    """A cell of a table whose rows are labelled by their lines less two, or by codes."""
    if isinstance(label, Integral):
        return Spot.of(path, column=column, line=int(label) + 2)
    return Spot.of(path, column=column, key=label)


def _not_an_angle(cell: str, path: Path, name: str, label: object) -> SourceError:
    return SourceError(
        f"«{cell}» não é uma coordenada em graus. Escreva 41.158, 41° 09' 30\" N, ou deixe a célula vazia.",
        f"“{cell}” is no coordinate in degrees. Write 41.158, 41° 09' 30\" N, or leave the cell empty.",
        where=cell_of(path, name, label),
    )


def by_hemisphere(lon: pd.Series, lat: pd.Series, path: Path) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Two columns of text, with longitudes (E, L, W, O) first where a row's letters say so; and which were swapped.

    >>> lon, lat = pd.Series(["38º N", "8º O"]), pd.Series(["8º O", "38º N"])
    >>> [column.tolist() for column in by_hemisphere(lon, lat, Path("a.csv"))]
    [['8º O', '8º O'], ['38º N', '38º N'], [True, False]]
    """
    swapped = pd.Series(data=False, index=lon.index)
    if pd.api.types.is_numeric_dtype(lon) or pd.api.types.is_numeric_dtype(lat):
        return lon, lat, swapped
    texts = [column.astype("string").str.strip() for column in (lon, lat)]
    if not any(text.str.contains("[NSEWOL]").any() for text in texts):
        return lon, lat, swapped
    texts = [text.mask(text.str.casefold().isin(MISSING)) for text in texts]
    letters = [text.str.extract(_HEMISPHERE, expand=False) for text in texts]
    for letter, other, own, column in (
        (letters[0], letters[1], "EWOL", lon), (letters[1], letters[0], "NS", lat)):  # fmt: skip
        wrong = (letter.notna() & ~letter.isin(list(own))).to_numpy(dtype=bool)
        stray = wrong & (other.isna() | (letter.isin(list("NS")) == other.isin(list("NS")))).to_numpy(dtype=bool)
        if stray.any():
            label = column.index[int(stray.argmax())]
            raise _not_an_angle(str(column.loc[label]), path, str(column.name), label)
        swapped |= wrong
    return lon.mask(swapped, lat), lat.mask(swapped, lon), swapped


def crs_named(named: object, path: Path) -> CRS:
    """The CRS that ``read.crs`` names."""
    try:
        return CRS.from_user_input(named)
    except CRSError as fault:
        raise SourceError(
            f"O sistema de coordenadas «{named}» não existe. Escreva-o como EPSG:3763.",
            f"There is no CRS “{named}”. Write it like EPSG:3763.",
            where=str(path),
        ) from fault


def refuse_other_unit(x: pd.Series, y: pd.Series, path: Path, *, geographic: bool) -> None:
    """An error where most coordinates cannot be the degrees that they are read as, or none the metres."""
    known = x.notna() & y.notna()
    wild = known & ((x.abs() > 360) | (y.abs() > 360))
    asked = known & (x != 0) & (y != 0)
    if not geographic and asked.any() and ((x.abs() < 1000) & (y.abs() < 1000))[asked].all():
        raise SourceError(
            f"As coordenadas são pequenas de mais para metros (x de {x.min():g} a {x.max():g}). Se são graus, apague "
            "`read.crs`; se os pontos separam milhares, tire-os.",
            f"The coordinates are too small for metres (x from {x.min():g} to {x.max():g}). If degrees, delete "
            "`read.crs`; if the points part thousands, take them out.",
            where=str(path),
        )
    if geographic and known.any() and wild.sum() > 0.5 * known.sum():
        raise SourceError(
            f"As coordenadas não são graus (x de {x.min():.0f} a {x.max():.0f}). Declare o sistema em `read`, por "
            'exemplo crs = "EPSG:3763".',
            f"The coordinates are no degrees (x from {x.min():.0f} to {x.max():.0f}). State their CRS in `read`, for "
            'instance crs = "EPSG:3763".',
            where=str(path),
        )


def swap_impossible(x: pd.Series, y: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Latitudes beyond ±90 beside longitudes within it can only be swapped: put right; and which these are."""
    wrong = (y.abs() > 90) & (y.abs() <= 180) & (x.abs() <= 90)
    return x.mask(wrong, y), y.mask(wrong, x), wrong


def put_right(records: gpd.GeoDataFrame, region: shapely.Geometry, crs: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """What lies outside a region, but in it with longitude and latitude swapped, swapped; and the ids of these.

    ``region`` is in ``crs``, the records are in degrees. What is moved is marked ``position_doubtful``.
    """
    shapes = records.geometry.to_numpy()
    west, south, east, north = shapely.bounds(shapes).T
    with np.errstate(invalid="ignore"):
        possible = (np.abs(west) <= 90) & (np.abs(east) <= 90)  # never so of what has no place
        left, low, right, high = gpd.GeoSeries([region], crs=crs).to_crs(4326).total_bounds
        apart = (west > right) | (east < left) | (south > high) | (north < low)
    rows = np.flatnonzero(possible & (apart | (shapely.get_type_id(shapes) == 0)))
    if not len(rows):
        return records, []
    swapped = gpd.GeoSeries(shapely.transform(shapes[rows], lambda points: points[:, ::-1]), crs=4326)
    there = shapely.intersects(region, swapped.to_crs(crs).to_numpy())
    here = shapely.intersects(region, gpd.GeoSeries(shapes[rows], crs=4326).to_crs(crs).to_numpy())
    moved = rows[there & ~here]
    if not len(moved):
        return records, []
    shapes = shapes.copy()
    shapes[moved] = swapped.to_numpy()[there & ~here]
    out = records.set_geometry(gpd.GeoSeries(shapes, index=records.index, crs=4326))
    out.attrs = dict(records.attrs)
    marks = out["marks"].fillna("").to_numpy(dtype=object).copy()
    marks[moved] = [f"{one}|position_doubtful".lstrip("|") for one in marks[moved]]
    out["marks"] = pd.Series(marks, index=out.index).where(marks != "", None)
    return out, records["record_id"].iloc[moved].tolist()
