"""A fault as the page says it."""

from __future__ import annotations

from typing import Any

from atlas.app.dom import h, prose
from atlas.app.session import wanted_language
from atlas.app.view import view
from atlas.errors import AtlasError
from atlas.language import Translator


def say(fault: AtlasError) -> None:
    """The fault as text: it may name what stands in a file, and must not be read as Markdown."""
    lang = wanted_language()
    page: dict[str, Any] = {"lang": "pt-PT" if lang == "pt" else "en-GB", "title": "Atlas", "tints": {}}
    words = [h("p", fault.text(lang), class_="fault", role="alert"), h("p", *prose(Translator(lang)("app.fault")))]
    view("fault", [h("section", *words)], page=page)
