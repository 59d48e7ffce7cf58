"""The rows of the lens about heritage and rehabilitation: what is touched, by which rule, and what to confirm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.built import Built
from atlas.language import Translator
from atlas.legal import rules
from atlas.legal.grades import Grade
from atlas.legal.rules import Answer
from atlas.legal.sites import grades_of, known
from atlas.legal.zones import OPERATIONS, Zones

Row = dict[str, Any]
WHOLE = 0.995  # share of an area from which it is not called touched in part


@dataclass(frozen=True)
class Subject:
    """What the law is asked about, in the atlas's CRS: a drawn area, a building, or a bare point."""

    geometry: shapely.Geometry
    point: shapely.Point | None = None
    building: str | None = None
    """What the building is called that stands in for the property round the point."""

    def distances(self, shapes: np.ndarray) -> np.ndarray:
        """Metres to each shape, missing ones far away."""
        found = np.asarray(shapely.distance(self.geometry, shapes), dtype=float)
        return np.where(np.isnan(found), np.inf, found)


class Asked:
    """One question to the lens: the subject, the sources' titles, the language, the day."""

    def __init__(self, built: Built, subject: Subject, t: Translator, today: dt.date) -> None:
        self.built, self.subject, self.t, self.today = built, subject, t, today
        self.held = {source.id: source for source in built.atlas.source}

    def row(
        self,
        rule: str,
        answer: Answer,
        *sentences: str,
        name: str | None = None,
        grade: str | None = None,
        distance: float | None = None,
        sources: str = "",
    ) -> Row:
        """One answer with the titles and the newest date of the ``|``-joined sources."""
        found = [self.held[one] for one in sources.split("|") if one in self.held]
        return {
            "rule": rule,
            "answer": answer,
            "object": name,
            "grade": grade,
            "distance_m": None if distance is None else round(float(distance), 1),
            "source": " · ".join(dict.fromkeys(source.title_in(self.t.lang) for source in found)) or None,
            "date": max((source.date for source in found), default=None),
            "text": " ".join(one for one in sentences if one),
        }

    def metres(self, distance: float) -> str:
        """A distance in words, rounded as the row's own figure is."""
        return self.t.number(round(float(distance), 1))

    def part(self, zone: shapely.Geometry) -> str:
        """That the subject is touched in part, and subject as a whole; empty where all of it is touched."""
        if self.subject.building is not None and self.subject.point is not None:
            if shapely.intersects(zone, self.subject.point):
                return ""
            return self.t("legal.part.building", building=self.subject.building)
        whole = shapely.area(self.subject.geometry)
        if not whole:
            return ""
        share = shapely.area(shapely.intersection(zone, self.subject.geometry)) / whole
        return "" if share >= WHOLE else self.t("legal.part.area", share=self.t.percent(share, 1))


def called(name: object, other: object) -> str:
    """What a row calls a thing: its name, or else its number."""
    return name if isinstance(name, str) and name else str(other)


def heritage(ask: Asked) -> Iterator[Row]:
    """Classified sites that are touched, general and special zones, municipal grade."""
    every, zones = known(ask.built)
    far = rules.search_m(outline=False)
    distance = ask.subject.distances(every.geometry.to_numpy())
    near = np.flatnonzero(distance <= far)
    grades = list(grades_of(every.iloc[near]))
    rows: list[Row] = []
    for position, grade in zip(near, grades, strict=True):
        rows += _of_site(ask, every.iloc[position], grade, float(distance[position]))
    rows += _protection_zones(ask, zones)
    yield from rows
    found = {row["rule"] for row in rows}
    looked_at = "|".join(dict.fromkeys("|".join(every["sources"]).split("|"))) if len(every) else ""
    with_zone = int(every["zone_kind"].ne("none").sum())
    if "classified" not in found:
        stated = sum(grade.id != "none" and not grade.inventory_only for grade in grades_of(every))
        yield ask.row("classified", "no_indication", ask.t.n("legal.none.classified", stated), sources=looked_at)
    if "general_zone" not in found:
        text = ask.t.n("legal.none.general_zone", with_zone)
        load = ask.t("legal.load.sites", address=rules.OFFICIAL_LAYERS["sites"])
        yield ask.row("general_zone", "no_indication", text, ask.t("legal.parcel"), load, sources=looked_at)
    if "special_zone" not in found:
        yield _no_zone(ask, "special_zone", zones.of("special"), rules.OFFICIAL_LAYERS["sites"])


def _of_site(ask: Asked, site: Any, grade: Grade, distance: float) -> Iterator[Row]:
    """What one site means for the subject."""
    t = ask.t
    name = called(site["name"], site["site_id"])
    label = t(f"legal.grade.{grade.shown}")
    about = {"name": name, "grade": grade.shown, "distance": distance, "sources": site["sources"]}
    said = {"object": name, "grade": label, "raw": grade.raw}
    doubt = t("legal.contradicted", raw=grade.raw) if grade.contradicted else ""
    if distance == 0:
        answer = rules.answer_where_touched(official=site["official"], outline=site["outline"])
        key = "inventory" if grade.inventory_only else grade.id
        touched = "no_indication" if grade.id == "none" else answer
        part = ask.part(site.geometry) if site["outline"] else ""
        limits = "" if site["official"] or grade.id in {"none", "within"} else t("legal.limits")
        yield ask.row("classified", touched, t(f"legal.touched.{_touched(key)}", **said), limits, part, doubt, **about)
    if distance > rules.search_m(outline=site["outline"]):
        return
    if grade.id == "municipal":
        yield ask.row("municipal_grade", "no_indication", t("legal.municipal", **said), doubt, **about)
    elif rules.has_general_zone(grade) and site["zone_kind"] != "special":
        answer = rules.answer_where_touched(official=site["official"], outline=site["outline"])
        kind = "official" if answer == "inside" else ("outline" if site["outline"] else "approximate")
        text = t(f"legal.general.{kind}", distance=ask.metres(distance), **said)
        pending = t("legal.general.pending") if grade.id == "pending" else ""
        world = t("legal.general.world") if grade.id == "world" else ""
        unknown = t("legal.general.unknown") if grade.id == "unknown" else ""
        part = ask.part(site["zone"]) if site["outline"] else ""
        prior = t("legal.prior_opinion")
        yield ask.row("general_zone", answer, text, pending, world, unknown, prior, part, doubt, **about)


def _touched(key: str) -> str:
    own = {"municipal", "pending", "within", "none", "unknown", "inventory", "world"}
    return key if key in own else "classified"


def _protection_zones(ask: Asked, zones: Zones) -> Iterator[Row]:
    """Zones as a source draws them: special, general, or with a word that is not known."""
    rule_of = {"special": "special_zone", "general": "general_zone", "drawn": "other_zone", "other": "other_zone"}
    for zone, distance in _touching(ask, zones.of(*rule_of), rules.search_m(outline=False)):
        drawn = shapely.get_dimensions(zone.geometry) == 2
        answer = rules.answer_where_touched(official=zone["official"], outline=bool(drawn))
        site = zone["site"] if isinstance(zone["site"], str) else ""
        sentences = [
            ask.t(f"legal.zone.{zone['kind']}", object=called(zone["name"], zone["zone_id"]), said=zone["said"] or ""),
            ask.t("legal.zone.site", site=site) if site else "",
            _dates(ask, zone),
            "" if drawn else ask.t("legal.point_only"),
            ask.t("legal.prior_opinion"),
            ask.part(zone.geometry) if drawn else "",
        ]
        yield ask.row(
            rule_of[zone["kind"]],
            answer,
            *sentences,
            name=called(zone["name"], zone["zone_id"]),
            grade=_grade_text(zone["grade"]),
            distance=distance,
            sources=zone["source_id"],
        )


def _grade_text(grade: object) -> str | None:
    return grade if isinstance(grade, str) else None


def _touching(ask: Asked, zones: gpd.GeoDataFrame, point_reach: float) -> Iterator[tuple[Any, float]]:
    """Zones that the subject touches, and mere points within reach."""
    shapes = zones.geometry.to_numpy()
    distance = ask.subject.distances(shapes)
    reach = np.where(shapely.get_dimensions(shapes) == 2, 0.0, point_reach)
    for position in np.flatnonzero(distance <= reach):
        yield zones.iloc[position], float(distance[position])


def _dates(ask: Asked, zone: Any) -> str:
    """Notice, publication and term of a zone, as far as they are known."""
    parts = [
        ask.t("legal.date.notice", notice=zone["notice"]) if isinstance(zone["notice"], str) else "",
        ask.t("legal.date.since", day=ask.t.date(_iso(zone["date"]))) if isinstance(zone["date"], str) else "",
        ask.t("legal.date.until", day=ask.t.date(_iso(zone["end"]))) if isinstance(zone["end"], str) else "",
    ]
    return " ".join(one for one in parts if one)


def _iso(text: str) -> str:
    """A whole date as ISO text, whatever the order it was written in; else as it stands."""
    first, last = rules.first_day(text), rules.last_day(text)
    return first.isoformat() if first is not None and first == last else text


def _no_zone(ask: Asked, rule: str, zones: gpd.GeoDataFrame, address: str) -> Row:
    """No zone of a kind here: what was looked through, or what to load where there is nothing to look through."""
    if len(zones):
        sources = "|".join(dict.fromkeys(zones["source_id"]))
        return ask.row(rule, "no_indication", ask.t.n(f"legal.none.{rule}", len(zones)), sources=sources)
    return ask.row(rule, "no_indication", ask.t(f"legal.load.{rule}", address=address))


def rehabilitation(ask: Asked) -> Iterator[Row]:
    """Rehabilitation areas and operations, with how they stand today."""
    _, zones = known(ask.built)
    operation_known = zones.operation_known
    found = False
    for zone, distance in _touching(ask, zones.of("area", *OPERATIONS), 0.0):
        found = True
        operation = zone["kind"] in OPERATIONS
        standing = rules.standing(
            operation=operation,
            since=rules.first_day(zone["date"]),
            until=rules.last_day(zone["end"]),
            operation_known=operation or bool(operation_known.get(zone.name, False)),
            today=ask.today,
        )
        drawn = shapely.get_dimensions(zone.geometry) == 2
        name = called(zone["name"], zone["zone_id"])
        yield ask.row(
            "rehabilitation_area",
            rules.answer_where_touched(official=zone["official"], outline=bool(drawn)),
            ask.t(f"legal.rehabilitation.{zone['kind']}", object=name),
            _dates(ask, zone),
            ask.t(f"legal.standing.{standing}"),
            ask.part(zone.geometry) if drawn else "",
            name=name,
            grade=zone["said"] if isinstance(zone["said"], str) else zone["kind"],
            distance=distance,
            sources=zone["source_id"],
        )
    if not found:
        yield _no_zone(ask, "rehabilitation_area", zones.of("area", *OPERATIONS), "")


def world(ask: Asked) -> Iterator[Row]:
    """World Heritage: an outline where one is given, else a circle as large as the site's area suggests."""
    zones = known(ask.built)[1].of("world")
    shapes = zones.geometry.to_numpy()
    distance = ask.subject.distances(shapes)
    drawn = shapely.get_dimensions(shapes) == 2
    reach = np.where(drawn, 0.0, [_world_reach(area) for area in zones["area_ha"]])
    touched = np.flatnonzero(distance <= reach)
    for position in touched:
        zone = zones.iloc[position]
        outline = bool(drawn[position])
        name = called(zone["name"], zone["zone_id"])
        yield ask.row(
            "world_heritage",
            rules.answer_where_touched(official=zone["official"], outline=outline),
            ask.t(
                f"legal.world.{'outline' if outline else 'point'}",
                object=name,
                distance=ask.metres(distance[position]),
                reach=ask.metres(reach[position]),
            ),
            ask.t("legal.world.grade"),
            ask.part(zone.geometry) if outline else "",
            name=name,
            grade="world",
            distance=float(distance[position]),
            sources=zone["source_id"],
        )
    if not len(touched):
        lost = [str(name) for name in zones.loc[shapely.is_missing(shapes), "name"]]
        without = ask.t("legal.world.lost", names=", ".join(lost)) if lost else ""
        row = _no_zone(
            ask, "world_heritage", zones[~shapely.is_missing(shapes)], rules.OFFICIAL_LAYERS["atlas_of_heritage"]
        )
        yield {**row, "text": " ".join(one for one in (row["text"], without) if one)}


def _world_reach(area_ha: object) -> float:
    """How far from its point a site may reach: twice the radius of a circle of its area, since no site is round."""
    try:
        hectares = float(str(area_ha).replace(",", "."))
    except ValueError:
        return rules.WORLD_SEARCH_M
    return (
        max(2 * sqrt(hectares * 10_000 / pi), rules.search_m(outline=False)) if hectares > 0 else rules.WORLD_SEARCH_M
    )


def archaeology(ask: Asked) -> Iterator[Row]:
    """Known archaeological sites near by, which are no zone of their own."""
    places = ask.built.store.read("places")
    listed = places[("|" + places["layers"].fillna("") + "|").str.contains("|archaeology|", regex=False)]
    shapes = listed.geometry.to_numpy()
    distance = ask.subject.distances(shapes)
    outline = shapely.get_dimensions(shapes) > 0
    reach = np.where(outline, rules.search_m(outline=True), rules.search_m(outline=False))
    near = np.flatnonzero(distance <= reach)
    for position in near:
        place = listed.iloc[position]
        name = called(place["name"], place["place_id"])
        text = ask.t("legal.archaeology", object=name, distance=ask.metres(distance[position]))
        yield ask.row(
            "archaeology",
            "possibly",
            text,
            "" if outline[position] else ask.t("legal.point_only"),
            name=name,
            distance=float(distance[position]),
            sources=place["sources"],
        )
    if not len(near):
        sources = "|".join(dict.fromkeys("|".join(pd.Series(listed["sources"].unique(), dtype=object)).split("|")))
        address = rules.OFFICIAL_LAYERS["archaeology"]
        text = ask.t.n("legal.none.archaeology", len(listed)) if len(listed) else ""
        load = "" if len(listed) else ask.t("legal.load.archaeology", address=address)
        yield ask.row("archaeology", "no_indication", text, load, sources=sources)


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By rule, then by answer, then by distance."""
    rank = {rule: position for position, rule in enumerate(rules.RULES)}
    return sorted(
        rows,
        key=lambda row: (
            rank[row["rule"]],
            rules.ANSWERS.index(row["answer"]),
            row["distance_m"] if row["distance_m"] is not None else 0.0,
            row["object"] or "",
        ),
    )
