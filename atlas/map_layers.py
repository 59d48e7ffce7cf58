"""Layers that the atlas makes itself, as a map shows them: agglomerations with their hulls, the programming network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from atlas.config import Text
from atlas.language import LANGUAGES, Lang, Translator, both
from atlas.steps import crosses_180, differences, eastward, steps

if TYPE_CHECKING:
    import pandas as pd

    from atlas.store import Store

SYMBOLS = {"network": "diamond", "agglomerations": "star"}
"""The layers that there are, the undermost first, each with the symbol of its points."""


@dataclass(frozen=True)
class MadeLayer:
    """Points with a name and a sentence, and lines in steps of degrees (:mod:`atlas.steps`) round or between them."""

    id: str
    lon: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    names: list[str]
    about: dict[Lang, list[str]]
    units: list[str | None]
    sources: list[str]
    """Ids of the sources of each point, joined by ``|``."""
    lines: list[list[int]]

    @property
    def name(self) -> Text:
        """The layer's name."""
        return layer_name(self.id)

    @property
    def symbol(self) -> str:
        """The symbol of its points."""
        return SYMBOLS[self.id]


def layer_name(id_: str) -> Text:
    """The name of a layer that the atlas makes."""
    return both(f"strategy.layer.{id_}")


def made_ids(store: Store) -> list[str]:
    """The layers of a store that hold anything, by id: those of :func:`made_layers`."""
    return [id_ for id_ in SYMBOLS if len(store.read(id_))]


def made_layers(store: Store) -> list[MadeLayer]:
    """The layers of a store that hold anything."""
    make = {"network": _network, "agglomerations": _agglomerations}
    return [make[id_](store) for id_ in made_ids(store)]


def _agglomerations(store: Store) -> MadeLayer:
    """Hulls as closed lines, the heart of each as its point."""
    table = store.read("agglomerations")
    places = store.read("places").set_index("place_id")
    heart = places.loc["p" + table["id"].str[1:]]
    members = [places.loc[text.split("|"), "sources"] for text in table["members"]]
    return _layer(
        store,
        "agglomerations",
        heart,
        table["name"].tolist(),
        table["places"].tolist(),
        ["|".join(sorted({one for text in of for one in str(text).split("|")})) for of in members],
        _lines(store, shapely.get_exterior_ring(table.geometry.to_numpy())),
    )


def _network(store: Store) -> MadeLayer:
    """Edges as straight lines, the facilities at their ends as points."""
    table = store.read("network")
    places = store.read("places").set_index("place_id")
    number = Counter([*table["from"], *table["to"]])
    names = dict(zip([*table["from"], *table["to"]], [*table["from_name"], *table["to_name"]], strict=True))
    ids = sorted(number)
    ends = [shapely.point_on_surface(places.loc[table[end]].geometry.to_numpy()) for end in ("from", "to")]
    pairs = np.stack([shapely.get_coordinates(end) for end in ends], axis=1)
    return _layer(
        store,
        "network",
        places.loc[ids],
        [str(names[one]) for one in ids],
        [number[one] for one in ids],
        [str(one) for one in places.loc[ids, "sources"]],
        _lines(store, shapely.linestrings(pairs) if len(table) else np.zeros(0, dtype=object)),
    )


def _layer(
    store: Store,
    id_: str,
    points: pd.DataFrame,
    names: list[str],
    counts: Sequence[int],
    sources: list[str],
    lines: list[list[int]],
) -> MadeLayer:
    lon = points["lon"].to_numpy(dtype=float)
    return MadeLayer(
        id=id_,
        lon=eastward(lon) if crosses_180(store) else lon,
        lat=points["lat"].to_numpy(dtype=float),
        names=names,
        about={lang: [Translator(lang).n(f"strategy.on_map.{id_}", one) for one in counts] for lang in LANGUAGES},
        units=[one if isinstance(one, str) else None for one in points["neighbourhood"]],
        sources=sources,
        lines=lines,
    )


def _lines(store: Store, shapes: npt.NDArray[np.object_]) -> list[list[int]]:
    if not len(shapes):
        return []
    stepped = steps(shapes, store.read("neighbourhoods").crs, beyond=crosses_180(store))
    return [differences(shapely.get_coordinates(line)) for line in stepped]
