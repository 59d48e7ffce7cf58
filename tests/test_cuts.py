"""Other zonings of the same ground: what must stay, what may move, and what is said of it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from atlas import cuts
from atlas.build import DATA_TABLES
from atlas.built import Built
from atlas.cli import main
from atlas.cuts import (
    Zoning,
    compare,
    cut_tables,
    first_ten,
    ranks_in,
    recut,
    refuse_without_points,
    score_cut,
    weighted_spearman,
    zonings,
)
from atlas.errors import ConfigError
from atlas.indicators import Inputs
from atlas.measuring import inputs_of
from atlas.placing import Places


@pytest.fixture(scope="module")
def placed(porto: Built) -> Places:
    tables = {name: porto.store.read(name) for name in DATA_TABLES}
    return Places.of(
        porto.atlas, tables, {key: porto.store.manifest[key] for key in ("sources", "repairs", "warnings")}
    )


@pytest.fixture(scope="module")
def inputs(porto: Built, placed: Places) -> Inputs:
    return inputs_of(porto.atlas, placed)


@pytest.fixture(scope="module")
def as_published(porto: Built, inputs: Inputs) -> Inputs:
    """The ground cut along the borders that it has already."""
    outlines = gpd.GeoDataFrame(porto.units[["code", "geometry"]], crs=porto.atlas.atlas.crs)
    return recut(inputs, Zoning("sections", None, outlines))


def published(porto: Built, index_id: str) -> pd.DataFrame:
    table = porto.store.read("scores")
    return table[table["index"] == index_id].set_index("code")


def test_every_figure_of_a_section_is_the_sum_over_its_blocks(inputs: Inputs, as_published: Inputs) -> None:
    stated, summed = (source.source("census_sections") for source in (inputs, as_published))
    assert len(stated.columns) > 30
    pd.testing.assert_frame_equal(
        summed.sort_index(), stated.sort_index().apply(pd.to_numeric), check_dtype=False, check_names=False
    )


def test_the_published_borders_give_the_published_scores(
    porto: Built, placed: Places, inputs: Inputs, as_published: Inputs
) -> None:
    found = score_cut(as_published, placed.tables["completeness"])
    assert set(found) == {index.id for index in porto.atlas.index}
    for index in porto.atlas.index:
        own = published(porto, index.id)
        expected = own["score"].where(own["rank"].notna())
        assert found[index.id].isna().equals(expected.isna())
        assert (found[index.id] - expected).abs().max() < 1e-9
        people = pd.DataFrame({"code": inputs.population["unit"], "residents": inputs.population["residents"]})
        people["here"] = people["there"] = expected.reindex(people["code"]).to_numpy()
        told = compare(people, index, own["rank"], ranks_in(people))
        assert told["class_changed"] == 0
        assert told["spearman"] == pytest.approx(1)
        assert told["spearman_residents"] == pytest.approx(1)
        assert told["top10_kept"] == (own["rank"] <= 10).sum()


def test_hexagons_of_four_origins_share_the_ground_and_hold_every_resident_once(
    porto: Built, placed: Places, inputs: Inputs
) -> None:
    region = shapely.union_all(porto.units.geometry.to_numpy())
    grids = [one for one in zonings(porto.atlas, placed, inputs.units) if one.name == "hexagons_400"]
    assert [one.origin for one in grids] == [1, 2, 3, 4]
    centres = set()
    for grid in grids:
        assert grid.outlines.area.sum() == pytest.approx(region.area, rel=1e-9)
        whole = grid.outlines[grid.outlines.area > (1 - 1e-9) * 400**2 * np.sqrt(3) / 2]
        assert len(whole) > 150
        centres |= {(round(point.x, 3), round(point.y, 3)) for point in whole.centroid}
        frame = recut(inputs, grid).units.neighbourhoods
        assert frame["residents"].sum() == inputs.source("blocks")["residents"].sum()
        assert frame["parent"].isin(porto.parents.index).all()
    steps = np.array(sorted(centres))
    nearest = np.sort(np.hypot(*(steps[:, None] - steps[None]).T), axis=1)[:, 1]
    assert nearest.min() == pytest.approx(200, abs=0.01)  # the four lattices lie half a step apart


@pytest.fixture(scope="module")
def tables(porto: Built, placed: Places) -> dict[str, pd.DataFrame]:
    """Blocks and two grids: enough to see all that is told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "WIDTHS_M", (400,))
        patch.setattr(cuts, "ORIGINS", cuts.ORIGINS[:2])
        return cut_tables(porto.atlas, placed, {"scores": porto.store.read("scores")})


def test_what_other_cuts_keep_is_told_for_every_index(porto: Built, tables: dict[str, pd.DataFrame]) -> None:
    table = tables["cuts"]
    assert table.groupby("index").size().eq(3).all()
    assert set(table["index"]) == {index.id for index in porto.atlas.index}
    potential = table[table["index"] == "potential"]
    assert potential["spearman"].between(0.9, 1).all()
    assert potential["class_changed"].between(0.05, 0.5).all()
    assert potential["compared"].between(0.9, 1).all()
    blocks = table[(table["index"] == "decline") & (table["zoning"] == "blocks")].iloc[0]
    assert blocks["ranked"] < blocks["units"] / 2  # most blocks have too few buildings to be ranked at all


def test_a_place_among_the_ten_that_depends_on_the_cut_is_flagged(
    porto: Built, tables: dict[str, pd.DataFrame]
) -> None:
    units, scores = tables["cut_units"], tables["scores"]
    weak = units[units["share"] < 0.75]
    assert 0 < len(weak) < len(units)
    flagged = scores[scores["flags"].str.split("|").map(lambda words: "cut_dependent" in words)]
    assert set(zip(flagged["index"], flagged["code"], strict=True)) == set(
        zip(weak["index"], weak["code"], strict=True)
    )
    assert (flagged["rank"] <= 10).all()
    before = porto.store.read("scores")
    pd.testing.assert_frame_equal(scores.drop(columns="flags"), before.drop(columns="flags"))


def test_ranks_elsewhere_are_of_the_mean_resident_and_need_half_of_them() -> None:
    people = pd.DataFrame({
        "code": ["a", "a", "b", "c", "c", "d"],
        "residents": [30.0, 10, 5, 60, 40, 7],
        "here": [9.0, 9, 8, 7, 7, np.nan],
        "there": [10.0, 50, 21, np.nan, 90, 99],
    })  # fmt: skip
    # a: (30·10 + 10·50)/40 = 20 < 21; of c only 40 in 100 have a score; d is not ranked here
    assert ranks_in(people).fillna(0).to_dict() == {"a": 2, "b": 1, "c": 0, "d": 0}


def test_first_ten_hold_where_they_can_be_placed() -> None:
    own = pd.Series([1, 2, 11], index=["a", "b", "c"], dtype="Int64")
    elsewhere = [
        pd.Series([3, 12, 1], index=own.index, dtype="Int64"),
        pd.Series([10, pd.NA, 2], index=own.index, dtype="Int64"),
    ]
    found = first_ten("potential", own, elsewhere).set_index("code")
    assert found.loc["a", ["zonings", "held", "share"]].tolist() == [2, 2, 1.0]
    assert found.loc["b", ["zonings", "held", "share"]].tolist() == [1, 0, 0.0]
    assert "c" not in found.index


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 4)), min_size=3, max_size=12))
def test_a_weighted_correlation_is_the_plain_one_of_repeated_rows(rows: list[tuple[int, int, int]]) -> None:
    first, second, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    if len(set(first)) > 1 and len(set(second)) > 1:
        plain = spearmanr(*(np.repeat(one, weight.astype(int)) for one in (first, second))).statistic
        assert weighted_spearman(first, second, weight) == pytest.approx(plain, abs=1e-9)


def test_an_atlas_without_population_points_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--cuts", "--lang", "pt", "norte"]) == 1
    assert "não tem pontos de população" in capsys.readouterr().err
    assert main(["build", "--cuts", "--lang", "en", "norte"]) == 1
    assert "neighbourhoods.within_source" in capsys.readouterr().err


def test_figures_that_no_block_adds_up_to_are_named(porto: Built) -> None:
    sources = [
        source.model_copy(update={"read": {}}) if source.id == "census_sections" else source
        for source in porto.atlas.source
    ]
    with pytest.raises(ConfigError, match=r"census_sections.*sums_of"):
        refuse_without_points(porto.atlas.model_copy(update={"source": tuple(sources)}))
