"""The rules of heritage and rehabilitation law that the lens follows, each with its citation.

0. Three answers: ``inside``, ``possibly``, ``no_indication``. That a place is free of a constraint is never said: that
   takes a certificate.
1. The general zone is measured from a site's outline. Legal limits are those of the classification file (opinion
   138/2004), so that an outline of OpenStreetMap gives ``possibly`` at most; round a mere point 150 m are added, and
   it is called approximate.
2. What is touched in part is subject as a whole. Without a cadastre the building stands in for the property.
3. A special zone stands in place of the circle.
4. Municipal grade has no automatic zone (DL 309/2009, art. 58), though art. 43 of the law, read by the letter, would
   include it: the lens says both.
5. A level without a grade (``heritage=2``) is "national or public, grade not stated" (:mod:`atlas.legal.grades`).
6. World Heritage counts as of national interest (to be confirmed).
7. Works *may* require prior opinion; the version of the law and the day it was consulted are named.
8. Nothing here replaces a certificate.

Citations marked ``confirmed=False`` come from general knowledge and are shown as to be confirmed.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal, NamedTuple

from atlas.legal.grades import Grade, GradeId

Answer = Literal["inside", "possibly", "no_indication"]
ANSWERS: tuple[Answer, ...] = ("inside", "possibly", "no_indication")
RULES = (
    "classified", "general_zone", "special_zone", "municipal_grade", "other_zone", "rehabilitation_area",
    "world_heritage", "archaeology", "parish", "unit", "census_block", "municipal_plan", "reserves", "ownership",
)  # fmt: skip
"""What a row of the lens is about, in the order of the rows."""

GENERAL_ZONE_M = 50.0
"""General protection zone: Lei 107/2001, art. 43.º, n.º 1; DL 309/2009, art. 37.º."""
POINT_SEARCH_M = 150.0
"""Added round a site of which only a point is known: the point may stand anywhere in the site."""
WORLD_SEARCH_M = 1000.0
"""Round a World Heritage site of which only a point is known, and no area."""
REHABILITATION_YEARS = 3
"""An ARU lapses if its operation is not approved with it or within three years (RJRU)."""
OPERATION_YEARS = 15
"""Longest time that an operation is in force (RJRU, art. 20.º; to be confirmed)."""

LAW_VERSION = "DL 10/2024"
"""The last amendment of DL 309/2009 in the consolidated text that was consulted (its fourth version)."""
CONSULTED = "2026-11-24"
"""The day on which the consolidated texts were consulted."""


class Citation(NamedTuple):
    """Where a rule stands, and where it was read."""

    act: str
    says: str
    read_at: str
    confirmed: bool = True


CITATIONS: dict[str, Citation] = {
    "general_zone": Citation(
        "Lei 107/2001, art. 43.º, n.º 1",
        "automatic general zone of 50 m from the outer limits, classified or under procedure",
        "copy at panoramio.com/photo/17754631, not official; opinion 138/2004, dre.tretas.org/dre/2304442",
    ),
    "procedure": Citation(
        "DL 309/2009, art. 36.º",
        "under procedure: general zone, or a provisional special one",
        "pgdlisboa.pt, nid 1574",
    ),
    "whole_property": Citation(
        "DL 309/2009, art. 37.º, n.º 2",
        "a property touched in part is subject as a whole",
        "pgdlisboa.pt, nid 1574, artigo_id 1574A0041",
    ),
    "special_zone": Citation(
        "Lei 107/2001, art. 43.º, n.º 2", "a special zone by portaria", "copy at panoramio.com/photo/17754631"
    ),
    "prior_opinion": Citation(
        "DL 309/2009, art. 51.º",
        "prior opinion: under procedure, and classified of national or public interest",
        "pgdlisboa.pt, nid 1574, artigo_id 1574A0055",
    ),
    "interior_works": Citation(
        "DL 309/2009, art. 51.º, n.º 2",
        "works in the interior alone, without archaeological impact, are excepted",
        "pgdlisboa.pt, nid 1574, artigo_id 1574A0055",
    ),
    "limits": Citation(
        "Parecer 138/2004 (PGR)", "limits are those of the classification file", "dre.tretas.org/dre/2304442"
    ),
    "municipal": Citation(
        "DL 309/2009, arts. 57.º–58.º", "municipal grade: a special zone may be decided, none is automatic",
        "pgdlisboa.pt, nid 1574, artigo_id 1574A0062",
    ),
    "not_building_ban": Citation(
        "TCAN, 31-01-2020, proc. 00563/15.6BECBR", "the 50 m zone is no ban on building", "dgsi.pt"
    ),
    "rehabilitation": Citation(
        "DL 307/2009 (RJRU), Lei 32/2012",
        "an ARU lapses where its operation is not approved within three years",
        "livrozilla.com/doc/1407189; portaldahabitacao.pt",
    ),
    "operation": Citation(
        "DL 307/2009 (RJRU), art. 20.º",
        "an operation is in force for 15 years at most",
        "bill, debates.parlamento.pt, 2012-06-01",
        confirmed=False,
    ),
    "world_heritage": Citation(
        "Lei 107/2001, art. 15.º", "World Heritage counts as of national interest", "", confirmed=False
    ),
    "authority": Citation(
        "DL 78/2023",
        "since 2024 Património Cultural, I.P. succeeds the DGPC, the CCDR the regional directorates",
        "",
        confirmed=False,
    ),
}  # fmt: skip

_AUTOMATIC: frozenset[GradeId] = frozenset({"national", "public", "national_or_public", "pending", "world"})


def has_general_zone(grade: Grade) -> bool:
    """Whether a site of this grade has a general zone by law, or may have: its grade is of no municipal interest.

    A site that says it is protected and not how (``heritage=yes``) may have one; one that an inventory knows and no
    more has none.

    >>> [has_general_zone(Grade(one)) for one in ("public", "pending", "municipal", "within", "none", "unknown")]
    [True, True, False, False, False, True]
    """
    return grade.id in _AUTOMATIC or (grade.id == "unknown" and bool(not grade.inventory_only))


def search_m(*, outline: bool) -> float:
    """How far from a site its general zone may reach: 50 m from an outline, 200 m from a point.

    >>> search_m(outline=True), search_m(outline=False)
    (50.0, 200.0)
    """
    return GENERAL_ZONE_M if outline else GENERAL_ZONE_M + POINT_SEARCH_M


def answer_where_touched(*, official: bool, outline: bool) -> Answer:
    """What may be said of a zone that is touched: only official limits make it certain.

    >>> answer_where_touched(official=True, outline=True), answer_where_touched(official=False, outline=True)
    ('inside', 'possibly')
    """
    return "inside" if official and outline else "possibly"


Standing = Literal["in_force", "check_lapse", "check_term", "ended", "undated"]


def standing(
    *, operation: bool, since: dt.date | None, until: dt.date | None, operation_known: bool, today: dt.date
) -> Standing:
    """How a rehabilitation area stands today, as far as its dates tell; that it has lapsed is never said.

    Parameters
    ----------
    operation
        Whether the record is of an operation (ORU) and not of a mere area (ARU).
    since, until
        Day of publication and last day, where known.
    operation_known
        Whether an operation is known for the area.

    >>> day = dt.date(2026, 11, 24)
    >>> standing(operation=False, since=dt.date(2019, 5, 1), until=None, operation_known=False, today=day)
    'check_lapse'
    >>> standing(operation=False, since=dt.date(2023, 11, 24), until=None, operation_known=False, today=day)
    'in_force'
    >>> standing(operation=True, since=dt.date(2010, 1, 1), until=None, operation_known=True, today=day)
    'check_term'
    """
    if until is not None and until < today:
        return "ended"
    if operation or operation_known:
        old = operation and until is None and since is not None and _later(since, OPERATION_YEARS) < today
        return "check_term" if old else "in_force"
    if since is None:
        return "undated"
    return "check_lapse" if _later(since, REHABILITATION_YEARS) < today else "in_force"


def first_day(text: object) -> dt.date | None:
    """The earliest day that a written date may mean, so that a doubt about its age is raised rather than dropped.

    >>> first_day("12/03/2015"), first_day("2023"), first_day("em curso")
    (datetime.date(2015, 3, 12), datetime.date(2023, 1, 1), None)
    """
    return _day(text, last=False)


def last_day(text: object) -> dt.date | None:
    """The latest day that a written date may mean: a term ``2026`` has not ended before the year has.

    >>> last_day("2024-02"), last_day("2026")
    (datetime.date(2024, 2, 29), datetime.date(2026, 12, 31))
    """
    return _day(text, last=True)


_DATE = re.compile(r"^\s*(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?(?:[T ].*)?\s*$")
_DATE_DAY_FIRST = re.compile(r"^\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\s*$")


def _day(text: object, *, last: bool) -> dt.date | None:
    if not isinstance(text, str):
        return None
    if found := _DATE_DAY_FIRST.match(text):
        parts: list[int | None] = [int(found[3]), int(found[2]), int(found[1])]
    elif found := _DATE.match(text):
        parts = [int(part) if part else None for part in found.groups()]
    else:
        return None
    year, month, day = parts
    try:
        if day is not None:
            return dt.date(year or 0, month or 0, day)
        if not last:
            return dt.date(year or 0, month or 1, 1)
        after = dt.date((year or 0) + 1, 1, 1) if month in (None, 12) else dt.date(year or 0, (month or 0) + 1, 1)
        return after - dt.timedelta(days=1)
    except ValueError:
        return None


def _later(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return dt.date(day.year + years, 3, 1)


OFFICIAL_LAYERS = {
    "sites": "https://servicos.dgterritorio.pt/SDISNITWFSSRUP_IC_PT1/WFService.aspx",
    "atlas_of_heritage": "https://geo.patrimoniocultural.gov.pt/arcgis/rest/services/"
    "PatrimonioClassificadoEmViasClassificacao/Atlas_Patrimonio_Servicos/MapServer",
    "archaeology": "https://geo.patrimoniocultural.gov.pt/arcgis/rest/services/"
    "PatrimonioArqueologico/Sitios_Arqueologicos/MapServer/0",
    "plan": "https://ogcapi.dgterritorio.gov.pt/collections/crus_<municipio>",
    "blocks": "https://mapas.ine.pt/download/filesGPG/2021/municipios/BGRI2021_<DTMN>.zip",
}
"""Addresses of official layers as seen in public repositories; none was opened from here."""
