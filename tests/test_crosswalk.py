"""The way from one year's units to another's: a split, a union, a part across a border, and INE's real blocks."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from atlas.atlasfile import load_atlas
from atlas.config import Source
from atlas.crosswalk import carried, crosswalk, summed, then
from atlas.errors import AtlasError, SourceError
from atlas.sources import load
from atlas.sources._opened import Opened

SHARED = Path(__file__).parents[2] / "shared" / "data"


def units(**boxes: tuple[float, float]) -> gpd.GeoDataFrame:
    """Units from west to east, 100 m high."""
    return gpd.GeoDataFrame(
        geometry=[shapely.box(west, 0, east, 100) for west, east in boxes.values()], crs=3763, index=list(boxes)
    )


def blocks(*told: tuple[str, float, float, float | None]) -> gpd.GeoDataFrame:
    """Blocks of an old unit, from west to east, with residents."""
    return gpd.GeoDataFrame(
        {"unit": [one[0] for one in told], "weight": [one[3] for one in told]},
        geometry=[shapely.box(one[1], 0, one[2], 100) for one in told], crs=3763,
    )  # fmt: skip


def share(walk: pd.DataFrame) -> dict[tuple[str, str], float]:
    return walk.set_index(["code_from", "code_to"])["share"].to_dict()


def test_a_split_by_residents_and_a_union() -> None:
    held = blocks(("U", 0, 100, 30), ("U", 100, 200, 10), ("U", 200, 300, 60), ("V", 300, 400, 5), ("W", 400, 500, 7))
    walk = crosswalk(held, units(A=(0, 200), B=(200, 300), C=(300, 500)), unit="unit", weight="weight")
    assert share(walk) == {("U", "A"): 0.4, ("U", "B"): 0.6, ("V", "C"): 1.0, ("W", "C"): 1.0}
    assert walk["share"].tolist() == walk["share_low"].tolist() == walk["share_high"].tolist()
    figures = pd.DataFrame({"shops": [100.0, 8.0, 2.0], "aged": [20.0, 10.0, 30.0]}, index=["U", "V", "W"])
    there = carried(figures, walk, rates=["aged"])
    assert there.loc["C"].to_dict() == {"shops": 10.0, "aged": pytest.approx((5 * 10 + 7 * 30) / 12)}
    figures.loc["V", "shops"] = np.nan
    assert np.isnan(carried(figures, walk)["shops"]["C"])  # a part is not the whole


def test_a_block_across_a_border_is_the_doubt() -> None:
    held = blocks(("U", 0, 100, 30), ("U", 100, 200, 10), ("U", 200, 300, 60))
    walk = crosswalk(held, units(A=(0, 160), B=(160, 300)), unit="unit", weight="weight").set_index("code_to")
    assert walk.loc["A", ["share_low", "share", "share_high"]].tolist() == [0.3, 0.4, 0.4]
    assert walk.loc["B", ["share_low", "share", "share_high"]].tolist() == [0.6, 0.6, 0.7]
    sums = summed(held, units(A=(0, 160), B=(160, 300)), ["weight"], "weight")
    assert sums["straddling"].to_dict() == {"A": 0.25, "B": 0.0}


def test_where_nobody_lives_area_weighs_and_what_lies_outside_is_lost() -> None:
    held = blocks(("U", 0, 100, 0), ("U", 100, 300, None), ("X", 800, 900, 5))
    walk = crosswalk(held, units(A=(0, 100), B=(100, 300)), unit="unit", weight="weight")
    assert share(walk) == {("U", "A"): pytest.approx(1 / 3), ("U", "B"): pytest.approx(2 / 3)}


def test_two_steps_are_one() -> None:
    first = pd.DataFrame({"code_from": ["o", "o"], "code_to": ["p", "q"], "share": [0.5, 0.5]})
    second = pd.DataFrame({"code_from": ["p", "q", "q"], "code_to": ["x", "x", "y"], "share": [1.0, 0.2, 0.8]})
    assert share(then(first, second)) == {("o", "x"): 0.6, ("o", "y"): 0.4}


@given(st.lists(st.tuples(st.sampled_from("UVW"), st.integers(0, 50)), min_size=1, max_size=12), st.integers(1, 11))
def test_no_resident_comes_or_goes(told: list[tuple[str, int]], cut: int) -> None:
    held = blocks(*[(old, 100 * at, 100 * (at + 1), people) for at, (old, people) in enumerate(told)])
    new = units(A=(0, 100 * cut), B=(100 * cut, 1300))
    walk = crosswalk(held, new, unit="unit", weight="weight")
    before = held.groupby("unit")[["weight"]].sum()
    assert carried(before, walk)["weight"].sum() == pytest.approx(before["weight"].sum())
    assert walk.groupby("code_from")["share"].sum().to_numpy() == pytest.approx(1)


def test_an_atlas_carries_a_table_of_old_units(small_atlas: Path) -> None:
    """All parishes of the small atlas were one union at the census: its shops are dealt out by residents."""
    atlas = load_atlas(small_atlas)
    outlines = gpd.read_parquet(small_atlas / "neighbourhoods.parquet")
    held = outlines[["geometry"]].assign(dtmnfr21="030699", n_individuos=range(10, 10 + len(outlines)))
    held.to_file(small_atlas / "bgri.gpkg")
    rows = {"code": ["030699"], "name": ["União"], "shops": ["1 045"], "aged": ["31,5"]}
    pd.DataFrame(rows).to_csv(small_atlas / "shops.csv", index=False)
    about = {"title": "t", "publisher": "p", "licence": "l", "date": "2021"}
    more = (
        Source(id="blocks", kind="blocks", file="bgri.gpkg", **about),
        Source(id="shops", kind="figures", file="shops.csv", read={"across": "blocks", "rates": ["aged"]}, **about),
    )
    opened = Opened(atlas.model_copy(update={"source": (*atlas.source, *more)}))
    shops = opened("shops")
    assert shops["shops"].sum() == pytest.approx(1045)
    assert set(shops.index) == set(outlines["code"])
    assert shops["aged"].to_numpy() == pytest.approx(31.5)
    assert opened("blocks")["residents"].sum() == held["n_individuos"].sum()
    assert "1 unit of the census" in opened("blocks").attrs["warnings"][0][1]
    with pytest.raises(SourceError, match="N_ALOJ"):
        load(more[0].model_copy(update={"read": {"weight": "N_ALOJ"}}), small_atlas)
    pd.DataFrame({"code": ["30699"], "shops": ["145"]}).to_csv(small_atlas / "shops.csv", index=False)
    with pytest.raises(SourceError, match="Nenhum código da tabela existe nas subsecções de «blocks»"):
        Opened(opened.atlas)("shops")


def test_blocks_without_an_outline_are_counted_and_a_count_that_is_none_is_named(tmp_path: Path) -> None:
    about = {"kind": "blocks", "file": "b.gpkg", "title": "t", "publisher": "p", "licence": "l", "date": "2021"}
    source = Source(id="blocks", **about)

    def held(residents: list[object]) -> gpd.GeoDataFrame:
        columns = {"DTMNFR21": ["030699", "030698", None], "N_INDIVIDUOS": residents}
        outlines = [shapely.box(0, 0, 1, 1), None, shapely.box(1, 0, 2, 1)]
        gpd.GeoDataFrame(columns, geometry=outlines, crs=3763).to_file(tmp_path / "b.gpkg")
        return load(source, tmp_path)

    blocks = held(["1 234", "n.d.", "5"])
    assert blocks["residents"].tolist() == [1234]
    assert "2 blocks without an outline or a code were left out" in blocks.attrs["warnings"][0][1]
    for residents, said in ((["muitos", "1", "1"], "“muitos” is no number"), ([-1, 1, 1], "negative count")):
        with pytest.raises(SourceError) as fault:
            held(residents)
        assert said in fault.value.text("en")
        assert "030699" in fault.value.text("en")


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ({"across": "a"}, r"a\.read\.across: The source “a” is of kind `figures`, and only one of kind `blocks`"),
        ({"across": "b"}, r"a\.read\.across: The source “b” is of kind `figures`"),
        ({"sums_of": "a"}, r"a\.read\.sums_of: .* only one of kind `areas` may stand here"),
        ({"across": "c"}, r"Source “c” does not exist"),
    ],
    ids=["itself", "circle", "sums of itself", "nowhere"],
)
def test_figures_that_refer_to_themselves_or_in_a_circle_are_refused(
    small_atlas: Path, read: dict[str, str], said: str
) -> None:
    atlas = load_atlas(small_atlas)
    (small_atlas / "shops.csv").write_text("code,shops\n030699,145\n")
    about = {"kind": "figures", "file": "shops.csv", "title": "t", "publisher": "p", "licence": "l", "date": "2021"}
    more = (Source(id="a", read=read, **about), Source(id="b", read={"across": "a"}, **about))
    opened = Opened(atlas.model_copy(update={"source": (*atlas.source, *more)}))
    with pytest.raises(AtlasError) as fault:
        opened("a")
    assert re.search(said, fault.value.text("en"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="INE's blocks lie beside the project, not in it")
def test_viana_was_split_as_its_blocks_say_and_porto_was_not() -> None:
    parishes = gpd.read_file(SHARED / "boundaries/norte_freguesias_caop2025.geojson").to_crs(3763)
    code = next(one for one in parishes.columns if parishes[one].astype(str).str.fullmatch(r"[0-9A-Z]{6}").all())
    parishes = parishes.set_index(code)
    about = {"title": "t", "publisher": "p", "licence": "l", "date": "2021"}
    for name, split in (("viana_1609", 3), ("porto_1312", 0)):
        source = Source(id="b", kind="blocks", file=f"ine_bgri2021_{name}.gpkg", **about)
        held = load(source, SHARED / "census")
        here = parishes[parishes.index.str.startswith(name[-4:])]
        walk = crosswalk(held, here, unit="unit", weight="weight")
        large = walk[walk["share"] > 0.02]
        assert (large.groupby("code_from").size() > 1).sum() == split
        assert walk["weight"].sum() == pytest.approx(held["weight"].sum(), rel=0.001)
