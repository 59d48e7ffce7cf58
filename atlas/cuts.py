"""Does the order depend on where the borders run? The indices again on other zonings of the same ground.

Statistics of areas change with the areas (the modifiable areal unit problem). Where an atlas knows where people live
below its units, its indices are built anew on the finest units (blocks) and on hexagons of 250 m and 400 m, each grid
with four origins. Places, residents, ways on foot and goalposts stay; only the borders move.

Source: Openshaw, S. (1984). The modifiable areal unit problem. CATMOG 38.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import translate

from atlas.config import Atlas, Index
from atlas.errors import ConfigError
from atlas.indicators import Inputs
from atlas.measuring import EDGE_RADIUS_M, inputs_of, measure_some
from atlas.neighbourhoods import Units, edge_share, locate
from atlas.placing import Places
from atlas.scores import values_of
from atlas.scoring.index import rank, score_index
from atlas.scoring.opportunity import letters

WIDTHS_M = (250, 400)
ORIGINS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))  # in steps of the grid: the corners of its half cell
TOP, HOLDS = 10, 0.75
DEPENDENT = "cut_dependent"
LEAST_COMPARED = 0.5  # of a unit's residents, below which a zoning says nothing of it

CUT_COLUMNS = [
    "index", "zoning", "origin", "units", "ranked", "compared", "spearman", "spearman_residents", "class_changed",
    "top10_kept",
]  # fmt: skip
UNIT_COLUMNS = ["index", "code", "rank", "zonings", "held", "share"]


@dataclass(frozen=True)
class Zoning:
    """One way to cut the ground: outlines with a ``code``."""

    name: str
    origin: int | None
    outlines: gpd.GeoDataFrame


def refuse_without_points(atlas: Atlas) -> None:
    """Raise where an atlas cannot be cut otherwise: no population points, or figures that no block adds up to."""
    if atlas.neighbourhoods.within_source is None:
        raise ConfigError(
            "Este atlas não tem pontos de população abaixo das suas unidades: sem eles não há outros recortes. Indique "
            "em `neighbourhoods.within_source` uma fonte de áreas menores com `neighbourhood` e `residents`.",
            "This atlas has no population points below its units: without them there are no other cuts. Name in "
            "`neighbourhoods.within_source` a source of smaller areas with `neighbourhood` and `residents`.",
            where="atlas.toml, neighbourhoods",
        )
    used = {code for index in _cut_indices(atlas) for pillar in index.pillar for code in pillar.indicators}
    for indicator in atlas.indicator:
        for name in indicator.sources if indicator.code in used else ():
            source = atlas.source_of(name)
            if source.kind == "figures" and "sums_of" not in source.read:
                raise ConfigError(
                    f"A fonte «{name}» dá números por unidade e não diz de que áreas menores são a soma. Acrescente "
                    '`read = { sums_of = "FONTE" }`, com as mesmas colunas.',
                    f"The source “{name}” gives figures by unit and does not say of which smaller areas they are the "
                    'sums. Add `read = { sums_of = "SOURCE" }`, with the same columns.',
                    where=f"atlas.toml, source.{name}",
                )


def cut_tables(atlas: Atlas, placed: Places, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables ``cuts`` and ``cut_units``, and ``scores`` with the flag ``cut_dependent``.

    Parameters
    ----------
    tables
        ``scores`` of the published zoning.

    Returns
    -------
    ``cuts`` has a row an index and zoning: ``spearman`` over the published units (each takes the mean score of its
    residents in the other zoning), ``spearman_residents`` over residents, ``class_changed`` the share of residents
    whose class (low, middle, high by the stored cuts) is another, ``compared`` the share of residents who live in a
    ranked unit of both. ``cut_units`` has a row for each of the published first ten: in how many ``zonings`` it can be
    placed, and in how many it ``held`` among the first ten.
    """
    refuse_without_points(atlas)
    inputs = inputs_of(atlas, placed)
    population = inputs.population
    assert population is not None
    published = {
        index.id: tables["scores"][tables["scores"]["index"] == index.id].set_index("code")
        for index in _cut_indices(atlas)
    }
    rows: list[dict[str, Any]] = []
    places: dict[str, list[pd.Series]] = {index_id: [] for index_id in published}
    for zoning in zonings(atlas, placed, inputs.units):
        again = recut(inputs, zoning)
        scores = score_cut(again, placed.tables["completeness"])
        assert again.population is not None
        for index in _cut_indices(atlas):
            own = published[index.id]
            people = pd.DataFrame({
                "code": population["unit"].to_numpy(),
                "residents": population["residents"].to_numpy(dtype=float),
                "here": own["score"].where(own["rank"].notna()).reindex(population["unit"]).to_numpy(),
                "there": scores[index.id].reindex(again.population["unit"]).to_numpy(),
            })  # fmt: skip
            held = ranks_in(people)
            places[index.id].append(held)
            rows.append({
                "index": index.id,
                "zoning": zoning.name,
                "origin": zoning.origin,
                "units": len(again.units.neighbourhoods),
                "ranked": int(scores[index.id].notna().sum()),
                **compare(people, index, own["rank"], held),
            })  # fmt: skip
    cuts = pd.DataFrame(rows, columns=CUT_COLUMNS).astype({"origin": "Int64"})
    cuts = cuts.sort_values("index", key=lambda ids: ids.map(list(published).index), kind="stable", ignore_index=True)
    units = pd.concat([first_ten(index_id, published[index_id]["rank"], places[index_id]) for index_id in published])
    units = units.reset_index(drop=True)
    return {"cuts": cuts, "cut_units": units, "scores": flagged(tables["scores"], units)}


def _cut_indices(atlas: Atlas) -> list[Index]:
    return [index for index in atlas.index if index.level == "neighbourhood"]


def zonings(atlas: Atlas, placed: Places, units: Units) -> Iterator[Zoning]:
    """Blocks, then hexagons of each width and origin, cut off at the region's border."""
    from atlas.initialise.grid import hexagons

    areas = _areas(atlas, placed.opened)
    yield Zoning("blocks", None, areas[["code", "geometry"]])
    region = shapely.union_all(units.neighbourhoods.geometry.to_numpy())
    for width_m in WIDTHS_M:
        for number, (along, up) in enumerate(ORIGINS, 1):
            # the two steps of the lattice are (w, 0) and (w/2, w·√3/2)
            x, y = width_m * (along + up / 2), width_m * up * np.sqrt(3) / 2
            cells = hexagons(translate(region, -x, -y), width_m)
            moved = cells.translate(x, y).to_numpy()
            outlines = gpd.GeoDataFrame({"code": cells["code"]}, geometry=shapely.intersection(moved, region))
            yield Zoning(f"hexagons_{width_m}", number, outlines.set_crs(areas.crs))


def _areas(atlas: Atlas, opened: Callable[[str], Any]) -> gpd.GeoDataFrame:
    """The areas below the units, in the atlas's CRS, with a ``code`` of their own."""
    areas = opened(str(atlas.neighbourhoods.within_source)).to_crs(atlas.atlas.crs)
    if "code" not in areas:
        areas = areas.assign(code=[f"{at:06d}" for at in range(len(areas))])
    return areas


def recut(inputs: Inputs, zoning: Zoning) -> Inputs:
    """The same ground in other units: an area, a place and a resident belong where their point on the surface lies.

    Units in which no area lies (river, rail yards) hold nobody and are left out.
    """
    areas = _areas(inputs.atlas, inputs.source)
    outlines = zoning.outlines.set_index("code", drop=False).rename_axis(None).sort_index()
    unit = pd.Series(locate(shapely.point_on_surface(areas.geometry.to_numpy()), outlines))
    people = pd.DataFrame({
        "unit": unit,
        "residents": pd.to_numeric(areas["residents"], errors="coerce").to_numpy(),
        "parent": inputs.units.neighbourhoods["parent"].reindex(areas["neighbourhood"].astype(str)).to_numpy(),
    })  # fmt: skip
    frame = outlines.loc[np.unique(unit.dropna())].copy()
    frame["name"] = frame["code"]
    frame["residents"] = people.groupby("unit")["residents"].sum(min_count=1)
    frame["residents_method"] = "blocks"
    frame["area_km2"] = frame.area / 1e6
    most = people.fillna({"residents": 0}).groupby(["unit", "parent"])["residents"].sum().sort_values(kind="stable")
    frame["parent"] = most.reset_index().drop_duplicates("unit", keep="last").set_index("unit")["parent"]
    points = inputs.population
    assert points is not None
    points = points.assign(unit=locate(points.geometry.to_numpy(), frame))
    places = inputs.places.assign(
        neighbourhood=locate(shapely.point_on_surface(inputs.places.geometry.to_numpy()), frame)
    )
    edge = pd.Series(0.0, index=frame.index)
    if any(source.ends_at_region for source in inputs.atlas.source):
        edge = edge_share(points, inputs.units.region, radius_m=EDGE_RADIUS_M)
    return replace(
        inputs,
        units=Units(frame, inputs.units.parents),
        places=places,
        population=points,
        edge=edge,
        source=_summed(inputs, frame),
    )


def _summed(inputs: Inputs, frame: gpd.GeoDataFrame) -> Callable[[str], Any]:
    """``source`` for other units: figures that are sums of smaller areas are summed anew, the rest is as it was."""

    @cache
    def source(source_id: str) -> Any:
        held, about = inputs.source(source_id), inputs.atlas.source_of(source_id)
        if "sums_of" not in about.read:
            return held
        areas = inputs.source(str(about.read["sums_of"])).to_crs(frame.crs)
        columns = [name for name in held.columns if name in areas]
        unit = locate(shapely.point_on_surface(areas.geometry.to_numpy()), frame)
        return areas[columns].apply(pd.to_numeric, errors="coerce").groupby(unit).sum(min_count=1)

    return source


def score_cut(inputs: Inputs, completeness: pd.DataFrame) -> dict[str, pd.Series]:
    """Scores of each index on the units of ``inputs``, with the published goalposts; missing where not ranked."""
    atlas = inputs.atlas
    known = {indicator.code: indicator for indicator in atlas.indicator}
    chosen = _cut_indices(atlas)
    used = {code for index in chosen for pillar in index.pillar for code in pillar.indicators}
    figures = measure_some(inputs, completeness, [one for one in atlas.indicator if one.code in used])
    found = {}
    for index in chosen:
        values, coverage = values_of(figures.tables, index)
        scored = score_index(values, index, known, coverage=coverage)
        found[index.id] = scored.score.where(scored.ranked)
    return found


def ranks_in(people: pd.DataFrame) -> pd.Series:
    """Rank of each published unit by the mean score of its residents elsewhere; missing where too few have one."""
    known = people["there"].notna()
    weight = people["residents"].where(known, 0.0)
    sums = pd.DataFrame({
        "code": people["code"], "all": people["residents"], "known": weight, "score": weight * people["there"].fillna(0)
    }).groupby("code").sum()  # fmt: skip
    enough = sums["known"] >= LEAST_COMPARED * sums["all"]
    ranked = people.groupby("code")["here"].first().notna().reindex(sums.index)
    return rank(sums["score"] / sums["known"].where(enough), enough & ranked)


def compare(people: pd.DataFrame, index: Index, own: pd.Series, held: pd.Series) -> dict[str, float | int]:
    """How much of an index's order and classes another zoning keeps.

    Parameters
    ----------
    people
        Rows of residents at one spot: ``residents``, and the scores ``here`` (published) and ``there``.
    own, held
        Ranks of the published units here and there.
    """
    both = people[people["here"].notna() & people["there"].notna()]
    weight = both["residents"].to_numpy()
    all_of_them = people["residents"].sum()
    table = pd.DataFrame({"own": own, "held": held}).dropna().astype(float)
    changed = np.nan
    if index.cuts and weight.sum():
        other = letters(both["here"], index.cuts) != letters(both["there"], index.cuts)
        changed = float(weight[other.to_numpy()].sum() / weight.sum())
    return {
        "compared": float(weight.sum() / all_of_them) if all_of_them else np.nan,
        "spearman": float(table["own"].rank().corr(table["held"].rank())) if len(table) > 2 else np.nan,
        "spearman_residents": weighted_spearman(both["here"].to_numpy(), both["there"].to_numpy(), weight),
        "class_changed": changed,
        "top10_kept": int((table["held"][table["own"] <= TOP] <= TOP).sum()),
    }


def weighted_spearman(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> float:
    """Spearman's correlation of figures that count ``weight`` times each.

    The rank of a figure is the weight below it and half of the weight beside it.

    >>> round(weighted_spearman(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), np.array([1.0, 1, 2])), 6)
    0.333333
    >>> from scipy.stats import spearmanr
    >>> told = np.repeat([1.0, 2, 3], [1, 1, 2]), np.repeat([1.0, 3, 2], [1, 1, 2])
    >>> round(float(spearmanr(*told).statistic), 6)
    0.333333
    """
    if len(first) < 3:
        return float("nan")
    ranks = [_weighted_rank(figures, weight) for figures in (first, second)]
    x, y = (one - np.average(one, weights=weight) for one in ranks)
    spread = np.sqrt(np.sum(weight * x * x) * np.sum(weight * y * y))
    return float(np.sum(weight * x * y) / spread) if spread else float("nan")


def _weighted_rank(figures: np.ndarray, weight: np.ndarray) -> np.ndarray:
    _, at = np.unique(figures, return_inverse=True)
    total = np.bincount(at, weight)
    return (np.cumsum(total) - total / 2)[at]


def first_ten(index_id: str, own: pd.Series, places: list[pd.Series]) -> pd.DataFrame:
    """The published first ten, and in how many of the zonings where they can be placed they are among the ten."""
    ten = own[own <= TOP].sort_values(kind="stable")
    table = pd.DataFrame({number: one.reindex(ten.index) for number, one in enumerate(places)}, index=ten.index)
    zonings, held = table.notna().sum(axis=1), (table <= TOP).fillna(False).sum(axis=1)
    return pd.DataFrame({
        "index": index_id, "code": ten.index, "rank": ten.astype(int).to_numpy(), "zonings": zonings.to_numpy(),
        "held": held.to_numpy(), "share": (held / zonings.where(zonings > 0)).to_numpy(),
    }, columns=UNIT_COLUMNS)  # fmt: skip


def flagged(scores: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """``scores`` with the flag on the first ten that hold in fewer than three quarters of the zonings."""
    weak = units[units["share"] < HOLDS]
    keys = set(zip(weak["index"], weak["code"], strict=True))
    marked = np.array([key in keys for key in zip(scores["index"], scores["code"], strict=True)], dtype=bool)
    flags = scores["flags"].where(
        ~marked, scores["flags"].where(scores["flags"] == "", scores["flags"] + "|") + DEPENDENT
    )
    return scores.assign(flags=flags)
