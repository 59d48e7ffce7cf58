"""Programming network: facilities that could work together within a walk, who holds it together, what is missing."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from atlas.config import Atlas, Text
from atlas.language import Lang, Translator
from atlas.strategy.articulation import pairs_cut
from atlas.strategy.links import one_a_building
from atlas.strategy.venues import Floats, guessed, points_of, venues
from atlas.strategy.walks import M_PER_MINUTE, walks
from atlas.walking import Streets

PROGRAMME_M = 800.0  # ten minutes
SHOWN_LINES = 3
MISSING_M = 2_400.0  # half an hour: farther apart than that is no walk at all
RIDE = ("per_hour", "line", "from_stop", "to_stop")
COLUMNS = ("from", "to", "from_name", "to_name", "from_parent", "to_parent", "minutes", "reason", "by", *RIDE)
Pairs = NDArray[np.intp]


@dataclass(frozen=True)
class Complement:
    """Two groups of classes that can work together, and the sentence that says why."""

    id: str
    a: frozenset[str]
    b: frozenset[str]
    reason: Text


@dataclass(frozen=True)
class Network:
    """Facilities (``place_id, name, class_, parent, neighbourhood, component``), edges, and what follows from them.

    Attributes
    ----------
    brokers
        Facilities without which others fall apart: ``place, name, parent, cuts`` (pairs that they alone join).
    missing
        One row a municipality: the complementary pair of two components that joins most facilities, of equals the
        nearest: ``parent, from, to, from_name, to_name, minutes, reason, joins_a, joins_b``.
    """

    facilities: pd.DataFrame
    edges: pd.DataFrame
    brokers: pd.DataFrame
    missing: pd.DataFrame


@cache
def complements() -> tuple[Complement, ...]:
    """What ``complements.toml`` says, in its order."""
    found = tomllib.loads((Path(__file__).parent / "complements.toml").read_text("utf-8"))
    return tuple(
        Complement(one["id"], frozenset(one["a"]), frozenset(one["b"]), Text(**one["reason"]))
        for one in found["complement"]
    )


def network(
    places: gpd.GeoDataFrame,
    atlas: Atlas,
    *,
    units: pd.Index | None = None,
    streets: Streets | None = None,
    rides: pd.DataFrame | None = None,
    lang: Lang = "pt",
) -> Network:
    """Join each facility to the nearest one of every complementary group within ten minutes on foot.

    One that has nobody of a group so near is joined to the nearest by one ride (:mod:`atlas.strategy.rides`).

    Facilities are the venues inside the region whose class some complement names and is not only guessed, one of a
    class a building. Only the nearest of a group is joined, in both directions, so that a dense centre does not become
    one ball. Rides by public transport need timetables with trips, which the store does not hold: a walk is all that
    joins here.

    Parameters
    ----------
    units
        Codes of the neighbourhoods asked for: the network of the facilities inside them.
    lang
        Language in which one without a name is called by its class.
    """
    held, spots = facilities(places, atlas, units, lang)
    pairs = walks(atlas, spots, limit_m=PROGRAMME_M, streets=streets)
    near = pd.DataFrame({"i": pairs.row, "j": pairs.column, "minutes": pairs.metres / M_PER_MINUTE, "by": "walk"})
    if rides is not None and len(rides):
        near = pd.concat([near, _by_ride(held, near, rides)], ignore_index=True)
    joined = _edges(held["class_"].to_numpy(dtype=object), near)
    graph = _graph(joined[["i", "j"]].to_numpy(dtype=np.intp), len(held))
    held["component"] = connected_components(graph, directed=False)[1] if len(held) else np.zeros(0, dtype=int)
    return Network(held, _named(joined, held), _brokers(graph, held), _missing(held, spots, atlas))


def facilities(
    places: gpd.GeoDataFrame, atlas: Atlas, units: pd.Index | None = None, lang: Lang = "pt"
) -> tuple[pd.DataFrame, Floats]:
    """The facilities that can take part, by place id, with where they stand; one without a name has its class's."""
    taking_part = frozenset().union(*(one.a | one.b for one in complements()))
    held = venues(atlas, places)
    held = held[held["class_"].isin(taking_part) & held["parent"].notna() & ~guessed(held)]
    if units is not None:
        held = held[held["neighbourhood"].isin(units)]
    spots = points_of(held)
    first = one_a_building(spots, pd.factorize(held["class_"])[0].astype(np.intp))
    columns = ["place_id", "name", "class_", "parent", "neighbourhood", "lon", "lat"]
    held = pd.DataFrame(held[columns]).iloc[first].reset_index(drop=True)
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in atlas.classes.items()}
    held["name"] = held["name"].fillna(held["class_"].map(names))
    return held, spots[first]


def _by_ride(held: pd.DataFrame, near: pd.DataFrame, rides: pd.DataFrame) -> pd.DataFrame:
    """Rides between the facilities, both ways, that no walk joins; of there and back the quicker."""
    position = pd.Series(np.arange(len(held)), index=held["place_id"])
    known = rides[rides["from"].isin(position.index) & rides["to"].isin(position.index)]
    known = known.assign(i=position[known["from"]].to_numpy(), j=position[known["to"]].to_numpy(), by="ride")
    back = known.assign(i=known["j"], j=known["i"])
    both = pd.concat([known, back], ignore_index=True).sort_values(["minutes", "i", "j"], kind="stable")
    both = both.drop_duplicates(["i", "j"])
    walked = pd.MultiIndex.from_frame(near[["i", "j"]])
    return both[~pd.MultiIndex.from_frame(both[["i", "j"]]).isin(walked)].drop(columns=["from", "to"])


def _edges(classes: NDArray[Any], near: pd.DataFrame) -> pd.DataFrame:
    """``near`` with ``reason``: for each complement the nearest of the other group; a pair's first reason stays."""
    found = []
    row, column = near["i"].to_numpy(dtype=np.intp), near["j"].to_numpy(dtype=np.intp)
    order = {"by": near["by"] != "walk", "minutes": near["minutes"], "i": row, "j": column}
    ranked = np.lexsort([np.asarray(one) for one in reversed(order.values())])
    near, row, column = near.iloc[ranked], row[ranked], column[ranked]
    for number, one in enumerate(complements()):
        is_a, is_b = np.isin(classes, list(one.a)), np.isin(classes, list(one.b))
        table = near[is_a[row] & is_b[column]]
        nearest = [table.drop_duplicates("i"), table.drop_duplicates("j")]
        found.append(pd.concat(nearest).assign(reason=one.id, order=number))
    whole = pd.concat(found, ignore_index=True)
    whole["pair"] = whole[["i", "j"]].min(axis=1) * len(classes) + whole[["i", "j"]].max(axis=1)
    whole = whole.sort_values(["order", "pair"], kind="stable").drop_duplicates("pair")
    return whole.sort_values(["i", "j"], kind="stable").drop(columns=["order", "pair"]).reset_index(drop=True)


def _graph(pairs: Pairs, count: int) -> csr_array:
    ends = np.concatenate([pairs, pairs[:, ::-1]])
    return csr_array(coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count)))


def _named(joined: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Edges with ids and names of both ends."""
    one, other = (held.iloc[joined[end]].reset_index(drop=True) for end in ("i", "j"))
    table = pd.DataFrame(
        {
            "from": one["place_id"],
            "to": other["place_id"],
            "from_name": one["name"],
            "to_name": other["name"],
            "from_parent": one["parent"],
            "to_parent": other["parent"],
            "minutes": joined["minutes"].round(1),
            "reason": joined["reason"],
            "by": joined.get("by", "walk"),
        }
    )
    return table.join(joined.reindex(columns=list(RIDE)))[list(COLUMNS)]


def _brokers(graph: csr_array, held: pd.DataFrame) -> pd.DataFrame:
    cuts = pairs_cut(graph)
    table = (
        held[["place_id", "name", "parent", "neighbourhood"]].rename(columns={"place_id": "place"}).assign(cuts=cuts)
    )
    table = table[table["cuts"] > 0]
    return table.sort_values(["cuts", "place"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _missing(held: pd.DataFrame, spots: Floats, atlas: Atlas) -> pd.DataFrame:
    """The missing link of each municipality, the one that joins most first."""
    detour = atlas.atlas.detour
    near = (
        cKDTree(spots).query_pairs(MISSING_M / detour, output_type="ndarray") if len(spots) else np.zeros((0, 2), int)
    )
    parent, component = pd.factorize(held["parent"])[0], held["component"].to_numpy()
    size = held.groupby(["component", "parent"])["place_id"].transform("size").to_numpy()
    pairs = np.concatenate([near, near[:, ::-1]])
    pairs = pairs[(parent[pairs[:, 0]] == parent[pairs[:, 1]]) & (component[pairs[:, 0]] != component[pairs[:, 1]])]
    classes = held["class_"].to_numpy(dtype=object)
    found = []
    for order, one in enumerate(complements()):
        own = pairs[np.isin(classes[pairs[:, 0]], list(one.a)) & np.isin(classes[pairs[:, 1]], list(one.b))]
        table = pd.DataFrame({"i": own[:, 0], "j": own[:, 1]})
        table["minutes"] = detour * np.hypot(*(spots[own[:, 0]] - spots[own[:, 1]]).T) / M_PER_MINUTE
        table["gain"] = size[own[:, 0]] * size[own[:, 1]]
        found.append(table.assign(parent=held["parent"].to_numpy()[own[:, 0]], reason=one.id, order=order))
    whole = pd.concat(found, ignore_index=True)
    whole = whole.sort_values(
        ["gain", "minutes", "order", "i", "j"], ascending=[False, True, True, True, True], kind="stable"
    ).drop_duplicates("parent")
    table = _named(whole.reset_index(drop=True), held).rename(columns={"from_parent": "parent"})
    table = table.assign(joins_a=size[whole["i"]], joins_b=size[whole["j"]])
    return table[["parent", "from", "to", "from_name", "to_name", "minutes", "reason", "joins_a", "joins_b"]]


def reason_in(reason: str, row: Any, lang: Lang) -> str:
    """The sentence of an edge or a missing link, with the names of both ends and the way between them."""
    text = next(one.reason for one in complements() if one.id == reason).in_(lang)
    a, b = (f"“{name}”" if lang == "en" else f"«{name}»" for name in (row["from_name"], row["to_name"]))
    return text.format(a=a, b=b, way=way_in(row, lang))


def way_in(row: Any, lang: Lang) -> str:
    """How one gets from end to end: minutes on foot, or by one ride from which stop to which, how often."""
    t = Translator(lang)
    minutes = t.number(max(1, round(float(row["minutes"]))))
    if row.get("by", "walk") == "walk":
        return t("strategy.way.walk", minutes=minutes)
    stops = {"start": row["from_stop"], "end": row["to_stop"], "often": t.number(row["per_hour"], 1)}
    lines = str(row["line"]).split(", ")
    if not row["line"]:
        return t("strategy.way.ride", minutes=minutes, **stops)
    shown = ", ".join([*lines[:SHOWN_LINES], *(["…"] if len(lines) > SHOWN_LINES else [])])
    return t("strategy.way.line", minutes=minutes, line=shown, **stops)
