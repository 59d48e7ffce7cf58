"""PMTiles: vector tiles of a layer in one file, for web maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.errors import OutputError
from atlas.exports import Format
from atlas.exports.geometry import in_wgs84
from atlas.exports.ogr import cut_to_bytes, write_ogr

if TYPE_CHECKING:
    from atlas.exports.exportable import Exportable

_TEXT_BYTES = 254
_REGION_M = 50_000
_REGION_FROM, _CITY_FROM = 5, 9
_REGION_ZOOM, _CITY_ZOOM = 12, 14


def write(layer: Exportable, path: Path, lang: str, target: Path) -> None:
    """Write the tiles; a region goes down to zoom 12 (2.4 m a step), a city to zoom 14 (0.6 m)."""
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
    write_ogr(
        small, path, "PMTiles", layer.id, NAME=layer.title.in_(lang), DESCRIPTION=layer.attribution(lang),
        MINZOOM=str(_REGION_FROM if region else _CITY_FROM), MAXZOOM=str(_REGION_ZOOM if region else _CITY_ZOOM),
        MAX_SIZE="5000000", MAX_FEATURES="1000000",
    )  # fmt: skip


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
