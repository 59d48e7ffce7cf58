"""Tables with a row a record: CSV of any encoding and separator, XLSX, Parquet; placed by coordinates or not yet.

``read`` takes:

=============  ==================================================================================================
``record``     column of the id (default ``record_id``; the row's number where the table has none)
``name``       column of the name (default ``name``)
``kind``       column of the source's word for what it is (default ``kind``), or
``kind_is``    one word for all rows
``lon, lat``   columns of coordinates (defaults ``lon``, ``lat``), as numbers with point or comma, or as degrees and
               minutes; a row without them has no place yet
``crs``        of the coordinates (default ``EPSG:4326``)
``parent``     column with the code of the municipality, or its name
``unit``       column with the code of the neighbourhood, for rows without coordinates
``street``     with ``number``: columns of the address, for rows without coordinates; another record that has the
               address in the same municipality places them
``cae3``       column with a firm's code of CAE revision 3 (NACE 2), which tells its class
``cae4``       the same of revision 4 (NACE 2.1), in force since 2025
``keep``       further columns to carry along as attributes
``sheet``      of a workbook (default the first)
=============  ==================================================================================================

Titles above the header, two rows of headings, merged cells, totals among the rows and empty rows are seen and put
right; each is a warning of the source.
"""

from __future__ import annotations

import csv
import json
import re
import zlib
from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import geopandas as gpd
import pandas as pd

from atlas.config import Source
from atlas.errors import SourceError, Spot, refusal
from atlas.sources import _coordinates, as_text, first_ten, listed, number_of, text_or_none, to_records
from atlas.sources._encoding import decoded, refuse_no_text
from atlas.sources._header import Header, Warnings, find_header, separator_of, sheet_rows, text_rows

READ = frozenset({
    "record", "name", "kind", "kind_is", "marks", "parent", "lon", "lat", "crs", "unit", "street", "number", "cae3",
    "cae4", "keep", "sheet",
})  # fmt: skip

_MEND_READ = ("Corrija `read` em atlas.toml", "Mend `read` in atlas.toml")
ATTRIBUTES = {"unit": "unit", "street": "addr:street", "number": "addr:housenumber", "cae3": "cae3", "cae4": "cae4"}
"""Keys of ``read`` and the attributes that a record is placed or classified by."""
_THOUSANDS = re.compile(r"(?<=^[-+])\s+|(?<=\d)\s(?=\d{3}(?!\d))")
_TOTAL = re.compile(r"(sub)?tota(l|is)( geral)?|total (da|do|de) .+|soma|grand total", re.IGNORECASE)


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a table."""
    path, read = folder / source.file, source.read
    lon, lat = str(read.get("lon", "lon")), str(read.get("lat", "lat"))
    keep = [read["keep"]] if isinstance(read.get("keep"), str) else list(read.get("keep", []))
    named = [str(read[key]) for key in ("record", "name", "kind", "lon", "lat", "parent", *ATTRIBUTES) if key in read]
    table = read_table(path, wanted=[*named, *keep], sheet=read.get("sheet"))
    require(table, [*named, *keep], path)
    refuse_twice(table, ["record_id", "name", "kind", "parent", lon, lat], path)
    table = without_totals(table, [one for one in (lon, lat) if one in table])
    notes: Warnings = list(table.attrs.get("warnings", []))
    frame = pd.DataFrame(index=table.index)
    record = str(read.get("record", "record_id"))
    frame["record_id"] = text_or_none(table[record]) if record in table else (table.index + 1).astype(str)
    for key in ("name", "kind", "marks", "parent"):
        column = str(read.get(key, key))
        frame[key] = text_or_none(table[column]) if column in table else None
    if "kind_is" in read:
        frame["kind"] = str(read["kind_is"])
    tagged = {str(read[key]): tag for key, tag in ATTRIBUTES.items() if key in read}
    if keep or tagged:
        attributes = pd.concat([table[keep], table[list(tagged)].rename(columns=tagged)], axis="columns")
        frame["tags"] = [_as_json(row) for row in attributes.to_dict("records")]
    geometry = gpd.GeoSeries([None] * len(frame), crs=4326)
    if lon in table and lat in table:
        geometry, swapped = _points(table[lon], table[lat], str(read.get("crs", "EPSG:4326")), path)
        notes += listed(
            frame.loc[swapped, "record_id"].tolist(),
            "# registo tinha longitude e latitude trocadas|# registos tinham longitude e latitude trocadas",
            "# record had longitude and latitude swapped|# records had longitude and latitude swapped",
        )
    records = gpd.GeoDataFrame(frame, geometry=geometry.to_numpy(), crs=geometry.crs)
    records.attrs["warnings"] = notes
    return to_records(records, source, path)


def _points(lon: pd.Series, lat: pd.Series, crs: str, path: Path) -> tuple[gpd.GeoSeries, pd.Series]:
    """Points from two columns, missing where one of them is; and which had the columns swapped."""
    system = _coordinates.crs_named(crs, path)
    lon, lat, swapped = _coordinates.by_hemisphere(lon, lat, path)
    x, y = (
        _coordinates.degrees(column, path, str(column.name))
        if system.is_geographic and _coordinates.are_angles(column)
        else numbers(column, path, str(column.name))
        for column in (lon, lat)
    )
    _coordinates.refuse_other_unit(x, y, path, geographic=system.is_geographic)
    if system.is_geographic:
        x, y, wrong = _coordinates.swap_impossible(x, y)
        swapped |= wrong
    points = gpd.GeoSeries(gpd.points_from_xy(x, y, crs=system))
    return points.where((x.notna() & y.notna()).to_numpy(), None), swapped


def _as_json(row: dict[str, Any]) -> str:
    """The cells of a row that hold something, as JSON with sorted keys."""
    there = {key: as_text(value) for key, value in row.items()}
    return json.dumps({key: text for key, text in there.items() if text}, ensure_ascii=False, sort_keys=True)


def read_table(path: Path, *, wanted: Collection[str] = (), sheet: str | None = None) -> pd.DataFrame:
    """A table with every cell as text (Parquet keeps its types); encoding, separator and header are found out.

    Parameters
    ----------
    wanted
        Columns that must be there: they tell which row is the header.

    Returns
    -------
    Rows labelled so that label + 2 is the line of the file; ``.attrs["warnings"]`` says what was put right.

    """
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            return _read_sheet(path, wanted, sheet)
        return _read_text(path, wanted)
    except FileNotFoundError:
        raise SourceError.absent(path) from None
    except (OSError, ValueError, KeyError, csv.Error, BadZipFile, zlib.error, pd.errors.ParserError) as fault:
        pt, en = refusal(fault)
        raise SourceError(
            f"A tabela não se lê ({pt}). Guarde-a de novo em CSV (UTF-8) ou XLSX.",
            f"The table cannot be read ({en}). Save it again as CSV (UTF-8) or XLSX.",
            where=str(path),
        ) from fault


def _read_text(path: Path, wanted: Collection[str]) -> pd.DataFrame:
    raw = path.read_bytes()
    refuse_no_text(raw, path)
    text, note = decoded(raw)
    if not text.strip():
        raise _empty(path)
    if "\n" not in text:  # as a Macintosh ended its lines long ago
        text = text.replace("\r", "\n")
    separator = separator_of(text)
    header = find_header(text_rows(text, separator), wanted)
    options: dict[str, Any] = {
        "sep": separator, "dtype": str, "keep_default_na": False, "na_values": [""],
        "skip_blank_lines": False,  # so that rows can be told by their lines
    }  # fmt: skip
    first = {} if header.plain else {"header": None, "skiprows": header.rows, "names": _apart(header.names)}
    table = pd.read_csv(StringIO(text), **first, **options)
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes the cells too many for labels, and shifts the others
        table = _without_surplus(table.reset_index(), [str(one) for one in table.columns], header, path)
    _refuse_swallowed(table, separator, header, path)
    return _whole(table, header, [] if note is None else [note])


def _empty(path: Path) -> SourceError:
    return SourceError("A tabela está vazia. Indique outra.", "The table is empty. Name another.", where=str(path))


def _refuse_swallowed(table: pd.DataFrame, separator: str, header: Header, path: Path) -> None:
    """An error where a cell holds whole lines of the table: quotes open in it that close in another row."""
    for column in table.columns if len(table.columns) > 2 else ():
        cells = table[column].dropna()
        for row, cell in cells[cells.str.contains("\n", regex=False)].items():
            if max(line.count(separator) for line in cell.split("\n")[1:]) >= len(table.columns) - 1:
                line = int(row) + header.rows + 1
                raise SourceError(
                    "Abrem-se aspas que só fecham noutra linha, e as do meio perdem-se. Feche-as, ou apague-as.",
                    "Quotes open that close in another row only, and those between are lost. Close or delete them.",
                    where=Spot.of(path, column=str(column), line=line),
                )


def _without_surplus(table: pd.DataFrame, names: list[str], header: Header, path: Path) -> pd.DataFrame:
    """Rows that end in more separators than the header, without these; an error where something stands behind them."""
    surplus = table.iloc[:, len(names) :].notna().any(axis=1).to_numpy()
    if surplus.any():
        line = int(surplus.argmax()) + header.rows + 1
        raise SourceError(
            f"A linha {line} tem mais células do que o cabeçalho ({len(names)}). Se os números têm vírgula decimal, "
            "separe as colunas por ponto e vírgula ou ponha-os entre aspas.",
            f"Line {line} has more cells than the header ({len(names)}). If the numbers have decimal commas, part the "
            "columns by semicolons or put the numbers in quotes.",
            where=str(path),
        )
    return table.iloc[:, : len(names)].set_axis(names, axis="columns")


def _read_sheet(path: Path, wanted: Collection[str], sheet: str | None) -> pd.DataFrame:
    rows, notes = sheet_rows(path, sheet)
    if not rows:
        raise _empty(path)
    header = find_header(rows, wanted)
    width = len(header.names)
    cells = [[cell or None for cell in row[:width]] + [None] * (width - len(row)) for row in rows[header.rows :]]
    return _whole(pd.DataFrame(cells, columns=_apart(header.names), dtype="str"), header, notes)


def _apart(names: list[str]) -> list[str]:
    """Names that repeat told apart as pandas does it, blank ones called so."""
    seen: dict[str, int] = {}
    apart = []
    for position, name in enumerate(names):
        own = name or f"Unnamed: {position}"
        apart.append(f"{own}.{seen[own]}" if own in seen else own)
        seen[own] = seen.get(own, 0) + 1
    return apart


def _whole(table: pd.DataFrame, header: Header, notes: Warnings) -> pd.DataFrame:
    """The table without empty rows, labelled by its lines, with what was noted."""
    table.columns = [str(name).strip() for name in table.columns]
    table.index = pd.RangeIndex(header.rows - 1, header.rows - 1 + len(table))
    table = table[table.notna().any(axis=1)] if table.isna().any(axis=None) else table
    if header.rows > 1:
        notes = [*notes, (
            f"o cabeçalho está na linha {header.rows}: {', '.join(header.names[:8])}",
            f"the header is in line {header.rows}: {', '.join(header.names[:8])}",
        )]  # fmt: skip
    table.attrs["warnings"] = notes
    return table


def without_totals(table: pd.DataFrame, places: Collection[str]) -> pd.DataFrame:
    """The rows that are records: not those whose first word is *Total* and that have no coordinates.

    A shop called Total stands somewhere, and stays.
    """
    if not len(table) or not len(table.columns):
        return table
    first = table.iloc[:, 0].astype("string")
    for number in range(1, table.shape[1]):  # pandas' own `bfill` along rows takes thirty times as long
        if not first.isna().any():
            break
        first = first.fillna(table.iloc[:, number].astype("string"))
    first = first.str.strip()
    total = first.str.fullmatch(_TOTAL).fillna(False).to_numpy(dtype=bool)
    if places:
        total &= table[list(places)].isna().any(axis=1).to_numpy()
    if not total.any():
        return table
    lines = first_ten([str(label + 2) for label in table.index[total]])
    kept = table[~total]
    kept.attrs["warnings"] = [
        *table.attrs.get("warnings", []),
        *number_of(
            int(total.sum()),
            f"# linha de totais ficou de fora (linha {lines})|# linhas de totais ficaram de fora (linhas {lines})",
            f"# row of totals was left out (line {lines})|# rows of totals were left out (lines {lines})",
        ),
    ]
    return kept


def require(table: pd.DataFrame, columns: list[str], path: Path, *, remedy: tuple[str, str] = _MEND_READ) -> None:
    """Raise where a column is absent or stands twice, naming those that are there and, in each language, what to do.

    Without a ``remedy`` the column is one that ``atlas.toml`` names.
    """
    for column in columns:
        there = ", ".join(map(str, table.columns[:15]))
        if column not in table:
            raise SourceError(
                f"Falta a coluna «{column}». Há: {there}. {remedy[0]}.",
                f"The column “{column}” is missing. There are: {there}. {remedy[1]}.",
                where=str(path),
            )
    refuse_twice(table, columns, path)


def refuse_twice(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    """An error where one of the columns stands twice: which one is meant is not known."""
    for column in columns:
        if f"{column}.1" in table:
            raise SourceError(
                f"A coluna «{column}» aparece duas vezes. Dê outro nome a uma delas.",
                f"The column “{column}” stands twice. Give one of them another name.",
                where=str(path),
            )


def numbers(column: pd.Series, path: Path, name: str) -> pd.Series:
    """Numbers from text, as people write them; empty is missing, a word is an error that names its row.

    A comma is the decimal one unless a point follows it; where a column has decimal commas, points part thousands.
    Blanks part thousands and nothing else. A percent sign is left away: the figure is in per cent.

    >>> numbers(pd.Series(["7.412,26", "1.234", "12,5 %", "n.d.", "−3"]), Path("a.csv"), "x").tolist()
    [7412.26, 1234.0, 12.5, nan, -3.0]
    >>> numbers(pd.Series(["1,234.5", "41.158"]), Path("a.csv"), "x").tolist()
    [1234.5, 41.158]
    >>> numbers(pd.Series(["1 234 567,8", "12 5"]), Path("a.csv"), "x")
    Traceback (most recent call last):
    atlas.errors.SourceError: a.csv, coluna «x», linha 3: «12 5» não é um número. Corrija a célula ou deixe-a vazia.
    """
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype("string").str.strip()
    plain = text.str.replace("−", "-", regex=False).str.removesuffix("%").str.strip()
    parted = plain.str.contains(r"[\s\u00a0\u202f]").fillna(value=False)
    if parted.any():
        plain = plain.mask(parted, plain[parted].map(lambda one: _THOUSANDS.sub("", one)))
    comma, point = plain.str.rfind(","), plain.str.rfind(".")
    english = (comma >= 0) & (point > comma)
    plain = plain.mask(english, plain.str.replace(",", "", regex=False))
    decimal_comma = (comma >= 0) & ~english
    thousands = plain.str.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+") & (decimal_comma.any() or plain.str.count(r"\.") > 1)
    plain = plain.mask(
        decimal_comma | thousands, plain.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    )
    values = pd.to_numeric(plain, errors="coerce")
    wrong = (text.notna() & values.isna() & ~text.str.casefold().isin(_coordinates.MISSING)).to_numpy(dtype=bool)
    if wrong.any():
        label = column.index[int(wrong.argmax())]
        raise SourceError(
            f"«{text.loc[label]}» não é um número. Corrija a célula ou deixe-a vazia.",
            f"“{text.loc[label]}” is no number. Mend the cell or leave it empty.",
            where=_coordinates.cell_of(path, name, label),
        )
    return values.astype(float)
