"""Files as other programs leave them: parts lost, text unlabelled, answers malformed."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import rasterio
import rasterio.shutil
import shapely
from rasterio.transform import from_origin

from atlas.config import Source
from atlas.errors import AtlasError
from atlas.sources import load

NAMED = {"name": "nome", "kind": "tipo"}


def read(path: Path, reader: str, content: str | bytes | None = None, **more: Any) -> gpd.GeoDataFrame:
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = Source(id="s", kind=reader, file=path.name, title="t", publisher="p", licence="l", date="2020", read=more)
    return load(source, path.parent)


def refused(path: Path, reader: str, content: str | bytes | None = None, **more: Any) -> str:
    with pytest.raises(AtlasError) as fault:
        read(path, reader, content, **more)
    return fault.value.text("en")


def said(records: gpd.GeoDataFrame) -> str:
    return " ".join(en for _, en in records.attrs["warnings"])


def shapefile(folder: Path, encoding: str) -> Path:
    place = gpd.GeoDataFrame(
        {"nome": ["Évora, São João"], "tipo": ["museu"]}, geometry=[shapely.Point(-8, 38)], crs=4326
    )
    place.to_file(folder / "a.shp", encoding=encoding)
    return folder / "a.shp"


@pytest.mark.parametrize("encoding", ["UTF-8", "CP850", "ISO-8859-1"])
@pytest.mark.parametrize("stated", [None, "UTF-8"])
def test_text_of_a_shapefile_without_or_with_a_wrong_cpg(tmp_path: Path, encoding: str, stated: str | None) -> None:
    path = shapefile(tmp_path, encoding)
    path.with_suffix(".cpg").unlink() if stated is None else path.with_suffix(".cpg").write_text(stated)
    records = read(path, "vector", **NAMED)
    assert records["name"].tolist() == ["Évora, São João"]
    assert ("check the accents" in said(records)) is (encoding != stated)


def test_a_shapefile_in_a_zip_is_looked_at_as_one_in_a_folder(tmp_path: Path) -> None:
    shapefile(tmp_path, "UTF-8").with_suffix(".cpg").unlink()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in tmp_path.glob("a.???"):
            archive.write(part, f"Câmara/{part.name}") if part.suffix != ".zip" else None
    records = read(tmp_path / "a.zip", "vector", **NAMED)
    assert records["name"].tolist() == ["Évora, São João"]
    assert "check the accents" in said(records)
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        for part in tmp_path.glob("a.???"):
            archive.write(part, f"Outra/b{part.suffix}") if part.suffix != ".zip" else None
    assert "2 layers (a, b): the first is read" in said(read(tmp_path / "a.zip", "vector", **NAMED))
    assert len(read(tmp_path / "a.zip", "vector", layer="b", **NAMED)) == 1
    assert "There are: a, b" in refused(tmp_path / "a.zip", "vector", layer="c")
    (tmp_path / "b.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:-40])
    assert "The file is damaged" in refused(tmp_path / "b.zip", "vector")


def test_parts_of_a_shapefile_that_are_lost_or_cut_short_are_named(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UTF-8")
    path.write_bytes(path.read_bytes()[:110])
    assert "cut short" in refused(path, "vector")
    for suffix in (".shx", ".dbf"):
        shapefile(tmp_path, "UTF-8").with_suffix(suffix).unlink()
        assert f"The file {suffix} of the same Shapefile is missing" in refused(path, "vector")


def test_a_file_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    text = "<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>http://127.0.0.1/a</SrcDataSource></OGRVRTLayer>"
    assert "only says where the data are" in refused(tmp_path / "a.vrt", "vector", text)


def test_areas_are_made_valid_and_what_is_none_is_left_out_and_counted(tmp_path: Path) -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    shapes = [bow, None, shapely.Polygon(), shapely.Point(1, 1), shapely.box(0, 0, 1, 1)]
    gpd.GeoDataFrame({"use": list("abcde")}, geometry=shapes, crs=3763).to_parquet(tmp_path / "a.parquet")
    areas = read(tmp_path / "a.parquet", "areas")
    assert (areas["use"].tolist(), areas.area.tolist()) == (["a", "e"], [50, 1])
    assert "1 geometry repaired. First: 1." in said(areas)
    assert "3 rows without an area were left out" in said(areas)


def test_all_folders_of_a_kml_are_read(tmp_path: Path) -> None:
    place = "<Placemark><name>{}</name><Point><coordinates>-8,38</coordinates></Point></Placemark>"
    inner = f"<Folder><name>Velhos</name>{place.format('B')}</Folder>"
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>D</name>{place.format("A")}<Folder>\
<name>Museus</name>{inner}{place.format("C")}</Folder></Document></kml>'
    records = read(tmp_path / "a.kml", "vector", text, name="Name", kind="folder")
    assert dict(zip(records["name"], records["kind"], strict=True)) == {"A": "D", "B": "Velhos", "C": "Museus"}
    assert records["record_id"].is_unique
    assert "3 rows without an area were left out" in said(read(tmp_path / "a.kml", "areas"))


def test_what_a_macintosh_puts_into_a_zip_is_no_layer(tmp_path: Path) -> None:
    shapefile(tmp_path, "utf-8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("__MACOSX/._a.shp", b"Mac OS X")
        for suffix in ("shp", "shx", "dbf", "prj", "cpg"):
            archive.write(tmp_path / f"a.{suffix}", f"a.{suffix}")
    records = read(tmp_path / "a.zip", "vector", **NAMED)
    assert len(records) == 1
    assert "layers" not in said(records)


def test_coordinates_that_are_no_numbers_and_no_features_at_all(tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[-8, 38], [-8, 39]]}
    features = [{"type": "Feature", "properties": {"nome": "A", "tipo": "museu"}, "geometry": line}]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    records = read(tmp_path / "a.geojson", "vector", text.replace("39", "NaN"), **NAMED)
    assert not records.geometry.notna().any()
    assert "1 record with impossible coordinates" in said(records)
    assert read(tmp_path / "a.geojson", "vector", '{"type":"FeatureCollection","features":[]}', **NAMED).empty
    assert "these are metres" in refused(tmp_path / "a.json", "wfs", text.replace("-8", "457000"), **NAMED)


OSM = '<?xml version="1.0"?><osm version="0.6" generator="{}">{}</osm>'
MUSEUM = '<node id="{}" lat="-25.9" lon="32.5" version="1"{}><tag k="tourism" v="museum"/></node>\n'


def test_what_an_editor_deleted_is_out_and_an_answer_that_stopped_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.osm"
    edited = OSM.format("JOSM", MUSEUM.format(1, " action='delete'") + MUSEUM.format(2, " action='modify'"))
    records = read(path, "pbf", edited)
    assert records["record_id"].tolist() == ["node/2"]
    assert "1 deleted object is left out. First: node/1" in said(records)
    late = MUSEUM.format(1, "") + "<remark> runtime error: Query timed out </remark>"
    assert "“runtime error: Query timed out”" in refused(path, "pbf", OSM.format("Overpass API", late))
    for inside in ('<center lat="-25.9" lon="32.5"/>', '<nd ref="1" lat="-25.9" lon="32.5"/>'):
        way = f'<way id="7">{inside}<nd ref="2"/><tag k="tourism" v="museum"/></way>'
        assert "Ask for [out:json]" in refused(path, "pbf", OSM.format("Overpass API", way))


def test_malformed_objects_of_overpass_cost_no_other(tmp_path: Path) -> None:
    tags = {"name": "M", "tourism": "museum"}
    spoilt: list[Any] = [
        None, {"type": "node", "lat": 1, "lon": 1, "tags": tags}, {"type": "node", "id": "a", "tags": tags},
        {"type": "node", "id": 1, "lat": None, "lon": 32, "tags": tags},
        {"type": "node", "id": 2, "lat": "x", "lon": 32, "tags": tags},
        {"type": "node", "id": 3, "lat": -25, "lon": 32, "tags": ["a"]},
        {"type": "way", "id": 4, "geometry": [{"lon": 32}, {"lat": -25, "lon": 32}], "tags": tags},
        {"type": "way", "id": 5, "center": None, "tags": tags},
        {"type": "relation", "id": 6, "members": [{"ref": 1}], "tags": {**tags, "type": "multipolygon"}},
        {"type": "relation", "id": 7, "members": None, "tags": {**tags, "type": "site"}},
        {"type": "node", "id": 8, "lat": -25, "lon": 32, "tags": {**tags, "level": 2}},
    ]  # fmt: skip
    records = read(tmp_path / "a.json", "overpass", json.dumps({"elements": spoilt}))
    assert records["record_id"].tolist() == ["node/8"]
    assert json.loads(records["tags"].iloc[0])["level"] == "2"
    assert "5 malformed objects are left out" in said(records)
    assert "5 objects with parts that the file lacks" in said(records)


def test_values_that_are_only_said_to_exist_are_missing(tmp_path: Path) -> None:
    unknown = "http://www.wikidata.org/.well-known/genid/8b4c"
    rows: list[Any] = [
        {"item": "Q1", "class": unknown, "coord": unknown, "gradeLabel": "MN"},
        {"item": "Q2", "coord": "Point(1.2.3 4)"},
        {"item": "Q3", "coord": "Point(3.2E1 -25)"},
        {"item": unknown},
    ]
    names = ["item", "class", "coord", "gradeLabel"]
    cells = [{key: {"type": "uri", "value": value} for key, value in row.items()} for row in rows]
    answer = {"head": {"vars": names}, "results": {"bindings": [*cells, None]}}
    table = ",".join(names) + "\n" + "\n".join(",".join(row.get(name, "") for name in names) for row in rows)
    for name, content in (("a.json", json.dumps(answer)), ("a.csv", table)):
        records = read(tmp_path / name, "wikidata", content)
        assert records["kind"].isna().all()
        assert records["record_id"].tolist() == ["Q1", "Q2", "Q3"]
        assert records.geometry.notna().tolist() == [False, False, True]
        assert "1 row without an entity" in said(records)
        assert "1 coordinate is no point on the Earth and was left out. First: Q2" in said(records)


def test_odd_answers_of_arcgis_are_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    curve = {"curveRings": [[[0, 0], {"c": [[10, 0], [5, 5]]}, [0, 0]]]}
    features: list[Any] = [None, {"attributes": {"OBJECTID": 2}, "geometry": curve}]
    records = read(path, "arcgis", json.dumps({"features": features, "spatialReference": {"wkid": 102100}}))
    assert records["record_id"].tolist() == ["row/1", "2"]
    assert "1 geometry of arcs was left without a place" in said(records)
    metres = [{"attributes": {"OBJECTID": 1}, "geometry": {"x": 3_626_789, "y": -2_991_234}}]
    for crs, wrong in (({"wkid": 999999}, "“EPSG:999999”"), ({"wkt": "?"}, "“?”"), ([1], "these are metres")):
        assert wrong in refused(path, "arcgis", json.dumps({"features": metres, "spatialReference": crs}))
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [32, -25]}}
    geojson = {"type": "FeatureCollection", "features": [point], "properties": {"exceededTransferLimit": True}}
    assert "stopped at its limit" in said(read(path, "arcgis", json.dumps(geojson)))
    assert read(path, "ogcapi", json.dumps({**geojson, "links": None})).shape[0] == 1


@pytest.mark.parametrize(
    ("edges", "nodes", "wrong"),
    [
        ("1,2,3", "1,0,0\n2,30,aqui", "“aqui” is no number"),
        ("1,2,", "1,0,0\n2,30,0", "The edge 1–2 has no length"),
        ("1,7,3", "1,0,0\n2,30,0", "The edge 1–7 has no length, or one of its nodes no place (1 such)"),
        ("1,2,-3", "1,0,0\n2,30,0", "The edge 1–2 has no length"),
        ("1,2,3", "1,0,0\n2,,0", "or one of its nodes no place"),
    ],
)
def test_streets_that_lead_nowhere_are_named(tmp_path: Path, edges: str, nodes: str, wrong: str) -> None:
    (tmp_path / "n.csv").write_text(f"node,x,y\n{nodes}\n")
    text = f"from_node,to_node,length_m\n{edges}\n"
    assert wrong in refused(tmp_path / "e.csv", "network", text, nodes="n.csv")
    assert "Name it in `read.nodes`" in refused(tmp_path / "e.csv", "network", text)


def spoilt(content: bytes, random: Random) -> bytes:
    """The content cut short, or with bytes changed, left out or put in, or with a value that is another."""
    at = random.randrange(len(content))
    change = random.randrange(5)
    if change == 0:
        return content[:at]
    if change == 1:
        return content[:at] + random.randbytes(3) + content[at + 3 :]
    if change == 2:
        return content[:at] + content[at + random.randrange(1, 20) :]
    if change == 3:
        return content[:at] + random.randbytes(9) + content[at:]
    values = list(re.finditer(rb'-?\d+(\.\d+)?|"[^"]*"|\[[^\[\]]*\]|\{[^{}]*\}', content)) or [re.match(b"", content)]
    found = random.choice(values)
    return content[: found.start()] + random.choice([b"null", b"[]", b"5", b"1e999", b"NaN"]) + content[found.end() :]


POINT = {"type": "Feature", "properties": {"n": "A"}, "geometry": {"type": "Point", "coordinates": [32.5, -25.9]}}
RINGS = {"attributes": {"OBJECTID": 1}, "geometry": {"rings": [[[1, 2], [1, 3], [2, 3], [1, 2]]]}}
ROW = {"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q1"}, "coord": {"value": "Point(32 -25)"}}
WAY = {"type": "way", "id": 2, "geometry": [{"lat": 1, "lon": 2}, {"lat": 1, "lon": 3}], "tags": {"tourism": "museum"}}
WHOLE: dict[str, tuple[str, object]] = {
    "overpass": ("a.json", {"elements": [WAY]}),
    "wikidata": ("a.json", {"head": {"vars": ["item", "coord"]}, "results": {"bindings": [ROW]}}),
    "arcgis": ("a.json", {"spatialReference": {"wkid": 102100, "latestWkid": 3857}, "features": [RINGS]}),
    "wfs": ("a.json", {"type": "FeatureCollection", "numberMatched": 1, "features": [POINT]}),
    "ogcapi": ("a.json", {"type": "FeatureCollection", "links": [], "features": [POINT]}),
    "vector": ("a.fgb", None),
    "table": ("a.xlsx", None),
    "gtfs": ("a.zip", None),
    "raster": ("a.vrt", None),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_spoilt_file_of_any_kind_is_read_or_is_one_error(tmp_path: Path, kind: str) -> None:
    name, answer = WHOLE[kind]
    path = tmp_path / name
    if answer is not None:
        path.write_text(json.dumps(answer), "utf-8")
    elif kind == "vector":
        gpd.GeoDataFrame({"n": ["A"]}, geometry=[shapely.Point(32, -25)], crs=4326).to_file(path)
    elif kind == "table":
        pd.DataFrame({"name": ["A"], "lon": [32.0], "lat": [-25.0]}).to_excel(path, index=False)
    elif kind == "gtfs":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\nA,Praça,38.57,-7.91\n")
    else:
        size = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8", "crs": 3763}
        with rasterio.open(tmp_path / "a.tif", "w", transform=from_origin(0, 100, 25, 25), **size):
            pass
        rasterio.shutil.copy(tmp_path / "a.tif", path, driver="VRT")
    content, random = path.read_bytes(), Random(kind)
    refusals = []
    for _ in range(60):
        path.write_bytes(spoilt(content, random))
        try:
            read(path, kind)
        except AtlasError as fault:
            refusals.append(fault)
    assert refusals
    assert all("\n" not in fault.text("en") and fault.pt != fault.en for fault in refusals)
