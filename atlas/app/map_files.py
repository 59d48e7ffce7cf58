"""Files that the browser fetches once: outlines and the points of each layer, named by their content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas.language import LANGUAGES
from atlas.layers import of_layer
from atlas.map_layers import MadeLayer, made_layers
from atlas.maps import compact_json, write_outlines
from atlas.steps import DECIMALS, crosses_180, eastward

if TYPE_CHECKING:
    from atlas.built import Built
    from atlas.config import Layer

OUTLINES = "outlines"


def write_files(built: Built) -> tuple[Path, dict[str, str]]:
    """Write outlines and points beside the store; returns the folder and ``outlines`` or layer id → file name.

    Where the store's surroundings cannot be written, a folder among the system's temporary files serves.
    """
    name = f"{built.store.folder.name}.browser"
    beside = built.store.folder.with_name(name)
    if os.access(built.store.folder.parent, os.W_OK):
        try:
            return beside, _write_all(built, beside)
        except OSError:  # a disk that says it can be written and cannot
            pass
    elsewhere = Path(tempfile.mkdtemp(prefix="atlas-browser-"))
    return elsewhere, _write_all(built, elsewhere)


def _write_all(built: Built, folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = {OUTLINES: write_outlines(built.store, folder).name}
    for layer in built.atlas.layers:
        points = layer_points(built, layer)
        if points["lon"]:
            names[layer.id] = _write(folder, layer.id, compact_json(points))
    for made in made_layers(built.store):
        names[made.id] = _write(folder, made.id, compact_json(made_points(built, made)))
    return names


def _write(folder: Path, stem: str, text: str) -> str:
    path = folder / f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if not path.is_file():
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(text, "utf-8", newline="\n")
        part.replace(path)
    return path.name


def layer_points(built: Built, layer: Layer) -> dict[str, Any]:
    """A layer's places as columns: position, name, and numbers into the words for their classes and sources."""
    places = built.store.read("places")
    mine = of_layer(places, layer.id)
    names = {rule.id: rule.name for rule in layer.class_}
    own = [
        next((one for one in str(classes).split("|") if one in names), str(first))
        for classes, first in zip(mine["classes"], mine["class_"], strict=True)
    ]
    kinds, sources = sorted(set(own)), sorted(set(mine["sources"]))
    lon = mine["lon"].to_numpy()
    return {
        "lon": [round(float(one), DECIMALS) for one in (eastward(lon) if crosses_180(built.store) else lon)],
        "lat": [round(float(lat), DECIMALS) for lat in mine["lat"]],
        "names": [name if isinstance(name, str) else "" for name in mine["name"]],
        "kinds": {
            lang: [names[one].in_(lang) if one in names else one for one in kinds] for lang in ("pt", "en")
        },
        "kind": [kinds.index(one) for one in own],
        "sources": _titles(built, sources),
        "source": [sources.index(ids) for ids in mine["sources"]],
    }  # fmt: skip


def made_points(built: Built, made: MadeLayer) -> dict[str, Any]:
    """The same of a layer that the atlas makes, with its lines."""
    pairs = sorted(set(zip(made.about["pt"], made.about["en"], strict=True)))
    sources = sorted(set(made.sources))
    return {
        "lon": made.lon.round(DECIMALS).tolist(),
        "lat": made.lat.round(DECIMALS).tolist(),
        "names": made.names,
        "kinds": {"pt": [pt for pt, _ in pairs], "en": [en for _, en in pairs]},
        "kind": [pairs.index(one) for one in zip(made.about["pt"], made.about["en"], strict=True)],
        "sources": _titles(built, sources),
        "source": [sources.index(ids) for ids in made.sources],
        "lines": made.lines,
    }


def _titles(built: Built, sources: list[str]) -> dict[str, list[str]]:
    """Titles of sources by language, each given by ids joined by ``|``."""
    told: dict[str, list[str]] = {}
    for lang in LANGUAGES:
        titles = {source.id: source.title_in(lang) for source in built.atlas.source}
        told[lang] = [" · ".join(titles.get(one, one) for one in ids.split("|")) for ids in sources]
    return told
