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

NOT_WALKED = frozenset({"motorway", "motorway_link", "emergency_bay", "construction", "proposed", "raceway"})
FAST = frozenset({"trunk", "trunk_link"})
CLOSED = frozenset({"private", "no"})
ON_FOOT = frozenset({"yes", "designated", "permissive"})
SIDEWALKS = frozenset({"both", "left", "right"})
STREETS = {"source": "OpenStreetMap, 22 November 2022", **OSM}


def compile_streets(raw: Path) -> None:
    """Write ``odbl/streets`` and ``odbl/street_nodes`` of Porto."""
    with gzip.open(raw / "osm/porto_streets_overpass_2022-11.json.gz", "rt", encoding="utf-8") as file:
        elements: list[dict[str, Any]] = json.load(file)["elements"]
    ways = sorted((one for one in elements if _walked(one)), key=lambda way: int(way["id"]))
    edges = _edges(ways)
    nodes = _nodes(elements)
    known = edges["from_node"].isin(nodes.index) & edges["to_node"].isin(nodes.index)
    edges = edges[known & (edges["from_node"] != edges["to_node"])]
    nodes = nodes.loc[np.unique(edges[["from_node", "to_node"]].to_numpy())]
    start, end = (nodes.loc[edges[column]].to_numpy() for column in ("from_node", "to_node"))
    edges = edges.assign(length_m=np.round(np.hypot(*(end - start).T), 1).astype("float32"))
    edges = edges.sort_values(["from_node", "to_node", "highway"], kind="stable")
    edges = edges.drop_duplicates(["from_node", "to_node"]).reset_index(drop=True)
    tenths = (nodes * 10).round().astype("int32").reset_index(names="node")
    print(f"streets: {len(ways):,} ways, {edges['length_m'].sum() / 1000:,.0f} km")
    write_parquet(edges, DATA / "porto/odbl/streets.parquet", STREETS)
    write_parquet(tenths, DATA / "porto/odbl/street_nodes.parquet", STREETS)


def _walked(element: dict[str, Any]) -> bool:
    """Whether a way may be walked: what is said of walkers wins over what is said of all."""
    tags = element.get("tags", {})
    highway = tags.get("highway")
    if element["type"] != "way" or highway is None or highway in NOT_WALKED:
        return False
    foot = tags.get("foot")
    if foot is not None:
        return foot in ON_FOOT
    if highway in FAST and tags.get("sidewalk") not in SIDEWALKS:
        return False
    return tags.get("access") not in CLOSED


def _edges(ways: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a pair of neighbouring nodes, the smaller id first."""
    sizes = np.array([len(way["nodes"]) for way in ways])
    chain = np.concatenate([np.asarray(way["nodes"], dtype="int64") for way in ways])
    within = np.ones(len(chain), dtype=bool)
    within[np.cumsum(sizes) - 1] = False
    first = np.flatnonzero(within)
    pairs = np.sort(np.column_stack([chain[first], chain[first + 1]]), axis=1)
    way = np.repeat(np.arange(len(ways)), sizes - 1)
    highway = np.array([one["tags"]["highway"] for one in ways], dtype=object)[way]
    return pd.DataFrame(
        {"from_node": pairs[:, 0], "to_node": pairs[:, 1], "highway": highway, "steps": highway == "steps"}
    )


def _nodes(elements: list[dict[str, Any]]) -> pd.DataFrame:
    """Coordinates of all nodes in metres, by id."""
    rows = np.array([(one["id"], one["lon"], one["lat"]) for one in elements if one["type"] == "node"])
    points = gpd.GeoSeries(gpd.points_from_xy(rows[:, 1], rows[:, 2]), crs=DEGREES).to_crs(METRIC)
    ids = np.array([one["id"] for one in elements if one["type"] == "node"], dtype="int64")
    table = pd.DataFrame({"x": points.x.to_numpy(), "y": points.y.to_numpy()}, index=ids)
    return table[~table.index.duplicated()].sort_index()
