"""Departures per hour from small timetables that can be counted on fingers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources.gtfs import load, stop_departures

WEEKLY = """service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
W,1,1,1,1,1,0,0,20240101,20240131
S,0,0,0,0,0,1,1,20240101,20240131
"""
FEED = {
    "agency.txt": "agency_name\nCarros\n",
    "stops.txt": "\ufeffstop_id,stop_name,stop_lat,stop_lon,location_type\n"
    "01,Um,41.1,-8.6,\n02,Dois,41.2,-8.6,0\n03,Três,41.3,-8.6,\n04,Fora,41.4,-8.6,\n05,Estação,41.1,-8.6,1\n",
    "calendar.txt": WEEKLY,
    "trips.txt": "route_id,service_id,trip_id\nR,W,a\nR,W,b\nR,S,c\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    # rows out of order, hours without a leading zero, and past midnight
    "a,7:30:00,7:30:00,03,10\na,6:59:59,6:59:59,01,1\na,7:00:00,7:00:00,02,2\n"
    "b,19:59:59,19:59:59,01,1\nb,20:00:00,20:00:00,02,2\nb,25:10:00,25:10:00,03,3\n"
    "c,12:00:00,12:00:00,01,1\nc,12:05:00,12:05:00,03,2\n",
}


def write(folder: Path, changes: dict[str, str | None] | None = None) -> Path:
    path = folder / "horário.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (FEED | (changes or {})).items():
            if text is not None:
                entry = zipfile.ZipInfo(f"feed/{name}")
                archive.writestr(entry, text)
    # 1980-00-00, as in the feed of Metro do Porto: strict readers refuse it
    path.write_bytes(path.read_bytes().replace(b"\x00\x00\x21\x00", b"\x00\x00\x00\x00"))
    return path


def departures(path: Path) -> dict[str, float]:
    table = stop_departures(path)
    return dict(zip(table["stop_id"], (table["departures_per_hour"] * 13).round(6), strict=True))


def test_window_is_half_open_and_nobody_boards_at_the_last_stop(tmp_path: Path) -> None:
    """01: 19:59:59 (6:59:59 is early, Saturday's does not run); 02: 7:00:00 (20:00 is late); 03: only ends."""
    path = write(tmp_path)
    assert zipfile.ZipFile(path).infolist()[0].date_time == (1980, 0, 0, 0, 0, 0)
    assert departures(path) == {"01": 1, "02": 1, "03": 0, "04": pytest.approx(float("nan"), nan_ok=True)}


def test_stops_load_as_records(tmp_path: Path) -> None:
    write(tmp_path)
    source = Source(id="bus", kind="gtfs", file="horário.zip", title="t", publisher="p", licence="l", date="2024-03-18")
    records = load(source, tmp_path)
    assert records["kind"].unique().tolist() == ["stop"]
    assert records["tags"][0] == f'{{"day": "2024-01-01", "departures_per_hour": {1 / 13}, "feed": "Carros"}}'
    assert '"departures_per_hour": null' in records["tags"][3]
    assert records.geometry[0].wkt == "POINT (-8.6 41.1)"


def test_the_day_and_the_feed_are_named_and_stations_are_left_out(tmp_path: Path) -> None:
    table = stop_departures(write(tmp_path))
    assert table["day"].unique().tolist() == ["2024-01-01"]
    assert table["feed"].unique().tolist() == ["Carros"]
    assert "05" not in set(table["stop_id"])


def test_holidays_give_way_to_an_ordinary_day(tmp_path: Path) -> None:
    """1 January runs as a Sunday; the 2nd gets an extra service. Neither is typical, the 3rd is."""
    dates = "service_id,date,exception_type\nW,20240101,2\nS,20240101,1\nS,20240102,1\n"
    assert stop_departures(write(tmp_path, {"calendar_dates.txt": dates}))["day"][0] == "2024-01-03"


def test_months_of_one_tram_before_the_buses_are_not_typical(tmp_path: Path) -> None:
    weekly = WEEKLY + "TRAM,1,1,1,1,1,1,1,20230601,20240131\n"
    trips = FEED["trips.txt"] + "R,TRAM,t\n"
    times = FEED["stop_times.txt"] + "t,9:00:00,9:00:00,02,1\nt,9:10:00,9:10:00,03,2\n"
    path = write(tmp_path, {"calendar.txt": weekly, "trips.txt": trips, "stop_times.txt": times})
    table = stop_departures(path)
    assert table["day"][0] == "2024-01-01"
    assert departures(path)["02"] == 2


def test_calendar_by_dates_alone(tmp_path: Path) -> None:
    dates = "service_id,date,exception_type\nW,20240110,1\nW,20240113,1\n"
    table = stop_departures(write(tmp_path, {"calendar.txt": None, "calendar_dates.txt": dates}))
    assert table["day"][0] == "2024-01-10"


def test_frequencies_replace_the_trip_and_end_before_their_end(tmp_path: Path) -> None:
    """a leaves 01 at 6:50, 7:00 … 7:40 (7:50 is the end): five in the window; 02 one second later: all six."""
    periods = "trip_id,start_time,end_time,headway_secs\na,6:50:00,7:50:00,600\n"
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "a,0:00:00,0:00:00,01,1\na,0:10:00,0:10:00,02,2\na,0:20:00,0:20:00,03,3\n"
    )
    assert departures(write(tmp_path, {"frequencies.txt": periods, "stop_times.txt": times})) == {
        "01": 5, "02": 6, "03": 0, "04": pytest.approx(float("nan"), nan_ok=True),
    }  # fmt: skip


def test_blank_times_are_interpolated_and_pickup_1_does_not_count(tmp_path: Path) -> None:
    """02 stands halfway between 6:50 and 7:12, at 7:01."""
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type\n"
        "a,6:50:00,6:50:00,01,1,0\na,,,02,2,0\na,7:12:00,7:12:00,03,3,1\na,7:20:00,7:20:00,01,4,0\n"
    )
    assert departures(write(tmp_path, {"stop_times.txt": times}))["02"] == 1
    assert departures(write(tmp_path, {"stop_times.txt": times}))["03"] == 0


def test_a_calendar_without_end_is_read_and_dates_that_are_none_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, {
        "calendar.txt": WEEKLY.replace("20240131", "99991231") + "X,1,1,1,1,1,1,1,20249901,2024\n",
        "calendar_dates.txt": "service_id,date,exception_type\nW,20240230,1\nW,18991231,1\nW,20240102,2\n",
    })  # fmt: skip
    table = stop_departures(path)
    assert (table["departures_per_hour"] * 13).round(6).tolist()[:3] == [1, 1, 0]
    assert "2 rows of the calendar have invalid dates" in " ".join(en for _, en in table.attrs["warnings"])


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"stop_times.txt": None}, "stop_times.txt"),
        ({"calendar.txt": None}, "calendar"),
        ({"stops.txt": "stop_id,stop_lat\n1,2\n"}, "stop_lon"),
        ({"calendar.txt": WEEKLY.replace("1,1,1,1,1,0,0", "0,0,0,0,0,0,0")}, "dia útil"),
        ({"stop_times.txt": "trip_id,departure_time,stop_id,stop_sequence\na,7:00\n"}, "CSV"),
    ],
)
def test_faults_say_what_is_missing(tmp_path: Path, changes: dict[str, str | None], word: str) -> None:
    with pytest.raises(SourceError) as fault:
        stop_departures(write(tmp_path, changes))
    assert word in fault.value.text("pt")
    assert fault.value.where.startswith("horário.zip")


def test_a_page_saved_as_zip_and_a_cut_zip_are_refused(tmp_path: Path) -> None:
    page = tmp_path / "página.zip"
    page.write_text("<html>404</html>", encoding="utf-8")
    whole = write(tmp_path).read_bytes()
    cut = tmp_path / "cortado.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    for path in (page, cut, tmp_path / "não há.zip"):
        with pytest.raises(SourceError):
            stop_departures(path)


def test_stops_without_place_are_counted(tmp_path: Path) -> None:
    stops = "stop_id,stop_name,stop_lat,stop_lon\n01,Um,0,0\n02,Dois,,\n04,Quatro,41.4,-8.6\n"
    table = stop_departures(write(tmp_path, {"stops.txt": stops}))
    assert table["stop_id"].tolist() == ["04"]
    assert [pt.split()[0] for pt, _ in table.attrs["warnings"]] == ["2", "3"]


def test_trips_and_services_that_the_feed_does_not_know_are_counted(tmp_path: Path) -> None:
    """What cannot run is no departure, and the stop's 0 is told from one that nobody serves."""
    trips = "route_id,service_id,trip_id\nR,W,a\nR,X,c\n"
    said = stop_departures(write(tmp_path, {"trips.txt": trips})).attrs["warnings"]
    assert [en for _, en in said] == [
        "1 trip of the timetable is not in trips.txt and does not count.",
        "1 service has no calendar: its trips do not count.",
    ]
