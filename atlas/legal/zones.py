"""Zones that a source draws: protection zones, rehabilitation areas, World Heritage.

They come from any source that fills the layer ``zones``. What each column means stands in the source's ``read``:
``date``, ``end``, ``grade``, ``notice``, ``site`` and ``operation`` name columns; where they do not, columns with the
names of :data:`COLUMNS` are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rapidfuzz import fuzz

from atlas.built import Built
from atlas.config import Source
from atlas.fusion.names import normalise
from atlas.legal.grades import plain_text
from atlas.legal.reading import is_official, text_tags

COLUMNS: dict[str, tuple[str, ...]] = {
    "date": ("data", "date", "data_publicacao"),
    "end": ("data_fim", "end", "end_date"),
    "grade": ("grau", "grade"),
    "notice": ("aviso", "notice", "diploma"),
    "site": ("imovel", "site"),
    "operation": ("oru", "operation"),
    "area_ha": ("area_ha",),
}
"""What a zone's columns are called unless the source says otherwise."""
ZONE_CLASSES = frozenset({"protection_zone", "rehabilitation_area", "world_heritage"})
SAME_NAME = 85  # similarity (0–100) of the sorted words from which a zone's site and a site are one name
SAME_AREA = 0.5  # share of a rehabilitation area that an operation must cover to be its own

_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("special", ("zep", "zona especial")),
    ("general", ("zgp", "zona geral")),
    ("operation_systematic", ("oru sistematica", "operacao de reabilitacao urbana sistematica")),
    ("operation_simple", ("oru simples", "operacao de reabilitacao urbana simples")),
    ("operation", ("oru", "operacao de reabilitacao")),
    ("area", ("aru", "area de reabilitacao", "rehabilitation area")),
    ("world", ("patrimonio mundial", "world heritage", "world_heritage")),
)
OPERATIONS = frozenset({"operation", "operation_simple", "operation_systematic"})


@dataclass(frozen=True)
class Zones:
    """Zones in the atlas's CRS: ``zone_id, name, kind, said, official, source_id`` and the columns of COLUMNS."""

    table: gpd.GeoDataFrame

    def of(self, *kinds: str) -> gpd.GeoDataFrame:
        """The zones of these kinds."""
        return self.table[self.table["kind"].isin(kinds)]

    @cached_property
    def operation_known(self) -> pd.Series:
        """For each rehabilitation area whether an operation is known: stated, or drawn over most of it."""
        areas, operations = self.of("area"), self.of(*OPERATIONS)
        stated = areas["operation"].notna()
        over = shapely.union_all(operations.geometry.to_numpy()) if len(operations) else shapely.Point()
        shapes = areas.geometry.to_numpy()
        with np.errstate(invalid="ignore", divide="ignore"):
            covered = shapely.area(shapely.intersection(shapes, over)) / shapely.area(shapes)
        return stated | (covered >= SAME_AREA)

    def of_sites(self, sites: gpd.GeoDataFrame) -> list[shapely.Geometry | None]:
        """The special zone of each site, or ``None``.

        A zone that names its site (by name or number) is that site's; one that names none is that of every site
        whose point on surface it holds.
        """
        special = self.of("special")
        special = special[shapely.get_dimensions(special.geometry.to_numpy()) == 2]
        found: list[list[shapely.Geometry]] = [[] for _ in range(len(sites))]
        if not len(special) or not len(sites):
            return [None] * len(sites)
        shapes = special.geometry.to_numpy()
        points = shapely.point_on_surface(sites.geometry.to_numpy())
        plain = normalise(sites["name"]).to_numpy(dtype=object)
        wanted = normalise(special["site"]).to_numpy(dtype=object)
        for position, zone in zip(*shapely.STRtree(shapes).query(points, predicate="intersects"), strict=True):
            named = special["site"].iloc[zone]
            refs = str(sites["refs"].iloc[position]).split("|")
            unnamed = not isinstance(named, str)
            if unnamed or named in refs or fuzz.token_sort_ratio(plain[position], wanted[zone]) >= SAME_NAME:
                found[position].append(shapes[zone])
        return [shapely.union_all(shapes) if shapes else None for shapes in found]


def read_zones(built: Built) -> Zones:
    """The zones among the records: of sources that fill the layer ``zones`` alone, and of its classes elsewhere."""
    records = built.store.read("records")
    held = {source.id: source for source in built.atlas.source}
    own = [source.id for source in built.atlas.source if source.layers == ("zones",)]
    classes = records["classes"].astype("string").fillna("").str.split("|")
    of_class = np.array([not ZONE_CLASSES.isdisjoint(one) for one in classes], dtype=bool)
    rows = records[records["source_id"].isin(own).to_numpy() | of_class].reset_index(drop=True)
    columns = {name: _attribute(rows, held, name) for name in COLUMNS}
    official = [one in own and is_official(held.get(one), otherwise=True) for one in rows["source_id"]]
    table = gpd.GeoDataFrame(
        {
            "zone_id": rows["record_id"],
            "name": rows["name"],
            "kind": [
                zone_kind(kind, text) for kind, text in zip(rows["kind"], rows["classes"].astype(object), strict=True)
            ],
            "said": rows["kind"],
            "official": np.array(official, dtype=bool),
            "source_id": rows["source_id"],
            **columns,
        },
        geometry=rows.geometry.to_numpy(),
        crs=records.crs,
    )
    return Zones(table)


def zone_kind(said: object, classes: object = None) -> str:
    """The kind of a zone from the source's word for it, or else from its class; ``other`` where neither tells.

    >>> zone_kind("ORU sistemática"), zone_kind("ZEP provisória"), zone_kind("Zona tampão")
    ('operation_systematic', 'special', 'other')
    """
    word = plain_text(said) if isinstance(said, str) else ""
    for kind, beginnings in _KINDS:
        if any(word == one or word.startswith(f"{one} ") for one in beginnings):
            return kind
    held = set(str(classes).split("|")) if isinstance(classes, str) else set()
    if "world_heritage" in held:
        return "world"
    if "rehabilitation_area" in held:
        return "area"
    return "drawn" if "protection_zone" in held and not word else "other"


def _attribute(rows: gpd.GeoDataFrame, held: Mapping[str, Source], name: str) -> list[str | None]:
    """One attribute of each zone, from the column that its source names for it."""
    found: list[str | None] = []
    for text, source_id in zip(rows["tags"], rows["source_id"], strict=True):
        tags = text_tags(text)
        named = held[source_id].read.get(name) if source_id in held else None
        keys = (str(named),) if isinstance(named, str) else COLUMNS[name]
        found.append(next((str(tags[key]) for key in keys if tags.get(key)), None))
    return found
