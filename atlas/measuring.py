"""Second stage: places and figures → one figure per unit and indicator, with the places behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas, Indicator
from atlas.errors import AtlasError, raise_first
from atlas.fusion.completeness import density_class, of_units, with_walks
from atlas.indicators import Inputs, Measured, Walked, compute
from atlas.neighbourhoods import edge_share
from atlas.placing import Places
from atlas.walking import distances

EDGE_RADIUS_M = 1200.0
UNKNOWN = "completeness_unknown"


@dataclass(frozen=True)
class Figures:
    """The tables ``indicators``, ``evidence`` and ``doubts``."""

    tables: dict[str, pd.DataFrame]


def measure_all(atlas: Atlas, placed: Places) -> Figures:
    """Every indicator at its own level; all faults are collected before the first is raised."""
    return measure_some(inputs_of(atlas, placed), placed.tables["completeness"], atlas.indicator)


def measure_some(inputs: Inputs, completeness: pd.DataFrame, wanted: Iterable[Indicator]) -> Figures:
    """Some indicators, over the units that ``inputs`` holds."""
    indicators: list[pd.DataFrame] = []
    evidence: list[pd.DataFrame] = []
    doubts: list[pd.DataFrame] = []
    faults: list[AtlasError] = []
    classes = {
        level: density_class(frame["residents"], frame["area_km2"])
        for level, frame in (("neighbourhood", inputs.units.neighbourhoods), ("municipality", inputs.units.parents))
    }
    for indicator in wanted:
        try:
            measured = compute(inputs, indicator)
        except AtlasError as fault:
            faults.append(fault)
            continue
        complete, known = _complete(inputs, indicator, completeness, classes, measured.evidence)
        indicators.append(_long(indicator, measured, complete, known=known))
        doubts.append(_doubts(inputs, indicator, measured, complete))
        if measured.evidence is not None and len(measured.evidence):
            evidence.append(measured.evidence.assign(indicator=indicator.code))
    raise_first(faults)
    none = pd.DataFrame({"code": [], "place_id": [], "indicator": []}, dtype=object)
    found = pd.concat(evidence, ignore_index=True) if evidence else none
    for column in ("code", "place_id", "indicator"):
        found[column] = found[column].astype("category")
    return Figures({
        "indicators": pd.concat(indicators, ignore_index=True),
        "evidence": found[["code", "indicator", "place_id"]],
        "doubts": pd.concat(doubts, ignore_index=True),
    })  # fmt: skip


def inputs_of(atlas: Atlas, placed: Places) -> Inputs:
    """What the measures read, from the placed atlas."""
    population = _population(atlas, placed)
    edge = pd.Series(0.0, index=placed.units.neighbourhoods.index)
    if population is not None and any(source.ends_at_region for source in atlas.source):
        edge = edge_share(population, placed.units.region, radius_m=EDGE_RADIUS_M)
    walked = None if population is None else _walked(atlas, placed, population)
    return Inputs(atlas, placed.units, placed.tables["places"], population, placed.opened, edge, walked)


def _walked(atlas: Atlas, placed: Places, population: gpd.GeoDataFrame) -> Walked | None:
    """Distances on foot from where people live to the places that somebody walks to (a short let is none)."""
    walking = atlas.walking
    streets = placed.streets
    if streets is None:
        return None
    pressure = [layer.id for layer in atlas.layers if layer.layer.role in {"pressure", "stock"}]
    places = placed.tables["places"]
    places = places[~places["layer"].isin(pressure)]
    metres = distances(
        streets,
        shapely.get_coordinates(population.geometry.to_numpy()),
        shapely.get_coordinates(shapely.point_on_surface(places.geometry.to_numpy())),
        limit_m=walking.limit_m,
        snap_m=walking.snap_m,
    )
    return Walked(metres, pd.Index(places["place_id"]), streets.with_slope)


def _population(atlas: Atlas, placed: Places) -> gpd.GeoDataFrame | None:
    """Points where people live, with the unit that holds each; none where the atlas has no such source."""
    name = atlas.neighbourhoods.within_source
    if name is None:
        return None
    areas = placed.opened(name).to_crs(atlas.atlas.crs)
    points = gpd.GeoDataFrame(
        {"unit": areas["neighbourhood"].astype(str), "residents": pd.to_numeric(areas["residents"], errors="coerce")},
        geometry=shapely.point_on_surface(areas.geometry.to_numpy()),
        crs=areas.crs,
    )
    return points[points["residents"] > 0].reset_index(drop=True)


def _complete(
    inputs: Inputs,
    indicator: Indicator,
    completeness: pd.DataFrame,
    classes: dict[str, pd.Series],
    evidence: pd.DataFrame | None,
) -> tuple[pd.Series, bool]:
    """Measured completeness of the sources behind an indicator, by unit, raised where somebody verified on foot.

    Figures of a census are complete.
    """
    unit_classes = classes[indicator.level]
    if not indicator.layers:
        return pd.Series(1.0, index=unit_classes.index), True
    counted = inputs.of(indicator)
    found, known = of_units(completeness, set(counted["layer"].unique()) or set(indicator.layers), unit_classes)
    column = "parent" if indicator.level == "municipality" else "neighbourhood"
    return with_walks(found, counted.set_index("place_id")[["marks", column]], column, evidence), known


def _long(indicator: Indicator, measured: Measured, complete: pd.Series, *, known: bool) -> pd.DataFrame:
    index = measured.value.index
    coverage = pd.Series(1.0, index=index) if measured.coverage is None else measured.coverage.reindex(index)
    flags = pd.Series("", index=index) if measured.flags is None else measured.flags.reindex(index).fillna("")
    if not known:
        flags = flags.where(flags == "", flags + "|") + UNKNOWN
    return pd.DataFrame({
        "level": indicator.level,
        "code": index,
        "indicator": indicator.code,
        "value": measured.value.to_numpy(),
        "coverage": (coverage.fillna(0.0).where(measured.value.notna(), 0.0) * complete.reindex(index)).to_numpy(),
        "flags": flags.to_numpy(),
    })  # fmt: skip


def _doubts(inputs: Inputs, indicator: Indicator, measured: Measured, complete: pd.Series) -> pd.DataFrame:
    """What the data interval needs: the worth of one more place and completeness, or the base of a rate.

    Where the figure is divided by a unit's residents and these are an estimate, ``relative_sd`` is their error.
    """
    index = measured.value.index
    kind = "count" if measured.each is not None else "rate" if measured.base is not None else "none"
    each = measured.each if isinstance(measured.each, pd.Series) else pd.Series(measured.each, index=index, dtype=float)
    base = measured.base.reindex(index) if measured.base is not None else pd.Series(np.nan, index=index)
    table = pd.DataFrame({
        "code": index,
        "indicator": indicator.code,
        "kind": kind,
        "each": each.reindex(index).to_numpy(),
        "base": base.to_numpy(),
        "per": measured.per,
        "completeness": complete.reindex(index).to_numpy(),
        "relative_sd": _estimated(inputs, indicator, base),
    })  # fmt: skip
    return table if kind != "none" else table.iloc[:0]


def _estimated(inputs: Inputs, indicator: Indicator, base: pd.Series) -> np.ndarray:
    """The error of estimated residents where they are what a figure is divided by, else 0."""
    units = inputs.frame_of(indicator)
    if "residents_method" not in units:
        return np.zeros(len(base))
    estimated = units["residents_method"].eq("voters") & np.isclose(base, units["residents"], rtol=1e-9)
    return np.where(estimated, inputs.atlas.neighbourhoods.residents_error, 0.0)
