"""OpenStreetMap through OSMnx: one class of things, or a small region, without a word of Overpass's language.

OSMnx waits for a free slot as the server's status page says, asks, and puts relations together. What it does not do is
done here: only an allowed host is asked and no redirect followed; ``Retry-After``, pages of errors, answers that are
cut short or too large, and the ``remark`` of a timeout are met as in all other kinds; what has come is kept for the
next try. A value is asked for as it stands: of ``office=it;architect`` OSMnx finds nothing, `overpass` finds both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import geopandas as gpd

from atlas.config import Layer
from atlas.fetch.client import agent
from atlas.fetch.faults import MOST_PATIENCE_S, Passing, refusal, refuse_pages
from atlas.fetch.job import Asked, Box, Job, fresh
from atlas.fetch.overpass import SERVER_SECONDS, check, layers_of, tile_by_tile, values_by_key
from atlas.sources._osm import table

Tags = dict[str, bool | str | list[str]]
ENDPOINT = "/interpreter"
OK = 200
_SLOT = re.compile(r"Slot available after: .*?, in (\d{1,9}) seconds")
ASK: Asked = {"layers": list, "margin_m": 0, "rate_limit": bool, "tile_km": 0.5}
WRITES = (".parquet",)


def fetch(job: Job) -> None:
    """Write the region's objects as GeoParquet, in the form of records."""
    tags = asked_tags(layers_of(job))
    job.client.allowed(job.entry.address)

    def ask(box: Box) -> gpd.GeoDataFrame:
        return _records(job.client.again(job.entry.address, lambda: _features(box, tags)))

    with _set_up(job):
        tile_by_tile(job, ask)


def asked_tags(layers: Iterable[Layer]) -> Tags:
    """The tags that OSMnx is asked for, each key with its values, or with any.

    >>> from atlas.atlasfile import product_folder
    >>> from atlas.layers import load_layers
    >>> asked_tags([one for one in load_layers([product_folder("layers")]) if one.id == "cinemas"])
    {'amenity': ['cinema']}
    """
    return {key: True if "" in wanted else wanted for key, wanted in values_by_key(layers).items()}


@contextmanager
def _set_up(job: Job) -> Iterator[None]:
    """OSMnx with this job's address, limits and folder of answers; its settings are put back after."""
    import osmnx  # takes a second to import, and only this kind of fetch needs it

    cache = job.pieces / "osmnx"
    for old in cache.glob("*.json"):
        if not fresh(old):
            old.unlink()
    wanted: dict[str, Any] = {
        "overpass_url": job.entry.address.removesuffix(ENDPOINT),
        "overpass_rate_limit": bool(job.option("rate_limit", True)),
        "overpass_memory": int(min(job.client.most_bytes, 1 << 29)),
        "requests_timeout": max(job.client.timeout_s, SERVER_SECONDS),
        "requests_kwargs": {"allow_redirects": False, "hooks": {"response": _looked_at(job)}},
        "use_cache": True,
        "cache_folder": cache,
        "doh_url_template": None,  # no host but the server's is asked, not even for its name
        "http_user_agent": agent(),
        "log_console": False,
        "log_file": False,
    }
    before = {name: getattr(osmnx.settings, name) for name in wanted}
    try:
        for name, value in wanted.items():
            setattr(osmnx.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(osmnx.settings, name, value)


def _features(box: Box, tags: Tags) -> gpd.GeoDataFrame | None:
    import osmnx  # as above
    import requests
    from osmnx._errors import InsufficientResponseError

    try:
        return osmnx.features_from_bbox(box, tags)
    except InsufficientResponseError:
        return None  # nothing of the kind stands there
    except requests.RequestException as fault:
        raise Passing(f"a ligação caiu ({fault})", f"the connection broke ({fault})") from None


def _looked_at(job: Job) -> Callable[..., None]:
    """What looks at each answer before OSMnx does: only whole ones pass, and pauses are those that are asked for."""

    def look(answer: Any, *_: Any, **__: Any) -> None:
        if answer.request.method != "POST":  # the page of free slots, which OSMnx obeys however long it says
            seconds = float(slot[1]) if (slot := _SLOT.search(answer.text)) else 0.0
            if seconds > MOST_PATIENCE_S:
                raise Passing("o servidor está ocupado", "the server is busy", seconds)
            return
        size = int(answer.headers.get("Content-Length") or 0)
        if size > job.client.most_bytes or len(answer.content) > job.client.most_bytes:
            raise job.client.too_long(max(size, len(answer.content)))
        if answer.status_code != OK:
            raise refusal(job.entry.address, answer.status_code, answer.content[:400], answer.headers)
        refuse_pages(answer.content)
        check(answer.content)

    return look


def _records(found: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """OSMnx's table (a row an object, a column a key) in the form of records."""
    if found is None or found.empty:
        return table([], [], [])
    keys = found.drop(columns="geometry")
    held = [{key: value for key, value in row.items() if isinstance(value, str)} for row in keys.to_dict("records")]
    ids = [f"{element}/{number}" for element, number in found.index]
    return table(ids, held, found.geometry.to_numpy())
