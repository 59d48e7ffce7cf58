"""The units that are scored: outlines repaired as a coverage, codes checked, parents beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.errors import ConfigError, SourceError
from atlas.sources.vector import read_vector

GAP_WIDTH_M = 50.0  # gaps between neighbours up to this width are closed; wider ones are bays and rivers
COLUMNS = ("code", "name", "parent", "parent_name", "nuts3", "residents", "residents_method")


@dataclass(frozen=True)
class Units:
    """Neighbourhoods and their parents, in the atlas's CRS, sorted by code, indexed by it."""

    neighbourhoods: gpd.GeoDataFrame
    parents: gpd.GeoDataFrame
    repairs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def region(self) -> shapely.Geometry:
        """The outline of the whole."""
        return shapely.union_all(self.parents.geometry.to_numpy())


def load_units(atlas: Atlas) -> Units:
    """Read, check and repair the neighbourhoods; parents from their own file, else dissolved.

    Raises
    ------
    SourceError
        No CRS, no outline, a code twice or missing, residents that are negative.
    ConfigError
        The atlas's CRS is not metric.
    """
    if not _is_metric(atlas.atlas.crs):
        raise ConfigError(
            f"O sistema de coordenadas {atlas.atlas.crs} não é métrico. Escolha um projetado em metros (EPSG:3763).",
            f"The CRS {atlas.atlas.crs} is not metric. Choose a projected one in metres (EPSG:3763).",
            where="atlas.crs",
        )
    path = atlas.folder / atlas.neighbourhoods.file
    repairs: list[tuple[str, str]] = []
    units = _read(path, atlas.atlas.crs, repairs)
    parents_path = atlas.folder / atlas.neighbourhoods.parents if atlas.neighbourhoods.parents else None
    parents = _read(parents_path, atlas.atlas.crs, repairs) if parents_path else _dissolved(units)
    orphan = units.loc[~units["parent"].isin(parents.index), "parent"]
    if len(orphan):
        raise SourceError(
            f"O código «{orphan.iloc[0]}» ({len(orphan)} unidades) não existe entre os municípios. Corrija-o.",
            f"The code “{orphan.iloc[0]}” ({len(orphan)} units) does not exist among the parents. Mend it.",
            where=str(path),
        )
    return Units(units, parents, repairs)


def _is_metric(crs: str) -> bool:
    import pyproj

    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return False
    return bool(found.is_projected and found.axis_info[0].unit_name == "metre")


def _read(path: Path, crs: str, repairs: list[tuple[str, str]]) -> gpd.GeoDataFrame:
    if not path.is_file():
        raise SourceError(
            "O ficheiro das unidades não existe. Corrija `neighbourhoods` em atlas.toml.",
            "The file of the units does not exist. Mend `neighbourhoods` in atlas.toml.",
            where=str(path),
        )
    units = read_vector(path).to_crs(crs)
    if "code" not in units or "name" not in units:
        raise SourceError(
            "Faltam as colunas `code` e `name`. Dê-lhes esses nomes.",
            "The columns `code` and `name` are missing. Give them these names.",
            where=str(path),
        )
    for column in COLUMNS:
        if column not in units:
            units[column] = None
    if "nuts3_name" in units:
        units["nuts3"] = units["nuts3_name"]
    _check_codes(units, path)
    units["residents"] = pd.to_numeric(units["residents"], errors="coerce").astype(float)
    units = units.sort_values("code", kind="stable").set_index("code", drop=False)
    units.index.name = None
    geometry = repair_coverage(units.geometry.to_numpy(), path.name, repairs)
    empty = shapely.is_empty(geometry) | shapely.is_missing(geometry)
    if empty.any():
        raise SourceError(
            f"A unidade «{units.index[empty.argmax()]}» não tem contorno. Complete o ficheiro.",
            f"The unit “{units.index[empty.argmax()]}” has no outline. Complete the file.",
            where=str(path),
        )
    units = units[list(COLUMNS)].set_index(units.index)
    units = gpd.GeoDataFrame(units, geometry=geometry, crs=crs)
    units["area_km2"] = shapely.area(geometry) / 1e6
    return units


def _check_codes(units: pd.DataFrame, path: Path) -> None:
    if len(units) == 0:
        raise SourceError(
            "O ficheiro não tem unidades. Escolha outro.", "The file holds no units. Choose another.", where=str(path)
        )
    if pd.api.types.is_numeric_dtype(units["code"]):
        raise SourceError(
            "A coluna `code` foi lida como número: perde-se o zero à esquerda. Guarde-a como texto.",
            "The column `code` was read as a number: a leading zero is lost. Save it as text.",
            where=str(path),
        )
    units["code"] = units["code"].astype(str).str.strip()
    twice = units["code"][units["code"].duplicated()]
    if len(twice):
        raise SourceError(
            f"O código «{twice.iloc[0]}» repete-se ({len(twice)} a mais). Deixe um contorno por código.",
            f"The code “{twice.iloc[0]}” repeats ({len(twice)} too many). Leave one outline a code.",
            where=str(path),
        )


def repair_coverage(geometry: np.ndarray, name: str, repairs: list[tuple[str, str]]) -> np.ndarray:
    """Outlines as a coverage: valid, without overlaps, gaps up to 50 m closed; what was done is added to ``repairs``.

    An outline that is already one comes back as it is.
    """
    invalid = ~shapely.is_valid(geometry)
    if invalid.any():
        geometry = np.where(invalid, shapely.make_valid(geometry), geometry)
        repairs.append((
            f"{name}: {int(invalid.sum())} contornos inválidos reparados",
            f"{name}: {int(invalid.sum())} invalid outlines repaired",
        ))  # fmt: skip
    if len(geometry) < 2 or shapely.coverage_is_valid(geometry):
        return geometry
    before = shapely.area(geometry)
    clean = np.asarray(shapely.coverage_clean(geometry, gap_width=GAP_WIDTH_M))
    moved = np.abs(shapely.area(clean) - before) / before
    repairs.append((
        f"{name}: sobreposições e falhas entre vizinhos corrigidas; as áreas mudaram até {100 * moved.max():.1f} %",
        f"{name}: overlaps and gaps between neighbours mended; no area moved by more than {100 * moved.max():.1f} %",
    ))  # fmt: skip
    return clean


def _dissolved(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Parents from the neighbourhoods themselves; where none is named, all belong to one."""
    if units["parent"].isna().all():
        units["parent"], units["parent_name"] = "all", ""
    groups = units.groupby("parent", sort=True)
    geometry = [shapely.coverage_union_all(units.geometry.to_numpy()[rows]) for rows in groups.indices.values()]
    parents = gpd.GeoDataFrame(
        {
            "code": list(groups.indices),
            "name": groups["parent_name"].first().to_numpy(),
            "nuts3": groups["nuts3"].first().to_numpy(),
            "residents": groups["residents"].sum(min_count=1).to_numpy(),
        },
        geometry=geometry,
        crs=units.crs,
    )
    parents["area_km2"] = parents.area / 1e6
    parents.index = parents["code"].to_numpy()
    return parents


def locate(points: np.ndarray, units: gpd.GeoDataFrame) -> np.ndarray:
    """Code of the unit that holds each point, ``None`` outside all.

    A point exactly on a border belongs to the unit with the smallest code, so that it is counted once.
    """
    tree = shapely.STRtree(units.geometry.to_numpy())
    found = tree.query(points, predicate="intersects")
    codes = units.index.to_numpy(dtype=object)
    hit = pd.DataFrame({"point": found[0], "code": codes[found[1]]}).groupby("point")["code"].min()
    located = np.full(len(points), None, dtype=object)
    located[hit.index.to_numpy()] = hit.to_numpy()
    return located


def edge_share(population: gpd.GeoDataFrame, region: shapely.Geometry, *, radius_m: float) -> pd.Series:
    """Share of the disc around each unit's residents that lies outside the region, by unit (weighted by residents)."""
    shapely.prepare(region)
    discs = shapely.buffer(population.geometry.to_numpy(), radius_m, quad_segs=6)
    outside = 1 - shapely.area(shapely.intersection(discs, region)) / shapely.area(discs)
    outside[shapely.contains_properly(region, discs)] = 0.0
    weight = population["residents"].to_numpy()
    sums = pd.DataFrame({"unit": population["unit"], "out": outside * weight, "all": weight}).groupby("unit").sum()
    return sums["out"] / sums["all"].where(sums["all"] > 0)
