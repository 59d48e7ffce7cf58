"""The package says what it holds, keeps OpenStreetMap apart, and is the same for the same inputs."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pyogrio
import pytest
from pypdfium2 import PdfDocument

from atlas.built import Built, open_built
from atlas.cli import main
from atlas.language import LANGUAGES
from atlas.package import _write_words, write_package
from atlas.package.iso19139 import metadata
from atlas.package.layers import parts_of
from atlas.package.method import method_pdf
from atlas.package.project import project
from atlas.store import Store

TOP = "atlas-norte"
HOSTILE = "<b>&\"'</b> ]]> =1+1 {} %"
NAMES = {"gmd": "http://www.isotc211.org/2005/gmd", "gco": "http://www.isotc211.org/2005/gco"}


@pytest.fixture(scope="module")
def esposende(_small_atlas: Path) -> Built:
    """One real municipality, built, with a hostile name among its units."""
    built = open_built(str(_small_atlas), draws=50)
    store = Store(built.store.folder)
    units = store.read("neighbourhoods").copy()
    units.loc[units.index[0], "name"] = HOSTILE
    store._tables["neighbourhoods"] = units
    return Built(built.atlas, store)


@pytest.fixture(scope="module")
def package(esposende: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("pacote à parte")
    write_package(esposende, folder / "x.zip")
    with zipfile.ZipFile(folder / "x.zip") as archive:
        archive.extractall(folder)
    return folder / TOP


def test_the_manifest_names_every_file_with_its_sum(package: Path) -> None:
    manifest = json.loads((package / "manifest.json").read_text("utf-8"))
    held = {one["path"]: one["sha256"] for one in manifest["files"]}
    there = {one.relative_to(package).as_posix() for one in package.rglob("*") if one.is_file()}
    assert there == set(held) | {"manifest.json", "SHA256SUMS"}
    for name, digest in held.items():
        assert hashlib.sha256((package / name).read_bytes()).hexdigest() == digest
    assert {"atlas.qgs", "norte.gpkg", "metodo.pdf", "LICENCAS.txt"} <= there
    for ending in (".geojson", ".csv", ".machine.csv", ".xlsx", ".kml", ".qml", ".sld", ".iso19139.xml"):
        assert any(name.endswith(f"neighbourhoods{ending}") for name in there)
    assert "dictionary/neighbourhoods.fields.pt.csv" in there


def test_what_the_package_says_it_holds_is_there(package: Path, esposende: Built, tmp_path: Path) -> None:
    told = {}
    for name in ("LEIA-ME.txt", "README.txt"):
        words = (package / name).read_text("utf-8-sig")
        told[name] = set(re.findall(r"\b[\w-]+/|[\w-]+\.(?:qgs|pdf|txt|json)\b|SHA256SUMS", words))
        assert {"odbl/", "metodo.pdf", "atlas.qgs", "csv/"} < told[name]
        assert [one for one in told[name] if not (package / one).exists()] == []
    (tmp_path / "plain").mkdir()
    _write_words(esposende, [], tmp_path / "plain", "en")
    said = (tmp_path / "plain" / "LEIA-ME.txt").read_text("utf-8-sig")
    assert "method.pdf" in said
    assert "odbl/" not in said


def test_nothing_from_openstreetmap_stands_outside_its_folder(package: Path, esposende: Built) -> None:
    apart = pyogrio.read_dataframe(package / "odbl" / "norte_osm.gpkg", layer="places_osm")
    others = pyogrio.read_dataframe(package / "norte.gpkg", layer="places")
    assert apart["odbl"].all()
    assert not others["odbl"].any()
    assert set(apart["place_id"]) | set(others["place_id"]) == set(esposende.store.read("places")["place_id"])
    assert not others["sources"].str.contains("osm").any()
    assert "opendatacommons.org" in (package / "odbl" / "LICENCA.txt").read_text("utf-8-sig")
    outside = (package / "metadata" / "places.iso19139.xml").read_text("utf-8")
    assert "OpenStreetMap" not in outside
    licences = (package / "LICENCES.txt").read_text("utf-8-sig").split("\n\n")
    (figures,) = [one for one in licences if one.startswith("neighbourhoods:")]
    assert "the columns heritage_km2, " in figures
    assert "archaeology_5km" not in figures, "what does not rest on OpenStreetMap is not named"
    assert not [one for one in licences if one.startswith("places:") and "OpenStreetMap" in one]


def test_the_project_finds_each_layer_beside_itself_and_draws_it(package: Path) -> None:
    root = ET.parse(package / "atlas.qgs").getroot()
    layers = root.findall("projectlayers/maplayer")
    assert len(layers) >= 4
    for layer in layers:
        source = layer.findtext("datasource") or ""
        file, table = source.split("|layername=")
        assert file.startswith("./")
        assert pyogrio.read_info(package / file, layer=table)["features"] > 0
        assert layer.findtext("srs/spatialrefsys/authid") == "EPSG:3763"
        assert layer.find("renderer-v2/rules/rule") is not None
    ids = [layer.findtext("id") for layer in layers]
    assert ids == [one.get("id") for one in root.findall("layer-tree-group/layer-tree-layer")]
    items = {one.get("type") for one in root.findall("Layouts/Layout/LayoutItem")}
    assert items == {"65639", "65640", "65641", "65642", "65646"}
    assert str(package.parent) not in (package / "atlas.qgs").read_text("utf-8")


def test_metadata_state_title_box_licence_and_lineage(package: Path) -> None:
    root = ET.parse(package / "metadata" / "neighbourhoods.iso19139.xml").getroot()

    def text(path: str) -> list[Any]:
        return [one.text for one in root.iterfind(path, NAMES)]

    assert text(".//gmd:identificationInfo//gmd:citation//gmd:title/gco:CharacterString") == ["Norte: freguesias"]
    (west,) = text(".//gmd:westBoundLongitude/gco:Decimal")
    (north,) = text(".//gmd:northBoundLatitude/gco:Decimal")
    assert -8.9 < float(west) < -8.7
    assert 41.5 < float(north) < 41.7
    assert "CC BY 4.0" in text(".//gmd:otherConstraints/gco:CharacterString")[0]
    assert len(text(".//gmd:LI_Source/gmd:description/gco:CharacterString")) > 5


def test_what_is_in_english_names_sources_and_licences_in_english(esposende: Built, package: Path) -> None:
    theatres = esposende.atlas.source_of("theatre_network")
    assert "" not in (theatres.title_en, theatres.licence_en)
    for lang, file in (("pt", "LICENCAS.txt"), ("en", "LICENCES.txt")):
        said = (package / file).read_text("utf-8-sig")
        other = {"pt": "en", "en": "pt"}[lang]
        assert f"- {theatres.title_in(lang)} · " in said
        assert f"· {theatres.licence_in(lang)}\n" in said
        assert theatres.title_in(other) not in said
        assert theatres.licence_in(other) not in said
    parts = parts_of(esposende, "en")
    about, drawn = metadata(parts[0].layer, "en", "x.gpkg"), project(esposende, parts, "en")
    translated = [one for one in parts[0].layer.sources if one["title_en"] and one["licence_en"]]
    assert translated
    for one in translated:
        assert escape(f"{one['title_en']}. {one['publisher']}. {one['licence_en']}. ") in about
        assert one["title"] not in about
        for written in (about, drawn):
            assert escape(f"{one['publisher']} ({one['licence_en']})") in written
            assert escape(f"{one['publisher']} ({one['licence']})") not in written


def test_the_method_names_sources_in_its_language(esposende: Built) -> None:
    text = {
        lang: "".join(page.get_textpage().get_text_range() for page in PdfDocument(method_pdf(esposende, lang)))
        for lang in LANGUAGES
    }
    flat = {lang: re.sub(r"\s", "", said) for lang, said in text.items()}
    for source in esposende.atlas.source:
        for lang in LANGUAGES:
            assert re.sub(r"\s", "", source.title_in(lang)) in flat[lang]


def test_the_same_inputs_give_the_same_bytes(
    esposende: Built, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = write_package(esposende, tmp_path / "y.zip")
    assert again.read_bytes() == (package.parent / "x.zip").read_bytes()
    store = str(esposende.store.folder)
    words = ["package", "-o", str(again), "--lang", "en", "--store", store, str(esposende.atlas.folder)]
    assert main(words) == 1
    assert "left as it is" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["y.zip"]
