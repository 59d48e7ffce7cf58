"""What the command line says: tables for people, JSON and CSV for scripts, progress, and the last word on a fault."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd

from atlas.built import Built
from atlas.config import Atlas, Index, Indicator
from atlas.language import Lang, Translator
from atlas.placing import Places
from atlas.ranking import checked_weights, index_holding, rows_of
from atlas.source_words import titles_in

# control characters and the marks that turn the direction of writing: a name from data must not steer a terminal
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
CELL = 60


@dataclass(frozen=True)
class Answer:
    """Rows with what they are about; ``shown`` is how a person reads them, ``chance`` sets the counts beside chance."""

    rows: list[dict[str, Any]]
    meta: dict[str, Any] = field(default_factory=dict)
    one: bool = False
    head: str = ""
    shown: list[dict[str, str]] | None = None
    foot: str = ""
    chance: str = ""

    def print(self, form: str) -> None:
        """Write to standard output as ``table``, ``json`` or ``csv`` (the machine form)."""
        if form == "json":
            whole = {**self.rows[0], "meta": self.meta} if self.one else {"meta": self.meta, "rows": self.rows}
            sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        elif form == "csv":
            sys.stdout.write(self.as_csv())
        else:
            self._print_table()

    def as_csv(self) -> str:
        """Rows as CSV: comma, point, codes as text; a cell that a spreadsheet would run as a formula is quoted."""
        from atlas.exports.spreadsheet_safety import inert

        out = io.StringIO()
        keys = list(self.rows[0]) if self.rows else []
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(keys)
        for row in self.rows:
            cells = [_flat(row[key]) for key in keys]
            writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in cells])
        return out.getvalue()

    def _print_table(self) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        wide = sys.stdout.isatty()
        console = Console(width=None if wide else 200, highlight=False, soft_wrap=not wide)
        if self.head:
            console.print(Text(plain(self.head)))
        if self.shown:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for key in self.shown[0]:
                numeric = all(_is_number(row[key]) for row in self.shown)
                table.add_column(Text(key), justify="right" if numeric else "left", overflow="fold")
            for row in self.shown:
                table.add_row(*(Text(plain(cell)) for cell in row.values()))
            console.print(table)
        for text in (self.foot, self.chance):
            if text:
                console.print(Text(plain(text)))


def plain(text: str) -> str:
    """Text that cannot steer a terminal."""
    return _STEERING.sub("�", text)


def _is_number(text: str) -> bool:
    return not re.search(r"[^\d\s.,–—−%\-\u00a0]", text)


def _flat(value: Any) -> Any:
    if isinstance(value, list | dict):
        return "|".join(value) if all(isinstance(one, str) for one in value) else json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


class Reporter:
    """Progress of a build: a bar on a terminal, JSON lines for programs, or nothing."""

    def __init__(self, form: str, *, quiet: bool, lang: Lang, said: str = "cli.building") -> None:
        self._said = said
        self._form = "off" if quiet or (form == "auto" and not sys.stderr.isatty()) else form
        self._t = Translator(lang)
        self._start = time.monotonic()
        self._quiet = quiet
        self.ran = False

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._form == "auto" and self.ran:
            sys.stderr.write("\r\033[K")

    def __call__(self, share: float, stage: str) -> None:
        """Report that ``stage`` begins when ``share`` of the work is done."""
        if self._said and not self.ran and not self._quiet and self._form != "json":
            sys.stderr.write(self._t(self._said) + "\n")
        self.ran = True
        if self._form == "json":
            seconds = round(time.monotonic() - self._start, 2)
            sys.stderr.write(json.dumps({"share": share, "stage": stage, "seconds": seconds}) + "\n")
            sys.stderr.flush()
        elif self._form == "auto":
            done = int(24 * share)
            bar = "█" * done + "░" * (24 - done)
            sys.stderr.write(f"\r\033[K{bar} {self._t('cli.stage.' + stage)}")
            sys.stderr.flush()


def build_summary(built: Built, lang: Lang, *, ran: bool, moved: list[tuple[str, Any, Any]] | None) -> Answer:
    """What a build has: counts, repairs, warnings, how many are ranked and why the others are not."""
    t = Translator(lang)
    manifest = built.store.manifest
    lines = [t("cli.built" if ran else "cli.current", folder=built.store.folder)]
    counts = manifest["counts"]
    lines.append(
        t(
            "cli.counts",
            units=counts["neighbourhoods"],
            **{name: counts[name] for name in ("parents", "records", "places", "unplaced")},
        )
    )
    lines += [_ranked_line(built, index, t) for index in built.atlas.index]
    pick = 1 if lang == "en" else 0
    lines += [f"· {pair[pick]}" for pair in [*manifest["repairs"], *manifest["warnings"]]]
    if flat := manifest["without_spread"]:
        lines.append(f"· {t.n('cli.without_spread', len(flat), codes=', '.join(flat))}")
    lines += gone_lines(built, lang)
    if moved is not None:
        lines.append(t.n("cli.moved", len(moved)))
        lines += [f"· {key}: {before} → {after}" for key, before, after in moved]
    return Answer([{"store": str(built.store.folder), **counts}], built.meta, head="\n".join(lines))


def gone_lines(built: Built, lang: Lang) -> list[str]:
    """What somebody asked for once and is no longer in the store, and how to have it again."""
    t = Translator(lang)
    return [t(f"cli.gone.{name}") for name in built.store.gone if name in ("cuts", "null_atlas")]


def _ranked_line(built: Built, index: Index, t: Translator) -> str:
    scores = built.store.read("scores")
    own = scores[scores["index"] == index.id]
    ranked = int(own["rank"].notna().sum())
    short = int((own["coverage"] < index.coverage_floor).sum())
    return t(
        "cli.ranked",
        index=index.name.in_(t.lang),
        ranked=t.number(ranked),
        units=len(own),
        short=t.number(short),
        floor=t.percent(index.coverage_floor),
    )


def check_summary(atlas: Atlas, placed: Places, lang: Lang) -> Answer:
    """What a build would repair or leave out, source by source, with counts and the first ten records of each."""
    t = Translator(lang)
    pick = 1 if lang == "en" else 0
    lines = [t("cli.check.fine", atlas=atlas.atlas.name.in_(lang))]
    unplaced, records = placed.tables["unplaced"], placed.tables["records"]
    unclassed = records[records["classes"].isna()]
    again = unclassed.duplicated(["source_id", "kind"])  # one of each of the source's words comes first
    unclassed = pd.concat([unclassed[~again], unclassed[again]])
    told, clean = set(), 0
    titles = titles_in(atlas, placed.sources, lang)
    lines += [f"· {pair[pick]}" for pair in placed.repairs]
    for source in placed.sources:
        notes = [f"· {pair[pick]}" for pair in source["warnings"]]
        told |= {f"{source['id']}: {pair[pick]}" for pair in source["warnings"]}
        for key, table in (("cli.check.unplaced", unplaced), ("cli.check.unclassed", unclassed)):
            own = table[table["source_id"] == source["id"]]
            if len(own):
                notes.append("· " + t.n(key, len(own)))
                notes += [_named(row) for row in own.head(10).to_dict("records")]
        clean += not notes
        if notes:
            lines += [t("cli.check.source", id=source["id"], title=titles[source["id"]]), *notes]
    lines += [f"· {pair[pick]}" for pair in placed.warnings if pair[pick] not in told]
    return Answer([], head="\n".join([*lines, t.n("cli.check.clean", clean)]))


def _named(record: Mapping[str, Any]) -> str:
    """A record by its id, its name and the source's word for it, as far as there are any."""
    said = [record["record_id"], record["name"], record.get("kind")]
    return "  " + " ".join(_short(one) for one in said if isinstance(one, str))


def rank_answer(
    built: Built, table: pd.DataFrame, index_id: str, weights: Mapping[str, float] | None, lang: Lang
) -> Answer:
    """The ranked table, with what it rests on."""
    t = Translator(lang)
    index = index_holding(built, index_id)
    used = (
        checked_weights(index, weights) if weights else {one.id: one.weight for one in index.pillar if one.indicators}
    )
    missing = {one.id: one.missing.in_(lang) for one in index.pillar if one.missing and not one.indicators}
    meta = {**built.meta, "index": index_id, "level": index.level, "weights": used, "without_data": missing}
    shown = [_rank_row(row, t) for row in table.to_dict("records")]
    foot = "\n".join(dict.fromkeys(missing.values()))
    return Answer(rows_of(table), meta, shown=shown, foot=foot)


def _rank_row(row: Mapping[str, Any], t: Translator) -> dict[str, str]:
    def span(low: str, high: str) -> str:
        return t.span(row.get(low), row.get(high))

    ranked = row["rank"] is not pd.NA and row["rank"] == row["rank"]
    return {
        t("cli.column.rank"): t.number(row["rank"]) if ranked else "—",
        t("cli.column.code"): str(row["code"]),
        t("cli.column.name"): _short(row["name"]),
        t("cli.column.parent"): _short(row["parent_name"]),
        t("cli.column.score"): t.number(row["score"], 1),
        t("cli.column.robust"): span("rank_low", "rank_high"),
        t("cli.column.data"): span("rank_data_low", "rank_data_high"),
        t("cli.column.above"): _above(row, t),
        t("cli.column.coverage"): t.percent(row["coverage"]),
        t("cli.column.reading"): t(f"cli.reading.{row['opportunity']}") if isinstance(row["opportunity"], str) else "",
        t("strategy.column.quarters"): _short(row["agglomerations"].replace("|", ", ")),
    }


def _above(row: Mapping[str, Any], t: Translator) -> str:
    """Chance of standing above the next unit, and in words where neither can be said to."""
    share = t.percent(row["p_above_next"], 1)
    return t("cli.tie", share=share) if row["tie_next"] is not pd.NA and row["tie_next"] else share


def write_ranking(built: Built, table: pd.DataFrame, index_id: str, path: Path, *, force: bool, lang: Lang) -> None:
    """The ranked table as a file of any known format."""
    from atlas.exports import write
    from atlas.exports.ranking import ranking

    index = index_holding(built, index_id)
    layer = ranking(built.atlas, built.store, table, index, index_id)
    if path.suffix.lower() == ".xlsx":
        from atlas.diagnosis_tables import chapters

        layer = replace(layer, chapters=tuple(chapters(built, lang, index.id)))
    write(layer, path, force=force, lang=lang)


def explain_answer(built: Built, found: dict[str, Any], lang: Lang) -> Answer:
    """One unit taken apart, as a sentence and a table of contributions."""
    t = Translator(lang)
    shown = [
        {
            t("cli.column.indicator"): one["name"],
            t("cli.column.value"): _figure(built.atlas.indicator_of(one["code"]), one["value"], t),
            t("cli.column.normalised"): t.number(one["normalised"], 1),
            t("cli.column.weight"): t.percent(one["weight"], 1),
            t("cli.column.contribution"): t.number(one["contribution"], 2),
        }
        for one in found["contributions"]
    ]
    if "stages" in found:
        shown = [_stage_row(row, t) for row in found["stages"]]
    total = sum(one["contribution"] or 0 for one in found["contributions"])
    places = len({one["place"] for one in found["evidence"]})
    foot = f"{t('cli.explain.sum', total=t.number(total, 2))} {t.n('cli.explain.places', places)}"
    if walking := found["walking"]:
        way = str(walking["how"]).split("×")[0].strip().replace(" ", "_")
        said = t(f"cli.explain.walking.{way}", detour=t.number(built.atlas.atlas.detour, 1))
        foot += f"\n{said} {walking['note'] or ''}".rstrip()
    return Answer([found], built.meta, one=True, head=found["sentence"] + "\n", shown=shown, foot=foot)


def _figure(indicator: Indicator, value: float | None, t: Translator) -> str:
    return t.quantity(value, indicator, indicator.decimals)


def _stage_row(row: Mapping[str, Any], t: Translator) -> dict[str, str]:
    """One node of an index at every stage; what a stage does not know is left blank."""
    stages = ("raw", "treated", "normalised", "aggregated")
    figures = {t(f"diag.stage.{one}"): "" if row[one] is None else t.number(row[one], 2) for one in stages}
    return {t("diag.stage.node"): row["name"], t("diag.stage.weight"): t.percent(row["weight"], 1), **figures}


def list_answer(built: Built, table: pd.DataFrame, lang: Lang) -> Answer:
    """A table of what there is: layers, sources, indicators."""
    t, rows = Translator(lang), rows_of(table)
    pick = 1 if lang == "en" else 0
    shown = []
    for row in rows:
        cells = {key: value for key, value in row.items() if key not in {"about", "note", "measure"}}
        if "warnings" in cells:
            cells["warnings"] = "; ".join(pair[pick] for pair in cells["warnings"])
        shown.append({t(f"cli.list.{key}"): _listed(key, value, t) for key, value in cells.items()})
    return Answer(rows, built.meta, shown=shown)


def _listed(key: str, value: Any, t: Translator) -> str:
    """One cell of a list as people read it: the rows of the other forms keep what programs read."""
    if value is None:
        return ""
    if key in ("direction", "level"):
        return t(f"cli.list.{value}")
    if key == "complete":
        return t.percent(value)
    if key == "date":
        return t.date(value)
    return t.number(value) if isinstance(value, int) else _short(str(value).replace("|", ", "))


def export_layers(built: Built, layer: str, path: Path, *, force: bool, lang: Lang, within: str | None) -> list[Path]:
    """One layer as a file, or with ``all`` every layer as GeoPackage and GeoJSON in a folder."""
    from atlas.errors import OutputError
    from atlas.exports import formats, make_folder, write
    from atlas.exports.from_store import exportable, layer_ids

    if layer != "all":
        made = exportable(built.atlas, built.store, layer, lang, within)
        return write(made, path, force=force, lang=lang)
    if path.name.lower().endswith(tuple(formats())):
        raise OutputError(
            "`all` escreve cada camada na sua pasta. Indique o nome de uma pasta, ou uma só camada; `atlas package` "
            "junta todas num ZIP.",
            "`all` writes every layer into a folder. Name a folder, or one layer; `atlas package` puts all into one "
            "ZIP.",
            where=str(path),
        )
    written: list[Path] = []
    make_folder(path)
    for one in layer_ids(built.atlas):
        made = exportable(built.atlas, built.store, one, lang, within)
        if len(made.frame):
            for suffix in (".gpkg", ".geojson"):
                written += write(made, path / f"{one}{suffix}", force=force, lang=lang)
    return written


def internal_fault(fault: Exception, lang: str) -> str:
    """Write the traceback to a log, and say where it is."""
    with tempfile.NamedTemporaryFile("w", prefix="atlas-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(fault)))
    return Translator("en" if lang == "en" else "pt")("cli.fault", kind=type(fault).__name__, log=log.name)
