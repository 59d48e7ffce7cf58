"""Saved answers of the Overpass API (JSON, also gzipped): objects of OpenStreetMap with tags and outlines.

Both forms are read: ``out geom``, where each way carries its coordinates, and body with skeleton
(``out body; >; out skel``), where the nodes stand apart. So is ``out center``, as points.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import _osm, to_records

MAX_UNPACKED_BYTES = 1024**3
Element = dict[str, Any]


def load(source: Source, folder: Path) -> GeoDataFrame:
    """Records of a saved answer."""
    path = folder / source.file
    return to_records(read_overpass(path), source, path)


def read_overpass(path: Path) -> GeoDataFrame:
    """Tagged objects of a saved answer.

    Closed ways that are areas are polygons, other ways lines; multipolygons and boundaries are put together
    from their members, other relations are the union of the members of the highest dimension. What only
    lends coordinates to others is no record.

    Returns
    -------
    `record_id` (``node/1``, ``way/2``, ``relation/3``), `name`, `tags` (JSON text, keys sorted) and the
    geometry in EPSG:4326. ``.attrs["warnings"]`` counts, as (pt, en) sentences, what was mended or had to
    be left out: open outlines, ways and relations with members that the answer lacks, deleted objects.
    ``.attrs["date"]`` is the moment of the data, where the answer says it.

    Raises
    ------
    SourceError
        An error page, a file cut short, or an answer whose ``remark`` says that the server gave up.

    """
    answer = _answer(path)
    notes = _osm.Notes()
    elements = _once_each(answer["elements"], notes)
    shapes = _Shapes(elements, notes)
    ids, tags, geometry = [], [], []
    for key, element in elements.items():
        if element.get("tags"):
            try:
                said = {str(one): str(value) for one, value in element["tags"].items() if value is not None}
                shape = shapes.of(key, element)
            except (AttributeError, KeyError, TypeError, ValueError):
                notes.malformed.append(f"{key[0]}/{key[1]}")
                continue
            if shape is not None:
                ids.append(f"{key[0]}/{key[1]}")
                tags.append(said)
                geometry.append(shape)
    result = _osm.table(ids, tags, geometry)
    remark = str(answer.get("remark", ""))
    remarks = [(f"O servidor observou: {remark}", f"The server remarked: {remark}")] if remark else []
    result.attrs["warnings"] = remarks + notes.warnings()
    result.attrs["date"] = str((answer.get("osm3s") or {}).get("timestamp_osm_base", ""))
    return result


def _answer(path: Path) -> dict[str, Any]:
    """The parsed answer; an error that says what it is instead."""
    content = _content(path)
    start = content[:2000].decode("utf-8", "replace").lstrip("\ufeff \r\n\t")
    if start[:1] != "{":
        raise _not_an_answer(path, start)
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise SourceError(
            "A resposta está cortada ou danificada. Descarregue-a outra vez.",
            "The answer is cut short or damaged. Download it again.",
            where=path.name,
        ) from None
    remark = str(answer.get("remark", ""))
    if "error" in remark.lower():
        raise _osm.gave_up(remark, path)
    if not isinstance(answer.get("elements"), list):
        hint_pt = " É GeoJSON: use uma fonte do tipo `vector`." if "features" in answer else ""
        hint_en = " It is GeoJSON: use a source of kind `vector`." if "features" in answer else ""
        raise SourceError(
            f"Não é uma resposta do Overpass: falta a lista «elements».{hint_pt}",
            f"Not an answer of Overpass: the list “elements” is missing.{hint_en}",
            where=path.name,
        )
    return answer


def _content(path: Path) -> bytes:
    """The file's bytes, unpacked where they are gzipped (whatever the file is called)."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as unpacked:
                content = unpacked.read(MAX_UNPACKED_BYTES + 1)
    except FileNotFoundError:
        raise SourceError.absent(path) from None
    except (EOFError, zlib.error, OSError) as cause:
        raise SourceError(
            f"O ficheiro comprimido está cortado ou danificado ({cause}). Descarregue-o outra vez.",
            f"The compressed file is cut short or damaged ({cause}). Download it again.",
            where=path.name,
        ) from None
    if len(content) > MAX_UNPACKED_BYTES:
        raise SourceError(
            "Descompactado passa 1 GiB: não é lido. Peça uma área mais pequena, ou use um extrato PBF.",
            "Unpacked it exceeds 1 GiB and is not read. Ask for a smaller area, or use a PBF extract.",
            where=path.name,
        )
    return content


def _not_an_answer(path: Path, start: str) -> SourceError:
    """What stands in the file in place of JSON."""
    low = start.lower()
    if "<osm" in low:
        return SourceError(
            "É XML do OpenStreetMap. Use uma fonte do tipo `pbf`, ou peça [out:json].",
            "This is OpenStreetMap XML. Use a source of kind `pbf`, or ask for [out:json].",
            where=path.name,
        )
    if "too many requests" in low or "rate_limited" in low or "429" in low:
        return SourceError(
            "É a recusa do servidor por excesso de pedidos (429). Espere alguns minutos e descarregue outra vez.",
            "This is the server's refusal of too many requests (429). Wait some minutes and download again.",
            where=path.name,
        )
    if "timeout" in low or "504" in low or "too busy" in low:
        return SourceError(
            "É o aviso de um servidor ocupado (504). Tente mais tarde ou peça uma área mais pequena.",
            "This is the notice of a busy server (504). Try later or ask for a smaller area.",
            where=path.name,
        )
    return SourceError(
        "Não é uma resposta do Overpass em JSON, mas uma página de erro ou outro ficheiro. Descarregue-a outra vez.",
        "Not an Overpass answer in JSON, but an error page or another file. Download it again.",
        where=path.name,
    )


def _once_each(elements: list[Any], notes: _osm.Notes) -> dict[tuple[str, int], Element]:
    """Elements by type and id. Answers may list one twice, whole and as skeleton: what either knows is kept."""
    found: dict[tuple[str, int], Element] = {}
    for position, element in enumerate(elements):
        if isinstance(element, dict) and element.get("type") not in ("node", "way", "relation"):
            continue  # an area, a count
        if not isinstance(element, dict) or not isinstance(element.get("id"), int):
            notes.malformed.append(f"elements[{position}]")
            continue
        key = (element["type"], element["id"])
        if element.get("visible") is False or element.get("action") == "delete":
            notes.deleted.append(f"{key[0]}/{key[1]}")
        else:
            found[key] = found[key] | element if key in found else element
    return found


class _Shapes:
    """Geometry of elements; remembers what could not be made whole."""

    def __init__(self, elements: dict[tuple[str, int], Element], notes: _osm.Notes) -> None:
        self.elements, self.notes = elements, notes
        nodes = {key[1]: _place(element) for key, element in elements.items() if key[0] == "node"}
        self.place = {number: place for number, place in nodes.items() if place is not None}

    def of(self, key: tuple[str, int], element: Element) -> BaseGeometry | None:
        """A tagged element's geometry; None, and noted, where it cannot be made."""
        name = f"{key[0]}/{key[1]}"
        shape: BaseGeometry | None
        if key[0] == "node":
            shape = shapely.Point(self.place[key[1]]) if key[1] in self.place else None
        elif key[0] == "way":
            shape = self._way(name, element)
        elif _osm.has_outline(element["tags"]):
            if element["tags"].keys() <= {"type", "source", "created_by"}:
                return None  # the meaning is on the outer way, which is a record itself
            shape = self._area(name, element)
        else:
            members = map(self._member, element.get("members") or ())
            shape = _osm.union_of([one for one in members if one is not None])
        if shape is None and (center := _place(element.get("center"))) is not None:
            shape = shapely.Point(center)
        if shape is None and name not in self.notes.unclosed[-1:]:
            self.notes.incomplete.append(name)
        return shape

    def _way(self, name: str, element: Element) -> BaseGeometry | None:
        line = self._line(element)
        if line is None:
            return None
        closed = len(line) > 3 and (line[0] == line[-1]).all()
        if not closed or not _osm.is_area(element["tags"]):
            return shapely.LineString(line)
        outline = shapely.Polygon(line)
        if outline.is_valid:
            return outline
        self.notes.mended.append(name)
        return _osm.area_within([line])

    def _area(self, name: str, element: Element) -> BaseGeometry | None:
        members = [m for m in element.get("members") or () if m["type"] == "way"]
        lines = [line for line in map(self._member_line, members) if line is not None]
        if not members or len(lines) < len(members):
            return None
        area = _osm.area_within(lines)
        if area is None:
            self.notes.unclosed.append(name)
        return area

    def _member(self, member: Element) -> BaseGeometry | None:
        if member["type"] == "node":
            place = _place(member) or self.place.get(member["ref"])
            return None if place is None else shapely.Point(place)
        line = self._member_line(member) if member["type"] == "way" else None
        if line is None:
            return None
        whole = self.elements.get(("way", int(member["ref"])), {})
        outline = _osm.area_within([line]) if _osm.is_area(whole.get("tags") or {}) else None
        return outline or shapely.LineString(line)

    def _member_line(self, member: Element) -> NDArray[np.float64] | None:
        if "geometry" in member:
            return self._line(member)
        way = self.elements.get(("way", int(member["ref"])))
        return None if way is None else self._line(way)

    def _line(self, way: Element) -> NDArray[np.float64] | None:
        """Coordinates of a way; None where a node is missing or there are fewer than two."""
        points = map(_place, way["geometry"] or ()) if "geometry" in way else map(self.place.get, way.get("nodes", ()))
        known = list(points)
        return None if len(known) < 2 or None in known else np.array(known, float)


def _place(holder: Any) -> tuple[float, float] | None:
    """Longitude and latitude of a node, a corner or a centre; None where one is missing."""
    if not isinstance(holder, dict) or "lat" not in holder or "lon" not in holder:
        return None
    try:
        return float(holder["lon"]), float(holder["lat"])
    except (TypeError, ValueError):
        return None
