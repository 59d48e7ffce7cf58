"""Small indices made by hand, and strategies that make many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from pandas import DataFrame

from atlas.config import Index, Indicator, Pillar, Text

AGGREGATIONS = ("arithmetic", "geometric", "harmonic")


def text(words: str) -> Text:
    return Text(pt=words, en=words)


def indicator(code: str, **given: Any) -> Indicator:
    given = {"goalposts": (0.0, 100.0)} | given
    return Indicator(code=code, name=text(code), unit=text("u"), measure="given", about=text(code), **given)


def index(
    pillars: Mapping[str, Mapping[str, float]], weights: Mapping[str, float] | None = None, **given: Any
) -> Index:
    weight = dict.fromkeys(pillars, 1.0) | dict(weights or {})
    return Index(
        id="index",
        name=text("index"),
        about=text("about"),
        judged="2026-01-01",
        pillar=tuple(
            Pillar(
                id=name,
                name=text(name),
                weight=weight[name],
                indicators=dict(codes),
                reason=text("r"),
            )
            for name, codes in pillars.items()
        ),
        **given,
    )


def indicators(tree: Index, **given: Any) -> dict[str, Indicator]:
    return {code: indicator(code, **given) for pillar in tree.pillar for code in pillar.indicators}


@st.composite
def cases(
    draw: st.DrawFn, *, gaps: bool = True, aggregations: tuple[str, ...] = ("arithmetic", "geometric", "harmonic")
) -> Any:
    """An index of two to four pillars over figures between 0 and 100, some of them missing."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    weight = st.floats(0.1, 10)
    codes = iter(range(100))
    pillars = {f"p{at}": {f"i{next(codes)}": draw(weight) for _ in range(size)} for at, size in enumerate(sizes)}
    tree = index(pillars, {name: draw(weight) for name in pillars}, aggregation=draw(st.sampled_from(aggregations)))
    figures = st.floats(0, 100) | (st.just(np.nan) if gaps else st.nothing())
    units = draw(st.integers(2, 8))
    names = [code for codes in pillars.values() for code in codes]
    rows = draw(st.lists(st.lists(figures, min_size=len(names), max_size=len(names)), min_size=units, max_size=units))
    directions = draw(st.lists(st.sampled_from(["more", "less"]), min_size=len(names), max_size=len(names)))
    known = {
        code: indicator(code, direction=way, goalposts=(10.0, 90.0))
        for code, way in zip(names, directions, strict=True)
    }
    return DataFrame(rows, columns=names, index=[f"u{at}" for at in range(units)], dtype=float), tree, known
