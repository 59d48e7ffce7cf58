"""The diagnosis of an index as tables, for a page, a workbook and a printed chapter alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from atlas.built import Built
from atlas.config import Index
from atlas.diagnosing import Diagnosis, diagnose, index_lines, index_warnings, overlapping, pair_line
from atlas.language import Lang, Translator
from atlas.scoring import diagnostics
from atlas.scoring.treat import shape_of

Kind = Literal["text", "percent", "number", "count"]


class Column(NamedTuple):
    """A column's heading, and how its cells are written."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Table:
    """Rows of raw figures under headings; missing is ``None``."""

    id: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]

    def worded(self, t: Translator) -> list[list[str]]:
        """The cells as a person reads them."""
        return [[_word(t, column.kind, value) for column, value in zip(self.columns, row, strict=True)]
                for row in self.rows]  # fmt: skip


def _word(t: Translator, kind: Kind, value: Any) -> str:
    if kind == "text":
        return str(value or "")
    if kind == "percent":
        return t.percent(value, 1)
    return t.number(value, 2 if kind == "number" else 0)


@dataclass(frozen=True)
class Chapter:
    """One index's findings: what is to be watched, sentences, tables."""

    index: str
    title: str
    warnings: list[str]
    lines: list[str]
    tables: list[Table]


def chapters(built: Built, lang: Lang, index_id: str | None = None) -> list[Chapter]:
    """The diagnosis of every index of an atlas, or of one."""
    every = [diagnose(built, index) for index in built.atlas.index]
    pairs = overlapping(built, every)
    return [chapter(built, one, pairs, lang) for one in every if index_id in (None, one.index.id)]


def chapter(built: Built, one: Diagnosis, pairs: pd.DataFrame, lang: Lang) -> Chapter:
    """The diagnosis of one index; ``pairs`` as :func:`atlas.diagnosing.overlapping` gives them."""
    t = Translator(lang)
    own = pairs[(pairs["axis_a"] == one.index.id) | (pairs["axis_b"] == one.index.id)]
    warnings = [*index_warnings(built, one, t), *(pair_line(built, pair, t) for pair in own.to_dict("records"))]
    made = [
        _indicators(built, one, t), _pillars(one, t), _pairs(built, one, t), _classes(built, one, t),
        _treated(built, one, t), _missing(one, t), _units(built, one, t),
    ]  # fmt: skip
    lines = list(index_lines(built, one, t))
    return Chapter(one.index.id, one.index.name.in_(lang), warnings, lines, [one for one in made if one.rows])


def _table(t: Translator, id_: str, columns: Mapping[str, Kind], rows: Iterator[tuple[Any, ...]]) -> Table:
    heads = tuple(Column(t(f"diag.column.{name}"), kind) for name, kind in columns.items())
    held = [tuple(None if _absent(value) else value for value in row) for row in rows]
    return Table(id_, t(f"diag.table.{id_}"), t(f"diag.table.{id_}_long"), heads, held)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _names(built: Built, t: Translator) -> dict[str, str]:
    return {one.code: one.name.in_(t.lang) for one in built.atlas.indicator}


def _indicators(built: Built, one: Diagnosis, t: Translator) -> Table:
    """Nominal weight against what is carried, and how each goes with its pillar and with the index."""
    names, pillars = _names(built, t), _pillar_names(one.index, t)
    columns: dict[str, Kind] = {"indicator": "text", "pillar": "text", "weight": "percent", "carried": "percent",
               "with_pillar": "number", "with_index": "number", "missing": "percent", "watch": "text"}  # fmt: skip
    rows = (
        (names[row["indicator"]], pillars[row["pillar"]], row["weight"], row["carried"], row["with_pillar"],
         row["with_index"], row["missing"], _watch(t, carries=row["too_much"], against=row["against"]))
        for row in one.indicators.to_dict("records")
    )  # fmt: skip
    return _table(t, "indicators", columns, rows)


def _watch(t: Translator, *, carries: bool, against: bool = False) -> str:
    words = [t("diag.watch.carries")] * carries + [t("diag.watch.against")] * against
    return "; ".join(words)


def _pillars(one: Diagnosis, t: Translator) -> Table:
    """How each pillar hangs together, and how it goes with the index."""
    figures = one.scored.pillars
    columns: dict[str, Kind] = {
        "pillar": "text",
        "weight": "percent",
        "count": "count",
        "alpha": "number",
        "with_index": "number",
    }
    rows = (
        (pillar.name.in_(t.lang), one.scored.effective_weights.reindex(pillar.indicators).sum(),
         len(pillar.indicators), one.alphas.get(pillar.id), float(figures[pillar.id].corr(one.scored.score)))
        for pillar in one.index.pillar
        if pillar.indicators
    )  # fmt: skip
    return _table(t, "pillars", columns, rows)


def _pairs(built: Built, one: Diagnosis, t: Translator) -> Table:
    """Pearson's correlation of each two indicators of a pillar."""
    names = _names(built, t)

    def rows() -> Iterator[tuple[Any, ...]]:
        for pillar in one.index.pillar:
            table = one.scored.normalised[list(pillar.indicators)].corr()
            for at, first in enumerate(table):
                for second in list(table)[at + 1 :]:
                    yield pillar.name.in_(t.lang), names[first], names[second], float(table.loc[first, second])

    columns: dict[str, Kind] = {"pillar": "text", "indicator": "text", "other": "text", "correlation": "number"}
    return _table(t, "pairs", columns, rows())


def _classes(built: Built, one: Diagnosis, t: Translator) -> Table:
    names = {class_: rule.name.in_(t.lang) for class_, (_, rule) in built.atlas.classes.items()}
    rows = (
        (names[str(class_)], float(share), _watch(t, carries=bool(share > diagnostics.CARRIES_TOO_MUCH)))
        for class_, share in one.classes.items()
        if share
    )
    return _table(t, "classes", {"class": "text", "carried": "percent", "watch": "text"}, rows)


def _treated(built: Built, one: Diagnosis, t: Translator) -> Table:
    """What is done to outliers: the logarithm where one is taken, and goalposts that a figure cannot pass."""
    values = built.inputs(one.index)[0]

    def rows() -> Iterator[tuple[Any, ...]]:
        for code in one.scored.normalised:
            indicator = built.atlas.indicator_of(code)
            figures = values[code].to_numpy(dtype=float)
            before = shape_of(figures)
            after = shape_of(one.scored.normalised[code].to_numpy(dtype=float))
            low, high = indicator.goalposts or (-np.inf, np.inf)
            yield (
                indicator.name.in_(t.lang), t("diag.log") if indicator.log else "", before.skew, before.kurtosis,
                after.skew, after.kurtosis, int((figures < low).sum()), int((figures > high).sum()),
            )  # fmt: skip

    columns: dict[str, Kind] = {"indicator": "text", "treatment": "text", "skew": "number", "kurtosis": "number",
               "skew_after": "number", "kurtosis_after": "number", "below": "count", "above": "count"}  # fmt: skip
    return _table(t, "treated", columns, rows())


def _missing(one: Diagnosis, t: Translator) -> Table:
    rows = ((int(count), int(units), units / one.gaps.sum()) for count, units in one.gaps.items())
    return _table(t, "missing", {"gaps": "count", "units": "count", "share": "percent"}, rows)


def _units(built: Built, one: Diagnosis, t: Translator) -> Table:
    """The units that lack something, those that lack most first."""
    names, gone = _names(built, t), one.scored.normalised.isna()
    units = built.parents if one.index.level == "municipality" else built.units
    count = gone.sum(axis=1)
    order = count[count > 0].sort_values(ascending=False, kind="stable").index
    rows = (
        (str(code), str(units["name"].get(code, "")), int(count[code]),
         "; ".join(names[name] for name in gone.columns[gone.loc[code]]))
        for code in order
    )  # fmt: skip
    return _table(t, "units", {"code": "text", "name": "text", "gaps": "count", "which": "text"}, rows)


def _pillar_names(index: Index, t: Translator) -> dict[str, str]:
    return {pillar.id: pillar.name.in_(t.lang) for pillar in index.pillar}
