"""The features of a planner's file as the map draws them: points as columns, outlines as short rings."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.uploads.placing import Placed

DECIMALS = 5
MOST_VERTICES = 60_000
_FIRST_TOLERANCE_M = 2.0


def map_layer(placed: Placed, title: str) -> dict[str, Any]:
    """What the browser draws: ``lon``, ``lat`` and ``names`` of points; ``lines`` and ``rings`` of the rest.

    Only what lies in the region is sent; outlines are simplified until they are few enough vertices to draw.
    """
    shown = placed.shapes[placed.inside]
    shapes = shown.to_numpy()
    names = names_of(placed).reindex(shown.index).fillna("").astype(str).to_numpy()
    flat = shapely.get_dimensions(shapes)
    spots = shapely.point_on_surface(shapes[flat == 0])
    geographic = gpd.GeoSeries(spots, crs=shown.crs).to_crs(4326)
    outlines = shapes[flat > 0]
    drawn = gpd.GeoSeries(_light(outlines), crs=shown.crs).to_crs(4326).to_numpy()
    parts, owner = shapely.get_parts(drawn, return_index=True)
    return {
        "lon": geographic.x.round(DECIMALS).tolist(),
        "lat": geographic.y.round(DECIMALS).tolist(),
        "names": names[flat == 0].tolist(),
        "kinds": {"pt": [title], "en": [title]},
        "kind": [0] * len(spots),
        "sources": [""],
        "source": [0] * len(spots),
        "outlines": [_paths(part) for part in parts],
        "outline_names": [str(names[flat > 0][at]) for at in owner],
    }


def names_of(placed: Placed) -> pd.Series:
    """What a feature is called: the likeliest column, else the first that holds words."""
    from atlas.initialise.columns import NAMES, named

    table = placed.uploaded.table
    words = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
    column = next(iter(named(table.columns, NAMES)), words[0] if words else None)
    if column is None:
        return pd.Series("", index=table.index)
    return table[column].map(lambda cell: str(cell)[:120], na_action="ignore")


def _light(shapes: np.ndarray) -> np.ndarray:
    light, tolerance = shapes, _FIRST_TOLERANCE_M
    while shapely.get_num_coordinates(light).sum() > MOST_VERTICES and tolerance < 5000:
        light = shapely.simplify(shapes, tolerance)
        tolerance *= 2
    return light


def _paths(shape: shapely.Geometry) -> dict[str, Any]:
    """One line or polygon as lists of ``[lat, lon, lat, lon …]``."""
    area = shape.geom_type == "Polygon"
    lines = [shape.exterior, *shape.interiors] if area else [shape]
    return {
        "area": area,
        "paths": [np.round(shapely.get_coordinates(one)[:, ::-1], DECIMALS).ravel().tolist() for one in lines],
    }
