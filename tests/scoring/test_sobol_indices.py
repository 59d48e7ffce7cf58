from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pandas import DataFrame, Series
from scoring_trees import index, indicators

from atlas.language import Translator
from atlas.scoring.doubt import Doubt
from atlas.scoring.sensitivity import FACTORS, OUTPUT, sensitivity, sentence, sobol


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_indices_of_ishigamis_function_are_the_analytical_ones() -> None:
    """Ishigami and Homma (1990): S = .3139, .4424, 0; T = .5576, .4424, .2437."""
    rng = np.random.default_rng(1)
    a, b = (rng.uniform(-np.pi, np.pi, (40_000, 3)) for _ in range(2))
    for factor, (first, total) in enumerate([(0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437)]):
        mixed = a.copy()
        mixed[:, factor] = b[:, factor]
        outputs = [ishigami(x)[:, None] for x in (a, b, mixed)]
        found = sobol(*outputs, bootstraps=50).iloc[0]
        assert found["first"] == pytest.approx(first, abs=0.03)
        assert found["total"] == pytest.approx(total, abs=0.02)
        assert found["first_low"] < first < found["first_high"]


def g_function(x: np.ndarray) -> np.ndarray:
    weights = np.array([0, 1, 4.5, 9, 99, 99, 99, 99.0])
    return np.prod((np.abs(4 * x - 2) + weights) / (1 + weights), axis=1)


# SALib 1.6.0, SALib.analyze.sobol.analyze(…, calc_second_order=False), S1 and ST of exactly the samples drawn below
SALIB = {
    "ishigami": (
        [0.30822530203859444, 0.4581296926171185, 0.029247126242171375],
        [0.5399718598621853, 0.4629080094906349, 0.230391634065485],
    ),
    "g": (
        [0.763116901709129, 0.19806030596659335, 0.015515971279701762, 0.010988552399681432,
         0.0007134558898143732, -0.0009884806296372706, -0.0006507725175991118, -0.0004400011206731472],
        [0.8895768386801011, 0.22841447676675758, 0.033925830346191364, 0.00989642743020008,
         0.00010060763695645253, 9.841614589843725e-05, 9.405249770007778e-05, 0.00010211607456059999],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "function", "low", "high"), [("ishigami", ishigami, -np.pi, np.pi), ("g", g_function, 0.0, 1.0)]
)
def test_estimators_agree_with_salib(
    name: str, function: Callable[[np.ndarray], np.ndarray], low: float, high: float
) -> None:
    """The same runs give SALib's figures; it centres on the mean of all runs, we on that of the second sample."""
    firsts, totals = SALIB[name]
    rng = np.random.default_rng(2)
    a, b = (rng.uniform(low, high, (512, len(firsts))) for _ in range(2))
    mixed = []
    for factor in range(len(firsts)):
        one = a.copy()
        one[:, factor] = b[:, factor]
        mixed.append(function(one)[:, None])
    y_a, y_b = function(a)[:, None], function(b)[:, None]
    variance = np.concatenate([y_a, y_b]).var()
    apart = y_b.mean() - np.concatenate([y_a, *mixed, y_b]).mean()
    for y_ab, first, total in zip(mixed, firsts, totals, strict=True):
        ours = sobol(y_a, y_b, y_ab, bootstraps=0).iloc[0]
        assert ours["first"] + apart * float((y_ab - y_a).mean()) / variance == pytest.approx(first, abs=1e-9)
        assert ours["total"] == pytest.approx(total, abs=1e-9)


def units(gaps: bool = False) -> DataFrame:
    rng = np.random.default_rng(3)
    table = DataFrame(rng.gamma(2, 12, (60, 4)), columns=list("wxyz"), index=[f"u{at}" for at in range(60)])
    return table.mask(rng.random(table.shape) < 0.1) if gaps else table


def test_alternatives_that_are_alike_have_indices_of_exactly_zero() -> None:
    """Nothing is missing, the input is certain, and a single pillar makes its aggregation no choice."""
    tree = index({"a": dict.fromkeys("wxyz", 1.0)})
    values = units()
    found = sensitivity(values, tree, indicators(tree), seed=1, ranked=Series(True, index=values.index), base=128)
    zero = found[found["factor"].isin(["missing", "noise", "aggregation"])]
    assert (zero[["first", "total", "first_low", "total_high"]] == 0).all().all()
    moving = found[(found["output"] == OUTPUT) & found["factor"].isin(["weights", "omitted", "normalisation"])]
    assert (moving["total"] > 0.01).all()
    assert len(found) == len(FACTORS) * 11


def test_missing_rule_and_noise_count_where_there_are_any() -> None:
    tree = index({"a": {"w": 1, "x": 1}, "b": {"y": 1, "z": 1}})
    values = units(gaps=True)
    ranked = Series(True, index=values.index)
    doubts = {"w": Doubt("sd", sd=8.0), "z": Doubt("relative_sd", relative_sd=0.3)}
    options = {"seed": 2, "ranked": ranked, "base": 128, "doubts": doubts}
    found = sensitivity(values, tree, indicators(tree), **options)
    shift = found[found["output"] == OUTPUT].set_index("factor")
    assert (shift["total"] > 0.005).all()
    assert (shift["total_low"] <= shift["total"]).all() and (shift["total"] <= shift["total_high"]).all()
    assert found.equals(sensitivity(values, tree, indicators(tree), **options))
    most = shift["total"].idxmax()
    assert Translator("pt")(f"scoring.sensitivity.factor.{most}") in sentence(Translator("pt"), found)
    assert "takes part in" in sentence(Translator("en"), found)
