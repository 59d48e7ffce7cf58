"""The places of a built atlas as a scenario leaves them: which came, which went, and all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.errors import AtlasError, ConfigError, UnknownName, raise_first
from atlas.neighbourhoods import locate
from atlas.scenarios.model import Add, Area, Close, Move, Reuse, Scenario

SOURCE = "scenario"
"""The source, and the mark, of a place that a scenario made."""


@dataclass(frozen=True)
class Edited:
    """The places after the edits.

    ``gone`` are rows as they were, ``come`` rows as they are now; a place that moved or became something else is in
    both. ``change`` in both holds the change's number, from 1.
    """

    places: gpd.GeoDataFrame
    gone: gpd.GeoDataFrame
    come: gpd.GeoDataFrame

    @cached_property
    def changed(self) -> gpd.GeoDataFrame:
        """Rows that came and rows that went."""
        return gpd.GeoDataFrame(pd.concat([self.gone, self.come], ignore_index=True), crs=self.places.crs)


def edited(built: Built, scenario: Scenario) -> Edited:
    """The edited places.

    Raises
    ------
    ConfigError, UnknownName
        A class or a place that the atlas does not have, a place that is no reusable space, a spot outside the region:
        all faults of all changes in one.
    """
    places: gpd.GeoDataFrame = built.store.read("places")
    raise_first(list(_faults(built, scenario, places)))
    before = places.set_index("place_id", drop=False)
    gone: list[dict[str, Any]] = []
    come: list[dict[str, Any]] = []
    for number, change in enumerate(scenario.changes, 1):
        if isinstance(change, Area):
            continue
        if isinstance(change, Add):
            come.append({"change": number, **_added(change, number)})
            continue
        row = before.loc[change.place].to_dict()
        gone.append({"change": number, **row})
        if isinstance(change, Move):
            come.append({"change": number, **row, **_spot(change), "size_m2": np.nan})
        elif isinstance(change, Reuse):
            classed = {"class_": change.class_, "classes": change.class_, "name": change.name or row["name"]}
            come.append({"change": number, **row, **classed, "marks": SOURCE, "p_match": 1.0})
    columns = ["change", *places.columns]
    went = gpd.GeoDataFrame(pd.DataFrame(gone, columns=columns), geometry="geometry", crs=places.crs)
    came = _placed(gpd.GeoDataFrame(pd.DataFrame(come, columns=columns), geometry="geometry", crs=4326), built)
    kept = places[~places["place_id"].isin(went["place_id"])]
    after = pd.concat([kept, came[list(places.columns)].astype(_types(places, came))], ignore_index=True)
    return Edited(gpd.GeoDataFrame(after, crs=places.crs), went, came)


def _types(places: pd.DataFrame, came: pd.DataFrame) -> dict[str, Any]:
    """The columns' own types, where rows that came can have them: an empty table has none to lose."""
    if not len(came):
        return {}
    return {name: kind for name, kind in places.dtypes.items() if name != "geometry"}


def _added(change: Add, number: int) -> dict[str, Any]:
    return {
        "place_id": f"{SOURCE}:{number}", "name": change.name or None, "class_": change.class_,
        "classes": change.class_, "sources": SOURCE, "n_records": 1, "p_match": 1.0, "marks": SOURCE, "odbl": False,
        "size_m2": np.nan, "tags": None, **_spot(change),
    }  # fmt: skip


def _spot(change: Add | Move) -> dict[str, Any]:
    return {"lon": change.lon, "lat": change.lat, "geometry": None}


def _placed(came: gpd.GeoDataFrame, built: Built) -> gpd.GeoDataFrame:
    """Rows that came, with outline or point in the atlas's CRS, the unit that holds them, and what their class says."""
    crs = built.atlas.atlas.crs
    points = gpd.GeoSeries(gpd.points_from_xy(came["lon"].astype(float), came["lat"].astype(float)), crs=4326)
    geometry = came.geometry.to_numpy(dtype=object)
    fresh = np.array([one is None for one in geometry], dtype=bool)
    geometry[fresh] = points.to_crs(crs).to_numpy()[fresh]
    came = gpd.GeoDataFrame(came.drop(columns="geometry"), geometry=geometry, crs=crs)
    classes = built.atlas.classes
    spots = shapely.point_on_surface(geometry)
    came["layer"] = [classes[one][0].id for one in came["class_"]]
    same = came["classes"] == came["class_"]
    came["layers"] = came["layer"].where(same, came["layers"])
    came["actor"] = [classes[one][1].actor for one in came["class_"]]
    came["weight"] = [float(classes[one][1].weight) for one in came["class_"]]
    came["neighbourhood"] = locate(spots, built.units)
    came["parent"] = locate(spots, built.parents)
    return came


def _faults(built: Built, scenario: Scenario, places: gpd.GeoDataFrame) -> Iterator[AtlasError]:
    """What of a scenario does not fit this atlas."""
    known = set(places["place_id"])
    layer_of = places.set_index("place_id")["layer"]
    stock = [layer.id for layer in built.atlas.layers if layer.layer.role == "stock"]
    for number, change in enumerate(scenario.changes, 1):
        where = f"{scenario.name}, changes.{number}"
        if isinstance(change, Add | Reuse) and change.class_ not in built.atlas.classes:
            yield UnknownName.among(change.class_, built.atlas.classes, pt="Classe", en="Class", where=where)
        if isinstance(change, Move | Close | Reuse) and change.place not in known:
            yield _no_such_place(change, places, where)
        elif isinstance(change, Reuse) and layer_of[change.place] not in stock:
            yield ConfigError(
                f"«{change.place}» não é espaço reutilizável, é de «{layer_of[change.place]}». Use `move`, `close` ou "
                "`add`.",
                f"“{change.place}” is no reusable space, it is of “{layer_of[change.place]}”. Use `move`, `close` or "
                "`add`.",
                where=where,
            )
    spots = [(number, one) for number, one in enumerate(scenario.changes, 1) if isinstance(one, Add | Move)]
    if spots:
        points = gpd.points_from_xy([one.lon for _, one in spots], [one.lat for _, one in spots], crs=4326)
        tree = shapely.STRtree(built.parents.geometry.to_numpy())
        projected = np.asarray(points.to_crs(built.atlas.atlas.crs))
        near = set(tree.query(projected, predicate="dwithin", distance=built.atlas.atlas.margin_m)[0])
        for at, (number, one) in enumerate(spots):
            if at not in near:
                yield ConfigError(
                    f"O ponto {one.lon:g} {one.lat:g} fica fora da região e da sua margem. A longitude vem primeiro, "
                    "em graus.",
                    f"The spot {one.lon:g} {one.lat:g} lies outside the region and its margin. The longitude comes "
                    "first, in degrees.",
                    where=f"{scenario.name}, changes.{number}",
                )


def _no_such_place(change: Move | Close | Reuse, places: pd.DataFrame, where: str) -> UnknownName:
    same = places.loc[places["name"] == (change.name or None), "place_id"]
    called = f" («{change.name}»)" if change.name else ""
    called_en = f" (“{change.name}”)" if change.name else ""
    hint = f" Será «{same.iloc[0]}», do mesmo nome?" if len(same) == 1 else ""
    hint_en = f" Is it “{same.iloc[0]}”, of the same name?" if len(same) == 1 else ""
    return UnknownName(
        f"O lugar «{change.place}»{called} não está neste atlas; com outros dados os lugares podem ter mudado.{hint} "
        "Procure-o pelo nome e corrija `place`, ou retire a mudança.",
        f"The place “{change.place}”{called_en} is not in this atlas; with other data places may have changed."
        f"{hint_en} Search for it by name and mend `place`, or take the change out.",
        where=where,
    )
