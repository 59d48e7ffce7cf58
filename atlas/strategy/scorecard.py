"""The strategy's scorecard: eight results, each read in figures for the region, a municipality or a neighbourhood."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from atlas.built import Built, units_within
from atlas.config import Id, Model, Text
from atlas.language import Lang
from atlas.strategy.peers import municipal_peers
from atlas.strategy.reading import Area, Reading, share_interval

NO_INTERVAL = (None, None)


class Figure(Model):
    """One figure of a result: what it is called, which measure gives it, and what to load where it is missing."""

    name: Text
    unit: Text
    unit_one: Text | None = None
    measure: Id
    with_: dict[str, Any] = Field({}, alias="with")
    decimals: int = 1
    formula: Text
    missing: Text | None = None


class ResultHead(Model):
    """One of the eight results that the strategy set itself."""

    id: Id
    order: int
    name: Text
    about: Text


class Result(Model):
    """``results/*.toml``."""

    result: ResultHead
    figure: tuple[Figure, ...]


@dataclass(frozen=True)
class Value:
    """A figure with its interval, and the level at which it stands; missing is None."""

    value: float | None
    low: float | None = None
    high: float | None = None
    level: str | None = None


Measure = Callable[[Reading, Area, Figure], Value]
MEASURES: dict[str, Measure] = {}


def measure(name: str) -> Callable[[Measure], Measure]:
    """Register a measure of the scorecard."""

    def register(function: Measure) -> Measure:
        MEASURES[name] = function
        return function

    return register


@cache
def results() -> tuple[Result, ...]:
    """The eight results in their order."""
    folder = Path(__file__).parent / "results"
    found = [Result.model_validate(tomllib.loads(path.read_text("utf-8"))) for path in folder.glob("*.toml")]
    return tuple(sorted(found, key=lambda one: one.result.order))


def scorecard(
    built: Built, within: str | None = None, lang: Lang = "pt", *, reading: Reading | None = None
) -> list[dict[str, Any]]:
    """Every figure of every result for an area: the whole atlas, a parent, or a neighbourhood.

    A figure whose source is municipal is never shown below it: a neighbourhood shows its municipality's, with
    ``level`` saying so. ``peers`` stands beside municipal figures: the place among the ten municipalities nearest in
    residents and density (1 = highest), how many have the figure, and their median; ``figure`` is how to write the
    value, and no answer for programs. Who asks for several areas hands
    one ``reading`` of the atlas to all.
    """
    reading = reading or Reading(built)
    area = area_of(built, within)
    rows = []
    for result in results():
        for figure in result.figure:
            found = MEASURES[figure.measure](reading, area, figure)
            level = found.level or area.level
            rows.append(
                {
                    "result": result.result.id,
                    "result_name": result.result.name.in_(lang),
                    "name": figure.name.in_(lang),
                    "value": _rounded(found.value),
                    "unit": figure.unit.in_(lang),
                    "figure": figure,
                    "low": _rounded(found.low),
                    "high": _rounded(found.high),
                    "level": level,
                    "peers": _among_peers(reading, figure, area, found.value) if level == "municipality" else None,
                    "formula": figure.formula.in_(lang),
                    "missing": figure.missing.in_(lang) if found.value is None and figure.missing else None,
                }
            )
    return rows


def area_of(built: Built, within: str | None) -> Area:
    """The area of a code: its neighbourhoods, its parents, its level."""
    units = units_within(built, within)
    parents = tuple(sorted(built.units.loc[units, "parent"].unique()))
    if within is None:
        return Area("region", None, units, tuple(built.parents.index))
    level = "neighbourhood" if within in built.units.index else "municipality"
    return Area(level, within, units, parents)


def _among_peers(reading: Reading, figure: Figure, area: Area, value: float | None) -> dict[str, Any] | None:
    if value is None:
        return None
    built, code = reading.built, area.parents[0]
    areas = [area_of(built, one) for one in municipal_peers(built, code)]
    theirs = [MEASURES[figure.measure](reading, one, figure).value for one in areas]
    known = [one for one in theirs if one is not None]
    if not known:
        return None
    return {
        "rank": 1 + sum(one > value for one in known),
        "of": len(known) + 1,
        "median": _rounded(float(np.median(known))),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def _share(part: float, whole: float) -> Value:
    """A share in per cent with its interval; missing where there is nothing to share."""
    if not whole:
        return Value(None)
    low, high = share_interval(part, whole)
    return Value(100 * part / whole, 100 * low, 100 * high)


@measure("not_loaded")
def not_loaded(reading: Reading, area: Area, figure: Figure) -> Value:
    """What no embedded source holds."""
    return Value(None)


@measure("agglomerations")
def agglomerations(reading: Reading, area: Area, figure: Figure) -> Value:
    """Agglomerations with a member in the area."""
    units = set(area.units)
    touching = [not units.isdisjoint(codes.split("|")) for codes in reading.agglomerations["neighbourhoods"]]
    return Value(float(sum(touching)))


@measure("share_in_agglomerations")
def share_in_agglomerations(reading: Reading, area: Area, figure: Figure) -> Value:
    """Venues of the area that are members of an agglomeration."""
    inside = reading.venues["neighbourhood"].isin(area.units)
    return _share(float((inside & reading.venues["member"]).sum()), float(inside.sum()))


@measure("kinds_present")
def kinds_present(reading: Reading, area: Area, figure: Figure) -> Value:
    """Observed kinds of actors with a place in the area."""
    if not reading.kinds:
        return Value(None)
    return Value(float(reading.actors.loc[reading.actors["neighbourhood"].isin(area.units), "actor"].nunique()))


@measure("share_with_other_kind")
def share_with_other_kind(reading: Reading, area: Area, figure: Figure) -> Value:
    """Buildings of actors with one of another kind near."""
    inside = reading.actors["neighbourhood"].isin(area.units)
    return _share(float((inside & reading.actors["others"]).sum()), float(inside.sum()))


@measure("share_near")
def share_near(reading: Reading, area: Area, figure: Figure) -> Value:
    """Buildings of kind ``a`` with one of the kinds ``b`` near; missing where ``a`` or all of ``b`` is not observed."""
    first, seconds = figure.with_["a"], [kind for kind in figure.with_["b"] if kind in reading.kinds]
    if first not in reading.kinds or not seconds:
        return Value(None)
    own = (reading.actors["actor"] == first) & reading.actors["neighbourhood"].isin(area.units)
    near = reading.actors[[f"near_{kind}" for kind in seconds]].any(axis=1)
    return _share(float((own & near).sum()), float(own.sum()))


@measure("candidates_with_heritage")
def candidates_with_heritage(reading: Reading, area: Area, figure: Figure) -> Value:
    """Candidates of the area that have heritage; missing where no unit of the atlas is read on both axes."""
    if not reading.reads:
        return Value(None)
    table = reading.candidates
    return Value(float((table["code"].isin(area.units) & (table["heritage"] > 0)).sum()))


@measure("stock_near_heritage")
def stock_near_heritage(reading: Reading, area: Area, figure: Figure) -> Value:
    """Reusable spaces of the area near heritage; missing where no source covers them."""
    table = reading.stock
    if table is None:
        return Value(None)
    return Value(float((table["neighbourhood"].isin(area.units) & table["near_heritage"]).sum()))


@measure("share_with_partner")
def share_with_partner(reading: Reading, area: Area, figure: Figure) -> Value:
    """Facilities of the area with an edge in the programming network."""
    inside = reading.facilities["neighbourhood"].isin(area.units)
    return _share(float((inside & reading.facilities["partner"]).sum()), float(inside.sum()))


@measure("largest_network")
def largest_network(reading: Reading, area: Area, figure: Figure) -> Value:
    """Facilities of the area in its largest component."""
    own = reading.facilities.loc[reading.facilities["neighbourhood"].isin(area.units), "component"]
    return Value(float(own.value_counts().max()) if len(own) else 0.0)


@measure("places")
def places(reading: Reading, area: Area, figure: Figure) -> Value:
    """Places of ``layers`` or ``classes`` in the area; missing where the atlas has none at all, or does not observe."""
    table, chosen = reading.places, figure.with_
    observed = chosen.get("observed")
    of_kind = table["layer"].isin(chosen.get("layers", [])) | table["class_"].isin(chosen.get("classes", []))
    if not of_kind.any() or (observed is not None and observed not in reading.kinds):
        return Value(None)
    return Value(float((of_kind & table["neighbourhood"].isin(area.units)).sum()))


@measure("indicator")
def indicator(reading: Reading, area: Area, figure: Figure) -> Value:
    """A municipal indicator: that of the area's municipality; over several the mean by residents, or the sum."""
    table = reading.municipal(figure.with_["code"])
    level = "region" if area.level == "region" else "municipality"
    if table is None:
        return Value(None, level=level)
    own = table.reindex(list(area.parents)).dropna()
    if not len(own):
        return Value(None, level=level)
    if figure.with_.get("aggregate") == "sum":
        return Value(float(own.sum()), level=level)
    weights: pd.Series = reading.built.parents.loc[own.index, "residents"].astype(float)
    return Value(float(np.average(own, weights=weights) if weights.sum() > 0 else own.mean()), level=level)
