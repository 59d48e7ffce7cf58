"""*Explorar*: the ranked table, the map and the card of one neighbourhood, sharing one selection."""

from __future__ import annotations

import streamlit as st

from atlas.app import controls, own_panel, painting, parts
from atlas.app.dom import h
from atlas.app.downloads import small_downloads
from atlas.app.fault import say
from atlas.app.session import Session, wanted_atlas
from atlas.app.view import view
from atlas.errors import AtlasError

ORDER = 1
PATH = ""


def show(session: Session) -> None:
    """Draw the page."""
    controls.choose(session)
    _moving(controls.standing(session))
    small_downloads(session)


@st.fragment
def _moving(standing: tuple[object, ...]) -> None:
    """What a moved weight changes, drawn by itself as long as nothing else of the page has to follow."""
    try:
        session = Session(wanted_atlas())
        if controls.standing(session) != standing:
            st.rerun()
        _draw(session)
        session.keep_link()
    except AtlasError as fault:
        say(fault)


def _draw(session: Session) -> None:
    with st.container(key="panels"):
        controls.weigh(session)
        own_panel.panel(session)
    ranks, whole = session.ranks(), session.ranks(within=False)
    classes = painting.classes_of(session.view.index, session.stored_scores(), whole)
    selected = parts.focus(session, ranks)
    with st.container(key="explore"):
        table_side, map_side = st.columns([10, 11], gap="medium")
    with table_side:
        view("order", parts.order(session, ranks, classes, selected), act=parts.act(session))
    with map_side:
        parts.draw_map(session, whole, classes, selected)
        view("legend", [h("section", *parts.map_legend(session, classes), class_="legend")])
    parts.draw_card(session, whole, classes, selected)
