"""Tables with a row a unit (parish, section, municipality): figures joined by code.

``read`` takes ``code`` (column of the unit's code, default ``code``); all other columns are figures or, where they
hold words, text. Codes stay text: leading zeros and letters are part of them.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources.table import numbers, read_table, require


def load(source: Source, folder: Path) -> pd.DataFrame:
    """Figures indexed by code; a code twice is an error."""
    path = folder / source.file
    table = read_table(path)
    code = str(source.read.get("code", "code"))
    require(table, [code], path)
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


def column(figures: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """One column of figures as numbers, by code."""
    require(figures, [name], path)
    return numbers(figures[name], path, name)
