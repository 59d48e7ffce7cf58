"""Maps on paper: outlines as vector drawing at a true scale, names and numbers where there is room for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from atlas.palette import BORDER, HATCH, INK, PAPER
from atlas.sheets.typeface import width_mm, wrapped

Geometries = npt.NDArray[np.object_]
Box = tuple[float, float, float, float]
LABEL_PT = 6.5
NUMBER_PT = 5.5
_LINE = 1.12
"""Height of a line as a share of its type size."""
_PLATE_MM = 0.5
_STRAYED = 0.2  # share of a label that may lie on the area that it does not name
_NARROW = 0.6  # a second try, in more and shorter lines
_POINT_MM = 25.4 / 72
_ROUND = (1, 2, 5)
_SYMBOLS = {
    "circle": "M{l} {y}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z",
    "square": "M{l} {t}H{R}V{b}H{l}Z",
    "triangle": "M{x} {t}L{R} {b}H{l}Z",
    "diamond": "M{x} {t}L{R} {y}L{x} {b}L{l} {y}Z",
    "cross": "M{i} {t}H{I}V{u}H{R}V{U}H{I}V{b}H{i}V{U}H{l}V{u}H{i}Z",
    "star": "M{x} {t}L{I} {u}L{R} {y}L{I} {U}L{x} {b}L{i} {U}L{l} {y}L{i} {u}Z",
}


@dataclass(frozen=True)
class Frame:
    """A piece of the ground on paper: its box in metres, and the millimetres it takes."""

    box: Box
    width_mm: float
    height_mm: float

    @classmethod
    def around(
        cls, bounds: Sequence[float], width_mm: float, height_mm: float, *, margin: float, least_m: float
    ) -> Frame:
        """The smallest frame of these proportions that holds ``bounds`` with a margin on every side."""
        west, south, east, north = bounds
        across = max(east - west, (north - south) * width_mm / height_mm, least_m) * (1 + 2 * margin)
        up = across * height_mm / width_mm
        x, y = (west + east) / 2, (south + north) / 2
        return cls((x - across / 2, y - up / 2, x + across / 2, y + up / 2), width_mm, height_mm)

    @property
    def mm_per_m(self) -> float:
        """Millimetres on paper for a metre on the ground."""
        return self.width_mm / (self.box[2] - self.box[0])

    def clipped(self, shapes: Geometries) -> Geometries:
        """What the frame shows of each shape, in millimetres from its upper left corner."""
        seen = np.asarray(shapely.clip_by_rect(shapes, *self.box), dtype=object)
        return np.asarray(shapely.transform(seen, self.on_paper), dtype=object)

    def on_paper(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Metres → millimetres, downwards."""
        return (points - (self.box[0], self.box[3])) * (self.mm_per_m, -self.mm_per_m)

    def scale_bar(self) -> tuple[float, float]:
        """A round length in metres, between a seventh and a third of the frame, and its millimetres."""
        most = (self.box[2] - self.box[0]) / 3
        power = 10.0 ** np.floor(np.log10(most))
        length = float(max(step * power for step in _ROUND if step * power <= most))
        return length, length * self.mm_per_m


def path_of(shape: shapely.Geometry | None) -> str:
    """The outline as the commands of an SVG path; nothing where there is none."""
    parts = []
    for one in shapely.get_parts(shape).tolist() if shape is not None else []:
        lines = shapely.get_rings(one) if one.geom_type == "Polygon" else [one]
        for line in lines:
            points = np.round(shapely.get_coordinates(line), 2)
            if len(points) > 1:
                moves = "L".join(f"{x:g} {y:g}" for x, y in points.tolist())
                parts.append(f"M{moves}{'Z' if one.geom_type == 'Polygon' else ''}")
    return "".join(parts)


def symbol(shape: str, x: float, y: float, size: float) -> str:
    """A layer's symbol round a point, as the commands of an SVG path."""
    r, third = size / 2, size / 6
    held = {
        "x": x, "y": y, "r": r, "d": size, "l": x - r, "R": x + r, "t": y - r, "b": y + r,
        "i": x - third, "I": x + third, "u": y - third, "U": y + third,
    }  # fmt: skip
    return _SYMBOLS[shape].format_map({name: f"{value:.2f}".rstrip("0").rstrip(".") for name, value in held.items()})


@dataclass
class Drawing:
    """An SVG in the making; only numbers and colours of the palette enter it, never a text from data."""

    frame: Frame
    ground: str = BORDER
    """What lies where nothing is drawn: the sea, another country."""
    _parts: list[str] = field(default_factory=list)

    def area(self, path: str, fill: str | None, *, line: str = INK, width: float = 0.12) -> None:
        """A filled outline; hatched where ``fill`` is None."""
        if path:
            self._parts.append(
                f'<path d="{path}" fill="{fill or "url(#h)"}" stroke="{line}" stroke-width="{width}" '
                'fill-rule="evenodd" stroke-linejoin="round"/>'
            )

    def line(self, path: str, *, colour: str, width: float, dash: str = "") -> None:
        """A line without a fill."""
        if path:
            dashes = f' stroke-dasharray="{dash}"' if dash else ""
            self._parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
                f'stroke-linejoin="round" stroke-linecap="round"{dashes}/>'
            )

    def svg(self) -> str:
        """The drawing, cut at the frame."""
        width, height = self.frame.width_mm, self.frame.height_mm
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width} {height}"><defs><pattern id="h" width="1.4" height="1.4" '
            'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="1.4" height="1.4" '
            f'fill="{PAPER}"/><line x1="0.7" y1="0" x2="0.7" y2="1.4" stroke="{HATCH}" stroke-width="0.25"/>'
            f'</pattern></defs><rect width="{width}" height="{height}" fill="{self.ground}" fill-opacity="0.55"/>'
            + "".join(self._parts)
            + "</svg>"
        )


def class_box(fill: str | None) -> str:
    """A box of the legend as SVG: a class's colour, or the hatch."""
    drawing = Drawing(Frame((0, 0, 4.6, 3), 4.6, 3))
    drawing.area("M.1 .1H4.5V2.9H.1Z", fill, width=0.2)
    return drawing.svg()


def symbol_box(shape: str, colour: str) -> str:
    """A layer's symbol as SVG, for legends and lists."""
    path = symbol(shape, 1.25, 1.25, 2)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="2.5mm" height="2.5mm" viewBox="0 0 2.5 2.5">'
        f'<path d="{path}" fill="{colour}" stroke="{INK}" stroke-width="0.12"/></svg>'
    )


class Room:
    """What of the frame is taken; texts are set only where nothing else stands."""

    def __init__(self, frame: Frame, taken: Sequence[Box] = ()) -> None:
        self.frame = frame
        self._taken = list(taken)

    def take(self, box: Box) -> bool:
        """Take a box if it lies in the frame and touches nothing that stands there."""
        left, top, right, bottom = box
        edge = 0.6
        inside = left >= edge and top >= edge
        inside &= right <= self.frame.width_mm - edge and bottom <= self.frame.height_mm - edge
        clear = all(right <= a or left >= c or bottom <= b or top >= d for a, b, c, d in self._taken)
        if inside and clear:
            self._taken.append(box)
        return inside and clear


def name_labels(
    room: Room, shapes: Geometries, names: Sequence[str], *, most_mm: float, beside: shapely.Geometry | None = None
) -> list[dict[str, Any]]:
    """Names on the largest visible part of their areas, the largest areas first; one that has no room is left out.

    Where they name what lies ``beside`` a shape, none may cover more of it than :data:`_STRAYED` of its plate: a name
    that stands on another area names that one.
    """
    order = np.argsort(-shapely.area(shapes), kind="stable")
    placed = []
    for position in order.tolist():
        spot = _middle(shapes[position])
        if spot is None:
            continue
        found = next(
            (
                one
                for most in (most_mm, _NARROW * most_mm)
                if (one := _label(room, names[position], spot, most, beside))
            ),
            None,
        )
        if found is not None:
            placed.append(found)
    return placed


def _label(
    room: Room, name: str, spot: tuple[float, float], most_mm: float, beside: shapely.Geometry | None
) -> dict[str, Any] | None:
    """A name in lines no wider than ``most_mm`` on the first spot that has room for its plate."""
    lines = wrapped(name, LABEL_PT, most_mm)
    height = len(lines) * LABEL_PT * _LINE * _POINT_MM + 2 * _PLATE_MM
    width = max(height, *(width_mm(line, LABEL_PT) for line in lines)) + 2 * _PLATE_MM
    for x, y in _tries(spot, room, width, height):
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        if beside is not None and shapely.clip_by_rect(beside, *box).area > _STRAYED * width * height:
            continue
        if room.take(box):
            placed = {"x": box[0], "y": box[1], "w": width, "h": height}
            return {**{key: round(value, 2) for key, value in placed.items()}, "lines": lines}
    return None


def _middle(shape: shapely.Geometry | None) -> tuple[float, float] | None:
    """The point of the largest part that lies farthest from its border."""
    parts = [one for one in shapely.get_parts(shape).tolist() if one.geom_type == "Polygon"]
    if not parts:
        return None
    largest = max(parts, key=lambda one: one.area)
    if largest.area < 4:
        return None
    inner = shapely.get_point(shapely.maximum_inscribed_circle(largest, tolerance=0.5), 0)
    return float(inner.x), float(inner.y)


def _tries(spot: tuple[float, float], room: Room, width: float, height: float) -> Iterator[tuple[float, float]]:
    """The middle itself, moved into the frame where it must be, then a little around it."""
    frame = room.frame
    edge = 0.7

    def held(x: float, y: float) -> tuple[float, float]:
        x = min(max(x, width / 2 + edge), frame.width_mm - width / 2 - edge)
        return x, min(max(y, height / 2 + edge), frame.height_mm - height / 2 - edge)

    x, y = spot
    yield held(x, y)
    for step in (0.6, 1.2, 2.0):
        for dx, dy in ((0, -1), (0, 1), (-0.5, 0), (0.5, 0)):
            yield held(x + dx * width * step * 0.5, y + dy * height * step)


_AROUND = ((1, 0.0), (-1, 0.0), (0, -2.1), (0, 2.1), (1, -1.6), (1, 1.6), (-1, -1.6), (-1, 1.6))
"""Where a number is tried: so many widths to the right of its point, so many millimetres below."""


def numbers(
    room: Room, points: npt.NDArray[np.float64], digits: int, line: shapely.Geometry | None = None
) -> list[tuple[float, float] | None]:
    """The middle of the number beside each point, to its right, left, above or below; None where there is no room.

    A number stands on the ``line`` only where there is no room beside it.
    """
    width = width_mm("0" * digits, NUMBER_PT) + 0.5
    height = NUMBER_PT * _POINT_MM * 0.95
    found: list[tuple[float, float] | None] = []
    for x, y in points.tolist():
        around = [(x + right * (1.2 + width / 2), y + dy) for right, dy in _AROUND]
        boxes = [(a - width / 2, b - height / 2, a + width / 2, b + height / 2) for a, b in around]
        order = range(len(boxes))
        if line is not None:
            order = np.argsort([shapely.box(*box).intersects(line) for box in boxes], kind="stable").tolist()
        spot = next((around[one] for one in order if room.take(boxes[one])), None)
        found.append(None if spot is None else (round(spot[0], 2), round(spot[1], 2)))
    return found
