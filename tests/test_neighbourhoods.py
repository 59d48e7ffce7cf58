"""Outlines become a coverage; codes stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from atlas.atlasfile import find_atlas, load_atlas
from atlas.built import Built
from atlas.errors import ConfigError, SourceError
from atlas.neighbourhoods import load_units, locate, repair_coverage


def test_slivers_and_overlaps_between_neighbours_are_mended_and_said() -> None:
    """A gap of 20 m and an overlap of 30 m between three squares; a bay of 300 m stays."""
    squares = np.array(
        [shapely.box(0, 0, 1000, 1000), shapely.box(1020, 0, 2000, 1000), shapely.box(1970, 0, 3000, 700)]
    )
    repairs: list[tuple[str, str]] = []
    mended = repair_coverage(squares, "x.gpkg", repairs)
    assert shapely.coverage_is_valid(mended)
    assert shapely.union_all(mended).area == pytest.approx(3000 * 1000 - 1000 * 300, rel=0.02)
    assert len(repairs) == 1
    assert "x.gpkg" in repairs[0][0]


def test_a_coverage_is_left_as_it_is() -> None:
    squares = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    repairs: list[tuple[str, str]] = []
    assert (repair_coverage(squares, "x", repairs) == squares).all()
    assert repairs == []


def test_a_bow_tie_is_repaired_before_anything_is_measured() -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    repairs: list[tuple[str, str]] = []
    (mended,) = repair_coverage(np.array([bow]), "x", repairs)
    assert mended.is_valid
    assert mended.area == pytest.approx(50)
    assert "1" in repairs[0][1]


def test_a_point_on_a_border_belongs_to_the_smaller_code() -> None:
    units = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs=3763, index=["0B", "0A"])
    points = shapely.points([(1, 0.5), (0.5, 0.5), (5, 5)])
    assert locate(points, units).tolist() == ["0A", "0B", None]


def test_lettered_codes_and_leading_zeros_survive_a_build(norte: Built) -> None:
    codes = norte.units.index
    assert sum(code.startswith("0") for code in codes) == 690
    assert sum(not code.isdigit() for code in codes) == 18


def one_unit(small_atlas: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> None:
    path = small_atlas / "neighbourhoods.parquet"
    change(gpd.read_parquet(path)).to_parquet(path)
    load_units(load_atlas(small_atlas))


def test_a_code_read_as_a_number_is_refused(small_atlas: Path) -> None:
    with pytest.raises(SourceError, match="lida como número"):
        one_unit(small_atlas, lambda t: t.assign(code=range(len(t))))


def test_a_unit_without_an_outline_is_named(small_atlas: Path) -> None:
    def without(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        table.loc[table.index[2], "geometry"] = None
        return table

    with pytest.raises(SourceError, match="não tem contorno"):
        one_unit(small_atlas, without)


def test_no_unit_at_all_is_said(small_atlas: Path) -> None:
    with pytest.raises(SourceError, match="não tem unidades"):
        one_unit(small_atlas, lambda t: t.iloc[:0])


def test_a_parent_that_does_not_exist_is_named(small_atlas: Path) -> None:
    with pytest.raises(SourceError, match="«9999»"):
        one_unit(small_atlas, lambda t: t.assign(parent="9999"))


def test_degrees_are_no_crs_of_an_atlas() -> None:
    atlas = load_atlas(find_atlas("porto"))
    head = atlas.atlas.model_copy(update={"crs": "EPSG:4326"})
    with pytest.raises(ConfigError, match="não é métrico"):
        load_units(atlas.model_copy(update={"atlas": head}))
