"""Tables with a row a unit (parish, section, municipality): figures joined by code.

``read`` takes ``code`` (column of the unit's code, default ``code``); all other columns are figures or, where they
hold words, text. Codes stay text: leading zeros and letters are part of them. A table without codes is joined by
``name`` and ``parent``, the columns with the names of the neighbourhood and of its municipality, or by ``parent`` alone
if its rows are municipalities.

``sums_of`` names a source of smaller areas (``areas``) with columns of the same names, whose sums over each unit the
figures are: what lets the atlas be cut along other borders (``atlas build --cuts``).

``across`` names a source of census blocks (kind ``blocks``) by which the figures of the census's units are carried to
the atlas's own: counts by share, the columns of ``rates`` as weighed means.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import number_of
from atlas.sources._coordinates import cell_of
from atlas.sources.table import numbers, read_table, require, without_totals

READ = frozenset({"code", "name", "parent", "sheet", "elsewhere", "sums_of", "across", "rates"})


def load(source: Source, folder: Path) -> pd.DataFrame:
    """Figures indexed by code; a code twice is an error.

    Those of a table without codes keep their rows; ``attrs["named"]`` has the columns of names that lead to the codes.
    """
    path = folder / source.file
    if "code" not in source.read and "parent" in source.read:
        return _named(source, path)
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


def _named(source: Source, path: Path) -> pd.DataFrame:
    name, parent = source.read.get("name"), str(source.read["parent"])
    columns = [parent] if name is None else [str(name), parent]
    table = read_table(path, wanted=columns, sheet=source.read.get("sheet"))
    require(table, columns, path)
    table = without_totals(table, ())
    table = table[table[columns].notna().all(axis="columns")].reset_index(drop=True)
    table.attrs["named"] = (None if name is None else str(name), parent)
    return table


def _units_only(table: pd.DataFrame, code: str) -> pd.DataFrame:
    """The rows of units: not totals, nor rows without a code (notes at a table's foot)."""
    rest = without_totals(table, ())
    if rest[code].isna().any():
        notes = [*rest.attrs.get("warnings", []), *number_of(
            int(rest[code].isna().sum()),
            "# linha sem código ficou de fora|# linhas sem código ficaram de fora",
            "# row without a code was left out|# rows without a code were left out",
        )]  # fmt: skip
        rest = rest[rest[code].notna()]
        rest.attrs["warnings"] = notes
    return rest


def in_numbers(figures: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The columns of which most cells are numbers, as such; those of words are left away.

    Raises
    ------
    SourceError
        A word stands among the numbers of a column.
    """
    found = {}
    for name in figures:
        cells = figures[name].astype("string").dropna()
        if cells.str.fullmatch(r"\s*[-+−]?[\d\s.,\u00a0\u202f]*\d\s*%?\s*").sum() > len(cells) / 2:
            found[name] = column(figures, str(name), path)
    return pd.DataFrame(found, index=figures.index)


def column(figures: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """One column of figures as numbers, by code; an infinite one is an error."""
    require(figures, [name], path)
    values = numbers(figures[name], path, name)
    if np.isinf(values).any():
        code = values.index[int(np.isinf(values).argmax())]
        raise SourceError(
            "Um valor é infinito. Corrija a célula ou deixe-a vazia.",
            "A figure is infinite. Mend the cell or leave it empty.",
            where=cell_of(path, name, code),
        )
    return values
