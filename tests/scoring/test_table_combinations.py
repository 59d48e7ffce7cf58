"""Options drawn at random, all of them at once, through the command: against a plain reading of the method.

Tables have gaps, negative figures, ties, outliers, groups of which one is empty, and trees of two to four levels with
an indicator that stands right under the index.
"""

from __future__ import annotations

import csv
import math
import random
import statistics
from pathlib import Path

import pytest
from scipy.stats import kurtosis, skew
from test_table_options import expected_mean

from atlas.cli import main

TREES = {
    2: {"a": "i", "b": "i", "c": "i", "d": "i", "e": "i"},
    3: {"a": "p", "b": "p", "c": "q", "d": "q", "e": "i", "p": "i", "q": "i"},
    4: {"a": "p", "b": "p", "c": "q", "d": "q", "e": "s", "p": "s", "q": "r", "r": "i", "s": "i"},
}
LEVELS = {
    2: {"i": 2},
    3: {"p": 2, "q": 2, "i": 3},
    4: {"p": 2, "q": 2, "r": 3, "s": 3, "i": 4},
}
CODES = "abcde"
LOW, HIGH, TARGET = -4.0, 20.0, {1: 90.0, -1: -60.0}
NORMALISE = ("minmax:0,100", "minmax:1,100", "minmax:-1,1", "zscore:0,1", "zscore:50,5", "goalposts:0,100",
             "goalposts:1,10", "rank", "percentile-rank", "percentile-share", "borda", "distance-to-max",
             "distance-to-target", "distance-to-target:capped", "none")  # fmt: skip
AGGREGATE = ("arithmetic", "geometric", "harmonic", "mean:2", "mean:-1", "mean:0", "mean:1", "mean:0.5", "borda",
             "copeland", "imd")  # fmt: skip
IMPUTE = ("none", "mean", "median", "group-mean:zone", "group-median:zone")
TREAT = ("none", "winsorise:0", "winsorise:1", "winsorise:5", "winsorise:1+log", "winsorise:5+log")
Column = list[float]
POWERS = {"geometric", "harmonic", "mean:-1", "mean:0"}


def table(rng: random.Random, units: int) -> dict[str, Column]:
    columns = {}
    for code in CODES:
        values = [round(rng.gauss(2, 6), rng.choice([0, 2])) for _ in range(units)]
        if rng.random() < 0.5:
            values[rng.randrange(units)] = rng.choice([-1, 1]) * 500.0
        columns[code] = [math.nan if rng.random() < 0.15 else value for value in values]
    columns["people"] = [float(rng.randint(1, 40)) for _ in range(units)]
    return columns


def known(values: Column) -> Column:
    return [value for value in values if not math.isnan(value)]


def imputed(values: Column, how: str, zones: list[str]) -> Column:
    name = how.partition(":")[0]
    middle = statistics.median if "median" in name else statistics.fmean

    def fill(at: int) -> float:
        if name == "none" or (name.startswith("group") and not zones[at]):
            return math.nan
        pool = known(
            [v for v, zone in zip(values, zones, strict=True) if name in ("mean", "median") or zone == zones[at]]
        )
        return middle(pool) if pool else math.nan

    return [fill(at) if math.isnan(value) else value for at, value in enumerate(values)]


def fails(values: Column) -> bool:
    there = known(values)
    if len(there) < 4 or min(there) == max(there):
        return False
    return abs(skew(there, bias=False)) >= 2 and kurtosis(there, bias=False) >= 3.5


def treated(values: Column, how: str) -> Column:
    if how == "none":
        return values
    most, now = int(how.removesuffix("+log").partition(":")[2]), list(values)
    drawn = {True: 0, False: 0}
    if most == 0:
        return values
    while fails(now) and sum(drawn.values()) < most:
        high = bool(skew(known(now), bias=False) >= 0)
        end = max(known(now)) if high else min(known(now))
        rest = [value for value in known(now) if value != end]
        now = [(max(rest) if high else min(rest)) if value == end else value for value in now]
        drawn[high] = now.count(max(rest) if high else min(rest)) - rest.count(max(rest) if high else min(rest))
    if how.endswith("+log") and fails(now):
        low, high_end = min(known(values)), max(known(values))
        return [math.log(value - low + 0.01 * (high_end - low)) for value in values]
    return now


def normal(values: Column, direction: int, how: str) -> Column:
    name, _, rest = how.partition(":")
    pair = [float(part) for part in rest.split(",")] if rest and name != "distance-to-target" else []
    turned = [direction * value for value in values]
    there = known(turned)
    low, high = min(there), max(there)

    def one(value: float) -> float:
        place = 1 + sum(other < value for other in there)
        if name == "minmax":
            return pair[0] + (pair[1] - pair[0]) * (value - low) / (high - low)
        if name == "zscore":
            return pair[0] + pair[1] * (value - statistics.fmean(there)) / statistics.stdev(there)
        if name == "goalposts":
            share = min(max((direction * value - LOW) / (HIGH - LOW), 0.0), 1.0)
            return pair[0] + (pair[1] - pair[0]) * (share if direction > 0 else 1 - share)
        if name == "distance-to-target":
            share = (value - low) / (direction * TARGET[direction] - low)
            return min(share, 1.0) if rest else share
        if name == "distance-to-max":
            return 1 - (high - value) / (high - low)
        if name == "none":
            return value
        return {"rank": place, "borda": place - 1, "percentile-rank": (place - 1) / max(len(there) - 1, 1),
                "percentile-share": place / len(there)}[name]  # fmt: skip

    return [math.nan if math.isnan(value) else one(value) for value in turned]


def read(path: Path) -> dict[str, dict[str, float]]:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["unit"]: {key: float(cell) if cell else math.nan for key, cell in row.items() if key != "unit"}
            for row in rows}  # fmt: skip


def write(folder: Path, data: dict[str, Column], zones: list[str], tree: int, weights: dict[str, float], signs) -> None:
    units = len(data["a"])
    head = ["unit", "zone", *CODES, "people"]
    lines = [
        ",".join(
            [f"0{at}", zones[at], *("" if math.isnan(data[c][at]) else repr(data[c][at]) for c in [*CODES, "people"])]
        )
        for at in range(units)
    ]
    (folder / "data.csv").write_text("\n".join([",".join(head), *lines]) + "\n")
    rows = ["Level,iCode,iName,Direction,Weight,Denominator,Parent,Type,Goalpost_low,Goalpost_high,Target"]
    for code, parent in TREES[tree].items():
        leaf = code in CODES
        level = 1 if leaf else LEVELS[tree][code]
        under = "people" if code in "ab" else ""
        kind = f"Indicator,{LOW},{HIGH},{TARGET[signs[code]]}" if leaf else "Aggregate,,,"
        rows.append(f"{level},{code},{code},{signs.get(code, 1)},{weights[code]},{under},{parent},{kind}")
    rows.append(f"{LEVELS[tree]['i']},i,i,1,1,,,Aggregate,,,")
    (folder / "meta.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("seed", range(160))
def test_options_drawn_together_do_what_the_method_says(seed: int, tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]  # pytest's own fixture
    rng = random.Random(seed)
    units, tree = rng.randint(9, 15), rng.choice([2, 3, 4])
    data, zones = table(rng, units), [rng.choice(["north", "south", ""]) for _ in range(units)]
    signs = {code: rng.choice([1, -1]) for code in CODES}
    weights = {code: float(rng.randint(1, 5)) for code in TREES[tree]}
    how = {"impute": rng.choice(IMPUTE), "treat": rng.choice(TREAT), "normalise": rng.choice(NORMALISE)}
    share, present, over = rng.choice([0.0, 0.6, 0.8]), rng.choice([0.0, 0.5, 1.0]), rng.random() < 0.5
    several = rng.random() < 0.5
    means = [rng.choice(AGGREGATE) for _ in range(tree - 1)] if several else [rng.choice(AGGREGATE)] * (tree - 1)
    write(tmp_path, data, zones, tree, weights, signs)
    given = "[" + ", ".join(f'"{one}"' for one in means) + "]" if several else f'"{means[0]}"'
    text = ['unit = "unit"', f"denominate = {str(over).lower()}", f"screen = {share}", f"present = {present}",
            f"aggregate = {given}", *(f'{key} = "{value}"' for key, value in how.items()),
            "[weights]", "a = 3.5", "e = 2"]  # fmt: skip
    (tmp_path / "score.toml").write_text("\n".join(text) + "\n")
    weights |= {"a": 3.5, "e": 2.0}

    columns = {code: data[code] for code in CODES}
    if over:
        columns |= {code: [v / p for v, p in zip(data[code], data["people"], strict=True)] for code in "ab"}
    columns = {code: imputed(values, how["impute"], zones) for code, values in columns.items()}
    kept = [at for at in range(units) if sum(not math.isnan(columns[c][at]) for c in CODES) / 5 >= share - 1e-12]
    columns = {code: [values[at] for at in kept] for code, values in columns.items()}
    columns = {code: treated(values, how["treat"]) for code, values in columns.items()}
    columns = {code: normal(values, signs[code], how["normalise"]) for code, values in columns.items()}
    refused = False
    for parent, level in sorted(LEVELS[tree].items(), key=lambda pair: pair[1]):
        children = [code for code, above in TREES[tree].items() if above == parent]
        rows = [list(row) for row in zip(*(columns[child] for child in children), strict=True)]
        mean = means[level - 2]
        least = min(value for row in rows for value in [*known(row), math.inf])
        refused |= (mean in POWERS and least <= 0) or (mean in ("mean:2", "mean:0.5") and least < 0)
        if refused:
            break
        order = {"mean:0": "geometric", "mean:1": "arithmetic"}.get(mean, mean)
        columns[parent] = expected_mean(rows, [weights[child] for child in children], order, present)

    files = [str(tmp_path / name) for name in ("data.csv", "meta.csv")]
    options = ["--config", str(tmp_path / "score.toml"), "--output", str(tmp_path / "out"), "--lang", "en", "--quiet"]
    code = main(["score", *files, *options])
    if refused:
        assert code == 1 and "only takes values above zero" in capsys.readouterr().err
        return
    assert code == 0, capsys.readouterr().err
    found = read(tmp_path / "out" / "aggregated.csv")
    names = [f"0{at}" for at in kept]
    assert sorted(found) == sorted(names)
    for node, values in columns.items():
        wanted = dict(zip(names, values, strict=True))
        assert {u: found[u][node] for u in names} == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True), node
    score = dict(zip(names, columns["i"], strict=True))
    ranks = read(tmp_path / "out" / "ranks.csv")
    for unit in names:
        if math.isnan(score[unit]):
            assert math.isnan(ranks[unit]["rank"])
        else:
            assert 1 + sum(v > score[unit] + 1e-9 for v in score.values()) <= ranks[unit]["rank"] + 1e-9
            assert ranks[unit]["rank"] <= sum(v >= score[unit] - 1e-9 for v in score.values())
