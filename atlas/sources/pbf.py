"""OpenStreetMap extracts (`.osm.pbf`, `.osm`, `.osm.gz`), read as a stream.

Only what carries a wanted tag reaches memory. The one thing that must be looked up, the place of each node, is kept
in memory for a small file and on disk for a large one, so that memory does not grow with the extract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from atlas.atlasfile import product_folder
from atlas.config import Source
from atlas.layers import load_layers, wanted_tags
from atlas.sources import _osm, to_records
from atlas.sources._extract import ESCAPES, Extract, Line, members_of, nodes_of, opened, place_of, tags_of
from atlas.sources._long_texts import was_cut

WORDS = {"n": "node", "w": "way", "r": "relation"}
MOST_HELD = 4 * 1024**2
"""Characters of ways that wait to become lines."""


def load(source: Source, folder: Path) -> GeoDataFrame:
    """Records of an extract: what the layers that the source may fill ask for, the atlas's own layers included."""
    path, own = folder / source.file, folder / "layers"
    layers = load_layers([product_folder("layers"), *([own] if own.is_dir() else [])])
    asked = [layer for layer in layers if not source.layers or layer.id in source.layers]
    return to_records(read_osm(path, tags_filter=wanted_tags(asked)), source, path)


def read_osm(path: Path, *, tags_filter: Sequence[str] | None = None) -> GeoDataFrame:
    """Objects of an extract that carry a wanted tag.

    The outlines are made as by :func:`atlas.sources.overpass.read_overpass`. What a clipped extract lacks a part of
    is left out and counted; a text beyond what OpenStreetMap allows is cut, and counted too.

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
    with opened(path) as extract:
        return _Records(extract, _Wanted(tags_filter)).table()


class _Wanted:
    """Which objects are wanted: first by key inside osmium, then by their tags."""

    def __init__(self, tags_filter: Sequence[str] | None) -> None:
        self.everything = tags_filter is None
        self.asked: dict[str, set[str]] = {}
        for text in tags_filter or ():
            key, _, value = text.partition("=")
            self.asked.setdefault(key, set()).add(value)
        self._whole = frozenset(key for key, values in self.asked.items() if "" in values)
        self._pairs = frozenset(tags_filter or ())
        # what stands in OPL as it is here is found there without taking the other tags apart
        self._as_it_stands = ESCAPES.isdisjoint("".join(key + "".join(values) for key, values in self.asked.items()))

    def filter(self) -> Any:
        """What lets any wanted object pass inside osmium, and few others."""
        if self.everything:
            return osmium.filter.EmptyTagFilter()
        return osmium.filter.KeyFilter(*(self.asked or [""]))

    def among(self, text: str) -> dict[str, str] | None:
        """Tags as OPL writes them, if they are wanted; most are not, and are not taken apart."""
        if not self.everything and self._as_it_stands and ";" not in text:
            pairs = text[1:].split(",")
            if self._pairs.isdisjoint(pairs) and self._whole.isdisjoint([pair.partition("=")[0] for pair in pairs]):
                return None
        tags = tags_of(text)
        return tags if self.everything or self._wants(tags) else None

    def _wants(self, tags: Mapping[str, str]) -> bool:
        for key, value in tags.items():
            asked = self.asked.get(key)
            if asked and ("" in asked or value in asked or (";" in value and not asked.isdisjoint(value.split(";")))):
                return True
        return False


class _Ways:
    """Ids, tags and lines of ways. Texts become lines some thousands at a time, so that few wait in memory."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.tags: list[dict[str, str]] = []
        self._shapes: list[NDArray[np.object_]] = []
        self._waiting: list[str] = []
        self._held = 0
        self._lacking: dict[int, str] = {}

    def add(self, id_: str, tags: dict[str, str], nodes: str) -> None:
        """One more."""
        if "xy" in nodes:
            self._lacking[len(self.ids)] = nodes
        self.ids.append(id_)
        self.tags.append(tags)
        self._waiting.append(nodes)
        self._held += len(nodes)
        if self._held > MOST_HELD:
            self._draw()

    def lines(self, extract: Extract) -> NDArray[np.object_]:
        """Ways as lines; None where a node is missing or there are fewer than two."""
        self._draw()
        shapes = np.concatenate([np.empty(0, object), *self._shapes])
        for row, nodes in self._lacking.items():  # the file may hold its nodes after its ways
            _, places = extract.located([nodes])
            if len(places) > 1 and not np.isnan(places).any():
                shapes[row] = shapely.LineString(places)
        return shapes

    def _draw(self) -> None:
        """The ways that wait, as lines."""
        length = np.array([nodes.count("n") for nodes in self._waiting], int)
        way = np.repeat(np.arange(len(length)), length)
        _, places = nodes_of(self._waiting)
        whole = (length > 1) & (np.bincount(way, np.isnan(places[:, 0]), len(length)) == 0)
        shapes = np.full(len(length), None, object)
        used = whole[way]
        shapes[whole] = shapely.linestrings(places[used], indices=(np.cumsum(whole) - 1)[way[used]])
        self._shapes.append(shapes)
        self._waiting, self._held = [], 0


@dataclass
class _Relation:
    """A relation's id, tags and members: type (``n``, ``w``, ``r``) and number."""

    id: str
    tags: dict[str, str]
    members: list[tuple[str, int]]

    def of(self, type_: str) -> list[int]:
        """Numbers of the members of a type."""
        return [number for member, number in self.members if member == type_]


@dataclass
class _Nodes:
    """Ids, tags and places of nodes."""

    ids: list[str] = field(default_factory=list)
    tags: list[dict[str, str]] = field(default_factory=list)
    places: list[tuple[float, float]] = field(default_factory=list)


class _Records:
    """One look at the file, and one at the ways that relations are made of."""

    def __init__(self, extract: Extract, wanted: _Wanted) -> None:
        self.extract, self.wanted = extract, wanted
        self.notes = _osm.Notes()
        self.nodes, self.ways = _Nodes(), _Ways()
        self.relations: list[_Relation] = []

    def table(self) -> GeoDataFrame:
        """The records: nodes, ways, relations."""
        self._keep(self.extract.look(osmium.osm.ALL, self.wanted.filter()))
        ids = [*self.nodes.ids, *self.ways.ids, *(one.id for one in self.relations)]
        tags = [*self.nodes.tags, *self.ways.tags, *(one.tags for one in self.relations)]
        points = shapely.points(np.array(self.nodes.places, float).reshape(-1, 2))
        shapes = [*points, *self._outlines(self.ways), *self._assembled()]
        kept = [row for row, shape in enumerate(shapes) if shape is not None]
        told = set(self.notes.unclosed)
        self.notes.incomplete += [ids[row] for row, one in enumerate(shapes) if one is None and ids[row] not in told]
        if self.extract.shortened:
            self.notes.cut += [ids[row] for row in kept if any(map(was_cut, chain(*tags[row].items())))]
        result = _osm.table([ids[row] for row in kept], [tags[row] for row in kept], [shapes[row] for row in kept])
        result.attrs["warnings"] = self.notes.warnings()
        result.attrs["date"] = self.extract.date
        return result

    def _keep(self, lines: Iterable[Line]) -> None:
        """Take what is wanted, once where the file holds it twice."""
        known: set[str] = set()
        for short, deleted, text, rest in lines:
            tags = self.wanted.among(text)
            if tags is None:
                continue
            id_ = f"{WORDS[short[0]]}/{short[1:]}"
            if id_ in known:
                continue
            known.add(id_)
            if deleted:
                self.notes.deleted.append(id_)
            elif short[0] == "n":
                place = place_of(rest)
                if place is None:
                    self.notes.incomplete.append(id_)
                    continue
                self.nodes.ids.append(id_)
                self.nodes.tags.append(tags)
                self.nodes.places.append(place)
            elif short[0] == "w":
                self.ways.add(id_, tags, rest)
            elif tags.keys() - {"type", "source", "created_by"}:  # else the meaning is on the outer way
                self.relations.append(_Relation(id_, tags, members_of(rest)))

    def _outlines(self, ways: _Ways) -> NDArray[np.object_]:
        """Ways as lines, those that close and are areas as polygons."""
        shapes = ways.lines(self.extract)
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
                places = map(self.extract.place, one.of("n"))
                points = [shapely.Point(place) for place in places if place[0] == place[0]]
                shapes.append(_osm.union_of([*points, *(part for part in parts if part is not None)]))
        return shapes

    def _member_ways(self, numbers: set[int]) -> dict[int, BaseGeometry]:
        """Ways by number."""
        if not numbers:
            return {}
        # a set of bits inside osmium: 4 MiB for every 33 million numbers, too much for a small file
        filters = [] if self.extract.small else [osmium.filter.IdFilter(numbers)]
        found = _Ways()
        for short, _, text, rest in self.extract.look(osmium.osm.WAY, *filters):
            if int(short[1:]) in numbers:
                found.add(short[1:], tags_of(text), rest)
        outlines = zip(found.ids, self._outlines(found), strict=True)
        return {int(id_): shape for id_, shape in outlines if shape is not None}
