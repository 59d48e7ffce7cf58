"""*Entregar*: every file that the atlas can write, and nothing that it cannot."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import streamlit as st

from atlas.app import parts
from atlas.app.dom import h, prose
from atlas.app.downloads import download, file_name, map_download, package_download, sheet_download
from atlas.app.session import BY_BUILT, Session, wanted_atlas
from atlas.app.view import view
from atlas.exports import formats

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built

ORDER = 7
PATH = "entregar"
ACROSS = 3


def show(session: Session) -> None:
    """Draw the page."""
    t = session.t
    view("hand", [h("section", h("h1", t("app.page.entregar")), h("p", t("app.hand.lead"), class_="sentence"))])
    layers = layer_rows(session.built, t.lang)
    names = {
        "neighbourhoods": session.atlas.neighbourhoods.units.in_(t.lang).capitalize(),
        "places": t("app.hand.places"),
    }
    names |= {str(row["id"]): str(row["name"]) for row in layers if row["places"]}
    with st.container(key="selectors"):
        left, right = st.columns(2)
    with left:
        layer = _layer(session, names)
    with right:
        parts.area_select(session)
    view("hand_layer_about", [h("p", about(session, layer, layers), class_="aside")])
    with st.container(key="formats"):
        for place, form in enumerate(formats().values()):
            if not place % ACROSS:  # a row of its own, so that what belongs together stands level
                columns = st.columns(ACROSS, gap="medium")
            with columns[place % ACROSS]:
                download(session, layer, form, f"{form.label.in_(t.lang)} ({form.suffix})", key=f"hand{form.suffix}")
                limits = form.limits.in_(t.lang)
                if limits:
                    view(f"limits{form.suffix}", [h("p", limits, class_="aside")])
    view("hand_whole", [h("h2", t("app.hand.whole"))])
    with st.container(key="downloads", horizontal=True):
        package_download(session)
        map_download(session)
        if session.view.within:
            sheet_download(session, session.view.within)
    within = f" --within {quote(session.view.within)}" if session.view.within else ""
    named = quote(wanted_atlas())  # the id of an atlas of one's own is no name that the command line knows
    command = f"atlas export {layer} {named} -o {quote(file_name(session, layer, '.gpkg'))}{within}"
    empty = [
        h("li", h("b", str(row["name"])), h("small", *prose(str(row["load"] or ""))))
        for row in layers
        if not row["places"]
    ]
    missing = [h("h2", t("app.hand.missing")), h("ul", *empty, class_="places")] if empty else []
    view("hand_foot", [
        h("section", h("h2", t("app.hand.command")), h("p", t("app.hand.command_long")), h("p", h("code", command)),
          *missing, class_="card"),
    ])  # fmt: skip


def _layer(session: Session, names: dict[str, str]) -> str:
    """What is handed over: the link's choice, else the first."""
    t, options = session.t, [one for one in session.known.files if one in names]
    st.session_state["hand_layer"] = session.view.file or options[0]
    return st.selectbox(t("app.hand.layer"), options, format_func=lambda one: names[one], key="hand_layer",
                        on_change=lambda: session.change(file=st.session_state["hand_layer"]))  # fmt: skip


def about(session: Session, layer: str, layers: list[dict[str, str | int | None]]) -> str:
    """How much a layer holds, where, and under which licence."""
    t = session.t
    where = parts.area_name(session)
    row = next((one for one in layers if one["id"] == layer), None)
    if row is None:
        return t(f"app.hand.about_{layer}", where=where)
    return t.n("app.hand.about", int(row["places"] or 0), licence=str(row["licence"] or "—"), where=where)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=BY_BUILT)
def layer_rows(built: Built, lang: str) -> list[dict[str, str | int | None]]:
    """The layers with their counts and licences; an empty one says what to load."""
    from atlas.listing import layers_table

    table: pd.DataFrame = layers_table(built, "en" if lang == "en" else "pt")
    rows: list[dict[str, str | int | None]] = table.astype(object).where(table.notna(), None).to_dict("records")
    return rows
