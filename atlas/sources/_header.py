"""Where the header of a table is, and its rows: titles above it, two rows of headings, merged cells."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from atlas.errors import SourceError, UnknownName
from atlas.sources import number_of
from atlas.sources._encoding import refuse_no_text

Warnings = list[tuple[str, str]]
LOOKED_AT = 12
_NUMBER = re.compile(r"[-+]?[\d\s.,]*\d\s*%?")
_YEAR = re.compile(r"(19|20)\d\d")
BLANKS = 0.3
"""Share of blank headings from which a row is no header: one column without a heading is common, a third is not."""


@dataclass(frozen=True)
class Header:
    """How many rows stand above the data, and what the columns are called."""

    rows: int
    names: list[str]

    @property
    def plain(self) -> bool:
        """Whether the header is the first row, as it stands."""
        return self.rows == 1


def find_header(rows: Sequence[Sequence[str]], wanted: Collection[str] = ()) -> Header:
    """The header among the first rows of a table.

    The first row that names all the ``wanted`` columns; else the first row, unless it has blanks or repeats (a title,
    or headings over several columns) and a row of words below fills them. Where headings below repeat, the group above
    them comes first.

    >>> find_header([["nome", "lon"], ["Museu", "-8,6"]])
    Header(rows=1, names=['nome', 'lon'])
    >>> find_header([["Equipamentos de 2024", "", ""], ["nome", "tipo", "ano"], ["Museu", "museu", "1990"]])
    Header(rows=2, names=['nome', 'tipo', 'ano'])
    >>> find_header([["nome", "2011", "", "2021", ""], ["", "H", "M", "H", "M"], ["Ave", "1", "2", "3", "4"]]).names
    ['nome', '2011 H', '2011 M', '2021 H', '2021 M']
    """
    width = max((len(row) for row in rows), default=0)
    table = [[str(cell).strip() for cell in row] + [""] * (width - len(row)) for row in rows[:LOOKED_AT]]
    if not table:
        return Header(0, [])
    asked = set(wanted)
    start = next((number for number, row in enumerate(table) if asked and asked <= set(row)), 0)
    if _is_whole(table[start]):
        return Header(start + 1, table[start])
    for number, row in enumerate(table[start + 1 :], start=start + 1):
        names = _under_groups(table[number - 1], row)
        if not _has_numbers(row) and "" not in names and len(set(names)) == len(names) and asked <= set(names):
            return Header(number + 1, names)
    return Header(start + 1, table[start])


def _is_whole(row: Sequence[str]) -> bool:
    """Whether a row may be a header as it stands: few blanks, nothing twice."""
    named = [cell for cell in row if cell]
    return len(named) > (1 - BLANKS) * len(row) and len(set(named)) == len(named)


def _has_numbers(row: Sequence[str]) -> bool:
    return any(_NUMBER.fullmatch(cell) and not _YEAR.fullmatch(cell) for cell in row)


def _under_groups(above: Sequence[str], row: Sequence[str]) -> list[str]:
    """The names of a row of headings; where one repeats, with the heading above it, which reaches over blanks."""
    groups, last = [], ""
    for cell in above:
        last = cell or last
        groups.append(last)
    names = []
    for group, own, cell in zip(above, groups, row, strict=True):
        names.append(f"{own} {cell}".strip() if list(row).count(cell) > 1 and cell else cell or group)
    return names


def text_rows(text: str, separator: str) -> list[list[str]]:
    """The first rows of a text with separators."""
    reader = csv.reader(StringIO(text), delimiter=separator)
    return [row for row, _ in zip(reader, range(LOOKED_AT), strict=False)]


def separator_of(text: str) -> str:
    r"""The separator: the one that the first rows hold most of, outside quotes.

    >>> separator_of('Lista, de 2024\n"a;b";c,5;d\n"x";1,5;2\n')
    ';'
    """
    head = "\n".join(text.split("\n", LOOKED_AT)[:LOOKED_AT])
    bare = re.sub(r'"[^"]*"', "", head)
    lines = [line for line in bare.splitlines() if line.strip()]

    def common(separator: str) -> tuple[int, int]:
        counts = sorted(line.count(separator) for line in lines)
        return (counts[len(counts) // 2] if counts else 0, bare.count(separator))

    return max(";\t,|", key=common)


def sheet_rows(path: Path, sheet: str | None) -> tuple[list[list[str]], Warnings]:
    """All rows of a sheet as text; merged cells are filled, and counted.

    A whole number that is shown with leading zeros (format ``000000``) keeps them, and one that is shown as a
    percentage is the percentage, as in a text file: the 0.125 behind ``12.5 %`` is what nobody sees.
    """
    from openpyxl import load_workbook

    with path.open("rb") as file:
        if not (start := file.read(64)).startswith(b"PK"):
            refuse_no_text(start, path)
    try:
        book = load_workbook(path, data_only=True)
        pages = {page.title: page for page in book.worksheets}
        first = book.worksheets[0]
    except (AttributeError, IndexError, RuntimeError, TypeError) as fault:  # of parts that openpyxl does not know
        raise ValueError(str(fault)) from fault
    if sheet is not None and str(sheet) not in pages:
        raise UnknownName.among(str(sheet), pages, pt="A folha", en="The sheet", where=str(path))
    page = first if sheet is None else pages[str(sheet)]
    rows = [[_cell_text(cell.value, cell.number_format) for cell in row] for row in page.iter_rows()]
    _refuse_uncomputed(path, page.title, rows)
    merged = 0
    for area in page.merged_cells.ranges:
        held = rows[area.min_row - 1][area.min_col - 1]
        for row in range(area.min_row - 1, min(area.max_row, len(rows))):
            for column in range(area.min_col - 1, min(area.max_col, len(rows[row]))):
                rows[row][column] = held
        merged += 1
    book.close()
    while rows and not any(rows[0]):
        rows.pop(0)
    return rows, number_of(
        merged,
        "# célula unida foi preenchida|# células unidas foram preenchidas",
        "# merged cell was filled|# merged cells were filled",
    )


def _refuse_uncomputed(path: Path, sheet: str, rows: Sequence[Sequence[str]]) -> None:
    """An error where no formula of a sheet has a value: the program that wrote the file computed none."""
    from openpyxl import load_workbook

    with ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        if not any(b"<f" in archive.read(name) for name in parts):
            return
    book = load_workbook(path, read_only=True)
    cells = [
        (cell.coordinate, rows[cell.row - 1][cell.column - 1])
        for row in book[sheet].iter_rows() for cell in row if getattr(cell, "data_type", "") == "f"
    ]  # fmt: skip
    book.close()
    if cells and not any(value for _, value in cells):
        raise SourceError(
            f"A célula {cells[0][0]} e as outras fórmulas não têm valor guardado. Abra o livro no Excel ou no "
            "LibreOffice e guarde-o de novo.",
            f"Cell {cells[0][0]} and the other formulas hold no value. Open the workbook in Excel or LibreOffice and "
            "save it again.",
            where=str(path),
        )


def _cell_text(value: Any, shown: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, int | float) and (shown or "").endswith("%"):
        return f"{value * 100:.12g}%"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and re.fullmatch(r"0{2,}", shown or ""):
        return str(value).zfill(len(shown))
    return str(value).strip()
