"""*Método e fontes*: how the figures are made, from what, under which licences, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app import charts, link
from atlas.app.diagnosis import diagnosis, judges
from atlas.app.dom import Node, contents, h, prose
from atlas.app.formulas import decisions, formulas
from atlas.app.session import BY_BUILT, Session
from atlas.app.view import view
from atlas.app.words import capital, joined, named, said
from atlas.language import Lang

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built
    from atlas.config import Index, Indicator

ORDER = 8
PATH = "metodo"
PARTS = ("formulas", "indicators", "flags", "sources", "decisions", "build")
INDICATOR = ("indicator", "unit", "direction", "goalposts", "level", "present", "source")
SOURCE = ("source", "publisher", "licence", "date", "records")
"""Columns of two tables, by their keys."""
FLAGS = ("completeness_unknown", "estimated_residents", "municipal_value", "edge", "small_base", "cut_dependent",
         "uncertain_class")  # fmt: skip


def show(session: Session) -> None:
    """Draw the page."""
    t, given = session.t, flags(session.built.store.read("scores"))
    parts = [part for part in PARTS if given or part != "flags"]
    view("method", [
        h("section", h("h1", t("app.page.metodo")), h("p", t("app.method.lead"), class_="sentence"),
          contents(t("app.page.parts"), [
              ("method_indices", t("app.method.indices")), *((part, t(f"app.method.{part}")) for part in parts),
              ("method_diagnosis", t("diag.title"))]),
          h("a", id="method_indices", class_="anchor"),
          *(_index(session, index) for index in session.atlas.index), class_="method"),
    ])  # fmt: skip
    view("method_formulas", [h("section", *formulas(session), class_="card")])
    view("method_indicators", [h("section", *indicators(session), class_="card")])
    told = judges(session.atlas.index, t)
    if told:
        view("method_judges", [h("section", *told, class_="card")])
    if given:
        marks = (h("div", h("dt", said(t, f"app.flag.{one}")), h("dd", t(f"app.flaglong.{one}"))) for one in given)
        view("method_flags", [
            h("section", h("h2", t("app.method.flags"), id="flags"), h("dl", *marks, class_="guide"), class_="card"),
        ])  # fmt: skip
    view("method_sources", [h("section", *sources(session), class_="card")])
    view("method_decisions", [h("section", *decisions(session), class_="card")])
    view("method_build", [h("section", *build(session), class_="card")])
    with st.spinner(t("diag.computing")):
        told_of = diagnosis(session.built, session.view.lang)
    view("diagnosis_here", [h("a", id="method_diagnosis", class_="anchor")])
    view("method_diagnosis", told_of)


def flags(scores: pd.DataFrame) -> list[str]:
    """The marks that some unit of the atlas has."""
    given = set("|".join(scores["flags"].dropna().unique()).split("|"))
    return [flag for flag in FLAGS if flag in given]


def _index(session: Session, index: Index) -> Node:
    t = session.t
    shares = link.effective((pillar.id, pillar.weight) for pillar in index.pillar if pillar.indicators)
    rows: list[Node] = []
    for pillar in index.pillar:
        if pillar.indicators:
            codes = link.effective(pillar.indicators.items())
            inside = h(
                "ul",
                *(
                    h(
                        "li",
                        session.atlas.indicator_of(code).name.in_(t.lang),
                        h("small", t.percent(share * shares[pillar.id], 1)),
                    )
                    for code, share in codes.items()
                ),
            )
        else:
            inside = h("p", charts.hatch(), *prose(pillar.missing.in_(t.lang) if pillar.missing else "—"))
        rows.append(h("tr", h("th", pillar.name.in_(t.lang), h("small", pillar.reason.in_(t.lang)), scope="row"),
                      h("td", t.percent(shares.get(pillar.id), 1), data_head=f"{t('app.method.share')}: "),
                      h("td", inside)))  # fmt: skip
    level = t(f"app.method.level_{index.level}")
    facts = t("app.method.facts", level=level, floor=t.percent(index.coverage_floor), date=t.date(index.judged),
              aggregation=t(f"app.method.{index.aggregation}"))  # fmt: skip
    return h(
        "div",
        h("h2", index.name.in_(t.lang)),
        h("p", index.about.in_(t.lang), class_="sentence"),
        h("p", capital(facts), class_="aside"),
        h("table", h("caption", t("app.method.tree", index=index.name.in_(t.lang)), class_="unseen"),
          h("thead", h("tr", *(h("th", t(f"app.method.{name}"), scope="col")
                               for name in ("pillar", "share", "inside")))),
          h("tbody", *rows), class_="plain tree"),
    )  # fmt: skip


def indicators(session: Session) -> list[Node]:
    """Every indicator with unit, direction, scale, level, sources, and how many units have a figure."""
    t = session.t
    counts = listed(session.built, "indicators", t.lang)
    heads = [t(f"app.method.{one}") for one in INDICATOR]
    rows = [_indicator(session, one, counts[one.code]) for one in session.atlas.indicator if one.code in counts]
    return [
        h("h2", t("app.method.indicators"), id="indicators"),
        *without_spread(session),
        h("div", h("table", h("caption", t("app.method.indicators"), class_="unseen"),
          h("thead", h("tr", *(h("th", head, scope="col") for head in heads))),
          h("tbody", *rows), class_="plain stacks"), class_="wide", role="region", tabindex="0",
          aria_label=t("app.method.indicators")),
    ]  # fmt: skip


def without_spread(session: Session) -> list[Node]:
    """The indicators that have one value everywhere, by their names: they weigh, and tell no unit from another."""
    codes = session.built.store.manifest["without_spread"]
    names = {one.code: one.name.in_(session.view.lang) for one in session.atlas.indicator}
    if not codes:
        return []
    told = ", ".join(names.get(code, code) for code in codes)
    return [h("p", session.t.n("app.method.without_spread", len(codes), names=told), class_="sentence notices")]


def _indicator(session: Session, one: Indicator, counts: dict[str, Any]) -> Node:
    t = session.t
    titles = {source.id: named(t, source, source.title) for source in session.atlas.source}
    posts = "—" if one.goalposts is None else t("app.method.posts", low=t.number(one.goalposts[0], one.decimals),
                                                high=t.number(one.goalposts[1], one.decimals))  # fmt: skip
    note = h("small", *prose(one.note.in_(t.lang))) if one.note else None
    names = [titles.get(source, source) for source in one.sources] or [
        layer.layer.name.in_(t.lang) for layer in session.atlas.layers if layer.id in one.layers
    ]
    present = t("app.method.of", present=t.number(counts["present"]),
                count=t.number(counts["present"] + counts["missing"]))  # fmt: skip
    return h(
        "tr",
        h("th", one.name.in_(t.lang), h("small", *prose(one.about.in_(t.lang))), note, scope="row"),
        *_cells(session, INDICATOR[1:], one.unit.in_(t.lang), t(f"app.method.{one.direction}"), posts,
                t(f"app.method.level_{one.level}"), present, h("span", *joined(names, "; "))),
    )  # fmt: skip


def _cells(session: Session, heads: Sequence[str], *told: Node) -> list[Node]:
    """Cells that can say, where a row stands by itself, what their column is."""
    return [
        h("td", one, data_head=f"{session.t(f'app.method.{head}')}: ", class_="n" if head == "records" else None)
        for head, one in zip(heads, told, strict=True)
    ]


def sources(session: Session) -> list[Node]:
    """Every source with publisher, licence, date, records and warnings."""
    t = session.t
    rows = listed(session.built, "sources", t.lang)
    known = {source.id: source for source in session.atlas.source}
    lines = []
    for source_id, row in rows.items():
        source = known.get(source_id)
        note = source.note if source else None
        told = [one[t.lang == "en"] for one in row["warnings"] or ()]
        warnings = h("details", h("summary", t.n("app.method.warnings", len(told))),
                     *(h("small", one) for one in told), class_="small") if told else None  # fmt: skip
        lines.append(h(
            "tr",
            h("th", named(t, source, str(row["title"])), h("small", note.in_(t.lang)) if note else None,
              warnings, scope="row"),
            *_cells(session, SOURCE[1:], str(row["publisher"]), str(row["licence"]), t.date(str(row["date"])),
                    t.number(row["records"])),
        ))  # fmt: skip
    return [
        h("h2", t("app.method.sources"), id="sources"),
        h("p", t("app.method.odbl"), class_="sentence"),
        h("div", h("table", h("caption", t("app.method.sources"), class_="unseen"),
          h("thead", h("tr", *(h("th", t(f"app.method.{name}"), scope="col", class_="n" if name == "records" else None)
                               for name in SOURCE))),
          h("tbody", *lines), class_="plain stacks"), class_="wide", role="region", tabindex="0",
          aria_label=t("app.method.sources")),
    ]  # fmt: skip


def build(session: Session) -> list[Node]:
    """What the figures were made from, to the hash."""
    t, manifest = session.t, session.built.store.manifest
    meta = session.built.meta
    facts = {
        "version": str(meta["data_version"]),
        "data": meta["hashes"]["data"][:16],
        "hash": meta["hashes"]["method"][:16],
        "draws": t.number(manifest["draws"]),
        "seed": str(manifest["seed"]),
    }
    return [
        h("h2", t("app.method.build"), id="build"),
        h("dl", *(h("div", h("dt", t(f"app.method.{name}")), h("dd", value)) for name, value in facts.items()),
          class_="guide"),
    ]  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=BY_BUILT)
def listed(built: Built, what: str, lang: str) -> dict[str, dict[str, Any]]:
    """Rows of a listing by their id."""
    from atlas import listing

    language: Lang = "en" if lang == "en" else "pt"
    listing_of = listing.sources_table if what == "sources" else listing.indicators_table
    table: pd.DataFrame = listing_of(built, language)
    key = "id" if what == "sources" else "code"
    plain = table.astype(object).where(table.notna(), None)
    return {str(row[key]): row for row in plain.to_dict("records")}
