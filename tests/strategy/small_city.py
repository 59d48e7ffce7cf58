"""Small cities made by hand, on the layers of the product."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from atlas.config import Atlas

CENTRE = (-40_000.0, 165_000.0)  # metres of EPSG:3763, near Porto
Spot = tuple[str, float, float]


def places_at(atlas: Atlas, spots: Sequence[Spot], units: gpd.GeoDataFrame, **columns: object) -> gpd.GeoDataFrame:
    """Places as the store has them: (class, metres east, metres north) of each."""
    classes = [spot[0] for spot in spots]
    points = shapely.points(np.array([spot[1:] for spot in spots], dtype=float).reshape(-1, 2) + CENTRE)
    layer, rule = zip(*(atlas.classes[one] for one in classes), strict=True) if spots else ((), ())
    degrees = gpd.GeoSeries(points, crs="EPSG:3763").to_crs(4326)
    inside = gpd.sjoin(
        gpd.GeoDataFrame(geometry=points, crs=units.crs), units[["code", "parent", "geometry"]], predicate="within"
    )
    inside = inside[~inside.index.duplicated()].reindex(range(len(spots)))
    table = gpd.GeoDataFrame(
        {
            "place_id": [f"p{number:012d}" for number in range(len(spots))],
            "name": [f"{one} {number}" for number, one in enumerate(classes)],
            "class_": classes,
            "layer": [one.id for one in layer],
            "classes": classes,
            "layers": [one.id for one in layer],
            "actor": [one.actor for one in rule],
            "weight": [one.weight for one in rule],
            "lon": degrees.x.to_numpy(),
            "lat": degrees.y.to_numpy(),
            "neighbourhood": inside["code"].to_numpy(dtype=object),
            "parent": inside["parent"].to_numpy(dtype=object),
            "sources": "osm_culture",
            "n_records": 1,
            "p_match": 1.0,
            "marks": None,
            "tags": None,
        },
        geometry=points,
        crs="EPSG:3763",
    )
    return table.assign(**columns)


def grid(side: int, size_m: float = 1000.0, *, parents: int = 1) -> gpd.GeoDataFrame:
    """Square units in ``side`` rows, their lower left corner at the centre, split into parents by column."""
    east, north = np.meshgrid(np.arange(side), np.arange(side))
    east, north = east.ravel(), north.ravel()
    shapes = shapely.box(
        CENTRE[0] + east * size_m,
        CENTRE[1] + north * size_m,
        CENTRE[0] + (east + 1) * size_m,
        CENTRE[1] + (north + 1) * size_m,
    )
    parent = [f"13{int(one * parents // side):02d}" for one in east]
    return gpd.GeoDataFrame(
        {
            "code": [f"{group}{number:02d}" for number, group in enumerate(parent)],
            "name": [f"Unidade {number}" for number in range(len(shapes))],
            "parent": parent,
            "parent_name": [f"Município {one}" for one in parent],
            "residents": 1000.0,
            "residents_method": "census",
            "area_km2": size_m**2 / 1e6,
        },
        geometry=shapes,
        crs="EPSG:3763",
    )
