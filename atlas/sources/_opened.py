"""Sources opened once in a build, when a stage first asks."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import geopandas as gpd

from atlas import sources
from atlas.config import Atlas, Source
from atlas.errors import UnknownName
from atlas.neighbourhoods import Units, load_units
from atlas.sources._by_name import Names, by_code

NO_PLACES = frozenset({"areas", "figures", "raster", "network"})  # kinds whose files hold no places


class Opened:
    """``opened(source_id)`` gives what a source holds; each file is read at most once."""

    def __init__(self, atlas: Atlas, units: Units | None = None) -> None:
        self.atlas = atlas
        self._units = units
        self._held: dict[str, Any] = {}

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
        """Figures that their table joins by name, joined by the code of the unit."""
        if source.kind != "figures" or "named" not in held.attrs:
            return held
        name, parent = held.attrs["named"]
        return by_code(held, self.names, name, parent, self.atlas.folder / source.file)

    @cached_property
    def names(self) -> Names:
        """The names of the atlas's units; read anew where the build did not give them."""
        units = self._units or load_units(self.atlas)
        return Names.of(units.neighbourhoods, units.parents)

    def gives_records(self, source_id: str) -> bool:
        """Whether the source holds places."""
        kind = self.atlas.source_of(source_id).kind
        return kind not in NO_PLACES and isinstance(self(source_id), gpd.GeoDataFrame)
