"""Readers of sources: one module a kind, found by its name, each with ``load(source, folder)`` and ``READ``.

``READ`` names the keys of ``read`` that the kind understands.

Kinds that hold places return *records*, a GeoDataFrame in EPSG:4326 with

======================  ====================================================================================
``source_id``           the source's id in ``atlas.toml``
``record_id``           the record's id inside its source, as text
``name``                as the source writes it, or missing
``kind``                the source's own word for what it is, or missing
``tags``                further attributes as JSON text with sorted keys (the tags of OSM), or missing
``marks``               ``|``-joined words of doubt that the source carries (``position_doubtful`` …)
``parent``              code of the municipality, where the source states it
``geometry``            point or outline; missing where the source has no place for it
======================  ====================================================================================

Other kinds return *figures* (a DataFrame indexed by the unit's code), areas, or a path.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Source
from atlas.errors import ConfigError, SourceError, UnknownName
from atlas.fetched import located
from atlas.language import counted

RECORD_COLUMNS = ("source_id", "record_id", "name", "kind", "tags", "marks", "parent", "geometry")
SEVERAL = frozenset({"keep", "rates", "counts", "grade"})
"""Keys of ``read`` that may be a list or a table."""
READ_LATER = frozenset({
    "identifier", "official",
    "date", "end", "grade", "notice", "site", "operation", "area_ha",
})  # fmt: skip
"""Keys of ``read`` that tell a later room (fusion, legal lens) what a column of the records is."""
ROW = "row/"
"""Before the number of a record whose own id is missing."""
TEXT_COLUMNS = ("name", "kind", "tags", "marks", "parent")


@cache
def kinds() -> tuple[str, ...]:
    """The kinds of sources there are."""
    return tuple(sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_")))


def file_hash(path: Path) -> str:
    """SHA-256 of a file; the word ``missing`` where it is not there (whoever reads it says so)."""
    if not path.is_file():
        return "missing"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(source: Source, folder: Path) -> Any:
    """What a source holds, by the reader of its kind; ``attrs["warnings"]`` lists (pt, en) sentences on repairs.

    A file that ``atlas fetch`` brought stands before the one of the same name that the atlas came with.

    Raises
    ------
    UnknownName
        No module of :mod:`atlas.sources` has the name of the kind.
    SourceError
        The file is missing, unreadable or contradicts itself.

    """
    if source.kind not in kinds():
        raise UnknownName.among(source.kind, kinds(), pt="Tipo de fonte", en="Kind of source", where=source.id)
    held = folder
    folder, file = located(folder, source.file)
    if folder != held:
        source = source.model_copy(update={"file": file})
    path = folder / source.file
    if not path.is_file():
        raise SourceError(
            f"O ficheiro da fonte «{source.id}» não existe. Verifique `file` em atlas.toml.",
            f"The file of source “{source.id}” does not exist. Check `file` in atlas.toml.",
            where=str(path),
        )
    reader = import_module(f"atlas.sources.{source.kind}")
    _refuse_lists(source)
    known = getattr(reader, "READ", frozenset()) | READ_LATER
    for key in source.read:
        if key not in known:
            raise UnknownName.among(key, known, pt="A chave `read`", en="The key `read`", where=f"{source.id}.read")
    return reader.load(source, folder)


def _refuse_lists(source: Source) -> None:
    """An error where ``read`` has a list or a table for what is one word."""
    for key, value in source.read.items():
        if isinstance(value, list | dict) and key not in SEVERAL:
            raise ConfigError(
                "Aqui só pode estar uma palavra ou um número. Escreva um só.",
                "Only one word or number may stand here. Write one alone.",
                where=f"{source.id}.read.{key}",
            )


def to_records(frame: gpd.GeoDataFrame, source: Source, path: Path) -> gpd.GeoDataFrame:
    """Bring a reader's table into the form of records; refuse an id twice, drop what is on no possible place."""
    frame = frame.to_crs(4326) if frame.crs is not None and frame.crs.to_epsg() != 4326 else frame
    for column in TEXT_COLUMNS:
        if column not in frame:
            frame[column] = None
    frame["source_id"] = source.id
    warnings = list(frame.attrs.get("warnings", []))
    frame["record_id"], notes = _numbered(frame["record_id"])
    warnings += notes
    twice = frame["record_id"][frame.duplicated(["record_id", "kind"])]
    if len(twice):
        pt, en = counted("pt", len(twice), "# registo|# registos"), counted("en", len(twice), "# record|# records")
        raise SourceError(
            f"O identificador «{twice.iloc[0]}» repete-se ({pt} a mais). "
            "Indique em `read.record` uma coluna sem repetições, ou nenhuma.",
            f"The id “{twice.iloc[0]}” repeats ({en} too many). "
            "Name a column without repetitions in `read.record`, or none.",
            where=str(path),
        )
    bounds = frame.geometry.bounds.to_numpy()
    shapes = frame.geometry.to_numpy()
    placed = pd.Series(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes), frame.index)
    with np.errstate(invalid="ignore"):
        east = placed & (bounds[:, 0] >= 180) & (bounds[:, 2] <= 360)  # longitudes that run on behind the antimeridian
        shapes[east] = shapely.transform(shapes[east], lambda xy: xy - [360.0, 0.0])
        frame, bounds = frame.set_geometry(shapes, crs=4326), shapely.bounds(shapes)
        wild = (np.abs(bounds[:, [0, 2]]) > 180).any(1) | (np.abs(bounds[:, [1, 3]]) > 90).any(1)
        zero = (bounds == 0).all(1)
    lost = placed & (wild | zero | ~np.isfinite(bounds).all(1))
    if lost.any():
        warnings += impossible(frame.loc[lost, "record_id"].tolist())
    warnings += listed(
        frame.loc[_repeated(frame, (placed & ~lost).to_numpy()), "record_id"].tolist(),
        "# registo repete o nome, a classe e o ponto de outro da mesma fonte: a fusão faz deles um lugar"
        "|# registos repetem o nome, a classe e o ponto de outros da mesma fonte: a fusão faz deles um lugar",
        "# record repeats the name, class and point of another of the same source: fusion makes one place of them"
        "|# records repeat the name, class and point of others of the same source: fusion makes one place of them",
    )
    geometry = frame.geometry.where(placed & ~lost, None)
    frame = gpd.GeoDataFrame(frame[list(RECORD_COLUMNS[:-1])], geometry=geometry.to_numpy(), crs=4326)
    frame = frame.reset_index(drop=True)
    frame.attrs["warnings"] = warnings
    return frame


def repaired(shapes: gpd.GeoSeries, ids: pd.Series) -> tuple[gpd.GeoSeries, list[tuple[str, str]]]:
    """Shapes made valid, and the warning that names those that were not by their ``ids``."""
    broken = ~shapes.is_valid & shapes.notna()
    if not broken.any():
        return shapes, []
    return shapes.mask(broken, shapes[broken].make_valid()), listed(
        ids[broken].tolist(),
        "# geometria reparada|# geometrias reparadas",
        "# geometry repaired|# geometries repaired",
    )


def impossible(ids: Sequence[str]) -> list[tuple[str, str]]:
    """The warning on records whose coordinates are no place on the globe."""
    return listed(
        ids,
        "# registo com coordenadas impossíveis ficou sem lugar"
        "|# registos com coordenadas impossíveis ficaram sem lugar",
        "# record with impossible coordinates was left without a place"
        "|# records with impossible coordinates were left without a place",
    )


def _numbered(ids: pd.Series) -> tuple[pd.Series, list[tuple[str, str]]]:
    """Ids as text; a record without one goes by its row (as all do where there is no column of ids), and is said."""
    without = ids.isna()
    if not without.any():
        return ids.astype(str), []
    numbers = pd.Series([f"{ROW}{label + 1}" for label in ids.index], index=ids.index)
    return ids.astype(object).where(~without, numbers).astype(str), listed(
        numbers[without].tolist(),
        "# registo sem identificador tem o número da linha|# registos sem identificador têm o número da linha",
        "# record without an id goes by its row|# records without an id go by their rows",
    )


def _repeated(frame: gpd.GeoDataFrame, placed: np.ndarray) -> np.ndarray:
    """Which records say what an earlier one says, but for the id; records without a name are not asked."""
    asked = placed & frame["name"].notna().to_numpy() & (frame.geom_type == "Point").to_numpy()
    one = frame.loc[asked, ["name", "kind", "tags"]]
    points = frame.geometry[asked]
    repeated = np.zeros(len(frame), dtype=bool)
    repeated[asked] = one.assign(x=points.x, y=points.y).duplicated().to_numpy()
    return repeated


def listed(ids: Sequence[str], pt: str, en: str) -> list[tuple[str, str]]:
    """A warning with the number of records and the first ten; none where there are none.

    >>> listed(["way/7"], "# via aberta|# vias abertas", "# open way|# open ways")
    [('1 via aberta. Primeiros: way/7.', '1 open way. First: way/7.')]
    """
    shown = first_ten(ids)
    return [(f"{one}. Primeiros: {shown}.", f"{other}. First: {shown}.") for one, other in number_of(len(ids), pt, en)]


def number_of(count: int, pt: str, en: str) -> list[tuple[str, str]]:
    """A warning with a number, in the form that it asks for; none where it is 0.

    >>> number_of(2, "# via aberta|# vias abertas", "# open way|# open ways")
    [('2 vias abertas', '2 open ways')]
    """
    return [(counted("pt", count, pt), counted("en", count, en))] if count else []


def first_ten(ids: Sequence[str]) -> str:
    """The first ten of some ids, and a sign where there are more.

    >>> first_ten(["7", "8"]), first_ten(["0"] * 11)
    ('7, 8', '0, 0, 0, 0, 0, 0, 0, 0, 0, 0 …')
    """
    return ", ".join(map(str, ids[:10])) + (" …" if len(ids) > 10 else "")


def text_or_none(column: pd.Series) -> pd.Series:
    """Stripped text; what is empty is missing.

    >>> text_or_none(pd.Series([7.0, None])).tolist(), text_or_none(pd.Series([["a", "b"], " "])).tolist()
    (['7', None], ['a;b', None])
    """
    if not pd.api.types.is_string_dtype(column):
        column = column.map(as_text)
    stripped = column.astype("string").str.strip()
    return stripped.where(stripped.str.len() > 0).astype(object).where(lambda text: text.notna(), None)


def as_text(value: object) -> str:
    """A cell as text: dates as ISO, whole numbers without a point, lists joined, tables as JSON; empty where missing.

    >>> [as_text(one) for one in ("MN", 2019.0, pd.Timestamp("2019-05-01"), float("nan"), pd.NaT, None)]
    ['MN', '2019', '2019-05-01', '', '', '']
    >>> as_text(["a", 2]), as_text({"rel": 5})
    ('a;2', '{"rel": 5}')
    """
    if isinstance(value, dt.date):  # pandas' time stamps too
        return "" if value is pd.NaT else f"{value:%Y-%m-%d}"
    if isinstance(value, list | tuple | np.ndarray):
        return ";".join(filter(None, map(as_text, value)))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=as_text)
    if isinstance(value, float | np.floating):
        return "" if value != value else f"{value:.0f}" if float(value).is_integer() else repr(float(value))
    return "" if value is None or value is pd.NA else str(value)
