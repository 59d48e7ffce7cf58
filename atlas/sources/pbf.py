"""OpenStreetMap extracts (`.osm.pbf`, `.osm`, `.osm.gz`), read as a stream.

Only what carries a wanted tag reaches memory. The one thing that must be looked up, the place of each node, is kept
in memory for a small file and on disk for a large one, so that memory does not grow with the extract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, compress
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from atlas.atlasfile import product_folder
from atlas.config import Source
from atlas.layers import load_layers, wanted_tags
from atlas.sources import _osm, to_records
from atlas.sources._extract import Extract, opened
from atlas.sources._long_texts import was_cut
from atlas.sources._opl import Tags, members_of, places_of

KINDS = pa.array(["n", "w", "r"])
NODE, WAY, RELATION = range(3)
WORDS = pa.array(["node/", "way/", "relation/"])
WITHOUT_MEANING = frozenset({"type", "source", "created_by"})
"""Of a relation with nothing else the meaning is on the outer way."""
ROWS = pa.schema(
    {
        **dict.fromkeys(("record_id", "name", "tags"), pa.string()),
        "kind": pa.int32(),
        **dict.fromkeys(("deleted", "meant", "mended", "cut", "outline"), pa.bool_()),
        "members": pa.string(),
    }
)


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
        self._asked: dict[str, set[str]] = {}
        for text in tags_filter or ():
            key, _, value = text.partition("=")
            self._asked.setdefault(key, set()).add(value)

    def filter(self) -> Any:
        """What lets any wanted object pass inside osmium, and few others."""
        if self.everything:
            return osmium.filter.EmptyTagFilter()
        return osmium.filter.KeyFilter(*(self._asked or [""]))

    def among(self, objects: pa.RecordBatch) -> pa.RecordBatch:
        """Those of the objects that are wanted."""
        if self.everything:
            return objects
        return objects.filter(pa.array(Tags(objects["tags"]).having(self._asked.__contains__, self._wants)))

    def _wants(self, key: str, value: str) -> bool:
        asked = self._asked[key]
        return "" in asked or value in asked or (";" in value and not asked.isdisjoint(value.split(";")))


class _Records:
    """One look at the file, and one at the ways that relations are made of."""

    def __init__(self, extract: Extract, wanted: _Wanted) -> None:
        self.extract, self.wanted = extract, wanted
        self.notes = _osm.Notes()
        self._shapes: list[NDArray[np.object_]] = []

    def table(self) -> GeoDataFrame:
        """The records: nodes, ways, relations; once where the file holds one twice."""
        ways = self.wanted.filter().enable_for(osmium.osm.WAY)
        look = self.extract.look(osmium.osm.ALL, ways=ways, then=self.wanted.filter())
        rows = pa.Table.from_batches([self._read(self.wanted.among(objects)) for objects in look], ROWS).to_pandas()
        rows = rows.drop_duplicates("record_id").sort_values("kind", kind="stable")
        rows["deleted"] |= rows["record_id"].isin(self.extract.discarded)
        self.notes.deleted = rows.loc[rows["deleted"], "record_id"].tolist()
        rows = rows[~rows["deleted"] & rows["meant"]]
        shapes = np.concatenate([np.empty(0, object), *self._shapes])[rows.index]
        made_of = (rows["kind"] == RELATION).to_numpy()
        shapes[made_of] = self._assembled(rows[made_of])
        self.notes.mended = rows.loc[rows["mended"], "record_id"].tolist()
        there = ~shapely.is_missing(shapes)
        self.notes.incomplete = rows.loc[~there & ~rows["record_id"].isin(self.notes.unclosed), "record_id"].tolist()
        rows, shapes = rows[there], shapes[there]
        self.notes.cut = rows.loc[rows["cut"], "record_id"].tolist()
        columns = rows[["record_id", "name", "tags"]].reset_index(drop=True)
        result = GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
        result.attrs["warnings"] = self.notes.warnings()
        result.attrs["date"] = self.extract.date
        return result

    def _read(self, objects: pa.RecordBatch) -> pa.RecordBatch:
        """Objects as rows; the shapes of nodes and ways."""
        tags = Tags(objects["tags"])
        kinds = pc.index_in(pc.utf8_slice_codeunits(objects["id"], 0, 1), KINDS)
        kind = kinds.to_numpy()
        shapes = np.full(len(kind), None, object)
        mended = np.zeros(len(kind), bool)
        nodes, ways = np.flatnonzero(kind == NODE), np.flatnonzero(kind == WAY)
        places = places_of(objects["rest"].take(pa.array(nodes)))
        there = ~np.isnan(places[:, 0])
        shapes[nodes[there]] = shapely.points(places[there])
        length, _, places = self.extract.located(objects["rest"].take(pa.array(ways)))
        shapes[ways], mended[ways] = _osm.outlines(length, places, _osm.are_areas(tags)[ways])
        self._shapes.append(shapes)
        number = pc.utf8_slice_codeunits(objects["id"], 1)
        made_of = pa.array(kind == RELATION)
        columns = {
            "record_id": pc.binary_join_element_wise(WORDS.take(kinds), number, ""),
            "name": tags.values_of("name"),
            "tags": tags.texts(),
            "kind": kinds,
            "deleted": objects["deleted"],
            "meant": pc.or_(pc.invert(made_of), pa.array(tags.having(lambda key: key not in WITHOUT_MEANING))),
            "mended": mended,
            "cut": self._cut(tags, len(kind)),
            "outline": tags.having("type".__eq__, lambda *tag: _osm.has_outline(dict([tag]))),
            "members": pc.if_else(made_of, objects["rest"], None),
        }
        return pa.RecordBatch.from_pydict(columns, ROWS)

    def _cut(self, tags: Tags, count: int) -> NDArray[np.bool_]:
        """Which objects lost the end of a text."""
        if not self.extract.shortened:
            return np.zeros(count, bool)
        return tags.having(lambda _: True, lambda key, value: was_cut(key) or was_cut(value))

    def _assembled(self, relations: pd.DataFrame) -> NDArray[np.object_]:
        """Outlines of multipolygons and boundaries; of other relations the union of their members."""
        members = [members_of(text) for text in relations["members"]]
        outline = relations["outline"].to_numpy()
        lines, areas = self._lines({number for one in members for kind, number in one if kind == "w"})
        parts = self._parts(set(chain(*compress(members, ~outline))), lines, areas)
        shapes = np.full(len(members), None, object)
        for row, id_ in enumerate(relations["record_id"]):
            if not outline[row]:
                shapes[row] = _osm.union_of([parts[one] for one in members[row] if one in parts])
                continue
            ways = [lines.get(number) for kind, number in members[row] if kind == "w"]
            found = [line for line in ways if line is not None]
            if ways and len(found) == len(ways):
                shapes[row] = _osm.area_within(found)
                if shapes[row] is None:
                    self.notes.unclosed.append(id_)
        return shapes

    def _lines(self, numbers: set[int]) -> tuple[dict[int, NDArray[np.float64]], set[int]]:
        """Coordinates of the ways that are whole, by number; and which of them are areas where they close."""
        lines: dict[int, NDArray[np.float64]] = {}
        areas: set[int] = set()
        among = _Among(numbers) if self.extract.small else osmium.filter.IdFilter(numbers)
        for objects in self.extract.look(osmium.osm.WAY, ways=among) if numbers else ():
            length, _, places = self.extract.located(objects["rest"])
            number = pc.utf8_slice_codeunits(objects["id"], 1).cast(pa.int64()).to_numpy()
            held = zip(number.tolist(), np.split(places, np.cumsum(length)[:-1]), strict=True)
            lines |= {one: line for one, line in held if len(line) > 1 and not np.isnan(line).any()}
            areas.update(number[_osm.are_areas(Tags(objects["tags"]))].tolist())
        return lines, areas

    def _parts(
        self, members: set[tuple[str, int]], lines: Mapping[int, NDArray[np.float64]], areas: set[int]
    ) -> dict[tuple[str, int], BaseGeometry]:
        """The shapes of members that the file has: of nodes, and of ways by themselves."""
        ways = sorted(number for kind, number in members if kind == "w" and number in lines)
        length = np.array([len(lines[number]) for number in ways], np.int64)
        places = np.concatenate([np.empty((0, 2)), *(lines[number] for number in ways)])
        shapes, _ = _osm.outlines(length, places, np.array([number in areas for number in ways], bool))
        nodes = sorted(number for kind, number in members if kind == "n")
        places = self.extract.places(np.array(nodes, np.int64))
        points = np.where(np.isnan(places[:, 0]), None, shapely.points(places))
        keys = [*(("n", number) for number in nodes), *(("w", number) for number in ways)]
        return {key: shape for key, shape in zip(keys, [*points, *shapes], strict=True) if shape is not None}


class _Among:
    """Lets ways with these numbers pass. For a large file osmium's own has bits: 4 MiB for every 33 million numbers."""

    def __init__(self, numbers: set[int]) -> None:
        self._numbers = numbers

    def way(self, way: Any) -> bool:
        """Whether osmium passes over a way."""
        return way.id not in self._numbers
