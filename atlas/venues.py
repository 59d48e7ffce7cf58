"""How many venues would be enough: places are put into a unit, everything is measured and scored again.

The figure of one indicator can be moved alone (``scoring.explain.counterfactual``, "mantendo o resto"); a venue cannot.
It counts for several indicators at once and for the neighbours too, so what is said here is what came out of measuring
all of it again with the venues in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array, hstack

from atlas.build import DATA_TABLES
from atlas.built import Built
from atlas.config import Index, Indicator
from atlas.indicators import Inputs, Walked
from atlas.language import Translator
from atlas.measuring import inputs_of, measure_some
from atlas.placing import Places
from atlas.scores import wide
from atlas.scoring.counterfactual import TOP, Goal, goal_of
from atlas.scoring.index import climb, on_goalposts, rank, score_index
from atlas.scoring.opportunity import letters
from atlas.walking import distances

MOST = 10  # more venues than this of one class is no suggestion
OFFERED = 3


@dataclass(frozen=True)
class Venues:
    """Venues of one class that are enough, found by measuring and scoring everything again with them.

    Attributes
    ----------
    class_
        Class of the venues.
    count
        The least number of them that is enough.
    goal
        ``top``: among the first ten; ``class``: into a higher class.
    rank_before, rank_after, class_before, class_after
        As published, and with the venues.
    """

    class_: str
    count: int
    goal: str
    rank_before: int
    rank_after: int
    class_before: str | None
    class_after: str | None


def venues_enough(
    built: Built, index: Index, code: str, weights: Mapping[str, float] | None = None, *, top: int = TOP
) -> list[Venues]:
    """For up to three classes of venue, the least number that brings a unit into the top, or into a higher class.

    Parameters
    ----------
    weights
        Pillar id → weight, in place of the index's own.

    Returns
    -------
    The fewest venues first, of two classes the commoner one; empty for a unit in the top, and where ten venues of one
    class are not enough.
    """
    trial = Trial(built, index, code, weights)
    goals = goal_of(built.scored(index, weights), index, code, top)
    for goal in goals:
        guesses = sorted((guess, -often, class_) for class_, (guess, often) in trial.guesses(goal).items())
        found = [one for guess, _, class_ in guesses[:OFFERED] if (one := trial.least(class_, guess, goal)) is not None]
        if found:
            often = trial.inputs.places["class_"].value_counts()
            return sorted(found, key=lambda one: (one.count, -int(often.get(one.class_, 0))))
    return []


class Trial:
    """A unit into which venues are put, on a built atlas."""

    def __init__(self, built: Built, index: Index, code: str, weights: Mapping[str, float] | None) -> None:
        self._built, self._index, self._code, self._weights = built, index, code, weights
        self._known = {indicator.code: indicator for indicator in built.atlas.indicator}
        self._scored = built.scored(index, weights)

    @cached_property
    def inputs(self) -> Inputs:
        """What the measures read."""
        return inputs_of(self._built.atlas, self._placed)

    @cached_property
    def _placed(self) -> Places:
        store = self._built.store
        about = {key: store.manifest[key] for key in ("sources", "repairs", "warnings")}
        return Places.of(self._built.atlas, {name: store.read(name) for name in DATA_TABLES}, about)

    def counted(self, class_: str) -> list[Indicator]:
        """The index's indicators that a venue of the class may move."""
        layer, rule = self._built.atlas.classes[class_]
        return [
            one
            for one in map(self._known.__getitem__, self._scored.branches.codes)
            if layer.id in one.layers and (class_ in one.with_["classes"] if "classes" in one.with_ else rule.counts)
        ]

    def guesses(self, goal: Goal) -> dict[str, tuple[int, int]]:
        """Class → how many venues should do by what its counts alone would add, and how common it is."""
        doubts = self._built.store.read("doubts")
        own = doubts[(doubts["code"] == self._code) & (doubts["kind"] == "count")].set_index("indicator")["each"]
        often = self._built.places["class_"].value_counts()
        found = {}
        for class_, (layer, _) in self._built.atlas.classes.items():
            counted = self.counted(class_) if layer.layer.role == "venue" else []
            plain = [one for one in counted if one.code in own.index and own[one.code] == own[one.code]]
            reached = self._alone(plain, own) >= goal.score
            if plain and reached.any():
                found[class_] = (int(reached.argmax()) + 1, int(often.get(class_, 0)))
        return found

    def _alone(self, counted: list[Indicator], each: pd.Series) -> np.ndarray:
        """The unit's score where the counts alone rise by 1 … :data:`MOST` venues."""
        own = self._scored.normalised.loc[self._code]
        rows = pd.DataFrame([own] * MOST, columns=self._scored.normalised.columns)
        values = self._built.inputs(self._index)[0]
        for one in counted:
            more = values.loc[self._code, one.code] + np.arange(1, MOST + 1) * each[one.code]
            rows[one.code] = on_goalposts(np.asarray(more, dtype=float), one)
        return climb(rows.to_numpy(dtype=float), self._scored.branches)[1]

    def least(self, class_: str, guess: int, goal: Goal) -> Venues | None:
        """The least number of venues of a class that reaches the goal, the number below it tried as well.

        The guess is mostly right or off by one; where it falls short, the most is tried next, since where that does
        not reach the goal nothing between will, and then halves.
        """
        found: dict[int, Venues | None] = {}
        short, enough, count = 0, MOST + 1, guess
        while count <= MOST and enough - short > 1:
            found[count] = self.tried(class_, count, goal)
            if found[count] is None:
                short = count
                count = MOST if enough > MOST else (short + enough) // 2
            else:
                enough = count
                count = enough - 1 if short == 0 else (short + enough) // 2
        return found.get(enough)

    def tried(self, class_: str, count: int, goal: Goal) -> Venues | None:
        """What ``count`` venues do, all units measured and scored again; nothing where they do not reach the goal."""
        values, coverage = self.measured(class_, count)
        again = score_index(values, self._index, self._known, coverage=coverage, weights=self._weights)
        before, after = (rank(one.score, one.ranked)[self._code] for one in (self._scored, again))
        classes = [self._class(one.score[self._code]) for one in (self._scored, again)]
        if after is pd.NA or not goal.reached(float(again.score[self._code]), int(after)):
            return None
        return Venues(class_, count, goal.kind, int(before), int(after), classes[0], classes[1])

    def measured(self, class_: str, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Figures and coverage of all units with ``count`` more venues of a class in this one."""
        values, coverage = (table.copy() for table in self._built.inputs(self._index))
        completeness = self._built.store.read("completeness")
        figures = measure_some(self.with_venues(class_, count), completeness, self.counted(class_)).tables["indicators"]
        shares = wide(figures, self._index.level, "coverage")
        for name, column in wide(figures, self._index.level).items():
            values[name] = column.where(shares[name] > 0).reindex(values.index)
            coverage[name] = shares[name].reindex(coverage.index)
        return values, coverage

    def with_venues(self, class_: str, count: int) -> Inputs:
        """The inputs with the venues where most of the unit's people live."""
        inputs, point = self.inputs, self._spot
        layer, rule = self._built.atlas.classes[class_]
        units = inputs.units.neighbourhoods
        unit = units.index[shapely.contains(units.geometry.to_numpy(), point)]
        row = {
            "place_id": "", "name": None, "class_": class_, "layer": layer.id, "classes": class_, "layers": layer.id,
            "actor": rule.actor, "weight": rule.weight, "marks": "", "tags": "{}", "p_match": 1.0, "n_records": 1,
            "neighbourhood": unit[0] if len(unit) else None, "geometry": point,
            "parent": units.loc[unit[0], "parent"] if len(unit) else None,
        }  # fmt: skip
        rows = [row | {"place_id": f"new_{number}"} for number in range(count)]
        new = gpd.GeoDataFrame(rows, geometry="geometry", crs=inputs.places.crs)
        columns = [name for name in new if name in inputs.places.columns]
        places = pd.concat([inputs.places, new[columns]], ignore_index=True)
        return replace(inputs, places=places, walked=self._walked(list(new["place_id"])))

    @cached_property
    def _spot(self) -> shapely.Point:
        """Where most people of the unit live, or a point on its surface where nobody knows."""
        population = self.inputs.population
        if population is not None:
            own = population[population["unit"] == self._code]
            if len(own):
                return own.geometry.iloc[int(own["residents"].to_numpy().argmax())]
        frame = self.inputs.units.parents if self._index.level == "municipality" else self.inputs.units.neighbourhoods
        return shapely.point_on_surface(frame.geometry[self._code])

    def _walked(self, ids: list[str]) -> Walked | None:
        walked = self.inputs.walked
        if walked is None or self._metres is None:
            return walked
        whole = csr_array(hstack([walked.metres, *([self._metres] * len(ids))]))
        return replace(walked, metres=whole, place_ids=walked.place_ids.append(pd.Index(ids)))

    @cached_property
    def _metres(self) -> csr_array | None:
        """From where people live to the spot, along streets: the same for any number of venues of any class."""
        streets, population = self._placed.streets, self.inputs.population
        if streets is None or population is None:
            return None
        walking = self._built.atlas.walking
        origins, spot = (shapely.get_coordinates(one) for one in (population.geometry.to_numpy(), [self._spot]))
        return distances(streets, origins, spot, limit_m=walking.limit_m, snap_m=walking.snap_m)

    def _class(self, score: float) -> str | None:
        if not self._index.cuts or score != score:
            return None
        return str(letters(pd.Series([score]), self._index.cuts).iloc[0])


def venues_sentence(t: Translator, built: Built, found: list[Venues]) -> str:
    """The venues in a sentence: how many of which class, and what they do; empty where there are none."""
    if not found:
        return ""
    parts = [t("scoring.why.venues_of", count=t.number(one.count), name=_called(t, built, one)) for one in found]
    first = found[0]
    listed = parts[0] if len(parts) == 1 else t("scoring.why.or", list=", ".join(parts[:-1]), last=parts[-1])
    if first.goal == "top":
        return t("scoring.why.venues_top", list=listed, rank=t.number(first.rank_after))
    after = t(f"scoring.why.class_{first.class_after}")
    return t("scoring.why.venues_class", list=listed, before=t(f"scoring.why.class_{first.class_before}"), after=after)


def _called(t: Translator, built: Built, venues: Venues) -> str:
    rule = built.atlas.classes[venues.class_][1]
    form = rule.one if venues.count == 1 else rule.several
    return form.in_(t.lang) if form else t("scoring.why.venues_named", name=rule.name.in_(t.lang))
