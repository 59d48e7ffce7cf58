"""What a command answers, as a page shows it: its sentences and its table, with the command's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from atlas.app.dom import Node, h, prose
from atlas.app.table import printed_note
from atlas.app.words import capital
from atlas.language import Translator

if TYPE_CHECKING:
    from atlas.answers import Answer

MOST = 1000
WHOLE = 30
"""So many rows are shown at once; a longer table scrolls in a frame of its own."""
LONG = 40
"""Characters from which a column of words asks for room."""
_FIGURE = re.compile(r"[\d\s.,%–—-]+")


def answer_nodes(t: Translator, answer: Answer, caption: str, *, most: int = MOST) -> list[Node]:
    """Head, table and foot; of a long table its first rows, and how many more there are."""
    shown = answer.shown if answer.shown is not None else []
    return [
        *(h("p", line, class_="sentence") for line in answer.head.splitlines() if line.strip()),
        *([_table(shown[:most], caption)] if shown else []),
        h("p", t.n("app.answer.more", len(shown) - most), class_="aside") if len(shown) > most else None,
        printed_note(t, len(shown)),
        *(
            h("p", *prose(line), class_="aside")
            for text in (answer.foot, answer.chance)
            for line in text.splitlines()
            if line.strip()
        ),
    ]


def _table(rows: list[dict[str, str]], caption: str) -> Node:
    figures = {one for one in rows[0] if all(_is_figure(str(row[one])) for row in rows)}
    long = {one for one in rows[0] if any(len(str(row[one])) > LONG for row in rows)} - figures
    kinds = {one: "n" if one in figures else "long" if one in long else None for one in rows[0]}
    heads = {one: _headed(one) for one in rows[0]}
    head = h("tr", *(h("th", *prose(heads[one]), class_=kinds[one], scope="col") for one in rows[0]))
    body = [
        h("tr", *(h("td", *prose(str(row[one])), class_=kinds[one], data_head=f"{heads[one]}: ") for one in row))
        for row in rows
    ]
    table = h("table", h("caption", caption, class_="unseen"), h("thead", head), h("tbody", *body),
              class_="plain answer stacks")  # fmt: skip
    style = "wide whole" if len(rows) <= WHOLE else "wide"
    return h("div", table, class_=style, role="region", tabindex="0", aria_label=caption)


def _headed(word: str) -> str:
    """A column's name as a heading; a symbol of one letter keeps its form.

    >>> _headed("nome"), _headed("p"), _headed("A com B")
    ('Nome', 'p', 'A com B')
    """
    return word if len(word) < 2 else capital(word)


def _is_figure(text: str) -> bool:
    """Whether a cell holds a figure; a code is text, though it may look like one.

    >>> _is_figure("1 234,5"), _is_figure("131217"), _is_figure("Porto"), _is_figure("")
    (True, False, False, True)
    """
    return not text or (_FIGURE.fullmatch(text) is not None and not (text.isdigit() and len(text) > 4))
