"""A small atlas with everything that breaks files: hostile names, islands, holes, gaps in the data, odd codes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hostile import CODES, HOSTILE

from atlas import store as stores
from atlas.config import Atlas, ClassRule, Layer
from atlas.exports.exportable import Exportable
from atlas.exports.from_store import exportable
from atlas.store import Store
from atlas.strategy.network import complements

WGS84_BOX = (-8.7, 41.1)


def _text(pt: str, en: str) -> dict[str, str]:
    return {"pt": pt, "en": en}


def _pillar(name: str, indicator: str) -> dict[str, object]:
    why = _text("razão", "reason")
    return {"id": name, "name": _text(name, name), "weight": 1, "indicators": {indicator: 1}, "reason": why}


def _indicator(code: str, level: str) -> dict[str, object]:
    return {
        "code": code, "name": _text(f"Indicador {code}", f"Indicator {code}"), "unit": _text("por km²", "per km²"),
        "level": level, "measure": "count_within", "sources": ["census"], "decimals": 1,
        "about": _text("O que mede.", "What it measures."), "goalposts": (0, 10), "with": {"radius_m": 400},
    }  # fmt: skip


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    """Two indices at the units' level, one at the municipality's."""
    layer = {
        "id": "museums",
        "layer": {"name": _text("Museus", "Museums"), "domain": "A", "order": 1, "role": "venue", "symbol": "square"},
        "class": [ClassRule(id="museum", name=_text("Museu", "Museum"))],
    }
    source = {"kind": "table", "file": "x.csv", "date": "2024-06-16"}
    index = {"about": _text("x", "x"), "judged": "2026-11-01"}
    read = Atlas.model_validate(
        {
            "atlas": {"id": "small", "name": _text("Pequeno", "Small"), "crs": "EPSG:3763", "data_version": "2026-11"},
            "neighbourhoods": {
                "file": "n", "parents": "p", "source": "caop", "unit": _text("freguesia", "parish"),
                "units": _text("freguesias", "parishes"), "parent_unit": _text("município", "municipality"),
            },
            "source": [
                {**source, "id": "caop", "title": "CAOP", "publisher": "DGT", "licence": "CC BY 4.0", "date": "2025"},
                {**source, "id": "census", "title": "Censos 2021", "publisher": "INE", "licence": "Dados abertos",
                 "title_en": "Census 2021", "licence_en": "Open data"},
                {**source, "id": "osm", "title": "OpenStreetMap", "publisher": "OpenStreetMap contributors",
                 "licence": "ODbL 1.0"},
            ],
            "indicator": [_indicator("sites_density", "neighbourhood"), _indicator("vacant_share", "municipality")],
            "index": [
                {**index, "id": "potential", "name": _text("Potencial", "Potential"),
                 "pillar": [_pillar("p1_heritage", "sites_density")]},
                {**index, "id": "decline", "name": _text("Declínio", "Decline"), "level": "municipality",
                 "pillar": [_pillar("building", "vacant_share")]},
            ],
        }
    )  # fmt: skip
    return read.model_copy(update={"layers": (Layer.model_validate(layer),)})


def _square(x: float, y: float, side: float = 2000.0) -> shapely.Polygon:
    return shapely.box(x, y, x + side, y + side)


def _units() -> gpd.GeoDataFrame:
    """Neighbours that share a border, one with a hole, one of two islands, one far away, one of clockwise rings."""
    base_x, base_y = -40_000.0, 165_000.0
    first = _square(base_x, base_y)
    hole = shapely.Polygon(
        [
            (base_x + 2000, base_y),
            (base_x + 2000, base_y + 2000),
            (base_x + 4000, base_y + 2000),
            (base_x + 4000, base_y),
        ],
        [shapely.box(base_x + 2500, base_y + 500, base_x + 3000, base_y + 900).exterior.coords],
    )
    islands = shapely.MultiPolygon([_square(base_x, base_y + 2000), _square(base_x, base_y + 5000, 700)])
    shapes = [first, hole, islands, _square(base_x + 2000, base_y + 2000), _square(base_x + 30_000, base_y, 500)]
    return gpd.GeoDataFrame(
        {
            "code": CODES,
            "name": [HOSTILE[0], HOSTILE[2], "Sé", "Ribeira «do» Porto", HOSTILE[1]],
            "parent": ["0104", "0104", "0308", "0308", "1308"],
            "parent_name": ["Arouca", "Arouca", "Guimarães", "Guimarães", HOSTILE[3]],
            "nuts3": ["Área Metropolitana do Porto"] * 5,
            "residents": [1234.0, 56.0, np.nan, 7890.0, 0.0],
            "residents_method": ["census", "blocks", "voters", "census", "census"],
            "area_km2": shapely.area(shapes) / 1e6,
            "edge_share": [0.0] * 5,
        },
        geometry=shapes,
        crs="EPSG:3763",
    )


def _scores() -> pd.DataFrame:
    potential = {
        "index": "potential", "level": "neighbourhood", "code": CODES, "score": [71.25, 64.5, 64.5, np.nan, 3.0],
        "rank": [1, 2, 2, None, 4], "rank_low": [1, 1, 2, None, 3], "rank_high": [2, 4, 4, None, 4],
        "rank_data_low": [1, 1, 1, None, 4], "rank_data_high": [3, 4, 4, None, 4],
        "coverage": [0.95, 0.9, 0.61, 0.3, 1.0],
        "flags": ["edge|small_base", "", None, "completeness_unknown", ""],
    }  # fmt: skip
    decline = {
        "index": "decline", "level": "municipality", "code": ["0104", "0308", "1308"], "score": [88.0, 12.5, np.nan],
        "rank": [1, 2, None], "rank_low": [1, 1, None], "rank_high": [2, 2, None], "rank_data_low": [1, 2, None],
        "rank_data_high": [1, 2, None], "coverage": [1.0, 1.0, 0.2], "flags": ["", "", ""],
    }  # fmt: skip
    rows = pd.concat([pd.DataFrame(potential), pd.DataFrame(decline)], ignore_index=True)
    ranks = [name for name in rows.columns if name.startswith("rank")]
    return rows.astype(dict.fromkeys(ranks, "Int64"))


def _places() -> gpd.GeoDataFrame:
    rows = len(HOSTILE)
    units = [CODES[number % 4] for number in range(rows)]
    spots = shapely.points(-40_000 + 150.0 * np.arange(rows), 165_500 + 20.0 * np.arange(rows))
    geographic = gpd.GeoSeries(spots, crs=3763).to_crs(4326)
    shapes = np.array(spots, dtype=object)
    shapes[1] = shapely.Point(-39_850, 165_520).buffer(30)
    return gpd.GeoDataFrame(
        {
            "place_id": [f"pl{number:03d}" for number in range(rows)],
            "name": HOSTILE,
            "class_": "museum",
            "layer": "museums",
            "classes": "museum",
            "layers": ["museums|heritage"] * (rows - 1) + ["heritage"],
            "actor": ["cultural_institution", None] * (rows // 2),
            "lon": geographic.x,
            "lat": geographic.y,
            "neighbourhood": units,
            "parent": [{"0302FA": "0104", "010402": "0104"}.get(unit, "0308") for unit in units],
            "sources": ["caop", "osm|caop"] * (rows // 2),
            "n_records": [1, 2] * (rows // 2),
            "p_match": [1.0, 0.875] * (rows // 2),
            "marks": ["class_guessed", None] * (rows // 2),
            "odbl": [False, True] * (rows // 2),
            "size_m2": [np.nan, shapely.area(shapes[1])] + [np.nan] * (rows - 2),
        },
        geometry=shapes,
        crs="EPSG:3763",
    )


def _agglomerations(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Two quarters with hostile names, of the first and the next three places."""
    groups = [places.iloc[:3], places.iloc[3:6]]
    return gpd.GeoDataFrame(
        {
            "id": [f"q{group['place_id'].iloc[0][1:]}" for group in groups],
            "name": [HOSTILE[0], HOSTILE[2]],
            "parent": ["0104", "0308"],
            "parent_name": ["Arouca", "Guimarães"],
            "neighbourhoods": ["|".join(sorted(set(group["neighbourhood"]))) for group in groups],
            "lon": [group["lon"].iloc[0] for group in groups],
            "lat": [group["lat"].iloc[0] for group in groups],
            "places": 3,
            "worth": 3.0,
            "guessed": 0.0,
            "classes": "museum=3",
            "members": ["|".join(group["place_id"]) for group in groups],
            "area_ha": 2.0,
        },
        geometry=[shapely.buffer(shapely.convex_hull(group.union_all()), 50) for group in groups],
        crs=places.crs,
    )


def _network(places: gpd.GeoDataFrame) -> pd.DataFrame:
    """Each place and the next."""
    one, other = places.iloc[:-1].reset_index(drop=True), places.iloc[1:].reset_index(drop=True)
    ends = {"from": one["place_id"], "to": other["place_id"], "from_name": one["name"], "to_name": other["name"]}
    parents = {"from_parent": one["parent"], "to_parent": other["parent"]}
    return pd.DataFrame({**ends, **parents, "minutes": 2.5, "reason": complements()[0].id})


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small atlas, built."""
    units, places = _units(), _places()
    parents = units.dissolve("parent").reset_index()[["parent", "parent_name", "nuts3", "geometry"]]
    parents = parents.rename(columns={"parent": "code", "parent_name": "name"})
    long = [("neighbourhood", code, "sites_density", 1.5 * number) for number, code in enumerate(CODES)]
    long += [("municipality", code, "vacant_share", value) for code, value in (("0104", 12.25), ("0308", np.nan))]
    tables = {
        "neighbourhoods": units,
        "parents": parents,
        "places": places,
        "members": pd.DataFrame(
            [(row.place_id, source, f"{row.place_id}-{source}", row.p_match)
             for row in places.itertuples() for source in row.sources.split("|")],
            columns=["place_id", "source_id", "record_id", "p_match"],
        ),
        "agglomerations": _agglomerations(places),
        "network": _network(places),
        "scores": _scores(),
        "indicators": pd.DataFrame(long, columns=["level", "code", "indicator", "value"]).assign(coverage=1.0),
        "opportunities": pd.DataFrame(
            {
                "code": CODES, "potential": [71.25, 64.5, 64.5, None, 3.0], "decline": [88, 88, 12.5, 12.5, None],
                "decline_level": "municipality", "cell": ["HH", "HH", "HL", None, None],
                "opportunity": ["opportunity", "opportunity", "consolidate", None, None],
                "p_opportunity": [0.91, 0.55, 0.0, None, None],
            }
        ),
    }  # fmt: skip
    manifest = {"atlas": "small", "hashes": {"data": "d" * 16, "method": "m" * 16}, "sources": []}
    folder: Path = tmp_path_factory.mktemp("store") / "small"
    stores.write(folder, tables, manifest, {})
    return Store(folder)


@pytest.fixture(params=["neighbourhoods", "places", "museums"])
def layer(request: pytest.FixtureRequest, atlas: Atlas, store: Store) -> Exportable:
    """Each kind of layer that can be exported."""
    return exportable(atlas, store, request.param)
