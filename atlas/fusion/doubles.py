"""One thing that one source holds twice: namesakes alone side by side, and one line written twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from atlas.config import Atlas
from atlas.fusion.compare import KIN_CLASS, SAME_CLASS, class_steps
from atlas.fusion.decide import THRESHOLD
from atlas.fusion.names import core, is_telling, sounds
from atlas.fusion.near import spots
from atlas.fusion.positions import DOUBTFUL

DOUBLE_M = 40.0  # nine in ten pairs of one thing in two sources lie as near
CHAIN_M = 25.0  # a name borne elsewhere too is not that of one thing alone; two branches hardly lie nearer
DOOR_M = 10.0  # the same, where the classes differ
REGISTER_M = 25.0  # a register tells its things apart by number: two numbers are one thing at one spot only
ATTESTED_M = 100.0  # if another source, which holds one of the name, may mean either
ALONE_M = 250.0  # a third of the name within it makes a row: pieces of a wall, doors of a shop, a chain's street
TELLING_APART = ("addr:housenumber", "addr:unit", "branch", "level", "ref")  # two values, two things
WHOLE, OWN = 1, 2  # a name as it is written, not without its kind; the record's own, not a second one
BOTH = WHOLE | OWN
PHONES = ("phone", "contact:phone")
PHONE_DIGITS = 8  # the last: what no country or area code, nor the way it is written, changes
_KEY_APART = 1e4  # between keys, on the third axis of the tree: farther than any radius
_CELL = ALONE_M / np.sqrt(2)  # records in one cell lie within ALONE_M of each other


def namesakes(records: gpd.GeoDataFrame, stated: pd.DataFrame, atlas: Atlas) -> pd.DataFrame:
    """Two records of one source of one name, up to 100 m apart, with no third of the name within 250 m.

    Two that stand alone are hardly two things: a chain's branches, a street's panels, a school's doors come in rows.
    Their own names must be the same (their class may then be a kin one: a museum and the palace that it fills, a bar
    and a restaurant); or, where the class is the same, the one's own name is the other's second one, or differs in
    words that say what a thing is only ("Terreirinho", "Restaurante do Terreirinho"). Numbers must agree. Nothing joins
    what states two house numbers, floors, branches, references or telephones, a building and the shop in it, nor
    classes whose things stand side by side under one name (``namesakes = "several"``: stops, vacant shops, murals).

    Returns
    -------
    Columns ``a``, ``b`` (positions, a < b) and ``near``: within 40 m; within 25 m where others elsewhere bear the
    name, 10 m if the two are of other classes; within 25 m where a register gives them two numbers, and never at a
    point that many records share. Others need to be :func:`attested`.
    """
    none = pd.DataFrame({"a": [], "b": [], "near": []}).astype({"a": np.int64, "b": np.int64, "near": bool})
    rows, key, how, many = _bearers(records, atlas)
    if not len(rows):
        return none
    one, two = _alone(rows, key, records.geometry.to_numpy())
    pairs = pd.DataFrame({
        "a": rows[one], "b": rows[two], "bare": (how[one] & how[two]) != BOTH, "elsewhere": many[one] > 2,
    })[(how[one] | how[two]) == BOTH]  # fmt: skip
    pairs = pairs.sort_values(["bare", "elsewhere"], kind="stable").drop_duplicates(["a", "b"], ignore_index=True)
    a, b, bare = pairs["a"].to_numpy(), pairs["b"].to_numpy(), pairs["bare"].to_numpy()
    geometry, class_, kinds = (records[column].to_numpy() for column in ("geometry", "class_", "kinds"))
    distance = shapely.distance(geometry[a], geometry[b])
    step = class_steps(pairs, records["classes"], atlas)
    own = np.zeros(len(records), bool)
    own[stated.loc[stated["own"] & (stated["key"] != "osm"), "row"]] = True
    numbered, rough = own[a] & own[b], _rough(records)
    one_kind = np.array([not x.isdisjoint(y) for x, y in zip(kinds[a], kinds[b], strict=True)], bool)
    unsaid = np.array([not x or not y for x, y in zip(kinds[a], kinds[b], strict=True)], bool)
    fits = np.where(bare, (step == SAME_CLASS) & (one_kind | unsaid), (step >= KIN_CLASS) | one_kind)
    fits &= (distance <= ATTESTED_M) & ~_told_apart(records["tags"].to_numpy(), a, b)
    fits &= ~_house_and_shop(records, a, b, atlas)
    fits &= ~numbered | ((class_[a] == class_[b]) & (distance <= REGISTER_M) & ~rough[a] & ~rough[b])
    chain = np.where(step == SAME_CLASS, CHAIN_M, DOOR_M)
    near = distance <= np.where(pairs["elsewhere"], chain, DOUBLE_M)
    return pairs.assign(near=near)[fits][["a", "b", "near"]].reset_index(drop=True)


def _bearers(records: gpd.GeoDataFrame, atlas: Atlas) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Who bears which name in which source: row, key, ``WHOLE`` or ``OWN`` name or both, and how many bear it."""
    several = {id_ for id_, (_, rule) in atlas.classes.items() if rule.namesakes == "several"}
    apart = {text: bool(several & set(text.split("|"))) for text in records["classes"].unique()}
    asked = ~records["classes"].map(apart).to_numpy(dtype=bool) & (records["names"].str.len() > 0).to_numpy()
    asked &= ~shapely.is_missing(records.geometry.to_numpy())
    held = records.loc[asked, ["source_id", "names", "numbers"]]
    known = {own: _heard(own) for own in set(held["names"])}
    number = {text: at for at, text in enumerate(dict.fromkeys(text for one in known.values() for text in one))}
    numbers = {own: at for at, own in enumerate(dict.fromkeys(held["numbers"]))}
    coded = {own: [(number[text], how) for text, how in one.items()] for own, one in known.items()}
    each = np.array([len(coded[own]) for own in held["names"]], dtype=np.int64)
    said = np.array([one for own in held["names"] for one in coded[own]], dtype=np.int64).reshape(-1, 2)
    source = pd.factorize(held["source_id"])[0]
    number_of = held["numbers"].map(numbers).to_numpy(np.int64)
    numbered = said[:, 0] * len(numbers) + np.repeat(number_of, each)
    code = numbered * (source.max(initial=0) + 1) + np.repeat(source, each)
    _, key, many = np.unique(code, return_inverse=True, return_counts=True)
    row = np.repeat(np.flatnonzero(asked), each)
    shared = many[key] > 1  # most names are borne once
    return row[shared], key[shared], said[shared, 1], many[key[shared]]


def _heard(names: tuple[str, ...]) -> dict[str, int]:
    """How a record's names sound, whole and without the words that say what it is: ``WHOLE``, ``OWN`` or both."""
    found: dict[str, int] = {}
    for name in filter(is_telling, names):
        own = OWN if name == names[0] else 0
        for text, whole in ((core(name), 0), (name, WHOLE)):
            found[sounds(text)] = found.get(sounds(text), 0) | own | whole
    return found


def _alone(rows: np.ndarray, key: np.ndarray, geometry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where in ``rows`` those stand that are each other's only ones of a key within 250 m, the smaller row first.

    Of a cell in which three or more bear one name, three stand for all: none of them is alone.
    """
    point = spots(geometry[rows])
    cell = np.floor(point / _CELL)
    place = pd.DataFrame({"key": key, "x": cell[:, 0], "y": cell[:, 1]})
    kept = np.flatnonzero((place.groupby(["key", "x", "y"], sort=False).cumcount() < 3).to_numpy())
    axes = np.column_stack([point[kept] - point.min(axis=0), key[kept] * _KEY_APART])
    far, near = cKDTree(axes).query(axes, k=3, distance_upper_bound=ALONE_M)  # fewer: infinitely far
    at = np.arange(len(kept))
    other = np.where(near[:, 0] == at, near[:, 1], near[:, 0])  # at one point either may come first
    lone = np.isfinite(far[:, 1]) & ~np.isfinite(far[:, 2])
    lone[lone] &= lone[other[lone]]
    one, two = kept[at[lone]], kept[other[lone]]
    first = rows[one] < rows[two]
    return one[first], two[first]


def _told_apart(tags: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether both records state a house number, floor, branch, reference or telephone, and not the same."""
    said = {row: json.loads(tags[row]) if isinstance(tags[row], str) else {} for row in {*a.tolist(), *b.tolist()}}
    phones = {row: _phones(of) for row, of in said.items()}
    return np.array(
        [
            any(said[x].get(key) and said[y].get(key) and said[x][key] != said[y][key] for key in TELLING_APART)
            or bool(phones[x] and phones[y] and phones[x].isdisjoint(phones[y]))
            for x, y in zip(a.tolist(), b.tolist(), strict=True)
        ],
        dtype=bool,
    )


def _phones(tags: Mapping[str, object]) -> set[str]:
    told = ";".join(str(tags[key]) for key in PHONES if tags.get(key))
    digits = ("".join(filter(str.isdecimal, one)) for one in re.split(r"[;,/]", told))
    return {one[-PHONE_DIGITS:] for one in digits if len(one) >= PHONE_DIGITS}


def _house_and_shop(records: gpd.GeoDataFrame, a: np.ndarray, b: np.ndarray, atlas: Atlas) -> np.ndarray:
    """Whether one of two is heritage and no more, the other a shop or a café: a building, and what is let in it."""
    heritage = {id_ for id_, (layer, _) in atlas.classes.items() if layer.layer.role == "heritage"}
    only = {text: heritage.issuperset(text.split("|")) for text in records["classes"].unique()}
    house = records["classes"].map(only).to_numpy(dtype=bool)
    shop = np.array(["trade" in kinds for kinds in records["kinds"]], bool)
    return np.asarray((house[a] & shop[b]) | (shop[a] & house[b]))


def _rough(records: gpd.GeoDataFrame) -> np.ndarray:
    """Positions that are in doubt (:mod:`atlas.fusion.positions`)."""
    rough: np.ndarray = records["marks"].astype("string").str.contains(DOUBTFUL).fillna(value=False).to_numpy(bool)
    return rough


def attested(double: pd.DataFrame, pairs: pd.DataFrame, sources: np.ndarray) -> pd.DataFrame:
    """Those namesakes, not near by, of which another source holds one that may be either, and none but it.

    Parameters
    ----------
    double
        ``a``, ``b`` of one source.
    pairs
        ``a``, ``b``, ``p`` of different sources.
    """
    asked = pd.unique(double[["a", "b"]].to_numpy().ravel())
    open_ = pairs.loc[pairs["p"] >= THRESHOLD, ["a", "b"]].to_numpy()
    both = np.concatenate([open_, open_[:, ::-1]])
    both = both[np.isin(both[:, 0], asked)]
    meant: dict[int, set[int]] = {}
    for row, other in both.tolist():
        meant.setdefault(row, set()).add(other)
    found = []
    for a, b in zip(double["a"], double["b"], strict=True):
        of_a, of_b = meant.get(a, set()), meant.get(b, set())
        rivals = pd.Series([sources[row] for row in of_a | of_b], dtype=object).value_counts()
        found.append(any(rivals[sources[row]] == 1 for row in of_a & of_b) and bool((rivals == 1).all()))
    return double[np.array(found, bool)]


def written_twice(records: gpd.GeoDataFrame) -> pd.DataFrame:
    """Records of one source that say the same of one point but for their id: pairs ``a`` (the first), ``b``.

    Not those without a name (each vacant shop is a unit), nor those whose position is in doubt.
    """
    geometry = records.geometry.to_numpy()
    asked = np.flatnonzero(records["name"].notna().to_numpy() & (shapely.get_type_id(geometry) == 0) & ~_rough(records))
    said = records.iloc[asked][["source_id", "name", "classes", "tags"]].astype(object)
    said = said.where(said.notna(), "").assign(x=shapely.get_x(geometry[asked]), y=shapely.get_y(geometry[asked]))
    group = said.groupby(list(said.columns), sort=False).ngroup().to_numpy()
    first = pd.Series(asked).groupby(group).transform("first").to_numpy()
    return pd.DataFrame({"a": first, "b": asked})[first != asked]
