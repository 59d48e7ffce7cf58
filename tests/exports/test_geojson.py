"""RFC 7946, checked by a validator that is not ours, and the cases that maps of one region never show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from geojson_validator import configure_logging, validate_geometries, validate_structure
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.config import Text
from atlas.exports import write
from atlas.exports.dcat import record
from atlas.exports.exportable import Exportable, Field
from atlas.exports.geometry import in_wgs84

configure_logging(enabled=False)


def _written(layer: Exportable, tmp_path: Path) -> tuple[dict[str, Any], str]:
    text = write(layer, tmp_path / "x.geojson")[0].read_text("utf-8")
    return json.loads(text), text


def _layer(shapes: list[shapely.Geometry | None], crs: str) -> Exportable:
    names = [f"{number:03d}" for number in range(len(shapes))]
    field = Field(name="code", type="text", meaning=Text(pt="Código", en="Code"))
    frame = gpd.GeoDataFrame({"code": names}, geometry=shapes, crs=crs)
    return Exportable(id="x", title=Text(pt="X", en="X"), frame=frame, fields=(field,))


def _across() -> Exportable:
    """A square of 200 km around 180° E, 17° S, and its middle, in the metric system of Fiji's map grid."""
    spot = gpd.GeoSeries([shapely.Point(180, -17)], crs=4326).to_crs(3460).iloc[0]
    return _layer([spot.buffer(100_000, cap_style="square"), spot], "EPSG:3460")


def _assert_valid(held: dict[str, Any]) -> None:
    assert validate_structure(held, check_crs=True) == {}
    found = validate_geometries(held)
    assert {key: value for key, value in found["invalid"].items() if value} == {}


def test_written_layers_are_valid(layer: Exportable, tmp_path: Path) -> None:
    held, text = _written(layer, tmp_path)
    _assert_valid(held)
    assert "crs" not in held
    assert {"title", "attribution", "licences", "sources", "fields", "bbox", "hashes"} <= held.keys()
    shown = re.findall(r"\"coordinates\":(\[.*\])", text)
    assert len(shown) == len(layer.frame)
    assert max(len(one) for line in shown for one in re.findall(r"\.(\d+)", line)) <= 7
    assert [one["id"] for one in held["features"]] == list(layer.frame[layer.key])


def test_the_validator_sees_rings_the_wrong_way_round() -> None:
    ring = [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    found = validate_geometries({"type": "FeatureCollection", "features": [feature]})
    assert "exterior_not_ccw" in found["invalid"]


def test_an_island_across_the_date_line_is_split(tmp_path: Path) -> None:
    held, _ = _written(_across(), tmp_path)
    _assert_valid(held)
    island = shapely.geometry.shape(held["features"][0]["geometry"])
    assert island.geom_type == "MultiPolygon"
    west, south, east, north = island.bounds
    assert (west, east) == (-180, 180)
    assert north - south == pytest.approx(1.8, abs=0.05)
    assert shapely.area(island) == pytest.approx((200 / 106.5) * (200 / 110.7), rel=0.02)
    box = held["bbox"]
    assert box[0] > box[2], "the west of a box across the date line is greater than its east"
    assert (box[0], box[2]) == pytest.approx((179.06, -179.06), abs=0.02)


def test_the_record_of_a_layer_in_a_system_of_its_own_names_no_other() -> None:
    own = _layer([shapely.Point(0, 0)], "+proj=laea +lat_0=85 +lon_0=55")
    assert "dct:conformsTo" not in record(own)
    assert record(_layer([shapely.Point(0, 0)], "EPSG:3763"))["dct:conformsTo"]["@id"].endswith("/EPSG/0/3763")


def test_the_record_of_an_island_across_the_date_line_has_a_box_on_either_side() -> None:
    box = shapely.from_wkt(record(_across())["dct:spatial"]["dcat:bbox"]["@value"])
    assert [part.bounds[::2] for part in box.geoms] == [pytest.approx((179.06, 180), abs=0.02),
                                                        pytest.approx((-180, -179.06), abs=0.02)]  # fmt: skip


def test_tiles_of_an_island_across_the_date_line_do_not_go_around_the_globe(tmp_path: Path) -> None:
    drawn = pyogrio.read_dataframe(write(_across(), tmp_path / "x.pmtiles")[0]).to_crs(4326)
    assert set(drawn["code"]) == {"000", "001"}
    assert abs(shapely.get_coordinates(drawn.geometry)[:, 0]).min() > 179


def test_nothing_and_emptiness_have_no_geometry(tmp_path: Path) -> None:
    held, _ = _written(_layer([None, shapely.Polygon(), shapely.Point(0, 0)], "EPSG:3763"), tmp_path)
    assert [one["geometry"] is None for one in held["features"]] == [True, True, False]


def test_a_needle_that_the_grid_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    needle = shapely.Polygon([(0, 0), (8, 0), (48961, 215), (-18688, 0), (0, 0)])
    held, _ = _written(_layer([shapely.make_valid(needle).buffer(0)], "EPSG:3763"), tmp_path)
    assert len(held["features"]) == 1


corner = st.integers(-150_000, 150_000).map(float)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(corner, corner), min_size=3, max_size=12, unique=True))
def test_any_outline_stays_valid_and_where_it_was(points: list[tuple[float, float]]) -> None:
    shape = shapely.make_valid(shapely.concave_hull(shapely.MultiPoint(points), ratio=0.4))
    if shape.geom_type != "Polygon" or shapely.minimum_clearance(shape) < 0.5:
        return  # what is thinner than the grid of 7 decimals cannot stay where it was
    frame = gpd.GeoDataFrame(geometry=[shapely.reverse(shape)], crs="EPSG:3763")
    found, box = in_wgs84(frame)
    assert shapely.is_valid(found[0])
    assert all(shapely.is_ccw(part.exterior) for part in shapely.get_parts(found[0]))
    back = gpd.GeoSeries(found, crs=4326).to_crs(3763).iloc[0]
    assert shapely.hausdorff_distance(back, shape) < 0.05
    np.testing.assert_allclose(box, shapely.bounds(found[0]), atol=1e-7)
