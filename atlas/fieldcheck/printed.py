"""The field check on paper: a map with numbers, and a list with boxes to tick."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from atlas.built import Built
from atlas.fieldcheck.form import ANSWERS, Form
from atlas.language import Lang, Translator, catalogue
from atlas.palette import BORDER, INK, PAPER, SECONDARY, SURFACE
from atlas.sheets.drawing import Drawing, Frame, Room, numbers, path_of, symbol
from atlas.sheets.setting import typeset
from atlas.sheets.typeface import printable

TEMPLATE = Path(__file__).parent / "list.typ"
_MAP_MM = (180.0, 104.0)
_LEAST_M = 400.0
_NUMBERED = 80  # places whose number stands on the map; the list holds all
_DOT_MM = 1.8


def printed(built: Built, form: Form, lang: Lang) -> bytes:
    """The PDF: vector, tagged, the same bytes for the same build."""
    t = Translator(lang)
    drawn, spots = _map(built, form, t)
    entries = [
        {
            "number": str(number),
            "name": printable(name),
            "class": printable(form.classes.get(class_, class_)),
            "reasons": printable(reasons),
            "priority": str(priority),
            "id": id_,
        }
        for number, (id_, name, class_, reasons, priority) in enumerate(
            form.places.assign(name=form.places["name"].fillna(t("field.nameless")))[
                ["name", "class_", "reasons", "priority"]
            ].itertuples(),
            1,
        )
    ]
    start = "field.page."
    document = {
        "lang": lang,
        "title": printable(form.about["title"]),
        "head": f"{printable(built.atlas.atlas.name.in_(lang))} · {built.atlas.atlas.data_version}",
        "origin": t("field.origin", date=t.date(form.day), hash=form.about["data"][:12]),
        "count": t.n("field.count", len(entries)),
        "map": drawn,
        "spots": spots,
        "entries": entries,
        "answers": [t(f"field.tick.{one}") for one in ANSWERS],
        "priorities": [t(f"field.priority.{number}") for number in (1, 2, 3)],
        "words": {key.removeprefix(start): held[0] for key, held in catalogue(lang).items() if key.startswith(start)},
        "colours": {"ink": INK, "quiet": SECONDARY, "border": BORDER, "surface": SURFACE},
    }
    return typeset(document, dt.datetime.combine(form.day, dt.time(), dt.UTC), TEMPLATE)


def _map(built: Built, form: Form, t: Translator) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The area among its neighbours with a dot a place, and where the numbers of the first ones stand."""
    area = form.area.geometry.iloc[0]
    points = form.points(str(built.units.crs))
    seen = shapely.union_all(points) if points else area
    frame = Frame.around(shapely.bounds(seen), *_MAP_MM, margin=0.06, least_m=_LEAST_M)
    drawing = Drawing(frame)
    around = built.units.geometry.to_numpy()
    near = around[shapely.STRtree(around).query(shapely.box(*frame.box))]
    for shape in frame.clipped(near):
        drawing.area(path_of(shape), SURFACE, line=SECONDARY)
    own = path_of(frame.clipped(np.array([area], dtype=object))[0])
    drawing.area(own, PAPER, line=INK, width=0.5)
    spots = frame.on_paper(shapely.get_coordinates(points).reshape(-1, 2))
    reach = _DOT_MM / 2
    for x, y in spots.tolist():
        drawing.area(symbol("circle", x, y, _DOT_MM), INK, line=PAPER, width=0.2)
    room = Room(frame, [(x - reach, y - reach, x + reach, y + reach) for x, y in spots.tolist()])
    digits = len(str(min(len(spots), _NUMBERED))) if len(spots) else 1
    placed = numbers(room, spots[:_NUMBERED], digits)
    length, bar = frame.scale_bar()
    whole = length >= 1000
    words = t("sheet.km" if whole else "sheet.m", length=t.number(length / 1000 if whole else length))
    held = {
        "svg": drawing.svg(), "width": frame.width_mm, "height": frame.height_mm,
        "bar": round(bar, 2), "length": words, "north": t("sheet.north"),
        "alt": t("field.map_alt", name=printable(form.area["name"].iloc[0]), count=len(spots)),
    }  # fmt: skip
    return held, [
        {"number": str(number), "x": spot[0], "y": spot[1]} for number, spot in enumerate(placed, 1) if spot is not None
    ]
