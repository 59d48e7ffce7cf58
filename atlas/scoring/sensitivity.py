"""Which choice matters most: Sobol' indices of the ranks over the choices of method and the doubt in the input.

First-order index: the share of an output's variance that goes if the factor alone is settled. Total index: the
share that stays if all but the factor are settled; what it exceeds the first-order one by is interaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Index, Indicator
from atlas.language import Translator
from atlas.scoring.data_draws import DataDraws
from atlas.scoring.doubt import Doubt
from atlas.scoring.draws import Bare, Choices, Plan, bare_scales, draw_choices, natural_zeros, straightened
from atlas.scoring.index import Branches, flatten, rank, score_index
from atlas.scoring.uncertainty import ranks_of

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

FACTORS = ("weights", "normalisation", "aggregation", "omitted", "missing", "noise")
MISSING_RULES = ("left out", "median", "worst")
NOISE_POOL = 32
OUTPUT = "mean_shift"
_BLOCK = 64


def sensitivity(
    values: DataFrame,
    index: Index,
    indicators: Mapping[str, Indicator],
    *,
    seed: int,
    ranked: Series,
    base: int = 1024,
    doubts: Mapping[str, Doubt] | None = None,
    p_match: Series | None = None,
    weights: Mapping[str, float] | None = None,
    judges: DataFrame | None = None,
    bootstraps: int = 400,
) -> DataFrame:
    """Sobol' indices of the six factors on the mean shift of ranks, and on the rank of each unit of the top ten.

    Parameters
    ----------
    values, index, indicators, ranked, weights, judges
        As for ``robustness``.
    base
        N; the order is made N(k + 2) times, k = 6.
    doubts, p_match
        As for ``data_interval``; without them the input has no noise, and its indices are 0.

    Returns
    -------
    Rows factor × output; ``first`` (Saltelli et al. 2010) and ``total`` (Jansen 1999), each with a 90 % bootstrap
    interval. ``output`` is ``mean_shift`` (mean |rank − published rank|) or a unit's code. A factor whose
    alternatives are all alike has indices of exactly 0.

    Notes
    -----
    Factors: weights (all of them together), normalisation, aggregation, omitted indicator, rule for what is missing
    (left out, the median of the units, the worst), noise of the input (one of 32 draws of all figures).

    Sources
    -------
    Saltelli, A. et al. (2010). Variance based sensitivity analysis of model output. Computer Physics Communications
    181, 259-270. Jansen, M. J. W. (1999). Analysis of variance designs for model output. Ibid. 117, 35-43.
    """
    units = values.index[ranked.reindex(values.index).fillna(False).to_numpy(dtype=bool)]
    standing = values.loc[units]
    scored = score_index(standing, index, indicators, weights=weights)
    published = rank(scored.score, Series(True, index=units)).to_numpy(dtype=float)
    model = _Model.of(standing, index, indicators, doubts or {}, p_match, weights, seed)
    rng = np.random.default_rng([seed, 1])
    a, b = (model.sample(base, rng, judges) for _ in range(2))
    top = np.argsort(published, kind="stable")[:10]

    def outputs(runs: _Runs) -> Floats:
        ranks = model.ranks(runs)
        shift = np.abs(ranks - published).mean(axis=1)
        return np.column_stack([shift, ranks[:, top]])

    y_a, y_b = outputs(a), outputs(b)
    names = [OUTPUT, *units[top]]
    tables = []
    for factor in FACTORS:
        found = sobol(y_a, y_b, outputs(a.with_factor(factor, b)), bootstraps=bootstraps, seed=seed)
        found.insert(0, "factor", factor)
        found.insert(1, "output", names)
        tables.append(found)
    return pd.concat(tables, ignore_index=True)


def sobol(y_a: Floats, y_b: Floats, y_ab: Floats, *, bootstraps: int = 400, seed: int = 0) -> DataFrame:
    """First-order and total indices of one factor, with 90 % bootstrap intervals; one row for each output.

    Parameters
    ----------
    y_a, y_b
        Runs × outputs of two independent samples.
    y_ab
        The first sample with the factor taken from the second.

    Notes
    -----
    ``S = mean(f_B(f_AB − f_A))/V`` and ``T = mean((f_A − f_AB)²)/2V``, V over both samples, f_B less its mean.
    """
    count = len(y_a)
    picks = np.random.default_rng([seed, 2]).integers(count, size=(bootstraps, count))
    first, total = _indices(y_a, y_b, y_ab)
    again = [_indices(y_a[pick], y_b[pick], y_ab[pick]) for pick in picks]
    columns: dict[str, Floats] = {}
    for name, value, draws in (("first", first, [s for s, _ in again]), ("total", total, [t for _, t in again])):
        low, high = np.quantile(draws, [0.05, 0.95], axis=0) if again else (value, value)
        columns |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return DataFrame(columns)


def sentence(t: Translator, table: DataFrame) -> str:
    """Which choice moves the order most, by its total index, and the share of the variance it takes part in."""
    order = table[table["output"] == OUTPUT].sort_values("total", ascending=False, kind="stable")
    first = order.iloc[0]
    if not first["total"] > 0:
        return t("scoring.sensitivity.nothing")
    factor = t(f"scoring.sensitivity.factor.{first['factor']}")
    return t("scoring.sensitivity.most", factor=factor, share=t.percent(min(float(first["total"]), 1.0)))


def _indices(y_a: Floats, y_b: Floats, y_ab: Floats) -> tuple[Floats, Floats]:
    variance = np.concatenate([y_a, y_b]).var(axis=0)
    scale = np.where(variance > 0, variance, 1.0)
    first = ((y_b - y_b.mean(axis=0)) * (y_ab - y_a)).mean(axis=0) / scale
    total = ((y_a - y_ab) ** 2).mean(axis=0) / (2 * scale)
    return first, total


@dataclass(frozen=True)
class _Runs:
    """The settings of each run, factor by factor."""

    choices: Choices
    missing: Ints
    noise: Ints

    def with_factor(self, factor: str, other: _Runs) -> _Runs:
        """These runs with one factor taken from the other ones."""
        own = {
            "weights": ("inner", "outer"),
            "normalisation": ("normalisation", "bad", "good"),
            "aggregation": ("floor",),
            "omitted": ("omitted",),
        }
        if factor in own:
            taken = {name: getattr(other.choices, name) for name in own[factor]}
            return replace(self, choices=replace(self.choices, **taken))
        return replace(self, **{factor: getattr(other, factor)})

    def at(self, rows: Ints) -> Choices:
        """The method of some of the runs."""
        picked: dict[str, Any] = {
            one.name: tuple(part[rows] for part in found) if isinstance(found, tuple) else found[rows]
            for one in fields(Choices)
            for found in [getattr(self.choices, one.name)]
        }
        return Choices(**picked)


@dataclass(frozen=True)
class _Model:
    branches: Branches
    fixed_ends: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    figures: tuple[tuple[Bare, ...], ...]  # by noise, by rule for what is missing

    @classmethod
    def of(
        cls,
        values: DataFrame,
        index: Index,
        indicators: Mapping[str, Indicator],
        doubts: Mapping[str, Doubt],
        p_match: Series | None,
        weights: Mapping[str, float] | None,
        seed: int,
    ) -> _Model:
        branches = flatten(index, weights)
        straight = straightened(values, branches, indicators)
        drawn = [straight]
        moving = DataDraws(values, index, indicators, doubts, p_match, weights)
        if moving.uncertain:
            drawn = []
            for figures in moving.figures(NOISE_POOL, seed):
                table = values[list(branches.codes)].astype(float).assign(**figures)
                drawn.append(straightened(table, branches, indicators))
        complete = not np.isnan(straight).any()
        rules = MISSING_RULES[:1] if complete else MISSING_RULES
        figures_by = tuple(tuple(bare_scales(_filled(one, rule), branches) for rule in rules) for one in drawn)
        return cls(branches, natural_zeros(branches, indicators), figures_by)

    def sample(self, count: int, rng: np.random.Generator, judges: DataFrame | None) -> _Runs:
        choices = draw_choices(self.branches, self.fixed_ends, draws=count, rng=rng, judges=judges)
        missing = rng.integers(len(self.figures[0]), size=count)
        return _Runs(choices, missing, rng.integers(len(self.figures), size=count))

    def ranks(self, runs: _Runs) -> Floats:
        """Ranks of all runs (runs × units); runs that share their figures are scored together."""
        together = runs.noise * len(self.figures[0]) + runs.missing
        ranks = np.empty((len(together), self.figures[0][0].straight.shape[1]))
        for group in np.unique(together):
            rows = np.flatnonzero(together == group)
            noise, missing = divmod(int(group), len(self.figures[0]))
            for start in range(0, len(rows), _BLOCK):
                some = rows[start : start + _BLOCK]
                plan = Plan(self.branches, runs.at(some), self.figures[noise][missing])
                ranks[some] = ranks_of(plan.scores(slice(0, len(some))))
        return ranks


def _filled(straight: Floats, rule: str) -> Floats:
    if rule == "left out":
        return straight
    fill = np.nanmedian(straight, axis=1) if rule == "median" else np.zeros(len(straight))
    return np.where(np.isnan(straight), fill[:, None], straight)
