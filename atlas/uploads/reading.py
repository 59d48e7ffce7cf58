"""Bytes of a planner's file → :class:`~atlas.uploads.model.Uploaded`, by the file's kind; nothing of it is run."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from atlas.errors import AtlasError, SourceError, refusal
from atlas.language import counted
from atlas.sources.table import read_table
from atlas.uploads import kml, unpacking
from atlas.uploads.model import (
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_VERTICES,
    Notes,
    Uploaded,
    harmless,
    harmless_table,
    too_much,
    unreadable,
)

_LONGEST_NAME = 4096
"""Characters of a name that are looked at: its ending says what kind of file it is."""
_PERCENT = r"\s*[-−+]?\d[\d\s\u00a0\u202f.,]*%\s*"
"""A figure with a percent sign after it, and nothing else."""


def read(name: str, content: bytes, layer: str = "") -> Uploaded:
    """One layer (the first, or the one that is named) of a file that somebody sent.

    Raises
    ------
    SourceError
        The file is too large, of no kind that is read, damaged, or holds what could harm; the error names the row
        or feature where there is one.

    """
    whole = harmless(PurePath(name.replace("\\", "/")).name, _LONGEST_NAME)
    shown, suffix = harmless(whole, 80) or "?", PurePath(whole).suffix.lower()
    if len(content) > MOST_BYTES:
        megabytes = MOST_BYTES // 1_000_000
        raise unreadable(
            shown,
            f"O ficheiro passa de {megabytes} MB. Divida-o, ou junte-o ao atlas como fonte.",
            f"The file is larger than {megabytes} MB. Split it, or add it to the atlas as a source.",
        )
    if suffix not in _READERS:
        raise unreadable(shown, *_no_kind(suffix))
    if not content.strip(b"\x00 \r\n\t"):
        raise unreadable(shown, "O ficheiro está vazio. Exporte-o de novo.", "The file is empty. Export it again.")
    with tempfile.TemporaryDirectory(prefix="atlas-upload-") as folder:
        try:
            return _READERS[suffix](shown, content, layer, Path(folder))
        except AtlasError as fault:
            raise _renamed(fault, folder, shown) from None


def _renamed(fault: AtlasError, folder: str, shown: str) -> SourceError:
    """The same fault without the temporary path, which means nothing to the reader."""

    def plain(text: str) -> str:
        return shown if text.startswith(folder) else text.replace(folder, "")

    return SourceError(fault.pt.replace(folder, ""), fault.en.replace(folder, ""), where=plain(fault.where))


def _no_kind(suffix: str) -> tuple[str, str]:
    kinds = ", ".join(SUFFIXES)
    if suffix in (".shp", ".dbf", ".shx", ".prj"):
        return (
            "Um Shapefile são vários ficheiros. Comprima .shp, .shx, .dbf e .prj num só ZIP.",
            "A Shapefile is several files. Compress .shp, .shx, .dbf and .prj into one ZIP.",
        )
    if suffix == ".xls":
        return ("O formato .xls é antigo. Guarde a folha como .xlsx.", "The format .xls is old. Save it as .xlsx.")
    return (
        f"Este tipo de ficheiro não se lê. Leem-se: {kinds}.",
        f"Files of this kind are not read. Read are: {kinds}.",
    )


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _csv(name: str, content: bytes, layer: str, folder: Path) -> Uploaded:  # noqa: ARG001  (one signature for all)
    if content.count(b"\n") > 2 * MOST_ROWS:
        raise too_much(name, content.count(b"\n"), MOST_ROWS, "linhas", "lines")
    path = folder / "table.csv"
    path.write_bytes(content)
    try:
        return _table(name, read_table(path))
    except AtlasError as fault:
        raise _ragged(fault, name) or fault from None


def _ragged(fault: AtlasError, name: str) -> SourceError | None:
    """What the reader of tables says of quotes and cells, in a planner's words; nothing of other faults."""
    if found := re.search(r"EOF inside string starting at row (\d+)", fault.en):
        line = int(found[1]) + 1
        return unreadable(
            name,
            f"Na linha {line} abrem-se aspas que nunca fecham. Feche-as, ou guarde a tabela de novo em CSV.",
            f"In row {line} quotes open that never close. Close them, or save the table again as CSV.",
        )
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", fault.en):
        wanted, line, seen = (int(one) for one in found.groups())
        return unreadable(
            name,
            f"A linha {line} tem {seen} células e as de cima {wanted}. Ponha entre aspas o texto que tem o separador.",
            f"Row {line} has {seen} cells, those above {wanted}. Put text that holds the separator into quotes.",
        )
    return None


def _xlsx(name: str, content: bytes, layer: str, folder: Path) -> Uploaded:
    archive = unpacking.opened(content, name)
    for one in archive.infolist():
        if one.filename.lower().endswith((".xml", ".rels", ".vml")):
            kml.refuse_entities(unpacking.content_of(archive, one.filename, name), name, "Excel")
    path = folder / "table.xlsx"
    path.write_bytes(content)
    sheets = _sheets(path, name)
    chosen = layer if layer in sheets else sheets[0]
    told = _table(name, read_table(path, sheet=chosen))
    names = tuple(sheets) if len(sheets) > 1 else ()
    return Uploaded(told.name, told.table, layers=names, layer=chosen if names else "", notes=told.notes)


def _sheets(path: Path, name: str) -> list[str]:
    """The sheets that hold something; one far larger than it looks is refused before it is opened whole."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as fault:
        pt, en = refusal(fault)
        raise unreadable(
            name,
            f"O livro não se lê ({pt}). Guarde-o de novo em XLSX.",
            f"The workbook cannot be read ({en}). Save it again as XLSX.",
        ) from fault
    filled = []
    for page in book.worksheets:
        found = 0
        for number, row in enumerate(page.iter_rows(values_only=True)):
            if number > MOST_ROWS:
                raise too_much(name, number, MOST_ROWS, "linhas", "rows")
            if len(row) > MOST_COLUMNS:
                raise too_much(name, len(row), MOST_COLUMNS, "colunas", "columns")
            found += any(cell is not None for cell in row)
        if found:
            filled.append(str(page.title))
    book.close()
    if not filled:
        raise unreadable(name, "O livro não tem células preenchidas. Guarde-o com os dados.",
                         "The workbook holds no cells. Save it with its data.")  # fmt: skip
    return filled


def _table(name: str, table: pd.DataFrame) -> Uploaded:
    notes = tuple(table.attrs.get("warnings", ()))
    if not len(table):
        raise unreadable(
            name,
            "A tabela não tem linhas abaixo do cabeçalho. Exporte-a com os dados.",
            "The table has no rows below its header. Export it with its data.",
        )
    told = harmless_table(table, name)
    return Uploaded(name, told, notes=(*notes, *percents(told)))


def percents(table: pd.DataFrame) -> Notes:
    """What the percent signs of a table become: the figure before the sign, not a share of 1.

    >>> percents(pd.DataFrame({"vagos": ["12,5 %", None], "nome": ["100 % lã", "b"]}))[0][0]
    'Coluna «vagos»: o sinal de percentagem fica de fora, e «12,5 %» lê-se como o número antes dele'
    """
    notes = []
    for column in table.columns:
        cells = table[column].dropna()
        if not len(cells) or pd.api.types.is_numeric_dtype(cells):
            continue
        signed = cells[cells.astype(str).str.fullmatch(_PERCENT)]
        if len(signed):
            first = str(signed.iloc[0]).strip()
            notes.append((
                f"Coluna «{column}»: o sinal de percentagem fica de fora, e «{first}» lê-se como o número antes dele",
                f"Column “{column}”: the percent sign is left away, and “{first}” is read as the number before it",
            ))  # fmt: skip
    return tuple(notes)


# ── shapes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _geojson(name: str, content: bytes, layer: str, folder: Path) -> Uploaded:  # noqa: ARG001  (one signature for all)
    try:
        held = json.loads(content.decode(json.detect_encoding(content)))
    except (ValueError, RecursionError) as fault:
        at_pt = f" (linha {fault.lineno}, coluna {fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
        at_en = f" (line {fault.lineno}, column {fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
        raise unreadable(
            name,
            f"O ficheiro não é JSON{at_pt}. Guarde a camada de novo em GeoJSON, no QGIS.",
            f"The file is no JSON{at_en}. Save the layer again as GeoJSON in QGIS.",
        ) from fault
    kind = held.get("type") if isinstance(held, dict) else None
    features = [held] if kind == "Feature" else held.get("features") if kind == "FeatureCollection" else None
    if not isinstance(features, list):
        raise unreadable(
            name,
            "O JSON não é uma FeatureCollection. Guarde a camada em GeoJSON no QGIS.",
            "The JSON is no FeatureCollection. Save the layer as GeoJSON in QGIS.",
        )
    if len(features) > MOST_ROWS:
        raise too_much(name, len(features), MOST_ROWS, "elementos", "features")
    rows, shapes = [], []
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise unreadable(
                name,
                f"O elemento {number} não é um «Feature». Guarde a camada de novo em GeoJSON, no QGIS.",
                f"Feature {number} is not of type “Feature”. Save the layer again as GeoJSON in QGIS.",
            )
        properties = feature.get("properties")
        rows.append(properties if isinstance(properties, dict) else {})
        shapes.append(_from_json(feature.get("geometry"), name, number))
    return _features(name, _flat_table(rows), shapes, _declared(held) or "EPSG:4326")


def _from_json(geometry: Any, name: str, number: int) -> shapely.Geometry | None:
    if geometry is None:
        return None
    try:
        shape: shapely.Geometry = shapely.from_geojson(json.dumps(geometry, allow_nan=False))
    except (shapely.errors.ShapelyError, ValueError, TypeError, RecursionError) as fault:
        raise unreadable(
            name,
            f"A geometria do elemento {number} não se lê. Corrija-a no QGIS (Corrigir geometrias).",
            f"The geometry of feature {number} cannot be read. Mend it in QGIS (Fix geometries).",
        ) from fault
    return shape


def _declared(held: Mapping[str, Any]) -> str:
    """The CRS of GeoJSON as older programs write it."""
    crs = held.get("crs")
    told = (
        crs.get("properties", {}).get("name")
        if isinstance(crs, dict) and isinstance(crs.get("properties"), dict)
        else None
    )
    return harmless(told, 80) if isinstance(told, str) else ""


def _flat_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Properties as columns; what is nested becomes its JSON."""
    columns = dict.fromkeys(str(key) for row in rows for key in row)
    if len(columns) > 10 * MOST_COLUMNS:
        columns = dict.fromkeys(list(columns)[: 10 * MOST_COLUMNS])

    def cell(value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

    held = {column: [cell(row.get(column)) for row in rows] for column in columns}
    return pd.DataFrame(held, index=pd.RangeIndex(len(rows)))


def _kml(name: str, content: bytes, layer: str, folder: Path) -> Uploaded:  # noqa: ARG001  (one signature for all)
    rows, shapes = kml.placemarks(content, name)
    return _features(name, _flat_table(list(rows)), shapes, "EPSG:4326")


def _geopackage(name: str, content: bytes, layer: str, folder: Path) -> Uploaded:
    if not content.startswith(b"SQLite format 3\x00"):
        raise unreadable(name, "O ficheiro não é um GeoPackage. Exporte a camada de novo, no QGIS.",
                         "The file is no GeoPackage. Export the layer again in QGIS.")  # fmt: skip
    path = folder / "file.gpkg"
    path.write_bytes(content)
    layers = _feature_tables(path, name)
    chosen = layer if layer in layers else next(iter(layers))
    if layers[chosen] > MOST_ROWS:
        raise too_much(name, layers[chosen], MOST_ROWS, "registos", "records")
    return _by_gdal(name, path, tuple(layers), chosen, chosen)


def _feature_tables(path: Path, name: str) -> dict[str, int]:
    """Layer → rows, of real tables alone: views and virtual tables would run what a stranger wrote."""
    base = sqlite3.connect(f"file:{path.as_posix()}?mode=ro&immutable=1", uri=True)
    try:
        base.execute("PRAGMA trusted_schema = OFF")
        schema = base.execute("SELECT type, name, lower(coalesce(sql, '')) FROM sqlite_master").fetchall()
        kinds = {one: (kind, sql) for kind, one, sql in schema}
        if any("virtual" in sql and "using rtree" not in sql for _, _, sql in schema):
            raise unreadable(
                name,
                "O GeoPackage tem tabelas virtuais, que não se aceitam. Exporte só a camada, no QGIS.",
                "The GeoPackage has virtual tables, which are not accepted. Export the layer alone in QGIS.",
            )
        told = base.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'").fetchall()
        tables = [one for (one,) in told if isinstance(one, str) and kinds.get(one, ("", ""))[0] == "table"]
        # the name is quoted as an identifier; it comes from the file's own list of tables
        return {one: base.execute(f'SELECT count(*) FROM "{one.replace(chr(34), chr(34) * 2)}"').fetchone()[0]  # noqa: S608  (quoted)
                for one in tables} or _none(name)  # fmt: skip
    except sqlite3.Error as fault:
        pt, en = refusal(fault)
        raise unreadable(
            name,
            f"O GeoPackage está estragado ({pt}). Guarde-o de novo no QGIS.",
            f"The GeoPackage is damaged ({en}). Save it again in QGIS.",
        ) from fault
    finally:
        base.close()


def _none(name: str) -> dict[str, int]:
    raise unreadable(name, "O GeoPackage não tem camadas. Exporte a camada de novo, no QGIS.",
                     "The GeoPackage has no layers. Export the layer again in QGIS.")  # fmt: skip


def _shapefile(name: str, content: bytes, layer: str, folder: Path) -> Uploaded:
    paths = unpacking.shapefiles(content, name, folder)
    shown = {harmless(stem, 80): path for stem, path in paths.items()}
    chosen = layer if layer in shown else next(iter(shown))
    return _by_gdal(name, shown[chosen], tuple(shown), None, chosen)


def _by_gdal(name: str, path: Path, layers: tuple[str, ...], layer: str | None, chosen: str) -> Uploaded:
    try:
        table = pyogrio.read_dataframe(path, layer=layer, force_2d=True, max_features=MOST_ROWS + 1)
    except (OSError, ValueError, IndexError, pyogrio.errors.DataSourceError) as fault:
        pt, en = refusal(fault)
        raise unreadable(
            name,
            f"A camada não se lê ({pt}). Guarde-a de novo em GeoPackage.",
            f"The layer cannot be read ({en}). Save it again as GeoPackage.",
        ) from fault
    if not isinstance(table, gpd.GeoDataFrame):
        raise unreadable(name, "A camada não tem geometria. Guarde a tabela em CSV.",
                         "The layer has no geometry. Save the table as CSV.")  # fmt: skip
    shapes = list(table.geometry.to_numpy())
    plain = pd.DataFrame(table.drop(columns=table.geometry.name)).reset_index(drop=True)
    told = _features(name, plain, shapes, table.crs.to_string() if table.crs is not None else "")
    several = layers if len(layers) > 1 else ()
    return Uploaded(name, told.table, told.shapes, told.crs, several, chosen if several else "", told.notes)


def _features(name: str, table: pd.DataFrame, shapes: list[shapely.Geometry | None], crs: str) -> Uploaded:
    """Shapes whole, flat and few enough, beside a table of harmless text."""
    if not len(table) and not shapes:
        raise unreadable(name, "O ficheiro não tem elementos. Exporte a camada com eles.",
                         "The file has no features. Export the layer with them.")  # fmt: skip
    flat = shapely.force_2d(np.array(shapes, dtype=object))
    vertices = int(shapely.get_num_coordinates(flat).sum())
    if vertices > MOST_VERTICES:
        raise too_much(name, vertices, MOST_VERTICES, "vértices", "vertices")
    told = harmless_table(table, name)
    notes: list[tuple[str, str]] = []
    wild = ~np.isfinite(shapely.bounds(flat)).all(axis=1) | shapely.is_empty(flat) | shapely.is_missing(flat)
    if wild.any():
        first = int(wild.argmax()) + 1
        notes.append((
            f"Sem geometria, e fora do mapa: {counted('pt', wild.sum(), '# elemento|# elementos')} (o primeiro é o "
            f"{first})",
            f"Without geometry, and off the map: {counted('en', wild.sum(), '# feature|# features')} (the first is "
            f"{first})",
        ))  # fmt: skip
        flat[wild] = None
    broken = ~shapely.is_valid(flat) & ~wild
    if broken.any():
        first = int(broken.argmax()) + 1
        flat[broken] = shapely.make_valid(flat[broken])
        notes.append((
            f"Geometria reparada: {counted('pt', broken.sum(), '# elemento|# elementos')} (o primeiro é o {first})",
            f"Geometry repaired: {counted('en', broken.sum(), '# feature|# features')} (the first is {first})",
        ))  # fmt: skip
    return Uploaded(name, told, gpd.GeoSeries(flat, index=told.index), crs, notes=(*notes, *percents(told)))


_READERS: Mapping[str, Callable[[str, bytes, str, Path], Uploaded]] = {
    ".geojson": _geojson,
    ".json": _geojson,
    ".gpkg": _geopackage,
    ".zip": _shapefile,
    ".kml": _kml,
    ".csv": _csv,
    ".txt": _csv,
    ".xlsx": _xlsx,
}
SUFFIXES = tuple(_READERS)
"""Endings of the files that are read."""
