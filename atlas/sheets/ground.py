"""The two maps of the sheets: one neighbourhood among its neighbours with its places, and a municipality's units."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from atlas.classes import MISSING, class_colours, class_edges, class_of
from atlas.palette import INK, PAPER, SECONDARY, SURFACE, place_colour, ramp
from atlas.sheets.changes import Changes
from atlas.sheets.drawing import (
    Box,
    Drawing,
    Frame,
    Room,
    class_box,
    name_labels,
    numbers,
    path_of,
    symbol,
    symbol_box,
)
from atlas.sheets.facts import Facts, Reading, short_name
from atlas.sheets.typeface import printable

_ROLES = ("venue", "heritage", "everyday", "stock")
"""Layers whose places stand on the map and in the list; stops, short lets and zones do not."""
_LISTED = 120
_OF_AREA = " · "
"""Stands in a name between the unit and the area that it is a part of."""
_NUMBERED = 60
_LEAST_M = 600.0
_THIN_MM = 0.2
_FINE_MM = 0.06
"""What is finer on paper is not drawn; on the small map that says where a unit lies, three times that."""


class Ground:
    """Outlines, classes and places, made ready once for all maps of an atlas."""

    def __init__(self, reading: Reading, changes: Changes | None = None) -> None:
        self.reading, self.changes = reading, changes
        self.units = reading.built.units
        self.shapes = np.asarray(self.units.geometry.array, dtype=object)
        self.codes = self.units["code"].to_numpy(dtype=object)
        self._printed = [printable(name) for name in self.units["name"]]
        self.names = [short_name(name) for name in self._printed]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The units, to be found by place."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def borders(self) -> tuple[npt.NDArray[np.object_], shapely.STRtree]:
        """Outlines of the parents, and the same to be found by place."""
        lines = shapely.boundary(np.asarray(self.reading.built.parents.geometry.array, dtype=object))
        return np.asarray(lines, dtype=object), shapely.STRtree(lines)

    @cached_property
    def edges(self) -> tuple[float, ...]:
        """Edges of the classes of potential."""
        return class_edges(self._scores["score"])

    @property
    def _scores(self) -> pd.DataFrame:
        return self.reading.ranks[self.reading.potential.id]

    @cached_property
    def fills(self) -> list[str | None]:
        """Each unit's colour, None where it is hatched."""
        colours = class_colours(ramp(self.reading.potential.id), max(len(self.edges) - 1, 1))
        return [None if one == MISSING else colours[one] for one in class_of(self._scores["score"], self.edges)]

    @cached_property
    def places(self) -> pd.DataFrame:
        """Places of the layers that are shown, with their point on the ground."""
        import geopandas as gpd

        layers = {one.id: one.layer for one in self.reading.built.atlas.layers if one.layer.role in _ROLES}
        table = self.reading.built.store.read("places")
        shown = table[table["layer"].isin(list(layers))]
        points = gpd.GeoSeries(gpd.points_from_xy(shown["lon"], shown["lat"]), crs=4326).to_crs(self.units.crs)
        held = shown[["place_id", "name", "class_", "layer", "neighbourhood", "n_records", "marks"]]
        held = pd.DataFrame(held).assign(x=points.x.to_numpy(), y=points.y.to_numpy())
        order = held["layer"].map({id_: head.order for id_, head in layers.items()})
        return held.assign(order=order).sort_values(["order", "place_id"]).reset_index(drop=True)

    @cached_property
    def by_unit(self) -> dict[str, pd.DataFrame]:
        """Unit → its places."""
        return {str(code): part for code, part in self.places.groupby("neighbourhood", sort=False)}

    def legend(self) -> Facts:
        """Classes with their edges, the hatch, and every layer's symbol."""
        t = self.reading.t
        colours = class_colours(ramp(self.reading.potential.id), max(len(self.edges) - 1, 1))
        spans = [f"{t.number(low, 1)}–{t.number(high, 1)}" for low, high in pairwise(self.edges)]
        boxes = [{"box": class_box(colour), "text": text} for colour, text in zip(colours, spans, strict=False)]
        if any(fill is None for fill in self.fills):
            boxes.append({"box": class_box(None), "text": t("sheet.insufficient_short")})
        layers = self.reading.built.atlas.layers
        shown = {one.id: one.layer for one in layers if one.layer.role in _ROLES}
        symbols = {id_: symbol_box(head.symbol, place_colour(id_)) for id_, head in shown.items()}
        names = {id_: head.name.in_(t.lang) for id_, head in shown.items()}
        return {"title": self.reading.potential.name.in_(t.lang), "classes": boxes, "symbols": symbols, "layers": names}

    # ── one neighbourhood ───────────────────────────────────────────────────────────────────────────────────────────

    def unit_map(self, code: str, width_mm: float, height_mm: float) -> tuple[Facts, Facts]:
        """The map of a neighbourhood, and the list of its places with the spots of their numbers."""
        at = int(np.flatnonzero(self.codes == code)[0])
        frame = Frame.around(shapely.bounds(self.shapes[at]), width_mm, height_mm, margin=0.14, least_m=_LEAST_M)
        drawing = Drawing(frame)
        seen = np.sort(self.tree.query(shapely.box(*frame.box)))
        clipped = frame.clipped(self.shapes[seen])
        for position, shape in zip(seen.tolist(), clipped, strict=True):
            drawing.area(path_of(shape), PAPER if position == at else SURFACE, line=SECONDARY)
        self._parent_lines(drawing, frame, 0.4)
        self._outlined(drawing, frame, at, 0.7)
        inside = self.by_unit.get(code, self.places.iloc[:0])
        taken = self._points(drawing, frame, inside)
        room = Room(frame, [*self._corners(frame), *taken])
        around = seen != at
        names = [self._name_and_score(one, at) for one in seen[around].tolist()]
        labels = name_labels(room, clipped[around], names, most_mm=32, beside=clipped[~around][0])
        neighbours = self._neighbours(at)
        t, name = self.reading.t, printable(self.units["name"].iloc[at])
        held = self._map(frame, drawing, labels)
        held["alt"] = t("sheet.map_alt", name=name, neighbours="; ".join(neighbours) or "—")
        held["neighbours"] = t("sheet.neighbours", names="; ".join(neighbours)) if neighbours else ""
        return held, self._listed(frame, room, inside, clipped[~around][0])

    def _name_and_score(self, one: int, at: int) -> str:
        """What a neighbour's label says, on the map of the unit ``at``."""
        name, score = self._beside(self.names, one, at), self._scores["score"].iloc[one]
        return name if pd.isna(score) else f"{name}: {self.reading.t.number(score, 1)}"

    def _beside(self, names: Sequence[str], one: int, at: int) -> str:
        """A neighbour's name without the area that both stand in: ``Secção 012`` beside ``Secção 027 · Bonfim``."""
        name, area = names[one].rpartition(_OF_AREA)[::2]
        return name if name and area == names[at].rpartition(_OF_AREA)[2] else names[one]

    def _outlined(self, drawing: Drawing, frame: Frame, at: int, width: float) -> None:
        """The selection: ink on a white casing, never a fill."""
        own = path_of(frame.clipped(self.shapes[[at]])[0])
        drawing.line(own, colour=PAPER, width=2 * width)
        drawing.line(own, colour=INK, width=width)

    def locator(self, parent: str, width_mm: float, height_mm: float) -> Facts:
        """A municipality coloured by class, on which each of its sheets outlines its own unit."""
        name = printable(self.reading.built.parents.loc[parent, "name"])
        drawing, frame, _, _ = self._choropleth(parent, width_mm, height_mm, _THIN_MM)
        alt = self.reading.t("sheet.locator_alt", name=name)
        return self._map(frame, drawing, []) | {
            "alt": alt, "title": short_name(name, 8.5, width_mm - 4), "bar": None,
        }  # fmt: skip

    def outlined(self, code: str, parent: str, width_mm: float, height_mm: float) -> str:
        """The outline of a unit, to be laid over the locator of its municipality."""
        frame = self._frame_of(parent, width_mm, height_mm)
        drawing = Drawing(frame, ground="none")
        self._outlined(drawing, frame, int(np.flatnonzero(self.codes == code)[0]), 0.5)
        return drawing.svg()

    def _frame_of(self, parent: str, width_mm: float, height_mm: float) -> Frame:
        outline = self.reading.built.parents.loc[parent, "geometry"]
        return Frame.around(shapely.bounds(outline), width_mm, height_mm, margin=0.04, least_m=_LEAST_M)

    def _choropleth(
        self, parent: str, width_mm: float, height_mm: float, line_mm: float
    ) -> tuple[Drawing, Frame, npt.NDArray[np.intp], npt.NDArray[np.object_]]:
        """A municipality's units coloured by class, and the others about it left blank."""
        frame = self._frame_of(parent, width_mm, height_mm)
        drawing = Drawing(frame)
        seen = np.sort(self.tree.query(shapely.box(*frame.box)))
        fine = _FINE_MM if line_mm > _THIN_MM else 3 * _FINE_MM
        clipped = frame.clipped(shapely.coverage_simplify(self.shapes[seen], fine / frame.mm_per_m))
        own = (self.units["parent"].to_numpy() == parent)[seen]
        for shape in clipped[~own]:
            drawing.area(path_of(shape), SURFACE, line=SECONDARY, width=line_mm / 3)
        paths = [path_of(shape) for shape in clipped[own]]
        for position, path in zip(seen[own].tolist(), paths, strict=True):
            drawing.area(path, self.fills[position], line=PAPER, width=1.2 * line_mm)
        for path in paths:
            drawing.line(path, colour=INK, width=line_mm / 3)
        self._parent_lines(drawing, frame, line_mm)
        return drawing, frame, seen[own], clipped[own]

    def _parent_lines(self, drawing: Drawing, frame: Frame, width: float) -> None:
        lines, tree = self.borders
        seen = frame.clipped(lines[np.sort(tree.query(shapely.box(*frame.box)))])
        for line in shapely.simplify(seen, _FINE_MM / 4):
            drawing.line(path_of(line), colour=INK, width=width)

    def _points(self, drawing: Drawing, frame: Frame, places: pd.DataFrame) -> list[Box]:
        """Draw the places, and say what room they take: no number covers a symbol."""
        heads = {one.id: one.layer for one in self.reading.built.atlas.layers}
        spots = frame.on_paper(places[["x", "y"]].to_numpy(dtype=float))
        small = 1.5 if len(places) > 80 else 1.9
        # the first layers lie on top
        for (x, y), layer in reversed(list(zip(spots.tolist(), places["layer"], strict=True))):
            path = symbol(heads[layer].symbol, x, y, small)
            drawing.line(path, colour=PAPER, width=0.5)
            drawing.area(path, place_colour(layer), line=PAPER, width=0.15)
        reach = small / 2
        return [(x - reach, y - reach, x + reach, y + reach) for x, y in spots.tolist()]

    def _corners(self, frame: Frame) -> list[Box]:
        """Where scale bar and north stand."""
        _, bar = frame.scale_bar()
        width, height = frame.width_mm, frame.height_mm
        return [(0, height - 8, bar + 7, height), (width - 8, 0, width, 11)]

    def _neighbours(self, at: int) -> list[str]:
        """Names of the units that share a border."""
        near = self.tree.query(self.shapes[at], predicate="intersects")
        return [self._beside(self._printed, one, at) for one in np.sort(near).tolist() if one != at]

    def _map(self, frame: Frame, drawing: Drawing, labels: list[Facts]) -> Facts:
        t = self.reading.t
        length, bar = frame.scale_bar()
        whole = length >= 1000
        text = t("sheet.km" if whole else "sheet.m", length=t.number(length / 1000 if whole else length))
        ratio = round(1000 / frame.mm_per_m, -2 if frame.mm_per_m > 0.05 else -3)
        return {
            "svg": drawing.svg(), "width": frame.width_mm, "height": frame.height_mm, "labels": labels,
            "bar": {"mm": round(bar, 2), "text": text}, "north": t("sheet.north"),
            "scale": t("sheet.scale", ratio=t.number(ratio)),
        }  # fmt: skip

    def _listed(self, frame: Frame, room: Room, inside: pd.DataFrame, outline: shapely.Geometry) -> Facts:
        """Counts by layer, and the places by turns of the layers, the best known first, each with its number's spot."""
        t = self.reading.t
        words = self.reading.words
        counts = inside.groupby("layer", sort=False).size()
        turn = inside.sort_values("n_records", ascending=False, kind="stable").groupby("layer", sort=False).cumcount()
        named = inside["name"].notna() & inside["name"].astype(str).str.strip().ne("")
        chosen = inside.assign(turn=turn)[named].sort_values(["turn", "order", "place_id"]).head(_LISTED)
        points = frame.on_paper(chosen[["x", "y"]].to_numpy(dtype=float))
        digits = len(str(min(len(chosen), _NUMBERED)))
        spots = numbers(room, points[:_NUMBERED], digits, shapely.boundary(outline)) + [None] * max(
            len(chosen) - _NUMBERED, 0
        )
        entries = [
            {
                "layer": row.layer,
                "order": int(row.order),
                "name": printable(row.name),
                "kind": printable(words.get(str(row.class_), row.class_)),
                "doubtful": "class_guessed" in str(row.marks) or "position_doubtful" in str(row.marks),
                "spot": spot,
            }
            for row, spot in zip(chosen.itertuples(index=False), spots, strict=True)
        ]
        several = int((inside["n_records"] > 1).sum())
        return {
            "counts": [{"layer": str(layer), "count": t.number(int(n))} for layer, n in counts.items()],
            "entries": entries,
            "total": len(inside),
            "empty": "" if len(inside) else t("sheet.no_places"),
            "sure": t.n("sheet.several_sources", several, total=t.number(len(inside))) if len(inside) > 1 else "",
            "more": [t.n("sheet.more", len(inside) - shown) for shown in range(len(entries) + 1)],
        }

    # ── a municipality ──────────────────────────────────────────────────────────────────────────────────────────────

    def parent_map(self, parent: str, order: list[str], width_mm: float, height_mm: float) -> Facts:
        """The units of a municipality, numbered in the order of its table."""
        t, built = self.reading.t, self.reading.built
        drawing, frame, seen, shapes = self._choropleth(parent, width_mm, height_mm, 0.4)
        number = {code: str(position) for position, code in enumerate(order, 1)}
        room = Room(frame, self._corners(frame))
        labels = name_labels(room, shapes, [number[code] for code in self.codes[seen]], most_mm=30)
        held = self._map(frame, drawing, labels)
        held["alt"] = t("sheet.parent_map_alt", name=printable(built.parents.loc[parent, "name"]))
        return held
