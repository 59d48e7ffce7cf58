"""One ride without a change: which facilities public transport joins, where the atlas has timetables (GTFS)."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from atlas.config import Atlas
from atlas.fetched import located_file
from atlas.strategy.venues import Floats
from atlas.strategy.walks import M_PER_MINUTE

STOP_M = 400.0  # on foot from a facility to the stop, at either end
RIDE_MIN = 20.0  # in the vehicle
PER_HOUR = 2.0  # departures on a typical weekday from 7 to 20: one every half hour
COLUMNS = ("from", "to", "minutes", "per_hour", "line", "from_stop", "to_stop")


def rides(atlas: Atlas, ids: pd.Series, spots: Floats) -> pd.DataFrame:
    """Pairs of places one ride apart: a trip calls near the first, then near the second.

    Near is 400 m on foot (straight × detour), the ride takes 20 minutes at most, and such trips leave twice an hour
    at least, on the typical weekday of each feed from 7 to 20 h. Waiting is not counted.

    Parameters
    ----------
    ids, spots
        The places and where they stand, in the atlas's CRS.

    Returns
    -------
    :data:`COLUMNS`: ids, minutes from door to door (walk, ride, walk), departures per hour at the first stop, the
    lines by ``, `` and the names of both stops; for each pair in each direction the quickest.
    """
    found = [
        _of_feed(atlas, ids, spots, *_calls(atlas, source.file)) for source in atlas.source if source.kind == "gtfs"
    ]
    if not found:
        return pd.DataFrame(columns=list(COLUMNS))
    whole = pd.concat(found, ignore_index=True).sort_values(["minutes", "per_hour"], ascending=[True, False])
    best = whole.drop_duplicates(["from", "to"]).sort_values(["from", "to"], kind="stable")
    return best[list(COLUMNS)].reset_index(drop=True)


def _calls(atlas: Atlas, file: str) -> tuple[pd.DataFrame, Floats, pd.DataFrame]:
    """Stops with their places in the atlas's CRS, and the calls of a weekday."""
    from atlas.sources.gtfs import calls_of_a_weekday

    stops, calls = calls_of_a_weekday(located_file(atlas.folder, file))
    points = gpd.GeoSeries(gpd.points_from_xy(stops["lon"], stops["lat"]), crs=4326).to_crs(atlas.atlas.crs)
    return stops, np.column_stack([points.x, points.y]), calls


def _of_feed(
    atlas: Atlas, ids: pd.Series, spots: Floats, stops: pd.DataFrame, stop_spots: Floats, calls: pd.DataFrame
) -> pd.DataFrame:
    detour = atlas.atlas.detour
    near = cKDTree(spots).sparse_distance_matrix(cKDTree(stop_spots), STOP_M / detour, output_type="coo_matrix")
    walk = pd.DataFrame({"place": near.row, "stop": near.col, "walk": near.data * detour / M_PER_MINUTE})
    position = pd.Series(np.arange(len(stops)), index=stops["stop_id"])
    at = calls["stop_id"].astype(object).map(position)
    calls = calls.assign(stop=at)[at.isin(walk["stop"])]
    pairs = between_stops(calls)
    pairs = pairs[pairs["per_hour"] >= PER_HOUR]
    both = pairs.merge(walk, left_on="a", right_on="stop").merge(walk, left_on="b", right_on="stop")
    both = both[both["place_x"] != both["place_y"]]
    minutes = both["ride"] + both["walk_x"] + both["walk_y"]
    names = stops["name"].fillna(stops["stop_id"]).to_numpy(dtype=object)
    table = pd.DataFrame(
        {
            "from": ids.to_numpy(dtype=object)[both["place_x"]],
            "to": ids.to_numpy(dtype=object)[both["place_y"]],
            "minutes": minutes.round(1).to_numpy(),
            "per_hour": both["per_hour"].round(2).to_numpy(),
            "line": both["line"].to_numpy(dtype=object),
            "from_stop": names[both["a"]],
            "to_stop": names[both["b"]],
        }
    )
    order = table.sort_values(["minutes", "per_hour", "from_stop", "to_stop"], ascending=[True, False, True, True])
    return order.drop_duplicates(["from", "to"])


def between_stops(calls: pd.DataFrame) -> pd.DataFrame:
    """From stop to stop on one trip: ``a, b, ride`` (minutes, the mean), ``per_hour`` of all such trips, ``line``.

    Parameters
    ----------
    calls
        ``trip_id, stop, departure_s, boards, per_hour, line``, in the order of the trips.

    Examples
    --------
    Two trips call at 0, 1 and 2, ten minutes apart; nobody boards at the last stop:

    >>> times = pd.DataFrame({
    ...     "trip_id": ["x"] * 3 + ["y"] * 3, "stop": [0, 1, 2] * 2, "departure_s": [0.0, 600.0, 1200.0] * 2,
    ...     "boards": [True, True, False] * 2, "per_hour": [1.5, 1.5, 0.0] * 2, "line": ["1", "1", "1", "2", "2", "2"]})
    >>> between_stops(times).values.tolist()
    [[0, 1, 10.0, 3.0, '1, 2'], [0, 2, 20.0, 3.0, '1, 2'], [1, 2, 10.0, 3.0, '1, 2']]
    """
    calls = calls.reset_index(drop=True)
    trip = calls["trip_id"].astype("category").cat.codes.to_numpy()
    time = calls["departure_s"].to_numpy(dtype=float)
    stop = calls["stop"].to_numpy(dtype=np.intp)
    boards = calls["boards"].to_numpy(dtype=bool) & (calls["per_hour"].to_numpy(dtype=float) > 0)
    found = []
    for ahead in range(1, len(calls)):
        first = np.arange(len(calls) - ahead)
        minutes = (time[ahead:] - time[:-ahead]) / 60
        fits = (trip[ahead:] == trip[:-ahead]) & (minutes <= RIDE_MIN)
        if not fits.any():
            break
        fits &= boards[:-ahead] & (minutes > 0) & (stop[ahead:] != stop[:-ahead])
        rows = first[fits]
        found.append(pd.DataFrame({"row": rows, "b": stop[rows + ahead], "ride": minutes[fits]}))
    empty = pd.DataFrame({"row": np.zeros(0, dtype=int), "b": np.zeros(0, dtype=int), "ride": np.zeros(0)})
    whole = pd.concat(found, ignore_index=True) if found else empty
    whole["a"] = stop[whole["row"]]
    whole["per_hour"] = calls["per_hour"].to_numpy(dtype=float)[whole["row"]]
    whole["line"] = calls["line"].to_numpy(dtype=object)[whole["row"]]
    whole["weighed"] = whole["ride"] * whole["per_hour"]
    grouped = whole.groupby(["a", "b"])
    table = grouped.agg(weighed=("weighed", "sum"), per_hour=("per_hour", "sum"), line=("line", _lines)).reset_index()
    table["ride"] = table["weighed"] / table["per_hour"]
    return table[["a", "b", "ride", "per_hour", "line"]]


def _lines(names: pd.Series) -> str:
    """Short names of lines, each once."""
    return ", ".join(sorted(str(one) for one in set(names.dropna())))
