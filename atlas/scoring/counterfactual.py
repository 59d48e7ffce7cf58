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
from atlas.scoring.index import Scored, climb, on_goalposts, rank, score_index
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
    ranks = rank(scored.score, scored.ranked)
    if not scored.ranked[code] or ranks[code] <= top:
        return []
    ahead = scored.score[scored.ranked].drop(code).nlargest(top)
    goals = [Goal("top", float(ahead.iloc[-1]), top)]
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
    others = scored.score[scored.ranked].drop(code, errors="ignore").to_numpy()
    before_rank = rank(scored.score, scored.ranked)[code]
    for goal in goal_of(scored, index, code, top):
        steps: list[tuple[float, str, float]] = []
        for name in [indicator] if indicator else list(scored.branches.codes):
            after = _least_change(scored, indicators[name], float(values.loc[code, name]), code, goal.score)
            if after is not None:
                reached = float(on_goalposts(np.array([after]), indicators[name])[0])
                steps.append(((reached - float(scored.normalised.loc[code, name])) / 100, name, after))
        for step, name, after in sorted(steps, key=lambda one: one[0]):
            changed = values.loc[[code]].astype(float)
            changed.loc[code, name] = after
            again = score_index(changed, index, indicators, coverage=coverage, weights=weights)
            place = 1 + int((others > again.score[code]).sum())
            if goal.reached(float(again.score[code]), int(place)):
                classes = [_class_of(one.score[code], index) for one in (scored, again)]
                figures = float(values.loc[code, name]), after, step
                return Counterfactual(name, *figures, int(before_rank), int(place), goal.kind, *classes)
    return None


def _class_of(score: float, index: Index) -> str | None:
    return str(letters(Series([score]), index.cuts).iloc[0]) if index.cuts and score == score else None


def change_sentence(t: Translator, change: Counterfactual, indicator: Indicator) -> str:
    """The counterfactual in a sentence; it says that the rest is held as it is."""
    told = {
        "indicator": indicator.name.in_(t.lang),
        "unit": indicator.unit.in_(t.lang),
        "before": t.number(change.before, indicator.decimals),
        "after": t.number(change.after, indicator.decimals),
    }
    if change.goal == "top":
        return t("scoring.why.change", rank=t.number(change.rank_after), **told)
    return t("scoring.why.change_class", class_=t(f"scoring.why.class_{change.class_after}"), **told)


def _least_change(scored: Scored, indicator: Indicator, before: float, code: str, wanted: float) -> float | None:
    """The figure nearest to ``before`` with which the unit's score reaches ``wanted``, rounded outwards."""
    if np.isnan(before) or indicator.goalposts is None:
        return None
    at = scored.branches.codes.index(indicator.code)
    row = scored.normalised.loc[code].to_numpy(dtype=float)

    def reached(figures: Floats) -> NDArray[np.bool_]:
        rows = np.tile(row, (len(figures), 1))
        rows[:, at] = on_goalposts(figures, indicator)
        return np.asarray(climb(rows, scored.branches)[1] >= wanted)

    sign = 1.0 if indicator.direction == "more" else -1.0
    near, far = before, indicator.goalposts[1] if sign > 0 else indicator.goalposts[0]
    if (far - near) * sign <= 0 or not reached(np.array([far]))[0]:
        return None
    for _ in range(12):
        grid = np.linspace(near, far, 33)
        first = int(np.argmax(reached(grid)))
        near, far = float(grid[max(first - 1, 0)]), float(grid[first])
    scale = 10.0**indicator.decimals
    rounded = float(np.ceil(far * sign * scale - 1e-9) / scale * sign)
    return rounded if reached(np.array([rounded]))[0] else far
