"""What a committee asks of an index: does it hang together, and what really carries it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pandas import DataFrame, Series

from atlas.config import Index
from atlas.scoring.index import Scored

CARRIES_TOO_MUCH = 0.35
OVERLAPS_FROM = 0.7
FEWEST = 30  # units: with fewer a correlation below 0 is no finding
Z_95 = 1.6449


def cronbach_alpha(figures: DataFrame) -> float:
    """Standardised alpha, ``k·r̄/(1 + (k − 1)·r̄)`` with r̄ the mean correlation; missing for a single column.

    Source: Cronbach (1951); OECD/JRC (2008), p. 72.

    >>> round(cronbach_alpha(DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 3, 2, 4]})), 3)
    0.889
    """
    count = figures.shape[1]
    if count < 2:
        return float("nan")
    correlations = figures.corr().to_numpy()
    pairs = correlations[np.triu_indices(count, 1)]
    known = pairs[~np.isnan(pairs)]
    if not len(known):
        return float("nan")
    mean = float(known.mean())
    return count * mean / (1 + (count - 1) * mean)


def principal_components(figures: DataFrame) -> DataFrame:
    """Eigenvalues of the correlation matrix, their share of the variance, and the loadings: for information only.

    Source: OECD/JRC (2008), table 16.
    """
    correlations = figures.corr().fillna(0.0).to_numpy()
    values, vectors = np.linalg.eigh(correlations)
    order = np.argsort(values)[::-1]
    table = DataFrame({"eigenvalue": values[order], "share": values[order] / (values.sum() or np.nan)})
    loadings = vectors[:, order] * np.sqrt(np.maximum(values[order], 0.0))
    return table.join(DataFrame(loadings.T, columns=list(figures.columns))).rename_axis("component")


def carried(scored: Scored) -> Series:
    """Share of the score's variance that each indicator carries: ``w·Cov(x, S)/Var(S)`` over the units scored.

    The shares sum to 1 where nothing is missing and the mean is arithmetic. What is missing stands at the mean.

    Source: Paruolo, Saisana and Saltelli (2013), Ratings and rankings: voodoo or science? JRSS A 176(3).
    """
    there = scored.score.notna()
    score = scored.score[there]
    spread = float(score.var(ddof=0))
    if not spread:
        return Series(np.nan, index=scored.effective_weights.index, name="carried")
    figures = scored.normalised[there]
    apart = figures.fillna(figures.mean()) - figures.mean()
    covariance = apart.mul(score - score.mean(), axis=0).mean()
    return (scored.effective_weights * covariance / spread).rename("carried")


def carried_by_class(scored: Scored, shares: DataFrame) -> Series:
    """Share of the score's variance that each class of venue carries.

    Parameters
    ----------
    scored
        The index.
    shares
        Indicators × classes: what part of an indicator's figure the class makes up; rows sum to at most 1.
    """
    by_indicator = carried(scored).reindex(shares.index)
    return shares.mul(by_indicator, axis=0).sum().rename("carried")


def diagnose(scored: Scored, index: Index) -> DataFrame:
    """Per indicator: pillar, nominal weight, share of variance carried, correlation with its pillar and the index.

    Columns ``against`` (it moves against its pillar: correlation below 0 with the rest of it) and ``too_much`` (it
    carries more than 35 % of the variance) are the warnings; ``missing`` is the share of units without it.
    """
    share = carried(scored)
    rows = []
    for pillar in index.pillar:
        for code in pillar.indicators:
            figure = scored.normalised[code]
            rest = [other for other in pillar.indicators if other != code]
            beside = scored.normalised[rest].mean(axis=1) if rest else scored.pillars[pillar.id]
            with_rest = _correlation(figure, beside) if rest else np.nan
            rows.append(
                {
                    "indicator": code,
                    "pillar": pillar.id,
                    "weight": scored.effective_weights[code],
                    "carried": share[code],
                    "with_pillar": with_rest,
                    "with_index": _correlation(figure, scored.score),
                    "against": bool(with_rest < 0),
                    "too_much": bool(share[code] > CARRIES_TOO_MUCH),
                    "missing": float(figure.isna().mean()),
                    "at_worst": float((figure == 0).mean()),
                    "at_best": float((figure == 100).mean()),
                }
            )
    return DataFrame(rows)


def alphas(scored: Scored, index: Index) -> Series:
    """Cronbach's alpha of each pillar with two indicators or more."""
    found = {
        pillar.id: cronbach_alpha(scored.normalised[list(pillar.indicators)])
        for pillar in index.pillar
        if len(pillar.indicators) > 1
    }
    return Series(found, name="alpha", dtype=float)


def overlaps(axes: Mapping[str, DataFrame]) -> DataFrame:
    """Pairs of indicators on different axes whose |Spearman| exceeds 0.7: what one axis would say twice."""
    names = list(axes)
    rows = []
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            both = axes[first].rank().add_suffix("|1").join(axes[second].rank().add_suffix("|2"))
            table = both.corr().to_numpy()[: axes[first].shape[1], axes[first].shape[1] :]
            for i, j in np.argwhere(np.abs(np.nan_to_num(table)) > OVERLAPS_FROM):
                one, other = axes[first].columns[i], axes[second].columns[j]
                rows.append((first, one, second, other, float(table[i, j])))
    return DataFrame(rows, columns=["axis_a", "indicator_a", "axis_b", "indicator_b", "spearman"])


def against_parent(scored: Scored, index: Index) -> DataFrame:
    """Indicators that run against their pillar and pillars that run against the index: correlation below 0.

    Returns
    -------
    ``node, parent, correlation, units, sure``; ``sure`` where there are 30 units at least and the upper end of the
    correlation, ``tanh(artanh r + 1.645/√(n − 3))``, is below 0 as well.

    Source: Fisher (1921), On the "probable error" of a coefficient of correlation, Metron 1.
    """
    pairs = [(code, pillar.id, scored.normalised[code]) for pillar in index.pillar for code in pillar.indicators]
    pairs += [(pillar, index.id, scored.pillars[pillar]) for pillar in scored.pillars.columns]
    rows = []
    for node, parent, figure in pairs:
        above = scored.score if parent == index.id else scored.pillars[parent]
        found, units = _correlation(figure, above), int((figure.notna() & above.notna()).sum())
        if found < 0:
            upper = np.arctanh(max(found, -1 + 1e-12)) + Z_95 / np.sqrt(max(units - 3, 1))
            rows.append((node, parent, found, units, bool(units >= FEWEST and upper < 0)))
    return DataFrame(rows, columns=["node", "parent", "correlation", "units", "sure"])


def rank_within(score: Series, ranked: Series, classes: Series) -> Series:
    """Place among the units of the same class, 1 = highest: like with like.

    >>> rank_within(Series([9.0, 8.0, 7.0]), Series([True, True, True]), Series(["a", "b", "a"])).tolist()
    [1, 1, 2]
    """
    places = score.where(ranked).groupby(classes).rank(method="min", ascending=False)
    return places.reindex(score.index).astype("Int64").rename("rank_within")


def with_density(score: Series, residents: Series, area_km2: Series) -> float:
    """Spearman's correlation of an index with residents per km²; near 1 it says no more than density."""
    density = residents.astype(float) / area_km2
    return _correlation(score.rank(), density.reindex(score.index).where(score.notna()).rank())


def rank_shift(reference: Series, ranks: Series) -> float:
    """Mean over units of ``|rank − reference|``.

    Source: OECD/JRC (2008), eq. 38.

    >>> rank_shift(Series([1, 2, 3]), Series([2, 1, 3]))
    0.6666666666666666
    """
    return float((reference.astype(float) - ranks.astype(float)).abs().mean())


def _correlation(first: Series, second: Series) -> float:
    known = first.notna() & second.notna()
    if known.sum() < 3 or first[known].nunique() < 2 or second[known].nunique() < 2:
        return float("nan")
    return float(first[known].corr(second[known]))
