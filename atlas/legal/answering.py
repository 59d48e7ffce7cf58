"""What ``atlas legal`` reads from its arguments and says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj
import shapely

from atlas.answers import Answer
from atlas.built import Built
from atlas.errors import AtlasError, SourceError, refusal
from atlas.language import Lang, Translator
from atlas.legal import rules
from atlas.legal.findings import Row
from atlas.legal.grades import GRADES
from atlas.legal.lens import lens, notes, subject_of
from atlas.legal.sites import count_table

MOST_TEXT_BYTES = 4 * 1024**2
SHOWN_RAW = 70


def point_of(lon: str | None, lat: str | None) -> shapely.Point:
    """The point that two words give in degrees; a decimal comma is understood.

    >>> point_of("-8,611", "41.146")
    <POINT (-8.611 41.146)>
    """
    if lon is None or lat is None:
        raise AtlasError(
            "Faltam coordenadas. Indique longitude e latitude (`atlas legal -8.611 41.146`) ou `--area FICHEIRO`.",
            "Coordinates are missing. Give longitude and latitude (`atlas legal -8.611 41.146`) or `--area FILE`.",
        )
    return shapely.Point(_degrees(lon, 180), _degrees(lat, 90))


def refuse_more(word: str | None) -> None:
    """Beside what takes the place of coordinates stands the atlas and no more."""
    if word is not None:
        raise AtlasError(
            f"Com `--area` ou `--grades` indica-se só o atlas; «{word}» está a mais.",
            f"Beside `--area` or `--grades` only the atlas is named; “{word}” is too much.",
        )


def _degrees(word: str, most: int) -> float:
    try:
        value = float(word.replace(",", ".").replace("−", "-"))
    except ValueError:
        value = float("nan")
    if not -most <= value <= most:
        raise AtlasError(
            f"«{word}» não serve como coordenada: são graus decimais entre −{most} e {most}, como em `-8.611 41.146`.",
            f"“{word}” will not do as a coordinate: decimal degrees from −{most} to {most}, as in `-8.611 41.146`.",
        )
    return value


def area_of(path: Path) -> shapely.Geometry:
    """All that a vector file draws, as one geometry in degrees; a text of WKT is in degrees unless it names a SRID."""
    from atlas.sources.vector import read_vector

    if not path.is_file():
        raise SourceError(
            "O ficheiro da área não existe. Verifique o caminho.",
            "The file of the area does not exist. Check the path.",
            where=str(path),
        )
    table = _of_text(path) if path.suffix.lower() in {".wkt", ".txt"} else read_vector(path).to_crs(4326)
    shapes = shapely.make_valid(table.geometry.to_numpy())
    drawn = shapely.union_all(shapes[~shapely.is_missing(shapes)])
    if shapely.is_empty(drawn):
        raise SourceError(
            "O ficheiro não tem nenhuma geometria. Desenhe a área e guarde-o de novo.",
            "The file holds no geometry. Draw the area and save it again.",
            where=str(path),
        )
    return drawn


def _of_text(path: Path) -> gpd.GeoDataFrame:
    """One geometry as well-known text, ``SRID=3763;POLYGON (…)`` or without the number."""
    with path.open("rb") as file:
        text = file.read(MOST_TEXT_BYTES).decode("utf-8", "replace").strip()
    srid, _, rest = text.rpartition(";")
    number = re.fullmatch(r"SRID=(\d{4,6})", srid.strip(), re.IGNORECASE)
    try:
        shape = shapely.from_wkt(rest if number else text)
        return gpd.GeoDataFrame(geometry=[shape], crs=int(number[1]) if number else 4326).to_crs(4326)
    except (shapely.errors.GEOSException, pyproj.exceptions.CRSError) as fault:
        pt, en = refusal(fault)
        raise SourceError(
            f"O ficheiro não se lê como WKT ({pt}). Escreva uma geometria, como `POLYGON ((-8.61 41.15, …))`.",
            f"The file does not read as WKT ({en}). Write one geometry, such as `POLYGON ((-8.61 41.15, …))`.",
            where=str(path),
        ) from None


def legal_answer(built: Built, geometry: shapely.Geometry, lang: Lang) -> Answer:
    """The lens on a geometry in degrees, as rows for programs and as a table with sentences for people."""
    t = Translator(lang)
    rows = lens(built, geometry, lang=lang)
    subject = subject_of(built, geometry)
    meta = {
        **built.meta,
        **_where(built, geometry),
        "building": subject.building,
        "law": {
            "version": rules.LAW_VERSION,
            "consulted": rules.CONSULTED,
            "citations": {key: one._asdict() for key, one in rules.CITATIONS.items()},
        },
        "notes": notes(t),
    }
    last = notes(t)[0]
    shown = [_shown(number, row, t) for number, row in enumerate(rows, 1)]
    said = [f"{number}. {row['text'].removesuffix(last).rstrip()}" for number, row in enumerate(rows, 1)]
    head = [_head(built, geometry, t)]
    if subject.building:
        head.append(t("legal.head.building", building=subject.building))
    return Answer(rows, meta, head="\n".join(head) + "\n", shown=shown, foot="\n".join(["", *said, "", *notes(t)]))


def grades_answer(built: Built, lang: Lang) -> Answer:
    """How many sites of each grade the loaded data hold, each with how a source writes it."""
    t = Translator(lang)
    table = count_table(built)
    rows = [
        {
            "grade": row.grade,
            "code": row.code or None,
            "sites": int(row.sites),
            "outlines": int(row.outlines),
            "contradicted": int(row.contradicted),
            "raw": row.raw,
        }
        for row in table.itertuples(index=False)
    ]
    shown = [
        {
            t("legal.column.grade"): t(f"legal.grade.{row['grade']}"),
            t("legal.column.code"): row["code"] or "—",
            t("legal.column.sites"): t.number(row["sites"]),
            t("legal.column.outlines"): t.number(row["outlines"]),
            t("legal.column.raw"): row["raw"] if len(row["raw"]) <= SHOWN_RAW else f"{row['raw'][: SHOWN_RAW - 1]}…",
        }
        for row in rows
    ]
    head = t.n("legal.grades.head", sum(row["sites"] for row in rows))
    return Answer(rows, built.meta, head=head + "\n", shown=shown, foot=t("legal.grades.foot"))


def _where(built: Built, geometry: shapely.Geometry) -> dict[str, Any]:
    """The question itself: a point, or the bounds and size of an area."""
    if geometry.geom_type == "Point":
        return {"lon": geometry.x, "lat": geometry.y}
    return {"bounds": [round(one, 6) for one in geometry.bounds], "area_ha": round(_hectares(built, geometry)[0], 4)}


def _hectares(built: Built, geometry: shapely.Geometry) -> tuple[float, float]:
    """Size of an area, and how much of it belongs to the region."""
    moved = gpd.GeoSeries([geometry], crs=4326).to_crs(built.atlas.atlas.crs).iloc[0]
    within = shapely.area(shapely.intersection(built.parents.geometry.to_numpy(), shapely.make_valid(moved))).sum()
    return float(shapely.area(moved)) / 1e4, float(within) / 1e4


def _head(built: Built, geometry: shapely.Geometry, t: Translator) -> str:
    if geometry.geom_type == "Point":
        return t("legal.head.point", lon=f"{geometry.x:g}", lat=f"{geometry.y:g}")
    size, within = _hectares(built, geometry)
    if not size:
        return t("legal.head.other")
    whole = t("legal.head.area", area=t.number(size, 2))
    partly = within / size
    return whole if partly > 0.999 else f"{whole} {t('legal.head.partly', share=t.percent(partly, 1))}"


def _shown(number: int, row: Row, t: Translator) -> dict[str, str]:
    far = row["distance_m"]
    return {
        t("legal.column.number"): str(number),
        t("legal.column.answer"): t(f"legal.answer.{row['answer']}"),
        t("legal.column.rule"): t(f"legal.rule.{row['rule']}"),
        t("legal.column.object"): row["object"] or "",
        t("legal.column.grade"): _grade(row["grade"], t),
        t("legal.column.distance"): "" if far is None else f"{t.number(far)} m",
        t("legal.column.source"): ", ".join(one for one in (row["source"], t.date(row["date"] or "")) if one),
    }


def _grade(grade: str | None, t: Translator) -> str:
    """A code as it is, the id of a grade in words, what a source says as it says it."""
    return t(f"legal.grade.{grade}") if grade in GRADES else grade or ""
