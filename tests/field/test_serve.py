"""`atlas serve`: the last build as OGC API Features, read-only, for GDAL and QGIS."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from small_region import OSM, Region

from atlas.built import Built, open_built
from atlas.cli import main
from atlas.errors import AtlasError, OutputError
from atlas.serve import application, serve
from atlas.serve.live import Live
from atlas.serve.settings import CRS84, settings

MARK = "atlasHostile"
HOSTILE = (
    f'<img src=x onerror="window.{MARK}=1">',
    f"</script><script>window.{MARK}=1</script>",
    "${{7*7}} {{7*7}} `x`",
    "\u202eotroP",
    "é" * 20_000,
)
URL = "http://127.0.0.1:5999"
CHROMIUM = next((one for one in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if one), None)


def museums(names: tuple[str, ...]) -> pd.DataFrame:
    lon = [-8.612 + 0.001 * n for n in range(len(names))]
    ids = [f"r{n}" for n in range(len(names))]
    return pd.DataFrame({"record_id": ids, "name": names, "kind": "museus", "lon": lon, "lat": 41.148})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    region = Region(tmp_path_factory.mktemp("served") / "a").add("osm", museums(HOSTILE), "2024-01-01", **OSM).write()
    return open_built(str(region.folder))


@pytest.fixture(scope="module")
def client(built: Built) -> Any:
    return application(built, URL, "en").test_client()


def asked(client: Any, path: str, status: int = 200) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == status, response.text
    found: dict[str, Any] = json.loads(response.text)
    return found


def test_a_system_that_no_authority_lists_is_not_offered(built: Built) -> None:
    polar = Built(built.atlas, built.store)
    polar.__dict__["units"] = built.units.to_crs("+proj=laea +lat_0=41 +lon_0=-8.6 +units=m")
    listed = [asked(application(one, URL, "en").test_client(), "/collections/museums")["crs"] for one in (built, polar)]
    assert listed == [[CRS84, "http://www.opengis.net/def/crs/EPSG/0/3763"], [CRS84]]


@pytest.fixture(scope="module")
def address(built: Built) -> Iterator[str]:
    """A real server on a free port of loopback, in a process of its own: GDAL waits for it without letting go."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "atlas.cli", "serve", "--port", str(port), "--lang", "en", str(built.atlas.folder)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        # a shell in the background ignores Ctrl-C, and what it starts inherits that
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    while "OGC API Features at" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    assert not process.stderr.read(), "nothing is said when all is well"


def test_it_conforms_to_what_it_says_and_claims_no_writing(client: Any) -> None:
    said = set(asked(client, "/conformance")["conformsTo"])
    core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert {core + "core", core + "geojson", core + "oas30"} <= said
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in said
    assert not [one for one in said if "create-replace-delete" in one]
    assert asked(client, "/conformance")["conformsTo"] == sorted(said), "the list does not grow by being asked for"
    rels = {link["rel"] for link in asked(client, "/")["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= rels
    paths = asked(client, "/openapi")["paths"]
    assert "/collections/museums/items" in paths
    assert not [path for path, verbs in paths.items() if {"post", "put", "patch", "delete"} & set(verbs)]


def test_collections_are_the_layers_that_hold_something_and_the_scored_units(client: Any, built: Built) -> None:
    listed = {one["id"]: one for one in asked(client, "/collections")["collections"]}
    assert set(listed) == {"neighbourhoods", "places", "museums"}
    assert "OpenStreetMap contributors (ODbL 1.0)" in listed["museums"]["description"]
    assert any("3763" in crs for crs in listed["museums"]["crs"])
    unit = asked(client, "/collections/neighbourhoods/items/131217")
    scores = built.store.read("scores").set_index(["index", "code"])["score"]
    assert unit["properties"]["potential"] == pytest.approx(scores["potential", "131217"], abs=0.01)
    assert shapely.geometry.shape(unit["geometry"]).contains(shapely.Point(-8.611, 41.148))


def test_a_collection_names_licences_in_each_language(built: Built) -> None:
    named = (one.model_copy(update={"licence_en": f"English {one.id}"}) for one in built.atlas.source)
    both = Built(built.atlas.model_copy(update={"source": tuple(named)}), built.store)
    said = settings(Live(both, "en"), URL, page=10, most=100)["resources"]["neighbourhoods"]["description"]
    assert "DGT (CC BY 4.0)" in said["pt"]
    assert "DGT (English caop)" in said["en"]
    assert "OpenStreetMap contributors (English osm)" in said["en"]


def test_an_identifier_may_hold_a_slash(tmp_path: Path) -> None:
    region = Region(tmp_path / "a").add("osm", museums(HOSTILE[:1]), "2024-01-01", **OSM)
    outlines = region.folder / "neighbourhoods.parquet"
    table = gpd.read_parquet(outlines)
    table.assign(code=table["code"].replace("131217", "Sé/13 a")).to_parquet(outlines, index=False)
    slashed = application(open_built(str(region.write().folder)), URL, "en").test_client()
    unit = asked(slashed, "/collections/neighbourhoods/items/S%C3%A9%2F13%20a")
    assert unit["id"] == unit["properties"]["code"] == "Sé/13 a"
    assert asked(slashed, "/collections/neighbourhoods/items/S%C3%A9%2F13", 404)["code"] == "NotFound"


def test_pages_boxes_values_words_and_order(client: Any) -> None:
    items = "/collections/museums/items"
    whole = asked(client, items)
    assert (whole["numberMatched"], whole["numberReturned"]) == (5, 5)
    page = asked(client, f"{items}?limit=2&offset=2&sortby=-lon&properties=lon&skipGeometry=true")
    assert [one["properties"]["lon"] for one in page["features"]] == [-8.61, -8.611]
    assert {one["geometry"] for one in page["features"]} == {None}
    assert {"next", "prev"} <= {link["rel"] for link in page["links"]}
    assert asked(client, f"{items}?bbox=-8.6125,41.1,-8.6105,41.2")["numberMatched"] == 2
    assert asked(client, f"{items}?bbox=170,41.1,-8.6115,41.2")["numberMatched"] == 1, "a box across ±180°"
    assert asked(client, f"{items}?parent=1312&resulttype=hits")["numberMatched"] == 5
    assert asked(client, f"{items}?odbl=true&n_records=1")["numberMatched"] == 5
    asked(client, f"{items}?n_records=one", 400)
    assert asked(client, f"{items}?q=OTROP")["numberMatched"] == 1
    metric = asked(client, f"{items}?limit=1&crs=http://www.opengis.net/def/crs/EPSG/0/3763")["features"][0]
    assert np.hypot(*np.subtract(metric["geometry"]["coordinates"], (-40_200, 164_700))) < 1000
    again = asked(client, f"{items}?limit=1")["features"][0]
    assert again["geometry"]["coordinates"] == [again["properties"]["lon"], 41.148], "metres left the layer as it was"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/collections/nowhere/items", 404),
        ("/collections/museums/items/nobody", 404),
        ("/collections/museums/items?bbox=1,2,three,4", 400),
        ("/collections/museums/items?limit=0", 400),
        ("/collections/museums/items?offset=-1", 400),
        ("/collections/museums/items?crs=http://www.opengis.net/def/crs/EPSG/0/1", 400),
        ("/collections/museums/items?filter=name='x'", 400),
        ("/collections/museums/items?sortby=nothing", 400),
        ("/collections/museums/items?f=exe", 400),
        ("/collections/museums", 200),
    ],
)
def test_a_wrong_request_is_answered_as_the_standard_says(client: Any, path: str, status: int) -> None:
    answer = asked(client, path, status)
    assert status == 200 or {"code", "description"} <= set(answer)


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
def test_there_is_nothing_to_write_with(client: Any, verb: str) -> None:
    for path in ("/collections/museums/items", "/collections/museums/items/x", "/"):
        assert getattr(client, verb)(path, data="{}").status_code == 405
    assert client.get("/static/css/default.css").status_code == 404
    assert client.get("/processes").status_code == 404


def test_gdal_reads_layers_with_codes_as_text_and_hostile_names_as_they_are(address: str) -> None:
    source = f"OAPIF:{address}"
    assert set(pyogrio.list_layers(source)[:, 0]) == {"neighbourhoods", "places", "museums"}
    read = pyogrio.read_dataframe(source, layer="museums")
    assert set(read["name"]) == set(HOSTILE)
    assert len(pyogrio.read_dataframe(source, layer="museums", bbox=(-8.6125, 41.1, -8.6105, 41.2))) == 2
    units = pyogrio.read_dataframe(source, layer="neighbourhoods")
    assert "131217" in set(units["code"])
    assert len(units) == 7


@pytest.mark.browser
def test_a_page_runs_and_loads_nothing_whatever_a_name_says(address: str) -> None:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "the browser tests need Chromium: apt-get install chromium"
    wanted: list[str] = []
    with sync_playwright() as program:
        browser = program.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("response", lambda response: wanted.append(response.url))
        for path in ("/", "/collections", "/collections/museums/items?limit=10"):
            page.goto(address + path)
            assert page.evaluate(f"window.{MARK}") is None
        assert "<img src=x" in page.inner_text("main"), "the name is there, as text"
        assert page.locator("main img").count() == 0
        browser.close()
    assert not [url for url in wanted if not url.startswith(address)]


def test_a_new_build_is_served_without_a_restart(tmp_path: Path) -> None:
    region = Region(tmp_path / "a").add("osm", museums(("Um", "Dois")), "2024-01-01", **OSM).write()
    client = application(open_built(str(region.folder)), URL).test_client()
    assert asked(client, "/collections/museums/items")["numberMatched"] == 2
    region.add("osm", museums(("Um", "Dois", "Três")), "2025-01-01", **OSM).write()
    open_built(str(region.folder))
    assert asked(client, "/collections/museums/items")["numberMatched"] == 3
    (region.folder / ".atlas" / "manifest.json").write_text("{", "utf-8")
    assert asked(client, "/collections/museums/items")["numberMatched"] == 3, "a store that cannot be read"


def test_a_port_that_is_taken_and_an_extra_that_is_missing_are_said(
    built: Built, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        folder = str(built.atlas.folder)
        assert main(["serve", "--port", str(port), "--lang", "pt", folder]) == 1
        assert "--port" in capsys.readouterr().err
    for port, host in ((70_000, "127.0.0.1"), (5000, "192.0.2.1"), (5000, "no such host.invalid")):
        with pytest.raises(OutputError):
            serve(built, port=port, host=host)
    monkeypatch.setitem(sys.modules, "flask", None)
    with pytest.raises(AtlasError, match=r"atlas-creative-places\[serve\]"):
        application(built, URL)
    assert main(["serve", "--port", "many", folder]) == 2
