"""KML by a plain parser: placemarks with name, attributes and geometry. Nothing is fetched, no entity is resolved."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely

from atlas.errors import SourceError
from atlas.uploads.model import MOST_ROWS, too_much

_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_PARTS = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")
_DEEP = 60


def refuse_entities(content: bytes, name: str, program: str = "QGIS") -> None:
    """An error where an XML file declares a document type: what it could name would be read from elsewhere."""
    plain = content.replace(b"\x00", b"")  # UTF-16 would hide it
    if _DECLARES.search(plain):
        raise SourceError(
            f"O ficheiro declara um DOCTYPE ou entidades, que não se aceitam. Guarde-o de novo a partir do {program}.",
            f"The file declares a DOCTYPE or entities, which are not accepted. Save it again from {program}.",
            where=name,
        )


def placemarks(content: bytes, name: str) -> tuple[list[dict[str, str]], list[shapely.Geometry | None]]:
    """Attributes and geometry of every placemark, in the order of the file."""
    refuse_entities(content, name)
    rows: list[dict[str, str]] = []
    shapes: list[shapely.Geometry | None] = []
    depth = 0
    try:
        # entities and document types were refused above, and nothing is fetched
        for event, element in ElementTree.iterparse(io.BytesIO(content), events=("start", "end")):  # noqa: S314  (entities are refused before)
            depth += 1 if event == "start" else -1
            if depth > _DEEP:
                raise _fault(name, len(rows), "demasiados níveis", "too many levels")
            if event == "end" and _tag(element) == "Placemark":
                rows.append(dict(_attributes(element)))
                shapes.append(_shape(element, name, len(rows)))
                element.clear()
                if len(rows) > MOST_ROWS:
                    raise too_much(name, len(rows), MOST_ROWS, "marcas", "placemarks")
    except (ElementTree.ParseError, LookupError, ValueError) as fault:
        line, column = getattr(fault, "position", (0, 0))
        at_pt, at_en = (f" na linha {line}, coluna {column}", f" at line {line}, column {column}") if line else ("", "")
        raise SourceError(
            f"O KML está cortado ou estragado{at_pt}. Guarde-o de novo no QGIS ou no Google Earth.",
            f"The KML is cut short or damaged{at_en}. Save it again in QGIS or Google Earth.",
            where=name,
        ) from fault
    return rows, shapes


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _attributes(placemark: Any) -> Iterator[tuple[str, str]]:
    for child in placemark:
        if _tag(child) in ("name", "description", "address") and child.text:
            yield _tag(child), child.text
    for element in placemark.iter():
        kind, key = _tag(element), element.get("name")
        if kind == "SimpleData" and key:
            yield key, element.text or ""
        elif kind == "Data" and key:
            yield key, next((child.text or "" for child in element if _tag(child) == "value"), "")


def _shape(parent: Any, name: str, number: int) -> shapely.Geometry | None:
    """The geometry below an element; several become one collection."""
    found = [_one(child, name, number) for child in parent if _tag(child) in _PARTS]
    whole = [one for one in found if one is not None]
    if len(whole) < 2:
        return whole[0] if whole else None
    kinds = {one.geom_type for one in whole}
    many = {"Point": shapely.multipoints, "LineString": shapely.multilinestrings, "Polygon": shapely.multipolygons}
    return many.get(kinds.pop() if len(kinds) == 1 else "", shapely.geometrycollections)(whole)


def _one(element: Any, name: str, number: int) -> shapely.Geometry | None:
    kind = _tag(element)
    if kind == "MultiGeometry":
        return _shape(element, name, number)
    try:
        if kind == "Polygon":
            rings = [
                _positions(ring)
                for border in ("outerBoundaryIs", "innerBoundaryIs")
                for boundary in element
                if _tag(boundary) == border
                for ring in boundary.iter()
                if _tag(ring) == "LinearRing"
            ]
            return shapely.polygons(rings[0], rings[1:] or None) if rings else None
        positions = _positions(element)
        if kind == "Point":
            return shapely.points(positions[0])
        return shapely.linestrings(positions)
    except (ValueError, IndexError, shapely.errors.ShapelyError) as fault:
        raise _fault(name, number, "as coordenadas não se leem", "unreadable coordinates") from fault


def _positions(element: Any) -> np.ndarray:
    text = next((child.text or "" for child in element.iter() if _tag(child) == "coordinates"), "")
    positions = [[float(part) for part in position.split(",")[:2]] for position in text.split()]
    if not positions or any(len(position) < 2 for position in positions):
        raise ValueError(text.strip()[:40])
    return np.array(positions)


def _fault(name: str, number: int, pt: str, en: str) -> SourceError:
    return SourceError(
        f"Marca {number}: {pt}. Corrija-a e carregue de novo.",
        f"Placemark {number}: {en}. Mend it and load it again.",
        where=name,
    )
