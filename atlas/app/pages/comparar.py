"""*Comparar*: two neighbourhoods side by side, figure by figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import card, charts, controls, painting, parts
from atlas.app.dom import Node, h
from atlas.app.making import awaited
from atlas.app.session import Session, fingerprint
from atlas.app.table import bounds_words, number, pair
from atlas.app.view import view
from atlas.app.words import capital
from atlas.app.working import name_of

if TYPE_CHECKING:
    from atlas.ties import Chance

ORDER = 4
PATH = "comparar"
STOPPED = "chance_stopped"


def show(session: Session) -> None:
    """Draw the page."""
    t = session.t
    whole = session.ranks(within=False)
    controls.folded(session, parts.index_name(session))
    with st.container(key="selectors"):
        left, right, third = st.columns(3, vertical_alignment="bottom")
    with left:
        controls.find(session, key="first", label=t("app.compare.first"))
    with right:
        controls.find(session, key="second", label=t("app.compare.second"), field="other")
    with third:
        controls.index(session)
    classes = painting.classes_of(session.view.index, session.stored_scores(), whole)
    first = parts.focus(session, whole)
    second = _second(session, whole, first)
    pair_of = [parts.subject_of(session, whole, classes, code) for code in (first, second)]
    if pair_of[0] is None or pair_of[1] is None:
        view("compare", [h("h1", t("app.page.comparar")), h("p", t("app.compare.empty"), class_="sentence")])
        return
    place = st.empty()
    with place.container():
        tree = both(pair_of[0], pair_of[1], partial(chance_above, session))
    place.empty()
    view("compare", [h("section", *tree)], act=parts.act(session))


def chance_above(session: Session, one: str, other: str) -> Chance | None:
    """The chance that one unit stands above another: where it takes long, behind a bar; none where that is stopped."""
    if not session.long_draws():
        return session.chance_above(one, other)
    asked = {"index": session.view.index, "one": one, "other": other, "weights": session.weights()}
    known = name_of("chance", fingerprint(session.built), asked)
    if st.session_state.get(STOPPED) == known:
        return None
    draws = session.t.number(session.built.store.manifest["draws"])
    found: Chance | None = awaited(
        session, "chance", session.t("app.order.chances", draws=draws), "chance",
        give_up=lambda: st.session_state.update({STOPPED: known}), **asked,
    )  # fmt: skip
    return found


def _second(session: Session, whole: Any, first: str) -> str:
    """The second unit of the link; else the next one in the order."""
    if session.view.other and session.view.other != first:
        return parts.at_level(session, session.view.other, whole)
    codes = [str(code) for code in whole["code"]]
    place = codes.index(first) + 1 if first in codes else 0
    return codes[place] if place < len(codes) else codes[0]


def both(one: card.Subject, other: card.Subject, chance: Callable[[str, str], Chance | None]) -> list[Node]:
    """Heading, sentence, and the table of everything that is known of both."""
    t = one.t
    names = [str(subject.row["name"]) for subject in (one, other)]
    head = h("thead", h("tr", h("td"), *(h("th", name, _parent(subject), scope="col") for name, subject in
                                         zip(names, (one, other), strict=True))))  # fmt: skip
    rows = [*_ranks(one, other), *_parts(one, other)]
    return [
        h("h1", t("app.compare.title", one=names[0], other=names[1])),
        h("p", verdict(one, other, chance), class_="sentence"),
        h("table", h("caption", t("app.compare.caption", index=one.index_name), class_="unseen"), head,
          h("tbody", *rows), class_="plain versus"),
    ]  # fmt: skip


def _parent(subject: card.Subject) -> Node:
    parent = subject.row.get("parent_name")
    return h("small", parent) if isinstance(parent, str) else None


def verdict(one: card.Subject, other: card.Subject, chance: Callable[[str, str], Chance | None]) -> str:
    """Who stands higher, with what chance, and whether it is a technical tie."""
    t = one.t
    ranks = [number(subject.row["rank"]) for subject in (one, other)]
    if ranks[0] is None or ranks[1] is None:
        return t("app.compare.unranked")
    higher, lower = (one, other) if ranks[0] <= ranks[1] else (other, one)
    names = {"higher": higher.row["name"], "lower": lower.row["name"], "index": one.index_name}
    found = chance(str(higher.row["code"]), str(lower.row["code"]))
    if found is None:
        return t("app.compare.higher", **names)
    shares = {"share": found.together, "method": found.method, "data": found.data, "error": found.error}
    told = {name: t.percent(share, 1) for name, share in shares.items()}
    return t("app.compare.tie" if found.tie else "app.compare.above", **names, **told)


def _ranks(one: card.Subject, other: card.Subject) -> list[Node]:
    t = one.t

    def line(key: str, words: Any) -> Node:
        cells = (h("td", words(subject)) for subject in (one, other))
        return h("tr", h("th", capital(t(key)), scope="row"), *cells)

    return [
        line(
            "app.card.rank",
            lambda s: t("app.card.rank_of", rank=t.number(number(s.row["rank"])), count=t.number(s.ranked)),
        ),
        line("app.card.method", lambda s: t.span(*pair(s.row, "rank_low", "rank_high"))),
        line("app.card.data", lambda s: t.span(*pair(s.row, "rank_data_low", "rank_data_high"))),
        line("app.compare.score", lambda s: t.number(number(s.row["score"]), 1)),
        line("app.card.bounds", lambda s: bounds_words(t, s.row)),
        line("app.card.coverage", lambda s: t.percent(number(s.row.get("coverage")))),
        line("app.table.reading", lambda s: _reading(t, s.row)),
        line("app.compare.residents", lambda s: t.number(number(s.row.get("residents")))),
        line("app.compare.area", lambda s: t.number(number(s.row.get("area_km2")), 1)),
    ]


def _reading(t: Any, row: Mapping[str, Any]) -> str:
    reading = row.get("opportunity")
    return t(f"app.reading.{reading}") if isinstance(reading, str) else "—"


def _parts(one: card.Subject, other: card.Subject) -> list[Node]:
    """Indicator by indicator: raw figure, and the points that it gives as a bar on one common scale."""
    t = one.t
    theirs = {str(part["code"]): part for part in other.explained["contributions"]}
    mine = list(one.explained["contributions"])
    every = [*mine, *theirs.values()]
    top = max((number(part["contribution"]) or 0.0 for part in every), default=1.0) or 1.0

    def cell(subject: card.Subject, part: Mapping[str, Any] | None) -> Node:
        if part is None:
            return h("td", "—")
        points = number(part["contribution"])
        if points is None:
            return h("td", card.value_words(subject, part))
        return h("td", card.value_words(subject, part), charts.bar(points, subject.tint, beyond=top),
                 h("small", t("app.compare.points", points=t.number(points, 1))))  # fmt: skip

    return [
        h("tr", h("th", str(part["name"]), scope="row"), cell(one, part), cell(other, theirs.get(str(part["code"]))))
        for part in mine
    ]
