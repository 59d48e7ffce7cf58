"""Rasters (GeoTIFF, COG, VRT): opened when a measure reads them, checked here."""

from __future__ import annotations

from pathlib import Path

import rasterio
from rasterio.errors import RasterioIOError

from atlas.config import Source
from atlas.errors import SourceError


def load(source: Source, folder: Path) -> Path:
    """The path of a raster that opens, states its CRS and is not rotated."""
    path = folder / source.file
    try:
        with rasterio.open(path) as raster:
            crs, transform = raster.crs, raster.transform
    except RasterioIOError as fault:
        raise SourceError(
            f"O raster não se lê ({fault}). Guarde-o de novo em GeoTIFF.",
            f"The raster cannot be read ({fault}). Save it again as GeoTIFF.",
            where=str(path),
        ) from fault
    if crs is None:
        raise SourceError(
            "O raster não declara o sistema de coordenadas. Guarde-o com ele (gdal_edit -a_srs).",
            "The raster states no CRS. Save it with one (gdal_edit -a_srs).",
            where=str(path),
        )
    if transform.b or transform.d:
        raise SourceError(
            "O raster está rodado. Reprojete-o (gdalwarp).",
            "The raster is rotated. Warp it (gdalwarp).",
            where=str(path),
        )
    return path
