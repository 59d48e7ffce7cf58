"""Classified sites as a layer of points, with the protection zone of each beside it as a layer of polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from atlas.config import Atlas
from atlas.exports import NOTHING
from atlas.exports.exportable import Exportable, Field, FieldType
from atlas.exports.style import Rule, Style
from atlas.language import both
from atlas.palette import place_colour

if TYPE_CHECKING:
    from atlas.store import Store

ID = "classified_sites"
_FIELDS: tuple[tuple[str, FieldType, int], ...] = (
    ("site_id", "text", 0),
    ("name", "text", 0),
    ("grade", "text", 0),
    ("code", "text", 0),
    ("raw", "text", 0),
    ("contradicted", "boolean", 0),
    ("outline", "boolean", 0),
    ("official", "boolean", 0),
    ("zone_kind", "text", 0),
    ("neighbourhood", "text", 0),
    ("parent", "text", 0),
    ("lon", "number", 7),
    ("lat", "number", 7),
    ("sources", "text", 0),
    ("date", "text", 0),
    ("odbl", "boolean", 0),
)
_ZONE_FIELDS: tuple[tuple[str, FieldType, int], ...] = (
    ("site_id", "text", 0),
    ("name", "text", 0),
    ("grade", "text", 0),
    ("code", "text", 0),
    ("zone_kind", "text", 0),
    ("radius_m", "number", 0),
    ("sources", "text", 0),
    ("date", "text", 0),
    ("odbl", "boolean", 0),
)
_UNITS = {"lon": "degrees", "lat": "degrees", "radius_m": "m"}


def layer(atlas: Atlas, store: Store, within: str | None = None) -> tuple[Exportable, list[str], Exportable | None]:
    """The sites, the sources that they come from, and their zones; of one parent or unit where a code is given."""
    from atlas.built import Built
    from atlas.legal.sites import sites, zone_layer

    built = Built(atlas, store)
    found, zones = sites(built), zone_layer(built)
    if within is not None:
        found = found[(found["parent"] == within) | (found["neighbourhood"] == within)]
        zones = zones[zones["site_id"].isin(found["site_id"])]
    points = shapely.point_on_surface(found.geometry.to_numpy())
    drawn = _exportable(ID, "sites", _FIELDS, found, points)
    circles = _exportable("classified_zones", "zones", _ZONE_FIELDS, zones, zones.geometry.to_numpy())
    used = sorted({one for text in found["sources"] for one in str(text).split("|")})
    return drawn, used, circles if len(zones) else None


def _exportable(
    id_: str,
    word: str,
    fields: tuple[tuple[str, FieldType, int], ...],
    rows: pd.DataFrame,
    geometry: object,
) -> Exportable:
    frame = pd.DataFrame(rows)[[name for name, *_ in fields]]
    return Exportable(
        id=id_,
        title=both(f"legal.layer.{word}"),
        description=both("legal.layer.about"),
        frame=gpd.GeoDataFrame(frame, geometry=geometry, crs=rows.crs).reset_index(drop=True),
        fields=tuple(_field(*one) for one in fields),
        style=_style(rows),
    )


def _style(rows: pd.DataFrame) -> Style:
    """One line in the legend a kind of zone, so that what is approximate can be told from what is not."""
    kinds = [
        kind for kind in ("general", "general_approximate", "special", "none") if (rows["zone_kind"] == kind).any()
    ]
    colours = {"general": "heritage", "general_approximate": "archaeology", "special": "zones", "none": "transport"}
    rules = tuple(
        Rule(label=both(f"legal.zone_kind.{kind}"), colour=place_colour(colours[kind]), equals=kind) for kind in kinds
    )
    return Style(field="zone_kind", rules=rules, symbol="triangle", label="name")


def _field(name: str, type_: FieldType, decimals: int) -> Field:
    unit = _UNITS.get(name)
    return Field(
        name=name,
        type=type_,
        decimals=decimals,
        meaning=both(f"legal.field.{name}"),
        unit=both(f"legal.unit_of.{unit}") if unit else NOTHING,
    )
