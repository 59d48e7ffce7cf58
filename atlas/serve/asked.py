"""What a request may ask, checked before pygeoapi answers, where the standard wants more than pygeoapi looks at.

A query parameter that an operation does not know is an error (OGC API - Features, requirement 8), as is a value that
is none of its kind (requirement 9): a misspelt filter must not look like an answer.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection, Mapping

_ALWAYS = {"f", "lang"}
_KNOWN: Mapping[str, set[str]] = {
    "get_collection_items": {
        "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-crs", "filter-lang", "limit", "offset", "properties",
        "q", "resulttype", "skipGeometry", "sortby",
    },
    "get_collection_item": {"crs"},
    "describe_collections": {"limit", "offset"},
}  # fmt: skip
_ITEMS = ("get_collection_items", "get_collection_item")
_OPEN = ("", "..")
_TRUTHS = ("true", "false")
GEOJSON, JSON_SCHEMA = "application/geo+json", "application/schema+json"


def fault_of(operation: str, asked: Mapping[str, str], fields: Mapping[str, Mapping[str, str]]) -> str | None:
    """What is wrong with the query of a request, or None; ``fields`` are the columns that items are asked by."""
    known = _ALWAYS | _KNOWN.get(operation, set())
    if operation == "get_collection_items":
        known |= set(fields)
    unknown = sorted(set(asked) - known)
    if unknown:
        return f"unknown parameter: {', '.join(unknown)}; known are {', '.join(sorted(known))}"
    return _wrong_value(asked, fields) if operation == "get_collection_items" else None


def _wrong_value(asked: Mapping[str, str], fields: Mapping[str, Mapping[str, str]]) -> str | None:
    if not is_time(asked.get("datetime", "..")):
        return "datetime must be a day, an instant (RFC 3339), or an interval of two of them, open ends as .."
    if not all(map(_is_number, asked.get("bbox", "0").split(","))):
        return "bbox must be four or six numbers"
    if asked.get("skipGeometry", "true").lower() not in _TRUTHS:
        return "skipGeometry must be true or false"
    for name in fields.keys() & asked.keys():
        type_ = fields[name]["type"]
        if type_ in {"integer", "number"} and not _is_number(asked[name]):
            return f"{name} must be a number"
        if type_ == "boolean" and asked[name].lower() not in _TRUTHS:
            return f"{name} must be true or false"
    return None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def is_time(text: str) -> bool:
    """Whether ``text`` is an instant or an interval as the standard writes it.

    >>> [is_time(one) for one in ("2026-11-24", "2026-11-24T10:00:00Z/..", "yesterday", "2027-01-01/2026-01-01")]
    [True, True, False, False]
    """
    ends = text.split("/")
    if len(ends) > 2:
        return False
    days = []
    for end in ends:
        if end in _OPEN:
            continue
        if not re.match(r"\d{4}-\d{2}-\d{2}(T|$)", end):
            return False
        try:
            instant = dt.datetime.fromisoformat(end)
        except ValueError:
            return False
        days.append(instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC))
    return days == sorted(days)


def media_type(operation: str, given: str) -> str:
    """The media type of an answer as the standard names it: pygeoapi calls all JSON ``application/json``.

    >>> media_type("get_collection_items", "application/json; charset=utf-8")
    'application/geo+json'
    """
    if given.split(";")[0].strip() != "application/json":
        return given
    if operation in _ITEMS:
        return GEOJSON
    schemas: Collection[str] = ("get_collection_schema", "get_collection_queryables")
    return JSON_SCHEMA if operation in schemas else given
