"""Titles and licences of sources in a language: the manifest holds them as declared, the atlas also knows the English.

A licence is recognised by its declared name; only what is shown is in a language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from atlas.config import Atlas

_TRANSLATED = ("title", "licence")


def bilingual(atlas: Atlas, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of a manifest's sources with ``title_en`` and ``licence_en``; empty where the atlas states none."""
    declared = next((one for one in atlas.source if one.id == recorded["id"]), None)
    english = {f"{key}_en": getattr(declared, f"{key}_en", "") for key in _TRANSLATED}
    return {**recorded, **english}


def in_language(source: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A bilingual entry with its title and its licence in ``pt`` or ``en``; one without a translation as it stands.

    >>> in_language({"title": "Carta", "title_en": "Map", "licence": "ODbL 1.0", "licence_en": ""}, "en")
    {'title': 'Map', 'licence': 'ODbL 1.0'}
    """
    hidden = {f"{key}_en" for key in _TRANSLATED}
    plain = {key: value for key, value in source.items() if key not in hidden}
    if lang == "en":
        plain |= {key: source[f"{key}_en"] for key in _TRANSLATED if source.get(f"{key}_en")}
    return plain


def sources_in(atlas: Atlas, recorded: Iterable[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """A manifest's sources, in their order, with title and licence in ``pt`` or ``en``."""
    return [in_language(bilingual(atlas, one), lang) for one in recorded]


def titles_in(atlas: Atlas, recorded: Iterable[Mapping[str, Any]], lang: str) -> dict[str, str]:
    """Id → title of a manifest's sources, in ``pt`` or ``en``."""
    return {one["id"]: str(one["title"]) for one in sources_in(atlas, recorded, lang)}
