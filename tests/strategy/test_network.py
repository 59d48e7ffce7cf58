"""The programming network: every edge has its reason, and what joins or cuts it is counted on fingers."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from small_city import grid, places_at

from atlas.built import Built
from atlas.config import Atlas
from atlas.strategy.articulation import pairs_cut
from atlas.strategy.network import Network, complements, network, reason_in

UNITS = grid(4, 5_000, parents=2)


def of(atlas: Atlas, spots: list[tuple[str, float, float]], **columns: object) -> Network:
    return network(places_at(atlas, spots, UNITS, **columns), atlas)


def test_a_museum_and_a_theatre_within_ten_minutes_are_joined_and_say_why(porto_config: Atlas) -> None:
    """600 m apart is 780 m on foot, 9.75 minutes; two museums have nothing to add to each other."""
    found = of(porto_config, [("museum", 500, 500), ("theatre", 1_100, 500), ("museum", 530, 560)])
    assert found.edges[["from", "to"]].to_numpy().tolist() == [
        ["p000000000000", "p000000000001"],
        ["p000000000002", "p000000000001"],
    ]
    assert found.edges["minutes"].tolist() == [9.8, 9.3]
    row = found.edges.to_dict("records")[0]
    assert reason_in(row["reason"], row, "pt") == (
        "Uma visita a «museum 0» pode acabar em espetáculo em «theatre 1», a 10 min a pé."
    )
    assert found.facilities["component"].nunique() == 1
    assert found.brokers[["place", "cuts"]].to_numpy().tolist() == [["p000000000001", 1]]
    assert not len(of(porto_config, [("museum", 500, 500), ("theatre", 1_120, 500)]).edges)


def test_a_facility_without_a_name_is_called_by_its_class_in_the_language_asked(porto_config: Atlas) -> None:
    spots = places_at(porto_config, [("museum", 500, 500), ("theatre", 1_100, 500)], UNITS).assign(name=None)
    for lang, told in (
        ("pt", "«Museu» pode acabar em espetáculo em «Teatro ou cineteatro»"),
        ("en", "“Museum” can end with a performance at “Theatre”"),
    ):
        row = network(spots, porto_config, lang="en" if lang == "en" else "pt").edges.to_dict("records")[0]
        assert told in reason_in(row["reason"], row, "en" if lang == "en" else "pt")


def test_only_the_nearest_of_a_group_is_joined(porto_config: Atlas) -> None:
    """A theatre between many museums is joined to each, and no museum to a second theatre further on."""
    spots = [("theatre", 500, 500), ("theatre", 900, 500)] + [("museum", 500 + 20.0 * n, 540) for n in range(6)]
    found = of(porto_config, spots)
    assert found.edges.groupby("to").size().to_dict() == {"p000000000000": 6, "p000000000001": 1}


def test_the_missing_link_joins_most_and_is_the_nearest_of_those(porto_config: Atlas) -> None:
    """Groups of three, two and one facilities; three and two have a pair 1.2 km apart, 1.56 km on foot."""
    three = [("museum", 500, 500), ("theatre", 520, 500), ("library", 510, 530)]
    two = [("museum", 1_720, 500), ("cinema", 1_740, 500)]
    one = [("gallery", 500, 1_400)]
    missing = of(porto_config, three + two + one).missing
    assert len(missing) == 1
    row = missing.iloc[0]
    assert {row["from"], row["to"]} == {"p000000000001", "p000000000003"}
    assert sorted([row["joins_a"], row["joins_b"]]) == [2, 3]
    assert row["minutes"] == pytest.approx(1.3 * 1_200 / 80, abs=0.05)


def test_municipalities_are_not_linked_for_each_other_and_guesses_take_no_part(porto_config: Atlas) -> None:
    apart = [("museum", 9_000, 500), ("theatre", 10_500, 500)]
    assert not len(of(porto_config, apart).missing)
    assert not len(of(porto_config, [("museum", 500, 500), ("theatre", 520, 500)], marks="class_guessed").facilities)


def test_nothing_gives_an_empty_network(porto_config: Atlas) -> None:
    found = of(porto_config, [])
    assert [len(one) for one in (found.facilities, found.edges, found.brokers, found.missing)] == [0, 0, 0, 0]


def test_a_far_facility_changes_no_edge(porto_config: Atlas) -> None:
    spots = [("museum", 500, 500), ("theatre", 900, 500), ("cinema", 700, 800)]
    before, after = of(porto_config, spots).edges, of(porto_config, [*spots, ("museum", 15_000, 15_000)]).edges
    assert before.equals(after)


def test_every_class_named_exists_and_every_reason_speaks_both_languages(porto_config: Atlas) -> None:
    row = {"from_name": "A", "to_name": "B", "minutes": 4.4}
    for one in complements():
        assert one.a | one.b <= set(porto_config.classes), one.id
        for lang, named in (("pt", ("«A»", "«B»")), ("en", ("“A”", "“B”"))):
            words = reason_in(one.id, row, "en" if lang == "en" else "pt")
            assert all(told in words for told in (*named, "4 min"))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=16))
def test_pairs_cut_agree_with_taking_each_node_out(count: int, edges: set[tuple[int, int]]) -> None:
    kept = {(i, j) for i, j in edges if i < j < count}
    graph = nx.Graph(sorted(kept))
    graph.add_nodes_from(range(count))
    matrix = csr_array(nx.to_scipy_sparse_array(graph, nodelist=range(count), dtype=float))

    def joined(some: nx.Graph) -> int:
        return sum(len(part) * (len(part) - 1) // 2 for part in nx.connected_components(some))

    expected = []
    for node in range(count):
        without = graph.copy()
        without.remove_node(node)
        own = len(nx.node_connected_component(graph, node)) - 1
        expected.append(joined(graph) - own - joined(without))
    np.testing.assert_array_equal(pairs_cut(matrix), expected)


def test_networks_of_the_embedded_atlases(norte: Built, porto: Built) -> None:
    for built in (norte, porto):
        found = network(built.store.read("places"), built.atlas)
        assert found.edges["minutes"].between(0, 10).all()
        assert set(found.missing["parent"]) <= set(built.parents.index)
        assert not found.missing["parent"].duplicated().any()
