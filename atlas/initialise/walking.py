"""The walking network of a new atlas: the streets of its extracts, and the relief where a raster is given."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from atlas import sources
from atlas.atlasfile import LEAST_COVER
from atlas.config import Source, Text
from atlas.errors import SourceError
from atlas.initialise.choosing import WALKED_M
from atlas.initialise.filling import ODBL, OSM, day_of, said_of
from atlas.initialise.noting import UNSTATED, Note, figure
from atlas.sources._streets import FOOTWAYS, read_streets
from atlas.sources.network import Network
from atlas.walking import load_streets

EDGES, NODES = "sources/streets.parquet", "sources/street_nodes.parquet"


@dataclass(frozen=True)
class Walking:
    """Sources of streets and relief, the table `walking` of ``atlas.toml``, and what is to be said of them."""

    sources: list[Source] = field(default_factory=list)
    walking: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def walking_of(
    filling: Sequence[Source], folder: Path, units: gpd.GeoDataFrame, relief: Path | None, taken: set[str]
) -> Walking:
    """The streets of the extracts that cover the units, written beside them; nothing where there are none.

    Raises
    ------
    SourceError
        A relief is given that no streets use, or that cannot be read.
    """
    extracts = [one for one in filling if one.kind == "pbf" and one.covers >= LEAST_COVER]
    region = shapely.box(*shapely.total_bounds(units.geometry.to_numpy())).buffer(2 * WALKED_M)
    found = [(one, read_streets(folder / one.file, units.crs, region)) for one in extracts]
    streets = [(source, network) for source, network in found if network is not None]
    if not streets:
        if relief is not None:
            raise SourceError(
                "O relevo serve para as ruas, e nenhum extrato com ruas cobre a região. Junte `--osm FICHEIRO.pbf`.",
                "Relief serves the streets, and no extract with streets covers the region. Add `--osm FILE.pbf`.",
                where=str(relief),
            )
        return Walking()
    network, note = _together([one for _, one in streets])
    network.edges.to_parquet(folder / EDGES, index=False)
    network.nodes.to_parquet(folder / NODES, index=False)
    taken |= {"streets", "relief"}
    given = [_streets_source([source for source, _ in streets], note)]
    walking: dict[str, Any] = {"network": "streets"}
    if relief is not None:
        given.append(_relief_source(relief, folder, network, units.crs))
        walking["relief"] = "relief"
    return Walking(given, walking, [_said(note, slope=relief is not None)])


def _together(parts: Sequence[Network]) -> tuple[Network, dict[str, float]]:
    """Several extracts as one network: what two hold is taken once."""
    edges = pd.concat([one.edges for one in parts], ignore_index=True)
    nodes = pd.concat([one.nodes for one in parts], ignore_index=True)
    edges = edges.drop_duplicates(["from_node", "to_node"], ignore_index=True)
    on_foot = edges["highway"].isin(FOOTWAYS).to_numpy()
    km = edges["length_m"].to_numpy(dtype=float) / 1000
    street, footway = float(km[~on_foot].sum()), float(km[on_foot].sum())
    share = footway / street if street else 0.0
    return Network(edges, nodes.drop_duplicates("node", ignore_index=True)), {
        "street": street, "footway": footway, "share": 100 * share,
    }  # fmt: skip


def _said(lengths: dict[str, float], *, slope: bool) -> Note:
    key = "init.note.walking.slope" if slope else "init.note.walking.flat"
    street, footway, share = (figure(lengths[one]) for one in ("street", "footway", "share"))
    return Note(key, street=street, footway=footway, share=share)


def _streets_source(extracts: Sequence[Source], lengths: dict[str, float]) -> Source:
    """Where the streets come from, and how far footways are mapped beside them."""
    street, footway, share = (f"{lengths[key]:.0f}" for key in ("street", "footway", "share"))
    return Source.model_validate({
        "id": "streets",
        "kind": "network",
        "file": EDGES,
        "title": "; ".join(one.title for one in extracts),
        "publisher": OSM,
        "licence": ODBL,
        "date": max(one.date for one in extracts),
        "address": "https://www.openstreetmap.org",
        "read": {"nodes": NODES},
        "note": Text(
            pt=f"{street} km de ruas e {footway} km de caminhos pedonais cartografados ({share} % das ruas).",
            en=f"{street} km of streets and {footway} km of footways mapped ({share} % of the streets).",
        ),
    })  # fmt: skip


def _relief_source(path: Path, folder: Path, network: Network, crs: Any) -> Source:
    """The raster, copied into the atlas's folder."""
    if not path.is_file():
        raise SourceError.absent(path)
    virtual = path.suffix.lower() == ".vrt"
    file = "sources/relief.tif" if virtual else f"sources/relief{path.suffix.lower()}"
    if virtual:  # it only points to other files, which would stay behind
        import rasterio.shutil

        rasterio.shutil.copy(path, folder / file, driver="GTiff")
    else:
        shutil.copyfile(path, folder / file)
    values = {"id": "relief", "kind": "raster", "file": file, "title": path.stem, "date": day_of(path)}
    source = Source.model_validate({**values, "publisher": UNSTATED, "licence": UNSTATED})
    with said_of(path, folder / file):
        load_streets(network, sources.load(source, folder), crs)  # what cannot be read, or lies elsewhere, is said now
    return source
