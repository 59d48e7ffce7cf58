"""Kernel density of venues on a fixed band: five minutes (400 m) or ten (800 m) on foot, in the atlas's metres."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from atlas.config import Atlas
from atlas.strategy.venues import Floats, points_of, venues

BANDS_M = (400.0, 800.0)
CELL_M = 200.0


def quartic(distance_m: Floats, band_m: float) -> Floats:
    """K(d) = 3/(π h²) (1 − d²/h²)² per square metre, 0 from ``band_m`` on; its volume is 1.

    Examples
    --------
    >>> (1e6 * quartic(np.array([0.0, 200.0, 400.0, 800.0]), 800.0)).round(4)
    array([1.4921, 1.3114, 0.8393, 0.    ])
    """
    ratio = np.minimum(np.asarray(distance_m, dtype=float) / band_m, 1.0)
    return np.asarray(3 / (np.pi * band_m**2) * np.square(1 - np.square(ratio)), dtype=float)


def kernel_density(spots: Floats, worth: Floats, at: Floats, *, band_m: float) -> Floats:
    """Density in venues per square kilometre at each point of ``at``, of ``spots`` that are worth so much."""
    if not len(spots) or not len(at):
        return np.zeros(len(at))
    near = cKDTree(at).sparse_distance_matrix(cKDTree(spots), band_m, output_type="coo_matrix")
    total = np.bincount(near.row, worth[near.col] * quartic(near.data, band_m), minlength=len(at))
    return np.asarray(1e6 * total, dtype=float)


def density_surface(
    places: gpd.GeoDataFrame, atlas: Atlas, *, bands_m: tuple[float, ...] = BANDS_M, cell_m: float = CELL_M
) -> gpd.GeoDataFrame:
    """Square cells of ``cell_m`` within the widest band of a venue, with the density at their centres.

    Returns
    -------
    ``cell`` (east and north of the lower left corner, in cells) and, for each band, ``venues_km2_BAND``: venues per
    square kilometre, weighed as in :func:`atlas.strategy.venues.venues`; only cells with a density above 0.
    """
    found = venues(atlas, places)
    spots, worth = points_of(found), found["worth"].to_numpy(dtype=float)
    step = int(np.ceil(max(bands_m) / cell_m))
    around = np.arange(-step, step + 1)
    offsets = np.stack(np.meshgrid(around, around), axis=-1).reshape(-1, 2)
    own = np.unique(np.floor(spots / cell_m).astype(np.int64), axis=0)
    cells = np.unique((own[:, None, :] + offsets[None]).reshape(-1, 2), axis=0)
    centres = (cells + 0.5) * cell_m
    value = {f"venues_km2_{band:.0f}": kernel_density(spots, worth, centres, band_m=band) for band in bands_m}
    keep = np.any([one > 0 for one in value.values()], axis=0)
    west, south = (cells[keep] * cell_m).T
    names = [f"{east}_{north}" for east, north in cells[keep].tolist()]
    return gpd.GeoDataFrame(
        pd.DataFrame({"cell": names, **{name: one[keep] for name, one in value.items()}}),
        geometry=shapely.box(west, south, west + cell_m, south + cell_m),
        crs=places.crs,
    )
