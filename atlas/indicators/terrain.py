"""Relief from an elevation raster, by zonal statistics that are exact at the cells' edges."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure

LEAST_COVERED = 0.5  # share of the unit that must lie on cells with a value


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


def _zonal(inputs, indicator, of_cells) -> Measured:  # type: ignore[no-untyped-def]
    path: Path = inputs.source(indicator.sources[0])
    units = inputs.frame_of(indicator)
    with rasterio.open(path) as raster:
        elevation = raster.read(1, masked=True).astype(float).filled(np.nan)
        elevation = elevation * (raster.scales[0] or 1) + raster.offsets[0]
        cell_x_m, cell_y_m = raster.res
        cells = of_cells(elevation, cell_x_m=cell_x_m, cell_y_m=cell_y_m)
        bounds, crs = raster.bounds, raster.crs
    zones = gpd.GeoDataFrame({"code": units.index}, geometry=units.geometry.to_numpy(), crs=units.crs).to_crs(crs)
    return Measured(zonal_mean(cells, bounds, zones))


def zonal_mean(cells: np.ndarray, bounds: tuple[float, float, float, float], zones: gpd.GeoDataFrame) -> pd.Series:
    """Mean of a raster's cells over each zone, each cell weighed by the part of it that the zone covers.

    Missing where less than half of the zone lies on cells with a value.
    """
    left, bottom, right, top = bounds
    grid = NumPyRasterSource(
        cells, xmin=left, ymin=bottom, xmax=right, ymax=top, nodata=np.nan, srs_wkt=zones.crs.to_wkt()
    )
    found = exact_extract(grid, zones, ["mean", "count"], include_cols=["code"], output="pandas").set_index("code")
    cell_area = (right - left) / cells.shape[1] * (top - bottom) / cells.shape[0]
    covered = found["count"] * cell_area / zones.set_index("code").area
    return found["mean"].where(covered >= LEAST_COVERED)


def slope_pct(elevation: np.ndarray, *, cell_x_m: float, cell_y_m: float) -> np.ndarray:
    """Slope of each cell in per cent; a plane that rises one metre in ten has 10.

    >>> plane = np.arange(5) * 2.5 * np.ones((4, 1))
    >>> slope_pct(plane, cell_x_m=25, cell_y_m=25).round(6)[1]
    array([10., 10., 10., 10., 10.])
    """
    down, right = np.gradient(elevation, cell_y_m, cell_x_m)
    return 100 * np.hypot(down, right)


def ruggedness_m(elevation: np.ndarray, *, cell_x_m: float, cell_y_m: float) -> np.ndarray:  # noqa: ARG001
    """Riley's index of each cell; a cell one metre above its eight neighbours has √8."""
    padded = np.pad(elevation, 1, constant_values=np.nan)
    rows, columns = elevation.shape
    total = np.zeros_like(elevation)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            total += (padded[dy : dy + rows, dx : dx + columns] - elevation) ** 2
    return np.sqrt(total)
