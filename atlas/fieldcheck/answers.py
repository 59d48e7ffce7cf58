"""The answers of a walk, read back from the form and held against themselves and against the atlas."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from atlas.built import Built
from atlas.errors import AtlasError, SourceError, Spot, in_lang, raise_first, refusal
from atlas.fieldcheck.form import ADDED, ANSWERS, ASKED, CHECK, NEW, NOTHING
from atlas.fieldcheck.origin import Origin, Record, read_origins
from atlas.fieldcheck.text import plain_line

NUDGED_M = 5.0  # a point that a finger pushed by less has not been moved
_FIRST_DAY = dt.date(2000, 1, 1)


@dataclass(frozen=True)
class Answer:
    """What was seen at one place of the list, or one place that was not on it (``place_id`` empty)."""

    where: str
    place_id: str
    answer: str
    name: str
    class_new: str
    same_as: str
    note: str
    by: str
    on: str
    lon: float
    lat: float
    moved_m: float


@dataclass(frozen=True)
class Walk:
    """All answers of a form, and how many places have none."""

    answers: tuple[Answer, ...]
    origins: Mapping[str, Origin]
    unvisited: int


def read_form(path: Path, built: Built, *, today: dt.date | None = None) -> Walk:
    """Read and check a form that came back.

    Raises
    ------
    SourceError
        The file is no form of this atlas; or, with every row named, answers that miss something, contradict
        themselves or each other, or are about what the atlas does not know.

    """
    check, added = _layer(path, CHECK, ("place_id", *ASKED)), _layer(path, ADDED, NEW)
    origins = _origins(path, built)
    listed = [_answer(path, CHECK, fid, row, origins, built) for fid, row in _rows(check, built)]
    found = [_answer(path, ADDED, fid, row, {}, built) for fid, row in _rows(added, built)]
    given = [one for one in listed if _touched(one)]
    day = today or dt.datetime.now(tz=dt.UTC).astimezone().date()
    records = built.store.read("records")
    held = set(records[["source_id", "record_id"]].itertuples(index=False, name=None))
    faults = [fault for one in given for fault in _faults(one, origins, held, built, day)]
    faults += [fault for one in found for fault in _faults_of_new(one, built, day)]
    faults += list(_between(given, found))
    raise_first(faults)
    return Walk((*given, *found), origins, len(listed) - len(given))


def _layer(path: Path, name: str, columns: tuple[str, ...]) -> gpd.GeoDataFrame:
    if not path.is_file():
        raise SourceError.absent(path)
    try:
        frame = pyogrio.read_dataframe(path, layer=name, fid_as_index=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError, ValueError) as fault:
        raise _no_form(path, *refusal(fault)) from fault
    missing = [one for one in columns if one not in frame.columns]
    if missing or not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        lacking = ", ".join(missing)
        raise _no_form(
            path, f"{name}: falta {lacking or 'geometria ou CRS'}", f"{name}: {lacking or 'geometry or CRS'} is missing"
        )
    return frame


def _no_form(path: Path, pt: str, en: str) -> SourceError:
    return SourceError(
        f"Não é um formulário de verificação do atlas ({pt}). Indique o GeoPackage que `atlas fieldcheck` escreveu.",
        f"This is no field check form of the atlas ({en}). Name the GeoPackage that `atlas fieldcheck` wrote.",
        where=str(path),
    )


def _origins(path: Path, built: Built) -> dict[str, Origin]:
    """What the form was made from; it must have been this atlas."""
    try:
        origins, about = read_origins(path)
    except (sqlite3.Error, ValueError) as fault:
        raise _no_form(path, *refusal(fault)) from fault
    if about.get("atlas") != built.atlas.atlas.id:
        raise SourceError(
            f"O formulário é do atlas «{about.get('atlas')}» e não de «{built.atlas.atlas.id}». Indique-o com "
            "`--atlas`.",
            f"The form is of the atlas “{about.get('atlas')}” and not of “{built.atlas.atlas.id}”. Name it with "
            "`--atlas`.",
            where=str(path),
        )
    return origins


def _rows(frame: gpd.GeoDataFrame, built: Built) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows as plain values with the point in the atlas's CRS and in degrees."""
    metric = frame.to_crs(built.units.crs)
    degrees = metric.to_crs(4326).geometry
    for fid, row, point, spot in zip(
        frame.index, frame.drop(columns="geometry").to_dict("records"), metric.geometry, degrees, strict=True
    ):
        yield int(fid), {**row, "point": point, "spot": spot}


def _answer(
    path: Path, layer: str, fid: int, row: Mapping[str, Any], origins: Mapping[str, Origin], built: Built
) -> Answer:
    place_id = plain_line(row.get("place_id"))
    spot, point = row["spot"], row["point"]
    placed = spot is not None and not spot.is_empty
    name = plain_line(row.get("name"))
    moved = float("nan")
    if placed and place_id in origins:
        before = origins[place_id]
        moved = float(shapely.distance(_metric(before.lon, before.lat, built), point))
    on = row.get("checked_on")
    return Answer(
        Spot.of(path, part=f"{layer}, fid {fid}", key=name[:60] or None),
        place_id,
        plain_line(row.get("answer")),
        name,
        _chosen(row.get("class_new")),
        _chosen(row.get("same_as")),
        plain_line(row.get("note")),
        plain_line(row.get("checked_by")),
        "" if pd.isna(on) else pd.Timestamp(on).date().isoformat(),
        round(float(spot.x), 6) if placed else float("nan"),
        round(float(spot.y), 6) if placed else float("nan"),
        moved,
    )


def _chosen(value: object) -> str:
    """A choice; the sign for none is none, which QField's search in a list writes as it stands."""
    text = plain_line(value)
    return "" if text == NOTHING else text


def _touched(one: Answer) -> bool:
    """Whether anything was answered; a form opens with the date filled in, which is no answer."""
    return bool(one.answer or one.class_new or one.same_as or one.note or one.moved_m > NUDGED_M)


def _fault(one: Answer, pt: str, en: str) -> SourceError:
    return SourceError(pt, en, where=one.where)


def _signed(one: Answer, today: dt.date) -> Iterator[AtlasError]:
    if not one.by:
        yield _fault(
            one,
            "Falta quem viu (`checked_by`). Escreva um nome ou umas iniciais.",
            "Who saw it is missing (`checked_by`). Write a name or initials.",
        )
    if not one.on:
        yield _fault(
            one,
            "Falta o dia (`checked_on`). Escolha-o no formulário.",
            "The day is missing (`checked_on`). Choose it on the form.",
        )
    elif not _FIRST_DAY <= dt.date.fromisoformat(one.on) <= today:
        yield _fault(
            one,
            f"O dia {one.on} ainda não chegou ou é de antes de 2000. Corrija `checked_on`.",
            f"The day {one.on} is to come or before 2000. Mend `checked_on`.",
        )


def _faults(
    one: Answer, origins: Mapping[str, Origin], held: set[Record], built: Built, today: dt.date
) -> Iterator[AtlasError]:
    """What is wrong with one answer about a place of the list."""
    if not one.place_id:
        yield _fault(
            one,
            f"Um lugar que não estava na lista acrescenta-se na camada «{ADDED}».",
            f"A place that was not on the list is added in the layer “{ADDED}”.",
        )
        return
    origin = origins.get(one.place_id)
    if origin is None or origin.record not in held:
        yield _fault(
            one,
            f"O lugar «{one.place_id}» já não está nas fontes do atlas. Gere um formulário novo.",
            f"The place “{one.place_id}” is in the atlas's sources no more. Make a new form.",
        )
        return
    if not one.answer:
        yield _fault(
            one,
            "Falta a resposta (`answer`). Escolha-a da lista.",
            "The answer is missing (`answer`). Choose it from the list.",
        )
        return
    if one.answer not in ANSWERS:
        yield _fault(
            one,
            f"Resposta desconhecida: «{one.answer}». Existem: {', '.join(ANSWERS)}.",
            f"Unknown answer: “{one.answer}”. There are: {', '.join(ANSWERS)}.",
        )
        return
    yield from _signed(one, today)
    yield from _of_class(one, origin, built)
    yield from _of_other(one, origins)
    yield from _of_position(one, built)


def _of_class(one: Answer, origin: Origin, built: Built) -> Iterator[AtlasError]:
    if bool(one.class_new) != (one.answer == "other_class"):
        yield _fault(
            one,
            f"A resposta «{one.answer}» e a classe «{one.class_new or '—'}» contradizem-se: só «other_class» leva "
            "classe, e tem de a levar.",
            f"The answer “{one.answer}” and the class “{one.class_new or '—'}” contradict each other: only "
            "“other_class” takes a class, and it must take one.",
        )
    elif one.class_new and one.class_new not in built.atlas.classes:
        yield _fault(
            one,
            f"A classe «{one.class_new}» não existe nas camadas.",
            f"The class “{one.class_new}” is in no layer.",
        )
    elif one.class_new and one.class_new == origin.classes:
        yield _fault(
            one,
            f"A classe «{one.class_new}» é a que o lugar já tem. Responda «as_stated».",
            f"The class “{one.class_new}” is the one that the place has. Answer “as_stated”.",
        )


def _of_other(one: Answer, origins: Mapping[str, Origin]) -> Iterator[AtlasError]:
    if bool(one.same_as) != (one.answer == "same"):
        yield _fault(
            one,
            f"A resposta «{one.answer}» e o outro lugar «{one.same_as or '—'}» contradizem-se: só «same» leva outro "
            "lugar, e tem de o levar.",
            f"The answer “{one.answer}” and the other place “{one.same_as or '—'}” contradict each other: only “same” "
            "takes another place, and it must take one.",
        )
    elif one.same_as == one.place_id:
        yield _fault(
            one,
            "Um lugar não é o mesmo que ele próprio. Indique o outro em `same_as`.",
            "A place is not the same as itself. Name the other one in `same_as`.",
        )
    elif one.same_as and one.same_as not in origins:
        yield _fault(
            one,
            f"O outro lugar, «{one.same_as}», não é nenhum dos que o formulário conhece. Escolha-o da "
            "lista (`same_as`).",
            f"The other place, “{one.same_as}”, is none that the form knows. Choose it from the list (`same_as`).",
        )
    elif one.answer == "different" and not origins[one.place_id].parts:
        yield _fault(
            one,
            "O lugar tem um só registo e não está em disputa com outro: não há nada que separar. Escolha outra "
            "resposta.",
            "The place has one record alone and is in dispute with none: there is nothing to part. Choose another "
            "answer.",
        )


def _of_position(one: Answer, built: Built) -> Iterator[AtlasError]:
    moved = one.moved_m > NUDGED_M
    if one.answer == "moved" and not moved:
        yield _fault(
            one,
            "A resposta é «moved» e o ponto não foi movido. Mova-o, ou responda «as_stated».",
            "The answer is “moved” and the point was not moved. Move it, or answer “as_stated”.",
        )
    elif moved and one.answer != "moved":
        yield _fault(
            one,
            f"O ponto foi movido {one.moved_m:.0f} m e a resposta é «{one.answer}». Responda «moved», ou reponha-o.",
            f"The point was moved by {one.moved_m:.0f} m and the answer is “{one.answer}”. Answer “moved”, or put it "
            "back.",
        )
    elif moved and not _inside(one, built):
        yield _outside(one)


def _faults_of_new(one: Answer, built: Built, today: dt.date) -> Iterator[AtlasError]:
    """What is wrong with a place that was added."""
    if not one.name:
        yield _fault(
            one,
            "Falta o nome (`name`). Escreva o que está na porta.",
            "The name is missing (`name`). Write what stands on the door.",
        )
    if one.class_new not in built.atlas.classes:
        yield _fault(
            one,
            f"A classe «{one.class_new or '—'}» não existe nas camadas. Escolha-a da lista (`class_new`).",
            f"The class “{one.class_new or '—'}” is in no layer. Choose it from the list (`class_new`).",
        )
    if one.lon != one.lon:
        yield _fault(one, "Falta o ponto no mapa. Marque-o.", "The point on the map is missing. Set it.")
    elif not _inside(one, built):
        yield _outside(one)
    yield from _signed(one, today)


def _inside(one: Answer, built: Built) -> bool:
    return bool(shapely.intersects(built.units.geometry.to_numpy(), _metric(one.lon, one.lat, built)).any())


def _metric(lon: float, lat: float, built: Built) -> shapely.Point:
    point: shapely.Point = gpd.GeoSeries([shapely.Point(lon, lat)], crs=4326).to_crs(built.units.crs).iloc[0]
    return point


def _outside(one: Answer) -> SourceError:
    return _fault(
        one,
        f"O ponto ({one.lon:.5f} {one.lat:.5f}) está fora da região do atlas.",
        f"The point ({one.lon:.5f} {one.lat:.5f}) lies outside the atlas's region.",
    )


def _between(given: list[Answer], found: list[Answer]) -> Iterator[AtlasError]:
    """Answers that contradict each other."""
    first: dict[str, Answer] = {}
    for one in given:
        earlier = first.setdefault(one.place_id, one)
        if (earlier.answer, earlier.class_new, earlier.same_as) != (one.answer, one.class_new, one.same_as):
            yield _fault(
                one,
                f"O mesmo lugar tem outra resposta em {earlier.where}: «{earlier.answer}» e «{one.answer}».",
                f"The same place has another answer at {in_lang(earlier.where, 'en')}: “{earlier.answer}” and "
                f"“{one.answer}”.",
            )
    for one in given:
        other = first.get(one.same_as)
        if other is not None and other.answer in {"closed", "different"}:
            yield _fault(
                one,
                f"É o mesmo que um lugar cuja resposta é «{other.answer}» ({other.where}).",
                f"It is the same as a place whose answer is “{other.answer}” ({in_lang(other.where, 'en')}).",
            )
    spots: dict[tuple[str, str, int, int], Answer] = {}
    for one in found:
        if one.lon == one.lon:
            key = (one.name.casefold(), one.class_new, round(one.lon * 10_000), round(one.lat * 10_000))
            if spots.setdefault(key, one) is not one:
                yield _fault(
                    one,
                    f"Este lugar já foi acrescentado em {spots[key].where}. Retire um dos dois.",
                    f"This place was added already at {in_lang(spots[key].where, 'en')}. Remove one of them.",
                )
