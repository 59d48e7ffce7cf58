"""What the formats that GDAL writes have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from atlas.exports.exportable import Exportable


def write_ogr(frame: Any, path: Path, driver: str, layer: str, **options: Any) -> None:
    """One table of a file, through GDAL; a frame without geometry becomes a table of attributes."""
    import pyogrio

    if "geometry" in frame.columns and not frame.geometry.notna().any():
        options = {"geometry_type": "Point", **options}
    pyogrio.write_dataframe(frame, str(path), layer=layer, driver=driver, **options)


def descriptions(layer: Exportable, lang: str) -> dict[str, str]:
    """Attribution, sources and licences as flat texts, which is what such files can hold."""
    sources = [
        "{title} ({publisher}, {date}, {licence})".format_map(
            {"title": "", "publisher": "", "date": "", "licence": ""} | one
        )
        for one in layer.sources_in(lang)
    ]
    held = {
        "attribution": layer.attribution(lang),
        "sources": "; ".join(sources),
        "licences": "; ".join(layer.about(lang)["licences"]),
        "atlas": layer.atlas,
        "generated_from": layer.generated_from,
        **{f"hash_{name}": value for name, value in sorted(layer.hashes.items())},
    }
    return {key: value for key, value in held.items() if value}


def cut_to_bytes(column: pd.Series, most: int) -> pd.Series:
    """Texts cut to ``most`` bytes of UTF-8, between two characters, ending in an ellipsis where they were cut.

    >>> cut_to_bytes(pd.Series(["São João", None]), 8).tolist()[0]
    'São …'
    """

    def cut(text: Any) -> Any:
        raw = text.encode() if isinstance(text, str) else b""
        return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"

    return column.map(cut).astype(object)
