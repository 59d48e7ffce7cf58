"""What the map paints for a view, and the legend that says it in words: classes, nine cells or four readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from atlas import palette
from atlas.app import charts
from atlas.app.dom import Node, h
from atlas.app.map_element import Painting, letters, packed
from atlas.classes import class_colours, class_edges, class_of
from atlas.language import Translator

CELLS = tuple(potential + decline for decline in "LMH" for potential in "LMH")
READINGS = tuple(palette.READINGS)
UNCERTAIN = "uncertain_class"


@dataclass(frozen=True)
class Classes:
    """The classes of an index: their edges, colours, and the class of each ranked unit."""

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    of: Mapping[str, int]

    @property
    def inner(self) -> tuple[float, ...]:
        """The edges between classes."""
        return self.edges[1:-1]


def classes_of(index_id: str, stored: pd.Series, ranks: pd.DataFrame) -> Classes:
    """Classes with the edges of the atlas's own weights, so that a colour means the same when weights are moved.

    ``stored`` holds the scores of the ranked units with the atlas's own weights; only the outermost edges follow
    the table that is shown.
    """
    score = ranks["score"].to_numpy(dtype=float)[ranks["rank"].notna().to_numpy()]
    edges = class_edges(stored)
    if len(edges) < 2 or not len(score):
        return Classes((), (), {})
    low, high = float(score.min()), float(score.max())
    edges = (min(edges[0], np.floor(low * 10) / 10), *edges[1:-1], max(edges[-1], np.ceil(high * 10) / 10))
    colours = class_colours(palette.ramp(index_id), len(edges) - 1)
    codes = ranks["code"][ranks["rank"].notna()].tolist()
    return Classes(edges, colours, dict(zip(codes, class_of(score, edges).tolist(), strict=True)))


def paint(
    show: str,
    t: Translator,
    outlines: pd.DataFrame,
    ranks: pd.DataFrame,
    classes: Classes,
    within: str,
    *,
    level: str = "neighbourhood",
) -> Painting:
    """Classes, scores and ranks in the order of ``outlines`` (``code``, ``parent``); an index of municipalities
    gives each neighbourhood its municipality's.
    """
    keys = outlines["parent" if level == "municipality" else "code"]
    place = {code: at for at, code in enumerate(ranks["code"].tolist())}
    at = np.array([place.get(code, -1) for code in keys.tolist()], dtype=np.intp)
    score, rank = (np.append(ranks[name].to_numpy(dtype=float, na_value=np.nan), np.nan)[at]
                   for name in ("score", "rank"))  # fmt: skip
    score = np.where(np.isnan(rank), np.nan, score)
    outside = outlines["parent"].ne(within) if within else None
    uncertain = None
    if show == "index":
        numbers = class_of(score, classes.edges)
        colours: Sequence[str] = classes.colours
        labels: Sequence[str] = [_class_words(t, place, classes) for place in range(len(classes.colours))]
    else:
        column, words = {"cells": ("cell", CELLS), "readings": ("opportunity", READINGS)}[show]
        numbers = np.append(pd.Index(words).get_indexer(ranks[column]), -1)[at]
        doubtful = ranks["flags"].fillna("").str.contains(UNCERTAIN, regex=False)
        uncertain = pd.Series(np.append(doubtful.to_numpy(dtype=bool), False)[at])
    if show == "cells":
        colours, labels = [palette.cell_colour(cell) for cell in CELLS], [_cell_words(t, cell) for cell in CELLS]
    elif show == "readings":
        colours, labels = list(palette.READINGS.values()), [t(f"app.reading.{reading}") for reading in READINGS]
    told = letters(pd.Series(np.where(numbers < 0, np.nan, numbers)), uncertain=uncertain, outside=outside)
    return Painting(
        figures=packed(told, pd.Series(score), pd.Series(rank)),
        colours=colours,
        labels=labels,
    )


def legend_keys(show: str, t: Translator, classes: Classes) -> list[Node]:
    """Every class with its edges, the nine cells or the four readings, and the hatch, in words."""
    if show == "cells":
        keys: list[Node] = [
            h("div", charts.nine_cells(None, (t("app.axis.potential"), t("app.axis.decline"))), class_="nine")
        ]
    elif show == "readings":
        keys = [h("li", charts.reading_mark(reading), t(f"app.reading.{reading}")) for reading in READINGS]
    else:
        keys = [
            h("li", charts.swatch(colour), _class_words(t, place, classes))
            for place, colour in enumerate(classes.colours)
        ]
    hatched = h("li", charts.hatch(), t("app.legend.insufficient"))
    return [h("ul", *keys, hatched)] if show != "cells" else [*keys, h("ul", hatched)]


def legend(t: Translator, title: str, keys: Sequence[Node], layers: Sequence[Node], notes: Sequence[str]) -> list[Node]:
    """The legend in words: the ``keys`` of what is shown, the layers shown, and what the map stands on."""
    return [
        h("h2", t("app.legend.title", what=title), class_="small"),
        *keys,
        h("ul", *layers, class_="layers") if layers else None,
        *(h("p", note, class_="note") for note in notes if note),
    ]


def _class_words(t: Translator, place: int, classes: Classes) -> str:
    low, high = classes.edges[place], classes.edges[place + 1]
    return t("app.legend.class", number=place + 1, low=t.number(low, 1), high=t.number(high, 1))


def _cell_words(t: Translator, cell: str) -> str:
    return "; ".join((
        t(f"app.cell.{cell[0]}", axis=t("app.axis.potential")),
        t(f"app.cell.{cell[1]}", axis=t("app.axis.decline")),
    ))  # fmt: skip
