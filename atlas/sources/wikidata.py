"""Saved answers of Wikidata's query service: SPARQL results as JSON or CSV; one entity is one record.

``read`` takes the names of the query's variables, where they are not the usual ones:

==============  ================================================================================================
``item``        the entity (default ``item``)
``name``        its label (default ``itemLabel``); a label that is only the entity's number is none
``kind``        its class (default ``class``): a Wikidata class or a plain word; several rows of one entity give it
                several classes
``coord``       its point, ``Point(lon lat)`` (default ``coord``), or
``lon, lat``    its coordinates
==============  ================================================================================================

A heritage grade (``gradeLabel``) and the numbers of inventories (``sipa``, ``dgpc``) become attributes under the keys
that OpenStreetMap uses.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import listed, number_of, to_records
from atlas.sources.table import numbers, read_table, require

READ = frozenset({"item", "name", "kind", "coord", "lon", "lat"})

ENTITY = re.compile(r"(?:https?://www\.wikidata\.org/(?:entity|wiki)/)?(Q[1-9]\d*)$")
_NUMBER = r"([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)"
_POINT = re.compile(rf"^\s*(?:<[^>]*Q2>\s*)?POINT\s*\(\s*{_NUMBER}\s+{_NUMBER}\s*\)\s*$", re.IGNORECASE)
_UNKNOWN = re.compile(r"_:|https?://www\.wikidata\.org/\.well-known/genid/")
"""How a value that is only said to exist is written."""
TAGS = {
    "gradeLabel": "protection_title",
    "grade": "heritage:wikidata",
    "sipa": "ref:sipa",
    "dgpc": "ref:dgpc",
    "inception": "start_date",
    "website": "website",
}
"""Variables of a query and the keys that they become."""


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a saved answer."""
    path, read = folder / source.file, source.read
    table = _table(path)
    item = str(read.get("item", "item"))
    require(table, [item, *(str(read[key]) for key in ("name", "kind", "coord", "lon", "lat") if key in read)], path)
    table["record_id"] = table[item].map(_entity)
    strange = table["record_id"].isna()
    notes = number_of(
        int(strange.sum()),
        "# linha sem entidade ficou de fora|# linhas sem entidade ficaram de fora",
        "# row without an entity was left out|# rows without an entity were left out",
    )
    table = table[~strange].reset_index(drop=True)
    frame = _one_row_an_entity(table, read)
    points, strange = _points(table, read, path)
    frame = frame.set_geometry(points.groupby(table["record_id"], sort=False).first().to_numpy())
    frame = frame.set_crs(4326)
    frame.attrs["warnings"] = notes + listed(
        strange,
        "# coordenada não é um ponto na Terra e ficou de fora|# coordenadas não são pontos na Terra e ficaram de fora",
        "# coordinate is no point on the Earth and was left out|# coordinates are no points on the Earth and were left "
        "out",
    )
    return to_records(frame, source, path)


def _table(path: Path) -> pd.DataFrame:
    """The rows of an answer as text."""
    if path.suffix.lower() in (".csv", ".tsv"):
        return _known(read_table(path))
    content = path.read_bytes()
    try:
        answer = json.loads(content)
        rows = answer["results"]["bindings"]
        columns = list(answer["head"]["vars"])
        cells = [{key: _value(row.get(key)) for key in columns} for row in rows if isinstance(row, dict)]
    except (ValueError, KeyError, TypeError):
        if b"TimeoutException" in content[-20_000:]:
            raise SourceError(
                "O serviço esgotou o tempo e a resposta está incompleta. Peça menos, ou por partes.",
                "The service ran out of time and the answer is incomplete. Ask for less, or in parts.",
                where=str(path),
            ) from None
        raise SourceError(
            "Não é uma resposta SPARQL inteira em JSON, mas uma página de erro ou outro ficheiro. Descarregue-a outra "
            "vez.",
            "Not a whole SPARQL answer in JSON, but an error page or another file. Download it again.",
            where=str(path),
        ) from None
    return _known(pd.DataFrame(cells, columns=columns, dtype="str"))


def _known(table: pd.DataFrame) -> pd.DataFrame:
    """The cells but for those that are only said to exist."""
    return table.mask(table.apply(lambda column: column.str.match(_UNKNOWN).fillna(value=False)))


def _value(cell: Any) -> str | None:
    """A cell; what is only said to exist (a blank node) is missing."""
    if not isinstance(cell, dict) or cell.get("type") == "bnode":
        return None
    return str(cell.get("value", "")) or None


def _entity(text: Any) -> str | None:
    found = ENTITY.search(str(text).strip()) if isinstance(text, str) else None
    return found[1] if found else None


def _one_row_an_entity(table: pd.DataFrame, read: dict[str, Any]) -> gpd.GeoDataFrame:
    """Name, classes and attributes of each entity, in the order of the answer."""
    name, kind = str(read.get("name", "itemLabel")), str(read.get("kind", "class"))
    groups = table.groupby("record_id", sort=False)
    frame = pd.DataFrame({"record_id": list(groups.groups)})
    empty = pd.Series(None, index=table.index, dtype=object)
    labels = table.get(name, empty)
    labels = labels.where(labels != table["record_id"], None)
    frame["name"] = labels.groupby(table["record_id"], sort=False).first().to_numpy(dtype=object)
    kinds = table.get(kind, empty).map(lambda text: _entity(text) or text, na_action="ignore")
    frame["kind"] = kinds.groupby(table["record_id"], sort=False).agg(_joined).to_numpy(dtype=object)
    held = {
        key: table[column].map(lambda text: _entity(text) or text, na_action="ignore")
        .groupby(table["record_id"], sort=False).agg(_joined).tolist()
        for column, key in TAGS.items() if column in table
    }  # fmt: skip
    frame["tags"] = [
        json.dumps(
            {"wikidata": id_} | {key: values[row] for key, values in held.items() if isinstance(values[row], str)},
            ensure_ascii=False,
            sort_keys=True,
        )
        for row, id_ in enumerate(frame["record_id"])
    ]
    return gpd.GeoDataFrame(frame, geometry=[None] * len(frame))


def _joined(texts: pd.Series) -> str | None:
    return ";".join(sorted({str(text) for text in texts.dropna()})) or None


def _points(table: pd.DataFrame, read: dict[str, Any], path: Path) -> tuple[pd.Series, list[str]]:
    """The point of each row; and the entities whose coordinate is none, or of another globe (the Moon's)."""
    lon, lat, coord = (str(read.get(key, key)) for key in ("lon", "lat", "coord"))
    if coord in table:
        found = [_POINT.match(text) if isinstance(text, str) else None for text in table[coord]]
        points = [shapely.Point(float(one[1]), float(one[2])) if one else None for one in found]
        strange = np.array([one is None for one in found], dtype=bool) & table[coord].notna().to_numpy()
        return pd.Series(points, dtype=object), table["record_id"][strange].tolist()
    if lon in table and lat in table:
        x, y = numbers(table[lon], path, lon), numbers(table[lat], path, lat)
        both = x.notna() & y.notna()
        points = [shapely.Point(a, b) if there else None for a, b, there in zip(x, y, both, strict=True)]
        return pd.Series(points, dtype=object), []
    return pd.Series([None] * len(table), dtype=object), []
