"""What the reader can set: area, index, what the map shows, weights, layers. Widgets only; the view holds the state."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from atlas.app import charts, link, own, parts
from atlas.app.dom import Node, h, prose
from atlas.app.making import awaited
from atlas.app.session import Session
from atlas.app.view import view
from atlas.language import Translator

MOST_WEIGHT = 100


def choose(session: Session, *, area: bool = True, show: bool = True) -> None:
    """The row of selectors above a page."""
    folded(session, *([parts.area_name(session)] if area else []), parts.index_name(session), preset_name(session))
    widths = [3] * area + [3.2] * area + [3] + [2.6, 1.9] * show + [2.4]
    with st.container(key="selectors"):
        columns = iter(st.columns(widths, vertical_alignment="bottom"))
    if area:
        with next(columns):
            parts.area_select(session)
        with next(columns):
            find(session)
    with next(columns):
        index(session)
    if show:
        with next(columns):
            _show(session)
        with next(columns):
            _layers(session)
    with next(columns):
        _preset(session)
    draw(session)


def standing(session: Session) -> tuple[object, ...]:
    """What the header and the row of selectors say; while it stays, what lies below them can be drawn by itself."""
    held = own.own()
    return (
        replace(session.view, weights=(), unit="", start=0), preset_name(session), session.wants_drawn(),
        session.long_chances(), len(session.notices), held.stamp, held.choice, own.can_be_on_map(session),
    )  # fmt: skip


def folded(session: Session, *told: str) -> None:
    """The one line that stands for the selectors on a narrow screen, and opens them: ``told`` is what is chosen."""
    said = " · ".join(one for one in told if one)
    line = h("div", class_="choices", data_own="choices", data_label=session.t("app.control.choices"),
             data_told=said)  # fmt: skip
    view("choices", [line])


def draw(session: Session) -> None:
    """The intervals of the reader's own weights, where the view asks for them: drawn once, behind a bar.

    Then the chances of an area's units to stand above one another, where these take long.
    """
    draws = session.t.number(session.built.store.manifest["draws"])
    if session.wants_drawn():
        awaited(session, "draws", session.t("app.order.drawing", draws=draws), "draw",
                give_up=lambda: session.change(drawn=False), **session.drawing())  # fmt: skip
    else:
        st.empty()  # the place of the bar
    if session.long_chances():
        awaited(session, "above", session.t("app.order.chances", draws=draws), "above",
                give_up=lambda: session.change(within="", start=0), **session.chances())  # fmt: skip
    else:
        st.empty()


def find(session: Session, *, key: str = "finder", label: str = "", field: str = "unit") -> None:
    """Find a neighbourhood by a part of its name; it becomes the view's ``unit`` or its ``other``."""
    t = session.t
    unit = session.atlas.neighbourhoods.unit.in_(session.view.lang)

    def heard(_what: str, code: str) -> None:
        if field == "unit":
            parts.choose(session, code)
        elif code in session.known.units:
            session.change(other=code)

    box = h(
        "div", class_="finder", data_own="finder", data_file=parts.outlines_address(session),
        data_label=label or t("app.control.find", unit=unit), data_hint=t("app.control.find_hint"),
        data_none=t("app.control.find_none"), data_count=t("app.control.find_count"),
        data_count_one=t("app.control.find_count_one"),
    )  # fmt: skip
    view(key, [box], act=heard)


def index(session: Session) -> None:
    """The index that is ranked and painted."""
    names = session.index_names()
    st.session_state["index"] = session.view.index
    st.selectbox(
        session.t("app.control.index"),
        list(names),
        format_func=lambda index: names[index],
        key="index",
        on_change=lambda: session.become(link.with_index(session.known, session.now(), st.session_state["index"])),
    )


def _show(session: Session) -> None:
    if session.view.show == own.OWN and own.own().figures is None:
        session.change(show=link.SHOWS[0])  # the file is gone
    shows = [one for one in link.SHOWS if one != own.OWN or own.can_be_on_map(session)]
    st.session_state["show"] = session.view.show if session.view.show in shows else shows[0]
    st.selectbox(
        session.t("app.control.show"),
        shows,
        format_func=lambda show: session.t(f"app.show.{show}"),
        key="show",
        on_change=lambda: session.change(show=st.session_state["show"]),
    )


def _layers(session: Session) -> None:
    """The layers of places as boxes: one element of our own, since each widget costs every run its share."""
    looks = session.layer_looks()

    def heard(what: str, layer: str) -> None:
        chosen = set(session.view.layers) - {layer} | ({layer} if what == "layer" else set())
        session.change(layers=tuple(one for one in session.known.layers if one in chosen))

    boxes = [
        h("li", h("label", h("input", type="checkbox", value=layer, checked=layer in session.view.layers),
                  looks[layer][0]))
        for layer in session.known.layers
    ]  # fmt: skip
    with st.popover(session.t("app.control.layers_label"), width="stretch"):
        view("layers", [h("ul", *boxes, class_="boxes", data_do="layer")], act=heard)


def _presets(session: Session) -> dict[str, str]:
    """Id → name of the presets of the view's index."""
    if session.view.index != session.known.preset_index:
        return {}
    return {one.id: one.name.in_(session.view.lang) for one in session.atlas.preset}


def preset_name(session: Session) -> str:
    """What the weights are called: their preset, ``alterado``, or that they are the index's own."""
    changed = link.changed(session.known, session.view)
    nobody = session.t("app.control.changed" if changed else "app.control.own_weights")
    return _presets(session).get(link.preset_of(session.known, session.view) or "", nobody)


def _preset(session: Session) -> None:
    """The named weights; ``alterado`` where the weights are nobody's preset."""
    t, known = session.t, session.known
    preset = link.preset_of(known, session.view) or ""
    names = _presets(session)
    nobody = t("app.control.changed") if link.changed(known, session.view) else t("app.control.own_weights")
    options = list(names) if preset else ["", *names]
    st.session_state["preset"] = preset
    st.selectbox(
        t("app.control.preset"), options, format_func=lambda one: names.get(one, nobody), key="preset",
        on_change=_take_preset, args=(session,), disabled=len(options) < 2,
    )  # fmt: skip


def weigh(session: Session) -> None:
    """The sliders, behind an expander, with the share that each pillar has in effect.

    They are one element of our own: eight of the framework's cost a move an eighth of its time.
    """
    t, lang = session.t, session.view.lang
    weights = session.view.weights
    if len(weights) < 2:
        return
    pillars = {pillar.id: pillar for index in session.atlas.index for pillar in index.pillar}
    shares = link.effective(weights)

    def heard(_what: str, told: str) -> None:
        pillar, _, weight = told.rpartition(":")
        if pillar in pillars and weight.isdecimal():
            session.become(link.with_weight(session.now(), pillar, min(float(weight), MOST_WEIGHT)))

    sliders = [
        _slider(t, pillars[pillar].name.in_(lang), pillars[pillar].reason.in_(lang), pillar, weight, shares[pillar])
        for pillar, weight in weights
    ]
    with st.expander(t("app.control.weights"), key="weights"):
        view("sliders", [h("ul", *sliders, class_="sliders", data_do="weight"), *weights_words(session)], act=heard)


def _slider(t: Translator, name: str, reason: str, pillar: str, weight: float, share: float) -> Node:
    """One pillar's slider; its number is for the eye, since a slider says its own."""
    field, figure = f"weight-{pillar}", f"{weight:.0f}"
    return h(
        "li",
        h("label", t("app.control.weight", name=name, share=t.percent(share, 1)), for_=field),
        h("span", h("input", type="range", id=field, name=pillar, min=0, max=MOST_WEIGHT, step=1, value=figure),
          h("b", figure, aria_hidden="true")),
        h("details", h("summary", "?", aria_label=t("app.control.reason", name=name)), h("p", reason, class_="aside"))
        if reason else None,
    )  # fmt: skip


def weights_words(session: Session) -> list[Node]:
    """Which pillars take part and with what share; those without a source say what to load."""
    t, lang = session.t, session.view.lang
    index = next((one for one in session.atlas.index if one.id == session.view.index), None)
    missing = [one for one in (index.pillar if index else ()) if one.missing and not one.indicators]
    judged = h("p", t("app.control.judged", date=t.date(index.judged)), class_="aside") if index else None
    if not missing:
        return [judged]
    return [
        judged,
        h("p", t("app.control.without_data"), class_="aside"),
        h("ul", *(h("li", charts.hatch(), h("b", one.name.in_(lang)), h("small", *prose(one.missing.in_(lang))))
                  for one in missing if one.missing), class_="places"),
    ]  # fmt: skip


def _take_preset(session: Session) -> None:
    chosen = st.session_state["preset"]
    if chosen:
        session.change(weights=link.preset_weights(session.known, chosen), start=0)
