"""Neighbourhoods from a planner's file of outlines: columns found, codes as text, outlines in the metric CRS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from atlas.errors import SourceError
from atlas.initialise import columns as find
from atlas.initialise.columns import Ask
from atlas.initialise.noting import Note
from atlas.initialise.projecting import Chosen, choose_crs
from atlas.language import counted
from atlas.sources.table import numbers
from atlas.sources.vector import read_vector

GRID_180_M = 0.001


@dataclass(frozen=True)
class Wishes:
    """Columns that the command line names."""

    code: str | None = None
    name: str | None = None
    parent: str | None = None
    population: str | None = None


@dataclass(frozen=True)
class Outlines:
    """Neighbourhoods ready to be written: ``code, name, parent, parent_name, nuts3, residents``, in the metric CRS."""

    units: gpd.GeoDataFrame
    crs: Chosen
    figures: pd.DataFrame
    headers: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """Which column is what; None where the file has none."""

    code: str
    name: str | None
    parent: str | None
    parent_name: str | None
    population: str | None


def read_outlines(path: Path, wishes: Wishes, ask: Ask | None = None) -> Outlines:
    """The neighbourhoods of a vector file.

    Raises
    ------
    SourceError
        The file cannot be read, holds no areas, or it is not certain which column is which; the error names them.
    """
    notes: list[Note] = []
    table = read_vector(path, layer=_layer(path, notes))
    table = _areas(table, path, notes)
    found = find_columns(table, wishes, path, ask)
    notes.append(
        Note(
            "init.note.columns",
            code=found.code,
            name=found.name or found.code,
            parent=found.parent or "—",
            population=found.population or "—",
        )
    )
    try:
        crs = choose_crs(table)
    except SourceError as fault:
        raise SourceError(fault.pt, fault.en, where=str(path)) from None
    units = _units(table, found, path, notes)
    degrees = table.to_crs(4326).geometry.to_numpy() if table.crs.is_projected else table.geometry.to_numpy()
    metric = gpd.GeoSeries(table.geometry, crs=table.crs).to_crs(crs.crs).to_numpy()
    units = gpd.GeoDataFrame(units, geometry=_joined_at_180(degrees, metric), crs=crs.crs)
    units = _one_row_a_code(units, path, notes)
    figures = _figures(table, found)
    return Outlines(units, crs, figures, tuple(map(str, table.columns)), notes)


def _layer(path: Path, notes: list[Note]) -> str | None:
    """The first layer of areas of a file that holds several; None where there is nothing to choose."""
    try:
        layers = [(str(name), str(kind)) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError):
        return None  # GeoParquet, or a file that does not open, of which reading it says more
    if len(layers) < 2:
        return None
    areas = [name for name, kind in layers if "Polygon" in kind]
    chosen = (areas or [name for name, _ in layers])[0]
    notes.append(Note("init.note.layer", layer=chosen, layers=", ".join(name for name, _ in layers)))
    return chosen


def find_columns(table: pd.DataFrame, wishes: Wishes, path: Path, ask: Ask | None = None) -> Found:
    """Code, name, parent and residents among a file's columns."""
    own = [str(one) for one in table.columns if one != getattr(table, "_geometry_column_name", "geometry")]
    if not own:
        raise SourceError(
            "O ficheiro só tem contornos: cada unidade precisa de um código. Junte-lhe uma coluna com ele, ou use "
            "`--grid METROS`.",
            "The file holds outlines only: each unit needs a code. Add a column with it, or use `--grid METRES`.",
            where=str(path),
        )
    rows = table[own]
    code = find.wished(rows, wishes.code, "--code", path) or _code(rows, wishes, path, ask)
    name = find.wished(rows, wishes.name, "--name-column", path) or _name(rows, code, wishes, path, ask)
    parent, parent_name = _parent(rows, code, name, wishes, path, ask)
    population = find.wished(rows, wishes.population, "--population", path) or _population(rows)
    return Found(code, name, parent, parent_name, population)


def _code(rows: pd.DataFrame, wishes: Wishes, path: Path, ask: Ask | None) -> str:
    taken = {find.plain(one) for one in (wishes.name, wishes.parent, wishes.population) if one}
    free = rows[[one for one in rows.columns if find.plain(one) not in taken]]
    whole = [one for one in free.columns if find.text(free[one]).notna().all()]
    unique = [one for one in whole if find.text(free[one]).is_unique]
    known = find.named(unique, find.CODES, find.CODE_PATTERN)
    if known:
        return find.chosen(rows, known, "--code", path, ask=ask, among=known)
    weak = find.named(unique, find.WEAK_CODES)
    parted = [one for one in find.named(whole, find.CODES, find.CODE_PATTERN) if _parts_of_one(free, one)]
    if parted:
        return parted[0]
    repeated = find.named([one for one in whole if one not in unique], find.CODES[: find.CODES.index("lau_id")])
    if repeated:
        cells = find.text(free[repeated[0]])
        again = cells[cells.duplicated()].iloc[0]
        raise SourceError(
            f"A coluna «{repeated[0]}» repete códigos («{again}») com nomes diferentes. Corrija-os, ou indique outra "
            "coluna com `--code`.",
            f"The column “{repeated[0]}” repeats codes (“{again}”) with different names. Mend them, or name another "
            "column with `--code`.",
            where=str(path),
        )
    like = [
        one for one in unique if find.looks_like_codes(free[one]) and one not in weak and not _is_measure(free[one])
    ]
    told = [one for one in like if find.CODE_HEADER.fullmatch(find.plain(one))]
    candidates = (told if len(told) == 1 else like) or weak
    return find.chosen(rows, candidates, "--code", path, ask=ask, among=candidates or unique)


def _parts_of_one(rows: pd.DataFrame, code: str) -> bool:
    """Whether rows of one code are parts of one unit: they agree on its name, and most codes stand once."""
    names = find.named([one for one in rows.columns if one != code], (*find.UNIT_NAMES, *find.NAMES), find.NAME_PATTERN)
    codes = find.text(rows[code])
    if not names or codes.nunique() < 0.5 * len(codes):
        return False
    return bool(find.text(rows[names[0]]).groupby(codes.to_numpy()).nunique().max() <= 1)


def _is_measure(column: pd.Series) -> bool:
    """A number with decimals is an area or a length, not a code."""
    return bool(pd.api.types.is_float_dtype(column) and (column.dropna() % 1 != 0).any())


def _name(rows: pd.DataFrame, code: str, wishes: Wishes, path: Path, ask: Ask | None) -> str | None:
    taken = {find.plain(one) for one in (code, wishes.parent, wishes.population) if one}
    text = [one for one in rows.columns if find.plain(one) not in taken and _is_text(rows[one])]
    known = find.named(text, (*find.NAMES, *find.UNIT_NAMES, *find.PARENTS), find.NAME_PATTERN)
    known = [one for one in known if _is_words(rows[one])] or known
    free = [one for one in text if _is_words(rows[one]) and find.text(rows[one]).nunique() > min(len(rows) - 1, 1)]
    counts = {one: find.text(rows[one]).nunique() for one in known}
    if known and not {find.plain(one) for one in known} - set(find.PARENTS):  # only what is around the units is named
        finer = [one for one in free if one not in known and find.text(rows[one]).nunique() > max(counts.values())]
        if finer:
            return find.chosen(rows, finer, "--name-column", path, ask=ask, among=finer)
    if known:  # a parish's name varies more than its municipality's
        return max(known, key=lambda one: counts[one])
    if not free:
        return None
    return find.chosen(rows, free, "--name-column", path, ask=ask, among=free)


def _is_text(column: pd.Series) -> bool:
    return not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column))


def _is_words(column: pd.Series) -> bool:
    if not _is_text(column):
        return False
    cells = find.text(column).dropna()
    return bool(len(cells) and cells.str.contains(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]").mean() > 0.5)


def _parent(
    rows: pd.DataFrame, code: str, name: str | None, wishes: Wishes, path: Path, ask: Ask | None
) -> tuple[str | None, str | None]:
    """The finest grouping of the units that the file has, as its code and its name (one column may be both)."""
    free = [one for one in rows.columns if one not in (code, name, wishes.population)]
    known = find.named(free, find.PARENTS, find.PARENT_PATTERN)
    given = find.wished(rows, wishes.parent, "--parent", path)
    if given is None:
        groups = {one: find.text(rows[one]) for one in known if find.text(rows[one]).notna().all()}
        counts = {one: cells.nunique() for one, cells in groups.items()}
        counts = {one: count for one, count in counts.items() if count < len(rows)}
        if not counts:
            return None, None
        finest = [one for one in counts if counts[one] == max(counts.values())]
        apart = [one for one in finest if not find.same_groups(rows[one], rows[finest[0]])]
        if apart:
            given = find.chosen(rows, finest, "--parent", path, ask=ask, among=finest)
        else:
            coded = [one for one in finest if find.looks_like_codes(rows[one])]
            given = (coded or finest)[0]
    empty = find.text(rows[given]).isna()
    if empty.any():
        raise SourceError(
            f"{counted('pt', int(empty.sum()), '# unidade não tem|# unidades não têm')} valor na coluna "
            f"«{given}». Complete-a, ou escolha outra com `--parent`.",
            f"{counted('en', int(empty.sum()), '# unit has|# units have')} no value in the column “{given}”. "
            "Complete it, or choose another one with `--parent`.",
            where=str(path),
        )
    beside = [
        one for one in known if one != given and find.same_groups(rows[one], rows[given]) and _is_words(rows[one])
    ]
    return given, beside[0] if beside else given


def _population(rows: pd.DataFrame) -> str | None:
    found = find.named(rows.columns, (), find.POPULATION_PATTERN)
    return found[0] if len(found) == 1 else None


def _areas(table: gpd.GeoDataFrame, path: Path, notes: list[Note]) -> gpd.GeoDataFrame:
    """The rows that have an area; those without an outline are left out and named."""
    shapes = np.array([_area_of(shape) for shape in table.geometry.to_numpy()], dtype=object)
    empty = np.array([shape is None for shape in shapes])
    if empty.all():
        raise SourceError(
            "O ficheiro não tem áreas (polígonos). Indique os contornos das unidades, ou use `--grid METROS`.",
            "The file holds no areas (polygons). Give the units' outlines, or use `--grid METRES`.",
            where=str(path),
        )
    if empty.any():
        notes.append(Note("init.note.no_outline", int(empty.sum())))
    kept = table[~empty].reset_index(drop=True)
    return kept.set_geometry(gpd.GeoSeries(shapes[~empty], crs=table.crs))


def _area_of(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    if shape is None or shape.is_empty:
        return None
    if shapely.get_type_id(shape) == 7:
        parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == 2]
        return shapely.union_all(parts) if parts else None
    return shape if shapely.get_dimensions(shape) == 2 else None


def _units(table: gpd.GeoDataFrame, found: Found, path: Path, notes: list[Note]) -> pd.DataFrame:
    if pd.api.types.is_numeric_dtype(table[found.code]):
        notes.append(Note("init.note.code_number", column=found.code))
    code = find.text(table[found.code])
    if code.isna().any():
        count = int(code.isna().sum())
        raise SourceError(
            f"{counted('pt', count, '# unidade não tem|# unidades não têm')} código na coluna «{found.code}». "
            "Complete-a.",
            f"{counted('en', count, '# unit has|# units have')} no code in the column “{found.code}”. Complete it.",
            where=str(path),
        )
    units = pd.DataFrame({"code": code})
    units["name"] = find.text(table[found.name]).fillna(code) if found.name else code
    units["parent"] = find.text(table[found.parent]) if found.parent else None
    units["parent_name"] = find.text(table[found.parent_name]) if found.parent_name else None
    nuts3 = find.named(map(str, table.columns), ("nuts3_name", "nuts3"))
    units["nuts3"] = find.text(table[nuts3[0]]) if nuts3 else None
    units["residents"] = numbers(table[found.population], path, found.population) if found.population else np.nan
    if (units["residents"] < 0).any():
        row = units.loc[units["residents"] < 0, "code"].iloc[0]
        raise SourceError(
            f"A unidade «{row}» tem um número negativo de residentes. Corrija-o.",
            f"The unit “{row}” has a negative number of residents. Mend it.",
            where=f"{path}, {found.population}",
        )
    return units


def _joined_at_180(degrees: Sequence[shapely.Geometry], metric: np.ndarray) -> np.ndarray:
    """Parts of one outline that were cut along ±180° grown together again.

    All outlines of such a region are put on a grid of a millimetre: the two sides of the cut then meet exactly, and so
    do neighbours.
    """
    bounds = shapely.bounds(np.asarray(degrees, dtype=object))
    cut = (bounds[:, 0] <= -179.999) & (bounds[:, 2] >= 179.999) & (shapely.get_num_geometries(metric) > 1)
    if not cut.any():
        return metric
    joined = np.asarray(shapely.set_precision(shapely.make_valid(metric), GRID_180_M))
    for row in np.flatnonzero(cut):
        joined[row] = shapely.union_all(shapely.get_parts(joined[row]), grid_size=GRID_180_M)
    return joined


def _one_row_a_code(units: gpd.GeoDataFrame, path: Path, notes: list[Note]) -> gpd.GeoDataFrame:
    """Rows of one code that agree on the name are parts of one unit; others are an error."""
    twice = units["code"].duplicated(keep=False)
    if not twice.any():
        return units
    names = units[twice].groupby("code")["name"].nunique()
    if (names > 1).any():
        code = names.index[names > 1][0]
        raise SourceError(
            f"O código «{code}» repete-se com nomes diferentes. Deixe um por unidade, ou indique outra coluna com "
            "`--code`.",
            f"The code “{code}” repeats with different names. Leave one a unit, or name another column with `--code`.",
            where=str(path),
        )
    shapes = units.groupby("code").geometry.agg(lambda parts: shapely.union_all(shapely.make_valid(parts.to_numpy())))
    merged = units.drop_duplicates("code").reset_index(drop=True)
    merged = merged.set_geometry(gpd.GeoSeries(shapes.reindex(merged["code"]).to_numpy(), crs=units.crs))
    notes.append(Note("init.note.parts", len(units) - len(merged)))
    return merged


_NO_FIGURE = (
    "objectid",
    "fid",
    "gid",
    "ogc_fid",
    "id",
    "shape_area",
    "shape_leng",
    "shape_length",
    "perimetro_km",
    "area_ha",
)


def _figures(table: gpd.GeoDataFrame, found: Found) -> pd.DataFrame:
    """Further columns of numbers, by code: what a planner may make indicators of."""
    used = {found.code, found.name, found.parent, found.parent_name, found.population}
    columns = [
        str(one)
        for one in table.columns
        if one not in used and pd.api.types.is_numeric_dtype(table[one]) and find.plain(one) not in _NO_FIGURE
    ]
    figures = pd.DataFrame(table[columns])
    figures.insert(0, "code", find.text(table[found.code]))
    return figures.drop_duplicates("code").reset_index(drop=True)
