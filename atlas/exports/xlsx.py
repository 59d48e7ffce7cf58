"""An Excel workbook: typed cells, frozen header, a sheet of definitions and one of sources, no formula."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.dictionary import dictionary, headings
from atlas.language import Translator

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable, Field

CELL_LENGTH = 32_767
"""Characters that a cell holds; longer text is cut and ends in an ellipsis."""
_FILLING = 0.4
"""The share of the time in which the cells are filled; then the workbook is packed, and says nothing."""


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write the workbook; its creation date is the day of the newest source, so that the bytes stay the same."""
    import xlsxwriter

    t = Translator("en" if lang == "en" else "pt")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    made = io.BytesIO()  # a full disk is then met once, by us, and not again when a half-written ZIP is closed
    with xlsxwriter.Workbook(made, options) as book:
        book.set_properties(
            {
                "title": layer.title.in_(lang),
                "comments": layer.attribution(lang),
                "created": dt.datetime.combine(layer.day, dt.time()),
            }
        )
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        _data_sheet(book, layer, t("export.sheet.data"), bold, progress)
        _definitions_sheet(book, layer, lang, t("export.sheet.definitions"), bold, wrap)
        _sources_sheet(book, layer, lang, t, bold, wrap)
        for chapter in layer.chapters:
            from atlas.exports.diagnosis import add_sheet

            add_sheet(book, chapter, t("diag.title"), t)
    path.write_bytes(made.getvalue())


def _data_sheet(book: Any, layer: Exportable, name: str, bold: Any, progress: Progress | None) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 2)
    rows = len(layer.frame)
    for column, one in enumerate(layer.fields):
        style = book.add_format({"num_format": _number_format(one), "valign": "top"})
        values = layer.values(one.name)
        longest = max((len(str(value)) for value in values if value is not None), default=0)
        sheet.set_column(column, column, max(8, min(longest, 40), min(len(one.name), 16) + 2), style)
        sheet.write_string(0, column, one.name, bold)
        for row, value in enumerate(values, start=1):
            if value is None:
                continue
            if one.type == "text":
                sheet.write_string(row, column, fitting(value), style)
            elif one.type == "boolean":
                sheet.write_boolean(row, column, bool(value), style)
            else:
                sheet.write_number(row, column, float(value), style)
        if progress is not None:
            progress(_FILLING * (column + 1) / len(layer.fields), "export")
    if rows and layer.fields:
        sheet.autofilter(0, 0, rows, len(layer.fields) - 1)


def _definitions_sheet(book: Any, layer: Exportable, lang: str, name: str, bold: Any, wrap: Any) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    names = headings(lang)
    widths = {"meaning": 70, "formula": 50, "source": 30, "name": 26, "official_name": 20}
    for column, (key, heading) in enumerate(names.items()):
        sheet.set_column(column, column, widths.get(key, 14))
        sheet.write_string(0, column, heading, bold)
    for row, entry in enumerate(dictionary(layer, lang), start=1):
        for column, key in enumerate(names):
            if entry[key]:
                sheet.write_string(row, column, fitting(entry[key]), wrap)


def _sources_sheet(book: Any, layer: Exportable, lang: str, t: Translator, bold: Any, wrap: Any) -> None:
    sheet = book.add_worksheet(t("export.sheet.sources"))
    sheet.freeze_panes(1, 0)
    columns = ("id", "title", "publisher", "licence", "date")
    for column, key in enumerate(columns):
        sheet.set_column(column, column, 60 if key == "title" else 24)
        sheet.write_string(0, column, t(f"export.source.{key}"), bold)
    row = 1
    for source in layer.sources_in(lang):
        for column, key in enumerate(columns):
            sheet.write_string(row, column, fitting(str(source.get(key, ""))), wrap)
        row += 1
    about = layer.about(lang)
    origin = [(t("export.attribution"), about["attribution"]), (t("export.atlas"), about["atlas"])]
    origin += [(t("export.generated_from"), about["generated_from"])]
    origin += [(t("export.hash", name=name), value) for name, value in sorted(layer.hashes.items())]
    for label, value in origin:
        row += 1
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, fitting(str(value)), wrap)


def fitting(text: str) -> str:
    """``text`` cut to what a cell holds.

    >>> len(fitting("x" * 100_000)), fitting("Sé")
    (32767, 'Sé')
    """
    return text if len(text) <= CELL_LENGTH else text[: CELL_LENGTH - 1] + "…"


def _number_format(one: Field) -> str:
    """Excel's own pattern; the program that opens the file sets comma or point."""
    if one.type == "text":
        return "@"
    if one.type == "integer":
        return "0"
    if one.type == "number":
        return "0." + "0" * one.decimals if one.decimals else "0"
    return "General"


FORMAT = Format(
    suffix=".xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    label=Text(pt="Excel", en="Excel"),
    write=write,
    spatial=False,
    limits=Text(
        pt="Sem contornos. Texto com mais de 32 767 caracteres é cortado e termina em «…».",
        en="No outlines. Text longer than 32,767 characters is cut and ends in “…”.",
    ),
)
