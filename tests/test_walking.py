"""Walking distances: small streets countable on fingers, and agreement with a plain search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from atlas.built import open_built
from atlas.cli import main
from atlas.config import Atlas
from atlas.scenarios.applying import Ground
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


def test_an_island_keeps_its_streets_and_a_yard_leads_nowhere() -> None:
    xs = [0.0, 20_000, 30_000, 31_500, 10_000, 10_040]
    streets = load_streets(a_street(xs, [(0, 1), (2, 3), (4, 5)]))
    assert streets.xy[:, 0].tolist() == [0, 20_000, 30_000, 31_500]
    places = np.array([[31_500.0, 0.0], [20_000.0, 0.0]])
    metres = distances(streets, np.array([[30_000.0, 0.0]]), places, limit_m=50_000, snap_m=50)
    assert metres.toarray().tolist() == [[1500.0, 0.0]]
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


def a_town(path: Path, *, streets: bool = True) -> Path:
    """Two streets 330 m apart that nothing joins: museums and theatres on the one, galleries and cafés on the other."""
    low, high = (-9.150, 38.709), (-9.124, 38.7175)
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(osmium.osm.Location(*low), osmium.osm.Location(*high)))
    node, way = osmium.osm.mutable.Node, osmium.osm.mutable.Way
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for line, lat in enumerate((38.7110, 38.7140)):
            for at in range(8):
                writer.add_node(node(id=100 * (line + 1) + at, location=(-9.1495 + at * 0.003, lat)))
        kinds = [("museum", "tourism"), ("gallery", "tourism"), ("cafe", "amenity"), ("theatre", "amenity")] * 3
        for number, (value, key) in enumerate(kinds):
            lat = 38.7110 if value in ("museum", "theatre") else 38.7140
            spot = (-9.1495 + 0.0022 * (number // 4) + 0.0003 * (number % 2), lat)
            writer.add_node(node(id=500 + number, location=spot, tags={key: value, "name": f"Lugar {number}"}))
        for line in range(2) if streets else ():
            refs = [100 * (line + 1) + at for at in range(8 - line)]
            writer.add_way(way(id=line + 1, nodes=refs, tags={"highway": "residential" if line else "footway"}))
    return path


def begun(tmp_path: Path, extract: Path, *more: str) -> tuple[Atlas, pd.DataFrame, dict[str, Any]]:
    folder = tmp_path / "town"
    words = ["--name", "Vila", "--grid", "300", "--osm", str(extract), "--quiet"]
    assert main(["init", str(folder), *words, *more]) == 0
    built = open_built(str(folder))
    table = built.store.read("indicators").pivot_table(index="code", columns="indicator", values="value", dropna=False)
    return built.atlas, table, built.store.manifest


def test_init_walks_along_the_streets_of_its_extract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    atlas, table, manifest = begun(tmp_path, a_town(tmp_path / "vila.osm.pbf"))
    assert atlas.walking.network == "streets"
    assert manifest["walking"] == "streets"
    measures = {one.code: one.measure for one in atlas.indicator}
    assert measures["museums_1km"] == "on_foot"
    # no way leads from the one street to the other, however near they lie
    assert table["museums_1km"].max() == table["galleries_1km"].max() == 3
    assert not ((table["museums_1km"] > 0) & (table["galleries_1km"] > 0)).any()
    # whoever lives where no street is reaches nothing that is known
    assert table["museums_1km"].isna().any()
    note = atlas.source_of("streets").note
    assert note is not None
    assert "(117 % das ruas)" in note.pt  # seven stretches of footway to six of street
    assert main(["explain", table.index[-1], str(tmp_path / "town"), "--lang", "pt"]) == 0
    assert f"O alcance a pé mede-se pelas ruas. {note.pt}" in capsys.readouterr().out


def test_init_walks_with_slope_where_it_has_heights(tmp_path: Path) -> None:
    relief = tmp_path / "relevo.tif"
    transform = rasterio.transform.from_origin(-9.16, 38.72, 0.0003, 0.0003)
    heights = np.tile(np.arange(70, dtype="float32") * 4, (50, 1))  # 4 m up in 26 m to the east
    form = {"driver": "GTiff", "width": 70, "height": 50, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(relief, "w", **form, transform=transform) as file:
        file.write(heights, 1)
    extract = a_town(tmp_path / "vila.osm.pbf")
    (tmp_path / "flat").mkdir()
    _, flat, _ = begun(tmp_path / "flat", extract)
    _, table, manifest = begun(tmp_path, extract, "--relief", str(relief))
    assert manifest["walking"] == "streets and slope"
    built = open_built(str(tmp_path / "town"))
    assert built.streets is not None
    assert np.array_equal(Ground(built).streets.cost_m, built.streets.cost_m)  # of heights in degrees too
    assert built.streets.with_slope
    near = "performance_400m" if "performance_400m" in table else "museums_1km"
    assert table[near].sum() <= flat[near].sum()


def test_relief_of_another_place_and_streets_given_twice_are_said_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    relief = tmp_path / "longe.tif"
    form = {"driver": "GTiff", "width": 9, "height": 9, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    with rasterio.open(relief, "w", **form, transform=rasterio.transform.from_origin(10, 10, 0.1, 0.1)) as file:
        file.write(np.ones((9, 9), "float32"), 1)
    extract = a_town(tmp_path / "vila.osm.pbf")
    words = ["--name", "Vila", "--grid", "300", "--osm", str(extract), "--osm", str(extract)]
    assert main(["init", str(tmp_path / "town"), *words, "--relief", str(relief), "--lang", "en"]) == 1
    assert f"{relief}: The relief has no heights where there are streets" in capsys.readouterr().err
    assert main(["init", str(tmp_path / "town"), *words, "--lang", "en"]) == 0
    said = capsys.readouterr().out.replace("\u00a0", " ")
    assert "2 km of streets and 2 km of footways (117 % of the streets)" in said


def test_init_without_streets_measures_straight_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extract = a_town(tmp_path / "vila.osm.pbf", streets=False)
    atlas, _, manifest = begun(tmp_path, extract)
    assert atlas.walking.network is None
    assert manifest["walking"] == "straight distance from the outline"
    assert main(["explain", "W590S408", str(tmp_path / "town"), "--lang", "en"]) == 0
    assert "Reach is straight distance from the unit's outline" in capsys.readouterr().out
    words = ["--name", "Vila", "--grid", "300", "--osm", str(extract), "--relief", str(extract)]
    assert main(["init", str(tmp_path / "other"), *words]) != 0
    assert "nenhum extrato com ruas" in capsys.readouterr().err
