"""Norte's parishes of 2025 as one coverage, its municipalities dissolved from them, and the way back to 2021."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from tables import DATA, METRIC, on_grid, read_csv, whole, write_csv, write_parquet

GAP_M = 50.0  # narrower gaps between neighbours are slips of the generalisation, wider ones bays and river mouths
DETAIL_M = 20.0
GRID_M = 0.125
CAOP = {"source": "CAOP 2025, Direção-Geral do Território", "licence": "CC-BY-4.0"}
# Tried on parishes that were not dissolved: median error 3 to 4 %, one in ten beyond 12 to 17 % (the upper bounds).
VOTERS_ERROR_MEDIAN_PCT, VOTERS_ERROR_P90_PCT = 4, 17


def compile_outlines(raw: Path) -> gpd.GeoDataFrame:
    """Write ``neighbourhoods``, ``parents`` and ``crosswalk`` of Norte; return the parishes."""
    parishes = _coverage(raw)
    crosswalk = _crosswalk(raw, parishes)
    parishes = parishes.merge(_residents(raw, crosswalk), on="code", validate="one_to_one")
    parents = _parents(raw, parishes)
    parishes = parishes.merge(
        parents[["code", "name", "nuts3", "nuts3_name"]].rename(columns={"code": "parent", "name": "parent_name"}),
        on="parent", validate="many_to_one",
    )  # fmt: skip
    columns = [
        "code", "name", "parent", "parent_name", "nuts3", "nuts3_name", "residents", "residents_method",
        "residents_error_median_pct", "residents_error_p90_pct", "code_census", "split", "area_km2", "geometry",
    ]  # fmt: skip
    parishes = parishes.sort_values("code")[columns].reset_index(drop=True)
    write_parquet(parishes, DATA / "norte/neighbourhoods.parquet", CAOP)
    write_parquet(parents, DATA / "norte/parents.parquet", CAOP)
    write_csv(crosswalk, DATA / "norte/crosswalk.csv")
    return parishes


def _coverage(raw: Path) -> gpd.GeoDataFrame:
    """The parishes without gaps and overlaps, lighter, each within 2.5 % of its area."""
    table = gpd.read_file(raw / "boundaries/norte_freguesias_caop2025.geojson").to_crs(METRIC)
    table = table.sort_values("dtmnfr").reset_index(drop=True)
    stated = table.area.to_numpy()
    repaired = shapely.coverage_clean(table.make_valid().to_numpy(), gap_width=GAP_M)
    light = on_grid(shapely.coverage_simplify(repaired, DETAIL_M), GRID_M)
    result = gpd.GeoDataFrame(
        {
            "code": table["dtmnfr"],
            "name": table["freguesia"].str.strip(),
            "parent": table["dtmnfr"].str[:4],
            "area_km2": np.round(shapely.area(repaired) / 1e6, 4),
        },
        geometry=light, crs=METRIC,
    )  # fmt: skip
    assert len(result) == result["code"].nunique() == 1504, "a parish was lost"
    assert shapely.coverage_is_valid(light), "the parishes do not fit together"
    assert result.is_valid.all(), "an outline is broken"
    assert not result.is_empty.any(), "an outline is empty"
    moved = np.abs(shapely.area(light) / stated - 1).max()
    assert moved < 0.025, f"an area moved by {moved:.2%}"
    print(f"outlines: {shapely.get_num_coordinates(light).sum():,} vertices, areas within {moved:.2%} of the source")
    return result


def _parents(raw: Path, parishes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The municipalities as unions of their parishes, with names and NUTS III of their own files."""
    names = gpd.read_file(raw / "boundaries/norte_municipios_caop2025.geojson", ignore_geometry=True)
    regions = read_csv(raw / "economy/enterprise_births_norte_2022_2024.csv")
    groups = parishes.groupby("parent")
    table = groups.agg(residents=("residents", "sum"), area_km2=("area_km2", "sum")).reset_index(names="code")
    table = table.merge(names.rename(columns={"dtmn": "code", "municipio": "name"})[["code", "name"]], on="code")
    table = table.merge(
        regions.rename(columns={"dico": "code"})[["code", "nuts3", "nuts3_name"]], on="code", validate="one_to_one"
    )
    outlines = {code: shapely.coverage_union_all(group.geometry.to_numpy()) for code, group in groups}
    assert len(table) == len(outlines) == 86, "a municipality was lost"
    table["area_km2"] = table["area_km2"].round(4)
    columns = ["code", "name", "nuts3", "nuts3_name", "residents", "area_km2"]
    geometry = table["code"].map(outlines).to_numpy()
    assert shapely.is_valid(geometry).all(), "a municipality's outline is broken"
    return gpd.GeoDataFrame(table[columns], geometry=geometry, crs=METRIC)


def census_blocks(raw: Path, parishes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Viana's blocks, each with the parish of 2025 that its point on the surface lies in.

    A block stays inside the union that the census put it in, so that the union's total is kept.
    """
    blocks = gpd.read_file(raw / "census/ine_bgri2021_viana_1609.gpkg")
    table = read_csv(raw / "census/crosswalk_2013_2025.csv")
    parts = table.loc[(table["split"] == "1") & table["dtmnfr"].str.startswith("1609"), ["dtmnfr", "code_2013"]]
    parts = parishes[["code", "geometry"]].merge(parts, left_on="code", right_on="dtmnfr")
    inside = blocks[blocks["dtmnfr21"].isin(parts["code_2013"])].copy()
    inside["geometry"] = inside.representative_point()
    pairs = inside.merge(parts[["code", "code_2013", "geometry"]], left_on="dtmnfr21", right_on="code_2013")
    pairs["away"] = shapely.distance(pairs["geometry_x"].to_numpy(), pairs["geometry_y"].to_numpy())
    nearest = pairs.sort_values(["bgri2021", "away", "code"]).drop_duplicates("bgri2021")
    print(f"Viana: {len(nearest)} blocks, {int((nearest['away'] > 0).sum())} taken by the nearest part of their union")
    return pd.DataFrame(nearest.drop(columns=["geometry_x", "geometry_y"]))


def _crosswalk(raw: Path, parishes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Which parish of the census each parish of 2025 lies in, and its share of that one's residents."""
    table = read_csv(raw / "census/crosswalk_2013_2025.csv").sort_values("dtmnfr")
    blocks = census_blocks(raw, parishes)
    by_block = blocks.groupby("code")["n_individuos"].sum()
    table["from_blocks"] = table["dtmnfr"].map(by_block)
    union = table.groupby("code_2013")["from_blocks"].transform("sum")
    split = table["split"] == "1"
    table["method"] = np.select([~split, table["from_blocks"].notna()], ["unchanged", "blocks"], "voters")
    share = table["voters_share"].astype(float)
    table["share"] = (table["from_blocks"] / union).where(table["method"] == "blocks", share).round(6)
    voters = table["method"] == "voters"
    tried = (share / table["share"] - 1)[table["method"] == "blocks"].abs() * 100
    print(f"Viana: voters' share against blocks, error {tried.min():.1f} to {tried.max():.1f} %")
    notes = {
        "unchanged": "",
        "blocks": "share of residents of the census blocks whose point on the surface lies in the parish",
        "voters": "share of the union's voters of October 2025: an estimate of the share of residents",
    }
    result = pd.DataFrame(
        {
            "code": table["dtmnfr"],
            "code_census": table["code_2013"],
            "name_census": table["name_2013"],
            "method": table["method"],
            "share": table["share"],
            "share_error_median_pct": whole(pd.Series(np.where(voters, VOTERS_ERROR_MEDIAN_PCT, np.nan))).to_numpy(),
            "share_error_p90_pct": whole(pd.Series(np.where(voters, VOTERS_ERROR_P90_PCT, np.nan))).to_numpy(),
            "note": table["method"].map(notes),
        }
    )
    sums = result.groupby("code_census")["share"].sum()
    assert set(result["code"]) == set(parishes["code"]), "the crosswalk has other parishes than the map"
    assert sums.between(0.9999, 1.0001).all(), "the shares of a union do not add up"
    return result.reset_index(drop=True)


def _residents(raw: Path, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Residents of 2021 on the map of 2025; the parts of a union are whole numbers that add up to it."""
    census = read_csv(raw / "census/ine_censos2021_freguesias_residents_age.csv").set_index("code")["all_total"]
    table = crosswalk[["code", "code_census", "method"]].copy()
    exact = crosswalk["code_census"].map(census).astype(int) * crosswalk["share"]
    table["residents"] = np.floor(exact + 1e-6).astype(int)
    union = crosswalk["code_census"].map(census).astype(int)
    left = union - table.groupby("code_census")["residents"].transform("sum")
    rest = (exact - table["residents"]).groupby(table["code_census"]).rank(method="first", ascending=False)
    table["residents"] += (rest <= left).astype(int)
    assert (table.groupby("code_census")["residents"].sum() == census.astype(int)).all(), "residents were lost"
    table["residents_method"] = table["method"].replace("unchanged", "census")
    table["residents_error_median_pct"] = crosswalk["share_error_median_pct"]
    table["residents_error_p90_pct"] = crosswalk["share_error_p90_pct"]
    table["split"] = (table["method"] != "unchanged").astype(int)
    return table.drop(columns="method")
