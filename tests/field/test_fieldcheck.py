"""The field check there and back: doubtful places out, answers in, the next build better and saying by how much."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pyogrio
import pypdfium2
import pytest
import shapely
from small_region import OSM, WIKIDATA, Region
from unprivileged import nobody, open_folder

from atlas.built import Built, open_built
from atlas.cli import main
from atlas.errors import SourceError
from atlas.fieldcheck.answers import Answer, read_form
from atlas.fieldcheck.decisions import rows_of
from atlas.fieldcheck.doubtful import doubtful
from atlas.fieldcheck.form import NOTHING, SAID, form_of, write_form
from atlas.fieldcheck.origin import Origin
from atlas.language import Translator

UNIT = "131217"
HOSTILE = "=HYPERLINK(1)<img src=x onerror=alert(1)>"
TABLE = pd.DataFrame(
    [
        ("r0", "Museu Só Um", "museus", -8.6120, "", "2026"),
        ("r1", "Antigo Cinema Águia", "cinemas", -8.6110, "", "2026"),
        ("r2", HOSTILE, "teatros", -8.6100, "class_guessed", "2026"),
        ("r3", "Galeria Torta", "galerias", -8.6090, "position_doubtful", "2026"),
        ("r4", "Biblioteca Certa", "bibliotecas", -8.6080, "", "2026"),
    ],
    columns=["record_id", "name", "kind", "lon", "marks", "year"],
).assign(lat=41.148)
QIDS = pd.DataFrame(
    [("Q1", "Biblioteca Certa", "bibliotecas", -8.6080, 41.148), ("Q2", "Fonte Velha", "monumentos", -8.6070, 41.148)],
    columns=["record_id", "name", "kind", "lon", "lat"],
)


@pytest.fixture(scope="module")
def _region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    region = Region(tmp_path_factory.mktemp("walked") / "a").add("osm", TABLE, "2026-06-01", **OSM)
    region.add("wikidata_2021", QIDS, "2021-08", **WIKIDATA).add("wikidata_2026", QIDS.head(1), "2026-02", **WIKIDATA)
    open_built(str(region.write().folder))
    return region.folder


@pytest.fixture(scope="module")
def built(_region: Path) -> Built:
    return open_built(str(_region))


@pytest.fixture
def walked(_region: Path, tmp_path: Path) -> Path:
    """A fresh copy of the atlas with its store, which a walk may change."""
    shutil.copytree(_region, tmp_path / "câmara do porto")
    return tmp_path / "câmara do porto"


@pytest.fixture(scope="module")
def blank(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("forms") / "form.gpkg"
    assert main(["fieldcheck", UNIT, str(built.atlas.folder), "-o", str(path), "--lang", "pt"]) == 0
    return path


Change = Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], None]


def filled(blank: Path, path: Path, change: Change) -> Path:
    """A copy of the form with its layers changed, as QGIS or QField would save it."""
    shutil.copy(blank, path)
    check, added = (pyogrio.read_dataframe(path, layer=layer) for layer in ("check", "added"))
    check = check.set_index("name", drop=False)
    change(check, added)
    for layer, frame in (("check", check), ("added", added)):
        frame["checked_on"] = pd.to_datetime(frame["checked_on"])
        pyogrio.write_dataframe(frame.reset_index(drop=True), path, layer=layer, geometry_type="Point")
    return path


def answer(check: gpd.GeoDataFrame, name: str, word: str | None, **more: Any) -> None:
    cells = {"answer": word, "checked_on": "2026-11-20", "checked_by": "Maria", "note": None} | more
    for column, value in cells.items():
        check.loc[name, column] = value


def push(check: gpd.GeoDataFrame, name: str, metres: float) -> None:
    check.loc[name, "geometry"] = shapely.Point(check.loc[name, "geometry"].x + metres, check.loc[name, "geometry"].y)


def add(added: gpd.GeoDataFrame, name: str | None, lon: float = -8.6060, **more: Any) -> None:
    point = gpd.GeoSeries([shapely.Point(lon, 41.148)], crs=4326).to_crs(added.crs).iloc[0]
    row = {"name": name, "class_new": "gallery", "checked_on": "2026-11-20", "checked_by": "Maria", "note": None}
    crs = added.crs
    added.loc[len(added)] = {"photo": None, "geometry": point, **row, **more}
    added.set_crs(crs, inplace=True)


def whole_walk(check: gpd.GeoDataFrame, added: gpd.GeoDataFrame) -> None:
    answer(check, "Museu Só Um", "as_stated")
    answer(check, "Antigo Cinema Águia", "closed", note="=cmd|' /C calc'!A0")
    answer(check, HOSTILE, "other_class", class_new="cultural_centre")
    answer(check, "Galeria Torta", "moved")
    push(check, "Galeria Torta", 120)
    answer(check, "Fonte Velha", "not_found")
    add(added, "Galeria Nova; a segunda")


def decisions(folder: Path) -> list[dict[str, str]]:
    with (folder / "decisions.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_doubt_is_named_and_what_two_lists_hold_is_left_alone(built: Built) -> None:
    found = doubtful(built, UNIT, Translator("pt")).set_index("name")
    assert {name: row.doubts for name, row in found.iterrows()} == {
        "Antigo Cinema Águia": ("closed", "single"),
        "Fonte Velha": ("dropped", "old", "single"),
        HOSTILE: ("class", "single"),
        "Galeria Torta": ("position", "single"),
        "Museu Só Um": ("single",),
    }
    assert found["priority"].tolist() == [1, 1, 2, 2, 3]
    assert "edição antiga da lista e já não da mais recente (Wikidata)" in found.loc["Fonte Velha", "reasons"]
    assert "Só uma fonte o conhece: OpenStreetMap" in found.loc["Museu Só Um", "reasons"]


def test_the_form_has_value_lists_a_photo_a_date_and_required_answers(blank: Path, built: Built) -> None:
    assert set(pyogrio.list_layers(blank)[:, 0]) == {"check", "added", "area", "layer_styles"}
    info = pyogrio.read_info(blank, layer="check")
    kinds = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert (kinds["checked_on"], kinds["priority"], kinds["answer"]) == ("OFTDate", "OFTInteger", "OFTString")
    assert info["crs"] == "EPSG:3763"
    with sqlite3.connect(blank) as database:
        qml = dict(database.execute("SELECT f_table_name, styleQML FROM layer_styles"))
        listed = {row[0] for row in database.execute(
            "SELECT value FROM gpkg_data_column_constraints WHERE constraint_name = 'class_new'")}  # fmt: skip
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert listed == set(built.atlas.classes)
    root = ET.fromstring(qml["check"].split("\n", 1)[1])
    widget = {one.get("name"): one.find("editWidget") for one in root.find("fieldConfiguration")}
    assert {name: one.get("type") for name, one in widget.items()} | {"reasons": "TextEdit"} == {
        **dict.fromkeys(SAID, "TextEdit"),
        **dict.fromkeys(("answer", "class_new", "same_as"), "ValueMap"),
        "note": "TextEdit", "photo": "ExternalResource", "checked_on": "DateTime", "checked_by": "TextEdit",
    }  # fmt: skip
    answers = {one.get("value") for one in widget["answer"].iter("Option") if one.get("value")}
    assert answers == {"as_stated", "closed", "other_class", "moved", "same", "different", "not_found"}
    held = {one.get("field"): one for one in root.find("constraints")}
    required = {name for name, one in held.items() if one.get("notnull_strength") == "1"}
    assert required == {"answer", "checked_on", "checked_by"}
    locked = {one.get("name") for one in root.find("editable") if one.get("editable") == "0"}
    assert {"place_id", "reasons"} <= locked
    assert not locked & {"answer", "photo"}


def test_the_form_uses_only_what_qfield_reads(blank: Path) -> None:
    """QField opens a GeoPackage by itself: every table of it as a layer, each with the style kept as its default."""
    with sqlite3.connect(blank) as database:
        tables = {row[0] for row in database.execute("SELECT table_name FROM gpkg_contents")}
        named = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        styles = dict(database.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1"))
    assert {one for one in named if not one.startswith(("gpkg_", "rtree_", "sqlite_"))} == tables
    assert tables - {"layer_styles"} == set(styles) == {"check", "added", "area"}
    for layer in ("check", "added"):
        root = ET.fromstring(styles[layer].split("\n", 1)[1])
        widgets = {one.get("name"): one.find("editWidget") for one in root.find("fieldConfiguration")}
        assert {one.get("type") for one in widgets.values()} <= {"TextEdit", "ValueMap", "DateTime", "ExternalResource"}
        for name, widget in widgets.items():
            options = {one.get("name"): one for one in widget.find("config/Option")}
            if widget.get("type") == "ValueMap":
                # the words are the key of a list's entry there: two that read alike would be one
                words = [one.get("name") for one in options["map"].iter("Option") if one.get("value")]
                assert options["map"].get("type") == "List"
                assert len(set(words)) == len(words) == len(list(options["map"])) > 1
            if widget.get("type") == "ExternalResource":  # a camera, and a path from the file's own folder
                held = {key: (options[key].get("type"), options[key].get("value")) for key in options}
                assert held["DocumentViewer"] == held["RelativeStorage"] == ("int", "1")
            assert name == "photo" or widget.get("type") != "ExternalResource"
        # nothing is saved while an answer is missing, and a day by itself comes only after a field that it names
        day = next(one for one in root.find("defaults") if one.get("expression"))
        assert (day.get("field"), day.get("applyOnUpdate")) == ("checked_on", "1")
        assert ('"answer"' in day.get("expression")) == (layer == "check")
        called = " ".join(one.get("expression") or one.get("exp") or "" for one in root.iter())
        assert set(re.findall(r"(\w+)\(", called)) <= {"coalesce", "to_date", "now"}
        assert root.find("editorlayout").text == "tablayout"
        placed = [one.get("name") for one in root.iter("attributeEditorField")]
        assert placed == list(widgets)
        assert {one.tag for one in root.find("attributeEditorForm")} == {"attributeEditorContainer"}


def test_choices_that_read_alike_are_told_apart_and_can_be_taken_back(built: Built, tmp_path: Path) -> None:
    places = built.places
    alike = places.index[places["name"].isin(["Museu Só Um", "Biblioteca Certa"])]
    same = places.assign(
        name=places["name"].mask(places.index.isin(alike), "Casa\n\x01 Igual"),
        class_=places["class_"].mask(places.index.isin(alike), "museum"),
    )
    twins = Built(built.atlas, built.store)
    twins.__dict__["places"] = same
    form = form_of(twins, UNIT, "en")
    assert {form.others[one] for one in alike} == {f"Casa Igual · Museum · {one}" for one in alike}
    path = tmp_path / "f.gpkg"
    write_form(twins, form, path, "en")

    def undone(check: gpd.GeoDataFrame, _: gpd.GeoDataFrame) -> None:
        answer(check, "Antigo Cinema Águia", "closed", class_new=NOTHING, same_as=NOTHING)

    given = read_form(filled(path, tmp_path / "b.gpkg", undone), built).answers
    assert [(one.answer, one.class_new, one.same_as) for one in given] == [("closed", "", "")]


def test_the_same_build_gives_the_same_form_and_the_same_list(built: Built, tmp_path: Path) -> None:
    for suffix in (".gpkg", ".pdf"):
        paths = [tmp_path / f"{number}{suffix}" for number in (1, 2)]
        for path in paths:
            assert main(["fieldcheck", UNIT, str(built.atlas.folder), "-o", str(path), "--quiet"]) == 0
        assert paths[0].read_bytes() == paths[1].read_bytes()
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(tmp_path / "1.pdf"))
    flat = " ".join(text.split())
    assert "5 lugares a verificar" in flat
    for said in (
        "Antigo Cinema Águia",
        "=HYPERLINK(1)<img src=x",
        "A classe foi deduzida do nome.",
        "Já não existe".lower(),
    ):
        assert said in flat


def test_the_form_names_sources_in_its_language(built: Built, tmp_path: Path) -> None:
    named = (one.model_copy(update={"title_en": f"English {one.id}"}) for one in built.atlas.source)
    both = Built(built.atlas.model_copy(update={"source": tuple(named)}), built.store)
    for lang, title in (("en", "English osm"), ("pt", "OpenStreetMap")):
        path = tmp_path / f"{lang}.gpkg"
        write_form(both, form_of(both, UNIT, lang), path, lang)
        check = pyogrio.read_dataframe(path, layer="check").set_index("name")
        assert check.loc["Museu Só Um", "sources"] == title
        assert title in check.loc["Museu Só Um", "reasons"]


def test_a_municipality_can_be_asked_for_and_an_area_without_doubts_is_a_form_too(built: Built, tmp_path: Path) -> None:
    folder = str(built.atlas.folder)
    assert main(["fieldcheck", "1312", folder, "-o", str(tmp_path / "m.gpkg"), "--lang", "en"]) == 0
    assert pyogrio.read_info(tmp_path / "m.gpkg", layer="check")["features"] == 5
    for suffix in (".gpkg", ".pdf"):
        assert main(["fieldcheck", "131202", folder, "-o", str(tmp_path / f"e{suffix}"), "--lang", "en"]) == 0
    assert pyogrio.read_info(tmp_path / "e.gpkg", layer="check")["features"] == 0


# ── and back ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_walk_becomes_decisions_and_the_next_build_shows_what_it_changed(
    walked: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [open_built(str(walked)).store.read("indicators")]
    form = filled(blank, tmp_path / "back.gpkg", whole_walk)
    command = ["fieldcheck", "--read", str(form), "--atlas", str(walked), "--format", "json", "--quiet"]
    assert main([one for one in command if one != "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["meta"] == {
        "decisions": {"add": 1, "class": 2, "closed": 1, "move": 1}, "known": 0, "in_doubt": 1, "unvisited": 0,
    }  # fmt: skip
    rows = decisions(walked)
    assert {(row["decision"], row["source_a"], row["record_a"]) for row in rows if row["decision"] != "add"} == {
        ("class", "osm", "r0"), ("closed", "osm", "r1"), ("class", "osm", "r2"), ("move", "osm", "r3"),
    }  # fmt: skip
    assert next(row for row in rows if row["decision"] == "add")["value"] == (
        "gallery; -8.606000 41.148000; Galeria Nova; a segunda"
    )
    assert {(row["by"], row["date"]) for row in rows} == {("Maria", "2026-11-20")}
    assert next(row for row in rows if row["decision"] == "closed")["note"].startswith("'=cmd")
    changed = {(row["kind"], row["name"], row["cause"]) for row in told["rows"] if row["kind"].startswith("place_")}
    assert changed == {
        ("place_closed", "Antigo Cinema Águia", "data"), ("place_reclassified", HOSTILE, "data"),
        ("place_moved", "Galeria Torta", "data"), ("place_came", "Galeria Nova; a segunda", "data"),
    }  # fmt: skip
    assert {row["cause"] for row in told["rows"]} == {"data"}
    after = open_built(str(walked))
    assert {"Fonte Velha", "Galeria Nova; a segunda"} & set(doubtful(after, UNIT, Translator("pt"))["name"]) == {
        "Fonte Velha"
    }
    figures.append(after.store.read("indicators"))
    venues = [one.set_index(["indicator", "code"]).loc[("venues", UNIT), "value"] for one in figures]
    assert venues == [4, 5], "less the closed one, more the added one and the one whose class was guessed"
    assert main(command) == 0
    assert decisions(walked) == rows, "read twice, written once"


def test_coverage_rises_by_what_was_verified(walked: Path, blank: Path, tmp_path: Path) -> None:
    """Eight museums of which both lists hold seven: Chapman's estimate, then half of the doubts answered."""
    pairs = [(f"x{n}", f"Museu {chr(65 + n)}", "museus", -8.62 + 0.002 * n, 41.150) for n in range(11)]
    both = pd.DataFrame(pairs, columns=["record_id", "name", "kind", "lon", "lat"])
    region = Region(tmp_path / "counted").add("osm", both.head(9), "2026-01-01", **OSM)
    region.add("wikidata", both.tail(9).assign(record_id=[f"Q{n}" for n in range(9)]), "2026-01-01", **WIKIDATA)
    folder = region.write().folder
    before = open_built(str(folder))
    table = before.store.read("completeness").set_index(["layer", "density_class"])
    estimate = table.loc[("museums", "all"), "completeness"]
    was = before.store.read("doubts").set_index(["indicator", "code"])["completeness"]
    assert estimate == pytest.approx(11 / (10 * 10 / 8 - 1))
    path = tmp_path / "m.gpkg"
    assert main(["fieldcheck", "1312", str(folder), "-o", str(path), "--quiet"]) == 0
    doubts = doubtful(before, "1312", Translator("pt"))
    assert len(doubts) == 4, "two that only one list holds at each end"
    unit = doubts["neighbourhood"].iloc[0]
    alone = doubts[doubts["neighbourhood"] == unit]
    form = filled(path, tmp_path / "f.gpkg", lambda check, _: answer(check, alone["name"].iloc[0], "as_stated"))
    assert main(["fieldcheck", "--read", str(form), "--atlas", str(folder), "--quiet"]) == 0
    after = open_built(str(folder))
    now = after.store.read("doubts").set_index(["indicator", "code"])["completeness"]
    assert was["venues", unit] == pytest.approx(estimate)
    assert now["venues", unit] == pytest.approx(estimate + (1 - estimate) / len(alone))
    others = [code for code in after.units.index if code != unit]
    assert now["venues"][others].equals(was["venues"][others])


def test_what_leaves_the_atlas_says_what_was_decided_and_not_by_whom(
    walked: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = filled(blank, tmp_path / "f.gpkg", whole_walk)
    assert main(["fieldcheck", "--read", str(form), "--atlas", str(walked), "--quiet"]) == 0
    assert "Maria" in (walked / "decisions.csv").read_text("utf-8-sig")
    for name in ("p.gpkg", "p.geojson", "p.csv"):
        assert main(["export", "places", str(walked), "-o", str(tmp_path / name), "--quiet"]) == 0
    assert "decided_class" in (tmp_path / "p.geojson").read_text("utf-8")
    left = [path for path in tmp_path.glob("p*.*") if path.is_file()] + list((walked / ".atlas").iterdir())
    assert len(left) > 15
    assert not [path.name for path in left if b"Maria" in path.read_bytes() or b"calc" in path.read_bytes()]


def test_same_and_different_join_and_part_records(tmp_path: Path) -> None:
    near = pd.DataFrame(
        [("r0", "Museu de Arte Antiga", "museus", -8.612), ("r1", "Casa Tal", "museus", -8.610)],
        columns=["record_id", "name", "kind", "lon"],
    ).assign(lat=41.148)
    other = near.head(1).assign(record_id="Q9")
    region = Region(tmp_path / "a").add("osm", near, "2026-01-01", **OSM).add("wd", other, "2026-01-01", **WIKIDATA)
    folder = region.write().folder
    built = open_built(str(folder))
    assert len(built.places) == 2
    path = tmp_path / "f.gpkg"
    assert main(["fieldcheck", UNIT, str(folder), "-o", str(path), "--quiet"]) == 0
    joined = built.places.index[built.places["n_records"] == 2][0]

    def same(check: gpd.GeoDataFrame, _: gpd.GeoDataFrame) -> None:
        answer(check, "Casa Tal", "same", same_as=joined)

    assert (
        main(["fieldcheck", "--read", str(filled(path, tmp_path / "s.gpkg", same)), "--atlas", str(folder), "--quiet"])
        == 0
    )
    assert len(open_built(str(folder)).places) == 1
    row = decisions(folder)[0]
    assert (row["decision"], row["source_a"], row["source_b"]) == ("same", "osm", "osm")


CONTRADICTIONS: list[tuple[str, Change]] = [
    ("Falta a resposta", lambda check, _: answer(check, "Museu Só Um", None, note="?")),
    ("Resposta desconhecida: «talvez»", lambda check, _: answer(check, "Museu Só Um", "talvez")),
    ("Falta quem viu", lambda check, _: answer(check, "Museu Só Um", "closed", checked_by=" ")),
    ("Falta o dia", lambda check, _: answer(check, "Museu Só Um", "closed", checked_on=None)),
    ("ainda não chegou", lambda check, _: answer(check, "Museu Só Um", "closed", checked_on="2199-01-01")),
    ("«closed» e a classe «gallery» contradizem-se",
     lambda check, _: answer(check, "Museu Só Um", "closed", class_new="gallery")),
    ("«other_class» e a classe «—» contradizem-se", lambda check, _: answer(check, "Museu Só Um", "other_class")),
    ("«museo» não existe", lambda check, _: answer(check, "Museu Só Um", "other_class", class_new="museo")),
    ("é a que o lugar já tem", lambda check, _: answer(check, "Museu Só Um", "other_class", class_new="museum")),
    ("só «same» leva outro lugar", lambda check, _: answer(check, "Museu Só Um", "same")),
    ("não é nenhum dos que o formulário conhece",
     lambda check, _: answer(check, "Museu Só Um", "same", same_as="p0")),
    ("não há nada que separar", lambda check, _: answer(check, "Museu Só Um", "different")),
    ("o ponto não foi movido", lambda check, _: answer(check, "Museu Só Um", "moved")),
    ("O ponto foi movido 80 m e a resposta é «as_stated»",
     lambda check, _: (answer(check, "Museu Só Um", "as_stated"), push(check, "Museu Só Um", 80))),
    ("fora da região", lambda check, _: (answer(check, "Museu Só Um", "moved"), push(check, "Museu Só Um", 90_000))),
    ("já não está nas fontes do atlas", lambda check, _: answer(check, "Museu Só Um", "closed", place_id="p0")),
    ("acrescenta-se na camada «added»", lambda check, _: answer(check, "Museu Só Um", "closed", place_id=None)),
    ("Falta o nome", lambda _, added: add(added, None)),
    ("A classe «—» não existe", lambda _, added: add(added, "Nova", class_new=None)),
    ("Falta o ponto", lambda _, added: add(added, "Nova", geometry=None)),
    ("fora da região", lambda _, added: add(added, "Nova", lon=-7.0)),
    ("Este lugar já foi acrescentado", lambda _, added: (add(added, "Nova"), add(added, "nova"))),
]  # fmt: skip


@pytest.mark.parametrize(("said", "change"), CONTRADICTIONS, ids=[f"{n}" for n in range(len(CONTRADICTIONS))])
def test_what_contradicts_itself_is_refused_with_its_row(
    built: Built, blank: Path, tmp_path: Path, said: str, change: Change
) -> None:
    form = filled(blank, tmp_path / "f.gpkg", change)
    with pytest.raises(SourceError) as fault:
        read_form(form, built)
    for lang in ("pt", "en"):
        assert re.match(rf"{re.escape(str(form))}, (check|added), fid \d+", fault.value.text(lang))
    assert said in fault.value.pt


def test_nothing_is_written_where_one_answer_is_wrong(
    walked: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def one_wrong(check: gpd.GeoDataFrame, added: gpd.GeoDataFrame) -> None:
        whole_walk(check, added)
        answer(check, "Museu Só Um", "moved")

    form = filled(blank, tmp_path / "f.gpkg", one_wrong)
    assert main(["fieldcheck", "--read", str(form), "--atlas", str(walked), "--lang", "pt"]) == 1
    assert "o ponto não foi movido" in capsys.readouterr().err
    assert not (walked / "decisions.csv").exists()


def test_different_parts_every_pair_that_the_form_had_in_doubt() -> None:
    pair = (("wd", "Q2"), ("osm", "r1"))
    origin = Origin(("osm", "r1"), "museum", -8.6, 41.1, (pair, (("wd", "Q2"), ("osm", "r0"))))
    seen = Answer("f.gpkg", "p1", "different", "", "", "", "", "Zé", "2026-11-20", -8.6, 41.1, 0.0)
    rows = [(row["decision"], row["record_a"], row["record_b"]) for row in rows_of(seen, {"p1": origin})]
    assert rows == [("different", "r1", "Q2"), ("different", "r0", "Q2")]


def test_all_faults_of_a_form_are_named_at_once(built: Built, blank: Path, tmp_path: Path) -> None:
    def several(check: gpd.GeoDataFrame, added: gpd.GeoDataFrame) -> None:
        answer(check, "Museu Só Um", "moved", checked_by=None)
        answer(check, "Galeria Torta", "same", same_as=check.loc["Antigo Cinema Águia", "place_id"])
        answer(check, "Antigo Cinema Águia", "closed")
        add(added, None)

    with pytest.raises(SourceError, match="fid") as fault:
        read_form(filled(blank, tmp_path / "f.gpkg", several), built)
    assert fault.value.pt.count("\n") == 3
    assert "É o mesmo que um lugar cuja resposta é «closed»" in fault.value.pt


def test_decisions_that_are_there_stay_word_for_word_and_contradicting_them_is_refused(
    walked: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = (
        "decision,source_a,record_a,source_b,record_b,value,by,date,note,ata\nclass,osm,r0,,,museum,Zé,2025-01-01,,12\n"
    )
    (walked / "decisions.csv").write_text(kept, "utf-8")

    def two(check: gpd.GeoDataFrame, _: gpd.GeoDataFrame) -> None:
        answer(check, "Antigo Cinema Águia", "closed")
        answer(check, HOSTILE, "as_stated")

    assert (
        main(["fieldcheck", "--read", str(filled(blank, tmp_path / "a.gpkg", two)), "--atlas", str(walked), "--quiet"])
        == 0
    )
    text = (walked / "decisions.csv").read_text("utf-8-sig")
    assert text.startswith(kept)
    assert len(text.splitlines()) == 4

    def otherwise(check: gpd.GeoDataFrame, _: gpd.GeoDataFrame) -> None:
        answer(check, HOSTILE, "other_class", class_new="gallery")

    form = filled(blank, tmp_path / "b.gpkg", otherwise)
    assert main(["fieldcheck", "--read", str(form), "--atlas", str(walked), "--lang", "pt"]) == 1
    told = capsys.readouterr().err
    assert "Contradiz" in told
    assert "decisions.csv, linha 4" in told
    assert "b.gpkg, check, fid" in told
    assert main(["fieldcheck", "--read", str(form), "--atlas", str(walked), "--lang", "en"]) == 1
    assert "decisions.csv, line 4: “theatre” and “gallery”" in capsys.readouterr().err
    assert (walked / "decisions.csv").read_text("utf-8-sig") == text


def test_a_damaged_decisions_file_is_said_and_left_alone(
    walked: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = filled(blank, tmp_path / "f.gpkg", whole_walk)
    (walked / "decisions.csv").write_text("decision;what\nclosed;x\n", "utf-8")
    assert main(["fieldcheck", "--read", str(form), "--atlas", str(walked), "--lang", "pt"]) == 1
    assert "Faltam as colunas" in capsys.readouterr().err
    assert (walked / "decisions.csv").read_text("utf-8") == "decision;what\nclosed;x\n"


def test_wrong_requests_are_answered_in_one_paragraph(
    built: Built, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(built.atlas.folder)

    def refused(*words: str) -> str:
        assert main(["fieldcheck", *words, "--lang", "en"]) == 1
        told = capsys.readouterr().err
        assert "Traceback" not in told
        return told

    assert "Code “131271” does not exist" in refused("131271", folder, "-o", str(tmp_path / "x.gpkg"))
    assert ".gpkg, .pdf" in refused(UNIT, folder, "-o", str(tmp_path / "x.shp"))
    assert "Name the code" in refused("-o", str(tmp_path / "x.gpkg"))
    assert "Name the code" in refused(UNIT, folder)
    assert "already there" in refused(UNIT, folder, "-o", str(blank))
    assert "Cannot write here" in refused(UNIT, folder, "-o", str(tmp_path / "no" / "such" / "x.pdf"))
    assert "neither a code" in refused(UNIT, "--read", str(blank))
    assert "does not exist" in refused("--read", str(tmp_path / "none.gpkg"), "--atlas", folder)
    (tmp_path / "page.gpkg").write_text("<html>502</html>", "utf-8")
    assert "no field check form" in refused("--read", str(tmp_path / "page.gpkg"), "--atlas", folder)
    assert main(["export", "museums", folder, "-o", str(tmp_path / "m.gpkg"), "--quiet"]) == 0
    assert "no field check form" in refused("--read", str(tmp_path / "m.gpkg"), "--atlas", folder)
    other = shutil.copy(blank, tmp_path / "other.gpkg")
    with sqlite3.connect(other) as database:
        database.execute("UPDATE gpkg_metadata SET metadata = json_set(metadata, '$.about.atlas', 'braga')")
    assert "of the atlas “braga”" in refused("--read", str(other), "--atlas", folder)
    assert [path.name for path in tmp_path.iterdir() if path.suffix in {".pdf", ".shp"}] == []


@pytest.mark.parametrize(("day", "refused"), [("2026-11-20", True), ("", True), ("31/12/2025", False)])
def test_a_place_is_not_closed_and_there(
    day: str, refused: bool, walked: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seen on a day and closed later is a life; closed on that day or before it is a contradiction."""
    held = "decision,source_a,record_a,source_b,record_b,value,by,date,note\n" + f"class,osm,r0,,,museum,Ana,{day},\n"
    (walked / "decisions.csv").write_text(held, "utf-8")
    form = filled(blank, tmp_path / "f.gpkg", lambda check, _: answer(check, "Museu Só Um", "closed"))
    code = main(["fieldcheck", "--read", str(form), "--atlas", str(walked), "--lang", "en", "--quiet"])
    told = capsys.readouterr().err
    assert code == refused
    assert refused == ("“Museu Só Um”" in told and f"{walked / 'decisions.csv'}, line 2 says is there" in told), told
    assert refused == ((walked / "decisions.csv").read_text("utf-8") == held)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders are POSIX's")
def test_answers_for_an_atlas_that_may_not_be_written_leave_nothing(
    _region: Path, blank: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = filled(blank, tmp_path / "f.gpkg", whole_walk)
    with open_folder() as folder:
        atlas = folder / "atlas"
        shutil.copytree(_region, atlas)
        shutil.copy(form, folder / "f.gpkg")
        words = ["fieldcheck", "--read", str(folder / "f.gpkg"), "--atlas", str(atlas), "--lang", "en"]
        before = sorted(path.name for path in atlas.rglob("*"))
        atlas.chmod(0o555)
        with nobody():
            assert main(words) == 1
        told = capsys.readouterr().err
        assert told == f"{atlas / 'decisions.csv'}: Cannot write here (no permission). " + told.partition("). ")[2]
        assert "Check the folder" in told
        assert sorted(path.name for path in atlas.rglob("*")) == before
        atlas.chmod(0o755)
        assert main(words) == 0, "whoever may write reads the same form"
