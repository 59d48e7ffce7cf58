"""Porto's walkable network, from OpenStreetMap: edges between neighbouring nodes of the ways that can be walked."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from tables import DATA, DEGREES, METRIC, OSM, write_parquet

from atlas.sources._streets import chained, in_tenths, measured, walked

STREETS = {"source": "OpenStreetMap, 22 November 2022", **OSM}


def compile_streets(raw: Path) -> None:
    """Write ``odbl/streets`` and ``odbl/street_nodes`` of Porto."""
    with gzip.open(raw / "osm/porto_streets_overpass_2022-11.json.gz", "rt", encoding="utf-8") as file:
        elements: list[dict[str, Any]] = json.load(file)["elements"]
    ways = sorted(
        (one for one in elements if one["type"] == "way" and walked(one.get("tags", {}))),
        key=lambda way: int(way["id"]),
    )
    nodes = _nodes(elements)
    edges = chained([way["nodes"] for way in ways], [way["tags"]["highway"] for way in ways])
    edges = measured(edges.assign(steps=edges["highway"] == "steps"), nodes)
    nodes = nodes.loc[np.unique(edges[["from_node", "to_node"]].to_numpy())]
    print(f"streets: {len(ways):,} ways, {edges['length_m'].sum() / 1000:,.0f} km")
    write_parquet(edges, DATA / "porto/odbl/streets.parquet", STREETS)
    write_parquet(in_tenths(nodes), DATA / "porto/odbl/street_nodes.parquet", STREETS)


def _nodes(elements: list[dict[str, Any]]) -> pd.DataFrame:
    """Coordinates of all nodes in metres, by id."""
    rows = np.array([(one["id"], one["lon"], one["lat"]) for one in elements if one["type"] == "node"])
    points = gpd.GeoSeries(gpd.points_from_xy(rows[:, 1], rows[:, 2]), crs=DEGREES).to_crs(METRIC)
    ids = np.array([one["id"] for one in elements if one["type"] == "node"], dtype="int64")
    table = pd.DataFrame({"x": points.x.to_numpy(), "y": points.y.to_numpy()}, index=ids)
    return table[~table.index.duplicated()].sort_index()
