"""Why this value: contributions that add up, the smallest change that would enter the top, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Index, Indicator
from atlas.language import Translator
from atlas.scoring.calibrate import percentile
from atlas.scoring.counterfactual import Counterfactual, change_sentence
from atlas.scoring.index import Branches, Scored, climb

Floats = NDArray[np.float64]
EXACT_UP_TO = 12


def reference_unit(normalised: DataFrame, residents: Series) -> Series:
    """What the median resident lives with, indicator by indicator: the unit that differences are taken against."""
    weights = residents.reindex(normalised.index).fillna(0.0)
    medians = {}
    for code, column in normalised.items():
        known = column.notna() & (weights > 0)
        figures = column[known].to_numpy(dtype=float)
        medians[code] = percentile(figures, weights[known].to_numpy(dtype=float), 0.5) if len(figures) else np.nan
    return Series(medians, name="reference")


def contributions(scored: Scored, index: Index, code: str, *, reference: Series | None = None) -> DataFrame:
    """What each indicator adds to a unit's score, or to its difference from a reference.

    Parameters
    ----------
    scored
        The index, as ``score_index`` gave it.
    index
        Its aggregation decides how the sum is parted.
    code
        The unit.
    reference
        Normalised indicators of the unit to compare with (``reference_unit``); wanted by every mean but the
        arithmetic one. It is read on the indicators that the unit has.

    Returns
    -------
    ``code, value_normalised, weight, contribution``, in the order of the tree. ``weight`` is the effective one,
    renormalised over what the unit has: 0 where nothing is there, and then there is no contribution. To 1e-9 the
    contributions sum to

    * the score (arithmetic, no reference): ``w·x``;
    * the difference of the two scores (arithmetic: ``w(x − r)``; harmonic: Shapley values);
    * ``ln(S/R)`` of the two scores on 1–100 (geometric): ``w·ln(P/Q)`` of each pillar, parted over its indicators in
      proportion to what each adds to P − Q.

    Sources
    -------
    Ang, B. W. (2005). The LMDI approach to decomposition analysis. Energy Policy 33(7), 867-871.
    Shapley, L. S. (1953). A value for n-person games.
    """
    values = scored.normalised.loc[code].to_numpy(dtype=float)
    branches = scored.branches
    inner, outer = _renormalised(values, branches)
    weights = _weights(branches, inner, outer)
    used = weights > 0
    if index.aggregation == "arithmetic":
        base = np.zeros(len(values)) if reference is None else _on(branches, reference)
        parts = weights * np.where(used, values - base, 0.0)
    else:
        base = _on(branches, _wanted(reference))
        if index.aggregation == "geometric":
            parts = _log_parts(values, base, branches, inner, outer)
        else:
            masked = np.where(used, values, np.nan)
            parts = shapley_of(masked, base, lambda rows: climb(rows, branches)[1])[0]
    return DataFrame(
        {
            "code": list(branches.codes),
            "value_normalised": values,
            "weight": weights,
            "contribution": np.where(used, parts, np.nan),
        }
    )


def shapley_of(
    values: Floats, base: Floats, score: Callable[[Floats], Floats], *, seed: int = 0, samples: int = 2000
) -> tuple[Floats, float]:
    """Shapley values of ``score(values) − score(base)``, and the largest standard error (0 where exact).

    What is missing in ``values`` is no player. Up to 12 players every coalition is scored; beyond, players enter in
    ``samples`` random orders, each run forwards and backwards.

    >>> parts, error = shapley_of(np.array([3.0, 5.0]), np.zeros(2), lambda rows: rows[:, 0] * rows[:, 1])
    >>> parts.tolist(), error
    ([7.5, 7.5], 0.0)
    """
    players = np.flatnonzero(~np.isnan(values))
    parts = np.zeros(len(values))
    if len(players) <= EXACT_UP_TO:
        parts[players] = _exact(players, values, base, score)
        return parts, 0.0
    parts[players], error = _sampled(players, values, base, score, seed, samples)
    return parts, error


def sentence(
    t: Translator,
    scored: Scored,
    index: Index,
    indicators: Mapping[str, Indicator],
    code: str,
    *,
    name: str,
    robust: Series | None = None,
    ties: Sequence[tuple[str, float]] = (),
    change: Counterfactual | None = None,
) -> str:
    """A paragraph in whole sentences: place and score, what carries it, what holds it back, what is missing.

    Parameters
    ----------
    t
        The language.
    name
        What the unit is called.
    robust
        Its row of ``robustness``: ``rank_low`` and ``rank_high``.
    ties
        Units that it cannot be told apart from, with the chance that it stands above each.
    change
        Its counterfactual.
    """
    index_name = index.name.in_(t.lang)
    if not scored.ranked[code]:
        share, floor = t.percent(scored.coverage[code]), t.percent(index.coverage_floor)
        return t("scoring.why.insufficient", name=name, index=index_name, share=share, floor=floor)
    said = [
        t.n(
            "scoring.why.place",
            int(scored.ranked.sum()),
            name=name,
            index=index_name,
            score=t.number(scored.score[code], 1),
            rank=t.number(int(scored.ranks[code])),
        )
    ]
    row = scored.normalised.loc[code].to_numpy(dtype=float)
    weights = _weights(scored.branches, *_renormalised(row, scored.branches))
    words = [indicators[one].name.in_(t.lang) for one in scored.branches.codes]
    gained, lost = weights * row, weights * (100 - row)
    most = _most(gained)
    if most is not None and gained[most] > 0:
        said.append(t("scoring.why.carries", indicator=words[most], value=t.number(row[most], 0)))
    if most is not None and np.isfinite(lost).sum() > 1:
        lost[most] = np.nan  # what carries the unit does not hold it back
    least = _most(lost)
    if least is not None and lost[least] > 0:
        said.append(t("scoring.why.holds_back", indicator=words[least], value=t.number(row[least], 0)))
    missing = int(np.isnan(row).sum())
    if missing:
        low, high = t.number(scored.low[code], 1), t.number(scored.high[code], 1)
        said.append(t.n("scoring.why.missing", missing, low=low, high=high))
    if robust is not None and robust.notna().all():
        low, high = t.number(int(robust["rank_low"])), t.number(int(robust["rank_high"]))
        said.append(
            t("scoring.why.robust_same", low=low) if low == high else t("scoring.why.robust", low=low, high=high)
        )
    if ties:
        pairs = [t("scoring.why.tie_with", name=other, share=t.percent(p)) for other, p in ties]
        said.append(t("scoring.why.tie", list=t("scoring.why.and").join(pairs)))
    if change is not None:
        said.append(change_sentence(t, change, indicators[change.indicator]))
    return " ".join(said)


def _most(parts: Floats) -> int | None:
    """Where the largest is, the first of several; nothing where all are missing."""
    return None if np.isnan(parts).all() else int(np.nanargmax(parts))


def _renormalised(values: Floats, branches: Branches) -> tuple[list[Floats], Floats]:
    """Weights inside each pillar and of the pillars, over what is there; nothing where the score is missing."""
    pillars, score = climb(values[None, :], branches)
    known = ~np.isnan(pillars[0]) & ~np.isnan(score[0])
    inner = []
    for members, weights, there in zip(branches.members, branches.inner, known, strict=True):
        kept = np.where(np.isnan(values[members]), 0.0, weights) * there
        inner.append(kept / (kept.sum() or 1.0))
    outer = branches.outer * known
    return inner, outer / (outer.sum() or 1.0)


def _weights(branches: Branches, inner: list[Floats], outer: Floats) -> Floats:
    weights = np.zeros(len(branches.codes))
    for members, inside, outside in zip(branches.members, inner, outer, strict=True):
        np.add.at(weights, members, inside * outside)
    return weights


def _log_parts(values: Floats, base: Floats, branches: Branches, inner: list[Floats], outer: Floats) -> Floats:
    parts = np.zeros(len(values))
    for members, weights, share in zip(branches.members, inner, outer, strict=True):
        if share == 0:
            continue
        here, there = np.nan_to_num(values[members]), base[members]
        high, low = (1.0 + 0.99 * float(weights @ side) for side in (here, there))
        mean = low if np.isclose(high, low, rtol=1e-9, atol=0) else (high - low) / np.log(high / low)
        np.add.at(parts, members, share * 0.99 * weights * (here - there) / mean)
    return parts


def _exact(players: NDArray[np.intp], values: Floats, base: Floats, score: Callable[[Floats], Floats]) -> Floats:
    count = len(players)
    coalitions = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    worth = score(_mixed(coalitions.astype(bool), players, values, base))
    sizes = coalitions.sum(axis=1)
    parts = np.zeros(count)
    for player in range(count):
        without = np.flatnonzero(coalitions[:, player] == 0)
        chance = 1.0 / (count * np.array([comb(count - 1, size) for size in sizes[without]], dtype=float))
        parts[player] = np.sum(chance * (worth[without + (1 << player)] - worth[without]))
    return parts


def _sampled(
    players: NDArray[np.intp],
    values: Floats,
    base: Floats,
    score: Callable[[Floats], Floats],
    seed: int,
    samples: int,
) -> tuple[Floats, float]:
    count = len(players)
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(count), (samples, 1)), axis=1)
    gains = np.zeros((samples, count))
    for way in (orders, orders[:, ::-1]):
        entry = np.argsort(way, axis=1)
        worth = [score(_mixed(entry < size, players, values, base)) for size in range(count + 1)]
        for size in range(count):
            gains[np.arange(samples), way[:, size]] += (worth[size + 1] - worth[size]) / 2
    return gains.mean(axis=0), float((gains.std(axis=0, ddof=1) / np.sqrt(samples)).max())


def _mixed(inside: NDArray[np.bool_], players: NDArray[np.intp], values: Floats, base: Floats) -> Floats:
    rows = np.tile(np.where(np.isnan(values), np.nan, base), (len(inside), 1))
    rows[:, players] = np.where(inside, values[players], base[players])
    return rows


def _on(branches: Branches, reference: Series) -> Floats:
    return reference.reindex(list(branches.codes)).to_numpy(dtype=float)


def _wanted(reference: Series | None) -> Series:
    if reference is None:
        msg = "a geometric or harmonic index has contributions to a difference only: give a reference unit"
        raise ValueError(msg)
    return reference
