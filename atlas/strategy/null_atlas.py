"""The null atlas: the same region with its venues dealt out anew in proportion to residents, many times.

Every count of hot spots, agglomerations, links and opportunities stands beside what it is in such atlases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array, hstack

from atlas.config import Atlas, Indicator
from atlas.indicators import Inputs, Walked
from atlas.measuring import inputs_of, measure_some
from atlas.placing import Places
from atlas.scores import wide
from atlas.scoring.index import score_index
from atlas.scoring.opportunity import cells
from atlas.strategy.agglomerations import agglomerations
from atlas.strategy.association import contiguity
from atlas.strategy.hotspots import NULLS, hotspots, raise_no_residents
from atlas.strategy.links import PERMUTATIONS, links
from atlas.strategy.network import network
from atlas.strategy.venues import counting, points_of
from atlas.walking import distances

DRAWS = 200
LINK_PERMUTATIONS = 999
COUNTS = (
    *(f"hot_spots_{null}" for null in NULLS), "agglomerations", "venues_in_agglomerations", "network_edges",
    "links_near", "links_apart", "opportunities",
)  # fmt: skip
Progress = Callable[[float, str], None]
Tables = Mapping[str, Any]


def null_atlas(
    atlas: Atlas,
    tables: Tables,
    placed: Places,
    *,
    draws: int = DRAWS,
    seed: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Counts of the atlas beside their distribution over atlases whose venues are dealt out anew.

    A unit gets each venue with a chance in proportion to its residents, and the venue a random spot inside it; its
    class, weight and marks go with it. Everything else stays: heritage, shops of daily life, streets, decline.

    Parameters
    ----------
    tables
        ``places, neighbourhoods, completeness, opportunities`` of a build.
    placed
        The same build's first stage.
    workers
        Threads; every draw has a seed of its own, so that their number changes nothing.

    Returns
    -------
    One row a ``count`` (:data:`COUNTS`): ``observed``, ``mean``, ``low`` and ``high`` (5 and 95 %) of the draws, ``p``
    (chance of as many or more in such an atlas, 1/(draws + 1) at least) and ``draws``.
    """
    counter = _Counter(atlas, tables, placed)
    observed = counter.count(tables["places"], counter.inputs, permutations=PERMUTATIONS)
    start = atlas.atlas.seed if seed is None else seed
    drawn = []
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        for found in pool.map(lambda number: counter.drawn(np.random.default_rng([start, number])), range(draws)):
            drawn.append(found)
            if progress is not None:
                progress(len(drawn) / draws, "null")
    return compared(observed, drawn)


def compared(observed: dict[str, float], drawn: list[dict[str, float]]) -> pd.DataFrame:
    """Each count beside its draws.

    >>> compared({"x": 3.0}, [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}])[["observed", "mean", "p"]].values.tolist()
    [[3.0, 2.0, 0.5]]
    """
    table = pd.DataFrame(drawn, columns=list(observed))
    return pd.DataFrame(
        [
            {
                "count": name,
                "observed": value,
                "mean": table[name].mean(),
                "low": table[name].quantile(0.05),
                "high": table[name].quantile(0.95),
                "p": (int((table[name] >= value).sum()) + 1) / (len(table) + 1),
                "draws": len(table),
            }
            for name, value in observed.items()
        ]
    )


def deal(places: gpd.GeoDataFrame, units: gpd.GeoDataFrame, moved: np.ndarray, rng: np.random.Generator) -> Any:
    """The places with those that are ``moved`` (a mask) dealt out over the units in proportion to residents.

    Parameters
    ----------
    units
        Indexed by code, with ``parent`` and ``residents``; a unit without residents gets nothing.
    """
    residents = np.nan_to_num(units["residents"].to_numpy(dtype=float)).clip(min=0)
    if not residents.sum():
        raise_no_residents()
    at = rng.choice(len(units), size=int(moved.sum()), p=residents / residents.sum())
    spots = random_points(units.geometry.to_numpy()[at], rng)
    table = places.copy()
    geometry = table.geometry.to_numpy().copy()
    geometry[moved] = spots
    table = table.set_geometry(gpd.GeoSeries(geometry, index=table.index, crs=places.crs))
    for column, source in (("neighbourhood", units.index), ("parent", units["parent"])):
        values = table[column].to_numpy(dtype=object).copy()
        values[moved] = np.asarray(source, dtype=object)[at]
        table[column] = values
    return table


def random_points(shapes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One random point inside each outline, all spots of it equally likely."""
    west, south, east, north = shapely.bounds(shapes).T
    points = np.full(len(shapes), None, dtype=object)
    left = np.arange(len(shapes))
    while len(left):
        tried = shapely.points(rng.uniform(west[left], east[left]), rng.uniform(south[left], north[left]))
        inside = shapely.covers(shapes[left], tried)
        points[left[inside]] = tried[inside]
        left = left[~inside]
    return points


class _Counter:
    """Counts one atlas after another, with what does not move read once."""

    def __init__(self, atlas: Atlas, tables: Tables, placed: Places) -> None:
        self.atlas, self.places, self.neighbourhoods = atlas, tables["places"], tables["neighbourhoods"]
        self.units = self.neighbourhoods.set_index("code", drop=False).rename_axis(None)
        self.neighbours = contiguity(self.units)
        self.inputs = inputs_of(atlas, placed)
        self.streets = placed.streets
        self.completeness = tables["completeness"]
        venue = self.places["place_id"].isin(counting(atlas, self.places, "venue")["place_id"])
        self.moved = (venue & self.places["neighbourhood"].notna()).to_numpy()
        self.index = atlas.index_of(atlas.opportunity.potential)
        self.decline = tables["opportunities"].set_index("code")["decline"]

    def drawn(self, rng: np.random.Generator) -> dict[str, float]:
        """The counts of an atlas with its venues dealt out anew."""
        table = deal(self.places, self.units, self.moved, rng)
        return self.count(table, replace(self.inputs, places=table, walked=self.walked(table)))

    def count(
        self, places: gpd.GeoDataFrame, inputs: Inputs, *, permutations: int = LINK_PERMUTATIONS
    ) -> dict[str, float]:
        """The counts of one atlas."""
        atlas, units, streets = self.atlas, self.neighbourhoods, self.streets
        spots = [hotspots(places, atlas, units, null=null, neighbours=self.neighbours) for null in NULLS]
        quarters = agglomerations(places, atlas, units, streets=streets)
        pairs = links(places, atlas, streets=streets, permutations=permutations)
        found = (
            *(float((table["spot"] == "hot").sum()) for table in spots),
            float(len(quarters)),
            float(quarters["places"].sum()),
            float(len(network(places, atlas, streets=streets).edges)),
            float((pairs["relation"] == "near").sum()),
            float((pairs["relation"] == "apart").sum()),
            self.opportunities(inputs),
        )
        return dict(zip(COUNTS, found, strict=True))

    def opportunities(self, inputs: Inputs) -> float:
        """Units in the reading ``opportunity``, with the potential measured and scored anew."""
        atlas = self.atlas
        decline = atlas.decline
        if self.index.cuts is None or decline is None or decline.cuts is None:
            return 0.0
        codes = {code for pillar in self.index.pillar for code in pillar.indicators}
        wanted: list[Indicator] = [one for one in atlas.indicator if one.code in codes]
        made = measure_some(inputs, self.completeness, wanted).tables["indicators"]
        coverage = wide(made, self.index.level, "coverage")
        values = wide(made, self.index.level).where(coverage > 0)
        scored = score_index(values, self.index, {one.code: one for one in atlas.indicator}, coverage=coverage)
        read = cells(scored.score.where(scored.ranked), self.decline, self.index.cuts, decline.cuts)
        return float((read["opportunity"] == "opportunity").sum())

    def walked(self, places: gpd.GeoDataFrame) -> Walked | None:
        """Distances on foot with those to the moved places measured anew."""
        known, population = self.inputs.walked, self.inputs.population
        if known is None or population is None or self.streets is None:
            return known
        walking = self.atlas.walking
        ids = pd.Index(places["place_id"])
        moved = ids[self.moved].intersection(known.place_ids, sort=False)
        kept = np.flatnonzero(~known.place_ids.isin(moved))
        fresh = distances(
            self.streets,
            shapely.get_coordinates(population.geometry.to_numpy()),
            points_of(places.iloc[ids.get_indexer(moved)]),
            limit_m=walking.limit_m,
            snap_m=walking.snap_m,
        )
        both = csr_array(hstack([known.metres[:, kept], fresh]))
        return Walked(both, known.place_ids[kept].append(moved), known.with_slope)
