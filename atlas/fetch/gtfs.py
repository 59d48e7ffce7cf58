"""Timetables (GTFS): ZIPs at an address, or the newest ones that a CKAN catalogue lists under a data set.

One feed is kept as it is, for a source of kind ``gtfs``. Where the file to be written is a table (``.csv``), the stops
of all feeds become one, with departures per hour, as the embedded atlases have it: ``ask`` then holds ``feeds``, a list
of ``{ id, kind, address }``, the first of which has the entry's own address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from atlas.errors import ConfigError, FetchError
from atlas.fetch.job import Asked, Job, fresh
from atlas.fetch.packing import looked_at
from atlas.sources.gtfs import stop_departures

NEEDED = ("stops.txt", "stop_times.txt", "trips.txt")
MOST_UNPACKED = 2e9
NAME = re.compile(r"[\w-]+")
CATALOGUE = "/api/3/action/package_show"
COLUMNS = ["record_id", "stop_id", "feed", "name", "kind", "lon", "lat", "departures_per_hour", "day", "marks"]
ASK: Asked = {"feeds": list}
WRITES = (".csv", ".zip")


def fetch(job: Job) -> None:
    """Write the feed as it is, or the stops of several as one table."""
    if job.target.suffix != ".csv":
        held = _feed(job, job.entry.address, "feed", job.progress)
        with job.written() as path:
            held.replace(path)
        return
    feeds = list(job.option("feeds"))
    tables = []
    for number, feed in enumerate(feeds):
        if not isinstance(feed, dict) or not {"id", "kind"} <= feed.keys() or not NAME.fullmatch(str(feed["id"])):
            raise ConfigError(
                "Cada horário em `feeds` precisa de `id` (letras, algarismos e _) e `kind`. Acrescente-os.",
                "Each timetable in `feeds` needs `id` (letters, digits and _) and `kind`. Add them.",
                where=f"atlas.toml, fetch.{job.entry.id}",
            )
        address, progress = str(feed.get("address", job.entry.address)), partial(_in_part, job, number, len(feeds))
        held = _feed(job, address, str(feed["id"]), progress)
        tables.append(_stops(held, str(feed["id"]), str(feed["kind"])))
    with job.written() as path:
        pd.concat(tables, ignore_index=True)[COLUMNS].to_csv(path, index=False, lineterminator="\n")


def _in_part(job: Job, number: int, count: int, share: float) -> None:
    job.progress((number + share) / count)


def _stops(path: Path, feed: str, kind: str) -> pd.DataFrame:
    """The stops of a feed with what departs there, in the order of their numbers."""
    stops = stop_departures(path)
    stops = stops.assign(feed=feed, kind=kind, marks="", record_id=feed + "/" + stops["stop_id"].astype(str))
    stops["name"] = stops["name"].str.strip()
    stops[["lon", "lat"]] = stops[["lon", "lat"]].round(6)
    stops["departures_per_hour"] = stops["departures_per_hour"].round(3)
    return stops.sort_values("stop_id", kind="stable")


def _feed(job: Job, address: str, name: str, progress: Callable[[float], None]) -> Path:
    """A ZIP that proved to be a timetable, among the pieces."""
    path = job.pieces / f"{name}.zip"
    if not fresh(path):
        found = _newest(job, address) if CATALOGUE in address else address
        job.client.download(found, path, progress=progress)
    try:
        names = {entry.filename.rsplit("/", 1)[-1] for entry in looked_at(path, MOST_UNPACKED)}
        lacking = [one for one in NEEDED if one not in names]
        if lacking:
            raise FetchError(
                f"O ZIP não é um horário GTFS: falta {', '.join(lacking)}. Verifique o endereço em atlas.toml.",
                f"The ZIP is no GTFS timetable: {', '.join(lacking)} is missing. Check its address in atlas.toml.",
                where=address,
            )
    except FetchError:
        path.unlink()
        raise
    return path


def _newest(job: Job, address: str) -> str:
    """The address of the newest ZIP of a data set."""
    answer: Any = job.client.get_json(address)
    resources = answer.get("result", {}).get("resources", []) if isinstance(answer, dict) else []
    zips = [one for one in resources if str(one.get("url", "")).lower().split("?")[0].endswith(".zip")]
    if not zips:
        raise FetchError(
            "O catálogo não lista nenhum ZIP neste conjunto de dados. Verifique `address`.",
            "The catalogue lists no ZIP in this data set. Check `address`.",
            where=address,
        )
    newest = max(zips, key=lambda one: str(one.get("last_modified") or one.get("created") or ""))
    return str(newest["url"])
