"""From a place back to its records: source, date, licence, file and its hash, row or object of OpenStreetMap."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pandas as pd

from atlas.built import Built
from atlas.errors import UnknownName
from atlas.fetched import located_file
from atlas.fusion.identifiers import own_key
from atlas.sources import ROW, file_hash

_OSM_OBJECT = re.compile(r"^(node|way|relation)/\d+")
_ABOUT = ("title", "publisher", "licence", "date", "address", "file", "sha256")


def provenance(built: Built, place_id: str) -> list[dict[str, Any]]:
    """What a place rests on: one entry a record, in the order of preference of the sources.

    Each has ``source``, ``record``, ``name`` (as the source writes it), ``p_match``, the source's ``title, publisher,
    licence, date, address, file, sha256`` as they were at the build, ``row`` (the line of a CSV, where the file is
    still the one that was built from), ``page`` (the object at openstreetmap.org, the entity at wikidata.org) and
    ``decisions`` (what planners decided about the record, and when; not who).

    Raises
    ------
    UnknownName
        There is no such place; the error names the nearest.
    """
    if place_id not in built.places.index:
        raise UnknownName.among(place_id, built.places.index, pt="Lugar", en="Place")
    members = built.store.read("members")
    mine = members[members["place_id"] == place_id]
    order = {source.id: position for position, source in enumerate(built.atlas.source)}
    mine = mine.sort_values(["source_id", "record_id"], key=lambda c: c.map(order) if c.name == "source_id" else c)
    about = {source["id"]: source for source in built.store.manifest["sources"]}
    return [
        _entry(built, about[one.source_id], str(one.record_id), float(one.p_match))
        for one in mine.itertuples(index=False)
    ]


def _entry(built: Built, source: dict[str, Any], record: str, p_match: float) -> dict[str, Any]:
    records = built.store.read("records")
    held = records[(records["source_id"] == source["id"]) & (records["record_id"] == record)]
    name = next((text for text in held["name"] if isinstance(text, str)), None)
    return {
        "source": source["id"],
        "record": record,
        "name": name,
        "p_match": p_match,
        **{key: source[key] for key in _ABOUT},
        "row": _row(built, source, record),
        "page": _page(built, source["id"], record),
        "decisions": _decisions(built, source["id"], record),
    }


def _row(built: Built, source: dict[str, Any], record: str) -> int | None:
    """The line of a record in a CSV that has not changed since the build; None where it cannot be told."""
    declared = built.atlas.source_of(source["id"])
    path = located_file(built.atlas.folder, declared.file)
    if path.suffix != ".csv" or file_hash(path) != source["sha256"]:
        return None
    column = "record_a" if declared.kind == "decisions" else str(declared.read.get("record", "record_id"))
    return _line_of(path, column, record)


def _line_of(path: Path, column: str, record: str) -> int | None:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        head = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, delimiter=max(";,\t", key=head.count))
        number = record.removeprefix(ROW)
        if column not in (reader.fieldnames or ()) or number != record:
            return int(number) + 1 if number.isdigit() else None
        line = reader.line_num + 1
        for row in reader:
            if (row[column] or "").strip() == record:
                return line
            line = reader.line_num + 1
    return None


def _page(built: Built, source_id: str, record: str) -> str | None:
    """Where the record can be looked at, for the registers whose pages are known."""
    key = own_key(built.atlas.source_of(source_id))
    if key == "wikidata":
        return f"https://www.wikidata.org/wiki/{record.split('/')[0]}"
    found = _OSM_OBJECT.match(record) if key == "osm" else None
    return f"https://www.openstreetmap.org/{found.group()}" if found else None


def _decisions(built: Built, source_id: str, record: str) -> list[dict[str, str]]:
    table = built.store.read("decisions")
    ends = pd.Series(False, index=table.index)
    for end in "ab":
        ends |= (table[f"source_{end}"] == source_id) & (table[f"record_{end}"] == record)
    mine = table[ends & table["applied"].astype(bool)]
    return [{"decision": one.decision, "value": one.value, "date": one.date} for one in mine.itertuples(index=False)]
