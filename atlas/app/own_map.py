"""The figure of the planner's own file as the map shows it: classes, colours, words; what is missing is hatched."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from atlas import palette
from atlas.app import charts, own
from atlas.app.dom import Node, h
from atlas.app.map_element import Painting, letters, packed
from atlas.classes import class_colours, class_edges, class_of

if TYPE_CHECKING:
    import pandas as pd

    from atlas.app.own import Own
    from atlas.app.session import Session
    from atlas.language import Translator


MANY = 0.2
FINEST = 9


@dataclass(frozen=True)
class OwnClasses:
    """The classes of the figure: colours, what each holds in words, and the class of each unit, missing where none."""

    colours: tuple[str, ...]
    labels: tuple[str, ...]
    of: pd.Series


def classes_of(t: Translator, held: Own) -> OwnClasses:
    """Up to five classes with about the same number of units; a value of many units is a class of its own."""
    import pandas as pd

    values = held.figures.by_unit if held.figures is not None else pd.Series(dtype=float)
    edges, alone = edges_of(values)
    whole = own.decimals_of(values) == 0
    numbers = pd.Series(class_of(values.to_numpy(dtype=float), edges), index=values.index).where(values.notna())
    labels = []
    for place, (low, high) in enumerate(pairwise(edges), 1):
        last = high - 1 if whole and place < len(edges) - 1 else high  # of whole numbers, the last that is inside
        last = low if alone and place == 1 else last
        ends = (own.value_words(t, held, low), own.value_words(t, held, last))
        key = "own.class_one" if ends[0] == ends[1] else "app.legend.class"
        labels.append(t(key, number=place, low=ends[0], high=ends[1]))
    return OwnClasses(class_colours(palette.OWN, max(len(edges) - 1, 1)), tuple(labels), numbers)


def edges_of(values: pd.Series) -> tuple[tuple[float, ...], bool]:
    """Where the classes begin, and whether the first holds the least value alone: more than one in five units has it.

    >>> import pandas as pd
    >>> edges_of(pd.Series([0.0] * 30 + [1.0, 2.0, 3.0, 4.0]))
    ((0.0, 1.0, 2.0, 3.0, 4.0), True)
    >>> edges_of(pd.Series([10.0, 20.0, 30.0, 40.0, 50.0, None]))
    ((10.0, 18.0, 26.0, 34.0, 42.0, 50.0), False)
    """
    known = values.dropna().astype(float)
    decimals = own.decimals_of(values)
    least = known.min() if len(known) else 0.0
    rest = known[known > least]
    if not len(rest) or (known == least).mean() <= MANY:
        return class_edges(known, decimals=decimals), False
    beyond = class_edges(rest, 4, decimals)
    while beyond[0] <= least and decimals < FINEST:
        decimals += 1
        beyond = class_edges(rest, 4, decimals)
    return (float(least), *(edge for edge in beyond if edge > least)), True


def painting(session: Session, outlines: pd.DataFrame) -> Painting:
    """Letters and words for the outlines, in their order."""
    t, held = session.t, own.own()
    found = classes_of(t, held)
    codes = outlines["code"]
    within = session.view.within
    values = codes.map(held.figures.by_unit) if held.figures is not None else codes.map({})
    none = values.astype(float).where(values.isna())
    return Painting(
        figures=packed(letters(codes.map(found.of), outside=outlines["parent"].ne(within) if within else None),
                       none, none),
        colours=found.colours,
        labels=found.labels,
        values=["" if value != value else own.value_words(t, held, float(value)) for value in values],
    )  # fmt: skip


def title(session: Session) -> str:
    """What the figure is called."""
    return own.title(session.t, own.own(), session.atlas.neighbourhoods.unit.in_(session.view.lang))


def legend_keys(session: Session) -> list[Node]:
    """The classes in words, and the hatch of what is missing."""
    t = session.t
    found = classes_of(t, own.own())
    keys = [h("li", charts.swatch(one), words) for one, words in zip(found.colours, found.labels, strict=True)]
    return [h("ul", *keys, h("li", charts.hatch(), t("own.no_value")))]


def legend_note(session: Session) -> str:
    """Whose figure it is, and how it is cut into classes."""
    return session.t("own.legend_note", name=getattr(own.own().uploaded, "name", ""))


def column(session: Session) -> tuple[list[Node], dict[str, list[Node]]]:
    """The figure as a column of the table beside the map: value and class. Its head, then cells by code."""
    t, held = session.t, own.own()
    if held.figures is None or not own.on_map(session):
        return [], {}
    found = classes_of(t, held)
    heads: list[Node] = [h("th", title(session), h("small", t("own.unchecked_short")), scope="col", class_="n")]
    cells: dict[str, list[Node]] = {}
    for code, value in held.figures.by_unit.items():
        place = found.of.get(code)
        words = h("small", t("own.class", number=t.number(place + 1))) if place == place else None
        cells[str(code)] = [h("td", own.value_words(t, held, value), words, class_="n")]
    return heads, cells
