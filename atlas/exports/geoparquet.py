"""GeoParquet 1.1 with the covering column that lets readers skip what lies elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.exports import Format

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write the layer; title, sources, licences and hashes stand as JSON under the key ``atlas`` of the file."""
    import pyarrow.parquet as pq

    options = {"compression": "zstd"}
    layer.frame.to_parquet(path, index=False, schema_version="1.1.0", write_covering_bbox=True, **options)
    table = pq.read_table(path)
    held = dict(table.schema.metadata or {})
    held[b"atlas"] = json.dumps(layer.about(lang), ensure_ascii=False, sort_keys=True).encode()
    pq.write_table(table.replace_schema_metadata(held), path, **options)


FORMAT = Format(
    suffix=".parquet",
    media_type="application/vnd.apache.parquet",
    label=Text(pt="GeoParquet", en="GeoParquet"),
    write=write,
    limits=Text(
        pt="Uma camada só, sem os registos dos lugares. A coluna «bbox» é o retângulo de cada contorno.",
        en="One layer only, without the records of places. The column “bbox” is the rectangle of each outline.",
    ),
)
