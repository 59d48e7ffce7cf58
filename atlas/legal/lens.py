"""What law and plan may say of a point or an area, as far as the loaded data tell: the legal lens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from atlas import sources
from atlas.built import Built
from atlas.config import Source
from atlas.errors import AtlasError
from atlas.language import Lang, Translator
from atlas.legal import findings, rules
from atlas.legal.findings import Asked, Row, Subject, called
from atlas.legal.reading import is_official, text_tags

SLOTS = ("municipal_plan", "reserves", "ownership")
"""Further constraints that the lens has room for; empty until a source of kind `areas` names one in `read.lens`."""
EDGE_M = {"parish": 50.0, "unit": 10.0, "census_block": 10.0}
"""How far an outline may be from the true border: parishes are generalised."""


def lens(
    built: Built,
    geometry: shapely.Geometry,
    *,
    crs: str = "EPSG:4326",
    lang: Lang = "pt",
    today: dt.date | None = None,
) -> list[Row]:
    """What may bind a point or an area, one row a finding, at least one a rule.

    A point inside a known building is asked for the building, since what is touched in part is subject as a whole.

    Parameters
    ----------
    built
        A built atlas.
    geometry
        A point or an area.
    crs
        Of the geometry.
    lang
        Of the sentences.
    today
        The day on which terms are counted; the day of the call unless given.

    Returns
    -------
    rows
        With ``rule`` (:data:`atlas.legal.rules.RULES`), ``answer`` (``inside``, ``possibly``, ``no_indication``),
        ``object``, ``grade``, ``distance_m``, ``source``, ``date``, ``text``. Every text ends with the version of the
        law and that it does not replace a certificate.

    Raises
    ------
    AtlasError
        The geometry is empty or does not touch the atlas's region, or the atlas reads no law.

    """
    t = Translator(lang)
    if not reads_law(built):
        raise AtlasError(
            "Este atlas não lê direito do património: só se conhece o de Portugal. Se a região é portuguesa, escreva "
            '`law = "pt"` em [atlas].',
            "This atlas reads no heritage law: only Portugal's is known. If the region is Portuguese, write "
            '`law = "pt"` in [atlas].',
            where="atlas.toml",
        )
    subject = subject_of(built, geometry, crs=crs)
    ask = Asked(built, subject, t, today or dt.date.today())
    rows: list[Row] = []
    for of_rule in (findings.heritage, findings.rehabilitation, findings.world, findings.archaeology, _units, _slots):
        rows += of_rule(ask)
    close = closing(t)
    return [{**row, "text": f"{row['text']} {close}"} for row in findings.in_order(rows)]


def reads_law(built: Built) -> bool:
    """Whether the region is under the law that the lens knows."""
    return built.atlas.atlas.law == "pt"


def closing(t: Translator) -> str:
    """How every text ends: the version of the law, and that no certificate is replaced."""
    return t("legal.closing", version=rules.LAW_VERSION, day=t.date(rules.CONSULTED))


def notes(t: Translator) -> list[str]:
    """What stands under every answer: that the law was read, what is to be confirmed, who is asked."""
    return [closing(t), t("legal.note.building_ban"), t("legal.note.unconfirmed"), t("legal.note.never_outside")]


def subject_of(built: Built, geometry: shapely.Geometry, *, crs: str = "EPSG:4326") -> Subject:
    """The geometry in the atlas's CRS, checked against its region; the building round a point where one is known."""
    moved = gpd.GeoSeries([geometry], crs=crs).to_crs(built.atlas.atlas.crs).iloc[0]
    if moved is None or shapely.is_empty(moved) or not np.isfinite(shapely.bounds(moved)).all():
        raise AtlasError(
            "A geometria está vazia ou tem coordenadas impossíveis. Indique um ponto ou uma área da região.",
            "The geometry is empty or has impossible coordinates. Give a point or an area of the region.",
        )
    moved = shapely.make_valid(moved)
    if not shapely.intersects(built.parents.geometry.to_numpy(), moved).any():
        raise _elsewhere(built, geometry)
    if moved.geom_type != "Point":
        return Subject(moved)
    return _building(built, moved) or Subject(moved, point=moved)


def _elsewhere(built: Built, geometry: shapely.Geometry) -> AtlasError:
    """The error of a geometry that the region does not hold; swapped coordinates are recognised."""
    spot = shapely.centroid(geometry)
    name = built.atlas.atlas.name
    swapped = gpd.GeoSeries([shapely.Point(spot.y, spot.x)], crs=4326).to_crs(built.atlas.atlas.crs)
    there = bool(shapely.intersects(built.parents.geometry.to_numpy(), swapped.iloc[0]).any())
    hint_pt = f"Estarão trocadas? A longitude vem primeiro: {spot.y:g} {spot.x:g}." if there else ""
    hint_en = f"Are they swapped? Longitude comes first: {spot.y:g} {spot.x:g}." if there else ""
    return AtlasError(
        f"As coordenadas {spot.x:g} {spot.y:g} (longitude, latitude) não pertencem à região do atlas «{name.pt}». "
        f"{hint_pt or 'Indique um local da região, ou o atlas que o contém.'}",
        f"The coordinates {spot.x:g} {spot.y:g} (longitude, latitude) do not lie in the region of the atlas "
        f"“{name.en}”. {hint_en or 'Give a place of the region, or the atlas that holds it.'}",
    )


def _building(built: Built, point: shapely.Point) -> Subject | None:
    """The smallest known building that holds the point."""
    records = built.store.read("records")
    found = records.iloc[np.sort(records.sindex.query(point, predicate="intersects"))]
    found = found[shapely.get_dimensions(found.geometry.to_numpy()) == 2]
    built_up = [text_tags(text).get("building", "no") != "no" for text in found["tags"]]
    found = found[np.array(built_up, dtype=bool)]
    if not len(found):
        return None
    smallest = found.iloc[int(np.argmin(shapely.area(found.geometry.to_numpy())))]
    return Subject(smallest.geometry, point=point, building=called(smallest["name"], smallest["record_id"]))


def _units(ask: Asked) -> Iterator[Row]:
    """Parish and census block, or whatever the atlas's units are."""
    atlas, t = ask.built.atlas, ask.t
    units, source = atlas.neighbourhoods, atlas.neighbourhoods.source
    kinds = {"parish": "parish", "census section": "census_block"}
    levels = (
        (kinds.get(units.unit.en.casefold(), "unit"), units.unit.in_(t.lang), ask.built.units),
        (kinds.get(units.parent_unit.en.casefold(), "unit"), units.parent_unit.in_(t.lang), ask.built.parents),
    )
    found = set()
    for rule, word, table in levels:
        if rule == "unit" and table is ask.built.parents:
            continue  # a municipality: named in its units' rows
        found.add(rule)
        yield from _inside(ask, rule, word, table.assign(source_id=source))
    blocks = _slot_sources(ask, "census_block")
    if atlas.neighbourhoods.within_source:
        blocks.append(ask.held[atlas.neighbourhoods.within_source])
    for block_source in {one.id: one for one in blocks}.values():
        found.add("census_block")
        yield from _inside(ask, "census_block", t("legal.word.block"), _areas(ask, block_source))
    if "census_block" not in found:
        address = rules.OFFICIAL_LAYERS["blocks"]
        yield ask.row("census_block", "no_indication", t("legal.load.census_block", address=address))


def _inside(ask: Asked, rule: str, word: str, table: gpd.GeoDataFrame) -> Iterator[Row]:
    """Units that hold the subject; both where it lies near the border between two."""
    edge = EDGE_M[rule]
    near = table[ask.subject.distances(table.geometry.to_numpy()) <= edge]
    for unit in (near.iloc[position] for position in range(len(near))):
        sure = len(near) == 1 or shapely.intersects(shapely.buffer(unit.geometry, -edge), ask.subject.geometry)
        code, name = str(unit["code"]), unit.get("name")
        parent = unit.get("parent_name")
        named = f"{name} ({code})" if isinstance(name, str) and name and name != code else code
        text = ask.t(
            "legal.unit.inside" if sure else "legal.unit.edge", word=word, object=named, edge=ask.t.number(edge)
        )
        above = ask.built.atlas.neighbourhoods.parent_unit.in_(ask.t.lang)
        in_parent = ask.t("legal.unit.parent", parent=parent, word=above) if isinstance(parent, str) and parent else ""
        yield ask.row(
            rule,
            "inside" if sure else "possibly",
            text,
            in_parent,
            name=named,
            distance=float(shapely.distance(unit.geometry, ask.subject.geometry)),
            sources=unit["source_id"],
        )


def _slots(ask: Asked) -> Iterator[Row]:
    """Plan, reserves, ownership: what a source gives, or how to load one."""
    for slot in SLOTS:
        given = _slot_sources(ask, slot)
        found = False
        for source in given:
            table = _areas(ask, source)
            touched = table[shapely.intersects(table.geometry.to_numpy(), ask.subject.geometry)]
            for area in (touched.iloc[position] for position in range(len(touched))):
                found = True
                answer = rules.answer_where_touched(official=is_official(source, otherwise=True), outline=True)
                text = ask.t(f"legal.slot.{slot}", object=area["name"])
                part = ask.part(area.geometry)
                yield ask.row(slot, answer, text, part, name=area["name"], distance=0.0, sources=source.id)
        if not found:
            key = "legal.none.slot" if given else f"legal.load.{slot}"
            text = ask.t(key, address=rules.OFFICIAL_LAYERS["plan"])
            yield ask.row(slot, "no_indication", text, sources="|".join(source.id for source in given))


def _slot_sources(ask: Asked, slot: str) -> list[Source]:
    return [source for source in ask.built.atlas.source if source.kind == "areas" and source.read.get("lens") == slot]


def _areas(ask: Asked, source: Source) -> gpd.GeoDataFrame:
    """The areas of a source with ``code`` and ``name``, in the atlas's CRS."""
    table: Any = sources.load(source, ask.built.atlas.folder).to_crs(ask.built.atlas.atlas.crs)
    texts = [one for one in table.columns if one != table.geometry.name]
    column = str(source.read.get("name") or source.read.get("code") or ("code" if "code" in texts else texts[0]))
    names = table[column].astype(str)
    return gpd.GeoDataFrame(
        {"code": names, "name": names, "source_id": source.id}, geometry=table.geometry.to_numpy(), crs=table.crs
    )
