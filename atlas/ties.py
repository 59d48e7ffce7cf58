"""The chance that one unit stands above another, and who cannot be told apart ("empate técnico").

Draws of the method and of the data count alike, as many of each, as for the chance of the first ten. Intervals that
overlap in a chain do not make one group: only the two units that are compared are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from atlas.built import Built
from atlas.config import Index
from atlas.scores import doubts_of, judges_of
from atlas.scoring.uncertainty import Drawn, data_draws, p_above, score_draws, technical_tie, untold


@dataclass(frozen=True)
class Chance:
    """How often one unit stands above another, an equal score counting half.

    Attributes
    ----------
    method, data
        In the draws of each kind.
    error
        One Monte Carlo standard error of ``together``, at most.
    """

    method: float
    data: float
    error: float

    @property
    def together(self) -> float:
        """In all draws, as many of the method as of the data."""
        return (self.method + self.data) / 2

    @property
    def tie(self) -> bool:
        """Whether neither can be said to stand above the other."""
        return technical_tie(self.together)


def chances_above(
    built: Built,
    index: Index,
    pairs: Sequence[tuple[str, str]],
    weights: Mapping[str, float] | None = None,
    drawn: Drawn = untold,
) -> list[Chance | None]:
    """For each pair of ranked units, the chance that the first stands above the second; nothing without draws.

    ``drawn`` is told of both kinds of draws, as many of each.
    """
    draws, seed = built.store.manifest["draws"], built.store.manifest["seed"]
    ranked = built.scored(index, weights).ranked
    units = [code for code in dict.fromkeys(code for pair in pairs for code in pair) if bool(ranked.get(code, False))]
    if not draws or not units:
        return [None] * len(pairs)
    known = {indicator.code: indicator for indicator in built.atlas.indicator}
    values = built.inputs(index)[0][ranked]
    method = score_draws(
        values, index, known, draws=draws, seed=seed, units=units, weights=weights, judges=judges_of(index, weights),
        drawn=drawn,
    )  # fmt: skip
    data = data_draws(
        values,
        index,
        known,
        doubts_of(built.store_tables, index),
        draws=draws,
        seed=seed,
        units=units,
        p_match=built.places["p_match"],
        weights=weights,
        drawn=drawn,
    )
    return [_chance(method, data, *pair) if set(pair) <= set(units) else None for pair in pairs]


def _chance(method: pd.DataFrame, data: pd.DataFrame, one: str, other: str) -> Chance:
    found = [p_above(draws, one, other) for draws in (method, data)]
    variance = sum(p * (1 - p) for p in found) / 4 / len(method)
    return Chance(found[0], found[1], error=float(variance**0.5))


def above_next(
    built: Built,
    index: Index,
    codes: Sequence[str],
    weights: Mapping[str, float] | None = None,
    drawn: Drawn = untold,
) -> pd.Series:
    """For units in their order, the chance that each stands above the next one; missing for the last."""
    found = chances_above(built, index, list(pairwise(codes)), weights, drawn)
    shares = [float("nan") if one is None else one.together for one in found]
    return pd.Series([*shares, float("nan")][: len(codes)], index=list(codes), dtype=float, name="p_above_next")
