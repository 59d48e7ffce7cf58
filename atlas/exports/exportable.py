"""What every format writes: one layer as a table with outlines, its fields explained, its sources named."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from atlas.config import Text
from atlas.exports import NOTHING
from atlas.exports.style import PLAIN, Style
from atlas.source_words import in_language

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from atlas.diagnosis_tables import Chapter

FieldType = Literal["text", "integer", "number", "boolean"]
OSM_ATTRIBUTION = "© OpenStreetMap contributors"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_EPOCH = dt.date(2000, 1, 1)


@dataclass(frozen=True)
class Field:
    """One column: its name in every format, and what a reader must know to use it."""

    name: str
    type: FieldType
    meaning: Text
    unit: Text = NOTHING
    source: Text = NOTHING
    formula: Text = NOTHING
    decimals: int = 0
    official_name: str = ""
    """The name of the same thing in CAOP, the official administrative map."""


@dataclass(frozen=True)
class Table:
    """Rows without geometry that belong to a layer's rows by ``key``, as records belong to places."""

    id: str
    title: Text
    frame: pd.DataFrame
    fields: tuple[Field, ...]
    key: str


@dataclass(frozen=True)
class Exportable:
    """A layer ready to be written: ``frame`` holds exactly the ``fields``, the identifier first, and ``geometry``."""

    id: str
    title: Text
    frame: gpd.GeoDataFrame
    fields: tuple[Field, ...]
    description: Text = NOTHING
    sources: tuple[dict[str, str], ...] = ()
    """As declared, with ``title_en`` and ``licence_en`` where the atlas states them; see :meth:`sources_in`."""
    hashes: dict[str, str] = field(default_factory=dict)
    atlas: str = ""
    generated_from: str = ""
    style: Style = PLAIN
    tables: tuple[Table, ...] = ()
    outlines: Exportable | None = None
    """The same places' outlines where a source drew them: formats with room for several layers take it along."""
    chapters: tuple[Chapter, ...] = ()
    """What a committee asks of the index behind the rows: a workbook has a sheet for each."""

    def __post_init__(self) -> None:
        wanted = [one.name for one in self.fields]
        found = [name for name in self.frame.columns if name != "geometry"]
        if wanted != found:
            msg = f"Layer {self.id!r} holds the columns {found}, its fields are {wanted}."
            raise ValueError(msg)
        if self.frame.crs is None or self.frame.crs.is_geographic:
            msg = f"Layer {self.id!r} is not in a metric reference system: {self.frame.crs}."
            raise ValueError(msg)

    @property
    def key(self) -> str:
        """The column that names a row."""
        return self.fields[0].name

    @cached_property
    def tidy(self) -> Exportable:
        """The same layer with every column of its field's type, rounded to its decimals, its texts printable."""
        import numpy as np
        import shapely

        frame = self.frame.reset_index(drop=True)
        flat = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
        flat[shapely.is_empty(flat)] = None
        frame = frame.set_geometry(flat, crs=frame.crs)
        tables = tuple(replace(one, frame=_typed(one.frame.reset_index(drop=True), one.fields)) for one in self.tables)
        outlines = self.outlines.tidy if self.outlines is not None else None
        return replace(self, frame=_typed(frame, self.fields), tables=tables, outlines=outlines)

    def values(self, name: str) -> list[Any]:
        """A column as plain values, None where there is nothing."""
        column = self.frame[name]
        return column.astype(object).where(column.notna(), None).tolist()

    @property
    def day(self) -> dt.date:
        """The newest date among the sources: what a file says of its age, whenever it was written."""
        return newest_day(source.get("date", "") for source in self.sources)

    @property
    def open_database(self) -> bool:
        """Whether rows derive from OpenStreetMap, and the file therefore stays under the ODbL."""
        return any("odbl" in source.get("licence", "").lower() for source in self.sources)

    def sources_in(self, lang: str) -> list[dict[str, str]]:
        """The sources with title and licence in ``pt`` or ``en``."""
        return [in_language(one, lang) for one in self.sources]

    def attribution(self, lang: str) -> str:
        """Who must be named beside the data, each once, with the licence in ``pt`` or ``en``."""
        return attribution(self.sources, lang)

    def about(self, lang: str) -> dict[str, Any]:
        """Title, sources, licences and origin as plain values, for formats that hold metadata."""
        sources = self.sources_in(lang)
        return {
            "title": self.title.in_(lang),
            "description": self.description.in_(lang),
            "attribution": self.attribution(lang),
            "licences": sorted({source["licence"] for source in sources if source.get("licence")}),
            "sources": sources,
            "atlas": self.atlas,
            "generated_from": self.generated_from,
            "hashes": dict(self.hashes),
        }


def attribution(sources: Iterable[Mapping[str, str]], lang: str) -> str:
    """Who must be named beside the data, each once; sources as :func:`atlas.source_words.bilingual` has them.

    >>> osm = {"publisher": "OpenStreetMap", "licence": "ODbL 1.0"}
    >>> attribution([osm, {"publisher": "DGT", "licence": "Factos", "licence_en": "Facts"}, {"publisher": "INE"}], "en")
    '© OpenStreetMap contributors (ODbL 1.0) · DGT (Facts) · INE'
    """
    named = []
    for source in sources:
        licence = in_language(source, lang).get("licence", "")
        who = OSM_ATTRIBUTION if "odbl" in source.get("licence", "").lower() else source.get("publisher", "")
        named.append(f"{who} ({licence})" if licence else who)
    return " · ".join(dict.fromkeys(name for name in named if name))


def clean_text(text: str) -> str:
    r"""``text`` without control characters and broken surrogates, which XML and C strings cannot hold.

    >>> clean_text("Sé\x00 do Porto\nnorte")
    'Sé do Porto\nnorte'
    """
    return _UNPRINTABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def _typed(frame: Any, fields: tuple[Field, ...]) -> Any:
    """Columns cast by field; missing stays missing."""
    import numpy as np
    import pandas as pd

    out = frame.copy()
    for one in fields:
        column = out[one.name]
        if one.type == "text":
            present = column.notna()
            text = pd.Series([None] * len(column), index=column.index, dtype=object)
            text[present] = [clean_text(str(value)) for value in column[present]]
            out[one.name] = text
        elif one.type == "integer":
            values = pd.to_numeric(column).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            out[one.name] = pd.Series(np.round(values), index=column.index).astype("Int64")
        elif one.type == "boolean":
            out[one.name] = column.astype("boolean")
        else:
            values = pd.to_numeric(column).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            values[~np.isfinite(values)] = np.nan
            out[one.name] = np.round(values, one.decimals) + 0.0
    return out


def newest_day(dates: Iterable[str]) -> dt.date:
    """The latest of dates as sources state them, each by the day that it begins with; 2000 where none states one.

    >>> newest_day(["2021", "2026-10", "2024-03-05"]).isoformat()
    '2026-10-01'
    """
    days = [_first_day(date) for date in dates]
    return max((day for day in days if day is not None), default=_EPOCH)


def _first_day(date: str) -> dt.date | None:
    """The day that ``2021``, ``2024-03`` or ``2024-03-05`` begins with."""
    match = re.match(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", date)
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
