"""Outlines as a coverage: what is wrong between neighbours is mended, and what stays open is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
import shapely

from atlas.language import counted, percent, written
from atlas.sources import first_ten

GAP_WIDTH_M = 50.0  # gaps between neighbours up to this width are closed; wider ones are bays and rivers
OPEN_WIDTH_M = 100.0  # gaps open to the outside are still said up to this width; what is wider is water or a plain
MOUTH = 0.25  # of the contact with neighbours: what is open beyond it is a bay
ONE_SIDE = 0.75  # of the contact with neighbours: more of it with one unit is a dent of that unit
FLARE = 1.6  # times the area: what grows by more in twice the width is the tip of something wide
NEAR_M = 0.05
LEAST_M2 = 0.5


def repair_coverage(geometry: np.ndarray, codes: pd.Index, name: str, repairs: list[tuple[str, str]]) -> np.ndarray:
    """Outlines as a coverage: valid, without overlaps, gaps up to 50 m closed; what was done is added to ``repairs``.

    A gap may lie between its neighbours all around, or be a slit that is open to the outside at one end or both. What
    is wider stays, and is said too. An outline that needs nothing comes back as it is.

    Parameters
    ----------
    geometry
        Polygons in metres, one a unit.
    codes
        Of the units, in the same order.
    name
        Of the file, for what is said.

    """
    invalid = ~shapely.is_valid(geometry)
    if invalid.any():
        geometry = geometry.copy()
        geometry[invalid] = areas_of(shapely.make_valid(geometry[invalid]))
        count, first = int(invalid.sum()), first_ten(codes[invalid])
        repairs.append((
            f"{name}: {counted('pt', count, '# contorno inválido reparado|# contornos inválidos reparados')} ({first})",
            f"{name}: {counted('en', count, '# invalid outline|# invalid outlines')} repaired ({first})",
        ))  # fmt: skip
    if len(geometry) < 2:
        return geometry
    if not shapely.coverage_is_valid(geometry):
        geometry = _cleaned(geometry, codes, name, repairs)
    return _without_slits(geometry, codes, name, repairs)


def areas_of(shapes: np.ndarray) -> np.ndarray:
    """The areas of each shape, as one; collections may hold collections."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts, deeper = shapely.get_parts(parts, return_index=True)
        row = row[deeper]
    area = shapely.get_dimensions(parts) == 2
    return np.array([shapely.union_all(parts[area & (row == one)]) for one in range(len(shapes))], dtype=object)


def _cleaned(geometry: np.ndarray, codes: pd.Index, name: str, repairs: list[tuple[str, str]]) -> np.ndarray:
    before = shapely.area(geometry)
    clean = _without_gaps(np.asarray(shapely.coverage_clean(geometry)))
    moved = np.abs(shapely.area(clean) - before) / before
    touched = codes[np.argsort(-moved, kind="stable")[: int((moved > 1e-9).sum())]]
    if not len(touched):  # corners of neighbours that differ in their last digits
        return clean
    pt, en = (counted(lang, len(touched), forms) for lang, forms in (
        ("pt", "# contorno|# contornos"), ("en", "# outline|# outlines")))  # fmt: skip
    most = float(moved.max())
    repairs.append((
        f"{name}: sobreposições e falhas entre vizinhos corrigidas em {pt} ({first_ten(touched)}); "
        f"as áreas mudaram até {percent('pt', most, 1)}",
        f"{name}: overlaps and gaps between neighbours mended in {en} ({first_ten(touched)}); "
        f"no area moved by more than {percent('en', most, 1)}",
    ))  # fmt: skip
    return clean


def _without_gaps(geometry: np.ndarray) -> np.ndarray:
    """A coverage in which each gap that is closed all around and narrow has gone to the unit that borders it longest.

    GEOS does the same where it is given the width, and takes five times as long over thousands of gaps.
    """
    whole = shapely.get_parts(shapely.coverage_union_all(geometry))
    gaps = _holes(whole)
    gaps = gaps[shapely.is_empty(shapely.buffer(gaps, -GAP_WIDTH_M / 2))]
    if not len(gaps):
        return geometry
    island, around = shapely.STRtree(gaps).query(whole, predicate="within")
    for row in np.unique(around):
        gaps[row] = shapely.difference(gaps[row], shapely.union_all(whole[island[around == row]]))
    contacts, _ = _contacts(gaps, shapely.STRtree(geometry))
    owner = contacts.groupby("part")["unit"].first()
    filled = geometry.copy()
    for unit, mine in owner.groupby(owner).groups.items():
        filled[unit] = shapely.coverage_union_all([geometry[unit], *gaps[mine]])
    return filled if shapely.coverage_is_valid(filled) else np.asarray(shapely.coverage_clean(filled))


def _holes(polygons: np.ndarray) -> np.ndarray:
    """The inner rings of some polygons, as polygons."""
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    return shapely.polygons(rings[np.diff(polygon, prepend=-1) == 0])


@dataclass(frozen=True)
class _Slits:
    """Narrow gaps that are open to the outside, and how long each unit borders them."""

    parts: np.ndarray
    contacts: pd.DataFrame
    """``part`` and ``unit`` (positions), ``length`` in metres; the longest of each part first."""

    def pairs(self, codes: pd.Index) -> list[str]:
        """The two units that border each the longest, the largest slit first."""
        between = self.contacts.groupby("part")["unit"].apply(lambda units: "–".join(sorted(codes[units.iloc[:2]])))
        return [between[part] for part in np.argsort(-shapely.area(self.parts), kind="stable")]


def _without_slits(geometry: np.ndarray, codes: pd.Index, name: str, repairs: list[tuple[str, str]]) -> np.ndarray:
    """A coverage whose narrow open slits have gone to the neighbours; wider gaps are said, open and closed ones."""
    whole = shapely.get_parts(shapely.coverage_union_all(geometry))
    holes = _holes(whole)
    whole = shapely.union_all(shapely.polygons(shapely.get_exterior_ring(whole)))  # gaps all around are not open
    tree = shapely.STRtree(geometry)
    closed = cache(partial(_closed, whole))
    narrow = _slits(closed, GAP_WIDTH_M, tree)
    wide = _slits(closed, OPEN_WIDTH_M, tree, known=narrow.parts)
    if len(narrow.parts):
        pt, en = (counted(lang, len(narrow.parts), forms) for lang, forms in (
            ("pt", "# fenda aberta entre vizinhos fechada|# fendas abertas entre vizinhos fechadas"),
            ("en", "# open slit between neighbours closed|# open slits between neighbours closed")))  # fmt: skip
        hectares, first = shapely.area(narrow.parts).sum() / 1e4, first_ten(narrow.pairs(codes))
        repairs.append((
            f"{name}: {pt}, com até {GAP_WIDTH_M:.0f} m de largura ({first}); ao todo {written('pt', hectares, 1)} ha",
            f"{name}: {en}, up to {GAP_WIDTH_M:.0f} m wide ({first}); {written('en', hectares, 1)} ha in all",
        ))  # fmt: skip
        geometry = _given_away(geometry, narrow)
    if len(wide.parts):
        pt, en = (counted(lang, len(wide.parts), forms) for lang, forms in (
            ("pt", "# falha aberta entre vizinhos fica|# falhas abertas entre vizinhos ficam"),
            ("en", "# open gap between neighbours stays|# open gaps between neighbours stay")))  # fmt: skip
        between, first = f"{GAP_WIDTH_M:.0f}–{OPEN_WIDTH_M:.0f} m", first_ten(wide.pairs(codes))
        repairs.append((
            f"{name}: {pt}, com {between} de largura ({first}). Se não for água, corrija os contornos",
            f"{name}: {en}, {between} wide ({first}). Unless it is water, mend the outlines",
        ))  # fmt: skip
    contacts, _ = _contacts(holes, tree)
    shared = np.flatnonzero(np.bincount(contacts["part"], minlength=len(holes)) > 1)  # else it is a lake of one unit
    if len(shared):
        contacts = contacts[contacts["part"].isin(shared)]
        held = _Slits(holes[shared], contacts.assign(part=np.searchsorted(shared, contacts["part"])))
        pt, en = (counted(lang, len(shared), forms) for lang, forms in (
            ("pt", "# vazio entre vizinhos não pertence|# vazios entre vizinhos não pertencem"),
            ("en", "# hole between neighbours belongs|# holes between neighbours belong")))  # fmt: skip
        km2, first = shapely.area(holes[shared]).sum() / 1e6, first_ten(held.pairs(codes))
        repairs.append((
            f"{name}: {pt} a nenhuma unidade ({first}); ao todo {written('pt', km2, 2)} km². Se não for água, corrija "
            "os contornos",
            f"{name}: {en} to no unit ({first}); {written('en', km2, 2)} km² in all. Unless it is water, mend the "
            "outlines",
        ))  # fmt: skip
    return geometry


def _closed(shape: shapely.Geometry, width: float) -> np.ndarray:
    """What has to be added so that nothing narrower than ``width`` lies open beside or within a shape, in parts."""
    corners = {"join_style": "mitre", "mitre_limit": 2.0}
    wide = shapely.buffer(shapely.buffer(shape, width / 2, **corners), -width / 2, **corners)
    parts = shapely.get_parts(shapely.difference(wide, shape))
    return parts[shapely.area(parts) > LEAST_M2]


def _slits(
    closed: Callable[[float], np.ndarray], width: float, tree: shapely.STRtree, known: np.ndarray | None = None
) -> _Slits:
    """What is closed in a width that is a slit between units, and not the tip of something wide; not ``known`` ones.

    Natural dents of a coast have one unit around them, bays a mouth as wide as they are deep, and river mouths go on
    to widen: these are none.
    """
    parts = closed(width)
    contacts, mouth = _contacts(parts, tree)
    total = contacts.groupby("part")["length"].sum().reindex(range(len(parts)), fill_value=0.0).to_numpy()
    longest = contacts.groupby("part")["length"].max().reindex(range(len(parts)), fill_value=0.0).to_numpy()
    slit = (mouth <= MOUTH * total) & (longest <= ONE_SIDE * total)
    if known is not None and len(known):
        slit[shapely.STRtree(parts).query(shapely.point_on_surface(known), predicate="intersects")[1]] = False
    if slit.any():
        wider = closed(2 * width)
        within, around = shapely.STRtree(wider).query(shapely.point_on_surface(parts), predicate="intersects")
        grown = np.ones(len(parts))
        grown[within] = shapely.area(wider[around]) / shapely.area(parts[within])
        slit &= grown <= FLARE
    chosen = np.flatnonzero(slit)
    contacts = contacts[contacts["part"].isin(chosen)]
    return _Slits(parts[chosen], contacts.assign(part=np.searchsorted(chosen, contacts["part"])))


def _contacts(parts: np.ndarray, tree: shapely.STRtree) -> tuple[pd.DataFrame, np.ndarray]:
    """How long each part borders each unit, the longest first, and how long it borders none (metres)."""
    rings, part = shapely.get_parts(shapely.boundary(parts), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    part = part[ring[1:][same]]
    length = np.hypot(*(points[1:] - points[:-1])[same].T)
    middle = shapely.points((points[1:] + points[:-1])[same] / 2)
    segment, unit = tree.query_nearest(middle, max_distance=NEAR_M, all_matches=False)
    open_length = length.copy()
    open_length[segment] = 0.0
    found = pd.DataFrame({"part": part[segment], "unit": unit, "length": length[segment]})
    found = found.groupby(["part", "unit"], as_index=False)["length"].sum()
    found = found.sort_values(["part", "length", "unit"], ascending=[True, False, True], ignore_index=True)
    return found, np.bincount(part, open_length, minlength=len(parts))


def _given_away(geometry: np.ndarray, slits: _Slits) -> np.ndarray:
    """A coverage that holds the slits: each goes to the unit that borders it longest, a net of them to the nearest."""
    geometry = geometry.copy()
    pieces: dict[int, list[shapely.Geometry]] = {}
    for part, own in slits.contacts.groupby("part"):
        share = own["length"] / own["length"].sum()
        shape = slits.parts[part]
        if share.iloc[0] >= 0.4:  # two sides, or a long and two short ones
            pieces.setdefault(int(own["unit"].iloc[0]), []).append(shape)
        else:
            for unit, piece in _by_nearest(shape, own["unit"].to_numpy(), geometry):
                pieces.setdefault(unit, []).append(piece)
    for unit, added in pieces.items():
        geometry[unit] = shapely.union_all([geometry[unit], *added])
    near = np.unique(slits.contacts["unit"])
    mended = geometry.copy()
    mended[near] = shapely.coverage_clean(geometry[near], gap_width=1.0)  # the ends of a slit become common corners
    if not shapely.coverage_is_valid(mended):
        mended = np.asarray(shapely.coverage_clean(geometry, gap_width=1.0))
    return mended


def _by_nearest(shape: shapely.Geometry, units: np.ndarray, geometry: np.ndarray) -> list[tuple[int, shapely.Geometry]]:
    """What of a slit each unit reaches that borders it; all of it is reached, some of it twice."""
    reach = shapely.length(shapely.maximum_inscribed_circle(shape, tolerance=0.1)) + 0.1
    near = shapely.intersection(shapely.buffer(geometry[units], reach, join_style="mitre"), shape)
    return [(int(unit), piece) for unit, piece in zip(units, areas_of(near), strict=True)]
