"""Candidates for regeneration: where potential and decline are high, what speaks for each, and what against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.config import Atlas, Index, Indicator
from atlas.scoring.index import score_index
from atlas.scoring.opportunity import UNSURE_BELOW, candidates
from atlas.strategy.venues import Floats, counting

NEAR_M = 400.0  # heritage and space in the unit or this near to it
FEW_PLACES = 3
THIN_COVERAGE = 0.8
AGAINST = (
    "no_heritage", "no_stock", "stock_unknown", "pressure", "uncertain_class", "one_place", "thin_data",
    "municipal_decline",
)  # fmt: skip
"""What may speak against a candidate, by id; the sentences stand in the catalogue ``strategy.po``."""


def opportunities(built: Built) -> pd.DataFrame:
    """The candidates, sorted by the chance of the reading, then by the weaker axis; no product of the axes.

    A unit with fewer than three places of its own whose reading would fall with any one place taken away is no
    candidate: a single chapel on a small denominator makes no opportunity.

    Returns
    -------
    ``code, name, parent, potential, decline, p_opportunity, heritage, stock, against, places, sources,
    decline_level``: ``heritage`` and ``stock`` count places in the unit and within 400 m of it (``stock`` is missing
    where no source covers it); ``against`` joins ids of :data:`AGAINST` by ``|``; ``places`` and ``sources`` say how
    many places stand behind the potential's figures, and whose they are.
    """
    table = built.store.read("opportunities").set_index("code", drop=False).rename_axis(None)
    found = candidates(table, table["potential"], table["decline"])
    units = built.units.loc[found.index]
    places, atlas = built.store.read("places"), built.atlas
    found = found[["code", "potential", "decline", "p_opportunity", "decline_level"]].assign(
        name=units["name"], parent=units["parent_name"]
    )
    found["heritage"] = near_units(counting(atlas, places, "heritage"), units)
    found["stock"] = near_units(counting(atlas, places, "stock"), units) if observes_stock(atlas) else np.nan
    fragile = found.index.isin(on_one_place(built))
    own = counting(atlas, places, "venue", "heritage").groupby("neighbourhood").size()
    few = own.reindex(found.index, fill_value=0) < FEW_PLACES
    found["against"] = against(built, found, fragile)
    found = found.join(evidence_of(built, found.index))
    return found[~(fragile & few.to_numpy())].reset_index(drop=True)


def near_units(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> Floats:
    """How many of the places lie in each unit or within 400 m of it."""
    tree = shapely.STRtree(shapely.point_on_surface(places.geometry.to_numpy()))
    unit, _ = tree.query(units.geometry.to_numpy(), predicate="dwithin", distance=NEAR_M)
    return np.bincount(unit, minlength=len(units)).astype(float)


def observes_stock(atlas: Atlas) -> bool:
    """Whether a figure counts reusable space, so that none found means none, and not that nobody looked."""
    stock = {layer.id for layer in atlas.layers if layer.layer.role == "stock"}
    return any(not stock.isdisjoint(indicator.layers) for indicator in atlas.indicator)


def against(built: Built, found: pd.DataFrame, fragile: Floats | pd.Series) -> list[str]:
    """What speaks against each candidate, ids joined by ``|``."""
    codes = found.index
    scores = built.store.read("scores")
    potential = scores[scores["index"] == built.atlas.opportunity.potential].set_index("code").reindex(codes)
    speaks = {
        "no_heritage": found["heritage"] == 0,
        "no_stock": found["stock"] == 0,
        "stock_unknown": found["stock"].isna(),
        "pressure": under_pressure(built, codes),
        "uncertain_class": found["p_opportunity"] < UNSURE_BELOW,
        "one_place": pd.Series(fragile, index=codes),
        "thin_data": (potential["coverage"] < THIN_COVERAGE) | potential["flags"].str.contains("estimated|edge|small"),
        "municipal_decline": found["decline_level"] == "municipality",
    }
    table = pd.DataFrame({name: said.reindex(codes).fillna(False).astype(bool) for name, said in speaks.items()})
    return ["|".join(table.columns[row]) for row in table.to_numpy()]


def under_pressure(built: Built, codes: pd.Index) -> pd.Series:
    """Whether the housing pressure of the unit, or of its municipality, is in its highest class."""
    index = next((one for one in built.atlas.index if one.id == "pressure"), None)
    if index is None or index.cuts is None:
        return pd.Series(False, index=codes)
    scores = built.store.read("scores")
    score = scores[scores["index"] == index.id].set_index("code")["score"]
    if index.level == "municipality":
        score = score.reindex(built.units.loc[codes, "parent"]).set_axis(codes)
    return score.reindex(codes) >= index.cuts[1]


def on_one_place(built: Built) -> list[str]:
    """Units whose potential is high, and would not be with any one place of one group of layers taken away."""
    index = built.atlas.index_of(built.atlas.opportunity.potential)
    if index.cuts is None:
        return []
    values, coverage = built.inputs(index)
    each = worth_of_one(built.store.read("doubts"), values)
    known = {indicator.code: indicator for indicator in built.atlas.indicator}
    lost = without_one(values, index, known, each, coverage=coverage)
    before = score_index(values, index, known, coverage=coverage).score
    return list(before.index[(before >= index.cuts[1]) & (lost < index.cuts[1])])


def worth_of_one(doubts: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """What one place adds to each figure, of the shape of ``values``; 0 for what is no count."""
    counts = doubts[doubts["kind"] == "count"]
    wide = counts.pivot_table(index="code", columns="indicator", values="each", observed=True)
    return wide.reindex(index=values.index, columns=values.columns).fillna(0.0)


def without_one(
    values: pd.DataFrame,
    index: Index,
    known: Mapping[str, Indicator],
    each: pd.DataFrame,
    *,
    coverage: pd.DataFrame | None = None,
) -> pd.Series:
    """The lowest score of each unit when one place is taken from the figures of one group of layers."""
    groups: dict[str, list[str]] = {}
    for code in values.columns:
        for layer in known[code].layers:
            groups.setdefault(layer, []).append(code)
    lowest = pd.Series(np.inf, index=values.index)
    for codes in groups.values():
        fewer = values.copy()
        fewer[codes] = (values[codes] - each[codes]).clip(lower=0).where(values[codes] > 0, values[codes])
        score = score_index(fewer, index, known, coverage=coverage).score
        lowest = lowest.where(lowest < score, score)
    return lowest


def evidence_of(built: Built, codes: pd.Index) -> pd.DataFrame:
    """``places`` and ``sources`` behind the potential's figures of each unit."""
    index = built.atlas.index_of(built.atlas.opportunity.potential)
    behind = {code for pillar in index.pillar for code in pillar.indicators}
    rows = built.store.read("evidence")
    rows = rows[rows["code"].isin(codes) & rows["indicator"].isin(behind)].astype(str)
    rows = rows.drop_duplicates(["code", "place_id"])
    sources = built.store.read("places").set_index("place_id")["sources"].reindex(rows["place_id"]).to_numpy()
    grouped = pd.Series(sources, index=rows["code"].to_numpy()).groupby(level=0)
    joined = grouped.agg(lambda texts: "|".join(sorted({one for text in texts for one in str(text).split("|")})))
    table = pd.DataFrame({"places": grouped.size(), "sources": joined}).reindex(codes)
    return table.assign(places=table["places"].fillna(0).astype(int), sources=table["sources"].fillna(""))


def opportunity_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """``code, name, potential, decline, p_opportunity, heritage, stock, against, evidence`` of each candidate."""
    return [
        {
            "code": row.code,
            "name": row.name,
            "potential": round(float(row.potential), 6),
            "decline": round(float(row.decline), 6),
            "p_opportunity": None if pd.isna(row.p_opportunity) else round(float(row.p_opportunity), 6),
            "heritage": int(row.heritage),
            "stock": None if pd.isna(row.stock) else int(row.stock),
            "against": [one for one in row.against.split("|") if one],
            "evidence": {
                "places": int(row.places),
                "sources": [one for one in row.sources.split("|") if one],
                "decline_level": row.decline_level,
            },
        }
        for row in table.itertuples(index=False)
    ]
