"""A scenario applied: what it touches is measured and scored again with the frozen references, the rest stands."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from atlas.built import Built
from atlas.config import Index, Indicator
from atlas.indicators import Inputs, Walked
from atlas.measuring import inputs_of, measure_some
from atlas.neighbourhoods import Units
from atlas.placing import Places
from atlas.ranking import checked_weights
from atlas.scenarios.editing import Edited, edited
from atlas.scenarios.files import refuse_other_atlas
from atlas.scenarios.model import Scenario
from atlas.scenarios.touched import relevant, touched
from atlas.scores import wide
from atlas.scoring.index import Scored, rank, score_index
from atlas.walking import Streets, distances, streets_of

SAME = 1e-12
KEPT = 3
FIGURE_KEY = ["level", "code", "indicator"]
_TABLES = ("places", "neighbourhoods", "parents", "completeness", "indicators", "evidence")
_READ = ["place_id", "layer", "class_", "actor", "weight", "marks", "neighbourhood", "parent", "tags", "geometry"]
"""What measures read of a place: fewer columns are sooner cut."""


class DrawnRanks(NamedTuple):
    """Ranks in every method drawn (draws × units), and the 5 and 95 % of each unit."""

    ranks: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


class Ground:
    """What stays under every scenario of one built atlas, made once: the inputs of its measures, and its streets."""

    def __init__(self, built: Built) -> None:
        self.built = built
        manifest = built.store.manifest
        about = {key: manifest[key] for key in ("sources", "repairs", "warnings")}
        self.placed = Places.of(built.atlas, {name: built.store.read(name) for name in _TABLES}, about)
        self.known: dict[str, Indicator] = {one.code: one for one in built.atlas.indicator}
        self._counted: dict[str, frozenset[str]] = {}
        self.drawn_ranks: OrderedDict[Hashable, DrawnRanks] = OrderedDict()
        self.drawn: dict[shapely.Geometry, tuple[gpd.GeoDataFrame, pd.DataFrame]] = {}
        """Outlines that were drawn before: each as a unit, with its figures as built."""

    @cached_property
    def inputs(self) -> Inputs:
        """The inputs of the measures as they were built."""
        whole = inputs_of(self.built.atlas, self.placed)
        return replace(whole, places=whole.places[_READ])

    @cached_property
    def streets(self) -> Streets:
        """The atlas's streets."""
        found = streets_of(self.built.atlas, self.placed.opened)
        assert found is not None  # it is only asked for where there are some
        return found

    def keep_ranks(self, key: Hashable, found: DrawnRanks) -> None:
        """Keep what was drawn for an index and its weights; only the newest, since each takes some megabytes."""
        self.drawn_ranks[key] = found
        while len(self.drawn_ranks) > KEPT:
            self.drawn_ranks.popitem(last=False)

    def counted(self, indicator: Indicator) -> frozenset[str]:
        """Layers of the places that an indicator counts, as built."""
        if indicator.code not in self._counted:
            self._counted[indicator.code] = frozenset(self.inputs.of(indicator)["layer"].unique())
        return self._counted[indicator.code]

    @cached_property
    def figures(self) -> dict[str, pd.DataFrame]:
        """Units × indicators of each level, as built."""
        indicators = self.built.store.read("indicators")
        return {level: wide(indicators, level) for level in indicators["level"].unique()}

    def after(self, edited: Edited) -> Inputs:
        """The inputs of the measures with the edited places."""
        inputs = replace(self.inputs, places=edited.places[_READ])
        return inputs if inputs.walked is None else replace(inputs, walked=self._walked(inputs.walked, edited))

    def _walked(self, walked: Walked, edited: Edited) -> Walked:
        """Ways on foot to what came beside those that stand; from each new spot outwards, since ways lead both ways."""
        away = [one.id for one in self.built.atlas.layers if one.layer.role in {"pressure", "stock"}]
        came = edited.come[~edited.come["layer"].isin(away)]
        stands = ~walked.place_ids.isin(edited.changed["place_id"])
        if not len(came):
            return Walked(walked.metres[:, np.flatnonzero(stands)], walked.place_ids[stands], walked.with_slope)
        walking, population = self.built.atlas.walking, self.inputs.population
        assert population is not None
        metres = distances(
            self.streets,
            shapely.get_coordinates(shapely.point_on_surface(came.geometry.to_numpy())),
            shapely.get_coordinates(population.geometry.to_numpy()),
            limit_m=walking.limit_m,
            snap_m=walking.snap_m,
        )
        both = csr_array(hstack([walked.metres[:, np.flatnonzero(stands)], metres.T], format="csr"))
        ids = walked.place_ids[stands].append(pd.Index(came["place_id"]))
        return Walked(both, ids, walked.with_slope)


@dataclass(frozen=True)
class Outcome:
    """What a scenario does.

    Attributes
    ----------
    measured
        Indicator → codes of the units that were measured again; an indicator that is not named was not touched.
    figures
        ``level, code, indicator, value, coverage, flags``: every figure that was measured again.
    changed
        The figures among them that are another: ``level, code, indicator, before, after``.
    evidence
        ``code, indicator, place_id`` of the figures that were measured again.
    before, after
        Index → the whole of it for every unit.
    tables
        Index → figures and coverage that it reads, after.
    reads
        Number of a change → indicators that read it; none where no figure counts such a thing.
    seconds
        How long it took.
    """

    built: Built
    scenario: Scenario
    edited: Edited
    inputs: Inputs
    measured: Mapping[str, pd.Index]
    figures: pd.DataFrame
    changed: pd.DataFrame
    evidence: pd.DataFrame
    before: Mapping[str, Scored]
    after: Mapping[str, Scored]
    tables: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]
    reads: Mapping[int, tuple[str, ...]]
    seconds: float = field(compare=False)

    @property
    def index(self) -> Index:
        """The index that the scenario is read by."""
        return self.built.atlas.index_of(self.scenario.index)

    def units_changed(self, index: Index) -> pd.Index:
        """Units of which a figure of this index is another."""
        codes = {code for pillar in index.pillar for code in pillar.indicators}
        mine = self.changed[(self.changed["level"] == index.level) & self.changed["indicator"].isin(codes)]
        return pd.Index(mine["code"].unique())


def apply(built: Built, scenario: Scenario, *, ground: Ground | None = None) -> Outcome:
    """Measure and score again what a scenario touches.

    Parameters
    ----------
    ground
        Of the same atlas, where several scenarios follow each other; made here where none is given.

    Raises
    ------
    ConfigError, UnknownName
        The scenario is of another atlas, or names classes, places or spots that this one does not have.
    """
    clock = time.perf_counter()
    refuse_other_atlas(scenario, built)
    weights = weights_of(built, scenario)
    after = edited(built, scenario)
    ground = ground or Ground(built)
    measured, figures, evidence, reads, inputs = _measure(ground, after)
    changed = _changed(built.store.read("indicators"), figures)
    before: dict[str, Scored] = {}
    scored: dict[str, Scored] = {}
    values: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for index in built.atlas.index:
        own = weights if index.id == scenario.index else None
        before[index.id] = built.scored(index, own)
        values[index.id] = _values(built, index, figures)
        scored[index.id] = _scored(before[index.id], values[index.id], index, figures, ground.known, own)
    return Outcome(
        built, scenario, after, inputs, measured, figures, changed, evidence, before, scored, values, reads,
        time.perf_counter() - clock,
    )  # fmt: skip


def weights_of(built: Built, scenario: Scenario) -> dict[str, float] | None:
    """The weights of a scenario's index, checked; ``None`` where they are the atlas's own."""
    from atlas.errors import UnknownName

    known = [one.id for one in built.atlas.index]
    if scenario.index not in known:
        raise UnknownName.among(scenario.index, known, pt="Índice", en="Index", where=scenario.name)
    index = built.atlas.index_of(scenario.index)
    return checked_weights(index, scenario.weights, where=scenario.name) if scenario.weights else None


_Measured = tuple[dict[str, pd.Index], pd.DataFrame, pd.DataFrame, dict[int, tuple[str, ...]], Inputs]


def _measure(ground: Ground, after: Edited) -> _Measured:
    """The figures that a scenario can move, and which change each of them reads."""
    measured: dict[str, pd.Index] = {}
    figures: list[pd.DataFrame] = []
    evidence: list[pd.DataFrame] = []
    reads: dict[int, list[str]] = {int(number): [] for number in after.changed["change"].unique()}
    inputs = ground.after(after) if len(after.changed) else ground.inputs
    for indicator in ground.built.atlas.indicator:
        rows = relevant(ground.inputs, indicator, after)
        known = ground.figures.get(indicator.level, pd.DataFrame())
        units = touched(inputs, indicator, rows, known, counted=ground.counted(indicator))
        for number in rows["change"].unique():
            reads[int(number)].append(indicator.code)
        if len(units):
            measured[indicator.code] = units
            found = measure_some(narrowed(inputs, units), ground.placed.tables["completeness"], [indicator]).tables
            figures.append(found["indicators"])
            evidence.append(found["evidence"].astype(str))
    none = ground.placed.tables["indicators"].iloc[:0]
    return (
        measured,
        pd.concat(figures, ignore_index=True) if figures else none,
        pd.concat(evidence, ignore_index=True) if evidence else pd.DataFrame(columns=["code", "indicator", "place_id"]),
        {number: tuple(codes) for number, codes in reads.items()},
        inputs,
    )


def narrowed(inputs: Inputs, codes: pd.Index) -> Inputs:
    """The same ground with some of its units: what lies around them is all there."""
    neighbourhoods, parents = (
        one[one.index.isin(codes)] for one in (inputs.units.neighbourhoods, inputs.units.parents)
    )
    units = Units(gpd.GeoDataFrame(neighbourhoods), gpd.GeoDataFrame(parents))
    population, walked = inputs.population, inputs.walked
    if population is not None:
        here = population["unit"].isin(codes).to_numpy()
        population = population[here]
        if walked is not None:
            walked = Walked(walked.metres[np.flatnonzero(here)], walked.place_ids, walked.with_slope)
    return replace(inputs, units=units, population=population, walked=walked)


def _changed(before: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """The figures that are another than they were: ``level, code, indicator, before, after``."""
    both = figures[[*FIGURE_KEY, "value"]].merge(
        before[[*FIGURE_KEY, "value"]], on=FIGURE_KEY, suffixes=("", "_before")
    )
    moved = ~(np.isclose(both["value"], both["value_before"], rtol=SAME, atol=SAME, equal_nan=True))
    return (
        both[moved]
        .rename(columns={"value": "after", "value_before": "before"})[[*FIGURE_KEY, "before", "after"]]
        .reset_index(drop=True)
    )


def _values(built: Built, index: Index, figures: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures and coverage that an index reads, with those measured again in the place of the old ones."""
    values, coverage = built.inputs(index)
    codes = [code for code in values.columns if code in set(figures["indicator"])]
    if not codes:
        return values, coverage
    values, coverage = values.copy(), coverage.copy()
    mine = figures[figures["level"] == index.level]
    for code in codes:
        rows = mine[mine["indicator"] == code].set_index("code")
        coverage.loc[rows.index, code] = rows["coverage"]
        values.loc[rows.index, code] = rows["value"].where(rows["coverage"] > 0)
    return values, coverage


def _scored(
    before: Scored,
    inputs: tuple[pd.DataFrame, pd.DataFrame],
    index: Index,
    figures: pd.DataFrame,
    known: Mapping[str, Indicator],
    weights: Mapping[str, float] | None,
) -> Scored:
    """An index with the touched units scored again: goalposts are fixed, so nobody else's score can move."""
    values, coverage = inputs
    mine = figures[(figures["level"] == index.level) & figures["indicator"].isin(values.columns)]
    codes = values.index[values.index.isin(mine["code"])]
    if not len(codes):
        return before
    anew = score_index(values.loc[codes], index, known, coverage=coverage.loc[codes], weights=weights)
    replaced: dict[str, Any] = {
        name: laid_over(getattr(before, name), getattr(anew, name))
        for name in ("normalised", "pillars", "score", "low", "high", "coverage", "ranked")
    }
    return replace(before, **replaced)


def laid_over(old: Any, new: Any) -> Any:
    """A column or a table with some rows in the place of the old ones."""
    whole = old.copy()
    whole.loc[new.index] = new
    return whole


def ranks_of(scored: Scored) -> pd.Series:
    """Rank of every unit, null where it has none."""
    return rank(scored.score, scored.ranked)
