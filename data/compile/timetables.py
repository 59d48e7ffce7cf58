"""Departures per hour at the stops of STCP and Metro do Porto, from their timetables."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from tables import DATA, joined, metric_points, write_csv

from atlas.sources.gtfs import stop_departures

FEEDS = {"stcp_2024_03": "stcp_gtfs_2024-03.zip", "metro_2025_26": "metro_porto_gtfs_2025-26.zip"}
MARGIN_M = 2000.0


def compile_timetables(raw: Path, parishes: gpd.GeoDataFrame, city: gpd.GeoDataFrame) -> None:
    """Write ``transit_stops`` of both atlases: all stops, and those within 2 km of the city."""
    tables = []
    for feed, file in FEEDS.items():
        stops = stop_departures(raw / "transit" / file)
        tables.append(stops.assign(feed=feed, kind="metro_stop" if feed.startswith("metro") else "bus_stop"))
    table = pd.concat(tables, ignore_index=True)
    table["name"] = table["name"].str.strip()
    table["record_id"] = table["feed"].str.split("_").str[0] + "/" + table["stop_id"]
    table["departures_per_hour"] = table["departures_per_hour"].round(3)
    table[["lon", "lat"]] = table[["lon", "lat"]].round(6)
    points = metric_points(table).to_numpy()
    outside = shapely.distance(points, parishes.union_all(method="coverage")) > 0
    table["marks"] = joined({"outside_region": pd.Series(outside, index=table.index)})
    assert table["record_id"].is_unique, "a stop stands twice"
    columns = [
        "record_id", "stop_id", "feed", "name", "kind", "lon", "lat", "departures_per_hour", "day", "marks",
    ]  # fmt: skip
    order = np.lexsort((table["stop_id"], table["feed"]))
    table, points = table.iloc[order][columns], points[order]
    near = shapely.dwithin(points, city.union_all(method="coverage"), MARGIN_M)
    write_csv(table, DATA / "norte/transit_stops.csv")
    write_csv(table[near], DATA / "porto/transit_stops.csv")
