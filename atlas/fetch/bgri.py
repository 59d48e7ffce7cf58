"""INE's census blocks (BGRI), a ZIP a municipality, summed into the atlas's own neighbourhoods."""

from __future__ import annotations

import shutil

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from atlas.errors import FetchError
from atlas.fetch.job import Job
from atlas.fetch.packing import unpacked
from atlas.neighbourhoods import locate

COUNTS = {
    "N_INDIVIDUOS": "residents",
    "N_INDIVIDUOS_0_14": "residents_0_14",
    "N_INDIVIDUOS_15_24": "residents_15_24",
    "N_INDIVIDUOS_25_64": "residents_25_64",
    "N_INDIVIDUOS_65_OU_MAIS": "residents_65_plus",
    "N_EDIFICIOS_CLASSICOS": "buildings",
    "N_EDIFICIOS_CONSTR_ANTES_1945": "buildings_before_1945",
    "N_EDIFICIOS_COM_NECESSIDADES_REPARACAO": "buildings_needing_repair",
    "N_ALOJAMENTOS_TOTAL": "dwellings",
    "N_ALOJAMENTOS_FAMILIARES": "dwellings_family",
    "N_ALOJAMENTOS_FAM_CLASS_VAGOS_OU_RESID_SECUNDARIA": "dwellings_vacant_or_secondary",
    "N_AGREGADOS_DOMESTICOS_PRIVADOS": "households",
}
"""INE's fields and ours; vacant dwellings and second homes are one field at this level."""
MOST_UNPACKED = 1e9
WITHIN = 0.9  # a block with less than this of its area in the unit of its point lies across a border


def fetch(job: Job) -> None:
    """Write a table with the sums of each neighbourhood, by code, as CSV.

    A block belongs to the neighbourhood of its point on surface. ``straddling`` is the share of a neighbourhood's
    residents who live in blocks that lie across its border: how far its sums may be off.
    """
    codes = list(job.units.parents.index)
    parts = []
    for number, code in enumerate(codes):
        parts.append(_sums(job, code))
        job.progress((number + 1) / len(codes))
    sums = pd.concat(parts).groupby(level=0).sum(min_count=1)
    table = sums.reindex(job.units.neighbourhoods.index)
    table["straddling"] = (table.pop("residents_across") / table["residents"].where(table["residents"] > 0)).round(4)
    table = table[[one for one in (*COUNTS.values(), "straddling") if one in table and table[one].notna().any()]]
    whole = [one for one in table.columns if one != "straddling"]
    table[whole] = table[whole].round().astype("Int64")
    with job.written() as path:
        table.rename_axis("code").reset_index().to_csv(path, index=False, lineterminator="\n")


def _sums(job: Job, code: str) -> pd.DataFrame:
    """Sums of one municipality's blocks by neighbourhood."""
    archive = job.piece(
        f"blocks|{code}", lambda: job.client.get(job.entry.address.replace("{code}", code), check=zipped)
    )
    scratch = job.pieces / f"unpacked-{code}"
    try:
        files = unpacked(archive, ".gpkg", scratch, MOST_UNPACKED)
        if not files:
            raise FetchError(
                "O ZIP do município não tem GeoPackage.",
                "The municipality's ZIP holds no GeoPackage.",
                where=f"fetch.{job.entry.id}, {code}",
            )
        return summed(pyogrio.read_dataframe(files[0]), job.units.neighbourhoods)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def summed(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Counts of blocks summed by the unit that holds their point on surface; what lies outside all is left out."""
    blocks = blocks.to_crs(units.crs)
    blocks.columns = [one.upper() if one != blocks.geometry.name else one for one in blocks.columns]
    shapes = shapely.make_valid(blocks.geometry.to_numpy())
    unit = locate(shapely.point_on_surface(shapes), units)
    inside = np.array([one is not None for one in unit])
    figures = blocks.loc[inside, [one for one in COUNTS if one in blocks]].apply(pd.to_numeric, errors="coerce")
    figures = figures.rename(columns=COUNTS)
    shapes, unit = shapes[inside], unit[inside].astype(str)
    own = units.geometry.reindex(unit).to_numpy()
    share = shapely.area(shapely.intersection(shapes, own)) / np.maximum(shapely.area(shapes), 1e-9)
    figures["residents_across"] = np.where(share < WITHIN, figures["residents"], 0)
    return figures.groupby(unit).sum(min_count=1)


def zipped(content: bytes) -> None:
    """A ZIP, by its first bytes."""
    if not content.startswith(b"PK"):
        raise FetchError("O que veio não é um ZIP. Verifique `address`.", "What came is no ZIP. Check `address`.")
