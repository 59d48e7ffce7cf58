"""What may be wrong with a figure, and figures drawn as they may truly be.

Each kind of doubt is drawn from a posterior: what was seen, weighed against how much the units differ at all.
Noise added to figures that are noisy already would be too wide in the middle and too narrow at the ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
LEVELS = 1024  # quantiles that stand for a distribution of counts
LARGEST = 4000  # count up to which it is tabulated
SPREADS = 10  # standard deviations that the table reaches
AT_ONCE = 256  # distributions tabulated in one go
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
    """Draws the figures of one indicator as they may truly be; built once, asked block by block.

    Attributes
    ----------
    active
        Positions of the units whose figure can differ from what was published.
    """

    def __init__(self, values: Series, doubt: Doubt, doubtful: pd.Index) -> None:
        units, figures = values.index, values.to_numpy(dtype=float)
        relative_sd = np.nan_to_num(along(doubt.relative_sd, units))
        sd = np.nan_to_num(along(doubt.sd, units)) if doubt.kind == "sd" else np.zeros(len(units))
        self._kind = doubt.kind
        self._counted = _Counted(figures, doubt, units, doubtful) if doubt.kind == "count" else None
        self._rates = _Rates(figures, doubt, units) if doubt.kind == "rate" else None
        moves = (sd > 0) | ((relative_sd > 0) & (figures > 0))
        for part in (self._counted, self._rates):
            moves |= part.moves if part is not None else False
        self.active = np.flatnonzero(moves & ~np.isnan(figures))
        self._figures = figures[self.active]
        self._normal = [one[self.active] for one in normal_moments(figures, sd)]
        positive = figures > 0
        logs = np.log(figures, out=np.full(len(figures), np.nan), where=positive)
        middle, spread = normal_moments(logs, relative_sd)
        self._divisor = [np.where(positive, one, 0.0)[self.active] for one in (middle - logs, spread)]
        self._divided = bool((relative_sd[self.active] > 0).any())

    def draw(self, count: int, shared: Shared, rng: np.random.Generator) -> Floats:
        """``count`` draws × active units."""
        if self._counted is not None:
            drawn = self._counted.draw(count, shared, self.active, rng)
        elif self._rates is not None:
            drawn = self._rates.draw(count, self.active, rng)
        elif self._kind == "sd":
            middle, spread = self._normal
            drawn = middle + spread * rng.standard_normal((count, len(self.active)))
        else:
            drawn = np.tile(self._figures, (count, 1))
        if self._divided:  # times exp(shift): the figure's logarithm drawn with the relative error as its error
            shift, spread = self._divisor
            drawn = drawn * np.exp(shift + spread * shared.divisor[:, self.active])
        return drawn


class _Counted:
    """``each × (seen + split + missed)``, missed ~ Poisson(ρE(1 − c)) with ρ | seen ~ Gamma."""

    def __init__(self, figures: Floats, doubt: Doubt, units: pd.Index, doubtful: pd.Index) -> None:
        self._figures = figures
        self._each = np.nan_to_num(along(doubt.each, units))  # where it is not known, no place can be added
        exposure = np.divide(1.0, self._each, out=np.full(len(units), np.nan), where=self._each > 0)
        watched = np.clip(along(doubt.completeness, units), 1e-3, 1.0) * exposure
        seen = figures * exposure
        self._reach = _reach(doubt.evidence, units, doubtful)
        known = ~np.isnan(seen) & np.isfinite(watched) & (watched > 0)
        mean, between = marshall(seen[known], watched[known])
        self._missing = known & (watched < exposure) & (mean > 0)
        shape = mean**2 / between + seen[self._missing]
        hidden = (exposure - watched)[self._missing] / (mean / between + watched[self._missing])
        self._missed = Missed(shape, hidden)
        self.moves = self._missing.copy()
        if self._reach is not None:
            self.moves |= np.diff(self._reach.indptr) > 0

    def draw(self, count: int, shared: Shared, active: NDArray[np.intp], rng: np.random.Generator) -> Floats:
        extra = np.zeros((count, len(active)))
        if self._reach is not None:
            extra += (self._reach[active] @ shared.split).T
        if self._missing.any():
            missed = self._missed.draw(count, rng)
            if len(active) == missed.shape[1]:
                extra += missed
            else:
                extra[:, np.searchsorted(active, np.flatnonzero(self._missing))] += missed
        extra *= self._each[active]
        extra += self._figures[active]
        return extra


class Missed:
    """Places that nobody saw, unit by unit: Poisson with mean ``hidden × Gamma(shape)``, a negative binomial.

    Units of the same shape and exposure share one table of its 1,024 equiprobable quantiles, and a draw picks one of
    them; where the numbers are too large for a table they are drawn one by one.
    """

    def __init__(self, shape: Floats, hidden: Floats) -> None:
        self._shape, self._hidden = shape, hidden
        pairs, at = np.unique(np.column_stack([shape, hidden]), axis=0, return_inverse=True)
        self._table: NDArray[np.uint16] | None = None
        if not len(shape):
            return
        mean = shape * hidden
        most = int(np.ceil((mean + SPREADS * np.sqrt(mean * (1 + hidden))).max())) + SPREADS
        if most <= LARGEST:
            self._table = np.concatenate([
                _quantiles(some, most) for some in np.array_split(pairs, len(pairs) // AT_ONCE + 1)
            ]).ravel()  # fmt: skip
            self._row = at.reshape(-1) * LEVELS

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.integer]:
        """``count`` draws × units."""
        size = (count, len(self._shape))
        if self._table is None:
            return rng.poisson(self._hidden * rng.standard_gamma(self._shape, size=size))
        picked = rng.integers(LEVELS, size=size, dtype=np.uint16)
        return np.take(self._table, picked + self._row)


def _quantiles(pairs: Floats, most: int) -> NDArray[np.uint16]:
    """Quantiles at (j + ½)/1024 of negative binomials on 0 … ``most``: rows of shape and hidden exposure."""
    from scipy.special import gammaln

    shape, hidden = pairs[:, :1], pairs[:, 1:]
    k = np.arange(most + 1.0)
    chance = gammaln(shape + k) - gammaln(shape) - gammaln(k + 1)
    chance += k * np.log(hidden / (1 + hidden)) - shape * np.log1p(hidden)
    below = np.cumsum(np.exp(chance, out=chance), axis=1)
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    return np.minimum([np.searchsorted(row, levels) for row in below], most).astype(np.uint16)


class _Rates:
    """``per`` × the rate given the events: a Beta posterior of a share, a Gamma one of a rate."""

    def __init__(self, figures: Floats, doubt: Doubt, units: pd.Index) -> None:
        base = along(doubt.base, units) if doubt.base is not None else np.full(len(units), np.nan)
        events = along(doubt.events, units) if doubt.events is not None else figures * base / doubt.per
        self.moves = ~np.isnan(events) & (base > 0)
        events, base = np.maximum(events, 0.0), base
        own_events, own_base = events[self.moves], base[self.moves]
        share = bool((own_events <= own_base).all())
        mean, between = marshall(own_events, own_base, share=share)
        self._beta = share and 0 < mean < 1
        weight = max(mean * (1 - mean) / between - 1.0, 1e-6) if self._beta else 0.0
        self._events, self._base, self._figures = events, base, figures
        self._per, self._mean, self._between, self._weight = doubt.per, mean, between, weight

    def draw(self, count: int, active: NDArray[np.intp], rng: np.random.Generator) -> Floats:
        known = self.moves[active]
        at = active[known]
        events, base, size = self._events[at], self._base[at], (count, int(known.sum()))
        if self._beta:
            one, other = self._weight * self._mean + events, self._weight * (1 - self._mean) + base - events
            found = rng.beta(one, other, size=size)
        elif self._mean > 0:
            found = rng.standard_gamma(self._mean**2 / self._between + events, size=size)
            found /= self._mean / self._between + base
        else:
            found = np.full(size, self._mean)
        if known.all():
            return self._per * found
        drawn = np.tile(self._figures[active], (count, 1))
        drawn[:, known] = self._per * found
        return drawn


def normal_posterior(values: Floats, sd: Floats, noise: Floats) -> Floats:
    """``m + r(x − m) + √r·σ·z`` with r = τ²/(τ² + σ²): the truth given x, if truths are N(m, τ²) and errors N(0, σ²).

    τ² is the variance of the figures less the mean σ² (moments), and never less than one standard error of that
    estimate, so that figures which cannot be told apart are not called equal.

    Source: Morris, C. N. (1983). Parametric empirical Bayes inference. JASA 78(381), 47-55.
    """
    middle, spread = normal_moments(values, sd)
    return middle + spread * noise


def normal_moments(values: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each truth given its figure, as in :func:`normal_posterior`."""
    known = ~np.isnan(values)
    count = max(int(known.sum()), 1)
    error = float(np.mean(sd[known] ** 2)) if known.any() else 0.0
    spread = float(np.var(values[known], ddof=1)) if count > 1 else 0.0
    between = max(spread - error, error * float(np.sqrt(2 / count)), 1e-300)
    precision = 1.0 / (between + sd**2)
    mean = float(np.sum(precision[known] * values[known]) / np.sum(precision[known])) if known.any() else 0.0
    trust = between / (between + sd**2)
    return np.where(sd > 0, mean + trust * (values - mean), values), np.where(sd > 0, np.sqrt(trust) * sd, 0.0)


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
