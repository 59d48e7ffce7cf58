"""Ranks before and after, held against the noise of the method: weights, normalisation, aggregation, one left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.config import Index
from atlas.scenarios.applying import DrawnRanks, Ground, Outcome, ranks_of, weights_of
from atlas.scoring.index import Scored
from atlas.scoring.opportunity import cells
from atlas.scoring.uncertainty import ranks_of as ranks_in
from atlas.scoring.uncertainty import score_draws

Noise = Literal["within", "beyond"]
LOW, HIGH = 0.05, 0.95
COLUMNS = (
    "code", "name", "parent", "parent_name", "score_before", "score_after", "rank_before", "rank_after", "move",
    "rank_low", "rank_high", "p_rises", "noise", "coverage_before", "coverage_after", "opportunity_before",
    "opportunity_after", "touched",
)  # fmt: skip


def moves(outcome: Outcome, *, draws: int | None = None, ground: Ground | None = None) -> pd.DataFrame:
    """Every unit of the scenario's index, those whose score moved most first.

    Parameters
    ----------
    draws
        Methods drawn; as many as the atlas was built with where none is given. The same methods are drawn before and
        after, so that a unit is compared with itself.

    ground
        Keeps the ranks before, where several scenarios follow each other.

    Returns
    -------
    Columns :data:`COLUMNS`: ``move`` is the number of places won; ``rank_low, rank_high`` the interval (5–95 %) of the
    rank *before*; ``noise`` is ``beyond`` where the rank after lies outside of it, else ``within``; ``p_rises`` the
    share of the methods in which the rank is better than before; ``touched`` whether a figure of the unit is another.
    """
    built, index = outcome.built, outcome.index
    before, after = outcome.before[index.id], outcome.after[index.id]
    parents = index.level == "municipality"
    units = built.parents if parents else built.units
    codes = before.score.index
    table = pd.DataFrame({
        "code": codes,
        "name": units["name"].reindex(codes),
        "parent": None if parents else units["parent"].reindex(codes),
        "parent_name": None if parents else units["parent_name"].reindex(codes),
        "score_before": before.score, "score_after": after.score,
        "rank_before": ranks_of(before), "rank_after": ranks_of(after),
        "coverage_before": before.coverage, "coverage_after": after.coverage,
    }, index=codes)  # fmt: skip
    table["move"] = table["rank_before"] - table["rank_after"]
    table = table.join(_noise(outcome, index, draws, ground))
    inside = table["rank_after"].between(table["rank_low"], table["rank_high"])
    known = table[["rank_after", "rank_low"]].notna().all(axis=1)
    table["noise"] = pd.Series(np.where(inside.fillna(False), "within", "beyond"), index=codes, dtype=object).where(
        known
    )
    for when, scored in (("before", outcome.before), ("after", outcome.after)):
        table[f"opportunity_{when}"] = _readings(outcome, index, scored)
    table["touched"] = codes.isin(outcome.units_changed(index))
    table["_by"] = -(table["score_after"] - table["score_before"]).abs().fillna(0)
    table = table.reset_index(drop=True).sort_values(
        ["_by", "touched", "code"], ascending=[True, False, True], kind="stable"
    )
    return table.reindex(columns=list(COLUMNS)).reset_index(drop=True)


def _noise(outcome: Outcome, index: Index, draws: int | None, ground: Ground | None) -> pd.DataFrame:
    """Interval of each rank before, and in how many methods it is better after."""
    manifest = outcome.built.store.manifest
    count = int(manifest["draws"] if draws is None else draws)
    columns = ["rank_low", "rank_high", "p_rises"]
    codes = outcome.before[index.id].score.index
    if not count:
        return pd.DataFrame(np.nan, index=codes, columns=columns)
    weights = weights_of(outcome.built, outcome.scenario)
    seed = int(manifest["seed"])
    old = _before(outcome, index, count, seed, weights, ground)
    new = old.ranks
    if outcome.tables[index.id][0] is not outcome.built.inputs(index)[0]:
        new = _ranks(outcome, index, outcome.tables[index.id][0], outcome.after, count, seed, weights)
    both = ~(np.isnan(old.ranks[0]) | np.isnan(new[0]))
    rises = np.where(both, (new < old.ranks).mean(axis=0), np.nan)
    found = pd.DataFrame({"rank_low": old.low, "rank_high": old.high, "p_rises": rises}, index=codes)
    return found.astype({"rank_low": "Int64", "rank_high": "Int64"})


def _before(
    outcome: Outcome,
    index: Index,
    draws: int,
    seed: int,
    weights: Mapping[str, float] | None,
    ground: Ground | None,
) -> DrawnRanks:
    """The ranks before, kept for the next scenario that is read by the same index and weights."""
    key = (index.id, draws, seed, tuple(sorted((weights or {}).items())))
    held = ground.drawn_ranks.get(key) if ground else None
    if held is None:
        ranks = _ranks(outcome, index, outcome.built.inputs(index)[0], outcome.before, draws, seed, weights)
        ordered = np.sort(ranks, axis=0)
        low, high = (ordered[min(max(int(np.ceil(share * draws)) - 1, 0), draws - 1)] for share in (LOW, HIGH))
        held = DrawnRanks(ranks, low, high)
        if ground:
            ground.keep_ranks(key, held)
    return held


def _ranks(
    outcome: Outcome,
    index: Index,
    values: pd.DataFrame,
    scored: Mapping[str, Scored],
    draws: int,
    seed: int,
    weights: Mapping[str, float] | None,
) -> NDArray[np.float32]:
    """Draws × units: the rank in each method, missing for a unit that is not ranked."""
    known = {one.code: one for one in outcome.built.atlas.indicator}
    standing = scored[index.id].ranked.to_numpy(dtype=bool)
    scores = score_draws(values[standing], index, known, draws=draws, seed=seed, weights=weights)
    found = np.full((draws, len(values)), np.nan, dtype=np.float32)
    found[:, standing] = ranks_in(scores.to_numpy())
    return found


def _readings(outcome: Outcome, index: Index, scored: Mapping[str, Scored]) -> pd.Series | None:
    """The opportunity of each neighbourhood; nothing where the index is not the potential, or there is no decline."""
    atlas = outcome.built.atlas
    decline = atlas.decline
    if decline is None or index.id != atlas.opportunity.potential or not (index.cuts and decline.cuts):
        return None
    own, theirs = (scored[one].score.where(scored[one].ranked) for one in (index.id, decline.id))
    if decline.level != index.level:
        theirs = theirs.reindex(outcome.built.units["parent"].reindex(own.index)).set_axis(own.index)
    read: pd.Series = cells(own, theirs, index.cuts, decline.cuts)["opportunity"]
    return read
