"""One neighbourhood taken apart: the sentence, the contributions, its place on both axes, what the figures stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from atlas.app import charts
from atlas.app.dom import Node, h
from atlas.app.table import bounds_words, missing, number, pair, span_words
from atlas.config import Atlas, Text
from atlas.language import Translator

SHOWN = 40
"""So many places of one indicator are listed on the card; *Porquê* lists them all."""


@dataclass(frozen=True)
class Subject:
    """What the card is about: the unit's row in the ranked table, what explains it, and where it stands."""

    t: Translator
    atlas: Atlas
    index_name: str
    colours: Sequence[str]
    edges: Sequence[float]
    row: Mapping[str, Any]
    explained: Mapping[str, Any]
    scores: Sequence[float]
    """All scores of the index, for the strip."""
    ranked: int

    def name_of(self, text: Text) -> str:
        """A configured name in the page's language."""
        return text.in_(self.t.lang)


def head(subject: Subject) -> list[Node]:
    """Name, rank and both intervals, the sentence, and the flags in words."""
    t, row = subject.t, subject.row
    parent = row.get("parent")
    facts = [parent if isinstance(parent, str) else None]
    if number(row.get("residents")) is not None:
        facts.append(t.n("card.residents", round(float(row["residents"]))))
    if number(row.get("area_km2")) is not None:
        facts.append(t("card.area", area=t.number(float(row["area_km2"]), 1)))
    return [
        h("h2", str(row["name"])),
        h("p", " · ".join(filter(None, facts)), class_="facts"),
        _figures(subject),
        h("p", str(subject.explained["sentence"]), class_="sentence"),
        _flags(t, row),
    ]


def _figures(subject: Subject) -> Node:
    t, row = subject.t, subject.row
    if missing(row["rank"]):
        coverage = t.percent(number(row.get("coverage")))
        return h("p", charts.hatch(), t("card.insufficient", coverage=coverage), class_="none")
    pairs: list[tuple[str, str]] = [
        (subject.index_name, t("card.score", score=t.number(row["score"], 1))),
        (t("card.bounds"), bounds_words(t, row)),
        (t("card.rank"), t("card.rank_of", rank=t.number(row["rank"]), count=t.number(subject.ranked))),
        (t("card.method"), span_words(t, pair(row, "rank_low", "rank_high"))),
        (t("card.data"), span_words(t, pair(row, "rank_data_low", "rank_data_high"))),
        (t("card.top10"), t.percent(number(row.get("p_top10")))),
        (t("card.coverage"), t.percent(number(row.get("coverage")))),
    ]
    return h("dl", *(h("div", h("dt", name), h("dd", value)) for name, value in pairs), class_="figures")


def _flags(t: Translator, row: Mapping[str, Any]) -> Node:
    flags = row.get("flags")
    if not isinstance(flags, str) or not flags:
        return None
    return h("ul", *(h("li", said(t, f"flag.{flag}")) for flag in flags.split("|")), class_="flags")


def contributions(subject: Subject) -> list[Node]:
    """Bars that add up to the score, with the same figures beside them."""
    t = subject.t
    parts = sorted(subject.explained["contributions"], key=lambda part: -(number(part["contribution"]) or 0.0))
    if not parts:
        return [h("h3", t("card.why")), h("p", t("card.no_parts"))]
    top = max((number(part["contribution"]) or 0.0 for part in parts), default=0.0) or 1.0
    colour = subject.colours[3]
    rows = [
        h(
            "tr",
            h("th", str(part["name"]), h("small", _value(subject, part)), scope="row"),
            h("td", charts.bar(number(part["contribution"]) or 0.0, colour, beyond=top)),
            h("td", t.number(number(part["contribution"]), 1)),
            h("td", t.percent(number(part["weight"]), 1)),
        )
        for part in parts
    ]
    score = number(subject.explained.get("score"))
    total = h("tr", h("th", t("card.sum"), scope="row"), h("td"), h("td", t.number(score, 1)), h("td", t.percent(1.0)))
    return [
        h("h3", t("card.why")),
        h(
            "table",
            h("caption", t("card.why_caption"), class_="unseen"),
            h("thead", h("tr", h("th", t("card.indicator"), scope="col"), h("td"), h("th", t("card.points"), scope="col"),
                         h("th", t("card.weight"), scope="col"))),
            h("tbody", *rows),
            h("tfoot", total) if score is not None else None,
            class_="parts",
        ),
    ]  # fmt: skip


def _value(subject: Subject, part: Mapping[str, Any]) -> str:
    value = number(part["value"])
    if value is None:
        return subject.t("card.no_figure")
    decimals = next((one.decimals for one in subject.atlas.indicator if one.code == part["code"]), 1)
    return f"{subject.t.number(value, decimals)}\N{NO-BREAK SPACE}{part['unit']}"


def axes(subject: Subject) -> list[Node]:
    """Where the unit lies between all others, and potential against decline as one of nine cells."""
    t, row = subject.t, subject.row
    cell, reading = row.get("cell"), row.get("opportunity")
    found = isinstance(cell, str) and isinstance(reading, str)
    words: Node
    if found:
        chance = number(row.get("p_opportunity"))
        words = h(
            "p",
            charts.reading_mark(str(reading)),
            h("strong", t(f"reading.{reading}")),
            h("span", t(f"cell.{str(cell)[0]}", axis=t("axis.potential")) + "; "
              + t(f"cell.{str(cell)[1]}", axis=t("axis.decline")) + ".", class_="line"),
            h("small", t("card.chance", chance=t.percent(chance))) if chance is not None else None,
            class_="reading",
        )  # fmt: skip
    else:
        words = h("p", charts.hatch(), t("reading.none"), class_="none")
    municipal = h("p", t("card.municipal_decline"), class_="aside") if found and _municipal(subject) else None
    mine = number(row["score"])
    return [
        h("h3", t("card.among", index=subject.index_name)),
        charts.strip(subject.scores, mine, subject.colours, subject.edges),
        h("div", h("span", "0"), h("span", "100"), class_="ends", aria_hidden="true"),
        h("h3", t("card.two_axes")),
        h("div", charts.nine_cells(str(cell) if found else None, (t("axis.potential"), t("axis.decline"))), words,
          municipal, class_="two"),
    ]  # fmt: skip


def _municipal(subject: Subject) -> bool:
    decline = subject.atlas.opportunity.decline
    return any(one.id == decline and one.level == "municipality" for one in subject.atlas.index)


def evidence(subject: Subject, *, shown: int = SHOWN) -> list[Node]:
    """The places behind each figure, with source, date and licence; then the sources themselves."""
    t = subject.t
    found = sorted(subject.explained["evidence"], key=lambda one: str(one["indicator"]))
    blocks: list[Node] = []
    for code, group in groupby(found, key=lambda one: str(one["indicator"])):
        places = sorted(group, key=lambda one: str(one["name"] or "").casefold())
        name = next((subject.name_of(one.name) for one in subject.atlas.indicator if one.code == code), code)
        more = len(places) - shown
        blocks.append(
            h(
                "details",
                h("summary", h("b", name), " ", t.n("card.places", len(places))),
                h("ul", *(_place(subject, one) for one in places[:shown]), class_="places"),
                h("p", t.n("card.more_places", more), class_="aside") if more > 0 else None,
                data_key=f"{subject.row['code']}-{code}",
            )
        )
    return [
        h("h3", t("card.evidence")),
        *(blocks or [h("p", t("card.no_evidence"), class_="aside")]),
        *sources(subject, found),
    ]


def _place(t: Translator, one: Mapping[str, Any]) -> Node:
    chance = number(one.get("p_match"))
    doubt = t("card.match", chance=t.percent(chance)) if chance is not None and chance < 0.995 else ""
    told = " · ".join(
        filter(None, (str(one["source"] or ""), t.date(str(one["date"] or "")), str(one["licence"] or ""), doubt))
    )
    return h("li", str(one["name"] or "") or t("card.nameless"), h("small", told))


def sources(t: Translator, found: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Every source once, with its date and licence."""
    distinct = sorted({(str(one["source"]), str(one["date"]), str(one["licence"])) for one in found})
    if not distinct:
        return []
    return [
        h("h3", t("card.stands_on")),
        h("ul", *(h("li", name, h("small", f"{t.date(date)} · {licence}")) for name, date, licence in distinct),
          class_="places"),
    ]  # fmt: skip
