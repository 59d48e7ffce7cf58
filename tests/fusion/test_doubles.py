"""One thing that one source holds twice becomes one place; two things side by side stay two."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from made_records import atlas_of, box, fused, groups, records, source, together

from atlas.fusion import fuse
from atlas.fusion.completeness import estimate
from atlas.fusion.doubles import attested
from atlas.fusion.fuse import DOUBLE_P

A, B = source("a", "2021"), source("b", "2022")
WIKIDATA = source("w", "2020", read={"identifier": "wikidata"})
LATER = source("w2", "2026", read={"identifier": "wikidata"})

ONE = [
    (("Taberna dos Mercadores", "eating_out"), ("Taberna dos Mercadores", "eating_out"), 6),
    (("Terreirinho", "eating_out"), ("Restaurante do Terreirinho", "eating_out"), 17),
    (("Wine Quay", "bar"), ("Wine Quay", "eating_out"), 20),
    (("Palácio da Bolsa", "museum"), ("Palácio da Bolsa (48)", "manor"), 38),
    (("Forte de São João (Castelo Velho)", "castle"), ("Forte de São João", "castle"), 40),
]
TWO = [
    (("Taberna dos Mercadores", "eating_out"), ("Taberna dos Mercadores", "eating_out"), 60),
    (("Lima 5 (Minimercado)", "other_business"), ("Lima 5", "eating_out"), 30),
    (("Casa dos Arcos", "historic_building"), ("Casa dos Arcos", "bookshop"), 5),
    (
        ("Escola Superior de Saúde Santa Maria", "university"),
        ("Escola Superior de Educação Santa Maria", "university"),
        9,
    ),
    (("Farmácia da Foz", "other_business"), ("Mercearia da Foz", "other_business"), 5),
    (("Capela de São Paulo", "historic_church"), ("Castro de São Paulo", "hill_fort"), 5),
    (("Mamoa 1 de Chã", "monument"), ("Mamoa 2 de Chã", "monument"), 5),
    (("Sala 1 do Cinema Sá", "cinema"), ("Sala 2 do Cinema Sá", "cinema"), 0),
    (("Casa da Música", "stop"), ("Casa da Música", "stop"), 12),
    (("Mamoa da Chã", "mound"), ("Mamoa da Chã", "mound"), 30),
    (("Sem título", "artwork"), ("Sem título", "artwork"), 7),
    (("Pelourinho", "pillory"), ("Pelourinho", "pillory"), 7),
]


@pytest.mark.parametrize(
    ("one", "other", "apart", "joined"), [(*row, True) for row in ONE] + [(*row, False) for row in TWO]
)
def test_two_records_of_one_source(one: tuple[str, str], other: tuple[str, str], apart: int, joined: bool) -> None:
    found = fused([("a", "1", *one, (0, 0)), ("a", "2", *other, (apart, 0))], A)
    assert together(found, ("a", "1"), ("a", "2")) is joined
    if joined:
        assert found.places["n_records"].tolist() == [2]
        assert found.members["p_match"].min() == DOUBLE_P


def test_what_states_two_doors_floors_or_branches_is_two() -> None:
    for key, values in {"addr:housenumber": "57 59", "level": "0 1", "branch": "Baixa Foz", "ref": "C-1 C-2"}.items():
        first, second = values.split()
        rows = [
            ("a", "1", "Café Sical", "cafe", (0, 0), f'{{"{key}": "{first}"}}'),
            ("a", "2", "Café Sical", "cafe", (4, 0), f'{{"{key}": "{second}"}}'),
        ]
        assert len(groups(fused(rows, A))) == 2
        assert len(groups(fused([(*row[:5], None) for row in rows], A))) == 1


def test_two_telephones_are_two_and_one_written_otherwise_is_one() -> None:
    for second, joined in (("222 080 119", True), ("+351 222 339 900; 222 339 901", False)):
        told = [f'{{"phone": "{number}"}}' for number in ("+351 222080119", second)]
        rows = [("a", f"{at}", "Café Sical", "cafe", (at * 4, 0), tags) for at, tags in enumerate(told)]
        assert together(fused(rows, A), ("a", "0"), ("a", "1")) is joined


def test_a_second_name_that_two_share_joins_neither_points_nor_outlines() -> None:
    tags = '{"short_name": "ATL"}'
    for where in ((box(0, 0, 30), box(10, 10, 15)), ((0, 0), (4, 0))):
        rows = [
            ("a", "1", "Recheio", "other_business", where[0], tags),
            ("a", "2", "António Lopes", "other_business", where[1], tags),
        ]
        assert len(groups(fused(rows, A))) == 2
        assert len(groups(fused([rows[0], ("a", "2", "ATL", "other_business", where[1], None)], A))) == 1


def test_three_in_a_row_are_no_double_and_a_chain_only_at_one_door() -> None:
    row = [("a", f"{at}", "Marques Soares", "other_business", (at * 20, 0)) for at in range(3)]
    assert len(groups(fused(row, A))) == 3
    near, door = (
        [("a", f"{at}", "Starbucks", "cafe", (x, 0)) for at, x in enumerate((0, apart, 5000))] for apart in (30, 14)
    )
    assert [len(groups(fused(rows, A))) for rows in (near, door)] == [3, 2]


def test_node_way_and_relation_of_one_venue_are_one_place_with_the_id_of_the_first() -> None:
    alone = [("a", "node/1", "Teatro Sá", "theatre", (10, 10))]
    outlines = [
        ("a", "relation/3", "Teatro Sá", "theatre", box(-40, -40, 100)),
        ("a", "way/2", "Teatro Sá", "cinema", box(0, 0, 30)),
    ]
    found = fused([*alone, *outlines], A)
    assert len(groups(found)) == 1
    assert found.places["place_id"].tolist() == fused(alone, A).places["place_id"].tolist()
    assert set(found.members["record_id"]) == {"node/1", "way/2", "relation/3"}
    assert found.places["classes"].tolist() == ["theatre|cinema"]


def test_a_register_that_numbers_one_thing_twice_is_followed_through_its_editions() -> None:
    rows = [
        (source_id, id_, name, "library", (x, 0))
        for source_id in ("w", "w2")
        for id_, name, x in (("Q1", "Biblioteca Professor Vieira", 0), ("Q2", "Biblioteca Prof. Vieira", 8))
    ]
    found = fused(rows, WIKIDATA, LATER)
    assert len(groups(found)) == 1
    middle = [
        *rows,
        *(
            ("w", f"Q{at}", f"Biblioteca de {name}", "library", (0, 0))
            for at, name in enumerate(("Vinhais", "Velas"), 3)
        ),
    ]
    held = fused(middle, WIKIDATA, LATER)  # the town's middle: a name twice at it says nothing
    assert not together(held, ("w", "Q1"), ("w", "Q2"))
    assert len(held.warnings) == 1
    assert "3 records of different names at one point: position in doubt (Q1, Q3, Q4)" in held.warnings[0][1]


def test_a_line_written_twice_is_one_place_and_nameless_units_are_not() -> None:
    rows = [("a", f"{at}", "Café Central", "cafe", (0, 0)) for at in range(500)]
    found = fused(rows, A)
    assert found.places["n_records"].tolist() == [500]
    assert len(groups(fused([(*row[:2], None, "vacant_shop", row[4]) for row in rows[:5]], A))) == 5


def test_a_second_source_attests_two_that_stand_farther_apart() -> None:
    station = [
        ("a", "1", "Estação de São Bento", "rail_station", (0, 0)),
        ("a", "2", "Estação de São Bento (23)", "rail_station", (84, 0)),
    ]
    other = ("b", "1", "São Bento", "rail_station", (40, 0))
    assert len(groups(fused(station, A))) == 2
    assert len(groups(fused([*station, other], A, B))) == 1
    assert len(groups(fused([*station, other, ("b", "2", "Estação de São Bento", "rail_station", (90, 0))], A, B))) == 2


def test_attested_wants_one_of_the_other_source_and_no_rival() -> None:
    double = pd.DataFrame({"a": [0], "b": [1]})
    sources = ["a", "a", "b", "b"]
    one = pd.DataFrame({"a": [0, 1], "b": [2, 2], "p": [0.9, 0.6]})
    rival = pd.concat([one, pd.DataFrame({"a": [1], "b": [3], "p": [0.7]})])
    weak = one.assign(p=[0.9, 0.4])
    assert [len(attested(double, pairs, sources)) for pairs in (one, rival, weak)] == [1, 0, 0]


def test_a_decision_keeps_a_double_apart(tmp_path: Path) -> None:
    rows = [("a", "1", "Museu do Ouro", "museum", (0, 0)), ("a", "2", "Museu do Ouro", "museum", (5, 0))]
    head = "decision,source_a,record_a,source_b,record_b,value,by,date,note\n"
    (tmp_path / "decisions.csv").write_text(head + "different,a,1,a,2,,M,2026-11-20,\n", "utf-8")
    assert len(groups(fused(rows, A, folder=tmp_path))) == 2
    assert len(groups(fused(rows, A))) == 1


def test_a_double_is_no_recapture() -> None:
    """Capture–recapture counts lists, not records: two of one list are one catch."""
    rows = [("a", "1", "Museu do Ouro", "museum", (0, 0)), ("a", "2", "Museu do Ouro", "museum", (5, 0))]
    sources = fused(rows, A).places["sources"].tolist()
    assert sources == ["a"]
    assert estimate([frozenset(text.split("|")) for text in sources], "a", "b")["in_both"] == 0


SPOT = (-8.0, 41.0)


@pytest.mark.parametrize(
    ("rows", "marked"),
    [
        ([("Biblioteca de Viana", "library"), ("Biblioteca de Velas", "library")], True),
        ([("Museu do Pão", "museum"), ("Teatro Sá", "theatre")], False),  # one house
        ([("Museu do Pão", "museum"), ("Teatro Sá", "theatre"), ("Capela da Luz", "historic_church")], True),
        ([("Antas 1", "megalith"), ("Antas 2", "megalith"), ("Antas 3", "megalith")], False),  # one group
        ([("Café Um", "cafe"), ("Café Dois", "cafe"), ("Café Três", "cafe")], False),  # one door
    ],
)
def test_things_of_one_source_at_exactly_one_point_are_of_doubtful_position(
    rows: list[tuple[str, str]], marked: bool
) -> None:
    found = fused([("a", f"{at}", *row, (0, 0)) for at, row in enumerate(rows)], A)
    marks = found.places["marks"].fillna("")
    assert marks.str.contains("position_doubtful").all() == marks.str.contains("position_doubtful").any() == marked
    apart = fused([("a", f"{at}", *row, (at * 0.5, 0)) for at, row in enumerate(rows)], A)
    assert not apart.places["marks"].fillna("").str.contains("position_doubtful").any()


@pytest.mark.parametrize(
    ("lon", "lat", "marked"),
    [(-8.61, 41.15, True), (-8.61, 41 + 7 / 60, False), (-8 - 37 / 60, 41 + 9 / 60, True), (-8.61, 41.1534, False)],
)
def test_rounded_coordinates_are_doubtful(lon: float, lat: float, marked: bool) -> None:
    rows = records(("a", "1", "Museu do Pão", "museum", (0, 0)))
    at = pd.Series([lon]), pd.Series([lat])
    point = gpd.GeoSeries.from_xy(*at, crs=4326).to_crs(rows.crs)
    found = fuse(rows.set_geometry(point.to_numpy(), crs=rows.crs), atlas_of(A))
    assert (found.places["marks"].iloc[0] == "position_doubtful") is marked
    assert rows["marks"].isna().all()  # records are never changed
