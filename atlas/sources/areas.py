"""Areas with a class (land cover, zones): a vector file whose outlines are measured, not counted as places."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Source
from atlas.sources import number_of, repaired
from atlas.sources.vector import read_as_told

READ = frozenset({"layer", "where", "crs", "name", "code", "kind", "lens"})


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """The areas as the file states them, in its own CRS; invalid outlines are repaired, what is no area is left out."""
    table = read_as_told(source, folder)
    notes = table.attrs["warnings"]
    rows = pd.Series(np.arange(1, len(table) + 1).astype(str), table.index)
    shapes, repairs = repaired(table.geometry, rows)
    table = table.set_geometry(shapes)
    flat = shapely.get_dimensions(shapes.to_numpy()) == 2
    flat &= ~shapely.is_empty(shapes.to_numpy())
    notes = [*notes, *repairs, *number_of(
        int((~flat).sum()),
        "# linha sem área ficou de fora|# linhas sem área ficaram de fora",
        "# row without an area was left out|# rows without an area were left out",
    )]  # fmt: skip
    table = table if flat.all() else table[flat]
    table.attrs["warnings"] = notes
    return table
