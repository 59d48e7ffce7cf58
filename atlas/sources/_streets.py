"""Streets that can be walked, from an extract of OpenStreetMap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from atlas.sources.network import Network
from atlas.sources.pbf import SMALL_FILE_BYTES, format_of, refused

NOT_WALKED = frozenset({"motorway", "motorway_link", "emergency_bay", "construction", "proposed", "raceway"})
FAST = frozenset({"trunk", "trunk_link"})
CLOSED = frozenset({"private", "no"})
ON_FOOT = frozenset({"yes", "designated", "permissive"})
SIDEWALKS = frozenset({"both", "left", "right"})
FOOTWAYS = frozenset({"footway", "pedestrian", "path", "steps", "corridor"})


@dataclass(frozen=True)
class Walkable:
    """A network of an extract, and how many kilometres of it are streets and how many are mapped as footways."""

    network: Network
    street_km: float
    footway_km: float


def walked(tags: Mapping[str, str]) -> bool:
    """Whether a way may be walked: what is said of walkers wins over what is said of all.

    >>> walked({"highway": "residential"}), walked({"highway": "service", "access": "private"})
    (True, False)
    >>> walked({"highway": "trunk", "foot": "yes"}), walked({"highway": "motorway", "foot": "yes"})
    (True, False)
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


def chained(chains: Sequence[Sequence[int]], highway: Sequence[str]) -> pd.DataFrame:
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


def read_streets(path: Path, crs: Any, region: shapely.Geometry | None = None) -> Walkable | None:
    """The walkable ways of an extract in a metric CRS, as far as they lie in the box of ``region``; None without any.

    Raises
    ------
    SourceError
        A file cut short, an error page, or something else than OpenStreetMap data.
    """
    file = osmium.io.File(str(path), format_of(path))
    large = path.stat().st_size > SMALL_FILE_BYTES
    with TemporaryDirectory(prefix="atlas-osm-", ignore_cleanup_errors=True) if large else nullcontext("") as scratch:
        places = osmium.index.create_map(f"sparse_file_array,{Path(scratch) / 'nodes'}" if large else "flex_mem")
        try:
            chains, highway, spots = _ways(file, places)
        except (RuntimeError, ValueError, osmium.InvalidLocationError) as fault:
            raise refused(path, fault) from None
    if not chains:
        return None
    points = gpd.GeoSeries(gpd.points_from_xy(*np.array(list(spots.values())).T), crs=4326).to_crs(crs)
    nodes = pd.DataFrame({"x": points.x.to_numpy(), "y": points.y.to_numpy()}, index=np.array(list(spots), np.int64))
    if region is not None:
        west, south, east, north = region.bounds
        nodes = nodes[nodes["x"].between(west, east) & nodes["y"].between(south, north)]
    edges = measured(chained(chains, highway), nodes)
    if edges.empty:
        return None
    nodes = nodes.loc[np.unique(edges[["from_node", "to_node"]].to_numpy())]
    footway = edges["highway"].isin(FOOTWAYS).to_numpy()
    km = edges["length_m"].to_numpy(dtype=float) / 1000
    return Walkable(Network(edges, in_tenths(nodes)), float(km[~footway].sum()), float(km[footway].sum()))


def _ways(file: Any, places: Any) -> tuple[list[list[int]], list[str], dict[int, tuple[float, float]]]:
    """Node numbers and kind of each walkable way, and where the nodes are that the file holds."""
    chains: list[list[int]] = []
    highway: list[str] = []
    spots: dict[int, tuple[float, float]] = {}
    stream = osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.WAY)
    stream = stream.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)).with_filter(
        osmium.filter.KeyFilter("highway")
    )
    for way in stream.with_locations(places):
        tags = dict(way.tags)
        if way.deleted or not walked(tags) or len(way.nodes) < 2:
            continue
        chains.append([node.ref for node in way.nodes])
        highway.append(tags["highway"])
        spots |= {node.ref: (node.lon, node.lat) for node in way.nodes if node.location.valid()}
    return chains, highway, spots
