"""What the commands say: rows with the published keys, and tables and sentences for people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from atlas.answers import Answer
from atlas.built import Built, units_within
from atlas.language import Lang, Translator
from atlas.strategy import read
from atlas.strategy.hotspots import Null, hotspots, spot_rows
from atlas.strategy.permutation import PERMUTATIONS

SHOWN_CLASSES = 4


def agglomerations_answer(built: Built, lang: Lang, within: str | None) -> Answer:
    """The agglomerations, or those that touch the area asked for."""
    t = Translator(lang)
    table = read(built, "agglomerations")
    if within is not None:
        units = set(units_within(built, within))
        table = table[[not units.isdisjoint(codes.split("|")) for codes in table["neighbourhoods"]]]
    rows = agglomeration_rows(table)
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in built.atlas.classes.items()}
    shown = [
        {
            t("strategy.column.id"): row["id"],
            t("strategy.column.name"): row["name"],
            t("strategy.column.places"): t.number(row["places"]),
            t("strategy.column.mix"): _mix(row["classes"], names, t),
            "lon": t.number(row["lon"], 5),
            "lat": t.number(row["lat"], 5),
        }
        for row in rows
    ]
    detour = built.atlas.atlas.detour
    foot = t("strategy.agglomerations.how", detour=t.number(detour, 1)) if rows else t("strategy.none")
    meta = {**built.meta, "walk_m": 400, "distance": f"straight × {detour}"}
    return Answer(rows, meta, shown=shown, foot=foot)


def hotspots_answer(built: Built, lang: Lang, within: str | None, null: Null) -> Answer:
    """The hot and cold units, the surest first; none is an answer too."""
    t = Translator(lang)
    stored = null == "area" and "hotspots" in built.store.tables()
    places, units = built.store.read("places"), built.store.read("neighbourhoods")
    table = built.store.read("hotspots") if stored else hotspots(places, built.atlas, units, null=null)
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
    return Answer(rows, meta, shown=shown, foot=foot)


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
