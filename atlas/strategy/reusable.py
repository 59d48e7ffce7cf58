"""Reusable space: what stands empty, near which agglomeration, in which legal zone, and for whom it would suit."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from atlas.built import Built
from atlas.language import Lang, Translator
from atlas.strategy.links import KINDS, sites_of
from atlas.strategy.venues import Floats, counting, points_of
from atlas.strategy.walks import WALK_M

BEST = 5
APART_M = 150.0  # two of the best are never one gallery or one street front
PARTNERS: dict[str, tuple[str, ...]] = {
    "company": ("university", "science_park", "research_centre", "art_space"),
    "cultural_institution": ("art_space", "university", "artist", "media"),
    "art_space": ("cultural_institution", "artist", "company"),
    "artist": ("art_space", "company", "cultural_institution"),
    "university": ("company", "science_park", "cultural_institution"),
    "science_park": ("university", "research_centre", "company"),
    "research_centre": ("university", "science_park", "company"),
    "municipality": ("cultural_institution", "company", "art_space"),
    "media": ("cultural_institution", "company", "art_space"),
}
"""With whom each kind of actor works, by the strategy's links; the first ones matter most."""


def reusable_spaces(built: Built, *, units: pd.Index | None = None) -> gpd.GeoDataFrame:
    """Vacant shops, ruins, brownfield, disused industry and facilities inside the atlas.

    Returns
    -------
    ``place_id, name, class_, neighbourhood, lon, lat, size_m2`` (missing without an outline), ``agglomeration,
    agglomeration_name, agglomeration_m`` (metres to its hull, 0 inside; missing where there is none) and ``zones``:
    kinds of protection zone that may touch it, joined by ``|``, of the classified sites loaded.
    """
    held = counting(built.atlas, built.store.read("places"), "stock")
    held = held[held["neighbourhood"].notna() if units is None else held["neighbourhood"].isin(units)]
    held = held.sort_values("place_id", kind="stable").reset_index(drop=True)
    table = held[["place_id", "name", "class_", "neighbourhood", "lon", "lat", "size_m2", "geometry"]].copy()
    quarters = built.store.read("agglomerations")
    table["agglomeration"], table["agglomeration_name"], table["agglomeration_m"] = None, None, np.nan
    if len(table) and len(quarters):
        points = shapely.points(points_of(table))
        at, away = shapely.STRtree(quarters.geometry.to_numpy()).query_nearest(
            points, return_distance=True, all_matches=False
        )
        table["agglomeration"] = quarters["id"].to_numpy(dtype=object)[at[1]]
        table["agglomeration_name"] = quarters["name"].to_numpy(dtype=object)[at[1]]
        table["agglomeration_m"] = away.round(0)
    table["zones"] = _zones(built, table)
    return table


def _zones(built: Built, table: gpd.GeoDataFrame) -> list[str]:
    """Kinds of protection zone over each space; the general zone of a point is approximate."""
    from atlas.legal.sites import zone_layer

    zones = zone_layer(built)
    kinds: list[set[str]] = [set() for _ in range(len(table))]
    if len(zones) and len(table):
        found = shapely.STRtree(zones.geometry.to_numpy()).query(table.geometry.to_numpy(), predicate="intersects")
        for space, zone in zip(*found, strict=True):
            kinds[space].add(str(zones["zone_kind"].iloc[zone]))
    return ["|".join(sorted(one)) for one in kinds]


def best_for(built: Built, kind: str, spaces: gpd.GeoDataFrame, *, number: int = BEST) -> pd.DataFrame:
    """The spaces that suit a kind of actor best, at least 150 m apart.

    First where none of the kind is near yet (if the atlas observes it), then where more of the kinds that it works
    with stand within 400 m on foot (straight, by the detour), then in or near an agglomeration, then the larger.

    Returns
    -------
    The rows of ``spaces`` with ``own`` (places of the kind near; missing where it is not observed), ``partners``
    (kinds near, joined by ``|``) and ``partner_places``.
    """
    table = spaces.assign(**near_actors(built, kind, spaces))
    order = pd.DataFrame(
        {
            "taken": table["own"].fillna(0) > 0,
            "kinds": -table["partners"].map(lambda text: len(text.split("|")) if text else 0),
            "away": table["agglomeration_m"].fillna(np.inf),
            "number": -table["partner_places"],
            "size": -table["size_m2"].fillna(0),
            "place": table["place_id"],
        }
    )
    order = order.sort_values(list(order.columns), kind="stable")
    spots = points_of(table)
    chosen: list[int] = []
    for at in order.index:
        if all(np.hypot(*(spots[at] - spots[other])) >= APART_M for other in chosen):
            chosen.append(at)
        if len(chosen) == number:
            break
    return table.loc[chosen].reset_index(drop=True)


def near_actors(built: Built, kind: str, spaces: gpd.GeoDataFrame) -> dict[str, Any]:
    """``own``, ``partners`` and ``partner_places`` around each space."""
    sites = sites_of(built.store.read("places"), built.atlas)
    near_m = WALK_M / built.atlas.atlas.detour
    spots = points_of(spaces)
    number: dict[str, Floats] = {}
    for position, one in enumerate(sites.kinds):
        own = sites.spots[sites.kind == position]
        count = cKDTree(own).query_ball_point(spots, near_m, return_length=True) if len(own) and len(spots) else 0
        number[one] = np.zeros(len(spaces)) + count
    partners = [one for one in PARTNERS[kind] if one in number]
    return {
        "own": number.get(kind, np.full(len(spaces), np.nan)),
        "partners": ["|".join(one for one in partners if number[one][at]) for at in range(len(spaces))],
        "partner_places": sum((number[one] for one in partners), start=np.zeros(len(spaces))),
    }


def reasons(row: Any, kind: str, lang: Lang) -> list[str]:
    """Why a space suits a kind of actor, in sentences."""
    t = Translator(lang)
    said = []
    if row.partners:
        words = ", ".join(t(f"strategy.kind.{one}").lower() for one in row.partners.split("|"))
        said.append(t.n("strategy.reusable.partners", int(row.partner_places), kinds=words))
    if row.own == 0:
        said.append(t("strategy.reusable.lacks", kind=t(f"strategy.kind.{kind}").lower()))
    if row.agglomeration_name and row.agglomeration_m == 0:
        said.append(t("strategy.reusable.inside", name=row.agglomeration_name))
    elif row.agglomeration_name and row.agglomeration_m <= WALK_M:
        said.append(t("strategy.reusable.beside", name=row.agglomeration_name, metres=t.number(row.agglomeration_m)))
    if row.size_m2 == row.size_m2:
        said.append(t("strategy.reusable.size", size=t.number(row.size_m2)))
    if row.zones:
        said.append(t("strategy.reusable.zone"))
    return said


def space_rows(table: pd.DataFrame, kind: str | None, lang: Lang) -> list[dict[str, Any]]:
    """``place, name, class, lon, lat, size_m2, agglomeration, agglomeration_m, zones, reasons`` of each space."""
    return [
        {
            "place": row.place_id,
            "name": row.name if isinstance(row.name, str) else None,
            "class": row.class_,
            "lon": row.lon,
            "lat": row.lat,
            "size_m2": None if row.size_m2 != row.size_m2 else float(row.size_m2),
            "agglomeration": row.agglomeration_name,
            "agglomeration_m": None if row.agglomeration_m != row.agglomeration_m else int(row.agglomeration_m),
            "zones": [one for one in row.zones.split("|") if one],
            "reasons": reasons(row, kind, lang) if kind else [],
        }
        for row in table.itertuples(index=False)
    ]


__all__ = ["KINDS", "PARTNERS", "best_for", "reusable_spaces", "space_rows"]
