"""Streets that can be walked, from an extract of OpenStreetMap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from atlas.sources._extract import Extract, opened
from atlas.sources._opl import Nodes, Tags
from atlas.sources.network import Network

NOT_WALKED = frozenset({
    "motorway", "motorway_link", "emergency_bay", "escape", "raceway", "bus_guideway", "busway",
    "construction", "proposed", "planned", "abandoned", "disused", "razed", "demolished", "no",
})  # fmt: skip
FAST = frozenset({"trunk", "trunk_link"})
CLOSED = frozenset({"private", "no"})
ASKED = ("highway", "foot", "sidewalk", "access")
ON_FOOT = frozenset({"yes", "designated", "permissive", "destination", "official"})
SIDEWALKS = frozenset({"both", "left", "right"})
FOOTWAYS = frozenset({"footway", "pedestrian", "path", "steps", "corridor"})


def walked(tags: Mapping[str, str | None]) -> bool:
    """Whether a way may be walked: what is said of walkers wins over what is said of all.

    >>> walked({"highway": "residential"}), walked({"highway": "service", "access": "private"})
    (True, False)
    >>> walked({"highway": "trunk", "foot": "yes"}), walked({"highway": "motorway", "foot": "yes"})
    (True, False)
    >>> walked({"highway": "razed"})
    False
    """
    highway = tags.get("highway")
    if highway is None or highway in NOT_WALKED:
        return False
    foot = tags.get("foot")
    if foot is not None:
        return foot in ON_FOOT
    if highway in FAST and tags.get("sidewalk") not in SIDEWALKS:
        return False
    return tags.get("access") not in CLOSED


def chained(chains: Sequence[Sequence[int] | NDArray[np.int64]], highway: Sequence[str]) -> pd.DataFrame:
    """One row a pair of neighbouring nodes of the ways, the smaller id first: ``from_node, to_node, highway``."""
    sizes = np.array([len(chain) for chain in chains], dtype=np.int64)
    flat = np.concatenate([np.asarray(chain, dtype=np.int64) for chain in chains])
    within = np.ones(len(flat), dtype=bool)
    within[np.cumsum(sizes) - 1] = False
    first = np.flatnonzero(within)
    pairs = np.sort(np.column_stack([flat[first], flat[first + 1]]), axis=1)
    way = np.repeat(np.arange(len(chains)), np.maximum(sizes - 1, 0))
    return pd.DataFrame({
        "from_node": pairs[:, 0],
        "to_node": pairs[:, 1],
        "highway": np.array(highway, dtype=object)[way],
    })  # fmt: skip


def measured(edges: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """Edges between two different known nodes, once each, with ``length_m``; ``nodes`` are metres by id."""
    known = edges["from_node"].isin(nodes.index) & edges["to_node"].isin(nodes.index)
    edges = edges[known & (edges["from_node"] != edges["to_node"])]
    start, end = (nodes.loc[edges[column], ["x", "y"]].to_numpy() for column in ("from_node", "to_node"))
    edges = edges.assign(length_m=np.round(np.hypot(*(end - start).T), 1).astype("float32"))
    edges = edges.sort_values(["from_node", "to_node", "highway"], kind="stable")
    return edges.drop_duplicates(["from_node", "to_node"]).reset_index(drop=True)


def in_tenths(nodes: pd.DataFrame) -> pd.DataFrame:
    """Nodes as a network's table holds them: ``node``, ``x`` and ``y`` in tenths of a metre."""
    return (nodes[["x", "y"]] * 10).round().astype("int32").reset_index(names="node")


def read_streets(path: Path, crs: Any, region: shapely.Geometry | None = None) -> Network | None:
    """The walkable ways of an extract in a metric CRS, as far as they lie in the box of ``region``; None without any.

    Raises
    ------
    SourceError
        A file cut short, an error page, or something else than OpenStreetMap data.
    """
    with opened(path) as extract:
        chains, highway, numbers, places = _ways(extract)
    if not highway:
        return None
    held, first = np.unique(numbers, return_index=True)
    held, first = held[there := ~np.isnan(places[first, 0])], first[there]
    points = gpd.GeoSeries(gpd.points_from_xy(*places[first].T), crs=4326).to_crs(crs)
    nodes = pd.DataFrame({"x": points.x.to_numpy(), "y": points.y.to_numpy()}, index=held)
    if region is not None:
        west, south, east, north = region.bounds
        nodes = nodes[nodes["x"].between(west, east) & nodes["y"].between(south, north)]
    edges = measured(chained(chains, highway), nodes)
    if edges.empty:
        return None
    nodes = nodes.loc[np.unique(edges[["from_node", "to_node"]].to_numpy())]
    return Network(edges, in_tenths(nodes))


def _ways(extract: Extract) -> tuple[list[NDArray[np.int64]], list[str], NDArray[np.int64], NDArray[np.float64]]:
    """Node numbers and kind of each walkable way; all nodes one after the other, and where they are."""
    highway: list[str] = []
    found: list[Nodes] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2)))]
    named, only = osmium.filter.KeyFilter("highway"), osmium.filter.EntityFilter(osmium.osm.WAY)
    for ways in extract.look(osmium.osm.NODE | osmium.osm.WAY, ways=named.enable_for(osmium.osm.WAY), then=only):
        tags = Tags(ways["tags"])
        said = pd.DataFrame({key: tags.values_of(key).to_pylist() for key in ASKED}, dtype=object)
        taken = pc.greater(pc.count_substring(ways["rest"], "n"), 1).to_numpy(zero_copy_only=False)
        taken &= ~ways["deleted"].to_numpy(zero_copy_only=False)
        taken &= np.array([walked(one) for one in said.to_dict("records")], bool)
        highway += said.loc[taken, "highway"].tolist()
        found.append(extract.located(ways["rest"].filter(taken)))
    length, numbers, places = (np.concatenate(column) for column in zip(*found, strict=True))
    return np.split(numbers, np.cumsum(length)[:-1]), highway, numbers, places
