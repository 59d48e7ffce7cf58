"""Overpass answers, written by hand: whole, by skeleton, broken, refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from osm_elements import Element, node, relation, square, way

from atlas.errors import SourceError
from atlas.sources.overpass import read_overpass


def read(folder: Path, *elements: Element, **more: Any) -> GeoDataFrame:
    path = folder / "resposta.json"
    path.write_text(json.dumps({"version": 0.6, "elements": elements} | more), encoding="utf-8")
    return read_overpass(path).set_index("record_id")


def test_tagged_objects_become_records_and_skeletons_do_not(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        node(1, -8.6, 41.1, name="Café «Á»", amenity="cafe"),
        *square(11, 0, 0, 2),
        way(21, 11, 12, 13, 14, 11, tourism="museum"),
        way(22, 11, 12, 13, 14, 11, highway="residential"),
        way(23, 11, 12, 13),
        osm3s={"timestamp_osm_base": "2024-06-16T22:28:06Z"},
    )
    assert table.index.tolist() == ["node/1", "way/21", "way/22"]
    assert table.loc["node/1", "tags"] == '{"amenity": "cafe", "name": "Café «Á»"}'
    assert table.loc["node/1", "name"] == "Café «Á»"
    assert table.geom_type.tolist() == ["Point", "Polygon", "LineString"]
    assert table.geometry["way/21"].area == 4
    assert table.attrs == {"warnings": [], "date": "2024-06-16T22:28:06Z"}


def test_out_geom_gives_the_same_as_body_and_skeleton(tmp_path: Path) -> None:
    nodes = [*square(1, 0, 0, 4), *square(5, 1, 1, 1)]
    outer, inner = way(21, 1, 2, 3, 4, 1), way(22, 5, 6, 7, 8, 5)
    park = relation(31, {21: "outer", 22: "inner"}, leisure="park")
    apart = read(tmp_path, *nodes, outer, inner, park)
    place = {one["id"]: {"lat": one["lat"], "lon": one["lon"]} for one in nodes}
    members = [
        {"type": "way", "ref": one["id"], "role": "", "geometry": [place[n] for n in one["nodes"]]}
        for one in (outer, inner)
    ]
    within = read(tmp_path, park | {"members": members})
    assert within.geometry["relation/31"].equals(apart.geometry["relation/31"])
    assert within.geometry["relation/31"].area == 15


def test_rings_in_pieces_islands_and_touching_holes(tmp_path: Path) -> None:
    """10 × 10 in two pieces, less two holes of 2 × 2 that share a side, plus an island and a second outer."""
    nodes = [
        *square(1, 0, 0, 10), *square(5, 2, 2, 2), node(9, 6, 2), node(10, 6, 4),
        *square(11, 2.5, 2.5, 1), *square(15, 20, 0, 3),
    ]  # fmt: skip
    table = read(
        tmp_path,
        *nodes,
        way(21, 1, 2, 3),
        way(22, 1, 4, 3),
        way(23, 5, 6, 7, 8, 5),
        way(24, 6, 9, 10, 7, 6),
        way(25, 11, 12, 13, 14, 11),
        way(26, 15, 16, 17, 18, 15),
        relation(31, {21: "outer", 22: "outer", 23: "inner", 24: "inner", 25: "", 26: "inner"}, amenity="university"),
    )
    area = table.geometry["relation/31"]
    assert area.is_valid
    assert area.area == pytest.approx(100 - 8 + 1 + 9)
    assert len(area.geoms) == 3


@settings(deadline=None)
@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_order_and_direction_of_the_pieces_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], turned: set[int]
) -> None:
    pieces = [[1, 2], [2, 3], [3, 4], [4, 1]]
    ways = [way(21 + i, *(pieces[i][::-1] if i in turned else pieces[i])) for i in order]
    park = relation(31, {21 + i: "outer" for i in order}, leisure="park")
    table = read(tmp_path_factory.mktemp("o"), park, *ways, *square(1, 0, 0, 3))
    assert table.geometry["relation/31"].area == 9


def test_what_is_broken_is_left_out_and_counted(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        *square(1, 0, 0, 2),
        way(21, 1, 2, 3, 99, 1, amenity="theatre"),  # a node that the answer lacks
        way(22, 1, 2, 3),
        relation(31, {22: "outer"}, leisure="park"),  # does not close
        relation(32, {22: "outer", 77: "outer"}, leisure="park"),  # a way that the answer lacks
        way(23, 1, 3, 2, 4, 1, amenity="library"),  # a bow tie
        node(5, 1, 1, amenity="cafe") | {"visible": False},
        {"type": "node", "id": 6, "tags": {"amenity": "bar"}},
        node(7, 1, 1, amenity="pub"),
    )
    assert table.index.tolist() == ["way/23", "node/7"]
    assert table.geometry["way/23"].is_valid
    assert table.geometry["way/23"].area == 2
    assert [en for _, en in table.attrs["warnings"]] == [
        "1 deleted object is left out. First: node/5.",
        "1 outline that crossed itself was remade by the even-odd rule. First: way/23.",
        "1 relation whose outline does not close is left out. First: relation/31.",
        "3 objects with parts that the file lacks are left out. First: way/21, relation/32, node/6.",
    ]


def test_sites_and_centres(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        node(1, 1, 1),
        node(2, 3, 1),
        {
            "type": "relation", "id": 31, "tags": {"type": "site", "historic": "archaeological_site"},
            "members": [{"type": "node", "ref": ref, "role": ""} for ref in (1, 2)],
        },
        {"type": "way", "id": 21, "tags": {"shop": "books"}, "center": {"lat": 41.0, "lon": -8.0}},
    )  # fmt: skip
    assert table.geometry["relation/31"].wkt == "MULTIPOINT ((1 1), (3 1))"
    assert table.geometry["way/21"].wkt == "POINT (-8 41)"


def test_an_object_listed_twice_keeps_its_tags_and_its_place(tmp_path: Path) -> None:
    table = read(tmp_path, node(1, 2, 3, shop="books"), node(1, 2, 3))
    assert table["tags"].tolist() == ['{"shop": "books"}']


def test_gzip_is_read_whatever_the_file_is_called(tmp_path: Path) -> None:
    answer = gzip.compress(json.dumps({"elements": [node(1, 2, 3, shop="books")]}).encode())
    (tmp_path / "a.json").write_bytes(answer)
    assert len(read_overpass(tmp_path / "a.json")) == 1
    (tmp_path / "b.json.gz").write_bytes(answer[:-15])
    with pytest.raises(SourceError, match="cortado"):
        read_overpass(tmp_path / "b.json.gz")


TIMEOUT = '{"elements": [], "remark": "runtime error: Query timed out in \\"query\\" at line 3 after 26 seconds."}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TIMEOUT, "timeout"),
        ("<!DOCTYPE html><html><h1>Error</h1></html>", "página de erro"),
        ("<html><title>504 Gateway Timeout</title></html>", "504"),
        ("<p>Error</p>: rate_limited. Please check /api/status", "429"),
        ('<?xml version="1.0"?><osm version="0.6"></osm>', "`pbf`"),
        ('{"elements": [{"type": "node"', "cortada"),
        ('{"type": "FeatureCollection", "features": []}', "`vector`"),
        ("", "página de erro"),
    ],
)
def test_a_refusal_is_named_and_the_file_with_it(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "porto.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError) as fault:
        read_overpass(path)
    assert says in fault.value.text("pt")
    assert fault.value.where == "porto.json"
    assert fault.value.text("en") != fault.value.text("pt")


def test_an_empty_answer_is_an_empty_table(tmp_path: Path) -> None:
    table = read(tmp_path)
    assert len(table) == 0
    assert table.crs == "EPSG:4326"
