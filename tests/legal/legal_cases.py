"""A small atlas with a case a kilometre: sites of each grade, zones and rehabilitation areas of a planner's file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

X0, Y0 = -45_000.0, 160_000.0
TOML = """
[atlas]
id = "small"
name = { pt = "Pequeno", en = "Small" }
crs = "EPSG:3763"
data_version = "2026-11"
draws = 0

[neighbourhoods]
file = "units.gpkg"
parents = ""
source = "units"
unit = { pt = "freguesia", en = "parish" }
units = { pt = "freguesias", en = "parishes" }
parent_unit = { pt = "município", en = "municipality" }

[[source]]
id = "units"
kind = "areas"
file = "units.gpkg"
title = "Freguesias"
publisher = "DGT"
licence = "CC BY 4.0"
date = "2025"

[[source]]
id = "osm"
kind = "vector"
file = "osm.gpkg"
title = "OpenStreetMap"
publisher = "OpenStreetMap contributors"
licence = "ODbL 1.0"
date = "2024-12-12"
read = { record = "id", name = "name", columns_are_tags = true }

[[source]]
id = "register"
kind = "vector"
file = "register.gpkg"
title = "Imóveis classificados (SRUP)"
publisher = "DGT"
licence = "CC BY 4.0"
date = "2026-09-01"
layers = ["heritage"]
read.record = "ninv"
read.name = "designacao"
read.kind_is = "imóvel classificado"
read.columns_are_tags = true
read.grade = "Classifica"
read.official = true

[[source]]
id = "zones"
kind = "vector"
file = "zones.gpkg"
title = "Zonas e ARU da câmara"
publisher = "Câmara Municipal"
licence = "CC BY 4.0"
date = "2026-10-01"
layers = ["zones"]
fuse = false
read = { record = "codigo", name = "designacao", kind = "tipo", columns_are_tags = true, date = "publicado" }

[[source]]
id = "plan"
kind = "areas"
file = "plan.gpkg"
title = "PDM"
publisher = "Câmara Municipal"
licence = "CC BY 4.0"
date = "2020"
read = { lens = "municipal_plan", name = "classe" }

[[indicator]]
code = "sites"
name = { pt = "Sítios", en = "Sites" }
unit = { pt = "sítios", en = "sites" }
measure = "count"
layers = ["heritage"]
sources = ["osm"]
about = { pt = "Sítios.", en = "Sites." }
goalposts = [0.0, 10.0]

[[index]]
id = "potential"
name = { pt = "Potencial", en = "Potential" }
about = { pt = "Um índice.", en = "An index." }
judged = "2026-11-24"

[[index.pillar]]
id = "p1"
name = { pt = "Pilar", en = "Pillar" }
weight = 1.0
indicators = { sites = 1.0 }
reason = { pt = "Um só.", en = "The only one." }
"""


def spot(east: float, north: float = 0.0) -> tuple[float, float]:
    """Metres from the corner of the region, in the atlas's CRS."""
    return X0 + east, Y0 + 5000 + north


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(*spot(west, south), *spot(east, north))


def point(east: float, north: float = 0.0) -> shapely.Point:
    return shapely.Point(spot(east, north))


def write_layer(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs="EPSG:3763").to_file(folder / name, driver="GPKG")


OSM = [
    {"id": "way/1", "name": "Torre", "historic": "monument", "heritage:ref": "MN", "geometry": box(1000, 0, 1020, 20)},
    {"id": "node/2", "name": "Cruzeiro", "historic": "monument", "heritage:ref": "IIP", "geometry": point(2000)},
    {"id": "way/3", "name": "Casa do Largo", "historic": "house", "heritage:ref": "IIM",
     "geometry": box(3000, 0, 3020, 20)},
    {"id": "way/4", "name": "Castelo", "historic": "castle", "heritage:ref": "MN", "geometry": box(4000, 0, 4020, 20)},
    # a long building without a status, its near end 40 m and its far end 140 m from the tower
    {"id": "way/5", "name": "Fábrica", "building": "industrial", "geometry": box(1060, 0, 1160, 20)},
    {"id": "way/6", "name": "Fonte", "historic": "fountain", "protection_title": "Sem proteção legal",
     "geometry": box(7000, 0, 7020, 20)},
    {"id": "way/7", "name": "Capela", "historic": "chapel", "ref:ipa": "123", "geometry": box(7500, 0, 7520, 20)},
]  # fmt: skip
REGISTER = [
    {"ninv": "900", "designacao": "Paço", "Classifica": "Classificado como MIP - Monumento de Interesse Público, "
     "Portaria n.º 740/2012, DR, 2.ª série, n.º 248, de 24-12-2012", "geometry": box(5000, 0, 5020, 20)},
]  # fmt: skip
ZONES = [
    # narrower to the west than the circle of 50 m would be
    {"codigo": "Z1", "designacao": "ZEP do Castelo", "tipo": "ZEP", "publicado": dt.date(2011, 3, 4), "data_fim": None,
     "imovel": "Castelo", "oru": None, "geometry": box(3980, -100, 4200, 120)},
    {"codigo": "A1", "designacao": "ARU antiga", "tipo": "ARU", "publicado": dt.date(2019, 5, 1), "data_fim": None,
     "imovel": None, "oru": None, "geometry": box(6000, 0, 6100, 100)},
    # over 30 % of the old area: not its operation
    {"codigo": "O1", "designacao": "ORU da praça", "tipo": "ORU simples", "publicado": dt.date(2024, 5, 1),
     "data_fim": None, "imovel": None, "oru": None, "geometry": box(6070, 0, 6100, 100)},
    {"codigo": "A2", "designacao": "ARU com ORU", "tipo": "ARU", "publicado": dt.date(2019, 5, 1), "data_fim": None,
     "imovel": None, "oru": None, "geometry": box(6200, 0, 6300, 100)},
    {"codigo": "O2", "designacao": "ORU do centro", "tipo": "ORU sistemática", "publicado": dt.date(2020, 5, 1),
     "data_fim": dt.date(2030, 5, 1), "imovel": None, "oru": None, "geometry": box(6200, 0, 6300, 80)},
    {"codigo": "A3", "designacao": "ARU nova", "tipo": "ARU", "publicado": dt.date(2025, 5, 1), "data_fim": None,
     "imovel": None, "oru": None, "geometry": box(6400, 0, 6500, 100)},
    {"codigo": "O4", "designacao": "ORU finda", "tipo": "ORU simples", "publicado": dt.date(2012, 5, 1),
     "data_fim": dt.date(2022, 5, 1), "imovel": None, "oru": None, "geometry": box(6600, 0, 6700, 100)},
    {"codigo": "X1", "designacao": "Zona tampão", "tipo": "zona tampão", "publicado": None, "data_fim": None,
     "imovel": None, "oru": None, "geometry": box(8000, 0, 8100, 100)},
]  # fmt: skip


def write_atlas(made: Path) -> None:
    """Everything that the small atlas is built from, in a folder."""
    (made / "atlas.toml").write_text(TOML, "utf-8")
    west, east = box(0, -5000, 5500, 5000), box(5500, -5000, 10_000, 5000)
    units = [
        {"code": code, "name": name, "parent": "0101", "parent_name": "Vila", "residents": 100, "geometry": shape}
        for code, name, shape in (("010101", "Poente", west), ("010102", "Nascente", east))
    ]
    write_layer(made, "units.gpkg", units)
    write_layer(made, "osm.gpkg", OSM)
    write_layer(made, "register.gpkg", REGISTER)
    write_layer(made, "zones.gpkg", ZONES)
    write_layer(made, "plan.gpkg", [{"classe": "Solo urbano", "geometry": box(900, -500, 1500, 500)}])
