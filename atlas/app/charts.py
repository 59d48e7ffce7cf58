"""Small pictures as trees: every one stands beside the same figures in words, and is hidden from readers of text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from atlas import palette
from atlas.app.dom import h

LETTERS = "LMH"


def rank_interval(
    rank: float, count: int, method: tuple[float | None, float | None], data: tuple[float | None, float | None]
) -> list[Any]:
    """A rank and its two intervals on a logarithmic axis, first place left: a thin line is what method does, a thick
    one what data do, the dot is the rank.

    The logarithm gives the first ten the room that a planner looks at. Three bare paths, since a table holds many.
    """
    scale = 88 / math.log(max(count, 2))

    def x(place: float) -> float:
        return round(4 + scale * math.log(min(max(place, 1), count)), 1)

    def line(low: float | None, high: float | None) -> list[Any]:
        if low is None or high is None:
            return h("path", d="")
        return h("path", d=f"M{x(low):g} 8h{max(x(high) - x(low), 0.1):.1f}")

    return h("svg", line(*method), line(*data), h("path", d=f"M{x(rank):g} 8h0"), viewBox="0 0 96 16")


def bar(share: float, colour: str, *, beyond: float = 1.0, of: float | None = None) -> list[Any]:
    """A bar of ``share`` of ``beyond``; with ``of``, a frame shows how long it could have been."""
    frame = h("span", class_="frame", style=f"--part: {_percent(of, beyond)}") if of is not None else None
    fill = h("span", class_="fill", style=f"--part: {_percent(share, beyond)}")
    return h("span", frame, fill, class_="bar", aria_hidden="true", style=f"--tint: {colour}")


def _percent(share: float, beyond: float) -> str:
    return f"{100 * max(0.0, min(1.0, share / beyond)):.1f}%"


def swatch(colour: str) -> list[Any]:
    """A box of one colour with an ink outline."""
    return h("span", class_="swatch", style=f"background: {colour}", aria_hidden="true")


def hatch() -> list[Any]:
    """The box of insufficient data."""
    return h("span", class_="swatch hatch", aria_hidden="true")


SHAPES: Mapping[str, str] = {
    "opportunity": "M8 1 15 8 8 15 1 8Z",
    "consolidate": "M2 2H14V14H2Z",
    "basic_investment": "M8 2 15 14H1Z",
    "follow": "M8 2A6 6 0 1 1 7.99 2Z",
}
"""Each reading is told by colour, shape and word."""


SYMBOLS: Mapping[str, str] = {
    "circle": "M8 3A5 5 0 1 1 7.99 3Z",
    "square": "M3 3H13V13H3Z",
    "triangle": "M8 2 14 13H2Z",
    "diamond": "M8 1 15 8 8 15 1 8Z",
    "cross": "M6 2H10V6H14V10H10V14H6V10H2V6H6Z",
    "star": "M8 1 10 6 15 6.5 11 10 12.5 15 8 12 3.5 15 5 10 1 6.5 6 6Z",
}


def symbol(shape: str, colour: str) -> list[Any]:
    """The mark of a layer's places."""
    return h("svg", h("path", d=SYMBOLS[shape], fill=colour), viewBox="0 0 16 16", width=14, height=14, class_="mark")


def reading_mark(reading: str) -> list[Any]:
    """Shape and colour of one of the four readings."""
    return h(
        "svg",
        h("path", d=SHAPES[reading], fill=palette.READINGS[reading], class_="edge"),
        viewBox="0 0 16 16", width=14, height=14, class_="mark",
    )  # fmt: skip


def nine_cells(cell: str | None, axes: tuple[str, str]) -> list[Any]:
    """Potential (across) against decline (up) as nine cells, the unit's own one ringed."""
    size = 34
    boxes = []
    ring = None
    for row, decline in enumerate(LETTERS):
        for column, potential in enumerate(LETTERS):
            x, y = 20 + column * size, 2 + (2 - row) * size
            boxes.append(
                h("rect", x=x, y=y, width=size - 2, height=size - 2, class_="edge",
                  fill=palette.BIVARIATE[row][column])
            )  # fmt: skip
            if cell == potential + decline:
                ring = [
                    h("rect", x=x - 1, y=y - 1, width=size, height=size, class_="casing"),
                    h("rect", x=x - 1, y=y - 1, width=size, height=size, class_="ring"),
                ]
    across, up = axes
    side = 3 * size
    return h(
        "svg", *boxes, ring or [],
        h("text", f"{across} →", x=20 + side / 2, y=side + 14, text_anchor="middle"),
        h("text", f"{up} →", x=0, y=0, text_anchor="middle", transform=f"translate(12 {side / 2}) rotate(-90)"),
        viewBox=f"0 0 {side + 22} {side + 18}", width=side + 22, height=side + 18, class_="cells",
    )  # fmt: skip


def strip(values: Sequence[float], mine: float | None, colours: Sequence[str], edges: Sequence[float]) -> list[Any]:
    """How the scores lie between 0 and 100: forty columns, coloured by class, and a line at the unit's own."""
    bins = 40
    counts = np.bincount(np.clip(np.asarray(values) * bins / 100, 0, bins - 1).astype(int), minlength=bins).tolist()
    top = max(counts) or 1
    columns = [""] * len(colours)
    for position, count in enumerate(counts):
        if count:
            tall = max(1.5, 34 * math.sqrt(count / top))
            middle = (position + 0.5) * 100 / bins
            columns[sum(middle >= edge for edge in edges)] += f"M{position * 6} 36v{-tall:.0f}h5V36z"
    bars = [
        h("path", d=path, fill=colour, class_="edge") for path, colour in zip(columns, colours, strict=True) if path
    ]
    own = [] if mine is None else [h("path", d=f"M{mine * 2.4:.1f} 40V0", class_="own")]
    return h(
        "svg", *bars, own, h("line", x1=0, x2=240, y1=36.5, y2=36.5, class_="axis"),
        viewBox="0 0 240 40", width=240, height=40, class_="strip", preserveAspectRatio="none",
    )  # fmt: skip
