"""Shapefiles: parts that are missing or cut short, and text whose encoding is not stated, or wrongly."""

from __future__ import annotations

from glob import escape
from os import SEEK_END
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile
from zipfile import Path as ZipPath

import geopandas as gpd
import pandas as pd
import pyogrio

from atlas.errors import SourceError
from atlas.sources._encoding import read_as, said_as

_HEADER = 100
_BYTES = "ISO-8859-1"
"""What keeps each byte of a text as one sign, whatever it was written in."""


def read_shapefile(path: Path, *, layer: str | None = None, **options: Any) -> gpd.GeoDataFrame:
    """What GDAL reads; text that the ``.cpg`` tells nothing of, or that is not as it says, in its likely encoding.

    A ZIP is looked into; one that holds no Shapefile is read as it is.

    Raises
    ------
    SourceError
        The ``.shx`` or ``.dbf`` is missing, or the ``.shp`` ends before its own end.
    """
    parts, where = _parts(path, layer)
    for suffix in (".shx", ".dbf") if parts else ():
        if suffix not in parts:
            raise SourceError(
                f"Falta o ficheiro {suffix} da mesma shapefile. Copie-os todos (.shp, .shx, .dbf, .prj, .cpg) para a "
                "mesma pasta.",
                f"The file {suffix} of the same Shapefile is missing. Copy all of them (.shp, .shx, .dbf, .prj, .cpg) "
                "into one folder.",
                where=str(path),
            )
    if not parts:
        return pyogrio.read_dataframe(path, layer=layer, **options)
    with parts[".shp"].open("rb") as file:
        header = file.read(_HEADER)
        size = file.seek(0, SEEK_END)
    if int.from_bytes(header[24:28], "big") * 2 > size:
        raise SourceError(
            "O ficheiro está cortado: é mais curto do que diz. Copie-o de novo.",
            "The file is cut short: it says that it is longer. Copy it again.",
            where=str(path),
        )
    texts = parts[".dbf"].read_bytes()
    texts = texts[int.from_bytes(texts[8:10], "little") :]
    stated = parts[".cpg"].read_bytes().decode("ascii", "replace").strip() if ".cpg" in parts else ""
    if texts.isascii() or (stated and _holds(stated, texts)):
        return pyogrio.read_dataframe(where, **options)
    table = pyogrio.read_dataframe(where, encoding=_BYTES, **options)
    read = read_as(texts)
    for column in table.columns[[pd.api.types.is_string_dtype(table[one]) for one in table.columns]]:
        table[column] = table[column].map(lambda text: text.encode(_BYTES).decode(*read), na_action="ignore")
    table.attrs["warnings"] = [said_as(read[0].removesuffix("-sig").upper() if read[1] == "strict" else "cp1252")]
    return table


def in_zip(path: Path) -> list[PurePosixPath]:
    """The Shapefiles in a ZIP, wherever in it they lie."""
    try:
        with ZipFile(path) as archive:
            names = map(PurePosixPath, archive.namelist())
            return [one for one in names if one.suffix.lower() == ".shp" and "__MACOSX" not in one.parts]
    except (BadZipFile, NotImplementedError) as fault:
        raise ValueError(str(fault)) from fault


def _parts(path: Path, layer: str | None) -> tuple[dict[str, Any], str | Path]:
    """The files of a Shapefile by suffix, and how GDAL calls it; none where a ZIP holds no Shapefile of that name."""
    if path.suffix.lower() != ".zip":
        return {one.suffix.lower(): one for one in path.parent.glob(f"{escape(path.stem)}.*")}, path
    first = next((one for one in in_zip(path) if layer in (None, one.stem)), None)
    if first is None:
        return {}, path
    archive = ZipFile(path)
    same = [name for name in archive.namelist() if PurePosixPath(name).with_suffix("") == first.with_suffix("")]
    found = {PurePosixPath(name).suffix.lower(): ZipPath(archive, name) for name in same}
    return found, f"/vsizip/{path.resolve()}/{first}"


def _holds(stated: str, texts: bytes) -> bool:
    try:
        texts.decode(stated)
    except UnicodeDecodeError:
        return False
    except LookupError:
        pass  # GDAL knows more names than Python
    return True
