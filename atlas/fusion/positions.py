"""Positions that cannot be those of the things: one point for several, or coordinates that were rounded."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.fusion.names import core
from atlas.sources import first_ten, number_of

DOUBTFUL = "position_doubtful"
SHARED, ROUNDED = f"{DOUBTFUL}|position_shared", DOUBTFUL
ONE_POINT_M = 0.01
SEVERAL = 3  # things of any kind at one point; of one kind two are enough
STEPS = (1 / 60, 0.01)  # of degrees: whole minutes, two decimals: a kilometre either way
HALF = 0.5
SLIP = 2e-7  # degrees that a change of CRS may move a coordinate
_CULTURE = frozenset({"venue", "heritage"})

Warnings = list[tuple[str, str]]


def with_doubts(rows: gpd.GeoDataFrame, atlas: Atlas) -> tuple[gpd.GeoDataFrame, Warnings]:
    """Prepared rows, those marked ``position_doubtful`` whose position says no more than which town they are in.

    Venues and heritage of one source that stand at exactly one point: two of one class, or three of any, whose names
    differ by more than a number. A register's town middle, a copied cell, or a parish's centre: one of them at most
    can be right. Shops and firms are left alone, which do share a door. And points whose longitude and latitude are
    both whole minutes, or have two decimals at most.
    """
    shared, rounded = _shared(rows, atlas), _rounded(rows)
    if not (shared | rounded).any():
        return rows, []
    marks = rows["marks"].to_numpy(dtype=object).copy()
    for at in np.flatnonzero(shared | rounded):
        before = marks[at] if isinstance(marks[at], str) else ""
        words = {*before.split("|"), *(SHARED if shared[at] else ROUNDED).split("|")}
        marks[at] = "|".join(sorted(words - {""}))
    return rows.assign(marks=marks), _said(rows, shared, rounded)


def _shared(rows: gpd.GeoDataFrame, atlas: Atlas) -> np.ndarray:
    culture = {id_ for id_, (layer, _) in atlas.classes.items() if layer.layer.role in _CULTURE}
    geometry = rows.geometry.to_numpy()
    asked = rows["class_"].isin(culture).to_numpy() & (rows["names"].str.len() > 0).to_numpy()
    asked &= ~rows["moved"].to_numpy()
    asked &= shapely.get_type_id(geometry) == shapely.GeometryType.POINT
    at = np.flatnonzero(asked)
    point = shapely.get_coordinates(geometry[at])
    held = pd.DataFrame({
        "source": rows["source_id"].to_numpy()[at],
        "x": np.round(point[:, 0] / ONE_POINT_M), "y": np.round(point[:, 1] / ONE_POINT_M),
        "class_": rows["class_"].to_numpy()[at], "row": at,
    })  # fmt: skip
    spot = ["source", "x", "y"]
    held = held[held.duplicated(spot, keep=False)]
    found = np.zeros(len(rows), dtype=bool)
    names = rows["names"].to_numpy()
    for keys, least in (([*spot, "class_"], 2), (spot, SEVERAL)):
        for mine in held.groupby(keys, sort=False).indices.values():
            one = held["row"].to_numpy()[mine]
            told = [frozenset(map(_unnumbered, own)) for own in {names[row] for row in one}]
            if len(set(told)) >= least and not frozenset.intersection(*told):
                found[one] = True
    return found


def _unnumbered(name: str) -> str:
    """What a name says beside its number: "Antas 1" and "Antas 2" are of one group."""
    return " ".join(word for word in core(name).split() if not word[0].isdigit())


def _rounded(rows: gpd.GeoDataFrame) -> np.ndarray:
    geometry = rows.geometry.to_numpy()
    found = np.zeros(len(rows), dtype=bool)
    at = np.flatnonzero((shapely.get_type_id(geometry) == shapely.GeometryType.POINT) & ~rows["moved"].to_numpy())
    if not len(at) or rows.crs is None:
        return found
    degrees = shapely.get_coordinates(gpd.GeoSeries(geometry[at], crs=rows.crs).to_crs(4326).to_numpy())
    for step in STEPS:
        found[at] |= _whole(degrees, step)
    # where a source writes three decimals, some end in zero by chance
    by_chance = pd.Series(_whole(degrees, 0.001) & ~found[at]).groupby(rows["source_id"].to_numpy()[at])
    found[at] &= (by_chance.transform("mean") < HALF).to_numpy()
    return found


def _whole(degrees: np.ndarray, step: float) -> np.ndarray:
    """Whether both coordinates are multiples of a step."""
    apart = np.abs(degrees - np.round(degrees / step) * step)
    return np.asarray((apart < SLIP).all(axis=1))


def _said(rows: gpd.GeoDataFrame, shared: np.ndarray, rounded: np.ndarray) -> Warnings:
    said: Warnings = []
    source, record = rows["source_id"].to_numpy(), rows["record_id"].to_numpy()
    for found, pt, en in (
        (
            shared,
            "# registo com nomes diferentes no mesmo ponto: posição duvidosa"
            "|# registos com nomes diferentes no mesmo ponto: posição duvidosa",
            "# record of another name at one point: position in doubt"
            "|# records of different names at one point: position in doubt",
        ),
        (
            rounded & ~shared,
            "# registo com coordenadas arredondadas ao minuto ou à centésima de grau: posição duvidosa"
            "|# registos com coordenadas arredondadas ao minuto ou à centésima de grau: posição duvidosa",
            "# record whose coordinates are rounded to a minute or a hundredth of a degree: position in doubt"
            "|# records whose coordinates are rounded to a minute or a hundredth of a degree: position in doubt",
        ),
    ):
        for id_ in pd.unique(source[found]):
            own = record[found & (source == id_)]
            first = first_ten(own)
            said += [
                (f"{id_}: {one} ({first})", f"{id_}: {other} ({first})") for one, other in number_of(len(own), pt, en)
            ]
    return said
