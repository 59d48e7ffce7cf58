"""PMTiles: vector tiles of a layer in one file, for web maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.errors import OutputError
from atlas.exports import Format
from atlas.exports.geometry import in_wgs84
from atlas.exports.ogr import cut_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pyarrow as pa

    from atlas.build import Progress
    from atlas.exports.exportable import Exportable

_TEXT_BYTES = 254
_REGION_M = 50_000
_REGION_FROM, _CITY_FROM = 5, 9
_REGION_ZOOM, _CITY_ZOOM = 12, 14
_BATCHES = 25
_TAKING = 0.45
"""The share of the time in which GDAL takes the rows; then it joins the tiles, and says nothing."""


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write the tiles; a region goes down to zoom 12 (2.4 m a step), a city to zoom 14 (0.6 m)."""
    import pyogrio

    if not layer.frame.geometry.notna().any():
        raise OutputError(
            "A camada está vazia, e mosaicos (PMTiles) não podem guardar uma camada vazia. Escolha outro formato.",
            "The layer is empty, and tiles (PMTiles) cannot hold an empty layer. Choose another format.",
            where=str(target),
        )
    # tiles are cut from degrees: a shape across ±180° must be split, or it would be drawn around the globe
    small = layer.frame.set_geometry(in_wgs84(layer.frame)[0], crs=4326)
    for one in layer.fields:
        if one.type == "text":
            small[one.name] = cut_to_bytes(small[one.name], _TEXT_BYTES)
    west, south, east, north = layer.frame.total_bounds
    region = max(east - west, north - south) > _REGION_M
    pyogrio.write_arrow(
        _told(small, progress), str(path), driver="PMTiles", layer=layer.id, geometry_name="geometry",
        geometry_type="Unknown", crs="EPSG:4326", NAME=layer.title.in_(lang), DESCRIPTION=layer.attribution(lang),
        MINZOOM=str(_REGION_FROM if region else _CITY_FROM), MAXZOOM=str(_REGION_ZOOM if region else _CITY_ZOOM),
        MAX_SIZE="5000000", MAX_FEATURES="1000000",
    )  # fmt: skip


def _told(frame: gpd.GeoDataFrame, progress: Progress | None) -> pa.RecordBatchReader:
    """The rows in some batches, as Arrow holds them; says meanwhile how far they were taken."""
    import pyarrow as pa

    table = pa.table(frame.to_arrow(index=False, geometry_encoding="WKB"))

    def batches() -> Iterator[pa.RecordBatch]:
        done = 0
        for one in table.to_batches(max_chunksize=max(1, table.num_rows // _BATCHES)):
            yield one
            done += one.num_rows
            if progress is not None:
                progress(_TAKING * done / table.num_rows, "export")

    return pa.RecordBatchReader.from_batches(table.schema, batches())


FORMAT = Format(
    suffix=".pmtiles",
    media_type="application/vnd.pmtiles",
    label=Text(pt="PMTiles (mapas na web)", en="PMTiles (web maps)"),
    write=write,
    limits=Text(
        pt="Para ver, não para medir: contornos arredondados à grelha dos mosaicos e partidos nas suas margens. Texto "
        "com mais de 254 bytes é cortado.",
        en="For viewing, not for measuring: outlines are rounded to the grid of the tiles and broken at their edges. "
        "Text longer than 254 bytes is cut.",
    ),
)
