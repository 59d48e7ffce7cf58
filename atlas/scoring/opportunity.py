"""Potential read against decline: nine cells, four readings, and how probable each reading is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series

Floats = NDArray[np.float64]
Cuts = tuple[float, float]

READINGS = ("opportunity", "consolidate", "basic_investment", "follow")
LETTERS = ("L", "M", "H")
READING_OF = {
    potential + decline: (
        "opportunity" if potential == decline == "H"
        else "consolidate" if potential == "H"
        else "basic_investment" if decline == "H"
        else "follow"
    )
    for potential in LETTERS
    for decline in LETTERS
}  # fmt: skip
UNSURE_BELOW = 0.8
UNSURE = "uncertain_class"


def tertile_cuts(score: Series) -> Cuts:
    """The two scores that part a reference build into thirds: low | middle and middle | high.

    A unit at a cut belongs above it. A cut that would part units of one score moves up to the next score that
    occurs, so that equals stay together; where there is none, just above the highest, and nobody stands above.

    >>> tertile_cuts(Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    (3.0, 5.0)
    >>> tertile_cuts(Series([0.0, 0.0, 0.0, 0.0, 7.0, 9.0]))
    (7.0, 7.0)
    """
    ordered = np.sort(score.dropna().to_numpy(dtype=float))
    return _cut(ordered, len(ordered) / 3), _cut(ordered, 2 * len(ordered) / 3)


def _cut(ordered: Floats, position: float) -> float:
    at = int(np.ceil(position - 1e-9))
    if at <= 0 or at >= len(ordered):
        return float("nan") if len(ordered) == 0 else float(ordered[0])
    if ordered[at - 1] < ordered[at]:
        return float(ordered[at])
    above = ordered[ordered > ordered[at]]
    return float(above[0]) if len(above) else float(np.nextafter(ordered[-1], np.inf))


def cells(potential: Series, decline: Series, cuts_potential: Cuts, cuts_decline: Cuts) -> DataFrame:
    """Cell (the potential's letter, then the decline's) and reading of each unit; null where an axis is missing.

    >>> cells(Series([80.0, 10.0, None]), Series([70.0, 90.0, 50.0]), (30, 60), (30, 60)).values.tolist()
    [['HH', 'opportunity'], ['LH', 'basic_investment'], [nan, nan]]
    """
    known = potential.notna() & decline.reindex(potential.index).notna()
    first = letters(potential, cuts_potential)
    second = letters(decline.reindex(potential.index), cuts_decline)
    cell = (first.astype("str") + second.astype("str")).where(known)
    return DataFrame({"cell": cell, "opportunity": cell.map(READING_OF)}, index=potential.index)


def letters(score: Series, cuts: Cuts) -> Series:
    """``L``, ``M`` or ``H`` of each score; null where it is missing.

    >>> letters(Series([10.0, 30.0, 60.0, None]), (30, 60)).tolist()
    ['L', 'M', 'H', nan]
    """
    at = np.searchsorted(np.asarray(cuts, dtype=float), score.to_numpy(dtype=float, na_value=np.nan), side="right")
    return Series(np.array(LETTERS, dtype=object)[np.minimum(at, 2)], index=score.index, dtype="str").where(
        score.notna()
    )


def class_shares(draws: DataFrame, cuts: Cuts) -> DataFrame:
    """Share of the draws (rows) in which each unit (column) is low, middle and high."""
    scores = draws.to_numpy(dtype=float)
    known = ~np.isnan(scores).any(axis=0)
    high = (scores >= cuts[1]).mean(axis=0)
    low = (scores < cuts[0]).mean(axis=0)
    shares = DataFrame({"p_low": low, "p_middle": 1.0 - low - high, "p_high": high}, index=draws.columns)
    return shares.where(Series(known, index=draws.columns), np.nan)


def probabilities(potential: DataFrame, decline: DataFrame) -> DataFrame:
    """Chance of each reading, from the chances that each axis is low, middle and high.

    The axes share no raw column, so their doubts are independent and the chances multiply.

    Parameters
    ----------
    potential, decline
        Columns ``p_low, p_middle, p_high`` by unit; for a decline that stands at the municipality, its row repeated.

    Examples
    --------
    >>> axis = DataFrame({"p_low": [0.0], "p_middle": [0.25], "p_high": [0.75]})
    >>> probabilities(axis, axis).round(4).iloc[0].tolist()
    [0.5625, 0.1875, 0.1875, 0.0625]

    """
    p = potential["p_high"]
    n = decline["p_high"].reindex(potential.index)
    return DataFrame(
        {
            "p_opportunity": p * n,
            "p_consolidate": p * (1 - n),
            "p_basic_investment": (1 - p) * n,
            "p_follow": (1 - p) * (1 - n),
        },
        index=potential.index,
    )


def own_chance(table: DataFrame) -> Series:
    """Chance of the reading that a unit has, from columns ``opportunity`` and ``p_`` of each reading.

    >>> table = DataFrame({"opportunity": ["follow", None], "p_follow": [0.7, 0.9]})
    >>> own_chance(table.reindex(columns=["opportunity", *(f"p_{one}" for one in READINGS)])).tolist()
    [0.7, nan]
    """
    chances = Series(np.nan, index=table.index)
    for reading in READINGS:
        chances = chances.mask(table["opportunity"] == reading, table[f"p_{reading}"])
    return chances


def candidates(opportunities: DataFrame, potential: Series, decline: Series) -> DataFrame:
    """Units in the reading ``opportunity``, the most probable first, ties by the weaker of the two axes.

    No product of the axes: it would hide which one is high and tie a middling pair with a high and a low one.
    """
    found = opportunities[opportunities["opportunity"].eq("opportunity").fillna(False)]
    weaker = pd.concat([potential, decline.reindex(potential.index)], axis=1).min(axis=1).reindex(found.index)
    order = DataFrame({"p": found["p_opportunity"], "weaker": weaker}).sort_values(
        ["p", "weaker"], ascending=False, kind="stable"
    )
    return found.loc[order.index]
