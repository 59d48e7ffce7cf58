"""What residents reach on foot: counts around where people live, weighted by how many live there."""

from __future__ import annotations

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from atlas.config import Indicator
from atlas.errors import ConfigError
from atlas.indicators import Inputs, Measured, measure, option

EDGE_TOLERATED = 0.1  # share of the disc outside the region, above which the figure is flagged


@measure("reach")
def reach(inputs: Inputs, indicator: Indicator) -> Measured:
    """Places that the average resident of a unit reaches within ``radius_m`` on foot.

    Walking distance runs along the atlas's streets where it has them, else it is the straight distance times the
    detour factor. With A the (residents' points × places)
    matrix of what lies within reach and w the residents, the figure of unit u is Σ_{i in u} wᵢ Σⱼ Aᵢⱼ / Σ_{i in u} wᵢ.
    Missing where nobody lives.
    """
    places = inputs.of(indicator)
    shares = reached(inputs, places, radius_m=float(option(indicator, "radius_m")))
    counts = pd.Series(shares.sum(axis=1), index=_units_of(inputs))
    return with_edge(inputs, indicator, Measured(counts, _evidence(inputs, shares, places), each=1.0))


@measure("departures")
def departures(inputs: Inputs, indicator: Indicator) -> Measured:
    """Departures per hour, on a typical weekday, from the stops in walking reach of the average resident."""
    places = inputs.of(indicator)
    per_hour = np.array(
        [float(json.loads(tags).get("departures_per_hour") or 0) for tags in places["tags"].fillna("{}")]
    )
    shares = reached(inputs, places, radius_m=float(option(indicator, "radius_m")))
    return with_edge(
        inputs,
        indicator,
        Measured(pd.Series(shares @ per_hour, index=_units_of(inputs)), _evidence(inputs, shares, places)),
    )


@measure("nearest_km")
def nearest_km(inputs: Inputs, indicator: Indicator) -> Measured:
    """Kilometres in a straight line from the outline of a unit to the nearest place; 0 where one lies inside."""
    units, places = inputs.frame_of(indicator), inputs.of(indicator)
    if not len(places):
        return Measured(pd.Series(np.nan, index=units.index))
    points = shapely.point_on_surface(places.geometry.to_numpy())
    found, distance = shapely.STRtree(points).query_nearest(
        units.geometry.to_numpy(), return_distance=True, all_matches=False
    )
    value = pd.Series(distance / 1000, index=units.index[found[0]])
    evidence = pd.DataFrame({"code": units.index[found[0]], "place_id": places["place_id"].to_numpy()[found[1]]})
    return Measured(value, evidence)


def reached(inputs: Inputs, places: gpd.GeoDataFrame, *, radius_m: float) -> csr_array:
    """Units × places: the share of a unit's residents who reach the place within ``radius_m`` on foot."""
    if inputs.population is None:
        raise ConfigError(
            "Este atlas não tem pontos de população (`neighbourhoods.within_source`): use a medida `near`.",
            "This atlas has no population points (`neighbourhoods.within_source`): use the measure `near`.",
            where="atlas.toml",
        )
    if not len(places):
        return csr_array((len(inputs.units.neighbourhoods), 0))
    if inputs.walked is not None:
        return csr_array(_weights(inputs) @ inputs.walked.within(places, radius_m))
    straight_m = radius_m / inputs.atlas.atlas.detour
    origins = shapely.get_coordinates(inputs.population.geometry.to_numpy())
    points = shapely.get_coordinates(shapely.point_on_surface(places.geometry.to_numpy()))
    near = cKDTree(origins).sparse_distance_matrix(cKDTree(points), straight_m, output_type="coo_matrix")
    within = csr_array((np.ones(near.nnz), (near.row, near.col)), shape=(len(origins), len(points)))
    return csr_array(_weights(inputs) @ within)


def _weights(inputs: Inputs) -> csr_array:
    """Units × residents' points: each point's share of its unit's residents."""
    population = inputs.population
    assert population is not None
    rows = inputs.units.neighbourhoods.index.get_indexer(population["unit"])
    residents = population["residents"].to_numpy(dtype=float)
    total = np.bincount(rows[rows >= 0], residents[rows >= 0], minlength=len(inputs.units.neighbourhoods))
    known = (rows >= 0) & (residents > 0)
    columns = np.flatnonzero(known)
    share = residents[known] / total[rows[known]]
    return csr_array((share, (rows[known], columns)), shape=(len(total), len(population)))


def _units_of(inputs: Inputs) -> pd.Index:
    return inputs.units.neighbourhoods.index


def _evidence(inputs: Inputs, shares: csr_array, places: gpd.GeoDataFrame) -> pd.DataFrame:
    unit, place = shares.nonzero()
    order = np.lexsort((place, unit))
    return pd.DataFrame({
        "code": _units_of(inputs).to_numpy()[unit[order]],
        "place_id": places["place_id"].to_numpy()[place[order]],
    })  # fmt: skip


def with_edge(inputs: Inputs, indicator: Indicator, measured: Measured) -> Measured:
    """Missing where nobody lives; flagged, and its coverage cut, where the reach crosses the data's border."""
    empty = pd.Series(np.asarray(_weights(inputs).sum(axis=1)).ravel() == 0, index=_units_of(inputs))
    measured = replace(measured, value=measured.value.mask(empty))
    cut = any(inputs.atlas.source_of(name).ends_at_region for name in indicator.sources)
    if not cut:
        return measured
    outside = inputs.edge.reindex(measured.value.index).fillna(0)
    over = outside > EDGE_TOLERATED
    return replace(
        measured,
        flags=pd.Series(np.where(over, "edge", ""), index=measured.value.index),
        coverage=(1 - outside).where(over, 1.0),
    )
