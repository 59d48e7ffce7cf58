"""INE's census blocks (BGRI), a ZIP a municipality, summed into the atlas's own neighbourhoods."""

from __future__ import annotations

import shutil

import geopandas as gpd
import pandas as pd
import pyogrio

from atlas.crosswalk import summed
from atlas.errors import FetchError
from atlas.fetch.job import Asked, Job
from atlas.fetch.packing import unpacked
from atlas.sources.blocks import COUNTS, counted

MOST_UNPACKED = 1e9
ASK: Asked = {}
WRITES = (".csv",)


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
    table = table[[one for one in (*COUNTS, "straddling") if one in table and table[one].notna().any()]]
    whole = [one for one in table.columns if one != "straddling"]
    table[whole] = table[whole].round().astype("Int64")
    if not whole:
        raise FetchError(
            "Nenhuma subsecção com números cai nas unidades do atlas. Verifique `address` em atlas.toml.",
            "No block with figures falls into the atlas's units. Check `address` in atlas.toml.",
            where=f"fetch.{job.entry.id}",
        )
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
                "O ZIP do município não tem GeoPackage. Verifique `address` em atlas.toml.",
                "The municipality's ZIP holds no GeoPackage. Check `address` in atlas.toml.",
                where=f"fetch.{job.entry.id}, {code}",
            )
        return sums_of(pyogrio.read_dataframe(files[0]), job.units.neighbourhoods)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def sums_of(blocks: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    """Counts of blocks by unit, and the residents of blocks across its border; what lies outside all is left out."""
    blocks = counted(blocks).rename(columns={theirs: ours for ours, theirs in COUNTS.items()})
    counts = [one for one in COUNTS if one in blocks]
    sums = summed(blocks, units, counts, "residents")
    return sums.assign(residents_across=sums.pop("straddling") * sums["residents"])


def zipped(content: bytes) -> None:
    """A ZIP, by its first bytes."""
    if not content.startswith(b"PK"):
        raise FetchError("O que veio não é um ZIP. Verifique `address`.", "What came is no ZIP. Check `address`.")
