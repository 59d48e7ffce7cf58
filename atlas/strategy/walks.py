"""How far it is on foot from place to place: along the streets where the atlas has them, else straight × detour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlas.config import Atlas
from atlas.strategy.venues import Floats
from atlas.walking import Streets, distances

WALK_M = 400.0  # five minutes
M_PER_MINUTE = 80.0  # 4.8 km/h on the flat


@dataclass(frozen=True)
class Walks:
    """Pairs of different places within a walk, each in both directions, by row: positions and metres on foot."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    metres: Floats


def how(atlas: Atlas) -> str:
    """How distances on foot are measured, for the meta of an answer."""
    if atlas.walking.network is None:
        return f"straight distance × {atlas.atlas.detour}"
    return "streets and slope" if atlas.walking.relief else "streets"


def walks(atlas: Atlas, spots: Floats, *, limit_m: float, streets: Streets | None) -> Walks:
    """Every pair within ``limit_m`` on foot.

    A place farther from the streets than the atlas's ``snap_m`` (over the region's border) is measured straight.

    Examples
    --------
    >>> from atlas.atlasfile import find_atlas, load_atlas
    >>> three = np.array([[0.0, 0.0], [300.0, 0.0], [0.0, 320.0]])
    >>> found = walks(load_atlas(find_atlas("norte")), three, limit_m=400, streets=None)
    >>> found.row.tolist(), found.column.tolist(), found.metres.round().tolist()
    ([0, 1], [1, 0], [390.0, 390.0])
    """
    if not len(spots):
        return Walks(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))
    detour = atlas.atlas.detour
    pairs = cKDTree(spots).query_pairs(limit_m / detour, output_type="ndarray")
    on_streets = np.zeros(len(spots), dtype=bool)
    row, column, metres = [], [], []
    if streets is not None:
        snap_m = atlas.walking.snap_m
        on_streets = np.isfinite(cKDTree(streets.xy).query(spots, distance_upper_bound=snap_m)[0])
        found = distances(streets, spots, spots, limit_m=limit_m, snap_m=snap_m).tocoo()
        apart = found.row < found.col
        row, column, metres = [found.row[apart]], [found.col[apart]], [found.data[apart]]
    straight = pairs[~on_streets[pairs].all(axis=1)]
    row.append(straight[:, 0])
    column.append(straight[:, 1])
    metres.append(detour * np.hypot(*(spots[straight[:, 0]] - spots[straight[:, 1]]).T))
    one, other, far = np.concatenate(row), np.concatenate(column), np.concatenate(metres)
    both = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.lexsort((both[1], both[0]))
    return Walks(
        both[0][order].astype(np.intp), both[1][order].astype(np.intp), np.concatenate([far, far])[order].astype(float)
    )
