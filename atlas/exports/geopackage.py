"""GeoPackage in the atlas's metric CRS: layers with styles, field descriptions, metadata, and records of places."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.dcat import record
from atlas.exports.geometry import by_kind
from atlas.exports.ogr import write_ogr
from atlas.exports.style import qml, sld

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable, Field, Table

VERSION = "1.3"
"""Of the standard: what QGIS 3.22 and its kin read without a warning."""
_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT, f_table_schema TEXT, f_table_name TEXT,
  f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
  owner TEXT, ui TEXT, update_time DATETIME)"""
_DATA_COLUMNS = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
  constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name))"""
_METADATA = """
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL, md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL, mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '')"""
_REFERENCE = """
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL, md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id))"""
_RELATIONS = """
CREATE TABLE gpkgext_relations (
  id INTEGER PRIMARY KEY AUTOINCREMENT, base_table_name TEXT NOT NULL, base_primary_column TEXT NOT NULL DEFAULT 'id',
  related_table_name TEXT NOT NULL, related_primary_column TEXT NOT NULL DEFAULT 'id', relation_name TEXT NOT NULL,
  mapping_table_name TEXT NOT NULL UNIQUE)"""
_WRITES = (24, 92)
"""Where the header holds the count of writes, and the count for which its number of pages is true
(https://www.sqlite.org/fileformat.html, 1.3.7 and 1.3.20)."""
_SPEC = "http://www.geopackage.org/spec120/#"
_RELATED = "http://www.geopackage.org/18-000.html"


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write one layer, with its outlines and its tables where it has any."""
    write_layers([layer], path, lang)


def write_layers(layers: Sequence[Exportable], path: Path, lang: str) -> None:
    """Write several tidy layers into one GeoPackage, each with its style, its field descriptions and its tables."""
    every = [one for layer in layers for one in (layer, layer.outlines) if one is not None]
    for layer in every:
        for number, (kind, frame) in enumerate(by_kind(layer.frame).items()):
            title = layer.title.in_(lang)
            write_ogr(
                frame, path, "GPKG", _table_of(layer, kind, number), append=path.exists(), VERSION=VERSION,
                IDENTIFIER=title if number == 0 else f"{title} ({kind})",
                DESCRIPTION=layer.attribution(lang), GEOMETRY_NAME="geom", FID="fid",
            )  # fmt: skip
        for table in layer.tables:
            write_ogr(
                table.frame,
                path,
                "GPKG",
                table.id,
                append=path.exists(),
                VERSION=VERSION,
                IDENTIFIER=table.title.in_(lang),
                FID="fid",
            )
    with finishing(path) as database:
        declare_tables(database)
        if any(layer.tables for layer in every):
            database.execute(_RELATIONS)
            _extension(database, "gpkgext_relations", None, "gpkg_related_tables", _RELATED)
        for layer in every:
            _describe(database, layer, lang)
        stamp = f"{max(layer.day for layer in layers).isoformat()}T00:00:00.000Z"
        database.execute("UPDATE gpkg_contents SET last_change = ?", (stamp,))
        database.execute("UPDATE layer_styles SET update_time = ?", (stamp,))
        database.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (stamp,))


@contextmanager
def finishing(path: Path) -> Iterator[sqlite3.Connection]:
    """The database of a GeoPackage to add to; left without an error it is compact and the same for the same rows."""
    with closing(sqlite3.connect(path)) as database:
        yield database
        database.commit()
        database.execute("VACUUM")
    # SQLite counts in its header how often a file was written, and GDAL writes now once more, now once less
    with path.open("r+b") as file:
        for place in _WRITES:
            file.seek(place)
            file.write((1).to_bytes(4, "big"))


def _table_of(layer: Exportable, kind: str, number: int) -> str:
    """The first kind of geometry bears the layer's name, the others say what they are."""
    return layer.id if number == 0 else f"{layer.id}_{kind}s"


def declare_tables(database: sqlite3.Connection) -> None:
    """Make the tables that a file holds beside GDAL's own, for styles, field descriptions and metadata."""
    database.executescript(f"{_STYLES};{_DATA_COLUMNS};{_METADATA};{_REFERENCE};")
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES "
        "('layer_styles', 'attributes', 'layer_styles', 'QML, SLD')"
    )
    _extension(database, "gpkg_data_columns", None, "gpkg_schema", _SPEC + "extension_schema")
    for table in ("gpkg_metadata", "gpkg_metadata_reference"):
        _extension(database, table, None, "gpkg_metadata", _SPEC + "extension_metadata")


def _extension(database: sqlite3.Connection, table: str, column: str | None, name: str, definition: str) -> None:
    database.execute("INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, 'read-write')", (table, column, name, definition))


def _describe(database: sqlite3.Connection, layer: Exportable, lang: str) -> None:
    """Styles, field descriptions, metadata and relations of one layer."""
    title = layer.title.in_(lang)
    for number, kind in enumerate(by_kind(layer.frame)):
        name = _table_of(layer, kind, number)
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, 'geom', ?, ?, ?, 1, ?, '')",
            (name, name, qml(layer.style, kind, lang), sld(layer.style, kind, name, title, lang), title),
        )
        _describe_fields(database, name, layer.fields, lang)
        metadata = json.dumps(record(layer), ensure_ascii=False, sort_keys=True)
        number_of = database.execute(
            "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) "
            "VALUES ('dataset', 'http://data.europa.eu/r5r/', 'application/ld+json', ?)",
            (metadata,),
        ).lastrowid
        database.execute(
            "INSERT INTO gpkg_metadata_reference VALUES ('table', ?, NULL, NULL, '', ?, NULL)", (name, number_of)
        )
    for table in layer.tables:
        _describe_fields(database, table.id, table.fields, lang)
        _relate(database, layer, table)


def _describe_fields(database: sqlite3.Connection, table: str, fields: tuple[Field, ...], lang: str) -> None:
    rows = [(table, one.name, one.name, _description(one, lang)) for one in fields]
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, description) VALUES (?, ?, ?, ?)", rows
    )


def _description(one: Field, lang: str) -> str:
    parts = [one.meaning.in_(lang), one.unit.in_(lang), one.formula.in_(lang), one.source.in_(lang)]
    return " · ".join(part for part in parts if part)


def _relate(database: sqlite3.Connection, layer: Exportable, table: Table) -> None:
    """Which rows of the table belong to which row of the layer, as the Related Tables extension has it."""
    mapping = f"{layer.id}_{table.id}"
    database.execute(f'CREATE TABLE "{mapping}" (base_id INTEGER NOT NULL, related_id INTEGER NOT NULL)')
    database.execute(
        f'INSERT INTO "{mapping}" SELECT base.fid, related.fid FROM "{layer.id}" AS base '  # noqa: S608  (ids of layers, not data)
        f'JOIN "{table.id}" AS related ON related."{table.key}" = base."{layer.key}" ORDER BY related.fid'
    )
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)", (mapping, mapping)
    )
    _extension(database, mapping, None, "gpkg_related_tables", _RELATED)
    database.execute(
        "INSERT INTO gpkgext_relations (base_table_name, base_primary_column, related_table_name, "
        "related_primary_column, relation_name, mapping_table_name) VALUES (?, 'fid', ?, 'fid', 'attributes', ?)",
        (layer.id, table.id, mapping),
    )


FORMAT = Format(
    suffix=".gpkg",
    media_type="application/geopackage+sqlite3",
    label=Text(pt="GeoPackage (QGIS)", en="GeoPackage (QGIS)"),
    write=write,
    limits=Text(
        pt="Os contornos dos lugares, onde uma fonte os tem, estão numa camada própria; os registos de cada lugar, "
        "numa tabela ligada.",
        en="Outlines of places, where a source has them, stand in a layer of their own; the records of each place in "
        "a related table.",
    ),
)
