"""Coordinates as people write them: a spot, and the corners of an area."""

from __future__ import annotations

import json
import re
from typing import Any

from atlas.errors import ConfigError

Spot = tuple[float, float]
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def spot_of(text: str) -> Spot:
    """Longitude and latitude in a text; decimal points or commas.

    >>> spot_of("-8.611, 41.149"), spot_of("−8,611 41,149")
    ((-8.611, 41.149), (-8.611, 41.149))
    """
    numbers = [float(one.replace(",", ".")) for one in _NUMBER.findall(text.replace("\N{MINUS SIGN}", "-"))]
    if len(numbers) != 2 or abs(numbers[0]) > 180 or abs(numbers[1]) > 90:
        pt, en = (f"«{text.strip()}» não diz onde", f"“{text.strip()}” does not say where")
        if not text.strip():
            pt, en = "Falta dizer onde", "It is not said where"
        raise ConfigError(
            f"{pt}. Escreva a longitude e depois a latitude, em graus decimais, ou clique no mapa.",
            f"{en}. Write the longitude and then the latitude, in decimal degrees, or click on the map.",
        )
    return numbers[0], numbers[1]


def ring_of(text: str) -> list[Spot]:
    r"""The corners of an area: one a line, or the outer ring of a GeoJSON polygon.

    >>> ring_of("-8.6 41.1\n-8.5 41.1\n\n-8.5 41.2")
    [(-8.6, 41.1), (-8.5, 41.1), (-8.5, 41.2)]
    >>> ring_of('{"type": "Polygon", "coordinates": [[[0, 1], [2, 1], [2, 3], [0, 1]]]}')
    [(0.0, 1.0), (2.0, 1.0), (2.0, 3.0)]
    """
    if text.lstrip().startswith("{"):
        corners = _of_geojson(text)
    else:
        corners = [spot_of(line) for line in text.splitlines() if line.strip()]
    if len(corners) > 3 and corners[0] == corners[-1]:
        corners = corners[:-1]
    if len(corners) < 3:
        raise ConfigError(
            "Uma área precisa de três cantos, pelo menos: um por linha, longitude e latitude.",
            "An area needs three corners at least: one a line, longitude and latitude.",
        )
    return corners


def _of_geojson(text: str) -> list[Spot]:
    """The outer ring of the first polygon."""
    try:
        found: Any = json.loads(text)
        if found.get("type") == "FeatureCollection":
            found = found["features"][0]
        if found.get("type") == "Feature":
            found = found["geometry"]
        rings = found["coordinates"][0] if found["type"] == "MultiPolygon" else found["coordinates"]
        if found["type"] not in {"Polygon", "MultiPolygon"}:
            raise ValueError(found["type"])
        return [(float(corner[0]), float(corner[1])) for corner in rings[0]]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as fault:
        raise ConfigError(
            "O GeoJSON não tem um polígono que se leia. Cole um Polygon, uma Feature ou uma FeatureCollection.",
            "The GeoJSON holds no polygon that can be read. Paste a Polygon, a Feature or a FeatureCollection.",
        ) from fault
