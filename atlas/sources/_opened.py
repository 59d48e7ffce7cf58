"""Sources opened once in a build, when a stage first asks."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from atlas import sources
from atlas.config import Atlas
from atlas.errors import UnknownName

NO_PLACES = frozenset({"areas", "figures", "raster", "network"})  # kinds whose files hold no places


class Opened:
    """``opened(source_id)`` gives what a source holds; each file is read at most once."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._held: dict[str, Any] = {}

    def __call__(self, source_id: str) -> Any:
        """What the source holds."""
        if source_id not in self._held:
            try:
                source = self.atlas.source_of(source_id)
            except KeyError:
                known = [one.id for one in self.atlas.source]
                raise UnknownName.among(source_id, known, pt="Fonte", en="Source") from None
            self._held[source_id] = sources.load(source, self.atlas.folder)
        return self._held[source_id]

    def gives_records(self, source_id: str) -> bool:
        """Whether the source holds places."""
        kind = self.atlas.source_of(source_id).kind
        return kind not in NO_PLACES and isinstance(self(source_id), gpd.GeoDataFrame)
