"""Measures on a town of three squares, countable on fingers."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from atlas.config import Atlas, AtlasHead, ClassRule, Indicator, Layer, LayerHead, Neighbourhoods, Source, Text
from atlas.errors import ConfigError, SourceError, UnknownName
from atlas.indicators import Inputs, compute, measures
from atlas.indicators.clustering import excess_company
from atlas.indicators.mix import empirical_bayes, hill_number, marshall
from atlas.indicators.terrain import ruggedness_m, zonal_statistic
from atlas.neighbourhoods import Units, edge_share, locate
from atlas.sources.raster import Cells

WORD = Text(pt="x", en="x")


def town(places: list[tuple[float, float, str]], figures: pd.DataFrame | None = None) -> Inputs:
    """Squares A, B and C of one kilometre in a row; people live in the middle of A and of B."""
    squares = [shapely.box(1000 * i, 0, 1000 * (i + 1), 1000) for i in range(3)]
    units = gpd.GeoDataFrame(
        {"code": list("ABC"), "name": list("ABC"), "parent": "T", "residents": [900.0, 100.0, 0.0]},
        geometry=squares, crs=3763, index=list("ABC"),
    )  # fmt: skip
    units["area_km2"] = 1.0
    parents = gpd.GeoDataFrame(
        {"code": ["T"], "name": ["T"], "residents": [1000.0], "area_km2": [3.0]},
        geometry=[shapely.union_all(squares)], crs=3763, index=["T"],
    )  # fmt: skip
    points = shapely.points([(x, y) for x, y, _ in places]) if places else np.array([], dtype=object)
    table = gpd.GeoDataFrame(
        {
            "place_id": [f"p{i}" for i in range(len(places))],
            "layer": "venues",
            "class_": [class_ for *_, class_ in places],
            "actor": [{"museum": "cultural_institution", "gallery": "art_space"}.get(c) for *_, c in places],
            "marks": "",
            "tags": None,
            "neighbourhood": locate(points, units),
            "parent": locate(points, parents),
        },
        geometry=points, crs=3763,
    )  # fmt: skip
    population = gpd.GeoDataFrame(
        {"unit": ["A", "B"], "residents": [900.0, 100.0]}, geometry=shapely.points([(500, 500), (1500, 500)]), crs=3763
    )
    rules = tuple(ClassRule(id=one, name=WORD) for one in ("museum", "gallery"))
    layer = Layer(id="venues", layer=LayerHead(name=WORD, domain="A", order=1, role="venue"), **{"class": rules})
    source = Source(id="census", kind="figures", file="census.csv", title="t", publisher="p", licence="l", date="2021")
    atlas = Atlas(
        atlas=AtlasHead(id="t", name=WORD, crs="EPSG:3763", data_version="1", detour=1.0),
        neighbourhoods=Neighbourhoods(file="", parents="", source="census", unit=WORD, units=WORD, parent_unit=WORD),
        source=(source,), indicator=(), index=(), layers=(layer,),
    )  # fmt: skip
    edge = pd.Series(0.0, index=units.index)
    return Inputs(atlas, Units(units, parents), table, population, lambda _: figures, edge)


def indicator(measure: str, **more: Any) -> Indicator:
    options = more.pop("options", {})
    return Indicator(
        code="one", name=WORD, unit=WORD, measure=measure, layers=("venues",), sources=("census",), about=WORD,
        **{"with": options}, **more,
    )  # fmt: skip


def values(inputs: Inputs, one: Indicator) -> list[float]:
    return compute(inputs, one).value.round(6).tolist()


PLACES = [(500, 500, "museum"), (1500, 500, "museum"), (1600, 500, "gallery"), (1700, 500, "gallery")]


def test_counts_are_of_what_lies_inside() -> None:
    assert values(town(PLACES), indicator("count")) == [1, 3, 0]
    assert values(town(PLACES), indicator("count", options={"classes": ["gallery"]})) == [0, 2, 0]
    assert values(town(PLACES), indicator("count", level="municipality")) == [4]


def test_a_place_on_a_border_counts_once() -> None:
    assert values(town([(1000, 500, "museum")]), indicator("count")) == [1, 0, 0]


def test_near_counts_around_the_outline() -> None:
    assert values(town(PLACES), indicator("near", options={"radius_m": 600})) == [3, 4, 3]


def test_reach_is_the_average_residents_and_missing_where_nobody_lives() -> None:
    assert values(town(PLACES), indicator("reach", options={"radius_m": 150}))[:2] == [1, 2]
    assert np.isnan(values(town(PLACES), indicator("reach", options={"radius_m": 150}))[2])


def test_land_that_two_areas_cover_is_covered_once_and_a_column_that_is_not_there_is_named() -> None:
    """A is half green, drawn twice, and half not; of B a quarter is known; of C nothing."""
    shapes = [shapely.box(0, 0, 500, 1000)] * 2 + [shapely.box(500, 0, 1000, 1000), shapely.box(1000, 0, 1250, 1000)]
    land = gpd.GeoDataFrame({"use": ["green", "green", "built", "green"]}, geometry=shapes, crs=3763)
    options = {"column": "use", "values": ["green"]}
    found = values(town([], land), indicator("area_share", options=options))
    assert found[:2] == [50, 100]
    assert np.isnan(found[2])
    with pytest.raises(SourceError, match=r"Falta a coluna «uso».*Corrija `with.column` de «one»"):
        compute(town([], land), indicator("area_share", options={**options, "column": "uso"}))


def test_the_nearest_is_measured_from_the_outline() -> None:
    assert values(town(PLACES), indicator("nearest_km", options={"classes": ["gallery"]})) == [0.6, 0, 0.3]


def test_kinds_of_actors_around() -> None:
    options = {"observed": ["cultural_institution", "art_space"], "radius_m": 150}
    assert values(town(PLACES), indicator("kinds", options=options)) == [1, 2, 0]


def test_a_share_of_nothing_is_missing_and_a_small_base_does_not_weigh() -> None:
    figures = pd.DataFrame({"old": ["30", "5", ""], "all": ["100", "10", "0"]}, index=list("ABC"))
    one = indicator("share", options={"part": "old", "whole": "all"}, base_least=50.0)
    measured = compute(town([], figures), one)
    assert measured.value.round(6).tolist()[:2] == [30, 50]
    assert np.isnan(measured.value["C"])
    assert measured.coverage is not None
    assert measured.coverage.tolist() == [1, 0, 0]
    assert measured.flags is not None
    assert measured.flags.tolist() == ["", "small_base", ""]


def test_change_in_a_hamlet_is_drawn_towards_its_municipality() -> None:
    """A lost 1 % of 10,000, B half of 20; the municipality lost about 1.1 %."""
    figures = pd.DataFrame({"before": ["10000", "20", ""], "after": ["9900", "10", "5"]}, index=list("ABC"))
    options = {"before": "before", "after": "after", "between": 0.01}
    large, small, none = values(town([], figures), indicator("log_change", options=options))
    assert large == pytest.approx(100 * np.log(0.99), abs=0.01)
    assert -20 < small < -4
    assert np.isnan(none)


def test_an_unknown_measure_is_named_with_its_neighbours() -> None:
    with pytest.raises(UnknownName, match="densidade"):
        compute(town([]), indicator("densidade"))
    with pytest.raises(ConfigError, match="radius_m"):
        compute(town([]), indicator("near"))


OF_PLACES = (
    "count",
    "density",
    "near",
    "reach",
    "nearest_km",
    "kinds",
    "kinds_km",
    "diversity",
    "clustering",
    "departures",
)


@pytest.mark.parametrize("name", OF_PLACES)
def test_every_measure_of_places_stands_an_empty_town(name: str) -> None:
    assert name in measures()
    options = {"radius_m": 400, "observed": ["art_space"], "others": 2, "venue_share": 0.1, "least": 3}
    value = compute(town([]), indicator(name, options=options)).value
    assert value.index.tolist() == list("ABC")
    assert value.fillna(0).eq(0).all()


@given(st.lists(st.tuples(st.floats(1, 2999), st.floats(1, 999)), max_size=30))
def test_counts_sum_to_the_places_in_the_region(spots: list[tuple[float, float]]) -> None:
    inputs = town([(x, y, "museum") for x, y in spots])
    assert compute(inputs, indicator("count")).value.sum() == len(spots)


@given(st.lists(st.tuples(st.floats(-500, 3500), st.floats(-500, 1500)), max_size=12), st.floats(1, 900))
def test_one_more_place_never_lowers_a_reach(spots: list[tuple[float, float]], radius_m: float) -> None:
    one = indicator("reach", options={"radius_m": radius_m})
    before = compute(town([(x, y, "museum") for x, y in spots]), one).value.fillna(0)
    after = compute(town([*((x, y, "museum") for x, y in spots), (700, 500, "museum")]), one).value.fillna(0)
    assert (after >= before).all()


def test_hill_numbers_of_the_reference() -> None:
    """(10,5,3,1,1): ¹D 3.586900, ²D 2.941176; (4,4,4,4): 4."""
    counts = np.array([[10, 5, 3, 1, 1], [4, 4, 4, 4, 0]], dtype=float)
    assert hill_number(counts, floor=1).tolist() == pytest.approx([3.586900, 4.0], abs=1e-6)
    assert hill_number(counts, order=2, floor=1).tolist() == pytest.approx([2.941176, 4.0], abs=1e-6)
    assert np.isnan(hill_number(counts, floor=17)).tolist() == [False, True]


def test_empirical_bayes_of_the_reference() -> None:
    """Five counties of North Carolina, as esda gives them: m .00238984, a 2.62e-6."""
    events, base = np.array([1, 0, 5, 1, 9]), np.array([1091, 487, 3188, 508, 1421])
    mean, spread = marshall(events, base)
    assert mean == pytest.approx(0.00238984, abs=1e-8)
    assert spread == pytest.approx(2.62e-6, abs=1e-8)
    found = empirical_bayes(events, base, mean=mean, spread=spread)
    assert found.tolist() == pytest.approx([0.00158742, 0.00155797, 0.00175112, 0.00223912, 0.00479184], abs=1e-8)


def test_company_beyond_chance_does_not_count_the_number_again() -> None:
    rng = np.random.default_rng(7)
    means: dict[int, list[float]] = {60: [], 600: []}
    for number, found in means.items():
        for _ in range(25):
            mapped = rng.uniform(0, 8000, (3000, 2))
            excess = excess_company(mapped[:number], mapped, others=2, venue_share=number / len(mapped))
            found.append(float(excess.mean()))
    assert np.mean(means[60]) == pytest.approx(0, abs=0.03)  # dealt out at random, whatever their number
    assert np.mean(means[600]) == pytest.approx(0, abs=0.03)


def test_zonal_mean_weighs_cells_by_what_is_covered() -> None:
    """A zone over one whole cell of 10 and half a cell of 40: (10 + 20) / 1.5 = 20."""
    cells = np.array([[10.0, 40.0]])
    zones = gpd.GeoDataFrame(
        {"code": ["a", "b"]}, geometry=[shapely.box(0, 0, 150, 100), shapely.box(500, 0, 600, 50)], crs=3763
    )
    found = zonal_statistic(Cells(cells, (0, 0, 200, 100), zones.crs), zones)
    assert found["a"] == pytest.approx(20)
    assert np.isnan(found["b"])


def test_ruggedness_of_a_lone_peak() -> None:
    flat = np.zeros((3, 3))
    flat[1, 1] = 1
    assert ruggedness_m(flat, cell_x_m=1, cell_y_m=1)[1, 1] == pytest.approx(np.sqrt(8))


def test_the_share_of_a_disc_outside_the_region() -> None:
    inputs = town([])
    assert inputs.population is not None
    share = edge_share(inputs.population, inputs.units.region, radius_m=400)
    assert share.round(3).tolist() == [0, 0]
    share = edge_share(inputs.population, inputs.units.region, radius_m=1000)
    in_strip = 2 / np.pi * (np.arcsin(0.5) + 0.5 * np.sqrt(0.75))  # of a disc of one kilometre, half of it wide
    assert share["B"] == pytest.approx(1 - in_strip, abs=0.01)
    assert share["A"] > share["B"]
