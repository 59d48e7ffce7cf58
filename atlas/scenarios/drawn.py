"""Areas that somebody drew: neighbourhoods of their own, on the same references, that change nobody else's score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.config import Index
from atlas.cuts import Zoning, recut
from atlas.errors import ConfigError
from atlas.indicators import Inputs
from atlas.measuring import measure_some
from atlas.neighbourhoods import Units, locate
from atlas.scenarios.applying import Ground, Outcome, weights_of
from atlas.scenarios.model import Area, Scenario
from atlas.scores import values_of
from atlas.scoring.index import Scored, score_index

LEAST_KM2 = 1e-4


@dataclass(frozen=True)
class DrawnArea:
    """One drawn area: what it holds, and its score before and after the scenario's other edits.

    Attributes
    ----------
    share_inside
        Share of the outline that lies in the atlas's neighbourhoods; the rest is cut off.
    residents
        Of the places where people live, where the atlas knows them; else of the neighbourhoods, by their share of
        ground (``residents_method`` says which).
    rank_before, rank_after
        Where it would stand among the neighbourhoods, without moving them.
    figures
        ``indicator, before, after``, missing where no source can say it of such an area.
    """

    code: str
    name: str
    number: int
    outline: shapely.Geometry
    parent: str
    area_km2: float
    share_inside: float
    residents: float
    residents_method: str
    score_before: float
    score_after: float
    coverage: float
    rank_before: int | None
    rank_after: int | None
    figures: pd.DataFrame


def drawn_areas(outcome: Outcome, ground: Ground) -> list[DrawnArea]:
    """Every drawn area of a scenario, measured and scored by itself.

    Raises
    ------
    ConfigError
        An outline crosses itself, or lies outside the atlas's neighbourhoods.
    """
    found = []
    for number, area in areas_of(outcome.scenario):
        frame, share = _frame(outcome.built, area, number, outcome.scenario)
        found.append(_drawn(outcome, ground, frame, share, number))
    return found


def areas_of(scenario: Scenario) -> Iterator[tuple[int, Area]]:
    """The drawn areas, each with its number among the changes."""
    return ((number, one) for number, one in enumerate(scenario.changes, 1) if isinstance(one, Area))


def _frame(built: Built, area: Area, number: int, scenario: Scenario) -> tuple[gpd.GeoDataFrame, float]:
    """The area as a frame of one unit, cut to the atlas, and the share of it that lies inside."""
    where = f"{scenario.name}, changes.{number}"
    whole = gpd.GeoSeries([shapely.Polygon(area.ring)], crs=4326).to_crs(built.atlas.atlas.crs).iloc[0]
    if not whole.is_valid:
        raise ConfigError(
            f"O contorno da área «{area.name}» cruza-se a si próprio. Desenhe-o sem cruzamentos.",
            f"The outline of the area “{area.name}” crosses itself. Draw it without crossings.",
            where=where,
        )
    units = built.units
    near = shapely.STRtree(units.geometry.to_numpy()).query(whole, predicate="intersects")
    parts = shapely.intersection(units.geometry.to_numpy()[near], whole)
    ground_m2 = shapely.area(parts)
    if ground_m2.sum() < LEAST_KM2 * 1e6:
        raise ConfigError(
            f"A área «{area.name}» fica fora das {built.atlas.neighbourhoods.units.pt} deste atlas, ou é menor do que "
            "100 m². A longitude vem primeiro, em graus.",
            f"The area “{area.name}” lies outside the {built.atlas.neighbourhoods.units.en} of this atlas, or is "
            "smaller than 100 m². The longitude comes first, in degrees.",
            where=where,
        )
    outline = _polygons(shapely.union_all(parts))
    held = units.iloc[near]
    code = f"area:{number}"
    share = ground_m2 / shapely.area(held.geometry.to_numpy())
    frame = gpd.GeoDataFrame(
        {
            "code": [code],
            "name": [area.name or code],
            "parent": [pd.Series(ground_m2).groupby(held["parent"].to_numpy()).sum().idxmax()],
            "residents": [float((held["residents"].to_numpy(dtype=float) * share).sum())],
            "residents_method": ["ground"],
            "area_km2": [shapely.area(outline) / 1e6],
        },
        index=[code],
        geometry=[outline],
        crs=units.crs,
    )
    return frame, float(min(ground_m2.sum() / shapely.area(whole), 1.0))


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    """Only the polygons of what an intersection left."""
    parts = shapely.get_parts(geometry)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def _drawn(outcome: Outcome, ground: Ground, frame: gpd.GeoDataFrame, share: float, number: int) -> DrawnArea:
    index, code = outcome.index, str(frame.index[0])
    held = ground.drawn.get(frame.geometry.iloc[0])
    if held is None:
        inputs = inputs_in(ground.inputs, frame)
        held = ground.drawn[frame.geometry.iloc[0]] = inputs.units.neighbourhoods, _measured(ground, inputs, None)
    about = held[0].iloc[0]
    before = held[1].assign(code=code)
    after = before
    read = {one for codes in outcome.reads.values() for one in codes}
    if read:
        anew = _measured(ground, inputs_in(outcome.inputs, frame), read)
        after = pd.concat([before[~before["indicator"].isin(read)], anew])
    own = [_scored(outcome, ground, one, index) for one in (before, after)]
    ranks = [_rank_among(one, side[index.id]) for one, side in zip(own, (outcome.before, outcome.after), strict=True)]
    figures = before[["indicator", "value"]].merge(after[["indicator", "value"]], on="indicator", suffixes=("_b", "_a"))
    return DrawnArea(
        code=code,
        name=str(frame["name"].iloc[0]),
        number=number,
        outline=frame.geometry.iloc[0],
        parent=str(frame["parent"].iloc[0]),
        area_km2=float(about["area_km2"]),
        share_inside=share,
        residents=float(about["residents"]),
        residents_method=str(about["residents_method"]),
        score_before=own[0].score,
        score_after=own[1].score,
        coverage=own[1].coverage,
        rank_before=ranks[0],
        rank_after=ranks[1],
        figures=figures.rename(columns={"value_b": "before", "value_a": "after"}),
    )


def _measured(ground: Ground, inputs: Inputs, codes: Set[str] | None) -> pd.DataFrame:
    """The area's figures: all that stand at the level of neighbourhoods, or some of them."""
    wanted = [
        one
        for one in ground.built.atlas.indicator
        if one.level == "neighbourhood" and (codes is None or one.code in codes)
    ]
    if not wanted:
        return ground.placed.tables["indicators"].iloc[:0]
    return measure_some(inputs, ground.placed.tables["completeness"], wanted).tables["indicators"]


@dataclass(frozen=True)
class _Score:
    score: float
    coverage: float
    ranked: bool


def _scored(outcome: Outcome, ground: Ground, figures: pd.DataFrame, index: Index) -> _Score:
    """The area's score in the scenario's index; nothing where the index ranks municipalities."""
    if index.level != "neighbourhood":
        return _Score(float("nan"), 0.0, ranked=False)
    values, coverage = values_of({"indicators": figures}, index)
    weights = weights_of(outcome.built, outcome.scenario)
    scored: Scored = score_index(values, index, ground.known, coverage=coverage, weights=weights)
    return _Score(float(scored.score.iloc[0]), float(scored.coverage.iloc[0]), bool(scored.ranked.iloc[0]))


def _rank_among(own: _Score, others: Scored) -> int | None:
    """Where a score would stand among those that are ranked."""
    return int((others.score[others.ranked] > own.score).sum()) + 1 if own.ranked else None


def inputs_in(inputs: Inputs, frame: gpd.GeoDataFrame) -> Inputs:
    """The same ground with the drawn area as its only unit."""
    if inputs.population is None:
        return replace(
            inputs, units=Units(frame, inputs.units.parents), places=_places_in(inputs, frame), edge=_none(frame)
        )
    again = recut(inputs, Zoning("drawn", None, frame[["code", "geometry"]]))
    if len(again.units.neighbourhoods):
        told: Mapping[str, Any] = frame.iloc[0][["name", "parent"]].to_dict()
        units = again.units.neighbourhoods.assign(**told)
        return replace(again, units=Units(units, inputs.units.parents))
    empty = frame.assign(residents=0.0, residents_method="blocks")
    nobody = inputs.population.assign(unit=None)
    return replace(
        inputs, units=Units(empty, inputs.units.parents), places=_places_in(inputs, frame), population=nobody,
        edge=_none(frame),
    )  # fmt: skip


def _places_in(inputs: Inputs, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    spots = shapely.point_on_surface(inputs.places.geometry.to_numpy())
    return inputs.places.assign(neighbourhood=locate(spots, frame))


def _none(frame: gpd.GeoDataFrame) -> pd.Series:
    return pd.Series(np.zeros(len(frame)), index=frame.index)
