"""Areas with a class (land cover, zones): a vector file whose outlines are measured, not counted as places."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from atlas.config import Source
from atlas.sources.vector import read_as_told

READ = frozenset({"layer", "where", "crs", "name", "code", "kind", "lens"})


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """The areas as the file states them, in its own CRS."""
    return read_as_told(source, folder)
