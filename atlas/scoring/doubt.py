"""What may be wrong with a figure, and figures drawn as they may truly be.

Each kind of doubt is drawn from a posterior: what was seen, weighed against how much the units differ at all.
Noise added to figures that are noisy already would be too wide in the middle and too narrow at the ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series
from scipy.sparse import csr_matrix

from atlas.config import Index, Indicator
from atlas.scoring import aggregate
from atlas.scoring.index import combine, flatten, on_goalposts, to_goalposts

Floats = NDArray[np.float64]
Kind = Literal["none", "count", "rate", "sd", "relative_sd"]


@dataclass(frozen=True)
class Doubt:
    """How far one indicator's figures may be from the truth.

    Attributes
    ----------
    kind
        ``count``: places counted; ``rate``: events out of a base; ``sd``: a figure with a known standard error;
        ``relative_sd`` or ``none``: the figure is exact but for ``relative_sd``.
    each
        count: what one more place adds to the figure of a unit (1; 1/km²; 1000/residents).
    completeness
        count: share of the true places that the sources hold.
    evidence
        count: columns ``code`` and ``place_id``, one row for each place that a unit's figure counts.
    base
        rate: what the events are counted out of, by unit.
    per
        rate: the figure is ``per`` × events / base (100 for a percentage).
    events
        rate: the events, where the figure cannot give them back (it was shrunk already).
    sd
        sd: standard error of the figure, by unit.
    relative_sd
        Any kind: relative standard error of what the figure is divided by (estimated residents), by unit.
    """

    kind: Kind = "none"
    each: Series | float = 1.0
    completeness: Series | float = 1.0
    evidence: DataFrame | None = None
    base: Series | None = None
    per: float = 1.0
    events: Series | None = None
    sd: Series | float = 0.0
    relative_sd: Series | float = 0.0


@dataclass(frozen=True)
class Shared:
    """What one draw has in common over units and indicators: false matches, and each unit's divisor."""

    split: NDArray[np.int8]  # doubtful places × draws: 1 where a place is really two
    divisor: Floats  # draws × units, standard normal


class Posterior:
    """Draws the figures of one indicator as they may truly be; built once, asked block by block."""

    def __init__(self, values: Series, doubt: Doubt, doubtful: pd.Index) -> None:
        self._values = values.to_numpy(dtype=float)
        self._doubt = doubt
        units = values.index
        self._each = np.nan_to_num(along(doubt.each, units))  # where it is not known, no place can be added
        self._exposure = np.divide(1.0, self._each, out=np.full(len(units), np.nan), where=self._each > 0)
        self._seen = self._values * self._exposure
        self._completeness = np.clip(along(doubt.completeness, units), 1e-3, 1.0)
        self._relative_sd = np.nan_to_num(along(doubt.relative_sd, units))
        self._reach = _reach(doubt.evidence, units, doubtful)
        self._rate = _rate_prior(self._values, doubt, units)
        self._sd = np.nan_to_num(along(doubt.sd, units))

    @property
    def certain(self) -> bool:
        """Whether every draw gives the figure as it stands."""
        counts = self._doubt.kind == "count" and (self._reach is not None or bool((self._completeness < 1).any()))
        noisy = self._doubt.kind == "sd" and bool(self._sd.any())
        return not (counts or noisy or self._doubt.kind == "rate" or self._relative_sd.any())

    def draw(self, count: int, shared: Shared, rng: np.random.Generator) -> Floats:
        """``count`` draws × units; what is missing stays missing."""
        drawn = np.broadcast_to(self._values, (count, len(self._values)))
        if self._doubt.kind == "count":
            drawn = self._counts(count, shared, rng)
        elif self._doubt.kind == "rate":
            drawn = self._rates(count, rng)
        elif self._doubt.kind == "sd":
            drawn = normal_posterior(self._values, self._sd, rng.standard_normal(drawn.shape))
        if self._relative_sd.any():
            drawn = self._divided(drawn, shared)
        return drawn

    def _counts(self, count: int, shared: Shared, rng: np.random.Generator) -> Floats:
        """``each × (seen + split + missed)``, missed ~ Poisson(ρE(1 − c)) with ρ | seen ~ Gamma."""
        extra = np.zeros((count, len(self._values)))
        if self._reach is not None:
            extra += np.asarray((self._reach @ shared.split).T, dtype=float)
        if (self._completeness < 1).any():
            extra += self._missed(count, rng)
        return np.asarray(self._values + self._each * extra, dtype=float)

    def _missed(self, count: int, rng: np.random.Generator) -> Floats:
        exposure = self._exposure
        watched = self._completeness * exposure
        known = ~np.isnan(self._seen) & np.isfinite(watched) & (watched > 0)
        mean, between = marshall(self._seen[known], watched[known])
        missed = np.zeros((count, len(self._values)))
        if mean <= 0 or not known.any():
            return missed
        rate = rng.standard_gamma(mean**2 / between + self._seen[known], size=(count, int(known.sum())))
        rate /= mean / between + watched[known]
        missed[:, known] = rng.poisson(rate * (exposure - watched)[known])
        return missed

    def _rates(self, count: int, rng: np.random.Generator) -> Floats:
        events, base, known, share = self._rate
        drawn = np.full((count, len(self._values)), np.nan)
        size = (count, len(events))
        mean, between = marshall(events, base, share=share)
        if share and 0 < mean < 1:
            weight = max(mean * (1 - mean) / between - 1.0, 1e-6)
            found = rng.beta(weight * mean + events, weight * (1 - mean) + base - events, size=size)
        elif mean > 0:
            found = rng.standard_gamma(mean**2 / between + events, size=size) / (mean / between + base)
        else:
            found = np.full(size, mean)
        drawn[:, known] = self._doubt.per * found
        return np.where(np.isnan(self._values), np.nan, np.where(known, drawn, self._values))

    def _divided(self, drawn: Floats, shared: Shared) -> Floats:
        """Times ``exp(shift)``: the figure's logarithm drawn with the relative error as its standard error."""
        positive = self._values > 0
        logs = np.log(np.where(positive, self._values, np.nan))
        shift = normal_posterior(logs, self._relative_sd, shared.divisor) - logs
        return np.where(positive, drawn * np.exp(np.nan_to_num(shift)), drawn)


def normal_posterior(values: Floats, sd: Floats, noise: Floats) -> Floats:
    """``m + r(x − m) + √r·σ·z`` with r = τ²/(τ² + σ²): the truth given x, if truths are N(m, τ²) and errors N(0, σ²).

    τ² is the variance of the figures less the mean σ² (moments), and never less than one standard error of that
    estimate, so that figures which cannot be told apart are not called equal.

    Source: Morris, C. N. (1983). Parametric empirical Bayes inference. JASA 78(381), 47-55.
    """
    known = ~np.isnan(values)
    count = max(int(known.sum()), 1)
    error = float(np.mean(sd[known] ** 2)) if known.any() else 0.0
    spread = float(np.var(values[known], ddof=1)) if count > 1 else 0.0
    between = max(spread - error, error * float(np.sqrt(2 / count)), 1e-300)
    precision = 1.0 / (between + sd**2)
    mean = float(np.sum(precision[known] * values[known]) / np.sum(precision[known])) if known.any() else 0.0
    trust = between / (between + sd**2)
    return np.where(sd > 0, mean + trust * (values - mean) + np.sqrt(trust) * sd * noise, values)


def marshall(events: Floats, base: Floats, *, share: bool = False) -> tuple[float, float]:
    """Mean of the rates, and their variance between units, by moments.

    ``m = Σe/Σb``, ``a = Σb(r − m)²/Σb − V`` with ``V = m/b̄``, or ``m(1 − m)/b̄`` for a share; never less than one
    standard error, ``V·√(2/n)``.

    Source: Marshall, R. J. (1991). Mapping disease and mortality rates using empirical Bayes estimators.
    Applied Statistics 40(2), 283-294.
    """
    if len(events) == 0 or base.sum() <= 0:
        return 0.0, 1.0
    mean = float(events.sum() / base.sum())
    error = mean * (1 - mean if share else 1.0) / float(base.mean())
    spread = float((base * (events / base - mean) ** 2).sum() / base.sum())
    return mean, max(spread - error, error * float(np.sqrt(2 / len(events))), 1e-300)


def share_draws(
    doubts: Mapping[str, Doubt], p_match: Series, count: int, units: int, rng: np.random.Generator
) -> Shared:
    """Draw what all units and indicators have in common; a place with p < 1 is really two with probability 1 − p."""
    unsure = 1.0 - p_match.to_numpy(dtype=float)
    split = (rng.random((len(unsure), count)) < unsure[:, None]).astype(np.int8)
    any_divisor = any(np.any(np.nan_to_num(doubt.relative_sd)) for doubt in doubts.values())
    divisor = rng.standard_normal((count, units)) if any_divisor else np.zeros((1, units))
    return Shared(split, divisor)


def doubtful_places(p_match: Series | None) -> Series:
    """The places whose match is not certain."""
    if p_match is None:
        return Series(dtype=float)
    return p_match[p_match < 1].groupby(level=0).min()


def along(value: Series | float, units: pd.Index) -> Floats:
    """A number for each unit."""
    if isinstance(value, Series):
        return value.reindex(units).to_numpy(dtype=float)
    return np.full(len(units), float(value))


def _reach(evidence: DataFrame | None, units: pd.Index, doubtful: pd.Index) -> csr_matrix | None:
    if evidence is None or len(doubtful) == 0:
        return None
    rows = units.get_indexer(pd.Index(evidence["code"]))
    columns = doubtful.get_indexer(pd.Index(evidence["place_id"]))
    kept = (rows >= 0) & (columns >= 0)
    if not kept.any():
        return None
    ones = np.ones(int(kept.sum()))
    return csr_matrix((ones, (rows[kept], columns[kept])), shape=(len(units), len(doubtful)))


def _rate_prior(values: Floats, doubt: Doubt, units: pd.Index) -> tuple[Floats, Floats, NDArray[np.bool_], bool]:
    if doubt.kind != "rate" or doubt.base is None:
        return np.empty(0), np.empty(0), np.zeros(len(values), dtype=bool), False
    base = along(doubt.base, units)
    events = along(doubt.events, units) if doubt.events is not None else values * base / doubt.per
    known = ~np.isnan(events) & (base > 0)
    events, base = np.maximum(events[known], 0.0), base[known]
    return events, base, known, bool((events <= base).all())


class DataDraws:
    """An index's scores under draws of its figures; the indicators that are certain are summed once."""

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
        self._units = len(values)
        self._indicators = [indicators[code] for code in codes]
        self._p_match = doubtful_places(p_match)
        self._doubts = {code: doubts[code] for code in codes if code in doubts}
        self._normalised = to_goalposts(values, codes, indicators).to_numpy()
        posteriors = {code: Posterior(values[code], doubt, self._p_match.index) for code, doubt in self._doubts.items()}
        self._posteriors = {codes.index(code): one for code, one in posteriors.items() if not one.certain}

    @property
    def uncertain(self) -> bool:
        """Whether any figure can differ from what was published."""
        return bool(self._posteriors)

    def figures(self, draws: int, seed: int) -> Iterator[dict[str, Floats]]:
        """Draw after draw, the figures of the indicators that are not certain."""
        rng = np.random.default_rng([seed, draws])
        shared = share_draws(self._doubts, self._p_match, draws, self._units, rng)
        drawn = {at: posterior.draw(draws, shared, rng) for at, posterior in self._posteriors.items()}
        for draw in range(draws):
            yield {self._branches.codes[at]: figures[draw] for at, figures in drawn.items()}

    def scores(self, block: slice, seed: int) -> Floats:
        """Scores of one block of draws (draws × units), with random numbers of its own."""
        count = block.stop - block.start
        rng = np.random.default_rng([seed, block.start])
        shared = share_draws(self._doubts, self._p_match, count, self._units, rng)
        drawn = {
            at: on_goalposts(posterior.draw(count, shared, rng), self._indicators[at])
            for at, posterior in self._posteriors.items()
        }
        pillars = np.stack([self._pillar(at, drawn, count) for at in range(len(self._branches.pillars))], axis=-1)
        return combine(pillars.reshape(-1, pillars.shape[-1]), self._branches).reshape(count, self._units)

    def _pillar(self, at: int, drawn: Mapping[int, Floats], count: int) -> Floats:
        members, weights = self._branches.members[at], self._branches.inner[at]
        still = self._normalised[:, members].copy()
        there = aggregate.enough(still, weights, self._branches.present)
        weight = aggregate.weight_present(still, weights)
        moving = [position for position, member in enumerate(members) if member in drawn]
        still[:, moving] = np.nan
        total = np.broadcast_to(aggregate.weighted_sum(still, weights), (count, self._units))
        for position in moving:
            total = total + weights[position] * np.nan_to_num(drawn[members[position]])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(there, total / weight, np.nan)
