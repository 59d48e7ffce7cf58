"""What ``atlas scenario`` says: the units that a scenario moves, why, and how much of it is noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlas.answers import Answer
from atlas.built import Built
from atlas.language import Lang, Translator
from atlas.ranking import rows_of
from atlas.scenarios.applying import Ground, Outcome, apply
from atlas.scenarios.drawn import DrawnArea, drawn_areas
from atlas.scenarios.files import other_data
from atlas.scenarios.model import Scenario
from atlas.scenarios.moves import COLUMNS, moves
from atlas.scenarios.rebuilding import difference
from atlas.scenarios.telling import area_words, change_words, noise_words, notices, reach_words, summary

if TYPE_CHECKING:
    from atlas.exports.exportable import Exportable

KEYS = (
    *(name for name in COLUMNS if name != "touched"), "kind", "area_km2", "share_inside", "residents",
    "residents_method", "indicators",
)  # fmt: skip
"""Keys of a row; those of the area itself are only filled for what was drawn."""


@dataclass(frozen=True)
class Result:
    """A scenario applied: what it does to every unit, and its drawn areas."""

    outcome: Outcome
    moves: pd.DataFrame
    areas: list[DrawnArea]

    @property
    def layer(self) -> Exportable:
        """Every unit and drawn area, before and after, for a file."""
        from atlas.exports.scenario import scenario_layer

        return scenario_layer(self.outcome, self.moves, self.areas)


def result_of(built: Built, scenario: Scenario, ground: Ground) -> Result:
    """Apply a scenario."""
    outcome = apply(built, scenario, ground=ground)
    return Result(outcome, moves(outcome, ground=ground), drawn_areas(outcome, ground))


def scenario_answer(
    built: Built, scenario: Scenario, lang: Lang, *, check: bool = False, out: Path | None = None, force: bool = False
) -> Answer:
    """The units with another figure, then the drawn areas; with ``out`` every unit as a file as well."""
    t, ground = Translator(lang), Ground(built)
    result = result_of(built, scenario, ground)
    answer = answer_of(result, t)
    if check:
        apart = difference(result.outcome, ground)
        found = {"same": apart.same, "largest_difference": apart.largest, "ranks": apart.ranks}
        said = t("scenario.check.same" if apart.same else "scenario.check.differs", apart=f"{apart.largest:.1e}")
        answer = replace(answer, meta={**answer.meta, "full_rebuild": found}, foot=f"{answer.foot}\n{said}")
    if out is not None:
        from atlas.exports import write

        written = write(result.layer, out, force=force, lang=lang)
        answer = replace(answer, foot=f"{answer.foot}\n{t('scenario.written', path=written[0])}")
    return answer


def answer_of(result: Result, t: Translator) -> Answer:
    """A scenario's changes, the drawn areas and the units that they move, and what stands."""
    outcome, table = result.outcome, result.moves
    touched = table[table["touched"]]
    units = rows_of(touched.drop(columns="touched"))
    told = [_area_row(one, outcome) for one in result.areas]
    told += [{**row, "kind": "unit", "indicators": _indicators(outcome, str(row["code"]))} for row in units]
    rows = [{**dict.fromkeys(KEYS), **row} for row in told]
    lines = [area_words(one, outcome, t) for one in result.areas]
    lines += [*notices(outcome.built, outcome.scenario, t), summary(outcome, t), *_passed(table, t)]
    head = [t("scenario.head", name=outcome.scenario.name), *_changes(outcome, t)]
    shown = [_shown(row, t) for row in rows]
    meta = {**outcome.built.meta, **_meta(outcome)}
    return Answer(rows, meta, head="\n".join(head) + "\n", shown=shown, foot="\n".join(lines))


def _meta(outcome: Outcome) -> dict[str, Any]:
    scenario = outcome.scenario
    other = other_data(scenario, outcome.built)
    return {
        "scenario": scenario.plain(),
        "index": scenario.index,
        "other_data": {"then": other[0], "now": other[1]} if other else None,
        "measured": {code: len(units) for code, units in outcome.measured.items()},
        "reads": {str(number): list(codes) for number, codes in outcome.reads.items()},
        "seconds": round(outcome.seconds, 3),
    }


def _indicators(outcome: Outcome, code: str) -> list[dict[str, Any]]:
    mine = outcome.changed[outcome.changed["code"] == code]
    return [
        {
            "code": one.indicator,
            "before": None if one.before != one.before else round(float(one.before), 6),
            "after": None if one.after != one.after else round(float(one.after), 6),
        }
        for one in mine.itertuples(index=False)
    ]


def _area_row(one: DrawnArea, outcome: Outcome) -> dict[str, Any]:
    """A drawn area beside the units' rows."""
    return {
        "code": one.code, "name": one.name, "parent": one.parent,
        "parent_name": outcome.built.parents["name"].get(one.parent), "score_before": _plain(one.score_before),
        "score_after": _plain(one.score_after), "rank_before": one.rank_before, "rank_after": one.rank_after,
        "coverage_before": _plain(one.coverage), "coverage_after": _plain(one.coverage), "kind": "drawn",
        "area_km2": round(one.area_km2, 6), "share_inside": round(one.share_inside, 6),
        "residents": _plain(one.residents),
        "residents_method": one.residents_method,
        "indicators": [
            {"code": str(row.indicator), "before": _plain(row.before), "after": _plain(row.after)}
            for row in one.figures.itertuples(index=False)
        ],
    }  # fmt: skip


def _plain(value: Any) -> float | None:
    return None if value is None or value != value else round(float(value), 6)


def _changes(outcome: Outcome, t: Translator) -> list[str]:
    built = outcome.built
    return [
        f"{number}. {change_words(built, one, t)}" + ("" if one.do == "area" else f" {reach_words(outcome, number, t)}")
        for number, one in enumerate(outcome.scenario.changes, 1)
    ]


def _passed(table: pd.DataFrame, t: Translator) -> list[str]:
    """Units that moved only since others passed them."""
    passed = int((~table["touched"] & table["move"].fillna(0).ne(0)).sum())
    return [t.n("scenario.passed", passed)] if passed else []


def _shown(row: Mapping[str, Any], t: Translator) -> dict[str, str]:
    def both(name: str, digits: int = 0) -> str:
        return f"{t.number(row[f'{name}_before'], digits)} → {t.number(row[f'{name}_after'], digits)}"

    low, high = row.get("rank_low"), row.get("rank_high")
    drawn = row["kind"] == "drawn"
    return {
        t("scenario.column.code"): str(row["code"]),
        t("scenario.column.name"): str(row["name"]),
        t("scenario.column.parent"): str(row.get("parent_name") or ""),
        t("scenario.column.score"): both("score", 1),
        t("scenario.column.rank"): both("rank"),
        t("scenario.column.interval"): t.span(low, high),
        t("scenario.column.noise"): t("scenario.noise.drawn" if row["rank_after"] else "scenario.noise.drawn_unranked")
        if drawn
        else noise_words(row["noise"], row["p_rises"], row["move"], t),
    }
