"""A value per neighbourhood from a planner's file: stated in a table, counted from places, or a share of the area."""

from __future__ import annotations

import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.errors import SourceError
from atlas.initialise.columns import CODES, NAMES, PARENTS, UNIT_NAMES, named, plain, text
from atlas.uploads.model import Notes, Uploaded
from atlas.uploads.placing import Placed, as_figures

_UNION = re.compile(r"^(uniao_das_freguesias|uf|freguesia|parish)_(de|do|da|dos|das|of)_")
_NAMED = 8


@dataclass(frozen=True)
class Figures:
    """A value for each neighbourhood (missing where the file says nothing of it), and what did not fit."""

    by_unit: pd.Series
    notes: Notes = ()


def guessed_keys(table: pd.DataFrame) -> tuple[str | None, str | None, str | None]:
    """Likely columns of the code, the name, and the municipality."""
    code = named(table.columns, CODES)
    name = named(table.columns, (*UNIT_NAMES, *NAMES))
    parent = [one for one in named(table.columns, PARENTS) if one not in code[:1] + name[:1]]
    return (code[0] if code else None, name[0] if name else None, parent[0] if parent else None)


def by_code(uploaded: Uploaded, column: str, value: str, units: pd.DataFrame) -> Figures:
    """The ``value`` of the row whose ``column`` holds the neighbourhood's code; leading zeros may be lost."""
    stated = text(uploaded.table[column])
    given = stated.str.upper()
    known = {str(code).upper(): str(code) for code in units.index}
    width = {len(code) for code in known}
    keys = given.str.zfill(width.pop()) if len(width) == 1 else given
    return _joined(uploaded, keys.map(known), stated, column, value, units)


def by_name(uploaded: Uploaded, column: str, parent: str | None, value: str, units: pd.DataFrame) -> Figures:
    """The ``value`` of the row with the neighbourhood's name; its municipality tells apart the names that repeat."""
    names = text(uploaded.table[column])
    keys = names.map(_name_key, na_action="ignore")
    own = units["name"].map(_name_key)
    if parent is None:
        twice = set(own[own.duplicated(keep=False)])
        unsure = keys[keys.isin(twice)]
        if len(unsure):
            label = int(unsure.index[0])
            row_pt, row_en = uploaded.row(label)
            raise SourceError(
                f"Coluna «{column}», {row_pt}: há mais do que uma unidade chamada «{names.loc[label]}». Indique também"
                " a coluna do município.",
                f"Column “{column}”, {row_en}: there is more than one unit called “{names.loc[label]}”. Name the column"
                " of the municipality too.",
                where=uploaded.name,
            )
        known = dict(zip(own, units.index, strict=True))
        return _joined(uploaded, keys.map(known), names, column, value, units)
    towns = text(uploaded.table[parent]).map(_name_key, na_action="ignore")
    known = {}
    for place in ("parent_name", "parent"):
        known |= {
            f"{town} / {name}": code
            for town, name, code in zip(units[place].map(_name_key), own, units.index, strict=True)
        }
    return _joined(uploaded, (towns + " / " + keys).map(known), names, column, value, units)


def counted(placed: Placed, units: gpd.GeoDataFrame, *, per_1000: bool = False, everywhere: bool = False) -> Figures:
    """Features of the file in each neighbourhood, each once: on a border, in that with the lower code.

    Parameters
    ----------
    per_1000
        Divided by residents, in thousands; missing where there are none.
    everywhere
        Whether the file covers the whole atlas. If not, a neighbourhood in a municipality of which the file names
        nothing is missing, not 0.

    """
    spots = shapely.point_on_surface(placed.shapes.to_numpy())
    ordered = units.sort_index()
    spot, unit = shapely.STRtree(ordered.geometry.to_numpy()).query(spots, predicate="intersects")
    first = pd.Series(unit).groupby(spot).min()
    counts = np.bincount(first.to_numpy(), minlength=len(ordered)).astype(float)
    values = pd.Series(counts, index=ordered.index).reindex(units.index)
    values = _where_told(values, units, everywhere=everywhere)
    if per_1000:
        residents = units["residents"].astype(float)
        if not residents.gt(0).any():
            raise SourceError(
                "O atlas não sabe quantos residentes tem cada unidade. Use o ficheiro como contagem.",
                "The atlas does not know how many residents each unit has. Use the file as a count.",
                where=placed.uploaded.name,
            )
        values = 1000 * values / residents.where(residents > 0)
    outside = len(spots) - len(first)
    one = outside == 1
    pt = "Um elemento fica fora das unidades" if one else f"{outside} elementos ficam fora das unidades"
    en = "One feature lies outside the units" if one else f"{outside} features lie outside the units"
    notes = ((pt, en),)
    return Figures(values, notes if outside else ())


def covered(placed: Placed, units: gpd.GeoDataFrame, *, everywhere: bool = False) -> Figures:
    """Share of each neighbourhood's area that the file's areas cover, 0–1; areas that overlap count once."""
    shapes = placed.shapes.to_numpy()
    areas = shapes[shapely.get_dimensions(shapes) == 2]
    if not len(areas):
        raise SourceError(
            "O ficheiro não tem áreas. Conte os elementos em vez de medir a área coberta.",
            "The file has no areas. Count its features instead of measuring the area covered.",
            where=placed.uploaded.name,
        )
    outlines = units.geometry.to_numpy()
    area, unit = shapely.STRtree(outlines).query(areas, predicate="intersects")
    pieces = shapely.intersection(outlines[unit], areas[area])
    order = np.argsort(unit, kind="stable")
    starts = np.flatnonzero(np.diff(unit[order], prepend=-1))
    whole = np.zeros(len(units))
    for at, group in zip(unit[order][starts], np.split(pieces[order], starts[1:]), strict=True):
        whole[at] = shapely.union_all(group).area
    values = pd.Series(np.clip(whole / shapely.area(outlines), 0.0, 1.0), index=units.index)
    return Figures(_where_told(values, units, everywhere=everywhere))


def _where_told(values: pd.Series, units: pd.DataFrame, *, everywhere: bool) -> pd.Series:
    if everywhere:
        return values
    told = values.groupby(units["parent"]).transform("sum") > 0
    return values.where(told)


def _name_key(name: object) -> str:
    return _UNION.sub("", plain(name))


def _joined(
    uploaded: Uploaded, codes: pd.Series, keys: pd.Series, column: str, value: str, units: pd.DataFrame
) -> Figures:
    """Values by code; a unit named twice is an error, rows that fit no unit are told."""
    values = as_figures(uploaded, value)
    fits = codes.notna()
    if keys.isna().all():
        raise SourceError(
            f"A coluna «{column}» está vazia. Escolha outra.",
            f"Column “{column}” is empty. Choose another.",
            where=uploaded.name,
        )
    if not fits.any():
        towns = set(units["parent"].str.lstrip("0")) | set(units["parent_name"].map(_name_key))
        municipal = keys.dropna().map(lambda key: key.lstrip("0") in towns or _name_key(key) in towns).mean() > 0.5
        hint_pt = " São municípios: aqui juntam-se valores por unidade mais pequena." if municipal else ""
        hint_en = " They are municipalities: values are joined to the smaller units here." if municipal else ""
        raise SourceError(
            f"Nada na coluna «{column}» corresponde a uma unidade do atlas (a primeira linha tem"
            f" «{keys.dropna().iloc[0]}»; um código é assim: {units.index[0]}).{hint_pt}",
            f"Nothing in column “{column}” is a unit of the atlas (the first row has “{keys.dropna().iloc[0]}”; a"
            f" code looks like {units.index[0]}).{hint_en}",
            where=uploaded.name,
        )
    twice = codes[fits & codes.duplicated(keep=False)]
    if len(twice):
        labels = [int(label) for label in twice.index[twice == twice.iloc[0]][:2]]
        rows = [uploaded.row(label) for label in labels]
        raise SourceError(
            f"Coluna «{column}»: «{keys.loc[labels[0]]}» está na {rows[0][0]} e na {rows[1][0]}. Deixe uma linha por"
            " unidade.",
            f"Column “{column}”: “{keys.loc[labels[0]]}” stands in {rows[0][1]} and {rows[1][1]}. Leave one row"
            " a unit.",
            where=uploaded.name,
        )
    lost = keys[~fits & keys.notna()]
    shown = ", ".join(f"«{key}» ({uploaded.row(int(label))[0]})" for label, key in lost.head(_NAMED).items())
    shown_en = ", ".join(f"“{key}” ({uploaded.row(int(label))[1]})" for label, key in lost.head(_NAMED).items())
    more = "…" if len(lost) > _NAMED else ""
    one = len(lost) == 1
    lead_pt = "Uma linha não corresponde" if one else f"{len(lost)} linhas não correspondem"
    lead_en = "One row fits" if one else f"{len(lost)} rows fit"
    notes = ((f"{lead_pt} a nenhuma unidade: {shown}{more}", f"{lead_en} no unit: {shown_en}{more}"),)
    held = pd.Series(values[fits].to_numpy(), index=codes[fits].to_numpy())
    return Figures(held.reindex(units.index), notes if len(lost) else ())
