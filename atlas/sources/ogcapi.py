"""Saved answers of OGC API Features (GeoJSON), and the files that ``atlas fetch`` makes of live ones.

Read as :mod:`atlas.sources.wfs` reads GeoJSON; an answer that links to a next page is one page only, and says so.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd

from atlas.config import Source
from atlas.language import counted
from atlas.sources import wfs

READ = wfs.READ


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """Records of a saved answer."""
    path = folder / source.file
    records = wfs.load(source, folder)
    if path.suffix.lower() in (".json", ".geojson") and _goes_on(path) and not records.attrs["warnings"]:
        pt, en = (
            counted("pt", len(records), "# registo|# registos"),
            counted("en", len(records), "# record|# records"),
        )
        records.attrs["warnings"] = [(
            f"a resposta é só uma página ({pt}) e aponta para a seguinte: use `atlas fetch`",
            f"the answer is one page only ({en}) and links to the next: use `atlas fetch`",
        )]  # fmt: skip
    return records


def _goes_on(path: Path) -> bool:
    links = json.loads(path.read_bytes()).get("links")
    return isinstance(links, list) and any(isinstance(one, dict) and one.get("rel") == "next" for one in links)
