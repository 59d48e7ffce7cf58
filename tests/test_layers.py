"""Which records belong to which class: the shipped layers, and a planner's own."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, Series
from pandas.testing import assert_series_equal

from atlas.atlasfile import product_folder
from atlas.config import Layer, in_order
from atlas.errors import ConfigError, SourceError
from atlas.layers import classify, kind_words, layer_schema, load_layers
from atlas.tags import parse_expression

SHIPPED = product_folder("layers")
LAYERS = load_layers([SHIPPED])
NAMED_IN_DOCS = {
    "heritage", "archaeology", "museums", "performance", "cinemas", "libraries", "galleries", "education",
    "coworking", "shops", "third_places", "public_art", "reusable", "green", "transport", "firms", "media",
    "short_lets", "zones",
}  # fmt: skip
# Spellings that OpenStreetMap's editor iD replaces, and with what.
DEPRECATED = {
    "shop=gallery": "shop=art", "shop=antique": "shop=antiques", "shop=jewellery": "shop=jewelry",
    "shop=cafe": "amenity=cafe", "shop=photo_studio": "craft=photographer", "craft=sculpter": "craft=sculptor",
    "craft=glass": "craft=glaziery", "amenity=artwork": "tourism=artwork", "amenity=dancing_school": "leisure=dance",
    "amenity=research_institution": "amenity=research_institute", "office=administrative": "office=government",
    "amenity=community_center": "amenity=community_centre",
}  # fmt: skip


def record(
    name: str | None = None, kind: str | None = None, marks: str | None = None, **tags: str
) -> dict[str, object]:
    return {"record_id": "1", "name": name, "kind": kind, "marks": marks, "tags": json.dumps(tags) if tags else None}


def osm(*tags: str, name: str | None = None) -> dict[str, object]:
    """A record with tags written ``key=value``."""
    return record(name) | {"tags": json.dumps(dict(tag.split("=", 1) for tag in tags))}


def classes(*records: dict[str, object], layers: tuple[Layer, ...] = LAYERS, allowed: tuple[str, ...] = ()) -> Series:
    return classify(DataFrame(list(records)), layers, allowed)


def class_of(one: dict[str, object]) -> str | None:
    found = classes(one).iloc[0]
    return None if pd.isna(found) else str(found)


def test_every_layer_of_the_docs_is_there_whole_in_both_languages() -> None:
    assert {layer.id for layer in LAYERS} >= NAMED_IN_DOCS
    for layer in LAYERS:
        texts = [layer.layer.name, layer.layer.load, *(rule.name for rule in layer.class_)]
        assert all(text and text.pt.strip() and text.en.strip() for text in texts), layer.id
        assert layer.layer.domain, layer.id
        assert layer.layer.symbol, layer.id
        assert layer.class_, layer.id
        assert all(rule.osm or rule.kind or rule.kind_label or rule.wikidata or rule.label for rule in layer.class_)


def test_every_file_keeps_to_the_published_schema() -> None:
    schema = layer_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for path in SHIPPED.glob("*.toml"):
        jsonschema.validate(tomllib.loads(path.read_text("utf-8")), schema)


def test_a_deprecated_spelling_is_read_only_beside_its_replacement() -> None:
    read = [
        {f"{term.key}={one}" for text in rule.osm for term in parse_expression(text) for one in term.accepted or ()}
        for layer in LAYERS
        for rule in layer.class_
    ]
    for old, new in DEPRECATED.items():
        users = [tags for tags in read if old in tags]
        assert users, f"{old} is read nowhere any more: take it off this list"
        assert all(new in tags for tags in users), old


def test_all_nine_kinds_of_actors_stand_behind_some_class() -> None:
    assert len({rule.actor for layer in LAYERS for rule in layer.class_ if rule.actor}) == 9


def test_a_planner_adds_a_class_without_python(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "layers")
    with (tmp_path / "layers/firms.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[class]]\nid = "bell_foundry"\nosm = ["craft=bell_founder"]\n')
        file.write('name = { pt = "Fundição de sinos", en = "Bell foundry" }\n')
    made = load_layers([tmp_path / "layers"])
    assert class_of(osm("craft=bell_founder")) == "other_business"
    assert classes(osm("craft=bell_founder"), layers=made).tolist() == ["bell_foundry"]


def test_an_atlas_overrides_a_layer_by_its_file_name(tmp_path: Path) -> None:
    (tmp_path / "cinemas.toml").write_text(
        '[layer]\nname = {pt = "Salas", en = "Rooms"}\ndomain = "E"\norder = 40\nrole = "venue"\n'
        '[[class]]\nid = "cinema"\nname = {pt = "Cinema", en = "Cinema"}\nosm = ["amenity=picture_house"]\n',
        encoding="utf-8",
    )
    layers = load_layers([SHIPPED, tmp_path])
    assert len(layers) == len(LAYERS)
    found = classes(osm("amenity=cinema"), osm("amenity=picture_house"), layers=layers)
    assert found.isna().tolist() == [True, False]


BAD = {
    "a.toml": '[layer]\nnome = {pt="A", en="A"}\ndomain = "A"\norder = 1\nrole = "venue"\n',
    "b.toml": '[layer]\nname = {pt="B", en="B"}\ndomain = "A"\norder = 1\nrole = "venue"\n'
    '[[class]]\nid = "one"\nname = {pt="1", en="1"}\nosm = ["amenity"]\nlabel = ["(open"]\n',
    "c.toml": '[layer]\nname = {pt="C", en="C"}\ndomain = "A"\norder = 1\nrole = "venue"\n'
    '[[class]]\nid = "one"\nname = {pt="1", en="1"}\nwieght = 2\n[[class]]\nid = "museum"\nname = {pt="M", en="M"}\n',
    "d.toml": '[layer]\nname = {pt="D", en="D"}\ndomain = "A"\norder = 1\nrole = "venue"\n'
    '[[class]]\nid = "museum"\nname = {pt="M", en="M"}\n',
    "e.toml": "[layer\n",
}


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name, text in BAD.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as fault:
        load_layers([SHIPPED, tmp_path])
    told = fault.value.text("pt")
    for wanted in (
        "«layer.nome»", "Será «name»?", "«amenity» não é uma etiqueta", "(open", "wieght", "Será «weight»?",
        "A classe «museum» já existe", "TOML", "b.toml, linha 9", *(f"{name}.toml" for name in "abcde"),
    ):  # fmt: skip
        assert wanted in told, wanted
    assert len(fault.value.text("en").splitlines()) == len(told.splitlines()) >= 7


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["tourism=museum", "historic=castle", "heritage=2"], "museum|castle|classified"),  # venues before heritage
        (["shop=art"], "gallery"),
        (["shop=books;music"], "bookshop|music_shop|reading_place"),
        (["amenity=studio", "studio=radio"], "broadcaster"),  # not an artist's studio
        (["amenity=studio", "studio=audio"], "recording_studio"),
        (["amenity=bar"], "bar"),
        (["amenity=bar", "live_music=yes"], "live_music|bar"),
        (["amenity=theatre", "theatre:type=amphi"], "open_air_stage"),
        (["office=coworking"], "coworking"),
        (["amenity=coworking_space"], "coworking"),
        (["shop=supermarket"], "other_business"),
        (["shop=no"], None),
        (["historic=castle", "castle_type=palace"], "manor"),
        (["amenity=place_of_worship", "name=Capela de São Roque"], None),
        (["amenity=place_of_worship", "heritage=no"], None),
        (["amenity=place_of_worship", "heritage=2"], "historic_church|classified"),
        (["amenity=place_of_worship", "protection_title=Sem proteção legal"], None),
        (["historic=wayside_cross"], "wayside"),
        (["tourism=artwork", "historic=wayside_shrine"], "wayside"),
        (["tourism=artwork", "artwork_type=mural"], "street_art"),
        (["historic=archaeological_site", "megalith_type=dolmen", "heritage:ref=MN"], "megalith|classified"),
        (["historic=archaeological_site", "site_type=tumulus"], "mound"),
        (["cae3=90010"], "theatre"),
        (["cae3=90.01.0"], "theatre"),
        (["cae4=91210"], "museum"),
        (["leisure=garden", "access=private"], None),
    ],
)
def test_tags_make_classes(tags: list[str], found: str | None) -> None:
    assert class_of(osm(*tags)) == found


@pytest.mark.parametrize("stage", ["was", "demolished", "razed", "removed", "proposed", "planned", "construction"])
def test_what_is_not_there_has_no_class(stage: str) -> None:
    assert class_of(osm(f"{stage}:amenity=theatre")) is None
    assert class_of(osm("amenity=theatre", f"{stage}=yes")) is None
    assert class_of(osm("historic=castle", f"{stage}=yes")) is None


@pytest.mark.parametrize("stage", ["disused", "abandoned"])
def test_what_is_out_of_use_is_no_venue_but_may_be_space(stage: str) -> None:
    assert class_of(osm(f"{stage}:amenity=theatre")) == "disused_venue"
    assert class_of(osm("amenity=theatre", f"{stage}=yes")) == "disused_venue"
    assert class_of(osm(f"{stage}:amenity=theatre", "amenity=cafe")) == "cafe|disused_venue"
    assert class_of(osm(f"{stage}:amenity=atm")) is None
    assert class_of(osm(f"{stage}:shop=books")) == "vacant_shop"
    assert class_of(osm("shop=books", f"{stage}=yes")) == "vacant_shop"
    assert class_of(osm("historic=castle", f"{stage}=yes")) == "castle"
    assert class_of(osm("tourism=museum", f"{stage}=no")) == "museum"


def test_a_vacant_shop_is_space_and_no_shop() -> None:
    assert class_of(osm("shop=vacant")) == "vacant_shop"


def test_a_ruin_is_heritage_or_space_never_both() -> None:
    assert class_of(osm("historic=ruins")) == "ruin"
    assert class_of(osm("historic=ruins", "heritage=7")) == "protected_ruins|classified"
    assert class_of(osm("building=yes", "ruins=yes")) == "ruin"
    assert class_of(osm("building=yes", "ruins=yes", "historic=castle")) == "castle"
    for tags in (["building=ruins", "heritage=2"], ["historic=ruins", "protection_title=MN"], ["ruins=castle"]):
        found = set(str(class_of(osm(*tags))).split("|"))
        assert not (found & {"ruin"} and found & {"classified", "protected_ruins", "castle"}), tags


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("recintos", "Estádio Municipal de Braga", None),
        ("recintos", "Praça de Touros de Viana do Castelo", None),
        ("recintos", "Campo da Feira de Barcelos", None),
        ("recintos", "Estádio do Varzim Sport Club", None),
        ("recintos", "Theatro Circo", "theatre"),
        ("recintos", "CINE-TEATRO DE FAFE", "theatre"),
        ("recintos", "Coreto em Canelas", "bandstand"),
        ("recintos", None, None),
        ("monumentos", "Teatro Romano", "monument"),  # the name is not asked where the kind says enough
        ("Anta/Dólmen", None, "megalith"),
        ("Castelo", None, "castle|castle_site"),
        ("PUBLIC_POLYTECHNIC", None, "polytechnic"),
        ("theatre_network", None, "theatre"),
        ("rail_station", None, "rail_station"),
        ("stop", None, "stop"),
        ("ruined_building", None, "ruin"),
        ("short_let", None, "short_let"),
        ("world_heritage", None, "world_heritage"),
        ("http://www.wikidata.org/entity/Q33506", None, "museum"),
        ("Q1007870 | Q33506", None, "museum|gallery"),
        ("amenity=cinema", None, "cinema"),
        ("galleries", None, "gallery"),
        ("Sala de música ao vivo", None, "live_music"),
        ("qualquer coisa", "Museu", None),
    ],
)
def test_kinds_and_where_they_say_too_little_names(kind: str, name: str | None, found: str | None) -> None:
    assert class_of(record(name, kind)) == found


def test_a_name_is_asked_only_where_the_class_was_lost() -> None:
    assert class_of(record("Galeria Presença")) is None
    assert class_of(record("Galeria Presença", marks="position_doubtful|class_guessed")) == "gallery"
    assert class_of(record("Gallery Hostel", marks="class_guessed")) is None
    assert class_of(record(None, marks="class_guessed")) is None


def test_a_source_fills_only_the_layers_that_it_may() -> None:
    found = classes(osm("tourism=museum", "historic=castle"), osm("amenity=cafe"), allowed=("heritage",))
    assert found.isna().tolist() == [False, True]
    assert found.iloc[0] == "castle"


def test_words_of_a_kind_column_lead_to_classes_that_exist() -> None:
    ids = set(in_order(LAYERS))
    words = kind_words(LAYERS)
    assert all(set(found) <= ids and found for found in words.values())
    assert words["museus"] == words["museum"] == words["museums"] == ("museum",)


SOME = st.sampled_from(["amenity=cafe", "shop=art", "heritage=2", "disused=yes", "historic=ruins", "name=Ó «|» <b>"])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sets(SOME, min_size=1), min_size=1, max_size=8))
def test_a_record_is_classified_alone(rows: list[set[str]]) -> None:
    """Neither the other records nor their order matter, and the index is kept."""
    table = DataFrame([osm(*sorted(row)) for row in rows], index=[f"r{i}" for i in range(len(rows))])
    shuffled = table.sample(frac=1, random_state=3)
    whole = classify(table, LAYERS)
    assert_series_equal(classify(shuffled, LAYERS), whole.loc[shuffled.index])
    assert [class_of(one) for one in table.to_dict("records")] == [None if pd.isna(x) else x for x in whole]


def test_tags_that_are_no_json_are_a_fault_of_their_record() -> None:
    with pytest.raises(SourceError, match="way/7"):
        classes(record() | {"tags": "{broken", "record_id": "way/7"})


def test_no_records_no_classes() -> None:
    empty = classify(DataFrame({"tags": [], "kind": [], "name": [], "marks": []}), LAYERS)
    assert len(empty) == 0
