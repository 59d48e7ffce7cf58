"""The ranked table: the route to every fact of the map that needs no map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from atlas.app import charts
from atlas.app.dom import Node, h
from atlas.language import Translator

if TYPE_CHECKING:
    import pandas as pd

ROWS = 50


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
    full: bool = False
    """With the columns of *Ordenar*: bounds, chance of the first ten, coverage, reading."""
    own_heads: Sequence[Node] = ()
    """Heads of the columns that the planner's own file adds."""
    own_cells: Mapping[str, Sequence[Node]] = field(default_factory=dict)
    """Code → the cells of those columns."""


def start_of(ranks: pd.DataFrame, code: str, now: int) -> int:
    """First row of the page of the table on which ``code`` stands; ``now`` where it stands nowhere."""
    found = ranks.index[ranks["code"] == code]
    return int(ranks.index.get_loc(found[0])) // ROWS * ROWS if len(found) else now


def ranked_table(frame: Frame, ranks: pd.DataFrame, start: int) -> list[Node]:
    """One page of the table, its caption and the way to the other pages."""
    t = frame.t
    start = min(start, max(0, (len(ranks) - 1) // ROWS * ROWS))
    ties = ranks["rank"].dropna()
    tied = set(ties[ties.duplicated(keep=False)])
    body = [_row(frame, row, tied) for row in ranks.iloc[start : start + ROWS].to_dict("records")]
    table = h(
        "table",
        h("caption", t("app.table.caption", index=frame.index_name), class_="unseen"),
        h("thead", h("tr", *_heads(frame))),
        h("tbody", *body, data_do="unit"),
        class_="ranks",
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
        _pages(t, start, len(ranks)),
    ]  # fmt: skip


def _heads(frame: Frame) -> list[Node]:
    t = frame.t
    heads: list[Node] = [
        h("th", t("app.table.rank"), scope="col"),
        h("th", frame.unit, scope="col"),
        h("th", frame.index_name, h("small", t("app.table.of_100")), scope="col"),
        h("th", h("abbr", t("app.table.class"), title=t("app.table.class_long")), scope="col"),
        h("th", t("app.table.interval"), h("small", t("app.table.interval_axis")), scope="col"),
        h("th", t("app.table.method"), h("small", t("app.table.share")), scope="col"),
        h("th", t("app.table.data"), h("small", t("app.table.share")), scope="col"),
    ]
    if frame.full:
        heads += [
            h("th", t("app.table.top10"), scope="col"),
            h("th", t("app.table.above"), scope="col"),
            h("th", t("app.table.bounds"), scope="col"),
            h("th", t("app.table.coverage"), scope="col"),
            h("th", t("app.table.reading"), scope="col"),
        ]
    return [*heads, *frame.own_heads]


def _row(frame: Frame, row: Mapping[str, Any], tied: set[int]) -> list[Any]:
    t = frame.t
    code = str(row["code"])
    here = "true" if code == frame.selected else None
    name = h("th", h("button", str(row["name"])), None if frame.filtered else _parent(row), scope="row")
    if missing(row["rank"]):
        words = t("app.table.insufficient", coverage=t.percent(number(row.get("coverage"))))
        span = (10 if frame.full else 5) + len(frame.own_heads)
        return h("tr", h("td", "—"), name, h("td", charts.hatch(), words, colspan=span, class_="none"),
                 data_to=code, aria_current=here)  # fmt: skip
    rank = int(row["rank"])
    method, data = pair(row, "rank_low", "rank_high"), pair(row, "rank_data_low", "rank_data_high")
    tie = h("abbr", "=", title=t("app.table.tie")) if rank in tied else None
    one = frame.classes.get(code)
    cells: list[Node] = [
        h("td", t.number(rank), tie, _here(frame, row)),
        name,
        h("td", t.number(row["score"], 1)),
        h("td", str(one + 1), class_=f"c{one + 1}") if one is not None else h("td", "—"),
        h("td", charts.rank_interval(rank, frame.ranked, method, data)),
        h("td", span_words(t, method)),
        h("td", span_words(t, data)),
    ]
    if frame.full:
        reading = row.get("opportunity")
        cells += [
            h("td", t.percent(number(row.get("p_top10")))),
            h("td", t.percent(number(row.get("p_above_next"))), _tie(t, row)),
            h("td", bounds_words(t, row)),
            h("td", t.percent(number(row.get("coverage")))),
            h("td", charts.reading_mark(reading), t(f"app.reading.{reading}"))
            if isinstance(reading, str)
            else h("td", "—"),
        ]
    return h("tr", *cells, *frame.own_cells.get(code, ()), data_to=code, aria_current=here)


def _tie(t: Translator, row: Mapping[str, Any]) -> Node:
    """Says that neither this unit nor the next one can be said to stand above the other."""
    tied = row.get("tie_next")
    return h("small", t("app.table.technical_tie")) if not missing(tied) and tied else None


def _here(frame: Frame, row: Mapping[str, Any]) -> Node:
    """The rank inside the filter's municipality, below the rank in the whole atlas."""
    within = number(row.get("rank_within"))
    return h("small", frame.t("app.table.within", rank=frame.t.number(within))) if frame.filtered else None


def _parent(row: Mapping[str, Any]) -> Node:
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


def pair(row: Mapping[str, Any], low: str, high: str) -> tuple[float, float] | None:
    """Both ends of an interval; ``None`` where one is missing."""
    ends = number(row.get(low)), number(row.get(high))
    return None if ends[0] is None or ends[1] is None else (ends[0], ends[1])


def span_words(t: Translator, ends: tuple[float, float] | None, decimals: int = 0) -> str:
    """``1–6``, or ``3`` where both ends are the same, or a dash.

    >>> span_words(Translator("pt"), (1.0, 6.0)), span_words(Translator("pt"), (85.41, 85.44), 1)
    ('1–6', '85,4')
    """
    if ends is None:
        return "—"
    low, high = (t.number(end, decimals) for end in ends)
    return low if low == high else f"{low}–{high}"


def bounds_words(t: Translator, row: Mapping[str, Any]) -> str:
    """The score with what is missing at its worst and best."""
    return span_words(t, pair(row, "score_low", "score_high"), 1)
