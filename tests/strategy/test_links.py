"""Who stands near whom: counted on fingers, against chance that keeps buildings and the kinds of each municipality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import grid, places_at

from atlas.built import Built
from atlas.commands.strategy_answers import links_sentence
from atlas.config import Atlas
from atlas.language import Translator
from atlas.strategy.links import dealt_groups, links, observed_kinds, relabelled, shares, sites_of, two_sided
from atlas.strategy.walks import walks

UNITS = grid(4, 5_000, parents=2)
CLASS_OF = {"company": "bookshop", "cultural_institution": "museum", "art_space": "gallery", "university": "university"}


def row(table: pd.DataFrame, a: str, b: str) -> pd.Series:
    return table[(table["a"] == a) & (table["b"] == b)].iloc[0]


def test_shares_counted_on_fingers(porto_config: Atlas) -> None:
    """Three museums: one beside a gallery, one 300 m from it (390 m on foot), one 320 m away (416 m)."""
    spots = [("museum", 500, 500), ("gallery", 520, 500), ("museum", 820, 500), ("museum", 520, 820)]
    table = links(places_at(porto_config, spots, UNITS), porto_config, permutations=99)
    assert row(table, "cultural_institution", "art_space")["observed"] == pytest.approx(2 / 3)
    assert row(table, "art_space", "cultural_institution")["observed"] == 1.0
    assert row(table, "university", "company")["relation"] == "absent"
    assert len(table) == 5 * 4


def test_rooms_of_one_building_are_one_and_guesses_are_none(porto_config: Atlas) -> None:
    spots = [("museum", 500 + 10.0 * n, 500) for n in range(8)] + [("gallery", 505, 505), ("museum", 2500, 2500)]
    table = links(places_at(porto_config, spots, UNITS), porto_config, permutations=9)
    assert row(table, "cultural_institution", "art_space")[["places_a", "observed"]].tolist() == [2, 0.5]
    marks = [None] * 8 + ["class_guessed", None]
    unsure = links(places_at(porto_config, spots, UNITS, marks=marks), porto_config, permutations=9)
    assert row(unsure, "cultural_institution", "art_space")["relation"] == "absent"


def test_pairs_that_keep_to_themselves_are_apart_and_pairs_that_keep_together_near(porto_config: Atlas) -> None:
    """Eight squares with a museum and a bookshop each; eight campuses 2 km away from every square."""
    spots = []
    for n in range(8):
        x, y = 700.0 + 1_000 * (n % 4), 700.0 + 1_000 * (n // 4)
        spots += [
            ("museum", x, y),
            ("bookshop", x + 30, y),
            ("university", x, y + 6_000),
            ("university", x + 60, y + 6_000),
        ]
    table = links(places_at(porto_config, spots, UNITS), porto_config, permutations=999)
    together = row(table, "cultural_institution", "company")
    assert (together["relation"], together["observed"]) == ("near", 1.0)
    assert together["expected"] < 0.4
    assert row(table, "cultural_institution", "university")["relation"] in {"apart", "never"}
    assert row(table, "cultural_institution", "university")["observed"] == 0.0


def test_the_area_asked_for_holds_the_first_of_a_pair_and_neighbours_count_wherever_they_are(
    porto_config: Atlas,
) -> None:
    spots = [("museum", 4_950, 500), ("gallery", 5_050, 500), ("museum", 500, 500)]
    places = places_at(porto_config, spots, UNITS)
    own = links(places, porto_config, units=UNITS["code"][:1], permutations=9)
    assert row(own, "cultural_institution", "art_space")[["places_a", "observed"]].tolist() == [2, 0.5]
    other = links(places, porto_config, units=UNITS["code"][1:2], permutations=9)
    assert row(other, "cultural_institution", "art_space")["relation"] == "absent"
    assert row(other, "art_space", "cultural_institution")["observed"] == 1.0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_dealing_kinds_out_anew_keeps_those_of_each_municipality(porto_config: Atlas, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spots = [(CLASS_OF[str(rng.choice(list(CLASS_OF)))], *rng.uniform(0, 20_000, 2)) for _ in range(40)]
    sites = sites_of(places_at(porto_config, spots, UNITS), porto_config)
    groups = dealt_groups(sites, walks(porto_config, sites.spots, limit_m=2_000.0, streets=None))
    assert groups
    for drawn in relabelled(sites, groups, 3, rng):
        for group in np.unique(sites.group):
            own = sites.group == group
            np.testing.assert_array_equal(
                np.bincount(drawn[own], minlength=5), np.bincount(sites.kind[own], minlength=5)
            )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_shares_agree_with_a_plain_loop(porto_config: Atlas, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spots = [(CLASS_OF[str(rng.choice(list(CLASS_OF)))], *rng.uniform(0, 1_500, 2)) for _ in range(30)]
    sites = sites_of(places_at(porto_config, spots, UNITS), porto_config)
    near = walks(porto_config, sites.spots, limit_m=390.0, streets=None)
    observed, _ = shares(sites, near, permutations=0, seed=1)
    distance = np.hypot(*(sites.spots[:, None] - sites.spots[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    for a in range(5):
        own = np.flatnonzero(sites.kind == a)
        for b in range(5):
            met = [bool((distance[i, sites.kind == b] <= 300).any()) for i in own]
            assert np.isnan(observed[a, b]) if not met else observed[a, b] == pytest.approx(np.mean(met))


def test_a_far_place_changes_no_share_elsewhere(porto_config: Atlas) -> None:
    spots = [("museum", 500, 500), ("gallery", 520, 500), ("bookshop", 700, 500)]
    far = [*spots, ("university", 18_000, 18_000)]
    near, more = (links(places_at(porto_config, some, UNITS), porto_config, permutations=9) for some in (spots, far))
    for a, b in (("cultural_institution", "art_space"), ("company", "art_space")):
        assert row(near, a, b)["observed"] == row(more, a, b)["observed"]
    assert two_sided(1.0, np.ones(99)) == 1.0


def test_kinds_of_the_embedded_atlases(norte: Built, porto: Built) -> None:
    assert observed_kinds(norte.atlas) == ("cultural_institution", "art_space", "university")
    assert len(observed_kinds(porto.atlas)) == 5
    table = links(porto.store.read("places"), porto.atlas, permutations=199)
    assert table["observed"].between(0, 1).all()
    assert (table["q"] >= table["p"]).all()


def test_the_sentence_names_the_strongest_and_the_weakest_pair_or_says_that_none_stands_out() -> None:
    pairs = [("university", "company", 0.4, 0.6, 0.9), ("art_space", "company", 0.9, 0.6, 0.9)]
    table = pd.DataFrame(pairs, columns=["a", "b", "observed", "expected", "q"])
    t, kinds = Translator("pt"), ("company", "art_space", "university")
    none = links_sentence(table.assign(relation="chance"), kinds, t)
    assert none == "Observam-se 3 de 9 tipos de atores. Nenhum par se distingue do acaso."
    both = links_sentence(table.assign(relation=["apart", "near"]), kinds, t)
    assert "forte: Espaços de arte: 90\N{NO-BREAK SPACE}% com empresas" in both
    assert "fraca: Ensino superior e artístico: 40\N{NO-BREAK SPACE}%" in both


def test_the_matrix_has_the_pairs_of_the_list(porto: Built) -> None:
    from atlas.commands.strategy_answers import links_matrix

    matrix = links_matrix(porto, "en", None).shown
    stored = porto.store.read("links")
    assert matrix is not None
    assert len(matrix) == stored["a"].nunique()
    row = stored.iloc[0]
    cells = {next(iter(one.values())): one for one in matrix}
    t = Translator("en")
    cell = cells[t(f"strategy.kind.{row['a']}")][t(f"strategy.kind.{row['b']}")]
    assert cell.startswith(f"{t.percent(row['observed'])} ({t.percent(row['expected'])})")
    assert cell.endswith("*") == (row["q"] < 0.05)
