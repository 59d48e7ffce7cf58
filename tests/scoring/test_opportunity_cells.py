from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, Series
from pytest import approx

from atlas.scoring.opportunity import candidates, cells, class_shares, probabilities, tertile_cuts


def test_nine_cells_and_four_readings() -> None:
    levels = {"L": 10.0, "M": 40.0, "H": 80.0}
    names = [p + d for p in "HML" for d in "HML"]
    potential = Series([levels[name[0]] for name in names], index=names)
    decline = Series([levels[name[1]] for name in names], index=names)
    found = cells(potential, decline, (30, 60), (30, 60))
    assert found["cell"].tolist() == names
    assert found["opportunity"].to_dict() == {
        "HH": "opportunity", "HM": "consolidate", "HL": "consolidate",
        "MH": "basic_investment", "LH": "basic_investment",
        "MM": "follow", "ML": "follow", "LM": "follow", "LL": "follow",
    }  # fmt: skip


def test_a_missing_axis_has_no_cell() -> None:
    found = cells(Series([80.0, np.nan]), Series([np.nan, 80.0]), (30, 60), (30, 60))
    assert found.isna().all().all()


def test_tertiles_keep_equals_together() -> None:
    score = Series([0.0] * 5 + [1.0, 2.0, 3.0, 4.0])
    assert tertile_cuts(score) == (1.0, 2.0)
    assert tertile_cuts(Series([1.0, 5.0, 5.0, 5.0])) == (np.nextafter(5.0, 6), np.nextafter(5.0, 6))


@given(st.lists(st.floats(0, 100), min_size=9, max_size=40, unique=True))
def test_tertiles_of_distinct_scores_are_thirds(scores: list[float]) -> None:
    low, high = tertile_cuts(Series(scores))
    ordered = np.array(scores)
    assert abs((ordered < low).sum() - len(scores) / 3) < 1
    assert abs((ordered >= high).sum() - len(scores) / 3) < 1


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5))
def test_chances_of_the_four_readings_sum_to_one(pairs: list[tuple[float, float]]) -> None:
    def axis(high: list[float]) -> DataFrame:
        return DataFrame({"p_low": 0.0, "p_middle": 1 - np.array(high), "p_high": high})

    found = probabilities(axis([p for p, _ in pairs]), axis([n for _, n in pairs]))
    assert found.sum(axis=1).tolist() == approx([1.0] * len(pairs))


def test_chances_agree_with_counting_draws() -> None:
    potential = DataFrame({"a": [70.0, 50.0, 10.0, 80.0], "b": [np.nan] * 4})
    assert class_shares(potential, (30, 60)).loc["a"].tolist() == [0.25, 0.25, 0.5]
    assert class_shares(potential, (30, 60)).loc["b"].isna().all()


def test_candidates_stand_by_probability_then_by_the_weaker_axis() -> None:
    units = ["sure", "lopsided", "even", "other"]
    table = DataFrame(
        {"opportunity": ["opportunity"] * 3 + ["follow"], "p_opportunity": [0.9, 0.5, 0.5, 1.0]}, index=units
    )
    potential = Series([61.0, 99.0, 70.0, 1.0], index=units)
    decline = Series([61.0, 60.0, 70.0, 1.0], index=units)
    assert candidates(table, potential, decline).index.tolist() == ["sure", "even", "lopsided"]
