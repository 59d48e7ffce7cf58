"""What a file holds once it is read, and how much of anything it may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from atlas.errors import SourceError
from atlas.language import written

MOST_BYTES = 20_000_000
MOST_UNPACKED_BYTES = 100_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 200
MOST_VERTICES = 1_000_000
MOST_CHARACTERS = 300
"""Of one cell: a name is shorter, and what is longer is cut."""

Notes = tuple[tuple[str, str], ...]
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
"""Control characters, and those that turn the direction of writing: a name must not look like another."""


@dataclass(frozen=True)
class Uploaded:
    """One layer of a file, as it stands: nothing is placed or joined yet.

    Attributes
    ----------
    table
        The columns. Rows are labelled so that label + 2 is the line of a table, label + 1 the number of a feature.
    shapes
        The geometry, in ``crs``; ``None`` where the file is a table.
    crs
        What the file states, as PROJ writes it; empty where it states nothing.
    layers
        Every layer or sheet of the file, if it has several.
    notes
        What was put right, as (pt, en) sentences.

    """

    name: str
    table: pd.DataFrame
    shapes: gpd.GeoSeries | None = None
    crs: str = ""
    layers: tuple[str, ...] = ()
    layer: str = ""
    notes: Notes = ()

    def row(self, label: int) -> tuple[str, str]:
        """How a row is called, in both languages.

        >>> Uploaded("a.csv", pd.DataFrame({"x": [1]})).row(0)
        ('linha 2', 'row 2')
        """
        if self.shapes is None:
            return f"linha {label + 2}", f"row {label + 2}"
        return f"elemento {label + 1}", f"feature {label + 1}"


def harmless(text: str, most: int = MOST_CHARACTERS) -> str:
    r"""A text without characters that are not seen, and no longer than a name can be.

    >>> harmless("gnp.\u202eexe\x00 " + "x" * 400)[:9], len(harmless("x" * 400))
    ('gnp.exe x', 300)
    """
    plain = _UNSEEN.sub(lambda found: " " if found[0].isspace() else "", text[: 4 * most]).strip()
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def harmless_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Every text of a table made harmless, columns told apart; what is no figure or text becomes text."""
    if len(table.columns) > MOST_COLUMNS:
        raise too_much(name, len(table.columns), MOST_COLUMNS, "colunas", "columns")
    if len(table) > MOST_ROWS:
        raise too_much(name, len(table), MOST_ROWS, "registos", "records")
    columns = {at: _cells(table.iloc[:, at]) for at in range(len(table.columns))}
    told = pd.DataFrame(columns, index=table.index)
    told.columns = list(_apart(harmless(str(column), 80) or f"({at + 1})" for at, column in enumerate(table.columns)))
    return told


def _cells(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column
    text = column.map(lambda cell: harmless(str(cell)) or None, na_action="ignore")
    return text.astype(object).where(text.notna(), None)


def _apart(names: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for name in names:
        own, again = name, 2
        while own in seen:
            own, again = f"{name} ({again})", again + 1
        seen.add(own)
        yield own


def too_much(name: str, found: int, most: int, pt: str, en: str) -> SourceError:
    """The error for a file that holds more than a session can bear."""
    found_pt, most_pt, found_en, most_en = (written(lang, one) for lang in ("pt", "en") for one in (found, most))
    return SourceError(
        f"O ficheiro tem {found_pt} {pt}; numa sessão cabem {most_pt}. Divida-o, ou junte-o ao atlas como fonte.",
        f"The file has {found_en} {en}; a session takes {most_en}. Split it, or add it to the atlas as a source.",
        where=name,
    )


def unreadable(name: str, pt: str, en: str) -> SourceError:
    """The error for a file that is not what it says."""
    return SourceError(pt, en, where=name)
