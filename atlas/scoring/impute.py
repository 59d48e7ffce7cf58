"""Figures in place of missing ones: off unless asked for, and never a zero."""

from __future__ import annotations

from collections.abc import Callable

from pandas import DataFrame, Series


def none(figures: DataFrame, groups: Series | None) -> DataFrame:  # noqa: ARG001  (same signature as the others)
    """What is missing stays missing."""
    return figures.copy()


def mean(figures: DataFrame, groups: Series | None) -> DataFrame:  # noqa: ARG001  (same signature as the others)
    """The mean of the units that have the figure.

    >>> mean(DataFrame({"x": [1.0, None, 3.0]}), None)["x"].tolist()
    [1.0, 2.0, 3.0]
    """
    return figures.fillna(figures.mean())


def median(figures: DataFrame, groups: Series | None) -> DataFrame:  # noqa: ARG001  (same signature as the others)
    """The median of the units that have the figure."""
    return figures.fillna(figures.median())


def group_mean(figures: DataFrame, groups: Series | None) -> DataFrame:
    """The mean of the unit's group; a group with no value at all stays missing, and so does a unit without a group.

    Source: Becker, W. (2021). COINr, ``i_mean_grp``.

    >>> group_mean(DataFrame({"x": [1.0, None, 9.0, None]}), Series(["a", "a", "b", "c"]))["x"].tolist()
    [1.0, 1.0, 9.0, nan]
    """
    return figures.fillna(figures.groupby(groups).transform("mean"))


def group_median(figures: DataFrame, groups: Series | None) -> DataFrame:
    """The median of the unit's group; a group with no value at all stays missing."""
    return figures.fillna(figures.groupby(groups).transform("median"))


IMPUTATIONS: dict[str, Callable[[DataFrame, Series | None], DataFrame]] = {
    "none": none,
    "mean": mean,
    "median": median,
    "group-mean": group_mean,
    "group-median": group_median,
}
