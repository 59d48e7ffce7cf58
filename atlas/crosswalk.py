"""From the units of one year to those of another, by census blocks: each is where its point on surface lies.

Parishes are united and restored; the census keeps the map of its year. Blocks are small enough to say how much of an
old unit lies in each new one, and what lies across a border says how far that may be off.
"""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.neighbourhoods import locate

WITHIN = 0.9  # a block with less than this of its area in the unit of its point lies across a border
COLUMNS = ("code_from", "code_to", "share", "share_low", "share_high", "weight", "blocks")


def assigned(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    """The unit of each block (``unit``, missing outside all) and the share of the block's area in it (``inside``)."""
    shapes = shapely.make_valid(blocks.to_crs(units.crs).geometry.to_numpy())
    unit = locate(shapely.point_on_surface(shapes), units)
    own = units.geometry.reindex(pd.Index(unit, dtype=object)).to_numpy()
    inside = shapely.area(shapely.intersection(shapes, own)) / np.maximum(shapely.area(shapes), 1e-9)
    return pd.DataFrame({"unit": unit, "inside": inside}, index=blocks.index)


def summed(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame, counts: Collection[str], weight: str) -> pd.DataFrame:
    """Sums of the blocks' counts by unit, and ``straddling``: the share of the weight in blocks across its border.

    A count that a block does not state is left out of the sum; a unit for which no block states it has none.
    """
    where = assigned(blocks, units)
    figures = blocks[list(dict.fromkeys([*counts, weight]))].apply(pd.to_numeric, errors="coerce")
    figures["across"] = figures[weight].where(where["inside"] < WITHIN, 0.0)
    sums = figures.groupby(where["unit"].to_numpy()).sum(min_count=1)
    sums["straddling"] = sums["across"] / sums[weight].where(sums[weight] > 0)
    sums.index.name = "code"
    return sums[[*counts, "straddling"]]


def _also(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame, where: pd.DataFrame) -> pd.DataFrame:
    """Blocks across a border, and the other units that each reaches by more than its own doubt (``block, unit``)."""
    doubtful = where["inside"] < WITHIN
    shapes = shapely.make_valid(blocks.to_crs(units.crs).geometry[doubtful].to_numpy())
    mine, other = shapely.STRtree(units.geometry.to_numpy()).query(shapes, predicate="intersects")
    part = shapely.area(shapely.intersection(shapes[mine], units.geometry.to_numpy()[other]))
    pairs = pd.DataFrame({"block": blocks.index[doubtful][mine], "unit": units.index.to_numpy()[other]})
    elsewhere = pairs["unit"].to_numpy() != where["unit"].loc[pairs["block"]].to_numpy()
    return pairs[elsewhere & (part > (1 - WITHIN) / 2 * shapely.area(shapes[mine]))]


def crosswalk(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame, *, unit: str, weight: str) -> pd.DataFrame:
    """How much of each old unit lies in each new one.

    Parameters
    ----------
    blocks
        With the old unit's code in column ``unit`` and what weighs a block (residents, dwellings) in ``weight``. Where
        all blocks of an old unit weigh nothing, their areas do.
    units
        The new units, by code.

    Returns
    -------
    pandas.DataFrame
        ``code_from, code_to, share`` (0–1; the shares of an old unit sum to what of it lies in the new units),
        ``share_low, share_high`` (blocks across a border all elsewhere, or all here), ``weight`` and ``blocks``.

    """
    where = assigned(blocks, units)
    area = pd.Series(shapely.area(blocks.to_crs(units.crs).geometry.to_numpy()), index=blocks.index)
    weighs = pd.to_numeric(blocks[weight], errors="coerce").fillna(0.0)
    old = blocks[unit].astype(str).str.strip()
    empty = weighs.groupby(old).transform("sum") <= 0
    weighs = weighs.mask(empty, area)
    across = _also(blocks, units, where)
    table = pd.DataFrame({"code_from": old, "code_to": where["unit"], "w": weighs, "n": 1})
    table["sure"] = weighs.where(where["inside"] >= WITHIN, 0.0)
    found = table.dropna(subset=["code_to"]).groupby(["code_from", "code_to"])[["w", "n", "sure"]].sum()
    may = pd.DataFrame({"code_from": old.loc[across["block"]].to_numpy(), "code_to": across["unit"].to_numpy(),
                        "may": weighs.loc[across["block"]].to_numpy()})  # fmt: skip
    found["may"] = may.groupby(["code_from", "code_to"])["may"].sum().reindex(found.index).fillna(0.0)
    whole = weighs.groupby(old).sum().reindex(found.index.get_level_values("code_from")).to_numpy()
    return pd.DataFrame({
        "share": found["w"] / whole,
        "share_low": found["sure"] / whole,
        "share_high": np.minimum((found["w"] + found["may"]) / whole, 1.0),
        "weight": found["w"],
        "blocks": found["n"].astype(int),
    }).reset_index()[list(COLUMNS)]  # fmt: skip


def then(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two crosswalks one after the other (2011 → 2021 → 2025): ``code_from, code_to, share``."""
    both = first.merge(second, left_on="code_to", right_on="code_from", suffixes=("", "_then"))
    both["share"] *= both["share_then"]
    sums = both.groupby(["code_from", "code_to_then"])["share"].sum().reset_index()
    return sums.rename(columns={"code_to_then": "code_to"})


def carried(figures: pd.DataFrame, walk: pd.DataFrame, *, rates: Collection[str] = ()) -> pd.DataFrame:
    """Figures of old units carried to new ones: counts by share, rates as a mean weighed by ``weight``.

    A figure that one of the old units behind a new one does not have is missing there, never a part of it.

    >>> walk = pd.DataFrame({"code_from": ["A", "A"], "code_to": ["x", "y"], "share": [0.25, 0.75], "weight": [1, 3]})
    >>> carried(pd.DataFrame({"people": [100.0], "aged": [20.0]}, index=["A"]), walk, rates=["aged"]).to_dict("index")
    {'x': {'people': 25.0, 'aged': 20.0}, 'y': {'people': 75.0, 'aged': 20.0}}
    """
    behind = walk[walk["share"] > 0]
    found = {}
    for name, column in figures.apply(pd.to_numeric, errors="coerce").items():
        value = behind["code_from"].map(column)
        factor = behind["weight"] if name in rates else behind["share"]
        sums = (value * factor).groupby(behind["code_to"]).sum(min_count=1)
        if name in rates:
            sums = sums / factor.groupby(behind["code_to"]).sum()
        known = value.notna().groupby(behind["code_to"]).all()
        found[name] = sums.where(known)
    return pd.DataFrame(found).rename_axis("code")
