"""How a layer is drawn, once for all formats, and written as QML (QGIS) and SLD 1.0 (others)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from atlas.config import Text
from atlas.palette import HATCH, INK, PAPER, SECONDARY

Geometry = Literal["point", "line", "polygon"]
_MARKS = {
    "circle": ("circle", "circle"),
    "square": ("square", "square"),
    "triangle": ("triangle", "triangle"),
    "diamond": ("diamond", "square"),
    "cross": ("cross_fill", "cross"),
    "star": ("star", "star"),
}
"""Symbol of a layer → (QGIS's name, SLD's well-known name)."""
_OGC = "http://www.opengis.net/ogc"
_SLD = "http://www.opengis.net/sld"
_KEYS = uuid.UUID("6a1f3c0e-3d0a-5a86-9a27-0f6a5cf0a7d1")


@dataclass(frozen=True)
class Rule:
    """Rows whose value lies in [low, high), or is one word, get one colour and one line in the legend."""

    label: Text
    colour: str
    low: float | None = None
    high: float | None = None
    closed: bool = False
    """The last class holds its upper edge too."""
    equals: str | None = None

    def holds(self, value: object) -> bool:
        """Whether a figure lies in this class."""
        if self.low is None or self.high is None or not isinstance(value, int | float):
            return False
        return self.low <= value < self.high or (self.closed and value == self.high)


@dataclass(frozen=True)
class Style:
    """Rules on one column; rows without a value are hatched; without rules all rows look the same."""

    field: str = ""
    rules: tuple[Rule, ...] = ()
    missing: Text | None = None
    symbol: str = "circle"
    colour: str = SECONDARY
    label: str = ""
    """The column whose text stands on the map when one zooms in."""

    def rule_of(self, value: object) -> int | None:
        """The number of the rule that a value falls under; None where there is no value."""
        for number, rule in enumerate(self.rules):
            if rule.equals is not None:
                if value == rule.equals:
                    return number
            elif rule.holds(value):
                return number
        return None


PLAIN = Style()


def qml(style: Style, geometry: Geometry, lang: str) -> str:
    """The style as a QGIS layer definition: rules, hatch, labels."""
    root = ET.Element("qgis", version="3.34.0-Prizren", styleCategories="Symbology|Labeling")
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0")
    rules = ET.SubElement(renderer, "rules", key=_key("root"))
    symbols = ET.SubElement(renderer, "symbols")
    for number, (label, expression, colour) in enumerate(_drawn(style, lang)):
        attributes = {"key": _key(f"{number} {label}"), "symbol": str(number), "label": label}
        if expression:
            attributes["filter"] = expression
        ET.SubElement(rules, "rule", attributes)
        _qml_symbol(symbols, str(number), geometry, colour, style.symbol)
    if style.label:
        qml_labels(root, style.label)
    return '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n' + ET.tostring(root, "unicode")


def sld(style: Style, geometry: Geometry, name: str, title: str, lang: str) -> str:
    """The style as a Styled Layer Descriptor, version 1.0."""
    ET.register_namespace("", _SLD)
    ET.register_namespace("ogc", _OGC)
    root = ET.Element(_s("StyledLayerDescriptor"), version="1.0.0")
    layer = ET.SubElement(root, _s("NamedLayer"))
    ET.SubElement(layer, _s("Name")).text = name
    user = ET.SubElement(layer, _s("UserStyle"))
    ET.SubElement(user, _s("Title")).text = title
    kind = ET.SubElement(user, _s("FeatureTypeStyle"))
    for number, (label, _, colour) in enumerate(_drawn(style, lang)):
        rule = ET.SubElement(kind, _s("Rule"))
        ET.SubElement(rule, _s("Name")).text = f"{name}_{number}"
        ET.SubElement(rule, _s("Title")).text = label
        _sld_filter(rule, style, number)
        _sld_symbol(rule, geometry, colour, style.symbol)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode")


def _drawn(style: Style, lang: str) -> Iterator[tuple[str, str, str | None]]:
    """Label, QGIS expression and colour (None: hatched) of each line of the legend."""
    column = '"' + style.field.replace('"', '""') + '"'
    for rule in style.rules:
        if rule.equals is not None:
            expression = f"{column} = '" + rule.equals.replace("'", "''") + "'"
        else:
            expression = f"{column} >= {rule.low} AND {column} {'<=' if rule.closed else '<'} {rule.high}"
        yield rule.label.in_(lang), expression, rule.colour
    if not style.rules:
        yield "", "", style.colour
    elif style.missing is not None:
        yield style.missing.in_(lang), "ELSE", None


def _key(text: str) -> str:
    return "{" + str(uuid.uuid5(_KEYS, text)) + "}"


def rgba(colour: str) -> str:
    """A colour ``#rrggbb`` as QGIS writes it."""
    return ",".join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5)) + ",255"


def _qml_layer(symbol: ET.Element, kind: str, **options: str) -> ET.Element:
    """One layer of a symbol with its options."""
    layer = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    held = ET.SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(held, "Option", name=name, type="QString", value=value)
    return layer


def _qml_symbol(parent: ET.Element, name: str, geometry: Geometry, colour: str | None, mark: str) -> None:
    kind = {"point": "marker", "line": "line", "polygon": "fill"}[geometry]
    symbol = ET.SubElement(parent, "symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0")
    ink = {"outline_color": rgba(INK), "outline_style": "solid", "outline_width": "0.2", "outline_width_unit": "MM"}
    if geometry == "point":
        _qml_layer(
            symbol, "SimpleMarker", name=_MARKS[mark][0], color=rgba(colour or PAPER),
            size="2.4", size_unit="MM", **ink,
        )  # fmt: skip
    elif geometry == "line":
        _qml_layer(symbol, "SimpleLine", line_color=rgba(colour or SECONDARY), line_width="0.4", line_style="solid")
    elif colour is not None:
        _qml_layer(symbol, "SimpleFill", color=rgba(colour), style="solid", **ink)
    else:
        hatch = _qml_layer(symbol, "LinePatternFill", angle="45", distance="2", distance_unit="MM")
        line = ET.SubElement(
            hatch, "symbol", name=f"@{name}@0", type="line", alpha="1", clip_to_extent="1", force_rhr="0"
        )
        _qml_layer(line, "SimpleLine", line_color=rgba(HATCH), line_width="0.2", line_style="solid")
        _qml_layer(symbol, "SimpleFill", style="no", **ink)


def qml_labels(root: ET.Element, column: str, *, below: int = 100_000) -> None:
    """Labels from a column, on a halo, drawn at scales larger than 1:``below``."""
    labeling = ET.SubElement(root, "labeling", type="simple")
    settings = ET.SubElement(labeling, "settings", calloutType="simple")
    text = ET.SubElement(
        settings, "text-style", fieldName=column, isExpression="0", fontSize="8", fontSizeUnit="Point",
        textColor=rgba(INK), namedStyle="Regular",
    )  # fmt: skip
    ET.SubElement(text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM", bufferColor=rgba(PAPER))
    ET.SubElement(settings, "rendering", scaleVisibility="1", scaleMin=str(below), scaleMax="1", drawLabels="1")


def _s(tag: str) -> str:
    return f"{{{_SLD}}}{tag}"


def _o(tag: str) -> str:
    return f"{{{_OGC}}}{tag}"


def _sld_filter(rule: ET.Element, style: Style, number: int) -> None:
    if not style.rules:
        return
    if number >= len(style.rules):
        missing = ET.SubElement(ET.SubElement(rule, _o("Filter")), _o("PropertyIsNull"))
        ET.SubElement(missing, _o("PropertyName")).text = style.field
        return
    one = style.rules[number]
    condition = ET.SubElement(rule, _o("Filter"))
    if one.equals is not None:
        _sld_compare(condition, "PropertyIsEqualTo", style.field, one.equals)
        return
    both = ET.SubElement(condition, _o("And"))
    _sld_compare(both, "PropertyIsGreaterThanOrEqualTo", style.field, str(one.low))
    upper = "PropertyIsLessThanOrEqualTo" if one.closed else "PropertyIsLessThan"
    _sld_compare(both, upper, style.field, str(one.high))


def _sld_compare(parent: ET.Element, operator: str, column: str, value: str) -> None:
    compare = ET.SubElement(parent, _o(operator))
    ET.SubElement(compare, _o("PropertyName")).text = column
    ET.SubElement(compare, _o("Literal")).text = value


def _css(parent: ET.Element, **parameters: str) -> None:
    for name, value in parameters.items():
        ET.SubElement(parent, _s("CssParameter"), name=name.replace("_", "-")).text = value


def _sld_symbol(rule: ET.Element, geometry: Geometry, colour: str | None, mark: str) -> None:
    if geometry == "line":
        line = ET.SubElement(rule, _s("LineSymbolizer"))
        _css(ET.SubElement(line, _s("Stroke")), stroke=colour or SECONDARY, stroke_width="1")
        return
    if geometry == "point":
        graphic = ET.SubElement(ET.SubElement(rule, _s("PointSymbolizer")), _s("Graphic"))
        shape = ET.SubElement(graphic, _s("Mark"))
        ET.SubElement(shape, _s("WellKnownName")).text = _MARKS[mark][1]
        _css(ET.SubElement(shape, _s("Fill")), fill=colour or PAPER)
        _css(ET.SubElement(shape, _s("Stroke")), stroke=INK, stroke_width="0.5")
        ET.SubElement(graphic, _s("Size")).text = "8"
        if mark == "diamond":
            ET.SubElement(graphic, _s("Rotation")).text = "45"
        return
    area = ET.SubElement(rule, _s("PolygonSymbolizer"))
    fill = ET.SubElement(area, _s("Fill"))
    if colour is not None:
        _css(fill, fill=colour)
    else:
        shape = ET.SubElement(ET.SubElement(ET.SubElement(fill, _s("GraphicFill")), _s("Graphic")), _s("Mark"))
        ET.SubElement(shape, _s("WellKnownName")).text = "shape://slash"
        _css(ET.SubElement(shape, _s("Stroke")), stroke=HATCH, stroke_width="0.5")
    _css(ET.SubElement(area, _s("Stroke")), stroke=INK, stroke_width="0.5")
