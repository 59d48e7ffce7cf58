"""Units with enough data to be compared."""

from __future__ import annotations

from pandas import DataFrame, Series


def share_present(figures: DataFrame) -> Series:
    """Share of the indicators that each unit has."""
    return figures.notna().sum(axis=1).div(max(figures.shape[1], 1)).rename("present")


def screen(figures: DataFrame, least: float) -> tuple[DataFrame, DataFrame]:
    """The units with at least this share of the indicators, and the others with the share they have.

    Source: Becker, W. (2021). COINr, ``Screen`` by ``NA``.

    >>> kept, dropped = screen(DataFrame({"x": [1.0, None], "y": [2.0, 3.0]}), 0.9)
    >>> kept.index.tolist(), dropped["present"].to_dict()
    ([0], {1: 0.5})
    """
    share = share_present(figures)
    kept = share >= least - 1e-12
    return figures[kept], share[~kept].to_frame()
