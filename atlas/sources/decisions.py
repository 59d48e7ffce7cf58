"""``decisions.csv``: what planners decided about records, read, checked and looked up at every build.

``decision`` is one of

==============  ==================================================================================================
``same``        the two records are one place
``different``   they are not, whatever lies between them
``closed``      the place of ``record_a`` is no more
``class``       the place of ``record_a`` has the class in ``value`` (several joined with a bar)
``move``        ``record_a`` stands at ``value``: longitude and latitude in degrees
``add``         a place that no source holds: ``record_a`` is an id of one's own, ``value`` is
                ``class; longitude latitude; name``
==============  ==================================================================================================

The other columns are ``source_a, record_a, source_b, record_b, value, by, date, note``. Who decided, and what was
noted, stays in the file.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

import geopandas as gpd

from atlas.config import Source
from atlas.errors import AtlasError, ConfigError, SourceError, Spot, raise_first, refusal
from atlas.fetched import DECISIONS
from atlas.sources import to_records
from atlas.sources._encoding import decoded

SOURCE = "decisions"
COLUMNS = ("decision", "source_a", "record_a", "source_b", "record_b", "value", "by", "date", "note")
KINDS = ("same", "different", "closed", "class", "move", "add")
_PAIRED = frozenset({"same", "different"})
_ONLY_NUMBERS = re.compile(r"[-\d.,;\s]*")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")

Record = tuple[str, str]


@dataclass(frozen=True)
class Decision:
    """One row of the file; ``row`` is its line, the heading being the first."""

    row: int
    kind: str
    a: Record
    b: Record
    value: str
    date: str

    @property
    def point(self) -> tuple[float, float]:
        """Longitude and latitude of a ``move`` or an ``add``."""
        written = self.value.split(";")[1] if self.kind == "add" else self.value
        lon, lat = (float(number.replace(",", ".")) for number in _numbers(written))
        return lon, lat

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of a ``class`` or an ``add``."""
        written = self.value.split(";")[0] if self.kind == "add" else self.value
        return tuple(word.strip() for word in written.split("|") if word.strip())

    @property
    def name(self) -> str | None:
        """Name of an ``add``."""
        parts = self.value.split(";", 2)
        return parts[2].strip() or None if len(parts) > 2 else None


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """The places that planners added, as records."""
    path = folder / source.file
    added = [one for one in read_decisions(path) if one.kind == "add"]
    points = gpd.points_from_xy(*zip(*(one.point for one in added), strict=True)) if added else []
    frame = gpd.GeoDataFrame(
        {
            "record_id": [one.a[1] for one in added],
            "name": [one.name for one in added],
            "kind": ["|".join(one.classes) for one in added],
            "tags": [json.dumps({"date": one.date}) if one.date else None for one in added],
        },
        geometry=points,
        crs=4326,
    )
    return to_records(frame, source, path)


def decisions_source(path: Path) -> Source:
    """The entry of a ``decisions.csv`` among an atlas's sources: whose it is, and its newest date."""
    dates = [cells[1].get("date", "") for cells in _rows(path)]
    return Source.model_validate({
        "id": SOURCE,
        "kind": "decisions",
        "file": DECISIONS,
        "title": "Decisões de quem planeia",
        "title_en": "Planners' decisions",
        "publisher": "Quem usa este atlas",
        "licence": "Do próprio",
        "licence_en": "The planner's own",
        "date": max(dates, default=""),
    })  # fmt: skip


def read_decisions(path: Path, classes: Collection[str] | None = None) -> tuple[Decision, ...]:
    """The decisions in a file, in its order; none where there is no file.

    Parameters
    ----------
    classes
        Ids that a ``class`` or an ``add`` may name; any where they are not known.

    Raises
    ------
    ConfigError
        Every fault of the file with its row: a column or a value that is missing, a word or a class that is unknown,
        two decisions that contradict each other.

    """
    if not path.is_file():
        return ()
    read = [
        Decision(
            row,
            cells["decision"].lower(),
            (cells["source_a"] or (SOURCE if cells["decision"].lower() == "add" else ""), cells["record_a"]),
            (cells["source_b"], cells["record_b"]),
            cells["value"],
            cells.get("date", ""),
        )
        for row, cells in _rows(path)
    ]
    faults = [fault for one in read for fault in _faults(one, path, classes)]
    raise_first(faults or list(_contradictions(read, path)))
    return tuple(read)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of each row that holds something; any of the usual encodings and separators."""
    try:
        raw = path.read_bytes()
    except OSError as fault:
        pt, en = refusal(fault)
        raise SourceError(
            f"O ficheiro não se lê ({pt}). Verifique as permissões.",
            f"The file cannot be read ({en}). Check its permissions.",
            where=str(path),
        ) from fault
    text, _ = decoded(raw)
    heading = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(";,\t", key=heading.count))
    columns = [name.strip().lower() for name in next(reader, [])]
    missing = [column for column in COLUMNS[:6] if column not in columns]
    if missing:
        raise ConfigError(
            f"Faltam as colunas {', '.join(missing)}. A primeira linha deve ser: {', '.join(COLUMNS)}.",
            f"The columns {', '.join(missing)} are missing. The first line should be: {', '.join(COLUMNS)}.",
            where=str(path),
        )
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield (
                line,
                {name: cell.strip() for name, cell in zip(columns, [*cells, *[""] * len(columns)], strict=False)},
            )
        line = reader.line_num + 1


def _faults(one: Decision, path: Path, classes: Collection[str] | None) -> Iterator[AtlasError]:
    def fault(pt: str, en: str) -> ConfigError:
        return ConfigError(pt, en, where=Spot.of(path, line=one.row))

    if one.kind not in KINDS:
        near = get_close_matches(one.kind, KINDS, n=1)
        guess = f" («{near[0]}»?)" if near else ""
        yield fault(
            f"Decisão desconhecida: «{one.kind}»{guess}. Existem: {', '.join(KINDS)}.",
            f"Unknown decision: “{one.kind}”{guess}. There are: {', '.join(KINDS)}.",
        )
        return
    if not all(one.a):
        yield fault(
            "Falta o registo: preencha `source_a` e `record_a`.",
            "The record is missing: fill in `source_a` and `record_a`.",
        )
    if one.kind in _PAIRED and (not all(one.b) or one.a == one.b):
        yield fault(
            f"«{one.kind}» é sobre dois registos: preencha também `source_b` e `record_b`, com outro registo.",
            f"“{one.kind}” is about two records: fill in `source_b` and `record_b` too, with another record.",
        )
    if one.kind in {"class", "add"}:
        unknown = [word for word in one.classes if classes is not None and word not in classes]
        for word in unknown if one.classes else [one.value]:
            near = get_close_matches(word, classes or (), n=1)
            guess = f" («{near[0]}»?)" if near else ""
            yield fault(
                f"A classe «{word}» não existe nas camadas{guess}. Corrija `value`.",
                f"The class “{word}” is in no layer{guess}. Mend `value`.",
            )
    if one.kind in {"move", "add"}:
        yield from (fault(*words) for words in _of_point(one))


def _of_point(one: Decision) -> Iterator[tuple[str, str]]:
    parts = one.value.split(";") if one.kind == "add" else ["", one.value]
    numbers = _numbers(parts[1]) if len(parts) > 1 else []
    if len(numbers) != 2:
        form = "class; longitude latitude; name" if one.kind == "add" else "longitude latitude"
        yield (
            f"«{one.value}» não diz onde. Escreva em `value`: {form}, por exemplo -8.611 41.148.",
            f"“{one.value}” does not say where. Write in `value`: {form}, for instance -8.611 41.148.",
        )
        return
    lon, lat = one.point
    if abs(lat) > 90 or abs(lon) > 180:
        yield (
            f"Longitude {lon} e latitude {lat} não existem. A longitude vem primeiro, em graus.",
            f"Longitude {lon} and latitude {lat} do not exist. The longitude comes first, in degrees.",
        )


def _numbers(written: str) -> list[str]:
    """The numbers in a text that holds nothing else: a hemisphere beside one would be lost."""
    plain = written.replace("−", "-")
    return _NUMBER.findall(plain) if _ONLY_NUMBERS.fullmatch(plain) else []


def _contradictions(read: list[Decision], path: Path) -> Iterator[AtlasError]:
    """Two values for one record; and what ``same`` joins, directly or through others, and ``different`` parts."""
    once: dict[tuple[str, Record], Decision] = {}
    joined: dict[Record, Record] = {}

    def root(record: Record) -> Record:
        while joined.setdefault(record, record) != record:
            record = joined[record]
        return record

    for one in read:
        if one.kind in _PAIRED:
            if one.kind == "same":
                joined[root(one.a)] = root(one.b)
            continue
        earlier = once.setdefault((one.kind, one.a), one)
        if earlier.value != one.value or (earlier is not one and one.kind == "add"):
            yield _contradiction(path, earlier.row, one.row)
    for one in read:
        if one.kind == "different" and root(one.a) == root(one.b):
            partner = next(other.row for other in read if other.kind == "same" and root(other.a) == root(one.a))
            yield _contradiction(path, *sorted((partner, one.row)))


def _contradiction(path: Path, first: int, second: int) -> ConfigError:
    return ConfigError(
        f"As linhas {first} e {second} contradizem-se. Retire uma delas.",
        f"Rows {first} and {second} contradict each other. Remove one of them.",
        where=Spot.of(path, line=second),
    )
