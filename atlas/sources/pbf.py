"""OpenStreetMap extracts (`.osm.pbf`, `.osm`, `.osm.gz`), read as a stream.

Only what carries a wanted tag reaches memory. The one thing that must be looked up, the place of each node, is kept
in memory for a small file and on disk for a large one, so that memory does not grow with the extract.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    file = osmium.io.File(str(path), _format(path))
    large = path.stat().st_size > SMALL_FILE_BYTES
    with TemporaryDirectory(prefix="atlas-osm-", ignore_cleanup_errors=True) as scratch:
        places = osmium.index.create_map(f"sparse_file_array,{Path(scratch) / 'nodes'}" if large else "flex_mem")
        try:
            return _Extract(file, _Wanted(tags_filter), places, large=large).table()
        except (RuntimeError, ValueError, osmium.InvalidLocationError) as fault:
            raise SourceError(
                f"O ficheiro está cortado ou danificado ({fault}). Descarregue-o outra vez.",
                f"The file is cut short or damaged ({fault}). Download it again.",
                where=path.name,
            ) from None


def _format(path: Path) -> str:
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

    def by_key(self) -> Any:
        """A filter that lets any wanted object pass."""
        return osmium.filter.EmptyTagFilter() if self.everything else osmium.filter.KeyFilter(*self.asked)

    def filters(self) -> list[Any]:
        """Filters, one a stream, that let any wanted object pass and few others."""
        common = {key for key in COMMON_KEYS & self.asked.keys() if "" not in self.asked[key]}
        rare = self.asked.keys() - common
        if not common or not rare:
            return [self.by_key()]
        pairs = [(key, value) for key in sorted(common) for value in sorted(self.asked[key])]
        return [osmium.filter.KeyFilter(*rare), osmium.filter.TagFilter(*pairs)]

    def __call__(self, tags: Mapping[str, str]) -> bool:
        if self.everything:
            return True
        for key, value in tags.items():
            asked = self.asked.get(key)
            if asked and ("" in asked or value in asked or (";" in value and not asked.isdisjoint(value.split(";")))):
                return True
        return False


@dataclass
class _Objects:
    """Ids, tags and outlines of nodes or ways: osmium's hexadecimal WKB, None where a place is missing."""

    ids: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    wkb: list[str | None] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def add(self, id_: str, tags: dict[str, str], wkb: str | None) -> None:
        """One more."""
        self.known.add(id_)
        self.ids.append(id_)
        self.tags.append(tags)
        self.wkb.append(wkb)


@dataclass
class _Relation:
    """A relation's id, tags and members: type (``n``, ``w``, ``r``) and number."""

    id: str
    tags: dict[str, str]
    members: list[tuple[str, int]]


class _Extract:
    """Two passes over a file, and a third over the ways that relations are made of."""

    def __init__(self, file: Any, wanted: _Wanted, places: Any, *, large: bool) -> None:
        self.file, self.wanted, self.places, self.large = file, wanted, places, large
        self.notes = _osm.Notes()
        self.factory = osmium.geom.WKBFactory()
        header = osmium.io.Reader(file, osmium.osm.NOTHING).header()
        self.date = header.get("osmosis_replication_timestamp", header.get("timestamp", ""))

    def table(self) -> GeoDataFrame:
        """The records: nodes, ways, relations."""
        relations = self._relations()
        nodes, ways = self._nodes_and_ways()
        ids = [*nodes.ids, *ways.ids, *(one.id for one in relations)]
        tags = [*nodes.tags, *ways.tags, *(one.tags for one in relations)]
        shapes = [*_read(nodes.wkb), *self._outlines(ways), *self._assembled(relations)]
        kept = [row for row, shape in enumerate(shapes) if shape is not None]
        told = set(self.notes.unclosed)
        self.notes.incomplete += [ids[row] for row, one in enumerate(shapes) if one is None and ids[row] not in told]
        result = _osm.table([ids[row] for row in kept], [tags[row] for row in kept], [shapes[row] for row in kept])
        result.attrs["warnings"] = self.notes.warnings()
        result.attrs["date"] = self.date
        return result

    def _tags_of(self, one: Any, id_: str) -> dict[str, str] | None:
        """Tags of a wanted object; None for another, and for a deleted one, which is noted."""
        tags = dict(one.tags)
        if not self.wanted(tags):
            return None
        if one.deleted:
            self.notes.deleted.append(id_)
            return None
        return tags

    def _relations(self) -> list[_Relation]:
        found = []
        for one in osmium.FileProcessor(self.file, osmium.osm.RELATION).with_filter(self.wanted.by_key()):
            tags = self._tags_of(one, f"relation/{one.id}")
            if tags and tags.keys() - {"type", "source", "created_by"}:  # else the meaning is on the outer way
                found.append(_Relation(f"relation/{one.id}", tags, [(m.type, m.ref) for m in one.members]))
        return found

    def _nodes_and_ways(self) -> tuple[_Objects, _Objects]:
        nodes, ways = _Objects(), _Objects()
        first, *further = self.wanted.filters()
        stream = osmium.FileProcessor(self.file, osmium.osm.NODE | osmium.osm.WAY).with_locations(self.places)
        self._keep(stream.with_filter(first), nodes, ways)
        for one in further:
            self._keep(osmium.FileProcessor(self.file, osmium.osm.NODE).with_filter(one), nodes, ways)
            self._keep(self._placed_ways(one), nodes, ways)
        return nodes, ways

    def _keep(self, objects: Iterable[Any], nodes: _Objects, ways: _Objects) -> None:
        for one in objects:
            kept, id_ = (nodes, f"node/{one.id}") if one.is_node() else (ways, f"way/{one.id}")
            tags = None if id_ in kept.known else self._tags_of(one, id_)
            if tags is not None:
                kept.add(id_, tags, self._wkb(one))

    def _placed_ways(self, *filters: Any) -> Any:
        """Ways that pass the filters, with the places of nodes that the first stream has kept."""
        stream = osmium.FileProcessor(self.file, osmium.osm.WAY)
        places = osmium.NodeLocationsForWays(self.places)
        places.ignore_errors()
        for one in (*filters, places):
            stream = stream.with_filter(one)
        return stream

    def _wkb(self, one: Any) -> str | None:
        """A node's point or a way's line; None where a place is missing or there are fewer than two."""
        try:
            return str(self.factory.create_point(one) if one.is_node() else self.factory.create_linestring(one))
        except (RuntimeError, osmium.InvalidLocationError):
            return None

    def _outlines(self, ways: _Objects) -> NDArray[np.object_]:
        """Ways as lines, those that close and are areas as polygons."""
        shapes = _read(ways.wkb)
        closed = shapely.is_closed(shapes) & (shapely.get_num_coordinates(shapes) > 3)
        rows = np.array([row for row in np.flatnonzero(closed) if _osm.is_area(ways.tags[row])], int)
        coordinates, ring = shapely.get_coordinates(shapes[rows], return_index=True)
        shapes[rows] = shapely.polygons(shapely.linearrings(coordinates, indices=ring))
        for row in rows[~shapely.is_valid(shapes[rows])]:
            self.notes.mended.append(ways.ids[row])
            shapes[row] = _osm.area_within([shapely.get_coordinates(shapes[row])])
        return shapes

    def _assembled(self, relations: list[_Relation]) -> list[BaseGeometry | None]:
        """Outlines of multipolygons and boundaries; of other relations the union of their members."""
        ways = self._member_ways({ref for one in relations for type_, ref in one.members if type_ == "w"})
        shapes = []
        for one in relations:
            if _osm.has_outline(one.tags):
                refs = [ref for type_, ref in one.members if type_ == "w"]
                whole = bool(refs) and all(ref in ways for ref in refs)
                shape = _osm.area_within([shapely.get_coordinates(ways[ref]) for ref in refs]) if whole else None
                if whole and shape is None:
                    self.notes.unclosed.append(one.id)
            else:
                found = [
                    ways.get(ref) if type_ == "w" else self._place(ref) for type_, ref in one.members if type_ != "r"
                ]
                shape = _osm.union_of([part for part in found if part is not None])
            shapes.append(shape)
        return shapes

    def _member_ways(self, refs: set[int]) -> dict[int, BaseGeometry]:
        """Ways by number, from the places that the second pass has kept."""
        if not refs:
            return {}
        # a set of bits inside osmium: 4 MiB for every 33 million numbers, too much for a small file
        filters = [osmium.filter.IdFilter(refs)] if self.large else []
        found = _Objects()
        for one in self._placed_ways(*filters):
            if one.id in refs:
                found.add(str(one.id), dict(one.tags), self._wkb(one))
        return {
            int(id_): shape for id_, shape in zip(found.ids, self._outlines(found), strict=True) if shape is not None
        }

    def _place(self, ref: int) -> BaseGeometry | None:
        """The point of a node that the file has."""
        try:
            place = self.places.get(ref)
        except KeyError:
            return None
        return shapely.Point(place.lon, place.lat) if place.valid() else None


def _read(wkb: list[str | None]) -> NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)
