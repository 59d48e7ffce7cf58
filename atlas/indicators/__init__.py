"""Measures: one figure per unit from places, figures, areas or rasters; found by name.

A measure is a function ``(inputs, indicator) -> Measured`` registered with ``@measure("name")``; a new family of
measures is a new module in this folder and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from atlas.config import Atlas, Indicator
from atlas.errors import ConfigError, UnknownName
from atlas.neighbourhoods import Units


@dataclass(frozen=True)
class Walked:
    """Metres on foot along the streets: population points × places, absent where farther than the limit."""

    metres: csr_array
    place_ids: pd.Index
    with_slope: bool

    def within(self, places: pd.DataFrame, radius_m: float) -> csr_array:
        """Population points × places: 1 where the place is within ``radius_m``; nobody walks to a vacant shop."""
        column = self.place_ids.get_indexer(places["place_id"])
        walked_to = np.flatnonzero(column >= 0)
        chosen = self.metres[:, column[walked_to]].tocoo()
        near = chosen.data <= radius_m
        return csr_array(
            (np.ones(int(near.sum())), (chosen.row[near], walked_to[chosen.col[near]])),
            shape=(self.metres.shape[0], len(places)),
        )


@dataclass(frozen=True)
class Inputs:
    """What measures read.

    ``places`` has ``place_id, layer, class_, actor, weight, marks, neighbourhood, tags`` and a geometry, with a
    margin around the region; ``population`` has points with ``unit`` and ``residents``; ``source(id)`` gives what a
    source holds.
    """

    atlas: Atlas
    units: Units
    places: gpd.GeoDataFrame
    population: gpd.GeoDataFrame | None
    source: Callable[[str], Any]
    edge: pd.Series
    walked: Walked | None = None

    def of(self, indicator: Indicator) -> gpd.GeoDataFrame:
        """The places that count for an indicator: of its layers and classes, by their primary class.

        A class that was guessed from a name counts only with ``guessed = true``, one that is shown beside the others
        only where ``classes`` names it.
        """
        chosen = self.places["layer"].isin(indicator.layers)
        named = indicator.with_.get("classes")
        counting = named or [id_ for id_, (_, rule) in self.atlas.classes.items() if rule.counts]
        chosen &= self.places["class_"].isin(counting)
        if not indicator.with_.get("guessed", False):
            chosen &= ~self.places["marks"].str.contains("class_guessed", regex=False)
        return self.places[chosen]

    def frame_of(self, indicator: Indicator) -> gpd.GeoDataFrame:
        """The units of the indicator's level."""
        return self.units.parents if indicator.level == "municipality" else self.units.neighbourhoods


@dataclass(frozen=True)
class Measured:
    """One figure per unit (missing is NaN), the places behind it, and what may be wrong with it.

    Attributes
    ----------
    evidence
        Columns ``code`` and ``place_id``.
    flags
        ``|``-joined words of doubt by unit.
    coverage
        Share of the figure that its sources can hold, by unit; 1 where it is missing.
    each
        Of counts: what one more place adds to the figure of a unit.
    base, per
        Of rates: what the events are counted out of, and the factor from the ratio to the figure. Of counts: what
        they are divided by.
    """

    value: pd.Series
    evidence: pd.DataFrame | None = None
    flags: pd.Series | None = None
    coverage: pd.Series | None = None
    each: pd.Series | float | None = None
    base: pd.Series | None = None
    per: float = 1.0


Measure = Callable[[Inputs, Indicator], Measured]
_MEASURES: dict[str, Measure] = {}


def measure(name: str) -> Callable[[Measure], Measure]:
    """Register a measure under its name."""

    def register(function: Measure) -> Measure:
        _MEASURES[name] = function
        return function

    return register


@cache
def measures() -> dict[str, Measure]:
    """All measures, by name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return _MEASURES


def compute(inputs: Inputs, indicator: Indicator) -> Measured:
    """The figures of one indicator for the units of its level, in their order."""
    known = measures()
    if indicator.measure not in known:
        raise UnknownName.among(
            indicator.measure, known, pt="Medida", en="Measure", where=f"atlas.toml, indicator.{indicator.code}"
        )
    measured = known[indicator.measure](inputs, indicator)
    index = inputs.frame_of(indicator).index
    value = measured.value.reindex(index).astype(float)
    return replace(measured, value=value.where(np.isfinite(value)))


def option(indicator: Indicator, key: str) -> Any:
    """A required option of a measure; the error names the indicator and the key."""
    if key not in indicator.with_:
        raise ConfigError(
            f"A medida «{indicator.measure}» precisa de `{key}` em `with`. Acrescente-o.",
            f"The measure “{indicator.measure}” needs `{key}` in `with`. Add it.",
            where=f"atlas.toml, indicator.{indicator.code}",
        )
    return indicator.with_[key]
