"""OpenStreetMap over the network: Overpass by our own client, OSMnx, and extracts."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pytest
import shapely
from fetch_service import SPOTS, Answer, Asked, Service, a_job, as_json, inside

from atlas.errors import FetchError
from atlas.fetch import extract, osmnx, overpass
from atlas.fetch.client import Client

# ── Overpass ────────────────────────────────────────────────────────────────────────────────────────────────────────


def elements(asked: Asked) -> list[dict[str, Any]]:
    found = re.search(r"\[bbox:([-\d.]+),([-\d.]+),([-\d.]+),([-\d.]+)\]", asked.form["data"])
    assert found
    south, west, north, east = (float(one) for one in found.groups())
    tags = {"tourism": "museum", "name": "Museu"}
    held = inside((west, south, east, north))
    return [{"type": "node", "id": n, "lon": SPOTS[n][0], "lat": SPOTS[n][1], "tags": tags} for n in held]


def test_overpass_is_asked_tile_by_tile_for_what_the_layers_want(service: Service, client: Client, town: Path) -> None:
    far = {"type": "node", "id": 99, "lon": 0.0, "lat": 0.0, "tags": {"tourism": "museum"}}
    service.reply = lambda asked: Answer(as_json({"elements": [*elements(asked), far]}))
    job = a_job(town, client, f"{service.address}/api/interpreter", "overpass", "osm.parquet", tile_km=1, margin_m=100)
    overpass.fetch(job)
    records = gpd.read_parquet(job.target)
    assert sorted(records["record_id"]) == sorted(f"node/{n}" for n in range(16))
    assert len(service.asked) == 16  # four by four tiles of a kilometre touch two by two kilometres and a margin
    query = service.asked[0].form["data"]
    assert 'nwr["tourism"~' in query
    assert "out geom;" in query
    assert "(^|;)(" in query


def test_a_tile_that_is_too_much_for_the_server_is_asked_by_quarters(
    service: Service, client: Client, town: Path
) -> None:
    remark = {"elements": [], "remark": 'runtime error: Query timed out in "query" at line 4 after 180 seconds.'}
    service.reply = lambda asked: Answer(as_json(remark if len(elements(asked)) > 4 else {"elements": elements(asked)}))
    job = a_job(town, client, service.address, "overpass", "osm.parquet", tile_km=50, margin_m=0)
    overpass.fetch(job)
    assert len(gpd.read_parquet(job.target)) == 16
    service.answers(Answer(as_json(remark)))
    never = a_job(town, client, f"{service.address}/never", "overpass", "osm.parquet", tile_km=50, margin_m=0)
    with pytest.raises(FetchError, match="até de uma área pequena"):
        overpass.fetch(never)


def test_a_fetch_that_broke_off_asks_only_for_what_is_missing(service: Service, client: Client, town: Path) -> None:
    broken = True

    def reply(asked: Asked) -> Answer:
        if broken and len(service.asked) > 10:
            return Answer(b"", 504)
        return Answer(as_json({"elements": elements(asked)}))

    service.reply = reply
    job = a_job(town, client, service.address, "overpass", "osm.parquet", tile_km=1, margin_m=100)
    with pytest.raises(FetchError):
        overpass.fetch(job)
    assert not job.target.exists()
    broken, before = False, len(service.asked)
    overpass.fetch(a_job(town, client, service.address, "overpass", "osm.parquet", tile_km=1, margin_m=100))
    assert len(service.asked) - before == 16 - 10
    assert len(gpd.read_parquet(job.target)) == 16


# ── OSMnx ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def through_osmnx(asked: Asked) -> Answer:
    """A building of four corners round each museum, as OSMnx asks: inside a polygon, ways with their nodes."""
    if asked.path.endswith("/status"):
        return Answer(b"Connected as: 1\nCurrent time: 2026-11-24T12:00:00Z\nAnnounced endpoint: none\nRate limit: 2\n"
                      b"2 slots available now.\n")  # fmt: skip
    assert asked.path == "/api/interpreter"
    found = re.search(r"\(poly:'([-\d. ]+)'\)", asked.form["data"])
    assert found
    numbers = [float(one) for one in found[1].split()]
    held = inside((min(numbers[1::2]), min(numbers[::2]), max(numbers[1::2]), max(numbers[::2])))
    out: list[dict[str, Any]] = []
    for n in held:
        lon, lat = SPOTS[n]
        corners = [(0, 0), (1e-4, 0), (1e-4, 1e-4), (0, 1e-4)]
        out += [
            {"type": "node", "id": 10 * n + at, "lon": lon + x, "lat": lat + y} for at, (x, y) in enumerate(corners)
        ]
        tags = {"tourism": "museum", "name": "Museu", "building": "yes"}
        ring = [10 * n, 10 * n + 1, 10 * n + 2, 10 * n + 3, 10 * n]
        out.append({"type": "way", "id": n, "nodes": ring, "tags": tags})
    return Answer(as_json({"elements": out}))


def test_osmnx_brings_outlines_as_records_and_its_settings_are_put_back(
    service: Service, client: Client, town: Path
) -> None:
    import osmnx as library

    before = library.settings.overpass_url
    service.reply = through_osmnx
    ask = {"tile_km": 1, "margin_m": 100, "layers": ["museums"]}
    job = a_job(town, client, f"{service.address}/api/interpreter", "osmnx", "osm.parquet", **ask)
    osmnx.fetch(job)
    records = gpd.read_parquet(job.target)
    assert sorted(records["record_id"]) == sorted(f"way/{n}" for n in range(16))
    assert set(records.geometry.geom_type) == {"Polygon"}
    assert json.loads(records["tags"].iloc[0]) == {"building": "yes", "name": "Museu", "tourism": "museum"}
    assert library.settings.overpass_url == before
    # a second try asks for nothing that has come
    posted = sum(asked.method == "POST" for asked in service.asked)
    osmnx.fetch(a_job(town, client, f"{service.address}/api/interpreter", "osmnx", "osm.parquet", **ask))
    assert sum(asked.method == "POST" for asked in service.asked) == posted


def test_osmnx_waits_as_it_is_told_and_takes_no_answer_that_is_not_whole(
    service: Service, client: Client, town: Path
) -> None:
    remark = {"elements": [], "remark": 'runtime error: Query timed out in "query" at line 4 after 180 seconds.'}
    faults = [
        Answer(b"", 429, {"Retry-After": "7"}),
        Answer(b"", 504),
        Answer(b"<html><body>Error</body></html>"),
        Answer(b'{"elements": ['),
        Answer(as_json(remark)),
    ]

    def reply(asked: Asked) -> Answer:
        return faults.pop(0) if faults and asked.method == "POST" else through_osmnx(asked)

    service.reply = reply
    job = a_job(
        town, client, service.address + "/api", "osmnx", "o.parquet", tile_km=50, margin_m=0, layers=["museums"]
    )
    osmnx.fetch(job)
    assert client.waited[0] == 7
    assert len(gpd.read_parquet(job.target)) == 16
    assert len(faults) == 0


def test_osmnx_does_not_wait_for_ever_for_a_free_slot(service: Service, client: Client, town: Path) -> None:
    busy = b"Connected as: 1\nCurrent time: x\nAnnounced endpoint: none\nRate limit: 2\n"
    busy += b"Slot available after: 2099-01-01T00:00:00Z, in 86400 seconds.\n"
    service.answers(Answer(busy))
    with pytest.raises(FetchError, match=r"pausa de .*minutos"):
        osmnx.fetch(a_job(town, client, f"{service.address}/api", "osmnx", "o.parquet", layers=["museums"]))
    assert [asked.method for asked in service.asked] == ["GET"]


def test_osmnx_asks_no_host_that_is_not_allowed_and_follows_no_redirect(
    service: Service, client: Client, town: Path
) -> None:
    with pytest.raises(FetchError, match="não está entre os servidores permitidos"):
        osmnx.fetch(a_job(town, client, "https://overpass.example.org/api", "osmnx", "o.parquet"))
    service.reply = lambda asked: (
        Answer(b"", 302, {"Location": "https://overpass.example.org/"})
        if asked.method == "POST"
        else through_osmnx(asked)
    )
    with pytest.raises(FetchError, match="302"):
        osmnx.fetch(a_job(town, client, f"{service.address}/api", "osmnx", "o.parquet", layers=["museums"]))


def test_tiles_of_a_region_across_180_are_two_boxes(town: Path, client: Client) -> None:
    config = (town / "atlas.toml").read_text("utf-8").replace("EPSG:3763", "EPSG:32701")
    (town / "atlas.toml").write_text(config, "utf-8")
    shape = gpd.GeoSeries([shapely.box(179.9, -17.1, 180.1, -17.0)], crs=4326).to_crs(32701)
    gpd.GeoDataFrame({"code": ["a"], "name": ["A"]}, geometry=shape, crs=32701).to_file(town / "units.gpkg")
    tiles = a_job(town, client, "http://127.0.0.1/", "overpass", "o.parquet", margin_m=0).tiles(100_000)
    boxes = [box for tile in tiles for box in tile]
    assert {len(tile) for tile in tiles} >= {2}
    assert all(-180 <= west < east <= 180 and east - west < 2 for west, _, east, _ in boxes)


# ── Extracts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("right", [True, False])
def test_an_extract_is_checked_against_its_sum_and_cut_to_the_region(
    service: Service, client: Client, town: Path, right: bool
) -> None:
    path = town / "whole.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for n, place in enumerate([*SPOTS, (0.0, 0.0)]):
            writer.add_node(osmium.osm.mutable.Node(id=n + 1, location=place, tags={"tourism": "museum"}))
        writer.add_node(osmium.osm.mutable.Node(id=50, location=SPOTS[0], tags={"power": "tower"}))
    sum_ = hashlib.md5(path.read_bytes()).hexdigest() if right else "0" * 32
    service.reply = lambda asked: Answer(
        f"{sum_}  whole.osm.pbf\n".encode() if asked.path.endswith(".md5") else path.read_bytes()
    )
    job = a_job(town, client, f"{service.address}/w.osm.pbf", "extract", "osm.parquet", md5=True, margin_m=0)
    if right:
        extract.fetch(job)
        assert len(gpd.read_parquet(job.target)) == 16
        return
    with pytest.raises(FetchError, match="MD5"):
        extract.fetch(job)
    assert not job.target.exists()
