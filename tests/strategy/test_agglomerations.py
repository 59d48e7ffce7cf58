"""Quarters: where they part, what does not count as one, and that far places change nothing."""

from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import CENTRE, grid, places_at

from atlas.built import Built
from atlas.config import Atlas
from atlas.ranking import rank_table, rows_of
from atlas.strategy.agglomerations import agglomerations, climb
from atlas.strategy.naming import name_quarter
from atlas.strategy.walks import walks

UNITS = grid(5)
QUARTER = [
    ("museum", 500, 500), ("theatre", 560, 500), ("gallery", 500, 580), ("library", 590, 560), ("bookshop", 540, 540),
]  # fmt: skip


def found(atlas: Atlas, spots: list[tuple[str, float, float]], **columns: object) -> pd.DataFrame:
    return agglomerations(places_at(atlas, spots, UNITS, **columns), atlas, UNITS)


def test_five_venues_around_a_square_are_one_quarter(porto_config: Atlas) -> None:
    table = found(porto_config, QUARTER)
    assert len(table) == 1
    row = table.iloc[0]
    assert row["places"] == 5
    assert row["worth"] == 5.0
    assert row["classes"] == "bookshop=1|gallery=1|library=1|museum=1|theatre=1"
    assert row["members"].split("|") == [f"p{n:012d}" for n in range(5)]
    assert row["neighbourhoods"] == "130000"
    assert row.geometry.contains(shapely.Point(CENTRE[0] + 500, CENTRE[1] + 500))


def test_a_street_of_venues_does_not_chain_two_squares_into_one(porto_config: Atlas) -> None:
    """Two squares 1,200 m apart, a gallery every 200 m between them: linked all the way, yet two quarters."""
    other = [(one, x + 1200, y) for one, x, y in QUARTER]
    street = [("gallery", 540 + 200.0 * step, 520) for step in range(1, 6)]
    table = found(porto_config, QUARTER + other + street)
    assert len(table) == 2
    assert table["places"].tolist() == [8, 7]
    assert set(table["id"]) == {"q000000000004", "q000000000009"}


@pytest.mark.parametrize(
    ("why", "spots"),
    [
        ("a campus with its own museums", [("university", 500 + 30.0 * n, 500) for n in range(8)]
         + [("museum", 520, 540), ("museum", 560, 540)]),
        ("a mall with its cinema", [("design_shop", 500 + 10.0 * n, 500) for n in range(20)]
         + [("bookshop", 500, 520), ("music_shop", 520, 520), ("cinema", 540, 520)]),
        ("one museum with rooms mapped one by one", [("museum", 500, 500)] * 9 + [("library", 502, 500)]),
        ("three venues", QUARTER[:3]),
        ("nothing", []),
    ],
)  # fmt: skip
def test_is_no_agglomeration(porto_config: Atlas, why: str, spots: list[tuple[str, float, float]]) -> None:
    assert not len(found(porto_config, spots)), why


def test_a_class_that_is_only_guessed_counts_for_half(porto_config: Atlas) -> None:
    table = found(porto_config, QUARTER, marks=[None, None, None, "class_guessed|single_source", None])
    assert table.iloc[0]["worth"] == 4.5
    assert table.iloc[0]["guessed"] == pytest.approx(0.111, abs=0.001)
    assert not len(found(porto_config, QUARTER, marks="class_guessed"))


def test_what_counts_by_itself_stays_and_what_does_not_joins_its_neighbour(porto_config: Atlas) -> None:
    """Three shops 460 m from the square have a summit of their own, and no culture; a bookshop stands between."""
    shops = [("antiques", 1000, 540), ("bookshop", 1010, 540), ("antiques", 1005, 555), ("bookshop", 770, 540)]
    spots = np.array([spot[1:] for spot in QUARTER + shops], dtype=float)
    pairs = walks(porto_config, spots, limit_m=400, streets=None)
    assert len(set(climb(pairs, np.ones(9), walk_m=400)[1])) == 2
    assert found(porto_config, QUARTER + shops)["places"].tolist() == [9]
    assert found(porto_config, QUARTER + shops[:3])["places"].tolist() == [5]


def test_a_quarter_is_named_after_its_street_else_after_its_most_telling_venue() -> None:
    members = pd.DataFrame(
        {
            "name": ["Livraria", "Museu A", "Teatro B", None],
            "class_": ["bookshop", "museum", "theatre", "gallery"],
            "n_records": [1, 4, 4, 1],
            "density": [4.0, 3.0, 2.0, 1.0],
            "street": ["Rua de Miguel Bombarda", "Rua Miguel Bombarda", "Rua de Miguel Bombarda", None],
        }
    )
    assert name_quarter(members, "Porto", "q1") == "Rua de Miguel Bombarda (Porto)"
    assert name_quarter(members.assign(street=None), "Braga", "q1") == "Teatro B (Braga)"
    assert name_quarter(members.assign(street=None, name=None), "Braga", "q1") == "q1 (Braga)"


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(3_000, 30_000))
def test_a_far_place_and_the_order_of_rows_change_no_quarter(porto_config: Atlas, random: Random, away: float) -> None:
    places = places_at(porto_config, QUARTER, UNITS)
    far = places_at(porto_config, [*QUARTER, ("museum", 500 + away, 500)], UNITS)
    order = list(range(len(far)))
    random.shuffle(order)
    before = agglomerations(places, porto_config, UNITS)
    after = agglomerations(far.iloc[order], porto_config, UNITS)
    pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(after))


def test_the_ranking_names_the_agglomerations_of_each_unit(porto: Built, norte: Built) -> None:
    """A unit names those with a member in it, and none of the others; a municipality those of its parishes."""
    members = porto.store.read("places").set_index("place_id")["neighbourhood"]
    wanted: dict[str, set[str]] = {}
    for row in porto.store.read("agglomerations").itertuples(index=False):
        for code in set(members[row.members.split("|")].dropna()):
            wanted.setdefault(code, set()).add(row.name)
    rows = rows_of(rank_table(porto))
    assert {row["code"]: set(row["agglomerations"]) for row in rows if row["agglomerations"]} == wanted
    declining = rank_table(norte, "decline").set_index("code")["agglomerations"]
    assert declining["0303"].count("|") + 1 == len(norte.store.read("agglomerations").query("parent == '0303'"))


def test_a_planner_reads_where_an_agglomeration_is(norte: Built) -> None:
    """Its name, its parishes and its municipality; the id and the coordinates are for programs."""
    from atlas.commands.strategy_answers import agglomerations_answer

    told = agglomerations_answer(norte, "pt", "0303")
    assert told.shown is not None
    assert [list(row) for row in told.shown] == [["nome", "freguesia", "município", "lugares", "mistura"]] * 2
    assert {row["município"] for row in told.shown} == {"Braga"}
    names = set(norte.units.loc[norte.units["parent"] == "0303", "name"])
    assert all(any(row["freguesia"].startswith(name) for name in names) for row in told.shown)
    assert all({"id", "lon", "lat"} <= row.keys() for row in told.rows)
