"""Connections: which kinds of actors a neighbourhood has around it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure, option
from atlas.indicators.mix import around


@measure("kinds")
def kinds(inputs: Inputs, indicator: Indicator) -> Measured:
    """How many of the observed kinds of actors (``observed``) have a place around the unit."""
    pairs = around(inputs, indicator)
    actor = pairs["place_id"].map(inputs.places.set_index("place_id")["actor"])
    seen = actor.isin(option(indicator, "observed"))
    value = actor[seen].groupby(pairs.loc[seen, "code"]).nunique()
    return Measured(value.reindex(inputs.frame_of(indicator).index, fill_value=0), pairs[seen])


@measure("kinds_km")
def kinds_km(inputs: Inputs, indicator: Indicator) -> Measured:
    """Mean distance, in kilometres, from the unit's outline to the nearest place of each observed kind of actor."""
    units, places = inputs.frame_of(indicator), inputs.of(indicator)
    points = shapely.point_on_surface(places.geometry.to_numpy())
    outlines, actor = units.geometry.to_numpy(), places["actor"].to_numpy()
    distances, evidence = [], []
    for kind in option(indicator, "observed"):
        own = np.flatnonzero(actor == kind)
        if not len(own):
            continue
        found, distance = shapely.STRtree(points[own]).query_nearest(outlines, return_distance=True, all_matches=False)
        distances.append(pd.Series(distance / 1000, index=units.index[found[0]]))
        near = places["place_id"].to_numpy()[own[found[1]]]
        evidence.append(pd.DataFrame({"code": units.index[found[0]], "place_id": near}))
    if not distances:
        return Measured(pd.Series(np.nan, index=units.index))
    return Measured(pd.concat(distances, axis=1).mean(axis=1), pd.concat(evidence, ignore_index=True))
