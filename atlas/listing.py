"""What there is in a built atlas: layers, sources, indicators, each with what is missing."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from atlas.built import Built
from atlas.config import Layer
from atlas.language import Lang
from atlas.layers import of_layer
from atlas.source_words import sources_in


def layers_table(built: Built, lang: Lang = "pt") -> pd.DataFrame:
    """``id, name, places, complete, licence``; an empty layer says what to load in ``load``.

    ``complete`` is the share of what exists that the sources hold, by capture–recapture; missing where not measured.
    """
    places = built.store.read("places")
    measured = built.store.read("completeness")
    complete = measured[measured["density_class"] == "all"].set_index("layer")["completeness"]
    licences = {one["id"]: one["licence"] for one in sources_in(built.atlas, built.store.manifest["sources"], lang)}
    rows = []
    for layer in sorted(built.atlas.layers, key=lambda one: one.layer.order):
        own = of_layer(places, layer.id)
        inside = own["neighbourhood"].notna() | (own["parent"].notna())
        rows.append({
            "id": layer.id,
            "name": layer.layer.name.in_(lang),
            "places": int(inside.sum()),
            "complete": complete.get(layer.id),
            "licence": _licences(own[inside], licences),
            "load": None if inside.any() else _load(layer, lang),
        })  # fmt: skip
    return pd.DataFrame(rows)


def _load(layer: Layer, lang: Lang) -> str | None:
    return layer.layer.load.in_(lang) if layer.layer.load else None


def _licences(places: pd.DataFrame, licences: Mapping[str, str]) -> str | None:
    ids = {one for text in places["sources"].unique() for one in text.split("|")}
    return "; ".join(dict.fromkeys(licence for id_, licence in licences.items() if id_ in ids)) or None


def sources_table(built: Built, lang: Lang = "pt") -> pd.DataFrame:
    """``id, title, publisher, licence, date, records, warnings`` of every source."""
    keys = ["id", "title", "publisher", "licence", "date", "records", "warnings"]
    table = pd.DataFrame(sources_in(built.atlas, built.store.manifest["sources"], lang))[keys]
    table["records"] = table["records"].astype("Int64")
    return table


def indicators_table(built: Built, lang: Lang = "pt") -> pd.DataFrame:
    """``code, name, unit, direction, level, measure, source, present, missing`` of every indicator."""
    figures = built.store.read("indicators")
    present = figures["value"].notna().groupby(figures["indicator"]).agg(["sum", "size"])
    return pd.DataFrame(
        [
            {
                "code": one.code,
                "name": one.name.in_(lang),
                "unit": one.unit.in_(lang),
                "direction": one.direction,
                "level": one.level,
                "measure": one.measure,
                "source": "|".join(one.sources),
                "present": int(present.loc[one.code, "sum"]),
                "missing": int(present.loc[one.code, "size"] - present.loc[one.code, "sum"]),
                "about": one.about.in_(lang),
                "note": one.note.in_(lang) if one.note else None,
            }
            for one in built.atlas.indicator
        ]
    )
