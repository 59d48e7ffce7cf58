"""Answers become rows of ``decisions.csv``, laid beside those that are there, all of them or none."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from atlas.built import Built
from atlas.errors import OutputError, SourceError, Spot, in_lang, raise_first, refusal
from atlas.exports import working_folder, write_text
from atlas.exports.spreadsheet_safety import inert
from atlas.fetched import DECISIONS, located_file
from atlas.fieldcheck.answers import Answer, Walk
from atlas.fieldcheck.origin import Origin, Record
from atlas.sources._encoding import decoded
from atlas.sources.decisions import COLUMNS, SOURCE, read_decisions

Row = dict[str, str]
_PAIRED = frozenset({"same", "different"})
_OF_A_PLACE = frozenset({"closed", "class", "move"})
_LOCK_SECONDS = 60


@dataclass(frozen=True)
class Written:
    """How many decisions a walk gave, by kind; how many were there already; how many places stay in doubt."""

    path: Path
    added: Counter[str] = field(default_factory=Counter)
    known: int = 0
    in_doubt: int = 0
    unvisited: int = 0


def record_walk(walk: Walk, built: Built) -> Written:
    """Write the decisions of a walk; what is there already is not repeated.

    Raises
    ------
    SourceError
        An answer contradicts a decision that is there: both rows are named, nothing is written.
    ConfigError
        ``decisions.csv`` itself is at fault.
    OutputError
        It cannot be written.

    """
    path = located_file(built.atlas.folder, DECISIONS)
    wanted = [(one, row) for one in walk.answers for row in rows_of(one, walk.origins)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(built.store.folder.with_name(f"{built.store.folder.name}.lock"))  # a build moves the file
        with lock.acquire(timeout=_LOCK_SECONDS):
            return _add(path, wanted, walk, built)
    except OSError as fault:
        pt, en = refusal(fault)
        raise OutputError(
            f"Não se pode escrever aqui ({pt}). Verifique a pasta, as permissões e o espaço em disco.",
            f"Cannot write here ({en}). Check the folder, its permissions and the space on the disk.",
            where=str(path),
        ) from fault


def rows_of(one: Answer, origins: Mapping[str, Origin]) -> Iterator[Row]:
    """The decisions that one answer gives: none where the place was not found and stays in doubt."""
    if not one.place_id:
        value = f"{one.class_new}; {one.lon:.6f} {one.lat:.6f}; {one.name}"
        yield _row(one, "add", (SOURCE, _own_id(value)), value=value)
        return
    origin = origins[one.place_id]
    record = origin.record
    if one.answer == "closed":
        yield _row(one, "closed", record)
    elif one.answer == "as_stated":
        yield _row(one, "class", record, value=origin.classes)
    elif one.answer == "other_class":
        yield _row(one, "class", record, value=one.class_new)
    elif one.answer == "moved":
        yield _row(one, "move", record, value=f"{one.lon:.6f} {one.lat:.6f}")
    elif one.answer == "same":
        yield _row(one, "same", *sorted((record, origins[one.same_as].record)))
    elif one.answer == "different":
        for pair in origin.parts:
            yield _row(one, "different", *sorted(pair))


def _row(one: Answer, decision: str, a: Record, b: Record = ("", ""), *, value: str = "") -> Row:
    return dict(zip(COLUMNS, (decision, *a, *b, value, one.by, one.on, one.note), strict=True))


def _own_id(value: str) -> str:
    """The same place added twice has the same id."""
    return "w" + hashlib.sha256(value.encode()).hexdigest()[:10]


def _add(path: Path, wanted: Sequence[tuple[Answer, Row]], walk: Walk, built: Built) -> Written:
    classes = built.atlas.classes
    read_decisions(path, classes)
    header, delimiter, held = _held(path)
    known = {_key(row) for _, row in held}
    fresh: dict[tuple[str, ...], Row] = {}
    for _, row in wanted:
        if _key(row) not in known:
            fresh.setdefault(_key(row), row)
    raise_first([*_contradictions(wanted, held, path), *_closed_and_there(wanted, held, path)])
    done = Written(
        path,
        Counter(row["decision"] for row in fresh.values()),
        sum(_key(row) in known for _, row in wanted),
        sum(one.answer == "not_found" for one in walk.answers),
        walk.unvisited,
    )
    if not fresh:
        return done
    out = io.StringIO()
    writer = csv.DictWriter(out, header, delimiter=delimiter, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(row for _, row in held)
    writer.writerows({**row, **{name: inert(row[name]) for name in ("by", "note")}} for row in fresh.values())
    text = "\ufeff" + out.getvalue()
    with working_folder(path) as folder:  # read as the next build will read it, before it is the file
        trial = folder / DECISIONS
        trial.write_text(text, "utf-8", newline="\n")
        read_decisions(trial, classes)
    write_text(text, path, force=True)
    return done


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    """What makes two decisions one, whoever took them; a pair has no order."""
    a, b = ((row[f"source_{side}"], row[f"record_{side}"]) for side in "ab")
    first, second = sorted((a, b)) if row["decision"] in _PAIRED else (a, b)
    return (row["decision"].lower(), *first, *second, row["value"])


def _held(path: Path) -> tuple[list[str], str, list[tuple[int, Row]]]:
    """Columns, separator and rows (with their line) of the file as it is; a new one is for Portugal's Excel."""
    if not path.is_file():
        return list(COLUMNS), ";", []
    text, _ = decoded(path.read_bytes())
    heading = text.partition("\n")[0]
    delimiter = max(";,\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    header += [name for name in COLUMNS if name not in header]
    rows = []
    line = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * len(header)]
            rows.append((line, {name: cell.strip() for name, cell in zip(header, padded, strict=False)}))
        line = reader.line_num + 1
    return header, delimiter, rows


def _contradictions(
    wanted: Sequence[tuple[Answer, Row]], held: Sequence[tuple[int, Row]], path: Path
) -> Iterator[SourceError]:
    """Answers that say of a record what a decision in the file, or an earlier answer, says otherwise."""
    said: dict[tuple[str, ...], tuple[str, Row]] = {}
    every = [(Spot.of(path, line=line), row) for line, row in held] + [(one.where, row) for one, row in wanted]
    for where, row in every:
        about = _about(row)
        earlier = said.setdefault(about, (where, row))
        if _stand(earlier[1]) != _stand(row):
            yield SourceError(
                f"Contradiz {earlier[0]}: «{_stand(earlier[1])}» e «{_stand(row)}». Retire um dos dois.",
                f"It contradicts {in_lang(earlier[0], 'en')}: “{_stand(earlier[1])}” and “{_stand(row)}”. Remove one "
                "of the two.",
                where=where,
            )


def _closed_and_there(
    wanted: Sequence[tuple[Answer, Row]], held: Sequence[tuple[int, Row]], path: Path
) -> Iterator[SourceError]:
    """Answers after which a record would be closed and there: only what was seen there before may close later."""
    every: list[tuple[str, Row, bool]] = [(Spot.of(path, line=line), row, False) for line, row in held]
    every += [(one.where, row, True) for one, row in wanted]
    of_record: dict[Record, list[tuple[str, Row, bool]]] = {}
    for one in every:
        if one[1]["decision"].lower() in _OF_A_PLACE:
            of_record.setdefault((one[1]["source_a"], one[1]["record_a"]), []).append(one)
    for rows in of_record.values():
        closed = [one for one in rows if one[1]["decision"].lower() == "closed"]
        there = [one for one in rows if one[1]["decision"].lower() != "closed"]
        for (where, shut, new), (other, seen, fresh) in itertools.product(closed, there):
            if (new or fresh) and not _earlier(seen["date"], shut["date"]):
                yield SourceError(
                    f"Diz-se fechado ({shut['date'] or 'sem dia'}) um lugar que {other} diz existir "
                    f"({seen['date'] or 'sem dia'}). Retire um dos dois.",
                    f"A place is called closed ({shut['date'] or 'no day'}) that {in_lang(other, 'en')} says is there "
                    f"({seen['date'] or 'no day'}). Remove one of the two.",
                    where=where,
                )


def _earlier(one: str, other: str) -> bool:
    """Whether a day is known to lie before another; whoever edits the file in Excel writes it the other way round.

    >>> _earlier("31/12/2025", "2026-01-01"), _earlier("2026-01-01", "2026-01-01"), _earlier("", "2026-01-01")
    (True, False, False)
    """
    days = []
    for text in (one, other):
        for form in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"):
            with suppress(ValueError):
                days.append(dt.datetime.strptime(text, form).date())
    return len(days) == 2 and days[0] < days[1]


def _about(row: Mapping[str, str]) -> tuple[str, ...]:
    """What a decision is about: the pair, or one trait of a record."""
    kind, *records, _ = _key(row)
    return ("pair", *records) if kind in _PAIRED else (kind, *records)


def _stand(row: Mapping[str, str]) -> str:
    kind = row["decision"].lower()
    return kind if kind in _PAIRED else row["value"] or kind
