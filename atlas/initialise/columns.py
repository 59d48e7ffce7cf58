"""Which column of a planner's file is the code, the name, the parent, the residents, the class: by name and content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from atlas.errors import SourceError

Ask = Callable[[str, Sequence[str]], str]
"""Asks the person at the terminal for one of several columns; the first argument says what for."""

CODES = (
    "code", "codigo", "cod", "geocode", "geo_code", "unit_code", "codigo_freguesia", "cod_freguesia", "dtmnfr",
    "dtmnfr21", "dicofre", "dico_fre", "dtmnfrsec21", "bgri2021", "bgri21", "lau_id", "lau", "lau_code", "code_insee",
    "insee_com", "insee", "cod_ine", "codigo_ine", "cusec", "cumun", "natcode", "nationalcode", "ags", "ars",
    "gss_code", "istat", "pro_com", "pro_com_t", "geoid", "fips", "gisco_id", "nuts_id", "dtmn", "dtmn21", "dico",
    "ward_code", "cod_comuna", "cut", "kommunekode", "kuntakoodi", "shapeid",
)  # fmt: skip
CODE_PATTERN = re.compile(r"(oa|lsoa|msoa|wd|lad|par|ced)\d\dcd|adm\d_pcode|gid_\d")
CODE_HEADER = re.compile(r"\w*(code|codigo|cod|_cd|_id)|(cd|cod)_\w+")
"""What tells a code from a name with a number in it, where both might be codes."""
WEAK_CODES = ("id", "gid", "uid", "objectid", "fid", "ogc_fid", "feature_id")
"""Columns that programs number rows with: a code only where there is nothing better."""

NAMES = (
    "name", "nome", "label", "nombre", "nom", "navn", "namn", "nimi", "naam", "denominacao", "designacao",
    "designation", "des_simpli", "designacao_simplificada", "title", "titulo", "shapename",
)  # fmt: skip
NAME_PATTERN = re.compile(
    r"(oa|lsoa|msoa|wd|lad|par)\d\dnm|adm\d_(en|pt|es|fr)|name_\d|nome?_\w+|name_(en|pt|es|fr|local)"
)
UNIT_NAMES = (
    "freguesia", "parish", "bairro", "barrio", "neighbourhood", "neighborhood", "ward", "quarter", "suburb", "seccao",
    "localidade", "comuna", "commune", "kunta",
)  # fmt: skip

PARENTS = (
    "parent", "parent_code", "parent_name", "municipality", "municipality_code", "municipio", "concelho", "dtmn",
    "dtmn21", "dico", "municipality_name", "comuna", "commune", "city", "cidade", "ciudad", "town", "county", "condado",
    "sub_county", "subcounty", "constituency", "province", "provincia", "department", "departement", "departamento",
    "prov", "mun", "district", "distrito", "distrito_ilha",
    "region", "regiao", "state", "estado", "kreis", "division", "tikina",
)  # fmt: skip
PARENT_PATTERN = re.compile(r"adm\d_(pcode|en|pt|es|fr)|gid_\d|name_\d|(lad|ctyua|rgn)\d\d(cd|nm)")

POPULATION_PATTERN = re.compile(
    r"pop|population|populacao|poblacion|pop(ulation|ulacao)?_?(total|tot|20\d\d|\d\d)|residents?|residentes?|habitantes|"
    r"inhabitants|n_individuos|individuos|einwohner|asukkaat|residents_20\d\d"
)
KINDS = (
    "kind", "class", "classe", "tipo", "type", "categoria", "category", "tipologia", "tipo_principal", "clase",
    "classification", "classificacao", "subtype", "camada", "layer", "amenity", "klasse", "typ",
)  # fmt: skip
LON = ("lon", "lng", "long", "longitude", "x", "easting", "coord_x", "x_coord", "este", "m")
LAT = ("lat", "latitude", "y", "northing", "coord_y", "y_coord", "norte", "p")
RECORDS = ("record_id", "@id", "osm_id", "qid", "id", "uuid", "dges_number", "cns", "fid")


def plain(header: object) -> str:
    """A header without accents, capitals and punctuation.

    >>> plain("Designação Simplificada "), plain("NOME-PT")
    ('designacao_simplificada', 'nome_pt')
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", str(header)) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9@]+", "_", bare.casefold()).strip("_")


def named(columns: Iterable[str], known: Sequence[str], pattern: re.Pattern[str] | None = None) -> list[str]:
    """The columns whose header is a known one, in the order of the known ones; then those that fit the pattern."""
    headers = {column: plain(column) for column in columns}
    listed = [column for word in known for column, header in headers.items() if header == word]
    fitting = [c for c, header in headers.items() if pattern and pattern.fullmatch(header) and c not in listed]
    return listed + fitting


def wished(table: pd.DataFrame, column: str | None, option: str, path: Path) -> str | None:
    """The column that the command line names, if it names one and it is there (capitals do not matter)."""
    if column is None:
        return None
    found = [one for one in table.columns if one == column] or [c for c in table.columns if plain(c) == plain(column)]
    if not found:
        raise unsure(table, option, path, missing=column)
    return str(found[0])


def unsure(
    table: pd.DataFrame, option: str, path: Path, *, missing: str = "", among: Sequence[str] = ()
) -> SourceError:
    """The error that names the columns to choose from, and the option to name one with."""
    there = ", ".join(str(column) for column in table.columns if column != "geometry")
    likely_pt = f" Podem servir: {', '.join(among)}." if among else ""
    likely_en = f" These may serve: {', '.join(among)}." if among else ""
    what_pt = f"Não há coluna «{missing}»." if missing else "Não é certo qual é a coluna."
    what_en = f"There is no column “{missing}”." if missing else "It is not certain which column it is."
    return SourceError(
        f"{what_pt}{likely_pt} O ficheiro tem: {there}. Indique-a com `{option}`.",
        f"{what_en}{likely_en} The file has: {there}. Name it with `{option}`.",
        where=f"{path} ({option})",
    )


def chosen(
    table: pd.DataFrame, candidates: Sequence[str], option: str, path: Path, *, ask: Ask | None, among: Sequence[str]
) -> str:
    """The one candidate; where there are none or several, the person's answer, else the error that names them."""
    if len(candidates) == 1:
        return candidates[0]
    likely = candidates or among
    if ask is not None:
        answer = wished(table, ask(option, likely or list(map(str, table.columns))), option, path)
        if answer is not None:
            return answer
    raise unsure(table, option, path, among=likely)


def text(column: pd.Series) -> pd.Series:
    """Cells as stripped text, whole numbers without a point; what is empty is missing."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    stripped = column.astype("string").str.strip()
    return stripped.where(stripped.str.len() > 0)


def looks_like_codes(column: pd.Series) -> bool:
    """Whether every cell is short, has no blanks, and most hold a digit.

    >>> looks_like_codes(pd.Series(["0302FA", "130102"])), looks_like_codes(pd.Series(["Arouca", "Vale de Cambra"]))
    (True, False)
    """
    cells = text(column).dropna()
    return bool(
        len(cells) and cells.str.fullmatch(r"[\w.:@/-]{1,24}").all() and (cells.str.contains(r"\d")).mean() > 0.5
    )


def same_groups(one: pd.Series, other: pd.Series) -> bool:
    """Whether two columns part the rows in the same way (a code and the name that goes with it).

    >>> same_groups(pd.Series(["0104", "0104", "0107"]), pd.Series(["Arouca", "Arouca", "Espinho"]))
    True
    """
    pairs = pd.DataFrame({"one": text(one), "other": text(other)}).drop_duplicates()
    return bool(pairs["one"].is_unique and pairs["other"].is_unique)
