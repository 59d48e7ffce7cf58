"""What a quarter is called: after the street where most of it stands, else after its most telling venue."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
from scipy.spatial import cKDTree

from atlas.strategy.venues import Floats, points_of

STREET = re.compile(r'"addr:street": ?("(?:[^"\\]|\\.)*")')
LINKING = re.compile(r"\b(d[aeo]s?|do?m|e)\b\.? ?", re.IGNORECASE)
ADDRESS_M = 60.0  # a venue without an address stands in the street of the nearest mapped place that has one
STREET_LEAST = 3
STREET_SHARE = 1 / 12
TELLING = {"theatre": 3, "museum": 2, "cultural_centre": 2, "live_music": 2, "cinema": 1, "gallery": 1, "library": 1}
MANY_RECORDS = 4
SHORT = 32  # a parent with a longer name (a union of parishes) is left out


def street_at(places: gpd.GeoDataFrame, spots: Floats) -> list[str | None]:
    """The street of each spot: that of the nearest mapped place with an address, within 60 m."""
    found = places["tags"].fillna("").str.extract(STREET, expand=False)
    known = found.notna().to_numpy()
    if not known.any() or not len(spots):
        return [None] * len(spots)
    streets = [json.loads(text).strip() for text in found[known]]
    distance, at = cKDTree(points_of(places[known])).query(spots, distance_upper_bound=ADDRESS_M)
    return [streets[position] if np.isfinite(away) else None for away, position in zip(distance, at, strict=True)]


def name_quarter(members: Mapping[str, Sequence[Any]], parent_name: str | None, otherwise: str) -> str:
    """The quarter's name: proper names only, which stay the same in every language.

    A street names it where three members and a twelfth of them stand there (spellings such as "Rua Miguel Bombarda"
    and "Rua de Miguel Bombarda" are one street); else its most telling member does: a theatre before a museum, a
    venue that several sources know before one that only one does, the one at the heart before one at the edge.

    Parameters
    ----------
    members
        Columns ``name, class_, n_records, density, street``.
    parent_name
        The municipality's or parish's, added in brackets unless it is long or stands in the name already.
    otherwise
        What a quarter is called that has neither a street nor a named member: its id.
    """
    base = _main_street(members["street"]) or _most_telling(members) or otherwise
    where = parent_name if parent_name and len(parent_name) <= SHORT and parent_name not in base else None
    return f"{base} ({where})" if where else base


def _main_street(streets: Sequence[Any]) -> str | None:
    """The street of most members, in its usual spelling."""
    known = [one for one in streets if isinstance(one, str)]
    same = {one: LINKING.sub("", one).casefold() for one in set(known)}
    number = Counter(same[one] for one in known)
    if not number:
        return None
    main = min(number, key=lambda one: (-number[one], one))
    if number[main] < max(STREET_LEAST, STREET_SHARE * len(streets)):
        return None
    spelling = Counter(one for one in known if same[one] == main)
    return min(spelling, key=lambda one: (-spelling[one], one))


def _most_telling(members: Mapping[str, Sequence[Any]]) -> str | None:
    rows = zip(members["name"], members["class_"], members["n_records"], members["density"], strict=True)
    named = [
        (-(TELLING.get(class_, 0) + min(records, MANY_RECORDS)), -density, name)
        for name, class_, records, density in rows
        if isinstance(name, str)
    ]
    return str(min(named)[2]) if named else None
