"""Permutation that is valid, quick and quiet; spots that are never made of units without a venue."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from small_city import grid, places_at

from atlas.built import Built
from atlas.config import Atlas
from atlas.strategy.association import contiguity, weights_of
from atlas.strategy.hotspots import NULLS, hotspots, local_spots
from atlas.strategy.kernel_density import density_surface, quartic
from atlas.strategy.permutation import _distinct, conditional_permutation


def sparse_map(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """Venues per unit of a map of which most units are empty, as log(1 + x)."""
    return np.log1p(rng.poisson(2.0, count) * (rng.random(count) < share))


def test_p_is_that_of_all_possible_neighbours() -> None:
    """Nine units; the first has three neighbours: p from all 56 choices of three among the other eight."""
    y = np.array([1.0, 9, 8, 7, 2, 0, 3, 0, 5])
    weights = weights_of([(0, 1), (0, 2), (0, 4)], 9)
    sums = np.array([sum(chosen) for chosen in combinations(y[1:], 3)])
    exact = 2 * min((sums >= 19).mean(), (sums <= 19).mean())
    found = conditional_permutation(y, weights, seed=1, permutations=99_999, exceedances=100_000)
    assert found.p[0] == pytest.approx(exact, abs=0.005)
    assert np.isnan(found.p[1:]).all()


def test_stopping_early_decides_as_all_permutations_do() -> None:
    """The same decisions at p = 0.001 as with every permutation drawn, for a tenth of the draws."""
    weights, rng = contiguity(grid(15)), np.random.default_rng(5)
    y = sparse_map(rng, 225, 0.15)
    y[[16, 17, 18, 31, 32, 33, 46, 47, 48]] = np.log(9.0)
    early = conditional_permutation(y, weights, seed=2, permutations=19_999)
    whole = conditional_permutation(y, weights, seed=3, permutations=19_999, exceedances=20_000)
    clear = np.abs(np.log(whole.p / 0.001)) > np.log(1.5)
    np.testing.assert_array_equal((early.p < 0.001)[clear], (whole.p < 0.001)[clear])
    assert (early.p < 0.001).sum() >= 5
    assert early.permutations.sum() < whole.permutations.sum() / 5
    assert early.floor == pytest.approx(2 / 20_000)
    assert early.p.min() >= early.floor


def test_shuffled_maps_stay_quiet() -> None:
    """200 shuffles of a sparse map over 144 units: one discovery or more in 10 % of them at most."""
    weights, rng = contiguity(grid(12)), np.random.default_rng(11)
    y = sparse_map(rng, 144, 0.08)
    loud = 0
    for number in range(200):
        shuffled = rng.permutation(y)
        table = local_spots(shuffled, weights, venues=np.expm1(shuffled), permutations=9_999, seed=number)
        loud += (table["spot"] != "").any()
    assert loud <= 20


def test_a_cluster_is_found_and_empty_units_are_beside_it_never_in_it() -> None:
    units = grid(12)
    venues = np.zeros(144)
    venues[[39, 40, 41, 51, 53, 63, 64, 65]] = 6  # a ring around an empty unit, number 52
    table = local_spots(np.log1p(venues), contiguity(units), venues=venues, seed=1)
    assert table.loc[52, "spot"] == "hot"
    assert table.loc[52, "part"] == "beside"
    assert table.loc[52, "quadrant"] == "LH"
    assert (table.loc[[40, 51, 53, 64], "part"] == "member").all()
    assert not (table.loc[table["venues"] == 0, "part"] == "member").any()
    assert not (table["spot"] == "cold").any()


def test_no_venue_gives_no_spot_and_one_unit_gives_none(porto_config: Atlas) -> None:
    units = grid(3)
    for some in (units, units.iloc[:1]):
        for null in NULLS:
            table = hotspots(places_at(porto_config, [], units), porto_config, some, null=null, permutations=99)
            assert (table["spot"] == "").all()
            assert len(table) == len(some)


def test_same_seed_same_table_and_guessed_venues_do_not_count(porto_config: Atlas) -> None:
    units = grid(4)
    spots = [("museum", 110.0 + 900 * n, 300.0) for n in range(4)]
    once, again = (hotspots(places_at(porto_config, spots, units), porto_config, units) for _ in range(2))
    np.testing.assert_array_equal(once["p"], again["p"])
    assert once["venues"].sum() == 4
    unsure = places_at(porto_config, spots, units, marks="class_guessed|single_source")
    assert hotspots(unsure, porto_config, units)["venues"].sum() == 0


def test_rows_of_distinct_numbers_are_distinct_and_even() -> None:
    rng = np.random.default_rng(3)
    for columns, below in ((5, 6), (4, 300)):
        drawn = _distinct(rng, 6_000, columns, below)
        assert all(len(set(row)) == columns for row in drawn[:500].tolist())
        counts = np.bincount(drawn.ravel(), minlength=below)
        assert counts.min() > 0.5 * counts.mean()
        assert counts.max() < 1.6 * counts.mean()


def test_hot_spots_of_the_embedded_atlases(norte: Built, porto: Built) -> None:
    """Porto's parishes stand out in the region; no unit without a venue is a member."""
    for built in (norte, porto):
        table = hotspots(built.store.read("places"), built.atlas, built.store.read("neighbourhoods"), null="area")
        assert not ((table["part"] == "member") & (table["venues"] == 0)).any()
        assert table.attrs["floor"] == pytest.approx(2e-5)
        hot = set(table.loc[table["spot"] == "hot", "code"])
        assert any(code.startswith("131217") for code in hot)


def test_kernel_of_800_m_and_its_volume(porto_config: Atlas) -> None:
    """QGIS's quartic kernel; over all cells a density adds up to the venues."""
    expected = [1.49208e-6, 1.31140e-6, 8.39294e-7, 0, 0]
    np.testing.assert_allclose(quartic(np.array([0.0, 200, 400, 800, 900]), 800.0), expected, rtol=5e-6)
    places = places_at(porto_config, [("museum", 0, 0), ("theatre", 150, 90)], grid(2))
    cells = density_surface(places, porto_config, cell_m=20)
    for band in (400, 800):
        assert cells[f"venues_km2_{band}"].sum() * 20**2 / 1e6 == pytest.approx(2.0, rel=1e-3)
    assert not len(density_surface(places.iloc[:0], porto_config))
