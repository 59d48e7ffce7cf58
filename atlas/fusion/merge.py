"""Groups of records become places: each attribute from one of them, the id from the oldest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.sources.decisions import SOURCE as DECISIONS

_ISO = re.compile(r"\d{4}(?!\d)")
MEMBER_COLUMNS = ["place_id", "source_id", "record_id", "p_match"]


def merge(kept: gpd.GeoDataFrame, atlas: Atlas) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """One row a group, and which records each is made of.

    Each attribute is taken from the first record that has it, in the order of the sources in ``atlas.toml``; the
    position from one that is not doubtful, an outline before a point. What a planner moved, or named, comes first.

    Parameters
    ----------
    kept
        Records with ``group``, ``p_match``, ``placed``, ``classes``, ``marks`` and ``moved``.
    """
    rank = {source.id: position for position, source in enumerate(atlas.source)}
    kept = kept.assign(
        source_rank=kept["source_id"].map(rank),
        doubtful=kept["marks"].fillna("").str.contains("position_doubtful", regex=False),
        flat=shapely.get_dimensions(kept.geometry.to_numpy()) != 2,
    )
    kept["place_id"] = kept["group"].map(_ids(kept, atlas))
    by_source = kept.sort_values(["place_id", "source_rank", "record_id"], kind="stable")
    position = kept[kept["placed"]].sort_values(
        ["place_id", "moved", "doubtful", "flat", "source_rank", "record_id"],
        ascending=[True, False, True, True, True, True],
        kind="stable",
    )
    position = position.drop_duplicates("place_id").set_index("place_id")
    order = {id_: at for at, id_ in enumerate(atlas.classes)}
    joined = by_source.groupby("place_id", sort=True)
    places = pd.DataFrame({
        "classes": _union(by_source, "classes", order.__getitem__),
        "marks": _union(by_source, "marks"),
        "sources": _union(by_source, "source_id", rank.__getitem__),
        "n_records": joined.size(),
        "p_match": joined["p_match"].min(),
    })  # fmt: skip
    places["name"] = _first(by_source, "name", places.index)
    places["class_"] = places["classes"].map({text: text.split("|")[0] for text in places["classes"].unique()})
    places["tags"] = _first(by_source, "tags", places.index)
    geometry = position["geometry"].reindex(places.index)
    result = gpd.GeoDataFrame(places.rename_axis("place_id").reset_index(), geometry=geometry.to_numpy(), crs=kept.crs)
    return result, by_source[MEMBER_COLUMNS].reset_index(drop=True)


def _ids(kept: pd.DataFrame, atlas: Atlas) -> dict[int, str]:
    """Id of each group, made from its oldest record (by its source's date, then by its id).

    A newer source changes none, nor one whose date is not known, nor the order of the sources. Twelve hexadecimal
    digits of a hash are short enough to write down and long enough for a million places.
    """
    date = {source.id: source.date if _ISO.match(source.date) else None for source in atlas.source}
    oldest = (
        kept.assign(source_date=_decided_on(kept).fillna(kept["source_id"].map(date)))
        .sort_values(["source_date", "source_id", "record_id"], kind="stable")
        .drop_duplicates("group")
    )
    keys = oldest["source_id"] + "\n" + oldest["record_id"]
    return dict(
        zip(oldest["group"], ("p" + hashlib.sha256(key.encode()).hexdigest()[:12] for key in keys), strict=True)
    )


def _decided_on(kept: pd.DataFrame) -> pd.Series:
    """The day on which a planner added a record; missing for all others."""
    added = (kept["source_id"] == DECISIONS).to_numpy()
    day = kept["tags"].where(added).astype("string").str.extract(r'"date":\s*"([^"]*)"', expand=False)
    return day.astype(object).where(day.notna(), None)


def _first(by_source: pd.DataFrame, column: str, places: pd.Index) -> pd.Series:
    """The first record's text that is there."""
    held = by_source[by_source[column].notna()].drop_duplicates("place_id").set_index("place_id")[column]
    found = held.reindex(places).astype(object)
    return found.where(found.notna(), None)


def _union(by_source: pd.DataFrame, column: str, key: Callable[[str], Any] | None = None) -> pd.Series:
    """All words of the places' ``|``-joined texts, once each; most places have one record, which is as it is."""
    text = by_source[column].astype(object).where(by_source[column].notna(), "")
    place = by_source["place_id"].to_numpy()
    many = by_source["place_id"].duplicated(keep=False).to_numpy()
    alone = pd.Series(text.to_numpy()[~many], index=place[~many], dtype=object)
    known: dict[str, str] = {}
    alone = alone.map(lambda one: known.setdefault(one, _joined([one], key)) if one not in known else known[one])
    several = pd.Series(
        {id_: _joined(texts, key) for id_, texts in _by_place(place[many], text.to_numpy()[many])}, dtype=object
    )
    return pd.concat([alone, several]).sort_index()


def _by_place(place: np.ndarray, texts: np.ndarray) -> Iterable[tuple[str, list[str]]]:
    gathered: dict[str, list[str]] = {}
    for id_, text in zip(place, texts, strict=True):
        gathered.setdefault(id_, []).append(text)
    return gathered.items()


def _joined(texts: list[str], key: Callable[[str], Any] | None) -> str:
    words = {word for text in texts for word in text.split("|") if word}
    return "|".join(sorted(words, key=key or str))


def with_mark(places: gpd.GeoDataFrame, ids: np.ndarray, mark: str) -> gpd.GeoDataFrame:
    """Places of which some carry one more mark."""
    marked = places["place_id"].isin(ids).to_numpy()
    marks = places["marks"].to_numpy(dtype=object).copy()
    marks[marked] = [_joined([text or "", mark], None) for text in marks[marked]]
    return places.assign(marks=marks)
