"""The product's colours, as data: maps, charts, exports and sheets take them from here and nowhere else.

Each ramp was chosen for its least CAM02-UCS ΔE between any two classes, seen normally and under full deutan,
protan and tritan simulation; lightness falls evenly, so it prints in grey. A colour never stands alone: areas,
legend boxes and symbols have an ink outline, and the class's number or its word stands beside it.
"""

from __future__ import annotations

from typing import Final

INK: Final = "#1b3a57"
"""Text, outlines and the selection's line."""
ACTION: Final = "#1f5f8b"
"""What can be pressed."""
SECONDARY: Final = "#5b6770"
"""Text that explains; the hatch of insufficient data."""
ERROR: Final = "#b3261e"
PAPER: Final = "#ffffff"
"""The page; the casing of the selection's line."""
SURFACE: Final = "#f4f6f8"
"""A field apart from the page, without a box."""
BORDER: Final = "#c8d0d8"
"""Lines between things that are not outlines of areas."""

DARK: Final = {"paper": "#12181f", "ink": "#e6edf3", "secondary": "#9aa7b2", "action": "#7cc4f0"}
"""The same roles on a dark page."""

POTENTIAL: Final = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
"""Five classes of potential and of its pillars, low to high."""
DECLINE: Final = ("#faebdd", "#f6b48f", "#f37651", "#cb1b4f", "#701f57")
"""Five classes of decline and of housing pressure, low to high."""
OWN: Final = ("#f6eef5", "#dbb8d8", "#bb80ba", "#8a4a93", "#4a1a5c")
"""Five classes of a figure that a reader brought, low to high: none of the atlas's own."""

BIVARIATE: Final = (
    ("#f3f3f3", "#b4d3e1", "#509dc2"),
    ("#f3e6b3", "#b3b3b3", "#376387"),
    ("#f3b300", "#b36600", "#000000"),
)
"""Potential against decline: rows of decline (low first), within a row potential (low first)."""

READINGS: Final = {
    "opportunity": "#D55E00",
    "consolidate": "#0072B2",
    "basic_investment": "#E69F00",
    "follow": "#999999",
}
"""The four readings of potential against decline."""

HATCH: Final = SECONDARY
"""Insufficient data, and nothing else: no fill, lines at 45° in this colour."""
SELECTION_WIDTH_PX: Final = 3
"""Width of the selected unit's outline in ink; a white casing lies under it."""

PLACES: Final = {
    "heritage": "#7a4b12",
    "archaeology": "#4d3b2f",
    "museums": "#6a3d9a",
    "performance": "#b3261e",
    "cinemas": "#8c2d5f",
    "libraries": "#1f5f8b",
    "galleries": "#c2185b",
    "education": "#1b7a5a",
    "third_places": "#a15c00",
    "reusable": "#333333",
    "green": "#2e6b1f",
    "transport": "#46566b",
    "agglomerations": "#4a2c85",
    "network": "#0b6e75",
}
"""Points of a layer; they too have a light outline and their name in the legend."""


def ramp(index_id: str) -> tuple[str, ...]:
    """The five colours of an index or a pillar.

    >>> ramp("decline_people")[0], ramp("p4")[0]
    ('#faebdd', '#ffffcc')
    """
    return DECLINE if index_id.startswith(("decline", "pressure")) else POTENTIAL


def cell_colour(cell: str) -> str:
    """The colour of one of the nine cells: the potential's letter, then the decline's.

    >>> cell_colour("HL"), cell_colour("LH")
    ('#509dc2', '#f3b300')
    """
    potential, decline = ("LMH".index(letter) for letter in cell)
    return BIVARIATE[decline][potential]


def place_colour(layer_id: str) -> str:
    """The colour of a layer's points; the secondary colour for a layer that has none of its own.

    >>> place_colour("museums") != place_colour("one of my own") == SECONDARY
    True
    """
    return PLACES.get(layer_id, SECONDARY)


def text_on(colour: str) -> str:
    """Ink or white, whichever reads better on ``colour`` (WCAG 2.2 relative luminance).

    >>> text_on("#ffffcc") == INK, text_on("#253494") == PAPER
    (True, True)
    """
    background = _luminance(colour)

    def contrast(text: str) -> float:
        lighter, darker = sorted((background, _luminance(text)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)

    return max((INK, PAPER), key=contrast)


def _luminance(colour: str) -> float:
    """Relative luminance of an ``#rrggbb`` colour."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
