"""Saved answers of an ArcGIS FeatureServer or MapServer (``f=json``, or ``f=geojson``).

``read`` takes the column names of :mod:`atlas.sources.vector`; all other attributes are carried along. What these
services are known for is handled: null coordinates inside rings, rings in any order and direction, faults with
status 200, and answers that stop at the transfer limit, which is a warning.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import _osm, listed, vector, wfs
from atlas.sources._coordinates import crs_named
from atlas.sources.vector import records_of

READ = wfs.READ
_CURVES = frozenset({"curveRings", "curvePaths"})

Warnings = list[tuple[str, str]]


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a saved answer."""
    path = folder / source.file
    answer = _answer(path)
    if answer.get("type") == "FeatureCollection":
        return wfs.load(source, folder)
    table, notes = features_of(answer, path)
    source = wfs.with_attributes(source)
    key = str(answer.get("objectIdFieldName") or "OBJECTID")
    if "record" not in source.read and key in table and table[key].is_unique:
        source = source.model_copy(update={"read": {**source.read, "record": key}})
    records = records_of(table, source, path)
    records.attrs["warnings"] = [*notes, *records.attrs.get("warnings", [])]
    return records


def _answer(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    wfs.refuse_faults(content, path)
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise SourceError(
            "Não é uma resposta ArcGIS inteira em JSON. Descarregue-a outra vez (f=json).",
            "Not a whole ArcGIS answer in JSON. Download it again (f=json).",
            where=str(path),
        )
    if isinstance(answer.get("error"), dict):
        fault = answer["error"]
        said = f"{fault.get('code', '')} {fault.get('message', '')}".strip()
        raise SourceError(
            f"O ficheiro é o relatório de um erro do serviço: «{said}». Repita o pedido.",
            f"The file is the service's report of a fault: “{said}”. Ask again.",
            where=str(path),
        )
    if not isinstance(answer.get("features"), list):
        raise SourceError(
            "Falta a lista «features»: não é uma resposta de uma camada ArcGIS. Repita o pedido.",
            "The list “features” is missing: this is no answer of an ArcGIS layer. Ask again.",
            where=str(path),
        )
    return answer


def features_of(answer: dict[str, Any], path: Path) -> tuple[gpd.GeoDataFrame, Warnings]:
    """Attributes and geometry of an answer's features in the answer's CRS, and what was left out of them."""
    dropped: list[str] = []
    features = [one if isinstance(one, dict) else {} for one in answer["features"]]
    shapes = [_shape(one.get("geometry"), position, dropped) for position, one in enumerate(features)]
    table = gpd.GeoDataFrame(
        pd.DataFrame([one.get("attributes") or {} for one in features]), geometry=shapes, crs=_crs(answer, path)
    )
    vector.refuse_metres(table, path)
    notes: Warnings = listed(
        dropped,
        "# geometria tinha coordenadas nulas, que ficaram de fora"
        "|# geometrias tinham coordenadas nulas, que ficaram de fora",
        "# geometry had null coordinates, which were left out|# geometries had null coordinates, which were left out",
    )
    notes += listed(
        [
            str(row + 1)
            for row, one in enumerate(features)
            if isinstance(one.get("geometry"), dict) and _CURVES & set(one["geometry"])
        ],
        "# geometria em arcos ficou sem lugar: peça sem `returnTrueCurves`"
        "|# geometrias em arcos ficaram sem lugar: peça sem `returnTrueCurves`",
        "# geometry of arcs was left without a place: ask without `returnTrueCurves`"
        "|# geometries of arcs were left without a place: ask without `returnTrueCurves`",
    )
    if wfs.stopped(answer):
        notes.append(wfs.at_limit(len(table)))
    return table, notes


def _crs(answer: dict[str, Any], path: Path) -> pyproj.CRS:
    """The CRS that an answer states; WGS84 where it states none."""
    said = answer.get("spatialReference")
    said = said if isinstance(said, dict) else {}
    codes = [said[key] for key in ("latestWkid", "wkid") if said.get(key)]
    named = [f"{authority}:{code}" for code in codes for authority in ("EPSG", "ESRI")]
    for one in named:
        try:
            return pyproj.CRS.from_user_input(one)
        except pyproj.exceptions.CRSError:
            continue
    return crs_named(said.get("wkt") or (named[0] if named else 4326), path)


def _shape(geometry: Any, position: int, dropped: list[str]) -> BaseGeometry | None:
    """A point, line or area; null coordinates are left out and noted by the feature's number."""
    if not isinstance(geometry, dict):
        return None
    if "x" in geometry:
        point = _numbers([[geometry.get("x"), geometry.get("y")]])
        return shapely.Point(point[0]) if len(point) else None
    if "points" in geometry:
        points = _numbers(geometry["points"])
        return shapely.MultiPoint(points) if len(points) else None
    lines = geometry.get("rings") or geometry.get("paths")
    lines = [line for line in lines if isinstance(line, list)] if isinstance(lines, list) else []
    kept = [_numbers(line) for line in lines]
    if sum(map(len, kept)) < sum(map(len, lines)):
        dropped.append(str(position + 1))
    if "rings" in geometry:
        closed = [_closed(ring) for ring in kept if len(ring) > 2]
        rings = [ring for ring in closed if len(np.unique(ring, axis=0)) > 2]
        if len(rings) == 1:
            return shapely.Polygon(rings[0])
        return _osm.area_within(rings) if rings else None
    parts = [line for line in kept if len(line) > 1]
    return shapely.MultiLineString(parts) if parts else None


def _numbers(line: Any) -> np.ndarray:
    """The coordinates of a line that are numbers, x and y."""
    held = [
        point[:2]
        for point in (line if isinstance(line, list) else ())
        if isinstance(point, list) and len(point) > 1 and all(_is_number(value) for value in point[:2])
    ]
    return np.array(held, dtype=float).reshape(-1, 2)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)


def _closed(ring: np.ndarray) -> np.ndarray:
    return ring if (ring[0] == ring[-1]).all() else np.vstack([ring, ring[:1]])
