"""The field dictionary: what every column of a file means, in Portuguese and in English, the same for all formats."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from atlas.exports import formats
from atlas.exports.short_names import SHORT_LENGTH, short_names
from atlas.exports.spreadsheet_safety import inert
from atlas.language import LANGUAGES, Translator

if TYPE_CHECKING:
    from atlas.exports.exportable import Exportable, Field

_COLUMNS = (
    "table", "name", "type", "unit", "meaning", "source", "formula", "decimals", "official_name", "short_name",
)  # fmt: skip


def dictionary(layer: Exportable, lang: str) -> list[dict[str, str]]:
    """One row a field of the layer and of its tables, then the formats with what they cannot hold, then the sources.

    The keys are ``table, name, type, unit, meaning, source, formula, decimals, official_name`` (CAOP's name) and
    ``short_name`` (the one that a Shapefile has room for).
    """
    t = Translator("en" if lang == "en" else "pt")
    rows = _rows(layer.id, layer.fields, lang, t)
    empty = dict.fromkeys(_COLUMNS, "")
    geometry = empty | {
        "table": layer.id,
        "name": "geometry",
        "type": t("export.type.geometry"),
        "meaning": t("export.geometry", crs=_crs_name(layer)),
    }
    rows.append(geometry)
    for table in layer.tables:
        rows += _rows(table.id, table.fields, lang, t)
    for suffix, form in formats().items():
        if form.limits.in_(lang):
            limit = {"table": t("export.format"), "name": suffix, "meaning": form.limits.in_(lang)}
            rows.append(empty | limit)
    for source in layer.sources_in(lang):
        about = ". ".join(source[key] for key in ("title", "publisher", "licence", "date") if source.get(key))
        rows.append(empty | {"table": t("export.source"), "name": source.get("id", ""), "meaning": about})
    rows.append(empty | {"table": t("export.attribution"), "meaning": layer.attribution(lang)})
    return rows


def headings(lang: str) -> dict[str, str]:
    """The dictionary's column names, for people."""
    t = Translator("en" if lang == "en" else "pt")
    return {column: t(f"export.dictionary.{column}", length=SHORT_LENGTH) for column in _COLUMNS}


def write_dictionary(layer: Exportable, base: Path) -> list[Path]:
    """Write ``BASE.fields.pt.csv`` and ``BASE.fields.en.csv``, as Excel in Portugal opens them."""
    written = []
    for lang in LANGUAGES:
        path = base.with_name(f"{base.name}.fields.{lang}.csv")
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.DictWriter(file, _COLUMNS, delimiter=";", lineterminator="\r\n")
            table.writerow(headings(lang))
            table.writerows({key: inert(value) for key, value in row.items()} for row in dictionary(layer, lang))
        written.append(path)
    return written


def _rows(table: str, fields: tuple[Field, ...], lang: str, t: Translator) -> list[dict[str, str]]:
    short = short_names([one.name for one in fields])
    return [
        {
            "table": table,
            "name": one.name,
            "type": t(f"export.type.{one.type}"),
            "unit": one.unit.in_(lang),
            "meaning": one.meaning.in_(lang),
            "source": one.source.in_(lang),
            "formula": one.formula.in_(lang),
            "decimals": str(one.decimals) if one.type == "number" else "",
            "official_name": one.official_name,
            "short_name": short[one.name],
        }
        for one in fields
    ]


def _crs_name(layer: Exportable) -> str:
    authority = layer.frame.crs.to_authority()
    return ":".join(authority) if authority else str(layer.frame.crs.name)
