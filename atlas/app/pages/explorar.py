"""*Explorar*: the ranked table, the map and the card of one neighbourhood, sharing one selection."""

from __future__ import annotations

import streamlit as st

from atlas.app import controls, own_panel, painting, parts
from atlas.app.dom import h
from atlas.app.downloads import small_downloads
from atlas.app.session import Session
from atlas.app.view import view

ORDER = 1
PATH = ""


def show(session: Session) -> None:
    """Draw the page."""
    controls.choose(session)
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
    small_downloads(session)
