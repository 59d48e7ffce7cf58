"""Sites with a legal status, one row a site, with grade, raw text and general zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.config import Source
from atlas.legal.grades import Grade, grade_of, merged
from atlas.legal.reading import is_official, naming_keys, text_tags
from atlas.legal.rules import GENERAL_ZONE_M, has_general_zone, search_m
from atlas.legal.zones import Zones, read_zones

ZONE_KINDS = ("general", "general_approximate", "special", "none")
_MAY_STATE = (
    r"heritage|protection_title|site_status|ref:(?:pt:)?(?:dgpc|ipa|sipa|cns|igespar)|monumentos\.|pesquisapatrim"
    r"|Classifica|Situação|grau"
)
_QUADRANT = 16  # segments in a quarter of a circle: a drawn zone is at most 0.25 m inside the true one


def sites(built: Built, *, everything: bool = False) -> gpd.GeoDataFrame:
    """Sites that a source calls classified, under procedure or within a zone, in the atlas's CRS.

    Columns: ``site_id``, ``name``, ``grade`` (:data:`atlas.legal.grades.GRADES`), ``code`` (MN, IIP …), ``raw`` (the
    source's words), ``contradicted``, ``inventory_only``, ``outline`` (else only a point is known), ``official``
    (the outline is the legal limit), ``zone_kind`` (:data:`ZONE_KINDS`), ``sources``, ``date``, ``odbl``, ``lon``,
    ``lat``, ``neighbourhood``, ``parent``, ``zone`` (the general zone, drawn 50 m from an outline and 200 m from a
    point, or the special one in its place) and ``geometry``.

    Parameters
    ----------
    built
        A built atlas.
    everything
        Also what a source says has no protection, and what an inventory knows and no more.

    """
    return with_zones(read_sites(built, everything=everything), read_zones(built))


def read_sites(built: Built, *, everything: bool = True) -> gpd.GeoDataFrame:
    """Sites as :func:`sites` gives them, without their zones."""
    stated = _stated(built)
    if not everything:
        kept = [grade.id != "none" and not grade.inventory_only for grade in stated["grade"]]
        stated = stated[np.array(kept, dtype=bool)]
    held = {source.id: source for source in built.atlas.source}
    rows = [
        _site(str(site_id), group, held)
        for site_id, group in stated.sort_values(["site_id", "source_id", "record_id"]).groupby("site_id", sort=True)
    ]
    found = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=_COLUMNS), geometry="geometry", crs=built.atlas.atlas.crs
    ).reset_index(drop=True)
    return _placed(found, built)


_COLUMNS = (
    "site_id", "name", "grade", "code", "raw", "contradicted", "inventory_only", "outline", "official", "sources",
    "date", "odbl", "refs", "geometry",
)  # fmt: skip


def counts(built: Built) -> dict[str, int]:
    """How many sites of each grade (code where one is stated); what only an inventory knows counts as ``unknown``."""
    table = read_sites(built)
    shown = [
        Grade(row.grade, row.code if isinstance(row.code, str) else None).shown for row in table.itertuples(index=False)
    ]
    return {str(key): int(value) for key, value in pd.Series(shown, dtype=object).value_counts().items()}


def _stated(built: Built) -> pd.DataFrame:
    """Records that state something, with their grade and the site they belong to."""
    records = built.store.read("records")
    naming = {source.id: naming_keys(source) for source in built.atlas.source}
    own = [source_id for source_id, keys in naming.items() if keys]
    # zones protect sites and are none
    zone_sources = [source.id for source in built.atlas.source if source.layers == ("zones",)]
    tags = records["tags"].astype("string")
    asked = tags.str.contains(_MAY_STATE, regex=True).fillna(False) | records["source_id"].isin(own) & tags.notna()
    geometry = records.geometry.to_numpy()
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    rows = records[asked.to_numpy(dtype=bool) & there & ~records["source_id"].isin(zone_sources).to_numpy()]
    grades = [
        grade_of(text_tags(text), naming.get(source_id, ()))
        for text, source_id in zip(rows["tags"], rows["source_id"], strict=True)
    ]
    rows = pd.DataFrame(rows).assign(grade=grades, refs=[_refs(text) for text in rows["tags"]])
    rows = rows[[bool(grade.raw) for grade in grades]]
    members = built.store.read("members")[["place_id", "source_id", "record_id"]]
    rows = rows.merge(members, on=["source_id", "record_id"], how="left")
    places = built.store.read("places").set_index("place_id")
    rows["place_geometry"] = places.geometry.reindex(rows["place_id"]).to_numpy()
    rows["place_name"] = places["name"].reindex(rows["place_id"]).to_numpy()
    rows["site_id"] = rows["place_id"].where(rows["place_id"].notna(), rows["record_id"])
    return rows


def _refs(text: str) -> str:
    tags = text_tags(text)
    keys = ("ref:dgpc", "ref:ipa", "NINV", "IPA")
    return "|".join(tags[key] for key in keys if key in tags)


def _site(site_id: str, group: pd.DataFrame, held: Mapping[str, Source]) -> tuple[Any, ...]:
    grade = merged(group["grade"])
    drawn = group[shapely.get_dimensions(group["geometry"].to_numpy()) > 0]
    official = [is_official(held.get(one), otherwise=False) for one in drawn["source_id"]]
    by_office = drawn[np.array(official, dtype=bool)]
    whole = group["place_geometry"].iloc[0]
    if len(by_office):
        geometry = by_office["geometry"].iloc[0]
    elif len(drawn):
        geometry = drawn["geometry"].iloc[0]
    elif whole is not None and not pd.isna(whole):
        geometry = whole
    else:
        geometry = group["geometry"].iloc[0]
    sources = list(dict.fromkeys(group["source_id"]))
    names = [one for one in (*group["name"], *group["place_name"]) if isinstance(one, str) and one]
    return (
        site_id,
        names[0] if names else None,
        grade.id,
        grade.code,
        grade.raw,
        grade.contradicted,
        grade.inventory_only,
        bool(shapely.get_dimensions(geometry) > 0),
        bool(len(by_office)),
        "|".join(sources),
        max((held[one].date for one in sources if one in held), default=""),
        any(held[one].licence.startswith("ODbL") for one in sources if one in held),
        "|".join(dict.fromkeys(part for one in group["refs"] for part in one.split("|") if part)),
        geometry,
    )


def _placed(found: gpd.GeoDataFrame, built: Built) -> gpd.GeoDataFrame:
    """With a point in degrees and the unit and parent that hold it."""
    from atlas.neighbourhoods import locate

    points = shapely.point_on_surface(found.geometry.to_numpy())
    degrees = gpd.GeoSeries(points, crs=found.crs).to_crs(4326)
    found["lon"] = degrees.x.round(6).to_numpy(dtype=float)
    found["lat"] = degrees.y.round(6).to_numpy(dtype=float)
    found["neighbourhood"] = locate(points, built.units)
    found["parent"] = locate(points, built.parents)
    return found


def with_zones(found: gpd.GeoDataFrame, zones: Zones) -> gpd.GeoDataFrame:
    """The sites with the zone of each: a special zone where one is given, else the circle that its grade brings."""
    geometry = found.geometry.to_numpy()
    outline = found["outline"].to_numpy(dtype=bool)
    special = zones.of_sites(found)
    automatic = np.array([has_general_zone(grade) for grade in grades_of(found)], dtype=bool)
    given = np.array([one is not None for one in special], dtype=bool)
    reach = np.where(outline, search_m(outline=True), search_m(outline=False))
    zone = np.full(len(found), None, dtype=object)
    drawn = automatic & ~given
    zone[drawn] = shapely.buffer(geometry[drawn], reach[drawn], quad_segs=_QUADRANT)
    zone[given] = np.array([one for one in special if one is not None], dtype=object)
    kind = np.select(
        [given, drawn & outline, drawn], ["special", "general", "general_approximate"], default="none"
    ).astype(object)
    return found.assign(zone_kind=kind, zone=gpd.GeoSeries(zone, index=found.index, crs=found.crs))


def grades_of(found: pd.DataFrame) -> Iterable[Grade]:
    """The grades of a table of sites."""
    for row in found.itertuples(index=False):
        code = row.code if isinstance(row.code, str) else None
        yield Grade(row.grade, code, row.raw, bool(row.contradicted), bool(row.inventory_only))


def zone_layer(built: Built) -> gpd.GeoDataFrame:
    """The zones of the sites as a layer of polygons: one row a site with a zone, its ``geometry`` the zone."""
    table = sites(built)
    there = table["zone_kind"] != "none"
    kept = table.loc[there, ["site_id", "name", "grade", "code", "zone_kind", "sources", "date", "odbl"]]
    radius = np.where(table.loc[there, "zone_kind"] == "general", GENERAL_ZONE_M, np.nan)
    radius[table.loc[there, "zone_kind"].to_numpy() == "general_approximate"] = search_m(outline=False)
    return gpd.GeoDataFrame(
        kept.assign(radius_m=radius).reset_index(drop=True),
        geometry=table.loc[there, "zone"].to_numpy(),
        crs=table.crs,
    )
