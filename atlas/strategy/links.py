"""Links between kinds of actors: who stands near whom, against what chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from atlas.config import Actor, Atlas
from atlas.strategy.association import q_values
from atlas.strategy.venues import Floats, guessed, points_of
from atlas.strategy.walks import WALK_M, Walks, walks
from atlas.walking import Streets

KINDS: tuple[str, ...] = get_args(Actor)
PERMUTATIONS = 9_999
BATCH_CELLS = 4_000_000
ONE_BUILDING_M = 15.0
SURE = 0.05
COLUMNS = ("a", "b", "places_a", "places_b", "observed", "expected", "p", "q", "relation")


@dataclass(frozen=True)
class Sites:
    """Buildings with an actor: coordinates, kind (position in ``kinds``), unit, municipality, which lie in the area."""

    kinds: tuple[str, ...]
    spots: Floats
    kind: NDArray[np.intp]
    units: NDArray[np.object_]
    group: NDArray[np.intp]
    inside: NDArray[np.bool_]


def observed_kinds(atlas: Atlas) -> tuple[str, ...]:
    """The kinds of actors whose sources cover the atlas, as its measure of kinds declares them."""
    for indicator in atlas.indicator:
        if indicator.measure in {"kinds", "kinds_km"}:
            declared = set(indicator.with_.get("observed", ()))
            return tuple(kind for kind in KINDS if kind in declared)
    return ()


def links(
    places: gpd.GeoDataFrame,
    atlas: Atlas,
    *,
    units: pd.Index | None = None,
    streets: Streets | None = None,
    permutations: int = PERMUTATIONS,
    seed: int | None = None,
) -> pd.DataFrame:
    """For each pair of observed kinds, the share of A's with a B within 400 m on foot, and what chance would give.

    Records of one kind within 15 m are one building. Chance keeps every building where it is and deals the kinds out
    anew among the buildings of each municipality, so that only who stands next to whom can differ; ``expected`` is the
    mean share, ``p`` two-sided, ``q`` the false discovery rate over all pairs.

    Parameters
    ----------
    units
        Codes of the neighbourhoods whose A's count; the B's around them count wherever they are.

    Returns
    -------
    ``relation`` is ``near`` or ``apart`` (q ≤ 0.05), ``never`` where both kinds are there and no A has a B (but not
    surely less than by chance), else ``chance``; ``absent`` where the area has no A or the atlas no B.
    """
    sites = sites_of(places, atlas, units)
    observed, drawn = shares(
        sites,
        walks(atlas, sites.spots, limit_m=WALK_M, streets=streets),
        permutations=permutations,
        seed=atlas.atlas.seed if seed is None else seed,
    )
    inside = np.bincount(sites.kind[sites.inside], minlength=len(sites.kinds))
    everywhere = np.bincount(sites.kind, minlength=len(sites.kinds))
    rows = []
    for a, first in enumerate(sites.kinds):
        for b, second in enumerate(sites.kinds):
            if a == b:
                continue
            seen, chance = observed[a, b], drawn[:, a, b]
            known = bool(inside[a]) and bool(everywhere[b])
            rows.append(
                {
                    "a": first,
                    "b": second,
                    "places_a": int(inside[a]),
                    "places_b": int(everywhere[b]),
                    "observed": seen if known else np.nan,
                    "expected": float(chance.mean()) if known else np.nan,
                    "p": two_sided(seen, chance) if known else np.nan,
                }
            )
    table = pd.DataFrame(rows, columns=list(COLUMNS[:-2]))
    table["q"] = q_values(table["p"].to_numpy(dtype=float))
    table["relation"] = [_relation(*row) for row in table[["observed", "expected", "q"]].to_numpy(dtype=float)]
    return table


def sites_of(places: gpd.GeoDataFrame, atlas: Atlas, units: pd.Index | None = None) -> Sites:
    """The buildings of the observed kinds, by place id; a guessed class is no actor."""
    kinds = observed_kinds(atlas)
    counting = {id_ for id_, (_, rule) in atlas.classes.items() if rule.counts}
    held = places[places["actor"].isin(kinds) & places["class_"].isin(counting)]
    held = held[~guessed(held)].sort_values("place_id", kind="stable")
    spots = points_of(held)
    kind = pd.Categorical(held["actor"], categories=list(kinds)).codes.astype(np.intp)
    first = one_a_building(spots, kind)
    held, spots, kind = held.iloc[first], spots[first], kind[first]
    inside = held["neighbourhood"].isin(units) if units is not None else held["parent"].notna()
    group = pd.factorize(held["parent"].fillna(""))[0].astype(np.intp)
    return Sites(kinds, spots, kind, held["neighbourhood"].to_numpy(dtype=object), group, inside.to_numpy(dtype=bool))


def one_a_building(spots: Floats, kind: NDArray[np.intp]) -> NDArray[np.intp]:
    """Positions of the first of each building: what is of one kind and within 15 m hangs together."""
    if not len(spots):
        return np.zeros(0, dtype=np.intp)
    pairs = cKDTree(spots).query_pairs(ONE_BUILDING_M, output_type="ndarray")
    pairs = pairs[kind[pairs[:, 0]] == kind[pairs[:, 1]]]
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(spots), len(spots)))
    building = connected_components(joined, directed=False)[1]
    return np.sort(np.unique(building, return_index=True)[1]).astype(np.intp)


def shares(sites: Sites, near: Walks, *, permutations: int, seed: int) -> tuple[Floats, Floats]:
    """Share of the A's inside with at least one B near it: kinds × kinds, and the same for each permutation.

    What each building has around it is one number, a bit for every kind.
    """
    count, kinds = len(sites.kind), len(sites.kinds)
    if not count:
        return np.full((kinds, kinds), np.nan), np.full((permutations, kinds, kinds), np.nan)
    used = sites.inside[near.row]
    known, start = np.unique(near.row[used], return_index=True)
    neighbour = near.column[used]
    groups = dealt_groups(sites, near)
    rng = np.random.default_rng(seed)
    batch = max(1, BATCH_CELLS // max(len(neighbour), count))
    drawn = [
        _shares_of(relabelled(sites, groups, size, rng), neighbour, start, known, sites)
        for size in _sizes(permutations, batch)
    ]
    observed = _shares_of(sites.kind[None, :].astype(np.int8), neighbour, start, known, sites)[0]
    return observed, np.concatenate(drawn) if drawn else np.zeros((0, kinds, kinds))


def dealt_groups(sites: Sites, near: Walks) -> list[NDArray[np.intp]]:
    """The municipalities where dealing the kinds out anew can change a share; positions of their buildings.

    Where all are of one kind it cannot, nor where nobody is near anybody and all lie inside the area, or none.
    """
    touched = np.zeros(len(sites.kind), dtype=bool)
    touched[near.row] = True
    members = [np.flatnonzero(sites.group == group) for group in np.unique(sites.group)]
    return [
        own
        for own in members
        if len(np.unique(sites.kind[own])) > 1 and (touched[own].any() or len(np.unique(sites.inside[own])) > 1)
    ]


def relabelled(sites: Sites, groups: list[NDArray[np.intp]], size: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """``size`` rows of kinds, dealt out anew within each municipality."""
    rows = np.tile(sites.kind.astype(np.int8), (size, 1))
    for own in groups:
        rows[:, own] = rng.permuted(rows[:, own], axis=1)
    return rows


def _shares_of(
    kind: NDArray[np.int8],
    neighbour: NDArray[np.intp],
    start: NDArray[np.intp],
    known: NDArray[np.intp],
    sites: Sites,
) -> Floats:
    draws, kinds = len(kind), len(sites.kinds)
    inside = kind[:, sites.inside]
    number = np.stack([np.count_nonzero(inside == one, axis=1) for one in range(kinds)], axis=1)
    met = np.zeros((draws, kinds, kinds))
    if len(start):
        bits = np.left_shift(1, kind, dtype=np.int16)
        around = np.bitwise_or.reduceat(bits[:, neighbour], start, axis=1).astype(np.intp)
        key = kind[:, known] * np.intp(1 << kinds) + around
        key += (kinds << kinds) * np.arange(draws)[:, None]
        seen = np.bincount(key.ravel(), minlength=draws * kinds << kinds).reshape(draws, kinds, 1 << kinds)
        has = (np.arange(1 << kinds)[:, None] >> np.arange(kinds)) & 1
        met = seen @ has.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(met / number[:, :, None], dtype=float)


def _sizes(total: int, batch: int) -> list[int]:
    return [batch] * (total // batch) + ([total % batch] if total % batch else [])


def two_sided(seen: float, drawn: Floats, tolerance: float = 1e-12) -> float:
    """Twice the smaller tail, ties counted against a discovery; 2/(draws + 1) at least.

    >>> two_sided(3.0, np.array([1.0, 1.0, 2.0]))
    0.5
    """
    drawn = drawn[~np.isnan(drawn)]
    tails = ((drawn >= seen - tolerance).sum(), (drawn <= seen + tolerance).sum())
    return float(min(1.0, 2 * (min(tails) + 1) / (len(drawn) + 1)))


def _relation(observed: float, expected: float, q: float) -> str:
    if np.isnan(observed):
        return "absent"
    if q <= SURE:
        return "near" if observed > expected else "apart"
    return "never" if observed == 0 else "chance"
