"""What the lens says of points and areas round worked cases."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from legal_cases import box, point

from atlas.built import Built
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.language import Translator
from atlas.legal import counts, lens, rules, sites, zone_layer
from atlas.legal.findings import Row
from atlas.legal.grades import CODES
from atlas.sheets.law import Law

TODAY = dt.date(2026, 11, 24)
KEYS = ["rule", "answer", "object", "grade", "distance_m", "source", "date", "text"]


def asked(built: Built, geometry: shapely.Geometry, rule: str, lang: str = "pt") -> list[Row]:
    rows = lens(built, geometry, crs="EPSG:3763", today=TODAY, lang="en" if lang == "en" else "pt")
    return [row for row in rows if row["rule"] == rule]


@pytest.mark.parametrize(
    ("spot_asked", "answer", "name", "distance"),
    [
        (point(951, 10), "possibly", "Torre", 49.0),
        (point(949, 10), "no_indication", None, None),
        (point(821, 10), "no_indication", None, None),  # 179 m: the search of 200 m is for points alone
        (point(1801), "possibly", "Cruzeiro", 199.0),
        (point(1799), "no_indication", None, None),
        (point(4951, 10), "inside", "Paço", 49.0),
        (point(4949, 10), "no_indication", None, None),
    ],
)
def test_general_zone_reaches_50_m_from_an_outline_and_200_m_from_a_point(
    built: Built, spot_asked: shapely.Point, answer: str, name: str | None, distance: float | None
) -> None:
    (row,) = asked(built, spot_asked, "general_zone")
    assert (row["answer"], row["object"], row["distance_m"]) == (answer, name, distance)


def test_only_official_limits_make_inside(built: Built) -> None:
    osm, register = asked(built, point(1010, 10), "classified")[0], asked(built, point(5010, 10), "classified")[0]
    assert (osm["answer"], osm["grade"], osm["distance_m"]) == ("possibly", "MN", 0.0)
    assert (register["answer"], register["grade"]) == ("inside", "MIP")
    assert "parecer 138/2004" in osm["text"]
    assert "parecer 138/2004" not in register["text"]


def test_a_point_search_is_called_approximate(built: Built) -> None:
    near, exact = asked(built, point(1900), "general_zone")[0], asked(built, point(951, 10), "general_zone")[0]
    assert near["text"].startswith("Aproximado")
    assert "Aproximado" not in exact["text"]


def test_municipal_grade_has_no_zone_and_says_what_the_letter_of_the_law_says(built: Built) -> None:
    (zone,) = asked(built, point(2990, 10), "general_zone")
    (caveat,) = asked(built, point(2990, 10), "municipal_grade")
    assert zone["answer"] == caveat["answer"] == "no_indication"
    assert (caveat["object"], caveat["grade"], caveat["distance_m"]) == ("Casa do Largo", "IIM", 10.0)
    assert "art. 58.º; a Lei 107/2001, art. 43.º, n.º 1, lida à letra, inclui-a" in caveat["text"]
    assert asked(built, point(2940, 10), "municipal_grade") == []


def test_a_special_zone_stands_in_place_of_the_circle(built: Built) -> None:
    west = point(3970, 10)  # 30 m from the castle, but not in its zone
    assert asked(built, west, "general_zone")[0]["answer"] == "no_indication"
    assert asked(built, west, "special_zone")[0]["answer"] == "no_indication"
    far_east = point(4190, 10)  # 170 m from the castle, in its zone
    (zone,) = asked(built, far_east, "special_zone")
    assert (zone["answer"], zone["object"]) == ("inside", "ZEP do Castelo")
    assert "Data: 04/03/2011." in zone["text"]
    assert "Protege «Castelo»." in zone["text"]


def test_a_building_touched_in_part_is_subject_as_a_whole(built: Built) -> None:
    far_end = point(1150, 10)  # 130 m from the tower, in a building whose near end is 40 m from it
    (row,) = asked(built, far_end, "general_zone")
    assert (row["answer"], row["object"], row["distance_m"]) == ("possibly", "Torre", 40.0)
    assert "o edifício em que fica («Fábrica») é-o em parte e fica sujeito no seu todo" in row["text"]
    near_end = asked(built, point(1065, 10), "general_zone")[0]
    assert "em parte" not in near_end["text"]
    # the building's 100 m by 20 m, of which the first 10 m lie in the zone of 50 m
    (area,) = asked(built, box(1060, 0, 1160, 20), "general_zone")
    assert "A área é tocada em parte (10,0" in area["text"]


def test_a_thing_without_protection_and_one_that_an_inventory_knows(built: Built) -> None:
    none, listed = asked(built, point(7010, 10), "classified")[0], asked(built, point(7510, 10), "classified")[0]
    assert (none["answer"], none["grade"]) == ("no_indication", "none")
    assert (listed["answer"], listed["grade"]) == ("possibly", "unknown")
    assert "não prova proteção nem a falta dela" in listed["text"]
    assert asked(built, point(7525, 10), "general_zone")[0]["answer"] == "no_indication"


@pytest.mark.parametrize(
    ("east", "name", "words"),
    [
        (6050, "ARU antiga", "Verificar caducidade: passaram mais de três anos"),
        (6250, "ARU com ORU", "não passou o prazo"),
        (6450, "ARU nova", "não passou o prazo"),
        (6650, "ORU finda", "o termo indicado na fonte já passou"),
    ],
)
def test_rehabilitation_areas_by_their_dates(built: Built, east: float, name: str, words: str) -> None:
    rows = {row["object"]: row for row in asked(built, point(east, 50), "rehabilitation_area")}
    assert rows[name]["answer"] == "inside"
    assert words in rows[name]["text"]
    assert all("caducada" not in row["text"] for row in rows.values())


def test_an_area_of_which_the_operation_covers_less_than_half_has_none(built: Built) -> None:
    from atlas.legal.zones import read_zones

    known = read_zones(built)
    names = known.table["name"].reindex(known.operation_known.index)
    assert dict(zip(names, known.operation_known, strict=True)) == {
        "ARU antiga": False, "ARU com ORU": True, "ARU nova": False,
    }  # fmt: skip


def test_a_zone_of_an_unknown_kind_is_shown_and_not_read(built: Built) -> None:
    (row,) = asked(built, point(8050, 50), "other_zone")
    assert (row["answer"], row["object"]) == ("inside", "Zona tampão")
    assert "de um tipo que o atlas não conhece («zona tampão»)" in row["text"]


def test_parish_plan_and_what_is_missing(built: Built) -> None:
    assert [row["object"] for row in asked(built, point(1010, 10), "parish")] == ["Poente (010101)"]
    near_border = asked(built, point(5480), "parish")
    assert {(row["object"], row["answer"]) for row in near_border} == {
        ("Poente (010101)", "possibly"), ("Nascente (010102)", "possibly"),
    }  # fmt: skip
    assert [(row["answer"], row["object"]) for row in asked(built, point(1010, 10), "municipal_plan")] == [
        ("inside", "Solo urbano")
    ]
    (reserves,) = asked(built, point(1010, 10), "reserves")
    assert reserves["answer"] == "no_indication"
    assert "docs/legal.md" in reserves["text"]


@pytest.mark.parametrize("lang", ["pt", "en"])
def test_every_row_is_whole_and_never_says_outside(built: Built, lang: str) -> None:
    law, end = (
        ("DL 10/2024", "Não substitui certidão.") if lang == "pt" else ("DL 10/2024", "does not replace a certificate.")
    )
    for geometry in (point(1010, 10), point(6250, 50), point(9500), box(900, -200, 8200, 200)):
        rows = lens(built, geometry, crs="EPSG:3763", lang="en" if lang == "en" else "pt", today=TODAY)
        assert {row["rule"] for row in rows} <= set(rules.RULES)
        for row in rows:
            assert list(row) == KEYS
            assert row["answer"] in rules.ANSWERS
            assert row["text"].endswith(end)
            assert law in row["text"]
            assert "{" not in row["text"]
            assert not any(word in row["text"].casefold().split() for word in ("fora", "outside", "caducada"))


def test_sites_carry_grade_raw_text_and_zone(built: Built) -> None:
    found = sites(built).set_index("name")
    assert found["zone_kind"].to_dict() == {
        "Torre": "general", "Cruzeiro": "general_approximate", "Casa do Largo": "none", "Castelo": "special",
        "Paço": "general",
    }  # fmt: skip
    assert found.loc["Torre", "raw"] == "heritage:ref=MN"
    assert found.loc["Torre", "odbl"]
    assert found.loc["Paço", "official"]
    # a square of 20 m with 50 m round it: 400 + 4·20·50 + π·50² m²
    assert found.loc["Torre", "zone"].area == pytest.approx(400 + 4000 + 7854, rel=2e-3)
    assert found.loc["Castelo", "zone"].symmetric_difference(box(3980, -100, 4200, 120)).area < 0.01
    assert set(sites(built, everything=True)["name"]) - set(found.index) == {"Fonte", "Capela"}
    drawn = zone_layer(built)
    assert set(drawn["name"]) == {"Torre", "Cruzeiro", "Castelo", "Paço"}
    assert (drawn.geom_type == "Polygon").all()


def _degrees(geometry: shapely.Geometry) -> shapely.Geometry:
    return gpd.GeoSeries([geometry], crs=3763).to_crs(4326).iloc[0]


def test_command_takes_a_longitude_with_a_minus_sign(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = _degrees(point(951, 10))
    assert at.x < 0
    words = ["legal", f"{at.x:.8f}", f"{at.y:.8f}", str(folder), "--lang", "pt", "--quiet"]
    assert main([*words, "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["meta"]["lon"] == pytest.approx(at.x)
    assert said["meta"]["law"]["version"] == "DL 10/2024"
    zone = next(row for row in said["rows"] if row["rule"] == "general_zone")
    assert (zone["answer"], zone["object"], zone["distance_m"]) == ("possibly", "Torre", 49.0)
    commas = [word.replace(".", ",") for word in words[1:3]]
    assert main(["legal", *commas, *words[3:], "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == said["rows"]
    assert main([*words, "--format", "csv"]) == 0
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [list(row) for row in read] == [KEYS] * len(said["rows"])
    assert main(words) == 0
    table = capsys.readouterr().out
    assert "possivelmente" in table
    assert "Não substitui certidão." in table


def test_command_takes_a_drawn_area(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = tmp_path / "área.geojson"
    gpd.GeoDataFrame(geometry=[box(6050, 0, 6150, 100)], crs=3763).to_crs(4326).to_file(drawn)
    text = tmp_path / "área.wkt"
    text.write_text(shapely.to_wkt(gpd.read_file(drawn).geometry.iloc[0], rounding_precision=9), "utf-8")
    metres = tmp_path / "metros.wkt"
    metres.write_text(f"SRID=3763;{shapely.to_wkt(box(6050, 0, 6150, 100))}", "utf-8")
    for file in (drawn, text, metres):
        assert main(["legal", "--area", str(file), str(folder), "--lang", "pt", "--format", "json", "--quiet"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["meta"]["area_ha"] == pytest.approx(1.0, rel=1e-3)
        (aru,) = [row for row in said["rows"] if row["object"] == "ARU antiga"]
        assert "tocada em parte (50,0" in aru["text"]
    text.write_text("POLYGON ((1 2", "utf-8")
    assert main(["legal", "--area", str(text), str(folder), "--lang", "pt", "--quiet"]) == 1
    assert "não se lê como WKT" in capsys.readouterr().err


def test_command_counts_the_grades(folder: Path, built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    """Every site is counted once, under its grade and code, with what a source writes."""
    assert main(["legal", "--grades", str(folder), "--lang", "pt", "--format", "json", "--quiet"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert sum(row["sites"] for row in rows) == sum(counts(built).values())
    by_code = {row["code"]: row["sites"] for row in rows if row["code"] and row["grade"] != "pending"}
    assert by_code == {code: number for code, number in counts(built).items() if code in CODES}
    assert all(row["raw"] for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-20.5", "41.1"], "não pertencem à região"),
        (["41.05", "-8.65"], "A longitude vem primeiro"),
        (["-8.6"], "Faltam coordenadas"),
        (["aqui", "41.1"], "«aqui» não serve como coordenada"),
        (["--area", "nada.geojson"], "não existe"),
    ],
)
def test_faults_are_one_paragraph(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    if words[0] == "41.05":  # a place of the region, the wrong way round
        at = _degrees(point(1010, 10))
        words = [f"{at.y:.6f}", f"{at.x:.6f}"]
    with_atlas = [*words, str(folder)] if len(words) == 2 else words
    assert main(["legal", *with_atlas, "--lang", "pt", "--quiet"]) == 1
    fault = capsys.readouterr().err
    assert said in fault
    assert "Traceback" not in fault


def test_empty_geometry_is_refused(built: Built) -> None:
    with pytest.raises(AtlasError, match="vazia"):
        lens(built, shapely.Polygon(), crs="EPSG:3763")


def test_an_atlas_outside_portugal_reads_no_law(built: Built) -> None:
    """The lens and the sheet say that this region's law is not known, and cite none."""
    head = built.atlas.atlas.model_copy(update={"law": "none"})
    abroad = dataclasses.replace(built, atlas=built.atlas.model_copy(update={"atlas": head}))
    with pytest.raises(AtlasError, match="só se conhece o de Portugal"):
        lens(abroad, shapely.Point(0, 0), crs="EPSG:3763")
    told = Law(abroad, Translator("en")).of(str(built.units.index[0]))
    assert told == {"rows": [], "closing": "The law of this region is not in the atlas."}
