"""The ranked table: the route to every fact of the map that needs no map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas.app import charts
from atlas.app.dom import Node, h
from atlas.language import Translator

if TYPE_CHECKING:
    import pandas as pd

ROWS = 50
PRINTED = 40
"""Rows of a table that the print style keeps, besides the selected one."""
Ends = tuple[float | None, float | None]
RowsOf = Callable[[Mapping[str, Any], set[int]], list[Any]]
"""From a row and the ranks that several units share to the lines that show it."""


@dataclass(frozen=True)
class Frame:
    """What the table needs to know beside its rows."""

    t: Translator
    index_name: str
    unit: str
    classes: Mapping[str, int]
    """Code → class from 0, for those that have one."""
    ranked: int
    """How many units are ranked in the whole atlas."""
    selected: str = ""
    filtered: bool = False
    """Whether the rows are one municipality's: then its own ranks stand below those of the atlas."""
    own_heads: Sequence[Node] = ()
    """Heads of the columns that the planner's own file adds."""
    own_cells: Mapping[str, Sequence[Node]] = field(default_factory=dict)
    """Code → the cells of those columns."""


def start_of(ranks: pd.DataFrame, code: str, now: int) -> int:
    """First row of the page of the table on which ``code`` stands; ``now`` where it stands nowhere."""
    found = ranks.index[ranks["code"] == code]
    return int(ranks.index.get_loc(found[0])) // ROWS * ROWS if len(found) else now


def ranked_table(frame: Frame, ranks: pd.DataFrame, start: int) -> list[Node]:
    """One page of the table beside the map."""
    kind = "ranks mine" if frame.own_heads else "ranks"
    return page_of(frame, ranks, start, _heads(frame), lambda row, tied: [_row(frame, row, tied)], kind=kind)


def page_of(
    frame: Frame, ranks: pd.DataFrame, start: int, heads: Sequence[Node], rows_of: RowsOf, *, kind: str = "ranks"
) -> list[Node]:
    """One page of a ranked table, its caption and the way to the other pages."""
    t = frame.t
    start = min(start, max(0, (len(ranks) - 1) // ROWS * ROWS))
    ties = ranks["rank"].dropna()
    tied = set(ties[ties.duplicated(keep=False)])
    body = [line for row in records(ranks.iloc[start : start + ROWS]) for line in rows_of(row, tied)]
    table = h(
        "table",
        h("caption", t("app.table.caption", index=frame.index_name), class_="unseen"),
        h("thead", h("tr", *heads)),
        h("tbody", *body, data_do="unit"),
        class_=kind,
    )
    return [
        h(
            "div",
            table,
            class_="scroll",
            role="region",
            tabindex="0",
            aria_label=t("app.table.region"),
            data_reveal=True,
        ),
        printed_note(t, len(ranks)),
        _pages(t, start, len(ranks)),
    ]  # fmt: skip


def printed_note(t: Translator, count: int) -> Node:
    """Said on paper alone: how many of ``count`` rows are there."""
    if count <= PRINTED:
        return None
    return h("p", t("app.table.printed", rows=t.number(PRINTED), count=t.number(count)), class_="aside printed")


def _heads(frame: Frame) -> list[Node]:
    t = frame.t
    return [
        h("th", t("app.table.rank"), scope="col"),
        h("th", frame.unit, scope="col"),
        h("th", frame.index_name, h("small", t("app.table.of_100")), scope="col"),
        h("th", h("abbr", t("app.table.class"), title=t("app.table.class_long")), scope="col"),
        h("th", t("app.table.interval"), h("small", t("app.table.interval_axis")), scope="col"),
        h("th", t("app.table.method"), h("small", t("app.table.share")), scope="col"),
        h("th", t("app.table.data"), h("small", t("app.table.share")), scope="col"),
        *frame.own_heads,
    ]


def _row(frame: Frame, row: Mapping[str, Any], tied: set[int]) -> list[Any]:
    t = frame.t
    code = str(row["code"])
    here = "true" if code == frame.selected else None
    name = h("th", h("button", str(row["name"])), None if frame.filtered else parent_words(row), scope="row")
    if missing(row["rank"]):
        none = h("td", *insufficient(t, row), colspan=5, class_="none")
        return h("tr", h("td", "—"), name, none, *own_cells(frame, code), data_to=code, aria_current=here)
    rank = int(row["rank"])
    method, data = intervals(row)
    one = frame.classes.get(code)
    cells: list[Node] = [
        h("td", *place_words(frame, row, tied)),
        name,
        h("td", t.number(row["score"], 1)),
        h("td", str(one + 1), class_=f"c{one + 1}") if one is not None else h("td", "—"),
        h("td", charts.rank_interval(rank, frame.ranked, method, data)),
        h("td", t.span(*method)),
        h("td", t.span(*data)),
    ]
    return h("tr", *cells, *own_cells(frame, code), data_to=code, aria_current=here)


def insufficient(t: Translator, row: Mapping[str, Any]) -> list[Node]:
    """The hatch, the words and the coverage of a unit without a rank."""
    return [charts.hatch(), t("app.table.insufficient", coverage=t.percent(number(row.get("coverage"))))]


def place_words(frame: Frame, row: Mapping[str, Any], tied: set[int], *more: Node) -> list[Node]:
    """The rank, whether others share it, ``more`` signs, and the rank inside the filter's municipality."""
    rank = int(row["rank"])
    tie = h("abbr", "=", title=frame.t("app.table.tie")) if rank in tied else None
    return [frame.t.number(rank), tie, *more, _here(frame, row)]


def intervals(row: Mapping[str, Any]) -> tuple[Ends, Ends]:
    """What the method and what the data do to the rank."""
    return pair(row, "rank_low", "rank_high"), pair(row, "rank_data_low", "rank_data_high")


def own_cells(frame: Frame, code: str) -> Sequence[Node]:
    """What the planner's own file says of a unit; dashes where it says nothing."""
    return frame.own_cells.get(code) or [h("td", "—", class_="n") for _ in frame.own_heads]


def _here(frame: Frame, row: Mapping[str, Any]) -> Node:
    """The rank inside the filter's municipality, below the rank in the whole atlas."""
    within = number(row.get("rank_within"))
    return h("small", frame.t("app.table.within", rank=frame.t.number(within))) if frame.filtered else None


def parent_words(row: Mapping[str, Any]) -> Node:
    """The unit's municipality, below its name."""
    parent = row.get("parent_name")
    return h("small", parent) if isinstance(parent, str) else None


def _pages(t: Translator, start: int, count: int) -> Node:
    if count <= ROWS:
        return None
    last = min(start + ROWS, count)
    return h(
        "nav",
        h("button", t("app.table.previous"), data_to=str(max(0, start - ROWS)), disabled=start == 0),
        h("span", t("app.table.rows", first=t.number(start + 1), last=t.number(last), count=t.number(count))),
        h("button", t("app.table.next"), data_to=str(start + ROWS), disabled=last >= count),
        class_="pages", aria_label=t("app.table.pages"), data_do="start",
    )  # fmt: skip


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows: ``to_dict("records")`` asks each value anew what it is."""
    names = table.columns.tolist()
    return [dict(zip(names, values, strict=True)) for values in table.to_numpy(dtype=object).tolist()]


def missing(value: object) -> bool:
    """Whether there is no figure.

    >>> missing(None), missing(float("nan")), missing(0)
    (True, True, False)
    """
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA answers neither yes nor no
        return True


def number(value: Any) -> float | None:
    """The figure as a float; ``None`` where there is none."""
    return None if missing(value) else float(value)


def pair(row: Mapping[str, Any], low: str, high: str) -> Ends:
    """Both ends of an interval, each ``None`` where it is missing."""
    return number(row.get(low)), number(row.get(high))


def bounds_words(t: Translator, row: Mapping[str, Any]) -> str:
    """The score with what is missing at its worst and best."""
    return t.span(*pair(row, "score_low", "score_high"), 1)
