"""Grades in the spellings that mappers and registers use."""

from __future__ import annotations

import json
from collections import Counter

import geopandas as gpd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.atlasfile import product_folder
from atlas.legal.grades import CODES, GRADES, Grade, grade_of, merged
from atlas.legal.rules import has_general_zone

TITLES = {
    "Monumento Nacional": "MN",
    "Mmonumento Nacional": "MN",
    "National Monuments": "MN",
    "MONUMENTO NACIONAL (Decreto de 16-06-1910, DG n.º 136)": "MN",
    "Monumentos Nacionais": "MN",
    "Imóvel de Interesse Público": "IIP",
    "IIP - Imóvel de Interesse Público": "IIP",
    "Imovel de interesse publico, Decreto n.º 129/77": "IIP",
    "Monumento de Interesse Público": "MIP",
    "Conjunto de Interesse Público": "CIP",
    "Sítio de Interesse Público (Portaria n.º 740/2012)": "SIP",
    "Interesse Público": "IP",
    "Imóvel de Interesse Municipal": "IIM",
    "Monumento de Interesse Municipal": "MIM",
    "Conjunto de Interesse Municipal": "CIM",
    "Sítio de Interesse Municipal": "SIM",
    "Interesse Municipal": "IM",
    "Valor Concelhio": "VC",
    "Classificado como MN - Monumento Nacional, Decreto de 16-06-1910": "MN",
    "Com Despacho de Abertura": "pending",
    "Em Vias de Classificação": "pending",
    "Homologado como Imóvel de Interesse Público": "pending",
    "Abrangido em conjunto protegido": "within",
    "Incluído em Zona Especial de Proteção": "within",
    "Incluído na Zona de Protecção do Castelo de Bragança": "within",
    "Sem proteção legal": "none",
    "Procedimento caducado - sem protecção legal": "none",
    "Protecção Inexistente": "none",
    "Em Estudo": "unknown",
    "Classificado": "unknown",
    "Museu Nacional": "unknown",
    "sim": "unknown",
    "2": "unknown",
}


@pytest.mark.parametrize(("title", "shown"), TITLES.items())
def test_titles(title: str, shown: str) -> None:
    assert grade_of({"protection_title": title}).shown == shown
    assert grade_of({"protection_title": title}).raw == f"protection_title={title}"


@pytest.mark.parametrize(
    ("tags", "shown", "contradicted"),
    [
        ({"heritage": "2"}, "national_or_public", False),
        ({"heritage": "7"}, "municipal", False),
        ({"heritage": "1"}, "world", False),
        ({"heritage": "yes"}, "unknown", False),
        ({"heritage": "no"}, "none", False),
        ({"heritage": "Em Vias de Classificação"}, "pending", False),
        ({"heritage": "2", "heritage:ref": "SIP"}, "SIP", False),
        ({"heritage:ref": "MN", "protection_title": "2"}, "MN", False),
        ({"heritage": "yes", "site_status": "Em Vias de Classificação"}, "pending", False),
        ({"heritage": "no", "site_status": "Em Estudo"}, "none", False),
        ({"heritage:ref": "MN", "site_status": "Em Vias de Classificação"}, "MN", True),
        ({"heritage": "2", "heritage:ref": "IM"}, "IM", True),
        ({"heritage:ref": "MN", "protection_title": "Imóvel de Interesse Público"}, "national_or_public", True),
        ({"heritage:ref": "MN", "protection_title": "Imóvel de Interesse Municipal"}, "unknown", True),
        ({"heritage:ref": "MN", "protection_title": "Sem proteção legal"}, "unknown", True),
        ({"heritage:ref": "70476"}, "unknown", False),
        ({}, "unknown", False),
    ],
)
def test_statements_together(tags: dict[str, str], shown: str, *, contradicted: bool) -> None:
    found = grade_of(tags)
    assert (found.shown, found.contradicted) == (shown, contradicted)


def test_an_inventory_states_no_protection() -> None:
    for key, value in (
        ("heritage:website:sipa", "http://monumentos.pt/Site/APP_PagesUser/SIPA.aspx?id=1"),
        ("website", "http://www.monumentos.gov.pt/Site/APP_PagesUser/SIPA.aspx?id=1"),
        ("ref:ipa", "1"),
        ("ref:dgpc", "70476"),
    ):
        found = grade_of({key: value})
        assert (found.id, found.inventory_only, found.raw) == ("unknown", True, f"{key}={value}")
        assert not has_general_zone(found)
    assert has_general_zone(grade_of({"heritage": "yes"}))
    assert grade_of({"heritage": "yes", "ref:ipa": "1"}).inventory_only is False


def test_a_register_column_names_the_grade_where_the_source_says_so() -> None:
    tags = {"estatuto": "Classificado como CIP - Conjunto de Interesse Público"}
    assert grade_of(tags).raw == ""
    assert grade_of(tags, ["estatuto"]).shown == "CIP"


@given(
    title=st.sampled_from([title for title, shown in TITLES.items() if shown in CODES]),
    year=st.integers(1910, 2026),
    decree=st.integers(1, 40_000),
)
def test_years_and_decrees_change_no_grade(title: str, year: int, decree: int) -> None:
    with_decree = f"{title}, Decreto n.º {decree:,}/{year % 100:02d}, DG, I Série, n.º {decree % 300} de {year}"
    assert grade_of({"protection_title": with_decree}).shown == grade_of({"protection_title": title}).shown


@given(st.dictionaries(st.sampled_from(["heritage", "heritage:ref", "protection_title", "site_status"]), st.text()))
def test_any_text_gives_a_grade_and_keeps_its_words(tags: dict[str, str]) -> None:
    found = grade_of(tags)
    assert found.id in GRADES
    assert all(value in found.raw for value in tags.values())


@given(st.lists(st.sampled_from([Grade("national", "MN"), Grade("public", "SIP"), Grade("none"), Grade("unknown")])))
def test_records_of_one_site_in_any_order_come_to_one_grade(grades: list[Grade]) -> None:
    assert merged(grades).id == merged(grades[::-1]).id


def test_grades_of_norte_agree_with_their_codes() -> None:
    table = gpd.read_parquet(product_folder("data") / "norte" / "odbl" / "osm_places.parquet")
    tags = [json.loads(text) if text else {} for text in table["tags"]]
    grades = [grade_of(one) for one in tags]
    for one, grade in zip(tags, grades, strict=True):
        if one.get("heritage:ref") in CODES and grade.id != "pending":
            assert grade.code == one["heritage:ref"]
    assert Counter(grade.shown for grade in grades if grade.raw) == {
        "MN": 89, "IIP": 71, "MIP": 12, "SIP": 11, "IIM": 2, "SIM": 2, "IM": 1, "pending": 9, "within": 12,
        "none": 47, "unknown": 144,
    }  # fmt: skip
    assert sum(grade.inventory_only for grade in grades) == 142
