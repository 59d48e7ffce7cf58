"""OpenStreetMap from an Overpass server, tile by tile: what the layers ask for, with outlines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import geopandas as gpd
import pandas as pd
import shapely

from atlas.config import Layer
from atlas.fetch.faults import Passing, TooMuch
from atlas.fetch.job import Asked, Box, Job, said
from atlas.layers import wanted_tags
from atlas.sources.overpass import read_overpass

SERVER_SECONDS = 180
SERVER_BYTES = 1 << 29
SMALLEST_DEGREES = 0.01

Part = TypeVar("Part")
ASK: Asked = {"layers": list, "margin_m": 0, "tile_km": 0.5}
WRITES = (".parquet",)


def fetch(job: Job) -> None:
    """Write the region's objects as GeoParquet, in the form of records."""
    body = statements(layers_of(job))

    def ask(box: Box) -> gpd.GeoDataFrame:
        west, south, east, north = box
        query = (
            f"[out:json][timeout:{SERVER_SECONDS}][maxsize:{SERVER_BYTES}][bbox:{south:.6f},{west:.6f},{north:.6f},"
            f"{east:.6f}];\n(\n{body}\n);\nout geom;"
        )
        form = {"data": query}
        get = partial(job.client.get, job.entry.address, form=form, accept="application/json", check=check)
        return read_overpass(job.piece(f"{said(box)}|{query}", get))

    tile_by_tile(job, ask)


def layers_of(job: Job) -> list[Layer]:
    """The layers that are asked for: those named, else all."""
    chosen = set(job.option("layers", [layer.id for layer in job.atlas.layers]))
    return [layer for layer in job.atlas.layers if layer.id in chosen]


def tile_by_tile(job: Job, ask: Callable[[Box], gpd.GeoDataFrame]) -> None:
    """Write what ``ask`` gives for each tile of the region; one that is too much for the server goes by quarters."""
    tiles = job.tiles(float(job.option("tile_km", 25)) * 1000)
    frames: list[gpd.GeoDataFrame] = []
    for number, tile in enumerate(tiles):
        for box in tile:
            frames += by_quarters(job, box, ask)
        job.progress((number + 1) / len(tiles))
    with job.written() as path:
        records_in(job, frames).to_parquet(path, index=False)


def values_by_key(layers: Iterable[Layer]) -> dict[str, list[str]]:
    """The tags that layers want: each key with its values, an empty one for any."""
    values: dict[str, list[str]] = {}
    for tag in wanted_tags(layers):
        key, _, value = tag.partition("=")
        values.setdefault(key, []).append(value)
    return values


def statements(layers: Iterable[Layer]) -> str:
    """The body of a query for whatever may fall into a class of the layers.

    >>> from atlas.atlasfile import product_folder
    >>> from atlas.layers import load_layers
    >>> print(statements([one for one in load_layers([product_folder("layers")]) if one.id == "cinemas"]))
    nwr["amenity"="cinema"];
    """
    lines = []
    for key, wanted in values_by_key(layers).items():
        if "" in wanted:
            lines.append(f"nwr[{_quoted(key)}];")
        elif len(wanted) == 1:
            lines.append(f"nwr[{_quoted(key)}={_quoted(wanted[0])}];")
        else:
            pattern = "(^|;)(" + "|".join(_escaped(value) for value in wanted) + ")(;|$)"
            lines.append(f"nwr[{_quoted(key)}~{_quoted(pattern)}];")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in r"\.^$*+?()[]{}|" else one for one in text)


def by_quarters(job: Job, box: Box, ask: Callable[[Box], Part]) -> list[Part]:
    """What ``ask`` gives for a box, by quarters where that is too much for the server; a small one is an error."""
    try:
        return [ask(box)]
    except TooMuch as fault:
        west, south, east, north = box
        if max(east - west, north - south) < SMALLEST_DEGREES:
            fault.where = job.entry.address
            raise
    x, y = (west + east) / 2, (south + north) / 2
    quarters = ((west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north))
    return [part for quarter in quarters for part in by_quarters(job, quarter, ask)]


def check(content: bytes) -> None:
    """An answer that is whole."""
    try:
        answer = json.loads(content)
    except ValueError:
        start = content[:500].lower()
        if b"rate_limited" in start or b"too busy" in start:
            raise Passing("o servidor está ocupado", "the server is busy") from None
        raise Passing("a resposta está cortada ou não é JSON", "the answer is cut short or no JSON") from None
    remark = str(answer.get("remark", "")).lower() if isinstance(answer, dict) else ""
    if "dispatcher" in remark or "too busy" in remark:
        raise Passing("o servidor está ocupado", "the server is busy")
    if "error" in remark:
        raise TooMuch
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise Passing("a resposta não é do Overpass", "the answer is not one of Overpass")


def records_in(job: Job, frames: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Records of all pieces once each, those that touch the region and its margin, in the order of their ids."""
    columns = ["record_id", "name", "tags", "geometry"]
    if not frames:
        return gpd.GeoDataFrame({"record_id": [], "name": [], "tags": []}, geometry=[], crs=4326)
    whole = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=4326)[columns]
    whole = whole.drop_duplicates("record_id").sort_values("record_id", kind="stable", ignore_index=True)
    there = shapely.intersects(job.region, whole.to_crs(job.atlas.atlas.crs).geometry.to_numpy())
    return whole[there].reset_index(drop=True)
