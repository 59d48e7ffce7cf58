"""Numbers that esda, libpysal and the literature publish for small data sets, and the properties they share."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import csr_array
from small_city import grid

from atlas.strategy.association import (
    bivariate_moran,
    contiguity,
    false_discovery_threshold,
    getis_ord,
    local_g,
    local_moran,
    moran,
    quadrants,
    row_standardised,
    standardised_rates,
    weights_of,
)

FIXTURES = Path(__file__).parent / "fixtures"


def read(name: str) -> tuple[pd.DataFrame, csr_array]:
    table = pd.read_csv(FIXTURES / f"{name}.csv", dtype={"neighbours": str})
    pairs = [(i, int(j)) for i, text in enumerate(table["neighbours"]) for j in text.split()]
    return table, weights_of(pairs, len(table))


def test_moran_of_homicides_around_st_louis() -> None:
    table, binary = read("stl_hom")
    found = moran(table["HR8893"].to_numpy(), row_standardised(binary))
    assert found.value == pytest.approx(0.24365582621771695, rel=1e-12)
    assert found.expected == pytest.approx(-1 / 77)
    assert found.p / 2 == pytest.approx(0.00013573931, rel=1e-7)


def test_moran_of_infant_deaths_in_north_carolina() -> None:
    table, binary = read("sids2")
    weights = row_standardised(binary)
    found = moran(table["SIDR74"].to_numpy(), weights)
    assert found.value == pytest.approx(0.24772519320480135, rel=1e-9)
    assert found.z == pytest.approx(3.854781, abs=5e-7)
    assert found.p / 2 == pytest.approx(5.79165e-5, rel=1e-5)
    rates = standardised_rates(table["SID79"].to_numpy(), table["BIR79"].to_numpy())
    adjusted = moran(rates, weights)
    assert adjusted.value == pytest.approx(0.16622343552567395, rel=1e-9)
    assert adjusted.p / 2 == pytest.approx(0.004191499504892171, rel=1e-7)
    pairs = {("SIDR74", "SIDR79"): 0.19362610652874668, ("NWR79", "SIDR74"): 0.37701382542927858}
    for (one, other), expected in pairs.items():
        assert bivariate_moran(table[one].to_numpy(), table[other].to_numpy(), weights) == pytest.approx(expected)


def test_moran_of_a_lattice_of_nine() -> None:
    rook = [(i, j) for i in range(9) for j in range(9) if abs(i // 3 - j // 3) + abs(i % 3 - j % 3) == 1]
    weights, y = weights_of(rook, 9), np.arange(1.0, 10.0)
    assert moran(y, row_standardised(weights)).value == pytest.approx(0.555556, abs=5e-7)
    assert moran(y, weights, randomised=True).variance == pytest.approx(0.0596875, abs=5e-8)


@pytest.mark.parametrize(
    ("column", "standard", "value", "z", "p"),
    [
        ("CRIME", True, 0.5001885572, 5.630313, 1.79883e-8),
        ("CRIME", False, 0.5154614, 6.255565, None),
        ("HOVAL", True, 0.1800931, 2.171269, 0.029911),
        ("HOVAL", False, 0.2213441, 2.824858, None),
    ],
)
def test_moran_of_columbus(column: str, standard: bool, value: float, z: float, p: float | None) -> None:
    table, binary = read("columbus")
    found = moran(table[column].to_numpy(), row_standardised(binary) if standard else binary)
    assert (found.value, found.z) == (pytest.approx(value, abs=5e-8), pytest.approx(z, abs=5e-6))
    assert p is None or found.p == pytest.approx(p, rel=2e-5)


def test_variances_and_local_moran_of_columbus() -> None:
    table, binary = read("columbus")
    weights, crime = row_standardised(binary), table["CRIME"].to_numpy()
    assert moran(crime, weights).variance == pytest.approx(0.00856341, abs=5e-9)
    other = moran(crime, weights, randomised=True)
    assert (other.variance, other.z) == (pytest.approx(0.00868929, abs=5e-9), pytest.approx(5.589383, abs=5e-7))
    local = local_moran(crime, weights)
    np.testing.assert_allclose(local[:5], [0.72178138, 0.51798565, 0.09193542, 0.00472258, 0.29741008], atol=5e-9)
    assert local.mean() == pytest.approx(moran(crime, weights).value * 48 / 49)
    assert local.mean() == pytest.approx(0.4899806, abs=5e-8)
    names, counts = np.unique(quadrants(crime, weights), return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"HH": 21, "HL": 3, "LH": 5, "LL": 20}


def test_getis_and_ord_of_six_points() -> None:
    neighbours = {0: [1, 3], 1: [0, 3, 4], 2: [4], 3: [0, 1, 4], 4: [1, 2, 3, 5], 5: [4]}
    weights = weights_of([(i, j) for i, near in neighbours.items() for j in near], 6)
    y = np.array([2, 3, 3.2, 5, 8, 7])
    found = getis_ord(y, weights)
    assert found.value == pytest.approx(0.55709779, abs=5e-9)
    assert found.expected == pytest.approx(0.46666667, abs=5e-9)
    assert (found.z, found.p / 2) == (pytest.approx(0.94262780, abs=5e-8), pytest.approx(0.17293566, abs=5e-8))
    gi = [-1.0136729, -0.0436159, 1.3155870, -0.3141268, 1.1537399, 1.7783394]
    star = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]
    np.testing.assert_allclose(local_g(y, weights, star=False), gi, atol=5e-8)
    np.testing.assert_allclose(local_g(y, weights), star, atol=5e-9)
    standard = local_g(y, row_standardised(weights), star=False)
    np.testing.assert_allclose(standard, local_g(y, weights, star=False), atol=1e-12)  # no scale in a standard score
    # esda's row-standardised score puts Σw = 1 where Ord and Getis (1995) have Σw² = 1/2, of five others
    assert standard[0] * np.sqrt((5 * 0.5 - 1) / (5 * 1 - 1)) == pytest.approx(-0.62074534, abs=5e-9)


def test_hot_spots_of_columbus_by_the_normal_approximation() -> None:
    from scipy.special import ndtr

    table, binary = read("columbus")
    z = local_g(table["CRIME"].to_numpy(), binary)
    first = [-1.43277965, -1.3400081, -0.77199868, -0.13173336, 1.2853628, 0.06864804]
    np.testing.assert_allclose(z[:6], first, atol=5e-8)
    assert (z.argmax(), z.argmin()) == (15, 31)
    assert (z.max(), z.min()) == (pytest.approx(3.475051, abs=5e-7), pytest.approx(-2.851023, abs=5e-7))
    assert ((z > 1.96).sum(), (z < -1.96).sum()) == (11, 7)
    p = 2 * ndtr(-np.abs(z))
    threshold = false_discovery_threshold(p)
    assert (p <= threshold).sum() == 9
    assert threshold <= 0.009183673


def test_an_island_and_a_unit_with_one_neighbour_get_two() -> None:
    units = grid(3)
    away = units.geometry.to_numpy().copy()
    away[8] = shapely.transform(away[8], lambda corners: corners + 9_000)
    island = units.set_geometry(gpd.GeoSeries(away, crs=units.crs))
    weights = contiguity(island)
    assert weights[[8]].sum() == 2
    assert (np.asarray(weights.sum(axis=1)) >= 2).all()
    assert (weights != weights.T).nnz == 0
    assert contiguity(units.iloc[:1]).nnz == 0
    assert contiguity(grid(3))[[4]].sum() == 8
