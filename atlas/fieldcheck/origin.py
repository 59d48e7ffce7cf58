"""What a form was made from, kept in it: it can be read back again although its own answers changed the atlas."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from atlas.built import Built

FORM = "urn:x-atlas:field-check"  # which of the metadata of a GeoPackage is meant
Record = tuple[str, str]
Pair = tuple[Record, Record]


@dataclass(frozen=True)
class Origin:
    """A place as the form found it: the record that stands for it, its classes, its spot, what it could part into."""

    record: Record
    classes: str
    lon: float
    lat: float
    parts: tuple[Pair, ...]


def origins_of(built: Built, places: pd.DataFrame) -> dict[str, Origin]:
    """Origin of each of some places."""
    members = built.store.read("members")
    own = members[members["place_id"].isin(places.index)]
    first = own.drop_duplicates("place_id").set_index("place_id")[["source_id", "record_id"]]
    parts = _disputed(built, set(places.index))
    several = own[own["place_id"].duplicated(keep=False) & ~own["place_id"].isin(parts)]
    for place_id, rows in several.sort_values("p_match", kind="stable").groupby("place_id", sort=False):
        records = list(rows[["source_id", "record_id"]].itertuples(index=False, name=None))
        parts[str(place_id)] = [(records[0], other) for other in records[1:]]
    return {
        id_: Origin(tuple(first.loc[id_]), classes, float(lon), float(lat), tuple(parts.get(id_, ())))
        for id_, classes, lon, lat in places[["classes", "lon", "lat"]].itertuples()
    }


def _disputed(built: Built, ids: set[str]) -> dict[str, list[Pair]]:
    """Place → the pairs of records that keep it in dispute with another."""
    found: dict[str, list[Pair]] = {}
    if "disputes" in built.store.tables():
        columns = ["place_id", "other_place_id", "source_a", "record_a", "source_b", "record_b"]
        for one, other, *records in built.store.read("disputes")[columns].itertuples(index=False):
            for id_ in {one, other} & ids:
                found.setdefault(id_, []).append(((records[0], records[1]), (records[2], records[3])))
    return found


class _Kept(BaseModel):
    about: dict[str, str]
    places: dict[str, Origin]


def write_origins(database: sqlite3.Connection, origins: dict[str, Origin], about: dict[str, str], stamp: str) -> None:
    """Lay both into the metadata of a GeoPackage: QField opens every table as a layer and lets it be edited."""
    kept = _Kept(about=about, places=origins).model_dump_json()
    number = database.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) "
        "VALUES ('dataset', ?, 'application/json', ?)",
        (FORM, kept),
    ).lastrowid
    database.execute(
        "INSERT INTO gpkg_metadata_reference VALUES ('geopackage', NULL, NULL, NULL, ?, ?, NULL)", (stamp, number)
    )


def read_origins(path: Path) -> tuple[dict[str, Origin], dict[str, str]]:
    """Both of a form; raises ``sqlite3.Error`` or ``ValueError`` where they are not there or cannot be read."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        row = database.execute("SELECT metadata FROM gpkg_metadata WHERE md_standard_uri = ?", (FORM,)).fetchone()
    if row is None:
        raise ValueError(FORM)
    kept = _Kept.model_validate_json(row[0])
    return kept.places, kept.about
