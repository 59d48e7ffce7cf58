"""What the commands on the strategy's results say: scorecard, peers, outside check, reusable space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atlas.answers import Answer
from atlas.built import Built, units_within
from atlas.commands.strategy_answers import null_missing, whereabouts
from atlas.language import Lang, Translator
from atlas.strategy.discrimination import CONFIDENCE
from atlas.strategy.links import KINDS, observed_kinds
from atlas.strategy.peers import peer_rows, peers
from atlas.strategy.reusable import best_for, reusable_spaces, space_rows
from atlas.strategy.scorecard import scorecard
from atlas.strategy.validate import validate


def validate_answer(built: Built, lang: Lang, path: Path) -> Answer:
    """AUC of the potential, of density alone, and their difference, with a sentence."""
    t = Translator(lang)
    found = validate(built, path)
    shown = [
        {
            t("strategy.column.measure"): t(f"strategy.validate.{row['measure']}"),
            "AUC": t.number(row["auc"], 3),
            t("strategy.column.interval"): f"{t.number(row['low'], 3)} – {t.number(row['high'], 3)}",
        }
        for row in found.rows
    ]
    used = int(found.places["used"].sum())
    lines = [
        t("strategy.validate.beats" if found.beats_density else "strategy.validate.does_not_beat"),
        t("strategy.validate.used", used=used, all=len(found.places)),
    ]
    meta = {**built.meta, "index": built.atlas.opportunity.potential, "confidence": CONFIDENCE}
    meta |= {"beats_density": found.beats_density, "places": len(found.places), "used": used}
    return Answer(found.rows, meta, shown=shown, foot="\n".join(lines))


def scorecard_answer(built: Built, lang: Lang, within: str | None) -> Answer:
    """The eight results, figure by figure."""
    t = Translator(lang)
    rows = scorecard(built, within, lang)
    shown = []
    before = ""
    for row in rows:
        figure = row.pop("figure")
        digits = figure.decimals
        span = f"{t.number(row['low'], digits)} – {t.number(row['high'], digits)}" if row["low"] is not None else "—"
        shown.append(
            {
                t("strategy.column.result"): row["result_name"] if row["result_name"] != before else "",
                t("strategy.column.figure"): row["name"],
                t("strategy.column.value"): t.number(row["value"], digits),
                t("strategy.column.unit"): t.unit(row["value"], figure, digits) if row["value"] is not None else "",
                t("strategy.column.interval90"): span,
                t("strategy.column.level"): t(f"strategy.level.{row['level']}"),
                t("strategy.column.peers"): peers_words(row["peers"], digits, t),
                t("strategy.column.missing"): row["missing"] or "",
            }
        )
        before = row["result_name"]
    return Answer(rows, built.meta, shown=shown, foot=t("strategy.scorecard.how"))


def peers_words(found: dict[str, Any] | None, digits: int, t: Translator) -> str:
    """The place among the peers in words."""
    if found is None:
        return ""
    return t(
        "strategy.peers.place",
        rank=t.number(found["rank"]),
        of=t.number(found["of"]),
        median=t.number(found["median"], digits),
    )


def peers_answer(built: Built, lang: Lang, code: str) -> Answer:
    """The most alike units elsewhere."""
    t = Translator(lang)
    rows = peer_rows(peers(built, code))
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in built.atlas.classes.items()}
    shown = [
        {
            t("strategy.column.code"): row["code"],
            t("strategy.column.name"): row["name"],
            t("strategy.column.parent"): row["parent"],
            t("strategy.column.distance"): t.number(row["distance"], 1),
            t("strategy.column.has"): ", ".join(names.get(one, one) for one in row["has"]) or "—",
        }
        for row in rows
    ]
    foot = t("strategy.peers.how") if rows else t("strategy.peers.none")
    return Answer(rows, built.meta, shown=shown, foot=foot)


def reusable_answer(built: Built, lang: Lang, within: str | None, kind: str | None) -> Answer:
    """All reusable spaces, or the five that suit a kind of actor best, with reasons."""
    t = Translator(lang)
    spaces = reusable_spaces(built, units=units_within(built, within))
    if kind == "all":
        return _best_for_all(built, spaces, t)
    chosen = best_for(built, kind, spaces) if kind else spaces
    rows = space_rows(chosen, kind, lang)
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in built.atlas.classes.items()}
    shown = [
        {
            t("strategy.column.name"): row["name"] or "—",
            t("strategy.column.class"): names.get(row["class"], row["class"]),
            **whereabouts(built, lang, [unit]),
            t("strategy.column.size"): t.number(row["size_m2"]),
            t("strategy.column.quarter"): row["agglomeration"] or "—",
            "m": t.number(row["agglomeration_m"]),
            t("strategy.column.zones"): zones_words(row["zones"], t),
            "lon": t.number(row["lon"], 5),
            "lat": t.number(row["lat"], 5),
            **({t("strategy.column.reason"): " ".join(row["reasons"])} if kind else {}),
        }
        for row, unit in zip(rows, chosen["neighbourhood"], strict=True)
    ]
    notes = [t("strategy.reusable.how")] if rows else [t("strategy.none"), t("strategy.reusable.load")]
    if kind and kind not in observed_kinds(built.atlas):
        notes.append(t("strategy.reusable.unobserved", kind=t(f"strategy.kind.{kind}").lower()))
    return Answer(rows, {**built.meta, "for": kind}, shown=shown, foot="\n".join(notes))


def _best_for_all(built: Built, spaces: Any, t: Translator) -> Answer:
    """The five best spaces for each of the nine kinds, with reasons."""
    observed = observed_kinds(built.atlas)
    rows, shown = [], []
    for kind in KINDS:
        own = space_rows(best_for(built, kind, spaces), kind, t.lang)
        rows += [{"for": kind, **row} for row in own]
        word = t(f"strategy.kind.{kind}")
        shown += [
            {
                t("strategy.column.for"): word if at == 0 else "",
                t("strategy.column.name"): row["name"] or f"{row['lon']:.5f} {row['lat']:.5f}",
                t("strategy.column.zones"): zones_words(row["zones"], t),
                t("strategy.column.reason"): " ".join(row["reasons"]),
            }
            for at, row in enumerate(own)
        ]
    unknown = [t(f"strategy.kind.{kind}").lower() for kind in KINDS if kind not in observed]
    notes = [t("strategy.reusable.how")] if rows else [t("strategy.none"), t("strategy.reusable.load")]
    notes += [t("strategy.reusable.unobserved", kind=", ".join(unknown))] if rows and unknown else []
    return Answer(rows, {**built.meta, "for": "all"}, shown=shown, foot="\n".join(notes))


def zones_words(zones: list[str], t: Translator) -> str:
    """Kinds of protection zone that may touch a space, in words."""
    return ", ".join(t(f"legal.zone_kind.{one}") for one in zones) or "—"


def null_answer(built: Built, lang: Lang) -> Answer:
    """Every count beside what atlases with their venues dealt out anew have, as the build stored it."""
    t = Translator(lang)
    if "null_atlas" not in built.store.tables():
        return Answer([], built.meta, foot=null_missing(built, t))
    table = built.store.read("null_atlas")
    rows = [
        {key: (round(value, 6) if isinstance(value, float) else value) for key, value in row.items()}
        for row in table.to_dict("records")
    ]
    shown = [
        {
            t("strategy.column.count"): t(f"strategy.count.{row['count']}"),
            t("strategy.column.here"): t.number(row["observed"]),
            t("strategy.column.chance_mean"): t.number(row["mean"], 1),
            "5–95 %": f"{t.number(row['low'], 1)} – {t.number(row['high'], 1)}",
            "p": t.number(row["p"], 4),
        }
        for row in rows
    ]
    return Answer(rows, built.meta, shown=shown, foot=t("strategy.null.how", draws=table["draws"].iloc[0]))
