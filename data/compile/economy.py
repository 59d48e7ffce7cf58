"""The municipal economy of Norte: births of enterprises, graduates, earnings."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
from tables import DATA, joined, read_csv, whole, write_csv

YEARS = (2022, 2023, 2024)
SECTIONS = ("J", "M", "R")
# Fields of CNAEF that the atlas calls creative; an area of study, or one field of an area.
AREAS = {"arts": "Artes", "media": "Informação e Jornalismo", "ict": "Informática"}
FIELDS = {"design": "Design", "architecture": "Arquitectura e Urbanismo"}


def compile_economy(raw: Path, parishes: gpd.GeoDataFrame) -> None:
    """Write ``economy_municipalities`` of Norte."""
    units = parishes.groupby("parent").agg(municipality=("parent_name", "first"), residents=("residents", "sum"))
    births, births_marks = _births(raw, units["residents"])
    graduates, graduates_marks = _graduates(raw, units["municipality"])
    earnings = read_csv(raw / "economy/monthly_earnings_municipios_2019_2023.csv")
    earnings = earnings[earnings["year"] == "2023"].set_index("municipality")["monthly_earnings_eur"].astype(float)
    assert earnings.index.is_unique, "earnings: a municipality stands twice in 2023"
    table = units[["municipality"]].join(births).join(graduates)
    table["monthly_earnings_2023_eur"] = units["municipality"].map(earnings)
    assert table["monthly_earnings_2023_eur"].notna().all(), "a municipality has no earnings by its name"
    by_name = {"earnings_joined_by_name": pd.Series(True, index=table.index)}
    table["marks"] = joined({**births_marks, **graduates_marks, **by_name})
    write_csv(table.reset_index(names="dtmn"), DATA / "norte/economy_municipalities.csv")


def _births(raw: Path, residents: pd.Series) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Births of enterprises a year: the mean of the years that were read, and how many those are."""
    table = read_csv(raw / "economy/enterprise_births_norte_2022_2024.csv").set_index("dico").sort_index()
    assert table.index.equals(residents.index), "births: other municipalities than the map's"
    result = pd.DataFrame(index=table.index)
    for section in SECTIONS:
        years = table[[f"{section}_{year}" for year in YEARS]].astype(float)
        name = f"births_{section.lower()}"
        mean = years.mean(axis=1)
        result[f"{name}_per_year"] = mean.round(3)
        result[f"{name}_years"] = years.notna().sum(axis=1)
        result[f"{name}_per_1000_residents"] = (1000 * mean / residents).round(4)
    note = table["note"].fillna("")
    marks = {
        "births_inflated": note.str.contains("inflated"),
        "births_derived": note.str.contains("derived"),
        "births_year_missing": note.str.contains("not read"),
    }
    return result, marks


def _graduates(raw: Path, names: pd.Series) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Graduates of 2012/13 where they studied; the municipalities that the file does not name had none."""
    table = read_csv(raw / "economy/graduates_norte_2012-13.csv").rename(columns={"Conselho": "municipality"})
    table["n"] = table["Total"].astype(int)
    assert set(table["municipality"]) <= set(names), "graduates: a municipality is not on the map"
    masks = {name: table["Cnaef_area_estudo"] == area for name, area in AREAS.items()}
    masks |= {name: table["Cnaef_area_edu_forma"] == field for name, field in FIELDS.items()}
    masks["creative"] = masks["arts"] | masks["media"] | masks["ict"] | masks["architecture"]
    counts = pd.DataFrame({"graduates_2012_13": table.groupby("municipality")["n"].sum()})
    for name, mask in masks.items():
        assert mask.any(), f"graduates: no one in {name}"
        counts[f"graduates_{name}_2012_13"] = table[mask].groupby("municipality")["n"].sum()
    result = counts.reindex(names).fillna(0).apply(whole).set_index(names.index)
    marks = {
        "graduates_undercounted": names.eq("Guimarães"),
        "graduates_overcounted": names.eq("Braga"),
    }
    return result, marks
