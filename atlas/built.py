"""A built atlas, opened: configuration and store side by side; built first where it is missing or stale."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import pandas as pd

from atlas.atlasfile import EMBEDDED, find_atlas, load_atlas
from atlas.build import Progress, build, silent
from atlas.config import Atlas, Index
from atlas.errors import UnknownName
from atlas.fetched import atlas_home
from atlas.scores import values_of, wide
from atlas.scoring.index import Climbed, Scored, climbed, flatten, weigh
from atlas.source_words import bilingual
from atlas.sources._opened import Opened
from atlas.store import Store
from atlas.walking import Streets, streets_of

_SCORED_KEPT = 8
_KEPT = 64
_KEEPING = Lock()  # the app asks from many threads

T = TypeVar("T")


def _kept(shelf: OrderedDict[Any, T], key: Any, most: int, make: Callable[[], T]) -> T:
    """What the shelf holds for ``key``, made where it holds nothing; the ``most`` made last stay."""
    found = shelf.get(key)
    if found is None:
        found = make()
        with _KEEPING:
            shelf[key] = found
            while len(shelf) > most:
                shelf.popitem(last=False)
    return found


@dataclass(frozen=True)
class Built:
    """An atlas and its store."""

    atlas: Atlas
    store: Store

    @cached_property
    def units(self) -> pd.DataFrame:
        """Neighbourhoods by code."""
        table: pd.DataFrame = self.store.read("neighbourhoods").set_index("code", drop=False).rename_axis(None)
        return table

    @cached_property
    def parents(self) -> pd.DataFrame:
        """Parents by code."""
        table: pd.DataFrame = self.store.read("parents").set_index("code", drop=False).rename_axis(None)
        return table

    @property
    def store_tables(self) -> dict[str, pd.DataFrame]:
        """The tables that scoring reads."""
        return {
            name: self.store.read(name)
            for name in ("indicators", "evidence", "doubts", "places", "neighbourhoods", "parents")
        }

    def figures(self, level: str) -> pd.DataFrame:
        """Units × indicators of one level."""
        return wide(self.store.read("indicators"), level)

    @cached_property
    def places(self) -> pd.DataFrame:
        """Places by id."""
        table: pd.DataFrame = self.store.read("places").set_index("place_id")
        return table

    @cached_property
    def quarters(self) -> pd.Series:
        """Code of a unit or parent → names of the agglomerations with a member in it, the largest first, by ``|``."""
        table = self.store.read("agglomerations")
        rows = table.assign(code=table["neighbourhoods"].str.split("|")).explode("code")[["code", "name"]]
        above = rows.assign(code=rows["code"].map(self.units["parent"]))
        both = pd.concat([rows, above], ignore_index=True).dropna().drop_duplicates()
        names: pd.Series = both.groupby("code", sort=False)["name"].agg("|".join)
        return names

    @cached_property
    def evidence(self) -> dict[str, pd.DataFrame]:
        """Unit → the rows of evidence behind its figures."""
        table = self.store.read("evidence")
        return {str(code): part for code, part in table.groupby("code", sort=False, observed=True)}

    @cached_property
    def _inputs(self) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
        return {}

    def inputs(self, index: Index) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Figures and coverage that an index reads, made once: weights may move, they do not."""
        if index.id not in self._inputs:
            self._inputs[index.id] = values_of(self.store_tables, index)
        return self._inputs[index.id]

    @cached_property
    def _climbed(self) -> dict[str, Climbed]:
        return {}

    def climbed(self, index: Index) -> Climbed:
        """An index as far as no pillar's weight moves it, made once."""
        if index.id not in self._climbed:
            values, coverage = self.inputs(index)
            known = {indicator.code: indicator for indicator in self.atlas.indicator}
            self._climbed[index.id] = climbed(values, flatten(index), known, coverage)
        return self._climbed[index.id]

    @cached_property
    def _scored(self) -> OrderedDict[tuple[str, tuple[tuple[str, float], ...]], Scored]:
        return OrderedDict()

    def scored(self, index: Index, weights: Mapping[str, float] | None = None) -> Scored:
        """An index with these weights, the last few kept: ranking and explaining ask for the same one."""
        key = (index.id, tuple(sorted((weights or {}).items())))
        return _kept(
            self._scored, key, _SCORED_KEPT, lambda: weigh(self.climbed(index), index, flatten(index, weights))
        )

    @cached_property
    def _shelves(self) -> dict[str, OrderedDict[tuple[Any, ...], Any]]:
        return {}

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What ``make`` gives, made once for ``key``: others read it and nobody changes it.

        The first part of the key names a kind of thing; of each kind the last few stay.
        """
        made: T = _kept(self._shelves.setdefault(key[0], OrderedDict()), key, _KEPT, make)
        return made

    @cached_property
    def streets(self) -> Streets | None:
        """The walking network, read when somebody first asks."""
        return streets_of(self.atlas, Opened(self.atlas))

    @property
    def meta(self) -> dict[str, Any]:
        """What every answer carries: atlas, hashes, sources with licences, in English too where the atlas says so."""
        manifest = self.store.manifest
        keys = ("id", "title", "publisher", "licence", "date")
        return {
            "atlas": manifest["atlas"],
            "data_version": manifest["data_version"],
            "walking": manifest["walking"],
            "hashes": {"data": manifest["hashes"]["figures"], "method": manifest["hashes"]["method"]},
            "sources": [bilingual(self.atlas, {key: one[key] for key in keys}) for one in manifest["sources"]],
        }


def store_folder(name: str, folder: Path) -> Path:
    """Where an atlas is built unless told otherwise: ``$ATLAS_HOME/NAME`` if embedded, ``.atlas/`` inside its own."""
    return atlas_home() / name if name in EMBEDDED else folder / ".atlas"


def open_built(
    name: str = "norte",
    *,
    store: Path | None = None,
    force: bool = False,
    draws: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    cuts: bool = False,
    null: int = 0,
    progress: Progress = silent,
) -> Built:
    """The atlas ``name`` (an embedded one or a folder), built first where its store is missing or stale.

    A store of the same data and method but of other draws or another seed is current, unless these are asked for.
    """
    folder = find_atlas(name)
    atlas = load_atlas(folder)
    where = store or store_folder(name, folder)
    made = build(
        atlas, where, draws=draws, seed=seed, workers=workers, force=force, cuts=cuts, null=null, progress=progress
    )
    return Built(atlas, made)


def unit_code(built: Built, code: str) -> str:
    """``code`` if it is a neighbourhood or a parent; the error names the nearest."""
    if code in built.units.index or code in built.parents.index:
        return code
    known = [*built.units.index, *built.parents.index]
    raise UnknownName.among(code, known, pt="Código", en="Code")


def units_within(built: Built, within: str | None) -> pd.Index:
    """Codes of the neighbourhoods of an area: a parent's, or the one unit itself; all where none is asked for."""
    if within is None:
        return built.units.index
    unit_code(built, within)
    if within in built.units.index:
        return pd.Index([within])
    return built.units.index[built.units["parent"] == within]
