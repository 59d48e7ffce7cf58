"""WFS 2.0: feature types found by GetCapabilities, features by GetFeature page by page, GeoJSON where it is offered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyproj

from atlas.errors import FetchError
from atlas.fetch.faults import Passing, Refused
from atlas.fetch.job import Asked, Box, Job, said
from atlas.fetch.paging import Page, all_features, ids_of
from atlas.sources.wfs import MARKED_UP, refuse_entities, stated_counts
from atlas.sources.wfs import read_answer as read

VERSION = "2.0.0"
PAGE = 1000
ASK: Asked = {"kinds": dict, "margin_m": 0, "page": 1, "types": list}
WRITES = (".geojson", ".gpkg", ".json")


@dataclass(frozen=True)
class Service:
    """What a service says of itself."""

    types: dict[str, str]
    """Name of each feature type → its default CRS."""
    formats: tuple[str, ...]

    @property
    def geojson(self) -> str | None:
        """The format to ask for GeoJSON with, where it is offered."""
        wanted = [one for one in self.formats if "json" in one.lower() and "topo" not in one.lower()]
        return next((one for one in wanted if "geo" in one.lower()), wanted[0] if wanted else None)


def fetch(job: Job) -> None:
    """Write the features of all wanted types as one vector file; ``feature_type`` and ``kind`` say what is what."""
    asked = {"service": "WFS", "version": VERSION, "request": "GetCapabilities"}
    service = capabilities(job.client.get(job.entry.address, asked, accept="application/xml", check=whole))
    wanted = [str(one) for one in job.option("types", ["*"])]
    types = [name for name in service.types if any(fnmatchcase(name, pattern) for pattern in wanted)]
    if not types:
        there = ", ".join(service.types) or "—"
        raise FetchError(
            f"Nenhum tipo do serviço corresponde a `types`. Há: {there}.",
            f"No type of the service fits `types`. There are: {there}.",
            where=f"fetch.{job.entry.id}",
        )
    frames = []
    for number, name in enumerate(types):
        found = all_features(
            _pages(job, service, name), job.boxes(), job.entry.address, partial(_part, job, number, types)
        )
        bare = name.split(":")[-1]
        ids = [one if one.startswith(bare) else f"{bare}/{one}" for one in found["record_id"]]
        frames.append(found.assign(record_id=ids, feature_type=bare, kind=_kind(job, name)))
    merged = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=4326)
    with job.written() as path:
        merged.to_file(path, layer=job.entry.id, driver=driver_of(path.suffix))


def _part(job: Job, number: int, types: list[str], share: float) -> None:
    job.progress((number + share) / len(types))


def _kind(job: Job, name: str) -> str | None:
    """The word that `ask.kinds` gives to a feature type: a pattern of its name → a word that a layer knows."""
    words: dict[str, str] = job.option("kinds", {})
    return next((word for pattern, word in words.items() if fnmatchcase(name.lower(), pattern.lower())), None)


def driver_of(suffix: str) -> str:
    """The driver of a vector file's suffix."""
    return "GeoJSON" if suffix in (".geojson", ".json") else "GPKG"


def capabilities(content: bytes) -> Service:
    """Feature types and output formats, whatever the prefix of the namespace."""
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  (entities are refused before)
    except ElementTree.ParseError:
        raise FetchError(
            "A descrição do serviço (GetCapabilities) não é XML válido. Verifique `address`.",
            "The service's description (GetCapabilities) is no valid XML. Check `address`.",
        ) from None
    types: dict[str, str] = {}
    for one in root.iterfind(".//{*}FeatureType"):
        name, crs = one.findtext("{*}Name"), one.findtext("{*}DefaultCRS") or one.findtext("{*}DefaultSRS") or ""
        if name:
            types[name] = crs
    values = root.iterfind(".//{*}Operation[@name='GetFeature']/{*}Parameter[@name='outputFormat']//{*}Value")
    return Service(types, tuple(value.text or "" for value in values))


def _pages(job: Job, service: Service, name: str) -> Callable[[Box, str | None], Page]:
    """A function that asks for one page of a type."""
    epsg = _epsg(service.types[name])
    size = int(job.option("page", PAGE))

    def page(box: Box, following: str | None) -> Page:
        start = int(following or 0)
        params = {
            "service": "WFS",
            "version": VERSION,
            "request": "GetFeature",
            "typeNames": name,
            "srsName": f"urn:ogc:def:crs:EPSG::{epsg}",
            "bbox": _bbox(box, epsg),
            "count": size,
            "startIndex": start,
        }
        if service.geojson:
            params["outputFormat"] = service.geojson
        path = job.piece(
            f"{name}|{said(box)}|{start}|{size}", lambda: job.client.get(job.entry.address, params, check=whole)
        )
        content = path.read_bytes()
        features = read(content, f"EPSG:{epsg}")
        matched, returned = stated_counts(content)
        returned = len(features) if returned is None else returned
        last = matched is not None and start + returned >= matched
        ids = ids_of(features, next((one for one in ("gml_id", "id", "fid") if one in features), None))
        following = None if last or not returned else str(start + returned)
        return Page(features, ids, matched, following, guessed=matched is None and returned < size)

    return page


def whole(content: bytes) -> None:
    """An answer of features and not a report of a fault."""
    refuse_entities(content)
    start = content[:4000]
    if b"ExceptionReport" in start or b"ServiceException" in start:
        text = " ".join(re.sub(rb"<[^>]+>", b" ", start).decode("utf-8", "replace").split())[:200]
        raise Refused(
            f"O serviço recusou o pedido: {text}. Verifique `types` em `ask`.",
            f"The service refused the request: {text}. Check `types` in `ask`.",
        )
    root = re.search(rb"<([A-Za-z_][\w:.-]*)", content[:MARKED_UP]) if start.lstrip()[:1] == b"<" else None
    if root and not re.search(rb"(</%s\s*>|^[^<]*(<\?[^>]*>\s*)?<[^>]*/>)\s*$" % re.escape(root[1]), content):
        raise Passing("a resposta chegou cortada", "the answer came cut short")


def _epsg(crs: str) -> int:
    found = re.search(r"(\d{4,6})\D*$", crs)
    return int(found[1]) if found and "EPSG" in crs.upper() else 4326


def _bbox(box: Box, epsg: int) -> str:
    """A box in the CRS of the type, its axes in the order that the CRS itself has, as WFS 2.0 wants them."""
    crs = pyproj.CRS.from_epsg(epsg)
    bounds = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(*box, densify_pts=21)
    if crs.axis_info[0].direction.lower() in ("north", "south"):
        bounds = (bounds[1], bounds[0], bounds[3], bounds[2])
    return ",".join(f"{value:.6f}" for value in bounds) + f",urn:ogc:def:crs:EPSG::{epsg}"
