"""Outlines become a coverage; codes stay what they are."""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from atlas.atlasfile import find_atlas, load_atlas
from atlas.built import Built
from atlas.coverage import repair_coverage
from atlas.errors import ConfigError, SourceError
from atlas.neighbourhoods import load_units, locate, read_units


def mended(*outlines: shapely.Geometry) -> tuple[np.ndarray, list[str]]:
    """Outlines after their repair, and what was said of it."""
    repairs: list[tuple[str, str]] = []
    codes = pd.Index([chr(ord("a") + row) for row in range(len(outlines))])
    result = repair_coverage(np.array(outlines, dtype=object), codes, "x.gpkg", repairs)
    assert shapely.coverage_is_valid(result)
    assert all(en.startswith("x.gpkg: ") for _, en in repairs)
    return result, [en.removeprefix("x.gpkg: ") for _, en in repairs]


def test_slivers_and_overlaps_between_neighbours_are_mended_and_said() -> None:
    """A gap of 20 m and an overlap of 30 m between three squares; a bay of 300 m stays."""
    result, said = mended(
        shapely.box(0, 0, 1000, 1000), shapely.box(1020, 0, 2000, 1000), shapely.box(1970, 0, 3000, 700)
    )
    assert shapely.union_all(result).area == pytest.approx(3000 * 1000 - 1000 * 300)
    assert said[0].startswith("overlaps and gaps between neighbours mended in 1 outline (c)")
    assert said[1] == "1 open slit between neighbours closed, up to 50 m wide (a–b); 2.0 ha in all"


BANK = [(1000 + 30 * np.sin(y / 150), y) for y in range(0, 3001, 50)]
LEFT, RIGHT = shapely.Polygon([(0, 0), *BANK, (0, 3000)]), [(2000, 3000), (2000, 0)]


@pytest.mark.parametrize(
    ("outlines", "gap"),
    [
        ([shapely.box(0, 0, 1000, 1000), shapely.box(1004, 0, 2000, 1000)], 4e3),
        ([shapely.box(0, 0, 1000, 1000), shapely.box(1030, 0, 2000, 1000)], 30e3),
        ([shapely.box(0, 0, 1000, 1000), shapely.Polygon([(1000, 0), (2000, 0), (2000, 1000), (1040, 1000)])], 20e3),
        ([LEFT, shapely.Polygon([*[(x + 12, y) for x, y in BANK], *RIGHT])], 36e3),
        ([shapely.box(x, y, x + 1000, y + 1000) for x in (0, 1004, 2008) for y in (0, 1004, 2008)], 48_064),
    ],
    ids=["both ends", "wide", "wedge", "bends", "net"],
)
def test_slits_open_to_the_outside_are_closed_and_said(outlines: list[shapely.Geometry], gap: float) -> None:
    result, said = mended(*outlines)
    before = shapely.area(np.array(outlines))
    assert shapely.area(result).sum() == pytest.approx(before.sum() + gap, rel=1e-6)
    assert (shapely.area(result) >= before - 1e-6).all()
    assert (shapely.area(result) - before <= gap / (1 if len(outlines) == 2 else 4)).all()
    assert len(said) == 1
    assert re.match(r"1 open slit between neighbours closed, up to 50 m wide \([a-i]–[a-i]\);", said[0])


@pytest.mark.parametrize("width", [60, 90])
def test_a_wider_open_gap_stays_and_is_said(width: float) -> None:
    outlines = [shapely.box(0, 0, 1000, 1000), shapely.box(1000 + width, 0, 2000, 1000)]
    result, said = mended(*outlines)
    assert result.tolist() == outlines
    assert said == ["1 open gap between neighbours stays, 50–100 m wide (a–b). Unless it is water, mend the outlines"]


def test_gaps_closed_all_around_go_to_the_longest_border_or_are_said() -> None:
    """In a block of two halves: a crack of 20 m, one of 20 m with an islet in it, a hole of 300 m, and a lake."""
    crack, holed = shapely.box(980, 100, 1000, 400), shapely.box(990, 500, 1010, 800)
    islet = shapely.box(995, 600, 1005, 610)
    hole, lake = shapely.box(850, 900, 1150, 1200), shapely.box(200, 200, 600, 600)
    left = shapely.box(0, 0, 1000, 2000) - shapely.union_all([crack, holed, hole, lake])
    right = shapely.box(1000, 0, 2000, 2000) - shapely.union_all([holed, hole])
    result, said = mended(left, right, islet)
    assert shapely.union_all(result).equals(shapely.box(0, 0, 2000, 2000) - shapely.union_all([hole, lake]))
    assert result[0].covers(crack)
    assert result[2].area >= islet.area
    assert said[-1].startswith("1 hole between neighbours belongs to no unit (a–b); 0.09 km² in all.")


@pytest.mark.parametrize(
    "outlines",
    [
        [shapely.box(0, 0, 1000, 1000), shapely.box(1250, 0, 2000, 1000)],
        [shapely.Polygon([(0, 0), (1000, 0), (700, 3000), (0, 3000)]),
         shapely.Polygon([(1000, 0), (2000, 0), (2000, 3000), (1300, 3000)])],
        [shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, 500, 430, 1000)), shapely.box(1000, 0, 2000, 1000)],
        [shapely.Point(0, 0).buffer(500), shapely.Point(1030, 0).buffer(500)],
        [shapely.Polygon([(0, 0), (1000, 0), (1000, 960), (1000, 1000), (0, 1000)]),
         shapely.Polygon([(1000, 0), (2000, 0), (2000, 1000), (1040, 1000), (1000, 960)])],
    ],
    ids=["river", "mouth of a river", "inlet of one unit", "islands", "corner"],
)  # fmt: skip
def test_rivers_mouths_inlets_and_islands_are_no_slits(outlines: list[shapely.Geometry]) -> None:
    result, said = mended(*outlines)
    assert result.tolist() == outlines
    assert said == []


def test_a_coverage_is_left_as_it_is() -> None:
    squares = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)])
    repairs: list[tuple[str, str]] = []
    assert (repair_coverage(squares, pd.Index(["a", "b"]), "x", repairs) == squares).all()
    assert repairs == []


def test_a_bow_tie_is_repaired_before_anything_is_measured() -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    repairs: list[tuple[str, str]] = []
    (mended,) = repair_coverage(np.array([bow]), pd.Index(["a"]), "x", repairs)
    assert mended.is_valid
    assert mended.area == pytest.approx(50)
    assert "1 invalid outline repaired (a)" in repairs[0][1]


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


SQUARES = [shapely.box(x, 160_000, x + 1000, 161_000) for x in (-40_000, -39_000, -38_000)]


def of_squares(first: shapely.Geometry = SQUARES[0], crs: int = 3763, **columns: object) -> gpd.GeoDataFrame:
    held = {"code": ["01", "02", "03"], "name": ["A", "B", "C"], **columns}
    return gpd.GeoDataFrame(held, geometry=[first, *SQUARES[1:]], crs=crs)


def in_degrees() -> gpd.GeoDataFrame:
    return of_squares().to_crs(4326)


@pytest.mark.parametrize(
    ("table", "area", "said"),
    [
        (of_squares(shapely.force_3d(SQUARES[0], 7)), 1.0, ""),
        (of_squares(shapely.from_wkt("POLYGON ZM ((-4e4 16e4 1 2, -39e3 16e4 1 2, -39e3 161e3 1 2, -4e4 16e4 1 2))")),
         0.5, ""),
        (of_squares(SQUARES[0].reverse()), 1.0, ""),
        (of_squares(SQUARES[0].difference(SQUARES[0].buffer(-250, join_style="mitre"))), 0.75, ""),
        (of_squares(shapely.GeometryCollection([shapely.GeometryCollection([SQUARES[0]]), shapely.Point(0, 0)])), 1.0,
         r"1 geometry collection .*\(01\)"),
        (of_squares(name=["", None, "C"]), 1.0, r"2 units without a name .*\(01, 02\)"),
        (of_squares(shapely.Polygon(np.array([(0, 0), (10, 10), (10, 0), (0, 10)]) * 100 + (-40_000, 160_000))), 0.5,
         r"1 invalid outline repaired \(01\)"),
        (of_squares(shapely.box(5e6, 5e6, 5.001e6, 5.001e6)), 1.0, r"1 outline lies where EPSG:3763 .*\(01\)"),
        (of_squares().iloc[:1], 1.0, ""),
        (of_squares().iloc[::2], 1.0, ""),
        (in_degrees(), 1.0, ""),
        (in_degrees().set_geometry(in_degrees().affine_transform([0, 1, 1, 0, 0, 0])), 1.0, "3 outlines had longitude"),
    ],
    ids=["z", "zm", "order", "hole", "collection", "nameless", "crossed", "stray", "alone", "islands", "degrees",
         "swapped"],
)  # fmt: skip
def test_what_can_be_put_right_is_and_is_said(tmp_path: Path, table: gpd.GeoDataFrame, area: float, said: str) -> None:
    table.to_parquet(tmp_path / "u.parquet")
    repairs: list[tuple[str, str]] = []
    units = read_units(tmp_path / "u.parquet", "EPSG:3763", repairs)
    assert units["area_km2"].iloc[0] == pytest.approx(area, rel=1e-4)
    assert len(units) == len(table)
    assert re.search(said, " ".join(en for _, en in repairs)) if said else not repairs


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (of_squares(shapely.Polygon()), "“01” has no outline"),
        (of_squares(shapely.LineString([(0, 0), (9, 9)])), "“01” is no area"),
        (of_squares(shapely.Polygon([(0, 0), (np.inf, 0), (5, 5)])), "“01” has coordinates that are infinite"),
        (in_degrees().set_geometry([shapely.Polygon([(-8, 41), (-8, 95), (-8.1, 41)]), *in_degrees().geometry[1:]]),
         "“01” has coordinates that are infinite"),
        (of_squares(SQUARES[1]), "“02” lies wholly within others"),
        (of_squares().set_crs(4326, allow_override=True), r"degrees .*x runs from -40000 to -37000"),
        (in_degrees().set_crs(3763, allow_override=True), "look like degrees"),
        (of_squares().to_crs(4326).translate(90, 0).to_frame("geometry").assign(code=list("abc"), name="x"),
         "EPSG:3763 does not hold"),
        (of_squares(code=["01", None, " "]), "2 units have no code, row 2"),
        (of_squares(residents=[1, 2, -3]), "“03” has -3 residents"),
        (of_squares(residents=[1, 2, np.inf]), "“03” has inf residents"),
        (of_squares(residents=["1 234", "n.d.", "muitos"]), "“muitos” is no number"),
        (gpd.GeoDataFrame(geometry=[], crs=3763), "holds no units"),
    ],
    ids=["empty", "line", "infinite", "no globe", "covered", "metres", "degrees", "elsewhere", "codeless", "negative",
         "endless", "word", "none"],
)  # fmt: skip
def test_what_cannot_be_put_right_names_the_unit(tmp_path: Path, table: gpd.GeoDataFrame, said: str) -> None:
    table.to_parquet(tmp_path / "u.parquet")
    with pytest.raises(SourceError) as fault:
        read_units(tmp_path / "u.parquet", "EPSG:3763", [])
    assert re.search(said, fault.value.text("en"))


@pytest.mark.filterwarnings("ignore:geometry column type")
def test_curves_become_lines_of_many_points(tmp_path: Path) -> None:
    """A circle of 500 m in a GeoPackage, as CAD and cadastre save it: its area within 0.2 %."""
    path = tmp_path / "u.gpkg"
    of_squares().iloc[:1].to_file(path, layer="u")
    ring = [(-40_000, 160_000), (-39_500, 160_500), (-39_000, 160_000), (-39_500, 159_500), (-40_000, 160_000)]
    arcs = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<2d", *point) for point in ring)
    with closing(sqlite3.connect(path)) as table:
        for (trigger,) in table.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            table.execute(f'drop trigger "{trigger}"')
        curve = b"GP\x00\x01" + struct.pack("<i", 3763) + struct.pack("<BII", 1, 10, 1) + arcs
        table.execute("update u set geom = ?", (curve,))
        table.execute("update gpkg_geometry_columns set geometry_type_name = 'GEOMETRY'")
        table.commit()
    (area,) = read_units(path, "EPSG:3763", [])["area_km2"]
    assert area == pytest.approx(np.pi / 4, rel=0.002)


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
