"""Hot spots: units whose neighbourhood holds more venues than the rest of the atlas would lead one to expect."""

from __future__ import annotations

from typing import Any, Literal, NoReturn

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from atlas.config import Atlas
from atlas.errors import ConfigError
from atlas.indicators.mix import empirical_bayes, marshall
from atlas.strategy.association import contiguity, false_discovery_threshold, local_g, q_values, quadrants
from atlas.strategy.permutation import PERMUTATIONS, conditional_permutation
from atlas.strategy.venues import Floats, counting, guessed

Null = Literal["residents", "mapped", "area"]
NULLS: tuple[Null, ...] = ("residents", "mapped", "area")
FALSE_DISCOVERIES = 0.05
COLUMNS = ("code", "venues", "value", "z", "quadrant", "p", "q", "permutations", "spot", "part")
MAPPED = ("venue", "heritage", "everyday", "stock", "context")


def hotspots(
    places: gpd.GeoDataFrame,
    atlas: Atlas,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    null: Null = "residents",
    permutations: int = PERMUTATIONS,
    seed: int | None = None,
    neighbours: csr_array | None = None,
) -> pd.DataFrame:
    """Gᵢ* and the local Moran statistic of each unit by conditional permutation, with a false discovery rate of 5 %.

    The response is never a raw count. What the map is held against:

    - ``residents``: venues given residents, the rate shrunk by empirical Bayes;
    - ``mapped``: venues given all mapped points, the share shrunk likewise;
    - ``area``: venues per km² as log(1 + x).

    Venues whose class is only guessed do not count here.

    Parameters
    ----------
    neighbours
        :func:`atlas.strategy.association.contiguity` of the units, where it is known already.

    Returns
    -------
    One row a unit. ``spot`` is ``hot``, ``cold`` or empty (none at all is a valid answer); ``part`` of a hot one is
    ``member`` where it holds a venue itself, else ``beside``; ``z`` (of Gᵢ*) and ``quadrant`` describe, ``p`` and
    ``q`` decide. ``attrs`` holds ``floor`` (the smallest p possible), ``threshold``, ``permutations``, ``null``.
    """
    units = neighbourhoods.set_index("code", drop=False)
    held = counting(atlas, places, "venue")
    number = per_unit(held[~guessed(held)], units)
    mapped = per_unit(counting_all(atlas, places), units) if null == "mapped" else number
    value = response(number, units, mapped, null=null)
    weights = contiguity(units) if neighbours is None else neighbours
    table = local_spots(
        value, weights, venues=number, permutations=permutations, seed=atlas.atlas.seed if seed is None else seed
    )
    table.insert(0, "code", units.index)
    table.attrs["null"] = null
    return table[list(COLUMNS)]


def counting_all(atlas: Atlas, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """All mapped points that people made for use: no stops, no short lets."""
    layers = {layer.id for layer in atlas.layers if layer.layer.role in MAPPED}
    return places[places["layer"].isin(layers)]


def per_unit(places: pd.DataFrame, units: pd.DataFrame) -> Floats:
    """How many of the places lie in each unit."""
    counted = places.groupby("neighbourhood").size().reindex(units.index, fill_value=0)
    return np.asarray(counted, dtype=float)


def response(venues: Floats, units: pd.DataFrame, mapped: Floats, *, null: Null) -> Floats:
    """The rate, share or logarithm that a null asks for; never a raw count."""
    if null == "area":
        return np.asarray(np.log1p(venues / units["area_km2"].to_numpy(dtype=float)), dtype=float)
    base = mapped if null == "mapped" else np.nan_to_num(units["residents"].to_numpy(dtype=float))
    if not venues.any():
        return np.zeros(len(venues))
    if not base.any():
        raise_no_residents()
    base = np.maximum(base, venues)  # a unit with more venues than residents has a rate of one at most
    mean, spread = marshall(venues, base)
    return np.asarray(empirical_bayes(venues, base, mean=mean, spread=spread), dtype=float)


def raise_no_residents() -> NoReturn:
    """The fault of an atlas that does not know where people live."""
    raise ConfigError(
        "Este atlas não tem residentes: não se pode dizer o que daria a população. Indique a coluna dos residentes "
        "das unidades (`residents`); só `atlas hotspots --null area` passa sem eles.",
        "This atlas has no residents: what population alone would give cannot be said. Name the column of the units' "
        "residents (`residents`); `atlas hotspots --null area` alone does without.",
        where="atlas.toml, neighbourhoods",
    )


def local_spots(
    value: Floats, weights: csr_array, *, venues: Floats, permutations: int = PERMUTATIONS, seed: int
) -> pd.DataFrame:
    """The columns of :func:`hotspots` but the code, from a response and its neighbours."""
    drawn = conditional_permutation(value, weights, seed=seed, permutations=permutations)
    threshold = false_discovery_threshold(drawn.p, FALSE_DISCOVERIES)
    found = (drawn.p <= threshold) & (threshold > 0)
    above = local_g(value, weights, star=False) > 0
    hot = found & above
    table = pd.DataFrame(
        {
            "venues": venues.astype(int),
            "value": value,
            "z": local_g(value, weights),
            "quadrant": quadrants(value, weights),
            "p": drawn.p,
            "q": q_values(drawn.p),
            "permutations": drawn.permutations,
            "spot": np.where(hot, "hot", np.where(found, "cold", "")),
            "part": np.where(hot & (venues > 0), "member", np.where(hot, "beside", "")),
        }
    )
    table.attrs.update(floor=drawn.floor, threshold=threshold, permutations=permutations)
    return table


def spot_rows(table: pd.DataFrame, units: pd.DataFrame) -> list[dict[str, Any]]:
    """The spots, the surest first, with names: ``code, name, parent, venues, value, p, q, spot, part, quadrant``."""
    found = table[table["spot"] != ""].sort_values(["p", "code"], kind="stable")
    return [
        {
            "code": row.code,
            "name": units.loc[row.code, "name"],
            "parent": units.loc[row.code, "parent_name"],
            "venues": int(row.venues),
            "value": round(float(row.value), 6),
            "p": round(float(row.p), 6),
            "q": round(float(row.q), 6),
            "spot": row.spot,
            "part": row.part or None,
            "quadrant": row.quadrant,
        }
        for row in found.itertuples(index=False)
    ]
