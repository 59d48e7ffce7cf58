"""The scenario of the session: it stands in the link, and so do the index and the weights that it is read by."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app.session import BY_BUILT, Session
from atlas.app.words import sort_key
from atlas.atlasfile import parse
from atlas.config import Model
from atlas.errors import AtlasError, ConfigError
from atlas.language import LANGUAGES
from atlas.scenarios.files import link_of, refuse_other_atlas, scenario_of_bytes, scenario_of_link
from atlas.scenarios.model import Scenario, empty_scenario

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from atlas.built import Built
    from atlas.commands.scenario_answers import Result
    from atlas.scenarios.applying import Ground

FAULT = "scenario_fault"
HISTORY = "scenario_history"
MOST_STEPS = 50
DRAFTS = ("scenario_spot", "scenario_corners")
"""What is being written or drawn and is no change yet; a step back brings it back too."""
AT_HAND = ("venue", "heritage", "everyday")
"""Roles of layers that somebody can open, move or close."""


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=BY_BUILT)
def ground(built: Built) -> Ground:
    """What stays under every scenario of an atlas."""
    from atlas.scenarios.applying import Ground

    return Ground(built)


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs=BY_BUILT)
def result(built: Built, text: str) -> Result:
    """A scenario applied, once for all sessions that look at it."""
    from atlas.commands.scenario_answers import result_of

    under = ground(built)
    found = result_of(built, scenario_of_link(text), under)
    # What many sessions keep is the changes and their effect, not a copy of every place.
    edited = replace(found.outcome.edited, places=found.outcome.edited.places.iloc[:0])
    return replace(found, outcome=replace(found.outcome, edited=edited, inputs=under.inputs))


def scenario(session: Session) -> Scenario:
    """The scenario as it stands in the view, read by the view's index and weights; an empty one where there is none."""
    made = scenario_of_link(session.view.scenario) if session.view.scenario else None
    made = made or empty_scenario(session.built, session.t("scenario.app.unnamed"))
    index = session.view.index
    if index not in {one.id for one in session.atlas.index}:
        index = session.known.preset_index
    weights = session.weights() if index == session.view.index else None
    return made.model_copy(update={"index": index, "weights": weights or {}})


def keep(session: Session, made: Scenario) -> None:
    """Another scenario from now on, if it can be applied; else its fault is shown, and the old one stands."""
    try:
        refuse_other_atlas(made, session.built)
        text = link_of(made)
        if made.changes:
            result(session.built, text)
    except AtlasError as wrong:
        refuse(wrong)
        return
    st.session_state.pop(FAULT, None)
    if text != session.view.scenario:
        remember(session)
    session.change(scenario=text)


def remember(session: Session) -> None:
    """Keep the scenario and what is being drawn as they are now, to come back to."""
    now = (session.view.scenario, {key: st.session_state.get(key) or "" for key in DRAFTS})
    st.session_state[HISTORY] = [*steps(), now][-MOST_STEPS:]


def steps() -> list[tuple[str, dict[str, str]]]:
    """What can be come back to, the last step at the end."""
    held = st.session_state.get(HISTORY)
    return list(held) if isinstance(held, list) else []


def undo(session: Session) -> None:
    """One step back."""
    if not steps():
        return
    *before, (text, drafts) = steps()
    st.session_state[HISTORY] = before
    st.session_state.pop(FAULT, None)
    for key, written in drafts.items():
        st.session_state[key] = written
    session.change(scenario=text)


def refuse(wrong: AtlasError) -> None:
    """Keep a fault to be shown, in both languages: an exception itself cannot be copied as the session's state is."""
    st.session_state[FAULT] = {lang: wrong.text(lang) for lang in LANGUAGES}


def fault(lang: str) -> str:
    """What did not fit in the last change; empty where all did."""
    held = st.session_state.get(FAULT)
    return str(held[lang]) if isinstance(held, dict) else ""


def add(session: Session, change: Mapping[str, Any], *, instead: int = 0) -> bool:
    """One more change, or another one ``instead`` of that number; whether it fitted."""
    made = scenario(session)
    kept = [one.model_dump(by_alias=True) if isinstance(one, Model) else one for one in made.changes]
    if 0 < instead <= len(kept):
        kept[instead - 1] = dict(change)
    else:
        kept.append(dict(change))
    try:
        keep(session, parse(Scenario, {**made.model_dump(by_alias=True), "changes": kept}, _no_path()))
    except AtlasError as wrong:
        refuse(wrong)
    return FAULT not in st.session_state


def _no_path() -> Path:
    from pathlib import Path

    return Path("—")


def drop(session: Session, number: int) -> None:
    """One change fewer; without any, the scenario is gone."""
    made = scenario(session)
    left = [one for place, one in enumerate(made.changes, 1) if place != number]
    if left:
        keep(session, made.with_changes(*left))
    else:
        forget(session)


def forget(session: Session) -> None:
    """As if there had been no scenario."""
    st.session_state.pop(FAULT, None)
    remember(session)
    session.change(scenario="")


def rename(session: Session, name: str) -> None:
    """Another name."""
    if name.strip():
        keep(session, scenario(session).model_copy(update={"name": name.strip()[:200]}))


def take(session: Session, told: str) -> None:
    """A file that the browser sent: ``name|base64``; its index and weights become the view's."""
    name, _, encoded = told.rpartition("|")
    try:
        made = scenario_of_bytes(base64.b64decode(encoded, validate=True), name)
        refuse_other_atlas(made, session.built, name)
    except AtlasError as wrong:
        refuse(wrong)
        return
    except (binascii.Error, ValueError):
        refuse(ConfigError("O ficheiro não chegou inteiro. Repita.", "The file did not arrive whole. Again, please."))
        return
    from atlas.app import link

    if made.index in session.known.indices and made.index != session.view.index:
        session.become(link.with_index(session.known, session.view, made.index))
    if made.weights:
        mine = tuple((pillar, float(made.weights.get(pillar, 0.0))) for pillar, _ in session.view.weights)
        session.change(weights=mine if link.effective(mine) else session.view.weights)
    keep(session, made)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=BY_BUILT)
def places(built: Built, lang: str) -> pd.DataFrame:
    """What can be moved, closed or reused: id, words, role, unit, and the words without accents to search in."""
    import pandas as pd

    held = built.store.read("places")
    roles = {layer.id: layer.layer.role for layer in built.atlas.layers}
    names = {id_: rule.name.in_("en" if lang == "en" else "pt") for id_, (_, rule) in built.atlas.classes.items()}
    table = pd.DataFrame({
        "place_id": held["place_id"],
        "role": held["layer"].map(roles),
        "neighbourhood": held["neighbourhood"],
        "parent": held["parent"],
        "name": held["name"].fillna(""),
        "kind": held["class_"].map(names),
        "unit": held["neighbourhood"].map(built.units["name"]).fillna(""),
        "lon": held["lon"],
        "lat": held["lat"],
    })  # fmt: skip
    table["words"] = [
        " · ".join(filter(None, (name or "—", kind, unit)))
        for name, kind, unit in zip(table["name"], table["kind"], table["unit"], strict=True)
    ]
    table["plain"] = table["words"].map(sort_key)
    return table.sort_values(["name", "place_id"], key=lambda column: column.map(sort_key)).reset_index(drop=True)
