"""What one browser session holds: the opened atlas, the view, and the words of its language."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import link
from atlas.app.link import Known, Notice, View
from atlas.language import Translator

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built

EMBEDDED = ("norte", "porto")
VIEW = "view"
NOTICES = "notices"


def atlas_name() -> str:
    """The atlas that ``atlas app`` was asked for; ``norte`` where nobody asked."""
    return os.environ.get("ATLAS_APP_NAME", EMBEDDED[0])


def offered() -> tuple[str, ...]:
    """The atlases to choose from: an own one stands alone, since its store says nothing of the others."""
    name = atlas_name()
    return EMBEDDED if name in EMBEDDED and not os.environ.get("ATLAS_APP_STORE") else (name,)


@st.cache_resource(show_spinner=False, max_entries=4)
def _opened(name: str, store: str) -> Built:
    """Open an atlas once for all sessions; build it first where its store is missing or stale."""
    from atlas.built import open_built

    return open_built(name, store=Path(store) if store else None, progress=_progress())


def _progress() -> Callable[[float, str], None]:
    """A bar on the page that says what a build is doing; nothing appears where the store is fresh."""
    shown: list[Any] = []

    def tell(fraction: float, message: str) -> None:
        if fraction >= 1:
            for one in shown:
                one.empty()
        elif shown:
            shown[0].progress(fraction, text=message)
        else:
            shown.append(st.progress(fraction, text=message))

    return tell


@st.cache_resource(show_spinner=False, max_entries=4)
def _known(_built: Built, atlas: str, data_version: str) -> Known:
    """What a link is read against."""
    places = _built.store.read("places")
    filled = set(places["layers"].dropna().str.split("|").explode())
    neighbourhoods = _built.store.read("neighbourhoods")
    indices = {
        index.id: {pillar.id: pillar.weight for pillar in index.pillar if pillar.indicators}
        for index in _built.atlas.index
    }
    scored = set(_built.store.read("scores")["index"])
    pillars = {pillar.id: dict[str, float]() for index in _built.atlas.index for pillar in index.pillar}
    return Known(
        atlas=atlas,
        data_version=data_version,
        indices={key: value for key, value in (indices | {k: v for k, v in pillars.items() if k not in indices}).items()
                 if key in scored},
        presets={preset.id: preset.weights for preset in _built.atlas.preset},
        preset_index=_built.atlas.opportunity.potential,
        units=frozenset(neighbourhoods["code"]),
        parents=frozenset(_built.store.read("parents")["code"]),
        layers=tuple(layer.id for layer in _built.atlas.layers if layer.id in filled),
    )  # fmt: skip


def wanted_atlas() -> str:
    """The atlas of the session, of the link, or of the command; only one that is offered."""
    held = st.session_state.get(VIEW)
    wanted = held.atlas if isinstance(held, View) else st.query_params.get("atlas", atlas_name())
    return wanted if wanted in offered() else atlas_name()


class Session:
    """The opened atlas, what a link may say of it, the view and the translator."""

    def __init__(self, name: str) -> None:
        store = os.environ.get("ATLAS_APP_STORE", "")
        self.built: Built = _opened(name, store)
        self.atlas = self.built.atlas
        meta = self.built.meta
        data_version = f"{meta['data_version']}-{meta['hashes']['data'][:8]}"
        self.known = _known(self.built, name, data_version)
        self.notices: list[Notice] = st.session_state.get(NOTICES, [])
        held = st.session_state.get(VIEW)
        if isinstance(held, View) and held.index:
            self.view = held
        elif isinstance(held, View):
            self.view = link.first_view(self.known, held.lang)
        else:
            self.view, self.notices = link.read(dict(st.query_params), self.known)
            st.session_state[NOTICES] = self.notices
        st.session_state[VIEW] = self.view
        self.t = Translator(self.view.lang)

    def change(self, **values: Any) -> None:
        """Another view from now on."""
        self.become(replace(self.view, **values))

    def become(self, view: View) -> None:
        """Another view from now on; what was said of the link has been read by then."""
        self.view = st.session_state[VIEW] = view
        st.session_state[NOTICES] = []

    def open_other(self, name: str) -> None:
        """Another atlas: its own first view, in the same language."""
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

    def weights(self) -> dict[str, float] | None:
        """The weights to rank by; ``None`` where they are the stored ones."""
        own = link.effective(self.known.indices[self.view.index].items())
        return None if link.effective(self.view.weights) == own else self.view.weighted()

    def ranks(self, *, within: bool = True) -> pd.DataFrame:
        """The ranked table of the view."""
        return _ranks(
            self.built, self.known.atlas, self.known.data_version, self.view.index,
            tuple((self.weights() or {}).items()), self.view.within if within else "",
        )  # fmt: skip

    def stored_scores(self) -> pd.Series:
        """Scores of the ranked units with the atlas's own weights."""
        scores = self.built.store.read("scores")
        mine = scores[(scores["index"] == self.view.index) & scores["rank"].notna()]
        found: pd.Series = mine["score"]
        return found

    def explained(self, code: str) -> dict[str, Any]:
        """One unit taken apart."""
        return _explained(
            self.built, self.known.atlas, self.known.data_version, code, self.view.index,
            tuple((self.weights() or {}).items()), self.view.lang,
        )  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=64)
def _ranks(
    _built: Built, atlas: str, version: str, index: str, weights: tuple[tuple[str, float], ...], within: str
) -> pd.DataFrame:
    from atlas.ranking import rank_table

    return rank_table(_built, index, weights=dict(weights) or None, within=within or None)


@st.cache_resource(show_spinner=False, max_entries=256)
def _explained(
    _built: Built, atlas: str, version: str, code: str, index: str, weights: tuple[tuple[str, float], ...], lang: str
) -> dict[str, Any]:
    from atlas.explaining import explain

    return explain(_built, code, index, weights=dict(weights) or None, lang=lang)
