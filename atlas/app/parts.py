"""What several pages show: the selection, the ranked table's panel, the map with its legend, the card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas import palette
from atlas.app import card, charts, link, own, own_map, painting, underlay
from atlas.app.dom import Node, h
from atlas.app.map_element import Painting, files_address, show_map
from atlas.app.map_files import OUTLINES, write_files
from atlas.app.painting import Classes
from atlas.app.session import BY_BUILT, VIEW, Session
from atlas.app.table import Frame, ranked_table, records, start_of
from atlas.app.view import packed, view
from atlas.app.words import sort_key

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from atlas.built import Built

MAP_HEIGHT = 540


def act(session: Session) -> Callable[[str, str], None]:
    """What pressing something in the table or the card does."""

    def heard(what: str, value: str) -> None:
        if what == "unit":
            choose(session, value)
        elif what == "start" and value.isdigit():
            session.change(start=int(value))
        elif what == "columns" and value in link.COLUMNS:
            session.change(columns=value)

    return heard


def choose(session: Session, code: str) -> None:
    """Select a unit that exists, and turn the table to its page; a filter that hides it is lifted."""
    if code not in session.known.units | session.known.parents:
        return
    within = session.view.within
    if within and code in session.known.units and session.built.units.loc[code, "parent"] != within:
        within = ""
    session.change(unit=code, within=within)
    ranks = session.ranks()
    session.change(start=start_of(ranks, focus(session, ranks), session.view.start))


def turn_to_selection(session: Session) -> None:
    """Who comes by a link that names a unit and no row finds the table at that unit.

    Who comes from another atlas finds the file of one's own as it was, and nothing made of it.
    """
    own.settle(session)
    if session.arriving and session.view.unit and not session.view.start:
        ranks = session.ranks()
        start = start_of(ranks, focus(session, ranks), 0)
        session.view = st.session_state[VIEW] = replace(session.view, start=start)


def focus(session: Session, ranks: pd.DataFrame) -> str:
    """The code that is selected at the index's own level.

    A parish stands for its municipality where municipalities are ranked, a municipality for its first parish where
    parishes are; without a selection, the first of the table stands as an example.
    """
    return at_level(session, session.view.unit, ranks)


def at_level(session: Session, code: str, ranks: pd.DataFrame) -> str:
    """``code`` at the index's own level, or the first unit of the table."""
    units = session.built.units
    if session.level == "municipality":
        if code in units.index:
            return str(units.loc[code, "parent"])
    elif code in session.known.parents:
        mine = ranks["code"].isin(units.index[units["parent"] == code])
        code = str(ranks.loc[mine, "code"].iloc[0]) if mine.any() else ""
    return code or (str(ranks["code"].iloc[0]) if len(ranks) else "")


def _parent_names(built: Built) -> dict[str, str]:
    """Code → name of the municipalities, in the order of their names."""
    parents = built.store.read("parents")
    return dict(sorted(zip(parents["code"], parents["name"], strict=True), key=lambda pair: sort_key(str(pair[1]))))


def area_select(session: Session) -> None:
    """The municipality that is looked at, or the whole region."""
    names = session.built.once(("parent_names",), lambda: _parent_names(session.built))
    st.session_state["area"] = session.view.within
    st.selectbox(
        session.atlas.neighbourhoods.parent_unit.in_(session.view.lang).capitalize(),
        ["", *names],
        format_func=lambda code: names.get(code) or session.t("app.control.whole"),
        key="area",
        on_change=lambda: session.change(within=st.session_state["area"] or "", start=0),
    )


def index_name(session: Session) -> str:
    """The index's or pillar's name."""
    return session.index_names()[session.view.index]


def unit_word(session: Session) -> str:
    """What a ranked unit is called."""
    words = session.atlas.neighbourhoods
    return (words.parent_unit if session.level == "municipality" else words.unit).in_(session.view.lang)


def table_frame(session: Session, classes: Classes, selected: str, **more: Any) -> Frame:
    """What the table needs beside its rows; ``more`` names further fields of the frame."""
    return Frame(
        t=session.t,
        index_name=index_name(session),
        unit=unit_word(session).capitalize(),
        classes=classes.of,
        ranked=int(session.ranks(within=False)["rank"].notna().sum()),
        selected=selected,
        filtered=bool(session.view.within) and session.level == "neighbourhood",
        **more,
    )


def order(session: Session, ranks: pd.DataFrame, classes: Classes, selected: str) -> list[Node]:
    """The sentence and the table, with the figure of one's own that the map shows."""
    heads, cells = own_map.column(session)
    frame = table_frame(session, classes, selected, own_heads=heads, own_cells=cells)
    return [
        h("section", h("h1", heading(session), badge(session)), h("p", summary(session, ranks), class_="sentence"),
          *intervals_note(session, ranks), weights_line(session),
          *ranked_table(frame, ranks, session.view.start), class_="order"),
    ]  # fmt: skip


def badge(session: Session) -> Node:
    """Tells that the weights are nobody's preset any more."""
    changed = link.changed(session.known, session.view)
    words = session.t("app.control.badge"), session.t("app.control.badge_long")
    return h("span", words[0], class_="badge", title=words[1]) if changed else None


def heading(session: Session) -> str:
    """What is ranked, and where."""
    where = area_name(session)
    return session.t("app.order.heading", index=index_name(session), where=where)


def area_name(session: Session) -> str:
    """The municipality of the filter, or the atlas."""
    if session.view.within:
        return str(session.built.parents.loc[session.view.within, "name"])
    return session.atlas.atlas.name.in_(session.view.lang)


def summary(session: Session, ranks: pd.DataFrame) -> str:
    """How many are ranked, how many are not, who comes first."""
    t = session.t
    ranked = int(ranks["rank"].notna().sum())
    if session.level == "neighbourhood":
        units = t.units(len(ranks), session.atlas.neighbourhoods)
    else:
        units = t.n("app.order.municipalities", len(ranks))
    if not ranked:
        return t("app.order.none", count=t.number(len(ranks)), units=units)
    first = ranks.iloc[0]  # who has no rank comes last
    return t(
        "app.order.summary", ranked=ranked, count=t.number(len(ranks)), units=units,
        name=first["name"], score=t.number(first["score"], 1),
    )  # fmt: skip


def weights_line(session: Session) -> Node:
    """The weights in words: on paper, where there are no sliders."""
    if len(session.view.weights) < 2:
        return None
    t = session.t
    names = {pillar.id: pillar.name.in_(t.lang) for index in session.atlas.index for pillar in index.pillar}
    shares = link.effective(session.view.weights)
    told = ", ".join(f"{names[pillar]} {t.percent(share, 1)}" for pillar, share in shares.items())
    return h("p", t("app.order.weights", weights=told), class_="aside printed")


def intervals_note(session: Session, ranks: pd.DataFrame) -> list[Node]:
    """Said where the weights were changed: intervals belong to the weights that they were drawn for."""
    if session.weights() is None or ranks["rank_low"].notna().any():
        return []
    return [h("p", session.t("app.order.no_intervals"), class_="aside")]


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=BY_BUILT)
def map_files(built: Built) -> tuple[Path, dict[str, str]]:
    """Outlines and points, written once."""
    return write_files(built)


def outline_order(built: Built) -> pd.DataFrame:
    """Code and parent of the outlines, in the order of the file that the browser holds."""
    table = built.store.read("neighbourhoods")
    return built.once(("outline_order",), lambda: table[["code", "parent"]].reset_index(drop=True))


def outlines_address(session: Session) -> str:
    """Where the browser fetches the outlines and the names."""
    folder, names = map_files(session.built)
    return files_address(folder) + names[OUTLINES]


def draw_map(
    session: Session,
    whole: pd.DataFrame,
    classes: Classes,
    selected: str,
    *,
    painted: Painting | None = None,
    marks: Mapping[str, Any] | None = None,
    spotted: Callable[[float, float, int | None], None] | None = None,
    near: str = "",
    key: str = "map",
) -> None:
    """The map, repainted for the view; or ``painted`` otherwise, with a scenario's ``marks`` on it.

    ``near`` is the code of a unit, or of a municipality, that the map goes near to once it is named.
    """
    t = session.t
    folder, names = map_files(session.built)
    outlines, tiles = outline_order(session.built), underlay.tiles_of(session.atlas)
    lon, lat = centre(session)
    told: dict[str, Any] = {
        "outlines": names["outlines"],
        "layers": [one for one in (_layer(session, layer, names) for layer in session.view.layers) if one]
        + own_layer(session),
        "selected": selected,
        "within": session.view.within,
        "theme": theme(),
        "tiles": tiles.model_dump() if tiles else None,
        "policy": underlay.policy(tiles),
        "centre": [lat, lon],
        "words": map_words(session),
    }
    told |= {"marks": marks} if marks else {}
    told |= {"near": near} if near else {}
    view("own_kept", [], page={"kept": own.kept()})
    if painted is None and own.on_map(session):
        painted = own_map.painting(session, outlines)
    painted = painted or painting.paint(
        shown(session), t, outlines, whole, classes, session.view.within, level=session.level
    )
    show_map(told, painted, folder=folder, key=f"{key}_{session.known.atlas}", height=MAP_HEIGHT,
             picked=lambda code: choose(session, code), spotted=spotted)  # fmt: skip


def shown(session: Session) -> str:
    """What the map shows of the atlas: a figure of one's own that is gone, or stands at another level, gives way."""
    return "index" if session.index_only or session.view.show == own.OWN else session.view.show


def _layer(session: Session, layer_id: str, names: Mapping[str, str]) -> dict[str, str] | None:
    if layer_id not in names:
        return None
    name, symbol = session.layer_looks()[layer_id]
    return {
        "id": layer_id,
        "name": name,
        "file": names[layer_id],
        "colour": palette.place_colour(layer_id),
        "symbol": symbol,
    }


def own_layer(session: Session) -> list[dict[str, str]]:
    """The planner's own file as a layer; the page hands its points to the map, which fetches nothing."""
    held = own.own()
    if held.drawn is None or held.uploaded is None:
        return []
    name = session.t("own.on_map", name=held.uploaded.name)
    return [{"id": own.LAYER, "name": name, "file": f"kept:{held.stamp}", "colour": own.COLOUR, "symbol": own.SYMBOL}]


def centre(session: Session) -> tuple[float, float]:
    """Longitude and latitude of the middle of the units, in degrees, to some 100 m."""
    return session.built.once(("centre",), lambda: _centre(session.built))


def _centre(built: Built) -> tuple[float, float]:
    import geopandas as gpd

    west, south, east, north = built.units.total_bounds
    middle = gpd.GeoSeries.from_xy([(west + east) / 2], [(south + north) / 2], crs=built.atlas.atlas.crs).to_crs(4326)
    return round(float(middle.x.iloc[0]), 3), round(float(middle.y.iloc[0]), 3)


def theme() -> str:
    """``light`` or ``dark``, as the browser says."""
    return str(getattr(st.context.theme, "type", None) or "light")


def map_words(session: Session) -> dict[str, str]:
    """Every word that the map itself says."""
    t = session.t
    words = {
        name: t(f"app.map.{name}")
        for name in ("zoom_in", "zoom_out", "whole", "north", "insufficient", "uncertain", "rank", "nameless", "fault")
    }
    municipal = session.level == "municipality"
    mine = own.on_map(session)
    index = own_map.title(session) if mine else index_name(session)
    words |= {"insufficient": t("own.no_value")} if mine else {}
    return words | {
        "lang": "pt-PT" if t.lang == "pt" else "en-GB",
        "title": t("app.map.title", index=index, where=area_name(session)),
        "index": index,
        "level": t("app.map.municipal") if municipal else "",
        "credit": credit(session),
    }


def credit(session: Session) -> str:
    """Whom the map must name: the outlines' publisher, and OpenStreetMap where its data are drawn."""
    t, neighbourhoods = session.t, session.atlas.neighbourhoods
    named = [session.atlas.source_of(neighbourhoods.source).publisher]
    shown = session.view.layers or session.known.layers
    if any("odbl" in source.licence.lower() and (not source.layers or set(source.layers) & set(shown))
           for source in session.atlas.source):  # fmt: skip
        named.append("© OpenStreetMap contributors (ODbL)")
    if tiles := underlay.tiles_of(session.atlas):
        named.append(tiles.credit)
    return t("app.map.credit", names=" · ".join(dict.fromkeys(named)))


def map_legend(session: Session, classes: Classes) -> list[Node]:
    """The legend below the map."""
    t, what = session.t, shown(session)
    mine = own.on_map(session)
    title = own_map.title(session) if mine else index_name(session) if what == "index" else t(f"app.show.{what}")
    looks = session.layer_looks()
    layers = [
        h("li", charts.symbol(looks[layer][1], palette.place_colour(layer)), looks[layer][0])
        for layer in session.view.layers
    ]
    layers += [h("li", charts.symbol(own.SYMBOL, own.COLOUR), one["name"]) for one in own_layer(session)]
    edges = own_map.legend_note(session) if mine else t(f"app.legend.{'edges' if what == 'index' else 'readings'}")
    if what == "index" and not mine and len(classes.colours) < 5:  # few units, or none, have few classes
        edges = ""
    municipal = t("app.map.municipal") + "." if session.level == "municipality" else ""
    lists = own_map.legend_keys(session) if mine else painting.legend_keys(what, t, classes)
    return painting.legend(t, title, lists, layers, (edges, municipal, stands_on(session)))


def stands_on(session: Session) -> str:
    """Sources, data version and date, always on screen."""
    sources = " · ".join(dict.fromkeys(source.publisher for source in session.atlas.source))
    return session.t("app.legend.sources", sources=sources, version=session.atlas.atlas.data_version)


def subject_of(session: Session, whole: pd.DataFrame, classes: Classes, selected: str) -> card.Subject | None:
    """What the card is about; nothing where the selection is not in the table."""
    codes = whole["code"].tolist()
    if selected not in codes:
        return None
    at = codes.index(selected)
    row = records(whole.iloc[at : at + 1])[0]
    ranked = whole["rank"].notna().to_numpy()
    return card.Subject(
        t=session.t,
        atlas=session.atlas,
        index_name=index_name(session),
        colours=classes.colours or palette.ramp(session.view.index),
        edges=classes.inner,
        row=row,
        explained=session.explained(selected),
        scores=whole["score"].to_numpy(dtype=float)[ranked].tolist(),
        ranked=int(ranked.sum()),
    )


def draw_card(session: Session, whole: pd.DataFrame, classes: Classes, selected: str) -> None:
    """The card of the selected unit."""
    subject = subject_of(session, whole, classes, selected)
    if subject is None:
        empty = h("h2", session.t("app.card.empty_title")), h("p", session.t("app.card.empty"))
        view("card", [h("section", *empty, class_="card")])
        return
    example = None if session.view.unit else h("p", session.t("app.card.example"), class_="aside")
    view(
        "card",
        [h("section", *card.head(subject), example,
           h("div", h("div", *card.contributions(subject)), h("div", *card.axes(subject)), class_="columns"),
           class_="card")],
        act=act(session),
    )  # fmt: skip
    view("evidence", evidence(session, subject))


def evidence(session: Session, subject: card.Subject, shown: int = card.SHOWN) -> bytes:
    """The places behind a unit's figures, packed once: no weight changes them."""
    return session.built.once(
        ("evidence", str(subject.row["code"]), session.view.index, session.view.lang, shown),
        lambda: packed([h("section", *card.evidence(subject, shown=shown), class_="card evidence")]),
    )
