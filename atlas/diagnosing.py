"""What a committee asks of a built atlas: what carries each index, what overlaps, and how far the order holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from atlas.answers import Answer
from atlas.built import Built
from atlas.config import Index
from atlas.language import Lang, Translator
from atlas.ranking import index_holding, rows_of
from atlas.scores import doubts_of, judges_of
from atlas.scoring import diagnostics
from atlas.scoring.index import Scored, score_index
from atlas.scoring.sensitivity import OUTPUT, sensitivity
from atlas.scoring.sensitivity import sentence as most_matters

ROW_KEYS = ("index", "what", "item", "of", "value", "low", "high", "warning", "note")
DENSITY_SAYS_IT = 0.7
SHOWN_CLASSES = 4


@dataclass(frozen=True)
class Diagnosis:
    """One index under examination.

    Attributes
    ----------
    indicators
        As :func:`atlas.scoring.diagnostics.diagnose` gives them.
    classes
        Share of the index's variance that each class of venue carries, the largest first.
    alphas
        Cronbach's alpha of each pillar with two indicators or more.
    against
        What moves against its parent: ``node, parent, correlation, units, sure``.
    density
        Spearman's correlation of the index with residents per km².
    components
        Principal components of the indicators, for information.
    gaps
        Number of indicators that are missing → units.
    monte_carlo
        One standard error of the median rank and of the chance of the first ten, by interval.
    sobol
        Sensitivity of the order to the choices of method, where it was asked for.
    """

    index: Index
    scored: Scored
    indicators: pd.DataFrame
    classes: pd.Series
    alphas: pd.Series
    against: pd.DataFrame
    density: float
    components: pd.DataFrame
    gaps: pd.Series
    monte_carlo: pd.DataFrame
    sobol: pd.DataFrame | None = field(default=None)


def diagnose(built: Built, index: Index, *, runs: int = 0) -> Diagnosis:
    """Examine an index; with ``runs`` its order is also made ``runs · 8`` times for Sobol' indices."""
    known = {indicator.code: indicator for indicator in built.atlas.indicator}
    values, coverage = built.inputs(index)
    scored = score_index(values, index, known, coverage=coverage)
    units = built.parents if index.level == "municipality" else built.units
    monte_carlo = built.store.read("monte_carlo")
    sobol = None
    if runs:
        sobol = sensitivity(
            values,
            index,
            known,
            seed=built.store.manifest["seed"],
            ranked=scored.ranked,
            base=runs,
            doubts=doubts_of(built.store_tables, index),
            p_match=built.places["p_match"],
            judges=judges_of(index),
        )
    return Diagnosis(
        index=index,
        scored=scored,
        indicators=diagnostics.diagnose(scored, index),
        classes=diagnostics.carried_by_class(scored, class_shares(built, index)).sort_values(ascending=False),
        alphas=diagnostics.alphas(scored, index),
        against=diagnostics.against_parent(scored, index),
        density=diagnostics.with_density(scored.score, units["residents"], units["area_km2"]),
        components=diagnostics.principal_components(scored.normalised),
        gaps=scored.normalised.isna().sum(axis=1).value_counts().sort_index(),
        monte_carlo=monte_carlo[monte_carlo["index"] == index.id],
        sobol=sobol,
    )


def class_shares(built: Built, index: Index) -> pd.DataFrame:
    """Indicators × classes of venue: the part of an indicator's evidence, over all units, that is of the class."""
    codes = [code for pillar in index.pillar for code in pillar.indicators]
    evidence = built.store.read("evidence")
    evidence = evidence[evidence["indicator"].isin(codes)]
    classes = built.places["class_"].reindex(evidence["place_id"].astype(str)).to_numpy()
    return pd.crosstab(evidence["indicator"].astype(str), classes, normalize="index")


def overlapping(built: Built, diagnoses: list[Diagnosis]) -> pd.DataFrame:
    """Pairs of indicators in different indices that move alike (Spearman beyond 0.7, either sign).

    A municipal figure is read at each of its units.

    The same indicator in two indices is no finding, nor is a pair twice.
    """
    levels = {one.index.level for one in diagnoses}
    axes = {}
    for one in diagnoses:
        figures = one.scored.normalised
        if one.index.level == "municipality" and len(levels) > 1:
            figures = figures.reindex(built.units["parent"]).set_axis(built.units.index)
        axes[one.index.id] = figures
    found = diagnostics.overlaps(axes)
    found = found[found["indicator_a"] != found["indicator_b"]]
    pair = [frozenset(two) for two in zip(found["indicator_a"], found["indicator_b"], strict=True)]
    return found[~pd.Series(pair, index=found.index, dtype=object).duplicated()]


def diagnostics_answer(built: Built, lang: Lang, index_id: str | None, runs: int) -> Answer:
    """All indices, or the one asked for, with what it shares with the others."""
    t = Translator(lang)
    every = [diagnose(built, index) for index in built.atlas.index]
    chosen = [one.index.id for one in every] if index_id is None else [index_holding(built, index_id).id]
    told = [
        diagnose(built, one.index, runs=runs) if runs and one.index.id in chosen else one
        for one in every
        if one.index.id in chosen
    ]
    pairs = overlapping(built, every)
    pairs = pairs[pairs["axis_a"].isin(chosen) | pairs["axis_b"].isin(chosen)]
    rows = [row for one in told for row in _rows(built, one, lang)] + list(_pair_rows(pairs))
    warnings = [line for one in told for line in index_warnings(built, one, t)]
    warnings += [pair_line(built, pair, t) for pair in pairs.to_dict("records")]
    lines = [line for one in told for line in (*index_lines(built, one, t), "")]
    foot = [*lines[:-1], *cut_lines(built, lang, chosen), "", *_told(warnings, t)]
    meta = {**built.meta, "warnings": warnings}
    if runs:
        meta["sensitivity"] = {one.index.id: most_matters(t, one.sobol) for one in told if one.sobol is not None}
    return Answer(
        _plain(rows), meta, shown=[row for one in told for row in _shown(built, one, t)], foot="\n".join(foot)
    )


def _told(warnings: list[str], t: Translator) -> list[str]:
    return [t.n("diag.warnings", len(warnings)), *(f"· {line}" for line in warnings)]


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    held = [{"warning": False, **row} for row in rows]
    table = pd.DataFrame([{key: row.get(key) for key in ROW_KEYS} for row in held], columns=list(ROW_KEYS))
    return rows_of(table.astype(object))


def _rows(built: Built, one: Diagnosis, lang: Lang) -> Iterator[dict[str, Any]]:
    """The findings as long rows: ``index, what, item, of, value, low, high, warning, note``."""
    index = one.index.id
    reasons = {node: text.in_(lang) for pillar in one.index.pillar for node, text in pillar.against.items()}
    for row in one.indicators.to_dict("records"):
        where = {"index": index, "item": row["indicator"], "of": row["pillar"]}
        yield {**where, "what": "weight", "value": row["weight"]}
        yield {**where, "what": "carried", "value": row["carried"], "warning": row["too_much"]}
        reason = reasons.get(row["indicator"])
        yield {**where, "what": "with_pillar", "value": row["with_pillar"], "note": reason,
               "warning": row["against"] and reason is None}  # fmt: skip
        for what in ("with_index", "missing", "at_worst", "at_best"):
            yield {**where, "what": what, "value": row[what]}
    for row in one.against.to_dict("records"):
        reason = reasons.get(row["node"])
        yield {"index": index, "what": "against", "item": row["node"], "of": row["parent"],
               "value": row["correlation"], "warning": reason is None, "note": reason}  # fmt: skip
    for class_, share in one.classes.items():
        yield {"index": index, "what": "carried_by_class", "item": class_, "value": share,
               "warning": share > diagnostics.CARRIES_TOO_MUCH}  # fmt: skip
    for pillar, alpha in one.alphas.items():
        yield {"index": index, "what": "alpha", "item": pillar, "value": alpha}
    yield {"index": index, "what": "with_density", "item": "residents_km2", "value": one.density,
           "warning": abs(one.density) > DENSITY_SAYS_IT}  # fmt: skip
    for count, units in one.gaps.items():
        yield {"index": index, "what": "units_missing", "item": str(count), "value": units}
    for at, row in one.components.iterrows():
        yield {"index": index, "what": "component", "item": str(at + 1), "value": row["share"]}
        for code in one.scored.normalised:
            yield {"index": index, "what": "loading", "item": code, "of": str(at + 1), "value": row[code]}
    for row in one.monte_carlo.to_dict("records"):
        for what in ("rank_median", "p_top10"):
            yield {"index": index, "what": "monte_carlo_error", "item": what, "of": row["interval"], "value": row[what]}
    yield from _sobol_rows(one)
    yield from _cut_rows(built, index)


def _sobol_rows(one: Diagnosis) -> Iterator[dict[str, Any]]:
    for row in [] if one.sobol is None else one.sobol.to_dict("records"):
        for what in ("first", "total"):
            yield {"index": one.index.id, "what": f"sobol_{what}", "item": row["factor"], "of": row["output"],
                   "value": row[what], "low": row[f"{what}_low"], "high": row[f"{what}_high"]}  # fmt: skip


def _cut_rows(built: Built, index_id: str) -> Iterator[dict[str, Any]]:
    if "cuts" not in built.store.tables():
        return
    cuts, units = built.store.read("cuts"), built.store.read("cut_units")
    for row in cuts[cuts["index"] == index_id].to_dict("records"):
        name = row["zoning"] if pd.isna(row["origin"]) else f"{row['zoning']}_{row['origin']}"
        for what in ("spearman", "spearman_residents", "class_changed", "top10_kept", "compared"):
            yield {"index": index_id, "what": f"cut_{what}", "item": name, "value": row[what]}
    for row in units[units["index"] == index_id].to_dict("records"):
        yield {"index": index_id, "what": "cut_holds", "item": row["code"], "of": str(row["zonings"]),
               "value": row["share"], "warning": depends(row["share"])}  # fmt: skip


def depends(share: float) -> bool:
    """Whether a place among the first ten depends on the cut."""
    from atlas.cuts import HOLDS

    return bool(share < HOLDS)


def _pair_rows(pairs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in pairs.to_dict("records"):
        yield {"index": f"{row['axis_a']}|{row['axis_b']}", "what": "overlap", "item": row["indicator_a"],
               "of": row["indicator_b"], "value": row["spearman"], "warning": True}  # fmt: skip


def _shown(built: Built, one: Diagnosis, t: Translator) -> Iterator[dict[str, str]]:
    pillars = {pillar.id: pillar.name.in_(t.lang) for pillar in one.index.pillar}
    for row in one.indicators.to_dict("records"):
        yield {
            t("diag.column.index"): one.index.name.in_(t.lang),
            t("diag.column.pillar"): pillars[row["pillar"]],
            t("diag.column.indicator"): built.atlas.indicator_of(row["indicator"]).name.in_(t.lang),
            t("diag.column.weight"): t.percent(row["weight"], 1),
            t("diag.column.carried"): t.percent(row["carried"], 1),
            t("diag.column.with_pillar"): t.number(row["with_pillar"], 2),
            t("diag.column.with_index"): t.number(row["with_index"], 2),
            t("diag.column.missing"): t.percent(row["missing"]),
        }


def index_lines(built: Built, one: Diagnosis, t: Translator) -> Iterator[str]:
    """An index's own findings as sentences."""
    name = one.index.name.in_(t.lang)
    yield t("diag.density", index=name, value=t.number(one.density, 2))
    if len(one.alphas):
        pillars = {pillar.id: pillar.name.in_(t.lang) for pillar in one.index.pillar}
        yield t("diag.alphas", list="; ".join(f"{pillars[key]} {t.number(a, 2)}" for key, a in one.alphas.items()))
    if len(one.classes):
        names = _class_names(built, t)
        first = one.classes.head(SHOWN_CLASSES).items()
        yield t("diag.classes", list="; ".join(f"{names[str(key)]} {t.percent(share)}" for key, share in first))
    if len(one.components):
        share = t.percent(float(one.components["share"].iloc[0]))
        yield t("diag.component", share=share)
    for row in one.monte_carlo.to_dict("records"):
        interval, draws = t(f"diag.interval.{row['interval']}"), t.number(row["draws"])
        yield t("diag.monte_carlo", interval=interval, draws=draws, rank=t.number(row["rank_median"], 1),
                top=t.percent(row["p_top10"], 1))  # fmt: skip
    if one.sobol is not None:
        yield most_matters(t, one.sobol)
        for row in one.sobol[one.sobol["output"] == OUTPUT].sort_values("total", ascending=False).to_dict("records"):
            yield "  " + t(
                "diag.sobol", factor=t(f"scoring.sensitivity.factor.{row['factor']}"), first=t.number(row["first"], 2),
                total=t.number(row["total"], 2), low=t.number(row["total_low"], 2), high=t.number(row["total_high"], 2),
            )  # fmt: skip


def _class_names(built: Built, t: Translator) -> dict[str, str]:
    return {id_: rule.name.in_(t.lang) for id_, (_, rule) in built.atlas.classes.items()}


def index_warnings(built: Built, one: Diagnosis, t: Translator) -> Iterator[str]:
    """What of an index wants watching, as sentences."""
    index, names = one.index.name.in_(t.lang), _class_names(built, t)
    for row in one.indicators[one.indicators["too_much"]].to_dict("records"):
        yield t("diag.carries", what=built.atlas.indicator_of(row["indicator"]).name.in_(t.lang), index=index,
                share=t.percent(row["carried"]), weight=t.percent(row["weight"]))  # fmt: skip
    for class_, share in one.classes[one.classes > diagnostics.CARRIES_TOO_MUCH].items():
        yield t("diag.class_carries", what=names[str(class_)], index=index, share=t.percent(share))
    for row in one.indicators[one.indicators["against"]].to_dict("records"):
        yield t("diag.against_rest", what=built.atlas.indicator_of(row["indicator"]).name.in_(t.lang), index=index,
                value=t.number(row["with_pillar"], 2), reason=_reason(one, row["indicator"], t))  # fmt: skip
    for row in one.against.to_dict("records"):
        yield t("diag.against", what=_node_name(built, one.index, row["node"], t),
                parent=_node_name(built, one.index, row["parent"], t), value=t.number(row["correlation"], 2),
                reason=_reason(one, row["node"], t))  # fmt: skip
    if abs(one.density) > DENSITY_SAYS_IT:
        yield t("diag.is_density", index=index, value=t.number(one.density, 2))


def _reason(one: Diagnosis, node: str, t: Translator) -> str:
    found = next((pillar.against[node] for pillar in one.index.pillar if node in pillar.against), None)
    return found.in_(t.lang) if found else t("diag.no_reason")


def _node_name(built: Built, index: Index, node: str, t: Translator) -> str:
    if node == index.id:
        return index.name.in_(t.lang)
    pillar = next((one for one in index.pillar if one.id == node), None)
    return pillar.name.in_(t.lang) if pillar else built.atlas.indicator_of(node).name.in_(t.lang)


def pair_line(built: Built, pair: dict[str, Any], t: Translator) -> str:
    """A row of :func:`overlapping` as a sentence."""
    names = {index.id: index.name.in_(t.lang) for index in built.atlas.index}
    return t(
        "diag.overlap",
        a=built.atlas.indicator_of(pair["indicator_a"]).name.in_(t.lang),
        b=built.atlas.indicator_of(pair["indicator_b"]).name.in_(t.lang),
        axis_a=names[pair["axis_a"]],
        axis_b=names[pair["axis_b"]],
        value=t.number(pair["spearman"], 2),
    )


def cut_lines(built: Built, lang: Lang, chosen: list[str] | None = None) -> list[str]:
    """How much of each order other cuts keep, and which of the first ten depend on the cut; empty where not built."""
    t = Translator(lang)
    if "cuts" not in built.store.tables():
        return [t("cli.gone.cuts")] if "cuts" in built.store.gone else []
    cuts, units = built.store.read("cuts"), built.store.read("cut_units")
    lines = []
    for index in built.atlas.index:
        own = cuts[cuts["index"] == index.id]
        if own.empty or (chosen is not None and index.id not in chosen):
            continue
        low, high = (t.number(float(f(own["spearman"])), 2) for f in (np.min, np.max))
        least, most = (t.percent(float(f(own["class_changed"]))) for f in (np.min, np.max))
        lines.append(
            t("diag.cuts", index=index.name.in_(lang), count=len(own), low=low, high=high, least=least, most=most)
        )
        weak = units[(units["index"] == index.id) & units["share"].map(depends)]
        if len(weak):
            listed = ", ".join(
                f"{built.units.loc[row['code'], 'name']} ({row['held']}/{row['zonings']})"
                for row in weak.to_dict("records")
            )
            lines.append("  " + t.n("diag.cut_dependent", len(weak), list=listed))
    return lines
