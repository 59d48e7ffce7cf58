"""The diagnosis of the indices in a workbook: a sheet an index, its tables below one another, every cell typed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas.exports import working_folder
from atlas.exports.exportable import newest_day
from atlas.exports.xlsx import fitting
from atlas.language import Lang, Translator

if TYPE_CHECKING:
    from atlas.built import Built
    from atlas.diagnosis_tables import Chapter, Kind

_FORMATS: dict[Kind, str] = {"percent": "0.0%", "number": "0.00", "count": "0", "text": "@"}
_SHEET_NAME = 31
"""Characters that the name of a sheet may have."""


def write_diagnosis(built: Built, chapters: list[Chapter], path: Path, lang: Lang) -> None:
    """A workbook of its own; its creation date is the day of the newest source, so that the bytes stay the same.

    Raises :class:`OutputError` where it cannot be written.
    """
    import xlsxwriter

    t = Translator(lang)
    day = newest_day(str(source.get("date") or "") for source in built.store.manifest["sources"])
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with working_folder(path) as folder:
        beside = folder / path.name
        with xlsxwriter.Workbook(str(beside), options) as book:
            title = f"{built.atlas.atlas.name.in_(lang)}: {t('diag.title')}"
            book.set_properties({"title": title, "created": dt.datetime.combine(day, dt.time())})
            for chapter in chapters:
                add_sheet(book, chapter, chapter.title, t)
        beside.replace(path)


def add_sheet(book: Any, chapter: Chapter, name: str, t: Translator) -> None:
    """Findings, sentences and tables of one index as a sheet."""
    sheet = book.add_worksheet(_sheet_name(name))
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    strong, big = book.add_format({"bold": True}), book.add_format({"bold": True, "font_size": 14})
    styles = {kind: book.add_format({"num_format": form, "valign": "top"}) for kind, form in _FORMATS.items()}
    sheet.set_column(0, 1, 44)
    sheet.set_column(2, 9, 16)
    sheet.write_string(0, 0, fitting(f"{t('diag.title')}: {chapter.title}"), big)
    row = 2
    for line in (t.n("diag.warnings", len(chapter.warnings)), *chapter.warnings, "", *chapter.lines):
        if line:
            sheet.write_string(row, 0, fitting(line))
        row += 1
    for table in chapter.tables:
        sheet.write_string(row + 1, 0, fitting(table.title), strong)
        sheet.write_string(row + 2, 0, fitting(table.note))
        row += 3
        for at, column in enumerate(table.columns):
            sheet.write_string(row, at, fitting(column.name), bold)
        for cells in table.rows:
            row += 1
            for at, (column, value) in enumerate(zip(table.columns, cells, strict=True)):
                if value is None:
                    continue
                if column.kind == "text":
                    sheet.write_string(row, at, fitting(str(value)), styles["text"])
                else:
                    sheet.write_number(row, at, float(value), styles[column.kind])
        row += 1


def _sheet_name(name: str) -> str:
    """What a spreadsheet takes for a name.

    >>> _sheet_name("Potencial: [criativo]/turístico e muito comprido")
    'Potencial criativoturístico e m'
    """
    return "".join(letter for letter in name if letter not in "[]:*?/\\'")[:_SHEET_NAME].strip()
