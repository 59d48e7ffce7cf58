"""Tables with a row a unit (parish, section, municipality): figures joined by code.

``read`` takes ``code`` (column of the unit's code, default ``code``); all other columns are figures or, where they
hold words, text. Codes stay text: leading zeros and letters are part of them.

``sums_of`` names a source of smaller areas (``areas``) with columns of the same names, whose sums over each unit the
figures are: what lets the atlas be cut along other borders (``atlas build --cuts``).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources.table import numbers, read_table, require, without_totals


def load(source: Source, folder: Path) -> pd.DataFrame:
    """Figures indexed by code; a code twice is an error."""
    path = folder / source.file
    code = str(source.read.get("code", "code"))
    table = read_table(path, wanted=[code], sheet=source.read.get("sheet"))
    require(table, [code], path)
    table = _units_only(table, code)
    table = table.set_index(table[code].astype(str).str.strip()).drop(columns=code)
    table.index.name = "code"
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise SourceError(
            f"O código «{twice[0]}» repete-se. Deixe uma linha por unidade.",
            f"The code “{twice[0]}” repeats. Leave one row a unit.",
            where=str(path),
        )
    return table


def _units_only(table: pd.DataFrame, code: str) -> pd.DataFrame:
    """The rows of units: not totals, nor rows without a code (notes at a table's foot)."""
    rest = without_totals(table, ())
    if rest[code].isna().any():
        empty = int(rest[code].isna().sum())
        notes = [*rest.attrs.get("warnings", []), (f"{empty} linhas sem código ficaram de fora",
                                                  f"{empty} rows without a code were left out")]  # fmt: skip
        rest = rest[rest[code].notna()]
        rest.attrs["warnings"] = notes
    return rest


def column(figures: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """One column of figures as numbers, by code."""
    require(figures, [name], path)
    return numbers(figures[name], path, name)
