"""OGC API Features: the items of a collection, following the service's own links from page to page."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from atlas.errors import FetchError
from atlas.fetch.faults import Passing
from atlas.fetch.job import Asked, Box, Job, said
from atlas.fetch.paging import Page, all_features, ids_of
from atlas.fetch.wfs import driver_of
from atlas.sources.wfs import read_answer as read
from atlas.sources.wfs import stated_counts

PAGE = 300  # Portugal's service answers 502 to larger ones
ASK: Asked = {"margin_m": 0, "page": 1}
WRITES = (".geojson", ".gpkg", ".json")


def fetch(job: Job) -> None:
    """Write the collection's items in the region as a vector file. ``address`` is the collection's."""
    items = job.entry.address.rstrip("/")
    items = items if items.endswith("/items") else f"{items}/items"
    found = all_features(_pages(job, items), job.boxes(), items, job.progress)
    with job.written() as path:
        found.to_file(path, layer=job.entry.id, driver=driver_of(path.suffix))


def _pages(job: Job, items: str) -> Callable[[Box, str | None], Page]:
    size = int(job.option("page", PAGE))

    def page(box: Box, following: str | None) -> Page:
        first = f"{items}?{urllib.parse.urlencode({'f': 'json', 'limit': size, 'bbox': said(box)})}"
        address = following or first
        path = job.piece(
            address, lambda: job.client.get(address, accept="application/geo+json, application/json", check=whole)
        )
        content = path.read_bytes()
        answer = json.loads(content)
        features = read(content, "EPSG:4326")
        ids = tuple(f"{one['id']}" for one in answer["features"] if one.get("id") is not None)
        unique = len(set(ids)) == len(answer["features"])
        matched, _ = stated_counts(content)
        return Page(features, ids if unique else ids_of(features, None), matched, following_in(answer, address))

    return page


def following_in(answer: dict[str, Any], address: str) -> str | None:
    """Where the service says that the next page is."""
    links = [
        one for one in answer.get("links", []) if isinstance(one, dict) and one.get("rel") == "next" and one.get("href")
    ]
    if not links or not answer["features"]:
        return None
    json_ones = [one for one in links if "json" in str(one.get("type", "json"))]
    following = urllib.parse.urljoin(address, str((json_ones or links)[0]["href"]))
    if address.startswith("https:"):  # a service behind a proxy often does not know that it is asked with encryption
        following = re.sub(r"^http:", "https:", following)
    return following


def whole(content: bytes) -> None:
    """A collection of features, and all of it."""
    try:
        answer = json.loads(content)
    except ValueError:
        raise Passing("a resposta está cortada ou não é JSON", "the answer is cut short or no JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("features"), list):
        raise FetchError(
            "A resposta não é uma coleção GeoJSON. Dê em `address` o endereço da coleção.",
            "The answer is no GeoJSON collection. Give the collection's address in `address`.",
        )
