"""FlatGeobuf: one layer with a spatial index, fast to read in part over a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.ogr import descriptions, write_ogr

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write the layer; where a row has no geometry the index is left out, since it could not hold that row."""
    write_ogr(
        layer.frame, path, "FlatGeobuf", layer.id, TITLE=layer.title.in_(lang), DESCRIPTION=layer.attribution(lang),
        SPATIAL_INDEX="NO" if layer.frame.geometry.isna().any() else "YES", layer_metadata=descriptions(layer, lang),
    )  # fmt: skip


FORMAT = Format(
    suffix=".fgb",
    media_type="application/flatgeobuf",
    label=Text(pt="FlatGeobuf", en="FlatGeobuf"),
    write=write,
    limits=Text(
        pt="As linhas seguem a ordem do índice espacial. Uma camada só, sem os registos dos lugares.",
        en="Rows follow the order of the spatial index. One layer only, without the records of places.",
    ),
)
