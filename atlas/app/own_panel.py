"""The panel of the planner's own file: bring it, look at it, confirm what it is, see what it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from atlas.app import own
from atlas.app.dom import Node, h
from atlas.app.own import Choice, Own
from atlas.app.session import Session
from atlas.app.table import number
from atlas.app.view import view
from atlas.errors import AtlasError
from atlas.language import Translator
from atlas.uploads import SUFFIXES, Uploaded, figures, placing
from atlas.uploads.model import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

SHOWN_ROWS, SHOWN_COLUMNS, SHOWN_AWAY = 5, 8, 8
OTHER = "other"
MOST_WEIGHT = 50


def panel(session: Session, *, weigh: bool = False) -> None:
    """The panel, closed until somebody opens it; ``weigh`` lets the figure take part in the order."""
    t, held = session.t, own.own()
    with st.expander(t("own.title"), expanded=not held.empty, key="own_data"):
        view("own_file", _bring(t, held), act=lambda what, told: _heard(what, told))
        if held.uploaded is None:
            return
        view("own_preview", [h("section", *preview(t, held.uploaded, folded=held.choice is not None), class_="own")])
        _choose(session, held.uploaded)
        held = own.own()
        if held.choice is None:
            return
        if weigh and held.figures is not None:
            _weigh(session, held)
        view("own_told", [h("section", *told(session, held), class_="own", role="status")])
        if not weigh and own.can_be_on_map(session):
            _show(session)


def _show(session: Session) -> None:
    """The button that puts the figure on the map, or takes it off."""
    mine = own.on_map(session)
    st.button(session.t("own.hide" if mine else "own.show"), key="own_show",
              on_click=lambda: session.change(show="index" if mine else own.OWN))  # fmt: skip


def _bring(t: Translator, held: Own) -> list[Node]:
    """The field, until a file is there; then the way to be rid of it."""
    fault = h("p", held.fault.text(t.lang), class_="fault", role="alert") if held.fault else None
    field = h(
        "div", class_="bring", data_own="upload", data_accept=",".join(SUFFIXES), data_most=MOST_BYTES,
        data_label=t("own.bring"), data_wait=t("own.reading"), data_large=t("own.large", most=MOST_BYTES // 1_000_000),
        data_hint=t("own.hint", most=MOST_BYTES // 1_000_000),
    )  # fmt: skip
    away = None if held.empty else h("p", h("button", t("own.forget"), data_to="x"), data_do="forget")
    return [h("section", h("p", t("own.lead"), class_="sentence"), None if held.uploaded else field, fault, away)]


def _heard(what: str, told: str) -> None:
    if what == "forget":
        own.forget()
    elif what == "file":
        name, _, encoded = told.rpartition("|")
        own.take(name, encoded)


def preview(t: Translator, uploaded: Uploaded, *, folded: bool = False) -> list[Node]:
    """How much there is, what was put right, the first rows; these ``folded`` once the planner has confirmed."""
    table = uploaded.table
    columns = list(table.columns[:SHOWN_COLUMNS])
    head = h("tr", *(h("th", column, scope="col") for column in columns))
    body = [
        h("tr", *(h("td", cell_words(t, cell)) for cell in row))
        for row in table[columns].head(SHOWN_ROWS).itertuples(index=False)
    ]
    count = t("own.count", rows=len(table), columns=len(table.columns), name=uploaded.name)
    first = h("div", h("table", h("caption", t("own.first_rows"), class_="unseen"), h("thead", head),
                       h("tbody", *body), class_="plain"), class_="wide", role="region", tabindex="0",
              aria_label=t("own.first_rows"))  # fmt: skip
    return [
        h("p", h("b", count), " ", t("own.unchecked")),
        *(h("p", note[t.lang == "en"] + ".", class_="aside") for note in uploaded.notes),
        h("details", h("summary", t("own.first_rows")), first) if folded else first,
    ]


def cell_words(t: Translator, cell: object) -> str:
    """A cell as it is shown: short, figures as the language writes them."""
    if cell is None or cell is pd.NA or cell != cell:
        return "—"
    if isinstance(cell, float):
        return t.number(cell, 0 if cell.is_integer() else 3)
    text = str(cell)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _uses(uploaded: Uploaded) -> list[str]:
    """What a file can be used for, the likeliest first."""
    code, name, _ = figures.guessed_keys(uploaded.table)
    joined = ["code", "name"] if code or not name else ["name", "code"]
    joined = joined if len(uploaded.table.columns) else []
    if uploaded.shapes is not None:
        areas = bool((uploaded.shapes.geom_type.isin(["Polygon", "MultiPolygon", "GeometryCollection"])).any())
        return ["layer", "count", "rate", *(["share"] if areas else []), *joined]
    placed = ["layer", "count", "rate"]
    return placed + joined if placing.coordinate_columns(uploaded.table) and not code else joined + placed


def _choose(session: Session, uploaded: Uploaded) -> None:
    """The questions that the file leaves open, and the button that confirms the answers."""
    t = session.t
    unit = session.atlas.neighbourhoods.unit.in_(t.lang)
    first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
    if uploaded.layers:
        with first:
            st.selectbox(t("own.layer"), uploaded.layers, index=uploaded.layers.index(uploaded.layer),
                         key=f"own_layer_{uploaded.name}", on_change=_other_layer, args=(uploaded,))  # fmt: skip
        first, second, third = second, third, fourth
    with first:
        use = st.selectbox(t("own.use"), _uses(uploaded), format_func=lambda one: t(f"own.use_{one}", unit=unit),
                           key="own_use")  # fmt: skip
    if use in own.ON_MAP:
        choice = _where(session, uploaded, use, (second, third, fourth))
    else:
        choice = _which(session, uploaded, use, (second, third, fourth))
    if st.button(t("own.confirm"), key="own_confirm", type="primary") and choice is not None:
        own.use(session, choice)
        st.rerun()


def _other_layer(uploaded: Uploaded) -> None:
    own.take_layer(uploaded.name, own.own().content, str(st.session_state[f"own_layer_{uploaded.name}"]))


def _where(session: Session, uploaded: Uploaded, use: str, places: Sequence[DeltaGenerator]) -> Choice:
    t = session.t
    second, third, fourth = places
    likely = own.likely_crs(session, uploaded)
    names = {one: _crs_name(one) for one in likely} | {OTHER: t("own.crs_other")}
    with second:
        crs = st.selectbox(t("own.crs"), list(names), format_func=lambda one: names[one], key="own_crs")
    columns = [str(column) for column in uploaded.table.columns]
    lon = lat = ""
    if uploaded.shapes is None:
        guess = placing.coordinate_columns(uploaded.table) or (columns[0], columns[-1])
        with third:
            lon = st.selectbox(t("own.lon"), columns, index=columns.index(guess[0]), key="own_lon")
        with fourth:
            lat = st.selectbox(t("own.lat"), columns, index=columns.index(guess[1]), key="own_lat")
    if crs == OTHER:
        crs = st.text_input(t("own.crs_code"), key="own_crs_code", placeholder="EPSG:3763", max_chars=40)
    everywhere = use != "layer" and st.checkbox(t("own.everywhere"), key="own_everywhere")
    return Choice(use, crs=crs or "?", lon=lon, lat=lat, everywhere=everywhere)


def _which(session: Session, uploaded: Uploaded, use: str, places: Sequence[DeltaGenerator]) -> Choice:
    t = session.t
    columns = [str(column) for column in uploaded.table.columns]
    code, name, parent = figures.guessed_keys(uploaded.table)
    guess = (code if use == "code" else name) or columns[0]
    with places[0]:
        key = st.selectbox(t(f"own.key_{use}"), columns, index=columns.index(guess), key=f"own_key_{use}")
    chosen_parent = ""
    if use == "name":
        with places[1]:
            options = ["", *columns]
            chosen_parent = st.selectbox(
                t("own.parent", parent=session.atlas.neighbourhoods.parent_unit.in_(t.lang)), options,
                index=options.index(parent or ""), format_func=lambda one: one or t("own.none"), key="own_parent",
            )  # fmt: skip
    rest = [one for one in columns if one not in (key, chosen_parent)] or columns
    figures_first = sorted(rest, key=lambda one: one in (code, name, parent))
    with places[2] if use == "name" else places[1]:
        value = st.selectbox(t("own.value"), figures_first, key="own_value")
    return Choice(use, key=key, parent=chosen_parent, value=value)


def _crs_name(text: str) -> str:
    try:
        return placing.crs_name(text)
    except AtlasError:
        return text[:60]


def _weigh(session: Session, held: Own) -> None:
    t = session.t
    if session.level != "neighbourhood":
        return
    left, right, _ = st.columns([3, 3, 6], vertical_alignment="bottom")
    with left:
        st.session_state["own_weight"] = round(100 * held.weight)
        st.slider(t("own.weight"), 0, MOST_WEIGHT, key="own_weight", format="%d %%",
                  on_change=lambda: own.keep(weight=st.session_state["own_weight"] / 100))  # fmt: skip
    with right:
        st.session_state["own_direction"] = held.direction
        st.selectbox(t("own.direction"), ["more", "less"], format_func=lambda one: t(f"own.direction_{one}"),
                     key="own_direction",
                     on_change=lambda: own.keep(direction=st.session_state["own_direction"]))  # fmt: skip


def told(session: Session, held: Own) -> list[Node]:
    """What became of the file, in sentences: on the map, in the selected unit, and what did not fit."""
    t = session.t
    lines: list[Node] = []
    if held.placed is not None:
        placed = held.placed
        lines.append(h("p", t("own.placed", inside=int(placed.inside.sum()),
                              count=len(placed.uploaded.table))))  # fmt: skip
        away = placed.inside.index[~placed.inside]
        rows = ", ".join(placed.uploaded.row(int(label))[t.lang == "en"] for label in away[:SHOWN_AWAY])
        more = "…" if len(away) > SHOWN_AWAY else ""
        lines.append(h("p", t("own.away", rows=rows + more), class_="aside") if len(away) else None)
    if held.figures is not None:
        known = held.figures.by_unit.notna()
        whole = "own.figures_all" if known.all() else "own.figures"
        lines.append(h("p", t(whole, known=int(known.sum()), count=t.number(len(known)),
                              units=t.units(len(known), session.atlas.neighbourhoods))))  # fmt: skip
        if session.level != "neighbourhood":
            lines.append(h("p", t("own.municipal"), class_="aside"))
        lines += [h("p", note[t.lang == "en"] + ".", class_="aside") for note in held.figures.notes]
    lines += here(session, held)
    return [*lines, h("p", t("own.session"), class_="aside")]


def here(session: Session, held: Own) -> list[Node]:
    """What the file says of the selected neighbourhood: what the map shows, in words."""
    code = session.view.unit
    if code not in session.known.units:
        return []
    t, unit = session.t, session.built.units.loc[code]
    nodes: list[Node] = []
    if held.figures is not None:
        value = held.figures.by_unit.get(code)
        words = own.value_words(t, held, value)
        nodes.append(h("p", t("own.here_value", name=unit["name"], value=words)))
    if held.placed is not None:
        shapes = held.placed.shapes
        found = shapes.index[shapes.intersects(unit["geometry"])]
        names = parts_of(held, list(found))
        nodes.append(h("p", t("own.here_places", name=unit["name"], count=t.number(len(found)), names=names)))
    return nodes


def parts_of(held: Own, labels: list[int], most: int = 30) -> str:
    """The names of some features."""
    from atlas.uploads.mapping import names_of

    if held.placed is None or not labels:
        return "—"
    names = [str(one) for one in names_of(held.placed).reindex(labels[:most]).dropna() if one]
    return "; ".join(names) + ("…" if len(labels) > most else "") if names else "—"


def columns_of(session: Session) -> tuple[list[Node], dict[str, list[Node]]]:
    """Two further columns of the ranked table: the figure, and the rank with it. Heads, then cells by code."""
    table = own.weighed(session)
    held = own.own()
    if table is None or held.uploaded is None or held.figures is None:
        return [], {}
    t = session.t
    title = own.title(t, held, session.atlas.neighbourhoods.unit.in_(t.lang))
    heads: list[Node] = [
        h("th", title, h("small", t("own.unchecked_short")), scope="col", class_="n"),
        h("th", t("own.rank_with"), h("small", t("own.rank_with_weight", weight=t.percent(held.weight))), scope="col",
          class_="n"),
    ]  # fmt: skip
    cells: dict[str, list[Node]] = {
        str(code): [
            h("td", own.value_words(t, held, value), class_="n"),
            h("td", *_moved_words(t, rank, moved, beyond), class_="n"),
        ]
        for code, value, rank, moved, beyond in zip(
            table.index, table["value"], table["rank_with"], table["moved"], table["beyond"], strict=True
        )
    }
    return heads, cells


def _moved_words(t: Translator, rank: object, moved: object, beyond: object) -> list[Node]:
    place, step = number(rank), number(moved)
    if place is None or step is None:
        return ["—"]
    words = f"{'↑' if step > 0 else '↓'}\N{NO-BREAK SPACE}{t.number(abs(step))}" if step else "="
    return [t.number(place), h("small", words, " *" if beyond is True else None)]


def summary(session: Session) -> list[Node]:
    """What the figure changes, in sentences."""
    table = own.weighed(session)
    if table is None:
        return []
    t, units = session.t, session.built.units
    moved = table["moved"].fillna(0).ne(0)
    entering = table.index[(table["rank_with"] <= 10).fillna(False) & (table["rank_with"] + table["moved"] > 10)]
    names = ", ".join(str(units.loc[code, "name"]) for code in entering) or "—"
    words = t(
        "own.changes",
        weight=t.percent(own.own().weight),
        moved=int(moved.sum()),
        beyond=int(table["beyond"].eq(True).sum()),
        names=names,
    )
    return [h("p", words, class_="sentence")]
