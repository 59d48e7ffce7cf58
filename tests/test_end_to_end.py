"""A small real atlas from its files to ranks, files and a second build."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from spoiling import edit, edit_table

from atlas.built import Built, open_built
from atlas.cli import main


def bytes_of(store: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.iterdir() if path.name != "build.log.json"}


def test_esposende_goes_from_its_files_to_a_rank_and_a_file_that_gdal_opens(
    small_atlas: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "--draws", "50", "--lang", "pt", str(small_atlas)]) == 0
    assert "unidades em 1 área;" in capsys.readouterr().out
    assert main(["rank", "--format", "json", str(small_atlas)]) == 0
    answer = json.loads(capsys.readouterr().out)
    units = gpd.read_parquet(small_atlas / "neighbourhoods.parquet")
    assert {row["code"] for row in answer["rows"]} == set(units["code"])
    ranks = [row["rank"] for row in answer["rows"] if row["rank"] is not None]
    scores = [row["score"] for row in answer["rows"] if row["rank"] is not None]
    assert ranks[0] == 1
    assert scores == sorted(scores, reverse=True)
    assert answer["meta"]["weights"]["p1_heritage"] == 12
    assert {source["id"] for source in answer["meta"]["sources"]} >= {"caop", "osm_culture", "wikidata_2026"}
    path = tmp_path / "bairros.geojson"
    assert main(["export", "neighbourhoods", "-o", str(path), str(small_atlas)]) == 0
    opened = pyogrio.read_dataframe(path)
    assert set(opened["code"]) == set(units["code"])
    assert opened.crs.to_epsg() == 4326
    back = opened.set_index("code")
    for row in answer["rows"]:
        assert back.loc[row["code"], "potential"] == pytest.approx(row["score"], abs=0.01)


def test_a_second_build_rewrites_nothing_and_a_forced_one_gives_the_same_bytes(small_built: Path) -> None:
    store = small_built / ".atlas"
    before = {path.name: path.stat().st_mtime_ns for path in store.iterdir()}
    kept = bytes_of(store)
    open_built(str(small_built))
    assert {path.name: path.stat().st_mtime_ns for path in store.iterdir()} == before
    open_built(str(small_built), draws=50, force=True)
    assert bytes_of(store) == kept


def test_every_place_inside_is_counted_in_exactly_one_neighbourhood(porto: Built) -> None:
    places = porto.store.read("places")
    region = shapely.union_all(porto.store.read("neighbourhoods").geometry.to_numpy())
    points = shapely.point_on_surface(places.geometry.to_numpy())
    shapely.prepare(region)
    inside = shapely.intersects(region, points)
    assert (places["neighbourhood"].notna() == inside).all()
    figures = porto.figures("neighbourhood")
    ruins = places[inside & (places["class_"] == "ruin") & (places["layer"] == "reusable")]
    assert figures["ruined_buildings"].sum() == len(ruins)


def test_the_order_knows_a_city_centre_from_a_far_valley(norte: Built) -> None:
    scores = norte.store.read("scores")
    potential = scores[scores["index"] == "potential"].set_index("code")
    assert potential.loc["131217", "rank"] <= 3  # the historic centre of Porto
    assert potential.loc["030365", "rank"] <= 30  # the centre of Braga
    assert potential.loc["040921", "rank"] > 300  # Urros e Peredo dos Castelhanos, far from everything


def test_a_municipal_figure_ranks_municipalities_and_no_parish(norte: Built) -> None:
    scores = norte.store.read("scores")
    decline = scores[scores["index"] == "decline"]
    assert len(decline) == 86
    assert set(decline["level"]) == {"municipality"}
    people = scores[scores["index"] == "decline_people"]
    assert set(people["level"]) == {"neighbourhood"}
    missing = people[people["rank"].isna()]["code"]
    units = norte.units
    assert (units.loc[missing, "residents_method"] != "census").sum() >= 131


def test_a_pillar_without_a_source_is_named_and_never_zero(norte: Built, capsys: pytest.CaptureFixture[str]) -> None:
    stages = norte.store.read("stages")
    assert "p3" not in set(stages["node"])
    folder = str(norte.store.folder)
    assert main(["rank", "--index", "p3", "--store", folder, "--lang", "pt"]) == 1
    assert "Sem dados por freguesia" in capsys.readouterr().err


def test_contributions_of_a_parish_sum_to_its_score(norte: Built, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(norte.store.folder)
    assert main(["explain", "030884", "--format", "json", "--store", folder]) == 0
    found = json.loads(capsys.readouterr().out)
    total = sum(one["contribution"] or 0 for one in found["contributions"])
    assert total == pytest.approx(found["score"], abs=1e-9)
    museums = [one for one in found["evidence"] if one["indicator"] == "museums_5km"]
    value = next(one["value"] for one in found["contributions"] if one["code"] == "museums_5km")
    assert len(museums) == value
    assert all(one["source"] and one["date"] and one["licence"] for one in museums)


def test_weights_from_a_file_change_the_order(norte: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(norte.store.folder)
    weights = tmp_path / "pesos.toml"
    weights.write_text("[weights]\np1_heritage = 1\n", "utf-8")
    command = ["rank", "--top", "40", "--format", "json", "--store", folder]
    assert main(command) == 0
    default = json.loads(capsys.readouterr().out)
    assert main([*command, "--weights", str(weights)]) == 0
    heritage = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in default["rows"]] != [row["code"] for row in heritage["rows"]]
    assert main(["rank", "--top", "40", "--format", "json", "--store", folder, "--index", "p1_heritage"]) == 0
    pillar = json.loads(capsys.readouterr().out)
    assert [row["score"] for row in pillar["rows"]] == pytest.approx([row["score"] for row in heritage["rows"]])


def in_toml(before: str, after: str) -> Callable[[Path], None]:
    return lambda folder: edit(folder / "atlas.toml", before, after)


def in_table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    return lambda folder: edit_table(folder / name, change)


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (lambda folder: (folder / "archaeology.csv").unlink(), r"archaeology\.csv.*não existe"),
    (in_toml("radius_m = 5000", "radius = 5000"), r"precisa de `radius_m`"),
    (in_toml("[atlas]", "[atlas]\ncrss = 1"), r"linha \d+.*Chave desconhecida: «atlas\.crss».*«crs»"),
    (in_toml("weight = 12", 'weight = "doze"'), r"linha \d+.*weight.*«doze»"),
    (in_toml("weight = 12", "weight = -1"), r"weight"),
    (in_toml("[atlas]", "[atlas"), r"TOML"),
    (in_toml("heritage_km2 = 2", "heritage_km3 = 2"), r"heritage_km3.*«heritage_km2»"),
    (in_toml("heritage_km2 = 2", "deep_repair = 2"), r"não ordena freguesias"),
    (in_toml("heritage_km2 = 2", "transit_departures = 2"), r"goalposts"),
    (in_table("census_parishes.csv", lambda t: pd.concat([t, t.head(1)])), r"census_parishes\.csv.*repete-se"),
    (in_table("census_parishes.csv", lambda t: t.assign(code=t["code"].str.lstrip("0"))), r"códigos não existem"),
    (in_table("archaeology.csv", lambda t: t.assign(lon="oeste")), r"coluna «lon», linha 2.*«oeste»"),
]


@pytest.mark.parametrize(("spoil", "said"), FAULTS)
def test_a_fault_in_the_input_is_one_paragraph_and_the_last_store_stands(
    small_built: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], said: str
) -> None:
    store = small_built / ".atlas"
    kept = bytes_of(store)
    spoil(small_built)
    code = main(["build", "--draws", "0", "--lang", "pt", str(small_built)])
    error = capsys.readouterr().err
    assert code == 1
    assert re.search(said, error)
    assert "Traceback" not in error
    assert bytes_of(store) == kept


def test_outlines_without_a_crs_are_refused(small_atlas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small_atlas / "bairros.gpkg"
    units = gpd.read_parquet(small_atlas / "neighbourhoods.parquet")
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(units.drop(columns="geometry"), geometry=units.geometry.to_numpy()).to_file(
            path, driver="GPKG"
        )
    edit(small_atlas / "atlas.toml", 'file = "neighbourhoods.parquet"\nparents', 'file = "bairros.gpkg"\nparents')
    assert main(["build", "--lang", "en", str(small_atlas)]) == 1
    assert re.search(r"bairros\.gpkg: The file states no CRS", capsys.readouterr().err)


def test_a_code_twice_among_the_outlines_is_refused(small_atlas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small_atlas / "neighbourhoods.parquet"
    units = gpd.read_parquet(path)
    units.loc[units.index[1], "code"] = units["code"].iloc[0]
    units.to_parquet(path)
    assert main(["build", "--lang", "pt", str(small_atlas)]) == 1
    assert "repete-se" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["rank", "--format", "xml"], ["nada"], ["export"], []])
def test_wrong_usage_exits_with_two(words: list[str]) -> None:
    assert main(words) == 2


def test_an_existing_file_is_kept_unless_forced(
    norte: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.geojson"
    path.write_text("meu", "utf-8")
    command = ["export", "museums", "-o", str(path), "--store", str(norte.store.folder)]
    assert main(command) == 1
    assert path.read_text("utf-8") == "meu"
    assert "--force" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
    assert json.loads(path.read_text("utf-8"))["type"] == "FeatureCollection"
