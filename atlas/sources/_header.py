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

from atlas.sources import number_of

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

    book = load_workbook(path, data_only=True)
    page = book[sheet] if sheet is not None else book.worksheets[0]
    rows = [[_cell_text(cell.value, cell.number_format) for cell in row] for row in page.iter_rows()]
    merged = 0
    for area in page.merged_cells.ranges:
        first = rows[area.min_row - 1][area.min_col - 1]
        for row in range(area.min_row - 1, min(area.max_row, len(rows))):
            for column in range(area.min_col - 1, min(area.max_col, len(rows[row]))):
                rows[row][column] = first
        merged += 1
    book.close()
    while rows and not any(rows[0]):
        rows.pop(0)
    return rows, number_of(
        merged,
        "# célula unida foi preenchida|# células unidas foram preenchidas",
        "# merged cell was filled|# merged cells were filled",
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
