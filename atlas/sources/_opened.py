"""Sources opened once in a build, when a stage first asks."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import geopandas as gpd
import pandas as pd

from atlas import sources
from atlas.config import Atlas, Source
from atlas.crosswalk import carried, crosswalk, summed
from atlas.errors import ConfigError, SourceError, UnknownName
from atlas.language import percent
from atlas.neighbourhoods import Units, load_units
from atlas.sources import number_of
from atlas.sources._by_name import Names, by_code
from atlas.sources.blocks import UNIT, WEIGHT
from atlas.sources.figures import in_numbers

NAMED_BY = {"across": "blocks", "sums_of": "areas"}  # keys of `read` of figures, and the kind that they name
NO_PLACES = frozenset({"areas", "blocks", "figures", "raster", "network"})  # kinds whose files hold no places


class Opened:
    """``opened(source_id)`` gives what a source holds; each file is read at most once."""

    def __init__(self, atlas: Atlas, units: Units | None = None) -> None:
        self.atlas = atlas
        self._units = units
        self._held: dict[str, Any] = {}
        self.crosswalks: dict[str, pd.DataFrame] = {}

    def __call__(self, source_id: str) -> Any:
        """What the source holds."""
        if source_id not in self._held:
            try:
                source = self.atlas.source_of(source_id)
            except KeyError:
                known = [one.id for one in self.atlas.source]
                raise UnknownName.among(source_id, known, pt="Fonte", en="Source") from None
            self._held[source_id] = self._by_code(sources.load(source, self.atlas.folder), source)
        return self._held[source_id]

    def _by_code(self, held: Any, source: Source) -> Any:
        """Figures by the codes of the atlas's units: summed from blocks, joined by name, carried from older units."""
        if source.kind == "blocks":
            counts = [one for one in held.columns if one not in {UNIT, WEIGHT, held.geometry.name}]
            figures = summed(held, self.units.neighbourhoods, counts, WEIGHT)
            self.crosswalks[source.id] = crosswalk(held, self.units.neighbourhoods, unit=UNIT, weight=WEIGHT)
            figures.attrs["warnings"] = [*held.attrs["warnings"], *_across(self.crosswalks[source.id])]
            return figures
        if source.kind != "figures":
            return held
        for key, kind in NAMED_BY.items():
            if key in source.read:
                self._must_be(str(source.read[key]), kind, where=f"{source.id}.read.{key}")
        if "named" in held.attrs:
            name, parent = held.attrs["named"]
            held = by_code(held, self.names, name, parent, self.atlas.folder / source.file)
        if "across" in source.read:
            blocks = str(source.read["across"])
            self(blocks)
            attrs, path, walk = held.attrs, self.atlas.folder / source.file, self.crosswalks[blocks]
            if not held.index.isin(walk["code_from"]).any():
                raise SourceError(
                    f"Nenhum código da tabela existe nas subsecções de «{blocks}». Verifique `read.code` (e os zeros à "
                    "esquerda), ou a coluna `unit` das subsecções.",
                    f"No code of the table exists in the blocks of “{blocks}”. Check `read.code` (and leading zeros), "
                    "or the column `unit` of the blocks.",
                    where=str(path),
                )
            held = carried(in_numbers(held, path), walk, rates=source.read.get("rates", ()))
            held.attrs = attrs
        return held

    def _must_be(self, named: str, kind: str, *, where: str) -> None:
        """What a source refers to is of the right kind: neither itself, nor one that refers back to it."""
        known = {one.id: one.kind for one in self.atlas.source}
        if named not in known:
            raise UnknownName.among(named, known, pt="Fonte", en="Source", where=where)
        if known[named] != kind:
            raise ConfigError(
                f"A fonte «{named}» é do tipo `{known[named]}`, e aqui só pode estar uma do tipo `{kind}`. "
                "Indique essa, ou apague a chave.",
                f"The source “{named}” is of kind `{known[named]}`, and only one of kind `{kind}` may stand here. "
                "Name that one, or delete the key.",
                where=where,
            )

    @cached_property
    def units(self) -> Units:
        """The atlas's units; read anew where the build did not give them."""
        return self._units or load_units(self.atlas)

    @cached_property
    def names(self) -> Names:
        """The names of the atlas's units."""
        return Names.of(self.units.neighbourhoods, self.units.parents)

    def gives_records(self, source_id: str) -> bool:
        """Whether the source holds places."""
        kind = self.atlas.source_of(source_id).kind
        return kind not in NO_PLACES and isinstance(self(source_id), gpd.GeoDataFrame)


def _across(walk: pd.DataFrame) -> list[tuple[str, str]]:
    """What is in doubt of a crosswalk: old units of more than one part, and how far a share may be off."""
    parts = walk[walk.duplicated("code_from", keep=False)]
    if not len(parts):
        return []
    off = float((parts["share_high"] - parts["share_low"]).max())
    return [
        (
            f"{pt} em mais de uma unidade do atlas; por subsecções na fronteira, uma parte pode falhar até "
            f"{percent('pt', off, 1)} da unidade",
            f"{en} in more than one unit of the atlas; for blocks across a border a part may be off by up to "
            f"{percent('en', off, 1)} of the unit",
        )
        for pt, en in number_of(
            parts["code_from"].nunique(),
            "# unidade do recenseamento fica|# unidades do recenseamento ficam",
            "# unit of the census lies|# units of the census lie",
        )
    ]
