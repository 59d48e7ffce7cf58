"""The units that are scored: outlines repaired as a coverage, codes checked, parents beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from atlas.config import Atlas
from atlas.coverage import areas_of, repair_coverage
from atlas.errors import ConfigError, SourceError
from atlas.language import counted
from atlas.sources import first_ten, text_or_none
from atlas.sources.table import numbers
from atlas.sources.vector import read_vector

AROUND_DEGREES = 3.0  # a CRS still serves that far from the area that it is made for
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
        No CRS or a wrong one, no outline or one that is no area, a code twice or missing, residents that are negative.
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
    units = read_units(path, atlas.atlas.crs, repairs)
    parents_path = atlas.folder / atlas.neighbourhoods.parents if atlas.neighbourhoods.parents else None
    parents = read_units(parents_path, atlas.atlas.crs, repairs) if parents_path else _dissolved(units)
    orphan = units.loc[~units["parent"].isin(parents.index), "parent"]
    if len(orphan):
        pt, en = counted("pt", len(orphan), "# unidade|# unidades"), counted("en", len(orphan), "# unit|# units")
        raise SourceError(
            f"O código «{orphan.iloc[0]}» ({pt}) não existe entre os municípios. Corrija-o.",
            f"The code “{orphan.iloc[0]}” ({en}) does not exist among the parents. Mend it.",
            where=str(path),
        )
    return Units(units, parents, repairs)


def _is_metric(crs: str) -> bool:
    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return False
    return bool(found.is_projected and found.axis_info[0].unit_name == "metre")


def read_units(path: Path, crs: str, repairs: list[tuple[str, str]]) -> gpd.GeoDataFrame:
    """The outlines of a file, checked and repaired, in the atlas's CRS; what was done is added to ``repairs``."""
    if not path.is_file():
        raise SourceError(
            "O ficheiro das unidades não existe. Corrija `neighbourhoods` em atlas.toml.",
            "The file of the units does not exist. Mend `neighbourhoods` in atlas.toml.",
            where=str(path),
        )
    units = read_vector(path)
    if len(units) == 0:
        raise SourceError(
            "O ficheiro não tem unidades. Escolha outro.", "The file holds no units. Choose another.", where=str(path)
        )
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
    units["residents"] = _residents(units, path)
    units = units.sort_values("code", kind="stable").set_index("code", drop=False)
    units.index.name = None
    units["name"] = _names(units, path.name, repairs)
    check_shapes(units, path)
    projected = _in_metres(units.geometry, crs, path, repairs)
    check_shapes(projected.to_frame(), path)  # beyond the globe's edge nothing is finite in metres
    shapes = projected.to_numpy()
    shapes = only_areas(shapes, units.index, path, repairs)
    geometry = repair_coverage(shapes, units.index, path.name, repairs)
    gone = shapely.is_empty(geometry)
    if gone.any():
        code = units.index[gone.argmax()]
        raise SourceError(
            f"O contorno da unidade «{code}» fica todo dentro de outros. Apague-o, ou recorte os outros.",
            f"The outline of unit “{code}” lies wholly within others. Delete it, or cut the others.",
            where=str(path),
        )
    units = units[list(COLUMNS)].set_index(units.index)
    units = gpd.GeoDataFrame(units, geometry=geometry, crs=crs)
    units["area_km2"] = shapely.area(geometry) / 1e6
    return units


def _check_codes(units: pd.DataFrame, path: Path) -> None:
    if pd.api.types.is_numeric_dtype(units["code"]):
        raise SourceError(
            "A coluna `code` foi lida como número: perde-se o zero à esquerda. Guarde-a como texto.",
            "The column `code` was read as a number: a leading zero is lost. Save it as text.",
            where=str(path),
        )
    codes = text_or_none(units["code"])
    if codes.isna().any():
        count, row = int(codes.isna().sum()), codes.isna().argmax() + 1
        raise SourceError(
            f"{counted('pt', count, '# unidade não tem|# unidades não têm')} código, a começar pela linha {row} do "
            "ficheiro. Complete a coluna `code`.",
            f"{counted('en', count, '# unit has|# units have')} no code, row {row} of the file first. "
            "Complete the column `code`.",
            where=str(path),
        )
    units["code"] = codes.astype(str)
    twice = units["code"][units["code"].duplicated()]
    if len(twice):
        raise SourceError(
            f"O código «{twice.iloc[0]}» repete-se ({len(twice)} a mais). Deixe um contorno por código.",
            f"The code “{twice.iloc[0]}” repeats ({len(twice)} too many). Leave one outline a code.",
            where=str(path),
        )


def _residents(units: pd.DataFrame, path: Path) -> pd.Series:
    """Residents as numbers, missing where the file says so; a word and a negative one are errors."""
    residents = numbers(units.set_index("code")["residents"], path, "residents")
    wrong = (residents < 0) | np.isinf(residents)
    if wrong.any():
        code = wrong.idxmax()
        raise SourceError(
            f"A unidade «{code}» tem {residents[code]:.0f} residentes. Corrija o número ou deixe-o vazio.",
            f"The unit “{code}” has {residents[code]:.0f} residents. Mend the number or leave it empty.",
            where=str(path),
        )
    return pd.Series(residents.to_numpy(), units.index)


def _names(units: pd.DataFrame, file: str, repairs: list[tuple[str, str]]) -> pd.Series:
    """Names; the code where there is none."""
    names = text_or_none(units["name"])
    if names.isna().any():
        count, first = int(names.isna().sum()), first_ten(units.index[names.isna()])
        repairs.append((
            f"{file}: {counted('pt', count, '# unidade sem nome chama-se|# unidades sem nome chamam-se')} pelo código "
            f"({first})",
            f"{file}: {counted('en', count, '# unit without a name goes by its|# units without a name go by their')} "
            f"code ({first})",
        ))  # fmt: skip
    return names.fillna(units["code"])


def check_shapes(units: gpd.GeoDataFrame, path: Path) -> None:
    """An error that names the first unit without an outline, or whose outline has coordinates that are no numbers."""
    shapes = units.geometry.to_numpy()
    empty = shapely.is_empty(shapes) | shapely.is_missing(shapes)
    if empty.any():
        raise SourceError(
            f"A unidade «{units.index[empty.argmax()]}» não tem contorno. Complete o ficheiro.",
            f"The unit “{units.index[empty.argmax()]}” has no outline. Complete the file.",
            where=str(path),
        )
    coordinates, row = shapely.get_coordinates(shapes, return_index=True)
    endless = ~np.isfinite(coordinates).all(axis=1)
    if endless.any():
        code = units.index[row[endless.argmax()]]
        raise SourceError(
            f"O contorno da unidade «{code}» tem coordenadas infinitas ou que não são números. Desenhe-o de novo.",
            f"The outline of unit “{code}” has coordinates that are infinite or no numbers. Draw it again.",
            where=str(path),
        )


def _in_metres(shapes: gpd.GeoSeries, crs: str, path: Path, repairs: list[tuple[str, str]]) -> gpd.GeoSeries:
    """Outlines in the atlas's CRS, which must be made for where they lie; swapped axes are put right and said."""
    if not shapes.crs.is_geographic and _touch(shapes, shapely.box(-180, -90, 180, 90), wholly=True):
        said = shapes.crs.to_string()[:40]
        raise SourceError(
            f"As coordenadas parecem graus, mas o ficheiro diz-se em {said}. Guarde-o com o sistema certo (EPSG:4326).",
            f"The coordinates look like degrees, but the file says {said}. Save it with its right CRS (EPSG:4326).",
            where=str(path),
        )
    used = pyproj.CRS.from_user_input(crs).area_of_use
    if used is None or used.west > used.east:  # a CRS of one's own, or one across ±180°
        return shapes.to_crs(crs)
    there = shapely.box(used.west - AROUND_DEGREES, used.south - AROUND_DEGREES,
                        used.east + AROUND_DEGREES, used.north + AROUND_DEGREES)  # fmt: skip
    degrees = shapes.to_crs(4326)
    if _touch(degrees, there):
        strays = shapes.index[~shapely.intersects(shapely.box(*degrees.bounds.to_numpy().T), there)]
        if len(strays):
            repairs.append((
                f"{path.name}: {counted('pt', len(strays), '# contorno fica|# contornos ficam')} onde {crs} não serve: "
                f"confirme-os ({first_ten(strays)})",
                f"{path.name}: {counted('en', len(strays), '# outline lies|# outlines lie')} where {crs} does not "
                f"hold: look again ({first_ten(strays)})",
            ))  # fmt: skip
        return shapes.to_crs(crs)
    if shapes.crs.is_geographic:
        swapped = gpd.GeoSeries(
            shapely.transform(shapes.to_numpy(), lambda p: p[:, ::-1]), shapes.index, crs=shapes.crs
        )
        if _touch(swapped, there):
            repairs.append((
                f"{path.name}: {counted('pt', len(shapes), '# contorno tinha|# contornos tinham')} longitude e "
                "latitude trocadas: corrigido",
                f"{path.name}: {counted('en', len(shapes), '# outline|# outlines')} had longitude and latitude "
                "swapped: put right",
            ))  # fmt: skip
            return swapped.to_crs(crs)
    west, south, east, north = degrees.total_bounds
    where_they_lie = f"{west:.2f} … {east:.2f}° E, {south:.2f} … {north:.2f}° N"
    raise SourceError(
        f"Os contornos ficam em {where_they_lie}, onde {crs} não serve. Corrija o sistema de coordenadas do ficheiro, "
        "ou `atlas.crs`.",
        f"The outlines lie at {where_they_lie}, where {crs} does not hold. Mend the CRS of the file, or `atlas.crs`.",
        where=str(path),
    )


def _touch(shapes: gpd.GeoSeries, there: shapely.Geometry, *, wholly: bool = False) -> bool:
    bounds = shapes.total_bounds
    box = shapely.box(*bounds)
    return bool(np.isfinite(bounds).all() and (there.contains(box) if wholly else there.intersects(box)))


def only_areas(shapes: np.ndarray, codes: pd.Index, path: Path, repairs: list[tuple[str, str]]) -> np.ndarray:
    """Outlines without the lines and points of geometry collections; an error names one that is no area."""
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    if mixed.any():
        count, first = int(mixed.sum()), first_ten(codes[mixed])
        shapes = np.where(mixed, areas_of(shapes), shapes)
        repairs.append((
            f"{path.name}: de {counted('pt', count, '# coleção|# coleções')} de geometrias ficaram só as áreas "
            f"({first})",
            f"{path.name}: of {counted('en', count, '# geometry collection|# geometry collections')} only the areas "
            f"were kept ({first})",
        ))  # fmt: skip
    crossed = ~shapely.is_valid(shapes)
    whole = shapes.copy()
    whole[crossed] = shapely.make_valid(shapes[crossed])  # the halves of a bow tie cancel each other
    flat = shapely.area(whole) == 0
    if flat.any():
        code = codes[flat.argmax()]
        raise SourceError(
            f"O contorno da unidade «{code}» não é uma área ({shapes[flat.argmax()].geom_type}). Desenhe um polígono.",
            f"The outline of unit “{code}” is no area ({shapes[flat.argmax()].geom_type}). Draw a polygon.",
            where=str(path),
        )
    return shapes


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
