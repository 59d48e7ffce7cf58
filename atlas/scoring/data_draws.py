"""Draws of the data: an index's scores under figures drawn as they may truly be, with the method fixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Index, Indicator
from atlas.scoring import aggregate
from atlas.scoring.doubt import Doubt, Posterior, Shared, doubtful_places, share_draws
from atlas.scoring.index import climb, combine, flatten, on_goalposts, to_goalposts

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Move:
    """An indicator whose figures move: where they stand, what was published, and how much a point adds above."""

    code: str
    indicator: Indicator
    posterior: Posterior
    published: Floats  # normalised, active units
    shares: tuple[tuple[int, Floats], ...]  # pillar → weight in the pillar of each active unit
    gain: Floats  # weight in the whole of each active unit, where the mean is arithmetic

    def change(self, count: int, shared: Shared, rng: np.random.Generator) -> Floats:
        """How far each draw's normalised figure stands from the published one."""
        change = on_goalposts(self.posterior.draw(count, shared, rng), self.indicator)
        change -= self.published
        return change


class DataDraws:
    """An index's scores under draws of its figures: the published scores, and what the figures that move add."""

    def __init__(
        self,
        values: DataFrame,
        index: Index,
        indicators: Mapping[str, Indicator],
        doubts: Mapping[str, Doubt],
        p_match: Series | None,
        weights: Mapping[str, float] | None,
    ) -> None:
        self._branches = flatten(index, weights)
        codes = self._branches.codes
        self._values = values
        self._p_match = doubtful_places(p_match)
        self._doubts = {code: doubts[code] for code in codes if code in doubts}
        normalised = to_goalposts(values, codes, indicators).to_numpy()
        self._pillars, self._score = climb(normalised, self._branches)
        above = aggregate.weight_present(self._pillars, self._branches.outer)
        present = [
            aggregate.weight_present(normalised[:, members], inner)
            for members, inner in zip(self._branches.members, self._branches.inner, strict=True)
        ]
        self._moves: list[_Move] = []
        for code, doubt in self._doubts.items():
            posterior, at = Posterior(values[code], doubt, self._p_match.index), codes.index(code)
            active = posterior.active
            if not len(active):
                continue
            shares = tuple(
                (pillar, float(inner[members == at][0]) / present[pillar][active])
                for pillar, (members, inner) in enumerate(
                    zip(self._branches.members, self._branches.inner, strict=True)
                )
                if at in members
            )
            gain = np.zeros(len(active))
            for pillar, share in shares:
                there = ~np.isnan(self._pillars[active, pillar])
                gain += np.where(there, share * self._branches.outer[pillar] / above[active], 0.0)
            self._moves.append(_Move(code, indicators[code], posterior, normalised[active, at], shares, gain))

    @property
    def uncertain(self) -> bool:
        """Whether any figure can differ from what was published."""
        return bool(self._moves)

    def figures(self, draws: int, seed: int) -> Iterator[dict[str, Floats]]:
        """Draw after draw, the figures of the indicators that are not certain."""
        rng = np.random.default_rng([seed, draws])
        shared = share_draws(self._doubts, self._p_match, draws, len(self._values), rng)
        drawn = {move.code: move.posterior.draw(draws, shared, rng) for move in self._moves}
        for draw in range(draws):
            figures = {code: self._values[code].to_numpy(dtype=float, copy=True) for code in drawn}
            for move in self._moves:
                figures[move.code][move.posterior.active] = drawn[move.code][draw]
            yield figures

    def scores(self, block: slice, seed: int) -> Floats:
        """Scores of one block of draws (draws × units), with random numbers of its own."""
        count = block.stop - block.start
        rng = np.random.default_rng([seed, block.start])
        shared = share_draws(self._doubts, self._p_match, count, len(self._values), rng)
        if self._branches.aggregation == "arithmetic":
            scores = np.tile(self._score, (count, 1))
            for move in self._moves:
                change = move.change(count, shared, rng)
                change *= move.gain
                _add(scores, move.posterior.active, change)
            return scores
        pillars = np.tile(self._pillars.T[:, None], (1, count, 1))
        for move in self._moves:
            change = move.change(count, shared, rng)
            for pillar, share in move.shares:
                _add(pillars[pillar], move.posterior.active, change * share)
        flat = pillars.reshape(len(pillars), -1).T
        return combine(flat, self._branches).reshape(count, len(self._values))


def _add(scores: Floats, active: NDArray[np.intp], change: Floats) -> None:
    """Add to the columns of the active units, in place."""
    if len(active) == scores.shape[1]:
        scores += change
    else:
        scores[:, active] += change
