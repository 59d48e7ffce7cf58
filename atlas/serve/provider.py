"""What pygeoapi asks of data, answered from the collections in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from pygeoapi.provider.base import BaseProvider, ProviderInvalidQueryError, ProviderItemNotFoundError
from pygeoapi.util import crs_transform

from atlas.serve.live import Held, Live

LIVE: dict[str, Live] = {}
"""Name of a served atlas → its collections: pygeoapi makes a provider anew for every request."""


class StoreProvider(BaseProvider):  # type: ignore[misc]  # pygeoapi states no types
    """One collection; ``data`` is the name in :data:`LIVE`, ``layer`` the id of the collection."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self.live = LIVE[definition["data"]]
        self.layer = definition["layer"]
        self._fields = self.live.fields(self.layer)

    def get_fields(self) -> dict[str, dict[str, str]]:
        """Name → JSON Schema type."""
        return self._fields

    @crs_transform  # type: ignore[untyped-decorator]  # pygeoapi's
    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        resulttype: str = "results",
        bbox: Sequence[float] = (),
        datetime_: str | None = None,  # noqa: ARG002  (no feature has a time: all of them match)
        properties: Sequence[tuple[str, str]] = (),
        sortby: Sequence[dict[str, str]] = (),
        select_properties: Sequence[str] = (),
        skip_geometry: bool = False,
        q: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """A page of the features that a request asks for, and how many there are in all."""
        if more.get("filterq") is not None:
            raise ProviderInvalidQueryError(user_msg="CQL filters are not supported: use the fields as parameters")
        held = self.live.held(self.layer)
        rows = _found(held, bbox, properties, q)
        for one in reversed(list(sortby)):
            rows = _sorted(held, rows, one["property"], descending=one["order"] == "-")
        page = [] if resulttype == "hits" else rows[offset : offset + limit]
        names = list(select_properties) or list(held.fields)
        return {
            "type": "FeatureCollection",
            "features": [_feature(held, row, names, shaped=not skip_geometry) for row in page],
            "numberMatched": len(rows),
            "numberReturned": len(page),
        }

    @crs_transform  # type: ignore[untyped-decorator]  # pygeoapi's
    def get(self, identifier: str, **more: Any) -> dict[str, Any]:  # noqa: ARG002  (pygeoapi asks so)
        """One feature."""
        held = self.live.held(self.layer)
        if identifier not in held.row_of:
            raise ProviderItemNotFoundError(f"item {identifier} not found")
        return _feature(held, held.row_of[identifier], list(held.fields), shaped=True)


def _feature(held: Held, row: int, names: Sequence[str], *, shaped: bool) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": held.columns[held.key][row],
        "properties": {name: held.columns[name][row] for name in names},
        "geometry": held.shapes[row] if shaped else None,
    }


def _found(held: Held, bbox: Sequence[float], properties: Sequence[tuple[str, str]], q: str | None) -> list[int]:
    """Rows that lie in a box, have the values asked for and hold all words."""
    rows = list(range(len(held.shapes)))
    if len(bbox):
        west, south, east, north = (float(one) for one in (bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]))
        east = east if west <= east else east + 360
        # a box may lie across ±180° or, as programs draw on a plane, beyond it
        boxes = [shapely.box(west + turn, south, east + turn, north) for turn in (-360, 0, 360)]
        rows = np.unique(held.tree.query(boxes, predicate="intersects")[1]).tolist()
    for name, wanted in properties:
        column, type_ = held.columns[name], held.fields[name]["type"]
        rows = [row for row in rows if _is(column[row], wanted, type_)]
    words = (q or "").casefold().split()
    return [row for row in rows if all(word in held.said[row] for word in words)]


def _is(value: Any, wanted: str, type_: str) -> bool:
    """Whether a value is the one that a parameter writes as text of its type; what is missing is never it."""
    if value is None:
        return False
    if type_ in {"integer", "number"}:
        return bool(value == float(wanted))
    return str(value).lower() == wanted.lower() if type_ == "boolean" else str(value) == wanted


def _sorted(held: Held, rows: list[int], name: str, *, descending: bool) -> list[int]:
    """Rows in the order of a column, what is missing last."""
    column = held.columns[name]
    there = [row for row in rows if column[row] is not None]
    there.sort(key=lambda row: column[row], reverse=descending)
    return there + [row for row in rows if column[row] is None]
