"""Census blocks with counts (INE's BGRI): summed into the atlas's units, and the way from the census's units to them.

``read`` takes ``unit`` (column with the code of the census's parish, default ``DTMNFR21``), ``weight`` (residents or
dwellings, default ``N_INDIVIDUOS``), ``counts`` (a table from our names to the file's columns; INE's own are known) and
the ``layer`` of the file. Capitals in the file's columns do not matter.

An atlas reads such a source as figures by unit. A table on the units of the census (kind ``figures``) that names the
source in ``across`` is carried to the atlas's units by it.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import number_of, text_or_none
from atlas.sources.table import numbers, require
from atlas.sources.vector import read_as_told

READ = frozenset({"unit", "weight", "counts", "layer", "where", "crs"})
COUNTS = {
    "residents": "N_INDIVIDUOS",
    "residents_0_14": "N_INDIVIDUOS_0_14",
    "residents_15_24": "N_INDIVIDUOS_15_24",
    "residents_25_64": "N_INDIVIDUOS_25_64",
    "residents_65_plus": "N_INDIVIDUOS_65_OU_MAIS",
    "buildings": "N_EDIFICIOS_CLASSICOS",
    "buildings_before_1945": "N_EDIFICIOS_CONSTR_ANTES_1945",
    "buildings_needing_repair": "N_EDIFICIOS_COM_NECESSIDADES_REPARACAO",
    "dwellings": "N_ALOJAMENTOS_TOTAL",
    "dwellings_family": "N_ALOJAMENTOS_FAMILIARES",
    "dwellings_vacant_or_secondary": "N_ALOJAMENTOS_FAM_CLASS_VAGOS_OU_RESID_SECUNDARIA",
    "households": "N_AGREGADOS_DOMESTICOS_PRIVADOS",
}
"""Our names and INE's fields; vacant dwellings and second homes are one field at this level."""
UNIT, WEIGHT = "unit", "weight"


def load(source: Source, folder: Path) -> gpd.GeoDataFrame:
    """The blocks in their own CRS: ``unit``, ``weight`` and the counts by our names."""
    path, read = folder / source.file, source.read
    table = counted(read_as_told(source, folder))
    unit, weight = str(read.get("unit", "DTMNFR21")).upper(), str(read.get("weight", "N_INDIVIDUOS")).upper()
    counts = {str(ours): str(theirs).upper() for ours, theirs in read.get("counts", {}).items()}
    require(pd.DataFrame(table), [unit, weight, *counts.values()], path)
    counts = counts or {ours: theirs for ours, theirs in COUNTS.items() if theirs in table}
    codes = text_or_none(table[unit])
    frame = pd.DataFrame(
        {ours: numbers(table[theirs].set_axis(codes), path, theirs) for ours, theirs in counts.items()}
        | {WEIGHT: numbers(table[weight].set_axis(codes), path, weight)}
    ).set_axis(table.index)
    _refuse_negative(frame, codes, path)
    frame.insert(len(frame.columns) - 1, UNIT, codes)
    blocks = gpd.GeoDataFrame(frame, geometry=table.geometry.to_numpy(), crs=table.crs)
    shapes = blocks.geometry.to_numpy()
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & codes.notna().to_numpy()
    notes = number_of(
        int((~placed).sum()),
        "# subsecção sem contorno ou sem código ficou de fora|# subsecções sem contorno ou sem código ficaram de fora",
        "# block without an outline or a code was left out|# blocks without an outline or a code were left out",
    )
    blocks = blocks[placed]
    blocks.attrs["warnings"] = [*table.attrs.get("warnings", []), *notes]
    return blocks


def _refuse_negative(frame: pd.DataFrame, codes: pd.Series, path: Path) -> None:
    negative = (frame < 0).any(axis="columns")
    if negative.any():
        row = negative.idxmax()
        raise SourceError(
            f"Uma subsecção de «{codes[row]}» tem uma contagem negativa. Corrija-a ou deixe-a vazia.",
            f"A block of “{codes[row]}” has a negative count. Mend it or leave it empty.",
            where=str(path),
        )


def counted(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The table with its columns in capitals, as INE's older files have them."""
    attrs = table.attrs
    table = table.rename(columns={one: one.upper() for one in table.columns if one != table.geometry.name})
    table.attrs = attrs
    return table
