"""Tables without codes: joined by name and municipality, never by name alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from atlas.errors import SourceError
from atlas.sources._by_name import Names, by_code

UNITS = pd.DataFrame(
    {
        "code": ["030101", "030102", "0302A1"],
        "name": ["Louredo", "União das freguesias de Airão (Santa Maria), Airão São João", "Louredo"],
        "parent": ["0301", "0301", "0302"],
    }
)
PARENTS = pd.DataFrame({"code": ["0301", "0302"], "name": ["Amares", "Póvoa de Lanhoso"]})
NAMES = Names.of(UNITS, PARENTS)
PATH = Path("quadro.csv")


def test_one_name_in_two_municipalities_is_two_units() -> None:
    table = pd.DataFrame(
        {
            "freguesia": [
                "LOUREDO",
                "Louredo",
                "Airão (Santa Maria) e Airão São João",
                "Airao Santa Maria, Airao S. Joao",
            ],
            "concelho": ["Amares", "Póvoa de Lanhoso", "Amares", "Amares"],
            "lojas": ["1", "2", "3", "4"],
        }
    )
    found = by_code(table, NAMES, "freguesia", "concelho", PATH)
    assert found["lojas"].to_dict() == {"030101": "1", "0302A1": "2", "030102": "3"}
    said = found.attrs["warnings"][-1][1]
    assert said.startswith("1 row without")
    assert "Airao Santa Maria, Airao S. Joao (Amares)" in said


def test_the_name_of_a_union_needs_no_fixed_spelling() -> None:
    table = pd.DataFrame({"freguesia": ["Airão (Santa Maria), Airão São João"], "concelho": ["0301"], "lojas": ["3"]})
    assert by_code(table, NAMES, "freguesia", "concelho", PATH).index.tolist() == ["030102"]


def test_rows_of_municipalities_are_joined_by_theirs() -> None:
    table = pd.DataFrame({"concelho": ["Município de Amares", "POVOA DE LANHOSO"], "lojas": ["1", "2"]})
    assert by_code(table, NAMES, None, "concelho", PATH)["lojas"].to_dict() == {"0301": "1", "0302": "2"}


def test_a_unit_twice_and_a_table_of_another_region_are_refused() -> None:
    twice = pd.DataFrame({"f": ["Louredo", "louredo"], "c": ["Amares", "Amares"], "lojas": ["1", "2"]})
    with pytest.raises(SourceError, match="030101"):
        by_code(twice, NAMES, "f", "c", PATH)
    strange = pd.DataFrame({"f": ["Kallio"], "c": ["Helsinki"], "lojas": ["1"]})
    with pytest.raises(SourceError, match="Kallio"):
        by_code(strange, NAMES, "f", "c", PATH)


def test_an_atlas_reads_a_table_without_codes(small_atlas: Path) -> None:
    """The residents of every parish, by name and municipality, give the figures that their codes give."""
    from atlas.atlasfile import load_atlas
    from atlas.config import Source
    from atlas.neighbourhoods import load_units
    from atlas.sources._opened import Opened

    units = load_units(load_atlas(small_atlas))
    names = units.parents["name"]
    rows = pd.DataFrame(
        {
            "Freguesia": units.neighbourhoods["name"].str.upper(),
            "Concelho": units.neighbourhoods["parent"].map(names),
            "lojas": range(len(units.neighbourhoods)),
        }
    )
    rows.to_csv(small_atlas / "lojas.csv", sep=";", index=False, encoding="cp1252")
    atlas = load_atlas(small_atlas)
    source = Source(
        id="lojas", kind="figures", file="lojas.csv", title="t", publisher="p", licence="l", date="2024",
        read={"name": "Freguesia", "parent": "Concelho"},
    )  # fmt: skip
    opened = Opened(atlas.model_copy(update={"source": (*atlas.source, source)}))
    held = opened("lojas")
    assert held.loc[units.neighbourhoods.index, "lojas"].astype(int).tolist() == list(range(len(rows)))
