"""Porto's elevation and land cover in the atlas's metric system."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject
from tables import DATA, METRIC, write_parquet

CELL_M = 25.0
MARGIN_M = 2000.0
NODATA = -9999.0
STEP_M = 0.125  # a power of two near 0.1 m: the file is a third lighter than with tenths
DETAIL_M = 3.0
COS = {"source": "COS 2018, Direção-Geral do Território", "licence": "CC-BY-4.0"}
GROUPS = {
    "1.1": "built", "1.2": "industry_commerce", "1.3": "infrastructure", "1.4": "transport", "1.5": "vacant_or_works",
    "1.6": "facilities", "1.7": "green", "2": "agriculture", "3": "pasture", "4": "agroforestry", "5": "forest",
    "6": "scrub", "7": "bare", "8": "wetland", "9": "water",
}  # fmt: skip
# Classes of level 4 whose group is not their parent's.
OTHERWISE = {"1.1.3.2": "vacant_or_works"}


def compile_surfaces(raw: Path, city: gpd.GeoDataFrame) -> None:
    """Write Porto's ``elevation.tif`` and ``landcover.parquet``."""
    _elevation(raw, city)
    _land_cover(raw)


def _elevation(raw: Path, city: gpd.GeoDataFrame) -> None:
    """Bilinear on cells of 25 m, cropped to the city and 2 km around it."""
    west, south, east, north = city.total_bounds
    left, top = (np.floor((west - MARGIN_M) / CELL_M) * CELL_M, np.ceil((north + MARGIN_M) / CELL_M) * CELL_M)
    width = int(np.ceil((east + MARGIN_M - left) / CELL_M))
    height = int(np.ceil((top - south + MARGIN_M) / CELL_M))
    heights = np.full((height, width), NODATA, dtype="float32")
    transform = from_origin(left, top, CELL_M, CELL_M)
    with rasterio.open(raw / "raster/porto_elevation_1arcsec.tif") as source:
        assert source.nodata is not None, "the elevation declares no no-data value"
        reproject(
            rasterio.band(source, 1), heights, dst_transform=transform, dst_crs=METRIC, dst_nodata=NODATA,
            resampling=Resampling.bilinear,
        )  # fmt: skip
    known = heights != NODATA
    heights[known] = np.round(heights[known] / STEP_M) * STEP_M
    path = DATA / "porto/elevation.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype="float32", crs=METRIC,
        transform=transform, nodata=NODATA, compress="deflate", predictor=3, zlevel=9, tiled=False,
    ) as target:  # fmt: skip
        target.write(heights, 1)
        target.update_tags(source="SRTM 1 arc-second (NASA, USGS), inferred", units="m")
    print(
        f"porto/elevation.tif: {height} x {width} cells, {known.mean():.0%} known, {path.stat().st_size / 1000:,.0f} kB"
    )


def _land_cover(raw: Path) -> None:
    """Classes of level 4 with a plain group; areas are those of the outlines (the file's own are of uncut ones)."""
    table = gpd.read_file(raw / "landcover/porto_cos2018.geojson").to_crs(METRIC)
    table = table.sort_values(["COS2018_n4", "ID"]).reset_index(drop=True)
    outlines = shapely.coverage_simplify(table.geometry.to_numpy(), DETAIL_M)  # a grid would break slim areas
    code = table["COS2018_n4"]
    group = code.map(OTHERWISE).fillna(code.str[:3].map(GROUPS)).fillna(code.str[0].map(GROUPS))
    assert group.notna().all(), "a class of land cover has no group"
    assert shapely.is_valid(outlines).all(), "an outline of land cover is broken"
    assert shapely.coverage_is_valid(outlines), "the land cover does not fit together"
    result = gpd.GeoDataFrame(
        {"class_code": code, "class_name": table["COS2018_Lg"], "group": group}, geometry=outlines, crs=METRIC
    )
    result["area_m2"] = result.area.round(1)
    write_parquet(
        result[["class_code", "class_name", "group", "area_m2", "geometry"]], DATA / "porto/landcover.parquet", COS
    )
