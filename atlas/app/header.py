"""The header: skip link, the atlas, the pages, the language; and what no longer fits in a link."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from atlas import __version__, palette
from atlas.app.dom import Node, h
from atlas.app.session import Session
from atlas.app.underlay import policy
from atlas.app.view import view
from atlas.classes import class_colours

GOING = "going"


def header(session: Session, pages: Sequence[tuple[str, str]], current: str, atlases: Sequence[str]) -> str | None:
    """Draw the header; returns the path of the page that the reader chose, once."""
    t = session.t

    def heard(what: str, value: str) -> None:
        if what == "page":
            st.session_state[GOING] = "" if value == "explorar" else value
        elif what == "lang" and value in {"pt", "en"}:
            session.change(lang=value)
        elif what == "atlas" and value in atlases:
            session.open_other(value)

    query = urlencode(session.query())
    links: list[Node] = [
        h("li", h("a", t(f"app.page.{name}"), href=f"{path or '.'}?{query}", data_to=path or name,
                  aria_current="page" if path == current else None))
        for path, name in pages
        if name != "acessibilidade"
    ]  # fmt: skip
    tree: list[Node] = [
        h("a", t("app.header.skip"), href="#conteudo", class_="skip"),
        h("header", h("p", t("app.header.title"), class_="brand"), _atlases(session, atlases),
          h("nav", h("ul", *links), aria_label=t("app.header.pages"), data_do="page"), _languages(session),
          class_="top"),
        *(_notices(session)),
        h("a", id="conteudo", tabindex="-1", class_="anchor"),
    ]  # fmt: skip
    name = next(name for path, name in pages if path == current)
    view("header", tree, act=heard, page=_page(session, name))
    going = st.session_state.pop(GOING, None)
    return going if going is not None and going != current else None


def footer(session: Session) -> None:
    """What every page ends with: the statement, the method, the licence, the data's version."""
    t, query = session.t, urlencode(session.query())
    links = [
        h("li", h("a", t(f"app.page.{name}"), href=f"{name}?{query}", data_to=name))
        for name in ("metodo", "acessibilidade")
    ]

    def heard(_what: str, name: str) -> None:
        st.session_state[GOING] = name

    facts = t("app.footer.facts", version=session.known.data_version, program=__version__)
    view("footer", [h("footer", h("ul", *links, data_do="page"), h("p", facts), class_="foot")], act=heard)


def _atlases(session: Session, atlases: Sequence[str]) -> Node:
    if len(atlases) < 2:
        return h("p", session.atlas.atlas.name.in_(session.view.lang), class_="atlas")
    options = [h("option", one.capitalize(), value=one) for one in atlases]
    return h("label", h("span", session.t("app.header.atlas"), class_="unseen"),
             h("select", *options, data_do="atlas", data_value=session.known.atlas), class_="atlas")  # fmt: skip


def _languages(session: Session) -> Node:
    names = {"pt": "Português", "en": "English"}
    return h(
        "div",
        *(h("button", h("abbr", lang.upper(), title=names[lang]), data_to=lang, lang=lang,
            aria_pressed="true" if lang == session.view.lang else "false") for lang in names),
        class_="langs", role="group", aria_label=session.t("app.header.language"), data_do="lang",
    )  # fmt: skip


def _notices(session: Session) -> list[Node]:
    lines = [h("li", session.t(notice.key, **notice.values)) for notice in session.notices]
    return [h("ul", *lines, class_="notices", role="status")] if lines else []


def _page(session: Session, name: str) -> dict[str, Any]:
    """What belongs to the document: language, title, the ramp of the index as style variables."""
    t = session.t
    ramp = class_colours(palette.ramp(session.view.index), 5)
    tints = {f"--c{place}": colour for place, colour in enumerate(ramp, 1)}
    inks = {f"--t{place}": palette.text_on(colour) for place, colour in enumerate(ramp, 1)}
    return {
        "lang": "pt-PT" if t.lang == "pt" else "en-GB",
        "title": t("app.header.page_title", page=t(f"app.page.{name}"), atlas=session.atlas.atlas.name.in_(t.lang)),
        "tints": {**tints, **inks, "--broken": json.dumps(t("app.broken"), ensure_ascii=False)},
        "policy": policy(),
        "names": {"Open": t("app.header.open"), "Help for ": t("app.header.help_for")},
    }
