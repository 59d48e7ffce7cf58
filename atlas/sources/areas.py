"""Areas with a class (land cover, zones): a vector file whose outlines are measured, not counted as places."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from atlas.config import Source
from atlas.sources import listed, number_of
from atlas.sources.vector import read_as_told

READ = frozenset({"layer", "where", "crs", "name", "code", "kind", "lens"})


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """The areas as the file states them, in its own CRS; invalid outlines are repaired, what is no area is left out."""
    table = read_as_told(source, folder)
    notes = table.attrs["warnings"]
    shapes = table.geometry.to_numpy()
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if broken.any():
        shapes = shapes.copy()
        shapes[broken] = shapely.make_valid(shapes[broken])
        table = table.set_geometry(shapes, crs=table.crs)
        notes = [*notes, *listed(
            [str(row + 1) for row in np.flatnonzero(broken)],
            "# geometria reparada|# geometrias reparadas", "# geometry repaired|# geometries repaired",
        )]  # fmt: skip
    flat = shapely.get_dimensions(shapes) == 2
    flat &= ~shapely.is_empty(shapes)
    notes = [*notes, *number_of(
        int((~flat).sum()),
        "# linha sem área ficou de fora|# linhas sem área ficaram de fora",
        "# row without an area was left out|# rows without an area were left out",
    )]  # fmt: skip
    table = table if flat.all() else table[flat]
    table.attrs["warnings"] = notes
    return table
