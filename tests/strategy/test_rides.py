"""Facilities that one ride joins, in a timetable that can be counted on fingers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from small_city import CENTRE, grid, places_at

from atlas.config import Atlas, Source
from atlas.strategy.network import Network, facilities, network, reason_in
from atlas.strategy.rides import rides

UNITS = grid(10)
SPOTS = [("theatre", 500, 500), ("arts_school", 3_500, 500), ("gallery", 8_100, 500)]
STOPS = {"A": (500, 600), "B": (3_500, 600), "C": (8_100, 600), "D": (500, 1_500)}


BUS = Source.model_validate(
    {
        "id": "bus", "kind": "gtfs", "file": "carreira.zip", "title": "t", "publisher": "p", "licence": "l",
        "date": "2026-01",
    }
)  # fmt: skip


def timetable(folder: Path, *, minutes: int = 8, headway_s: int = 900) -> Path:
    """Line 7 from A to B, line 9 from B to C every 20 minutes, and one bus a day from A to C without a change."""
    at = gpd.GeoSeries([shapely.Point(x + CENTRE[0], y + CENTRE[1]) for x, y in STOPS.values()], crs=3763).to_crs(4326)
    stops = "".join(f"{id_},Paragem {id_},{p.y:.7f},{p.x:.7f}\n" for id_, p in zip(STOPS, at, strict=True))
    files = {
        "stops.txt": f"stop_id,stop_name,stop_lat,stop_lon\n{stops}",
        "routes.txt": "route_id,route_short_name\nr7,7\nr9,9\nr1,1\n",
        "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "W,1,1,1,1,1,0,0,20260101,20260131\n",
        "trips.txt": "route_id,service_id,trip_id\nr7,W,a\nr9,W,b\nr1,W,c\n",
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        f"a,07:00:00,07:00:00,A,1\na,07:{minutes:02d}:00,07:{minutes:02d}:00,B,2\n"
        "b,07:00:00,07:00:00,B,1\nb,07:10:00,07:10:00,C,2\n"
        "c,09:00:00,09:00:00,A,1\nc,09:15:00,09:15:00,C,2\n",
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs\n"
        f"a,07:00:00,20:00:00,{headway_s}\nb,07:00:00,20:00:00,1200\n",
    }
    path = folder / "carreira.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def joined(atlas: Atlas, folder: Path, **changes: int) -> tuple[pd.DataFrame, Network]:
    """The rides and the network of the three facilities with a timetable."""
    timetable(folder, **changes)
    with_bus = atlas.model_copy(update={"folder": folder, "source": (BUS,)})
    places = places_at(atlas, SPOTS, UNITS)
    held, spots = facilities(places, with_bus)
    found = rides(with_bus, held["place_id"], spots)
    return found, network(places, with_bus, rides=found)


def test_one_ride_joins_what_no_walk_does_and_a_change_joins_nothing(porto_config: Atlas, tmp_path: Path) -> None:
    """1.6 minutes to A, 8 in the bus, 1.6 from B; theatre and gallery would need a change, or the only bus of a day."""
    found, made = joined(porto_config, tmp_path)
    assert found[["from", "to", "line", "per_hour"]].to_numpy().tolist() == [
        ["p000000000000", "p000000000001", "7", 4.0],
        ["p000000000001", "p000000000002", "9", 3.0],
    ]
    assert found["minutes"].tolist() == pytest.approx([8 + 2 * 130 / 80, 10 + 2 * 130 / 80], abs=0.06)
    assert made.edges[["from_name", "to_name", "by", "reason"]].to_numpy().tolist() == [
        ["theatre 0", "arts_school 1", "ride", "stage_for_students"],
        ["gallery 2", "arts_school 1", "ride", "works_of_students"],
    ]
    assert set(made.facilities["component"]) == {0}
    said = {
        lang: reason_in(row["reason"], row, lang) for row in made.edges.to_dict("records")[:1] for lang in ("pt", "en")
    }
    assert "11 min pela linha 7, sem transbordo (de «Paragem A» a «Paragem B», 4,0 partidas por hora)" in said["pt"]
    assert "11 min by line 7 without a change (from “Paragem A” to “Paragem B”, 4.0 departures an hour)" in said["en"]
    alone = network(places_at(porto_config, SPOTS, UNITS), porto_config)
    assert alone.edges.empty
    assert set(alone.facilities["component"]) == {0, 1, 2}


@pytest.mark.parametrize(("minutes", "headway_s"), [(21, 900), (8, 2_400)])
def test_a_long_ride_or_a_rare_bus_joins_nothing(
    porto_config: Atlas, tmp_path: Path, minutes: int, headway_s: int
) -> None:
    found, _ = joined(porto_config, tmp_path, minutes=minutes, headway_s=headway_s)
    assert found["line"].tolist() == ["9"]


def test_a_partner_on_foot_goes_before_a_ride(porto_config: Atlas, tmp_path: Path) -> None:
    """A second school beside the theatre: it, and not the one by bus, is the theatre's partner."""
    _, apart = joined(porto_config, tmp_path)
    places = places_at(porto_config, [*SPOTS, ("arts_school", 700, 500)], UNITS)
    with_bus = porto_config.model_copy(update={"folder": tmp_path, "source": (BUS,)})
    held, spots = facilities(places, with_bus)
    made = network(places, with_bus, rides=rides(with_bus, held["place_id"], spots))
    by = {(row.from_name, row.to_name): row.by for row in made.edges.itertuples()}
    assert by["theatre 0", "arts_school 3"] == "walk"
    assert len(made.edges) == len(apart.edges) + 1, "the far school still has its own nearest stage"
