"""The table of *Ordenar*: seven columns, all of them by choice, and below the selected unit what they say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atlas.app import charts
from atlas.app.dom import Node, h
from atlas.app.table import (
    Frame,
    bounds_words,
    insufficient,
    intervals,
    missing,
    number,
    own_cells,
    page_of,
    parent_words,
    place_words,
)

if TYPE_CHECKING:
    import pandas as pd

    from atlas.language import Translator

FEW = ("score", "interval", "method", "data", "reading")
EVERY = ("score", "class", "interval", "method", "data", "reading", "top10", "above", "bounds", "coverage")
BELOW = ("class", "method", "data", "reading", "top10", "above", "bounds", "coverage")
"""What the row below the selected unit says."""
_SMALL = {"interval": "interval_axis", "method": "share", "data": "share"}
_NUMBERS = ("score", "method", "data", "top10", "above", "bounds", "coverage")


def full_table(frame: Frame, ranks: pd.DataFrame, start: int, *, every: bool) -> list[Node]:
    """The choice of columns, and one page of the table."""
    t = frame.t
    columns = EVERY if every else FEW
    heads: list[Node] = [
        h("th", t("app.table.rank"), scope="col", class_="n"),
        h("th", frame.unit, scope="col"),
        *(_head(frame, column) for column in columns),
        *frame.own_heads,
    ]
    choice = h(
        "div",
        *(h("button", t(f"app.table.columns_{one}"), data_to=one, aria_pressed="true" if on else "false")
          for one, on in (("few", not every), ("all", every))),
        class_="langs choice", role="group", aria_label=t("app.table.columns"), data_do="columns",
    )  # fmt: skip
    told = page_of(frame, ranks, start, heads, lambda row, tied: _rows(frame, row, tied, columns, below=not every),
                   kind="ranks whole")  # fmt: skip
    return [choice, *told, h("p", t("app.table.signs"), class_="aside")]


def _head(frame: Frame, column: str) -> Node:
    t = frame.t
    style = " ".join(filter(None, ("n" if column in _NUMBERS else "", f"k-{column}")))
    if column == "score":
        return h("th", frame.index_name, h("small", t("app.table.of_100")), scope="col", class_=style)
    if column == "class":
        return h("th", h("abbr", t("app.table.class"), title=t("app.table.class_long")), scope="col", class_=style)
    small = h("small", t(f"app.table.{_SMALL[column]}")) if column in _SMALL else None
    return h("th", t(f"app.table.{column}"), small, scope="col", class_=style)


def _rows(frame: Frame, row: Mapping[str, Any], tied: set[int], columns: tuple[str, ...], *, below: bool) -> list[Any]:
    """The unit's row; and below that of the selected one what the columns do not say."""
    t, code = frame.t, str(row["code"])
    here = "true" if code == frame.selected else None
    parent = None if frame.filtered else parent_words(row)
    name = h("th", h("button", str(row["name"])), parent, scope="row")
    if missing(row["rank"]):
        span = h("td", *insufficient(t, row), colspan=len(columns), class_="none")
        return [h("tr", h("td", "—", class_="n"), name, span, *own_cells(frame, code), data_to=code, aria_current=here)]
    place = h("td", *place_words(frame, row, tied, _tie(t, row)), class_="n")
    cells = [h("td", *_cell(frame, row, column), class_=_style(frame, code, column)) for column in columns]
    line = h("tr", place, name, *cells, *own_cells(frame, code), data_to=code, aria_current=here)
    if not (here and below):
        return [line]
    facts = [
        h("div", h("dt", t("app.table.class_long") if one == "class" else t(f"app.table.{one}")),
          h("dd", *_cell(frame, row, one)), class_=f"b-{one}")
        for one in BELOW
    ]  # fmt: skip
    width = 2 + len(columns) + len(frame.own_heads)
    return [line, h("tr", h("td", h("dl", *facts, class_="figures"), colspan=width), class_="below")]


def _style(frame: Frame, code: str, column: str) -> str:
    tint = frame.classes.get(code) if column == "class" else None
    words = ("n" if column in _NUMBERS else "", f"k-{column}", "" if tint is None else f"c{tint + 1}")
    return " ".join(filter(None, words))


def _cell(frame: Frame, row: Mapping[str, Any], column: str) -> list[Node]:
    """What one column says of a ranked unit."""
    t = frame.t
    method, data = intervals(row)
    if column == "interval":
        return [charts.rank_interval(int(row["rank"]), frame.ranked, method, data)]
    if column == "class":
        place = frame.classes.get(str(row["code"]))
        return ["—" if place is None else str(place + 1)]
    if column == "reading":
        reading = row.get("opportunity")
        return [charts.reading_mark(reading), t(f"app.reading.{reading}")] if isinstance(reading, str) else ["—"]
    if column == "above":
        tie = h("small", t("app.table.technical_tie")) if _is_tie(row) else None
        return [t.percent(number(row.get("p_above_next"))), tie]
    words = {
        "score": lambda: t.number(row["score"], 1),
        "method": lambda: t.span(*method),
        "data": lambda: t.span(*data),
        "top10": lambda: t.percent(number(row.get("p_top10"))),
        "bounds": lambda: bounds_words(t, row),
        "coverage": lambda: t.percent(number(row.get("coverage"))),
    }
    return [words[column]()]


def _is_tie(row: Mapping[str, Any]) -> bool:
    tied = row.get("tie_next")
    return not missing(tied) and bool(tied)


def _tie(t: Translator, row: Mapping[str, Any]) -> Node:
    """Says that neither this unit nor the next one can be said to stand above the other."""
    if not _is_tie(row):
        return None
    return h("abbr", "≈", h("span", t("app.table.technical_tie"), class_="unseen"), title=t("app.table.technical_tie"))
