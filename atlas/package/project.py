"""A QGIS project over the package's GeoPackages: layers, symbols, labels, a print layout, and relative paths only."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np

from atlas.built import Built
from atlas.config import Text
from atlas.exports.exportable import Exportable, attribution
from atlas.exports.geometry import Kind, by_kind
from atlas.exports.style import qml
from atlas.language import Lang, Translator
from atlas.package.layers import Part
from atlas.palette import INK

VERSION = "3.22.0-Białowieża"
"""The long-term release that the project is written for; later ones open it as well."""
_IDS = uuid.UUID("5b0d54d8-8a4c-5d43-9a2f-5f4f1f6a0f4e")
_WKB = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}
_PAGE = (297.0, 210.0)
_MAP = (76.0, 20.0, 213.0, 172.0)
_CLOSE = 300_000
"""The smallest scale (1:…) at which points are drawn: from farther away they would hide what is under them."""
_TYPES = {"page": "65638", "map": "65639", "picture": "65640", "label": "65641", "legend": "65642", "scale": "65646"}


@dataclass(frozen=True)
class Drawn:
    """One table of a GeoPackage as a layer of the project."""

    id: str
    table: str
    file: str
    layer: Exportable
    name: Text
    kind: Kind
    shown: bool

    @property
    def source(self) -> str:
        """Where QGIS finds it, beside the project."""
        return f"./{self.file}|layername={self.table}"


def project(built: Built, parts: Sequence[Part], lang: Lang) -> str:
    """The project as the text of a ``.qgs`` file."""
    t = Translator(lang)
    name = t("package.title", atlas=built.atlas.atlas.name.in_(lang), version=built.atlas.atlas.data_version)
    drawn = list(_drawn(parts))
    crs = _Crs(parts[0].layer)
    extent = _extent(parts[0].layer)
    root = ET.Element("qgis", version=VERSION, projectname=name)
    ET.SubElement(root, "homePath", path="")
    ET.SubElement(root, "title").text = name
    crs.into(ET.SubElement(root, "projectCrs"))
    _tree(root, drawn, lang)
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "meters"
    _bounds(ET.SubElement(canvas, "extent"), extent)
    crs.into(ET.SubElement(canvas, "destinationsrs"))
    layers = ET.SubElement(root, "projectlayers")
    for one in drawn:
        _layer(layers, one, crs, lang)
    order = ET.SubElement(root, "layerorder")
    for one in drawn:
        ET.SubElement(order, "layer", id=one.id)
    _properties(root)
    _about(root, name, parts, t)
    _layout(root, name, extent, parts, drawn, t)
    view = ET.SubElement(root, "ProjectViewSettings", UseProjectScales="0")
    _bounds_as_attributes(ET.SubElement(view, "DefaultViewExtent"), extent)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, "unicode") + "\n"


class _Crs:
    """The atlas's reference system as QGIS writes it: by its authority's number, the rest as QGIS knows it."""

    def __init__(self, layer: Exportable) -> None:
        self._crs = layer.frame.crs

    def into(self, parent: ET.Element) -> None:
        held = ET.SubElement(parent, "spatialrefsys", nativeFormat="Wkt")
        ET.SubElement(held, "wkt").text = self._crs.to_wkt()
        authority = self._crs.to_authority()
        if authority:
            ET.SubElement(held, "authid").text = ":".join(authority)
        ET.SubElement(held, "description").text = self._crs.name
        ET.SubElement(held, "geographicflag").text = "false"


def _drawn(parts: Sequence[Part]) -> Iterator[Drawn]:
    """Every table with geometry, the uppermost first: points over outlines over areas."""
    for part in reversed(parts):
        file = f"{part.folder}/" * bool(part.folder) + part.geopackage(part.folder)
        outlines = Text(pt=f"{part.name.pt}: contornos", en=f"{part.name.en}: outlines")
        for layer, name, shown in ((part.layer, part.name, part.shown), (part.layer.outlines, outlines, False)):
            for number, kind in enumerate(by_kind(layer.frame) if layer is not None else ()):
                assert layer is not None
                table = layer.id if number == 0 else f"{layer.id}_{kind}s"
                yield Drawn(f"{table}_{uuid.uuid5(_IDS, table).hex}", table, file, layer, name, kind, shown)


def _extent(layer: Exportable) -> tuple[float, float, float, float]:
    """The box around a layer with a margin, in whole metres."""
    west, south, east, north = layer.frame.total_bounds
    margin = 0.03 * max(east - west, north - south)
    low, high = np.floor([west - margin, south - margin]), np.ceil([east + margin, north + margin])
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _bounds(parent: ET.Element, extent: tuple[float, float, float, float]) -> None:
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True):
        ET.SubElement(parent, name).text = f"{value:.0f}"


def _bounds_as_attributes(parent: ET.Element, extent: tuple[float, float, float, float]) -> None:
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True):
        parent.set(name, f"{value:.0f}")


def _tree(root: ET.Element, drawn: Sequence[Drawn], lang: Lang) -> None:
    tree = ET.SubElement(root, "layer-tree-group")
    for one in drawn:
        ET.SubElement(
            tree, "layer-tree-layer", id=one.id, name=one.name.in_(lang), source=one.source, providerKey="ogr",
            checked="Qt::Checked" if one.shown else "Qt::Unchecked", expanded="1" if one.shown else "0",
        )  # fmt: skip


def _layer(parent: ET.Element, one: Drawn, crs: _Crs, lang: Lang) -> None:
    """One map layer: source, reference system, names of its fields, symbols and labels."""
    held = ET.SubElement(
        parent, "maplayer", type="vector", geometry=one.kind.capitalize(), wkbType=_WKB[one.kind], labelsEnabled="1",
        simplifyDrawingHints="1", simplifyDrawingTol="1", styleCategories="AllStyleCategories", maxScale="0",
        minScale=str(_CLOSE), hasScaleBasedVisibilityFlag="1" if one.kind == "point" else "0",
    )  # fmt: skip
    ET.SubElement(held, "id").text = one.id
    ET.SubElement(held, "datasource").text = one.source
    ET.SubElement(held, "layername").text = one.name.in_(lang)
    crs.into(ET.SubElement(held, "srs"))
    about = ET.SubElement(held, "resourceMetadata")
    ET.SubElement(about, "title").text = one.layer.title.in_(lang)
    ET.SubElement(about, "abstract").text = one.layer.description.in_(lang)
    ET.SubElement(about, "rights").text = one.layer.attribution(lang)
    ET.SubElement(held, "provider", encoding="UTF-8").text = "ogr"
    for part in ET.fromstring(qml(one.layer.style, one.kind, lang)):  # noqa: S314  (our own text)
        held.append(part)
    aliases = ET.SubElement(held, "aliases")
    for number, field in enumerate(one.layer.fields, start=1):
        words = field.meaning.in_(lang).split(". ")[0].rstrip(".")
        alias = f"{words} ({field.unit.in_(lang)})" if field.unit.in_(lang) else words
        ET.SubElement(aliases, "alias", field=field.name, index=str(number), name=alias)
    if "name" in {field.name for field in one.layer.fields}:
        ET.SubElement(held, "previewExpression").text = '"name"'


def _properties(root: ET.Element) -> None:
    """Relative paths, and that the project has a reference system."""
    held = ET.SubElement(root, "properties")
    ET.SubElement(ET.SubElement(held, "Paths"), "Absolute", type="bool").text = "false"
    ET.SubElement(ET.SubElement(held, "SpatialRefSys"), "ProjectionsEnabled", type="int").text = "1"
    measured = ET.SubElement(held, "Measurement")
    ET.SubElement(measured, "DistanceUnits", type="QString").text = "meters"
    ET.SubElement(measured, "AreaUnits", type="QString").text = "ha"


def _about(root: ET.Element, name: str, parts: Sequence[Part], t: Translator) -> None:
    held = ET.SubElement(root, "projectMetadata")
    ET.SubElement(held, "title").text = name
    ET.SubElement(held, "abstract").text = t("sheet.candidate")
    ET.SubElement(held, "rights").text = _attribution(parts, t.lang)
    ET.SubElement(held, "language").text = t.lang


def _attribution(parts: Sequence[Part], lang: str) -> str:
    return attribution((source for part in parts for source in part.layer.sources), lang)


# ── the print layout ────────────────────────────────────────────────────────────────────────────────────────────────


def _layout(
    root: ET.Element, name: str, extent: tuple[float, float, float, float], parts: Sequence[Part],
    drawn: Sequence[Drawn], t: Translator,
) -> None:  # fmt: skip
    """A page of A4 with title, map, legend, scale bar, north, sources and what the map is not."""
    page = ET.SubElement(ET.SubElement(root, "Layouts"), "Layout", name="A4", units="mm", printResolution="300")
    pages = ET.SubElement(page, "PageCollection")
    _item(pages, "page", (0, 0, *_PAGE), background="true")
    map_item = _item(page, "map", _MAP, frame="true", followPreset="false", keepLayerSet="false", zValue="1")
    _bounds_as_attributes(ET.SubElement(map_item, "Extent"), _fitted(extent))
    held = map_item.get("uuid", "")
    _label(page, "title", name, (8, 6, 281, 10), 16, bold=True)
    sources = f"{_attribution(parts, t.lang)}. {parts[0].layer.generated_from}. {t('sheet.candidate')}"
    _label(page, "sources", sources, (8, 193.5, 281, 14), 6)
    _legend(page, drawn, held, t)
    across = _fitted(extent)[2] - _fitted(extent)[0]
    _scale(page, held, across / 5, _MAP[2] / across)
    _item(
        page, "picture", (278, 22, 9, 12), mapUuid=held, northMode="0", mode="2", resizeMode="0", anchorPoint="1",
        file=":/images/north_arrows/layout_default_north_arrow.svg", zValue="5",
    )  # fmt: skip


def _item(parent: ET.Element, kind: str, box: tuple[float, float, float, float], **more: str) -> ET.Element:
    """One item of a layout at (x, y, width, height) in millimetres."""
    x, y, width, height = box
    number = str(len(parent))
    name = "{" + str(uuid.uuid5(_IDS, f"{parent.tag} {kind} {number}")) + "}"
    spot = f"{x:g},{y:g},mm"
    return ET.SubElement(parent, "LayoutItem", {
        "type": _TYPES[kind], "uuid": name, "templateUuid": name, "position": spot, "positionOnPage": spot,
        "size": f"{width:g},{height:g},mm", "visibility": "1", "opacity": "1", "referencePoint": "0",
        "frame": "false", "background": "false", "outlineWidthM": "0.2,mm", "id": kind, "zValue": number, **more,
    })  # fmt: skip


def _fitted(extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The box widened to the proportions of the map on the page."""
    west, south, east, north = extent
    across = max(east - west, (north - south) * _MAP[2] / _MAP[3])
    up = across * _MAP[3] / _MAP[2]
    x, y = (west + east) / 2, (south + north) / 2
    return x - across / 2, y - up / 2, x + across / 2, y + up / 2


def _label(
    page: ET.Element, name: str, text: str, box: tuple[float, float, float, float], size: int, *, bold: bool = False
) -> None:
    held = _item(page, "label", box, labelText=text, htmlState="0", halign="1", valign="32", marginX="0", marginY="0")
    held.set("id", name)
    ET.SubElement(held, "LabelFont", description=f"Sans Serif,{size},-1,5,{75 if bold else 50},0,0,0,0,0", style="")
    red, green, blue = (str(int(INK[start : start + 2], 16)) for start in (1, 3, 5))
    ET.SubElement(held, "FontColor", red=red, green=green, blue=blue, alpha="255")


def _legend(page: ET.Element, drawn: Sequence[Drawn], map_id: str, t: Translator) -> None:
    """The legend of the layers that the project opens with."""
    held = _item(
        page, "legend", (8, 20, 64, 60), title=t("package.legend"), map_uuid=map_id, background="true",
        resizeToContents="1", columnCount="1", symbolWidth="5", symbolHeight="3", boxSpace="2", fontColor=INK,
        legendFilterByAtlas="0", zValue="4",
    )  # fmt: skip
    styles = ET.SubElement(held, "styles")
    for style, size in (("title", 9), ("group", 8), ("subgroup", 8), ("symbolLabel", 7)):
        above, before = ("0" if style == "title" else "1.5"), ("1.5" if style == "symbolLabel" else "0")
        one = ET.SubElement(styles, "style", name=style, alignment="1", marginTop=above, marginLeft=before)
        ET.SubElement(one, "styleFont", description=f"Sans Serif,{size},-1,5,50,0,0,0,0,0", style="")
    tree = ET.SubElement(held, "layer-tree-group")
    for layer in drawn:
        if layer.shown:
            ET.SubElement(
                tree, "layer-tree-layer", id=layer.id, name=layer.name.in_(t.lang), source=layer.source,
                providerKey="ogr", checked="Qt::Checked", expanded="1",
            )  # fmt: skip


def _scale(page: ET.Element, map_id: str, most_m: float, mm_per_m: float) -> None:
    power = 10.0 ** np.floor(np.log10(most_m))
    length = max(step * power for step in (1, 2, 5) if step * power <= most_m)
    kilometres = length >= 1000
    unit = ("km", "km") if kilometres else ("meters", "m")
    held = _item(
        page, "scale", (79, 178, 70, 12), mapUuid=map_id, style="Single Box", unitType=unit[0], unitLabel=unit[1],
        numUnitsPerSegment=f"{length / 2 / (1000 if kilometres else 1):g}", numSegments="2", numSegmentsLeft="0",
        numMapUnitsPerScaleBarUnit="1", segmentSizeMode="0", height="2", labelBarSpace="1", boxContentSpace="1",
        outlineWidth="0.2", background="true", zValue="5", segmentMillimeters=f"{length / 2 * mm_per_m:.4f}",
    )  # fmt: skip
    text = ET.SubElement(held, "text-style", fontFamily="Sans Serif", fontSize="7", fontSizeUnit="Point")
    text.set("textColor", "27,58,87,255")
