"""The stages of fusion in order: prepare, pair, group, merge, place what has no coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.fusion.alone import alone
from atlas.fusion.block import candidate_pairs, inside_outlines, one_entity, rooms
from atlas.fusion.compare import COEFFICIENTS, class_steps, probabilities
from atlas.fusion.decide import DISPUTED, THRESHOLD, group
from atlas.fusion.decided import decisions_on, decisions_table, joined, on_places, on_records
from atlas.fusion.doubles import attested, namesakes, written_twice
from atlas.fusion.identifiers import identifiers, own_entities
from atlas.fusion.merge import merge, with_mark
from atlas.fusion.names import all_names, initials_of, kinds_in, kinds_said, numbers_in
from atlas.fusion.positions import with_doubts
from atlas.fusion.registers import place_by_name

RULE_P = 0.99
DOUBLE_P = 0.8  # of those joined on the held-out part as many are one thing (docs/fusion.md)


@dataclass(frozen=True)
class Fused:
    """Places, what each is made of, what could not be placed, what is in doubt, and what was decided.

    ``disputes`` are pairs of places that may be one (``place_id, other_place_id, source_a, record_a, source_b,
    record_b, p``); the places carry the mark ``disputed``.
    """

    places: gpd.GeoDataFrame
    members: pd.DataFrame
    unplaced: pd.DataFrame
    disputes: pd.DataFrame
    decisions: pd.DataFrame
    warnings: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Compared:
    """Records that were compared, the pairs with their probability ``p``, and what was made of them."""

    rows: gpd.GeoDataFrame
    pairs: pd.DataFrame
    groups: np.ndarray
    p_match: np.ndarray


def _silent(_share: float) -> None:
    """No progress."""


def fuse(records: gpd.GeoDataFrame, atlas: Atlas, *, progress: Callable[[float], None] = _silent) -> Fused:
    """Fuse classified records (in the atlas's CRS, with ``classes``) into places, and apply ``decisions.csv``.

    Nothing depends on the order of the records or of the sources. The id of a place is made from its oldest record
    (by the source's date, then its id), so that a newer source changes no id. What stays without a place is listed
    in ``unplaced``. ``progress`` is told the share that is done, 0 to 1.
    """
    decided = decisions_on(records, atlas)
    records = on_records(records, decided, atlas)
    rows, doubts = with_doubts(prepare(records[records["classes"].notna()], atlas), atlas)
    row_of = {key: row for row, key in enumerate(zip(rows["source_id"], rows["record_id"], strict=True))}
    same, apart = decided.pairs("same", row_of), decided.pairs("different", row_of)
    placed = rows["placed"].to_numpy()
    p = np.ones(len(rows))
    groups = np.arange(len(rows))
    pool = np.flatnonzero(placed & ~_alone(rows, atlas))
    progress(0.15)
    found = compare(
        rows.iloc[pool].reset_index(drop=True),
        atlas,
        same=_inside(same, pool),
        apart=_inside(apart, pool),
        progress=lambda share: progress(0.15 + 0.65 * share),
    )
    groups[pool], p[pool] = pool[found.groups], found.p_match
    waiting = np.flatnonzero(~placed)
    groups[waiting], p[waiting] = place_by_name(rows, groups, waiting, pool, apart=apart)
    groups = joined(groups, same)
    stays = placed | (groups != np.arange(len(rows)))
    unplaced = rows.loc[~stays, ["source_id", "record_id", "name", "classes", "parent"]].reset_index(drop=True)
    progress(0.9)
    places, members = merge(rows[stays].assign(group=groups[stays], p_match=p[stays]), atlas)
    disputes = _disputes(found, members)
    places = with_mark(places, pd.unique(disputes[["place_id", "other_place_id"]].to_numpy().ravel()), "disputed")
    decisions = decisions_table(decided, members)
    places, members = on_places(places, members, decided)
    return Fused(places, members, unplaced, disputes, decisions, [*decided.warnings, *doubts])


def _alone(rows: pd.DataFrame, atlas: Atlas) -> np.ndarray:
    """Records of sources whose every record is a place of its own."""
    return rows["source_id"].isin([source.id for source in atlas.source if not source.fuse]).to_numpy()


def _inside(pairs: list[tuple[int, int]], pool: np.ndarray) -> list[tuple[int, int]]:
    """The pairs of rows that are both in the pool, as positions in it."""
    at = {int(row): position for position, row in enumerate(pool)}
    return [(at[a], at[b]) for a, b in pairs if a in at and b in at]


def prepare(records: gpd.GeoDataFrame, atlas: Atlas) -> gpd.GeoDataFrame:
    """One row a record (an entity under two kinds becomes one row of two classes), with what comparing needs.

    The rows are in the order of their sources' and their own ids, whatever order they came in.
    """
    order = {id_: position for position, id_ in enumerate(atlas.classes)}
    rows = records.sort_values(["source_id", "record_id", "classes"], kind="stable").reset_index(drop=True)
    if rows.duplicated(["source_id", "record_id"]).any():
        by_record = rows.groupby(["source_id", "record_id"], sort=False)["classes"]
        rows["classes"] = by_record.transform("|".join)
        rows = rows.drop_duplicates(["source_id", "record_id"], ignore_index=True)
        in_order = {
            text: "|".join(sorted(set(text.split("|")), key=order.__getitem__)) for text in rows["classes"].unique()
        }
        rows["classes"] = rows["classes"].map(in_order)
    rows["class_"] = rows["classes"].map({text: text.split("|")[0] for text in rows["classes"].unique()})
    layer_of = {id_: layer.id for id_, (layer, _) in atlas.classes.items()}
    bit = {layer.id: 1 << position for position, layer in enumerate(atlas.layers)}
    bits = {text: _bits(text, layer_of, bit) for text in rows["classes"].unique()}
    rows["layer_bits"] = rows["classes"].map(bits).astype(np.int64)
    geometry = rows.geometry.to_numpy()
    rows["placed"] = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    compared = ~_alone(rows, atlas)
    rows["names"] = pd.Series([()] * len(rows), index=rows.index, dtype=object)
    rows.loc[compared, "names"] = all_names(rows.loc[compared, "name"], rows.loc[compared, "tags"])
    return rows


def _bits(classes: str, layer_of: Mapping[str, str], bit: Mapping[str, int]) -> int:
    mask = 0
    for class_ in classes.split("|"):
        mask |= bit[layer_of[class_]]
    return mask


def readings(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What the names of each record say beside themselves: ``numbers``, ``initials``, ``kinds``.

    ``kind_said`` is whether the name says the kind; else it is that of the classes.
    """
    names = rows["names"]
    said = {own: (numbers_in(own), initials_of(own)) for own in set(names)}
    pairs = list(zip(names, rows["classes"], strict=True))
    kinds = {pair: kinds_in(*pair) for pair in set(pairs)}
    return rows.assign(
        numbers=pd.Series([said[own][0] for own in names], index=rows.index, dtype=object),
        initials=pd.Series([said[own][1] for own in names], index=rows.index, dtype=object),
        kind_said=np.array([bool(kinds_said(own)) for own in names], bool),
        kinds=pd.Series([kinds[pair] for pair in pairs], index=rows.index, dtype=object),
    )


def compare(
    rows: gpd.GeoDataFrame,
    atlas: Atlas,
    *,
    same: Sequence[tuple[int, int]] = (),
    apart: Sequence[tuple[int, int]] = (),
    identifiers_seen: bool = True,
    coefficients: Mapping[str, float] = COEFFICIENTS,
    progress: Callable[[float], None] = _silent,
) -> Compared:
    """Compare prepared, placed records and group those that are one thing.

    Parameters
    ----------
    same, apart
        Positions of records that were decided to be one, or not.
    identifiers_seen
        False where the fusion is measured on pairs that an identifier labels: what a record states about records of
        other sources is not looked at then.
    coefficients
        Of another model, where one is measured on pairs that it was not fitted on.
    """
    rows = readings(rows)
    stated = identifiers(rows, atlas)
    if not identifiers_seen:
        stated = stated[stated["own"] & (stated["key"] != "osm")]
    pairs = candidate_pairs(rows, stated)
    progress(0.4)
    steps = class_steps(pairs, rows["classes"], atlas)
    pairs["alone"] = alone(pairs, rows, steps)
    pairs["p"] = probabilities(pairs, rows, steps, identifiers=identifiers_seen, coefficients=coefficients)
    progress(0.7)
    together = {id_ for id_, (_, rule) in atlas.classes.items() if rule.rooms == "together"}
    rules = pd.concat(
        [one_entity(rows, stated), inside_outlines(rows), rooms(rows, together=together)], ignore_index=True
    )
    source = rows["source_id"].to_numpy(dtype=object)
    near_by = namesakes(rows, stated, atlas)
    doubles = pd.concat(
        [near_by[near_by["near"]], attested(near_by[~near_by["near"]], pairs, source)], ignore_index=True
    )[["a", "b"]]
    rules = pd.concat(
        [
            pd.concat([rules, written_twice(rows)]).astype(np.int64).assign(p=RULE_P),
            doubles.astype(np.int64).assign(p=DOUBLE_P),
        ],
        ignore_index=True,
    )
    progress(0.85)
    decided = pd.DataFrame(list(same), columns=["a", "b"], dtype=np.int64).assign(p=1.0)
    groups, joined_with = group(
        pd.concat(
            [pairs[["a", "b", "p"]].assign(rule=0), rules.assign(rule=1), decided.assign(rule=2)], ignore_index=True
        ),
        source,
        entities=own_entities(stated, doubles),
        apart=apart,
    )
    return Compared(rows, pairs, groups, joined_with)


def _disputes(found: Compared, members: pd.DataFrame) -> pd.DataFrame:
    """Pairs that were left apart though one may be the other: between 0.2 and 0.45, and no source holds both."""
    pairs = found.pairs
    open_ = pairs[pairs["p"].between(DISPUTED, THRESHOLD, inclusive="left")]
    source, record = (found.rows[column].to_numpy(dtype=object) for column in ("source_id", "record_id"))
    group_a, group_b = found.groups[open_["a"].to_numpy()], found.groups[open_["b"].to_numpy()]
    asked = np.flatnonzero(np.isin(found.groups, np.concatenate([group_a, group_b])))
    held: dict[int, set[str]] = {}
    for row in asked:
        held.setdefault(found.groups[row], set()).add(source[row])
    mergeable = [x != y and held[x].isdisjoint(held[y]) for x, y in zip(group_a, group_b, strict=True)]
    open_ = open_[np.array(mergeable, bool)]
    place_of = members.set_index(["source_id", "record_id"])["place_id"]
    a, b = open_["a"].to_numpy(), open_["b"].to_numpy()
    table = pd.DataFrame({
        "place_id": place_of.reindex(pd.MultiIndex.from_arrays([source[a], record[a]])).to_numpy(),
        "other_place_id": place_of.reindex(pd.MultiIndex.from_arrays([source[b], record[b]])).to_numpy(),
        "source_a": source[a], "record_a": record[a], "source_b": source[b], "record_b": record[b],
        "p": open_["p"].to_numpy(),
    })  # fmt: skip
    return table.sort_values(["p", "place_id", "other_place_id"], ascending=[False, True, True], ignore_index=True)
