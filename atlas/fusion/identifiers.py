"""What a record states about which thing it is: its Wikidata id, a register's number, its own page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from atlas.config import Atlas, Source

_OSM_OBJECT = r"^(?:node|way|relation)/\d+"
_STATED = re.compile(r'"(?:wikidata|ref:[^"]+|website|contact:website)":')
_PAGE = re.compile(r"^(?:https?://)?(?:www\.)?([^/?#\s]+\.[^/?#\s]+)/*([^?#\s]*?)/*$")


def own_key(source: Source) -> str | None:
    """The key under which others would state a record of this source, where its ids are known outside it.

    ``read.identifier`` names it (``wikidata``, ``ref:cns``); objects of OpenStreetMap go by their own ids.
    """
    named = source.read.get("identifier")
    if named:
        return str(named)
    if source.kind == "wikidata":
        return "wikidata"
    return "osm" if source.of_openstreetmap else None


def identifiers(rows: pd.DataFrame, atlas: Atlas) -> pd.DataFrame:
    """Every identifier of every record: ``row``, ``key``, ``value``, ``own`` (its own, or stated of another's).

    A page or a ``ref:*`` that several records of one source state (a chain's page, its VAT number) names none of them
    and is left out. Half of what stands after a ``;`` counts too.
    """
    parts = [*_own(rows, atlas), _stated(rows)]
    found = pd.concat(parts, ignore_index=True)
    if found.empty:
        return found
    source = rows["source_id"].to_numpy()[found["row"].to_numpy()]
    repeated = found.assign(source=source).duplicated(["source", "key", "value"], keep=False)
    names_one = found["own"] | (found["key"] == "wikidata") | ~repeated.to_numpy()
    return found[names_one].drop_duplicates(["row", "key", "value"], ignore_index=True)


def _own(rows: pd.DataFrame, atlas: Atlas) -> Iterator[pd.DataFrame]:
    yield pd.DataFrame({"row": np.array([], np.int64), "key": [], "value": [], "own": np.array([], bool)})
    for source in atlas.source:
        key = own_key(source)
        mine = rows.loc[(rows["source_id"] == source.id).to_numpy(), "record_id"] if key else None
        if key is None or mine is None or mine.empty:
            continue
        value = mine.str.extract(f"({_OSM_OBJECT})", expand=False) if key == "osm" else mine.str.split("/").str[0]
        value = value.dropna()
        yield pd.DataFrame({"row": value.index.to_numpy(), "key": key, "value": value.to_numpy(), "own": True})


def _stated(rows: pd.DataFrame) -> pd.DataFrame:
    stating = ((row, text) for row, text in enumerate(rows["tags"]) if isinstance(text, str) and _STATED.search(text))
    found = [(row, key, value) for row, text in stating for key, value in _of_tags(text)]
    return pd.DataFrame(found, columns=["row", "key", "value"]).astype({"row": np.int64}).assign(own=False)


def _of_tags(text: str) -> Iterator[tuple[str, str]]:
    for key, value in json.loads(text).items():
        if key == "wikidata" or key.startswith("ref:"):
            yield from ((key, one.strip()) for one in str(value).split(";") if one.strip())
        elif key in {"website", "contact:website"} and (page := _PAGE.match(str(value).strip().lower())):
            yield "website", "/".join(filter(None, page.groups()))


def own_entities(stated: pd.DataFrame, doubles: pd.DataFrame | None = None) -> dict[int, tuple[str, str]]:
    """What each record is by its own register's word; objects of OpenStreetMap are redrawn too often to count.

    Where a register holds one thing under two numbers (``doubles``: rows ``a``, ``b``), the smaller stands for both,
    in every edition of it.
    """
    own = stated[stated["own"] & (stated["key"] != "osm")]
    entity = dict(zip(own["row"].tolist(), zip(own["key"], own["value"], strict=True), strict=True))
    one: dict[tuple[str, str], tuple[str, str]] = {}
    for a, b in [] if doubles is None else zip(doubles["a"], doubles["b"], strict=True):
        if a in entity and b in entity and entity[a][0] == entity[b][0]:
            first, second = sorted((_last(entity[a], one), _last(entity[b], one)))
            if first != second:
                one[second] = first
    return {row: _last(own, one) for row, own in entity.items()} if one else entity


def _last(entity: tuple[str, str], one: dict[tuple[str, str], tuple[str, str]]) -> tuple[str, str]:
    while entity in one:
        entity = one[entity]
    return entity
