"""All features of a service that hands them out page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from atlas.errors import FetchError
from atlas.fetch.faults import Refused
from atlas.fetch.job import Box

SMALLEST_DEGREES = 0.002
MOST_PAGES = 10_000


@dataclass(frozen=True)
class Page:
    """One page: its features, each with an id that is its own; how many there are in all, where it is said."""

    features: gpd.GeoDataFrame
    ids: tuple[str, ...]
    matched: int | None
    following: str | None
    """What to ask for next; nothing where this is the last page."""
    guessed: bool = False
    """Whether this is likely the last page, which the service does not say: the next may be refused, or be the same."""


class Repeats(Exception):
    """The service hands out a page that it has handed out already."""


def all_features(
    page: Callable[[Box, str | None], Page],
    boxes: Iterable[Box],
    where: str,
    progress: Callable[[float], None] = lambda _share: None,
) -> gpd.GeoDataFrame:
    """Every feature in the boxes, once, in WGS84: its attributes as text, its id as ``record_id``.

    A service that repeats a page, ignoring where it was asked to go on, or that stops before it has handed out as many
    as it said, is asked by quarters of the box instead, down to some 200 metres.

    Raises
    ------
    FetchError
        Even a small box cannot be had whole.
    """
    found: list[gpd.GeoDataFrame] = []
    waiting = list(boxes)
    while waiting:
        box = waiting.pop()
        try:
            found += _in_box(page, box, progress)
        except Repeats:
            west, south, east, north = box
            if max(east - west, north - south) < SMALLEST_DEGREES:
                raise FetchError(
                    "O serviço repete a mesma página e não entrega o resto. Peça menos tipos em `ask`, ou descarregue "
                    "o ficheiro à mão.",
                    "The service repeats one page and does not hand out the rest. Ask for fewer types in `ask`, or "
                    "download the file by hand.",
                    where=where,
                ) from None
            x, y = (west + east) / 2, (south + north) / 2
            waiting += [(west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north)]
    if not found:
        return gpd.GeoDataFrame({"record_id": []}, geometry=[], crs=4326)
    whole = gpd.GeoDataFrame(pd.concat(found), crs=found[0].crs)
    whole = whole[~whole.index.duplicated()].sort_index()
    return _as_text(whole.to_crs(4326)).assign(record_id=whole.index).reset_index(drop=True)


def _in_box(
    page: Callable[[Box, str | None], Page], box: Box, progress: Callable[[float], None]
) -> list[gpd.GeoDataFrame]:
    """Features of one box, page by page; their ids are the index."""
    found: list[gpd.GeoDataFrame] = []
    seen: set[str] = set()
    following: str | None = None
    guessed = False
    for number in range(MOST_PAGES):
        try:
            one = page(box, following)
        except Refused:
            if guessed:
                return found
            raise
        fresh = [row for row, id_ in enumerate(one.ids) if id_ not in seen]
        if one.ids and not fresh:
            if guessed or (one.matched is not None and len(seen) >= one.matched):
                return found
            raise Repeats
        if fresh:
            found.append(one.features.iloc[fresh].set_axis([one.ids[row] for row in fresh]))
            seen.update(one.ids)
        progress(min(len(seen) / one.matched, 1.0) if one.matched else 1 - 1 / (number + 2))
        following, guessed = one.following, one.guessed
        if following is None or not one.ids:
            if one.matched is not None and len(seen) < one.matched:
                raise Repeats
            return found
    raise FetchError(
        f"O serviço não acaba de entregar páginas (mais de {MOST_PAGES}). Verifique `address` e `ask`.",
        f"The service does not come to an end of its pages (more than {MOST_PAGES}). Check `address` and `ask`.",
    )


def ids_of(features: gpd.GeoDataFrame, column: str | None) -> tuple[str, ...]:
    """An id of each feature: its own, or a hash of all that it says."""
    if column is not None and column in features and features[column].notna().all():
        ids = features[column].astype(str)
        if ids.is_unique:
            return tuple(ids)
    texts = features.drop(columns=features.geometry.name).astype(str).agg("|".join, axis=1) if len(features) else []
    shapes = shapely.to_wkb(features.geometry.to_numpy())
    return tuple(
        hashlib.sha256(text.encode() + (shape or b"")).hexdigest() for text, shape in zip(texts, shapes, strict=True)
    )


def _as_text(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Attributes as text, so that pages of different types fit one table; what is missing stays so.

    Names that a GeoPackage takes for the same, or for its own (``fid``), get a line behind them.
    """
    taken = {"fid", "geom", "record_id"}
    names: dict[str, str] = {}
    for column in features.columns.drop(features.geometry.name):
        name = str(column)
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[column] = name
    out = features.rename(columns=names)
    for column in out.columns:
        if column != out.geometry.name:
            held = out[column]
            text = held.astype(str)
            out[column] = text.where(held.notna(), None)
    return out
