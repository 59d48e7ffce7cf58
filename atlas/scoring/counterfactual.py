"""The smallest change that would bring a unit into the top, or into the next class up, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Index, Indicator
from atlas.language import Translator
from atlas.scoring.index import Scored, climb, combine, on_goalposts, pillar_score, score_index
from atlas.scoring.opportunity import letters

Floats = NDArray[np.float64]
TOP = 10


@dataclass(frozen=True)
class Goal:
    """Where a unit should get to: ``top``, among the first ``places``, or ``class``, into the next class up."""

    kind: Literal["top", "class"]
    score: float
    places: int

    def reached(self, score: float, place: int) -> bool:
        """Whether a score and a rank, made anew with all units, are there."""
        return place <= self.places if self.kind == "top" else score >= self.score


def goal_of(scored: Scored, index: Index, code: str, top: int) -> list[Goal]:
    """What a unit may be brought to: into the top, else into the next class up; nothing where it is or unranked."""
    if not scored.ranked[code] or scored.ranks[code] <= top:
        return []
    ahead = np.sort(scored.score.to_numpy()[scored.ranked.to_numpy()])[-top:]  # the unit itself is further down
    goals = [Goal("top", float(ahead[0]), top)]
    above = [cut for cut in index.cuts or () if cut > scored.score[code]]
    return [*goals, Goal("class", float(above[0]), top)] if above else goals


@dataclass(frozen=True)
class Counterfactual:
    """The smallest change of one figure, the rest as it is, that brings a unit into the top or the next class up.

    Attributes
    ----------
    indicator
        Code of the figure.
    before, after
        In the indicator's unit; ``after`` rounded to its decimals, outwards.
    step
        The change as a share of the distance between the goalposts, 0–1.
    rank_before, rank_after
        Places in the order; the second one computed from the changed figures.
    goal
        ``top`` or ``class``.
    class_before, class_after
        ``L``, ``M`` or ``H`` where the index has cuts.
    """

    indicator: str
    before: float
    after: float
    step: float
    rank_before: int
    rank_after: int
    goal: Literal["top", "class"] = "top"
    class_before: str | None = None
    class_after: str | None = None


def counterfactual(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    code: str,
    *,
    top: int = TOP,
    indicator: str | None = None,
    coverage: DataFrame | None = None,
    weights: Mapping[str, float] | None = None,
    scored: Scored | None = None,
) -> Counterfactual | None:
    """The smallest change of one indicator that brings a unit into the top, verified by scoring the unit again.

    On fixed goalposts no other unit's score depends on it, so its new place is told by the scores that there are.

    Where no single one does, the smallest that brings it into the next class up.

    Parameters
    ----------
    values, index, indicators, coverage, weights
        As for ``score_index``.
    code
        The unit.
    top
        How many places the top has.
    indicator
        The one to change; the one with the smallest step where none is named.
    scored
        The index with these weights, where somebody has scored it already.

    Returns
    -------
    ``None`` for a unit that is there already or has no rank, and where no single indicator suffices, even at its
    best goalpost.
    """
    if scored is None:
        scored = score_index(values, index, indicators, coverage=coverage, weights=weights)
    others = scored.score.to_numpy()[scored.ranked.to_numpy() & (scored.score.index != code)]
    unit = _Unit(scored, code)
    named = [indicators[name] for name in ([indicator] if indicator else scored.branches.codes)]
    row = values.loc[code]
    before = {one.code: float(row[one.code]) for one in named}
    for goal in goal_of(scored, index, code, top):
        steps: list[tuple[float, Indicator, float]] = []
        for one in unit.within_reach(named, before, goal.score):
            after = _least_change(unit, one, before[one.code], goal.score)
            steps.append(((unit.scaled(one, after) - unit.now(one)) / 100, one, after))
        for step, one, after in sorted(steps, key=lambda found: found[0]):
            score = float(np.clip(unit.scores(one, np.array([after]))[0], 0.0, 100.0))
            place = 1 + int((others > score).sum())
            if goal.reached(score, place):
                classes = [_class_of(of, index) for of in (scored.score[code], score)]
                ranks = int(scored.ranks[code]), place
                return Counterfactual(one.code, before[one.code], after, step, *ranks, goal.kind, *classes)
    return None


def _class_of(score: float, index: Index) -> str | None:
    return str(letters(Series([score]), index.cuts).iloc[0]) if index.cuts and score == score else None


def change_sentence(t: Translator, change: Counterfactual, indicator: Indicator) -> str:
    """The counterfactual in a sentence; it says that the rest is held as it is."""
    told = {
        "indicator": indicator.name.in_(t.lang),
        "before": t.number(change.before, indicator.decimals),
        "after": t.quantity(change.after, indicator, indicator.decimals),
    }
    if change.goal == "top":
        return t("scoring.why.change", rank=t.number(change.rank_after), **told)
    return t("scoring.why.change_class", class_=t(f"scoring.why.class_{change.class_after}"), **told)


def _best(indicator: Indicator) -> float:
    low, high = indicator.goalposts or (np.nan, np.nan)
    return high if indicator.direction == "more" else low


class _Unit:
    """One unit's figures on their scales, and what its score would be with another figure."""

    def __init__(self, scored: Scored, code: str) -> None:
        self._branches = scored.branches
        self._row = scored.normalised.loc[code].to_numpy(dtype=float)
        self._pillars = climb(self._row[None, :], scored.branches)[0]
        self._at = {name: at for at, name in enumerate(scored.branches.codes)}

    def now(self, indicator: Indicator) -> float:
        """The figure that it has, on its scale."""
        return float(self._row[self._at[indicator.code]])

    def scaled(self, indicator: Indicator, figure: float) -> float:
        """A figure on its scale."""
        return float(on_goalposts(np.array([figure]), indicator)[0])

    def scores(self, indicator: Indicator, figures: Floats) -> Floats:
        """The unit's score with each of these figures: only the pillars that the indicator stands in are made anew."""
        at, branches = self._at[indicator.code], self._branches
        pillars = np.tile(self._pillars, (len(figures), 1))
        for place, (members, inner) in enumerate(zip(branches.members, branches.inner, strict=True)):
            if at in members:
                part = np.tile(self._row[members], (len(figures), 1))
                part[:, members == at] = on_goalposts(figures, indicator)[:, None]
                pillars[:, place] = pillar_score(part, inner, branches.present)
        return combine(pillars, branches)

    def within_reach(self, indicators: list[Indicator], before: Mapping[str, float], wanted: float) -> list[Indicator]:
        """Those that bring the unit to ``wanted`` at their best goalpost, if not there already."""
        some = [
            one for one in indicators
            if (_best(one) - before[one.code]) * (1.0 if one.direction == "more" else -1.0) > 0
        ]  # fmt: skip
        rows = np.tile(self._row, (len(some), 1))
        for place, one in enumerate(some):
            rows[place, self._at[one.code]] = self.scaled(one, _best(one))
        there = climb(rows, self._branches)[1] >= wanted
        return [one for one, reached in zip(some, there, strict=True) if reached]


def _least_change(unit: _Unit, indicator: Indicator, before: float, wanted: float) -> float:
    """The figure nearest to ``before`` with which the unit's score reaches ``wanted``, rounded outwards."""
    sign = 1.0 if indicator.direction == "more" else -1.0
    scale = 10.0**indicator.decimals

    def rounded(figure: float) -> float:
        return float(np.ceil(figure * sign * scale - 1e-9) / scale * sign)

    def reached(figures: Floats) -> NDArray[np.bool_]:
        return np.asarray(unit.scores(indicator, figures) >= wanted)

    near, far = before, _best(indicator)
    for _ in range(12):
        grid = np.linspace(near, far, 33)
        first = int(np.argmax(reached(grid)))
        near, far = float(grid[max(first - 1, 0)]), float(grid[first])
        if rounded(near) == rounded(far) and reached(np.array([rounded(far)]))[0]:
            break  # whatever lies between is rounded alike
    return rounded(far) if reached(np.array([rounded(far)]))[0] else far
