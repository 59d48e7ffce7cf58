"""Critical mass: whether venues stand closer together than their number alone would bring about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from scipy.special import bdtrc

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure, option
from atlas.indicators.mix import around
from atlas.indicators.reach import with_edge

NEAR_M = 400.0


@measure("clustering")
def clustering(inputs: Inputs, indicator: Indicator) -> Measured:
    """Venues with company, beyond chance, in percentage points.

    A venue has company with at least ``others`` venues within 400 m. If the labels "venue" were dealt out at random
    over all mapped points, a venue with k mapped points within 400 m would have company with probability
    P(Binomial(k, s) ≥ others), s being the stored share of venues among mapped points (``venue_share``). The figure is
    the mean of (has company − that probability) over the venues around the unit; missing under ``least`` venues.
    """
    venues = inputs.of(indicator)
    pairs = around(inputs, indicator)
    excess = excess_company(
        shapely.get_coordinates(shapely.point_on_surface(venues.geometry.to_numpy())),
        shapely.get_coordinates(shapely.point_on_surface(inputs.places.geometry.to_numpy())),
        others=int(option(indicator, "others")),
        venue_share=float(option(indicator, "venue_share")),
    )
    by_place = pd.Series(excess, index=venues["place_id"].to_numpy())
    grouped = by_place.reindex(pairs["place_id"]).groupby(pairs["code"].to_numpy())
    value = 100 * grouped.mean().where(grouped.size() >= int(option(indicator, "least")))
    measured = Measured(value.reindex(inputs.frame_of(indicator).index), pairs)
    return measured if inputs.population is None else with_edge(inputs, indicator, measured)


def excess_company(venues: np.ndarray, mapped: np.ndarray, *, others: int, venue_share: float) -> np.ndarray:
    """1 or 0 for each venue (has company or not) less the probability of company by chance.

    Parameters
    ----------
    venues, mapped
        Coordinates in metres; every venue is among the mapped points.

    Examples
    --------
    Three venues at one crossing, a fourth alone, nothing else mapped; two others make company:

    >>> spots = np.array([[0, 0], [10, 0], [0, 10], [9000, 0]], dtype=float)
    >>> excess_company(spots, spots, others=2, venue_share=0.5)
    array([0.75, 0.75, 0.75, 0.  ])
    """
    if not len(venues):
        return np.zeros(0)
    tree = cKDTree(venues)
    company = tree.query_ball_point(venues, NEAR_M, return_length=True) - 1
    around_it = cKDTree(mapped).query_ball_point(venues, NEAR_M, return_length=True) - 1
    chance = np.where(around_it >= others, bdtrc(others - 1, np.maximum(around_it, 1), venue_share), 0.0)
    return (company >= others).astype(float) - chance
