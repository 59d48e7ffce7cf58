from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, Series
from scoring_trees import cases, index, indicator, indicators

from atlas.language import NO_BREAK, Translator
from atlas.scoring.counterfactual import counterfactual
from atlas.scoring.explain import (
    contributions,
    reference_unit,
    sentence,
    shapley_of,
)
from atlas.scoring.index import rank, score_index

nan = np.nan


def middling(known: dict) -> Series:
    return Series({code: 30.0 + at for at, code in enumerate(known)})


@given(cases(aggregations=("arithmetic",)))
def test_contributions_sum_to_the_score_whatever_is_missing(case: tuple) -> None:
    values, tree, known = case
    scored = score_index(values, tree, known)
    for code in values.index[scored.score.notna()]:
        parts = contributions(scored, tree, code)
        assert parts["contribution"].sum() == pytest.approx(scored.score[code], abs=1e-9)
        assert parts["weight"].sum() == pytest.approx(1)


@settings(deadline=None)
@given(cases(gaps=False))
def test_contributions_sum_to_the_difference_from_the_reference(case: tuple) -> None:
    values, tree, known = case
    reference = middling(known)
    scored = score_index(values, tree, known)
    frame = reference.to_frame("r").T
    straight = {code: known[code].model_copy(update={"goalposts": (0.0, 100.0), "direction": "more"}) for code in known}
    base = score_index(frame, tree, straight).score["r"]
    for code in values.index:
        total = contributions(scored, tree, code, reference=reference)["contribution"].sum()
        difference = scored.score[code] - base
        if tree.aggregation == "geometric":
            difference = np.log((1 + 0.99 * scored.score[code]) / (1 + 0.99 * base))
        assert total == pytest.approx(difference, abs=1e-9)


def test_missing_indicator_hands_its_weight_to_its_siblings() -> None:
    tree = index({"a": {"x": 1, "y": 1}, "b": {"z": 2}}, {"a": 3, "b": 1})
    scored = score_index(DataFrame({"x": [40.0], "y": [nan], "z": [80.0]}), tree, indicators(tree))
    parts = contributions(scored, tree, 0).set_index("code")
    assert parts["weight"].tolist() == [0.75, 0.0, 0.25]
    assert parts["contribution"].tolist()[::2] == [30.0, 20.0] and np.isnan(parts.loc["y", "contribution"])


def test_shapley_values_of_a_game_known_by_heart() -> None:
    """The glove game: a left glove, two right ones; a pair is worth 1 (2/3, 1/6, 1/6)."""
    parts, error = shapley_of(np.ones(3), np.zeros(3), lambda rows: np.minimum(rows[:, 0], rows[:, 1:].max(axis=1)))
    assert parts.tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert error == 0


def test_sampled_shapley_values_lie_within_their_stated_error_and_add_up() -> None:
    rng = np.random.default_rng(1)
    weights, values = rng.random(14), rng.random(14) + 1
    parts, error = shapley_of(values, np.ones(14), lambda rows: np.log(rows @ weights))
    assert 0 < error < 1e-4
    assert parts.sum() == pytest.approx(np.log(values @ weights / weights.sum()), abs=1e-9)
    # An additive game has one answer, whoever enters first.
    plain, _ = shapley_of(values, np.ones(14), lambda rows: rows @ weights)
    assert plain.tolist() == pytest.approx((weights * (values - 1)).tolist())


def test_reference_is_what_the_median_resident_lives_with() -> None:
    normalised = DataFrame({"x": [0.0, 50.0, 100.0], "y": [nan, 20.0, 30.0]})
    assert reference_unit(normalised, Series([10, 100, 40])).to_dict() == {"x": 50.0, "y": 20.0}


def test_counterfactual_enters_the_top_and_a_hair_less_does_not() -> None:
    tree = index({"a": {"x": 1}, "b": {"y": 1}})
    known = {"x": indicator("x", decimals=2, goalposts=(0, 50)), "y": indicator("y", direction="less")}
    values = DataFrame({"x": np.arange(20.0), "y": np.full(20, 60.0)})
    found = counterfactual(values, tree, known, 5)
    # The tenth of the others stands at x = 10: from 5 to 10 is a tenth of the goalposts, as is y from 60 to 50.
    assert found is not None and (found.before, found.rank_before) == (5.0, 15)
    assert found.step == pytest.approx(0.1)
    changed = counterfactual(values, tree, known, 5, indicator="x")
    assert changed is not None and (changed.after, changed.rank_after) == (10.0, 10)
    fewer = values.copy()
    fewer.loc[5, "x"] = 9.99
    assert rank(score_index(fewer, tree, known).score, Series(True, index=values.index))[5] == 11
    assert counterfactual(values, tree, known, 15) is None


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from(["arithmetic", "geometric", "harmonic"]))
def test_every_counterfactual_does_enter(seed: int, aggregation: str) -> None:
    rng = np.random.default_rng(seed)
    tree = index({"a": {"x": 1, "y": 2}, "b": {"z": 1}}, aggregation=aggregation)
    known = indicators(tree, decimals=1) | {"y": indicator("y", direction="less", decimals=0)}
    values = DataFrame(rng.uniform(0, 100, (30, 3)), columns=["x", "y", "z"])
    ranks = rank(score_index(values, tree, known).score, Series(True, index=values.index))
    code = int(ranks.idxmax())
    found = counterfactual(values, tree, known, code, top=20)
    if found is None:
        return
    values.loc[code, found.indicator] = found.after
    assert (
        rank(score_index(values, tree, known).score, Series(True, index=values.index))[code] == found.rank_after <= 20
    )


def test_sentence_in_both_languages_with_plurals_and_decimals() -> None:
    tree = index({"a": {"x": 1, "y": 1}, "b": {"z": 2}})
    known = indicators(tree)
    values = DataFrame({"x": [60.0, 10.0], "y": [nan, 10.0], "z": [30.6, 10.0]}, index=["u", "v"])
    scored = score_index(values, tree, known)
    robust = Series({"rank_low": 1, "rank_high": 2})
    portuguese = sentence(Translator("pt"), scored, tree, known, "u", name="Bonfim", robust=robust)
    assert portuguese == (
        "Bonfim: 45,3 pontos em 100 no índice «index», 1.º lugar entre 2 unidades. O que mais soma é x (60 em 100). "
        "Onde mais tem a ganhar é em z (31 em 100). Falta 1 indicador: com ele, o índice ficaria entre 30,3 e 55,3. "
        "Com outras escolhas de método defensáveis ficaria entre o 1.º e o 2.º lugar."
    )
    english = sentence(Translator("en"), scored, tree, known, "u", name="Bonfim")
    assert "45.3 points of 100" in english
    assert "1 indicator is missing: with it" in english
    thin = score_index(values.assign(z=nan, x=nan), tree, known)
    assert f"é de 25{NO_BREAK}%" in sentence(Translator("pt"), thin, tree, known, "v", name="Sé")
