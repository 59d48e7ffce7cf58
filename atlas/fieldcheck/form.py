"""The field check as a GeoPackage with a form: QGIS and QField open it, and the answers are read back from it.

The file holds three layers: ``check``, the doubtful places with what the sources say and the questions; ``added``,
empty, for what no source holds; ``area``, the outline. Value lists stand in the file twice, as constraints of the
GeoPackage's schema extension for any program, and as QGIS's form.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from atlas.built import Built
from atlas.exports.exportable import clean_text, newest_day
from atlas.exports.geopackage import VERSION, declare_tables, finishing
from atlas.exports.style import PLAIN, qml
from atlas.fieldcheck.doubtful import area_places, doubtful
from atlas.fieldcheck.origin import Origin, origins_of, write_origins
from atlas.fieldcheck.qgis_form import Group, Widget, form_qml
from atlas.fieldcheck.text import plain_line
from atlas.language import Lang, Translator
from atlas.source_words import titles_in

CHECK, ADDED, AREA = "check", "added", "area"
NOTHING = "{2839923C-8B7D-419E-B84B-CA2FE9B80EC7}"  # what QGIS and QField read in a list as no value
ANSWERS = ("as_stated", "closed", "other_class", "moved", "same", "different", "not_found")
MOST_OTHERS = 500  # places in the list of what a place may be the same as
SAID = ("place_id", "name", "class_name", "reasons", "priority", "sources", "source_date")
ASKED = ("answer", "class_new", "same_as", "note", "photo", "checked_on", "checked_by")
_TYPES = {"checked_on": pa.date32()}
_TODAY = 'coalesce("checked_on", to_date(now()))'
# QField fills a default in again where its expression names the field that was answered, and saves nothing without it
_TODAY_WHEN_ANSWERED = f'CASE WHEN "answer" IS NOT NULL THEN {_TODAY} ELSE "checked_on" END'
NEW = ("name", "class_new", "note", "photo", "checked_on", "checked_by")


@dataclass(frozen=True)
class Form:
    """What goes out: the places to look at, the area, and the lists to choose from."""

    places: gpd.GeoDataFrame
    area: gpd.GeoDataFrame
    answers: dict[str, str]
    classes: dict[str, str]
    others: dict[str, str]
    origins: dict[str, Origin]
    about: dict[str, str]
    day: dt.date

    def points(self, crs: str) -> list[shapely.Point]:
        """Where each place is looked for."""
        degrees = gpd.points_from_xy(self.places["lon"], self.places["lat"], crs=4326)
        return list(gpd.GeoSeries(degrees).to_crs(crs))


def form_of(built: Built, code: str, lang: Lang) -> Form:
    """The form of a neighbourhood or a parent; raises :class:`UnknownName` for a code that is not there."""
    t = Translator(lang)
    found = doubtful(built, code, t)
    units = built.units if code in built.units.index else built.parents
    area = units.loc[[code], ["code", "name", "geometry"]]
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in built.atlas.classes.items()}
    layer_of = {id_: layer.layer.name.in_(lang) for id_, (layer, _) in built.atlas.classes.items()}
    every = area_places(built, code)
    others = every if len(every) <= MOST_OTHERS else every.loc[found.index[:MOST_OTHERS]]
    other_names = others["name"].fillna(t("field.nameless"))
    disputed = built.places.loc[found["dispute"].dropna().unique()]
    asked_about = pd.concat([every, disputed[~disputed.index.isin(every.index)]])
    meta = built.meta
    title = t("field.form.title", name=area["name"].iloc[0])
    return Form(
        places=found,
        area=area,
        answers={one: t(f"field.answer.{one}") for one in ANSWERS},
        classes=_told_apart(
            {id_: f"{names[id_]} ({layer_of[id_]})" for id_ in sorted(names, key=lambda id_: names[id_].casefold())}
        ),
        others=_told_apart(
            {
                id_: f"{name} · {names[class_]}"
                for id_, name, class_ in zip(others.index, other_names, others["class_"], strict=True)
            }
        ),
        origins=origins_of(built, asked_about),
        about={"atlas": meta["atlas"], "code": code, "data": meta["hashes"]["data"], "title": title},
        day=newest_day(str(one["date"] or "") for one in built.store.manifest["sources"]),
    )


def _told_apart(words: dict[str, str]) -> dict[str, str]:
    """Each choice in words of its own: QField knows a choice by its words, and takes the first of two that read alike.

    >>> _told_apart({"p1": "Fonte", "p2": "Fonte", "p3": "Sé"})
    {'p1': 'Fonte · p1', 'p2': 'Fonte · p2', 'p3': 'Sé'}
    """
    plain = {id_: plain_line(one) for id_, one in words.items()}
    times = Counter(plain.values())
    return {id_: one if times[one] == 1 else f"{one} · {id_}" for id_, one in plain.items()}


def write_form(built: Built, form: Form, path: Path, lang: Lang) -> None:
    """Write the three layers, their lists and their forms to ``path``."""
    t = Translator(lang)
    crs = built.atlas.atlas.crs
    outline = pa.table({"code": list(form.area["code"]), "name": list(form.area["name"])})
    lines = [shapely.multilinestrings(shapely.get_parts(one)) for one in form.area.to_crs(crs).boundary]
    for name, table, shapes, shape in (
        (CHECK, _check(built, form, lang), form.points(crs), "Point"),
        (ADDED, _empty(NEW), [], "Point"),
        (AREA, outline, lines, "MultiLineString"),
    ):
        wkb = pa.array([shapely.to_wkb(one) for one in shapes], pa.binary())
        pyogrio.write_arrow(
            table.append_column("geom", wkb), path, layer=name, driver="GPKG", geometry_name="geom",
            geometry_type=shape, crs=crs, append=path.exists(), IDENTIFIER=t(f"field.layer.{name}"),
            DESCRIPTION=t("field.form.about"), GEOMETRY_NAME="geom", FID="fid", VERSION=VERSION,
        )  # fmt: skip
    with finishing(path) as database:
        declare_tables(database)
        _lists(database, form)
        styles = ((CHECK, _check_form(form, t)), (ADDED, _added_form(form, t)), (AREA, qml(PLAIN, "line", lang)))
        for name, style in styles:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, useAsDefault, description, owner) VALUES ('', '', ?, 'geom', ?, ?, 1, ?, '')",
                (name, name, style, t(f"field.layer.{name}")),
            )
        stamp = f"{form.day.isoformat()}T00:00:00.000Z"
        write_origins(database, form.origins, form.about, stamp)
        database.execute("UPDATE gpkg_contents SET last_change = ?", (stamp,))
        database.execute("UPDATE layer_styles SET update_time = ?", (stamp,))


def _check(built: Built, form: Form, lang: Lang) -> pa.Table:
    """What the sources say of each place, and the columns of the answers, empty."""
    t = Translator(lang)
    titles = titles_in(built.atlas, built.store.manifest["sources"], lang)
    names = {id_: rule.name.in_(lang) for id_, (_, rule) in built.atlas.classes.items()}
    places = form.places
    texts = {
        "place_id": places.index,
        "name": places["name"].fillna(t("field.nameless")),
        "class_name": ["; ".join(names[one] for one in text.split("|")) for text in places["classes"]],
        "reasons": places["reasons"],
        "sources": ["; ".join(titles.get(one, one) for one in text.split("|")) for text in places["sources"]],
    }
    columns = {name: pa.array([clean_text(str(one)) for one in held], pa.string()) for name, held in texts.items()}
    columns |= {
        "priority": pa.array(places["priority"].astype(int), pa.int32()),
        "source_date": pa.array(list(places["source_date"]), pa.date32()),
    }
    empty = {name: pa.nulls(len(places), _TYPES.get(name, pa.string())) for name in ASKED}
    return pa.table({**{name: columns[name] for name in SAID}, **empty})


def _empty(columns: tuple[str, ...]) -> pa.Table:
    return pa.table({name: pa.array([], _TYPES.get(name, pa.string())) for name in columns})


def _lists(database: sqlite3.Connection, form: Form) -> None:
    """Value lists as constraints of the file itself, for programs that know no QGIS form."""
    database.execute(
        "CREATE TABLE gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, "
        "value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT, "
        "CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))"
    )
    database.execute(
        "INSERT INTO gpkg_extensions VALUES ('gpkg_data_column_constraints', NULL, 'gpkg_schema', "
        "'http://www.geopackage.org/spec120/#extension_schema', 'read-write')"
    )
    for name, values in (("answer", form.answers), ("class_new", form.classes)):
        database.executemany(
            "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description) "
            "VALUES (?, 'enum', ?, ?)",
            [(name, value, words) for value, words in values.items()],
        )
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, constraint_name) VALUES (?, ?, ?, ?)",
        [(CHECK, "answer", "answer", "answer"), (CHECK, "class_new", "class_new", "class_new"),
         (ADDED, "class_new", "class_new", "class_new")],
    )  # fmt: skip


def _check_form(form: Form, t: Translator) -> str:
    none = {NOTHING: t("field.choose_nothing")}  # so that a choice made by mistake can be taken back
    asked = {
        "answer": Widget("ValueMap", t("field.ask.answer"), values=form.answers, required=True),
        "class_new": Widget(
            "ValueMap", t("field.ask.class_new"), values=none | form.classes,
            rule=("\"answer\" <> 'other_class' OR \"class_new\" IS NOT NULL", t("field.rule.class_new")),
        ),
        "same_as": Widget(
            "ValueMap", t("field.ask.same_as"), values=none | form.others,
            rule=("\"answer\" <> 'same' OR \"same_as\" IS NOT NULL", t("field.rule.same_as")),
        ),
        **_signed(t, _TODAY_WHEN_ANSWERED),
    }  # fmt: skip
    told = {name: Widget("TextEdit", t(f"field.told.{name}"), editable=False) for name in SAID}
    groups = (Group(t("field.group.told"), SAID), Group(t("field.group.asked"), tuple(asked)))
    return form_qml({**told, **asked}, groups, label="name", by="priority", legend=_legend(t))


def _added_form(form: Form, t: Translator) -> str:
    asked = {
        "name": Widget("TextEdit", t("field.ask.name"), required=True),
        "class_new": Widget("ValueMap", t("field.ask.class"), values=form.classes, required=True),
        **_signed(t, _TODAY),
    }
    return form_qml(asked, (Group(t("field.group.added"), tuple(asked)),), label="name", legend={})


def _signed(t: Translator, day: str) -> dict[str, Widget]:
    """The questions that both layers share: a note, a photo, who and when (by itself the expression ``day``)."""
    return {
        "note": Widget("TextEdit", t("field.ask.note")),
        "photo": Widget("ExternalResource", t("field.ask.photo")),
        "checked_on": Widget("DateTime", t("field.ask.checked_on"), required=True, default=day),
        "checked_by": Widget("TextEdit", t("field.ask.checked_by"), required=True),
    }


def _legend(t: Translator) -> dict[int, str]:
    return {number: t(f"field.priority.{number}") for number in (1, 2, 3)}
