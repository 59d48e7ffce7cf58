from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, Series
from pandas.testing import assert_frame_equal, assert_series_equal
from scoring_trees import cases, index, indicator, indicators

from atlas.errors import ConfigError, UnknownName
from atlas.scoring.index import rank, reweigh, score_index

nan = np.nan


def test_score_of_three_parishes_counted_on_fingers() -> None:
    """Venues 0–9 on a log, ageing 100–300 where less is better, green 0–50; weights (1, 3) inside, (1, 1) outside."""
    tree = index({"a": {"venues": 1, "ageing": 3}, "b": {"green": 1}})
    known = {
        "venues": indicator("venues", goalposts=(0, 9), log=True),
        "ageing": indicator("ageing", goalposts=(100, 300), direction="less"),
        "green": indicator("green", goalposts=(0, 50)),
    }
    values = DataFrame({"venues": [9.0, 0.0, 99.0], "ageing": [200.0, 400.0, nan], "green": [10.0, 60.0, 25.0]})
    scored = score_index(values, tree, known)
    assert scored.normalised.to_numpy().tolist()[:2] == [[100.0, 50.0, 20.0], [0.0, 0.0, 100.0]]
    assert scored.pillars["a"].tolist()[:2] == [62.5, 0.0]
    assert scored.score.tolist()[:2] == [41.25, 50.0]
    assert scored.effective_weights.to_dict() == {"venues": 0.125, "ageing": 0.375, "green": 0.5}
    # The third lacks three quarters of pillar a: the pillar is missing, and half of the weight remains.
    assert np.isnan(scored.pillars.loc[2, "a"])
    assert scored.score[2] == 50.0
    assert scored.coverage.tolist() == [1.0, 1.0, 0.625]


def test_empty_pillar_is_out_of_tree_and_of_sum() -> None:
    tree = index({"a": {"x": 1}, "nothing": {}}, {"a": 1, "nothing": 99})
    scored = score_index(DataFrame({"x": [40.0]}), tree, indicators(tree))
    assert (scored.score[0], scored.coverage[0], list(scored.pillars)) == (40.0, 1.0, ["a"])


def test_bounds_put_what_is_missing_at_its_worst_and_best() -> None:
    tree = index({"a": {"x": 1, "y": 1}, "b": {"z": 2}})
    scored = score_index(DataFrame({"x": [60.0], "y": [nan], "z": [30.0]}), tree, indicators(tree))
    assert (scored.low[0], scored.score[0], scored.high[0]) == (30.0, 45.0, 55.0)
    # With a third of pillar a only, the pillar is missing as a whole, and its bounds run from 0 to 100.
    tree = index({"a": {"x": 1, "y": 2}, "b": {"z": 3}})
    scored = score_index(DataFrame({"x": [60.0], "y": [nan], "z": [30.0]}), tree, indicators(tree))
    assert (scored.low[0], scored.score[0], scored.high[0]) == (15.0, 30.0, 65.0)


def test_coverage_counts_the_completeness_of_sources() -> None:
    tree = index({"a": {"x": 1, "y": 3}})
    values = DataFrame({"x": [1.0], "y": [1.0]})
    scored = score_index(values, tree, indicators(tree), coverage=DataFrame({"x": [0.4], "y": [nan]}))
    assert scored.coverage[0] == pytest.approx(0.1 + 0.75)


def test_one_empty_pillar_sinks_a_place_in_the_geometric_mean_only() -> None:
    pillars = {name: {name: 1} for name in "vwxyz"}
    values = DataFrame([[60, 60, 60, 60, 0.0], [25, 25, 25, 25, 25.0]], columns=list("vwxyz"))
    arithmetic, geometric = (index(pillars, aggregation=how) for how in ("arithmetic", "geometric"))
    assert score_index(values, arithmetic, indicators(arithmetic)).score.tolist() == [48.0, 25.0]
    # On 1–100: 60.4^(4/5), and equal pillars keep their value.
    expected = [(60.4**0.8 - 1) / 0.99, 25.0]
    assert score_index(values, geometric, indicators(geometric)).score.tolist() == pytest.approx(expected)


def test_rank_ties_to_the_lowest_and_leaves_the_unranked_out() -> None:
    ranks = rank(Series([70.0, 90.0, 90.0, 99.0, nan]), Series([True, True, True, False, False]))
    assert ranks.dtype == "Int64"
    assert ranks.tolist() == [3, 1, 1, pd.NA, pd.NA]


def test_weights_that_will_not_do_are_refused() -> None:
    tree = index({"a": {"x": 1}, "b": {"y": 1}})
    values = DataFrame({"x": [1.0], "y": [2.0]})
    for bad in ({"a": -1.0}, {"a": 0.0, "b": 0.0}, {"a": nan}):
        with pytest.raises(ConfigError, match="index"):
            score_index(values, tree, indicators(tree), weights=bad)
    with pytest.raises(UnknownName, match="y"):
        score_index(values[["x"]], tree, indicators(tree))


@given(cases())
def test_scores_lie_between_their_bounds(case: tuple) -> None:
    values, tree, known = case
    scored = score_index(values, tree, known)
    there = scored.score.notna()
    assert scored.normalised.melt()["value"].dropna().between(0, 100).all()
    assert (scored.low[there] <= scored.score[there] + 1e-9).all()
    assert (scored.score[there] <= scored.high[there] + 1e-9).all()
    assert scored.low.between(-1e-9, 100).all() and scored.high.between(0, 100 + 1e-9).all()


@given(cases(), st.floats(0.01, 100))
def test_scaling_all_weights_changes_nothing(case: tuple, factor: float) -> None:
    values, tree, known = case
    scaled = {pillar.id: pillar.weight * factor for pillar in tree.pillar}
    assert_series_equal(
        score_index(values, tree, known).score, score_index(values, tree, known, weights=scaled).score, rtol=1e-12
    )


@given(cases(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(case: tuple, random: Random) -> None:
    values, tree, known = case
    order = random.sample(list(values.index), len(values))
    straight, turned = score_index(values, tree, known), score_index(values.loc[order], tree, known)
    assert_frame_equal(straight.pillars, turned.pillars.loc[values.index], check_exact=True)
    assert_series_equal(straight.score, turned.score.loc[values.index], check_exact=True)


@given(cases(), st.data())
def test_a_better_figure_never_lowers_the_score(case: tuple, data: st.DataObject) -> None:
    values, tree, known = case
    code = data.draw(st.sampled_from(list(values)))
    step = data.draw(st.floats(0, 50)) * (1 if known[code].direction == "more" else -1)
    before = score_index(values, tree, known).score
    after = score_index(values.assign(**{code: values[code] + step}), tree, known).score
    assert (after.dropna() >= before.dropna() - 1e-9).all()
    assert (before.isna() == after.isna()).all()


@given(cases())
def test_removing_a_unit_changes_no_other_score(case: tuple) -> None:
    values, tree, known = case
    whole, less = score_index(values, tree, known).score, score_index(values.iloc[1:], tree, known).score
    assert_series_equal(whole.iloc[1:], less, rtol=0, atol=1e-12)


@given(cases(gaps=False), st.data())
def test_removing_a_figure_is_no_zero_and_lowers_coverage_by_its_weight(case: tuple, data: st.DataObject) -> None:
    values, tree, known = case
    code = data.draw(st.sampled_from(list(values)))
    full = score_index(values, tree, known)
    holed = values.copy()
    holed.iloc[0, holed.columns.get_loc(code)] = nan
    less = score_index(holed, tree, known)
    assert np.isnan(less.normalised[code].iloc[0])
    assert less.coverage.iloc[0] == pytest.approx(1 - full.effective_weights[code])
    assert_series_equal(full.score.iloc[1:], less.score.iloc[1:], check_exact=True)
    zero = score_index(values.assign(**{code: 10.0 if known[code].direction == "more" else 90.0}), tree, known)
    if less.pillars.iloc[0].notna().all():
        assert less.score.iloc[0] >= zero.score.iloc[0] - 1e-9


@given(cases())
def test_reweighing_pillars_is_scoring_anew(case: tuple) -> None:
    values, tree, known = case
    weights = {pillar.id: 1.0 + at for at, pillar in enumerate(tree.pillar)}
    scored = score_index(values, tree, known)
    assert_series_equal(
        reweigh(scored.pillars, tree, weights), score_index(values, tree, known, weights=weights).score, rtol=1e-12
    )
