"""What ``atlas scenario`` says: the units that a scenario moves, why, and how much of it is noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from atlas.answers import Answer
from atlas.built import Built
from atlas.language import Lang, Translator
from atlas.ranking import rows_of
from atlas.scenarios.applying import Ground, Outcome, apply
from atlas.scenarios.drawn import Drawn, drawn_areas
from atlas.scenarios.files import other_data
from atlas.scenarios.model import Scenario
from atlas.scenarios.moves import moves
from atlas.scenarios.rebuilding import difference
from atlas.scenarios.telling import change_words, noise_words, notices, reach_words, summary


def scenario_answer(
    built: Built, scenario: Scenario, lang: Lang, *, check: bool = False, out: Path | None = None, force: bool = False
) -> Answer:
    """The units with another figure, then the drawn areas; with ``out`` every unit as a file as well."""
    t, ground = Translator(lang), Ground(built)
    outcome = apply(built, scenario, ground=ground)
    table, areas = moves(outcome), drawn_areas(outcome, ground)
    touched = table[table["touched"]]
    rows = [{**row, "kind": "unit"} for row in rows_of(touched.drop(columns="touched"))]
    for row in rows:
        row["indicators"] = _indicators(outcome, str(row["code"]))
    rows += [_area_row(one, list(rows[0]) if rows else None) for one in areas]
    lines = [*notices(built, scenario, t), summary(outcome, t), *_passed(table, t)]
    meta = {**built.meta, **_meta(outcome)}
    if check:
        apart = difference(outcome, ground)
        meta["full_rebuild"] = {"same": apart.same, "largest_difference": apart.largest, "ranks": apart.ranks}
        lines.append(t("scenario.check.same" if apart.same else "scenario.check.differs", apart=f"{apart.largest:.1e}"))
    if out is not None:
        from atlas.exports import write
        from atlas.exports.scenario import scenario_layer

        written = write(scenario_layer(outcome, table, areas), out, force=force, lang=lang)
        lines.append(t("scenario.written", path=written[0]))
    head = [t("scenario.head", name=scenario.name), *_changes(outcome, t)]
    shown = [_shown(row, t) for row in rows]
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


def _area_row(one: Drawn, keys: list[str] | None) -> dict[str, Any]:
    """A drawn area with the keys of the units' rows."""
    told: dict[str, Any] = {
        "code": one.code, "name": one.name, "parent": one.parent, "score_before": _plain(one.score_before),
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
    return {**dict.fromkeys(keys or ()), **told}


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
        t("scenario.column.interval"): f"{t.number(low)}–{t.number(high)}" if low is not None else "—",
        t("scenario.column.noise"): t("scenario.noise.drawn")
        if drawn
        else noise_words(row["noise"], row["p_rises"], row["move"], t),
    }
