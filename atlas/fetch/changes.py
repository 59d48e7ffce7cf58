"""What a fetch changed: records or figures that are new, gone or different."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from atlas import sources
from atlas.config import Atlas, Fetch, Source
from atlas.errors import AtlasError
from atlas.fetched import located

Fingerprints = dict[str, str]


@dataclass(frozen=True)
class Changes:
    """How many there are now, and how many of them are new, gone, different; nothing is known of a file of bytes."""

    records: int | None = None
    added: int | None = None
    removed: int | None = None
    changed: int | None = None


def source_of(atlas: Atlas, entry: Fetch) -> Source | None:
    """The source that reads what is fetched."""
    return next((one for one in atlas.source if one.file == entry.writes), None)


def contents(atlas: Atlas, source: Source | None) -> Fingerprints | None:
    """What a source holds now: the fingerprint of each record or row by its id; nothing where it cannot be read."""
    if source is None:
        return {}
    folder, file = located(atlas.folder, source.file)
    try:
        held = sources.load(source.model_copy(update={"file": file}), folder)
    except AtlasError:
        return {}
    return fingerprints(held)


def before(atlas: Atlas, entry: Fetch) -> Fingerprints:
    """What there was: the file as it was fetched last, else the sources that it replaces."""
    own = source_of(atlas, entry)
    if own is None:
        return {}
    held = contents(atlas, own)
    if held:
        return held
    replaced = [one for one in atlas.source if one.id in own.replaces]
    return {key: value for one in replaced for key, value in (contents(atlas, one) or {}).items()}


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
    """The difference of two states.

    >>> compare({"a": "1", "b": "2"}, {"b": "3", "c": "4"})
    Changes(records=2, added=1, removed=1, changed=1)
    """
    both = old.keys() & new.keys()
    return Changes(len(new), len(new.keys() - both), len(old.keys() - both), sum(old[one] != new[one] for one in both))


def fingerprints(held: Any) -> Fingerprints | None:
    """A hash of what each record or row says, by its id, an area by its hash; none of what is no table."""
    if not isinstance(held, pd.DataFrame):
        return None
    if held.empty:
        return {}
    shapes = held.geometry.to_wkb() if isinstance(held, gpd.GeoDataFrame) else [b""] * len(held)
    told = held[["name", "kind", "tags"]] if "source_id" in held else held.drop(columns="geometry", errors="ignore")
    texts = told.fillna("").astype(str).agg("|".join, axis=1) if len(told.columns) else [""] * len(held)
    hashes = [
        hashlib.sha256(text.encode() + (shape or b"")).hexdigest() for text, shape in zip(texts, shapes, strict=True)
    ]
    if "record_id" in held:
        ids = held["record_id"].astype(str).tolist()
    else:
        ids = hashes if isinstance(held, gpd.GeoDataFrame) else held.index.astype(str).tolist()
    return dict(zip(ids, hashes, strict=True))


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
