"""Registers without coordinates: by address, by code of the unit, by the municipality's name."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from atlas.built import open_built
from atlas.fusion.addresses import placed

UNITS = gpd.GeoDataFrame(
    {"parent": ["0301", "0302"]}, geometry=[shapely.box(0, 0, 900, 900), shapely.box(1000, 0, 1900, 900)], crs=3763,
    index=["030101", "030201"],
)  # fmt: skip


def door(street: str, number: str) -> str:
    return json.dumps({"addr:street": street, "addr:housenumber": number})


def rows(*told: tuple[str | None, str | None, shapely.Point | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "tags": [tags for tags, _, _ in told],
            "parent": [parent for _, parent, _ in told],
            "parent_at": [None if at is None else ("0301" if at.x < 950 else "0302") for _, _, at in told],
            "marks": None,
        },
        geometry=[at for _, _, at in told], crs=3763,
    )  # fmt: skip


def test_an_address_places_inside_its_municipality_only() -> None:
    records = rows(
        (door("Rua Direita", "12"), None, shapely.Point(100, 100)),
        (door("Rua Direita", "12"), None, shapely.Point(1100, 100)),
        (door("RUA DIREITA", "N.º 12, 1.º"), "0302", None),
        (door("Rua Direita", "12"), None, None),
        (door("Rua Direita", "14"), "0302", None),
    )
    found, how_many = placed(records, UNITS)
    assert found.geometry.iloc[2] == shapely.Point(1100, 100)
    assert found["marks"].fillna("").tolist() == ["", "", "placed_by_address", "", ""]
    assert found.geometry.isna().tolist() == [False, False, False, True, True]
    assert how_many == {"placed_by_address": 1, "placed_by_unit": 0}


def test_an_address_at_two_doors_places_nothing() -> None:
    records = rows(
        (door("Largo da Feira", "1"), None, shapely.Point(100, 100)),
        (door("Largo da Feira", "1"), None, shapely.Point(700, 100)),
        (door("Largo da Feira", "1"), "0301", None),
    )
    assert placed(records, UNITS)[0].geometry.isna().tolist() == [False, False, True]


def test_the_code_of_a_unit_places_in_it_and_says_so() -> None:
    found, _ = placed(
        rows((json.dumps({"unit": "030201"}), None, None), (json.dumps({"unit": "9"}), None, None)), UNITS
    )
    assert UNITS.geometry["030201"].contains(found.geometry.iloc[0])
    assert found["parent_at"].fillna("").tolist() == ["0302", ""]
    assert found["marks"].fillna("").tolist() == ["placed_by_unit|position_doubtful", ""]


def test_a_unit_of_another_municipality_than_the_stated_one_places_nothing() -> None:
    unit = json.dumps({"unit": "030201"})
    found, how_many = placed(rows((unit, "0301", None), (unit, "03", None), (unit, "0302", None)), UNITS)
    assert found.geometry.isna().tolist() == [True, False, False]
    assert how_many["placed_by_unit"] == 2


def test_a_register_by_names_and_codes_enters_an_atlas(small_atlas: Path) -> None:
    units = gpd.read_parquet(small_atlas / "neighbourhoods.parquet")
    code = str(units["code"].iloc[0])
    pd.DataFrame(
        {
            "n": ["1", "2", "3"],
            "nome": ["Galeria Um", "Galeria Dois", "Galeria Três"],
            "concelho": ["Esposende", "município de esposende", "Lisboa"],
            "freguesia": [code, None, None],
        }
    ).to_csv(small_atlas / "galerias.csv", sep=";", index=False)
    toml = small_atlas / "atlas.toml"
    added = """
[[source]]
id = "galerias"
kind = "table"
file = "galerias.csv"
title = "Galerias"
publisher = "p"
licence = "l"
date = "2024"
read = { record = "n", name = "nome", kind_is = "art gallery", parent = "concelho", unit = "freguesia" }

"""
    text = toml.read_text("utf-8")
    at = text.index("[[source]]")
    toml.write_text(text[:at] + added + text[at:], "utf-8")
    built = open_built(str(small_atlas), draws=50)
    places = built.store.read("places")
    one = places[places["name"] == "Galeria Um"].iloc[0]
    assert one["neighbourhood"] == code
    assert "placed_by_unit" in one["marks"]
    unplaced = built.store.read("unplaced")
    assert unplaced.loc[unplaced["source_id"] == "galerias", ["record_id", "parent"]].to_numpy().tolist() == [
        ["2", "0306"]
    ]
    about = next(one for one in built.store.manifest["sources"] if one["id"] == "galerias")
    (said,) = about["warnings"]
    assert said[1].startswith("1 record outside the region and its margin. First: ")
