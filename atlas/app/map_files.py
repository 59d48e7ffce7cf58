"""Files that the browser fetches once: outlines and the points of each layer, named by their content."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

    from atlas.built import Built
    from atlas.config import Atlas

SCALE = 1e-5
"""Degrees per step: about a metre, below what a screen shows."""


def write_files(built: Built) -> tuple[Path, dict[str, str]]:
    """Write outlines and points beside the store; returns the folder and ``outlines`` or layer id → file name.

    Where the store's folder cannot be written, a folder of the system's temporary files serves.
    """
    contents = {"outlines": _outlines(built), **_points(built)}
    texts = {name: json.dumps(value, ensure_ascii=False, separators=(",", ":")) for name, value in contents.items()}
    names = {name: f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json" for name, text in texts.items()}
    beside = built.store.folder.with_name(f"{built.store.folder.name}.browser")
    for folder in (beside, Path(tempfile.gettempdir()) / f"atlas-browser-{os.getpid()}" / built.store.folder.name):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                _write(folder / names[name], text)
            _forget(folder, set(names.values()))
        except OSError:
            continue
        return folder, names
    raise OSError(str(beside))


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.stat().st_size == len(text.encode()):
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, "utf-8", newline="\n")
    beside.replace(path)


def _forget(folder: Path, wanted: set[str]) -> None:
    """Drop files of earlier builds, a day after: another session may still show them."""
    newest = max((path.stat().st_mtime for path in folder.glob("*.json")), default=0.0)
    for path in folder.glob("*.json"):
        if path.name not in wanted and newest - path.stat().st_mtime > 86_400:
            path.unlink(missing_ok=True)


def _outlines(built: Built) -> dict[str, Any]:
    units = built.store.read("neighbourhoods").sort_values("code")
    parents = built.store.read("parents").set_index("code")
    merged = units.dissolve(by="parent", method="coverage")
    shapes, borders = units.to_crs(4326), merged.to_crs(4326)
    west, south, _, _ = shapes.total_bounds
    packed = partial(_packed, origin=(west, south))
    return {
        "scale": SCALE,
        "origin": [west, south],
        "units": [
            {"code": code, "name": name, "parent": parent, "parts": packed(shape)}
            for code, name, parent, shape in zip(
                shapes["code"], shapes["name"], shapes["parent"], shapes.geometry, strict=True
            )
        ],
        "parents": [
            {"code": code, "name": str(parents["name"].get(code, code)), "parts": packed(shape)}
            for code, shape in zip(borders.index, borders.geometry, strict=True)
        ],
    }


def _packed(shape: shapely.Geometry, origin: tuple[float, float]) -> list[list[list[int]]]:
    """Polygons → rings → steps from vertex to vertex, first from ``origin``; shared borders stay shared."""
    return [
        [_steps(ring, origin) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in shapely.get_parts(shape)
        if isinstance(polygon, shapely.Polygon)
    ]


def _steps(ring: shapely.LinearRing, origin: tuple[float, float]) -> list[int]:
    whole = np.round((shapely.get_coordinates(ring)[:-1] - origin) / SCALE).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return [int(step) for step in steps[np.r_[True, np.any(steps[1:] != 0, axis=1)]].ravel()]


def _points(built: Built) -> dict[str, dict[str, Any]]:
    """Layer → its places: longitude, latitude, name, number of the class, number of the sources' words."""
    places = built.store.read("places")
    found: dict[str, dict[str, Any]] = {}
    for layer in built.atlas.layers:
        mine = places[places["layers"].fillna("").str.split("|").map(lambda ids, one=layer.id: one in ids)]
        if len(mine):
            found[layer.id] = _layer_points(built.atlas, layer.id, mine)
    return found


def _layer_points(atlas: Atlas, layer_id: str, places: gpd.GeoDataFrame) -> dict[str, Any]:
    names = {rule.id: rule.name for layer in atlas.layers if layer.id == layer_id for rule in layer.class_}
    own = [
        next((one for one in str(classes).split("|") if one in names), str(first))
        for classes, first in zip(places["classes"], places["class_"], strict=True)
    ]
    classes = sorted(set(own))
    titles = {source.id: source.title for source in atlas.source}
    sources = sorted(set(places["sources"].fillna("")))
    return {
        "classes": {
            lang: [names[one].in_(lang) if one in names else atlas.classes[one][1].name.in_(lang)
                   if one in atlas.classes else one for one in classes]
            for lang in ("pt", "en")
        },
        "sources": [" · ".join(titles.get(one, one) for one in ids.split("|") if one) for ids in sources],
        "places": [
            [round(float(lon), 5), round(float(lat), 5), name if isinstance(name, str) else "",
             classes.index(klass), sources.index(ids)]
            for lon, lat, name, klass, ids in zip(
                places["lon"], places["lat"], places["name"], own, places["sources"].fillna(""), strict=True
            )
        ],
    }  # fmt: skip
