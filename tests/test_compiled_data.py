"""The shipped tables: nothing lost, nothing known to be wrong, every figure checked against its publisher's total."""

from __future__ import annotations

import doctest
import importlib.util
import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from rasterio.features import geometry_mask

DATA = Path(__file__).resolve().parents[1] / "data"
CSV = sorted(path for room in ("norte", "porto") for path in (DATA / room).rglob("*.csv"))
PARQUET = sorted(path for room in ("norte", "porto") for path in (DATA / room).rglob("*.parquet"))
CENSUS_2021 = {"norte": 3_586_586, "porto": 231_800}


def csv(name: str) -> pd.DataFrame:
    codes = dict.fromkeys(("code", "code_census", "dtmn", "record_id", "stop_id", "marks", "name"), str)
    return pd.read_csv(DATA / name, dtype=codes)


def geo(name: str) -> gpd.GeoDataFrame:
    return gpd.read_parquet(DATA / name)


def marked(table: pd.DataFrame, mark: str) -> pd.Series:
    return table["marks"].fillna("").str.split("|").map(lambda marks: mark in marks)


@pytest.fixture(scope="module")
def parishes() -> gpd.GeoDataFrame:
    return geo("norte/neighbourhoods.parquet")


def test_codes_keep_their_letters_and_leading_zeros(parishes: gpd.GeoDataFrame) -> None:
    code = parishes["code"]
    assert (len(code), code.nunique(), code.str.len().eq(6).all()) == (1504, 1504, True)
    assert code.str.contains("[A-Z]").sum() == 18
    assert code.str.startswith("0").sum() == 690
    assert (code.str[:4] == parishes["parent"]).all()
    assert (parishes["name"] == parishes["name"].str.strip()).all()


@pytest.mark.parametrize("name", ["norte/neighbourhoods", "norte/parents", "porto/neighbourhoods", "porto/blocks"])
def test_outlines_fit_together(name: str) -> None:
    outlines = geo(f"{name}.parquet")
    assert outlines.crs.to_epsg() == 3763
    assert shapely.coverage_is_valid(outlines.geometry.to_numpy())
    assert outlines.is_valid.all()
    assert not outlines.is_empty.any()


@pytest.mark.parametrize(("atlas", "units", "parents"), [("norte", 1504, 86), ("porto", 243, 7)])
def test_parents_are_made_of_their_neighbourhoods(atlas: str, units: int, parents: int) -> None:
    small, large = geo(f"{atlas}/neighbourhoods.parquet"), geo(f"{atlas}/parents.parquet").set_index("code")
    assert (len(small), len(large)) == (units, parents)
    sums = small.assign(drawn=small.area).groupby("parent")[["residents", "area_km2", "drawn"]].sum()
    assert (sums["residents"] == large["residents"]).all()
    assert large["residents"].sum() == CENSUS_2021[atlas]
    np.testing.assert_allclose(sums["area_km2"], large["area_km2"], rtol=1e-4)
    np.testing.assert_allclose(sums["drawn"], large.area, rtol=1e-9)
    np.testing.assert_allclose(small.area / 1e6, small["area_km2"], rtol=0.02, atol=2e-4)


def test_area_agrees_with_the_density_that_the_census_published(parishes: gpd.GeoDataFrame) -> None:
    census = parishes.merge(csv("norte/census_parishes.csv"), on="code").dropna(subset=["density_census"])
    ratio = census["residents_2021"] / census["density_census"] / census["area_km2"]
    assert len(census) == 1367
    assert ratio.between(0.95, 1.05).all()
    assert ratio.median() == pytest.approx(1, abs=0.001)


def test_parts_of_a_union_share_its_residents(parishes: gpd.GeoDataFrame) -> None:
    crosswalk = csv("norte/crosswalk.csv")
    assert set(crosswalk["code"]) == set(parishes["code"])
    assert crosswalk["method"].value_counts().to_dict() == {"unchanged": 1367, "voters": 131, "blocks": 6}
    assert crosswalk["code_census"].nunique() == 1426
    np.testing.assert_allclose(crosswalk.groupby("code_census")["share"].sum(), 1, atol=1e-5)
    assert crosswalk.loc[crosswalk["method"] != "unchanged", "code_census"].nunique() == 59
    estimate = crosswalk["method"] == "voters"
    assert crosswalk["share_error_p90_pct"].notna().eq(estimate).all()
    # Barroselas e Carvoeiro: 4,701 residents in the census of 2021, split by its blocks.
    assert parishes.set_index("code").loc[["160949", "160951"], "residents"].tolist() == [3629, 1072]


def test_a_dissolved_union_lends_its_figures_to_no_part() -> None:
    table = csv("norte/census_parishes.csv").set_index("code")
    figures = table.columns.drop("method")
    assert table.loc[table["method"] == "dissolved_union", figures].isna().all(axis=None)
    assert table.loc[table["method"] == "census", figures].notna().all(axis=None)
    ages = [f"residents_{age}" for age in ("0_14", "15_24", "25_64", "65_plus")]
    known = table[table["method"] != "dissolved_union"]
    assert (known[ages].sum(axis=1) == known["residents_2021"]).all()
    from_blocks = table[table["method"] == "blocks"]
    assert from_blocks[figures.drop(["residents_2021", *ages])].isna().all(axis=None)
    # Alvarenga: 1,057 residents, −13.57 % since 2011, so 1,223 then.
    assert table.loc["010402", ["residents_2021", "residents_2011"]].tolist() == [1057, 1223]


def test_municipal_figures_are_the_publishers() -> None:
    table = csv("norte/census_municipalities.csv").set_index("dtmn")
    parents = geo("norte/parents.parquet").set_index("code")
    assert (table["residents_total"] == parents["residents"]).all()
    espinho = table.loc["0107"]
    columns = ["dwellings_vacant_pct", "dwellings_overcrowded_pct", "dwellings_deep_repair_pct"]
    assert espinho[columns].tolist() == [10.1, 13.4, 4.6]
    assert espinho["ageing_65_pct"] == pytest.approx(100 * (2373 + 2170 + 4231) / 31043, abs=5e-4)
    assert espinho["higher_education_25_34_pct"] == pytest.approx(100 * (584 + 546) / (1454 + 1350), abs=5e-4)
    assert table.loc["1312", "foreign_residents"] == 14_497
    assert table["foreign_residents"].sum() == 92_771
    assert not [name for name in table if "poverty" in name or "pobreza" in name]


def test_zeros_of_a_cut_download_are_missing() -> None:
    table = csv("norte/census_municipalities.csv").set_index("municipality")
    assert marked(table, "short_lets_missing").sum() == 21
    assert table["short_lets_share"].isna().eq(marked(table, "short_lets_missing")).all()
    assert np.isnan(table.loc["Vila Nova de Gaia", "short_lets_share"])
    assert table["short_lets_share"].min() > 0


def test_births_are_means_of_the_years_that_were_read() -> None:
    table = csv("norte/economy_municipalities.csv").set_index("dtmn")
    povoa, gaia = table.loc["1313"], table.loc["1317"]
    assert (povoa["births_m_per_year"], povoa["births_m_years"]) == (106.5, 2)
    assert marked(table, "births_inflated")[lambda on: on].index.tolist() == ["1317"]
    assert gaia["births_j_per_1000_residents"] == pytest.approx(1000 * (435 + 386 + 360) / 3 / 303_824, abs=5e-5)
    assert (table["graduates_2012_13"].sum(), table.loc["0308", "graduates_2012_13"]) == (25_868, 23)
    assert (table["graduates_2012_13"] > 0).sum() == 27


def test_positions_known_to_be_wrong_are_absent() -> None:
    for name, gone in (("higher_education", 7), ("world_heritage", 1), ("archaeology", 2)):
        table = csv(f"norte/{name}.csv")
        empty = table[["lon", "lat"]].isna()
        assert empty["lon"].eq(empty["lat"]).all()
        assert empty["lon"].eq(marked(table, "position_wrong_removed")).all(), name
        assert empty["lon"].sum() == gone, name
    coa = csv("norte/world_heritage.csv").set_index("record_id").loc["866"]
    assert np.isnan(coa["lon"])
    site = csv("norte/archaeology.csv").set_index("record_id").loc["8460"]  # was −791040.97, 5022526.99
    assert (site["lon"], site["lat"]) == (pytest.approx(-7.106, abs=1e-3), pytest.approx(41.069, abs=1e-3))


@pytest.mark.parametrize(
    "path", [p for p in CSV if {"lon", "lat"} <= set(pd.read_csv(p, nrows=0))], ids=lambda p: p.stem
)
def test_points_lie_in_or_near_the_region(path: Path, parishes: gpd.GeoDataFrame) -> None:
    table = pd.read_csv(path, dtype={"record_id": str}).dropna(subset=["lon"])
    assert table["record_id"].is_unique
    points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"], crs=4326)).to_crs(3763)
    region = parishes.union_all(method="coverage")
    shapely.prepare(region)
    assert shapely.dwithin(points.to_numpy(), region, 3000).all()


def test_wikidata_keeps_each_kind_of_a_thing_and_doubts_what_moved() -> None:
    for year, rows in (("2021", 819), ("2026", 857)):
        table = csv(f"norte/wikidata_{year}.csv")
        assert len(table) == rows
        stage = table[table["qid"] == "Q10378979"]  # Teatro do Campo Alegre
        assert {"teatros", "cinemas"} <= set(stage["kind"])
        valpacos = table[table["qid"] == "Q100999080"]  # its library stood 100 km away in 2021
        assert marked(valpacos, "position_doubtful").all()
    nameless = csv("norte/wikidata_2026.csv").loc[lambda one: one["name"].isna(), "qid"]
    assert set(nameless) == {"Q119613985", "Q134390318", "Q134572658"}


def test_porto_sections_are_sums_of_their_blocks() -> None:
    blocks, sections = geo("porto/blocks.parquet"), csv("porto/census_sections.csv").set_index("code")
    counts = list(sections.columns)
    assert (len(blocks), len(sections), len(counts)) == (1659, 243, 35)
    pd.testing.assert_frame_equal(blocks.groupby("neighbourhood")[counts].sum(), sections, check_names=False)
    assert (blocks["residents"] == 0).sum() == 50
    assert marked(blocks, "residents_2021_differ").sum() == 26
    units = geo("porto/neighbourhoods.parquet").set_index("code")
    assert (units["residents"] == sections["residents"]).all()
    assert (blocks["code"].str[:9] == blocks["neighbourhood"]).all()


def test_every_street_joins_two_known_nodes_by_its_length() -> None:
    edges, nodes = (pd.read_parquet(DATA / f"porto/odbl/{one}.parquet") for one in ("streets", "street_nodes"))
    place = nodes.set_index("node")[["x", "y"]] / 10
    start, end = (place.loc[edges[column]].to_numpy() for column in ("from_node", "to_node"))
    assert np.abs(np.hypot(*(end - start).T) - edges["length_m"]).max() < 0.25
    assert (edges["from_node"] < edges["to_node"]).all()
    assert set(nodes["node"]) == set(edges["from_node"]) | set(edges["to_node"])
    assert not edges["highway"].str.startswith("motorway").any()
    assert 1_600_000 < edges["length_m"].sum() < 1_700_000


def test_elevation_covers_the_city() -> None:
    with rasterio.open(DATA / "porto/elevation.tif") as source:
        assert (source.crs.to_epsg(), source.res, source.nodata) == (3763, (25, 25), -9999)
        heights = source.read(1, masked=True)
        outside = geometry_mask(geo("porto/parents.parquet").geometry, heights.shape, source.transform)
    assert not heights.mask[~outside].any()
    assert heights.min() > -15
    assert 140 < heights[~outside].max() < 190


def test_land_cover_has_a_group_for_every_area_and_covers_the_city() -> None:
    cover = geo("porto/landcover.parquet")
    assert len(cover) == 424
    assert cover["group"].notna().all()
    assert cover.area.sum() / 1e6 == pytest.approx(geo("porto/parents.parquet")["area_km2"].sum(), rel=1e-3)


def test_openstreetmap_stands_apart_under_its_licence() -> None:
    for path in PARQUET:
        metadata = pq.read_schema(path).metadata
        from_osm = path.parent.name == "odbl"
        assert (metadata.get(b"licence") == b"ODbL-1.0") == from_osm, path
        assert (b"OpenStreetMap" in metadata[b"source"]) == from_osm, path
    for room, rows in (("norte", 2745), ("porto", 5657)):
        places = geo(f"{room}/odbl/osm_places.parquet")
        assert (len(places), places["record_id"].nunique()) == (rows, rows)
        assert places["record_id"].str.fullmatch(r"(node|way|relation)/\d+").all()
        assert places.is_valid.all()
        assert not any(key.startswith("@") for tags in places["tags"] for key in json.loads(tags))


def test_names_without_a_tag_value_carry_none() -> None:
    names = geo("porto/odbl/tourism_names.parquet")
    known = names["tags"].map(json.loads).map(lambda tags: tags.get("tourism") or tags.get("historic"))
    assert (len(names), known.notna().sum(), (known == "museum").sum()) == (1126, 76, 51)
    assert marked(names, "class_guessed").eq(known.isna()).all()


@pytest.mark.parametrize("path", CSV, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_tables_are_plain(path: Path) -> None:
    content = path.read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in table), list(table)
    assert not table.isin(["NA", "nan", "None", "//", "-"]).any(axis=None)
    if "marks" in table:
        assert table["marks"].str.fullmatch(r"([a-z_0-9]+(\|[a-z_0-9]+)*)?").all()


def test_every_mark_and_table_is_explained() -> None:
    sources = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    for path in (*CSV, *PARQUET, DATA / "porto/elevation.tif"):
        assert path.name in sources, path
    marks = {
        mark
        for path in (*CSV, *PARQUET)
        for table in [pd.read_csv(path, dtype=str) if path.suffix == ".csv" else pd.read_parquet(path)]
        if "marks" in table
        for cell in table["marks"].dropna()
        for mark in cell.split("|")
    }
    assert len(marks) > 10
    assert not [mark for mark in marks if f"`{mark}`" not in sources]


def test_the_tables_are_small() -> None:
    files = [path for room in ("norte", "porto") for path in (DATA / room).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 15_000_000


def test_the_examples_of_the_compiler_hold() -> None:
    spec = importlib.util.spec_from_file_location("compile_tables", DATA / "compile/tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=3)
