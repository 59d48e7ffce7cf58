"""Walking distances along a street network, up to a limit, from many origins to many targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from atlas.config import Atlas
from atlas.errors import SourceError
from atlas.sources.network import Network
from atlas.sources.raster import Raster

TILE_M = 800.0
SHORTEST_M = 0.001
ISLAND_M = (1_000.0, 10_000.0)
STEEPEST = 0.25  # a slope above it is rather the raster's than the street's
FLAT_KMH = 6 * np.exp(-3.5 * 0.05)


@dataclass(frozen=True)
class Streets:
    """A walking network without its stray pieces: node coordinates in metres, edges as positions and costs."""

    xy: np.ndarray
    start: np.ndarray
    end: np.ndarray
    cost_m: np.ndarray
    with_slope: bool


def streets_of(atlas: Atlas, opened: Callable[[str], Any]) -> Streets | None:
    """The streets that an atlas walks on, with slope where it has relief; None where it names none.

    ``opened`` gives what the source with an id holds.
    """
    walking = atlas.walking
    if walking.network is None:
        return None
    relief = opened(walking.relief) if walking.relief else None
    return load_streets(opened(walking.network), relief, atlas.atlas.crs)


def load_streets(network: Network, relief: Raster | None = None, crs: Any = None) -> Streets:
    """The streets as arrays; with an elevation raster, costs are flat metres of equal time.

    ``crs`` is the network's; the raster's own where none is given.

    Of what is not connected with the largest part, small pieces (yards, cut bridges, stubs) are left out: they cannot
    be walked to. One of ten kilometres, or of one that is a hundredth of the whole, is an island and stays.

    Source
    ------
    Tobler, W. (1993). Three presentations on geographical analysis and modeling. NCGIA Technical Report 93-1: speed
    ``6·exp(−3.5·|slope + 0.05|)`` km/h. The cost of an edge is the mean of both directions over the flat speed.
    """
    ids = network.nodes["node"].to_numpy()
    order = np.argsort(ids, kind="stable")
    start = order[np.searchsorted(ids[order], network.edges["from_node"].to_numpy())]
    end = order[np.searchsorted(ids[order], network.edges["to_node"].to_numpy())]
    xy = network.nodes[["x", "y"]].to_numpy(dtype=float) / 10
    # an edge of no length would be no edge at all in a sparse graph
    length_m = np.maximum(network.edges["length_m"].to_numpy(dtype=float), SHORTEST_M)
    n = len(xy)
    component = connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(n, n)), directed=False)[1]
    part_m = np.bincount(component[start], weights=length_m, minlength=component.max(initial=0) + 1)
    island_m = np.clip(part_m.sum() / 100, *ISLAND_M)
    main = np.isin(component, np.flatnonzero((part_m >= island_m) | (part_m == part_m.max(initial=0))))
    keep = main[start] & main[end]
    new = np.cumsum(main) - 1
    start, end, length_m, xy = new[start[keep]], new[end[keep]], length_m[keep], xy[main]
    cost_m = length_m
    if relief is not None:  # the mean of nine cells: single ones are roofs
        height_m = relief.around(xy, relief.crs if crs is None else crs)
        if not np.isfinite(height_m).any():
            raise SourceError(
                "O relevo não tem altitudes onde há ruas: sem elas não há declive. Indique outro que cubra a região.",
                "The relief has no heights where there are streets: without them there is no slope. Name another one "
                "that covers the region.",
                where=str(relief.path),
            )
        cost_m = length_m * slope_factor(height_m, start, end, length_m)
    return Streets(xy, start, end, cost_m, relief is not None)


def slope_factor(height_m: np.ndarray, start: np.ndarray, end: np.ndarray, length_m: np.ndarray) -> np.ndarray:
    """Time to walk each edge there and back over the time on the flat; 1 where a height is missing.

    >>> slope_factor(np.array([0.0, 10.0]), np.array([0]), np.array([1]), np.array([100.0])).round(4)
    array([1.2095])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.clip(np.nan_to_num((height_m[end] - height_m[start]) / length_m), -STEEPEST, STEEPEST)
    there = FLAT_KMH / (6 * np.exp(-3.5 * np.abs(slope + 0.05)))
    back = FLAT_KMH / (6 * np.exp(-3.5 * np.abs(-slope + 0.05)))
    return (there + back) / 2


def distances(
    streets: Streets, origins: np.ndarray, targets: np.ndarray, *, limit_m: float, snap_m: float
) -> csr_array:
    """Origins × targets: metres on foot where at most ``limit_m``; what is farther, or cannot be reached, is absent.

    Parameters
    ----------
    origins, targets
        Coordinates in metres. Each is snapped to the nearest node; the way to it counts; beyond ``snap_m`` the point
        is unreachable, not far.
    """
    tree = cKDTree(streets.xy)
    from_m, from_node = tree.query(origins, distance_upper_bound=snap_m)
    to_m, to_node = tree.query(targets, distance_upper_bound=snap_m)
    starts = np.unique(from_node[np.isfinite(from_m)])
    ends = np.unique(to_node[np.isfinite(to_m)])
    between = _between_nodes(streets, starts, ends, limit_m=limit_m)
    # spread the node × node table over origins and targets
    origin = np.flatnonzero(np.isfinite(from_m))
    target = np.flatnonzero(np.isfinite(to_m))
    pick_origin = csr_array(
        (np.ones(len(origin)), (origin, np.searchsorted(starts, from_node[origin]))), shape=(len(origins), len(starts))
    )
    pick_target = csr_array(
        (np.ones(len(target)), (np.searchsorted(ends, to_node[target]), target)), shape=(len(ends), len(targets))
    )
    whole = (pick_origin @ between @ pick_target).tocoo()
    metres = whole.data + from_m[whole.row] + to_m[whole.col]
    near = metres <= limit_m
    return csr_array((metres[near], (whole.row[near], whole.col[near])), shape=whole.shape)


def _between_nodes(streets: Streets, starts: np.ndarray, ends: np.ndarray, *, limit_m: float) -> csr_array:
    """Shortest costs from ``starts`` to ``ends`` up to the limit, tile by tile.

    A way of at most ``limit_m`` never leaves a tile by more than that, so a tile with such a margin gives exact
    costs, and each search touches a small graph.
    """
    graph, kept = contract(streets, np.union1d(starts, ends))
    xy = streets.xy[kept]
    start, end = np.searchsorted(kept, starts), np.searchsorted(kept, ends)
    is_end = np.full(len(kept), -1)
    is_end[end] = np.arange(len(ends))
    tile = pd.MultiIndex.from_arrays(np.floor(xy[start] / TILE_M).astype(int).T)
    rows, columns, costs = [], [], []
    for corner, members in pd.Series(np.arange(len(start))).groupby(tile.to_flat_index()).indices.items():
        low = np.array(corner) * TILE_M - limit_m
        inside = np.flatnonzero(((xy >= low) & (xy <= low + TILE_M + 2 * limit_m)).all(axis=1))
        local = np.searchsorted(inside, start[members])
        found = dijkstra(graph[inside][:, inside], directed=False, indices=local, limit=limit_m)
        wanted = np.flatnonzero(is_end[inside] >= 0)
        found = found[:, wanted]
        row, column = np.nonzero(np.isfinite(found))
        rows.append(members[row])
        columns.append(is_end[inside[wanted[column]]])
        costs.append(found[row, column])
    if not rows:
        return csr_array((len(starts), len(ends)))
    # a cost of nothing must stay an entry of its own
    cost = np.maximum(np.concatenate(costs), 1e-9)
    return csr_array((cost, (np.concatenate(rows), np.concatenate(columns))), shape=(len(starts), len(ends)))


def contract(streets: Streets, terminals: np.ndarray) -> tuple[csr_array, np.ndarray]:
    """The network without nodes that only join two edges; which nodes are left (``terminals`` always are).

    A chain of such nodes becomes one edge of the summed cost; of two edges between the same nodes the cheaper stays.
    """
    n = len(streets.xy)
    degree = np.bincount(streets.start, minlength=n) + np.bincount(streets.end, minlength=n)
    inner = degree == 2
    inner[terminals] = False
    joins = inner[streets.start] & inner[streets.end]
    chains = connected_components(
        coo_array((np.ones(int(joins.sum())), (streets.start[joins], streets.end[joins])), shape=(n, n)), directed=False
    )[1]
    touches = inner[streets.start] | inner[streets.end]
    direct = pd.DataFrame({
        "a": streets.start[~touches], "b": streets.end[~touches], "cost": streets.cost_m[~touches]
    })  # fmt: skip
    start, end = streets.start[touches], streets.end[touches]
    chain = np.where(inner[start], chains[start], chains[end])
    cost = pd.Series(streets.cost_m[touches]).groupby(chain).sum()
    outer = pd.Series(np.concatenate([start[~inner[start]], end[~inner[end]]]))
    of_chain = np.concatenate([chain[~inner[start]], chain[~inner[end]]])
    ends = outer.groupby(of_chain).agg(["first", "last", "size"])
    ends = ends[ends["size"] == 2]
    through = pd.DataFrame({"a": ends["first"], "b": ends["last"], "cost": cost.reindex(ends.index)})
    edges = pd.concat([direct, through], ignore_index=True)
    edges = edges[edges["a"] != edges["b"]]
    low, high = edges[["a", "b"]].min(axis=1), edges[["a", "b"]].max(axis=1)
    edges = edges.assign(a=low, b=high).groupby(["a", "b"], as_index=False)["cost"].min()
    kept = np.union1d(np.flatnonzero(~inner), terminals)
    a, b = np.searchsorted(kept, edges["a"]), np.searchsorted(kept, edges["b"])
    size = len(kept)
    half = coo_array((edges["cost"].to_numpy(), (a, b)), shape=(size, size))
    return csr_array(half + half.T), kept
