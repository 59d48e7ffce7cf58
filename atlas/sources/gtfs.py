"""Timetables (GTFS): departures per hour at each stop on a typical weekday of the feed's own calendar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from geopandas import GeoDataFrame, points_from_xy
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.config import Source
from atlas.sources import to_records
from atlas.sources._feed import Feed

YEARS = np.timedelta64(5 * 366, "D")
"""A calendar is read so far to both sides of where most of it begins: some run from 1900 or to 9999."""
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TEXT = pa.string()
WORDS = pa.dictionary(pa.int32(), pa.string())  # codes beside each distinct text: half a million rows stay small


def load(source: Source, folder: Path) -> GeoDataFrame:
    """Stops of a feed as records of kind `stop`; `tags` holds what :func:`stop_departures` says of each."""
    path = folder / source.file
    stops = stop_departures(path)
    said = stops[["departures_per_hour", "day", "feed"]].astype({"departures_per_hour": object})
    said = said.where(said.notna(), None)
    frame = DataFrame({"record_id": stops["stop_id"], "name": stops["name"], "kind": "stop"})
    frame["tags"] = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in said.to_dict("records")]
    records = GeoDataFrame(frame, geometry=points_from_xy(stops["lon"], stops["lat"]), crs="EPSG:4326")
    records.attrs["warnings"] = stops.attrs["warnings"]
    return to_records(records, source, path)


def stop_departures(path: Path, *, from_hour: float = 7, to_hour: float = 20) -> DataFrame:
    """Departures per hour at each stop, ``n([from, to)) / (to − from)``, on the feed's typical weekday.

    Typical is the Monday-to-Friday date within the feed's calendar (with its exceptions) whose number of
    departures in the window is the lower median among such dates with at least half as many as the
    busiest (a calendar may begin with one tram line months before the buses); the earliest of equals.
    So a feed that has ended still answers, and the day is named.

    What counts as a departure: one may board, so neither the last stop of a trip nor `pickup_type` 1;
    both directions where they share a stop. Trips in `frequencies.txt` run at each headway from the start
    (inclusive) to the end (exclusive) of their period, and not by their own stop times. Times are those
    of the service day: 24:30 is outside a window of the day. Times left blank are interpolated along
    the trip.

    Parameters
    ----------
    path
        A ZIP, or a folder with the unpacked files.
    from_hour, to_hour
        The window, hours of the day; the end is excluded.

    Returns
    -------
    One row a stop, in the feed's order: `stop_id, name, lon, lat, departures_per_hour, day` (ISO date),
    `feed` (its agencies). A stop that some trip of the feed calls at, but none in the window, has 0; a
    stop that no trip calls at is not in the timetable and is missing. Stations, entrances and other
    nodes that no vehicle calls at are left out, as are stops without coordinates, which are counted in
    ``.attrs["warnings"]``.

    Source
    ------
    General Transit Feed Specification, reference for schedules (gtfs.org).

    """
    feed = Feed(path)
    stops = _stops(feed)
    calls = _calls(feed)
    calls["n"] = _departures(feed, calls, from_hour * 3600, to_hour * 3600)
    active, day = _typical_weekday(feed, calls.groupby("service_id", observed=True)["n"].sum())
    on_the_day = calls["service_id"].map(active).fillna(False).astype(bool)
    per_stop = calls["n"].where(on_the_day, 0).groupby(calls["stop_id"], observed=True).sum()
    unplaced = int((~per_stop.index.isin(stops["stop_id"])).sum())
    feed.count(
        unplaced,
        "# paragem do horário não tem lugar em stops.txt e fica de fora."
        "|# paragens do horário não têm lugar em stops.txt e ficam de fora.",
        "# stop of the timetable has no place in stops.txt and is left out."
        "|# stops of the timetable have no place in stops.txt and are left out.",
    )
    per_hour = stops["stop_id"].map(per_stop / (to_hour - from_hour)).astype(float)
    result = stops.assign(departures_per_hour=per_hour, day=day, feed=_agencies(feed))
    result.attrs["warnings"] = feed.warnings
    return result


def calls_of_a_weekday(path: Path, *, from_hour: float = 7, to_hour: float = 20) -> tuple[DataFrame, DataFrame]:
    """Stops of a feed, and what stops where on its typical weekday, along each trip.

    Returns
    -------
    stops
        ``stop_id, name, lon, lat``.
    calls
        ``trip_id, stop_id, departure_s, boards``, ``per_hour`` (departures that one may board, in the window) and
        ``line`` (short name of the route, None where the feed has none), in the order of the trips.
    """
    feed = Feed(path)
    stops, calls = _stops(feed), _calls(feed)
    calls["n"] = _departures(feed, calls, from_hour * 3600, to_hour * 3600)
    active, _ = _typical_weekday(feed, calls.groupby("service_id", observed=True)["n"].sum())
    calls = calls[calls["service_id"].map(active).fillna(False).astype(bool)].reset_index(drop=True)
    trips = feed.table("trips.txt", {"trip_id": TEXT}, optional={"route_id": TEXT}).drop_duplicates("trip_id")
    routes = feed.table_or_none("routes.txt", {"route_id": TEXT}, optional={"route_short_name": TEXT})
    names = Series(dtype=object) if routes is None else routes.set_index("route_id")["route_short_name"]
    lines = trips.set_index("trip_id")["route_id"].map(names[~names.index.duplicated()])
    calls["line"] = calls["trip_id"].astype(object).map(lines)
    calls["per_hour"] = calls["n"] / (to_hour - from_hour)
    return stops, calls[["trip_id", "stop_id", "departure_s", "boards", "per_hour", "line"]]


def _stops(feed: Feed) -> DataFrame:
    """Stops that vehicles call at, with coordinates."""
    stops = feed.table(
        "stops.txt",
        {"stop_id": TEXT, "stop_lat": TEXT, "stop_lon": TEXT},
        optional={"stop_name": TEXT, "location_type": TEXT},
    )
    stops = stops[stops["location_type"].fillna("0").str.strip().isin(["0", ""])]
    stops = stops.drop_duplicates("stop_id").reset_index(drop=True)
    lon = pd.to_numeric(stops["stop_lon"].str.strip(), errors="coerce")
    lat = pd.to_numeric(stops["stop_lat"].str.strip(), errors="coerce")
    placed = lon.between(-180, 180) & lat.between(-90, 90) & ~((lon == 0) & (lat == 0))
    feed.count(
        int((~placed).sum()),
        "# paragem sem coordenadas que sirvam fica de fora.|# paragens sem coordenadas que sirvam ficam de fora.",
        "# stop without usable coordinates is left out.|# stops without usable coordinates are left out.",
    )
    table = DataFrame({"stop_id": stops["stop_id"], "name": stops["stop_name"].str.strip(), "lon": lon, "lat": lat})
    return table[placed].reset_index(drop=True)


def _calls(feed: Feed) -> DataFrame:
    """One row a stop time, along each trip: `trip_id, service_id, stop_id, departure_s, boards`."""
    calls = feed.table(
        "stop_times.txt",
        {"trip_id": WORDS, "departure_time": WORDS, "stop_id": WORDS, "stop_sequence": pa.int64()},
        optional={"arrival_time": WORDS, "pickup_type": WORDS},
    )
    trip = calls["trip_id"].cat.codes.to_numpy()
    order = np.lexsort((calls["stop_sequence"].to_numpy(), trip))
    calls, trip = calls.iloc[order].reset_index(drop=True), trip[order]
    seconds = _seconds(calls["departure_time"])
    if np.isnan(seconds).any():
        seconds = np.where(np.isnan(seconds), _seconds(calls["arrival_time"]), seconds)
        seconds = _between(seconds, trip)
    feed.count(
        int(np.isnan(seconds).sum()),
        "# passagem sem hora que se leia não conta.|# passagens sem hora que se leia não contam.",
        "# stop time without a readable time does not count.|# stop times without a readable time do not count.",
    )
    trips = feed.table("trips.txt", {"trip_id": TEXT, "service_id": TEXT}).drop_duplicates("trip_id")
    service = trips.set_index("trip_id")["service_id"].reindex(calls["trip_id"].cat.categories)
    feed.count(
        int((~calls["trip_id"].cat.categories.isin(trips["trip_id"])).sum()),
        "# viagem do horário não está em trips.txt e não conta."
        "|# viagens do horário não estão em trips.txt e não contam.",
        "# trip of the timetable is not in trips.txt and does not count."
        "|# trips of the timetable are not in trips.txt and do not count.",
    )
    last = np.append(trip[1:] != trip[:-1], True) if len(trip) else np.empty(0, bool)
    return DataFrame(
        {
            "trip_id": calls["trip_id"],
            "service_id": service.astype("category").array.take(trip, allow_fill=True),
            "stop_id": calls["stop_id"],
            "departure_s": seconds,
            "boards": ~last & (calls["pickup_type"] != "1").to_numpy(),
        }
    )


def _seconds(times: Series) -> NDArray[np.float64]:
    """Seconds since the service day began, of ``6:40:00``, ``06:40``, ``25:10:00``; NaN where unreadable."""
    distinct = times.cat.categories.to_series()
    parts = distinct.str.strip().str.extract(r"^(\d{1,3}):([0-5]?\d)(?::([0-5]?\d))?$").astype(float)
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2].fillna(0)
    return np.append(seconds.to_numpy(), np.nan)[times.cat.codes.to_numpy()]


def _between(seconds: NDArray[np.float64], trip: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Blank times, spread evenly between the stops of the same trip whose times are known."""
    row, known = np.arange(len(seconds)), np.flatnonzero(~np.isnan(seconds))
    if not len(known):
        return seconds
    after = np.searchsorted(known, row).clip(max=len(known) - 1)
    before = (np.searchsorted(known, row, side="right") - 1).clip(min=0)
    same_trip = (trip[known[before]] == trip) & (trip[known[after]] == trip)
    return np.where(same_trip, np.interp(row, known, seconds[known]), np.nan)


def _departures(feed: Feed, calls: DataFrame, start_s: float, end_s: float) -> NDArray[np.float64]:
    """How often each stop time departs within the window on a day its service runs."""
    time = calls["departure_s"].to_numpy()
    once = ((time >= start_s) & (time < end_s)).astype(float)
    periods = feed.table_or_none(
        "frequencies.txt", {"trip_id": TEXT, "start_time": WORDS, "end_time": WORDS, "headway_secs": pa.float64()}
    )
    if periods is not None and len(periods):
        first, last, headway = _seconds(periods["start_time"]), _seconds(periods["end_time"]), periods["headway_secs"]
        runs = np.ceil((last - first) / headway.where(headway > 0)).to_numpy()
        periods = periods.assign(first=first, runs=runs)[runs > 0]
        offset = calls["departure_s"] - calls.groupby("trip_id", observed=True)["departure_s"].transform("first")
        frequent = calls.assign(row=np.arange(len(calls)), offset=offset)[calls["trip_id"].isin(periods["trip_id"])]
        each = frequent.astype({"trip_id": object}).merge(periods, on="trip_id")
        at, headway_s = (each["first"] + each["offset"]).to_numpy(), each["headway_secs"].to_numpy()
        from_run = np.maximum(np.ceil((start_s - at) / headway_s), 0)
        to_run = np.minimum(np.ceil((end_s - at) / headway_s), each["runs"].to_numpy())
        once[frequent["row"]] = 0
        np.add.at(once, each["row"], np.nan_to_num(np.maximum(to_run - from_run, 0)))
    return np.where(calls["boards"], once, 0.0)


def _typical_weekday(feed: Feed, per_service: Series) -> tuple[Series, str]:
    """Whether each service runs on the typical weekday, and that day as an ISO date."""
    days, runs = _calendar(feed, per_service.index)
    total = runs.T @ per_service.to_numpy()
    weekdays = np.flatnonzero((total > 0) & np.is_busday(days))
    if not len(weekdays):
        raise feed.fault(
            "O calendário não tem nenhum dia útil com partidas. Peça o horário de um período completo.",
            "The calendar has no weekday with departures. Ask for the timetable of a whole period.",
        )
    busy = weekdays[total[weekdays] >= total[weekdays].max() / 2]
    median = np.sort(total[busy])[(len(busy) - 1) // 2]
    chosen = busy[np.argmax(total[busy] == median)]
    return Series(runs[:, chosen], index=per_service.index), str(days[chosen])


def _calendar(feed: Feed, services: pd.Index[Any]) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Every date of the feed, and which of the services (rows) run on it (columns)."""
    weekly = feed.table_or_none("calendar.txt", dict.fromkeys(("service_id", "start_date", "end_date", *WEEK), TEXT))
    single = feed.table_or_none("calendar_dates.txt", dict.fromkeys(("service_id", "date", "exception_type"), TEXT))
    if weekly is None and single is None:
        raise feed.fault(
            "Falta o calendário: calendar.txt ou calendar_dates.txt. Descarregue o horário outra vez.",
            "The calendar is missing: calendar.txt or calendar_dates.txt. Download the timetable again.",
        )
    weekly = DataFrame(columns=["service_id", "start_date", "end_date", *WEEK]) if weekly is None else weekly
    single = DataFrame(columns=["service_id", "date", "exception_type"]) if single is None else single
    start, end, date = _dates(weekly["start_date"]), _dates(weekly["end_date"]), _dates(single["date"])
    feed.count(
        int((np.isnat(start) | np.isnat(end)).sum() + np.isnat(date).sum()),
        "# linha do calendário tem datas inválidas e não conta."
        "|# linhas do calendário têm datas inválidas e não contam.",
        "# row of the calendar has invalid dates and does not count."
        "|# rows of the calendar have invalid dates and do not count.",
    )
    feed.count(
        int((~services.isin([*weekly["service_id"], *single["service_id"]])).sum()),
        "# serviço não tem calendário: as suas viagens não contam."
        "|# serviços não têm calendário: as suas viagens não contam.",
        "# service has no calendar: its trips do not count.|# services have no calendar: their trips do not count.",
    )
    every = np.concatenate([start, end, date])
    every = every[~np.isnat(every)]
    if not len(every):
        return np.empty(0, "datetime64[D]"), np.zeros((len(services), 0), bool)
    begun = np.sort(np.concatenate([start, date])[~np.isnat(np.concatenate([start, date]))])
    middle = begun[len(begun) // 2] if len(begun) else every.min()
    days = np.arange(max(every.min(), middle - YEARS), min(every.max(), middle + YEARS) + 1)
    weekday = (days.astype("int64") + 3) % 7  # 1970-01-01 was a Thursday
    runs = np.zeros((len(services), len(days)), bool)
    row = services.get_indexer(pd.Index(weekly["service_id"]))
    on = (weekly[list(WEEK)] == "1").to_numpy()[:, weekday] & (days >= start[:, None]) & (days <= end[:, None])
    np.logical_or.at(runs, row[row >= 0], on[row >= 0])
    row = services.get_indexer(pd.Index(single["service_id"]))
    known = (row >= 0) & (date >= days[0]) & (date <= days[-1])  # never so for no date
    column = (date - days[0]).astype("int64")
    runs[row[known], column[known]] = (single["exception_type"] == "1").to_numpy()[known]
    return days, runs


def _dates(texts: Series) -> NDArray[np.datetime64]:
    """Dates of ``20240318``; NaT where unreadable."""
    return pd.to_datetime(texts, format="%Y%m%d", errors="coerce").to_numpy().astype("datetime64[D]")


def _agencies(feed: Feed) -> str:
    """Names of the feed's agencies; the file's name where it says none."""
    table = feed.table_or_none("agency.txt", {"agency_name": TEXT})
    names = [] if table is None else table["agency_name"].dropna().str.strip().unique().tolist()
    return " · ".join(names) or feed.path.stem
