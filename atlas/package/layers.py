"""Which layers a package holds, and which of them stand apart under the Open Database License."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from atlas.built import Built
from atlas.classes import class_colours, class_edges
from atlas.config import Text
from atlas.exports.exportable import Exportable
from atlas.exports.from_store import describe, exportable
from atlas.exports.ranking import ranking
from atlas.exports.style import Rule, Style
from atlas.language import Lang, Translator
from atlas.palette import DECLINE
from atlas.ranking import rank_table

ODBL = "odbl"


@dataclass(frozen=True)
class Part:
    """One layer of the package and the folder that it stands in."""

    layer: Exportable
    name: Text
    """What the QGIS project calls it: what its colours say."""
    folder: str = ""
    shown: bool = True
    """Whether the QGIS project opens with the layer switched on."""

    def geopackage(self, folder: str) -> str:
        """The name of the GeoPackage that holds the layers of a folder."""
        return f"{self.layer.atlas}_osm.gpkg" if folder == ODBL else f"{self.layer.atlas}.gpkg"


def parts_of(built: Built, lang: Lang) -> list[Part]:
    """The layers of a package, the undermost on a map first; an empty one is left out."""
    potential = built.atlas.index_of(built.atlas.opportunity.potential)
    decline = built.atlas.decline
    units = built.atlas.neighbourhoods
    layer = exportable(built.atlas, built.store, "neighbourhoods", lang)
    parts = [Part(layer, _named(potential.name, units.units))]
    if decline is not None and decline.level == "municipality":
        parts.insert(0, Part(_municipal(built, decline.id), _named(decline.name, units.parent_unit), shown=False))
    places = exportable(built.atlas, built.store, "places", lang)
    for open_database in (False, True):
        own = _of_licence(built, places, open_database=open_database)
        if len(own.frame):
            name = Text(**{lang: title.split(": ", 1)[-1] for lang, title in own.title.model_dump().items()})
            parts.append(Part(own, name, folder=ODBL if open_database else ""))
    return parts


def _named(index: Text, units: Text) -> Text:
    return Text(pt=f"{index.pt} ({units.pt})", en=f"{index.en} ({units.en})")


def _municipal(built: Built, index_id: str) -> Exportable:
    """The municipalities ranked by decline, where it is known of them alone."""
    index = built.atlas.index_of(index_id)
    layer = ranking(built.atlas, built.store, rank_table(built, index_id), index, index_id)
    edges = class_edges(layer.frame["score"])
    count = max(len(edges) - 1, 0)
    pt, en = Translator("pt"), Translator("en")
    rules = tuple(
        Rule(
            label=Text(**{t.lang: f"{t.number(low, 1)} – {t.number(high, 1)}" for t in (pt, en)}),
            colour=colour, low=low, high=high, closed=at == count - 1,
        )
        for at, (low, high, colour) in enumerate(zip(edges, edges[1:], class_colours(DECLINE, count), strict=False))
    )  # fmt: skip
    missing = Text(pt=pt("export.insufficient"), en=en("export.insufficient"))
    return replace(layer, style=Style(field="score", rules=rules, missing=missing, label="name"))


def _of_licence(built: Built, places: Exportable, *, open_database: bool) -> Exportable:
    """The places with, or without, anything from OpenStreetMap in them, with their records and outlines."""
    chosen = places.frame["odbl"].astype("boolean").fillna(False).to_numpy(dtype=bool) == open_database
    ids = set(places.frame.loc[chosen, "place_id"])
    words = places.title
    title = Text(pt=f"{words.pt} (OpenStreetMap)", en=f"{words.en} (OpenStreetMap)") if open_database else words
    held = replace(
        places,
        id="places_osm" if open_database else places.id,
        title=title,
        frame=places.frame[chosen].reset_index(drop=True),
        tables=tuple(
            replace(one, id="members_osm" if open_database else one.id, frame=_only(one.frame, one.key, ids))
            for one in places.tables
        ),
        outlines=_outlines(places.outlines, ids, open_database=open_database),
        style=_present(places.style, set(places.frame.loc[chosen, "layer"])),
    )
    used = sorted({one for text in held.frame["sources"].dropna() for one in str(text).split("|")})
    return describe(built.atlas, built.store, held, used)


def _present(style: Style, layers: set[str]) -> Style:
    """Only the lines of the legend that something is drawn by."""
    return replace(style, rules=tuple(rule for rule in style.rules if rule.equals in layers))


def _outlines(outlines: Exportable | None, ids: set[str], *, open_database: bool) -> Exportable | None:
    if outlines is None:
        return None
    frame = _only(outlines.frame, "place_id", ids)
    if not len(frame):
        return None
    name = "places_osm_outlines" if open_database else outlines.id
    return replace(outlines, id=name, frame=frame, style=_present(outlines.style, set(frame["layer"])))


def _only(frame: pd.DataFrame, column: str, ids: set[str]) -> Any:
    return frame[np.asarray(frame[column].isin(ids), dtype=bool)].reset_index(drop=True)
