"""What the commands say: rows with the published keys, and tables and sentences for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from atlas.answers import Answer
from atlas.atlasfile import EMBEDDED, find_atlas
from atlas.built import Built, units_within
from atlas.language import Lang, Translator
from atlas.strategy.hotspots import Null, hotspots, spot_rows
from atlas.strategy.links import KINDS, links, observed_kinds
from atlas.strategy.network import network, reason_in
from atlas.strategy.opportunities import opportunities, opportunity_rows
from atlas.strategy.permutation import PERMUTATIONS
from atlas.strategy.rides import PER_HOUR, RIDE_MIN, STOP_M
from atlas.strategy.walks import WALK_M, how

CELLS = tuple(potential + decline for potential in "HML" for decline in "HML")
SURE = 0.01
SHOWN_CLASSES = 4
SHOWN_UNITS = 3
SHOWN_MISSING = 10


def agglomerations_answer(built: Built, lang: Lang, within: str | None) -> Answer:
    """The agglomerations, or those that touch the area asked for."""
    t = Translator(lang)
    table = built.store.read("agglomerations")
    if within is not None:
        units = set(units_within(built, within))
        table = table[[not units.isdisjoint(codes.split("|")) for codes in table["neighbourhoods"]]]
    rows = agglomeration_rows(table)
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in built.atlas.classes.items()}
    shown = [
        {
            t("strategy.column.name"): row["name"],
            **whereabouts(built, lang, codes.split("|")),
            t("strategy.column.places"): t.number(row["places"]),
            t("strategy.column.mix"): _mix(row["classes"], names, t),
        }
        for row, codes in zip(rows, table["neighbourhoods"], strict=True)
    ]
    foot = t("strategy.agglomerations.how", how=walked(built, t)) if rows else t("strategy.none")
    chance = beside_chance(built, t, "agglomerations", "venues_in_agglomerations")
    meta = {**built.meta, "walk_m": WALK_M, "distance": how(built.atlas)}
    return Answer(rows, meta, shown=shown, foot=foot, chance=chance)


def whereabouts(built: Built, lang: Lang, codes: Sequence[str]) -> dict[str, str]:
    """What a planner calls a place: the names of its neighbourhoods and of what they are in, under their own words."""
    units, words = built.units.loc[list(codes)], built.atlas.neighbourhoods
    names = [str(one) for one in units["name"]]
    more = len(names) - SHOWN_UNITS
    parents = dict.fromkeys(str(one) for one in units["parent_name"])
    return {
        words.unit.in_(lang): ", ".join(names[:SHOWN_UNITS]) + (f" +{more}" if more > 0 else ""),
        words.parent_unit.in_(lang): ", ".join(parents),
    }


def hotspots_answer(built: Built, lang: Lang, within: str | None, null: Null) -> Answer:
    """The hot and cold units, the surest first; none is an answer too."""
    t = Translator(lang)
    places, units = built.store.read("places"), built.store.read("neighbourhoods")
    table = hotspots(places, built.atlas, units, null=null)
    chosen = table[table["code"].isin(units_within(built, within))]
    rows = spot_rows(chosen, built.units)
    shown = [
        {
            t("strategy.column.code"): row["code"],
            t("strategy.column.name"): row["name"],
            t("strategy.column.parent"): row["parent"],
            t("strategy.column.spot"): t(f"strategy.spot.{row['part'] or row['spot']}"),
            t("strategy.column.venues"): t.number(row["venues"]),
            "p": t.number(row["p"], 5),
            "q": t.number(row["q"], 4),
        }
        for row in rows
    ]
    floor = 2 / (PERMUTATIONS + 1)
    foot = "\n".join(
        [
            *([] if rows else [t("strategy.none")]),
            t(f"strategy.null.{null}"),
            t(
                "strategy.hotspots.how",
                permutations=t.number(PERMUTATIONS),
                floor=t.number(floor, 5),
                share=t.percent(0.05),
            ),
        ]
    )
    meta = {**built.meta, "null": null, "permutations": PERMUTATIONS, "p_floor": floor, "false_discovery_rate": 0.05}
    return Answer(rows, meta, shown=shown, foot=foot, chance=beside_chance(built, t, f"hot_spots_{null}"))


def network_answer(built: Built, lang: Lang, within: str | None) -> Answer:
    """The edges with their reasons; components, brokers and missing links in the meta and above the table."""
    t = Translator(lang)
    units = None if within is None else units_within(built, within)
    rides = built.store.read("rides")
    found = network(built.store.read("places"), built.atlas, units=units, streets=built.streets, rides=rides, lang=lang)
    rows = [
        {
            **{key: edge[key] for key in ("from", "to", "from_name", "to_name", "minutes")},
            "reason": reason_in(edge["reason"], edge, lang),
            "by": edge["by"],
        }
        for edge in found.edges.to_dict("records")
    ]
    names = built.parents["name"]
    missing = [
        {
            **{key: one[key] for key in ("parent", "from", "to", "from_name", "to_name", "minutes")},
            "parent_name": names[one["parent"]],
            "joins": [int(one["joins_a"]), int(one["joins_b"])],
            "reason": reason_in(one["reason"], one, lang),
        }
        for one in found.missing.to_dict("records")
    ]
    groups = [part["place_id"].tolist() for _, part in found.facilities.groupby("component")]
    components = sorted((one for one in groups if len(one) > 1), key=len, reverse=True)
    meta = {
        **built.meta,
        "distance": how(built.atlas),
        "facilities": len(found.facilities),
        "alone": sum(len(one) == 1 for one in groups),
        "components": [{"places": len(one), "members": one} for one in components],
        "brokers": [
            {"place": one.place, "name": one.name, "cuts": int(one.cuts)}
            for one in found.brokers.itertuples(index=False)
        ],
        "missing_links": missing,
    }
    shown = [
        {
            t("strategy.column.from"): row["from_name"],
            t("strategy.column.to"): row["to_name"],
            "min": t.number(row["minutes"]),
            t("strategy.column.by"): t(f"strategy.by.{row['by']}"),
            t("strategy.column.reason"): row["reason"],
        }
        for row in rows
    ]
    meta["timetables"] = [source.id for source in built.atlas.source if source.kind == "gtfs"]
    foot = "\n".join([network_foot(meta, t), _rides_said(rows, meta, t)])
    return Answer(rows, meta, shown=shown, foot=foot, chance=beside_chance(built, t, "network_edges"))


def _rides_said(rows: list[dict[str, Any]], meta: dict[str, Any], t: Translator) -> str:
    """How many links are rides and by what rule; or that there are no timetables."""
    if not meta["timetables"]:
        return t("strategy.network.no_rides")
    count = sum(row["by"] == "ride" for row in rows)
    rule = {"ride": t.number(RIDE_MIN), "walk": t.number(STOP_M), "often": t.number(PER_HOUR)}
    return t("strategy.network.rides", count=count, **rule)


def network_foot(meta: dict[str, Any], t: Translator) -> str:
    """Components, brokers and missing links in words."""
    if not meta["components"]:
        return t("strategy.network.no_components", facilities=meta["facilities"])
    lines = [
        t(
            "strategy.network.components",
            facilities=meta["facilities"],
            components=len(meta["components"]),
            sizes=", ".join(t.number(one["places"]) for one in meta["components"][:SHOWN_CLASSES]),
            alone=meta["alone"],
        )
    ]
    if meta["brokers"]:
        first = ", ".join(
            t("strategy.network.broker", name=one["name"], cuts=t.number(one["cuts"]))
            for one in meta["brokers"][:SHOWN_CLASSES]
        )
        lines.append(t("strategy.network.brokers", brokers=first))
    for one in meta["missing_links"][:SHOWN_MISSING]:
        a, b = one["joins"]
        where = {"parent": one["parent_name"], "a": a, "b": t.number(b)}
        lines.append(t("strategy.network.missing", reason=one["reason"], **where))
    return "\n".join(lines)


def links_table(built: Built, within: str | None) -> pd.DataFrame:
    """The pairs of observed kinds, as the build keeps them for the region, or measured inside an area."""
    if within is None:
        return built.store.read("links")
    return links(built.store.read("places"), built.atlas, units=units_within(built, within), streets=built.streets)


def links_matrix(built: Built, lang: Lang, within: str | None) -> Answer:
    """Kinds × kinds: the share of the row's places near one of the column's, and in brackets what chance would give.

    A star marks what chance does not explain (q < 0.05).
    """
    t = Translator(lang)
    table = links_table(built, within)
    cell = {
        (row.a, row.b): f"{t.percent(row.observed)} ({t.percent(row.expected)})" + "*" * (row.relation != "chance")
        for row in table.itertuples(index=False)
        if pd.notna(row.observed)
    }
    kinds = [kind for kind in KINDS if any(kind in pair for pair in cell)]
    shown = [
        {t("strategy.column.a"): t(f"strategy.kind.{a}")}
        | {t(f"strategy.kind.{b}"): cell.get((a, b), "–") for b in kinds}
        for a in kinds
    ]
    return Answer([], built.meta, shown=shown)


def links_answer(built: Built, lang: Lang, within: str | None) -> Answer:
    """The matrix of pairs of observed kinds, with a sentence for each and one for the whole."""
    t = Translator(lang)
    table = links_table(built, within)
    rows = [
        {
            "a": row.a,
            "b": row.b,
            "observed": number_or_none(row.observed),
            "expected": number_or_none(row.expected),
            "p": number_or_none(row.p),
            "q": number_or_none(row.q),
            "note": link_note(row, t),
        }
        for row in table.itertuples(index=False)
    ]
    shown = [
        {
            t("strategy.column.a"): t(f"strategy.kind.{row['a']}"),
            t("strategy.column.b"): t(f"strategy.kind.{row['b']}"),
            t("strategy.column.observed"): t.percent(row["observed"]),
            t("strategy.column.expected"): t.percent(row["expected"]),
            "q": t.number(row["q"], 4),
            t("strategy.column.note"): t(f"strategy.relation.{relation}"),
        }
        for row, relation in zip(rows, table["relation"], strict=True)
    ]
    kinds = observed_kinds(built.atlas)
    sentence = links_sentence(table, kinds, t)
    missing = [kind for kind in KINDS if kind not in kinds]
    meta = {**built.meta, "kinds_observed": list(kinds), "kinds_without_source": missing, "sentence": sentence}
    meta |= {"walk_m": WALK_M, "distance": how(built.atlas)}
    foot, chance = t("strategy.links.how", how=walked(built, t)), beside_chance(built, t, "links_near", "links_apart")
    return Answer(rows, meta, head=sentence + "\n", shown=shown, foot=foot, chance=chance)


def walked(built: Built, t: Translator) -> str:
    """How distances on foot were measured, in words."""
    walking = built.atlas.walking
    if walking.network is None:
        return t("strategy.walk.straight", detour=t.number(built.atlas.atlas.detour, 1))
    return t("strategy.walk.slope" if walking.relief else "strategy.walk.streets")


def link_note(row: Any, t: Translator) -> str:
    """One pair in a sentence."""
    kinds = {"a": t(f"strategy.kind.{row.a}"), "b": t(f"strategy.kind.{row.b}").lower()}
    if row.relation == "absent":
        return t("strategy.link.absent", **kinds)
    figures = {"observed": t.percent(row.observed), "expected": t.percent(row.expected)}
    return f"{t('strategy.link', **kinds, **figures)} {t(f'strategy.relation.{row.relation}')}"


def links_sentence(table: pd.DataFrame, kinds: tuple[str, ...], t: Translator) -> str:
    """How many kinds are observed, and the pairs that stand out most above and below chance."""
    parts = [t("strategy.links.observed", count=len(kinds), all=t.number(len(KINDS)))]
    sure = table[table["relation"].isin(["near", "apart"])]
    sure = sure.assign(gap=sure["observed"] - sure["expected"])
    if len(sure) and sure["gap"].max() > 0:
        strongest = next(sure.loc[[sure["gap"].idxmax()]].itertuples(index=False))
        parts.append(t("strategy.links.strongest", note=link_note(strongest, t)))
    if len(sure) and sure["gap"].min() < 0:
        weakest = next(sure.loc[[sure["gap"].idxmin()]].itertuples(index=False))
        parts.append(t("strategy.links.weakest", note=link_note(weakest, t)))
    if not len(sure):
        parts.append(t("strategy.links.chance"))
    return " ".join(parts)


def opportunities_answer(built: Built, lang: Lang, within: str | None) -> Answer:
    """The candidates, the most probable first."""
    t = Translator(lang)
    table = opportunities(built)
    table = table[table["code"].isin(units_within(built, within))]
    rows = opportunity_rows(table)
    shown = [
        {
            t("strategy.column.code"): row["code"],
            t("strategy.column.name"): row["name"],
            t("strategy.column.parent"): parent,
            t("strategy.column.potential"): t.number(row["potential"], 1),
            t("strategy.column.decline"): t.number(row["decline"], 1),
            t("strategy.column.chance"): t.percent(row["p_opportunity"]),
            t("strategy.column.heritage"): t.number(row["heritage"]),
            t("strategy.column.stock"): t.number(row["stock"]),
            t("strategy.column.evidence"): t(
                "strategy.opportunities.evidence",
                places=row["evidence"]["places"],
                sources=len(row["evidence"]["sources"]),
            ),
            t("strategy.column.against"): "; ".join(t(f"strategy.against.{one}") for one in row["against"]) or "—",
        }
        for row, parent in zip(rows, table["parent"], strict=True)
    ]
    read = built.store.read("opportunities")
    read = read[read["code"].isin(units_within(built, within))]
    lines = [t("strategy.opportunities.how") if rows else t("strategy.none")]
    known = bool(read["opportunity"].notna().any())
    if known:
        behind = sorted({one for row in rows for one in row["evidence"]["sources"]})
        lines += [_behind(built, behind, t)] if behind else []
        lines += _without_error(built, read, t)
    else:
        lines = [t("strategy.opportunities.no_decline")]
    cells = {one: int((read["cell"] == one).sum()) for one in CELLS}
    head = [t.n("strategy.opportunities.candidates", len(rows)), *_cells_said(cells, t)] if known else []
    chance = beside_chance(built, t, "opportunities")
    return Answer(rows, {**built.meta, "cells": cells}, head="\n".join(head), shown=shown, foot="\n".join(lines),
                  chance=chance)  # fmt: skip


def _cells_said(cells: dict[str, int], t: Translator) -> list[str]:
    """How many units each of the nine cells holds, in words; nothing where no unit is in one."""
    if not any(cells.values()):
        return []
    return [
        t(
            f"strategy.cells.{potential}",
            high=cells[f"{potential}H"],
            middle=t.number(cells[f"{potential}M"]),
            low=t.number(cells[f"{potential}L"]),
        )
        for potential in "HML"
    ]


def _behind(built: Built, ids: list[str], t: Translator) -> str:
    """Whose evidence the candidates rest on."""
    titles = {source.id: source.title_in(t.lang) for source in built.atlas.source}
    return t("strategy.opportunities.behind", sources=" · ".join(titles.get(one, one) for one in ids))


def _without_error(built: Built, read: pd.DataFrame, t: Translator) -> list[str]:
    """That a chance of 0 or 1 is no certainty, where no source of the decline states an error."""
    decline = built.atlas.decline
    codes = [code for pillar in decline.pillar for code in pillar.indicators] if decline else []
    if built.store.read("doubts")["indicator"].isin(codes).any():
        return []
    chance = read["p_opportunity"].dropna()
    sure = float(((chance <= SURE) | (chance >= 1 - SURE)).mean()) if len(chance) else 0.0
    return [t("strategy.opportunities.no_error", share=t.percent(sure))]


def beside_chance(built: Built, t: Translator, *counts: str) -> str:
    """Lines that set counts (all without a name) beside their null distribution; how to draw it where it is not."""
    if "null_atlas" not in built.store.tables():
        return null_missing(built, t)
    table = built.store.read("null_atlas").set_index("count")
    return "\n".join(
        t(
            "strategy.null.beside",
            count=t(f"strategy.count.{one}"),
            here=t.number(table.loc[one, "observed"]),
            mean=t.number(table.loc[one, "mean"], 1),
            low=t.number(table.loc[one, "low"], 1),
            high=t.number(table.loc[one, "high"], 1),
            draws=table.loc[one, "draws"],
            p=t.number(table.loc[one, "p"], 4),
        )
        for one in counts or table.index
    )


def null_can_be_drawn(built: Built) -> bool:
    """Venues are dealt out in proportion to residents: there must be some."""
    return bool(built.units["residents"].gt(0).any())


def null_missing(built: Built, t: Translator) -> str:
    """How to draw the null atlas, or why it cannot be drawn."""
    if not null_can_be_drawn(built):
        return t("strategy.null.no_residents")
    atlas = built.atlas
    embedded = atlas.atlas.id in EMBEDDED and atlas.folder == find_atlas(atlas.atlas.id)
    return t("strategy.null.none", atlas=atlas.atlas.id if embedded else atlas.folder)


def number_or_none(value: float) -> float | None:
    """A figure for JSON; missing is null."""
    return None if value != value else round(float(value), 6)


def agglomeration_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """``id, name, lon, lat, places, classes, members`` of each agglomeration."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "lon": row.lon,
            "lat": row.lat,
            "places": int(row.places),
            "classes": {name: int(n) for name, n in (one.split("=") for one in row.classes.split("|"))},
            "members": row.members.split("|"),
        }
        for row in table.itertuples(index=False)
    ]


def _mix(classes: dict[str, int], names: dict[str, str], t: Translator) -> str:
    first = [f"{names.get(name, name)} {t.number(number)}" for name, number in list(classes.items())[:SHOWN_CLASSES]]
    rest = len(classes) - SHOWN_CLASSES
    return ", ".join(first) + (f" +{rest}" if rest > 0 else "")
