"""The form that adds a change to the scenario: what happens, to which place or where; the map can say where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import ledger
from atlas.app.dom import h
from atlas.app.parts import sort_key
from atlas.app.session import Session
from atlas.app.view import view
from atlas.errors import AtlasError, ConfigError
from atlas.scenarios.tracing import ring_of, spot_of

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("add", "move", "close", "reuse", "area")
SPOT, CORNERS, KIND = "scenario_spot", "scenario_corners", "scenario_kind"
MOST = 50
_CLEARED = (SPOT, CORNERS, "scenario_name", "scenario_search")


def form(session: Session) -> None:
    """The form, its fault, and the button that adds what it says."""
    t = session.t
    st.radio(t("scenario.app.kind"), KINDS, key=KIND, horizontal=True,
             format_func=lambda kind: t(f"scenario.app.kind_{kind}"))  # fmt: skip
    kind = str(st.session_state[KIND])
    place = ""
    if kind in {"move", "close", "reuse"}:
        place = _place(session, kind)
    if kind in {"add", "reuse"}:
        names = classes(session)
        st.selectbox(t("scenario.app.class"), list(names), format_func=lambda one: names[one], key="scenario_class")
    if kind in {"add", "reuse", "area"}:
        st.text_input(t("scenario.app.name"), key="scenario_name", max_chars=200)
    if kind in {"add", "move"}:
        st.text_input(t("scenario.app.spot"), key=SPOT, max_chars=80,
                      help=t("scenario.app.spot_help"))  # fmt: skip
    if kind == "area":
        st.text_area(t("scenario.app.corners"), key=CORNERS, max_chars=200_000, height=120,
                     help=t("scenario.app.corners_help"))  # fmt: skip
    st.button(t("scenario.app.add"), key="scenario_add", type="primary", on_click=_add, args=(session, kind, place))
    wrong = ledger.fault(t.lang)
    if wrong:
        view("scenario_fault", [h("p", wrong, class_="fault", role="alert")])


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
    st.text_input(t("scenario.app.search"), key="scenario_search", max_chars=100, help=t("scenario.app.search_help"))
    found = candidates(session, kind, str(st.session_state.get("scenario_search") or ""))
    if found.empty:
        view(
            "scenario_none", [h("p", t(f"scenario.app.none_{'reuse' if kind == 'reuse' else 'place'}"), class_="aside")]
        )
        return ""
    words = dict(zip(found["place_id"], found["words"], strict=True))
    chosen = st.selectbox(t("scenario.app.place"), list(words), format_func=lambda one: words[one],
                          key=f"scenario_place_{kind == 'reuse'}")  # fmt: skip
    return str(chosen)


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
    if ledger.add(session, change):
        for key in _CLEARED:
            if key in held:
                held[key] = ""


def _change(session: Session, kind: str, place: str, held: Mapping[Any, Any]) -> dict[str, Any]:
    name = str(held.get("scenario_name") or "")
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


def heard_spot() -> Callable[[float, float], None] | None:
    """What a click on the map says to the form; nothing where the form asks for no spot."""
    kind = st.session_state.get(KIND, KINDS[0])

    def said(lon: float, lat: float) -> None:
        spot = f"{lon:.6f} {lat:.6f}"
        if kind == "area":
            st.session_state[CORNERS] = f"{st.session_state.get(CORNERS) or ''}\n{spot}".lstrip()
        else:
            st.session_state[SPOT] = spot

    return said if kind in {"add", "move", "area"} else None


def corners() -> list[tuple[float, float]]:
    """The corners that are written so far, or the spot; what cannot be read yet is left out."""
    held = st.session_state
    kind = held.get(KIND, KINDS[0])
    lines = (
        str(held.get(CORNERS if kind == "area" else SPOT) or "").splitlines() if kind in {"add", "move", "area"} else []
    )
    found = []
    for line in lines:
        try:
            found.append(spot_of(line))
        except AtlasError:
            continue
    return found
