"""What OpenStreetMap leaves to its readers: which closed ways are areas, and rings put together from pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from atlas.errors import SourceError
from atlas.sources import listed
from atlas.sources._opl import Tags
from atlas.tags import STAGES

# A closed way is an area if it has one of these keys (any value; only these values; any but these values).
# After the list that overpass-turbo and iD share (osm-polygon-features, CC0).
_ALWAYS = {
    "aeroway", "amenity", "area:highway", "boundary", "building", "building:part", "club", "craft", "golf",
    "healthcare", "historic", "indoor", "landuse", "leisure", "man_made", "military", "natural", "office", "place",
    "public_transport", "ruins", "shop", "telecom", "tourism",
}  # fmt: skip
_ONLY = {
    "highway": {"services", "rest_area", "escape", "elevator"},
    "waterway": {"riverbank", "dock", "boatyard", "dam"},
    "railway": {"station", "turntable", "roundhouse", "platform"},
    "power": {"plant", "substation", "generator", "transformer"},
}
_BUT = {
    "natural": {"coastline", "cliff", "ridge", "arete", "tree_row"},
    "man_made": {"cutline", "embankment", "pipeline"},
    "aeroway": {"taxiway"},
    "historic": {"aqueduct", "citywalls", "city_wall", "railway", "road"},
}

_PREFIXES = tuple(f"{stage}:" for stage in (*STAGES, "ruins"))


def is_area(tags: Mapping[str, str]) -> bool:
    """Whether a closed way with these tags is an area and not a line that ends where it began.

    >>> is_area({"amenity": "theatre"}), is_area({"disused:shop": "books"}), is_area({"highway": "residential"})
    (True, True, False)
    >>> is_area({"highway": "pedestrian", "area": "yes"}), is_area({"building": "yes", "area": "no"})
    (True, False)
    """
    told = tags.get("area")
    if told in ("yes", "no"):
        return told == "yes"
    for key, value in tags.items():
        bare = _bare(key)
        if value != "no" and ((bare in _ALWAYS and value not in _BUT.get(bare, ())) or value in _ONLY.get(bare, ())):
            return True
    return False


def _bare(key: str) -> str:
    """A key without the stage of life before it."""
    return key.split(":", 1)[1] if key.startswith(_PREFIXES) else key


def are_areas(tags: Tags) -> NDArray[np.bool_]:
    """:func:`is_area` of many objects.

    >>> from pyarrow import array
    >>> are_areas(Tags(array(["Tamenity=theatre", "Tbuilding=yes,area=no", "Thighway=path", "T"]))).tolist()
    [True, False, False, False]
    """
    areas = tags.having(lambda key: key == "area" or (bare := _bare(key)) in _ALWAYS or bare in _ONLY, _tells_area)
    return areas & ~tags.having("area".__eq__, lambda _, value: value == "no")


def _tells_area(key: str, value: str) -> bool:
    return is_area({key: value})


def outlines(
    length: NDArray[np.int64], places: NDArray[np.float64], areas: NDArray[np.bool_]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Ways as lines, those that close and are areas as polygons; and which of these crossed themselves and were mended.

    Parameters
    ----------
    length
        How many nodes each way has.
    places
        Of the nodes, way after way. A way is None with fewer than two, or with NaN among them.
    areas
        Which ways are areas if they close.

    >>> outlines(np.array([2, 1]), np.array([[0, 0], [1, 1], [2, 2.0]]), np.array([False, False]))[0].tolist()
    [<LINESTRING (0 0, 1 1)>, None]
    """
    way = np.repeat(np.arange(len(length)), length)
    end = np.cumsum(length)
    whole = (length > 1) & (np.bincount(way, np.isnan(places[:, 0]), len(length)) == 0)
    closed = np.flatnonzero(whole & areas & (length > 3))
    closed = closed[(places[end[closed] - length[closed]] == places[end[closed] - 1]).all(1)]
    ring = np.zeros(len(length), bool)
    ring[closed] = True
    line = whole & ~ring
    shapes = np.full(len(length), None, object)
    shapes[line] = shapely.linestrings(places[line[way]], indices=(np.cumsum(line) - 1)[way[line[way]]])
    rings = shapely.linearrings(places[ring[way]], indices=(np.cumsum(ring) - 1)[way[ring[way]]])
    shapes[ring] = shapely.polygons(rings)
    mended = np.zeros(len(length), bool)
    mended[closed] = ~shapely.is_valid(shapes[closed])
    for row in np.flatnonzero(mended):
        shapes[row] = area_within([shapely.get_coordinates(shapes[row])])
    return shapes, mended


def area_within(lines: Sequence[NDArray[np.float64]]) -> BaseGeometry | None:
    """The area that lines enclose by the even-odd rule, in whatever order and direction they come.

    Inner rings are holes and islands in them are areas, whatever role they were given; a stretch that two
    inner rings share is listed by both and so vanishes. None where the lines do not close: some point has
    an odd number of ends.

    >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], float)
    >>> area_within([square, square / 4 + 1]).area
    15.0
    >>> area_within([square[:3], square[2:4]]) is None
    True
    """
    ends = np.concatenate([line[[0, -1]] for line in lines])
    _, times = np.unique(ends.view(complex), return_counts=True)
    if (times % 2).any():
        return None
    line = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    noded = shapely.union_all(shapely.linestrings(np.concatenate(lines), indices=line))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    start = np.concatenate([line[:-1] for line in lines])
    end = np.concatenate([line[1:] for line in lines])
    points = shapely.get_coordinates(shapely.point_on_surface(faces)).tolist()
    inside = [face for face, (x, y) in zip(faces, points, strict=True) if _is_within(x, y, start, end)]
    return shapely.union_all(inside) if inside else None


def _is_within(x: float, y: float, start: NDArray[np.float64], end: NDArray[np.float64]) -> bool:
    """Whether a ray from the point crosses the segments an odd number of times."""
    straddles = (start[:, 1] > y) != (end[:, 1] > y)
    a, b = start[straddles], end[straddles]
    crossing = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return bool((crossing > x).sum() % 2)


def table(ids: Sequence[str], tags: Sequence[Mapping[str, str]], geometry: Any) -> GeoDataFrame:
    """Records as every reader of OpenStreetMap returns them: `record_id, name, tags, geometry`."""
    quoted = json.encoder.encode_basestring
    texts = [
        "{" + ", ".join([f"{quoted(key)}: {quoted(value)}" for key, value in sorted(one.items())]) + "}" for one in tags
    ]
    return GeoDataFrame(
        {"record_id": ids, "name": [one.get("name") for one in tags], "tags": texts},
        geometry=geometry,
        crs="EPSG:4326",
    ).astype({"record_id": "str", "name": "str", "tags": "str"})


def union_of(shapes: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """Shapes of the highest dimension as one: the relation of a site has no outline of its own."""
    if not shapes:
        return None
    dimension = shapely.get_dimensions(np.array(shapes))
    return shapely.union_all([shape for shape, d in zip(shapes, dimension, strict=True) if d == dimension.max()])


def has_outline(tags: Mapping[str, str]) -> bool:
    """Whether a relation is the outline of an area, put together from its members."""
    return tags.get("type") in ("multipolygon", "boundary")


def gave_up(remark: str, path: Path) -> SourceError:
    """The error on an answer of Overpass that stops half way."""
    return SourceError(
        f"O servidor desistiu a meio e a resposta está incompleta: «{remark}». Peça uma área mais pequena "
        "ou aumente [timeout:…] na consulta.",
        f"The server gave up half way and the answer is incomplete: “{remark}”. Ask for a smaller area "
        "or raise [timeout:…] in the query.",
        where=path.name,
    )


@dataclass
class Notes:
    """Ids of objects that were mended or had to be left out."""

    cut: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)

    def warnings(self) -> list[tuple[str, str]]:
        """Each kind counted, with the first ten."""
        return [
            *listed(
                self.cut,
                "# objeto tinha um texto mais longo do que o OpenStreetMap permite: ficou cortado em 255 caracteres"
                "|# objetos tinham um texto mais longo do que o OpenStreetMap permite: ficou cortado em 255 caracteres",
                "# object had a text longer than OpenStreetMap allows: it was cut at 255 characters"
                "|# objects had a text longer than OpenStreetMap allows: it was cut at 255 characters",
            ),
            *listed(
                self.deleted,
                "# objeto apagado fica de fora|# objetos apagados ficam de fora",
                "# deleted object is left out|# deleted objects are left out",
            ),
            *listed(
                self.mended,
                "# contorno que se cruzava foi refeito pela regra par-ímpar"
                "|# contornos que se cruzavam foram refeitos pela regra par-ímpar",
                "# outline that crossed itself was remade by the even-odd rule"
                "|# outlines that crossed themselves were remade by the even-odd rule",
            ),
            *listed(
                self.unclosed,
                "# relação cujo contorno não fecha fica de fora|# relações cujo contorno não fecha ficam de fora",
                "# relation whose outline does not close is left out"
                "|# relations whose outline does not close are left out",
            ),
            *listed(
                self.incomplete,
                "# objeto com partes que o ficheiro não traz fica de fora"
                "|# objetos com partes que o ficheiro não traz ficam de fora",
                "# object with parts that the file lacks is left out"
                "|# objects with parts that the file lacks are left out",
            ),
            *listed(
                self.malformed,
                "# objeto mal formado fica de fora|# objetos mal formados ficam de fora",
                "# malformed object is left out|# malformed objects are left out",
            ),
        ]
