"""Tables with a row a record: CSV of any encoding and separator, XLSX, Parquet; placed by coordinates or not yet.

``read`` takes:

=============  ==================================================================================================
``record``     column of the id (default ``record_id``; the row's number where the table has none)
``name``       column of the name (default ``name``)
``kind``       column of the source's word for what it is (default ``kind``), or
``kind_is``    one word for all rows
``lon, lat``   columns of coordinates (defaults ``lon``, ``lat``); a row without them has no place yet
``crs``        of the coordinates (default ``EPSG:4326``)
``parent``     column with the code of the municipality
``keep``       further columns to carry along as attributes
=============  ==================================================================================================
"""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import text_or_none, to_records

ENCODINGS = ("utf-8-sig", "cp1252")


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a table."""
    path, read = folder / source.file, source.read
    table = read_table(path)
    lon, lat = str(read.get("lon", "lon")), str(read.get("lat", "lat"))
    keep = list(read.get("keep", []))
    named = [str(read[key]) for key in ("record", "name", "kind", "lon", "lat", "parent") if key in read]
    require(table, [*named, *keep], path)
    frame = pd.DataFrame(index=table.index)
    record = str(read.get("record", "record_id"))
    frame["record_id"] = text_or_none(table[record]) if record in table else (table.index + 1).astype(str)
    for key in ("name", "kind", "marks", "parent"):
        column = str(read.get(key, key))
        frame[key] = text_or_none(table[column]) if column in table else None
    if "kind_is" in read:
        frame["kind"] = str(read["kind_is"])
    if keep:
        rows = table[keep].to_dict("records")
        frame["tags"] = [
            json.dumps(
                {key: value for key, value in row.items() if value == value and value not in (None, "")},
                ensure_ascii=False,
                sort_keys=True,
            )
            for row in rows
        ]
    if lon in table and lat in table:
        x, y = (numbers(table[column], path, column) for column in (lon, lat))
        points = gpd.points_from_xy(x, y, crs=read.get("crs", "EPSG:4326"))
        geometry = gpd.GeoSeries(points).where((x.notna() & y.notna()).to_numpy(), None)
    else:
        geometry = gpd.GeoSeries([None] * len(frame), crs=4326)
    return to_records(gpd.GeoDataFrame(frame, geometry=geometry.to_numpy(), crs=geometry.crs), source, path)


def _as_json(row: dict[str, Any]) -> str:
    """The cells of a row that hold something, as JSON with sorted keys."""
    there = {key: value for key, value in row.items() if value is not None and value == value and value != ""}
    return json.dumps(there, ensure_ascii=False, sort_keys=True)


def read_table(path: Path) -> pd.DataFrame:
    """A table with every cell as text (Parquet keeps its types); separator and encoding are found out."""
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix in {".xlsx", ".xlsm"}:
            return pd.read_excel(path, dtype=str)
        return _read_text(path)
    except (OSError, ValueError, pd.errors.ParserError) as fault:
        raise SourceError(
            f"A tabela não se lê ({fault}). Guarde-a de novo em CSV (UTF-8) ou XLSX.",
            f"The table cannot be read ({fault}). Save it again as CSV (UTF-8) or XLSX.",
            where=str(path),
        ) from fault


def _read_text(path: Path) -> pd.DataFrame:
    raw = path.read_bytes()
    text = raw.decode("utf-16") if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else _decode(raw)
    head = text[: text.find("\n")] if "\n" in text else text
    separator = max(";\t,|", key=head.count)
    return pd.read_csv(StringIO(text), sep=separator, dtype=str, keep_default_na=False, na_values=[""])


def _decode(raw: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def require(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    """Raise where a column that ``atlas.toml`` names is absent, naming those that are there."""
    for column in columns:
        if column not in table:
            there = ", ".join(map(str, table.columns[:15]))
            raise SourceError(
                f"Falta a coluna «{column}». Há: {there}. Corrija `read` em atlas.toml.",
                f"The column “{column}” is missing. There are: {there}. Mend `read` in atlas.toml.",
                where=str(path),
            )


def numbers(column: pd.Series, path: Path, name: str) -> pd.Series:
    """Numbers from text, with a decimal comma or point; empty is missing, a word is an error that names its row."""
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype("string").str.strip()
    decimal = text.str.replace(r"[\s\u00a0\u202f]", "", regex=True)
    comma = decimal.str.contains(",", na=False)
    decimal = decimal.mask(comma, decimal.str.replace(".", "", regex=False).str.replace(",", ".", regex=False))
    values = pd.to_numeric(decimal, errors="coerce")
    wrong = text.notna() & values.isna() & ~text.isin(["", "-", "x", "…", "n.d.", "nd", "..."])
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise SourceError(
            f"«{text.iloc[row]}» não é um número. Corrija a célula ou deixe-a vazia.",
            f"“{text.iloc[row]}” is no number. Mend the cell or leave it empty.",
            where=f"{path}, coluna «{name}», linha {row + 2}",
        )
    return values.astype(float)
