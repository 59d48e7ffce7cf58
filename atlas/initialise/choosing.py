"""Which indicators the sources of a new atlas can make, and the index that they stand in."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from atlas.atlasfile import LEAST_COVER
from atlas.calibrating import Measure, shares_of
from atlas.config import Atlas, Indicator, Layer, Text
from atlas.errors import ConfigError
from atlas.indicators import Inputs, compute
from atlas.initialise.noting import Note, figure
from atlas.language import Translator

SMALL_KM2 = 2.0
"""Units of up to this median area are measured on foot, larger ones across the parish."""
DISTANCES = {True: (400, 1000), False: (1000, 5000)}
"""Small units or not → the near and the far distance, in metres."""
WALKED_M = 1200
"""Up to here reach is measured along the streets, where the atlas has them; farther nobody walks."""
LEAST_KINDS = 2
LEAST_PLACES, UNITS_A_PLACE = 3, 200
"""A layer needs at least three places, and one for every two hundred units."""


@cache
def template() -> dict[str, Any]:
    """The indicators, pillars and presets to choose from."""
    return tomllib.loads(Path(__file__).with_name("template.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Choice:
    """Indicators that can be computed, by pillar with their weights; the others, each with the reason."""

    indicators: list[Indicator]
    pillars: dict[str, dict[str, float]]
    dropped: list[tuple[str, Note]] = field(default_factory=list)

    def without(self, node: str, correlation: float) -> Choice:
        """The same without an indicator, or a pillar, that moves against what it stands in."""
        gone = set(self.pillars[node]) if node in self.pillars else {node}
        reason = Note("init.reason.contrary", value=figure(correlation, 2))
        where = {code: pillar for pillar, held in self.pillars.items() for code in held}
        dropped = [
            (where[one.code], Note("init.dropped", name=one.name, reason=reason))
            for one in self.indicators
            if one.code in gone
        ]
        return Choice(
            [one for one in self.indicators if one.code not in gone],
            {pillar: {c: w for c, w in held.items() if c not in gone} for pillar, held in self.pillars.items()},
            self.dropped + dropped,
        )

    def missing(self, pillar: Mapping[str, Any], layers: tuple[Layer, ...]) -> Text:
        """Why a pillar has no indicator: what to load, or what is the matter with what was loaded."""
        reasons = [note.said["reason"] for id_, note in self.dropped if id_ == pillar["id"]]
        loads = [one.layer.load for one in layers if one.id in pillar["layers"] and one.layer.load]
        if any(one.key == "init.reason.empty" for one in reasons):
            pt, en = (" ".join(one.in_(lang) for one in loads) for lang in ("pt", "en"))
            return Text(pt=f"Sem dados. {pt}", en=f"No data. {en}")
        pt, en = (_sentence(reasons, lang) for lang in ("pt", "en"))
        return Text(pt=f"Sem valor: {pt}.", en=f"No figure: {en}.")


def distances(median_km2: float) -> tuple[int, int]:
    """The near and the far distance, in metres, for units of this size.

    >>> distances(0.2), distances(9.3)
    ((400, 1000), (1000, 5000))
    """
    return DISTANCES[median_km2 <= SMALL_KM2]


def choose(
    inputs: Inputs,
    records: pd.DataFrame,
    radii: tuple[int, int],
    surveyed: frozenset[str] = frozenset(),
    *,
    measure: Measure = compute,
    progress: Callable[[float], None] = lambda _share: None,
) -> Choice:
    """Every indicator of the template that the sources can fill and that tells units apart.

    Parameters
    ----------
    surveyed
        Sources that state the area they cover, so that few places there are few places. Of others a handful among
        hundreds of units is a sign that they do not cover them.
    measure
        How a figure is had; it may remember what it has measured.

    Raises
    ------
    ConfigError
        None can be computed.
    """
    filled = _filled_by(inputs.atlas, records)
    few = _too_few(inputs, filled, surveyed)
    fills = {layer: sources for layer, sources in filled.items() if layer not in few}
    wide = {source.id for source in inputs.atlas.source if source.covers >= LEAST_COVER}
    names = {layer.id: layer.layer.name for layer in inputs.atlas.layers}
    made, dropped = [], []
    pillars: dict[str, dict[str, float]] = {one["id"]: {} for one in template()["pillar"]}
    for number, entry in enumerate(template()["indicator"]):
        progress(number / len(template()["indicator"]))
        candidate = _candidate(entry, inputs, radii, fills, wide)
        reason = _reason(candidate, entry, inputs, filled, few, names, measure)
        if reason is not None:
            dropped.append((entry["pillar"], Note("init.dropped", name=candidate.name, reason=reason)))
            continue
        made.append(candidate)
        pillars[entry["pillar"]][candidate.code] = entry["weight"]
    if not made:
        reasons = [note.said["reason"] for _, note in dropped]
        raise ConfigError(
            f"Nenhum indicador se pode calcular com estas fontes: {_sentence(reasons, 'pt')}. "
            "Junte outra fonte de lugares com `--places` ou `--osm`.",
            f"No indicator can be computed from these sources: {_sentence(reasons, 'en')}. "
            "Add another source of places with `--places` or `--osm`.",
        )
    return Choice(made, pillars, dropped)


def _sentence(reasons: list[Note], lang: str) -> str:
    t = Translator("en" if lang == "en" else "pt")
    return "; ".join(dict.fromkeys(one.text(t) for one in reasons))


def _filled_by(atlas: Atlas, records: pd.DataFrame) -> dict[str, set[str]]:
    """Layer id → ids of the sources that have records of it in the region or its margin."""
    layer_of = {id_: layer.id for id_, (layer, _) in atlas.classes.items()}
    fills: dict[str, set[str]] = {}
    pairs = records.loc[records["classes"].notna(), ["source_id", "classes"]].drop_duplicates()
    for source, classes in pairs.itertuples(index=False):
        for one in classes.split("|"):
            fills.setdefault(layer_of[one], set()).add(source)
    return fills


def _too_few(inputs: Inputs, filled: Mapping[str, set[str]], surveyed: frozenset[str]) -> dict[str, int]:
    """Layers of which no surveyed source has any, and the others so few that they can hardly cover the units."""
    places = inputs.places[inputs.places["neighbourhood"].notna()]
    counts = places["layers"].str.split("|").explode().value_counts()
    least = max(LEAST_PLACES, len(inputs.units.neighbourhoods) / UNITS_A_PLACE)
    return {
        layer: int(counts.get(layer, 0))
        for layer, sources in filled.items()
        if not sources & surveyed and counts.get(layer, 0) < least
    }


def _candidate(
    entry: Mapping[str, Any], inputs: Inputs, radii: tuple[int, int], fills: Mapping[str, set[str]], wide: set[str]
) -> Indicator:
    """An indicator of the template with this atlas's distances, sources and observed kinds of actors."""
    values = {"near": said(radii[0]), "far": said(radii[1])}
    ids = {"near_id": short(radii[0]), "far_id": short(radii[1])}
    options: dict[str, Any] = dict(entry.get("options", {}))
    if "radius" in entry:
        options["radius_m"] = radii[0] if entry["radius"] == "near" else radii[1]
    if "classes" in entry:
        options["classes"] = list(entry["classes"])
    name, about, how = _text(entry["name"], values), _text(entry["about"], values), entry["measure"]
    if how == "near" and inputs.atlas.walking.network is not None and options["radius_m"] <= WALKED_M:
        how, about = "on_foot", _on_foot(name, slope=inputs.atlas.walking.relief is not None)
    layers = [layer for layer in entry["layers"] if fills.get(layer, set()) & wide]
    if entry.get("actors"):
        options["observed"] = observed(inputs, layers)
    order = [source.id for source in inputs.atlas.source]
    sources = sorted({one for layer in layers for one in fills[layer] & wide}, key=order.index)
    return Indicator.model_validate({
        "code": entry["code"].format(**ids),
        "name": name,
        "unit": _text(entry["unit"], values),
        "unit_one": _text(entry["unit_one"], values) if "unit_one" in entry else None,
        "direction": entry.get("direction", "more"),
        "measure": how,
        "sources": tuple(sources),
        "layers": tuple(layers),
        "with": options,
        "log": entry.get("log", True),
        "decimals": entry["decimals"],
        "about": about,
    })  # fmt: skip


def _text(words: Mapping[str, str], values: Mapping[str, Text]) -> Text:
    return Text(**{lang: words[lang].format(**{k: v.in_(lang) for k, v in values.items()}) for lang in ("pt", "en")})


def _on_foot(name: Text, *, slope: bool) -> Text:
    """What a figure says that is walked along the streets."""
    pt, en = (" e com o declive", " and with slope") if slope else ("", "")
    return Text(
        pt=f"{name.pt}: a pé pelas ruas{pt}, em média dos pontos das ruas da unidade. Sem caminho não se chega.",
        en=f"{name.en}: on foot along the streets{en}, from the average point of the unit's streets. Without a way "
        "nothing is reached.",
    )


def said(metres: int) -> Text:
    r"""A distance as it is said.

    >>> said(400).pt, said(5000).en
    ('400\xa0m', '5\xa0km')
    """
    words = f"{metres}\u00a0m" if metres < 1000 else f"{metres / 1000:g}\u00a0km"
    return Text(pt=words.replace(".", ","), en=words)


def short(metres: int) -> str:
    """A distance inside a code.

    >>> short(400), short(1000)
    ('400m', '1km')
    """
    return f"{metres}m" if metres < 1000 else f"{metres // 1000}km"


def observed(inputs: Inputs, layers: list[str]) -> list[str]:
    """The kinds of actors that have a place of these layers in the region."""
    places = inputs.places
    own = places["layer"].isin(layers) & places["neighbourhood"].notna() & places["actor"].notna()
    return sorted(places.loc[own, "actor"].unique())


def _reason(
    candidate: Indicator,
    entry: Mapping[str, Any],
    inputs: Inputs,
    fills: Mapping[str, set[str]],
    few: Mapping[str, int],
    names: Mapping[str, Text],
    measure: Measure,
) -> Note | None:
    """Why an indicator cannot be computed or tells nothing; None where it serves."""
    if not candidate.layers and any(layer in few for layer in entry["layers"]):
        count = sum(few.get(layer, 0) for layer in entry["layers"])
        wanted = _names([names[one] for one in entry["layers"]])
        return Note("init.reason.few", count, layers=wanted, units=len(inputs.units.neighbourhoods))
    if not candidate.layers:
        empty = [layer for layer in entry["layers"] if layer not in fills]
        key = "init.reason.partial" if len(empty) < len(entry["layers"]) else "init.reason.empty"
        return Note(key, layers=_names([names[one] for one in entry["layers"]]), share=LEAST_COVER * 100)
    if "observed" in candidate.with_ and len(candidate.with_["observed"]) < LEAST_KINDS:
        return Note("init.reason.kinds")
    shares = {**candidate.with_, **shares_of(inputs, candidate)}  # as the calibration that follows will have them
    measured = measure(inputs, candidate.model_copy(update={"with_": shares}))
    values = measured.value if measured.coverage is None else measured.value.where(measured.coverage > 0)
    if not values.notna().any():
        return Note("init.reason.missing")
    if values.nunique() < 2:
        return Note("init.reason.flat", value=figure(float(values.dropna().iloc[0]), candidate.decimals))
    return None


def _names(names: list[Text]) -> Text:
    return Text(pt=", ".join(one.pt for one in names), en=", ".join(one.en for one in names))
