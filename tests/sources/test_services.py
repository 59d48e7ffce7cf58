"""Saved answers of services: Wikidata, WFS, OGC API Features, ArcGIS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import load


def read(folder: Path, reader: str, file: str, content: str | bytes, **options: Any) -> gpd.GeoDataFrame:
    (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    head = {"title": "t", "publisher": "p", "licence": "l", "date": "2026"}
    return load(Source.model_validate({"id": "s", "kind": reader, "file": file, "read": options, **head}), folder)


def warnings(records: gpd.GeoDataFrame) -> str:
    return " ".join(en for _, en in records.attrs["warnings"])


# ── Wikidata ────────────────────────────────────────────────────────────────────────────────────────────────────────

ENTITY = "http://www.wikidata.org/entity/"


def sparql(*rows: dict[str, str], blank: str = "") -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [{name: {"type": "literal", "value": value} for name, value in row.items()} for row in rows]
    if blank:
        cells[0][blank] = {"type": "bnode", "value": "t123"}
    return {"head": {"vars": names}, "results": {"bindings": cells}}


MUSEUM = {"item": f"{ENTITY}Q5", "itemLabel": "Casa da Cal", "class": f"{ENTITY}Q33506", "coord": "Point(-8.6 41.1)"}


def test_one_entity_under_two_classes_is_one_record(tmp_path: Path) -> None:
    moon = {"item": f"{ENTITY}Q6", "itemLabel": "Q6", "class": "museum", "coord": f"<{ENTITY}Q405> Point(1 2)"}
    again = MUSEUM | {"class": f"{ENTITY}Q24354", "gradeLabel": "monumento nacional", "sipa": "1234"}
    records = read(tmp_path, "wikidata", "w.json", json.dumps(sparql(MUSEUM, again, moon)))
    assert records["record_id"].tolist() == ["Q5", "Q6"]
    assert records["kind"].tolist() == ["Q24354;Q33506", "museum"]
    assert records["name"].tolist()[0] == "Casa da Cal"
    assert records["name"].isna().tolist() == [False, True]  # a label that is only the number is none
    assert [None if one is None else (one.x, one.y) for one in records.geometry] == [(-8.6, 41.1), None]
    tags = json.loads(records["tags"][0])
    assert tags == {"protection_title": "monumento nacional", "ref:sipa": "1234", "wikidata": "Q5"}


def test_wikidata_as_csv_and_with_other_names(tmp_path: Path) -> None:
    text = f"qid,label,kind,lon,lat\n{ENTITY}Q5,Casa,museus,-8.6,41.1\nQ7,Teatro,teatros,,\nx,y,z,1,2\n"
    records = read(tmp_path, "wikidata", "w.csv", text, item="qid", name="label", kind="kind")
    assert records["record_id"].tolist() == ["Q5", "Q7"]
    assert records["kind"].tolist() == ["museus", "teatros"]
    assert records.geometry.notna().tolist() == [True, False]
    assert "1 row without an entity" in warnings(records)


def test_an_unknown_value_is_missing(tmp_path: Path) -> None:
    records = read(tmp_path, "wikidata", "w.json", json.dumps(sparql(MUSEUM, blank="coord")))
    assert records.geometry[0] is None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (json.dumps(sparql(MUSEUM))[:-30] + "\njava.util.concurrent.TimeoutException\n at", "esgotou o tempo"),
        ("<html>502 Bad Gateway</html>", "página de erro"),
        ('{"head": {}}', "página de erro"),
    ],
)
def test_a_wikidata_answer_that_is_none_is_named(tmp_path: Path, content: str, word: str) -> None:
    with pytest.raises(SourceError, match=word):
        read(tmp_path, "wikidata", "w.json", content)


def test_classes_and_grades_of_wikidata_fill_the_layers(tmp_path: Path) -> None:
    from atlas.atlasfile import product_folder
    from atlas.layers import classify, load_layers

    graded = {"item": f"{ENTITY}Q8", "itemLabel": "Ponte", "coord": "Point(-8 41)", "gradeLabel": "Monumento nacional"}
    records = read(tmp_path, "wikidata", "w.json", json.dumps(sparql(MUSEUM, graded)))
    assert classify(records, load_layers([product_folder("layers")])).tolist() == ["museum", "classified"]


# ── WFS and OGC API Features ────────────────────────────────────────────────────────────────────────────────────────

GML = """<?xml version="1.0" encoding="utf-8"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"
  xmlns:gmgml="http://x" numberMatched="{matched}" numberReturned="1">
 <wfs:member><gmgml:Imovel gml:id="Imovel.1"><gmgml:Designacao>Sé</gmgml:Designacao>
  <gmgml:geom><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>41.1 -8.6</gml:pos></gml:Point></gmgml:geom>
 </gmgml:Imovel></wfs:member>
</wfs:FeatureCollection>"""


def test_gml_is_read_with_its_own_order_of_axes_and_a_page_says_so(tmp_path: Path) -> None:
    records = read(tmp_path, "wfs", "a.gml", GML.format(matched=1), name="Designacao")
    assert (records["name"][0], records.geometry[0].x, records.geometry[0].y) == ("Sé", -8.6, 41.1)
    assert records.attrs["warnings"] == []
    page = read(tmp_path, "wfs", "b.gml", GML.format(matched=12), name="Designacao")
    assert "1 of 12 records" in warnings(page)


def collection(**more: Any) -> str:
    one = {"type": "Feature", "properties": {"Nome": "Sé", "Classifica": "MN"}}
    one["geometry"] = {"type": "Point", "coordinates": [-8.6, 41.1]}
    return json.dumps({"type": "FeatureCollection", "features": [one], **more})


def test_geojson_of_a_service_keeps_its_attributes_and_says_that_it_goes_on(tmp_path: Path) -> None:
    records = read(tmp_path, "wfs", "a.json", collection(numberMatched=3), name="Nome")
    assert json.loads(records["tags"][0])["Classifica"] == "MN"
    assert "1 of 3 records" in warnings(records)
    links = [{"rel": "next", "href": "https://x/items?offset=1"}]
    assert "links to the next" in warnings(read(tmp_path, "ogcapi", "b.json", collection(links=links), name="Nome"))
    assert read(tmp_path, "ogcapi", "c.json", collection(), name="Nome").attrs["warnings"] == []
    assert len(read(tmp_path, "wfs", "d.json", '{"type": "FeatureCollection", "features": []}')) == 0


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ('<ows:ExceptionReport xmlns:ows="o"><ows:ExceptionText>Unknown type</ows:ExceptionText>', "Unknown type"),
        ("<!DOCTYPE html><html>Busy</html>", "página HTML"),
        ('<!DOCTYPE a [<!ENTITY b "cc">]><wfs:FeatureCollection/>', "entidades"),
        ('{"type": "FeatureCollection", "features": [{"ty', "Não é uma resposta GeoJSON inteira"),
    ],
)
def test_a_wfs_answer_that_is_none_is_named(tmp_path: Path, content: str, word: str) -> None:
    with pytest.raises(SourceError, match=word):
        read(tmp_path, "wfs", "a.json" if content.startswith("{") else "a.gml", content)


# ── ArcGIS ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def layer(*features: dict[str, Any], **more: Any) -> str:
    return json.dumps({"objectIdFieldName": "OBJECTID", "features": list(features), **more})


def area(number: int, *rings: list[list[Any]]) -> dict[str, Any]:
    return {"attributes": {"OBJECTID": number, "Designacao": f"Casa {number}"}, "geometry": {"rings": list(rings)}}


OUTER = [[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]]
HOLE = [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]
ISLAND = [[10, 0], [12, 0], [12, 2], [10, 2], [10, 0]]


def test_rings_in_any_order_make_holes_and_islands(tmp_path: Path) -> None:
    records = read(tmp_path, "arcgis", "a.json", layer(area(1, HOLE, OUTER, ISLAND)), name="Designacao")
    assert records["record_id"].tolist() == ["1"]
    assert records.geometry[0].area == 16 - 4 + 4
    assert records.geometry[0].geom_type == "MultiPolygon"


def test_null_coordinates_are_left_out_and_counted(tmp_path: Path) -> None:
    holed = [[0, 0], [None, None], [0, 4], [4, 4], ["NaN", 1], [4, 0]]
    records = read(tmp_path, "arcgis", "a.json", layer(area(1, holed), area(2, OUTER), area(3, [[1, 1], None, [2, 2]])))
    assert records.geometry[0].equals(shapely.box(0, 0, 4, 4))
    assert records.geometry.notna().tolist() == [True, True, False]
    assert "2 geometries had null coordinates, which were left out. First: 1, 3." in warnings(records)


def test_the_answer_s_own_crs_counts_and_its_limit_is_said(tmp_path: Path) -> None:
    point = {"attributes": {"OBJECTID": 1}, "geometry": {"x": -957_000.0, "y": 5_030_000.0}}
    text = layer(point, spatialReference={"wkid": 102100, "latestWkid": 3857}, exceededTransferLimit=True)
    records = read(tmp_path, "arcgis", "a.json", text)
    assert (round(records.geometry[0].x, 2), round(records.geometry[0].y, 2)) == (-8.6, 41.12)
    assert "stopped at its limit, 1 record," in warnings(records)


def test_an_arcgis_fault_comes_as_json(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="400 Invalid URL"):
        read(tmp_path, "arcgis", "a.json", '{"error": {"code": 400, "message": "Invalid URL"}}')
    with pytest.raises(SourceError, match="features"):
        read(tmp_path, "arcgis", "a.json", '{"name": "layer"}')
