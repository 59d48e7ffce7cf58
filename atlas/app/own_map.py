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


@dataclass(frozen=True)
class OwnClasses:
    """The classes of the figure: colours, what each holds in words, and the class of each unit, missing where none."""

    colours: tuple[str, ...]
    labels: tuple[str, ...]
    of: pd.Series


def classes_of(t: Translator, held: Own) -> OwnClasses:
    """Up to five classes with the same number of units."""
    import pandas as pd

    values = held.figures.by_unit if held.figures is not None else pd.Series(dtype=float)
    decimals = own.decimals_of(values)
    edges = class_edges(values.to_numpy(dtype=float), decimals=decimals)
    numbers = pd.Series(class_of(values.to_numpy(dtype=float), edges), index=values.index).where(values.notna())
    labels = []
    for place, (low, high) in enumerate(pairwise(edges), 1):
        last = high if decimals or place == len(edges) - 1 else high - 1  # of whole numbers, the last that is inside
        ends = (own.value_words(t, held, low), own.value_words(t, held, last))
        key = "own.class_one" if ends[0] == ends[1] else "app.legend.class"
        labels.append(t(key, number=place, low=ends[0], high=ends[1]))
    return OwnClasses(class_colours(palette.OWN, max(len(edges) - 1, 1)), tuple(labels), numbers)


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
