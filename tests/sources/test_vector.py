"""Vector files that planners hold: with several layers, in Latin-1, without a CRS, from CAD."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from atlas.config import Source
from atlas.errors import SourceError, UnknownName
from atlas.sources import load
from atlas.sources.vector import read_vector

PLACES = gpd.GeoDataFrame(
    {"cod": ["01", "02", "03"], "nome": ["Sé", "Água é", "Ç <b>"], "tipo": ["museum", "theatre", "museum"]},
    geometry=[shapely.Point(-42000, 165000), shapely.Point(-42500, 165500), shapely.Point(-43000, 166000)],
    crs=3763,
)
NAMED = {"record": "cod", "name": "nome", "kind": "tipo"}


def read(path: Path, **more: Any) -> gpd.GeoDataFrame:
    source = Source(
        id="s", kind="vector", file=path.name, title="t", publisher="p", licence="l", date="2020", read=more
    )
    return load(source, path.parent)


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.fgb", "a.geojson", "a.kml", "a.gml", "a.parquet"])
def test_every_format_gives_the_same_records(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        PLACES.to_parquet(path)
    elif name == "a.shp":
        PLACES.to_file(path, encoding="ISO-8859-1")
    else:
        PLACES.to_crs(4326 if name in {"a.geojson", "a.kml"} else 3763).to_file(
            path, driver="KML" if name == "a.kml" else None
        )
    records = read(path, **NAMED).sort_values("record_id", ignore_index=True)
    assert records["record_id"].tolist() == ["01", "02", "03"]
    assert records["name"].tolist() == ["Sé", "Água é", "Ç <b>"]
    apart = records.geometry.to_crs(3763).distance(PLACES.geometry)
    assert apart.max() < 0.1
    assert records.crs.to_epsg() == 4326


def test_a_drawing_is_read_in_the_crs_that_the_configuration_states(tmp_path: Path) -> None:
    path = tmp_path / "plano.dxf"
    PLACES[["geometry"]].assign(Layer="MUSEUS").to_file(path, driver="DXF")
    with pytest.raises(SourceError, match=r"read = \{ crs"):
        read(path)
    with pytest.raises(SourceError, match="EPSG:99"):
        read(path, crs="EPSG:99")
    records = read(path, crs="EPSG:3763", kind="Layer", where="Layer = 'MUSEUS'")
    assert records["kind"].tolist() == ["MUSEUS"] * 3
    assert records.geometry.to_crs(3763).distance(PLACES.geometry).max() < 0.1


def test_of_several_layers_the_first_is_read_and_which_there_are_is_said(tmp_path: Path) -> None:
    path = tmp_path / "dois.gpkg"
    PLACES.to_file(path, layer="museus")
    PLACES.iloc[:1].to_file(path, layer="teatros", mode="a")
    records = read(path, **NAMED)
    assert len(records) == 3
    assert "museus, teatros" in records.attrs["warnings"][0][1]
    chosen = read(path, layer="teatros", **NAMED)
    assert len(chosen) == 1
    assert not chosen.attrs["warnings"]
    assert len(read(path, layer="museus", where="tipo = 'museum'", **NAMED)) == 2


def test_a_filter_that_cannot_be_applied_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    PLACES.to_parquet(path)
    with pytest.raises(SourceError, match="GeoPackage"):
        read(path, where="tipo = 'museum'")


def test_a_key_of_read_that_the_kind_does_not_know_is_refused(tmp_path: Path) -> None:
    PLACES.to_file(tmp_path / "a.gpkg")
    with pytest.raises(UnknownName, match="Será «layer»"):
        read(tmp_path / "a.gpkg", layers="museus")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.gpkg", b"nada"), ("a.gml", b"x"), ("a.geojson", b'{"type": "FeatureCollection", "features": [{"type":')],
)
def test_a_file_that_does_not_open_is_said_whole_in_both_languages(name: str, content: bytes, tmp_path: Path) -> None:
    """GDAL goes on with advice for programmers, which helps no planner."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as fault:
        read(tmp_path / name)
    assert fault.value.pt.startswith("O ficheiro está danificado, ou não é de um formato vetorial conhecido («")
    assert fault.value.en.startswith("The file is damaged, or of no known vector format (“")
    for said in (fault.value.pt, fault.value.en):
        assert "DRIVER" not in said
        assert str(tmp_path) not in said
        assert "\n" not in said


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_a_layer_or_a_filter_that_the_file_does_not_know_is_named(name: str, tmp_path: Path) -> None:
    PLACES.to_crs(4326).to_file(tmp_path / name, layer="museus")
    with pytest.raises(UnknownName, match=r"camada «museu» não existe\. Será «museus»"):
        read(tmp_path / name, layer="museu")
    with pytest.raises(SourceError) as fault:
        read(tmp_path / name, where="nenhuma = 3")
    assert "`read.where`" in fault.value.pt
    assert "condition in SQL" in fault.value.en


def test_a_file_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"não existe\. Verifique o caminho") as fault:
        read_vector(tmp_path / "nada.gpkg")
    assert fault.value.en == "The file does not exist. Check the path."
