"""The collections of a built atlas, read when first asked for and again after every build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import shapely

from atlas.atlasfile import load_atlas
from atlas.built import Built
from atlas.config import Text
from atlas.errors import AtlasError
from atlas.exports import classified, neighbourhoods, places
from atlas.exports.exportable import Exportable, Field, attribution
from atlas.exports.from_store import exportable
from atlas.exports.geometry import in_wgs84
from atlas.source_words import bilingual
from atlas.store import MANIFEST, Store

_TYPES = {"text": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


@dataclass(frozen=True)
class Held:
    """One collection in memory: columns of plain values, shapes in WGS84, and what finds them."""

    fields: dict[str, dict[str, str]]
    columns: dict[str, list[Any]]
    shapes: list[Any]
    geometries: np.ndarray
    key: str

    @classmethod
    def of(cls, layer: Exportable) -> Held:
        """From a layer that is ready to be exported."""
        tidy = layer.tidy
        geometries = np.asarray(in_wgs84(tidy.frame)[0], dtype=object)
        shapes = [json.loads(text) if text else None for text in shapely.to_geojson(geometries)]
        columns = {one.name: tidy.values(one.name) for one in tidy.fields}
        return cls(types(tidy.fields), columns, shapes, geometries, tidy.key)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Finds the shapes that touch a box."""
        return shapely.STRtree(self.geometries)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Identifier → row."""
        return {str(one): row for row, one in enumerate(self.columns[self.key])}

    @cached_property
    def said(self) -> list[str]:
        """All texts of a row as one, for a search by words."""
        texts = [self.columns[name] for name, one in self.fields.items() if one["type"] == "string"]
        return [
            " ".join(str(value) for value in row if value is not None).casefold() for row in zip(*texts, strict=True)
        ]


def types(fields: tuple[Field, ...]) -> dict[str, dict[str, str]]:
    """Name → JSON Schema type of each field."""
    return {one.name: {"type": _TYPES[one.type]} for one in fields}


class Live:
    """An atlas's collections as the last build has them."""

    def __init__(self, built: Built, lang: str) -> None:
        self.built = built
        self.lang = lang
        self._stamp: int | None = None
        self._stamp = self._when()
        self._held: dict[str, Held] = {}
        self._lock = Lock()

    def held(self, id_: str) -> Held:
        """A collection, read anew if the store was built anew since."""
        with self._lock:
            self._renew()
            if id_ not in self._held:
                self._held[id_] = Held.of(exportable(self.built.atlas, self.built.store, id_, self.lang))
            return self._held[id_]

    def fields(self, id_: str) -> dict[str, dict[str, str]]:
        """A collection's fields, without reading its rows where they are known."""
        if id_ == "neighbourhoods":
            return types(neighbourhoods.fields(self.built.atlas, self.built.store))
        return self.held(id_).fields if id_ == classified.ID else types(places.fields())

    def titles(self) -> dict[str, Text]:
        """Id → title of every collection that has something in it."""
        atlas = self.built.atlas
        held = set(self._sources_of_layers)
        found = {"neighbourhoods": atlas.neighbourhoods.units, "places": places.title(atlas, None)}
        found |= {layer.id: layer.layer.name for layer in atlas.layers if layer.id in held}
        if "heritage" in held:
            found[classified.ID] = Text(pt="Imóveis classificados", en="Classified sites")
        return found

    def attribution(self, id_: str, lang: str) -> str:
        """Who must be named beside a collection: the sources of its places; of figures, all of the atlas's."""
        by_layer = self._sources_of_layers
        every = (
            {one.id for one in self.built.atlas.source} if id_ == "neighbourhoods" else set().union(*by_layer.values())
        )
        used = by_layer.get(id_, every)
        recorded = [one for one in self.built.store.manifest["sources"] if one["id"] in used]
        return attribution((bilingual(self.built.atlas, one) for one in recorded), lang)

    @cached_property
    def _sources_of_layers(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        pairs = self.built.store.read("places")[["layers", "sources"]].drop_duplicates()
        for layers, sources in pairs.itertuples(index=False):
            for layer in layers.split("|"):
                found.setdefault(layer, set()).update(sources.split("|"))
        return found

    def _when(self) -> int | None:
        try:
            return (self.built.store.folder / MANIFEST).stat().st_mtime_ns
        except OSError:  # between the two renames of a build
            return self._stamp

    def _renew(self) -> None:
        stamp = self._when()
        if stamp == self._stamp:
            return
        try:
            store = Store(self.built.store.folder)
            _ = store.manifest
            renewed = Built(load_atlas(self.built.atlas.folder), store)
        except AtlasError:  # a store that cannot be read: what is in memory stands
            return
        self.built, self._stamp, self._held = renewed, stamp, {}
