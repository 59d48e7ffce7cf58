"""Areas with a class (land cover, zones): a vector file whose outlines are measured, not counted as places."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from atlas.config import Source
from atlas.sources.vector import read_vector


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """The areas as the file states them, in its own CRS."""
    return read_vector(folder / source.file, layer=source.read.get("layer"), where=source.read.get("where"))
