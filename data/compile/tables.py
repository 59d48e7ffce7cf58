"""Reading the publishers' tables and writing the atlas's own: one way, so that the same inputs give the same bytes."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parents[1]
METRIC = "EPSG:3763"
DEGREES = "EPSG:4326"
OSM = {"licence": "ODbL-1.0", "attribution": "© OpenStreetMap contributors"}


def read_csv(path: Path, **options: Any) -> pd.DataFrame:
    """A table with every cell as text, empty cells missing, blanks around values taken off."""
    table = pd.read_csv(path, dtype=str, na_values=[""], keep_default_na=False, **options)
    return table.apply(lambda column: column.str.strip())


def number(text: pd.Series) -> pd.Series:
    """Numbers as INE prints them: decimal comma, thousands parted by dots or spaces; blanks are missing.

    >>> number(pd.Series(["7.412,26", " 3 586 586", "-2,07", None])).tolist()
    [7412.26, 3586586.0, -2.07, nan]
    """
    plain = text.str.replace(r"[\s.]", "", regex=True).str.replace(",", ".").replace("", None)
    return pd.to_numeric(plain).astype(float)


def whole(values: pd.Series) -> pd.Series:
    """Counts as integers that may be missing."""
    return values.round().astype("Int64")


def joined(marks: Mapping[str, pd.Series]) -> pd.Series:
    """The names of the conditions that hold in each row, joined by ``|``; missing where none does.

    >>> joined({"a": pd.Series([True, False, True]), "b": pd.Series([True, False, False])}).tolist()
    ['a|b', None, 'a']
    """
    table = pd.DataFrame({name: holds.fillna(False).astype(bool) for name, holds in marks.items()})
    names = list(marks)
    rows = ["|".join(name for name, on in zip(names, row, strict=True) if on) or None for row in table.to_numpy()]
    return pd.Series(rows, index=table.index, dtype=object)


def slug(text: str) -> str:
    """A name as a plain identifier.

    >>> slug("É-Aqui-in-Ócio")
    'e-aqui-in-ocio'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def metric_points(table: pd.DataFrame, lon: str = "lon", lat: str = "lat") -> gpd.GeoSeries:
    """The points of a table in metres."""
    x, y = table[lon].astype(float), table[lat].astype(float)
    return gpd.GeoSeries(gpd.points_from_xy(x, y, crs=DEGREES), index=table.index).to_crs(METRIC)


def as_json(tags: Iterable[Mapping[str, Any]]) -> list[str]:
    """Tags as JSON text with sorted keys."""
    return [json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for one in tags]


def on_grid(geometry: NDArray[np.object_], step: float) -> NDArray[np.object_]:
    """Every vertex on a grid of ``step`` (a power of two keeps the file small): shared borders stay shared."""
    return shapely.transform(geometry, lambda xy: np.round(xy / step) * step)


def light_outlines(metric: gpd.GeoSeries, tolerance: float = 2.0) -> gpd.GeoSeries:
    """Outlines drawn with less detail, in degrees with six decimals; an outline that would break keeps its own."""
    simple = metric.simplify(tolerance, preserve_topology=True).to_crs(DEGREES)
    rounded = gpd.GeoSeries(
        shapely.transform(simple.to_numpy(), lambda xy: np.round(xy, 6)), index=metric.index, crs=DEGREES
    )
    broken = ~rounded.is_valid | rounded.is_empty
    return rounded.mask(broken, metric.make_valid().to_crs(DEGREES))


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """UTF-8, comma, decimal point, line feed; missing is empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    _told(table, path)


def write_parquet(table: pd.DataFrame, path: Path, about: Mapping[str, str]) -> None:
    """(Geo)Parquet, zstd, with what the file is and under which licence in its metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    if isinstance(table, gpd.GeoDataFrame):
        table.to_parquet(buffer, compression="zstd", write_covering_bbox=False, index=False)
    else:
        table.to_parquet(buffer, index=False)
    plain = pq.read_table(buffer)
    metadata = {**(plain.schema.metadata or {}), **{key.encode(): text.encode() for key, text in about.items()}}
    integers = [name for name in plain.column_names if str(plain.schema.field(name).type).startswith("int")]
    pq.write_table(
        plain.replace_schema_metadata(metadata), path, compression="zstd", compression_level=19,
        use_dictionary=[name for name in plain.column_names if name not in (*integers, "geometry")],
        column_encoding=dict.fromkeys(integers, "DELTA_BINARY_PACKED") or None,
    )  # fmt: skip
    _told(table, path)


def _told(table: pd.DataFrame, path: Path) -> None:
    print(f"{path.relative_to(DATA)}: {len(table):,} rows, {path.stat().st_size / 1000:,.0f} kB")
