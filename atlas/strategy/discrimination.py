"""How well a figure tells places that people named from those that they ruled out: AUC, interval, difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]
CONFIDENCE = 0.95


def auc(value: Floats, expected: NDArray[np.bool_]) -> float:
    """Chance that a place expected to be creative has the higher value than one that is not; ties count half.

    >>> auc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False]))
    0.875
    """
    yes, no = int(expected.sum()), int((~expected).sum())
    ranks = rankdata(value)
    return float((ranks[expected].sum() - yes * (yes + 1) / 2) / (yes * no))


def auc_interval(area: float, yes: int, no: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The areas from which the one found lies less than so many of *their* standard errors away.

    Newcombe's method 5 on the variance of Hanley and McNeil, with (yes + no)/2 − 1 in place of both group terms: it
    stays within 0 and 1 and does not shrink to a point where the two groups part completely.

    Source
    ------
    Newcombe, R. G. (2006). Confidence intervals for an effect size measure based on the Mann-Whitney statistic. Part
    2. Statistics in Medicine 25(4), 559-573.

    Examples
    --------
    >>> [round(end, 3) for end in auc_interval(1.0, 20, 20)]
    [0.899, 1.0]
    """
    z = float(ndtri((1 + confidence) / 2))
    half = (yes + no) / 2 - 1

    def beyond(theta: float) -> float:
        """How far the area found lies outside the reach of ``theta``."""
        spread = theta * (1 - theta) * (1 + half * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (yes * no)
        return abs(area - theta) - z * float(np.sqrt(max(spread, 0.0)))

    # at 0 and 1 the reach is nothing, so the ends are looked for just inside, and just beside the area itself
    inside, beside = 1e-12, 1e-9
    below, above = (inside, area - beside), (area + beside, 1 - inside)
    low = brentq(beyond, *below) if below[0] < below[1] and beyond(below[0]) > 0 else 0.0
    high = brentq(beyond, *above) if above[0] < above[1] and beyond(above[1]) > 0 else 1.0
    return float(low), float(high)


def auc_difference(
    first: Floats, second: Floats, expected: NDArray[np.bool_], confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """AUC of ``first`` less that of ``second`` on the same places, with its interval, by DeLong's placements.

    Source
    ------
    DeLong, E. R., DeLong, D. M. and Clarke-Pearson, D. L. (1988). Comparing the areas under two or more correlated
    receiver operating characteristic curves. Biometrics 44(3), 837-845.
    """
    found = auc(first, expected) - auc(second, expected)
    placed = [_placements(value, expected) for value in (first, second)]
    of_yes, of_no = (placed[0][side] - placed[1][side] for side in (0, 1))
    variance = sum(float(part.var(ddof=1)) / len(part) if len(part) > 1 else np.nan for part in (of_yes, of_no))
    reach = float(ndtri((1 + confidence) / 2) * np.sqrt(variance))
    return found, found - reach, found + reach


def _placements(value: Floats, expected: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """For each expected place the share of the others below it; for each other the share of expected ones above it."""
    yes, no = value[expected], value[~expected]
    higher = (yes[:, None] > no[None]) + 0.5 * (yes[:, None] == no[None])
    return higher.mean(axis=1), higher.mean(axis=0)
