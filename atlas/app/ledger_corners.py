"""Where the form of *Cenários* points: a spot, or the corners of an area, by fields, by text, and by the map."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from atlas.app import ledger, parts
from atlas.app.dom import h
from atlas.app.session import Session
from atlas.app.view import view
from atlas.errors import AtlasError
from atlas.scenarios.tracing import ring_of, spot_of

SPOT, CORNERS = ledger.DRAFTS
NEW = "scenario_corner_new"
MOST_FIELDS = 40
"""An outline of more corners was pasted, and is drawn and mended elsewhere."""

Heard = Callable[[float, float, "int | None"], None]


def written(lon: float, lat: float) -> str:
    """A spot as the fields hold it.

    >>> written(-8.6, 41.1499999)
    '-8.600000 41.150000'
    """
    return f"{lon:.6f} {lat:.6f}"


def example(session: Session) -> str:
    """A spot inside the atlas, to show how one is written."""
    lon, lat = parts.centre(session)
    return f"{lon:.3f} {lat:.3f}"


def lines() -> list[str]:
    """The corners as they are written, one each; those of a polygon that was pasted as GeoJSON too."""
    text = str(st.session_state.get(CORNERS) or "")
    if text.lstrip().startswith("{"):
        try:
            return [written(lon, lat) for lon, lat in ring_of(text)]
        except AtlasError:
            return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def _keep(corners: list[str]) -> None:
    st.session_state[CORNERS] = "\n".join(corners)


def fields(session: Session) -> None:
    """A field a corner, each with a way to take it out, one for a further corner, and the text of them all."""
    t, held = session.t, lines()
    view("scenario_corners_lead", [h("p", t("scenario.app.corners_lead", spot=example(session)), class_="aside")])
    shown = held if len(held) <= MOST_FIELDS else []
    with st.container(key="scenario_corner_list"):
        for number, line in enumerate(shown, 1):
            field, away = st.columns([5, 2], vertical_alignment="bottom")
            key = f"scenario_corner_{number}"
            st.session_state[key] = line
            field.text_input(t("scenario.app.corner", number=number), key=key, max_chars=80, on_change=_write,
                             args=(session, number))  # fmt: skip
            away.button(t("scenario.app.corner_drop", number=number), key=f"{key}_drop", on_click=_drop,
                        args=(session, number))  # fmt: skip
        if len(held) <= MOST_FIELDS:
            st.session_state[NEW] = ""
            st.text_input(t("scenario.app.corner", number=len(held) + 1), key=NEW, max_chars=80, on_change=_append,
                          args=(session,))  # fmt: skip
    with st.expander(t("scenario.app.corners_text"), key="scenario_corners_text"):
        st.text_area(t("scenario.app.corners"), key=CORNERS, max_chars=200_000, height=120)


def _write(session: Session, number: int) -> None:
    """Another place for one corner; an empty field takes it out."""
    ledger.remember(session)
    held = lines()
    held[number - 1] = str(st.session_state[f"scenario_corner_{number}"]).strip()
    _keep([line for line in held if line])


def _drop(session: Session, number: int) -> None:
    ledger.remember(session)
    held = lines()
    _keep(held[: number - 1] + held[number:])


def _append(session: Session) -> None:
    said = str(st.session_state[NEW]).strip()
    if said:
        ledger.remember(session)
        _keep([*lines(), said])


def heard_spot(session: Session) -> Heard | None:
    """What the map says to the form: a click sets a spot, a dragged corner moves; nothing where none is asked."""
    kind = session.view.kind

    def said(lon: float, lat: float, corner: int | None) -> None:
        ledger.remember(session)
        if kind != "area":
            st.session_state[SPOT] = written(lon, lat)
            return
        held = lines()
        if corner is None:
            held.append(written(lon, lat))
        elif corner < len(held):
            held[corner] = written(lon, lat)
        _keep(held)

    return said if kind in {"add", "move", "area"} else None


def corners(session: Session) -> list[tuple[float, float, int]]:
    """Longitude, latitude and place in the list of what is written so far; what cannot be read yet is left out."""
    kind = session.view.kind
    held = lines() if kind == "area" else [str(st.session_state.get(SPOT) or "")] if kind in {"add", "move"} else []
    found = []
    for place, line in enumerate(held):
        try:
            found.append((*spot_of(line), place))
        except AtlasError:
            continue
    return found
