"""Which places the strategy reads."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from atlas.config import Atlas

Floats = NDArray[np.float64]

GUESSED_WEIGHT = 0.5  # of a place whose class is only guessed from its name
GUESSED = "class_guessed"


def points_of(places: gpd.GeoDataFrame) -> Floats:
    """Metric coordinates of places, one row each: a point inside those that have an outline."""
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(places.geometry.to_numpy())), dtype=float)


def guessed(places: pd.DataFrame) -> pd.Series:
    """Whether the class of each place is only guessed from its name."""
    marked: pd.Series = places["marks"].fillna("").str.contains(GUESSED, regex=False)
    return marked


def counting(atlas: Atlas, places: gpd.GeoDataFrame, *roles: str) -> gpd.GeoDataFrame:
    """Places of the layers with one of these roles, by their primary class, without classes that do not count."""
    layers = {layer.id for layer in atlas.layers if layer.layer.role in roles}
    classes = {id_ for id_, (_, rule) in atlas.classes.items() if rule.counts}
    return places[places["layer"].isin(layers) & places["class_"].isin(classes)]


def venues(atlas: Atlas, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The venues, sorted by id, with ``worth``: the weight of the class, half of it where the class is guessed."""
    found = counting(atlas, places, "venue").sort_values("place_id", kind="stable").reset_index(drop=True)
    weight = found["weight"].fillna(1.0).to_numpy(dtype=float)
    return found.assign(worth=np.where(guessed(found), GUESSED_WEIGHT * weight, weight))
