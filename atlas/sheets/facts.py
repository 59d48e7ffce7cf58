"""What a sheet says of one neighbourhood: plain values and whole sentences, ready to be set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from atlas.built import Built
from atlas.config import Index, Indicator, Text
from atlas.exports.exportable import attribution
from atlas.exports.neighbourhoods import ESTIMATED, MUNICIPAL, level_of, scores_of, source_ids
from atlas.language import Translator
from atlas.palette import BIVARIATE
from atlas.scoring.counterfactual import counterfactual
from atlas.scoring.explain import contributions, sentence
from atlas.scoring.index import Scored, score_index
from atlas.sheets.law import Law
from atlas.sheets.typeface import bound, printable, shortened
from atlas.source_words import bilingual

LETTERS = "LMH"
_TOP = 10
SURE = 0.8
"""The chance of a reading below which its cell has a dotted edge and is called uncertain."""
Facts = dict[str, Any]


class Reading:
    """A built atlas read for printing: every index scored once, however many sheets are made."""

    def __init__(self, built: Built, t: Translator) -> None:
        self.built, self.t = built, t
        self.law = Law(built, t)
        self.potential = built.atlas.index_of(built.atlas.opportunity.potential)
        self.decline = built.atlas.decline or _nothing(built.atlas.opportunity.decline)

    @cached_property
    def known(self) -> dict[str, Indicator]:
        """Indicators by code."""
        return {one.code: one for one in self.built.atlas.indicator}

    @cached_property
    def _scored(self) -> dict[str, Scored]:
        return {}

    def scored(self, index: Index) -> Scored:
        """An index with all its stages."""
        if index.id not in self._scored:
            values, coverage = self.built.inputs(index)
            self._scored[index.id] = score_index(values, index, self.known, coverage=coverage)
        return self._scored[index.id]

    @cached_property
    def ranks(self) -> dict[str, pd.DataFrame]:
        """Index id → the stored scores of every neighbourhood, its municipality's where the index stands there."""
        stored, units = self.built.store.read("scores"), self.built.units
        return {
            index.id: scores_of(self.built.atlas, stored, units, index.id) for index in (self.potential, self.decline)
        }

    @cached_property
    def readings(self) -> pd.DataFrame:
        """Cell, reading and its chance by neighbourhood."""
        return self.built.store.read("opportunities").set_index("code")

    @cached_property
    def within(self) -> pd.Series:
        """The rank of each neighbourhood in its municipality."""
        ranks = self.ranks[self.potential.id]["rank"].astype("Float64")
        return ranks.groupby(self.built.units["parent"]).rank(method="min")

    def ranked(self, index: Index) -> int:
        """How many units of an index have a rank."""
        own = self.built.store.read("scores")
        return int(((own["index"] == index.id) & (own["level"] == index.level) & own["rank"].notna()).sum())

    @cached_property
    def words(self) -> Mapping[str, str]:
        """Names of the classes."""
        return {id_: rule.name.in_(self.t.lang) for id_, (_, rule) in self.built.atlas.classes.items()}


def _nothing(index_id: str) -> Index:
    """An index with nothing in it, for an atlas that knows no decline."""
    name = Text(pt="Declínio", en="Decline")
    return Index.model_validate({"id": index_id, "name": name, "about": name, "judged": "", "pillar": ()})


def unit_facts(reading: Reading, code: str) -> Facts:
    """Everything but the map: who, how high, how sure, why, against what, which law, on what it rests."""
    built, t = reading.built, reading.t
    unit, atlas = built.units.loc[code], built.atlas
    name = printable(unit["name"])
    return {
        "code": code,
        "name": name,
        "parent": printable(unit["parent_name"]),
        "kicker": t("sheet.kicker", unit=atlas.neighbourhoods.unit.in_(t.lang), code=printable(code)),
        "about": _about(reading, unit),
        "sentence": _sentence(reading, code, name),
        "potential": _standing(reading, reading.potential, code),
        "decline": _standing(reading, reading.decline, code),
        "matrix": _matrix(reading, code),
        "contributions": contribution_rows(reading, reading.potential, code),
        "law": _printable_law(reading.law.of(code)),
        "foot": _foot(reading, code),
    }


def _printable_law(found: Facts) -> Facts:
    rows = [{**row, "detail": bound(printable(row["detail"]))} for row in found["rows"]]
    return {"rows": rows, "closing": bound(found["closing"])}


def _about(reading: Reading, unit: pd.Series) -> str:
    t, residents = reading.t, unit["residents"]
    parts = [printable(unit["parent_name"])]
    if isinstance(unit["nuts3"], str) and unit["nuts3"] not in ("", unit["parent_name"]):
        parts.append(printable(unit["nuts3"]))
    if pd.notna(residents):
        key = "sheet.residents_estimated" if unit["residents_method"] == "voters" else "sheet.residents"
        parts.append(t.n(key, int(residents)))
    parts.append(t("sheet.area", area=t.number(unit["area_km2"], 1 if unit["area_km2"] >= 1 else 2)))
    return " · ".join(parts)


def _sentence(reading: Reading, code: str, name: str) -> str:
    index = reading.potential
    values, coverage = reading.built.inputs(index)
    scored = reading.scored(index)
    change = None
    if _may_reach_the_top(reading, code):
        change = counterfactual(values, index, reading.known, code, coverage=coverage)
    return bound(sentence(reading.t, scored, index, reading.known, code, name=name, change=change))


def _may_reach_the_top(reading: Reading, code: str) -> bool:
    """Whether the best of one figure could lift a unit among the first ten: asked of all, computed for few."""
    index, scored = reading.potential, reading.scored(reading.potential)
    if index.aggregation != "arithmetic":
        return True
    parts = contributions(scored, index, code)
    gain = (parts["weight"] * (100 - parts["value_normalised"])).max()
    best = scored.score[scored.ranked].nlargest(_TOP)
    return bool(len(best) and scored.score[code] + gain >= best.iloc[-1])


def _standing(reading: Reading, index: Index, code: str) -> Facts:
    """Score, rank and the two intervals of one index."""
    t, row = reading.t, reading.ranks[index.id].loc[code]
    units = reading.built.atlas.neighbourhoods
    municipal = level_of(reading.built.atlas, index.id) == "municipality"
    held: Facts = {
        "title": index.name.in_(t.lang),
        "level": t("sheet.of_parent", unit=units.parent_unit.in_(t.lang)) if municipal else "",
        "there": bool(pd.notna(row["rank"])),
    }
    if not index.pillar:
        return held | {"missing": t("sheet.no_data")}
    if not held["there"]:
        floor = t.percent(index.coverage_floor)
        return held | {"missing": t("sheet.insufficient", coverage=t.percent(row["coverage"]), floor=floor)}
    count, rank = reading.ranked(index), int(row["rank"])
    held |= {"score": t.number(row["score"], 1), "rank": t("sheet.rank", rank=t.number(rank), count=t.number(count))}
    within = reading.within[code]
    if index is reading.potential and pd.notna(within):
        parent = reading.built.units["parent"] == reading.built.units.loc[code, "parent"]
        count_within = int((parent & reading.ranks[index.id]["rank"].notna()).sum())
        held["within"] = t(
            "sheet.rank_within", rank=t.number(int(within)), count=t.number(count_within),
            parent=short_name(printable(reading.built.units.loc[code, "parent_name"]), 7, 24),
        )  # fmt: skip
    spans = [
        {
            "word": t(f"sheet.interval.{name}"),
            "text": t.span(row[low], row[high]),
            "low": int(row[low]),
            "high": int(row[high]),
        }
        for name, low, high in (("method", "rank_low", "rank_high"), ("data", "rank_data_low", "rank_data_high"))
        if pd.notna(row[low]) and pd.notna(row[high])
    ]
    held["strip"] = {"count": count, "rank": rank, "first": t.number(1), "last": t.number(count), "spans": spans}
    held["strip"]["alt"] = ". ".join([held["rank"], *(f"{one['word']}: {one['text']}" for one in spans)])
    return held


def _matrix(reading: Reading, code: str) -> Facts:
    """The nine cells, where the neighbourhood stands, and what that is called."""
    t, row = reading.t, reading.readings.loc[code]
    there = isinstance(row["cell"], str)
    held: Facts = {
        "colours": [list(line) for line in BIVARIATE],
        "there": there,
        "levels": [t(f"sheet.level.{letter}") for letter in LETTERS],
        "alt": t("sheet.insufficient_axis"),
        "reading": t("sheet.reading.none"),
        "id": "none",
        "chance": "",
        "uncertain": False,
    }
    if there:
        potential, decline = (LETTERS.index(letter) for letter in row["cell"])
        held |= {"potential": potential, "decline": decline, "id": row["opportunity"]}
        held["reading"] = t(f"sheet.reading.{row['opportunity']}")
        held["alt"] = t("sheet.matrix_alt", potential=held["levels"][potential], decline=held["levels"][decline])
        if pd.notna(row["p_opportunity"]):
            held["chance"] = t("sheet.chance", share=t.percent(row["p_opportunity"]))
        held["uncertain"] = bool(row.get(f"p_{row['opportunity']}", 1.0) < SURE)
        if held["uncertain"]:
            held["chance"] = f"{t('sheet.uncertain')} {held['chance']}".strip()
    return held


def contribution_rows(reading: Reading, index: Index, code: str) -> Facts:
    """What each figure adds to the score; the parts sum to it where the index is a weighted sum."""
    t, scored = reading.t, reading.scored(index)
    sums = index.aggregation == "arithmetic"
    reference = None if sums else scored.normalised.median()
    table = contributions(scored, index, code, reference=reference).set_index("code")
    figures, _ = reading.built.inputs(index)
    pillars = {one: pillar for pillar in index.pillar for one in pillar.indicators}
    full = float(np.nanmax([*(100 * table["weight"]), 1.0]))
    rows: list[Facts] = []
    for one, part in table.iterrows():
        indicator, value = reading.known[str(one)], figures.loc[code, one]
        there = pd.notna(part["value_normalised"]) and part["weight"] > 0
        points = float(part["weight"] * part["value_normalised"]) if there else None
        new = not rows or rows[-1]["pillar_id"] != pillars[str(one)].id
        rows.append(
            {
                "pillar_id": pillars[str(one)].id,
                "pillar": pillars[str(one)].name.in_(t.lang) if new else "",
                "name": indicator.name.in_(t.lang),
                "value": t.quantity(value, indicator, indicator.decimals) if there else "",
                "missing": "" if there else t("sheet.no_data"),
                "most": 100 * float(part["weight"]) / full if there else 0.0,
                "part": (points or 0.0) / full,
                "points": t.number(points, 1) if there else "—",
            }
        )
    score = scored.score[code]
    empty = [p.name.in_(t.lang) for p in index.pillar if not p.indicators]
    return {
        "rows": rows,
        "total": t.number(score, 1) if bool(scored.ranked[code]) else "—",
        "sums": t("sheet.sums") if sums else t("sheet.sums_not"),
        "without": t("sheet.without_data", pillars=", ".join(empty)) if empty else "",
    }


def _foot(reading: Reading, code: str) -> Facts:
    """Coverage, flags, sources and what the sheet was made from."""
    built, t = reading.built, reading.t
    row = reading.ranks[reading.potential.id].loc[code]
    held = [str(one) for one in (row["flags"], reading.ranks[reading.decline.id].loc[code]["flags"]) if pd.notna(one)]
    flags = list(dict.fromkeys(flag for one in held for flag in one.split("|") if flag and flag != MUNICIPAL))
    if built.units.loc[code, "residents_method"] == "voters" and ESTIMATED not in flags:
        flags.append(ESTIMATED)
    coverage = t("sheet.coverage", share=t.percent(row["coverage"]), floor=t.percent(reading.potential.coverage_floor))
    notes = [t(f"sheet.flag.{flag}") for flag in flags]
    return {"coverage": " ".join([coverage, *notes])}


def origin(built: Built, t: Translator) -> Facts:
    """What stands at the foot of every page: sources, hashes, and that it is no certificate."""
    from atlas import __version__

    manifest, atlas = built.store.manifest, built.atlas
    used = set(source_ids(atlas)) | {one for text in built.places["sources"].unique() for one in str(text).split("|")}
    sources = [bilingual(atlas, one) for one in manifest["sources"] if one["id"] in used]
    dates = sorted(str(one["date"]) for one in sources if one.get("date"))
    hashes = built.meta["hashes"]
    return {
        "sources": t("sheet.sources", sources=printable_long(attribution(sources, t.lang))),
        "dates": t("sheet.dates", first=t.date(dates[0]), last=t.date(dates[-1])) if dates else "",
        "made": t(
            "sheet.made", atlas=atlas.atlas.name.in_(t.lang), version=atlas.atlas.data_version,
            data=hashes["data"], method=hashes["method"], software=__version__,
        ),
        "candidate": t("sheet.candidate"),
    }  # fmt: skip


def printable_long(text: str) -> str:
    """A list of sources, each part as :func:`printable` has it."""
    return " · ".join(printable(part) for part in text.split(" · "))


_UNION = "União das freguesias "


def short_name(name: str, size_pt: float = 0, room_mm: float = 0) -> str:
    """A name as maps write it: ``UF`` for a union of parishes; cut to ``room_mm`` where that is given.

    >>> short_name("União das freguesias de Lordelo do Ouro e Massarelos")
    'UF Lordelo do Ouro e Massarelos'
    """
    if name.startswith(_UNION):
        names = name.removeprefix(_UNION)
        name = "UF " + next((names.removeprefix(one) for one in ("de ", "da ", "do ") if names.startswith(one)), names)
    return shortened(name, size_pt, room_mm) if room_mm else name
