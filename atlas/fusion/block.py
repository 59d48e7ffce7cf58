"""Which pairs of records are worth a comparison."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.fusion.names import core, is_telling, kinds_said, numbers_in, sounds
from atlas.fusion.near import Keys, distinct, keyed_pairs

RADIUS_M = 200.0  # 96 % of the pairs known by a shared identifier lie within it
NAMESAKE_RADIUS_M = 1000.0  # a whole name in common, or a position that is wrong by as much
SPOT_M = 25.0  # two records of one class here may be one thing by two names
IDENTIFIER_RADIUS_M = 2000.0  # beyond it a shared identifier is more likely a slip than a match
TOUCH_M = 1.0  # coordinates are often rounded to a metre
SAME_SOURCE_M = 100.0  # within it two records of one source that state one identifier are one thing
PREFIX = 4  # letters of a word that must agree: "anta" and "antas", "museu" and "museum"


def candidate_pairs(records: gpd.GeoDataFrame, stated: pd.DataFrame) -> pd.DataFrame:
    """Pairs of records of different sources that may be one thing: near and alike, or stating one identifier.

    Two records are compared where they lie within 200 m and a word of their names begins alike, within 1 km and the
    names are the same but for the words that say what it is, within 25 m and their first class or their kind is the
    same, or where they state one identifier within 2 km. So a city block of thousands of records without a name makes
    no pairs, and a block where thousands share a word makes a bounded number (:func:`atlas.fusion.near.keyed_pairs`).

    Parameters
    ----------
    records
        Placed records in a metric CRS with ``source_id``, ``class_``, ``names`` (all names, normalised),
        ``initials`` and ``kinds``; the index is 0 … n − 1.
    stated
        Identifiers, as :func:`atlas.fusion.identifiers.identifiers` gives them.

    Returns
    -------
    Columns ``a``, ``b`` (positions, a < b), ``distance_m`` (between the nearest points), ``same_identifier``, and
    ``other_identifier``: both state what they are, and it is not the same.
    """
    geometry = records.geometry.to_numpy()
    source = records["source_id"].astype("category").cat.codes.to_numpy()
    names = records["names"].to_numpy()
    order = np.array([own[0] if own else "" for own in names], dtype=object)
    by_word, by_name, by_class = _keys(
        names, records["initials"].to_numpy(), records["kinds"].to_numpy(), records["class_"].to_numpy()
    )
    found = [
        keyed_pairs(keys, geometry, source, order, radius_m=radius)
        for keys, radius in ((by_word, RADIUS_M), (by_name, NAMESAKE_RADIUS_M), (by_class, SPOT_M))
    ]
    n = len(records)
    found.append(_stating_one(stated, geometry, source))
    code = distinct(np.concatenate([a * n + b for a, b in found]))
    pairs = pd.DataFrame({"a": code // max(n, 1), "b": code % max(n, 1)})
    pairs["distance_m"] = shapely.distance(geometry[pairs["a"].to_numpy()], geometry[pairs["b"].to_numpy()])
    return _with_identifiers(pairs, stated, n)


def _keys(names: np.ndarray, initials: np.ndarray, kinds: np.ndarray, classes: np.ndarray) -> tuple[Keys, Keys, Keys]:
    """Of each record: beginnings of its words (and its initials, where a name says them), its bare names, its class."""
    words = {own: frozenset(word for one in own for word in one.split()) for own in set(names)}
    said = frozenset().union(*initials) & frozenset().union(*words.values())
    begins = {own: {word[:PREFIX] for word in held} | (held & said) for own, held in words.items()}
    bare = {own: {sounds(bare) for one in own if len(bare := core(one)) >= PREFIX} for own in words}
    by_word = [(row, key) for row, own in enumerate(names) for key in begins[own] | (initials[row] & said)]
    by_name = [(row, key) for row, own in enumerate(names) for key in bare[own]]
    by_class = [(row, key) for row, own in enumerate(names) if own for key in {classes[row], *kinds[row]}]
    return by_word, by_name, by_class


def _joined(stated: pd.DataFrame) -> pd.DataFrame:
    """Rows that state one identifier, two by two."""
    both = stated.merge(stated, on=["key", "value"], suffixes=("_a", "_b"))
    return both[both["row_a"] < both["row_b"]]


def _stating_one(stated: pd.DataFrame, geometry: np.ndarray, source: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = _joined(stated)
    a, b = both["row_a"].to_numpy(dtype=np.int64), both["row_b"].to_numpy(dtype=np.int64)
    near = (source[a] != source[b]) & (shapely.distance(geometry[a], geometry[b]) <= IDENTIFIER_RADIUS_M)
    return a[near], b[near]


def _with_identifiers(pairs: pd.DataFrame, stated: pd.DataFrame, n: int) -> pd.DataFrame:
    code = pairs["a"].to_numpy() * n + pairs["b"].to_numpy()
    both = _joined(stated)
    same = np.isin(code, (both["row_a"] * n + both["row_b"]).to_numpy())
    other, entities = np.zeros(len(pairs), bool), np.zeros(len(pairs), bool)
    for key in ("wikidata", *sorted(k for k in set(stated["key"]) if k.startswith("ref:"))):
        mine = stated[stated["key"] == key]
        states, own = np.zeros(n, bool), np.zeros(n, bool)
        states[mine["row"]], own[mine.loc[mine["own"], "row"]] = True, True
        a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
        equal = np.isin(code, (both["row_a"] * n + both["row_b"])[both["key"] == key].to_numpy())
        differ = states[a] & states[b] & (own[a] | own[b]) & ~equal
        other |= differ
        entities |= differ & own[a] & own[b]
    return pairs.assign(same_identifier=same, other_identifier=other & ~same, other_entity=entities)


def one_entity(records: gpd.GeoDataFrame, stated: pd.DataFrame) -> pd.DataFrame:
    """Records of one source that are one thing by its own words: pairs ``a`` (the first), ``b``.

    Either one entity under two kinds (``own`` identifiers), or two objects at one spot that state one Wikidata id.
    """
    geometry = records.geometry.to_numpy()
    source = records["source_id"].to_numpy()
    both = _joined(stated[stated["own"] | (stated["key"] == "wikidata")])
    a, b = both["row_a"].to_numpy(dtype=np.int64), both["row_b"].to_numpy(dtype=np.int64)
    own = (both["own_a"] & both["own_b"]).to_numpy(dtype=bool)
    near = own | (shapely.distance(geometry[a], geometry[b]) <= SAME_SOURCE_M)
    kept = (source[a] == source[b]) & near
    return pd.DataFrame({"a": a[kept], "b": b[kept]}).drop_duplicates()


def inside_outlines(records: gpd.GeoDataFrame) -> pd.DataFrame:
    """What lies in, or touches, an outline of its own name: a node in its own building, a museum drawn in two parts.

    Columns ``a`` (the outline), ``b``. Inside one source the class must be the same, and the own name of one must be a
    name of the other, or one of them be missing (not of two outlines); or the kind is the same and they share a
    spelling that says more than it. A point's name may say less, or more, than the outline's where both say one kind
    ("Paço Episcopal", "Paço Episcopal do Porto"). The outline of another source serves too, where both have a name: a
    second point of a source whose outlines were lost lies in the building that another source draws. Of several
    outlines the smallest is a record's own.
    """
    geometry = records.geometry.to_numpy()
    outlines = np.flatnonzero(shapely.get_dimensions(geometry) == 2)
    if not len(outlines):
        return pd.DataFrame({"a": [], "b": []}, dtype=np.int64)
    found = shapely.STRtree(geometry[outlines]).query(geometry, predicate="dwithin", distance=TOUCH_M)
    a, b = outlines[found[1]], found[0]
    source, class_, names, kinds = (records[column].to_numpy() for column in ("source_id", "class_", "names", "kinds"))
    area = shapely.area(geometry)
    same = source[a] == source[b]
    smaller = (area[b] < area[a]) | ((area[b] == area[a]) & (b > a))
    a, b, same = (part[(a != b) & smaller] for part in (a, b, same))
    alike = [
        (
            _bears(names[x], names[y])
            or (inside and point and not (names[x] and names[y]))
            or (point and _says_less(names[x], names[y]))
        )
        if class_[x] == class_[y] or not inside
        else not kinds[x].isdisjoint(kinds[y]) and any(map(is_telling, set(names[x]) & set(names[y])))
        for x, y, inside, point in zip(a, b, same, area[b] == 0, strict=True)
    ]
    pairs = pd.DataFrame({"a": a, "b": b, "same": same, "area": area[a]})[np.array(alike, bool)]
    own = pairs.sort_values(["b", "same", "area", "a"], ascending=[True, False, True, True], kind="stable")
    return own.drop_duplicates(["b", "same"])[["a", "b"]]


def _bears(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the own name of one is a name of the other; a short name that two firms share joins nothing."""
    return bool(one and other) and (one[0] in other or other[0] in one)


def _says_less(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names say one kind and number, and all words of the one stand in the other ("Paço Episcopal")."""
    if numbers_in(one) != numbers_in(other) or not kinds_said(one) & kinds_said(other):
        return False
    words = [[set(core(name).split()) for name in own if core(name) != name] for own in (one, other)]
    return any(x <= y or y <= x for x in words[0] for y in words[1])


def rooms(records: gpd.GeoDataFrame, *, together: set[str], apart_m: float = 25.0) -> pd.DataFrame:
    """Nameless records of one class at one spot: the rooms of one place, chained by distances up to ``apart_m``.

    Only for the classes in ``together``. Returns pairs ``a`` (the first of its room), ``b``.
    """
    geometry = records.geometry.to_numpy()
    nameless = (records["names"].str.len() == 0).to_numpy() & records["class_"].isin(together).to_numpy()
    rows = np.flatnonzero(nameless & ~shapely.is_missing(geometry))
    if len(rows) < 2:
        return pd.DataFrame({"a": [], "b": []}, dtype=np.int64)
    room = np.full(len(rows), -1)
    for _, own in records.iloc[rows].reset_index(drop=True).groupby(["source_id", "class_"], sort=True):
        mine = own.index.to_numpy()
        # buffers that touch are rooms of one place; their union is linear where pairs of all rooms would not be
        spots = shapely.get_parts(shapely.union_all(shapely.buffer(geometry[rows[mine]], apart_m / 2)))
        found = shapely.STRtree(spots).query(geometry[rows[mine]], predicate="intersects")
        room[mine[found[0]]] = room.max() + 1 + found[1]
    first = pd.Series(rows).groupby(room).transform("first").to_numpy()
    return pd.DataFrame({"a": first, "b": rows})[first != rows]
