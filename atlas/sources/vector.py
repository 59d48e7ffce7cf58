"""Vector files that GDAL reads (GeoPackage, Shapefile, FlatGeobuf, GeoJSON, KML, GML …) and GeoParquet.

``read`` takes ``layer`` (of a GeoPackage), ``where`` (an SQL filter), ``crs`` (of a file that states none, as DXF) and
the column names of :mod:`atlas.sources.table`; ``tags`` names a column that already holds attributes as JSON text, and
with ``columns_are_tags = true`` every further column is an attribute, as in GeoJSON from overpass-turbo. Of a KML all
folders are read, and the column ``folder`` names that of each record.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj.exceptions import CRSError

from atlas.config import Source
from atlas.errors import SourceError, UnknownName, refusal
from atlas.sources import as_text, impossible, repaired, text_or_none, to_records
from atlas.sources._coordinates import crs_named
from atlas.sources._shapefile import in_zip, read_shapefile
from atlas.sources.table import require

READ = frozenset({
    "layer", "where", "crs", "record", "name", "kind", "kind_is", "marks", "parent", "tags", "columns_are_tags"
})  # fmt: skip

pyogrio.set_gdal_config_options({"CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none"})  # only `atlas fetch` uses the network
POINTS_ELSEWHERE = (b"<OGRVRTDataSource", b"<OGRWFSDataSource", b"<GDAL_W")
UNREADABLE = (
    CRSError, pyogrio.errors.CRSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError, pyogrio.errors.GeometryError, shapely.errors.GEOSException,
)  # fmt: skip
SEVERAL = frozenset({".gpkg", ".gml", ".gpx", ".kml", ".kmz", ".sqlite", ".zip"})  # what may hold more than one layer
FOLDERS = frozenset({".kml", ".kmz"})  # whose layers are folders of one list


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a vector file."""
    path = folder / source.file
    return records_of(read_as_told(source, folder), source, path)


def read_as_told(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """A source's vector file, its layer, filter and CRS as ``read`` says; ``attrs["warnings"]`` as of all readers."""
    path, read = folder / source.file, source.read
    named, warnings = read.get("layer"), list[tuple[str, str]]()
    layers = _layers(path) if named is None and path.suffix.lower() in SEVERAL else []
    where = str(read["where"]) if "where" in read else None
    if len(layers) > 1 and path.suffix.lower() in FOLDERS:
        tables = [read_vector(path, layer=one, where=where).assign(folder=one) for one in layers]
        table = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=tables[0].crs)
        table.attrs["warnings"] = warnings
        return table
    if len(layers) > 1:
        named, said = layers[0], ", ".join(layers)
        warnings.append((
            f"o ficheiro tem {len(layers)} camadas ({said}): lida a primeira (`read.layer` escolhe outra)",
            f"the file has {len(layers)} layers ({said}): the first is read (`read.layer` chooses another)",
        ))  # fmt: skip
    table = read_vector(path, layer=named, where=where, crs=read.get("crs"))
    table.attrs["warnings"] = warnings + table.attrs.get("warnings", [])
    return table


def _layers(path: Path) -> list[str]:
    """The layers with geometry; none of a file that does not open, of which reading it tells more."""
    try:
        if path.suffix.lower() == ".zip" and (inside := in_zip(path)):
            return [one.stem for one in inside]
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except (ValueError, pyogrio.errors.DataSourceError, pyogrio.errors.GeometryError):
        return []


def records_of(table: gpd.GeoDataFrame, source: Source, path: Path) -> gpd.GeoDataFrame:
    """Records of a table with geometry, by the columns that ``read`` names."""
    read = source.read
    if len(table) or len(table.columns) > 1:  # an answer without features names no columns
        require(table, [str(read[key]) for key in ("record", "name", "kind", "parent", "tags") if key in read], path)
    frame = pd.DataFrame(index=table.index)
    record = str(read.get("record", "record_id"))
    frame["record_id"] = text_or_none(table[record]) if record in table else (table.index + 1).astype(str)
    for key in ("name", "kind", "marks", "parent", "tags"):
        column = str(read.get(key, key))
        frame[key] = text_or_none(table[column]) if column in table else None
    if "kind_is" in read:
        frame["kind"] = str(read["kind_is"])
    if read.get("columns_are_tags"):
        rows = table.drop(columns=table.geometry.name).to_dict("records")
        frame["tags"] = [
            json.dumps({k: said for k, v in row.items() if (said := as_text(v))}, ensure_ascii=False, sort_keys=True)
            for row in rows
        ]
    geometry = table.geometry
    warnings = list(table.attrs.get("warnings", []))
    coordinates, row = shapely.get_coordinates(geometry.to_numpy(), return_index=True)
    endless = np.zeros(len(table), dtype=bool)
    endless[row[~np.isfinite(coordinates).all(axis=1)]] = True
    if endless.any():
        geometry = geometry.mask(endless, None)
        warnings += impossible(frame.loc[endless, "record_id"].tolist())
    geometry, repairs = repaired(geometry, frame["record_id"])
    warnings += repairs
    records = gpd.GeoDataFrame(frame, geometry=geometry, crs=table.crs)
    records.attrs["warnings"] = warnings
    return to_records(records, source, path)


def read_vector(
    path: Path, *, layer: str | None = None, where: str | None = None, crs: str | None = None
) -> gpd.GeoDataFrame:
    """A vector file as it is, in its own CRS, without Z; one that states none is in ``crs``, or an error."""
    if not path.exists():
        raise SourceError.absent(path)
    if path.is_file():
        _refuse_pointers(path)
    try:
        if path.suffix.lower() in {".parquet", ".geoparquet"}:
            if where:
                raise SourceError(
                    "Um GeoParquet não se filtra com `read.where`. Guarde-o em GeoPackage.",
                    "A GeoParquet file cannot be filtered by `read.where`. Save it as GeoPackage.",
                    where=str(path),
                )
            table = gpd.read_parquet(path)
        else:
            # a schema that a GML file points to is never asked for: only `atlas fetch` uses the network
            options = {"DOWNLOAD_SCHEMA": "NO"} if path.suffix.lower() == ".gml" else {}
            read = read_shapefile if path.suffix.lower() in {".shp", ".zip"} else pyogrio.read_dataframe
            with np.errstate(invalid="ignore"):  # coordinates that are no numbers are seen to later
                table = read(path, layer=layer, where=where, force_2d=True, **options)
    except (OSError, ValueError, IndexError, *UNREADABLE) as fault:  # the third is what an index cut short ends in
        there = _layers(path)
        if layer is not None and there and layer not in there:
            raise UnknownName.among(layer, there, pt="A camada", en="The layer", where=str(path)) from fault
        raise _unreadable(fault, path, filtered=where is not None and bool(there)) from fault
    if not isinstance(table, gpd.GeoDataFrame):
        raise SourceError(
            "O ficheiro não tem geometria. Use uma fonte do tipo `table` ou `figures`.",
            "The file has no geometry. Use a source of kind `table` or `figures`.",
            where=str(path),
        )
    if table.crs is None and crs is not None:
        table = table.set_crs(crs_named(crs, path))
    if table.crs is None:
        raise SourceError(
            "O ficheiro não declara o sistema de coordenadas. Guarde-o com ele, junte o `.prj`, "
            'ou indique-o: `read = { crs = "EPSG:3763" }`.',
            'The file states no CRS. Save it with one, add the `.prj`, or say which: `read = { crs = "EPSG:3763" }`.',
            where=str(path),
        )
    refuse_metres(table, path)
    if shapely.has_z(table.geometry.to_numpy()).any():
        table = table.set_geometry(shapely.force_2d(table.geometry.to_numpy()), crs=table.crs)
    return table


def _refuse_pointers(path: Path) -> None:
    """An error where a file holds no features, but says where GDAL is to ask for them."""
    with path.open("rb") as file:
        if not file.read(512).lstrip().startswith(POINTS_ELSEWHERE):
            return
    raise SourceError(
        "O ficheiro só diz onde estão os dados (VRT ou serviço). Abra-o no QGIS e guarde-os em GeoPackage.",
        "The file only says where the data are (VRT or service). Open it in QGIS and save them as GeoPackage.",
        where=str(path),
    )


def _unreadable(fault: Exception, path: Path, *, filtered: bool) -> SourceError:
    """What GDAL says of a file that does not open, in the reader's language; its own words as a detail."""
    said = str(fault).removeprefix(f"'{path}' ")  # the message begins with the name
    pt, en = refusal(fault if isinstance(fault, OSError) else ValueError(said))
    if filtered:
        return SourceError(
            f"O filtro `read.where` não se aplica a este ficheiro ({pt}). Corrija-o em atlas.toml: é uma condição de "
            "SQL sobre as colunas.",
            f"The filter `read.where` does not apply to this file ({en}). Mend it in atlas.toml: it is a condition in "
            "SQL on the columns.",
            where=str(path),
        )
    return SourceError(
        f"O ficheiro está danificado, ou não é de um formato vetorial conhecido ({pt}). Abra-o no QGIS e guarde-o de "
        "novo em GeoPackage.",
        f"The file is damaged, or of no known vector format ({en}). Open it in QGIS and save it again as GeoPackage.",
        where=str(path),
    )


def refuse_metres(table: gpd.GeoDataFrame, path: Path) -> None:
    """An error where a file calls its coordinates degrees and most of them cannot be any."""
    if not table.crs.is_geographic:
        return
    bounds = table.geometry.bounds.to_numpy()
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if (np.abs(bounds) > 360).any(axis=1).sum() > 0.5 * len(bounds):
        west, east, crs = bounds[:, 0].min(), bounds[:, 2].max(), table.crs.to_string()[:40]
        raise SourceError(
            f"O ficheiro diz-se em graus ({crs}), mas x vai de {west:.0f} a {east:.0f}: são metros. Guarde-o com o "
            "sistema certo (no QGIS: Atribuir projeção), por exemplo EPSG:3763.",
            f"The file says that it is in degrees ({crs}), but x runs from {west:.0f} to {east:.0f}: these are metres. "
            "Save it with its right CRS (in QGIS: Assign projection), for instance EPSG:3763.",
            where=str(path),
        )
