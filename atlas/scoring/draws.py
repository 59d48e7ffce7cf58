"""Draws of the method: weights, normalisation, aggregation and one indicator left out, and the scores they give.

Every draw is one method, applied to all units. All random numbers are drawn before the first block of draws, and
sums run in single precision over the columns in their order: the same bits on one worker and on many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from atlas.config import Index, Indicator
from atlas.scoring import normalise
from atlas.scoring.index import Branches, flatten, scale_of

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.intp]

CONCENTRATION = 50.0
GOALPOST_SHIFT = 0.1
FLOORS = (1.0, 5.0, 10.0)
NORMALISATIONS = ("goalposts", "goalposts moved", "rank")
_OMITTED = 1e-12  # in place of 0: a unit that has nothing else in the pillar keeps what it has
_NOTHING = np.float32(1e-30)


@dataclass(frozen=True)
class Choices:
    """The method of each draw.

    Attributes
    ----------
    normalisation
        0 goalposts, 1 goalposts moved, 2 rank.
    bad, good
        Draws × indicators: how far the end that scores 0, and the one that scores 100, has moved, as a share of
        the distance between them.
    floor
        0 for the arithmetic mean of the pillars, else the floor of the geometric one on 1–100.
    inner
        Per pillar, draws × its indicators: weights.
    outer
        Draws × pillars: weights.
    omitted
        Position of the indicator left out; the number of indicators where none is.
    """

    normalisation: Ints
    bad: Floats
    good: Floats
    floor: Floats
    inner: tuple[Floats, ...]
    outer: Floats
    omitted: Ints


def draw_choices(
    branches: Branches,
    fixed_ends: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    *,
    draws: int,
    rng: np.random.Generator,
    judges: DataFrame | None = None,
) -> Choices:
    """Draw methods: each of the three normalisations alike, arithmetic and geometric alike, the floors alike.

    Weights are Dirichlet around the published ones, α = 50·w at each parent (sd 0.056 at w = 0.2), or the mean of
    judges drawn with replacement (the same ones at every parent that they weighed). None of the Q indicators or one
    of them is left out, each with probability 1/(Q + 1) (OECD/JRC 2008, p. 118). Goalposts move by up to ± 10 % of
    their distance; a goalpost at 0 is the natural zero of a count or a share and stays.
    """
    codes = len(branches.codes)
    normalisation = rng.integers(len(NORMALISATIONS), size=draws)
    shifts = rng.uniform(-GOALPOST_SHIFT, GOALPOST_SHIFT, size=(2, draws, codes))
    floor = np.where(rng.random(draws) < 0.5, 0.0, np.asarray(FLOORS)[rng.integers(len(FLOORS), size=draws)])
    picked = None if judges is None else rng.multinomial(len(judges), np.full(len(judges), 1 / len(judges)), size=draws)
    inner = [
        _family(share, [branches.codes[at] for at in own], draws, rng, judges, picked)
        for share, own in zip(branches.inner, branches.members, strict=True)
    ]
    outer = _family(branches.outer, list(branches.pillars), draws, rng, judges, picked)
    omitted = rng.integers(codes + 1, size=draws)
    return Choices(
        normalisation=normalisation,
        bad=np.where(fixed_ends[0], 0.0, shifts[0]),
        good=np.where(fixed_ends[1], 0.0, shifts[1]),
        floor=floor,
        inner=tuple(inner),
        outer=outer,
        omitted=omitted,
    )


@dataclass(frozen=True)
class Gaps:
    """Which of some children each unit has."""

    there: Singles  # children × units, 1 where there, else next to nothing, by which a sum of nothing can be divided
    none: bool  # whether nothing is missing anywhere

    @classmethod
    def of(cls, there: NDArray[np.bool_]) -> Gaps:
        """From children × units."""
        return cls(np.where(there, np.float32(1.0), _NOTHING), bool(there.all()))

    def divide(self, total: Singles, weights: Singles) -> None:
        """Divide sums (draws × units), in place, by the weight of what each unit has; nothing there stays 0."""
        if self.none:
            total /= weights.sum(axis=1, keepdims=True)
            return
        weight = np.empty_like(total)
        _multiply(weights, self.there, weight)
        total /= weight


@dataclass(frozen=True)
class Bare:
    """The units' figures on the scales that a draw starts from; indicators × units, 0 where there is nothing.

    Attributes
    ----------
    straight
        (x − bad)/(good − bad), before the clip; far below 0 where there is nothing.
    raised
        The same from 0 upwards.
    clipped
        The same between 0 and 1: the published scale.
    by_rank
        Rank among the units, 0–1.
    there
        Whether the figure is known.
    inside
        Per pillar: which of its indicators each unit has.
    above
        Which pillars each unit has.
    """

    straight: Singles
    raised: Singles
    clipped: Singles
    by_rank: Singles
    there: NDArray[np.bool_]
    inside: tuple[Gaps, ...]
    above: Gaps

    @classmethod
    def of(
        cls, straight: Floats | Singles, by_rank: Floats | Singles, known: NDArray[np.bool_], members: tuple[Ints, ...]
    ) -> Bare:
        """From figures that may be missing, and which of them count."""
        held = np.where(known, straight, -1e6).astype(np.float32)
        return cls(
            straight=held,
            raised=np.maximum(held, np.float32(0.0)),
            clipped=np.clip(held, 0.0, 1.0),
            by_rank=np.where(known, by_rank, 0.0).astype(np.float32),
            there=known,
            inside=tuple(Gaps.of(known[one]) for one in members),
            above=Gaps.of(np.array([known[one].any(axis=0) for one in members])),
        )


@dataclass(frozen=True)
class _Singles:
    """What a draw needs of its choices, as :class:`Choices` has it."""

    inner: list[Singles]
    outer: Singles
    bad: Singles
    good: Singles
    lowest: Singles


@dataclass(frozen=True)
class Plan:
    """The units' figures, and the method of each draw."""

    branches: Branches
    choices: Choices
    bare: Bare

    def of(self, index: pd.Index, units: list[str] | None) -> Plan:
        """The same plan for some of the units."""
        if units is None:
            return self
        at, bare = index.get_indexer(units), self.bare
        members = self.branches.members
        some = Bare.of(bare.straight[:, at], bare.by_rank[:, at], bare.there[:, at], members)
        return Plan(self.branches, self.choices, some)

    @cached_property
    def _singles(self) -> _Singles:
        """The choices of all draws in single precision, with the weight of what is left out taken away."""
        choices = self.choices
        inner, outer = _leave_out(self.branches, choices.inner, choices.outer, choices.omitted)
        return _Singles(
            inner=inner,
            outer=outer,
            bad=choices.bad.astype(np.float32),
            good=np.float32(1.0) + choices.good.astype(np.float32),
            lowest=np.log(np.maximum(choices.floor, 1.0)).astype(np.float32),
        )

    def scores(self, block: slice) -> Singles:
        """Scores of a block of draws (draws × units): 0–1, or the mean logarithm on 1–100 where it is geometric."""
        rows = np.arange(len(self.choices.floor))[block]
        # With one pillar there is nothing to combine, and a floor would only make equals of the lowest.
        geometric = (self.choices.floor[rows] > 0) & (len(self.branches.pillars) > 1)
        scores = np.empty((len(rows), self.bare.straight.shape[1]), dtype=np.float32)
        for logs in (False, True):
            chosen = np.flatnonzero(geometric == logs)
            if len(chosen):
                chosen = chosen[np.argsort(self.choices.normalisation[rows[chosen]], kind="stable")]
                scores[chosen] = self._means(rows[chosen], logs=logs)
        return scores

    def _means(self, rows: Ints, *, logs: bool) -> Singles:
        """Means of the pillars on 0–1, or of their logarithms on 1–100, for draws in the order of normalisation."""
        above, outer, lowest = self.bare.above, self._singles.outer[rows], self._singles.lowest[rows, None]
        kinds = np.searchsorted(self.choices.normalisation[rows], [0, 1, 2, 3])
        total = np.zeros((len(rows), self.bare.straight.shape[1]), dtype=np.float32)
        for at in range(len(self.branches.pillars)):
            weight = outer[:, at, None]
            pillar = self._pillar(at, rows, kinds, np.float32(99.0) if logs else weight)
            if logs:
                np.log1p(pillar, out=pillar)
                np.maximum(pillar, lowest, out=pillar)
                pillar *= weight
                if not above.none:
                    pillar *= above.there[at]
            total += pillar
        above.divide(total, outer)
        return total

    def _pillar(self, at: int, rows: Ints, kinds: Ints, scale: Singles | np.float32) -> Singles:
        """``scale`` × one pillar on 0–1, 0 where it is missing; ``kinds`` parts the draws by their normalisation."""
        plain, moved, ranked = (slice(*kinds[kind : kind + 2]) for kind in range(3))
        bare, gaps, members = self.bare, self.bare.inside[at], self.branches.members[at]
        weights = self._singles.inner[at][rows]
        scaled = weights * scale
        if gaps.none:
            scaled /= weights.sum(axis=1, keepdims=True)
        total = np.empty((len(rows), bare.straight.shape[1]), dtype=np.float32)
        _multiply(scaled[plain], bare.clipped[members], total[plain])
        _multiply(scaled[ranked], bare.by_rank[members], total[ranked])
        self._moved(members, rows[moved], scaled[moved], total[moved])
        if not gaps.none:
            gaps.divide(total, weights)
        return total

    def _moved(self, members: Ints, rows: Ints, weights: Singles, total: Singles) -> None:
        """Into ``total``, the sum of ``w·(clip(x, bad, good) − bad)/(good − bad)`` with goalposts that have moved."""
        bad, good = self._singles.bad[rows][:, members], self._singles.good[rows][:, members]
        if bad.any():
            figures = np.maximum(self.bare.straight[members], bad[:, :, None])
            np.minimum(figures, good[:, :, None], out=figures)
        else:
            figures = np.minimum(self.bare.raised[members], good[:, :, None])
        weights = weights / (good - bad)
        np.matmul(weights[:, None], figures, out=total[:, None])
        total -= np.einsum("dm,dm->d", weights, bad)[:, None]


def _multiply(weights: Singles, figures: Singles, total: Singles) -> None:
    """``total = weights · figures``; a product with a single row is quicker as what it is."""
    if len(figures) == 1:
        np.multiply(weights, figures, out=total)
    else:
        np.matmul(weights, figures, out=total)


def plan_draws(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    draws: int,
    seed: int,
    weights: Mapping[str, float] | None,
    judges: DataFrame | None,
) -> Plan:
    """The units on the bare scales and ``draws`` methods, ready to be scored block by block."""
    branches = flatten(index, weights)
    fixed_ends = natural_zeros(branches, indicators)
    choices = draw_choices(branches, fixed_ends, draws=draws, rng=np.random.default_rng(seed), judges=judges)
    return Plan(branches, choices, bare_scales(straightened(values, branches, indicators), branches))


def straightened(values: DataFrame, branches: Branches, indicators: Mapping[str, Indicator]) -> Floats:
    """Indicators × units: ``(x − bad)/(good − bad)`` on the scale on which each is read, beyond 0 and 1 too."""
    rows = [_straight(values[code].to_numpy(dtype=float), indicators[code]) for code in branches.codes]
    return np.array(rows).reshape(len(rows), len(values))


def bare_scales(straight: Floats, branches: Branches) -> Bare:
    """What a draw starts from; a pillar with too little of its weight is absent, as in the published score."""
    known = ~np.isnan(straight)
    by_rank = np.array([_by_rank(row) for row in straight]).reshape(straight.shape)
    for members, inner in zip(branches.members, branches.inner, strict=True):
        share = (known[members] * inner[:, None]).sum(axis=0)
        known[np.ix_(members, np.flatnonzero(share < branches.present * (1 - 1e-12)))] = False
    return Bare.of(straight, by_rank, known, branches.members)


def natural_zeros(
    branches: Branches, indicators: Mapping[str, Indicator]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Per indicator: whether its bad end, and whether its good end, is a goalpost at 0."""
    zero = [one.goalposts is not None and one.goalposts[0] == 0 for one in map(indicators.__getitem__, branches.codes)]
    more = [indicators[code].direction == "more" for code in branches.codes]
    return np.array(zero) & np.array(more), np.array(zero) & ~np.array(more)


def _straight(values: Floats, indicator: Indicator) -> Floats:
    low, high = scale_of(indicator)
    share = ((np.log1p(values) if indicator.log else values) - low) / (high - low)
    return share if indicator.direction == "more" else 1.0 - share


def _by_rank(straight: Floats) -> Floats:
    present = int(np.count_nonzero(~np.isnan(straight)))
    return (normalise.rank(straight, 1) - 1.0) / max(present - 1, 1)


def _dirichlet(shares: Floats, draws: int, rng: np.random.Generator) -> Floats:
    parts = rng.standard_gamma(CONCENTRATION * shares, size=(draws, len(shares)))
    return np.asarray(parts / parts.sum(axis=1, keepdims=True), dtype=float)


def _family(
    shares: Floats,
    codes: list[str],
    draws: int,
    rng: np.random.Generator,
    judges: DataFrame | None,
    picked: NDArray[np.integer] | None,
) -> Floats:
    """Weights of one family of siblings, draw by draw; from the judges picked where they weighed it."""
    if judges is None or picked is None or not set(codes) <= set(judges.columns):
        return _dirichlet(shares, draws, rng)
    given = judges[codes].to_numpy(dtype=float)
    given = given / given.sum(axis=1, keepdims=True)
    return np.asarray(picked @ given / len(given), dtype=float)


def _leave_out(
    branches: Branches, inner: tuple[Floats, ...], outer: Floats, omitted: Ints
) -> tuple[list[Singles], Singles]:
    """Take the weight of each draw's omitted indicator away, and of its pillar where it was alone there."""
    outer = outer.copy()
    kept = []
    for at, (members, weights) in enumerate(zip(branches.members, inner, strict=True)):
        out = omitted[:, None] == members[None, :]
        kept.append(np.where(out, _OMITTED * np.maximum(weights, _OMITTED), weights).astype(np.float32))
        if len(members) == 1 and len(branches.pillars) > 1:
            outer[out[:, 0], at] *= _OMITTED
    return kept, outer.astype(np.float32)
