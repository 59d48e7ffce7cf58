"""Why a unit has its value: contributions, counterfactual, sentence, and the places behind each figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from atlas.built import Built, unit_code
from atlas.config import Index
from atlas.language import Lang, Translator
from atlas.ranking import checked_weights, index_holding, rank_table, rows_of
from atlas.scoring.counterfactual import counterfactual
from atlas.scoring.explain import contributions, reference_unit, sentence
from atlas.scoring.index import Scored, flatten
from atlas.scoring.uncertainty import technical_tie
from atlas.source_words import sources_in
from atlas.venues import venues_enough, venues_sentence

_REACHING = frozenset({"on_foot", "near", "reach", "departures"})
_ENDS = ["rank_low", "rank_high"]


def explain(
    built: Built,
    code: str,
    index_id: str = "potential",
    *,
    weights: Mapping[str, float] | None = None,
    lang: Lang = "pt",
    full: bool = True,
) -> dict[str, Any]:
    """One unit taken apart: ``code, name, index, score, reference, contributions, counterfactual, evidence, sentence``.

    ``walking`` says on what reach was measured, and how completely footways are mapped there; None where the index has
    nothing of the kind.

    The contributions sum to the score. Where the index stands at the parent (decline of municipalities), a
    neighbourhood's parent is explained, and ``level`` says so. ``full=False`` leaves out ``reference``, ``walking``
    and ``evidence``, which no weight changes.
    """
    index = index_holding(built, index_id)
    code = _unit_of(built, unit_code(built, code), index)
    known = {indicator.code: indicator for indicator in built.atlas.indicator}
    values, coverage = built.inputs(index)
    pillars = None if weights is None else checked_weights(index, weights)
    scored = built.scored(index, pillars)
    units = built.parents if index.level == "municipality" else built.units
    change = counterfactual(values, index, known, code, coverage=coverage, weights=pillars, scored=scored)
    t = Translator(lang)
    robust = None if weights else _robust(built, index.id, code)
    beside = [] if weights else beside_of(built, index.id, code)
    return {
        "code": code,
        "name": units.loc[code, "name"],
        "index": index.id,
        "level": index.level,
        "score": _number(scored.score[code], 12),
        "reference": _reference(built, index, scored) if full else None,
        "contributions": _contributions(built, index, scored, code, lang),
        "counterfactual": None
        if change is None
        else {
            "indicator": change.indicator,
            "before": _number(change.before),
            "after": _number(change.after),
            "rank_before": change.rank_before,
            "rank_after": change.rank_after,
            "goal": change.goal,
            "class_before": change.class_before,
            "class_after": change.class_after,
        },
        "beside": beside,
        "evidence": evidence_of(built, code, index.id, lang) if full else [],
        "walking": _walking(built, index, lang) if full else None,
        "sentence": sentence(
            t,
            scored,
            index,
            known,
            code,
            name=str(units.loc[code, "name"]),
            robust=robust,
            change=change,
            ties=[(one["name"], one["p_above"]) for one in beside if one["tie"]],
        ),
    }


def with_venues(built: Built, found: dict[str, Any], lang: Lang, weights: Mapping[str, float] | None = None) -> str:
    """Add ``venues`` to an explanation, up to three ways in which so many more venues are enough; their sentence.

    Each is ``class, name, count, goal, rank_after, class_before, class_after``, measured and scored again with the
    venues in their place, which takes seconds.
    """
    index = built.atlas.index_of(found["index"])
    enough = venues_enough(built, index, found["code"], None if weights is None else checked_weights(index, weights))
    found["venues"] = [
        {"class": one.class_, "name": built.atlas.classes[one.class_][1].name.in_(lang), "count": one.count,
         "goal": one.goal, "rank_after": one.rank_after, "class_before": one.class_before,
         "class_after": one.class_after}
        for one in enough
    ]  # fmt: skip
    said = venues_sentence(Translator(lang), built, enough)
    found["sentence"] = " ".join(part for part in (found["sentence"], said) if part)
    return said


def _walking(built: Built, index: Index, lang: Lang) -> dict[str, Any] | None:
    codes = {code for pillar in index.pillar for code in pillar.indicators}
    if not _REACHING & {one.measure for one in built.atlas.indicator if one.code in codes}:
        return None
    network = built.atlas.walking.network
    note = built.atlas.source_of(network).note if network else None
    return {"how": built.store.manifest["walking"], "note": note.in_(lang) if note else None}


def _unit_of(built: Built, code: str, index: Index) -> str:
    """The unit that the index scores: the parish, or the municipality that it lies in; a parent has no parish score."""
    if index.level == "municipality":
        return code if code in built.parents.index else str(built.units.loc[code, "parent"])
    if code not in built.units.index:
        from atlas.errors import UnknownName

        unit = built.atlas.neighbourhoods
        raise UnknownName(
            f"«{code}» é {unit.parent_unit.pt}; o índice «{index.id}» é por {unit.unit.pt}. Indique uma.",
            f"“{code}” is a {unit.parent_unit.en}; the index “{index.id}” is by {unit.unit.en}. Name one.",
        )
    return code


def _robust(built: Built, index_id: str, code: str) -> pd.Series | None:
    scores = built.store.read("scores")
    if "rank_low" not in scores:
        return None
    mine = built.once(("robust", index_id), lambda: scores[scores["index"] == index_id].set_index("code")[_ENDS])
    return mine.loc[code]


def beside_of(built: Built, index_id: str, code: str) -> list[dict[str, Any]]:
    """The units just above and just below in the order: ``code, name, rank, p_above, tie``.

    ``p_above`` is the chance that ``code`` stands above them; between 5 and 95 % it is a technical tie.
    """
    order = built.once(("order", index_id), lambda: _order(built, index_id))
    if code not in order.index:
        return []
    at = int(order.index.get_loc(code))
    found = []
    for place, p in ((at - 1, 1 - order["p_above_next"].iloc[at - 1]), (at + 1, order["p_above_next"].iloc[at])):
        if 0 <= place < len(order):
            row = order.iloc[place]
            found.append({"code": order.index[place], "name": row["name"], "rank": int(row["rank"]),
                          "p_above": _number(p), "tie": technical_tie(float(p))})  # fmt: skip
    return found


def _order(built: Built, index_id: str) -> pd.DataFrame:
    """The ranked units in their order, by code, where chances of standing above the next were drawn."""
    table = rank_table(built, index_id)
    return table[table["rank"].notna() & table["p_above_next"].notna().any()].set_index("code")


def _reference(built: Built, index: Index, scored: Scored) -> dict[str, Any]:
    """The unit that stands for the median resident, and the score it would have."""
    units = built.parents if index.level == "municipality" else built.units
    median = built.once(("reference", index.id), lambda: reference_unit(scored.normalised, units["residents"]))
    weights = scored.effective_weights.reindex(median.index)
    there = median.notna()
    score = float((weights[there] * median[there]).sum() / weights[there].sum()) if there.any() else None
    return {"what": "population-weighted median of each indicator", "score": _number(score)}


def _contributions(built: Built, index: Index, scored: Scored, code: str, lang: Lang) -> list[dict[str, Any]]:
    figures = built.once(("figures", index.level), lambda: built.figures(index.level))
    raw = dict(zip(figures.columns, figures.loc[code], strict=True)) if code in figures.index else {}
    pillar_of = {one: pillar.id for pillar in index.pillar for one in pillar.indicators}
    rows = []
    parts = contributions(scored, index, code)
    for one, scaled, weight, part in zip(*(parts[name].tolist() for name in parts.columns), strict=True):
        indicator = built.atlas.indicator_of(one)
        rows.append({
            "code": one,
            "name": indicator.name.in_(lang),
            "pillar": pillar_of[one],
            "value": _number(raw.get(one)),
            "unit": indicator.unit.in_(lang),
            "normalised": _number(scaled),
            "weight": _number(weight, 9),
            "contribution": _number(part, 12),
        })  # fmt: skip
    return rows


def evidence_of(built: Built, code: str, index_id: str, lang: Lang = "pt") -> list[dict[str, Any]]:
    """The places behind a unit's figures in one index, which no weight changes."""
    index = index_holding(built, index_id)
    code = _unit_of(built, unit_code(built, code), index)
    return evidence(built, code, [one for pillar in index.pillar for one in pillar.indicators], lang)


def evidence(built: Built, code: str, indicators: list[str], lang: Lang = "pt") -> list[dict[str, Any]]:
    """The places behind a unit's figures: one row an indicator and place, with source, date, licence and match."""
    own = built.evidence.get(code)
    if own is None:
        return []
    sources = {source["id"]: source for source in sources_in(built.atlas, built.store.manifest["sources"], lang)}
    known = built.once(("places behind",), lambda: _told_of(built))
    order = {one: position for position, one in enumerate(indicators)}
    rows = []
    for indicator, place in zip(own["indicator"].tolist(), own["place_id"].tolist(), strict=True):
        if indicator in order:
            name, class_, text, p_match, marks, lon, lat = known[str(place)]
            rows.append({
                "indicator": str(indicator),
                "place": str(place),
                "name": name,
                "class": class_,
                "source": text,
                "date": sources[text.partition("|")[0]]["date"],
                "licence": _licences(text, sources),
                "p_match": p_match,
                "marks": marks,
                "lon": lon,
                "lat": lat,
            })  # fmt: skip
    return sorted(rows, key=lambda row: (order[row["indicator"]], row["name"] is None, row["name"] or "", row["place"]))


def _told_of(built: Built) -> dict[str, tuple[Any, ...]]:
    """Place → its name, class, sources, probability of the match, marks, longitude and latitude."""
    table = built.places
    words = ([_text(one) for one in table[name].tolist()] for name in ("name", "class_", "sources"))
    figures = ([_number(one) for one in table[name].tolist()] for name in ("p_match", "lon", "lat"))
    (names, classes, sources), (matches, lons, lats) = words, figures
    marks = [_text(one) for one in table["marks"].tolist()]
    rows = zip(names, classes, sources, matches, marks, lons, lats, strict=True)
    return dict(zip(table.index.astype(str), rows, strict=True))


def stages_of(built: Built, code: str, index_id: str = "potential", lang: Lang = "pt") -> list[dict[str, Any]]:
    """One unit's way from figures to score: ``node, name, weight, raw, treated, normalised, aggregated``.

    Indicators in the order of the tree, then pillars, then the index; ``weight`` is the effective one in the whole.
    """
    index = index_holding(built, index_id)
    code = _unit_of(built, unit_code(built, code), index)
    table = built.store.read("stages")
    table = table[(table["index"] == index.id) & (table["code"] == code)]
    wide = table.pivot_table(index="node", columns="stage", values="value", sort=False, dropna=False)
    wide = wide.reindex(columns=["raw", "treated", "normalised", "aggregated"]).reindex(table["node"].unique())
    branches = flatten(index)
    weights = {**branches.effective, **dict(zip(branches.pillars, branches.outer, strict=True)), index.id: 1.0}
    names = {one.code: one.name for one in built.atlas.indicator} | {one.id: one.name for one in index.pillar}
    names[index.id] = index.name
    return [
        {"node": node, "name": names[node].in_(lang), "weight": _number(weights[node], 9),
         **{stage: _number(value) for stage, value in row.items()}}
        for node, row in wide.iterrows()
    ]  # fmt: skip


def _licences(text: str, sources: Mapping[str, Mapping[str, Any]]) -> str:
    return "; ".join(dict.fromkeys(str(sources[one]["licence"]) for one in text.split("|")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any, digits: int = 6) -> float | None:
    if value is None or value != value:
        return None
    return round(float(value), digits)


def rank_row(built: Built, code: str, index_id: str = "potential") -> dict[str, Any]:
    """The row of :func:`atlas.ranking.rank_table` of one unit."""
    table = rank_table(built, index_id)
    return rows_of(table[table["code"] == code])[0]
