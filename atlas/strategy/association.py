"""Spatial association: who neighbours whom, Moran's I, Getis and Ord's G, and which of many p-values count.

The normal approximations serve to agree with published numbers; what the atlas says of its own units rests on
conditional permutation alone (:mod:`atlas.strategy.permutation`).
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

Floats = NDArray[np.float64]
TOUCHING_M = 1.0
LEAST_NEIGHBOURS = 2


@dataclass(frozen=True)
class Association:
    """A global statistic with its moments; ``p`` is two-sided, by the normal approximation."""

    value: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        """Standard deviations above what is expected."""
        return float((self.value - self.expected) / np.sqrt(self.variance))

    @property
    def p(self) -> float:
        """Two-sided p."""
        return float(2 * ndtr(-abs(self.z)))


def contiguity(units: gpd.GeoDataFrame, *, least: int = LEAST_NEIGHBOURS) -> csr_array:
    """Binary weights: units whose outlines come within a metre of each other are neighbours.

    An island and a unit with a single neighbour are joined to the nearest others until they have ``least``, and these
    to them: a statistic of one neighbour is no neighbourhood.
    """
    shapes = units.geometry.to_numpy()
    tree = shapely.STRtree(shapes)
    row, column = tree.query(shapes, predicate="dwithin", distance=TOUCHING_M)
    pairs = {(int(i), int(j)) for i, j in zip(row, column, strict=True) if i != j}
    number = np.bincount([i for i, _ in pairs] or [0], minlength=len(shapes))
    for i in np.flatnonzero(number < min(least, len(shapes) - 1)):
        distance = shapely.distance(shapes[i], shapes)
        distance[i] = np.inf
        nearest = np.argsort(distance, kind="stable")[: min(least, len(shapes) - 1)]
        pairs |= {(int(i), int(j)) for j in nearest} | {(int(j), int(i)) for j in nearest}
    return weights_of(sorted(pairs), len(shapes))


def weights_of(pairs: list[tuple[int, int]], count: int) -> csr_array:
    """Binary weights from (unit, neighbour) pairs.

    >>> weights_of([(0, 1), (1, 0)], 3).toarray()
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 0.]])
    """
    at = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    made = csr_array((np.ones(len(at)), (at[:, 0], at[:, 1])), shape=(count, count))
    made.sort_indices()
    return made


def row_standardised(weights: csr_array) -> csr_array:
    """Weights that sum to 1 in each row that has neighbours."""
    total = np.asarray(weights.sum(axis=1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return csr_array(weights.multiply(scale[:, None]))


def moran(y: Floats, weights: csr_array, *, randomised: bool = False) -> Association:
    """Moran's I = (n/S₀) Σᵢⱼ wᵢⱼ zᵢ zⱼ / Σ zᵢ²; its variance if y were normal, or ``randomised`` over the units.

    Source
    ------
    Cliff, A. D. and Ord, J. K. (1981). Spatial processes. Pion.

    Examples
    --------
    The 3 × 3 lattice of 1 to 9, rook neighbours:

    >>> rook = [(i, j) for i in range(9) for j in range(9) if abs(i // 3 - j // 3) + abs(i % 3 - j % 3) == 1]
    >>> found = moran(np.arange(1.0, 10.0), weights_of(rook, 9))
    >>> round(found.value, 6), round(found.expected, 6), round(found.variance, 6)
    (0.5, -0.125, 0.053125)
    """
    z = np.asarray(y, dtype=float) - np.mean(y)
    n = len(z)
    s0, s1, s2 = _sums(weights)
    value = n / s0 * (z @ (weights @ z)) / (z @ z)
    expected = -1 / (n - 1)
    if randomised:
        kurtosis = (z**4).mean() / (z**2).mean() ** 2
        first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
        second = kurtosis * (n * (n - 1) * s1 - 2 * n * s2 + 6 * s0**2)
        square = (first - second) / ((n - 1) * (n - 2) * (n - 3) * s0**2)
    else:
        square = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1))
    return Association(float(value), expected, float(square - expected**2))


def bivariate_moran(x: Floats, y: Floats, weights: csr_array) -> float:
    """Σᵢ xᵢ Σⱼ wᵢⱼ yⱼ / (n − 1) of standardised x and y: whether x is high where the neighbours' y is."""
    one, other = ((v - v.mean()) / v.std(ddof=1) for v in (np.asarray(x, float), np.asarray(y, float)))
    return float(one @ (weights @ other) / (len(one) - 1))


def standardised_rates(events: Floats, base: Floats) -> Floats:
    """Rates less their mean over their standard deviation, which is wider on a small base.

    Source
    ------
    Assunção, R. M. and Reis, E. A. (1999). A new proposal to adjust Moran's I for population density. Statistics in
    Medicine 18(16), 2147-2162.
    """
    rate = events / base
    mean = events.sum() / base.sum()
    spread = (base * (rate - mean) ** 2).sum() / base.sum() - mean / base.mean()
    variance = spread + mean / base
    variance = np.where(variance < 0, mean / base, variance)
    return np.asarray((rate - mean) / np.sqrt(variance), dtype=float)


def local_moran(y: Floats, weights: csr_array) -> Floats:
    """Iᵢ = (n − 1) zᵢ Σⱼ wᵢⱼ zⱼ / Σ z²; with row-standardised weights their mean is I (n − 1)/n.

    Source
    ------
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis 27(2), 93-115.
    """
    z = np.asarray(y, dtype=float) - np.mean(y)
    return np.asarray((len(z) - 1) * z * (weights @ z) / (z @ z), dtype=float)


def quadrants(y: Floats, weights: csr_array) -> NDArray[np.str_]:
    """``HH, LH, LL, HL``: the unit's own value, then its neighbours', above or not above the mean."""
    z = np.asarray(y, dtype=float) - np.mean(y)
    own, around = np.where(z > 0, "H", "L"), np.where(weights @ z > 0, "H", "L")
    return np.char.add(own, around)


def getis_ord(y: Floats, weights: csr_array) -> Association:
    """General G = Σᵢⱼ wᵢⱼ yᵢ yⱼ / Σᵢ≠ⱼ yᵢ yⱼ, of values above 0.

    Source
    ------
    Getis, A. and Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical
    Analysis 24(3), 189-206.
    """
    y = np.asarray(y, dtype=float)
    n = len(y)
    s0, s1, s2 = _sums(weights)
    total = y.sum() ** 2 - (y**2).sum()
    m1, m2, m3, m4 = ((y**k).sum() for k in (1, 2, 3, 4))
    b0 = (n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2
    b1 = -((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0**2)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2
    b4 = s1 - s2 + s0**2
    square = b0 * m2**2 + b1 * m4 + b2 * m1**2 * m2 + b3 * m1 * m3 + b4 * m1**4
    square /= (m1**2 - m2) ** 2 * n * (n - 1) * (n - 2) * (n - 3)
    expected = s0 / (n * (n - 1))
    return Association(float(y @ (weights @ y) / total), float(expected), float(square - expected**2))


def local_g(y: Floats, weights: csr_array, *, star: bool = True) -> Floats:
    """Gᵢ or, with the unit among its own neighbours, Gᵢ* as standard scores.

    Source
    ------
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27(4), 286-306.
    """
    y = np.asarray(y, dtype=float)
    n = len(y)
    others = n if star else n - 1
    with np.errstate(invalid="ignore", divide="ignore"):  # one unit alone, or equal values, have no score
        if star:
            weights = csr_array(weights + csr_array(np.eye(n)))
            mean, variance = np.full(n, y.mean()), np.full(n, y.var())
        else:
            mean = (y.sum() - y) / others
            variance = ((y**2).sum() - y**2) / others - mean**2
        total = np.asarray(weights.sum(axis=1)).ravel()
        square = np.asarray(weights.multiply(weights).sum(axis=1)).ravel()
        spread = np.sqrt(variance * (others * square - total**2) / (others - 1))
        return np.asarray((weights @ y - total * mean) / spread, dtype=float)


def false_discovery_threshold(p: Floats, share: float = 0.05) -> float:
    """The largest p that is still a discovery when a ``share`` of the discoveries may be false; 0 where none is.

    Source
    ------
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57(1), 289-300.

    Examples
    --------
    >>> p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .324, .4262, .5719, .6528, .759, 1]
    >>> false_discovery_threshold(np.array(p))
    0.0095
    >>> false_discovery_threshold(np.array([0.2, 0.9]))
    0.0
    """
    ordered = np.sort(p[~np.isnan(p)])
    below = ordered <= share * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    return float(ordered[np.flatnonzero(below)[-1]]) if below.any() else 0.0


def q_values(p: Floats) -> Floats:
    """The smallest share of false discoveries at which each p would be one; missing stays missing.

    >>> q_values(np.array([0.01, 0.04, 0.03, np.nan]))
    array([0.03, 0.04, 0.04,  nan])
    """
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    out[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return out


def _sums(weights: csr_array) -> tuple[float, float, float]:
    """S₀, S₁ and S₂ of Cliff and Ord."""
    both = weights + weights.T
    sums = np.asarray(weights.sum(axis=1)).ravel() + np.asarray(weights.sum(axis=0)).ravel()
    return float(weights.sum()), float(both.multiply(both).sum() / 2), float((sums**2).sum())
