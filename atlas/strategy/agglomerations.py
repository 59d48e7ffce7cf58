"""Agglomerations: quarters where venues of several kinds stand within a walk of one another."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from atlas.config import Atlas
from atlas.strategy.naming import name_quarter, street_at
from atlas.strategy.venues import Floats, guessed, points_of, venues
from atlas.strategy.walks import WALK_M, Walks, walks
from atlas.walking import Streets

COLUMNS = (
    "id", "name", "parent", "parent_name", "neighbourhoods", "lon", "lat", "places", "worth", "guessed", "classes",
    "members", "area_ha",
)  # fmt: skip
READ = (
    "place_id", "name", "class_", "n_records", "neighbourhood", "parent", "lon", "lat", "worth", "density", "street",
)  # fmt: skip
CULTURE = ("cultural_institution", "art_space", "artist")
LEAST_WORTH = 4.0
LEAST_CULTURE = 2.0
CULTURE_SHARE = 0.2
REACH = 2.0  # members lie within this many walks of the heart
MARGIN_M = 50.0
ONE_SPOT_M = 5.0


def agglomerations(
    places: gpd.GeoDataFrame,
    atlas: Atlas,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    streets: Streets | None = None,
    walk_m: float = WALK_M,
    least: float = LEAST_WORTH,
) -> gpd.GeoDataFrame:
    """Quarters of venues, the largest first, with name, members, mix and hull.

    Every venue has a density, its surroundings within ``walk_m`` on foot weighed by a quartic kernel, and belongs to
    the summit that is reached by always going on to the densest venue within ``walk_m`` (quick shift). A dense
    centre thus falls apart along its valleys into the quarters that people know, where linking all that stand within
    400 m would chain it into one. A summit that makes no quarter by itself joins the neighbour with the highest pass
    between them (see :func:`join_small`). Members lie within ten minutes (2 × ``walk_m``) of the quarter's heart.
    Venues of one class at one spot share the worth of one.

    A quarter counts where its venues are worth ``least`` or more (the weights of their classes; half where a class is
    only guessed) and a fifth of that, two at least and of two layers, is culture or art: a campus alone, even with
    museums of its own, or a shopping mall with its cinema, is no creative agglomeration.

    Parameters
    ----------
    places, neighbourhoods
        Tables of the store.
    streets
        The walking network, where the atlas has one (:func:`atlas.walking.streets_of`).

    Returns
    -------
    :data:`COLUMNS` and the hull as geometry; ``classes`` is ``class=number`` and ``members`` are place ids, both
    joined by ``|``; ``lon``, ``lat`` are the heart's. The id is the heart's.

    Source
    ------
    Vedaldi, A. and Soatto, S. (2008). Quick shift and kernel methods for mode seeking. ECCV, 705-718.
    """
    found = venues(atlas, places)
    spots = points_of(found)
    mix = Mix.of(found, stacked(spots, found["class_"]), least)
    pairs = walks(atlas, spots, limit_m=walk_m, streets=streets)
    density, summit = climb(pairs, mix.worth, walk_m=walk_m)
    heart = join_small(mix, pairs, density, summit)
    near = np.hypot(*(spots - spots[heart]).T) <= REACH * walk_m / atlas.atlas.detour
    held = near & np.isin(heart, mix.groups_that_count(near, heart))
    found = found.assign(worth=mix.worth, density=density, street=None)
    found.loc[held, "street"] = street_at(places, spots[held])
    columns = {name: found[name].to_numpy(dtype=object) for name in READ}
    unsure = guessed(found).to_numpy()
    parents = dict(zip(neighbourhoods["parent"], neighbourhoods["parent_name"], strict=True))
    rows = []
    for at in np.unique(heart[held]):
        own = np.flatnonzero(held & (heart == at))
        part = {name: values[own].tolist() for name, values in columns.items()}
        centre = {name: columns[name][at] for name in ("place_id", "lon", "lat")}
        rows.append(_quarter(part, unsure[own], centre, spots[own], parents))
    table = pd.DataFrame(rows, columns=[*COLUMNS, "geometry"])
    table = table[table["neighbourhoods"] != ""]  # one that lies in the margin alone is not the atlas's
    table = table.sort_values(["worth", "id"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=places.crs)


def climb(pairs: Walks, worth: Floats, *, walk_m: float) -> tuple[Floats, NDArray[np.intp]]:
    """Density at each venue, and the summit that each is led to.

    The density is Σⱼ worthⱼ (1 − (dᵢⱼ/walk)²)², with d the metres on foot; a venue goes on to the densest within a
    walk, of equals the first in the table, until none is denser.

    Examples
    --------
    Four in a row, 100 m apart but for 150 m between the second pair and the first:

    >>> way = {(0, 1): 100.0, (1, 2): 150.0, (2, 3): 100.0}
    >>> both = sorted([(i, j, d) for (i, j), d in way.items()] + [(j, i, d) for (i, j), d in way.items()])
    >>> row, column, metres = (np.array(one) for one in zip(*both))
    >>> climb(Walks(row, column, metres), np.ones(4), walk_m=400.0)[1]
    array([1, 1, 1, 1])
    >>> near = metres < 120
    >>> climb(Walks(row[near], column[near], metres[near]), np.ones(4), walk_m=120.0)[1]
    array([0, 0, 2, 2])
    """
    count = len(worth)
    kernel = np.square(1 - np.square(pairs.metres / walk_m))
    around = np.bincount(pairs.row, worth[pairs.column] * kernel, minlength=count)
    density = np.asarray(worth + around, dtype=float).round(9)
    place_in_order = np.empty(count, dtype=np.intp)
    place_in_order[np.lexsort((np.arange(count), -density))] = np.arange(count)
    best = place_in_order.copy()
    np.minimum.at(best, pairs.row, place_in_order[pairs.column])
    at = np.argsort(place_in_order, kind="stable")[best]
    while (at != at[at]).any():
        at = at[at]
    return density, at


def stacked(spots: Floats, classes: pd.Series) -> NDArray[np.intp]:
    """How many venues of its class stand within 5 m of each: rooms, twice mapped ones, and points given to several."""
    number = np.ones(len(spots), dtype=np.intp)
    if len(spots):
        pairs = cKDTree(spots).query_pairs(ONE_SPOT_M, output_type="ndarray")
        codes = pd.factorize(classes)[0]
        same = pairs[codes[pairs[:, 0]] == codes[pairs[:, 1]]]
        np.add.at(number, same.ravel(), 1)
    return number


@dataclass(frozen=True)
class Mix:
    """What decides whether venues make a quarter: what each is worth, its layer, whether it is culture or art."""

    worth: Floats
    layer: NDArray[np.intp]
    culture: NDArray[np.bool_]
    least: float

    @classmethod
    def of(cls, venues: pd.DataFrame, number: NDArray[np.intp], least: float) -> Mix:
        """Of a table with ``worth, layer, actor``; ``number`` venues of a class share one spot and its worth."""
        worth = venues["worth"].to_numpy(dtype=float) / number
        culture = venues["actor"].isin(CULTURE).to_numpy(dtype=bool)
        return cls(worth, pd.factorize(venues["layer"])[0].astype(np.intp), culture, least)

    def counts(self, members: NDArray[np.bool_] | NDArray[np.intp]) -> bool:
        """Whether the members are worth enough, and a fifth of that, two at least and of two layers, is culture or art.

        Examples
        --------
        A campus (four schools, a library) and a quarter (two museums, a gallery, a shop):

        >>> layer = np.array([0, 0, 0, 0, 1, 2, 2, 3, 4])
        >>> mix = Mix(np.ones(9), layer, np.array([False] * 4 + [True] * 4 + [False]), 4.0)
        >>> mix.counts(np.arange(5)), mix.counts(np.arange(5, 9))
        (False, True)
        """
        worth = self.worth[members]
        art = self.culture[members]
        culture = worth[art].sum()
        return bool(
            worth.sum() >= self.least
            and culture >= max(LEAST_CULTURE, CULTURE_SHARE * worth.sum())
            and len(np.unique(self.layer[members][art])) > 1
        )

    def groups_that_count(self, members: NDArray[np.bool_], group: NDArray[np.intp]) -> list[int]:
        """The groups whose members count."""
        return [int(one) for one in np.unique(group[members]) if self.counts(members & (group == one))]


def join_small(mix: Mix, walked: Walks, density: Floats, summit: NDArray[np.intp]) -> NDArray[np.intp]:
    """The heart of each venue: its summit, or that of the quarter which a too small one was joined to.

    From the lowest summit up: one that makes no quarter joins the neighbour at the highest pass (of two venues within
    a walk, one on each side, the density of the lower), unless that would unmake the neighbour's mix.
    """
    heart = summit.copy()
    pairs = np.stack([walked.row, walked.column], axis=1)[walked.row < walked.column]
    pairs = pairs[summit[pairs[:, 0]] != summit[pairs[:, 1]]]
    height = density[pairs].min(axis=1)
    for at in sorted(np.unique(summit[pairs]), key=lambda one: (density[one], one)):
        if heart[at] != at or mix.counts(heart == at):
            continue
        sides = heart[pairs]
        open_ = (sides == at).any(axis=1) & (sides[:, 0] != sides[:, 1])
        if not open_.any():
            continue
        best = np.flatnonzero(open_)[np.argmax(height[open_])]
        other = int(sides[best].sum() - at)
        both = (heart == at) | (heart == other)
        counts = mix.counts(heart == other)
        if counts and not mix.counts(both):
            continue
        heart[both] = other if counts or density[other] >= density[at] else at
    return heart


def _quarter(
    part: dict[str, list[Any]], unsure: NDArray[np.bool_], heart: dict[str, Any], spots: Floats, parents: dict[str, str]
) -> tuple[object, ...]:
    own = Counter(one for one in part["parent"] if isinstance(one, str))
    parent = min(own, key=lambda one: (-own[one], one)) if own else None
    parent_name = parents.get(parent) if parent else None
    hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(spots)), MARGIN_M)
    worth = np.array(part["worth"], dtype=float)
    classes = sorted(Counter(part["class_"]).items(), key=lambda one: (-one[1], one[0]))
    quarter_id = f"q{heart['place_id'][1:]}"
    return (
        quarter_id,
        name_quarter(part, parent_name, quarter_id),
        parent,
        parent_name,
        "|".join(sorted({one for one in part["neighbourhood"] if isinstance(one, str)})),
        heart["lon"],
        heart["lat"],
        len(worth),
        round(float(worth.sum()), 3),
        round(float(worth[unsure].sum() / worth.sum()), 3),
        "|".join(f"{name}={number}" for name, number in classes),
        "|".join(part["place_id"]),
        round(float(hull.area) / 1e4, 2),
        hull,
    )
