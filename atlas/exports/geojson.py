"""GeoJSON by RFC 7946: WGS84, right-hand rings, split at ±180°, 7 decimals at most, no ``crs`` member."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.dictionary import dictionary
from atlas.exports.geometry import in_wgs84

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write one feature a line; title, sources, licences and field dictionary stand as members of the collection."""
    geometries, box = in_wgs84(layer.frame)
    head: dict[str, Any] = {"type": "FeatureCollection", "name": layer.id, **layer.about(lang)}
    head["fields"] = [{key: value for key, value in row.items() if value} for row in dictionary(layer, lang)]
    if box:
        head["bbox"] = box
    columns = {one.name: layer.values(one.name) for one in layer.fields}
    shapes = shapely.to_geojson(np.asarray(geometries, dtype=object))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_json(head)[:-1] + ',"features":[')
        for row, shape in enumerate(shapes):
            properties = {name: values[row] for name, values in columns.items()}
            feature = {"type": "Feature", "id": properties[layer.key], "properties": properties}
            file.write((",\n" if row else "\n") + _json(feature)[:-1] + f',"geometry":{shape or "null"}}}')
        file.write("\n]}\n")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


FORMAT = Format(
    suffix=".geojson",
    media_type="application/geo+json",
    label=Text(pt="GeoJSON", en="GeoJSON"),
    write=write,
    limits=Text(
        pt="Coordenadas em WGS84 (EPSG:4326), com 7 casas decimais (cerca de 1 cm).",
        en="Coordinates in WGS84 (EPSG:4326), with 7 decimals (about 1 cm).",
    ),
)
