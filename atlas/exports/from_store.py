"""Layers of a built atlas, ready to be written: the scored neighbourhoods, all places, or one layer of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from atlas.config import Atlas, Text
from atlas.errors import UnknownName
from atlas.exports import classified, gathering, neighbourhoods, places
from atlas.exports.exportable import Exportable
from atlas.language import both
from atlas.source_words import bilingual

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atlas.store import Store


def layer_ids(atlas: Atlas) -> list[str]:
    """What can be exported, by id: ``neighbourhoods``, ``places``, what the atlas makes itself, and every layer."""
    return ["neighbourhoods", "places", classified.ID, *gathering.LAYERS, *(layer.id for layer in atlas.layers)]


def exportable(atlas: Atlas, store: Store, layer_id: str, lang: str = "pt", within: str | None = None) -> Exportable:
    """One layer of a built atlas, within a parent or a neighbourhood where its code is given.

    Raises :class:`UnknownName` for a layer or a code that is not there.
    """
    if layer_id not in layer_ids(atlas):
        raise UnknownName.among(layer_id, layer_ids(atlas), pt="Camada", en="Layer")
    units = store.read("neighbourhoods")
    if within is not None and not ((units["code"] == within) | (units["parent"] == within)).any():
        known = [*units["parent"].dropna().unique(), *units["code"]]
        raise UnknownName.among(within, known, pt="Código", en="Code")
    if layer_id == classified.ID:
        layer, used, outlines = classified.layer(atlas, store, within)
    elif layer_id in gathering.LAYERS:
        layer, used, outlines = gathering.LAYERS[layer_id](atlas, store, lang, within)
    else:
        build = _neighbourhoods if layer_id == "neighbourhoods" else _places
        layer, used, outlines = build(atlas, store, layer_id, lang, within)
    return describe(atlas, store, replace(layer, outlines=outlines), used)


def describe(atlas: Atlas, store: Store, layer: Exportable, used: Iterable[str]) -> Exportable:
    """The layer, and its outlines, with sources, hashes and origin."""
    shared: dict[str, Any] = {
        "sources": _sources(atlas, store, used),
        "hashes": {key: str(value) for key, value in store.manifest.get("hashes", {}).items()},
        "atlas": atlas.atlas.id,
        "generated_from": _origin(atlas, store),
    }
    outlines = layer.outlines and replace(layer.outlines, **shared)
    return replace(layer, outlines=outlines, **shared)


_Built = tuple[Exportable, list[str], Exportable | None]
"""A layer without its origin, the sources it was made from, its outlines."""


def _neighbourhoods(atlas: Atlas, store: Store, layer_id: str, lang: str, within: str | None) -> _Built:
    table = neighbourhoods.table(atlas, store, within)
    layer = Exportable(
        id=layer_id,
        title=_of_atlas(atlas, atlas.neighbourhoods.units),
        description=both("export.about.neighbourhoods"),
        frame=_spatial(table),
        fields=neighbourhoods.fields(atlas, store),
        style=neighbourhoods.style(table),
    )
    return layer, neighbourhoods.source_ids(atlas), None


def _places(atlas: Atlas, store: Store, layer_id: str, lang: str, within: str | None) -> _Built:
    wanted = None if layer_id == "places" else layer_id
    table = places.table(atlas, store, wanted, lang, within)
    layer = Exportable(
        id=layer_id,
        title=_of_atlas(atlas, places.title(atlas, wanted)),
        description=both("export.about.places"),
        frame=_spatial(table),
        fields=places.fields(),
        style=places.style(atlas, wanted),
        tables=(places.records(store, table),),
    )
    used = sorted({one for held in table["sources"].dropna() for one in str(held).split("|")})
    return layer, used, places.outlines(atlas, store, table, wanted)


def _of_atlas(atlas: Atlas, words: Text) -> Text:
    """A title that says which atlas it is of."""
    name = atlas.atlas.name
    return Text(pt=f"{name.pt}: {words.pt}", en=f"{name.en}: {words.en}")


def _sources(atlas: Atlas, store: Store, used: Iterable[str]) -> tuple[dict[str, str], ...]:
    """The sources used, as the build recorded them; one that it did not is taken from the configuration."""
    built = {one["id"]: one for one in store.manifest.get("sources", [])}
    declared = {one.id: one.model_dump(include=set(_KEYS)) for one in atlas.source}
    ordered = [one.id for one in atlas.source] + sorted(built.keys() - declared.keys())
    found = [built.get(name) or declared[name] for name in ordered if name in set(used)]
    both = (bilingual(atlas, one) for one in found)
    return tuple({key: str(one.get(key) or "") for key in (*_KEYS, "title_en", "licence_en")} for one in both)


_KEYS = ("id", "title", "publisher", "licence", "date", "address")


def _origin(atlas: Atlas, store: Store) -> str:
    hashes = store.manifest.get("hashes", {})
    parts = [f"{name} {str(hashes[name])[:12]}" for name in ("data", "method") if hashes.get(name)]
    return " · ".join([f"atlas {atlas.atlas.id} {atlas.atlas.data_version}", *parts])


def _spatial(table: pd.DataFrame) -> Any:
    """The geometry last, the rows numbered anew."""
    names = [name for name in table.columns if name != "geometry"]
    return table[[*names, "geometry"]].reset_index(drop=True)
