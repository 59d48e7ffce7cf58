"""The stages of fusion in order: prepare, pair, group, merge, place what has no coordinates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.fusion.block import candidate_pairs, inside_outlines, one_entity, rooms
from atlas.fusion.compare import probabilities, similarity
from atlas.fusion.decide import group
from atlas.fusion.names import normalise

REGISTER_LEAST = 0.86  # similarity of names inside one municipality, above which a register's row is placed
RULE_P = 0.99


@dataclass(frozen=True)
class Fused:
    """Places, which records each is made of, and the records that no rule could place."""

    places: gpd.GeoDataFrame
    members: pd.DataFrame
    unplaced: pd.DataFrame
    warnings: list[tuple[str, str]] = field(default_factory=list)


def fuse(records: gpd.GeoDataFrame, atlas: Atlas) -> Fused:
    """Fuse classified records (in the atlas's CRS, with ``classes``) into places.

    The id of a place is made from its oldest record (by the source's date, then its id), so that a newer source, or
    another order of the sources, changes no id. What stays without a place is listed in ``unplaced``.
    """
    rows = _prepare(records[records["classes"].notna()], atlas)
    loners = rows["source_id"].isin([source.id for source in atlas.source if not source.fuse]).to_numpy()
    placed = rows["placed"].to_numpy()
    p = np.ones(len(rows))
    groups = np.arange(len(rows))
    pool = np.flatnonzero(placed & ~loners)
    groups_in_pool, p_in_pool = _group_placed(rows.iloc[pool].reset_index(drop=True), atlas)
    groups[pool], p[pool] = pool[groups_in_pool], p_in_pool
    waiting = np.flatnonzero(~placed)
    found, sure = _place_by_name(rows, groups, waiting, pool)
    groups[waiting], p[waiting] = found, sure
    stays = placed | (groups != np.arange(len(rows)))
    unplaced = rows.loc[~stays, ["source_id", "record_id", "name", "classes", "parent"]].reset_index(drop=True)
    kept = rows[stays].assign(group=groups[stays], p_match=p[stays])
    places, members = _merge(kept, atlas)
    return Fused(places, members, unplaced)


def _prepare(records: gpd.GeoDataFrame, atlas: Atlas) -> gpd.GeoDataFrame:
    """One row a record (an entity under two kinds becomes one row of two classes), with what comparing needs."""
    order = {id_: position for position, id_ in enumerate(atlas.classes)}
    rows = records.reset_index(drop=True)
    if rows.duplicated(["source_id", "record_id"]).any():
        by_record = rows.groupby(["source_id", "record_id"], sort=False)["classes"]
        rows["classes"] = by_record.transform("|".join)
        rows = rows.drop_duplicates(["source_id", "record_id"], ignore_index=True)
        in_order = {
            text: "|".join(sorted(set(text.split("|")), key=order.__getitem__)) for text in rows["classes"].unique()
        }
        rows["classes"] = rows["classes"].map(in_order)
    rows["class_"] = rows["classes"].str.split("|").str[0]
    layer_of = {id_: layer.id for id_, (layer, _) in atlas.classes.items()}
    bit = {layer.id: 1 << position for position, layer in enumerate(atlas.layers)}
    bits = {text: _bits(text, layer_of, bit) for text in rows["classes"].unique()}
    rows["layer_bits"] = rows["classes"].map(bits).astype(np.int64)
    rows["plain"] = normalise(rows["name"])
    identifying = {
        source.id
        for source in atlas.source
        if source.kind == "wikidata" or source.read.get("identifier") == "wikidata"
    }
    rows["own"] = rows["source_id"].isin(identifying)
    rows["identifier"] = _identifiers(rows)
    geometry = rows.geometry.to_numpy()
    rows["placed"] = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    return rows


def _bits(classes: str, layer_of: Mapping[str, str], bit: Mapping[str, int]) -> int:
    mask = 0
    for class_ in classes.split("|"):
        mask |= bit[layer_of[class_]]
    return mask


def _identifiers(rows: pd.DataFrame) -> pd.Series:
    """The Wikidata id that a record has or states, else missing."""
    stated = rows["tags"].astype("string").str.extract(r'"wikidata":\s*"(Q\d+)"', expand=False)
    own = rows["record_id"].str.extract(r"^(Q\d+)", expand=False)
    identifier = own.where(rows["own"], stated)
    return identifier.astype(object).where(identifier.notna(), None)


def _group_placed(rows: gpd.GeoDataFrame, atlas: Atlas) -> tuple[np.ndarray, np.ndarray]:
    pairs = candidate_pairs(rows)
    pairs["p"] = probabilities(pairs, rows["plain"].to_numpy(dtype=object))
    pairs["rule"] = False
    together = {id_ for id_, (_, rule) in atlas.classes.items() if rule.rooms == "together"}
    by_rule = pd.concat([one_entity(rows), inside_outlines(rows), rooms(rows, together=together)], ignore_index=True)
    by_rule = by_rule.astype(np.int64).assign(p=RULE_P, rule=True)
    return group(
        pd.concat([pairs[["a", "b", "p", "rule"]], by_rule], ignore_index=True),
        rows["source_id"].to_numpy(dtype=object),
        len(rows),
    )


def _place_by_name(
    rows: gpd.GeoDataFrame, groups: np.ndarray, waiting: np.ndarray, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Join records without coordinates to the best name of their layer in their municipality.

    The best must be alone: where two different places come equally near, the record stays unplaced. A municipality's
    code is the beginning of its parishes' codes, so that an atlas of one city places by municipality too.
    """
    found, sure = waiting.copy(), np.ones(len(waiting))
    if not len(waiting) or not len(pool):
        return found, sure
    parent = rows["parent_at"].fillna("").astype(str).to_numpy(dtype=str)
    plain, bits = rows["plain"].to_numpy(dtype=object), rows["layer_bits"].to_numpy()
    stated = rows["parent"].to_numpy(dtype=object)
    for position, row in enumerate(waiting):
        if not isinstance(stated[row], str) or plain[row] == "":
            continue
        near = pool[np.char.startswith(parent[pool], stated[row]) & ((bits[pool] & bits[row]) != 0)]
        if not len(near):
            continue
        alike = similarity(np.full(len(near), plain[row], dtype=object), plain[near])
        score = 0.6 * alike["token_set"] + 0.4 * alike["ratio"]
        best = np.flatnonzero(score >= score.max() - 0.02)
        if score.max() >= REGISTER_LEAST and len({groups[near[one]] for one in best}) == 1:
            found[position], sure[position] = groups[near[best[0]]], float(score.max())
    return found, sure


def _merge(kept: gpd.GeoDataFrame, atlas: Atlas) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """One row a group; each attribute from the first record that has it, in the order of the sources."""
    rank = {source.id: position for position, source in enumerate(atlas.source)}
    date = {source.id: source.date for source in atlas.source}
    order = {id_: position for position, id_ in enumerate(atlas.classes)}
    kept = kept.assign(
        source_rank=kept["source_id"].map(rank),
        source_date=kept["source_id"].map(date),
        doubtful=kept["marks"].fillna("").str.contains("position_doubtful"),
        flat=shapely.get_dimensions(kept.geometry.to_numpy()) != 2,
    )
    anchor = kept.sort_values(["source_date", "source_id", "record_id"], kind="stable").drop_duplicates("group")
    ids = dict(zip(anchor["group"], _place_ids(anchor["source_id"] + "\n" + anchor["record_id"]), strict=True))
    kept["place_id"] = kept["group"].map(ids)
    by_source = kept.sort_values(["place_id", "source_rank", "record_id"], kind="stable")
    named = by_source[by_source["name"].notna()].drop_duplicates("place_id").set_index("place_id")["name"]
    by_position = kept[kept["placed"]].sort_values(
        ["place_id", "doubtful", "flat", "source_rank", "record_id"], kind="stable"
    )
    position = by_position.drop_duplicates("place_id").set_index("place_id")
    joined = by_source.groupby("place_id", sort=True)
    places = pd.DataFrame({
        "classes": _union(joined["classes"], key=order.__getitem__),
        "marks": _union(joined["marks"]),
        "sources": _union(joined["source_id"], key=rank.__getitem__),
        "n_records": joined.size(),
        "p_match": joined["p_match"].min(),
    })  # fmt: skip
    places["name"] = named.reindex(places.index).astype(object)
    places["name"] = places["name"].where(places["name"].notna(), None)
    places["class_"] = places["classes"].str.split("|").str[0]
    tagged = by_source[by_source["tags"].notna()].drop_duplicates("place_id").set_index("place_id")["tags"]
    places["tags"] = tagged.reindex(places.index)
    geometry = position["geometry"].reindex(places.index)
    result = gpd.GeoDataFrame(places.reset_index(), geometry=geometry.to_numpy(), crs=kept.crs)
    members = by_source[["place_id", "source_id", "record_id", "p_match"]].reset_index(drop=True)
    return result, members


def _place_ids(keys: Sequence[str]) -> list[str]:
    """Twelve hexadecimal digits of a hash: short enough to write down, long enough for a million places."""
    return ["p" + hashlib.sha256(key.encode()).hexdigest()[:12] for key in keys]


def _union(groups, key=None) -> pd.Series:  # type: ignore[no-untyped-def]
    """All words of a group's ``|``-joined texts, once each."""
    lists = groups.agg(list)

    def one(texts: list[str | None]) -> str:
        words = {word for text in texts if isinstance(text, str) for word in text.split("|") if word}
        return "|".join(sorted(words, key=key))

    return lists.map(one)
