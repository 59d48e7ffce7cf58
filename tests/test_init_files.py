"""`atlas init` on files as they come: several layers, odd headers, metres of a wider area."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from atlas.atlasfile import find_atlas
from atlas.errors import SourceError, Spot
from atlas.initialise import Request, initialise
from atlas.initialise.filling import said_of
from atlas.initialise.outlines import Wishes, find_columns


@pytest.fixture
def braga() -> gpd.GeoDataFrame:
    outlines = gpd.read_parquet(find_atlas("norte") / "neighbourhoods.parquet")
    return outlines[outlines["code"].str.startswith("0303")].reset_index(drop=True)


@pytest.fixture
def museums(tmp_path: Path) -> Path:
    """The museums of all Norte, in metres with a decimal comma: few lie in Braga."""
    held = pd.read_csv(find_atlas("norte") / "wikidata_2026.csv")
    spots = gpd.GeoSeries(gpd.points_from_xy(held["lon"], held["lat"]), crs=4326).to_crs(3763)
    columns = {"M": spots.x, "P": spots.y}
    metres = {key: [f"{one:.1f}".replace(".", ",") for one in column] for key, column in columns.items()}
    table = pd.DataFrame({"Nome": held["name"], "Tipo": held["kind"], **metres})
    table.to_csv(tmp_path / "museus.csv", sep=";", index=False, encoding="cp1252", errors="replace")
    return tmp_path / "museus.csv"


def test_of_several_layers_the_one_of_areas_is_read_and_metres_of_a_wider_list_find_their_crs(
    tmp_path: Path, braga: gpd.GeoDataFrame, museums: Path
) -> None:
    path = tmp_path / "limites.gpkg"
    web = braga.to_crs(3857)
    web.set_geometry(web.representative_point()).to_file(path, layer="sedes")
    web.rename(columns={"code": "ref", "name": "designação"})[["ref", "designação", "geometry"]].to_file(
        path, layer="freguesias"
    )
    made = initialise(Request(tmp_path / "braga", "Braga", path, places=(museums,)))
    assert made.units == len(braga)
    said = {note.key: note.said for note in made.notes}
    assert said["init.note.layer"]["layer"] == "freguesias"
    assert said["init.note.metres"]["crs"] == "EPSG:3763"
    units = gpd.read_file(tmp_path / "braga" / "neighbourhoods.gpkg")
    whole = braga.to_crs(units.crs).union_all()
    assert units.union_all().symmetric_difference(whole).area < 1e-4 * whole.area


def test_a_shapefile_of_another_datum_with_headers_of_its_own(
    tmp_path: Path, braga: gpd.GeoDataFrame, museums: Path
) -> None:
    outlines = gpd.GeoDataFrame({"CODIGO_INE": braga["code"], "TOPONIMO": braga["name"], "CONCELHO": "Braga"},
                                geometry=braga.geometry, crs=braga.crs)  # fmt: skip
    outlines["POP21"] = range(100, 100 + len(outlines))
    outlines.to_crs(20790).to_file(tmp_path / "braga.shp", encoding="cp1252")
    initialise(Request(tmp_path / "braga", "Braga", tmp_path / "braga.shp", places=(museums,)))
    units = gpd.read_file(tmp_path / "braga" / "neighbourhoods.gpkg")
    assert units["name"].tolist() == braga["name"].tolist()
    assert set(units["parent_name"]) == {"Braga"}
    assert units["residents"].sum() == outlines["POP21"].sum()


def test_where_only_the_area_around_is_named_two_other_columns_are_asked_about() -> None:
    rows = {
        "codigo": ["01", "02", "03"],
        "concelho": ["A B", "A B", "C D"],
        "topónimo": ["Vila Um", "Vila Dois", "Três"],
    }
    assert find_columns(pd.DataFrame(rows), Wishes(), Path("x.gpkg")).name == "topónimo"
    two = pd.DataFrame(rows | {"sede": ["Largo", "Monte", "Vale"]})
    with pytest.raises(SourceError, match="topónimo, sede"):
        find_columns(two, Wishes(), Path("x.gpkg"))


def test_metres_that_fit_no_system_are_refused_with_those_that_were_tried(
    tmp_path: Path, braga: gpd.GeoDataFrame
) -> None:
    braga.to_file(tmp_path / "braga.gpkg")
    (tmp_path / "x.csv").write_text("name,kind,x,y\nA,museum,9500000,9500000\nB,museum,9600000,9500000\n", "utf-8")
    with pytest.raises(SourceError, match="EPSG:3763, EPSG:5014"):
        initialise(Request(tmp_path / "b", "B", tmp_path / "braga.gpkg", places=(tmp_path / "x.csv",)))


@pytest.mark.parametrize("name", ["", "  \t"])
def test_an_atlas_without_a_name_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="precisa de um nome") as fault:
        initialise(Request(tmp_path / "b", name, grid_m=200, osm=(tmp_path / "x.osm.pbf",)))
    assert fault.value.en.startswith("The atlas needs a name")
    assert not any(tmp_path.iterdir())


def test_what_is_wrong_with_an_extract_or_a_list_is_said_of_the_file_that_was_given(tmp_path: Path) -> None:
    """The atlas reads its own copy, which the planner never sees."""
    page = tmp_path / "norte-latest.osm.pbf"
    page.write_bytes(b"<html>502</html>")
    with pytest.raises(SourceError) as fault:
        initialise(Request(tmp_path / "b", "B", grid_m=200, osm=(page,)))
    assert fault.value.where == str(page)
    copy = tmp_path / "b/sources/lista.csv"
    with pytest.raises(SourceError) as fault, said_of(tmp_path / "a lista.csv", copy):
        raise SourceError("Veja lista.csv.", "See lista.csv.", where=Spot.of(copy, line=7))
    assert fault.value.text("pt") == f"{tmp_path}/a lista.csv, linha 7: Veja {tmp_path}/a lista.csv."
    assert fault.value.text("en").startswith(f"{tmp_path}/a lista.csv, line 7: See")
