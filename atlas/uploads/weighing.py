"""What a planner's own figure would change in the order, if it had a weight beside the index's pillars."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from atlas.errors import SourceError
from atlas.scoring import aggregate, normalise
from atlas.scoring.index import rank

Direction = Literal["more", "less"]
ENDS = (5.0, 95.0)
"""Percentiles of the known figures that stand for 0 and 100: the file comes without goalposts of its own."""


def scaled(values: pd.Series, direction: Direction, where: str = "") -> pd.Series:
    """The figures on 0–100, more is better, between their 5th and 95th percentile.

    >>> scaled(pd.Series([0.0, 50.0, 100.0, None]), "less").tolist()
    [100.0, 50.0, 0.0, nan]
    """
    known = values.dropna().to_numpy(dtype=float)
    low, high = np.percentile(known, ENDS) if len(known) else (0.0, 0.0)
    if low == high and len(known):
        low, high = float(known.min()), float(known.max())
    if low == high:
        raise SourceError(
            "O dado tem o mesmo valor em todas as unidades que conhece, e por isso não as ordena. Escolha outra "
            "coluna.",
            "The figure is the same in every unit that it knows, so it puts them in no order. Choose another column.",
            where=where,
        )
    sign = 1 if direction == "more" else -1
    return pd.Series(normalise.goalposts(values.to_numpy(dtype=float), sign, low, high), index=values.index)


def weighed(ranks: pd.DataFrame, figure: pd.Series, weight: float, *, aggregation: str = "arithmetic") -> pd.DataFrame:
    """Score and rank of every unit with ``figure`` (0–100) as one more pillar of effective weight ``weight``.

    Where the index is a mean of pillars, the mean of its score and the figure with ``1 − weight`` and ``weight`` is
    the mean of them all. A unit without the figure keeps its score: what is missing takes no part.

    Parameters
    ----------
    ranks
        ``code``, ``score``, ``rank``, ``rank_low`` and ``rank_high`` of the whole index.

    Returns
    -------
    ``score_with``, ``rank_with``, ``moved`` (places upwards) and ``beyond`` (whether the new rank lies outside the
    method interval of the old one; missing where that is unknown), by code.

    """
    table = ranks.set_index("code")
    both = np.column_stack([table["score"].to_numpy(dtype=float), figure.reindex(table.index).to_numpy(dtype=float)])
    shares = np.array([1.0 - weight, weight])
    mean = getattr(aggregate, aggregation)
    # the other means want figures above zero, as the index itself has them
    score = mean(both, shares) if aggregation == "arithmetic" else (mean(1.0 + 0.99 * both, shares) - 1.0) / 0.99
    ranked = table["rank"].notna()
    with_figure = pd.Series(score, index=table.index, name="score_with").where(ranked)
    anew = rank(with_figure, ranked)
    low, high = table["rank_low"].astype(float), table["rank_high"].astype(float)
    place = anew.astype(float)
    beyond = ((place < low) | (place > high)).astype(object).where(low.notna() & place.notna(), None)
    return pd.DataFrame(
        {
            "score_with": with_figure,
            "rank_with": anew,
            "moved": table["rank"].astype("Int64") - anew,
            "beyond": beyond,
        }
    )
