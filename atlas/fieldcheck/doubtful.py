"""Which places of an area are in doubt, and why, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built, unit_code
from atlas.exports.exportable import newest_day
from atlas.fusion.completeness import VERIFIED
from atlas.language import Translator
from atlas.source_words import titles_in

REASONS = (
    "closed", "dropped", "disputed", "match", "class", "position", "unconfirmed", "old", "single",
)  # fmt: skip
"""From the doubt that matters most for a figure to the one that nearly every place carries."""
OLD_YEARS = 3
SURE_MATCH = 0.9
WALKED_ROLES = frozenset({"venue", "everyday", "heritage", "stock"})
"""Roles of layers whose places one can go and look at: a stop, a short let and a legal zone are none."""
_POSITION = "position_doubtful|position_shared|municipality_derived|position_jittered"
_CLOSED_TAG = r'"(?:disused|abandoned|was|closed|removed)(?::[^"]*)?": "(?!no")|"end_date": "|"opening_hours": "closed'
_CLOSED_NAME = r"(?i)\b(?:antig[oa]s?|extint[oa]s?|encerrad[oa]s?|desativad[oa]s?|former|closed)\b"


def area_places(built: Built, code: str) -> gpd.GeoDataFrame:
    """Places of a neighbourhood or a parent that one can walk to, by id; raises :class:`UnknownName`."""
    code = unit_code(built, code)
    places = built.places
    column = "neighbourhood" if code in built.units.index else "parent"
    walked = [layer.id for layer in built.atlas.layers if layer.layer.role in WALKED_ROLES]
    return places[(places[column] == code) & places["layer"].isin(walked)]


def doubtful(built: Built, code: str, t: Translator) -> gpd.GeoDataFrame:
    """Places of an area that nobody has verified, the most doubtful first.

    Returns
    -------
    Rows of ``places`` by id with ``doubts`` (words of :data:`REASONS`), ``priority`` (1 look here first, 2, 3 only
    known from one source), ``reasons`` (sentences), ``source_date``, ``dispute`` (id of the other place, or None).
    Empty where there is nothing to verify.

    """
    places = area_places(built, code)
    seen = places["marks"].fillna("").str.split("|").map(lambda marks: not set(VERIFIED).isdisjoint(marks))
    places = places[~seen.astype(bool)].copy()
    places["source_date"] = _dates(built, places)
    places["dispute"] = places.index.map(_disputes(built))
    flags = _flags(built, places)
    places["doubts"] = [
        tuple(name for name, held in zip(REASONS, row, strict=True) if held) for row in flags.to_numpy()
    ]
    places = places[flags.any(axis=1).to_numpy()]
    places["priority"] = places["doubts"].map(_priority)
    titles = titles_in(built.atlas, built.store.manifest["sources"], t.lang)
    places["reasons"] = [" ".join(_said(built, row, titles, t)) for row in places.itertuples()]
    names = places["name"].fillna("").str.casefold()
    order = np.lexsort((places.index.to_numpy().astype(str), names.to_numpy().astype(str), places["priority"]))
    return places.iloc[order]


def _priority(doubts: tuple[str, ...]) -> int:
    """1 for what would change a figure now, 3 for what one source alone says or said long ago, else 2.

    >>> _priority(("closed", "single")), _priority(("class", "single")), _priority(("old", "single"))
    (1, 2, 3)
    """
    if {"closed", "dropped", "disputed"} & set(doubts):
        return 1
    return 3 if set(doubts) <= {"old", "single"} else 2


def _flags(built: Built, places: gpd.GeoDataFrame) -> pd.DataFrame:
    """One column a reason: whether a place has that doubt."""
    marks = places["marks"].fillna("")
    in_use = {layer.id: layer.layer.role in {"venue", "everyday"} for layer in built.atlas.layers}
    used = places["layer"].map(in_use).astype(bool)
    tags, names = places["tags"].astype("string").fillna(""), places["name"].astype("string").fillna("")
    newest = newest_day(str(one["date"] or "") for one in built.store.manifest["sources"])
    long_ago = newest - dt.timedelta(days=round(365.25 * OLD_YEARS))
    compared = {source.id for source in built.atlas.source if source.fuse}
    alone = places["sources"].isin(compared)  # a source that is never compared is always alone
    table = {
        "closed": used & (tags.str.contains(_CLOSED_TAG) | names.str.contains(_CLOSED_NAME)).astype(bool),
        "dropped": _dropped(built, places),
        "disputed": places["dispute"].notna(),
        "match": (places["p_match"] < SURE_MATCH) & (places["n_records"] > 1),
        "class": marks.str.contains("class_guessed", regex=False),
        "position": marks.str.contains(_POSITION),
        "unconfirmed": marks.str.contains("unconfirmed", regex=False),
        "old": [day <= long_ago for day in places["source_date"]],
        "single": alone & (places["n_records"] == 1),
    }
    return pd.DataFrame(table, index=places.index).reindex(columns=list(REASONS)).astype(bool)


def _dates(built: Built, places: gpd.GeoDataFrame) -> list[dt.date]:
    """The day of the newest source behind each place."""
    date_of = {one["id"]: str(one["date"] or "") for one in built.store.manifest["sources"]}
    days = {text: newest_day(date_of.get(one, "") for one in text.split("|")) for text in places["sources"].unique()}
    return [days[text] for text in places["sources"]]


def _dropped(built: Built, places: gpd.GeoDataFrame) -> pd.Series:
    """Whether nothing holds a place but older editions of a list, whose newest edition leaves it out."""
    editions: dict[str, list[tuple[str, str]]] = {}
    for source in built.atlas.source:
        if source.read.get("identifier"):
            editions.setdefault(str(source.read["identifier"]), []).append((source.date, source.id))
    dropped = pd.Series(False, index=places.index)
    for several in editions.values():
        older = {id_ for _, id_ in several} - {max(several)[1]}
        dropped |= places["sources"].str.split("|").map(older.issuperset).astype(bool)
    return dropped


def _disputes(built: Built) -> dict[str, str]:
    """Place → another place that it may be, as the build left them in dispute."""
    if "disputes" not in built.store.tables():
        return {}
    pairs = built.store.read("disputes")
    there = pairs["place_id"].isin(built.places.index) & pairs["other_place_id"].isin(built.places.index)
    both = pairs[there].sort_values("p", ascending=False, kind="stable")
    found: dict[str, str] = {}
    for one, other in both[["place_id", "other_place_id"]].itertuples(index=False):
        found.setdefault(one, other)
        found.setdefault(other, one)
    return found


def _said(built: Built, row: Any, titles: Mapping[str, str], t: Translator) -> Iterator[str]:
    """One sentence a doubt; ``titles`` are the sources' by id."""
    ids = str(row.sources).split("|")
    named = "; ".join(titles.get(one, one) for one in ids)
    hidden = {"old", "single"} if "dropped" in row.doubts else set()  # said by it
    for doubt in (one for one in row.doubts if one not in hidden):
        values: dict[str, object] = {}
        if doubt in {"single", "dropped"}:
            values["source"] = named
        elif doubt == "old":
            values["date"] = t.date(row.source_date)
        elif doubt == "match":
            values["p"] = t.percent(row.p_match)
        elif doubt == "disputed":
            other = built.places.loc[row.dispute]
            apart = shapely.distance(row.geometry, other.geometry)
            name = other["name"] if isinstance(other["name"], str) else t("field.nameless")
            values |= {"name": name, "metres": t.number(round(apart))}
        yield t(f"field.reason.{doubt}", **values)
