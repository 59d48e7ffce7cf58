"""One contract for every format that stands in the folder: same ids, same values, same outlines, texts inert."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from atlas.config import Atlas
from atlas.errors import OutputError
from atlas.exports import formats, write
from atlas.exports.dxf import ascii_text
from atlas.exports.exportable import OSM_ATTRIBUTION, Exportable
from atlas.exports.from_store import exportable
from atlas.exports.geopackage import finishing
from atlas.exports.short_names import short_names
from atlas.exports.spreadsheet_safety import inert, restored
from atlas.store import Store

SUFFIXES = sorted(formats())
METRE_OF_GRID = {".geojson": 0.02, ".kml": 0.02, ".dxf": 0.001}
"""How far a vertex may move, in metres, where a format rounds."""
CUT = {".shp.zip": 254, ".xlsx": 32_767, ".pmtiles": 254}
"""Where a format cuts a text; in bytes, in characters for a workbook."""
KML = "{http://www.opengis.net/kml/2.2}"


def _read(suffix: str, path: Path, layer: Exportable) -> gpd.GeoDataFrame | pd.DataFrame:
    """What another program makes of the file, under the full names."""
    if suffix == ".parquet":
        return gpd.read_parquet(path)
    if suffix == ".csv":
        frame = pd.read_csv(path, sep=";", decimal=",", dtype=str, encoding="utf-8-sig", keep_default_na=False)
        for one in layer.fields:
            if one.type == "text":
                frame[one.name] = frame[one.name].map(restored)
            elif one.type == "boolean":
                frame[one.name] = frame[one.name].map({"sim": True, "não": False})
            else:
                frame[one.name] = pd.to_numeric(frame[one.name].str.replace(",", "."))
        return frame
    if suffix == ".xlsx":
        return pd.read_excel(path, sheet_name="Dados", dtype={one.name: object for one in layer.fields})
    if suffix == ".shp.zip":
        with zipfile.ZipFile(path) as archive:
            name = next(one for one in archive.namelist() if one.startswith(layer.id) and one.endswith(".shp"))
        frame = pyogrio.read_dataframe(f"/vsizip/{path}/{name}")
        return frame.rename(columns={short: full for full, short in short_names(list(frame.columns)).items()}).rename(
            columns={short: full for full, short in short_names([one.name for one in layer.fields]).items()}
        )
    if suffix == ".kml":
        return _read_kml(path, layer)
    return pyogrio.read_dataframe(path, layer=None if suffix == ".dxf" else layer.id)


def _read_kml(path: Path, layer: Exportable) -> gpd.GeoDataFrame:
    """Values by an XML parser, outlines by GDAL."""
    folder = ET.parse(path).getroot().find(f"{KML}Document/{KML}Folder")
    assert folder is not None
    rows = [
        {str(one.get("name")): one.text or "" for one in mark.iter(f"{KML}SimpleData")}
        for mark in folder.iter(f"{KML}Placemark")
    ]
    drawn = pyogrio.read_dataframe(path, layer=layer.title.pt)
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry=drawn.geometry.array, crs=4326)
    for one in layer.fields:
        if one.type == "boolean":
            frame[one.name] = frame[one.name].map({"1": True, "0": False})
        elif one.type != "text":
            frame[one.name] = pd.to_numeric(frame[one.name]) if one.name in frame else np.nan
        elif one.name not in frame:
            frame[one.name] = None
    return frame


def _texts(column: pd.Series) -> list[str]:
    """An empty text and no text are one in CSV and XLSX."""
    return ["" if value is None or value != value else str(value) for value in column]


def _expected(text: str, suffix: str) -> str:
    """The text as the format can hold it."""
    most = CUT.get(suffix)
    if most is None:
        return text
    if suffix == ".xlsx":
        return text if len(text) <= most else text[: most - 1] + "…"
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


@pytest.mark.parametrize("suffix", [one for one in SUFFIXES if one not in (".dcat.jsonld", ".dxf", ".pmtiles")])
def test_round_trip(suffix: str, layer: Exportable, tmp_path: Path) -> None:
    path = tmp_path / f"São João{suffix}"
    assert write(layer, path)[0] == path
    read, told = _read(suffix, path, layer), layer.tidy.frame
    told = told.set_index(layer.key)
    read = read.set_index(layer.key).loc[list(told.index)]
    for one in layer.fields[1:]:
        given, found = told[one.name], read[one.name]
        if one.type == "text":
            assert _texts(found) == [_expected(text, suffix) for text in _texts(given)], one.name
        elif one.type == "boolean":
            assert [bool(value) for value in found] == [bool(value) for value in given]
        else:
            np.testing.assert_allclose(
                pd.to_numeric(found).to_numpy(dtype=float, na_value=np.nan),
                given.to_numpy(dtype=float, na_value=np.nan),
                rtol=0, atol=0.5 * 10.0**-one.decimals * 1e-6, err_msg=one.name,
            )  # fmt: skip
    if formats()[suffix].spatial:
        apart = shapely.hausdorff_distance(
            np.asarray(read.to_crs(told.crs).geometry.array, dtype=object),
            np.asarray(told.geometry.array, dtype=object),
        )
        assert apart.max() <= METRE_OF_GRID.get(suffix, 1e-6)


def test_dxf_holds_outlines_codes_and_classes(layer: Exportable, tmp_path: Path) -> None:
    path = write(layer, tmp_path / "x.dxf")[0]
    read = pyogrio.read_dataframe(path)
    labels = read["Layer"].str.endswith("_LABELS")
    assert set(read.loc[labels, "Text"]) == set(layer.frame[layer.key])
    held = [layer.frame, *([layer.outlines.frame] if layer.outlines is not None else [])]
    shapes = np.concatenate([np.asarray(one.geometry.array, dtype=object) for one in held])
    points = shapely.get_type_id(shapes) == 0
    drawn = read.loc[~labels].geometry
    assert (drawn.geom_type == "Point").sum() == points.sum()
    rings = [ring for shape in shapes[~points] for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
    assert sorted(drawn[drawn.geom_type != "Point"].length.round(1)) == sorted(round(ring.length, 1) for ring in rings)
    assert read["Layer"].str.fullmatch(r"[A-Z0-9_]{1,31}").all()
    np.testing.assert_allclose(read.total_bounds, shapely.total_bounds(shapes), atol=0.001)


def test_tiles_hold_every_row(layer: Exportable, tmp_path: Path) -> None:
    path = write(layer, tmp_path / "x.pmtiles")[0]
    read = pyogrio.read_dataframe(path)
    assert set(read[layer.key]) == set(layer.frame[layer.key])


@pytest.mark.parametrize("suffix", [".pmtiles", ".xlsx"])
def test_what_takes_long_says_how_far_it_is(suffix: str, layer: Exportable, tmp_path: Path) -> None:
    told: list[float] = []
    aloud = write(layer, tmp_path / f"x{suffix}", progress=lambda share, _: told.append(share))[0]
    assert told == sorted(set(told))
    assert 0 < told[0] < told[-1] < 1
    assert aloud.read_bytes() == write(layer, tmp_path / f"y{suffix}")[0].read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_layer_same_bytes(suffix: str, layer: Exportable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    sums = []
    for folder in (first, second):
        folder.mkdir()
        files = sorted(write(layer, folder / f"x{suffix}"))
        sums.append([(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files])
        monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert sums[0] == sums[1]


def test_a_geopackage_does_not_tell_how_often_it_was_written(layer: Exportable, tmp_path: Path) -> None:
    path = write(layer, tmp_path / "x.gpkg")[0]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.execute("UPDATE gpkg_contents SET description = 'x'")
        database.commit()
    written_once_more = path.read_bytes()[24:28]
    with finishing(path):
        pass
    held = path.read_bytes()
    assert held[24:28] == held[92:96] == b"\0\0\0\1" != written_once_more
    assert len(pyogrio.read_dataframe(path, layer=layer.id)) == len(layer.frame)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_file_says_what_it_is_and_from_what(suffix: str, layer: Exportable, tmp_path: Path) -> None:
    written = write(layer, tmp_path / f"x{suffix}", lang="en")
    if layer.open_database and suffix not in {".csv", ".shp.zip", ".xlsx", ".pmtiles"}:
        held = written[0].read_bytes()
        assert OSM_ATTRIBUTION.encode() in held or ascii_text(OSM_ATTRIBUTION).encode() in held
    if formats()[suffix].dictionary:
        for lang in ("pt", "en"):
            with (tmp_path / f"x.fields.{lang}.csv").open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.reader(file, delimiter=";"))
            names = [row[1] for row in rows]
            assert layer.attribution(lang) in [row[4] for row in rows]
            assert [one.name for one in layer.fields] == names[1 : len(layer.fields) + 1]
            assert suffix in names or not formats()[suffix].limits.pt


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".fgb", ".parquet"])
def test_sources_and_licences_are_in_the_language_of_the_file(
    suffix: str, atlas: Atlas, store: Store, tmp_path: Path
) -> None:
    units = exportable(atlas, store, "neighbourhoods")
    words = {"pt": ("Censos 2021", "Dados abertos"), "en": ("Census 2021", "Open data")}
    for lang, other in (("pt", "en"), ("en", "pt")):
        held = write(units, tmp_path / f"{lang}{suffix}", lang=lang)[0].read_text("utf-8", "replace")
        assert all(word in held for word in words[lang])
        assert not any(word in held for word in words[other])
        definitions = (tmp_path / f"pt.fields.{lang}.csv").read_text("utf-8-sig")
        assert all(word in definitions for word in words[lang])
        assert not any(word in definitions for word in words[other])


def test_an_english_workbook_and_a_geopackage_name_sources_in_english(
    atlas: Atlas, store: Store, tmp_path: Path
) -> None:
    units = exportable(atlas, store, "neighbourhoods")
    book = openpyxl.load_workbook(write(units, tmp_path / "x.xlsx", lang="en")[0])
    cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert {"Census 2021", "Open data"} <= cells
    assert not {"Censos 2021", "Dados abertos"} & cells
    with closing(sqlite3.connect(write(units, tmp_path / "x.gpkg", lang="en")[0])) as database:
        (about,) = database.execute(
            "SELECT description FROM gpkg_data_columns WHERE column_name = 'vacant_share'"
        ).fetchone()
        (record,) = database.execute("SELECT metadata FROM gpkg_metadata").fetchone()
    assert about.endswith("Census 2021")
    titles = {one["dct:identifier"]: one["dct:title"] for one in json.loads(record)["dct:source"]}
    assert titles["caop"] == "CAOP"
    assert {one["@language"]: one["@value"] for one in titles["census"]} == {"pt": "Censos 2021", "en": "Census 2021"}


def test_excel_cells_are_typed_and_no_cell_is_a_formula(layer: Exportable, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(layer, tmp_path / "x.xlsx")[0])
    assert book.sheetnames == ["Dados", "Definições", "Fontes"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    sheet = book["Dados"]
    assert sheet.freeze_panes == "C2"
    kinds = {"text": "s", "integer": "n", "number": "n", "boolean": "b"}
    for column, one in enumerate(layer.fields, start=1):
        found = {
            cell.data_type for (cell,) in sheet.iter_rows(2, min_col=column, max_col=column) if cell.value is not None
        }
        assert found <= {kinds[one.type]}, one.name
    sources = {str(cell.value) for row in book["Fontes"].iter_rows() for cell in row}
    assert {source["title"] for source in layer.sources} <= sources
    assert layer.attribution("pt") in sources


def test_excel_csv_opens_in_portugal(atlas: Atlas, store: Store, tmp_path: Path) -> None:
    layer = exportable(atlas, store, "neighbourhoods")
    excel, *others = write(layer, tmp_path / "x.csv")
    raw = excel.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == len(layer.frame) + 1
    with excel.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    row = dict(zip(rows[0], rows[1], strict=True))
    assert (row["code"], row["potential"], row["coverage"]) == ("010402", "71,25", "0,950")
    assert not any(cell[:1] in "=+-@\t\r" for line in rows for cell in line if cell)
    machine = next(one for one in others if one.name == "x.machine.csv")
    with machine.open(encoding="utf-8", newline="") as file:
        twin = list(csv.DictReader(file))
    assert (twin[0]["code"], twin[0]["potential"]) == ("010402", "71.25")
    assert twin[4]["parent_name"].startswith("=HYPERLINK(")


@given(st.text())
def test_inert_text_comes_back(text: str) -> None:
    assert restored(inert(text)) == text
    assert inert(text)[:1] not in set("=+-@\t\r\n") or not text


@given(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,30}", fullmatch=True), unique=True, max_size=60))
def test_short_names_are_short_and_distinct(names: list[str]) -> None:
    short = short_names(names)
    assert list(short) == names
    assert all(0 < len(one) <= 10 for one in short.values())
    assert len({one.lower() for one in short.values()}) == len(names)


def test_geopackage_holds_styles_descriptions_metadata_and_records(atlas: Atlas, store: Store, tmp_path: Path) -> None:
    import sqlite3

    layer = exportable(atlas, store, "museums")
    path = write(layer, tmp_path / "x.gpkg")[0]
    assert {name for name, _ in pyogrio.list_layers(path)} >= {"museums", "museums_outlines", "members"}
    with sqlite3.connect(path) as database:
        tables = [row[0] for row in database.execute("SELECT f_table_name FROM layer_styles ORDER BY 1")]
        for qml, sld in database.execute("SELECT styleQML, styleSLD FROM layer_styles"):
            assert ET.fromstring(qml.split("\n", 1)[1]).find("renderer-v2/symbols/symbol") is not None
            assert ET.fromstring(sld.split("\n", 1)[1]).tag.endswith("StyledLayerDescriptor")
        described = dict(database.execute("SELECT column_name, description FROM gpkg_data_columns"))
        assert database.execute("PRAGMA user_version").fetchone() == (10300,), "QGIS 3.22 warns of anything newer"
        metadata = json.loads(database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])
        pairs = database.execute(
            "SELECT museums.place_id, members.record_id FROM museums_members JOIN museums ON base_id = museums.fid "
            "JOIN members ON related_id = members.fid ORDER BY 2"
        ).fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert tables == ["museums", "museums_outlines"]
    assert "Probabilidade" in described["p_match"]
    assert metadata["dct:license"]["@id"] == "https://opendatacommons.org/licenses/odbl/1-0/"
    assert all(record.startswith(place) for place, record in pairs)
    assert len(pairs) == len(layer.tables[0].frame)


def test_a_record_lists_the_files_that_stand_beside_it(atlas: Atlas, store: Store, tmp_path: Path) -> None:
    layer = exportable(atlas, store, "neighbourhoods")
    geojson = write(layer, tmp_path / "x.geojson")[0]
    record: dict[str, Any] = json.loads(write(layer, tmp_path / "x.dcat.jsonld")[0].read_text("utf-8"))
    assert [one["dcat:downloadURL"]["@id"] for one in record["dcat:distribution"]] == ["x.geojson"]
    sums = record["dcat:distribution"][0]["spdx:checksum"]["spdx:checksumValue"]
    assert sums == hashlib.sha256(geojson.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("rows", [0, 2], ids=["no row", "no shape"])
def test_a_layer_without_a_shape_keeps_its_fields(
    suffix: str, rows: int, atlas: Atlas, store: Store, tmp_path: Path
) -> None:
    units = exportable(atlas, store, "neighbourhoods")
    frame = units.frame.head(rows).copy()
    frame["geometry"] = None
    bare = replace(units, frame=frame.set_geometry("geometry", crs=units.frame.crs))
    path = tmp_path / f"x{suffix}"
    if suffix == ".pmtiles":
        with pytest.raises(OutputError, match="camada vazia"):
            write(bare, path)
        return
    write(bare, path)
    if suffix in (".gpkg", ".fgb", ".geojson"):
        read = pyogrio.read_info(path)
        assert read["features"] == (rows if suffix != ".fgb" else read["features"])
    if suffix in (".gpkg", ".fgb"):
        assert set(read["fields"]) >= {one.name for one in units.fields}
