"""*Ordenar*: the whole ranked table, with both intervals, what is missing at its worst and best, and the reading."""

from __future__ import annotations

import streamlit as st

from atlas.app import controls, own_panel, painting, parts
from atlas.app.dom import Node, h
from atlas.app.downloads import small_downloads
from atlas.app.session import Session
from atlas.app.table_full import full_table
from atlas.app.view import view

ORDER = 2
PATH = "ordenar"


def show(session: Session) -> None:
    """Draw the page."""
    controls.choose(session, show=False)
    with st.container(key="panels"):
        controls.weigh(session)
        own_panel.panel(session, weigh=True)
    offer_intervals(session)
    ranks, whole = session.ranks(), session.ranks(within=False)
    classes = painting.classes_of(session.view.index, session.stored_scores(), whole)
    selected = parts.focus(session, ranks)
    heads, cells = own_panel.columns_of(session)
    frame = parts.table_frame(session, classes, selected, own_heads=heads, own_cells=cells)
    tree: list[Node] = [
        h("h1", parts.heading(session), parts.badge(session)),
        h("p", parts.summary(session, ranks), class_="sentence"),
        *parts.intervals_note(session, ranks),
        parts.weights_line(session),
        *own_panel.summary(session),
        *full_table(frame, ranks, session.view.start, every=session.view.columns == "all"),
        reading_guide(session),
    ]
    view("order_full", [h("section", *tree, class_="order full")], act=parts.act(session))
    small_downloads(session)


def offer_intervals(session: Session) -> None:
    """Where the weights were changed, the intervals can be drawn for them; it takes seconds, so it is asked for."""
    t = session.t
    if session.weights() is None or session.wants_drawn():
        return
    draws = session.built.store.manifest["draws"]
    if st.button(t("app.order.draw", draws=t.number(draws)), key="draw"):
        session.change(drawn=True)
        st.rerun()


def reading_guide(session: Session) -> Node:
    """How a rank is read: in whole sentences, below the table."""
    t = session.t
    names = ("method", "data", "top10", "bounds", "coverage", "tie", "reading")
    return h(
        "details",
        h("summary", h("b", t("app.guide.title"))),
        h("dl", *(h("div", h("dt", t(f"app.guide.{name}")), h("dd", t(f"app.guide.{name}_long"))) for name in names),
          class_="guide"),
    )  # fmt: skip
