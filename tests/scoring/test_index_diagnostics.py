from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from pandas import DataFrame, Series
from scoring_trees import cases, index, indicators

from atlas.scoring.diagnostics import (
    alphas,
    carried,
    carried_by_class,
    diagnose,
    overlaps,
    rank_within,
    with_density,
)
from atlas.scoring.index import score_index


def test_a_constant_indicator_carries_nothing_whatever_its_weight() -> None:
    tree = index({"a": {"x": 1, "still": 9}})
    scored = score_index(DataFrame({"x": [1.0, 50.0, 90.0], "still": [7.0] * 3}), tree, indicators(tree))
    assert carried(scored).to_dict() == pytest.approx({"x": 1.0, "still": 0.0})
    assert scored.effective_weights["still"] == 0.9
    told = diagnose(scored, tree).set_index("indicator")
    assert told["too_much"].to_dict() == {"x": True, "still": False}


@given(cases(gaps=False, aggregations=("arithmetic",)))
def test_what_indicators_carry_sums_to_the_whole(case: tuple) -> None:
    values, tree, known = case
    scored = score_index(values, tree, known)
    if scored.score.std() > 1e-3:
        assert carried(scored).sum() == pytest.approx(1, abs=1e-9)


def test_classes_carry_their_part_of_each_indicator() -> None:
    tree = index({"a": {"x": 1}, "b": {"y": 1}})
    scored = score_index(DataFrame({"x": [0.0, 40.0, 80.0], "y": [0.0, 40.0, 80.0]}), tree, indicators(tree))
    shares = DataFrame({"museum": [0.5, 1.0], "café": [0.5, 0.0]}, index=["x", "y"])
    assert carried_by_class(scored, shares).to_dict() == pytest.approx({"museum": 0.75, "café": 0.25})


def test_an_indicator_that_moves_against_its_pillar_is_told() -> None:
    tree = index({"a": {"x": 1, "y": 1, "z": 1}})
    up = np.arange(10.0)
    scored = score_index(DataFrame({"x": up, "y": up + 3, "z": 9 - up}), tree, indicators(tree))
    told = diagnose(scored, tree).set_index("indicator")
    assert told["against"].to_dict() == {"x": False, "y": False, "z": True}
    assert alphas(scored, tree)["a"] < 0


def test_pairs_across_axes_that_say_the_same() -> None:
    rng = np.random.default_rng(0)
    ageing = rng.random(50)
    potential = DataFrame({"venues": rng.random(50), "young": -(ageing**3)})
    found = overlaps({"potential": potential, "decline": DataFrame({"ageing": ageing})})
    assert found[["indicator_a", "indicator_b"]].to_numpy().tolist() == [["young", "ageing"]]
    assert found["spearman"].tolist() == pytest.approx([-1.0])


def test_units_are_ranked_among_their_like() -> None:
    score = Series([10.0, 20.0, 30.0, 5.0, np.nan])
    found = rank_within(score, score.notna(), Series(["dense", "dense", "sparse", "sparse", "sparse"]))
    assert found.fillna(0).tolist() == [2, 1, 1, 2, 0]


def test_an_index_that_is_density_is_found_out() -> None:
    residents = Series([100.0, 200.0, 900.0, 50.0])
    assert with_density(residents**2, residents, Series(1.0, index=residents.index)) == pytest.approx(1)
