"""How far the order may be trusted: two intervals of each rank, never merged.

The robustness interval says what defensible choices of method do to a rank; the data interval what the doubt in
the input does, with the method fixed. Scores of a block of draws stand in a small array (draws × units) that is
ranked and thrown away; only the ranks are kept, two bytes each. The same seed gives the same bytes on one worker
and on many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Index, Indicator
from atlas.scoring.data_draws import DataDraws
from atlas.scoring.doubt import Doubt
from atlas.scoring.draws import plan_draws

Floats = NDArray[np.float64]
Drawn = Callable[[int], None]
"""Told after each block how many draws were made in it."""


def untold(_draws: int) -> None:
    """Where nobody asks how far the draws are."""


TIE = 0.05
_BLOCK = 128


def robustness(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    *,
    draws: int,
    seed: int,
    ranked: Series,
    weights: Mapping[str, float] | None = None,
    judges: DataFrame | None = None,
    order: pd.Index | None = None,
    workers: int = 1,
    drawn: Drawn = untold,
) -> DataFrame:
    """Robustness interval of each rank: what defensible choices of method do to the order. No coverage is claimed.

    Parameters
    ----------
    values
        Units × indicator codes in the indicators' own units; missing is ``NaN``.
    ranked
        Units that stand in the order; the others have no rank in any draw and touch nobody's.
    weights
        Pillar id → weight, in place of the index's own.
    judges
        Rows judges, columns pillar ids: weights are then the means of judges drawn with replacement.
    order
        The ranked units from the first to the last, for ``p_above_next``.

    Returns
    -------
    ``rank_median, rank_low, rank_high`` (5 and 95 %), ``p_top10`` and, where there is an ``order``, ``p_above_next``
    (chance of standing above the next unit of it) by unit, null where not ranked; ``attrs["mc_error"]`` holds one
    Monte Carlo standard error of ``rank_median`` and ``p_top10``, the largest found.
    """
    standing = ranked.reindex(values.index).fillna(False).to_numpy(dtype=bool)
    plan = plan_draws(values[standing], index, indicators, draws, seed, weights, judges)
    ranks = np.empty((int(standing.sum()), draws), dtype=_rank_type(int(standing.sum())))

    def fill(block: slice) -> None:
        ranks[:, block] = ranks_of(plan.scores(block)).T

    _run(fill, _blocks(draws), workers, drawn)
    return _described(ranks, values.index, standing, order)


def score_draws(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    *,
    draws: int,
    seed: int,
    units: list[str] | None = None,
    weights: Mapping[str, float] | None = None,
    judges: DataFrame | None = None,
    drawn: Drawn = untold,
) -> DataFrame:
    """Scores of ``units`` (all where none is named) under the same draws as ``robustness``: draws × units.

    A geometric draw gives the logarithm of the score; only comparisons within one draw mean anything.
    """
    plan = plan_draws(values, index, indicators, draws, seed, weights, judges).of(values.index, units)
    scores: list[NDArray[np.floating]] = []
    _run(lambda block: scores.append(plan.scores(block)), _blocks(draws), 1, drawn)
    return DataFrame(
        np.concatenate(scores) if draws else np.empty((0, 0)), columns=values.index if units is None else units
    )


def data_interval(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    doubts: Mapping[str, Doubt],
    *,
    draws: int,
    seed: int,
    ranked: Series,
    p_match: Series | None = None,
    cuts: tuple[float, float] | None = None,
    weights: Mapping[str, float] | None = None,
    order: pd.Index | None = None,
    workers: int = 1,
    drawn: Drawn = untold,
) -> DataFrame:
    """Data interval of each rank: what the doubt in the input does to the order, with the method fixed.

    Parameters
    ----------
    values
        Units × indicator codes, as published.
    doubts
        Indicator code → what may be wrong with it; an indicator without one is taken as exact.
    ranked
        Units that stand in the order.
    p_match
        Place id → probability that the records joined in it are one place; drawn once per place.
    cuts
        Low | middle and middle | high; the index's own where none is given.
    order
        As for ``robustness``.

    Returns
    -------
    ``rank_data_median, rank_data_low, rank_data_high`` (5 and 95 %), ``p_top10_data``, ``p_above_next_data`` where
    there is an ``order``, and ``p_low, p_middle, p_high`` where there are cuts, null where not ranked;
    ``attrs["mc_error"]`` as in ``robustness``.

    Notes
    -----
    Simulated with known true figures (``benchmarks/uncertainty.py``), the 90 % interval holds the true rank of
    89–92 % of all units at reliabilities 0.5, 0.8 and 0.95. It does not hold at the ends: of the truly first and
    last twentieth it holds about 61 %, 82 % and 90 %, and of the true top ten about 50 %, 80 % and 92 %, since
    figures drawn towards the mean cannot tell who the extremes are. Read the top ten of a noisy index with that in
    mind.
    """
    standing = ranked.reindex(values.index).fillna(False).to_numpy(dtype=bool)
    plan = DataDraws(values[standing], index, indicators, doubts, p_match, weights)
    limits = cuts or index.cuts
    ranks = np.empty((int(standing.sum()), draws), dtype=_rank_type(int(standing.sum())))
    classes = np.zeros((-(-draws // _BLOCK), 2, int(standing.sum())))

    def fill(block: slice) -> None:
        scores = plan.scores(block, seed)
        ranks[:, block] = ranks_of(scores).T
        if limits:
            classes[block.start // _BLOCK] = (scores < limits[0]).sum(axis=0), (scores >= limits[1]).sum(axis=0)

    _run(fill, _blocks(draws), workers, drawn)
    table = _described(ranks, values.index, standing, order)
    table = table.rename(columns={name: f"{name}_data" for name in ("p_top10", "p_above_next")})
    table.columns = table.columns.str.replace("rank_", "rank_data_")
    if limits:
        low, high = classes.sum(axis=0) / draws
        for name, share in (("p_low", low), ("p_middle", 1.0 - low - high), ("p_high", high)):
            table[name] = _whole(np.clip(share, 0.0, 1.0), standing)
    return table


def data_draws(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    doubts: Mapping[str, Doubt],
    *,
    draws: int,
    seed: int,
    units: list[str] | None = None,
    p_match: Series | None = None,
    weights: Mapping[str, float] | None = None,
    drawn: Drawn = untold,
) -> DataFrame:
    """Scores of ``units`` (all where none is named) under the draws of ``data_interval``: draws × units."""
    plan = DataDraws(values, index, indicators, doubts, p_match, weights)
    kept = values.index if units is None else pd.Index(units)
    at = values.index.get_indexer(kept)
    scores: list[NDArray[np.floating]] = []
    _run(lambda block: scores.append(plan.scores(block, seed)[:, at]), _blocks(draws), 1, drawn)
    return DataFrame(np.concatenate(scores), columns=kept)


def p_above(draws: DataFrame, a: str, b: str) -> float:
    """Chance that unit ``a`` stands above unit ``b``; an equal score counts half.

    >>> p_above(DataFrame({"a": [3.0, 1.0, 2.0, 5.0], "b": [1.0, 1.0, 3.0, 4.0]}), "a", "b")
    0.625
    """
    first, second = draws[a].to_numpy(), draws[b].to_numpy()
    return float(np.mean(first > second) + np.mean(first == second) / 2)


def technical_tie(p: float) -> bool:
    """Whether neither unit can be said to stand above the other: 0.05 < P(A above B) < 0.95.

    >>> technical_tie(0.9), technical_tie(0.97)
    (True, False)
    """
    return TIE < p < 1 - TIE


def ranks_of(scores: NDArray[np.floating]) -> NDArray[np.unsignedinteger]:
    """Ranks within each row, 1 = highest, ties to the lowest number.

    >>> ranks_of(np.array([[5.0, 9.0, 9.0, 1.0]])).tolist()
    [[3, 1, 1, 4]]
    >>> ranks_of(np.empty((2, 0))).shape
    (2, 0)
    """
    if scores.dtype == np.float32:
        order, above = _descending(scores)
    else:
        order = np.argsort(-scores, axis=1)
        ordered = np.take_along_axis(scores, order, axis=1)
        above = ordered[:, 1:] != ordered[:, :-1]
    count, units = scores.shape
    place = np.empty((count, units), dtype=_rank_type(units))
    place[:] = np.arange(units)
    tied = ~above.all(axis=1)
    if tied.any():
        place[tied, 1:] *= above[tied]
        place[tied] = np.maximum.accumulate(place[tied], axis=1)
    place += 1
    ranks = np.empty(count * units, dtype=place.dtype)
    order += units * np.arange(count)[:, None]
    ranks[order.ravel()] = place.ravel()
    return ranks.reshape(count, units)


def _descending(scores: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Order of each row from the highest, and whether each stands above the next.

    A score's bits, turned so that they sort as whole numbers do, and its position make one number of 64 bits: plain
    numbers sort twice as fast as an order does.
    """
    bits = (scores + np.float32(0.0)).view(np.int32)  # −0 is 0
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    keys = (~bits).astype(np.int64)
    keys <<= 32
    keys |= np.arange(scores.shape[1], dtype=np.int64)
    keys.sort(axis=1)
    high = keys >> 32
    above = high[:, 1:] != high[:, :-1]
    keys &= 0xFFFFFFFF
    return keys.astype(np.intp, copy=False), above


def _blocks(draws: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK, draws)) for start in range(0, draws, _BLOCK))


def _run(task: Callable[[slice], None], blocks: Iterator[slice], workers: int, drawn: Drawn) -> None:
    def one(block: slice) -> None:
        task(block)
        drawn(block.stop - block.start)

    if workers <= 1:
        for block in blocks:
            one(block)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, blocks))


def _above_next(ranks: NDArray[np.unsignedinteger], at: NDArray[np.intp]) -> Floats:
    """Chance that each unit (a row of ``ranks``) stands above the next one of ``at``; missing for the last one."""
    chances = np.full(len(ranks), np.nan)
    for this, following in pairwise(at):
        one, other = ranks[this], ranks[following]
        chances[this] = np.mean(one < other) + np.mean(one == other) / 2
    return chances


def _described(
    ranks: NDArray[np.unsignedinteger], units: pd.Index, standing: NDArray[np.bool_], order: pd.Index | None
) -> DataFrame:
    """Intervals from ranks, units × draws, which are put in order in place."""
    draws = ranks.shape[1]
    above = None if order is None else _above_next(ranks, units[standing].get_indexer(order))
    ranks.sort(axis=1, kind="stable")
    ordered = ranks

    def at(share: float) -> Floats:
        column = ordered[:, min(max(int(np.ceil(share * draws)) - 1, 0), draws - 1)]
        return column.astype(float)

    top = np.count_nonzero(ordered <= 10, axis=1) / draws
    half_width = 0.5 / float(np.sqrt(draws))
    spread = (at(0.5 + half_width) - at(0.5 - half_width)) / 2
    table = DataFrame(
        {
            "rank_median": _whole(at(0.5), standing),
            "rank_low": _whole(at(0.05), standing),
            "rank_high": _whole(at(0.95), standing),
        },
        index=units,
    ).astype("Int64")
    table["p_top10"] = _whole(top, standing)
    if above is not None:
        table["p_above_next"] = _whole(above, standing)
    table.attrs["mc_error"] = {
        "rank_median": float(spread.max(initial=0.0)),
        "p_top10": float(np.sqrt(top * (1 - top) / draws).max(initial=0.0)),
    }
    return table


def _whole(found: Floats, standing: NDArray[np.bool_]) -> Floats:
    column = np.full(len(standing), np.nan)
    column[standing] = found
    return column


def _rank_type(units: int) -> type[np.unsignedinteger]:
    return np.uint16 if units < 2**16 else np.uint32
