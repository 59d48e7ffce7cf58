"""Time, memory and honesty of the two intervals.

    python benchmarks/uncertainty.py            all of it
    python benchmarks/uncertainty.py coverage   only the simulation

The floor is what any engine must do: one product of figures and weights, and one sort a draw, in bare NumPy, in the
same process. The simulation knows the true figures, lets the engine see them through noise, and counts how often the
data interval (5–95 %) holds the true rank. The interval was not tuned to it.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: the floor is one core's

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from atlas.config import Index, Indicator, Pillar, Text
from atlas.scoring.doubt import Doubt
from atlas.scoring.index import rank, score_index
from atlas.scoring.sensitivity import sensitivity
from atlas.scoring.uncertainty import data_interval, robustness

UNITS = 1504


def text(words: str) -> Text:
    return Text(pt=words, en=words)


def index_over(codes: list[str], pillars: int) -> Index:
    parts = np.array_split(np.array(codes), pillars)
    return Index(
        id="index",
        name=text("index"),
        about=text("about"),
        judged="2026-01-01",
        pillar=tuple(
            Pillar(
                id=f"p{at}", name=text("p"), weight=1 + at % 3, indicators={str(c): 1.0 for c in part}, reason=text("r")
            )
            for at, part in enumerate(parts)
        ),
    )


def indicator(code: str, goalposts: tuple[float, float], *, log: bool = False, less: bool = False) -> Indicator:
    return Indicator(
        code=code,
        name=text(code),
        unit=text("u"),
        measure="given",
        about=text(code),
        goalposts=goalposts,
        log=log,
        direction="less" if less else "more",
    )


def a_region(indicators: int, missing: float = 0.05) -> tuple[DataFrame, Index, dict[str, Indicator]]:
    """Half of the indicators are counts that most units lack, half are continuous; a twentieth is missing."""
    rng = np.random.default_rng(0)
    codes = [f"i{at:02d}" for at in range(indicators)]
    columns = {
        code: rng.negative_binomial(0.2, 0.05, UNITS) if at % 2 else rng.gamma(2, 4, UNITS)
        for at, code in enumerate(codes)
    }
    values = DataFrame(columns, index=[f"u{at:04d}" for at in range(UNITS)], dtype=float)
    values = values.mask(rng.random(values.shape) < missing)
    known = {code: indicator(code, (0, 20), log=at % 2 == 1, less=at % 5 == 4) for at, code in enumerate(codes)}
    return values, index_over(codes, 8), known


def floor(units: int, indicators: int, draws: int) -> None:
    """The product and the sorts alone, in single precision, in blocks of 64 draws."""
    rng = np.random.default_rng(1)
    figures = rng.random((units, indicators), dtype=np.float32)
    weights = rng.random((draws, indicators), dtype=np.float32)
    for block in range(0, draws, 64):
        np.argsort(-(weights[block : block + 64] @ figures.T), axis=1)


def compare(what: str, draws: int, task: Callable[[], object], beside: Callable[[], object], repeats: int = 5) -> None:
    """Print the least time of a task and of its floor, tried in turn: a busy machine slows both."""
    cpu, wall, least = np.inf, np.inf, np.inf
    for _ in range(repeats):
        start = time.process_time()
        beside()
        least = min(least, time.process_time() - start)
        start, clock = time.process_time(), time.perf_counter()
        task()
        cpu, wall = min(cpu, time.process_time() - start), min(wall, time.perf_counter() - clock)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:36}{draws:8}{cpu:9.2f}{wall:9.2f}{least:8.2f}{cpu / least:7.1f}{peak:7.0f}")


def speed() -> None:
    print(f"{'':36}{'draws':>8}{'CPU s':>9}{'wall s':>9}{'floor':>8}{'ratio':>7}{'MiB':>7}")
    for indicators, draws in ((20, 2_000), (30, 10_000)):
        values, tree, known = a_region(indicators)
        ranked = score_index(values, tree, known).ranked
        options = {"draws": draws, "seed": 1, "ranked": ranked}
        for workers in (1, 2):
            compare(
                f"robustness, {indicators} indicators, {workers} worker",
                draws,
                lambda: robustness(values, tree, known, **options, workers=workers),  # noqa: B023  (run here and now)
                lambda: floor(int(ranked.sum()), indicators, draws),  # noqa: B023  (as above)
            )
    values, tree, known = a_region(20)
    ranked = score_index(values, tree, known).ranked
    base = Series(500.0, index=values.index)
    doubts = {code: Doubt("count", completeness=0.8) for code in list(values)[1::2]}
    doubts |= {code: Doubt("rate", base=base) for code in list(values)[::4]}
    doubts |= {code: Doubt("relative_sd", relative_sd=0.05) for code in list(values)[2::4]}
    units = int(ranked.sum())
    compare(
        "data interval, 20 doubtful",
        2_000,
        lambda: data_interval(values, tree, known, doubts, draws=2_000, seed=1, ranked=ranked),
        lambda: floor(units, 20, 2_000),
    )
    compare(
        "Sobol', N = 1 024, six factors",
        8_192,
        lambda: sensitivity(values, tree, known, seed=1, ranked=ranked, doubts=doubts),
        lambda: floor(units, 20, 8_192),
        repeats=2,
    )


def simulated(kind: str, reliability: float, rng: np.random.Generator, units: int) -> tuple[Series, Series, Doubt]:
    """True figures, what is seen of them, and the doubt that the engine is told of."""
    names = [f"u{at}" for at in range(units)]
    if kind == "standard error":
        truth = rng.normal(50, 5, units)
        error = 5 * np.sqrt((1 - reliability) / reliability)
        seen, doubt = truth + rng.normal(0, error, units), Doubt("sd", sd=error)
    elif kind == "rate":
        mean, between = 0.05, 0.02**2
        base = round(mean / between * reliability / (1 - reliability))
        truth = rng.gamma(mean**2 / between, between / mean, units)
        seen, doubt = rng.poisson(truth * base) / base, Doubt("rate", base=Series(float(base), index=names))
    else:
        truth = rng.poisson(rng.gamma(2, 5, units)).astype(float)
        seen = rng.binomial(truth.astype(int), reliability).astype(float)
        doubt = Doubt("count", completeness=reliability)
    return Series(truth, index=names), Series(seen, index=names), doubt


def coverage(units: int = 400, indicators: int = 4, repeats: int = 30, draws: int = 500) -> None:
    print(f"\n{'data interval at 90 %':24}{'reliability':>12}{'all':>8}{'top 5 %':>9}{'last 5 %':>10}{'top ten':>9}")
    codes = [f"i{at}" for at in range(indicators)]
    tree = index_over(codes, 1)
    for kind, posts in (("standard error", (0.0, 100.0)), ("rate", (0.0, 0.3)), ("completeness", (0.0, 100.0))):
        known = {code: indicator(code, posts) for code in codes}
        for reliability in (0.5, 0.8, 0.95):
            found = []
            for seed in range(repeats):
                rng = np.random.default_rng([seed, int(100 * reliability)])
                columns = {code: simulated(kind, reliability, rng, units) for code in codes}
                truth, seen = (DataFrame({code: one[at] for code, one in columns.items()}) for at in (0, 1))
                doubts = {code: one[2] for code, one in columns.items()}
                ranked = Series(True, index=truth.index)
                ranks = rank(score_index(truth, tree, known).score, ranked).astype(float)
                told = data_interval(seen, tree, known, doubts, draws=draws, seed=seed, ranked=ranked)
                held = ranks.between(told["rank_data_low"].astype(float), told["rank_data_high"].astype(float))
                twentieth = units // 20
                order = ranks.sort_values().index
                ends = (held, held[order[:twentieth]], held[order[-twentieth:]], held[order[:10]])
                found.append([end.mean() for end in ends])
            whole, top, last, ten = np.mean(found, axis=0)
            print(f"{kind:24}{reliability:12}{whole:8.1%}{top:9.1%}{last:10.1%}{ten:9.1%}")


if __name__ == "__main__":
    pd.set_option("display.width", 120)
    if sys.argv[1:] != ["coverage"]:
        speed()
    coverage()
