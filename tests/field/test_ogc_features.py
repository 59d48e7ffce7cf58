"""The abstract test suites of OGC API - Features, Part 1 (17-069r4) and Part 2 (18-058r1), a test for each identifier.

OGC's own runner (ets-ogcapi-features10) is Java and comes from no package index; what it asks is asked here. A test
bears the name of the abstract test that it carries out, without ``/conf/``.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyproj
import pytest
import shapely
from small_region import OSM, Region

from atlas.built import open_built
from atlas.serve import application

URL = "http://127.0.0.1:5998"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
METRIC = "http://www.opengis.net/def/crs/EPSG/0/3763"
NO_CRS = "http://www.opengis.net/def/crs/EPSG/0/99999"
CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
FORM = {"in": "query", "required": False, "style": "form", "explode": False}  # what the standard wants of a parameter
ITEMS = "/collections/museums/items"
TESTS: dict[str, Callable[[Any], None]] = {}


def conf(name: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Registers an abstract test by its identifier."""

    def kept(test: Callable[[Any], None]) -> Callable[[Any], None]:
        assert name not in TESTS
        TESTS[name] = test
        return test

    return kept


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The service over seven neighbourhoods and twelve museums."""
    rows = pd.DataFrame({
        "record_id": [f"r{n}" for n in range(12)], "name": [f"Museu {n}" for n in range(12)], "kind": "museus",
        "lon": [-8.615 + 0.001 * n for n in range(12)], "lat": 41.148,
    })  # fmt: skip
    region = Region(tmp_path_factory.mktemp("ogc") / "a").add("osm", rows, "2024-01-01", **OSM).write()
    return application(open_built(str(region.folder)), URL, "en").test_client()


def get(client: Any, path: str, status: int = 200) -> Any:
    answer = client.get(path.removeprefix(URL))
    assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:300]}"
    return json.loads(answer.text)


def links(page: Any, rel: str) -> list[Any]:
    found = [one for one in page["links"] if one["rel"] == rel]
    assert all(one["href"] and one.get("type") for one in found), "a link has an address and a media type"
    return found


def followed(client: Any, page: Any, rel: str) -> None:
    """Every link of a relation leads to something of the type that it says."""
    for one in links(page, rel):
        answer = client.get(one["href"].removeprefix(URL))
        assert answer.status_code == 200, one
        assert answer.content_type.split(";")[0] == one["type"].split(";")[0], one


def collections(client: Any) -> list[Any]:
    return list(get(client, "/collections")["collections"])


def operation(client: Any, path: str) -> Any:
    return get(client, "/openapi?f=json")["paths"][path]["get"]


def parameter(client: Any, path: str, name: str) -> Any:
    """A query parameter of an operation, its reference resolved inside the document where it points there."""
    document = get(client, "/openapi?f=json")
    for one in document["paths"][path]["get"]["parameters"]:
        found = one
        if one.get("$ref", "").startswith("#/"):
            for step in one["$ref"][2:].split("/"):
                found = found[step] if found is not one else document[step]
        if found.get("name") == name or one.get("$ref", "").endswith(f"/{name}"):
            return found
    raise AssertionError(f"{path} has no parameter {name}")


@conf("core/http")
def _(client: Any) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.content_type.startswith("application/json")
    assert client.get("/nowhere").status_code == 404
    assert client.post("/").status_code == 405


@conf("core/crs84")
def _(client: Any) -> None:
    for one in collections(client):
        feature = get(client, f"/collections/{one['id']}/items?limit=1")["features"][0]
        lon, lat = shapely.get_coordinates(shapely.geometry.shape(feature["geometry"]))[0]
        assert -8.8 < lon < -8.5, "longitude first"
        assert 41 < lat < 41.3


@conf("core/root-op")
def _(client: Any) -> None:
    assert isinstance(get(client, "/"), dict)


@conf("core/root-success")
def _(client: Any) -> None:
    page = get(client, "/")
    assert links(page, "service-desc") or links(page, "service-doc")
    assert links(page, "conformance")
    assert links(page, "data")
    for rel in ("service-desc", "service-doc", "conformance", "data"):
        followed(client, page, rel)


@conf("core/api-definition-op")
def _(client: Any) -> None:
    for rel in ("service-desc", "service-doc"):
        assert links(get(client, "/"), rel)


@conf("core/api-definition-success")
def _(client: Any) -> None:
    assert get(client, links(get(client, "/"), "service-desc")[0]["href"])["openapi"].startswith("3.0")


@conf("core/conformance-op")
def _(client: Any) -> None:
    assert get(client, links(get(client, "/"), "conformance")[0]["href"]) == get(client, "/conformance")


@conf("core/conformance-success")
def _(client: Any) -> None:
    assert {CORE + one for one in ("core", "geojson", "html", "oas30")} <= set(
        get(client, "/conformance")["conformsTo"]
    )


@conf("core/fc-md-op")
def _(client: Any) -> None:
    assert len(collections(client)) == 3


@conf("core/fc-md-success")
def _(client: Any) -> None:
    page = get(client, "/collections")
    assert {"links", "collections"} <= set(page)
    assert all({"id", "links"} <= set(one) for one in page["collections"])


@conf("core/fc-md-links")
def _(client: Any) -> None:
    page = get(client, "/collections")
    assert links(page, "self")
    assert links(page, "alternate")
    followed(client, page, "alternate")


@conf("core/fc-md-items")
def _(client: Any) -> None:
    for one in collections(client):
        assert get(client, f"/collections/{one['id']}")["id"] == one["id"]


@conf("core/fc-md-items-links")
def _(client: Any) -> None:
    for one in collections(client):
        assert {"application/geo+json", "text/html"} <= {link["type"] for link in links(one, "items")}
        followed(client, one, "items")


@conf("core/fc-md-extent")
def _(client: Any) -> None:
    for one in collections(client):
        whole = shapely.box(*one["extent"]["spatial"]["bbox"][0])
        features = get(client, f"/collections/{one['id']}/items?limit=1000")["features"]
        shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
        assert all(whole.buffer(1e-6).covers(shape) for shape in shapes)


@conf("core/fc-md-extent-multi")
def _(client: Any) -> None:
    assert all(len(one["extent"]["spatial"]["bbox"]) == 1 for one in collections(client)), "one box, hence the whole"


@conf("core/sfc-md-op")
def _(client: Any) -> None:
    assert all(get(client, f"/collections/{one['id']}") for one in collections(client))


@conf("core/sfc-md-success")
def _(client: Any) -> None:
    for one in collections(client):
        alone = get(client, f"/collections/{one['id']}")
        for key in ("id", "title", "description", "extent", "itemType"):
            assert alone.get(key) == one.get(key)
        assert links(alone, "items")


@conf("core/fc-op")
def _(client: Any) -> None:
    for one in collections(client):
        assert get(client, f"/collections/{one['id']}/items")["features"]


@conf("core/fc-bbox-definition")
def _(client: Any) -> None:
    assert parameter(client, ITEMS, "bbox").items() >= FORM.items()
    box = parameter(client, ITEMS, "bbox")["schema"]
    assert (box["type"], box["items"]["type"], box["minItems"], box["maxItems"]) == ("array", "number", 4, 6)


@conf("core/fc-bbox-response")
def _(client: Any) -> None:
    box = (-8.6125, 41.1, -8.6105, 41.2)
    for words in (",".join(map(str, box)), f"{box[0]},{box[1]},0,{box[2]},{box[3]},10"):
        found = get(client, f"{ITEMS}?bbox={words}")["features"]
        assert sorted(one["properties"]["name"] for one in found) == ["Museu 3", "Museu 4"]
    units = get(client, f"/collections/neighbourhoods/items?bbox={','.join(map(str, box))}")["features"]
    assert all(shapely.box(*box).intersects(shapely.geometry.shape(one["geometry"])) for one in units)
    for words, matched in {
        "-1.5,50,1.5,53": 0, "-80,-5,-70,5": 0, "177,65,-177,70": 0, "-180,85,180,90": 0, "-180,-90,180,-85": 0,
        "-180,-90,180,90": 12, "170,41,-8.6125,42": 3, "351.3875,41,351.3895,42": 2,
    }.items():  # fmt: skip
        assert get(client, f"{ITEMS}?bbox={words}")["numberMatched"] == matched, words
    for words in ("-9,41,-8", "nan,41,-8,42", "-inf,-90,inf,90"):
        get(client, f"{ITEMS}?bbox={words}", 400)


@conf("core/fc-limit-definition")
def _(client: Any) -> None:
    limit = parameter(client, ITEMS, "limit")
    assert limit.items() >= FORM.items()
    assert (limit["schema"]["type"], limit["schema"]["minimum"]) == ("integer", 1)
    assert limit["schema"]["maximum"] >= limit["schema"]["default"]


@conf("core/fc-limit-response")
def _(client: Any) -> None:
    assert len(get(client, f"{ITEMS}?limit=5")["features"]) == 5
    assert len(get(client, f"{ITEMS}?limit=1000000")["features"]) == 12, "more than the maximum is answered with it"
    get(client, f"{ITEMS}?limit=0", 400)


@conf("core/fc-time-definition")
def _(client: Any) -> None:
    assert all(not one["extent"].get("temporal") for one in collections(client)), "no layer has a time of its features"
    for one in collections(client):
        time = parameter(client, f"/collections/{one['id']}/items", "datetime")
        assert time.items() >= FORM.items()
        assert time["schema"]["type"] == "string"


@conf("core/fc-time-response")
def _(client: Any) -> None:
    # a feature without a time is in every answer (requirement /req/core/fc-time-response, C)
    for when in ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z/..", "../2030-01-01"):
        assert get(client, f"{ITEMS}?datetime={when}")["numberMatched"] == 12
    get(client, f"{ITEMS}?datetime=yesterday", 400)


@conf("core/fc-response")
def _(client: Any) -> None:
    assert get(client, ITEMS)["type"] == "FeatureCollection"


@conf("core/fc-links")
def _(client: Any) -> None:
    names, page = [], get(client, f"{ITEMS}?limit=5")
    while True:
        names += [one["properties"]["name"] for one in page["features"]]
        assert links(page, "self")
        assert links(page, "alternate")
        following = links(page, "next")
        if not following:
            break
        page = get(client, following[0]["href"])
    assert sorted(names) == sorted(f"Museu {n}" for n in range(12)), "every feature once, the last page without next"


@conf("core/fc-timeStamp")
def _(client: Any) -> None:
    stated = dt.datetime.fromisoformat(get(client, ITEMS)["timeStamp"])
    assert abs(dt.datetime.now(dt.UTC) - stated) < dt.timedelta(minutes=5)


@conf("core/fc-numberMatched")
def _(client: Any) -> None:
    assert get(client, f"{ITEMS}?limit=3")["numberMatched"] == 12


@conf("core/fc-numberReturned")
def _(client: Any) -> None:
    page = get(client, f"{ITEMS}?limit=3")
    assert page["numberReturned"] == len(page["features"]) == 3


@conf("core/query-param-invalid")
def _(client: Any) -> None:
    for words in (
        "limit=many", "bbox=a,b,c,d", "datetime=2020-13-45", "offset=-1", "skipGeometry=maybe", "lon=west", "odbl=so"
    ):  # fmt: skip
        assert {"code", "description"} <= set(get(client, f"{ITEMS}?{words}", 400))


@conf("core/query-param-unknown")
def _(client: Any) -> None:
    get(client, f"{ITEMS}?unknownQueryParameter=1", 400)


@conf("core/f-op")
def _(client: Any) -> None:
    for one in collections(client):
        feature = get(client, f"/collections/{one['id']}/items?limit=1")["features"][0]
        assert get(client, f"/collections/{one['id']}/items/{feature['id']}")["id"] == feature["id"]


@conf("core/f-success")
def _(client: Any) -> None:
    feature = get(client, f"{ITEMS}?limit=1")["features"][0]
    alone = get(client, f"{ITEMS}/{feature['id']}")
    assert alone["type"] == "Feature"
    assert {key: alone[key] for key in ("geometry", "properties")} == {
        key: feature[key] for key in ("geometry", "properties")
    }
    get(client, f"{ITEMS}/nobody", 404)


@conf("core/f-links")
def _(client: Any) -> None:
    feature = get(client, f"{ITEMS}?limit=1")["features"][0]
    alone = get(client, f"{ITEMS}/{feature['id']}")
    for rel in ("self", "alternate", "collection"):
        assert links(alone, rel)
        followed(client, alone, rel)


@conf("geojson/definition")
def _(client: Any) -> None:
    # the standard's own component, which offers application/geo+json
    answer = operation(client, ITEMS)["responses"]["200"]["$ref"]
    assert answer.endswith("/ogcapi/features/part1/1.0/openapi/ogcapi-features-1.yaml#/components/responses/Features")


@conf("geojson/content")
def _(client: Any) -> None:
    for path in (ITEMS, f"{ITEMS}/{get(client, ITEMS)['features'][0]['id']}"):
        answer = client.get(path)
        assert answer.content_type.split(";")[0] == "application/geo+json"
        for feature in json.loads(answer.text).get("features", [json.loads(answer.text)]):
            assert set(feature) >= {"type", "geometry", "properties"}
            assert shapely.geometry.shape(feature["geometry"]).is_valid


@conf("html/definition")
def _(client: Any) -> None:
    formats = parameter(client, ITEMS, "f")["schema"]["enum"]
    assert {"html", "json"} <= set(formats)


@conf("html/content")
def _(client: Any) -> None:
    feature = get(client, ITEMS)["features"][0]["id"]
    for path in ("/", "/conformance", "/collections", "/collections/museums", ITEMS, f"{ITEMS}/{feature}"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.content_type.startswith("text/html")
        assert answer.text.lstrip().lower().startswith("<!doctype html>")
    assert "Museu 3" in client.get(f"{ITEMS}?f=html").text


@conf("oas30/completeness")
def _(client: Any) -> None:
    paths = get(client, "/openapi?f=json")["paths"]
    for one in collections(client):
        assert {f"/collections/{one['id']}", f"/collections/{one['id']}/items"} <= set(paths)
        assert re.search(rf"/collections/{one['id']}/items/{{\w+}}", " ".join(paths))


@conf("oas30/definition-1")
def _(client: Any) -> None:
    described = links(get(client, "/"), "service-desc")
    assert [one["type"] for one in described] == ["application/vnd.oai.openapi+json;version=3.0"]


@conf("oas30/definition-2")
def _(client: Any) -> None:
    document = get(client, "/openapi?f=json")
    assert {"openapi", "info", "paths"} <= set(document)
    assert {"title", "version"} <= set(document["info"])
    for verbs in document["paths"].values():
        for verb in verbs.values():
            if isinstance(verb, dict):
                assert verb["responses"]


@conf("oas30/oas-impl")
def _(client: Any) -> None:
    for path in get(client, "/openapi?f=json")["paths"]:
        if "{" not in path:
            assert client.get(path).status_code == 200, path


@conf("oas30/exceptions-codes")
def _(client: Any) -> None:
    assert {"400", "404", "500"} <= set(operation(client, ITEMS)["responses"])


@conf("oas30/security")
def _(client: Any) -> None:
    document = get(client, "/openapi?f=json")
    assert "security" not in document, "no login is asked for, none is promised"
    assert "securitySchemes" not in document.get("components", {})


def shapes(client: Any, path: str) -> dict[str, Any]:
    """Identifier → shape of the features of a page."""
    return {one["id"]: shapely.geometry.shape(one["geometry"]) for one in get(client, path)["features"]}


def both(client: Any, id_: str) -> list[str]:
    """The paths of a collection's features and of one of them."""
    items = f"/collections/{id_}/items"
    return [items, f"{items}/{get(client, items)['features'][0]['id']}"]


@conf("crs/crs-uri")
def _(client: Any) -> None:
    for one in collections(client):
        for uri in (*one["crs"], one["storageCrs"]):
            assert re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC|EPSG)/[\d.]+/\w+", uri)


@conf("crs/default-crs")
def _(client: Any) -> None:
    for one in collections(client):
        assert one["crs"] == get(client, f"/collections/{one['id']}")["crs"] == [CRS84, METRIC]


@conf("crs/storageCrs")
def _(client: Any) -> None:
    assert all(one["storageCrs"] in one["crs"] for one in collections(client))


@conf("crs/crs-parameter")
def _(client: Any) -> None:
    for one in collections(client):
        for path in both(client, one["id"]):
            for uri in one["crs"]:
                answer = client.get(f"{path}?crs={uri}")
                assert (answer.status_code, answer.headers["Content-Crs"]) == (200, f"<{uri}>")


@conf("crs/crs-parameter-invalid")
def _(client: Any) -> None:
    for one in collections(client):
        for path in both(client, one["id"]):
            get(client, f"{path}?crs={NO_CRS}", 400)


@conf("crs/crs-parameter-default")
def _(client: Any) -> None:
    for one in collections(client):
        assert all(client.get(path).headers["Content-Crs"] == f"<{CRS84}>" for path in both(client, one["id"]))


@conf("crs/crs-parameter-transform")
def _(client: Any) -> None:
    back = pyproj.Transformer.from_crs(3763, 4326, always_xy=True)
    for one in collections(client):
        items, feature = both(client, one["id"])
        plain, metric = shapes(client, items), shapes(client, f"{items}?crs={METRIC}")
        alone = shapely.geometry.shape(get(client, f"{feature}?crs={METRIC}")["geometry"])
        assert shapely.equals(alone, metric[feature.rpartition("/")[2]])
        assert plain.keys() == metric.keys()
        for id_, shape in metric.items():
            assert abs(shapely.get_coordinates(shape)).max() > 1000, "metres"
            turned = shapely.transform(shape, back.transform, interleaved=False)
            assert shapely.equals_exact(turned, plain[id_], tolerance=1e-6)


@conf("crs/bbox-crs-parameter")
def _(client: Any) -> None:
    to = pyproj.Transformer.from_crs(4326, 3763, always_xy=True)
    box = (-8.6125, 41.1, -8.6105, 41.2)
    metric = ",".join(map(str, to.transform_bounds(*box)))
    found = shapes(client, f"{ITEMS}?bbox={metric}&bbox-crs={METRIC}")
    assert found.keys() == shapes(client, f"{ITEMS}?bbox={','.join(map(str, box))}").keys()
    assert len(found) == 2


@conf("crs/bbox-crs-parameter-invalid")
def _(client: Any) -> None:
    for one in collections(client):
        get(client, f"/collections/{one['id']}/items?bbox=5,49,6,50&bbox-crs={NO_CRS}", 400)


@conf("crs/bbox-crs-parameter-default")
def _(client: Any) -> None:
    box = "-8.6125,41.1,-8.6105,41.2"
    for one in collections(client):
        items = f"/collections/{one['id']}/items"
        assert shapes(client, f"{items}?bbox={box}&bbox-crs={CRS84}") == shapes(client, f"{items}?bbox={box}")


@pytest.mark.parametrize("name", TESTS)
def test_conf(name: str, client: Any) -> None:
    """One of the standard's abstract tests; its own assertions stand in the function that bears its name above."""
    check = TESTS[name]
    check(client)
