"""The opening pages of a municipality: its own figures, its units on a map, and the table of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from atlas.sheets.facts import Facts, Reading, contribution_rows
from atlas.sheets.ground import Ground
from atlas.sheets.typeface import printable


def units_of(reading: Reading, parent: str) -> list[str]:
    """The units of a municipality, the first in rank first, the insufficient ones last."""
    units = reading.built.units
    own = units[units["parent"] == parent]
    ranks = reading.ranks[reading.potential.id]["rank"].astype("Float64").reindex(own.index)
    return [str(code) for code in ranks.sort_values(kind="stable", na_position="last").index]


def parent_facts(reading: Reading, ground: Ground, parent: str, width_mm: float, height_mm: float) -> Facts:
    """Everything on the opening pages of one municipality."""
    built, t = reading.built, reading.t
    row, units = built.parents.loc[parent], built.atlas.neighbourhoods
    order = units_of(reading, parent)
    name = printable(row["name"])
    about = [printable(row["nuts3"])] if isinstance(row["nuts3"], str) and row["nuts3"] else []
    if pd.notna(row["residents"]):
        about.append(t.n("sheet.residents", int(row["residents"])))
    about.append(t("sheet.area", area=t.number(row["area_km2"], 1)))
    about.append(
        t("sheet.unit_count", count=t.number(len(order)), units=t.units(len(order), reading.built.atlas.neighbourhoods))
    )
    municipal = reading.decline.level == "municipality" and parent in reading.scored(reading.decline).score.index
    return {
        "code": parent,
        "name": name,
        "kicker": t("sheet.parent_kicker", unit=units.parent_unit.in_(t.lang), code=printable(parent)),
        "about": " · ".join(about),
        "readings": _readings(reading, order),
        "map": ground.parent_map(parent, order, width_mm, height_mm),
        "table": [_row(reading, number, code) for number, code in enumerate(order, 1)],
        "decline": _decline(reading, parent) if municipal else None,
    }


def _readings(reading: Reading, order: list[str]) -> list[Facts]:
    """How many units have each reading."""
    from atlas.palette import READINGS

    t, held = reading.t, reading.readings["opportunity"].reindex(order)
    counted = [
        {"id": id_, "colour": colour, "word": t(f"sheet.reading.{id_}"), "count": t.number(int((held == id_).sum()))}
        for id_, colour in READINGS.items()
    ]
    if held.isna().any():
        counted.append({
            "id": "none", "colour": "", "word": t("sheet.reading.none"), "count": t.number(int(held.isna().sum())),
        })  # fmt: skip
    return counted


def _row(reading: Reading, number: int, code: str) -> Facts:
    """One unit in the table."""
    t = reading.t
    row = reading.ranks[reading.potential.id].loc[code]
    decline = reading.ranks[reading.decline.id].loc[code]
    opportunity = reading.readings.loc[code, "opportunity"]
    there = isinstance(opportunity, str)
    return {
        "number": str(number),
        "code": code,
        "name": printable(reading.built.units.loc[code, "name"]),
        "rank": t.number(_plain(row["rank"])),
        "score": t.number(_plain(row["score"]), 1),
        "method": t.span(_plain(row["rank_low"]), _plain(row["rank_high"])),
        "data": t.span(_plain(row["rank_data_low"]), _plain(row["rank_data_high"])),
        "decline": t.number(_plain(decline["score"]), 1),
        "id": opportunity if there else "none",
        "reading": t(f"sheet.short.{opportunity}") if there else t("sheet.reading.none"),
        "coverage": t.percent(_plain(row["coverage"])),
    }


def _plain(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _decline(reading: Reading, parent: str) -> Facts:
    """Decline where it is known of the municipality: its score, its rank, its parts."""
    t, scores = reading.t, reading.built.store.read("scores")
    own = scores[(scores["index"] == reading.decline.id) & (scores["code"] == parent)].iloc[0]
    rank = _plain(own["rank"])
    count = t.number(reading.ranked(reading.decline))
    return {
        "title": reading.decline.name.in_(t.lang),
        "score": t.number(_plain(own["score"]) if rank is not None else None, 1),
        "rank": t("sheet.rank", rank=t.number(rank), count=count) if rank is not None else t("sheet.reading.none"),
        "method": t.span(_plain(own["rank_low"]), _plain(own["rank_high"])),
        "contributions": contribution_rows(reading, reading.decline, parent),
    }
