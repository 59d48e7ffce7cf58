"""State ↔ link: a link brings back what was on screen, and says what no longer fits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from atlas.app.link import (
    COLUMNS,
    EFFECTS,
    KINDS,
    Known,
    View,
    changed,
    effective,
    first_view,
    preset_of,
    read,
    settled,
    with_index,
    with_weight,
    write,
)

KNOWN = Known(
    atlas="norte",
    data_version="2026-11-20",
    indices={"potential": {"p1_heritage": 12.0, "p2": 20.0, "p4": 10.0}, "decline": {"n_people": 1.0}},
    presets={
        "equilibrio": {"p1_heritage": 12.0, "p2": 20.0, "p3": 20.0, "p4": 10.0},
        "patrimonio": {"p1_heritage": 35.0, "p2": 12.0, "p3": 12.0, "p4": 8.0},
    },
    units=frozenset({"131217", "0302FI", "010101"}),
    parents=frozenset({"1312", "0302", "0101"}),
    layers=("museums", "heritage"),
    files=("neighbourhoods", "places", "museums"),
)
weight = st.integers(0, 1000).map(lambda tenths: tenths / 10)
views = st.builds(
    View,
    atlas=st.just("norte"),
    lang=st.sampled_from(["pt", "en"]),
    index=st.just("potential"),
    show=st.sampled_from(["index", "cells", "readings"]),
    weights=st.tuples(weight, weight, weight)
    .filter(any)
    .map(lambda three: tuple(zip(("p1_heritage", "p2", "p4"), three, strict=True))),
    within=st.sampled_from(["", *sorted(KNOWN.parents)]),
    unit=st.sampled_from(["", *sorted(KNOWN.units)]),
    other=st.sampled_from(["", *sorted(KNOWN.units)]),
    layers=st.lists(st.sampled_from(KNOWN.layers), unique=True).map(tuple),
    start=st.integers(0, 1500),
    columns=st.sampled_from(COLUMNS),
    drawn=st.booleans(),
    asked=st.booleans(),
    file=st.sampled_from(["", *KNOWN.files[1:]]),
    effect=st.sampled_from(EFFECTS),
    kind=st.sampled_from(KINDS),
)


@given(views)
def test_a_link_brings_back_the_same_view(view: View) -> None:
    assert read(write(view, KNOWN), KNOWN) == (view, [])


@given(
    st.dictionaries(st.sampled_from(["v", "lang", "index", "weights", "within", "unit", "layers", "start"]), st.text())
)
def test_no_text_in_a_link_breaks_the_reader(params: dict[str, str]) -> None:
    view, _ = read(params, KNOWN)
    assert view.index in KNOWN.indices
    assert effective(view.weights)
    assert view.unit in KNOWN.units | KNOWN.parents | {""}


def test_an_old_link_keeps_its_weights_when_the_defaults_change() -> None:
    link = write(first_view(KNOWN), KNOWN)
    tomorrow = replace(KNOWN, presets={"equilibrio": {"p1_heritage": 1.0, "p2": 1.0, "p4": 98.0}})
    view, notices = read(link, tomorrow)
    assert view.weighted() == {"p1_heritage": 12.0, "p2": 20.0, "p4": 10.0}
    assert notices == []
    assert changed(tomorrow, view)


def test_a_link_to_other_data_says_so_and_still_opens() -> None:
    view, notices = read({"v": "1.2024-01-01", "unit": "131217"}, KNOWN)
    assert view.unit == "131217"
    assert [notice.key for notice in notices] == ["app.link.other_data"]


def test_a_link_of_another_schema_opens_the_first_view() -> None:
    view, notices = read({"v": "7.2026-11-20", "unit": "131217", "lang": "en"}, KNOWN)
    assert view == first_view(KNOWN, "en")
    assert [notice.key for notice in notices] == ["app.link.other_schema"]


def test_what_is_gone_is_named_and_the_rest_holds() -> None:
    view, notices = read({"unit": "990101", "within": "1312", "layers": "museums.bars"}, KNOWN)
    assert (view.unit, view.within, view.layers) == ("", "1312", ("museums",))
    assert [notice.values["what"] for notice in notices] == ["990101", "bars"]


def test_a_choice_that_is_not_there_is_named_and_falls_back_to_the_first() -> None:
    view, notices = read({"show": "heat", "columns": "some", "file": "bars", "effect": "x", "kind": "y"}, KNOWN)
    assert (view.show, view.columns, view.file, view.effect, view.kind) == ("index", "few", "", "change", "add")
    assert [notice.values["what"] for notice in notices] == ["heat", "some", "bars", "x", "y"]


def test_a_link_of_another_atlas_says_so_and_opens_the_first_view() -> None:
    view, notices = read({"atlas": "helsinki", "unit": "131217", "weights": "p2-1"}, KNOWN)
    assert view == first_view(KNOWN)
    assert [notice.key for notice in notices] == ["app.link.other_atlas"]


def test_a_file_of_ones_own_does_not_travel_and_the_link_says_so() -> None:
    link = write(replace(first_view(KNOWN), show="own"), KNOWN)
    view, notices = read(link, KNOWN)
    assert view.show == "index"
    assert [notice.key for notice in notices] == ["app.link.own_file"]


def test_what_was_computed_for_other_weights_or_another_unit_is_not_kept() -> None:
    before = replace(first_view(KNOWN), unit="131217", drawn=True, asked=True)
    assert settled(replace(before, start=50), before) == replace(before, start=50)
    moved = settled(with_weight(before, "p2", 1.0), before)
    assert (moved.drawn, moved.asked) == (False, False)
    elsewhere = settled(replace(before, unit="010101"), before)
    assert (elsewhere.drawn, elsewhere.asked) == (True, False)


def test_weights_of_another_tree_fall_back_and_say_so() -> None:
    view, notices = read({"weights": "p1_heritage-5--p9-1"}, KNOWN)
    assert view.weights == first_view(KNOWN).weights
    assert [notice.key for notice in notices] == ["app.link.unknown", "app.link.weights"]


def test_a_preset_is_known_by_its_shares_and_a_moved_weight_is_a_change() -> None:
    view = first_view(KNOWN)
    assert preset_of(KNOWN, view) == "equilibrio"
    doubled = replace(view, weights=tuple((pillar, 2 * weight) for pillar, weight in view.weights))
    assert preset_of(KNOWN, doubled) == "equilibrio"
    moved = with_weight(view, "p2", 21.0)
    assert preset_of(KNOWN, moved) is None
    assert changed(KNOWN, moved)
    assert not changed(KNOWN, with_index(KNOWN, moved, "decline"))


def test_the_last_weight_cannot_be_taken_away() -> None:
    alone = View(weights=(("p2", 5.0), ("p4", 0.0)))
    assert with_weight(alone, "p2", 0.0) == alone
