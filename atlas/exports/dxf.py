"""DXF (R12) for CAD: outlines in the metric CRS on named layers, with the identifier as text and as extended data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from atlas.config import Text
from atlas.exports import Format

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable

_COLOURS = (2, 3, 4, 5, 6, 1, 30)
"""AutoCAD's colour numbers, one a class."""
_GREY = 8
_NAME_LENGTH = 31
_TEXT_LENGTH = 250
_POINT_TEXT_M = 10.0


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write every ring as a closed polyline, every point as a point, and the identifiers on a layer of labels."""
    body: list[str] = []
    layers: dict[str, int] = {}
    for one in (layer, layer.outlines):
        if one is not None:
            body += _entities(one, layers)
    with path.open("w", encoding="ascii", newline="\r\n") as file:
        file.writelines(_head(layer, layers))
        file.write("0\nSECTION\n2\nENTITIES\n")
        file.writelines(body)
        file.write("0\nENDSEC\n0\nEOF\n")


def _entities(layer: Exportable, layers: dict[str, int]) -> Iterator[str]:
    labels = _layer_name(layer.id, "labels")
    layers[labels] = 7
    values = layer.values(layer.style.field) if layer.style.rules else [None] * len(layer.frame)
    shapes = shapely.force_2d(np.asarray(layer.frame.geometry.array, dtype=object))
    height = _text_height(shapes)
    for key, value, shape in zip(layer.values(layer.key), values, shapes, strict=True):
        if shape is None or shape.is_empty:
            continue
        name, colour = _layer_of(layer, value)
        layers.setdefault(name, colour)
        yield from _drawn(shape, name, key)
        spot = shapely.point_on_surface(shape)
        yield (
            f"0\nTEXT\n8\n{labels}\n10\n{spot.x:.3f}\n20\n{spot.y:.3f}\n30\n0.0\n40\n{height:.1f}\n"
            f"1\n{ascii_text(key)}\n"
        )


def _layer_of(layer: Exportable, value: object) -> tuple[str, int]:
    """Layer and colour number by the class that the style gives a row."""
    if not layer.style.rules:
        return _layer_name(layer.id), 5
    rule = layer.style.rule_of(value)
    if rule is None:
        return _layer_name(layer.id, "none"), _GREY
    word = layer.style.rules[rule].equals or str(rule + 1)
    return _layer_name(layer.id, word), _COLOURS[rule % len(_COLOURS)]


def _layer_name(*words: str) -> str:
    """A name that R12 takes: capitals, digits and underscores.

    >>> _layer_name("museums", "São João")
    'MUSEUMS_SAO_JOAO'
    """
    bare = unicodedata.normalize("NFKD", "_".join(words)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9_]+", "_", bare.upper())[:_NAME_LENGTH]


def ascii_text(text: str) -> str:
    r"""One line of ASCII; what lies beyond is written as CAD programs read it.

    >>> print(ascii_text("Sé\nNova"))
    S\U+00E9 Nova
    """
    line = " ".join(text.split())[:_TEXT_LENGTH]
    return "".join(sign if " " <= sign <= "~" else "".join(f"\\U+{unit:04X}" for unit in _units(sign)) for sign in line)


def _units(sign: str) -> list[int]:
    raw = sign.encode("utf-16-be")
    return [int.from_bytes(raw[start : start + 2], "big") for start in range(0, len(raw), 2)]


def _text_height(shapes: np.ndarray[tuple[int], np.dtype[np.object_]]) -> float:
    """A twentieth of a typical outline's width; ten metres for points."""
    areas = shapely.area(shapes)
    areas = areas[areas > 0]
    return float(np.sqrt(np.median(areas)) / 20) if areas.size else _POINT_TEXT_M


def _drawn(shape: shapely.Geometry, name: str, key: str) -> Iterator[str]:
    mark = f"1001\nATLAS\n1000\n{ascii_text(key)}\n"
    for part in shapely.get_parts(shape).tolist():
        if part.geom_type == "Point":
            yield f"0\nPOINT\n8\n{name}\n10\n{part.x:.3f}\n20\n{part.y:.3f}\n30\n0.0\n{mark}"
            continue
        closed = part.geom_type == "Polygon"
        for ring in shapely.get_rings(part).tolist() if closed else [part]:
            coordinates = shapely.get_coordinates(ring)[: -1 if closed else None]
            yield f"0\nPOLYLINE\n8\n{name}\n66\n1\n70\n{int(closed)}\n10\n0.0\n20\n0.0\n30\n0.0\n{mark}"
            yield "".join(f"0\nVERTEX\n8\n{name}\n10\n{x:.3f}\n20\n{y:.3f}\n30\n0.0\n" for x, y in coordinates)
            yield f"0\nSEQEND\n8\n{name}\n"


def _head(layer: Exportable, layers: dict[str, int]) -> Iterator[str]:
    """What was written, where it lies, and the layers' table."""
    west, south, east, north = layer.frame.total_bounds
    about = " | ".join((layer.title.pt, layer.attribution("pt"), layer.frame.crs.to_string()))
    yield f"999\n{ascii_text(about)}\n0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n9\n$INSUNITS\n70\n6\n"
    yield f"9\n$EXTMIN\n10\n{west:.3f}\n20\n{south:.3f}\n30\n0.0\n"
    yield f"9\n$EXTMAX\n10\n{east:.3f}\n20\n{north:.3f}\n30\n0.0\n"
    yield "0\nENDSEC\n0\nSECTION\n2\nTABLES\n0\nTABLE\n2\nLTYPE\n70\n1\n"
    yield "0\nLTYPE\n2\nCONTINUOUS\n70\n0\n3\nSolid\n72\n65\n"
    yield f"73\n0\n40\n0.0\n0\nENDTAB\n0\nTABLE\n2\nLAYER\n70\n{len(layers) + 1}\n"
    yield "0\nLAYER\n2\n0\n70\n0\n62\n7\n6\nCONTINUOUS\n"
    for name, colour in layers.items():
        yield f"0\nLAYER\n2\n{name}\n70\n0\n62\n{colour}\n6\nCONTINUOUS\n"
    yield "0\nENDTAB\n0\nTABLE\n2\nAPPID\n70\n1\n0\nAPPID\n2\nATLAS\n70\n0\n0\nENDTAB\n0\nENDSEC\n"


FORMAT = Format(
    suffix=".dxf",
    media_type="image/vnd.dxf",
    label=Text(pt="DXF (CAD)", en="DXF (CAD)"),
    write=write,
    limits=Text(
        pt="Só a geometria (milímetros), o código (como texto e como dado estendido «ATLAS») e a classe, no nome da "
        "camada. Os outros campos ficam de fora.",
        en="Geometry only (to the millimetre), the code (as text and as extended data “ATLAS”) and the class, in the "
        "layer's name. The other fields are left out.",
    ),
)
