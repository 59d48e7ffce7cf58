"""KML 2.2 with styles, for Google Earth and others; every text is escaped and none is offered as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import shapely

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.geometry import in_wgs84
from atlas.palette import INK

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable, Field

_TYPES = {"text": "string", "integer": "int", "number": "double", "boolean": "bool"}


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write one folder a layer; values stand as typed data, not as a description."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n')
        file.write(f"<name>{escape(layer.title.in_(lang))}</name>\n")
        named = layer.attribution(lang)
        sources = "; ".join(f"{one.get('title', '')} ({one.get('licence', '')})" for one in layer.sources_in(lang))
        file.write(f"<Snippet>{escape(named)}</Snippet>\n")
        file.write(f"<description>{escape(escape(' '.join((named, sources)).strip()))}</description>\n")
        folders = [one for one in (layer, layer.outlines) if one is not None]
        file.writelines(style for one in folders for style in _styles(one))
        file.writelines(_schema(one) for one in folders)
        for one in folders:
            _write_folder(file, one, lang)
        file.write("</Document></kml>\n")


def _styles(layer: Exportable) -> Iterator[str]:
    for number, colour in enumerate([rule.colour for rule in layer.style.rules] or [layer.style.colour]):
        yield _style(f"{layer.id}_{number}", colour)
    yield _style(f"{layer.id}_none", None)


def _schema(layer: Exportable) -> str:
    fields = "".join(f'<SimpleField type="{_TYPES[one.type]}" name={quoteattr(one.name)}/>' for one in layer.fields)
    return f"<Schema name={quoteattr(layer.id)} id={quoteattr(layer.id)}>{fields}</Schema>\n"


def _write_folder(file: TextIO, layer: Exportable, lang: str) -> None:
    file.write(f"<Folder><name>{escape(layer.title.in_(lang))}</name>\n")
    shapes, _ = in_wgs84(layer.frame)
    columns = {one.name: layer.values(one.name) for one in layer.fields}
    names = columns.get("name", columns[layer.key])
    for number, shape in enumerate(shapes):
        rule = layer.style.rule_of(columns[layer.style.field][number]) if layer.style.rules else 0
        file.write(f"<Placemark><name>{escape(names[number] or '')}</name>")
        file.write(f"<styleUrl>#{layer.id}_{'none' if rule is None else rule}</styleUrl>")
        file.write(f"<ExtendedData><SchemaData schemaUrl={quoteattr('#' + layer.id)}>")
        file.write("".join(_datum(one, columns[one.name][number]) for one in layer.fields))
        file.write("</SchemaData></ExtendedData>")
        if shape is not None:
            file.write("".join(_shape(shape)))
        file.write("</Placemark>\n")
    file.write("</Folder>\n")


def _datum(one: Field, value: Any) -> str:
    """One value; what is missing is left out."""
    if value is None:
        return ""
    text = str(int(value)) if one.type in ("integer", "boolean") else str(value)
    return f"<SimpleData name={quoteattr(one.name)}>{escape(text)}</SimpleData>"


def _abgr(colour: str, alpha: str) -> str:
    """KML writes a colour from alpha to red."""
    return alpha + colour[5:7] + colour[3:5] + colour[1:3]


def _style(name: str, colour: str | None) -> str:
    """A filled outline, or a bare one where there is no figure."""
    fill = f"<color>{_abgr(colour, 'cc')}</color>" if colour else "<fill>0</fill>"
    icon = _abgr(colour or INK, "ff")
    return (
        f'<Style id="{name}"><IconStyle><color>{icon}</color><scale>0.8</scale></IconStyle>'
        f"<LabelStyle><scale>0</scale></LabelStyle><LineStyle><color>{_abgr(INK, 'ff')}</color><width>1</width>"
        f"</LineStyle><PolyStyle>{fill}</PolyStyle></Style>\n"
    )


def _coordinates(geometry: shapely.Geometry) -> str:
    return "<coordinates>" + " ".join(f"{x:.7f},{y:.7f}" for x, y in geometry.coords) + "</coordinates>"


def _shape(geometry: shapely.Geometry) -> Iterator[str]:
    """The geometry as KML writes it."""
    if geometry.geom_type == "Point":
        yield f"<Point>{_coordinates(geometry)}</Point>"
    elif geometry.geom_type == "LineString":
        yield f"<LineString>{_coordinates(geometry)}</LineString>"
    elif geometry.geom_type == "Polygon":
        yield f"<Polygon><outerBoundaryIs><LinearRing>{_coordinates(geometry.exterior)}</LinearRing></outerBoundaryIs>"
        for hole in geometry.interiors:
            yield f"<innerBoundaryIs><LinearRing>{_coordinates(hole)}</LinearRing></innerBoundaryIs>"
        yield "</Polygon>"
    else:
        yield "<MultiGeometry>"
        for part in geometry.geoms:
            yield from _shape(part)
        yield "</MultiGeometry>"


FORMAT = Format(
    suffix=".kml",
    media_type="application/vnd.google-earth.kml+xml",
    label=Text(pt="KML (Google Earth)", en="KML (Google Earth)"),
    write=write,
    limits=Text(
        pt="Coordenadas em WGS84. Valores em falta não são escritos. Onde não há dados, contorno sem preenchimento "
        "(o KML não tem tramas).",
        en="Coordinates in WGS84. Missing values are not written. Where there are no data, an outline without a fill "
        "(KML has no hatches).",
    ),
)
