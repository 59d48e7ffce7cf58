"""Walking distances: small streets countable on fingers, and agreement with a plain search."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from atlas.sources.network import Network
from atlas.walking import Streets, contract, distances, load_streets, slope_factor


def a_street(xs: list[float], edges: list[tuple[int, int]]) -> Network:
    nodes = pd.DataFrame({"node": range(len(xs)), "x": [int(10 * x) for x in xs], "y": 0})
    rows = [(a, b, abs(xs[a] - xs[b])) for a, b in edges]
    return Network(pd.DataFrame(rows, columns=["from_node", "to_node", "length_m"]), nodes)


def test_a_place_behind_a_gap_is_unreachable_and_not_far() -> None:
    streets = load_streets(a_street([0, 100, 200, 900, 1000], [(0, 1), (1, 2), (3, 4)]))
    metres = distances(streets, np.array([[0.0, 0.0]]), np.array([[200.0, 0], [1000.0, 0]]), limit_m=2000, snap_m=50)
    assert metres.toarray().tolist() == [[200.0, 0.0]]
    assert metres.nnz == 1


def test_the_way_to_the_street_counts_and_too_far_from_it_is_unreachable() -> None:
    streets = load_streets(a_street([0, 100], [(0, 1)]))
    places = np.array([[100.0, 30.0], [100.0, 80.0]])
    metres = distances(streets, np.array([[0.0, 10.0]]), places, limit_m=500, snap_m=50)
    assert metres.toarray().tolist() == [[140.0, 0.0]]


def test_a_place_at_the_door_is_reached() -> None:
    streets = load_streets(a_street([0, 100], [(0, 1)]))
    metres = distances(streets, np.array([[0.0, 0.0]]), np.array([[0.0, 0.0]]), limit_m=10, snap_m=5)
    assert metres.nnz == 1


def test_two_crossings_at_one_spot_still_hang_together() -> None:
    """A network drawn in pieces joins its nodes by an edge of no length; both its ends are crossings."""
    xs = [0.0, 100, 100, 200, 150, 150]
    edges = [(0, 1), (1, 2), (2, 3), (1, 4), (2, 5)]
    streets = load_streets(a_street(xs, edges))
    metres = distances(streets, np.array([[0.0, 0.0]]), np.array([[200.0, 0.0]]), limit_m=500, snap_m=5)
    assert metres.toarray()[0, 0] == pytest.approx(200.0, abs=0.01)


def test_ten_per_cent_up_and_down_takes_a_fifth_longer_than_flat() -> None:
    """Tobler: 6·exp(−3.5·0.15) = 3.55 and 6·exp(−3.5·0.05) = 5.04 km/h against 5.04 on the flat."""
    factor = slope_factor(np.array([0.0, 10.0]), np.array([0]), np.array([1]), np.array([100.0]))
    assert factor[0] == pytest.approx((5.0367 / 3.5493 + 1) / 2, abs=1e-3)
    assert slope_factor(np.array([0.0, np.nan]), np.array([0]), np.array([1]), np.array([9.0])).tolist() == [
        pytest.approx(1.0)
    ]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.integers(4, 60), st.floats(50, 4000))
def test_tiles_and_contraction_give_the_distances_of_a_plain_search(seed: int, n: int, limit_m: float) -> None:
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 3000, (n, 2))
    start = np.concatenate([np.arange(n - 1), rng.integers(0, n, n // 2)])
    end = np.concatenate([np.arange(1, n), rng.integers(0, n, n // 2)])
    keep = start != end
    start, end = start[keep], end[keep]
    cost = np.hypot(*(xy[start] - xy[end]).T) + 1.0
    streets = Streets(xy, start, end, cost, with_slope=False)
    graph = np.full((n, n), np.inf)
    for a, b, c in zip(start, end, cost, strict=True):
        graph[a, b] = graph[b, a] = min(graph[a, b], c)
    wanted = dijkstra(np.where(np.isinf(graph), 0, graph), directed=False)
    found = distances(streets, xy, xy, limit_m=limit_m, snap_m=1).toarray()
    wanted = np.where(wanted <= limit_m, wanted, 0)
    assert np.allclose(found, wanted, atol=1e-6)


def test_contraction_keeps_crossings_and_terminals_only() -> None:
    streets = load_streets(a_street([0, 10, 20, 30, 40], [(0, 1), (1, 2), (2, 3), (3, 4)]))
    graph, kept = contract(streets, np.array([2]))
    assert kept.tolist() == [0, 2, 4]
    assert graph[[0], [1]] == 20
    assert graph[[1], [2]] == 20
