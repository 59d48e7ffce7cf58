"""The long way: every figure of the edited places measured anew, every unit scored anew.

What a scenario gives must be the same to the ninth decimal; ``atlas scenario --check`` says how far apart they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from atlas.measuring import measure_all
from atlas.placing import Places
from atlas.scenarios.applying import FIGURE_KEY, Ground, Outcome, ranks_of, weights_of
from atlas.scenarios.touched import NEAREST
from atlas.scores import values_of
from atlas.scoring.index import Scored, score_index

_EVIDENCE = ["code", "indicator", "place_id"]


@dataclass(frozen=True)
class Difference:
    """How far a scenario stands from the full rebuild; all 0 where they are one."""

    figure: float
    coverage: float
    score: float
    ranks: int
    flags: int
    evidence: int

    @property
    def largest(self) -> float:
        """The largest difference of a figure, a coverage or a score."""
        return max(self.figure, self.coverage, self.score)

    @property
    def same(self) -> bool:
        """Whether nothing is apart by more than 1e-9."""
        return self.largest <= 1e-9 and not (self.ranks or self.flags or self.evidence)


def rebuilt(outcome: Outcome, ground: Ground | None = None) -> tuple[dict[str, pd.DataFrame], dict[str, Scored]]:
    """The tables ``indicators`` and ``evidence``, and every index, from the edited places alone."""
    built = outcome.built
    placed = (ground or Ground(built)).placed
    edited = replace(placed, tables={**placed.tables, "places": outcome.edited.places})
    fresh = Places(edited.units, edited.tables, edited.opened, edited.sources, edited.repairs, edited.warnings)
    tables = measure_all(built.atlas, fresh).tables
    known = {one.code: one for one in built.atlas.indicator}
    weights = weights_of(built, outcome.scenario)
    scored = {}
    for index in built.atlas.index:
        values, coverage = values_of(tables, index)
        own = weights if index.id == outcome.scenario.index else None
        scored[index.id] = score_index(values, index, known, coverage=coverage, weights=own)
    return tables, scored


def difference(outcome: Outcome, ground: Ground | None = None) -> Difference:
    """How far the scenario stands from the full rebuild."""
    tables, scored = rebuilt(outcome, ground)
    built = outcome.built
    own = figures_after(outcome)
    theirs = tables["indicators"].set_index(FIGURE_KEY).reindex(own.index)
    scores, ranks = 0.0, 0
    for name, whole in scored.items():
        mine = outcome.after[name]
        for column in ("score", "low", "high", "coverage"):
            scores = max(scores, _apart(getattr(mine, column), getattr(whole, column).reindex(mine.score.index)))
        scores = max(scores, _apart(mine.pillars, whole.pillars.reindex(mine.pillars.index)))
        ranks += int((ranks_of(mine).fillna(0) != ranks_of(whole).reindex(mine.score.index).fillna(0)).sum())
    tied = [one.code for one in built.atlas.indicator if one.measure in NEAREST]  # any of several equally near is named
    behind, other = (
        set(table[~table["indicator"].isin(tied)].itertuples(index=False, name=None))
        for table in (evidence_after(outcome), tables["evidence"][_EVIDENCE].astype(str))
    )
    return Difference(
        figure=_apart(own["value"], theirs["value"]),
        coverage=_apart(own["coverage"], theirs["coverage"]),
        score=scores,
        ranks=ranks,
        flags=int((own["flags"] != theirs["flags"]).sum()),
        evidence=len(behind ^ other),
    )


def figures_after(outcome: Outcome) -> pd.DataFrame:
    """Every figure of the atlas under the scenario, by level, unit and indicator."""
    whole = outcome.built.store.read("indicators").set_index(FIGURE_KEY)
    anew = outcome.figures.set_index(FIGURE_KEY)
    return pd.concat([whole[~whole.index.isin(anew.index)], anew])


def evidence_after(outcome: Outcome) -> pd.DataFrame:
    """The places behind every figure under the scenario: ``code, indicator, place_id``."""
    whole = outcome.built.store.read("evidence")[_EVIDENCE].astype(str)
    measured = outcome.figures.set_index(["code", "indicator"]).index
    stands = ~whole.set_index(["code", "indicator"]).index.isin(measured)
    return pd.concat([whole[stands], outcome.evidence[_EVIDENCE]], ignore_index=True)


def _apart(one: pd.DataFrame | pd.Series, other: pd.DataFrame | pd.Series) -> float:
    """The largest difference; infinite where one is missing and the other is not."""
    first, second = one.to_numpy(dtype=float), other.to_numpy(dtype=float)
    if (np.isnan(first) != np.isnan(second)).any():
        return float("inf")
    return float(np.nanmax(np.abs(first - second), initial=0.0))
