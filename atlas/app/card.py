"""One neighbourhood taken apart: the sentence, the contributions, its place on both axes, what the figures stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from atlas.app import charts
from atlas.app.dom import Node, h
from atlas.app.table import bounds_words, missing, number, pair
from atlas.app.words import joined, named, said, some_words
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

    @property
    def tint(self) -> str:
        """The colour of bars: the last but one of the classes, of which few units have fewer than five."""
        return self.colours[-2:][0]

    def name_of(self, text: Text) -> str:
        """A configured name in the page's language."""
        return text.in_(self.t.lang)


def head(subject: Subject, level: str = "h2") -> list[Node]:
    """Name, rank and both intervals, the sentence, and the flags in words."""
    t, row = subject.t, subject.row
    parent = row.get("parent_name")
    facts = [parent if isinstance(parent, str) else None]
    if number(row.get("residents")) is not None:
        facts.append(t.n("app.card.residents", round(float(row["residents"]))))
    if number(row.get("area_km2")) is not None:
        facts.append(t("app.card.area", area=t.number(float(row["area_km2"]), 1)))
    return [
        h(level, str(row["name"])),
        h("p", " · ".join(filter(None, facts)), class_="facts"),
        _figures(subject),
        h("p", str(subject.explained["sentence"]), class_="sentence"),
        _flags(t, row),
    ]


def _figures(subject: Subject) -> Node:
    t, row = subject.t, subject.row
    if missing(row["rank"]):
        coverage = t.percent(number(row.get("coverage")))
        return h("p", charts.hatch(), t("app.card.insufficient", coverage=coverage), class_="none")
    pairs: list[tuple[str, str]] = [
        (subject.index_name, t("app.card.score", score=t.number(row["score"], 1))),
        (t("app.card.bounds"), bounds_words(t, row)),
        (t("app.card.rank"), rank_words(t, number(row["rank"]), subject.ranked)),
        (t("app.card.method"), t.span(*pair(row, "rank_low", "rank_high"))),
        (t("app.card.data"), t.span(*pair(row, "rank_data_low", "rank_data_high"))),
        (t("app.card.top10"), t.percent(number(row.get("p_top10")))),
        (t("app.card.coverage"), t.percent(number(row.get("coverage")))),
    ]
    return h("dl", *(h("div", h("dt", name), h("dd", value)) for name, value in pairs), class_="figures")


def rank_words(t: Translator, rank: float | None, count: int) -> str:
    """``3 de 1 504``."""
    return t("app.card.rank_of", rank=t.number(rank), count=t.number(count))


def _flags(t: Translator, row: Mapping[str, Any]) -> Node:
    flags = some_words(row.get("flags"))
    return h("ul", *(h("li", said(t, f"app.flag.{flag}")) for flag in flags), class_="flags") if flags else None


def contributions(subject: Subject) -> list[Node]:
    """Bars that add up to the score, with the same figures beside them."""
    t = subject.t
    parts = sorted(subject.explained["contributions"], key=lambda part: -(number(part["contribution"]) or 0.0))
    if not parts:
        return [h("h3", t("app.card.why")), h("p", t("app.card.no_parts"))]
    top = max((number(part["weight"]) or 0.0 for part in parts), default=0.0) * 100 or 1.0
    rows = [_part(subject, part, top) for part in parts]
    score = number(subject.explained.get("score"))
    heads = ("indicator", "figure", "bar", "points", "weight")
    figures = h("td"), h("td"), h("td", t.number(score, 1)), h("td", t.percent(1.0))
    total = h("tr", h("th", t("app.card.sum"), scope="row"), *figures)
    return [
        h("h3", t("app.card.why")),
        h(
            "table",
            h("caption", t("app.card.why_caption"), class_="unseen"),
            h("thead", h("tr", *(h("th", t(f"app.card.{name}"), scope="col") for name in heads))),
            h("tbody", *rows),
            h("tfoot", total) if score is not None else None,
            class_="parts",
        ),
    ]  # fmt: skip


def _part(subject: Subject, part: Mapping[str, Any], top: float) -> Node:
    t = subject.t
    points, weight = number(part["contribution"]), number(part["weight"]) or 0.0
    return h(
        "tr",
        h("th", str(part["name"]), scope="row"),
        h("td", value_words(subject, part)),
        h("td", charts.bar(points or 0.0, subject.tint, beyond=top, of=100 * weight)),
        h("td", t.number(points, 1)),
        h("td", t.percent(weight, 1)),
    )


def value_words(subject: Subject, part: Mapping[str, Any]) -> str:
    """An indicator's raw figure with its unit."""
    value = number(part["value"])
    if value is None:
        return subject.t("app.card.no_figure")
    indicator = subject.atlas.indicator_of(str(part["code"]))
    return subject.t.quantity(value, indicator, indicator.decimals)


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
            h("strong", t(f"app.reading.{reading}")),
            h("span", t(f"app.cell.{str(cell)[0]}", axis=t("app.axis.potential")) + "; "
              + t(f"app.cell.{str(cell)[1]}", axis=t("app.axis.decline")) + ".", class_="line"),
            h("small", t("app.card.chance", chance=t.percent(chance))) if chance is not None else None,
            class_="reading",
        )  # fmt: skip
    else:
        words = h("p", charts.hatch(), t("app.reading.none"), class_="none")
    municipal = h("p", t("app.card.municipal_decline"), class_="aside") if found and _municipal(subject) else None
    mine = number(row["score"])
    return [
        h("h3", t("app.card.among", index=subject.index_name)),
        charts.strip(subject.scores, mine, subject.colours, subject.edges),
        h("div", h("span", "0"), h("span", "100"), class_="ends", aria_hidden="true"),
        h("h3", t("app.card.two_axes")),
        h("div", charts.nine_cells(str(cell) if found else None, axis_words(t)), words, municipal, class_="two"),
    ]  # fmt: skip


def axis_words(t: Translator) -> tuple[str, str]:
    """What the two axes are called."""
    return t("app.axis.potential"), t("app.axis.decline")


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
                h("summary", h("b", name), " ", t.n("app.card.places", len(places))),
                h("ul", *(_place(subject, one) for one in places[:shown]), class_="places"),
                h("p", t.n("app.card.more_places", more), class_="aside") if more > 0 else None,
                data_key=f"{subject.row['code']}-{code}",
            )
        )
    return [
        h("h3", t("app.card.evidence")),
        *(blocks or [h("p", t("app.card.no_evidence"), class_="aside")]),
        *sources(subject, found),
    ]


def _place(subject: Subject, one: Mapping[str, Any]) -> Node:
    t = subject.t
    chance = number(one.get("p_match"))
    known = subject.atlas.classes.get(str(one.get("class") or ""))
    told: list[Node] = [
        subject.name_of(known[1].name) if known else "",
        *(
            [h("span", *joined((title(subject, source) for source in str(one["source"] or "").split("|")), " + "))]
            if one["source"]
            else []
        ),
        t("app.card.match", chance=t.percent(chance)) if chance is not None and chance < 0.995 else "",
        *(said(t, f"app.mark.{mark}") for mark in some_words(one.get("marks"))),
    ]
    return h("li", str(one["name"] or "") or t("app.card.nameless"), h("small", *joined(told, " · ")))


def title(subject: Subject, source_id: str) -> Node:
    """The title of a source; its id where the configuration no longer names it."""
    found = next((source for source in subject.atlas.source if source.id == source_id), None)
    return source_id if found is None else named(subject.t, found, found.title)


def sources(subject: Subject, found: Iterable[Mapping[str, Any]]) -> list[Node]:
    """Every source behind the unit's figures once, with publisher, date and licence."""
    atlas, t = subject.atlas, subject.t
    used = {source for one in found for source in str(one["source"] or "").split("|")}
    codes = {str(part["code"]) for part in subject.explained["contributions"]}
    used |= {source for one in atlas.indicator if one.code in codes for source in one.sources}
    used.add(atlas.neighbourhoods.source)
    lines = [
        h(
            "li",
            named(t, source, source.title),
            h("small", " · ".join((source.publisher, t.date(source.date), source.licence_in(t.lang)))),
        )
        for source in atlas.source
        if source.id in used
    ]
    return [h("h3", t("app.card.stands_on")), h("ul", *lines, class_="places")]
