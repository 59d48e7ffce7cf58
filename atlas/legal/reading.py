"""What records and sources say of themselves: tags as text, official or not, which columns name a grade."""

from __future__ import annotations

import json

from atlas.config import Source


def text_tags(text: object) -> dict[str, str]:
    """Tags from their JSON text, every value as text; none where there is no text.

    >>> text_tags('{"data": "2019", "area_ha": 12.5, "fim": null}'), text_tags(None)
    ({'data': '2019', 'area_ha': '12.5'}, {})
    """
    if not isinstance(text, str):
        return {}
    return {key: str(value) for key, value in json.loads(text).items() if value is not None}


def is_official(source: Source | None, *, otherwise: bool) -> bool:
    """Whether a source's outlines are legal limits: as its `read.official` says, and never if of OpenStreetMap."""
    if source is None or source.of_openstreetmap:
        return False
    return bool(source.read.get("official", otherwise))


def naming_keys(source: Source) -> tuple[str, ...]:
    """Columns of a source that name a grade: its `read.grade`, one or several."""
    named = source.read.get("grade", ())
    return (named,) if isinstance(named, str) else tuple(str(one) for one in named)
