"""What a form was made from, kept in it: it can be read back again although its own answers changed the atlas."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from atlas.built import Built

ABOUT, ORIGIN = "about", "origin"
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


def write_origins(database: sqlite3.Connection, origins: dict[str, Origin], about: dict[str, str]) -> None:
    """Lay both tables into a GeoPackage."""
    database.execute(f"CREATE TABLE {ABOUT} (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT)")
    database.executemany(f"INSERT INTO {ABOUT} (key, value) VALUES (?, ?)", about.items())  # noqa: S608  (our own names of tables)
    database.execute(
        f"CREATE TABLE {ORIGIN} (id INTEGER PRIMARY KEY, place_id TEXT NOT NULL UNIQUE, source_id TEXT NOT NULL, "
        "record_id TEXT NOT NULL, classes TEXT NOT NULL, lon REAL NOT NULL, lat REAL NOT NULL, parts TEXT NOT NULL)"
    )
    database.executemany(
        f"INSERT INTO {ORIGIN} (place_id, source_id, record_id, classes, lon, lat, parts) "  # noqa: S608  (our own names of tables)
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (id_, *one.record, one.classes, one.lon, one.lat, json.dumps(one.parts, ensure_ascii=False))
            for id_, one in origins.items()
        ],
    )
    for table in (ABOUT, ORIGIN):
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)", (table, table)
        )


def read_origins(path: Path) -> tuple[dict[str, Origin], dict[str, str]]:
    """Both tables of a form; raises ``sqlite3.Error`` or ``ValueError`` where they cannot be read."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        about = dict(database.execute(f"SELECT key, value FROM {ABOUT}"))  # noqa: S608  (our own names of tables)
        rows: Iterable[tuple[str, str, str, str, float, float, str]] = database.execute(
            f"SELECT place_id, source_id, record_id, classes, lon, lat, parts FROM {ORIGIN}"  # noqa: S608  (our own names of tables)
        )
        found = {
            id_: Origin((source, record), classes, lon, lat, tuple(_pair(one) for one in json.loads(parts)))
            for id_, source, record, classes, lon, lat, parts in rows
        }
    return found, about


def _pair(written: list[list[str]]) -> Pair:
    (source_a, record_a), (source_b, record_b) = written
    return (str(source_a), str(record_a)), (str(source_b), str(record_b))
