"""Places followed from one store to another: which came, went, moved, were reclassified, joined or parted."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.comparing.readable import APPLIED, shared_columns
from atlas.fusion.names import normalise
from atlas.store import Store

MOVED_M = 50.0
NAME_M, NAMELESS_M = 200.0, 25.0  # how far apart an equal name, or no name at all, may be one place
_KEY = ["source_id", "record_id"]
_DECISION = ["decision", "source_a", "record_a", "source_b", "record_b", "value"]
_RECORD, _IDENTIFIER, _NAME = 3, 2, 1  # how sure a link is


def follow(a: Store, b: Store) -> pd.DataFrame:
    """Rows of every change of a place.

    A change is the method's where all records behind it stand in both stores word for word and nobody decided on
    them in between, else the data's. A place whose record is still there, and fills no layer any more, was
    reclassified: it is not said to have gone; closed is what a decision says closed.
    """
    sides = _Side(a), _Side(b)
    links = _links(*sides)
    pairs = _one_to_one(links)
    unchanged = _unchanged(*sides, shared_columns(a, b))
    rows = [*_changed(sides, pairs), *_joined(sides, links, pairs), *_alone(sides, links)]
    table = pd.DataFrame(rows, columns=["kind", "id", "name", "before", "after", "change", "of_a", "of_b"])
    closed = sides[0].places_of(sides[1].decided[sides[1].decided["decision"] == "closed"])
    table.loc[(table["kind"] == "place_went") & table["of_a"].isin(closed), "kind"] = "place_closed"
    table["cause"] = _causes(sides, table, unchanged)
    return table.drop(columns=["of_a", "of_b"]).sort_values(["kind", "id"], ignore_index=True)


class _Side:
    """One store's places, and what they are recognised by."""

    def __init__(self, store: Store) -> None:
        self.places: gpd.GeoDataFrame = store.read("places").set_index("place_id")
        self.members: pd.DataFrame = store.read("members")[["place_id", *_KEY]]
        records: gpd.GeoDataFrame = store.read("records")
        self.records = records
        self.crs = records.crs
        stated = records["tags"].astype("string").str.extract(r'"wikidata":\s*"(Q[1-9]\d*)"', expand=False)
        own = records["record_id"].astype("string").str.extract(r"^(Q[1-9]\d*)\b", expand=False)
        self.identifier = own.fillna(stated)

        decided = store.read("decisions") if "decisions" in store.tables() else pd.DataFrame(columns=_DECISION)
        applied = decided[decided[APPLIED].astype(bool)] if APPLIED in decided else decided
        self.decided: pd.DataFrame = applied.reindex(columns=_DECISION).astype(str)

    def places_of(self, decisions: pd.DataFrame) -> set[str]:
        """Places of the records that some decisions name."""
        named = [decisions[[f"source_{side}", f"record_{side}"]].set_axis(_KEY, axis=1) for side in "ab"]
        return set(self.members.merge(pd.concat(named).drop_duplicates(), on=_KEY)["place_id"])

    @property
    def with_identifier(self) -> pd.DataFrame:
        """Place, source, record and identifier of every member that has one."""
        named = self.records[_KEY].assign(identifier=self.identifier).dropna().drop_duplicates()
        return self.members.merge(named, on=_KEY)

    @property
    def without_class(self) -> pd.DataFrame:
        """Records that fill no layer, each with its identifier."""
        own = self.records.assign(identifier=self.identifier)
        return own.loc[own["classes"].isna(), [*_KEY, "identifier"]]


def _links(a: _Side, b: _Side) -> pd.DataFrame:
    """Pairs of places that share a record, an identifier, or a name at one spot: ``a, b, sure, shared``."""
    by_record = a.members.merge(b.members, on=_KEY, suffixes=("_a", "_b")).assign(sure=_RECORD)
    by_identifier = (
        a.with_identifier[["place_id", "identifier"]]
        .merge(b.with_identifier[["place_id", "identifier"]], on="identifier", suffixes=("_a", "_b"))
        .assign(sure=_IDENTIFIER)
    )
    columns = ["place_id_a", "place_id_b", "sure"]
    found = pd.concat([by_record[columns], by_identifier[columns]])
    left = a.places.index.difference(found["place_id_a"]), b.places.index.difference(found["place_id_b"])
    found = pd.concat([found, _by_name(a.places.loc[left[0]], b.places.loc[left[1]].to_crs(a.crs))])
    return (
        found.groupby(["place_id_a", "place_id_b"], as_index=False)
        .agg(sure=("sure", "max"), shared=("sure", "size"))
        .rename(columns={"place_id_a": "a", "place_id_b": "b"})
    )


def _by_name(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame) -> pd.DataFrame:
    """What has the same name within 200 m, or the same class and no name within 25 m."""
    near = shapely.STRtree(b.geometry.to_numpy()).query(a.geometry.to_numpy(), predicate="dwithin", distance=NAME_M)
    one, other = a.iloc[near[0]], b.iloc[near[1]]
    plain = normalise(one["name"]).to_numpy(), normalise(other["name"]).to_numpy()
    nameless = (plain[0] == "") & (one["class_"].to_numpy() == other["class_"].to_numpy())
    apart = shapely.distance(one.geometry.to_numpy(), other.geometry.to_numpy())
    keep = (plain[0] == plain[1]) & ((plain[0] != "") | (nameless & (apart <= NAMELESS_M)))
    return pd.DataFrame({"place_id_a": one.index[keep], "place_id_b": other.index[keep], "sure": _NAME})


def _one_to_one(links: pd.DataFrame) -> pd.DataFrame:
    """Each place with the one that it goes on as: the surest link first, then the same id, then most in common."""
    order = links.assign(same=links["a"] == links["b"]).sort_values(
        ["sure", "same", "shared", "a", "b"], ascending=[False, False, False, True, True], kind="stable"
    )
    taken: list[pd.DataFrame] = []
    while len(order):
        best = order.drop_duplicates("a").drop_duplicates("b")
        taken.append(best)
        order = order[~order["a"].isin(best["a"]) & ~order["b"].isin(best["b"])]
    return pd.concat(taken)[["a", "b"]] if taken else links[["a", "b"]]


def _changed(sides: tuple[_Side, _Side], pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Places that go on, elsewhere or as something else."""
    a, b = sides[0].places.loc[pairs["a"]], sides[1].places.loc[pairs["b"]].to_crs(sides[0].crs)
    metres = shapely.distance(a.geometry.to_numpy(), b.geometry.to_numpy())
    rows = [
        _row("place_moved", b.index[at], b["name"].iloc[at], _spot(a.iloc[at]), _spot(b.iloc[at]), a.index[at],
             b.index[at], change=round(float(metres[at]), 1))
        for at in np.flatnonzero(metres > MOVED_M)
    ]  # fmt: skip
    other = np.flatnonzero(a["classes"].to_numpy() != b["classes"].to_numpy())
    return rows + [
        _row("place_reclassified", b.index[at], b["name"].iloc[at], a["classes"].iloc[at], b["classes"].iloc[at],
             a.index[at], b.index[at])
        for at in other
    ]  # fmt: skip


def _joined(sides: tuple[_Side, _Side], links: pd.DataFrame, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Places of A that went into another's place of B, and places of B that were cut out of another's place of A."""
    merged = links[~links["a"].isin(pairs["a"])].drop_duplicates("a")
    split = links[~links["b"].isin(pairs["b"])].drop_duplicates("b")
    names = sides[0].places["name"], sides[1].places["name"]
    return [
        *(_row("place_merged", a, names[0][a], a, b, a, b) for a, b in merged[["a", "b"]].itertuples(index=False)),
        *(_row("place_split", b, names[1][b], a, b, a, b) for a, b in split[["a", "b"]].itertuples(index=False)),
    ]


def _alone(sides: tuple[_Side, _Side], links: pd.DataFrame) -> list[dict[str, Any]]:
    """Places without a successor are gone, without a predecessor come; unless the record is there and has no class."""
    rows = []
    for own, column, kind in ((0, "a", "place_went"), (1, "b", "place_came")):
        places = sides[own].places
        alone = places.loc[places.index.difference(links[column])]
        there = _still_recorded(sides[own], sides[1 - own].without_class)
        for id_, name, classes in alone[["name", "classes"]].itertuples():
            before, after = (classes, None) if own == 0 else (None, classes)
            of = (id_, None) if own == 0 else (None, id_)
            rows.append(_row("place_reclassified" if id_ in there else kind, id_, name, before, after, *of))
    return rows


def _still_recorded(side: _Side, without_class: pd.DataFrame) -> set[str]:
    """Places of which the other store holds a record that fills no layer."""
    by_record = side.members.merge(without_class[_KEY], on=_KEY)["place_id"]
    by_identifier = side.with_identifier.merge(without_class[["identifier"]].dropna(), on="identifier")["place_id"]
    return {*by_record, *by_identifier}


def _unchanged(a: _Side, b: _Side, columns: list[str]) -> pd.MultiIndex:
    """Records that stand in both stores word for word in some columns, and at the same spot."""
    both = [_contents(side, a.crs, columns) for side in (a, b)]
    together = both[0].to_frame("a").join(both[1].to_frame("b"), how="inner")
    return together.index[together["a"] == together["b"]]


def _contents(side: _Side, crs: Any, columns: list[str]) -> pd.Series:
    """A number for what each record says; one under two kinds has their sum."""
    said = side.records[columns].astype("string").fillna("")
    hashed = pd.util.hash_pandas_object(said, index=False).to_numpy()
    shapes = shapely.to_wkb(side.records.geometry.to_crs(crs).to_numpy())
    hashed = hashed + pd.util.hash_array(np.array([one or b"" for one in shapes], dtype=object))
    keys = pd.MultiIndex.from_frame(side.records[_KEY].astype(str))
    return pd.Series(hashed, index=keys).groupby(level=[0, 1]).sum()


def _causes(sides: tuple[_Side, _Side], table: pd.DataFrame, unchanged: pd.MultiIndex) -> np.ndarray:
    """``method`` where every record behind a change stands in both stores unchanged and undecided, else ``data``."""
    touched = np.zeros(len(table), bool)
    both = pd.concat([side.decided for side in sides])
    decided = both[~both.duplicated(keep=False)]
    for side, column in zip(sides, ("of_a", "of_b"), strict=True):
        changed = ~pd.MultiIndex.from_frame(side.members[_KEY].astype(str)).isin(unchanged)
        places = {*side.members.loc[changed, "place_id"], *side.places_of(decided)}
        touched |= table[column].isin(places).to_numpy()
    return np.where(touched, "data", "method")


def _row(
    kind: str,
    id_: str,
    name: object,
    before: object,
    after: object,
    of_a: object,
    of_b: object,
    *,
    change: float = np.nan,
) -> dict[str, Any]:
    return {
        "kind": kind, "id": id_, "name": name, "before": before, "after": after, "change": change,
        "of_a": of_a, "of_b": of_b,
    }  # fmt: skip


def _spot(place: pd.Series) -> str:
    """Longitude and latitude as one text."""
    return f"{place['lon']:.6f} {place['lat']:.6f}"
