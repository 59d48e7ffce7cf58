"""The scorecard: eight results, no figure below its source, what is missing named; and peers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.built import Built
from atlas.errors import UnknownName
from atlas.strategy.peers import municipal_peers, near_enough, peers, profiles
from atlas.strategy.reading import Reading, share_interval
from atlas.strategy.scorecard import MEASURES, results, scorecard

BRAGA, CENTRE = "0303", "030365"


def test_eight_results_whose_every_figure_is_measured_or_says_what_to_load() -> None:
    found = results()
    assert [one.result.order for one in found] == list(range(1, 9))
    assert len({one.result.id for one in found}) == 8
    for one in found:
        for figure in one.figure:
            assert figure.measure in MEASURES
            assert figure.measure != "not_loaded" or (figure.missing and figure.missing.pt.startswith("Sem dados"))


@pytest.mark.parametrize("within", [None, BRAGA, CENTRE])
def test_what_is_missing_is_null_with_what_to_load_and_never_0(norte: Built, within: str | None) -> None:
    rows = scorecard(norte, within)
    assert {row["result"] for row in rows} == {one.result.id for one in results()}
    for row in rows:
        assert (row["value"] is None) == (row["missing"] is not None), row["name"]
        assert row["low"] is None or row["low"] <= row["value"] <= row["high"]
        assert (row["peers"] is not None) == (row["level"] == "municipality" and row["value"] is not None)


def test_candidates_are_missing_where_no_unit_is_read_on_both_axes(norte: Built) -> None:
    reading = Reading(norte)
    name = "Candidatas a análise com património"
    assert next(row for row in scorecard(norte, reading=reading) if row["name"] == name)["value"] > 0
    reading.__dict__["reads"] = False  # as in an atlas without a decline
    row = next(row for row in scorecard(norte, reading=reading) if row["name"] == name)
    assert row["value"] is None
    assert "decline" in row["missing"]


def test_a_parish_shows_its_municipality_where_the_source_is_municipal(norte: Built) -> None:
    own, whole = ({row["name"]: row for row in scorecard(norte, code)} for code in (CENTRE, BRAGA))
    name = "Residentes dos 25 aos 34 anos com ensino superior"
    assert (own[name]["level"], own[name]["value"]) == ("municipality", whole[name]["value"])
    stored = norte.store.read("indicators")
    stored = stored[(stored["indicator"] == "higher_education_municipal") & (stored["code"] == BRAGA)]
    assert own[name]["value"] == pytest.approx(stored["value"].iloc[0])
    venues = own["Equipamentos dentro de aglomerações"]
    assert venues["level"] == "neighbourhood"
    assert venues["peers"] is None


def test_counts_of_the_municipalities_add_up_to_the_region(porto: Built) -> None:
    reading = Reading(porto)
    whole, *parts = (
        {row["name"]: row["value"] for row in scorecard(porto, code, reading=reading)}
        for code in (None, *porto.parents.index)
    )
    for name in ("Candidatas a análise com património", "Espaços de arranque (coworking, incubadoras, fab labs)"):
        assert whole[name] == sum(part[name] for part in parts)
    assert (
        next(row for row in scorecard(porto, lang="en", reading=reading) if row["result"] == "knowledge")["unit"]
        == "schools"
    )


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_interval_of_a_share_holds_it_and_stays_within_0_and_1(part: int, more: int) -> None:
    low, high = share_interval(part, part + more)
    assert 0 <= low <= part / (part + more) <= high <= 1
    assert (
        share_interval(10 * part, 10 * (part + more))[1] - share_interval(10 * part, 10 * (part + more))[0] < high - low
    )


def test_peers_of_a_municipality_are_of_like_size_and_not_itself(norte: Built) -> None:
    found = municipal_peers(norte, BRAGA)
    assert len(found) == 10
    assert BRAGA not in found
    residents = norte.parents["residents"]
    assert "0308" in found  # Guimarães
    assert residents[found].median() > residents.median()


def test_peers_of_a_neighbourhood_lie_elsewhere_within_the_tenth_percentile(norte: Built, porto: Built) -> None:
    for built, code in ((norte, "030349"), (porto, "131217015")):
        table = peers(built, code)
        assert table["distance"].is_monotonic_increasing
        assert (table["distance"] <= near_enough(profiles(built), seed=built.atlas.atlas.seed)).all()
        assert code not in set(table["code"])
    assert not set(peers(norte, "030349")["code"].str[:4]) & {"0303"}
    touching = porto.units.geometry.touches(porto.units.geometry["131217015"])
    assert not set(peers(porto, "131217015")["code"]) & set(porto.units.index[touching])
    with pytest.raises(UnknownName, match="município"):
        peers(norte, BRAGA)


def test_the_tenth_percentile_is_that_of_all_pairs() -> None:
    table = pd.DataFrame({"a": [0.0, 1.0, 3.0, np.nan], "b": [0.0, 0.0, 0.0, 5.0]})
    assert near_enough(table, seed=1) == pytest.approx(np.percentile([1.0, 2.0, 3.0], 10))
