from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, Series
from pandas.testing import assert_frame_equal
from scoring_trees import index, indicators

from atlas.scoring.doubt import Doubt, marshall, normal_posterior
from atlas.scoring.index import rank, score_index
from atlas.scoring.uncertainty import (
    data_draws,
    data_interval,
    p_above,
    ranks_of,
    robustness,
    score_draws,
    technical_tie,
)

TREE = index({"a": {"x": 1, "y": 2}, "b": {"z": 1}, "c": {"u": 1, "v": 1}})
KNOWN = indicators(TREE)


def figures(units: int, seed: int = 0, gaps: float = 0.0) -> DataFrame:
    rng = np.random.default_rng(seed)
    table = DataFrame(rng.gamma(2, 12, (units, len(KNOWN))), columns=list(KNOWN), index=[f"u{i}" for i in range(units)])
    return table.mask(rng.random(table.shape) < gaps)


def everybody(values: DataFrame) -> Series:
    return Series(True, index=values.index)


def test_a_unit_that_is_best_in_everything_is_first_in_every_draw() -> None:
    values = figures(40)
    values.loc["u0"] = values.max() + 1
    values.loc["u1"] = -1.0
    found = robustness(values, TREE, KNOWN, draws=300, seed=1, ranked=everybody(values))
    assert found.loc["u0"].tolist() == [1, 1, 1, 1.0]
    assert found.loc["u1"].tolist() == [40, 40, 40, 0.0]


def test_equal_units_are_equal_in_every_draw() -> None:
    values = figures(30)
    values.loc["u3"] = values.loc["u17"]
    found = robustness(values, TREE, KNOWN, draws=200, seed=2, ranked=everybody(values))
    assert found.loc["u3"].tolist() == found.loc["u17"].tolist()
    draws = score_draws(values, TREE, KNOWN, draws=200, seed=2)
    assert p_above(draws, "u3", "u17") == 0.5


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 4))
def test_same_seed_same_bytes_on_one_worker_or_many(seed: int, workers: int) -> None:
    values = figures(50, seed, gaps=0.1)
    ranked = score_index(values, TREE, KNOWN).ranked
    one = robustness(values, TREE, KNOWN, draws=150, seed=seed, ranked=ranked)
    many = robustness(values, TREE, KNOWN, draws=150, seed=seed, ranked=ranked, workers=workers)
    assert_frame_equal(one, many, check_exact=True)


def test_a_unit_without_a_rank_has_no_interval_and_touches_nobodys() -> None:
    values = figures(25)
    holed = values.copy()
    holed.loc["u4", ["x", "y", "z"]] = np.nan
    ranked = score_index(holed, TREE, KNOWN).ranked
    assert not ranked["u4"]
    found = robustness(holed, TREE, KNOWN, draws=200, seed=3, ranked=ranked)
    without = robustness(values.drop(index="u4"), TREE, KNOWN, draws=200, seed=3, ranked=ranked.drop("u4"))
    assert found.loc["u4"].isna().all()
    assert_frame_equal(found.drop(index="u4"), without, check_exact=True)


def test_interval_holds_the_median_and_monte_carlo_error_shrinks_with_draws() -> None:
    values = figures(60)
    few, many = (
        robustness(values, TREE, KNOWN, draws=draws, seed=4, ranked=everybody(values)) for draws in (400, 6400)
    )
    assert (many["rank_low"] <= many["rank_median"]).all() and (many["rank_median"] <= many["rank_high"]).all()
    assert many.attrs["mc_error"]["p_top10"] == pytest.approx(few.attrs["mc_error"]["p_top10"] / 4, rel=0.1)
    published = rank(score_index(values, TREE, KNOWN).score, everybody(values))
    assert published.between(many["rank_low"], many["rank_high"]).mean() > 0.9


def test_ranks_of_draws_are_the_published_rule() -> None:
    scores = np.round(np.random.default_rng(0).random((20, 30)), 1)
    for row, ranks in zip(scores, ranks_of(scores), strict=True):
        assert ranks.tolist() == rank(Series(row), Series(True, index=range(30))).tolist()


def test_judges_who_agree_leave_their_weights_alone() -> None:
    values = figures(30)
    judges = DataFrame([[0.2, 0.5, 0.3]] * 5, columns=["a", "b", "c"])
    one = DataFrame([[2.0, 5.0, 3.0]], columns=["a", "b", "c"])
    agreed = robustness(values, TREE, KNOWN, draws=200, seed=5, ranked=everybody(values), judges=judges)
    single = robustness(values, TREE, KNOWN, draws=200, seed=5, ranked=everybody(values), judges=one)
    assert agreed["rank_median"].sub(single["rank_median"]).abs().max() <= 2


def test_a_place_surely_above_is_no_tie_and_an_even_chance_is() -> None:
    draws = DataFrame({"a": np.arange(100.0), "b": np.arange(100.0) - 1, "c": np.arange(100.0)[::-1]})
    assert (p_above(draws, "a", "b"), technical_tie(p_above(draws, "a", "b"))) == (1.0, False)
    assert technical_tie(p_above(draws, "a", "c"))


def test_certain_figures_have_no_data_interval() -> None:
    values = figures(20)
    found = data_interval(values, TREE, KNOWN, {}, draws=100, seed=6, ranked=everybody(values), cuts=(20, 40))
    scored = score_index(values, TREE, KNOWN)
    published = rank(scored.score, everybody(values)).astype(float)
    for column in ("rank_data_low", "rank_data_median", "rank_data_high"):
        assert found[column].astype(float).tolist() == published.tolist()
    assert found["p_high"].tolist() == (scored.score >= 40).astype(float).tolist()


def test_a_doubtful_match_moves_all_the_units_that_count_it_together() -> None:
    """One place in ten units' reach, joined from two records with p = 0.75: one more in a quarter of the draws."""
    values = DataFrame({code: [10.0] * 10 for code in KNOWN}, index=[f"u{i}" for i in range(10)])
    evidence = DataFrame({"code": values.index, "place_id": "k1"})
    doubts = {"z": Doubt("count", evidence=evidence)}
    draws = data_draws(values, TREE, KNOWN, doubts, draws=4000, seed=7, p_match=Series({"k1": 0.75, "k2": 1.0}))
    assert draws.sub(draws["u0"], axis=0).eq(0).all().all()
    assert sorted(draws["u0"].round(9).unique()) == pytest.approx([10.0, 10.0 + 1 / 3])
    assert (draws["u0"] > 10.01).mean() == pytest.approx(0.25, abs=0.02)


def test_missed_places_are_drawn_by_completeness() -> None:
    """Twelve seen with half found in every unit: the units do not differ, so about twelve more are out there."""
    values = DataFrame({code: [12.0] * 400 for code in KNOWN}, index=[f"u{i}" for i in range(400)])
    draws = data_draws(values, TREE, KNOWN, {"z": Doubt("count", completeness=0.5)}, draws=200, seed=8)
    more = (draws.to_numpy() - 12.0) * 3
    assert more.mean() == pytest.approx(12, rel=0.02)
    assert more.min() >= -1e-9


def test_a_unit_whose_share_per_place_is_not_known_keeps_its_figure() -> None:
    values = figures(10)
    each = Series(1.0, index=values.index).where(values.index != "u3")
    draws = data_draws(values, TREE, KNOWN, {"z": Doubt("count", each=each, completeness=0.5)}, draws=50, seed=1)
    assert (draws["u3"] - score_index(values, TREE, KNOWN).score["u3"]).abs().max() < 1e-9
    assert draws["u4"].std() > 0


def test_a_rate_on_a_small_base_is_drawn_nearer_to_the_mean() -> None:
    """sids2, five rows (README of the reference numbers): Marshall's shrunk rates."""
    events, base = np.array([1, 0, 5, 1, 9.0]), np.array([1091, 487, 3188, 508, 1421.0])
    mean, between = marshall(events, base)
    trust = between / (between + mean / base)
    # The moments are Marshall's; the floor of one standard error stands above his 2.62e-6 only where data are few.
    assert mean == pytest.approx(0.00238984, abs=5e-9)
    spread = (base * (events / base - mean) ** 2).sum() / base.sum() - mean / base.mean()
    assert spread == pytest.approx(2.62e-6, rel=2e-3)
    assert between >= spread and trust.argmax() == base.argmax()


def test_posterior_of_a_noisy_figure_is_drawn_towards_the_mean_with_less_spread() -> None:
    rng = np.random.default_rng(9)
    truth = rng.normal(50, 5, 20_000)
    seen = truth + rng.normal(0, 5, 20_000)
    drawn = normal_posterior(seen, np.full(20_000, 5.0), rng.standard_normal(20_000))
    slope = np.polyfit(seen, drawn, 1)[0]
    assert slope == pytest.approx(0.5, abs=0.02)
    assert np.std(drawn) == pytest.approx(np.std(truth), rel=0.02)


@pytest.mark.parametrize("reliability", [0.5, 0.8, 0.95])
def test_data_interval_covers_true_ranks_at_ninety_percent_on_average(reliability: float) -> None:
    tree = index({"a": {"x": 1, "y": 1}, "b": {"z": 1}})
    known = indicators(tree)
    covered = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        truth = DataFrame(rng.normal(50, 5, (300, 3)), columns=list(known))
        error = 5 * np.sqrt((1 - reliability) / reliability)
        seen = truth + rng.normal(0, error, truth.shape)
        doubts = {code: Doubt("sd", sd=error) for code in known}
        true_rank = rank(score_index(truth, tree, known).score, everybody(truth))
        found = data_interval(seen, tree, known, doubts, draws=300, seed=seed, ranked=everybody(seen))
        covered.append(true_rank.between(found["rank_data_low"], found["rank_data_high"]).mean())
    assert 0.87 <= np.mean(covered) <= 0.93
