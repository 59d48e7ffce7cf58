"""Small sets of made-up records, and an atlas whose sources they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from atlas.atlasfile import find_atlas, load_atlas
from atlas.config import Atlas, Source
from atlas.fusion import Fused, fuse

NORTE = load_atlas(find_atlas("norte"))
X, Y = -40_000.0, 165_000.0  # metres of EPSG:3763, in the city of Porto


def source(id_: str, date: str = "2024", **more: object) -> Source:
    known = {"id": id_, "kind": "table", "file": f"{id_}.csv", "title": id_, "publisher": "p", "licence": "CC0"}
    return Source.model_validate(known | {"date": date} | more)


def atlas_of(*sources: Source, folder: Path = Path("nowhere")) -> Atlas:
    """The layers of Norte over other sources."""
    return NORTE.model_copy(update={"source": sources, "folder": folder})


def records(*rows: tuple[object, ...]) -> gpd.GeoDataFrame:
    """Rows of source, record, name, classes, (x, y) in metres or a geometry; and tags, where there are."""
    columns = ["source_id", "record_id", "name", "classes", "at", "tags"]
    table = pd.DataFrame([(*row, None)[:6] for row in rows], columns=columns)
    geometry = [at if not isinstance(at, tuple) else shapely.Point(X + at[0], Y + at[1]) for at in table.pop("at")]
    table = table.assign(kind=None, marks=None, parent=None, parent_at="1312")
    return gpd.GeoDataFrame(table, geometry=geometry, crs=NORTE.atlas.crs)


def box(x: float, y: float, side: float) -> shapely.Geometry:
    return shapely.box(X + x, Y + y, X + x + side, Y + y + side)


def groups(fused: Fused) -> set[frozenset[tuple[str, str]]]:
    """Places as sets of records."""
    held = fused.members.groupby("place_id")[["source_id", "record_id"]]
    return {frozenset(part.itertuples(index=False, name=None)) for _, part in held}


def together(fused: Fused, *ends: tuple[str, str]) -> bool:
    return any(set(ends) <= place for place in groups(fused))


def fused(rows: Sequence[tuple[object, ...]], *sources: Source, folder: Path = Path("nowhere")) -> Fused:
    return fuse(records(*rows), atlas_of(*sources, folder=folder))
