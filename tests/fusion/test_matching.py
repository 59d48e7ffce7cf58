"""What becomes one place, and what never does."""

from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from made_records import atlas_of, box, fused, groups, records, source, together

from atlas.fusion import fuse
from atlas.fusion.block import candidate_pairs
from atlas.fusion.compare import KIN_CLASS, SAME_CLASS, features
from atlas.fusion.decide import group
from atlas.fusion.fuse import compare, prepare, readings
from atlas.fusion.identifiers import identifiers
from atlas.fusion.names import all_names, core, numbers_in
from atlas.fusion.near import BLOCK_PAIRS, WINDOW, keyed_pairs

A, B, C = source("a", "2021"), source("b", "2022"), source("c", "2023")
WIKIDATA = source("w", read={"identifier": "wikidata"})
OSM = source("o", licence="ODbL 1.0")


ALIKE = [
    ("Museu do Papel", "museum", "Paper Museum – Museu do Papel", "museum", 30),
    ("Cine-Teatro Garrett", "theatre", "Cineteatro Garrett", "cinema", 40),
    ("Mamoa do Alto do Cotorino", "mound", "Alto do Catorino", "megalith", 150),
    ("Casa do Infante (56)", "museum", "Casa do Infante", "museum", 10),
    ("Mamoa 1 de Chã de Lamas", "mound", "Chã de Lamas I", "mound", 20),
    ("Museu de Cinema Jean Loup Passek", "museum", "Museu do Cinema de Melgaço", "museum", 5),
    ("Casa da Câmara", "historic_building", "Antiga Casa da Câmara", "museum", 10),
    ("Dólmen no terreno designado «Leira Longa», junto a uma veiga", "monument", "Leira Longa", "megalith", 30),
    ("ISAG", "university", "Instituto Superior de Administração e Gestão", "university", 10),
    ("Igreja Matriz", "historic_church", "Igreja de São Pedro", "historic_church", 10),
    ("Bibl. Mun. Prof. Vieira Dinis", "library", "Biblioteca Municipal Professor Vieira Dinis", "library", 60),
    ("Capela de N.ª Sr.ª da Lapa", "historic_church", "Nossa Senhora da Lapa", "historic_church", 20),
    ("Театр Рахманова", "theatre", "Teatr Rakhmanova", "theatre", 40),
    ("Museu d’Ávila", "museum", "Museu d'Avila", "museum", 60),
    ("Theatro Baptista", "theatre", "Teatro Batista", "theatre", 60),
]
UNLIKE = [
    ("Teatro Rivoli", "theatre", "Café Rivoli", "cafe", 5),
    ("Mamoa 1 de Chã de Lamas", "mound", "Mamoa 2 de Chã de Lamas", "mound", 20),
    ("Capela de Santa Bárbara", "historic_church", "Capela de Santa Bárbara", "historic_church", 3000),
    ("Castelo de Vimioso", "monument", "Pelourinho de Vimioso", "monument", 5),
    ("Castelo de Vimioso", "castle", "Pelourinho de Vimioso", "pillory", 0),
    ("Igreja de São Bento da Vitória", "historic_church", "Igreja de Nossa Senhora do Carmo", "historic_church", 15),
    ("Museu do Cinema", "museum", "Museu do Pão", "museum", 20),
    ("Museu Militar", "museum", "Museu do Vitral", "museum", 20),
    ("Universidade do Porto", "university", "Universidade do Porto - Faculdade de Letras", "university", 5),
]


@pytest.mark.parametrize(("pair", "one_place"), [(pair, True) for pair in ALIKE] + [(pair, False) for pair in UNLIKE])
def test_two_records_are_one_place(pair: tuple[str, str, str, str, int], one_place: bool) -> None:
    name, class_, other, other_class, apart = pair
    found = fused([("a", "1", name, class_, (0, 0)), ("b", "1", other, other_class, (apart, 0))], A, B)
    assert together(found, ("a", "1"), ("b", "1")) is one_place


def test_a_fusion_tells_how_far_it_is() -> None:
    told: list[float] = []
    rows = records(("a", "1", "Museu do Ouro", "museum", (0, 0)), ("b", "1", "Museu do Ouro", "museum", (9, 0)))
    fuse(rows, atlas_of(A, B), progress=told.append)
    assert len(told) >= 4
    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1


def test_a_match_in_doubt_marks_both_places_and_lists_the_pair() -> None:
    rows = [
        ("a", "1", "Igreja de São Bento", "historic_church", (0, 0)),
        ("b", "1", "Igreja do Carmo", "historic_church", (10, 0)),
        ("a", "2", "Capela de Algoso", "historic_church", (5000, 0)),
    ]
    found = fused(rows, A, B)
    place = found.members.set_index("record_id")["place_id"].drop_duplicates().tolist()
    marks = found.places.set_index("place_id")["marks"]
    assert len(place) == len(found.places) == 3
    assert sorted(marks.str.contains("disputed")) == [False, True, True]
    pair = found.disputes.iloc[0]
    assert len(found.disputes) == 1
    assert {(pair["source_a"], pair["record_a"]), (pair["source_b"], pair["record_b"])} == {("a", "1"), ("b", "1")}
    assert 0.2 <= pair["p"] < 0.5


def test_a_point_in_an_outline_whose_name_says_more_is_the_same_place_and_another_kind_is_not() -> None:
    palace = ("a", "1", "Paço Episcopal do Porto", "manor", box(0, 0, 50))
    second = ("c", "2", "Paço Episcopal do Porto", "manor", (20, 20))
    shorter = ("c", "1", "Paço Episcopal (2)", "manor", (50.5, 20))
    chapel = ("c", "3", "Capela do Paço Episcopal", "historic_church", (10, 10))
    assert groups(fused([palace, second, shorter, chapel], A, C)) == {
        frozenset({("a", "1"), ("c", "1"), ("c", "2")}),
        frozenset({("c", "3")}),
    }


def test_a_shared_identifier_decides_near_by_and_is_a_slip_far_away() -> None:
    near = [
        ("w", "Q1", "Cinema Olímpia", "cinema", (0, 0)),
        ("o", "way/1", "Batalha", "museum", (10, 0), '{"wikidata": "Q1"}'),
    ]
    far = [near[0], (*near[1][:4], (1100, 0), near[1][5])]
    assert together(fused(near, WIKIDATA, OSM), ("w", "Q1"), ("o", "way/1"))
    assert not together(fused(far, WIKIDATA, OSM), ("w", "Q1"), ("o", "way/1"))


def test_two_entities_of_one_register_never_meet_not_even_through_a_third() -> None:
    other = source("w2", "2026", read={"identifier": "wikidata"})
    rows = [
        ("w", "Q1", "Museu do Ouro", "museum", (0, 0)),
        ("w2", "Q2", "Museu do Ouro", "museum", (0, 0)),
        ("o", "way/1", "Museu do Ouro", "museum", (5, 0)),
    ]
    found = fused(rows, WIKIDATA, other, OSM)
    assert not together(found, ("w", "Q1"), ("w2", "Q2"))
    assert len(groups(found)) == 2


def test_one_source_gives_two_records_to_a_place_by_rule_alone() -> None:
    named = [("o", "node/1", "Galeria X", "gallery", (0, 0)), ("o", "node/2", "Galeria X", "gallery", (4, 0))]
    assert len(groups(fused(named, OSM))) == 2
    building = [("o", "way/1", "Galeria X", "gallery", box(-5, -5, 20)), *named]
    assert len(groups(fused(building, OSM))) == 1  # nodes in their own building
    rooms = [("o", f"node/{at}", None, "coworking", (at * 20, 0)) for at in range(5)]
    assert len(groups(fused(rooms, OSM))) == 1  # 20 m apart, chained
    shops = [("o", f"node/{at}", None, "vacant_shop", (at * 2, 0)) for at in range(5)]
    assert len(groups(fused(shops, OSM))) == 5  # each is a vacant unit
    kinds = [("w", "Q1/museus", "Casa", "museum", (0, 0)), ("w", "Q1/monumentos", "Casa", "monument", (900, 0))]
    found = fused(kinds, WIKIDATA)
    assert found.places["classes"].tolist() == ["museum|monument"]


NAMES = [
    "Museu do Ouro",
    "Museu do Ouro de Travassos",
    "Museu da Prata",
    "Teatro Sá",
    "Cine-Teatro Sá",
    "Sá",
    "Mamoa 1",
    "Mamoa 2",
    None,
]
ROW = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(NAMES),
    st.sampled_from(["museum", "theatre", "cinema", "mound", "coworking"]),
    st.integers(0, 4).map(lambda n: n * 40),
)
ROWS = st.lists(ROW, min_size=1, max_size=12).map(
    lambda rows: [(one, f"{at}", name, class_, (x, 0)) for at, (one, name, class_, x) in enumerate(rows)]
)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(rows: list[tuple[object, ...]], random: Random) -> None:
    once = fused(rows, A, B, C)
    mixed = [*rows, *rows]
    random.shuffle(mixed)
    again = fused(mixed, C, A, B)
    assert groups(again) == groups(once)
    assert set(again.places["place_id"]) == set(once.places["place_id"])


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_two_records_of_a_source_in_one_place_are_namesakes_or_nameless_rooms(rows: list[tuple[object, ...]]) -> None:
    name = {(row[0], row[1]): all_names(pd.Series([row[2]]), pd.Series([None]))[0] for row in rows}
    class_ = {(row[0], row[1]): row[3] for row in rows}
    for place in groups(fused(rows, A, B, C)):
        for of in "abc":
            mine = [record for record in place if record[0] == of]
            told = {(core(own), numbers_in((own,))) for record in mine for own in name[record][:1]}
            rooms = all(not name[record] and class_[record] == "coworking" for record in mine)
            assert len(mine) < 2 or len(told) == 1 or rooms


BOX = st.tuples(st.integers(0, 3000), st.integers(0, 3000), st.sampled_from([0, 0, 0, 30, 400, 9000]))
MADE = st.tuples(BOX, st.integers(0, 2), st.sets(st.sampled_from("xyz"), min_size=1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(BOX, st.integers(0, 2), st.sets(st.sampled_from("xyz"), min_size=1)), min_size=2, max_size=14)
)
def test_pairs_by_key_and_place_are_all_there_are(made: list[tuple[tuple[int, int, int], int, set[str]]]) -> None:
    geometry = np.array(
        [shapely.box(x, y, x + side, y + side) if side else shapely.Point(x, y) for (x, y, side), _, _ in made]
    )
    of = np.array([one for _, one, _ in made])
    keys = [(row, key) for row, (_, _, held) in enumerate(made) for key in sorted(held)]
    a, b = keyed_pairs(keys, geometry, of, np.array([""] * len(made), dtype=object), radius_m=200)
    wanted = {
        (x, y)
        for x in range(len(made))
        for y in range(x + 1, len(made))
        if of[x] != of[y] and made[x][2] & made[y][2] and shapely.distance(geometry[x], geometry[y]) <= 200
    }
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == wanted


@pytest.mark.parametrize(
    ("name", "most"), [(None, 0), ("Café", 2 * 3 * WINDOW * 4000), ("Café {}", 2 * 3 * WINDOW * 4000)]
)
def test_thousands_of_records_at_one_spot_make_no_quadratic_block(name: str | None, most: int) -> None:
    each = 2000
    assert each * each > BLOCK_PAIRS
    rows = [(one, f"{at}", name and name.format(at), "cafe", (at % 7, at % 11)) for one in "ab" for at in range(each)]
    atlas = atlas_of(A, B)
    ready = readings(prepare(records(*rows).assign(moved=False), atlas))
    assert len(candidate_pairs(ready, identifiers(ready, atlas))) <= most


def test_a_record_joins_its_best_match_and_not_what_stands_nearer() -> None:
    rows = [
        ("a", "1", "Igreja do Carmo", "historic_church", (0, 0)),
        ("b", "1", "Igreja dos Carmelitas", "historic_church", (2, 0)),
        ("b", "2", "Igreja do Carmo", "historic_church", (12, 0)),
    ]
    assert together(fused(rows, A, B), ("a", "1"), ("b", "2"))


def test_what_was_decided_apart_stays_apart_through_a_third() -> None:
    pairs = pd.DataFrame({"a": [0, 1], "b": [1, 2], "p": [0.9, 0.8], "rule": 0})
    sources = np.array(["a", "b", "c"], dtype=object)
    assert group(pairs, sources)[0].tolist() == [0, 0, 0]
    assert group(pairs, sources, apart=[(0, 2)])[0].tolist() == [0, 0, 2]


def test_without_identifiers_the_model_does_not_see_what_one_source_states_of_another() -> None:
    rows = [
        ("w", "Q1", "Mamoa da Moura", "megalith", (0, 0)),
        ("o", "node/1", "Anta de Vilarinho", "megalith", (6, 0), '{"wikidata": "Q1"}'),
    ]
    atlas = atlas_of(WIKIDATA, OSM)
    ready = prepare(records(*rows).assign(moved=False), atlas)
    assert len(set(compare(ready, atlas).groups)) == 1
    assert len(set(compare(ready, atlas, identifiers_seen=False).groups)) == 2


def test_a_row_without_coordinates_goes_to_the_one_place_of_its_name_in_its_municipality() -> None:
    rows = records(
        ("a", "1", "Teatro Rivoli", "theatre", None),
        ("b", "1", "Teatro Municipal Rivoli", "theatre", (0, 0)),
        ("b", "2", "Teatro Sá", "theatre", (500, 0)),
    ).assign(parent=["1312", None, None])
    assert together(fuse(rows, atlas_of(A, B)), ("a", "1"), ("b", "1"))
    named = rows.assign(parent=["São João", None, None], parent_at="São João da Madeira")
    assert fuse(named, atlas_of(A, B)).unplaced["record_id"].tolist() == ["1"]
    elsewhere = rows.assign(parent=["0303", None, None])
    found = fuse(elsewhere, atlas_of(A, B))
    assert found.unplaced["record_id"].tolist() == ["1"]


def features_of(one: tuple[object, ...], other: tuple[object, ...], step: int, *, outline_m: float = 0.0) -> pd.Series:
    atlas = atlas_of(A, B)
    held = readings(prepare(records(("a", "1", *one), ("b", "1", *other)).assign(moved=False), atlas))
    if outline_m:
        held.loc[0, "geometry"] = held.geometry[0].buffer(outline_m / 2, cap_style="square")
    pair = pd.DataFrame({"a": [0], "b": [1], "distance_m": [0.0], "alone": False, "same_identifier": False})
    return features(pair.assign(other_identifier=False), held, np.array([step])).iloc[0]


@pytest.mark.parametrize(
    ("one", "other", "counts"),
    [
        ("Mamoa 2 de Aspra", "Mamoa de Aspra", 1.0),
        ("Mamoa 1 de Aspra", "Mamoa de Aspra", 0.0),  # the first often goes without
        ("Mamoa 2 de Aspra", "Mamoa", 0.0),  # any of the row
        ("Arreçaio 6/ Anta de Aspra", "Anta de Aspra", 0.0),  # by the spellings most alike
    ],
)
def test_a_number_that_one_name_alone_has_speaks_against_it_if_both_names_say_more(
    one: str, other: str, counts: float
) -> None:
    told = features_of((one, "mound", (0, 0)), (other, "mound", (0, 0)), SAME_CLASS)
    assert told["one_number"] == counts


def test_what_is_named_after_another_thing_says_no_other_kind() -> None:
    house = ("Quinta de Santiago", "manor", (0, 0))
    assert features_of(("Museu da Quinta de Santiago", "museum", (0, 0)), house, KIN_CLASS)["other_kind"] == 0
    assert features_of(("Museu de Santiago", "museum", (0, 0)), house, KIN_CLASS)["other_kind"] == 1


def test_within_a_large_outline_nearness_says_less() -> None:
    one, other = ("Universidade", "university", (0, 0)), ("Faculdade de Letras", "university", (0, 0))
    small, large = (features_of(one, other, SAME_CLASS, outline_m=side)["log_distance"] for side in (10.0, 400.0))
    assert np.isclose(small, np.log1p(0.5)) and np.isclose(large, np.log1p(20.0))


@pytest.mark.parametrize(("date", "kept"), [("2025", True), ("", True), ("maio de 2019", True), ("2019-05", False)])
def test_only_a_source_that_is_known_to_be_older_changes_an_id(date: str, kept: bool) -> None:
    old, new = source("b", "2021"), source("a", date)
    rows = [("b", "1", "Museu do Ouro", "museum", (0, 0)), ("a", "1", "Museu do Ouro", "museum", (5, 0))]
    (before,), (after,) = (set(one.places["place_id"]) for one in (fused(rows[:1], old), fused(rows, old, new)))
    assert (before == after) is kept
