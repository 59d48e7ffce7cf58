"""Sites with a legal status, one row a site, with grade, raw text and general zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.config import Source
from atlas.legal.grades import GRADES, Grade, grade_of, merged
from atlas.legal.reading import is_official, naming_keys, text_tags
from atlas.legal.rules import GENERAL_ZONE_M, has_general_zone, search_m
from atlas.legal.zones import Zones, read_zones
from atlas.store import Store

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
    found = known(built)[0]
    kept = everything | (found["grade"].ne("none") & ~found["inventory_only"])
    return found[kept].reset_index(drop=True)


_KNOWN: WeakKeyDictionary[Store, tuple[gpd.GeoDataFrame, Zones]] = WeakKeyDictionary()


def known(built: Built) -> tuple[gpd.GeoDataFrame, Zones]:
    """All sites with their zones, and all zones that are drawn; read once a store, and not to be changed."""
    if built.store not in _KNOWN:
        zones = read_zones(built)
        _KNOWN[built.store] = with_zones(_read_sites(built), zones), zones
    return _KNOWN[built.store]


def _read_sites(built: Built) -> gpd.GeoDataFrame:
    """All sites, without their zones."""
    stated = _stated(built).sort_values(["site_id", "source_id", "record_id"])
    held = {source.id: source for source in built.atlas.source}
    records = stated[list(_Record._fields)].itertuples(index=False, name=None)
    rows = [
        _site(site_id, list(group), held)
        for site_id, group in groupby((_Record(*one) for one in records), key=attrgetter("site_id"))
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
    shown = [grade.shown for grade in grades_of(known(built)[0])]
    return {str(key): int(value) for key, value in pd.Series(shown, dtype=object).value_counts().items()}


def count_table(built: Built) -> pd.DataFrame:
    """``grade, code, sites, outlines, contradicted, raw``: a row a grade and code; ``raw`` as most write it."""
    found = known(built)[0]
    table = pd.DataFrame(found[["grade", "code", "outline", "contradicted", "inventory_only", "raw"]])
    table["grade"] = table["grade"].where(~table["inventory_only"].astype(bool), "inventory")
    table["code"] = table["code"].fillna("")
    grouped = table.groupby(["grade", "code"], sort=False)
    counted = grouped.agg(
        sites=("raw", "size"),
        outlines=("outline", "sum"),
        contradicted=("contradicted", "sum"),
        raw=("raw", lambda texts: texts.value_counts().index[0]),
    ).reset_index()
    order = {grade: at for at, grade in enumerate((*GRADES, "inventory"))}
    counted["order"] = counted["grade"].map(order)
    return counted.sort_values(["order", "sites"], ascending=[True, False]).drop(columns="order").reset_index(drop=True)


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
    rows = rows[np.array([bool(grade.raw) for grade in grades], dtype=bool)]
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


class _Record(NamedTuple):
    """What a record says of the site that it belongs to."""

    site_id: str
    source_id: str
    name: object
    grade: Grade
    refs: str
    geometry: shapely.Geometry
    place_name: object
    place_geometry: shapely.Geometry | None


def _site(site_id: str, records: Sequence[_Record], held: Mapping[str, Source]) -> tuple[Any, ...]:
    """One row: an official outline before any other, any outline before a point."""
    grade = merged(one.grade for one in records)
    by_office = [one for one in records if is_official(held.get(one.source_id), otherwise=False)]
    shapes = [one.geometry for one in (*by_office, *records)]
    whole = records[0].place_geometry
    shapes.append(whole if isinstance(whole, shapely.Geometry) else shapes[0])
    geometry = next((one for one in shapes if shapely.get_dimensions(one) > 0), shapes[0])
    sources = list(dict.fromkeys(one.source_id for one in records))
    names = [name for one in records for name in (one.name, one.place_name) if isinstance(name, str) and name]
    outline = bool(shapely.get_dimensions(geometry) > 0)
    return (
        site_id,
        names[0] if names else None,
        grade.id,
        grade.code,
        grade.raw,
        grade.contradicted,
        grade.inventory_only,
        outline,
        outline and any(one.geometry is geometry for one in by_office),
        "|".join(sources),
        max((held[one].date for one in sources if one in held), default=""),
        any(held[one].of_openstreetmap for one in sources if one in held),
        "|".join(dict.fromkeys(part for one in records for part in one.refs.split("|") if part)),
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
