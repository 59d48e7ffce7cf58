"""Shapefile in a ZIP: short names with a table of them, UTF-8 declared, one file a kind of geometry."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.exports import Format
from atlas.exports.dictionary import write_dictionary
from atlas.exports.geometry import by_kind
from atlas.exports.ogr import cut_to_bytes, write_ogr
from atlas.exports.short_names import short_names

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable

TEXT_BYTES = 254
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write(layer: Exportable, path: Path, lang: str, target: Path, progress: Progress | None) -> None:
    """Write the ZIP; the field dictionary inside it pairs every short name with the full one."""
    with tempfile.TemporaryDirectory(prefix="shapefile-", dir=path.parent) as name:
        folder = Path(name)
        for one in (layer, layer.outlines):
            if one is not None:
                _write_kinds(one, folder)
        write_dictionary(layer, folder / layer.id)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.writestr(zipfile.ZipInfo(file.name, _EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)


def _write_kinds(layer: Exportable, folder: Path) -> None:
    short = short_names([one.name for one in layer.fields])
    kinds = by_kind(layer.frame)
    for kind, frame in kinds.items():
        name = layer.id if len(kinds) == 1 else f"{layer.id}_{kind}"
        small = frame.copy()
        for one in layer.fields:
            if one.type == "text":
                small[one.name] = cut_to_bytes(small[one.name], TEXT_BYTES)
        write_ogr(
            small.rename(columns=short), folder / f"{name}.shp", "ESRI Shapefile", name, encoding="UTF-8",
            DBF_DATE_LAST_UPDATE=layer.day.isoformat(),
        )  # fmt: skip


FORMAT = Format(
    suffix=".shp.zip",
    media_type="application/zip",
    label=Text(pt="Shapefile (ZIP)", en="Shapefile (ZIP)"),
    write=write,
    limits=Text(
        pt="Nomes com 10 caracteres no máximo (ver a última coluna; o dicionário também está no ZIP). Texto com "
        "mais de 254 bytes é cortado e termina em «…».",
        en="Names of 10 characters at most (see the last column; the dictionary is in the ZIP too). Text longer than "
        "254 bytes is cut and ends in “…”.",
    ),
)
