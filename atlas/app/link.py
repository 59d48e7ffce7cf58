"""State ↔ link: everything needed to come back to a view stands in the address.

The link carries the schema, the data's version and *all* weights of the index, so that a later default never
re-ranks an old link. Nothing here has heard of Streamlit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from atlas.language import LANGUAGES, Lang

SCHEMA = 1
SHOWS = ("index", "cells", "readings", "own")
"""What the map can show; ``own`` is a figure of the planner's own file, which no link carries."""
COLUMNS = ("few", "all")
EFFECTS = ("change", "after", "before")
KINDS = ("add", "move", "close", "reuse", "area")
MOST_SCENARIO = 6000
"""Characters of a scenario that an address can carry everywhere; a longer one travels as a file."""
Weights = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Known:
    """What the opened atlas offers: a link is read against it."""

    atlas: str
    data_version: str
    indices: Mapping[str, Mapping[str, float]]
    """Index id → its pillars that have data, with the atlas's own weights."""
    presets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    preset_index: str = "potential"
    units: frozenset[str] = frozenset()
    parents: frozenset[str] = frozenset()
    layers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """What *Entregar* can hand over, the first of it by default."""


@dataclass(frozen=True)
class View:
    """What the planner looks at."""

    atlas: str = "norte"
    lang: Lang = "pt"
    index: str = "potential"
    show: str = "index"
    weights: Weights = ()
    """Weight of every pillar of the index; empty only before the atlas is known."""
    within: str = ""
    unit: str = ""
    other: str = ""
    """The second unit of *Comparar*."""
    layers: tuple[str, ...] = ()
    start: int = 0
    """First row of the table that is shown."""
    columns: str = COLUMNS[0]
    """How much of the table *Ordenar* shows."""
    drawn: bool = False
    """Whether the intervals are drawn for the weights, where these are not the atlas's own."""
    asked: bool = False
    """Whether *Porquê* was asked how many venues would be enough."""
    file: str = ""
    """What *Entregar* hands over."""
    effect: str = EFFECTS[0]
    """What the map of *Cenários* shows."""
    kind: str = KINDS[0]
    """What the form of *Cenários* asks for."""
    scenario: str = ""
    """The scenario of *Cenários*, as :func:`atlas.scenarios.files.link_of` writes it."""

    def weighted(self) -> dict[str, float]:
        """Pillar → weight."""
        return dict(self.weights)


@dataclass(frozen=True)
class Notice:
    """Something in a link that does not fit any more: a key of the catalogue and its values."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


def first_view(known: Known, lang: Lang = "pt") -> View:
    """The view of somebody who arrives without a link."""
    index = known.preset_index if known.preset_index in known.indices else next(iter(known.indices))
    return View(atlas=known.atlas, lang=lang, index=index, weights=default_weights(known, index))


def default_weights(known: Known, index: str) -> Weights:
    """The first preset's weights where the index has presets, else the atlas's own.

    Pillars without data take no part.
    """
    own = known.indices[index]
    if index == known.preset_index and known.presets:
        return preset_weights(known, next(iter(known.presets)))
    return tuple(own.items())


def preset_weights(known: Known, preset: str) -> Weights:
    """One preset's weights, in the index's order, over the pillars that have data."""
    given = known.presets[preset]
    return tuple((pillar, float(given.get(pillar, 0.0))) for pillar in known.indices[known.preset_index])


def preset_of(known: Known, view: View) -> str | None:
    """The preset whose weights these are; ``None`` where they were changed or the index has none."""
    if view.index != known.preset_index:
        return None
    mine = effective(view.weights)
    for preset in known.presets:
        theirs = effective(preset_weights(known, preset))
        if all(abs(mine.get(pillar, 0.0) - share) < 5e-7 for pillar, share in theirs.items()):
            return preset
    return None


def changed(known: Known, view: View) -> bool:
    """Whether the weights are neither a preset's nor the atlas's own.

    >>> known = Known("a", "1", {"potential": {"p2": 20, "p4": 10}}, {"even": {"p2": 1, "p4": 1}})
    >>> changed(known, View(weights=(("p2", 5.0), ("p4", 5.0))))
    False
    >>> changed(known, View(weights=(("p2", 5.0), ("p4", 6.0))))
    True
    """
    if view.index == known.preset_index and known.presets:
        return preset_of(known, view) is None
    return effective(view.weights) != effective(default_weights(known, view.index))


def effective(weights: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Shares that sum to 1.

    >>> effective((("p2", 20.0), ("p4", 5.0)))
    {'p2': 0.8, 'p4': 0.2}
    """
    pairs = tuple(weights)
    total = sum(weight for _, weight in pairs)
    return {pillar: weight / total for pillar, weight in pairs} if total > 0 else {}


def with_index(known: Known, view: View, index: str) -> View:
    """Another index: its own weights, the table from its top."""
    return replace(view, index=index, weights=default_weights(known, index), start=0)


def settled(view: View, before: View) -> View:
    """The view without what was computed for other weights, or for another unit."""
    weights = (before.index, before.weights)
    drawn = view.drawn and (view.index, view.weights) == weights
    same = (view.index, view.weights, view.unit, view.within) == (*weights, before.unit, before.within)
    return replace(view, drawn=drawn, asked=view.asked and same)


def with_weight(view: View, pillar: str, weight: float) -> View:
    """One weight changed; a change that would leave nothing to weigh is not made."""
    moved = tuple((name, weight if name == pillar else old) for name, old in view.weights)
    return replace(view, weights=moved, start=0) if effective(moved) else view


def write(view: View, known: Known) -> dict[str, str]:
    """The view as query parameters; what is empty is left out, weights never are."""
    told = {
        "v": f"{SCHEMA}.{known.data_version}",
        "atlas": view.atlas,
        "lang": view.lang,
        "index": view.index,
        "weights": "--".join(f"{pillar}-{_short(weight)}" for pillar, weight in view.weights),
        "show": _unless(view.show, SHOWS),
        "within": view.within,
        "unit": view.unit,
        "other": view.other,
        "layers": ".".join(view.layers),
        "start": str(view.start) if view.start else "",
        "columns": _unless(view.columns, COLUMNS),
        "drawn": "1" if view.drawn else "",
        "asked": "1" if view.asked else "",
        "file": _unless(view.file, known.files),
        "effect": _unless(view.effect, EFFECTS),
        "kind": _unless(view.kind, KINDS),
        "scenario": view.scenario if len(view.scenario) <= MOST_SCENARIO else "",
    }
    return {key: value for key, value in told.items() if value}


def read(params: Mapping[str, str], known: Known) -> tuple[View, list[Notice]]:
    """The view that a link describes, and what in the link no longer fits.

    A part that does not fit falls back alone; the rest of the link holds.
    """
    lang = _language(params.get("lang", ""))
    notices: list[Notice] = []
    schema, _, data_version = params.get("v", f"{SCHEMA}.{known.data_version}").partition(".")
    if schema != str(SCHEMA):
        return first_view(known, lang), [Notice("app.link.other_schema", {"schema": schema[:20]})]
    if params.get("atlas", known.atlas) != known.atlas:
        values = {"then": params["atlas"][:40], "now": known.atlas}
        return first_view(known, lang), [Notice("app.link.other_atlas", values)]
    if data_version != known.data_version:
        notices.append(Notice("app.link.other_data", {"then": data_version[:40], "now": known.data_version}))

    view = first_view(known, lang)
    index = params.get("index", view.index)
    if index in known.indices:
        view = with_index(known, view, index)
    else:
        notices.append(Notice("app.link.unknown", {"what": index[:40]}))
    if params.get("weights") and index == view.index:
        view = _with_weights(view, params["weights"], notices)

    view = replace(
        view,
        show=_show(params.get("show", ""), notices),
        within=_among(params.get("within", ""), known.parents, notices),
        unit=_among(params.get("unit", ""), known.units | known.parents, notices),
        other=_among(params.get("other", ""), known.units | known.parents, notices),
        layers=tuple(
            layer for layer in params.get("layers", "").split(".") if layer and _among(layer, known.layers, notices)
        ),
        start=_whole(params.get("start", "")),
        columns=_one_of(params.get("columns", ""), COLUMNS, notices),
        drawn=params.get("drawn") == "1",
        asked=params.get("asked") == "1",
        file=_among(params.get("file", ""), known.files, notices),
        effect=_one_of(params.get("effect", ""), EFFECTS, notices),
        kind=_one_of(params.get("kind", ""), KINDS, notices),
        scenario=_scenario(params.get("scenario", ""), notices),
    )
    return view, notices


def _with_weights(view: View, text: str, notices: list[Notice]) -> View:
    """The link's weights; a pillar that the link names and the index has not, or the reverse, is said."""
    given: dict[str, float] = {}
    for part in text[:2000].split("--"):
        pillar, _, weight = part.rpartition("-")
        try:
            given[pillar] = float(weight)
        except ValueError:
            notices.append(Notice("app.link.unknown", {"what": part[:40]}))
    fits = {pillar: weight for pillar, weight in given.items() if 0 <= weight <= 1e6}
    mine = [pillar for pillar, _ in view.weights]
    notices += [Notice("app.link.unknown", {"what": pillar[:40]}) for pillar in given if pillar not in mine]
    missing = [pillar for pillar in mine if pillar not in fits]
    if missing or not effective((pillar, fits[pillar]) for pillar in mine):
        notices.append(Notice("app.link.weights"))
        return view
    return replace(view, weights=tuple((pillar, fits[pillar]) for pillar in mine))


def _among(value: str, known: Iterable[str], notices: list[Notice]) -> str:
    if not value or value in known:
        return value
    notices.append(Notice("app.link.unknown", {"what": value[:40]}))
    return ""


def _one_of(value: str, known: Sequence[str], notices: list[Notice]) -> str:
    """The value of a choice that always stands somewhere: the first, where the link names none or one unknown."""
    return _among(value, known, notices) or known[0]


def _unless(value: str, known: Sequence[str]) -> str:
    """What a link says of a choice: nothing of the first."""
    return "" if known and value == known[0] else value


def _show(value: str, notices: list[Notice]) -> str:
    """What the map shows; a file of one's own went with its session."""
    if value == "own":
        notices.append(Notice("app.link.own_file"))
        return SHOWS[0]
    return _one_of(value, SHOWS, notices)


def _scenario(text: str, notices: list[Notice]) -> str:
    """The link's scenario, if it is one of this program's: what it does to this atlas is seen where it is applied."""
    from atlas.errors import AtlasError
    from atlas.scenarios.files import scenario_of_link

    try:
        return text if text and scenario_of_link(text) else ""
    except AtlasError:
        notices.append(Notice("scenario.app.link_broken"))
        return ""


def _language(value: str) -> Lang:
    return next((lang for lang in LANGUAGES if lang == value), LANGUAGES[0])


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _short(weight: float) -> str:
    return f"{weight:.4f}".rstrip("0").rstrip(".")
