"""Porto: census blocks, the sections and parishes made of them, short lets."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from tables import DATA, METRIC, joined, on_grid, read_csv, whole, write_csv, write_parquet

DETAIL_M = 2.0
GRID_M = 0.125
BGRI = {"source": "INE, Censos 2021 (BGRI 2021)", "licence": "open statistics of INE, with attribution"}
NUTS3, NUTS3_NAME = "11A", "Área Metropolitana do Porto"
COUNTS = {
    "N_INDIVIDUOS": "residents",
    "N_EDIFICIOS_CLASSICOS": "buildings",
    "N_EDIFICIOS_CLASS_CONST_1_OU_2_ALOJ": "buildings_1_2_dwellings",
    "N_EDIFICIOS_CLASS_CONST_3_OU_MAIS_ALOJAMENTOS": "buildings_3_plus_dwellings",
    "N_EDIFICIOS_EXCLUSIV_RESID": "buildings_residential_only",
    "N_EDIFICIOS_1_OU_2_PISOS": "buildings_1_2_floors",
    "N_EDIFICIOS_3_OU_MAIS_PISOS": "buildings_3_plus_floors",
    "N_EDIFICIOS_CONSTR_ANTES_1945": "buildings_before_1945",
    "N_EDIFICIOS_CONSTR_1946_1980": "buildings_1946_1980",
    "N_EDIFICIOS_CONSTR_1981_2000": "buildings_1981_2000",
    "N_EDIFICIOS_CONSTR_2001_2010": "buildings_2001_2010",
    "N_EDIFICIOS_CONSTR_2011_2021": "buildings_2011_2021",
    "N_EDIFICIOS_COM_NECESSIDADES_REPARACAO": "buildings_needing_repair",
    "N_ALOJAMENTOS_TOTAL": "dwellings",
    "N_ALOJAMENTOS_FAMILIARES": "dwellings_family",
    "N_ALOJAMENTOS_FAM_CLASS_RHABITUAL": "dwellings_usual",
    "N_ALOJAMENTOS_FAM_CLASS_VAGOS_OU_RESID_SECUNDARIA": "dwellings_vacant_or_secondary",
    "N_RHABITUAL_ACESSIVEL_CADEIRAS_RODAS": "dwellings_usual_wheelchair",
    "N_RHABITUAL_COM_ESTACIONAMENTO": "dwellings_usual_with_parking",
    "N_RHABITUAL_PROP_OCUP": "dwellings_usual_owned",
    "N_RHABITUAL_ARRENDADOS": "dwellings_usual_rented",
    "N_AGREGADOS_DOMESTICOS_PRIVADOS": "households",
    "N_ADP_1_OU_2_PESSOAS": "households_1_2_persons",
    "N_ADP_3_OU_MAIS_PESSOAS": "households_3_plus_persons",
    "N_NUCLEOS_FAMILIARES": "families",
    "N_NUCLEOS_FAMILIARES_COM_FILHOS_TENDO_O_MAIS_NOVO_MENOS_DE_25": "families_with_children_under_25",
    "N_INDIVIDUOS_H": "men",
    "N_INDIVIDUOS_M": "women",
    "N_INDIVIDUOS_0_14": "residents_0_14",
    "N_INDIVIDUOS_15_24": "residents_15_24",
    "N_INDIVIDUOS_25_64": "residents_25_64",
    "N_INDIVIDUOS_65_OU_MAIS": "residents_65_plus",
}
EARLIER = {"N_INDIV11": "residents_2011", "N_ALOJ11": "dwellings_2011", "N_EDIF11": "buildings_2011"}
ROOMS = {
    "Entire home/apt": "entire_home",
    "Private room": "private_room",
    "Shared room": "shared_room",
    "Hotel room": "hotel_room",
}


def compile_city(raw: Path) -> gpd.GeoDataFrame:
    """Write Porto's blocks, sections, parishes, sums by section and short lets; return the sections."""
    blocks = _blocks(raw)
    sums = blocks.groupby("neighbourhood")[[*COUNTS.values(), *EARLIER.values()]].sum().reset_index(names="code")
    names = gpd.read_file(raw / "boundaries/norte_freguesias_caop2025.geojson", ignore_geometry=True)
    names = names.set_index("dtmnfr")["freguesia"].str.strip()
    sections = _dissolved(blocks, "neighbourhood")
    sections["parent"] = sections["code"].str[:6]
    sections["parent_name"] = sections["parent"].map(names)
    sections["name"] = "Secção " + sections["code"].str[6:] + " · " + sections["parent_name"].map(_short)
    sections = sections.assign(nuts3=NUTS3, nuts3_name=NUTS3_NAME, residents_method="census")
    parishes = _dissolved(blocks, "parent").assign(nuts3=NUTS3, nuts3_name=NUTS3_NAME)
    parishes["name"] = parishes["code"].map(names)
    assert len(sections) == 243, "a section was lost"
    assert len(parishes) == 7, "a parish was lost"
    assert shapely.coverage_is_valid(sections.geometry.to_numpy()), "the sections do not fit together"
    assert sections["residents"].sum() == parishes["residents"].sum() == blocks["residents"].sum()
    assert parishes["name"].notna().all(), "a parish has no name"
    columns = [
        "code", "name", "parent", "parent_name", "nuts3", "nuts3_name", "residents", "residents_method", "area_km2",
        "geometry",
    ]  # fmt: skip
    parish_columns = [one for one in columns if one not in ("parent", "parent_name", "residents_method")]
    write_parquet(sections[columns], DATA / "porto/neighbourhoods.parquet", BGRI)
    write_parquet(parishes[parish_columns], DATA / "porto/parents.parquet", BGRI)
    write_parquet(blocks, DATA / "porto/blocks.parquet", BGRI)
    write_csv(sums, DATA / "porto/census_sections.csv")
    write_csv(_short_lets(raw), DATA / "porto/short_lets.csv")
    return sections


def _short(parish: str) -> str:
    """The first two names of a union of parishes; its whole name stands in ``parent_name``."""
    names = re.split(", | e ", parish.removeprefix("União das freguesias de "))
    return parish if len(names) == 1 else ", ".join(names[:2]) + ("…" if len(names) > 2 else "")


def _blocks(raw: Path) -> gpd.GeoDataFrame:
    """The subsections with their counts of 2021 and, laid over them, three of 2011."""
    table = gpd.read_file(raw / "census/ine_bgri2021_porto_1312.gpkg").sort_values("BGRI2021").reset_index(drop=True)
    earlier = read_csv(raw / "census/porto_blocks_2011_2021.csv").set_index("BGRI2021").astype(float)
    earlier = earlier.loc[table["BGRI2021"]].reset_index(drop=True)
    geometry = on_grid(shapely.coverage_simplify(table.geometry.to_numpy(), DETAIL_M), GRID_M)
    assert shapely.coverage_is_valid(geometry), "the blocks do not fit together"
    assert shapely.is_valid(geometry).all(), "a block's outline is broken"
    result = pd.DataFrame(
        {"code": table["BGRI2021"], "neighbourhood": table["DTMNFRSEC21"], "parent": table["DTMNFR21"]}
    )
    for theirs, ours in COUNTS.items():
        result[ours] = table[theirs].astype(int)
    for theirs, ours in EARLIER.items():
        result[ours] = earlier[theirs].astype(int)
    result["area_m2"] = np.round(shapely.area(table.geometry.to_numpy()), 1)
    differs = earlier["N_INDIV21"] != result["residents"]
    print(f"Porto: {int(differs.sum())} blocks whose residents of 2021 differ between the two tables")
    result["marks"] = joined({"residents_2021_differ": differs})
    assert len(result) == result["code"].nunique() == 1659, "a block was lost"
    return gpd.GeoDataFrame(result, geometry=geometry, crs=METRIC)


def _dissolved(blocks: gpd.GeoDataFrame, by: str) -> gpd.GeoDataFrame:
    """Outlines, residents and area of the units that blocks make up."""
    groups = blocks.groupby(by)
    table = groups.agg(residents=("residents", "sum"), area_m2=("area_m2", "sum")).reset_index(names="code")
    outlines = {code: shapely.coverage_union_all(group.geometry.to_numpy()) for code, group in groups}
    table["area_km2"] = (table["area_m2"] / 1e6).round(6)
    geometry = table["code"].map(outlines).to_numpy()
    return gpd.GeoDataFrame(table.drop(columns="area_m2"), geometry=geometry, crs=METRIC)


def _short_lets(raw: Path) -> pd.DataFrame:
    """Listings, each at a point that was moved on purpose; active where guests wrote within a year."""
    table = read_csv(raw / "tourism/short_lets_porto_2024-03.csv")
    result = pd.DataFrame(
        {
            "record_id": (table.index + 1).astype(str),
            "kind": table["room_type"].map(ROOMS),
            "lon": table["longitude"].astype(float).round(5),
            "lat": table["latitude"].astype(float).round(5),
            "active": (table["number_of_reviews_ltm"].astype(int) > 0).astype(int),
            "nights_available_yearly": whole(table["availability_365"].astype(float)),
            "marks": "position_jittered",
        }
    )
    assert result["kind"].notna().all(), "a kind of room is not known"
    return result
