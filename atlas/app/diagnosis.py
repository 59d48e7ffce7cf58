"""The diagnosis of the indices as a part of *Método e fontes*: findings first, tables behind a fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from atlas.app.dom import Node, h, prose
from atlas.app.session import BY_BUILT
from atlas.app.view import packed
from atlas.language import Lang, Translator

if TYPE_CHECKING:
    from atlas.built import Built
    from atlas.config import Index
    from atlas.diagnosis_tables import Chapter, Table

SHOWN = 50


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=BY_BUILT)
def diagnosis(built: Built, lang: Lang) -> bytes:
    """Every index under examination, packed once; it takes a second."""
    from atlas.diagnosis_tables import chapters

    t = Translator(lang)
    lead = h("section", h("h2", t("diag.title")), h("p", t("diag.lead"), class_="sentence"), class_="card")
    return packed([lead, *(_chapter(one, t) for one in chapters(built, lang))])


def _chapter(one: Chapter, t: Translator) -> Node:
    tables = [node for table in one.tables for node in _table(table, t)]
    watched = h("ul", *(h("li", *prose(line)) for line in one.warnings), class_="findings") if one.warnings else None
    return h(
        "section",
        h("h3", one.title),
        h("p", t.n("diag.warnings", len(one.warnings)), class_="sentence"),
        watched,
        *(h("p", *prose(line), class_="aside") for line in one.lines),
        h(
            "details",
            h("summary", h("b", t("diag.open"))),
            *tables,
        ),
        class_="card",
    )


def _table(table: Table, t: Translator) -> list[Node]:
    """A table under its own heading; it scrolls inside itself on a narrow screen."""
    heads = [h("th", column.name, scope="col", class_=None if column.kind == "text" else "n")
             for column in table.columns]  # fmt: skip
    rows = [
        h("tr", h("th", row[0], scope="row"),
          *(h("td", cell, class_=None if column.kind == "text" else "n", data_head=f"{column.name}: ")
            for column, cell in zip(table.columns[1:], row[1:], strict=True)))
        for row in table.worded(t)[:SHOWN]
    ]  # fmt: skip
    left = len(table.rows) - SHOWN
    return [
        h("h4", table.title),
        h("p", *prose(table.note), class_="aside"),
        h("div", h("table", h("caption", table.title, class_="unseen"), h("thead", h("tr", *heads)), h("tbody", *rows),
                   class_="plain stacks"), class_="wide", role="region", tabindex="0", aria_label=table.title),
        h("p", t.n("app.answer.more", left), class_="aside") if left > 0 else None,
    ]  # fmt: skip


def judges(indices: tuple[Index, ...], t: Translator) -> list[Node]:
    """What several people gave to the pillars of an index: mean and spread; nothing where nobody was asked."""
    from atlas.judging import spread

    parts: list[Node] = []
    for index in indices:
        if not index.opinions:
            continue
        names = {pillar.id: pillar.name.in_(t.lang) for pillar in index.pillar}
        title, rows = index.name.in_(t.lang), spread(index)
        body = [
            h("tr", h("th", names.get(str(code), str(code)), scope="row"), h("td", t.percent(row["weight"], 1)),
              h("td", f"{t.percent(row['least'], 1)} – {t.percent(row['most'], 1)}"),
              h("td", t.number(100 * row["sd"], 1)))
            for code, row in rows.iterrows()
        ]  # fmt: skip
        heads = (t(f"diag.weights.{name}") for name in ("what", "mean", "span", "sd"))
        count, last = len(index.opinions), t.date(max(one.date for one in index.opinions))
        parts += [
            h("p", t("diag.judges_lead", index=title, count=count, date=last), class_="sentence"),
            h("div", h("table", h("caption", title, class_="unseen"),
                       h("thead", h("tr", *(h("th", name, scope="col") for name in heads))), h("tbody", *body),
                       class_="plain"), class_="wide", role="region", tabindex="0", aria_label=title),
        ]  # fmt: skip
    if not parts:
        return []
    return [h("h2", t("diag.judges")), h("p", t("diag.judges_long"), class_="sentence"), *parts]
