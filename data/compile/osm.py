"""Extracts of OpenStreetMap: what stands in ``odbl/`` stays under the Open Database License."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from tables import DATA, DEGREES, METRIC, OSM, as_json, joined, light_outlines, read_csv, write_csv, write_parquet

from atlas.sources.overpass import read_overpass

# `amenity` that is street furniture, a machine, a room or a parking place, not a business or a facility.
FURNITURE = frozenset(
    [
        "atm", "bench", "bicycle_parking", "bicycle_rental", "bicycle_repair_station", "binoculars",
        "boat_storage", "charging_station", "clock", "compressed_air", "dressing_room", "drinking_water",
        "fixme", "fountain", "kick-scooter_parking", "left_luggage", "loading_dock", "lost_property_office",
        "luggage_locker", "meeting_room", "motorcycle_parking", "parcel_locker", "parking", "parking_access",
        "parking_entrance", "parking_exit", "parking_space", "payment_centre", "photo_booth", "post_box",
        "printer", "reception_desk", "reception_desk;lost_property_office", "recycling", "shelter", "shower",
        "table", "taxi", "taxi_rank", "telephone", "ticket_validator", "toilets", "vacuum_cleaner",
        "vending_machine", "waiting_room", "waste_basket", "waste_disposal", "water_point", "watering_place",
        "weighbridge",
    ]
)  # fmt: skip
# Keys that make a place of an object whose `amenity` is furniture (a shelter that is also a museum).
PLACE_KEYS = ("shop", "office", "craft", "studio", "tourism", "historic", "heritage", "leisure")
NAMES = {"source": "OpenStreetMap", **OSM}


def compile_osm(raw: Path) -> None:
    """Write ``odbl/`` of both atlases, apart from the streets."""
    _write(_region(raw), DATA / "norte/odbl/osm_places.parquet")
    _write(_city(raw), DATA / "porto/odbl/osm_places.parquet")
    names = _names(raw)
    write_parquet(names, DATA / "porto/odbl/tourism_names.parquet", NAMES)
    write_csv(_ruins(raw), DATA / "porto/odbl/ruined_buildings.csv")


def _write(table: gpd.GeoDataFrame, path: Path) -> None:
    """The common columns, in the order of the ids, with light outlines."""
    assert table["record_id"].is_unique, f"{path}: an object stands twice"
    kind, number = table["record_id"].str.split("/", expand=True).to_numpy().T
    table = table.assign(_kind=kind, _number=number.astype("int64")).sort_values(["_kind", "_number"])
    geometry = light_outlines(table.geometry.to_crs(METRIC))
    assert geometry.is_valid.all(), f"{path}: an outline is broken"
    assert not geometry.is_empty.any(), f"{path}: an outline was lost"
    plain = pd.DataFrame(table[["record_id", "name", "tags", "snapshot"]])
    write_parquet(gpd.GeoDataFrame(plain, geometry=geometry, crs=DEGREES).reset_index(drop=True), path, NAMES)


def _region(raw: Path) -> gpd.GeoDataFrame:
    """All objects of Norte's extract; keys with ``@`` are not tags."""
    path = raw / "osm/norte_culture_heritage_osm_2023-24.geojson"
    features: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    table = gpd.GeoDataFrame.from_features(features, columns=["geometry"], crs=DEGREES)
    properties = [feature["properties"] for feature in features]
    tags = [{key: text for key, text in one.items() if not key.startswith("@")} for one in properties]
    table["record_id"] = [feature["id"] for feature in features]
    table["name"] = [one.get("name") for one in tags]
    table["tags"] = as_json(tags)
    table["snapshot"] = [one["@snapshot"][:10] for one in properties]
    return table


def _city(raw: Path) -> gpd.GeoDataFrame:
    """Businesses and facilities of Porto, from the answers for `amenity` and for `shop`; the later one wins."""
    answers = []
    for file, day in (
        ("porto_shop_overpass_2024-06-17.json.gz", "2024-06-17"),
        ("porto_amenity_overpass_2024-06-16.json.gz", "2024-06-16"),
    ):
        answer = read_overpass(raw / "osm" / file)
        for _, english in answer.attrs["warnings"]:
            print(f"{file}: {english}")
        answers.append(answer.assign(snapshot=day))
    table = pd.concat(answers, ignore_index=True)
    asked = len(table)
    table = table.drop_duplicates("record_id").reset_index(drop=True)
    tags = pd.Series([json.loads(text) for text in table["tags"]], index=table.index)
    kept = tags.map(_is_place)
    print(f"Porto: {asked:,} tagged objects in two answers, {len(table):,} different, {int(kept.sum()):,} are places")
    table["tags"] = as_json(tags)
    return gpd.GeoDataFrame(table[kept], geometry="geometry", crs=DEGREES)


def _is_place(tags: dict[str, str]) -> bool:
    """Whether the tags are those of a business or a facility."""
    amenity = tags.get("amenity")
    if amenity is not None and amenity not in FURNITURE:
        return True
    return "shop" in tags or (amenity is not None and any(tags.get(key, "no") != "no" for key in PLACE_KEYS))


def _names(raw: Path) -> gpd.GeoDataFrame:
    """Named points that had `tourism` or `historic`: where the value is lost, only the key is known."""
    table = read_csv(raw / "osm/porto_tourism_historic_names_2024-06.csv")
    known = table["osm_value_known"].notna()
    extra = {"name": "name", "address": "addr:full", "opening_hours": "opening_hours"}
    tags = [
        {tag: row[column] for column, tag in extra.items() if isinstance(row[column], str)}
        | ({row["osm_key"]: row["osm_value_known"]} if isinstance(row["osm_value_known"], str) else {})
        for row in table.to_dict("records")
    ]
    doubtful = table["confidence"] != "high"
    result = pd.DataFrame(
        {
            "record_id": (table.index + 1).astype(str),
            "name": table["name"],
            "key": table["osm_key"],
            "tags": as_json(tags),
            "snapshot": "2024-06",
            "marks": joined({"class_guessed": ~known, "key_doubtful": doubtful}),
        }
    )
    points = gpd.points_from_xy(table["longitude"].astype(float).round(6), table["latitude"].astype(float).round(6))
    return gpd.GeoDataFrame(result, geometry=points, crs=DEGREES)


def _ruins(raw: Path) -> pd.DataFrame:
    """Centres of buildings tagged as ruined; `ruin` is `ruins` misspelt."""
    table = read_csv(raw / "osm/porto_ruined_buildings_2024-06.csv")
    return pd.DataFrame(
        {
            "record_id": (table.index + 1).astype(str),
            "name": table["name"],
            "kind": table["type"].replace("ruin", "ruins"),
            "lon": table["longitude"].astype(float).round(6),
            "lat": table["latitude"].astype(float).round(6),
        }
    )
