"""Agglomerations as hulls, the programming network as lines, the density of venues as cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas, Text
from atlas.exports import NOTHING
from atlas.exports.exportable import Exportable, Field, FieldType
from atlas.exports.style import Rule, Style
from atlas.language import both
from atlas.palette import POTENTIAL, place_colour

if TYPE_CHECKING:
    from atlas.store import Store

AGGLOMERATIONS, NETWORK, DENSITY = "agglomerations", "network", "venue_density"
_LABEL = {AGGLOMERATIONS: "name"}
_EDGES = (0.0, 2.0, 5.0, 10.0, 25.0)
Fields = tuple[tuple[str, FieldType, str, int], ...]
_QUARTER: Fields = (
    ("id", "text", "", 0),
    ("name", "text", "", 0),
    ("parent", "text", "", 0),
    ("parent_name", "text", "", 0),
    ("neighbourhoods", "text", "", 0),
    ("lon", "number", "degrees", 6),
    ("lat", "number", "degrees", 6),
    ("places", "integer", "places", 0),
    ("worth", "number", "places", 2),
    ("guessed", "number", "share", 3),
    ("classes", "text", "", 0),
    ("members", "text", "", 0),
    ("area_ha", "number", "ha", 2),
    ("odbl", "boolean", "", 0),
)
_EDGE: Fields = (
    ("edge_id", "text", "", 0),
    ("from", "text", "", 0),
    ("to", "text", "", 0),
    ("from_name", "text", "", 0),
    ("to_name", "text", "", 0),
    ("minutes", "number", "minutes", 1),
    ("reason", "text", "", 0),
    ("by", "text", "", 0),
    ("per_hour", "number", "departures", 1),
    ("line", "text", "", 0),
    ("odbl", "boolean", "", 0),
)
_CELL: Fields = (
    ("cell", "text", "", 0),
    ("venues_km2_400", "number", "venues_km2", 3),
    ("venues_km2_800", "number", "venues_km2", 3),
)


def agglomerations(
    atlas: Atlas, store: Store, lang: str, within: str | None = None
) -> tuple[Exportable, list[str], Exportable | None]:
    """The hulls, and the sources of their members; of one parent or unit where a code is given."""
    del atlas, lang  # names of quarters are proper names
    table: gpd.GeoDataFrame = store.read("agglomerations")
    if within is not None:
        touching = [within in codes.split("|") for codes in table["neighbourhoods"]]
        table = table[(table["parent"] == within) | np.array(touching, dtype=bool)]
    places = store.read("places").set_index("place_id")
    members = [places.loc[text.split("|")] for text in table["members"]]
    frame = pd.DataFrame(table).assign(odbl=[bool(part["odbl"].any()) for part in members])
    used = sorted({one for part in members for text in part["sources"] for one in str(text).split("|")})
    return _layer(AGGLOMERATIONS, _QUARTER, frame, table.geometry.to_numpy(), table.crs), used, None


def network(
    atlas: Atlas, store: Store, lang: str, within: str | None = None
) -> tuple[Exportable, list[str], Exportable | None]:
    """The edges as straight lines, each with its reason; of one parent or unit where a code is given."""
    from atlas.strategy.network import reason_in

    del atlas
    table: pd.DataFrame = store.read("network")
    places = store.read("places").set_index("place_id")
    ends = [places.loc[table[end]] for end in ("from", "to")]
    if within is not None:
        inside = [((end["parent"] == within) | (end["neighbourhood"] == within)).to_numpy() for end in ends]
        kept = inside[0] & inside[1]
        table, ends = table[kept], [end[kept] for end in ends]
    spots = [shapely.get_coordinates(shapely.point_on_surface(end.geometry.to_numpy())) for end in ends]
    lines = shapely.linestrings(np.stack(spots, axis=1)) if len(table) else np.zeros(0, dtype=object)
    frame = table.assign(
        edge_id=table["from"] + "-" + table["to"],
        reason=[reason_in(row["reason"], row, "en" if lang == "en" else "pt") for row in table.to_dict("records")],
        odbl=ends[0]["odbl"].to_numpy() | ends[1]["odbl"].to_numpy(),
    )
    used = sorted({one for end in ends for text in end["sources"] for one in str(text).split("|")})
    return _layer(NETWORK, _EDGE, frame, lines, places.crs), used, None


def density(
    atlas: Atlas, store: Store, lang: str, within: str | None = None
) -> tuple[Exportable, list[str], Exportable | None]:
    """Kernel density of venues in cells of 200 m, on five and on ten minutes' walk; of the area's venues alone."""
    from atlas.strategy.kernel_density import density_surface
    from atlas.strategy.venues import venues

    del lang
    places = store.read("places")
    if within is not None:
        places = places[(places["parent"] == within) | (places["neighbourhood"] == within)]
    table = density_surface(places, atlas)
    used = sorted({one for text in venues(atlas, places)["sources"] for one in str(text).split("|")})
    return _layer(DENSITY, _CELL, table, table.geometry.to_numpy(), table.crs), used, None


def _layer(id_: str, fields: Fields, frame: pd.DataFrame, geometry: object, crs: object) -> Exportable:
    held = frame[[name for name, *_ in fields]].reset_index(drop=True)
    return Exportable(
        id=id_,
        title=both(f"strategy.layer.{id_}"),
        description=both(f"strategy.layer.{id_}.about"),
        frame=gpd.GeoDataFrame(held, geometry=np.asarray(geometry, dtype=object), crs=crs),
        fields=tuple(_field(*one) for one in fields),
        style=_shades(held) if id_ == DENSITY else Style(colour=place_colour("performance"), label=_LABEL.get(id_, "")),
    )


def _shades(cells: pd.DataFrame) -> Style:
    """Five shades of the density at ten minutes' walk, with edges that a person can say."""
    top = float(np.ceil(cells["venues_km2_800"].max())) if len(cells) else 0.0  # above what rounding makes of it
    edges = [*_EDGES, max(top, _EDGES[-1] + 1)]
    rules = tuple(
        Rule(
            label=Text(pt=f"{low:g}–{high:.0f}".replace(".", ","), en=f"{low:g}–{high:.0f}"),
            colour=colour,
            low=low,
            high=high,
            closed=high == edges[-1],
        )
        for low, high, colour in zip(edges[:-1], edges[1:], POTENTIAL, strict=True)
    )
    return Style(field="venues_km2_800", rules=rules)


def _field(name: str, type_: FieldType, unit: str, decimals: int) -> Field:
    return Field(
        name=name,
        type=type_,
        decimals=decimals,
        meaning=both(f"strategy.field.{name}"),
        unit=both(f"strategy.unit_of.{unit}") if unit else NOTHING,
    )


LAYERS = {AGGLOMERATIONS: agglomerations, NETWORK: network, DENSITY: density}
