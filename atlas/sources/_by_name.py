"""Rows without a code, found by name: municipalities by theirs, neighbourhoods by name and municipality together.

Eighty-two names of parishes occur more than once in Norte, so that no neighbourhood is ever found by its name alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from atlas.errors import SourceError
from atlas.sources import number_of

_UNION = re.compile(r"^uniao das freguesias d[aeo]s? ")
_BEFORE = re.compile(r"^(concelho|municipio|freguesia) d[aeo]s? ")


def plain(name: object) -> str:
    """A name without accents, case, punctuation and the words that say what it is.

    >>> plain("União das Freguesias de Airão (Santa Maria),  Airão São João "), plain("Município do Porto")
    ('airao santa maria airao sao joao', 'porto')
    """
    letters = unicodedata.normalize("NFKD", str(name).casefold())
    text = "".join(one for one in letters if not unicodedata.combining(one))
    words = " ".join(word for word in re.findall(r"\w+", text) if word != "e")
    return _UNION.sub("", _BEFORE.sub("", words))


def is_within(parent: str, stated: str) -> bool:
    """Whether a parent is the stated one, or of a smaller kind inside it: its code then begins with the stated code.

    >>> is_within("131217", "1312"), is_within("São João da Madeira", "São João")
    (True, False)
    """
    return parent == stated or (parent.startswith(stated) and any(one.isdigit() for one in stated))


@dataclass(frozen=True)
class Names:
    """The names of an atlas's units.

    Attributes
    ----------
    parents
        Codes by plain name.
    units
        Codes by the parent's code and plain name.
    codes
        Of the parents.
    """

    parents: Mapping[str, tuple[str, ...]]
    units: Mapping[tuple[str, str], tuple[str, ...]]
    codes: frozenset[str]

    @classmethod
    def of(cls, neighbourhoods: pd.DataFrame, parents: pd.DataFrame) -> Names:
        """From the tables of units, both with ``code, name``, the first with the ``parent``'s code."""
        by_parent: dict[str, list[str]] = {}
        for code, name in zip(parents["code"], parents["name"], strict=True):
            by_parent.setdefault(plain(name), []).append(str(code))
        by_unit: dict[tuple[str, str], list[str]] = {}
        for code, name, parent in zip(
            neighbourhoods["code"], neighbourhoods["name"], neighbourhoods["parent"], strict=True
        ):
            by_unit.setdefault((str(parent), plain(name)), []).append(str(code))
        return cls(
            {name: tuple(codes) for name, codes in by_parent.items()},
            {name: tuple(codes) for name, codes in by_unit.items()},
            frozenset(parents["code"].astype(str)),
        )

    def parent(self, said: object) -> str | None:
        """The code of a parent that a cell names or states; None where no parent, or more than one, is called so."""
        if not isinstance(said, str):
            return None
        if said.strip() in self.codes:
            return said.strip()
        found = self.parents.get(plain(said), ())
        return found[0] if len(found) == 1 else None


def by_code(table: pd.DataFrame, names: Names, name: str | None, parent: str, path: Path) -> pd.DataFrame:
    """A table of figures indexed by the code that its names lead to; rows that lead nowhere are left out and listed.

    Parameters
    ----------
    name, parent
        Columns of the neighbourhood's and of the municipality's name; without the first, each row is a municipality.

    Raises
    ------
    SourceError
        No row is found, or two rows are one unit.

    """
    parents = [names.parent(said) for said in table[parent]]
    if name is None:
        found: list[str | None] = parents
        said = [str(one) for one in table[parent]]
    else:
        found = [
            codes[0] if one is not None and len(codes := names.units.get((one, plain(cell)), ())) == 1 else None
            for one, cell in zip(parents, table[name], strict=True)
        ]
        said = [f"{cell} ({of})" for cell, of in zip(table[name], table[parent], strict=True)]
    lost = [one for one, code in zip(said, found, strict=True) if code is None]
    if len(lost) == len(table):
        first = said[0] if said else ""
        raise SourceError(
            f"Nenhuma das {len(table)} linhas tem o nome de uma unidade do atlas; a primeira é «{first}». "
            "Verifique as colunas `name` e `parent` em `read`, ou junte a coluna do código.",
            f"None of the {len(table)} rows has the name of a unit of the atlas; the first is “{first}”. "
            "Check the columns `name` and `parent` in `read`, or add a column with the code.",
            where=str(path),
        )
    index = pd.Series(found, dtype=object)
    twice = index[index.duplicated(keep=False) & index.notna()]
    if len(twice):
        rows = [said[at] for at in twice.index[twice == twice.iloc[0]]]
        raise SourceError(
            f"Duas linhas são a mesma unidade, {twice.iloc[0]}: {'; '.join(rows)}. Deixe uma linha por unidade.",
            f"Two rows are one unit, {twice.iloc[0]}: {'; '.join(rows)}. Leave one row a unit.",
            where=str(path),
        )
    kept = table[index.notna().to_numpy()].drop(columns=[one for one in (name, parent) if one is not None])
    kept.index = pd.Index(index.dropna(), name="code")
    notes, first = list(table.attrs.get("warnings", [])), "; ".join(lost[:10])
    notes += [(f"{pt}: {first}", f"{en}: {first}") for pt, en in number_of(
        len(lost),
        "# linha sem unidade com esse nome ficou de fora|# linhas sem unidade com esse nome ficaram de fora",
        "# row without a unit of that name was left out|# rows without a unit of that name were left out",
    )]  # fmt: skip
    kept.attrs = {"warnings": notes}
    return kept
