"""*Estratégia*: where venues gather, which can work together, which link is missing, where to look first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from atlas.app import parts
from atlas.app.answer_tables import answer_nodes
from atlas.app.bar import with_bar
from atlas.app.dom import contents, h, prose
from atlas.app.session import BY_BUILT, Session
from atlas.app.view import packed, view
from atlas.app.working import place_of
from atlas.language import Lang, Translator

if TYPE_CHECKING:
    from atlas.answers import Answer
    from atlas.built import Built

ORDER = 6
PATH = "estrategia"
QUESTIONS = (
    "scorecard",
    "opportunities",
    "agglomerations",
    "hotspots",
    "network",
    "links",
    "matrix",
    "reusable",
    "best",
)


def show(session: Session) -> None:
    """Draw the page."""
    t = session.t
    view("strategy", [
        h("section", h("h1", t("app.page.estrategia")), h("p", t("app.strategy.lead"), class_="sentence")),
    ])  # fmt: skip
    with st.container(key="selectors"):
        left, _ = st.columns([1, 2])
    with left:
        parts.area_select(session)
    links = [(question, t(f"app.strategy.{question}")) for question in QUESTIONS]
    view("strategy_parts", [contents(t("app.page.parts"), links)])
    place = st.container()
    for question in QUESTIONS:
        view(question, answered(session.built, question, session.view.lang, session.view.within))
    with place:  # at the end: what is there can be read while chance is drawn
        _chance(session)


def _chance(session: Session) -> None:
    """What chance would give, drawn where the reader asks for it: once a build, since it takes minutes."""
    from atlas.commands.strategy_answers import null_can_be_drawn, null_missing
    from atlas.strategy.null_atlas import DRAWS

    built, t = session.built, session.t
    if _chance_is_there(built):
        return
    if not null_can_be_drawn(built):
        view("chance", [h("p", *prose(null_missing(built, t)), class_="aside")])
        return
    view("chance", [h("p", t("app.strategy.chance", draws=DRAWS), class_="sentence")])
    with st.container(key="long_null"):
        asked = st.empty()
        if not asked.button(t("app.strategy.chance_draw", draws=DRAWS), key="draw_null"):
            return
        asked.empty()
        with_bar(t, "null", t("app.strategy.chance_what"), "null", place_of(built))
    st.rerun()


def _chance_is_there(built: Built) -> bool:
    return "null_atlas" in built.store.tables()


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=BY_BUILT)
def answered(built: Built, question: str, lang: Lang, within: str) -> bytes:
    """One question's answer, packed once."""
    t = Translator(lang)
    title = t(f"app.strategy.{question}")
    answer = _ask(built, question, lang, within or None)
    if not _chance_is_there(built):  # the page says it once
        answer = replace(answer, chance="")
    nodes = answer_nodes(t, answer, title)
    lead = h("p", t(f"app.strategy.{question}_long"), class_="sentence")
    return packed([h("section", h("h2", title, id=question), lead, *nodes, class_="card")])


def _ask(built: Built, question: str, lang: Lang, within: str | None) -> Answer:
    from atlas.commands import scorecard_answers
    from atlas.commands import strategy_answers as answers

    if question == "hotspots":
        return answers.hotspots_answer(built, lang, within, "area")
    if question in {"reusable", "best"}:
        return scorecard_answers.reusable_answer(built, lang, within, "all" if question == "best" else None)
    ask = {
        "scorecard": scorecard_answers.scorecard_answer,
        "opportunities": answers.opportunities_answer,
        "agglomerations": answers.agglomerations_answer,
        "network": answers.network_answer,
        "links": answers.links_answer,
        "matrix": answers.links_matrix,
    }[question]
    return ask(built, lang, within)
