"""Census figures of Norte by parish of 2025 and by municipality, and the voters of 2025."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
from outlines import census_blocks
from tables import DATA, joined, number, read_csv, whole, write_csv

AGES = ("0_14", "15_24", "25_64", "65_plus")

# INE's columns by position, after level, code and name (three header rows, the third one the years).
MN_1 = {
    5: "dwellings_vacant_pct",
    6: "dwellings_overcrowded_pct",
    7: "dwellings_deep_repair_pct",
    8: "residents_attracted_pct",
    9: "residents_repelled_pct",
    10: "employment_polarisation_index",
    11: "employment_polarisation_change_2011_2021",
    12: "workers_attracted_pct",
    13: "workers_repelled_pct",
}
MN = {
    3: "residents_per_dwelling",
    4: "residents_attracted_from_abroad_pct",
    6: "net_internal_migration_pct",
    7: "commute_by_car_pct",
    8: "commute_minutes",
    9: "commute_minutes_by_car",
    10: "commute_minutes_by_public_transport",
}
# DataH: its name, ours. The unit is in our name; where the dictionary's is wrong, SOURCES.md says why.
DATAH = {
    "beneficiarios_rsi": "rsi_beneficiaries_per_1000_working_age",
    "disparidade_ganho": "earnings_disparity_pct",
    "indice_gini": "income_gini_pct",
    "per_pop_ensino_sec_cpmpleto": "secondary_education_pct",
    "txt_desemprego": "unemployment_pct",
    "agregados_unipessoais": "one_person_households_pct",
    "txt_bruta_natalidade": "births_per_1000_residents",
    "txt_bruta_crescimento_efectivo": "population_growth_yearly_pct",
    "a_apoarrend": "dwellings_with_rent_support",
    "prop_edificado_reparacoes_prof_med": "buildings_medium_deep_repair_pct",
    "ind_env_edif": "buildings_ageing_index",
    "consumo_energetico": "household_electricity_kwh_per_resident",
    "alojamentos_ar_condicionado": "dwellings_with_air_conditioning",
    "prop_sem_aquecimento": "dwellings_without_heating_pct",
    "prop_pedonal": "walking_share_pct",
    "prop_transporte_colectivo": "public_transport_share_pct",
    "proporcao_al": "short_lets_share",
    "txt_esforco_2023": "effort_rate_2023_pct",
    "variacao_txt_esforco_2017_2023": "effort_rate_change_2017_2023_points",
    "prop_fogos_hab_social": "social_housing_pct",
    "prop_drenagem_agua": "sewerage_pct",
    "prop_abast_agua": "water_supply_pct",
}
# Short lets: the dictionary leaves the unit open; one value is four times that of any neighbour of the municipality.
SHORT_LETS_DOUBTFUL = "1813"


def compile_census(raw: Path, parishes: gpd.GeoDataFrame) -> None:
    """Write ``census_parishes``, ``census_municipalities`` and ``voters_2025`` of Norte."""
    voters = _voters(raw)
    assert set(voters["code"]) == set(parishes["code"]), "the voters have other parishes than the map"
    write_csv(_parishes(raw, parishes), DATA / "norte/census_parishes.csv")
    write_csv(_municipalities(raw, parishes, voters), DATA / "norte/census_municipalities.csv")
    write_csv(voters, DATA / "norte/voters_2025.csv")


def _voters(raw: Path) -> pd.DataFrame:
    table = read_csv(raw / "census/voters_2025_freguesias.csv").rename(columns={"dtmnfr": "code"})
    counts = table[["registered_voters", "votes_cast"]].astype(int)
    return pd.concat([table["code"], counts], axis=1).sort_values("code")


def _rates(raw: Path) -> pd.DataFrame:
    """Density and change of 2011–2021 by INE's code, parishes and municipalities."""
    path = raw / "census/ine_censos2021_freguesias_FR.csv"
    table = pd.read_csv(path, sep=";", encoding="latin-1", header=None, skiprows=3, dtype=str)
    table = table[table[0].isin(["Freguesia", "Município"])].set_index(1)
    return pd.DataFrame({"density_census": number(table[3]), "change_2011_2021_pct": number(table[4])})


def _parishes(raw: Path, parishes: gpd.GeoDataFrame) -> pd.DataFrame:
    """One row a parish of 2025; a part of a dissolved union has no figures of its own, unless from blocks."""
    ages = read_csv(raw / "census/ine_censos2021_freguesias_residents_age.csv").set_index("code")
    foreign = read_csv(raw / "census/ine_censos2021_freguesias_foreign.csv").set_index("code")["foreign_pct"]
    studied = read_csv(raw / "census/ine_censos2011_freguesias_higher_education.csv").set_index("dtmnfr")
    figures = pd.DataFrame({"residents_2021": ages["all_total"].astype(int)})
    for age in AGES:
        figures[f"residents_{age}"] = ages[f"all_{age}"].astype(int)
    figures["foreign_pct"] = number(foreign)
    figures["higher_education_2011_pct"] = studied["higher_education_pct"].astype(float)
    figures = figures.join(_rates(raw))
    figures["residents_2011"] = figures["residents_2021"] / (1 + figures["change_2011_2021_pct"] / 100)
    method = parishes.set_index("code")["residents_method"].replace("voters", "dissolved_union")
    table = figures.reindex(method.index).where(method.eq("census"), axis=0)
    blocks = census_blocks(raw, parishes).groupby("code")[
        ["n_individuos", "n_individuos_0_14", "n_individuos_15_24", "n_individuos_25_64", "n_individuos_65_ou_mais"]
    ].sum()  # fmt: skip
    blocks.columns = pd.Index(["residents_2021", *(f"residents_{age}" for age in AGES)])
    assert set(blocks.index) == set(method.index[method.eq("blocks")]), "a new parish of Viana has no blocks"
    table.loc[blocks.index, blocks.columns] = blocks
    counts = ["residents_2021", "residents_2011", *(f"residents_{age}" for age in AGES)]
    table[counts] = table[counts].apply(whole)
    columns = [
        "residents_2021", "residents_2011", "change_2011_2021_pct", *(f"residents_{age}" for age in AGES),
        "foreign_pct", "higher_education_2011_pct", "density_census",
    ]  # fmt: skip
    return table.assign(method=method)[["method", *columns]].sort_index().reset_index(names="code")


def _ine(path: Path, columns: dict[int, str], codes: pd.Index) -> pd.DataFrame:
    """Municipal rows of one of INE's wide tables, by code."""
    table = pd.read_csv(path, sep=";", encoding="latin-1", header=None, skiprows=3, dtype=str)
    table = table[table[0] == "Município"].set_index(1).loc[codes]
    return pd.DataFrame({name: number(table[position]) for position, name in columns.items()})


def _municipalities(raw: Path, parishes: gpd.GeoDataFrame, voters: pd.DataFrame) -> pd.DataFrame:
    """One row a municipality, everything that is known of it from the censuses and DataH."""
    names = parishes.drop_duplicates("parent").set_index("parent")["parent_name"].sort_index()
    table = pd.DataFrame({"municipality": names})
    table = table.join(_people(raw)).join(_rates(raw).rename(columns={"density_census": "density_per_km2"}))
    table = table.join(_nationality(raw, names))
    by_municipality = voters.groupby(voters["code"].str[:4])["registered_voters"].sum()
    table["registered_voters_2025"] = by_municipality.reindex(table.index)
    table = table.join(_ine(raw / "census/ine_censos2021_municipios_MN_1.csv", MN_1, table.index))
    table = table.join(_ine(raw / "census/ine_censos2021_municipios_MN.csv", MN, table.index))
    datah = read_csv(raw / "census/datah_housing_municipios.csv").set_index("municipality_code")
    datah = datah.loc[table.index, list(DATAH)].rename(columns=DATAH).replace("NA", None)
    table = table.join(datah.astype(float).round(3))
    assert len(table) == 86, "a municipality was lost"
    assert table.drop(columns="income_gini_pct").notna().all(axis=None), "a municipal figure is missing"
    for name in ("dwellings_with_rent_support", "dwellings_with_air_conditioning"):
        table[name] = whole(table[name])
    # 63 municipalities of Portugal have 0 short lets, most of them at the end of the alphabet (Vila Nova de Gaia,
    # Viseu) or on islands (Funchal): a download cut short, not places without guests.
    lost = table["short_lets_share"] == 0
    table["short_lets_share"] = table["short_lets_share"].mask(lost)
    doubtful = pd.Series(table.index == SHORT_LETS_DOUBTFUL, index=table.index)
    table["marks"] = joined({"short_lets_missing": lost, "short_lets_doubtful": doubtful})
    return table.reset_index(names="dtmn")


def _people(raw: Path) -> pd.DataFrame:
    """Residents by age, and completed higher education."""
    table = read_csv(raw / "census/ine_censos2021_municipios_age_education.csv").set_index("dtmn")
    counts = table.drop(columns="municipality").astype(int)
    total = counts["residents_total"]
    old = counts[["residents_65_69", "residents_70_74", "residents_75_plus"]].sum(axis=1)
    late_twenties = counts[["residents_25_29", "residents_30_34"]].sum(axis=1)
    graduates = counts[["higher_education_25_29", "higher_education_30_34"]].sum(axis=1)
    return pd.DataFrame(
        {
            "residents_total": total,
            "residents_20_34": late_twenties + counts["residents_20_24"],
            "residents_65_plus": old,
            "ageing_65_pct": (100 * old / total).round(3),
            "higher_education": counts["higher_education_total"],
            "higher_education_pct": (100 * counts["higher_education_total"] / total).round(3),
            "higher_education_25_34_pct": (100 * graduates / late_twenties).round(3),
        }
    )


def _nationality(raw: Path, names: pd.Series) -> pd.DataFrame:
    """Residents of another nationality; the table knows municipalities by name only, and names of Norte are unique."""
    path = raw / "census/ine_censos2021_municipios_nationality.csv"
    table = pd.read_csv(path, encoding="latin-1", header=None, skiprows=5, dtype=str)
    table = table.assign(name=table[0].str.strip())
    found = table[table["name"].isin(names)].drop_duplicates("name", keep=False).set_index("name")
    assert len(found) == len(names), "a municipality is not in the table of nationalities by its name"
    foreign, total = number(found[3]), number(found[1])
    by_name = pd.DataFrame({"foreign_residents": whole(foreign), "foreign_pct": (100 * foreign / total).round(3)})
    return by_name.loc[names].set_index(names.index)
