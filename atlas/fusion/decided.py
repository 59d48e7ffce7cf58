"""Planners' decisions, applied to the records before they are fused and to the places after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.fetched import DECISIONS, located_file
from atlas.sources.decisions import Decision, Record, read_decisions

COLUMNS = ("decision", "source_a", "record_a", "source_b", "record_b", "value", "date", "place_id", "applied")
SURE = 1.0


@dataclass(frozen=True)
class Decided:
    """The decisions of an atlas, and those whose records are at hand."""

    every: tuple[Decision, ...] = ()
    applied: tuple[Decision, ...] = ()
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Decision]:
        """Those of some kinds that apply."""
        return [one for one in self.applied if one.kind in kinds]

    def pairs(self, kind: str, row_of: Mapping[Record, int]) -> list[tuple[int, int]]:
        """Rows that ``same`` or ``different`` is about, the smaller first."""
        return [
            (min(row_of[one.a], row_of[one.b]), max(row_of[one.a], row_of[one.b]))
            for one in self.of(kind)
            if one.a in row_of and one.b in row_of
        ]


def decisions_on(records: pd.DataFrame, atlas: Atlas) -> Decided:
    """Read ``decisions.csv`` and tell which of its rows are about records that no source holds any more."""
    every = read_decisions(located_file(atlas.folder, DECISIONS), atlas.classes)
    if not every:
        return Decided()
    held = set(zip(records["source_id"], records["record_id"], strict=True))
    lost = [(one, record) for one in every for record in _records_of(one) if record not in held]
    away = {one.row for one, _ in lost}
    return Decided(every, tuple(one for one in every if one.row not in away), [_gone(*one) for one in lost])


def _records_of(one: Decision) -> Iterable[Record]:
    return (one.a, one.b) if one.kind in {"same", "different"} else (one.a,)


def _gone(one: Decision, record: Record) -> tuple[str, str]:
    return (
        f"{DECISIONS}, linha {one.row}: o registo «{record[1]}» de «{record[0]}» já não existe; a decisão não foi "
        "aplicada. Reveja-a.",
        f"{DECISIONS}, row {one.row}: record “{record[1]}” of “{record[0]}” is there no more; the decision was not "
        "applied. Look at it again.",
    )


def on_records(records: gpd.GeoDataFrame, decided: Decided, atlas: Atlas) -> gpd.GeoDataFrame:
    """Records with the classes and positions that were decided; ``moved`` says which were put elsewhere."""
    records = records.assign(moved=False)
    if not decided.applied:
        return records
    key = pd.MultiIndex.from_frame(records[["source_id", "record_id"]])
    for one in decided.of("class", "add"):
        records.loc[key == one.a, "classes"] = "|".join(sorted(one.classes, key=list(atlas.classes).index))
    moves = decided.of("move")
    points = gpd.GeoSeries([shapely.Point(one.point) for one in moves], crs=4326).to_crs(records.crs)
    geometry = records.geometry.to_numpy().copy()
    for one, point in zip(moves, points, strict=True):
        geometry[np.flatnonzero(key == one.a)] = point
        records.loc[key == one.a, "moved"] = True
    return records.set_geometry(geometry, crs=records.crs)


def joined(groups: np.ndarray, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Groups with those of each pair made one: what is the same by decision though no fusion looked at it."""
    groups = groups.copy()
    for a, b in pairs:
        first, second = sorted((groups[a], groups[b]))
        groups[groups == second] = first
    return groups


def on_places(
    places: gpd.GeoDataFrame, members: pd.DataFrame, decided: Decided
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Places with the classes that were decided and a mark of each decision, without those that are closed."""
    if not decided.applied:
        return places, members
    place_of = _place_of(members)
    row_of = pd.Series(np.arange(len(places)), index=places["place_id"])
    classes, marks = places["classes"].to_numpy(dtype=object).copy(), places["marks"].to_numpy(dtype=object).copy()
    for one in decided.applied:
        for id_ in {place_of[record] for record in _records_of(one) if record in place_of}:
            at = row_of[id_]
            if one.kind == "class":
                classes[at] = "|".join(one.classes)
            words = {word for word in f"{marks[at] or ''}|decided_{one.kind}".split("|") if word}
            marks[at] = "|".join(sorted(words - {"class_guessed"} if one.kind == "class" else words))
    places = places.assign(classes=classes, marks=marks)
    places["class_"] = places["classes"].str.split("|").str[0]
    closed = {place_of[one.a] for one in decided.of("closed") if one.a in place_of}
    return (
        places[~places["place_id"].isin(closed)].reset_index(drop=True),
        members[~members["place_id"].isin(closed)].reset_index(drop=True),
    )


def decisions_table(decided: Decided, members: pd.DataFrame) -> pd.DataFrame:
    """Every decision with the place that it is about, for the store: what was decided and when, not by whom."""
    place_of = _place_of(members)
    applied = {one.row for one in decided.applied}
    rows = [
        (one.kind, *one.a, *one.b, one.value, one.date, place_of.get(one.a), one.row in applied)
        for one in decided.every
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"applied": bool})


def _place_of(members: pd.DataFrame) -> dict[Record, str]:
    records = zip(members["source_id"], members["record_id"], strict=True)
    return dict(zip(records, members["place_id"], strict=True))
