"""The form that adds a change to the scenario: what happens, to which place or where; the map can say where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import ledger, ledger_corners
from atlas.app.dom import h
from atlas.app.ledger_corners import CORNERS, SPOT
from atlas.app.link import KINDS
from atlas.app.session import Session
from atlas.app.view import view
from atlas.app.words import sort_key
from atlas.errors import AtlasError, ConfigError
from atlas.scenarios.model import Add, Area, Move, Reuse
from atlas.scenarios.tracing import ring_of, spot_of

if TYPE_CHECKING:
    import pandas as pd

KIND, EDITED, NAME = "scenario_kind", "scenario_edited", "scenario_name"
MOST = 50
_CLEARED = (SPOT, CORNERS, NAME, "scenario_search")


def form(session: Session) -> None:
    """The form, its fault, and the button that adds what it says."""
    t = session.t
    number = edited(session)
    title = t("scenario.app.form_edit", number=number) if number else t("scenario.app.form")
    view("scenario_form_title", [h("h2", title)])
    st.session_state[KIND] = session.view.kind
    st.radio(t("scenario.app.kind"), KINDS, key=KIND, horizontal=True, on_change=_kind, args=(session,),
             format_func=lambda kind: t(f"scenario.app.kind_{kind}"))  # fmt: skip
    kind = session.view.kind
    place = ""
    if kind in {"move", "close", "reuse"}:
        place = _place(session, kind)
    if kind in {"add", "reuse"}:
        names = classes(session)
        st.selectbox(t("scenario.app.class"), list(names), format_func=lambda one: names[one], key="scenario_class")
    if kind in {"add", "reuse", "area"}:
        st.text_input(t("scenario.app.name"), key=NAME, max_chars=200)
    if kind in {"add", "move"}:
        st.text_input(t("scenario.app.spot", spot=ledger_corners.example(session)), key=SPOT, max_chars=80)
        view("scenario_spot_help", [h("p", t("scenario.app.spot_help"), class_="aside")])
    if kind == "area":
        ledger_corners.fields(session)
    with st.container(horizontal=True):
        st.button(t("scenario.app.keep" if number else "scenario.app.add"), key="scenario_add", type="primary",
                  on_click=_add, args=(session, kind, place))  # fmt: skip
        if number:
            st.button(t("scenario.app.leave"), key="scenario_leave", on_click=_clear)
    wrong = ledger.fault(t.lang)
    if wrong:
        view("scenario_fault", [h("p", wrong, class_="fault", role="alert")])


def _kind(session: Session) -> None:
    session.change(kind=st.session_state[KIND])


def edited(session: Session) -> int:
    """The number of the change that the form holds; 0 where it adds one."""
    number, text = st.session_state.get(EDITED) or (0, "")
    return int(number) if text == session.view.scenario else 0


def edit(session: Session, number: int) -> None:
    """Put a change back into the form, to be kept otherwise."""
    changes = ledger.scenario(session).changes
    if not 0 < number <= len(changes):
        return
    change, held = changes[number - 1], st.session_state
    _clear()
    held[EDITED] = (number, session.view.scenario)
    session.change(kind=change.do)
    if isinstance(change, Area):
        held[CORNERS] = "\n".join(ledger_corners.written(lon, lat) for lon, lat in change.ring)
    if isinstance(change, Add | Move):
        held[SPOT] = ledger_corners.written(change.lon, change.lat)
    if isinstance(change, Add | Reuse):
        held["scenario_class"] = change.class_
    if isinstance(change, Add | Reuse | Area):
        held[NAME] = change.name
    if not isinstance(change, Add | Area):
        words = ledger.places(session.built, session.view.lang).set_index("place_id")["words"]
        held["scenario_search"] = str(words.get(change.place, ""))
        held[_place_key(change.do)] = change.place


def _place_key(kind: str) -> str:
    return f"scenario_place_{kind == 'reuse'}"


def _clear() -> None:
    st.session_state.pop(EDITED, None)
    for key in _CLEARED:
        st.session_state[key] = ""
    for kind in KINDS:
        st.session_state.pop(_place_key(kind), None)


def classes(session: Session) -> dict[str, str]:
    """What a venue can be: the classes that count, those of venues first, each with its layer."""
    found = {}
    for role in ledger.AT_HAND:
        for id_, (layer, rule) in session.atlas.classes.items():
            if rule.counts and layer.layer.role == role:
                found[id_] = f"{rule.name.in_(session.view.lang)} — {layer.layer.name.in_(session.view.lang)}"
    return found


def _place(session: Session, kind: str) -> str:
    """Search among what can be moved, closed or reused; the id of what was chosen."""
    t = session.t
    st.text_input(
        t("scenario.app.search"), key="scenario_search", max_chars=100, placeholder=t("scenario.app.search_help")
    )
    searched, key = str(st.session_state.get("scenario_search") or ""), _place_key(kind)
    found = candidates(session, kind, searched)
    if found.empty:
        view(
            "scenario_none", [h("p", t(f"scenario.app.none_{'reuse' if kind == 'reuse' else 'place'}"), class_="aside")]
        )
        return ""
    words = dict(zip(found["place_id"], found["words"], strict=True))
    if st.session_state.get(key) not in words:  # who searched gets the first; else pressing again would take any
        st.session_state[key] = next(iter(words)) if searched else None
    chosen = st.selectbox(t("scenario.app.place"), list(words), index=None, format_func=lambda one: words[one],
                          placeholder=t("scenario.app.place_choose"), key=key)  # fmt: skip
    return str(chosen or "")


def candidates(session: Session, kind: str, text: str) -> pd.DataFrame:
    """At most fifty places whose words hold every word of ``text``, those of the selected unit first."""
    table = ledger.places(session.built, session.view.lang)
    chosen = table[table["role"].eq("stock") if kind == "reuse" else table["role"].isin(ledger.AT_HAND)]
    if session.view.within:
        chosen = chosen[chosen["parent"] == session.view.within]
    for word in sort_key(text).split():
        chosen = chosen[chosen["plain"].str.contains(word, regex=False)]
    here = chosen["neighbourhood"].eq(session.view.unit)
    ordered: pd.DataFrame = chosen.assign(here=~here).sort_values("here", kind="stable").head(MOST)
    return ordered


def _add(session: Session, kind: str, place: str) -> None:
    """What the button does: read the form, add the change, clear the form if it fitted."""
    held = st.session_state
    try:
        change = _change(session, kind, place, held)
    except AtlasError as wrong:
        ledger.refuse(wrong)
        return
    if ledger.add(session, change, instead=edited(session)):
        _clear()


def _change(session: Session, kind: str, place: str, held: Mapping[Any, Any]) -> dict[str, Any]:
    name = str(held.get(NAME) or "")
    if kind in {"move", "close", "reuse"} and not place:
        raise ConfigError("Procure e escolha um lugar.", "Search for a place and choose it.")
    if kind == "area":
        count = len(ledger.scenario(session).changes) + 1
        name = name or session.t("scenario.app.area_name", number=count)
        return {"do": kind, "name": name, "ring": ring_of(str(held.get(CORNERS) or ""))}
    change: dict[str, Any] = {"do": kind}
    if kind in {"add", "move"}:
        change["lon"], change["lat"] = spot_of(str(held.get(SPOT) or ""))
    if kind in {"add", "reuse"}:
        change |= {"class": str(held["scenario_class"]), "name": name}
    if place:
        change["place"] = place
    if kind in {"move", "close"}:
        known = ledger.places(session.built, session.view.lang).set_index("place_id")["name"]
        change["name"] = str(known[place])[:200]
    return change
