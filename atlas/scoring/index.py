"""An atlas's index: figures through goalposts, pillars and coverage into scores and an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Index, Indicator
from atlas.errors import ConfigError, UnknownName
from atlas.scoring import aggregate, normalise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Branches:
    """An index as arrays: which columns make which pillar, with weights that sum to 1 at each parent."""

    pillars: tuple[str, ...]
    codes: tuple[str, ...]
    members: tuple[NDArray[np.intp], ...]
    inner: tuple[Floats, ...]
    outer: Floats
    aggregation: str
    present: float

    @property
    def effective(self) -> Series:
        """Weight of each indicator in the whole; sums to 1."""
        total = np.zeros(len(self.codes))
        for outer, members, inner in zip(self.outer, self.members, self.inner, strict=True):
            np.add.at(total, members, outer * inner)
        return Series(total, index=list(self.codes), name="weight")


@dataclass(frozen=True)
class Scored:
    """An index for every unit, with all that stands between the figure and the score.

    Attributes
    ----------
    normalised
        Units × indicators, 0–100, more is better.
    pillars
        Units × pillars, 0–100.
    score
        0–100; missing where too little of the index is there.
    low, high
        The score with everything that is missing at its worst and at its best; a pillar of which too little is
        there to count is missing as a whole.
    coverage
        ``Σ effective weight × present × completeness``, 0–1.
    effective_weights
        Weight of each indicator in the whole.
    ranked
        Whether coverage suffices for a place in the order.

    """

    normalised: DataFrame
    pillars: DataFrame
    score: Series
    low: Series
    high: Series
    coverage: Series
    effective_weights: Series
    ranked: Series
    branches: Branches

    @cached_property
    def ranks(self) -> Series:
        """Place of each unit in the order."""
        return rank(self.score, self.ranked)


def score_index(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    *,
    coverage: DataFrame | None = None,
    weights: Mapping[str, float] | None = None,
) -> Scored:
    """Score every unit on fixed goalposts: no unit's score depends on which others stand in the table.

    Parameters
    ----------
    values
        Units × indicator codes in the indicators' own units; missing is ``NaN``.
    index
        The tree, its aggregation, its rule for what is missing and its coverage floor.
    indicators
        Code → indicator, for goalposts, direction and logarithm.
    coverage
        Same shape: the completeness of each figure's source, 0–1; what was never measured counts as 1.
    weights
        Pillar id → weight, in place of the index's own; ids of pillars that this index lacks are passed over.

    Notes
    -----
    A pillar is the weighted mean of its indicators. The pillars are combined by the index's aggregation;
    geometric and harmonic means run on 1–100 and come back to 0–100, so that equal pillars give their own value.
    A pillar without indicators is out of the tree and of every sum.

    """
    branches = flatten(index, weights)
    return weigh(climbed(values, branches, indicators, coverage), index, branches)


@dataclass(frozen=True)
class Climbed:
    """An index as far as no pillar's weight moves it: what a slider need not compute again.

    ``at_worst`` and ``at_best`` are the pillars with what is missing at 0 and at 100, a pillar of which too little is
    there as a whole; ``present`` is the completeness of each figure, 0 where it is missing.
    """

    normalised: DataFrame
    pillars: Floats
    at_worst: Floats
    at_best: Floats
    present: Floats


def climbed(
    values: DataFrame, branches: Branches, indicators: Mapping[str, Indicator], coverage: DataFrame | None = None
) -> Climbed:
    """Figures through goalposts into pillars, with the arguments of :func:`score_index`."""
    _known(values, branches.codes)
    normalised = to_goalposts(values, branches.codes, indicators)
    pillars = climb(normalised.to_numpy(), branches)[0]
    worst, best = (
        np.where(np.isnan(pillars), end, climb(normalised.fillna(end).to_numpy(), branches)[0]) for end in (0.0, 100.0)
    )
    return Climbed(normalised, pillars, worst, best, _present(values, branches, coverage))


def weigh(made: Climbed, index: Index, branches: Branches) -> Scored:
    """The pillars into the index, with the pillars' weights of ``branches``."""
    score, low, high = (
        np.clip(combine(pillars, branches), 0.0, 100.0)  # a mean of logarithms may end a bit beyond
        for pillars in (made.pillars, made.at_worst, made.at_best)
    )
    covered = aggregate.weighted_sum(made.present, branches.effective.to_numpy())
    units = made.normalised.index
    ranked = (covered >= index.coverage_floor - 1e-12) & ~np.isnan(score)
    return Scored(
        normalised=made.normalised,
        pillars=DataFrame(made.pillars, index=units, columns=list(branches.pillars)),
        score=Series(score, index=units, name="score"),
        low=Series(low, index=units, name="score_low"),
        high=Series(high, index=units, name="score_high"),
        coverage=Series(covered, index=units, name="coverage"),
        effective_weights=branches.effective,
        ranked=Series(ranked, index=units, name="ranked"),
        branches=branches,
    )


def flatten(index: Index, weights: Mapping[str, float] | None = None) -> Branches:
    """The index's tree as arrays, without the pillars that have no indicator."""
    pillars = [pillar for pillar in index.pillar if pillar.indicators]
    codes = tuple(dict.fromkeys(code for pillar in pillars for code in pillar.indicators))
    place = {code: at for at, code in enumerate(codes)}
    outer = np.array([(weights or {}).get(pillar.id, pillar.weight) for pillar in pillars], dtype=float)
    return Branches(
        pillars=tuple(pillar.id for pillar in pillars),
        codes=codes,
        members=tuple(np.array([place[code] for code in pillar.indicators], dtype=np.intp) for pillar in pillars),
        inner=tuple(_shares(list(pillar.indicators.values()), pillar.id) for pillar in pillars),
        outer=_shares(outer, index.id),
        aggregation=index.aggregation,
        present=index.present,
    )


def to_goalposts(values: DataFrame, codes: tuple[str, ...], indicators: Mapping[str, Indicator]) -> DataFrame:
    """Each indicator on its fixed goalposts, 0–100, more is better; on ``log(1 + x)`` where it asks for that."""
    columns = {code: on_goalposts(values[code].to_numpy(dtype=float), indicators[code]) for code in codes}
    return DataFrame(columns, index=values.index, columns=list(codes))


def on_goalposts(values: Floats, indicator: Indicator) -> Floats:
    """One indicator's figures, in any shape, on its goalposts: 0–100, more is better."""
    low, high = scale_of(indicator)
    scaled = np.log1p(values) if indicator.log else values
    return normalise.goalposts(scaled, 1 if indicator.direction == "more" else -1, low, high)


def scale_of(indicator: Indicator) -> tuple[float, float]:
    """The goalposts on the scale on which the indicator is read, that is after the logarithm where there is one."""
    if indicator.goalposts is None:
        raise ConfigError(
            f"O indicador «{indicator.code}» não tem valores de referência. Indique `goalposts = [pior, melhor]`, "
            "ou corra `atlas build --recalibrate`.",
            f"The indicator “{indicator.code}” has no goalposts. Set `goalposts = [low, high]`, "
            "or run `atlas build --recalibrate`.",
            where=f"indicator {indicator.code}",
        )
    low, high = indicator.goalposts
    return (float(np.log1p(low)), float(np.log1p(high))) if indicator.log else (low, high)


def reweigh(pillars: DataFrame, index: Index, weights: Mapping[str, float] | None) -> Series:
    """The index's score from pillar scores and other weights: what a slider asks for, without touching a figure."""
    branches = flatten(index, weights)
    _known(pillars, branches.pillars)
    score = combine(pillars[list(branches.pillars)].to_numpy(dtype=float), branches)
    return Series(score, index=pillars.index, name="score")


def rank(score: Series, ranked: Series) -> Series:
    """Place in the order, 1 = highest, ties to the lowest number; null for a unit that is not ranked.

    >>> rank(Series([70.0, 90.0, 90.0, 99.0]), Series([True, True, True, False])).tolist()
    [3, 1, 1, <NA>]
    """
    return score.where(ranked).rank(method="min", ascending=False).astype("Int64").rename("rank")


def combine(pillars: Floats, branches: Branches) -> Floats:
    """Pillar scores into the index's score, missing where too little of the weight is there."""
    if branches.aggregation == "arithmetic":
        return aggregate.mean_of_enough(pillars, branches.outer, branches.present)
    mean = aggregate.geometric if branches.aggregation == "geometric" else aggregate.harmonic
    score = (mean(1.0 + 0.99 * pillars, branches.outer) - 1.0) / 0.99
    return np.where(aggregate.enough(pillars, branches.outer, branches.present), score, np.nan)


def climb(normalised: Floats, branches: Branches) -> tuple[Floats, Floats]:
    """Normalised indicators (units × indicators) into pillar scores and the index's score."""
    pillars = np.empty((len(normalised), len(branches.pillars)))
    for at, (members, inner) in enumerate(zip(branches.members, branches.inner, strict=True)):
        pillars[:, at] = pillar_score(normalised[:, members], inner, branches.present)
    return pillars, combine(pillars, branches)


def pillar_score(part: Floats, inner: Floats, present: float) -> Floats:
    """The weighted mean of a pillar's indicators, missing where too little of the weight is there."""
    return aggregate.mean_of_enough(part, inner, present)


def _present(values: DataFrame, branches: Branches, coverage: DataFrame | None) -> Floats:
    present = values[list(branches.codes)].notna().astype(float)
    if coverage is not None:
        present = present * coverage.reindex(index=values.index, columns=list(branches.codes)).fillna(1.0)
    return present.to_numpy(dtype=float)


def _shares(weights: Floats | list[float], parent: str) -> Floats:
    shares = np.asarray(weights, dtype=float)
    if not np.isfinite(shares).all() or (shares < 0).any() or shares.sum() <= 0:
        raise ConfigError(
            f"Os pesos de «{parent}» não servem: {shares.tolist()}. Dê números não negativos, "
            "pelo menos um acima de zero.",
            f"The weights of “{parent}” will not do: {shares.tolist()}. Give numbers that are not negative, at least "
            "one above zero.",
            where=parent,
        )
    return np.asarray(shares / shares.sum(), dtype=float)


def _known(table: DataFrame, wanted: tuple[str, ...]) -> None:
    lacking = [code for code in wanted if code not in table.columns]
    if lacking:
        raise UnknownName.among(lacking[0], [str(one) for one in table.columns], pt="Indicador", en="Indicator")
