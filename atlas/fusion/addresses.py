"""Records without coordinates, placed by an address that another record has, or by the code of their unit."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import geopandas as gpd
import numpy as np
import shapely

from atlas.sources._by_name import is_within, plain

STREET, NUMBER, UNIT = "addr:street", "addr:housenumber", "unit"  # keys of a record's tags
BY_ADDRESS, BY_UNIT = "placed_by_address", "placed_by_unit"
SAME_DOOR_M = 100.0  # records with one address that lie farther apart make it ambiguous
_NUMBER = re.compile(r"\d+")

Address = tuple[str, str]


def placed(records: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """The records, those without a geometry at the door of their address, else in the unit whose code they state.

    An address is looked up among the records that have a position, inside the stated municipality (``parent``) only:
    every town has a Rua Direita. Where records of one address lie more than 100 m apart, it places nothing. A record
    that is known by its unit alone stands at a point inside it and is marked ``position_doubtful`` too.

    Parameters
    ----------
    records
        With ``tags`` (JSON text), ``parent`` (stated), ``parent_at`` (where it lies), ``marks`` and a geometry.
    units
        By code, in the records' CRS.

    Returns
    -------
    records
        With the geometry, ``parent_at`` and ``marks`` of those that were placed.
    how_many
        Placed, by mark.

    """
    geometry = records.geometry.to_numpy().copy()
    waiting = np.flatnonzero(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    told = {row: json.loads(records["tags"].iat[row]) for row in waiting if isinstance(records["tags"].iat[row], str)}
    told = {row: tags for row, tags in told.items() if STREET in tags or UNIT in tags}
    how_many = {BY_ADDRESS: 0, BY_UNIT: 0}
    if not told:
        return records, how_many
    doors = _doors(records) if any(STREET in tags for tags in told.values()) else {}
    marks, parent_at = (
        records["marks"].to_numpy(dtype=object).copy(),
        records["parent_at"].to_numpy(dtype=object).copy(),
    )
    for row, tags in told.items():
        at, mark = _door(doors, tags, records["parent"].iat[row], geometry, parent_at), BY_ADDRESS
        if at is not None:
            geometry[row], parent_at[row] = geometry[at], parent_at[at]
        elif str(tags.get(UNIT, "")) in units.index and _agree(
            units.at[str(tags[UNIT]), "parent"], records["parent"].iat[row]
        ):
            unit, mark = units.loc[str(tags[UNIT])], f"{BY_UNIT}|position_doubtful"
            geometry[row], parent_at[row] = shapely.point_on_surface(unit.geometry), unit["parent"]
        else:
            continue
        how_many[mark.partition("|")[0]] += 1
        marks[row] = "|".join(part for part in (marks[row], mark) if isinstance(part, str) and part)
    return records.set_geometry(geometry, crs=records.crs).assign(marks=marks, parent_at=parent_at), how_many


def _agree(parent: object, stated: object) -> bool:
    """Whether a unit's parent is the municipality that a record states, or in it, where it states one."""
    return not isinstance(stated, str) or is_within(str(parent), stated)


def address(tags: dict[str, object]) -> Address | None:
    """Street and number as they are compared; None where one of them is missing.

    >>> address({"addr:street": "Rua de Miguel Bombarda", "addr:housenumber": "N.º 285, r/c"})
    ('rua de miguel bombarda', '285')
    """
    number = _NUMBER.search(str(tags.get(NUMBER, "")))
    street = plain(tags.get(STREET, ""))
    return (street, number[0]) if street and number else None


def _doors(records: gpd.GeoDataFrame) -> dict[Address, list[int]]:
    """Rows of the records that have a position and an address, by address."""
    found: dict[Address, list[int]] = defaultdict(list)
    there = ~shapely.is_missing(records.geometry.to_numpy())
    with_street = records["tags"].astype("string").str.contains(STREET, regex=False).fillna(value=False).to_numpy()
    for row in np.flatnonzero(there & with_street):
        key = address(json.loads(records["tags"].iat[row]))
        if key is not None:
            found[key].append(int(row))
    return found


def _door(
    doors: dict[Address, list[int]],
    tags: dict[str, object],
    parent: object,
    geometry: np.ndarray,
    parent_at: np.ndarray,
) -> int | None:
    """The row that stands at an address of a municipality; None where none does, or they are not at one door."""
    key = address(tags)
    if key is None or not isinstance(parent, str):
        return None
    rows = [row for row in doors.get(key, []) if is_within(str(parent_at[row]), parent)]
    if not rows or shapely.distance(geometry[rows[0]], geometry[rows]).max() > SAME_DOOR_M:
        return None
    return rows[0]
