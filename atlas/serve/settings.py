"""What pygeoapi is told: the service, its languages, and one collection a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atlas.config import Text
from atlas.exports.geometry import box_in_wgs84, crs_address
from atlas.language import both
from atlas.serve.live import Live
from atlas.serve.provider import LIVE, StoreProvider

TEMPLATES = Path(__file__).parent / "templates"
"""The frame of pygeoapi's pages, without its scripts and without what it loads from elsewhere."""
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_LICENCE = "https://joinup.ec.europa.eu/collection/eupl/eupl-text-eupl-12"


def settings(live: Live, url: str, *, page: int, most: int) -> dict[str, Any]:
    """The whole configuration; ``live`` is registered under the folder of its store."""
    atlas = live.built.atlas
    box = box_in_wgs84(live.built.store.read("neighbourhoods"))
    name = str(live.built.store.folder)
    LIVE[name] = live
    title = {"pt": f"Atlas: {atlas.atlas.name.pt}", "en": f"Atlas: {atlas.atlas.name.en}"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 0},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "gzip": True,
            "languages": ["pt-PT", "en-GB"] if live.lang == "pt" else ["en-GB", "pt-PT"],
            "pretty_print": False,
            "limits": {"default_items": page, "max_items": most, "on_exceed": "throttle"},
            "map": {"url": "", "attribution": ""},
            "templates": {"path": str(TEMPLATES)},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": title,
                "description": _said("field.serve.about"),
                "keywords": {"pt": ["cultura", "regeneração urbana"], "en": ["culture", "urban regeneration"]},
                "keywords_type": "theme",
                "terms_of_service": "",
                "url": url,
            },
            "license": {"name": _said("field.serve.licence"), "url": _LICENCE},
            "provider": {"name": "atlas", "url": url},
            "contact": {"name": "atlas", "url": url},
        },
        "resources": {id_: _collection(live, id_, words, name, box) for id_, words in live.titles().items()},
    }


def _collection(live: Live, id_: str, title: Text, name: str, box: list[float]) -> dict[str, Any]:
    return {
        "type": "collection",
        "title": {"pt": title.pt, "en": title.en},
        "description": {
            lang: f"{words} {live.attribution(id_, lang)}"
            for lang, words in _said(f"field.serve.{_about(id_)}").items()
        },
        "keywords": {"pt": [title.pt], "en": [title.en]},
        "links": [],
        "extents": {"spatial": {"bbox": box, "crs": CRS84}},
        "providers": [
            {
                "type": "feature",
                "name": f"{StoreProvider.__module__}.{StoreProvider.__name__}",
                "data": name,
                "layer": id_,
                "id_field": "code" if id_ == "neighbourhoods" else next(iter(live.fields(id_))),
                "title_field": "name",
                "storage_crs": CRS84,
                "crs": list(filter(None, (CRS84, crs_address(live.built.units.crs)))),
            }
        ],
    }  # fmt: skip


def _about(id_: str) -> str:
    return "neighbourhoods" if id_ == "neighbourhoods" else "layer"


def _said(key: str) -> dict[str, str]:
    return both(key).model_dump()
