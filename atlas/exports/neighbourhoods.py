"""The scored neighbourhoods as one table: who they are, both axes with their ranks, the reading, every indicator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from atlas.classes import class_colours, class_edges
from atlas.config import Atlas, Index, Indicator, Level, Text
from atlas.exports import NOTHING
from atlas.exports.exportable import Field, FieldType
from atlas.exports.style import Rule, Style
from atlas.language import Lang, Translator
from atlas.palette import POTENTIAL

if TYPE_CHECKING:
    from atlas.store import Store

_INTERVALS = ("rank", "rank_low", "rank_high", "rank_data_low", "rank_data_high")
_DECLINE_RANKS = ("rank", "rank_low", "rank_high")
MUNICIPAL, ESTIMATED = "municipal_value", "estimated_residents"

_FIELDS: tuple[tuple[str, FieldType, str, int, str], ...] = (
    ("code", "text", "", 0, "dtmnfr"),
    ("name", "text", "", 0, "freguesia"),
    ("parent", "text", "", 0, "dtmn"),
    ("parent_name", "text", "", 0, "municipio"),
    ("nuts3", "text", "", 0, "nuts3"),
    ("residents", "integer", "residents", 0, ""),
    ("area_km2", "number", "km2", 4, "area_ha / 100"),
    ("potential", "number", "score", 2, ""),
    ("potential_rank", "integer", "rank", 0, ""),
    ("potential_rank_low", "integer", "rank", 0, ""),
    ("potential_rank_high", "integer", "rank", 0, ""),
    ("potential_rank_data_low", "integer", "rank", 0, ""),
    ("potential_rank_data_high", "integer", "rank", 0, ""),
    ("decline", "number", "score", 2, ""),
    ("decline_rank", "integer", "rank", 0, ""),
    ("decline_rank_low", "integer", "rank", 0, ""),
    ("decline_rank_high", "integer", "rank", 0, ""),
    ("decline_level", "text", "", 0, ""),
    ("pressure", "number", "score", 2, ""),
    ("flags", "text", "", 0, ""),
    ("cell", "text", "", 0, ""),
    ("opportunity", "text", "", 0, ""),
    ("p_opportunity", "number", "share", 3, ""),
    ("coverage", "number", "share", 3, ""),
)
"""Name, type, unit, decimals, name in CAOP; the meaning stands in the catalogues."""
_INDEX_OF_FIELD = {"potential": "potential", "decline": "decline", "pressure": "pressure"}
_MORE_DECIMALS = 2
"""A file keeps two decimals more than a screen shows."""


def table(atlas: Atlas, store: Store, within: str | None = None) -> Any:
    """One row a neighbourhood; a municipal figure stands beside every neighbourhood of the municipality."""
    units = store.read("neighbourhoods")
    if within is not None:
        units = units[(units["code"] == within) | (units["parent"] == within)]
    out = units[["code", "name", "parent", "parent_name", "nuts3", "residents", "area_km2", "geometry"]].copy()
    scores, readings = store.read("scores"), store.read("opportunities").set_index("code")
    potential = scores_of(atlas, scores, out, atlas.opportunity.potential)
    decline = scores_of(atlas, scores, out, atlas.opportunity.decline)
    pressure = scores_of(atlas, scores, out, "pressure")
    out["potential"] = potential["score"]
    for name in _INTERVALS:
        out[f"potential_{name}"] = potential[name]
    out["decline"] = decline["score"]
    for name in _DECLINE_RANKS:
        out[f"decline_{name}"] = decline[name]
    out["decline_level"] = decline["level"].where(decline["score"].notna())
    out["pressure"] = pressure["score"]
    estimated = units["residents_method"].eq("voters").map({True: ESTIMATED, False: None})
    held = zip(potential["flags"], decline["flags"], pressure["flags"], estimated, strict=True)
    out["flags"] = [_joined(*flags) for flags in held]
    for name in ("cell", "opportunity", "p_opportunity"):
        out[name] = out["code"].map(readings[name])
    out["coverage"] = potential["coverage"]
    figures = _indicator_columns(atlas, store, out)
    return out.join(figures)


def fields(atlas: Atlas, store: Store) -> tuple[Field, ...]:
    """The fixed fields in their order, then one an indicator."""
    pt, en = Translator("pt"), Translator("en")

    def meaning(key: str) -> Text:
        return Text(pt=pt(key), en=en(key))

    titles = {one.id: Text(pt=one.title_in("pt"), en=one.title_in("en")) for one in atlas.source}
    fixed = []
    for name, type_, unit, decimals, official in _FIELDS:
        index = _index(atlas, _INDEX_OF_FIELD.get(name.split("_")[0], ""))
        scored = index is not None and name in _INDEX_OF_FIELD
        fixed.append(
            Field(
                name=name, type=type_, meaning=meaning(f"export.field.{name}"),
                unit=meaning(f"export.unit.{unit}") if unit else NOTHING,
                source=titles.get(atlas.neighbourhoods.source, NOTHING) if official else NOTHING,
                formula=_tree(index) if index is not None and scored else NOTHING,
                decimals=decimals, official_name=official,
            )
        )  # fmt: skip
    return (*fixed, *(_indicator_field(one, titles) for one in _present(atlas, store)))


def style(frame: pd.DataFrame) -> Style:
    """Five classes of potential; no figure is hatched."""
    edges = class_edges(frame["potential"])
    pt, en = Translator("pt"), Translator("en")
    count = max(len(edges) - 1, 0)
    rules = tuple(
        Rule(
            label=Text(**{t.lang: f"{t.number(low, 1)} – {t.number(high, 1)}" for t in (pt, en)}),
            colour=colour, low=low, high=high, closed=position == count - 1,
        )
        for position, (low, high, colour) in enumerate(
            zip(edges, edges[1:], class_colours(POTENTIAL, count), strict=False)
        )
    )  # fmt: skip
    missing = Text(pt=pt("export.insufficient"), en=en("export.insufficient"))
    return Style(field="potential", rules=rules, missing=missing, label="name")


def source_ids(atlas: Atlas) -> list[str]:
    """Sources of the outlines, of the residents and of all indicators; those of a layer fill its places."""
    used = {atlas.neighbourhoods.source}
    if atlas.neighbourhoods.within_source:
        used.add(atlas.neighbourhoods.within_source)
    for one in atlas.indicator:
        used.update(one.sources)
        if one.layers:
            used.update(source.id for source in atlas.source if set(source.layers) & set(one.layers))
    return sorted(used)


def level_of(atlas: Atlas, index_id: str) -> Level:
    """Where an index, or the index that a pillar belongs to, stands."""
    for index in atlas.index:
        if index_id == index.id or any(index_id == pillar.id for pillar in index.pillar):
            return index.level
    return "neighbourhood"


def _index(atlas: Atlas, index_id: str) -> Index | None:
    return next((one for one in atlas.index if one.id == index_id), None)


def scores_of(atlas: Atlas, scores: pd.DataFrame, units: pd.DataFrame, index_id: str) -> pd.DataFrame:
    """The scores of an index for each unit, its municipality's where the index stands at municipality.

    A unit without a rank has insufficient data, and a score that does not rank is left out of the file.
    """
    level = level_of(atlas, index_id)
    held = scores[(scores["index"] == index_id) & (scores["level"] == level)].set_index("code")
    keys = units["code"] if level == "neighbourhood" else units["parent"]
    drawn = [name for name in dict.fromkeys([*_INTERVALS, *_DECLINE_RANKS]) if name not in held]  # built without draws
    found = held.reindex(keys).reindex(columns=[*held.columns, *drawn])
    found.index = units.index
    found["score"] = found["score"].where(found["rank"].notna())
    if level == "municipality":
        flags = found["flags"].map(lambda held: _joined(held, MUNICIPAL))
        found["flags"] = flags.where(found["score"].notna(), None)
    return found


def _joined(*flags: object) -> str | None:
    """Flags of several origins, each once."""
    words = [word for held in flags if isinstance(held, str) for word in held.split("|") if word]
    return "|".join(dict.fromkeys(words)) or None


def _present(atlas: Atlas, store: Store) -> list[Indicator]:
    """Indicators that were built, in the configuration's order."""
    built = set(store.read("indicators")["indicator"].unique())
    return [one for one in atlas.indicator if one.code in built]


def _indicator_columns(atlas: Atlas, store: Store, units: pd.DataFrame) -> pd.DataFrame:
    """One column an indicator: the unit's own figure, or its municipality's where it is known only there."""
    long = store.read("indicators")
    columns = {}
    for one in _present(atlas, store):
        held = long[(long["indicator"] == one.code) & (long["level"] == one.level)].set_index("code")["value"]
        keys = units["code"] if one.level == "neighbourhood" else units["parent"]
        columns[one.code] = keys.map(held).astype(float)
    return pd.DataFrame(columns, index=units.index)


def _indicator_field(one: Indicator, titles: dict[str, Text]) -> Field:
    options = ", ".join(f"{key}={value}" for key, value in one.with_.items())
    formula = f"{one.measure}({options})"
    return Field(
        name=one.code, type="number", unit=one.unit, meaning=_meaning(one),
        source=_rests_on(one, titles),
        formula=Text(pt=formula, en=formula), decimals=one.decimals + _MORE_DECIMALS,
    )  # fmt: skip


def _rests_on(one: Indicator, titles: dict[str, Text]) -> Text:
    """The titles of its sources; the layers that it counts where it has none."""
    named = [titles.get(name, Text(pt=name, en=name)) for name in one.sources] or [
        Text(pt=", ".join(one.layers), en=", ".join(one.layers))
    ]
    return Text(pt="; ".join(text.pt for text in named), en="; ".join(text.en for text in named))


def _meaning(one: Indicator) -> Text:
    """Name and explanation; a municipal figure says so."""
    held = {}
    languages: tuple[Lang, ...] = ("pt", "en")
    for lang in languages:
        words = f"{one.name.in_(lang)}. {one.about.in_(lang)}"
        held[lang] = words if one.level == "neighbourhood" else f"{words} {Translator(lang)('export.municipal')}"
    return Text(**held)


def _tree(index: Index) -> Text:
    """The index as its weighted pillars, in percent of the whole."""
    total = sum(pillar.weight for pillar in index.pillar)
    held = {}
    languages: tuple[Lang, ...] = ("pt", "en")
    for lang in languages:
        t = Translator(lang)
        parts = [f"{t.percent(pillar.weight / total, 1)} {pillar.name.in_(lang)}" for pillar in index.pillar]
        held[lang] = f"{t('export.aggregation.' + index.aggregation)}: " + " + ".join(parts)
    return Text(**held)
