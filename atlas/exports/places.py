"""Places as a layer of points, with their outlines and their records beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.config import Atlas, Text
from atlas.exports import NOTHING
from atlas.exports.exportable import Exportable, Field, FieldType, Table
from atlas.exports.geometry import kinds
from atlas.exports.style import Rule, Style
from atlas.language import both
from atlas.palette import place_colour

if TYPE_CHECKING:
    from atlas.store import Store

_FIELDS: tuple[tuple[str, FieldType, str, int], ...] = (
    ("place_id", "text", "", 0),
    ("name", "text", "", 0),
    ("class", "text", "", 0),
    ("class_name", "text", "", 0),
    ("layer", "text", "", 0),
    ("classes", "text", "", 0),
    ("layers", "text", "", 0),
    ("actor", "text", "", 0),
    ("lon", "number", "degrees", 7),
    ("lat", "number", "degrees", 7),
    ("neighbourhood", "text", "", 0),
    ("parent", "text", "", 0),
    ("parent_name", "text", "", 0),
    ("sources", "text", "", 0),
    ("n_records", "integer", "records", 0),
    ("p_match", "number", "share", 3),
    ("marks", "text", "", 0),
    ("odbl", "boolean", "", 0),
    ("size_m2", "number", "m2", 1),
)
_RECORD_FIELDS: tuple[tuple[str, FieldType, str, int], ...] = (
    ("place_id", "text", "", 0),
    ("source_id", "text", "", 0),
    ("record_id", "text", "", 0),
    ("p_match", "number", "share", 3),
)
_OUTLINE_FIELDS = ("place_id", "name", "class", "class_name", "layer", "size_m2")


def table(atlas: Atlas, store: Store, layer: str | None, lang: str, within: str | None) -> gpd.GeoDataFrame:
    """One row a place, of one layer or of all, drawn as a point; its stored geometry stays in ``outline``."""
    places = store.read("places")
    if layer is not None:
        places = places[_listed(places["layers"], layer)]
    if within is not None:
        places = places[(places["parent"] == within) | (places["neighbourhood"] == within)]
    out = places.rename(columns={"class_": "class"})
    names = {rule_id: rule.name.in_(lang) for rule_id, (_, rule) in atlas.classes.items()}
    parents = store.read("parents").set_index("code")["name"]
    out = out.assign(class_name=out["class"].map(names), parent_name=out["parent"].map(parents))
    points = _points(out)
    held = out[[name for name, *_ in _FIELDS]]
    return gpd.GeoDataFrame(held, geometry=points, crs=places.crs)


def fields() -> tuple[Field, ...]:
    """The fields of a place in their order."""
    return tuple(_field(*one) for one in _FIELDS)


def records(store: Store, places: pd.DataFrame) -> Table:
    """Which records of which sources make up each place."""
    members = store.read("members")
    held = members[members["place_id"].isin(places["place_id"])]
    named = [_field(*one) for one in _RECORD_FIELDS]
    return Table(
        id="members",
        title=both("export.members"),
        frame=held[[one.name for one in named]].reset_index(drop=True),
        fields=tuple(named),
        key="place_id",
    )


def outlines(atlas: Atlas, store: Store, places: pd.DataFrame, layer: str | None) -> Exportable | None:
    """The places that a source drew as areas or lines, as a layer of their own; None without any."""
    stored = store.read("places").set_index("place_id").geometry.reindex(places["place_id"])
    drawn = np.isin(kinds(stored.array), ["line", "polygon"])
    if not drawn.any():
        return None
    chosen = {one.name: one for one in fields()}
    title_pt, title_en = (title(atlas, layer).in_(lang) for lang in ("pt", "en"))
    frame = gpd.GeoDataFrame(
        places.loc[drawn, list(_OUTLINE_FIELDS)].reset_index(drop=True),
        geometry=np.asarray(stored.array[drawn], dtype=object),
        crs=stored.crs,
    )
    suffix = both("export.outlines")
    return Exportable(
        id=f"{layer or 'places'}_outlines",
        title=Text(pt=f"{title_pt}: {suffix.pt}", en=f"{title_en}: {suffix.en}"),
        frame=frame,
        fields=tuple(chosen[name] for name in _OUTLINE_FIELDS),
        style=style(atlas, layer),
    )


def title(atlas: Atlas, layer: str | None) -> Text:
    """The layer's name, or what all places together are called."""
    if layer is None:
        return both("export.places")
    return next(one.layer.name for one in atlas.layers if one.id == layer)


def style(atlas: Atlas, layer: str | None) -> Style:
    """A layer has one symbol; all places together have one colour a layer."""
    if layer is not None:
        head = next(one.layer for one in atlas.layers if one.id == layer)
        return Style(symbol=head.symbol, colour=place_colour(layer), label="name")
    ordered = sorted(atlas.layers, key=lambda one: one.layer.order)
    rules = tuple(Rule(label=one.layer.name, colour=place_colour(one.id), equals=one.id) for one in ordered)
    return Style(field="layer", rules=rules, label="name")


def _listed(column: pd.Series, wanted: str) -> pd.Series:
    """Whether ``wanted`` is among the words that ``|`` joins."""
    return ("|" + column.fillna("").astype(str) + "|").str.contains(f"|{wanted}|", regex=False)


def _points(places: pd.DataFrame) -> Any:
    """The stored point, or the place's longitude and latitude in the atlas's reference system."""
    stored = np.asarray(places.geometry.array, dtype=object)
    spots = gpd.GeoSeries(gpd.points_from_xy(places["lon"], places["lat"]), crs=4326).to_crs(places.crs)
    return np.where(shapely.get_type_id(stored) == 0, stored, np.asarray(spots.array, dtype=object))


def _field(name: str, type_: FieldType, unit: str, decimals: int) -> Field:
    return Field(
        name=name, type=type_, decimals=decimals, meaning=both(f"export.place.{name}"),
        unit=both(f"export.unit.{unit}") if unit else NOTHING,
    )  # fmt: skip
