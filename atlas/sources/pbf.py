"""OpenStreetMap extracts (`.osm.pbf`, `.osm`, `.osm.gz`), read as a stream.

Only what carries a wanted tag reaches memory. The one thing that must be looked up, the place of each node, is kept
in memory for a small file and on disk for a large one, so that memory does not grow with the extract.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import osmium
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from atlas.atlasfile import product_folder
from atlas.config import Source
from atlas.errors import SourceError
from atlas.layers import load_layers, wanted_tags
from atlas.sources import _osm, to_records

SMALL_FILE_BYTES = 32 * 1024**2
"""Up to here the places of nodes stay in memory; beyond, they go to a temporary file."""

WORDS = {"n": "node", "w": "way", "r": "relation"}
COMMON_KEYS = frozenset({"barrier", "building", "highway", "landuse", "natural", "power", "railway", "waterway"})
"""Keys of so many objects that asking for some of their values early saves more than another look at the file costs."""


def load(source: Source, folder: Path) -> GeoDataFrame:
    """Records of an extract: what the layers that the source may fill ask for, the atlas's own layers included."""
    path, own = folder / source.file, folder / "layers"
    layers = load_layers([product_folder("layers"), *([own] if own.is_dir() else [])])
    asked = [layer for layer in layers if not source.layers or layer.id in source.layers]
    return to_records(read_osm(path, tags_filter=wanted_tags(asked)), source, path)


def read_osm(path: Path, *, tags_filter: Sequence[str] | None = None) -> GeoDataFrame:
    """Objects of an extract that carry a wanted tag.

    The outlines are made as by :func:`atlas.sources.overpass.read_overpass`. What a clipped extract lacks a part of
    is left out and counted.

    Parameters
    ----------
    path
        The format is seen from the content, not from the name.
    tags_filter
        Wanted tags, any of ``key`` and ``key=value``; everything that has a tag where None is given.

    Returns
    -------
    `record_id` (``node/1``, ``way/2``, ``relation/3``), `name`, `tags` (JSON text, keys sorted) and the geometry in
    EPSG:4326; warnings in ``.attrs["warnings"]``, the moment of the data in ``.attrs["date"]`` where the file says it.

    Raises
    ------
    SourceError
        A file cut short, an error page, or something else than OpenStreetMap data.

    """
    file = osmium.io.File(str(path), format_of(path))
    large = path.stat().st_size > SMALL_FILE_BYTES
    with TemporaryDirectory(prefix="atlas-osm-", ignore_cleanup_errors=True) if large else nullcontext("") as scratch:
        places = osmium.index.create_map(f"sparse_file_array,{Path(scratch) / 'nodes'}" if large else "flex_mem")
        try:
            return _Extract(file, _Wanted(tags_filter), places, large=large).table()
        except (RuntimeError, ValueError, osmium.InvalidLocationError) as fault:
            raise refused(path, fault) from None


def refused(path: Path, fault: Exception) -> SourceError:
    """The error of an extract that breaks off while it is read."""
    return SourceError(
        f"O ficheiro está cortado ou danificado ({fault}). Descarregue-o outra vez.",
        f"The file is cut short or damaged ({fault}). Download it again.",
        where=path.name,
    )


def format_of(path: Path) -> str:
    """The format of the content; an error where it is no OpenStreetMap data."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        packed = start[:2] == b"\x1f\x8b"
        if packed:
            start = zlib.decompressobj(wbits=31).decompress(start, 4096)
    except FileNotFoundError:
        raise SourceError("O ficheiro não existe.", "The file does not exist.", where=str(path)) from None
    except (zlib.error, OSError):
        start, packed = b"", False
    if b"OSMHeader" in start[:32] and not packed:
        return "pbf"
    if b"<osm" in start:
        return "osm.gz" if packed else "osm"
    if start.lstrip()[:1] == b"{":
        raise SourceError(
            "É JSON. Use uma fonte do tipo `overpass` (resposta do Overpass) ou `vector` (GeoJSON).",
            "This is JSON. Use a source of kind `overpass` (an answer of Overpass) or `vector` (GeoJSON).",
            where=path.name,
        )
    raise SourceError(
        "Não são dados do OpenStreetMap (.osm.pbf, .osm ou .osm.gz), mas uma página de erro ou outro ficheiro. "
        "Descarregue o extrato outra vez.",
        "No OpenStreetMap data (.osm.pbf, .osm or .osm.gz), but an error page or another file. "
        "Download the extract again.",
        where=path.name,
    )


class _Wanted:
    """Which objects are wanted: first by key (of common keys by value) inside osmium, then by their tags."""

    def __init__(self, tags_filter: Sequence[str] | None) -> None:
        self.everything = tags_filter is None
        self.asked: dict[str, set[str]] = {}
        for text in tags_filter or ():
            key, _, value = text.partition("=")
            self.asked.setdefault(key, set()).add(value)

    def filters(self) -> list[Any]:
        """Filters inside osmium, one a look at the file, that let any wanted object pass and few others."""
        if self.everything:
            return [osmium.filter.EmptyTagFilter()]
        common = sorted(key for key in COMMON_KEYS & self.asked.keys() if "" not in self.asked[key])
        rare = sorted(self.asked.keys() - set(common))
        pairs = [(key, value) for key in common for value in sorted(self.asked[key])]
        by_key = [osmium.filter.KeyFilter(*rare)] if rare else []
        by_value = [osmium.filter.TagFilter(*pairs)] if pairs else []
        return [*by_key, *by_value] or [osmium.filter.KeyFilter("")]

    def __call__(self, tags: Mapping[str, str]) -> bool:
        if self.everything:
            return True
        for key, value in tags.items():
            asked = self.asked.get(key)
            if asked and ("" in asked or value in asked or (";" in value and not asked.isdisjoint(value.split(";")))):
                return True
        return False


@dataclass
class _Ways:
    """Ids, tags and the numbers of the nodes of ways."""

    ids: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    nodes: list[list[int]] = field(default_factory=list)

    def add(self, id_: str, tags: dict[str, str], way: Any) -> None:
        """One more."""
        self.ids.append(id_)
        self.tags.append(tags)
        self.nodes.append([node.ref for node in way.nodes])


@dataclass
class _Relation:
    """A relation's id, tags and members: type (``n``, ``w``, ``r``) and number."""

    id: str
    tags: dict[str, str]
    members: list[tuple[str, int]]

    def of(self, type_: str) -> list[int]:
        """Numbers of the members of a type."""
        return [number for member, number in self.members if member == type_]


class _Extract:
    """One look at the file, another for common keys, and one at the ways that relations are made of."""

    def __init__(self, file: Any, wanted: _Wanted, places: Any, *, large: bool) -> None:
        self.file, self.wanted, self.places, self.large = file, wanted, places, large
        self.threads = osmium.io.ThreadPool()
        self.notes = _osm.Notes()
        self.points: dict[str, tuple[dict[str, str], tuple[float, float]]] = {}
        self.ways = _Ways()
        self.relations: list[_Relation] = []

    def table(self) -> GeoDataFrame:
        """The records: nodes, ways, relations."""
        first, *further = self.wanted.filters()
        self._keep(self._stream(osmium.osm.ALL, first).with_locations(self.places))
        for one in further:
            self._keep(self._stream(osmium.osm.ALL, one))
        ids = [*self.points, *self.ways.ids, *(one.id for one in self.relations)]
        tags = [*(tags for tags, _ in self.points.values()), *self.ways.tags, *(one.tags for one in self.relations)]
        points = shapely.points(np.array([place for _, place in self.points.values()]).reshape(-1, 2))
        shapes = [*points, *self._outlines(self.ways), *self._assembled()]
        kept = [row for row, shape in enumerate(shapes) if shape is not None]
        told = set(self.notes.unclosed)
        self.notes.incomplete += [ids[row] for row, one in enumerate(shapes) if one is None and ids[row] not in told]
        result = _osm.table([ids[row] for row in kept], [tags[row] for row in kept], [shapes[row] for row in kept])
        header = self._stream(osmium.osm.NOTHING).header
        result.attrs["warnings"] = self.notes.warnings()
        result.attrs["date"] = header.get("osmosis_replication_timestamp", header.get("timestamp", ""))
        return result

    def _stream(self, entities: Any, *filters: Any) -> Any:
        stream = osmium.FileProcessor(self.file, entities, thread_pool=self.threads)
        for one in filters:
            stream = stream.with_filter(one)
        return stream

    def _keep(self, objects: Iterable[Any]) -> None:
        """Take what is wanted from a stream; what an earlier one gave already is passed over."""
        known = {*self.points, *self.ways.ids, *(one.id for one in self.relations), *self.notes.deleted}
        for one in objects:
            tags = dict(one.tags)
            if not self.wanted(tags):
                continue
            id_ = f"{WORDS[one.type_str()]}/{one.id}"
            if id_ in known:
                continue
            if one.deleted:
                self.notes.deleted.append(id_)
            elif one.is_node():
                place = one.location
                if place.valid():
                    self.points[id_] = (tags, (place.lon, place.lat))
                else:
                    self.notes.incomplete.append(id_)
            elif one.is_way():
                self.ways.add(id_, tags, one)
            elif tags.keys() - {"type", "source", "created_by"}:  # else the meaning is on the outer way
                self.relations.append(_Relation(id_, tags, [(member.type, member.ref) for member in one.members]))

    def _place(self, number: int) -> tuple[float, float]:
        """Where a node is; NaN where the file lacks it."""
        try:
            place = self.places.get(number)
        except KeyError:
            return np.nan, np.nan
        return (place.lon, place.lat) if place.valid() else (np.nan, np.nan)

    def _lines(self, ways: _Ways) -> NDArray[np.object_]:
        """Ways as lines; None where a node is missing or there are fewer than two."""
        length = np.array([len(nodes) for nodes in ways.nodes], int)
        way = np.repeat(np.arange(len(length)), length)
        numbers, row = np.unique(np.array(list(chain.from_iterable(ways.nodes)), np.int64), return_inverse=True)
        place = np.array([self._place(int(number)) for number in numbers]).reshape(-1, 2)[row]
        whole = (length > 1) & (np.bincount(way, np.isnan(place[:, 0]), len(length)) == 0)
        lines = np.full(len(length), None, object)
        used = whole[way]
        lines[whole] = shapely.linestrings(place[used], indices=(np.cumsum(whole) - 1)[way[used]])
        return lines

    def _outlines(self, ways: _Ways) -> NDArray[np.object_]:
        """Ways as lines, those that close and are areas as polygons."""
        shapes = self._lines(ways)
        closed = shapely.is_closed(shapes) & (shapely.get_num_coordinates(shapes) > 3)
        rows = np.array([row for row in np.flatnonzero(closed) if _osm.is_area(ways.tags[row])], int)
        coordinates, ring = shapely.get_coordinates(shapes[rows], return_index=True)
        shapes[rows] = shapely.polygons(shapely.linearrings(coordinates, indices=ring))
        for row in rows[~shapely.is_valid(shapes[rows])]:
            self.notes.mended.append(ways.ids[row])
            shapes[row] = _osm.area_within([shapely.get_coordinates(shapes[row])])
        return shapes

    def _assembled(self) -> list[BaseGeometry | None]:
        """Outlines of multipolygons and boundaries; of other relations the union of their members."""
        ways = self._member_ways({number for one in self.relations for number in one.of("w")})
        shapes: list[BaseGeometry | None] = []
        for one in self.relations:
            parts = [ways.get(number) for number in one.of("w")]
            if _osm.has_outline(one.tags):
                whole = bool(parts) and None not in parts
                shapes.append(_osm.area_within([shapely.get_coordinates(part) for part in parts]) if whole else None)
                if whole and shapes[-1] is None:
                    self.notes.unclosed.append(one.id)
            else:
                points = [shapely.Point(place) for place in map(self._place, one.of("n")) if place[0] == place[0]]
                shapes.append(_osm.union_of([*points, *(part for part in parts if part is not None)]))
        return shapes

    def _member_ways(self, numbers: set[int]) -> dict[int, BaseGeometry]:
        """Ways by number."""
        if not numbers:
            return {}
        # a set of bits inside osmium: 4 MiB for every 33 million numbers, too much for a small file
        filters = [osmium.filter.IdFilter(numbers)] if self.large else []
        found = _Ways()
        for one in self._stream(osmium.osm.WAY, *filters):
            if one.id in numbers:
                found.add(str(one.id), dict(one.tags), one)
        outlines = zip(found.ids, self._outlines(found), strict=True)
        return {int(id_): shape for id_, shape in outlines if shape is not None}
