"""Tables of text out of CSV files, and numbers out of text, with the row and the column of whatever is wrong."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series

from atlas.atlasfile import content_of
from atlas.errors import AtlasError, SourceError

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "."})
ENCODINGS = ("utf-8-sig", "cp1252")


def read_text(path: Path) -> DataFrame:
    """A CSV file as text, every cell as it stands; comma or semicolon, whichever the heading has more of.

    Raises
    ------
    AtlasError
        The file is not there, no text, holds no row below its heading, a row of another length, or a column twice.
    """
    text = _decoded(path)
    heading = text.partition("\n")[0]
    separator = ";" if heading.count(";") > heading.count(",") else ","
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    if len(rows) < 2:
        raise SourceError(
            "O ficheiro não tem linhas de dados. Precisa de um cabeçalho e de pelo menos uma linha.",
            "The file has no rows of data. It wants a heading and at least one row.",
            where=path.name,
        )
    columns = [name.strip() for name in rows[0]]
    for at, row in enumerate(rows[1:], start=2):
        if len(row) != len(columns):
            raise SourceError(
                f"A linha {at} não tem tantas células como o cabeçalho ({len(row)} em vez de {len(columns)}). Ponha "
                f"entre aspas os textos com «{separator}».",
                f"Row {at} has not as many cells as the heading ({len(row)} instead of {len(columns)}). Put texts with "
                f"“{separator}” in quotes.",
                where=path.name,
            )
    twice = [name for name, count in Counter(columns).items() if count > 1 and name]
    if twice:
        raise SourceError(
            f"A coluna «{twice[0]}» aparece mais de uma vez. Deixe uma.",
            f"The column “{twice[0]}” stands there more than once. Leave one.",
            where=path.name,
        )
    table = DataFrame(rows[1:], columns=columns, dtype=object).map(str.strip)
    return table.replace(r"^(-?\d+),(\d+)$", r"\1.\2", regex=True) if separator == ";" else table


def _decoded(path: Path) -> str:
    raw = content_of(path)
    for encoding in ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError(
        "O ficheiro não é texto. Guarde-o como CSV em UTF-8.",
        "The file is not text. Save it as CSV in UTF-8.",
        where=path.name,
    )


def numbers(texts: Series, units: pd.Index, faults: list[AtlasError], *, where: str) -> NDArray[np.float64]:
    """The exact numbers that the texts stand for; missing for an empty cell, a fault for what is no number."""
    kept = texts.mask(texts.isin(MISSING))
    try:
        found = kept.astype(float).to_numpy()
    except ValueError:
        found = pd.to_numeric(kept, errors="coerce").to_numpy(dtype=float)
        bad = np.flatnonzero(np.isnan(found) & kept.notna().to_numpy())
    else:
        bad = np.flatnonzero(np.isinf(found))
    faults += [
        SourceError(
            f"«{texts.iloc[at]}» não é um número (unidade {units[at]}). Escreva-o com ponto decimal e sem separador de "
            "milhares, ou deixe a célula vazia.",
            f"“{texts.iloc[at]}” is not a number (unit {units[at]}). Write it with a decimal point and no thousands "
            "separator, or leave the cell empty.",
            where=f"{where}:{at + 2}, {texts.name}",
        )
        for at in bad[:5]
    ]
    return np.asarray(found, dtype=float)
