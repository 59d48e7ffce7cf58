"""A server on loopback that answers as a test tells it to, and clients that do not really wait."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from atlas.atlasfile import load_atlas
from atlas.config import Atlas, Fetch
from atlas.fetch.client import Client
from atlas.fetch.job import Job


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: Mapping[str, str]


@dataclass
class Answer:
    """One answer; ``claims`` is a Content-Length that may not be true."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    claims: int | None = None


Reply = Callable[[Asked], Answer]


@dataclass
class Service:
    """A server that answers with what ``reply`` makes of a request."""

    address: str
    asked: list[Asked] = field(default_factory=list)
    reply: Reply = lambda _: Answer()

    def answers(self, *answers: Answer) -> None:
        """Give these in their order, the last one ever after."""
        waiting = list(answers)
        self.reply = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked = Asked(
                self.command,
                parts.path,
                dict(urllib.parse.parse_qsl(parts.query)),
                dict(urllib.parse.parse_qsl(body)),
                dict(self.headers.items()),
            )
            service.asked.append(asked)
            answer = service.reply(asked)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) if answer.claims is None else answer.claims))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _answer  # noqa: N815  (the names that the library calls)

        def log_message(self, *_: Any) -> None:
            return

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that has gone is part of the tests."""


@pytest.fixture
def service() -> Iterator[Service]:
    held = Service("")
    server = _Server(("127.0.0.1", 0), _handler(held))
    held.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield held
    server.shutdown()
    server.server_close()


@pytest.fixture
def client() -> Client:
    """One that may ask loopback and counts its pauses instead of taking them."""
    return Client(frozenset({"127.0.0.1"}), most_bytes=1e6, timeout_s=5, pause=lambda _: None)


CONFIG = """
[atlas]
id = "town"
name = { pt = "Vila", en = "Town" }
crs = "EPSG:3763"
data_version = "1"
draws = 0

[neighbourhoods]
file = "units.gpkg"
parents = ""
source = "units"
unit = { pt = "bairro", en = "quarter" }
units = { pt = "bairros", en = "quarters" }
parent_unit = { pt = "vila", en = "town" }

[[source]]
id = "units"
kind = "areas"
file = "units.gpkg"
title = "t"
publisher = "p"
licence = "l"
date = "2026"

[[source]]
id = "museums"
kind = "table"
file = "museums.csv"
title = "t"
publisher = "p"
licence = "l"
date = "2020"

[[indicator]]
code = "museums_near"
name = { pt = "Museus", en = "Museums" }
unit = { pt = "museus", en = "museums" }
measure = "count"
layers = ["museums"]
sources = ["museums"]
goalposts = [0, 5]
about = { pt = "Museus.", en = "Museums." }

[[index]]
id = "potential"
name = { pt = "Potencial", en = "Potential" }
about = { pt = "Potencial.", en = "Potential." }
judged = "2026-11-24"

[[index.pillar]]
id = "p1_culture"
name = { pt = "Oferta", en = "Offer" }
weight = 1
indicators = { museums_near = 1 }
reason = { pt = "Só um.", en = "One only." }
"""
HEAD = {"title": "t", "publisher": "p", "licence": "l"}
WEST_M, SOUTH_M = -40_000, 160_000


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """An atlas of four squares of a kilometre near Porto, with one museum."""
    folder = tmp_path / "town"
    folder.mkdir()
    shapes = [
        shapely.box(WEST_M + x * 1000, SOUTH_M + y * 1000, WEST_M + (x + 1) * 1000, SOUTH_M + (y + 1) * 1000)
        for x in (0, 1)
        for y in (0, 1)
    ]
    held = {
        "code": ["130101", "130102", "130201", "130202"],
        "name": list("ABCD"),
        "parent": ["1301"] * 2 + ["1302"] * 2,
    }
    held |= {"parent_name": ["P"] * 2 + ["Q"] * 2}
    gpd.GeoDataFrame(held, geometry=shapes, crs=3763).to_file(folder / "units.gpkg")
    lon, lat = spot(500, 500)
    (folder / "museums.csv").write_text(f"name,kind,lon,lat\nMuseu A,museum,{lon},{lat}\n", "utf-8")
    (folder / "atlas.toml").write_text(CONFIG, "utf-8")
    return folder


def spot(x_m: float, y_m: float) -> tuple[float, float]:
    """Degrees of a point so many metres from the town's corner."""
    point = gpd.GeoSeries([shapely.Point(WEST_M + x_m, SOUTH_M + y_m)], crs=3763).to_crs(4326).iloc[0]
    return round(point.x, 6), round(point.y, 6)


def whole(folder: Path) -> Atlas:
    return load_atlas(folder, calibrated=False, whole=True)


def a_job(folder: Path, client: Client, address: str, kind: str, writes: str, **ask: Any) -> Job:
    entry = Fetch.model_validate({"id": "it", "kind": kind, "address": address, "writes": writes, "ask": ask, **HEAD})
    work = folder / "work"
    return Job(entry, whole(folder), client, work / writes, work / "pieces", lambda _: None)


SPOTS = [spot(x, y) for x in (250, 750, 1250, 1750) for y in (250, 750, 1250, 1750)]


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def box_of(text: str) -> tuple[float, float, float, float]:
    west, south, east, north = (float(one) for one in text.split(",")[:4])
    return west, south, east, north


def inside(box: tuple[float, float, float, float]) -> list[int]:
    west, south, east, north = box
    return [n for n, (lon, lat) in enumerate(SPOTS) if west <= lon <= east and south <= lat <= north]
