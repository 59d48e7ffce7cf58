"""What one browser session holds: the opened atlas, the view, and the words of its language."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import link
from atlas.app.link import Known, Notice, View
from atlas.app.opening import opened
from atlas.app.working import held, name_of
from atlas.language import Lang, Translator
from atlas.map_layers import SYMBOLS, layer_name, made_ids

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built
    from atlas.ties import Chance

EMBEDDED = ("norte", "porto")
VIEW = "view"
NOTICES = "notices"
MADE_FOR = "made_for"
"""The build that the session's view was read against, and the version of its data."""
QUICK_DRAWS = 5_000_000
"""So many draws × units take about a second and a half, no longer than a process of its own would need."""


def atlas_name() -> str:
    """The atlas that ``atlas app`` was asked for; ``norte`` where nobody asked."""
    return os.environ.get("ATLAS_APP_NAME", EMBEDDED[0])


def offered() -> tuple[str, ...]:
    """The atlases to choose from; one that is not embedded stands alone."""
    name = atlas_name()
    return EMBEDDED if name in EMBEDDED else (name,)


def fingerprint(built: Built) -> str:
    """What tells one built atlas from another, for the caches."""
    manifest = built.store.manifest
    return f"{built.store.folder} {manifest['hashes']['method']} {manifest.get('null', 0)}"


BY_BUILT: dict[str | type[Any], Callable[[Any], Any]] = {"atlas.built.Built": fingerprint}
"""How Streamlit's caches tell built atlases apart."""


def _known(built: Built) -> Known:
    """What a link is read against."""
    places = built.store.read("places")
    filled = set(places["layers"].dropna().str.split("|").explode())
    neighbourhoods = built.store.read("neighbourhoods")
    indices = {
        index.id: {pillar.id: pillar.weight for pillar in index.pillar if pillar.indicators}
        for index in built.atlas.index
    }
    scored = set(built.store.read("scores")["index"])
    pillars = {pillar.id: dict[str, float]() for index in built.atlas.index for pillar in index.pillar}
    named = indices | {pillar: none for pillar, none in pillars.items() if pillar not in indices}
    return Known(
        atlas=built.atlas.atlas.id,
        data_version=f"{built.meta['data_version']}-{built.meta['hashes']['data'][:8]}",
        indices={key: weights for key, weights in named.items() if key in scored},
        presets={preset.id: preset.weights for preset in built.atlas.preset},
        preset_index=built.atlas.opportunity.potential,
        units=frozenset(neighbourhoods["code"]),
        parents=frozenset(built.store.read("parents")["code"]),
        layers=(*(layer.id for layer in built.atlas.layers if layer.id in filled), *made_ids(built.store)),
        files=handed(built),
    )  # fmt: skip


def handed(built: Built) -> tuple[str, ...]:
    """What can be handed over as files: the units with their scores, all places, and each layer that holds some."""
    from atlas.listing import layers_table

    layers = layers_table(built)
    return ("neighbourhoods", "places", *layers.loc[layers["places"] > 0, "id"])


def wanted_atlas() -> str:
    """The atlas of the session, of the link, or of the command; only one that is offered."""
    held = st.session_state.get(VIEW)
    wanted = held.atlas if isinstance(held, View) else st.query_params.get("atlas", atlas_name())
    return wanted if wanted in offered() else atlas_name()


def wanted_language() -> Lang:
    """The language of the session or of the link, before either is read whole."""
    held = st.session_state.get(VIEW)
    lang = held.lang if isinstance(held, View) else st.query_params.get("lang")
    return "en" if lang == "en" else "pt"


class Session:
    """The opened atlas, what a link may say of it, the view and the translator."""

    index_only = False
    """Whether the page's map shows the index, whatever the view says: *Cenários* knows what else it would become."""

    def __init__(self, name: str) -> None:
        store = os.environ.get("ATLAS_APP_STORE", "") if name == atlas_name() else ""
        self.built: Built = opened(name, store, wanted_language())
        self.atlas = self.built.atlas
        self.known = self.built.once(("known",), lambda: _known(self.built))
        self.notices: list[Notice] = st.session_state.get(NOTICES, [])
        held = st.session_state.get(VIEW)
        self.arriving = not isinstance(held, View) and "v" not in st.query_params
        """Whether the reader comes, in this run, from a link that a person wrote: the app's own says every row."""
        if isinstance(held, View) and held.index:
            self.view = held
        elif isinstance(held, View):
            self.view = link.first_view(self.known, held.lang)
        else:
            self.view, self.notices = link.read(dict(st.query_params), self.known)
            st.session_state[NOTICES] = self.notices
        made_for = fingerprint(self.built), self.known.data_version
        before = st.session_state.setdefault(MADE_FOR, made_for)
        if before != made_for:
            self._read_again(before[1])
            st.session_state[MADE_FOR] = made_for
        st.session_state[VIEW] = self.view
        self.t = Translator(self.view.lang)

    def _read_again(self, version: str) -> None:
        """The atlas was built anew under an open page: what no longer fits is told as it is of an old link."""
        told = link.write(self.view, self.known) | {"v": f"{link.SCHEMA}.{version}"}
        told.pop("show", None)  # always one of the same, and a file of one's own is still there
        read, self.notices = link.read(told, self.known)
        self.view = replace(read, show=self.view.show)
        st.session_state[NOTICES] = self.notices

    def now(self) -> View:
        """The view as it stands: a part of the page that is drawn by itself may have changed it since this run."""
        held = st.session_state[VIEW]
        return held if isinstance(held, View) else self.view

    def change(self, **values: Any) -> None:
        """Another view from now on."""
        self.become(replace(self.now(), **values))

    def become(self, view: View) -> None:
        """Another view from now on; what was said of the link has been read by then."""
        self.view = st.session_state[VIEW] = link.settled(view, self.view)
        st.session_state[NOTICES] = []

    def open_other(self, name: str) -> None:
        """Another atlas: its own first view, in the same language."""
        st.session_state.pop(MADE_FOR, None)
        self.become(View(atlas=name, lang=self.view.lang, index=""))

    def query(self) -> dict[str, str]:
        """The view as query parameters."""
        return link.write(self.view, self.known)

    def keep_link(self) -> None:
        """Write the view into the address, where it differs."""
        wanted = self.query()
        if dict(st.query_params) != wanted:
            st.query_params.from_dict(wanted)

    @property
    def level(self) -> str:
        """``neighbourhood`` or ``municipality``: the level at which the index is ranked."""
        index = next((one for one in self.atlas.index if one.id == self.view.index), None)
        return index.level if index else "neighbourhood"

    def layer_looks(self) -> dict[str, tuple[str, str]]:
        """Name and symbol of every layer: those of places, and those that the atlas makes."""
        lang = self.view.lang
        looks = {layer.id: (layer.layer.name.in_(lang), layer.layer.symbol) for layer in self.atlas.layers}
        return looks | {id_: (layer_name(id_).in_(lang), symbol) for id_, symbol in SYMBOLS.items()}

    def index_names(self) -> dict[str, str]:
        """Every index and pillar that can be ranked, the indices first."""
        lang = self.view.lang
        names = {
            pillar.id: self.t("app.control.pillar", name=pillar.name.in_(lang))
            for index in self.atlas.index
            for pillar in index.pillar
        }
        names |= {index.id: index.name.in_(lang) for index in self.atlas.index}
        return {key: names[key] for key in self.known.indices}

    def weights(self) -> dict[str, float] | None:
        """The weights to rank by; ``None`` where they are the stored ones."""
        own = link.effective(self.known.indices[self.view.index].items())
        return None if link.effective(self.view.weights) == own else self.view.weighted()

    def ranks(self, *, within: bool = True) -> pd.DataFrame:
        """The ranked table of the view."""
        from atlas.ranking import rank_table

        above = self._above() if within and self.long_chances() else None
        area, weights, drawn = self.view.within if within else "", self.weights(), self._drawn()
        key = (self.view.index, area, tuple((weights or {}).items()), drawn is not None,
               None if above is None else bool(len(above)))  # fmt: skip
        return self.built.once(
            ("ranks", *key),
            lambda: rank_table(self.built, self.view.index, weights=weights, within=area or None,
                               intervals=drawn is not None, scores=drawn, above=above),
        )  # fmt: skip

    def long_chances(self) -> bool:
        """Whether an area is chosen for whose units it takes long to draw the chance of standing above the next."""
        units = bool(self.view.within) and self.level == "neighbourhood"
        return units and (self.weights() is None or self.drawn()) and self.long_draws()

    def chances(self) -> dict[str, Any]:
        """What these chances are drawn for."""
        return {"index": self.view.index, "within": self.view.within, "weights": self.weights()}

    def _above(self) -> pd.Series:
        """The chances that were drawn; empty where they were not yet."""
        import pandas as pd

        found = held(name_of("above", fingerprint(self.built), self.chances()))
        return pd.Series(dtype=float) if found is None else found

    def long_draws(self) -> bool:
        """Whether drawing all units anew takes more than a moment: then it has a bar and can be stopped.

        Nothing is drawn for a pillar alone.
        """
        manifest = self.built.store.manifest
        if all(index.id != self.view.index for index in self.atlas.index):
            return False
        return bool(int(manifest["draws"]) * int(manifest["counts"]["neighbourhoods"]) > QUICK_DRAWS)

    def drawn(self) -> bool:
        """Whether the intervals are there that the view wants for its own weights."""
        return self._drawn() is not None

    def wants_drawn(self) -> bool:
        """Whether the view asks for intervals of its own weights."""
        return self.view.drawn and self.weights() is not None

    def drawing(self) -> dict[str, Any]:
        """What is drawn: the index and its weights."""
        return {"index": self.view.index, "weights": self.weights()}

    def _drawn(self) -> pd.DataFrame | None:
        if not self.wants_drawn():
            return None
        found: pd.DataFrame | None = held(name_of("draw", fingerprint(self.built), self.drawing()))
        return found

    def stored_scores(self) -> pd.Series:
        """Scores of the ranked units with the atlas's own weights."""
        return self.built.once(("stored", self.view.index), lambda: _stored_scores(self.built, self.view.index))

    def chance_above(self, one: str, other: str) -> Chance | None:
        """The chance that one unit stands above another with the weights of the view; nothing for a pillar alone."""
        return _chance_above(self.built, self.view.index, tuple((self.weights() or {}).items()), one, other)

    def explained(self, code: str, *, index: str = "") -> dict[str, Any]:
        """One unit taken apart by the view's index, or by another with its own weights; ``reference`` is left out."""
        from atlas.explaining import evidence_of, explain

        built, lang = self.built, self.view.lang
        weights = None if index else self.weights()
        wanted = index or self.view.index
        return built.once(
            ("explained", code, wanted, tuple((weights or {}).items()), lang),
            lambda: explain(built, code, wanted, weights=weights, lang=lang, full=False),
        ) | {"evidence": built.once(("behind", code, wanted, lang), lambda: evidence_of(built, code, wanted, lang))}


def _stored_scores(built: Built, index: str) -> pd.Series:
    scores = built.store.read("scores")
    mine: pd.Series = scores.loc[(scores["index"] == index) & scores["rank"].notna(), "score"]
    return mine


@st.cache_resource(show_spinner=False, max_entries=256, hash_funcs=BY_BUILT)
def _chance_above(built: Built, index: str, weights: link.Weights, one: str, other: str) -> Chance | None:
    from atlas.ranking import checked_weights
    from atlas.ties import chances_above

    found = next((each for each in built.atlas.index if each.id == index), None)
    if found is None:
        return None
    return chances_above(built, found, [(one, other)], checked_weights(found, dict(weights)) if weights else None)[0]
