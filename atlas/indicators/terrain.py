"""Relief and other figures from rasters, by zonal statistics that are exact at the cells' edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from atlas.config import Indicator
from atlas.errors import ConfigError, SourceError
from atlas.indicators import Inputs, Measured, measure
from atlas.sources.raster import Cells, Raster

LEAST_COVERED = 0.5  # share of the unit that must lie on cells with a value
STATISTICS = ("mean", "median", "min", "max", "stdev", "sum")
MOST_CELLS = 16_000_000  # in memory at once, 128 MB


@measure("slope")
def slope(inputs: Inputs, indicator: Indicator) -> Measured:
    """Mean slope in per cent, from central differences of the elevation (Horn 1981 without its weights)."""
    return _zonal(inputs, indicator, slope_pct)


@measure("ruggedness")
def ruggedness(inputs: Inputs, indicator: Indicator) -> Measured:
    """Mean terrain ruggedness index in metres: root of the summed squared differences to the eight neighbours.

    Source
    ------
    Riley, S. J., DeGloria, S. D., Elliot, R. (1999). A terrain ruggedness index that quantifies topographic
    heterogeneity. Intermountain Journal of Sciences 5, 23-27.
    """
    return _zonal(inputs, indicator, ruggedness_m)


@measure("zonal")
def zonal(inputs: Inputs, indicator: Indicator) -> Measured:
    """A statistic of any raster over each unit (``statistic``: mean, median, min, max, stdev, sum), cells weighed by
    the part of them that the unit covers.
    """
    statistic = str(indicator.with_.get("statistic", "mean"))
    if statistic not in STATISTICS:
        raise ConfigError(
            f"A estatística «{statistic}» não existe. Há: {', '.join(STATISTICS)}.",
            f"There is no statistic “{statistic}”. There are: {', '.join(STATISTICS)}.",
            where=indicator.code,
        )
    return _zonal(inputs, indicator, None, statistic)


OfCells = Callable[..., np.ndarray]


def _zonal(inputs: Inputs, indicator: Indicator, of_cells: OfCells | None, statistic: str = "mean") -> Measured:
    """A statistic over each unit of what ``of_cells`` makes of the cells, window by window.

    Cells as they stand are read in the raster's own CRS, where nothing need be interpolated. What compares
    neighbours needs metres, so it is read in the atlas's CRS.
    """
    raster: Raster = inputs.source(indicator.sources[0])
    units = inputs.frame_of(indicator)
    zones = gpd.GeoDataFrame({"code": units.index}, geometry=units.geometry.to_numpy(), crs=units.crs)
    if of_cells is None and raster.upright:
        zones = zones.to_crs(raster.crs)
    found = []
    neighbours_together = zones.iloc[np.argsort(zones.geometry.hilbert_distance().to_numpy(), kind="stable")]
    for some in _pieces(neighbours_together, raster.resolution(zones.crs)):
        cells = raster.cells(tuple(some.total_bounds), zones.crs, margin=2)
        if cells is not None:
            width, height = cells.res
            values = cells.array if of_cells is None else of_cells(cells.array, cell_x_m=width, cell_y_m=height)
            found.append(zonal_statistic(Cells(values, cells.bounds, cells.crs), some, statistic))
    value = pd.concat(found).reindex(units.index) if found else pd.Series(np.nan, index=units.index)
    if value.isna().all():
        raise SourceError(
            f"O raster não cobre a região: nenhuma unidade tem «{indicator.code}». Indique um que a cubra.",
            f"The raster does not cover the region: no unit has “{indicator.code}”. Give one that does.",
            where=str(raster.path),
        )
    return Measured(value)


def _pieces(zones: gpd.GeoDataFrame, res: tuple[float, float]) -> Iterator[gpd.GeoDataFrame]:
    """The zones in groups whose window of the raster fits into memory."""
    west, south, east, north = zones.total_bounds
    if len(zones) == 1 or (east - west) / res[0] * (north - south) / res[1] <= MOST_CELLS:
        yield zones
        return
    half = len(zones) // 2
    yield from _pieces(zones.iloc[:half], res)
    yield from _pieces(zones.iloc[half:], res)


def zonal_statistic(cells: Cells, zones: gpd.GeoDataFrame, statistic: str = "mean") -> pd.Series:
    """A statistic of a raster's cells over each zone, by code, each cell weighed by the part that the zone covers.

    Missing where less than half of the zone lies on cells with a value. Both must be in one CRS.
    """
    left, bottom, right, top = cells.bounds
    grid = NumPyRasterSource(
        cells.array, xmin=left, ymin=bottom, xmax=right, ymax=top, nodata=np.nan, srs_wkt=zones.crs.to_wkt()
    )
    found = exact_extract(grid, zones, [statistic, "count"], include_cols=["code"], output="pandas").set_index("code")
    width, height = cells.res
    area = pd.Series(shapely.area(zones.geometry.to_numpy()), index=zones["code"].to_numpy())
    return found[statistic].where(found["count"] * width * height / area >= LEAST_COVERED)


def slope_pct(elevation: np.ndarray, *, cell_x_m: float, cell_y_m: float) -> np.ndarray:
    """Slope of each cell in per cent; a plane that rises one metre in ten has 10. A row or column alone has none.

    >>> plane = np.arange(5) * 2.5 * np.ones((4, 1))
    >>> slope_pct(plane, cell_x_m=25, cell_y_m=25).round(6)[1]
    array([10., 10., 10., 10., 10.])
    >>> slope_pct(plane[:1], cell_x_m=25, cell_y_m=25)
    array([[nan, nan, nan, nan, nan]])
    """
    if min(elevation.shape) < 2:
        return np.full(elevation.shape, np.nan)
    down, right = np.gradient(elevation, cell_y_m, cell_x_m)
    return 100 * np.hypot(down, right)


def ruggedness_m(elevation: np.ndarray, *, cell_x_m: float, cell_y_m: float) -> np.ndarray:  # noqa: ARG001  (cells have a size, even if unused)
    """Riley's index of each cell; a cell one metre above its eight neighbours has √8."""
    padded = np.pad(elevation, 1, constant_values=np.nan)
    rows, columns = elevation.shape
    total = np.zeros_like(elevation)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            total += (padded[dy : dy + rows, dx : dx + columns] - elevation) ** 2
    return np.sqrt(total)
