"""The outside check: areas that can be counted, an interval that holds, and lists that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.built import Built
from atlas.errors import AtlasError
from atlas.strategy.discrimination import auc, auc_difference, auc_interval
from atlas.strategy.validate import validate


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_auc_is_the_share_of_pairs_in_the_right_order(yes: list[int], no: list[int]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in yes for b in no]
    value, expected = np.array(yes + no, dtype=float), np.array([True] * len(yes) + [False] * len(no))
    assert auc(value, expected) == pytest.approx(np.mean(pairs))
    assert auc(-value, expected) == pytest.approx(1 - np.mean(pairs))
    found, low, high = auc_difference(value, value, expected)
    assert found == 0.0
    assert np.isnan(low) or low == high == 0.0


def test_the_interval_holds_the_area_about_as_often_as_it_says() -> None:
    """Normal scores one standard deviation apart, area Φ(1/√2) = 0.76; 20 places of each kind, 400 lists."""
    rng, held = np.random.default_rng(8), 0
    expected = np.array([True] * 20 + [False] * 20)
    for _ in range(400):
        value = rng.normal(size=40) + expected
        low, high = auc_interval(auc(value, expected), 20, 20)
        held += low <= 0.7602 <= high
    assert 0.92 <= held / 400 <= 0.99


@pytest.mark.parametrize("area", [0.0, 0.5, 1.0])
def test_the_interval_never_shrinks_to_a_point(area: float) -> None:
    low, high = auc_interval(area, 10, 10)
    assert 0 <= low <= area <= high <= 1
    assert high - low > 0.1


def listed(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_list_by_code_and_by_point_is_read(porto: Built, tmp_path: Path) -> None:
    scores = porto.store.read("scores")
    own = scores[(scores["index"] == "potential") & scores["rank"].notna()].sort_values("score")["code"]
    rows = [f"{code};não" for code in own.head(6)] + [f"{code};sim" for code in own.tail(6)]
    found = validate(porto, listed(tmp_path / "lista.csv", "\n".join(["code;expected", *rows])))
    assert [row["measure"] for row in found.rows] == ["potential", "density", "difference"]
    assert found.rows[0]["auc"] == 1.0
    assert found.rows[2]["auc"] == pytest.approx(1.0 - found.rows[1]["auc"], abs=1e-6)
    inside = porto.units.loc[[own.iloc[-1], own.iloc[0]]].representative_point().to_crs(4326)
    (high_lon, low_lon), (high_lat, low_lat) = inside.x, inside.y
    points = f"lon,lat,expected\n{high_lon},{high_lat},yes\n{low_lon},{low_lat},no\n-9.14,38.71,yes\n"  # last: Lisbon
    by_point = validate(porto, listed(tmp_path / "points.csv", points)).places
    assert by_point["used"].tolist() == [True, True, False]
    assert by_point["code"].tolist()[:2] == [own.iloc[-1], own.iloc[0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,expected\n131217001,talvez\n", "talvez"),
        ("name,expected\nAliados,yes\n", "lon"),
        ("code,expected\n131217001,yes\n", "não esperados"),
        ("code,expected\n131217001,yes\n999999999,no\n", "999999999"),
        ("code,wanted\n131217001,yes\n", "expected"),
    ],
)
def test_a_wrong_list_is_told_what_is_wrong(porto: Built, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AtlasError) as fault:
        validate(porto, listed(tmp_path / "lista.csv", text))
    assert said in fault.value.text("pt")
    assert "lista.csv" in fault.value.text("pt")
