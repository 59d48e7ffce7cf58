"""*Porquê*: one neighbourhood taken apart, from the sentence down to the single venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import card, charts, controls, painting, parts
from atlas.app.answer_tables import answer_nodes
from atlas.app.dom import Node, h
from atlas.app.downloads import sheet_download
from atlas.app.making import awaited
from atlas.app.session import BY_BUILT, Session
from atlas.app.table import number
from atlas.app.view import packed, view
from atlas.language import Lang, Translator

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built

ORDER = 3
PATH = "porque"
ALL = 100_000


def show(session: Session) -> None:
    """Draw the page."""
    controls.choose(session, show=False)
    ranks, whole = session.ranks(), session.ranks(within=False)
    classes = painting.classes_of(session.view.index, session.stored_scores(), whole)
    subject = parts.subject_of(session, whole, classes, parts.focus(session, ranks))
    if subject is None:
        view("why", [h("h1", session.t("app.page.porque")), h("p", session.t("app.card.empty"))])
        return
    lead, *rest = card.head(subject, level="h1")
    example = None if session.view.unit else h("p", session.t("app.card.example"), class_="aside")
    view("why", [
        h("section", lead, *rest, example, class_="why"),
        h("section", h("div", h("div", *indicators(subject)),
                       h("div", *card.axes(subject), *pillars(session, subject)), class_="columns"), class_="card"),
    ], act=parts.act(session))  # fmt: skip
    _venues(session, str(subject.row["code"]))
    with st.container(key="downloads"):
        sheet_download(session, str(subject.row["code"]))
    _municipal(session, subject)
    if str(subject.row["code"]) in session.known.units:
        if session.atlas.atlas.law == "pt":
            view("law", law(session.built, str(subject.row["code"]), session.view.lang))
        view("peers", peers(session.built, str(subject.row["code"]), session.view.lang))
    view("evidence_all", parts.evidence(session, subject, ALL))


def _venues(session: Session, code: str) -> None:
    """How many venues would be enough; all units are measured again, so it is asked for."""
    t = session.t
    index = next((one for one in session.atlas.index if one.id == session.view.index), None)
    counted = [code for pillar in index.pillar for code in pillar.indicators] if index else []
    if not any(session.atlas.indicator_of(code).layers for code in counted):
        return
    if not session.view.asked:
        if st.button(t("app.why.venues"), key="venues"):
            session.change(asked=True)
            st.rerun()
        return
    enough = awaited(session, "enough", t("app.why.venues_wait"), "venues", give_up=lambda: session.change(asked=False),
                     index=session.view.index, code=code, weights=session.weights(), lang=t.lang)  # fmt: skip
    told = enough or t("app.why.venues_none")
    view("venues", [h("section", h("h2", t("app.why.venues")), h("p", told, class_="sentence"), class_="card")])


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=BY_BUILT)
def peers(built: Built, code: str, lang: Lang) -> bytes:
    """Units elsewhere that are alike, and how far they are from it."""
    from atlas.commands.scorecard_answers import peers_answer

    t = Translator(lang)
    title = t("app.why.peers")
    nodes = answer_nodes(t, peers_answer(built, lang, code), title)
    return packed([h("section", h("h2", title), *nodes, class_="card")])


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=BY_BUILT)
def law(built: Built, code: str, lang: Lang) -> bytes:
    """What heritage and rehabilitation law may ask of the neighbourhood, as far as the loaded data tell."""
    import geopandas as gpd

    from atlas.legal.answering import legal_answer

    t = Translator(lang)
    outline = gpd.GeoSeries([built.units.loc[code, "geometry"]], crs=built.atlas.atlas.crs).to_crs(4326).iloc[0]
    nodes = answer_nodes(t, legal_answer(built, outline, lang), t("app.why.law"))
    return packed([
        h("section", h("h2", t("app.why.law")), h("p", t("app.why.law_long"), class_="sentence"),
          h("details", h("summary", h("b", t("app.why.law_open"))), *nodes), class_="card"),
    ])  # fmt: skip


def indicators(subject: card.Subject) -> list[Node]:
    """Every indicator: raw figure, figure on its scale, weight, contribution."""
    t = subject.t
    rows = [
        h(
            "tr",
            h("th", str(part["name"]), about(subject, str(part["code"])), scope="row"),
            h("td", card.value_words(subject, part)),
            h("td", t.number(number(part.get("normalised")), 1)),
            h("td", t.percent(number(part["weight"]), 1)),
            h("td", t.number(number(part["contribution"]), 2)),
        )
        for part in subject.explained["contributions"]
    ]
    heads = ("indicator", "figure", "scale", "weight", "points")
    score = number(subject.explained.get("score"))
    foot = h("tr", h("th", t("app.card.sum"), scope="row"), h("td"), h("td"), h("td", t.percent(1.0)),
             h("td", t.number(score, 2)))  # fmt: skip
    return [
        h("h2", t("app.card.why"), class_="small"),
        h(
            "table",
            h("caption", t("app.card.why_caption"), class_="unseen"),
            h("thead", h("tr", *(h("th", t(f"app.why.{name}"), scope="col") for name in heads))),
            h("tbody", *rows),
            h("tfoot", foot) if score is not None else None,
            class_="plain figures4",
        ),
    ]


def about(subject: card.Subject, code: str) -> Node:
    """What an indicator measures, in one sentence."""
    found = next((one for one in subject.atlas.indicator if one.code == code), None)
    return h("small", subject.name_of(found.about)) if found else None


def pillars(session: Session, subject: card.Subject) -> list[Node]:
    """The unit's place among all others, pillar by pillar."""
    index = next((one for one in session.atlas.index if one.id == session.view.index), None)
    if index is None or sum(bool(pillar.indicators) for pillar in index.pillar) < 2:
        return []
    table = pillar_scores(session.built, index.id)
    code, t = str(subject.row["code"]), session.t
    lines: list[Node] = [h("h2", t("app.why.pillars"), class_="small")]
    for pillar in index.pillar:
        if pillar.id in table and code in table.index:
            scores: Any = table[pillar.id].dropna()
            mine = number(table[pillar.id].get(code))
            higher = int((scores > mine).sum()) if mine is not None else None
            rank = t(
                "app.card.rank_of", rank=t.number(None if higher is None else higher + 1), count=t.number(len(scores))
            )
            lines += [
                h("p", h("b", pillar.name.in_(t.lang)), h("span", f"{t.number(mine, 1)} · {rank}"), class_="ends"),
                charts.strip(scores.tolist(), mine, subject.colours, subject.edges),
            ]
    return lines


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=BY_BUILT)
def pillar_scores(built: Built, index: str) -> pd.DataFrame:
    """Units × pillars."""
    from atlas.ranking import pillar_table

    return pillar_table(built, index)


def _municipal(session: Session, subject: card.Subject) -> None:
    """The decline of the unit's municipality, where decline stands there."""
    decline = session.atlas.opportunity.decline
    index = next((one for one in session.atlas.index if one.id == decline), None)
    code = str(subject.row["code"])
    if (
        index is None
        or index.level != "municipality"
        or session.view.index == decline
        or code not in session.known.units
    ):
        return
    told = session.explained(code, index=decline)
    t = session.t
    rows = [
        h("tr", h("th", str(part["name"]), scope="row"), h("td", card.value_words(subject, part)),
          h("td", t.number(number(part.get("normalised")), 1)), h("td", t.percent(number(part["weight"]), 1)),
          h("td", t.number(number(part["contribution"]), 2)))
        for part in told["contributions"]
    ]  # fmt: skip
    heads = ("indicator", "figure", "scale", "weight", "points")
    view("municipal", [h(
        "section",
        h("h2", t("app.why.municipal", index=index.name.in_(t.lang), name=str(told["name"]))),
        h("p", str(told["sentence"]), class_="sentence"),
        h("p", t("app.card.municipal_decline"), class_="aside"),
        h("table", h("caption", t("app.card.why_caption"), class_="unseen"),
          h("thead", h("tr", *(h("th", t(f"app.why.{name}"), scope="col") for name in heads))),
          h("tbody", *rows), class_="plain figures4"),
        class_="card",
    )])  # fmt: skip
