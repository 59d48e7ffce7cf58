"""Where a planner's file lies: the CRS is confirmed, not guessed; coordinates come from two columns of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from atlas.errors import AtlasError, SourceError, refusal
from atlas.initialise.columns import LAT, LON, named
from atlas.language import counted
from atlas.sources import _coordinates
from atlas.sources.table import numbers
from atlas.uploads.model import Uploaded

_LIKELY = ("EPSG:4326", "EPSG:3857")
_SOME = 500
_Pair = tuple[str, str] | None
_CODE = re.compile(
    r"\d{4,6}|(EPSG|ESRI):\d{4,6}|OGC:CRS84|urn:ogc:def:crs:(EPSG:[\d.]*:\d{4,6}|OGC:[\d.]*:CRS84)", re.I
)
_WKT = re.compile(r"(PROJCS|GEOGCS|PROJCRS|GEOGCRS|COMPD_CS|COMPOUNDCRS|BOUNDCRS|GEODCRS)\s*\[", re.I)


@dataclass(frozen=True)
class Placed:
    """Features in the atlas's CRS: a row a feature that has a place, labelled as in the file."""

    uploaded: Uploaded
    shapes: gpd.GeoSeries
    inside: pd.Series
    """Whether a feature lies, at least in part, in the atlas's region."""

    @property
    def kind(self) -> str:
        """``point``, ``line``, ``area``, or ``mixed``."""
        kinds = set(shapely.get_dimensions(self.shapes.to_numpy()).tolist())
        return {(0,): "point", (1,): "line", (2,): "area"}.get(tuple(sorted(kinds)), "mixed")


def likely_crs(uploaded: Uploaded, metric: str) -> list[str]:
    """The reference systems to choose from, the file's own first."""
    return list(dict.fromkeys(filter(None, (uploaded.crs, *_LIKELY[:1], metric, *_LIKELY[1:]))))


def fitting_crs(uploaded: Uploaded, region: shapely.Geometry, metric: str) -> list[str]:
    """The same, and first of a file that states none the system in which most of it lies in the region."""
    likely = likely_crs(uploaded, metric)
    if uploaded.crs and (uploaded.shapes is None or uploaded.crs != _LIKELY[0]):
        return likely
    try:
        shapes = uploaded.shapes
        shapes = shapes if shapes is not None else _points(uploaded, coordinate_columns(uploaded.table), metric)
    except AtlasError:
        return likely
    return sorted(likely, key=lambda crs: -_inside(shapes, region, metric, crs))


def _inside(shapes: gpd.GeoSeries, region: shapely.Geometry, metric: str, crs: str, *, swapped: bool = False) -> int:
    """How many of some of the features would lie in the region, if they were in ``crs``."""
    there = shapes[shapes.notna()]
    some = there.iloc[:: max(1, len(there) // _SOME)].to_numpy()
    spots = shapely.get_coordinates(shapely.centroid(some))
    spots = spots[np.isfinite(spots).all(axis=1)]
    points = gpd.GeoSeries(shapely.points(spots[:, ::-1] if swapped else spots), crs=known_crs(crs)).to_crs(metric)
    return int(shapely.intersects(region, points.to_numpy()).sum())


def _none_inside(
    uploaded: Uploaded, shapes: gpd.GeoSeries, region: shapely.Geometry, metric: str, crs: str, columns: _Pair
) -> SourceError:
    """The error where nothing lies in the region: what would put it there, if it is another system or other axes."""
    pt, en = "Confirme o sistema de coordenadas", "Confirm the reference system"
    other = next((one for one in likely_crs(uploaded, metric) if _inside(shapes, region, metric, one)), "")
    swapped = next((one for one in (crs, *likely_crs(uploaded, metric))
                    if _inside(shapes, region, metric, one, swapped=True)), "")  # fmt: skip
    if other:
        other = crs_name(other)
        pt, en = f"Em {other} ficam lá: escolha esse sistema", f"In {other} they do: choose that system"
    elif swapped and columns:
        pt = f"Trocadas, ficam lá: escolha «{columns[1]}» para a longitude e «{columns[0]}» para a latitude"
        en = f"Swapped, they do: choose “{columns[1]}” for the longitude and “{columns[0]}” for the latitude"
        pt, en = (pt, en) if swapped == crs else (f"{pt}, em {crs_name(swapped)}", f"{en}, in {crs_name(swapped)}")
    elif swapped:
        pt = "As coordenadas têm a latitude primeiro: troque-as no QGIS (Trocar coordenadas X e Y)"
        en = "The coordinates have the latitude first: swap them in QGIS (Swap X and Y coordinates)"
    return SourceError(
        f"{counted('pt', len(shapes), 'O registo não fica|Nenhum dos # registos fica')} no território do atlas em "
        f"{crs_name(crs)}. {pt}.",
        f"{counted('en', len(shapes), 'The record does not lie|None of the # records lies')} in the atlas's region in "
        f"{crs_name(crs)}. {en}.",
        where=uploaded.name,
    )


def known_crs(text: str) -> pyproj.CRS:
    """The reference system of that name or number; the error says how one is written."""
    wanted = text.strip()
    try:
        if _WKT.match(wanted):
            return pyproj.CRS.from_wkt(wanted)
        if not _CODE.fullmatch(wanted):  # a PROJ text could name files of the machine
            raise ValueError(wanted)
        return pyproj.CRS.from_user_input(int(wanted) if wanted.isdigit() else wanted)
    except (pyproj.exceptions.CRSError, ValueError, OverflowError) as fault:
        raise SourceError(
            f"O sistema de coordenadas «{wanted[:40]}» não existe. Escreva o código EPSG, por exemplo EPSG:3763.",
            f"There is no reference system “{wanted[:40]}”. Write its EPSG code, EPSG:3763 for instance.",
        ) from fault


def crs_name(text: str) -> str:
    """Code and name of a reference system, as a planner knows it.

    >>> crs_name("EPSG:3763")
    'EPSG:3763 · ETRS89 / Portugal TM06'
    """
    crs = known_crs(text)
    code = ":".join(crs.to_authority(min_confidence=70) or ())
    return " · ".join(filter(None, (code, crs.name)))


def coordinate_columns(table: pd.DataFrame) -> tuple[str, str] | None:
    """The columns that hold longitude and latitude (or x and y), by their names."""
    lon, lat = named(table.columns, LON), named(table.columns, LAT)
    return (lon[0], lat[0]) if lon and lat and lon[0] != lat[0] else None


def place(uploaded: Uploaded, region: shapely.Geometry, metric: str, crs: str, columns: _Pair) -> Placed:
    """The file's features in ``metric``; an error where none lies in the region, since the CRS is then another."""
    shapes = uploaded.shapes if uploaded.shapes is not None else _points(uploaded, columns, crs)
    there = shapes[shapes.notna()].set_crs(known_crs(crs), allow_override=True)
    try:
        moved = there.to_crs(metric)
    except pyproj.exceptions.ProjError as fault:
        pt, en = refusal(fault)
        raise SourceError(
            f"As coordenadas não se convertem de {crs} ({pt}). Confirme o sistema de coordenadas.",
            f"The coordinates cannot be converted from {crs} ({en}). Confirm the reference system.",
            where=uploaded.name,
        ) from fault
    finite = np.isfinite(shapely.bounds(moved.to_numpy())).all(axis=1)
    moved = moved[finite]
    shapely.prepare(region)
    inside = pd.Series(shapely.intersects(region, moved.to_numpy()), index=moved.index, dtype=bool)
    if not inside.any():
        raise _none_inside(uploaded, shapes, region, metric, crs, columns if uploaded.shapes is None else None)
    return Placed(uploaded, moved, inside)


def _points(uploaded: Uploaded, columns: _Pair, crs: str) -> gpd.GeoSeries:
    if columns is None:
        raise SourceError(
            "A tabela não tem coordenadas. Escolha as colunas da longitude e da latitude.",
            "The table has no coordinates. Choose the columns of longitude and latitude.",
            where=uploaded.name,
        )
    x, y = (as_figures(uploaded, column, angles=True) for column in columns)
    if known_crs(crs).is_geographic:
        x, y, _ = _coordinates.swap_impossible(x, y)
    points = gpd.GeoSeries(gpd.points_from_xy(x, y), index=uploaded.table.index)
    return points.where((x.notna() & y.notna()).to_numpy(), None)


def as_figures(uploaded: Uploaded, column: str, *, angles: bool = False) -> pd.Series:
    """A column as numbers, as people write them; a word among them is an error that names row and column."""
    cells = uploaded.table[column]
    try:
        if angles and _coordinates.are_angles(cells):
            text = cells.where(cells.notna(), None)
            return _coordinates.degrees(text, Path(uploaded.name), column)
        values = numbers(cells, Path(uploaded.name), column)
    except AtlasError as fault:
        raise _in_row(uploaded, column, fault) from None
    wild = ~np.isfinite(values) & values.notna()
    if wild.any():
        label = int(values.index[int(wild.to_numpy().argmax())])
        row_pt, row_en = uploaded.row(label)
        raise SourceError(
            f"Coluna «{column}», {row_pt}: «{cells.loc[label]}» não é um número finito.",
            f"Column “{column}”, {row_en}: “{cells.loc[label]}” is no finite number.",
            where=uploaded.name,
        )
    return values


def _in_row(uploaded: Uploaded, column: str, fault: AtlasError) -> SourceError:
    """The fault of a cell, with its row called what it is called in this file."""
    _, _, after = fault.where.rpartition("linha ")
    if not after.isdigit():
        return SourceError(f"Coluna «{column}»: {fault.pt}", f"Column “{column}”: {fault.en}", where=uploaded.name)
    row_pt, row_en = uploaded.row(int(after) - 2)
    return SourceError(
        f"Coluna «{column}», {row_pt}: {fault.pt}", f"Column “{column}”, {row_en}: {fault.en}", where=uploaded.name
    )
