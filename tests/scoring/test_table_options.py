"""Every combination of options on small tables, against a plain reading of the formulas, unit by unit."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, Index, Series
from pandas.testing import assert_frame_equal

from atlas.errors import AtlasError
from atlas.scoring.settings import Settings, settings_from
from atlas.scoring.table import Figures, score_files, score_table
from atlas.scoring.tree import read_tree

META = """Level,iCode,iName,Direction,Weight,Denominator,Parent,Type,Goalpost_low,Goalpost_high,Target
1,x,X,1,1,people,a,Indicator,-1,3,5
1,y,Y,-1,2,,a,Indicator,0,9,-1
1,z,Z,1,3,,b,Indicator,0,9,12
2,a,A,1,1,,i,Aggregate,,,
2,b,B,1,2,,i,Aggregate,,,
3,i,I,1,1,,,Aggregate,,,
,people,People,,,,,Denominator,,,
,group,Group,,,,,Group,,,
"""
NORMALISATIONS = (
    *("minmax:1,100", "zscore:50,5", "goalposts:1,100", "rank", "percentile-rank", "percentile-share", "borda"),
    *("distance-to-max", "distance-to-target", "distance-to-target:capped", "none"),
)
AGGREGATIONS = (
    *("arithmetic", "geometric", "harmonic", "mean:2", "mean:-0.5", "borda", "copeland", "imd"),
    *(("arithmetic", "geometric"), ("borda", "arithmetic")),
)


def tree_of(text: str = META) -> object:
    rows = [line.split(",") for line in text.splitlines()]
    return read_tree(DataFrame(rows[1:], columns=rows[0]), where="meta.csv")


def figures(rows: dict[str, list[float | None]]) -> Figures:
    table = DataFrame(rows, dtype=float)
    units = Index([f"u{at}" for at in range(len(table))])
    groups = Series(["g", "h"] * len(table), name="group")[: len(table)]
    return Figures(
        table[["x", "y", "z"]].set_index(units), table[["people"]].set_index(units), groups.to_frame().set_index(units)
    )


FIGURES = figures(
    {
        "x": [1.0, 2.0, None, 4.0, 40.0, 2.0, 3.0],
        "y": [8.0, 7.0, 6.0, 6.0, None, 1.0, 0.5],
        "z": [1.0, 2.0, 4.0, 8.0, 7.0, None, 7.0],
        "people": [10.0, 10.0, 20.0, 20.0, 10.0, None, 5.0],
    }
)


def expected_normal(
    values: list[float], direction: int, how: str, low: float, high: float, target: float
) -> list[float]:
    """Straight from the table of the method, one unit at a time."""
    present = [direction * v for v in values if not math.isnan(v)]
    mean = sum(present) / len(present)
    sd = math.sqrt(sum((v - mean) ** 2 for v in present) / (len(present) - 1))
    name, _, rest = how.partition(":")
    out = []
    for raw in values:
        v = direction * raw
        rank = 1 + sum(other < v for other in present)
        share = (raw - low) / (high - low)
        share = min(max(share, 0.0), 1.0)
        share = share if direction > 0 else 1 - share
        aim = direction * target
        found = {
            "minmax": lambda v=v: 1 + 99 * (v - min(present)) / (max(present) - min(present)),
            "zscore": lambda v=v: 50 + 5 * (v - mean) / sd,
            "goalposts": lambda share=share: 1 + 99 * share,
            "rank": lambda rank=rank: rank,
            "borda": lambda rank=rank: rank - 1,
            "percentile-rank": lambda rank=rank: (rank - 1) / (len(present) - 1),
            "percentile-share": lambda rank=rank: rank / len(present),
            "distance-to-max": lambda v=v: 1 - (max(present) - v) / (max(present) - min(present)),
            "distance-to-target": lambda v=v, aim=aim: (v - min(present)) / (aim - min(present)),
            "none": lambda v=v: v,
        }[name]()
        out.append(math.nan if math.isnan(raw) else min(found, 1.0) if rest == "capped" else found)
    return out


def expected_mean(rows: list[list[float]], weights: list[float], how: str, present: float) -> list[float]:
    def mean(row: list[float], weights: list[float], order: float) -> float:
        pairs = [(w, v) for w, v in zip(weights, row, strict=True) if not math.isnan(v)]
        total = sum(w for w, _ in pairs)
        if not pairs:
            return math.nan
        if order == 0:
            return math.prod(v ** (w / total) for w, v in pairs)
        return (sum(w * v**order for w, v in pairs) / total) ** (1 / order)

    ranks = [
        [math.nan if math.isnan(v) else 1 + sum(o[c] < v for o in rows) for c, v in enumerate(row)] for row in rows
    ]
    size = [sum(not math.isnan(o[c]) for o in rows) for c in range(len(weights))]
    out = []
    for at, row in enumerate(rows):
        if how == "borda":
            score = mean([r - 1 for r in ranks[at]], weights, 1) * sum(weights)
        elif how == "imd":
            tail = 1 - math.exp(-100 / 23)
            score = mean([-23 * math.log(1 - r / n * tail) for r, n in zip(ranks[at], size, strict=True)], weights, 1)
        elif how == "copeland":
            score = 0.0
            for other_at, other in enumerate(rows):
                both = [(w, a, b) for w, a, b in zip(weights, row, other, strict=True) if not math.isnan(a + b)]
                lead = sum(w * ((a > b) - (a < b)) for w, a, b in both)
                score += 0.0 if other_at == at or abs(lead) < 1e-9 else math.copysign(1, lead)
            score = math.nan if all(math.isnan(v) for v in row) else score
        else:
            order = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}.get(how)
            score = mean(row, weights, float(how[5:]) if order is None else order)
        share = sum(w for w, v in zip(weights, row, strict=True) if not math.isnan(v)) / sum(weights)
        out.append(score if share >= present - 1e-12 else math.nan)
    return out


@pytest.mark.parametrize("normalise", NORMALISATIONS)
@pytest.mark.parametrize("present", [0.0, 0.5])
def test_every_normalisation_goes_with_every_aggregation(normalise: str, present: float) -> None:
    tree = tree_of()
    for aggregate in AGGREGATIONS:
        chosen = Settings(normalise=normalise, aggregate=aggregate, present=present)
        columns = {
            code: expected_normal(
                FIGURES.indicators[code].tolist(),
                node.direction,
                normalise,
                node.goalpost_low,
                node.goalpost_high,
                node.target,
            )
            for code, node in tree.nodes.items()
            if node.indicator
        }
        try:
            for parent, children in (("a", "xy"), ("b", "z"), ("i", "ab")):
                rows = [list(row) for row in zip(*(columns[child] for child in children), strict=True)]
                weights = [tree.nodes[child].weight for child in children]
                how = chosen.aggregation(tree.nodes[parent].level)
                powers = how in ("geometric", "harmonic", "mean:-0.5")
                if powers and any(v <= 0 for row in rows for v in row):
                    raise ZeroDivisionError
                if how == "mean:2" and any(v < 0 for row in rows for v in row):
                    raise ZeroDivisionError
                columns[parent] = expected_mean(rows, weights, how, present)
        except ZeroDivisionError:
            with pytest.raises(AtlasError, match="acima de zero"):
                score_table(FIGURES, tree, chosen)
            continue
        found = score_table(FIGURES, tree, chosen)["aggregated"].set_index("uCode")
        for code, wanted in columns.items():
            assert found[code].tolist() == pytest.approx(wanted, rel=1e-9, nan_ok=True), (aggregate, code)


def test_every_combination_of_the_earlier_stages_runs() -> None:
    imputations = ("none", "mean", "median", "group-mean:group", "group-median:group")
    for impute, denominate, screen, treat in itertools.product(
        imputations, (False, True), (0.0, 0.7, 1.0), ("none", "winsorise:1", "winsorise:0", "winsorise:5+log")
    ):
        tables = score_table(
            FIGURES, tree_of(), Settings(impute=impute, denominate=denominate, screen=screen, treat=treat)
        )
        kept, dropped = set(tables["screened"]["uCode"]), set(tables["screened_out"]["uCode"])
        assert kept | dropped == set(FIGURES.indicators.index) and not kept & dropped
        assert len(tables["aggregated"]) == len(tables["ranks"]) == len(kept)
        if impute == "mean":
            assert not dropped
        if screen == 1.0 and impute == "none":
            assert dropped == ({"u2", "u4", "u5"})


def test_denominated_figures_and_missing_denominators() -> None:
    found = score_table(FIGURES, tree_of(), Settings(denominate=True))["denominated"].set_index("uCode")
    assert found["x"].tolist() == pytest.approx([0.1, 0.2, math.nan, 0.2, 4.0, math.nan, 0.6], nan_ok=True)
    assert found["y"].equals(FIGURES.indicators["y"])


def test_outlier_is_drawn_in_or_its_logarithm_taken() -> None:
    """COINr's own tests: (1…10, 100) becomes 10 and passes; (1…20, 100, 200) with one point wants the logarithm."""
    from atlas.scoring.treat import logarithm, treat

    table, told = treat(DataFrame({"x": [*range(1, 11), 100.0]}), points=5, log=True)
    assert table["x"].max() == 10 and told["winsorise.nwin"].tolist() == [1]
    values = np.array([*range(1, 21), 100.0, 200.0])
    logged, told = treat(DataFrame({"x": values}), points=1, log=True)
    assert logged["x"].tolist() == logarithm(values).tolist()
    assert told["check_SkewKurt1.Pass"].tolist() == ["FALSE"]
    only, _ = treat(DataFrame({"x": values}), points=1, log=False)
    assert only["x"].max() == 100.0


def test_weights_come_from_meta_then_judges_then_the_settings(tmp_path: Path) -> None:
    (tmp_path / "meta.csv").write_text(META)
    rows = "uCode,x,y,z,people,group\nNA,1,2,3,4,g\n001,4,3,2,1,h\nB,2,2,9,1,h\n"
    (tmp_path / "data.csv").write_text(rows)
    (tmp_path / "people.csv").write_text("iCode,Ana,Rui\nx,60,1\ny,40,1\n")
    (tmp_path / "score.toml").write_text('weights_from = "people.csv"\n[weights]\nb = 6\na = 2\n')
    score_files(tmp_path / "data.csv", tmp_path / "meta.csv", tmp_path / "score.toml", tmp_path / "out")
    weights = (tmp_path / "out" / "effective_weights.csv").read_text().splitlines()
    assert weights[1:4] == ["x,1,0.55,0.1375", "y,1,0.45,0.1125", "z,1,3.0,0.75"]
    assert weights[4:] == ["a,2,2.0,0.25", "b,2,6.0,0.75", "i,3,1.0,1.0"]
    assert [line.split(",")[0] for line in (tmp_path / "out" / "ranks.csv").read_text().splitlines()] == [
        "uCode",
        "001",
        "B",
        "NA",
    ]
    spread = (tmp_path / "out" / "weights.csv").read_text().splitlines()
    assert spread[1].startswith("x,0.55,0.5,0.6,")


def test_comparisons_by_pairs_give_the_eigenvector_and_refuse_contradiction(tmp_path: Path) -> None:
    """Saaty (1980): a consistent judge's weights are exact; a circle of preferences is refused with its ratio."""
    meta = META.replace("1,z,Z,1,3,,b,", "1,z,Z,1,3,,a,").replace("2,b,B,1,2,,i,Aggregate,,,\n", "")
    (tmp_path / "meta.csv").write_text(meta)
    (tmp_path / "data.csv").write_text("uCode,x,y,z\na,1,2,3\nb,2,1,2\nc,5,5,5\n")
    (tmp_path / "score.toml").write_text('weights_from = "pairs.csv"')
    pairs = tmp_path / "pairs.csv"

    def weights() -> list[float]:
        score_files(tmp_path / "data.csv", tmp_path / "meta.csv", tmp_path / "score.toml", tmp_path / "out", force=True)
        lines = (tmp_path / "out" / "effective_weights.csv").read_text().splitlines()
        return [float(line.split(",")[3]) for line in lines[1:4]]

    pairs.write_text("judge,first,second,times\nAna,x,y,2\nAna,x,z,4\nAna,y,z,2\n")
    assert weights() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    pairs.write_text("iCode,x,y,z\nx,1,2,4\ny,0.5,1,2\nz,0.25,0.5,1\n")
    assert weights() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    pairs.write_text("judge,first,second,times\nAna,x,y,3\nAna,y,z,3\nAna,z,x,3\n")
    with pytest.raises(AtlasError, match=r"razão de consistência 1,15"):
        weights()
    pairs.write_text("judge,first,second,times\nAna,x,y,3\nAna,y,z,3\n")
    with pytest.raises(AtlasError, match="Falta a comparação de «x» com «z»"):
        weights()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(*[st.floats(0, 10)] * 3), min_size=4, max_size=8, unique=True),
    st.sampled_from(["minmax:0,100", "zscore:0,1", "rank", "percentile-share", "goalposts:0,100"]),
    st.sampled_from(["arithmetic", "copeland", "imd"]),
    st.floats(0.1, 50),
    st.randoms(use_true_random=False),
)
def test_order_of_rows_and_scale_of_weights_change_nothing(
    rows: list[tuple[float, ...]], normalise: str, aggregate: str, factor: float, random: Random
) -> None:
    columns = {code: [row[at] for row in rows] for at, code in enumerate("xyz")}
    if any(len({round(v, 6) for v in column}) < 2 for column in columns.values()):
        return
    given = figures(columns | {"people": [1.0] * len(rows)})
    order = random.sample(list(given.indicators.index), len(rows))
    turned = Figures(given.indicators.loc[order], given.denominators.loc[order], given.groups.loc[order])
    chosen = Settings(normalise=normalise, aggregate=aggregate)
    tree = tree_of()
    scaled = tree.with_weights({code: node.weight * factor for code, node in tree.nodes.items()})
    straight = score_table(given, tree, chosen)["aggregated"].set_index("uCode")
    assert_frame_equal(
        straight, score_table(turned, tree, chosen)["aggregated"].set_index("uCode").loc[straight.index], rtol=1e-12
    )
    assert_frame_equal(
        straight, score_table(given, scaled, chosen)["aggregated"].set_index("uCode"), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"normalize": "rank"}, "Será «normalise»"),
        ({"normalise": "minimax:0,100"}, "Será «minmax»"),
        ({"normalise": "minmax:100,0"}, "normalise: «minmax:100,0» não serve"),
        ({"normalise": "zscore:0"}, "`zscore:0,1`"),
        ({"normalise": "rank:3"}, "`rank`"),
        ({"aggregate": "geometrical"}, "Será «geometric»"),
        ({"aggregate": ["arithmetic", "copland"]}, "Será «copeland»"),
        ({"aggregate": "mean:x"}, "`mean:2`"),
        ({"aggregate": []}, "aggregate"),
        ({"treat": "winsorise"}, "`winsorise:5`"),
        ({"treat": "winsorize:5"}, "Será «winsorise»"),
        ({"treat": "winsorise:five"}, "`winsorise:5`"),
        ({"impute": "group-mean"}, "`group-mean:COLUMN`"),
        ({"impute": "medium"}, "Será «median»"),
        ({"screen": 90}, "screen: «90» não serve"),
        ({"present": "half"}, "present"),
        ({"denominate": "yes"}, "`true`"),
        ({"weights": {"x": "two"}}, "peso de «x»"),
        ({"unit": 3}, "unit"),
    ],
)
def test_wrong_settings_say_what_would_be_right(given: dict, said: str) -> None:
    with pytest.raises(AtlasError) as fault:
        settings_from(given)
    assert said in fault.value.text("pt")
    assert "score.toml" in fault.value.text("en")


def test_all_faults_of_the_settings_are_told_at_once() -> None:
    with pytest.raises(AtlasError) as fault:
        settings_from({"normalise": "nothing at all", "screen": 2, "colour": "red"})
    assert fault.value.text("en").count("score.toml") == 3
