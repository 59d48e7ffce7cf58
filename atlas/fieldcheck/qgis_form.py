"""A QGIS form as QML: widgets with value lists, what is required, what may not be touched, and symbols by priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from atlas.exports.style import qml_labels, rgba
from atlas.palette import DECLINE, INK

NOT_NULL, EXPRESSION = 1, 4  # QgsFieldConstraints::Constraint
HARD, NOT_SET = "1", "0"  # QgsFieldConstraints::ConstraintStrength
_COLOURS = {1: DECLINE[3], 2: DECLINE[1], 3: DECLINE[0]}
_PICTURE, _RELATIVE = "1", "1"


@dataclass(frozen=True)
class Widget:
    """How one column is asked for."""

    kind: str
    label: str
    values: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    editable: bool = True
    default: str = ""
    rule: tuple[str, str] | None = None
    """An expression that must hold, and what is said where it does not."""


@dataclass(frozen=True)
class Group:
    """A box of the form with its columns in order."""

    title: str
    columns: Sequence[str]


def form_qml(
    widgets: Mapping[str, Widget], groups: Sequence[Group], *, label: str, legend: Mapping[int, str], by: str = ""
) -> str:
    """The whole layer definition; ``by`` is the column whose numbers the ``legend`` explains."""
    root = ET.Element("qgis", version="3.22.0-Bia", styleCategories="Symbology|Labeling|Fields|Forms")
    _symbols(root, by, legend)
    qml_labels(root, label, below=10_000)
    configuration = ET.SubElement(root, "fieldConfiguration")
    for name, widget in widgets.items():
        _widget(ET.SubElement(configuration, "field", name=name, configurationFlags="None"), widget)
    parts = {tag: ET.SubElement(root, tag) for tag in ("aliases", "defaults", "constraints", "constraintExpressions")}
    for number, (name, widget) in enumerate(widgets.items()):
        ET.SubElement(parts["aliases"], "alias", field=name, index=str(number), name=widget.label)
        always = "1" if widget.default else "0"
        ET.SubElement(parts["defaults"], "default", field=name, expression=widget.default, applyOnUpdate=always)
        held = (NOT_NULL if widget.required else 0) | (EXPRESSION if widget.rule else 0)
        ET.SubElement(
            parts["constraints"], "constraint", field=name, constraints=str(held), unique_strength=NOT_SET,
            notnull_strength=HARD if widget.required else NOT_SET, exp_strength=HARD if widget.rule else NOT_SET,
        )  # fmt: skip
        expression, words = widget.rule or ("", "")
        ET.SubElement(parts["constraintExpressions"], "constraint", field=name, exp=expression, desc=words)
    _layout(root, widgets, groups)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, "unicode")


def _option(parent: ET.Element, name: str, value: str, kind: str = "QString") -> None:
    ET.SubElement(parent, "Option", type=kind, name=name, value=value)


def _widget(parent: ET.Element, widget: Widget) -> None:
    config = ET.SubElement(ET.SubElement(parent, "editWidget", type=widget.kind), "config")
    options = ET.SubElement(config, "Option", type="Map")
    if widget.kind == "ValueMap":
        values = ET.SubElement(options, "Option", type="List", name="map")
        for value, words in widget.values.items():
            _option(ET.SubElement(values, "Option", type="Map"), words, value)
    elif widget.kind == "ExternalResource":
        _option(options, "DocumentViewer", _PICTURE, "int")
        _option(options, "RelativeStorage", _RELATIVE, "int")
        _option(options, "StorageMode", "0", "int")
        for name in ("FileWidget", "FileWidgetButton"):
            _option(options, name, "true", "bool")
    elif widget.kind == "DateTime":
        _option(options, "field_format", "yyyy-MM-dd")
        _option(options, "display_format", "dd/MM/yyyy")
        _option(options, "calendar_popup", "true", "bool")
        _option(options, "allow_null", "true", "bool")
    else:
        _option(options, "IsMultiline", "true", "bool")


def _layout(root: ET.Element, widgets: Mapping[str, Widget], groups: Sequence[Group]) -> None:
    """Boxes one below the other, as they fit a phone."""
    ET.SubElement(root, "editorlayout").text = "tablayout"
    form = ET.SubElement(root, "attributeEditorForm")
    index = {name: str(number) for number, name in enumerate(widgets)}
    for group in groups:
        box = ET.SubElement(
            form, "attributeEditorContainer", name=group.title, groupBox="1", columnCount="1", showLabel="1",
            visibilityExpressionEnabled="0", visibilityExpression="",
        )  # fmt: skip
        for name in group.columns:
            ET.SubElement(box, "attributeEditorField", name=name, index=index[name], showLabel="1")
    editable = ET.SubElement(root, "editable")
    for name, widget in widgets.items():
        ET.SubElement(editable, "field", name=name, editable="1" if widget.editable else "0")


def _symbols(root: ET.Element, by: str, legend: Mapping[int, str]) -> None:
    """A circle; one colour and one size a priority, so that the order is seen without colour too."""
    kind = {"type": "categorizedSymbol", "attr": by} if by else {"type": "singleSymbol"}
    renderer = ET.SubElement(root, "renderer-v2", symbollevels="0", enableorderby="0", forceraster="0", attrib=kind)
    shown = list(legend) or [1]
    if by:
        categories = ET.SubElement(renderer, "categories")
        for number, words in legend.items():
            ET.SubElement(
                categories, "category", value=str(number), symbol=str(shown.index(number)), label=words, render="true"
            )
    symbols = ET.SubElement(renderer, "symbols")
    for position, number in enumerate(shown):
        symbol = ET.SubElement(symbols, "symbol", type="marker", name=str(position), alpha="1", clip_to_extent="1")
        layer = ET.SubElement(symbol, "layer", {"class": "SimpleMarker", "enabled": "1", "locked": "0", "pass": "0"})
        options = ET.SubElement(layer, "Option", type="Map")
        for name, value in (
            ("name", "circle"), ("color", rgba(_COLOURS[number])), ("outline_color", rgba(INK)),
            ("size", str(4.8 - 0.8 * number)), ("size_unit", "MM"),
        ):  # fmt: skip
            _option(options, name, value)
