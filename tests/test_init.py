"""`atlas init`: an atlas of any region from a planner's own files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely

from atlas.atlasfile import find_atlas, load_atlas
from atlas.built import open_built
from atlas.cli import main
from atlas.config import Source
from atlas.errors import OutputError, SourceError
from atlas.initialise import Request, initialise
from atlas.initialise.grid import hexagons
from atlas.initialise.outlines import Wishes, find_columns, read_outlines
from atlas.initialise.projecting import choose_crs
from atlas.language import Translator
from atlas.layers import classify
from atlas.sources import load

KINDS = ("museum", "theatre", "library", "café", "gallery", "cinema", "monumento", "coworking", "university")


def squares(west: float, south: float, across: int, along: int, step: float, **columns: object) -> gpd.GeoDataFrame:
    """A region of squares in degrees; its longitudes may run past 180, where they are cut and come back at −180."""
    shapes = []
    for x in range(across):
        for y in range(along):
            whole = shapely.box(west + x * step, south + y * step, west + (x + 1) * step, south + (y + 1) * step)
            east = shapely.transform(
                shapely.intersection(whole, shapely.box(180, -90, 360, 90)), lambda p: p - (360, 0)
            )
            parts = [part for part in (shapely.intersection(whole, shapely.box(-180, -90, 180, 90)), east) if part.area]
            shapes.append(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))
    count = across * along
    held = {"code": [f"0{n:02d}" for n in range(count)], "name": [f"Unit {chr(65 + n)}" for n in range(count)]}
    return gpd.GeoDataFrame(held | columns, geometry=shapes, crs=4326)


def places(path: Path, west: float, south: float, width: float, height: float, count: int = 120) -> Path:
    random = np.random.default_rng(7)
    lon = (west + random.random(count) * width + 180) % 360 - 180
    rows = {
        "nombre": [f"Place {number}" for number in range(count)],
        "tipo": random.choice([*KINDS, "taberna"], count),
        "lng": lon.round(6),
        "lat": (south + random.random(count) * height).round(6),
    }
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def ranked(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main(["rank", str(folder), "--format", "json", "--quiet"]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)["rows"]
    return rows


def exported(folder: Path, target: Path) -> dict[str, object]:
    assert main(["export", "neighbourhoods", str(folder), "-o", str(target), "--quiet"]) == 0
    held: dict[str, object] = json.loads(target.read_text("utf-8"))
    return held


def test_a_region_in_the_southern_hemisphere_is_ranked_and_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    county = ["North"] * 6 + ["South"] * 6
    residents = list(range(1000, 13000, 1000))
    outlines = squares(36.7, -1.4, 4, 3, 0.03, county=county, population=residents)
    outlines.to_file(tmp_path / "wards.gpkg")
    spots = places(tmp_path / "lugares.csv", 36.7, -1.4, 0.12, 0.09)
    folder = tmp_path / "nairobi"
    words = ["--neighbourhoods", str(tmp_path / "wards.gpkg"), "--places", str(spots), "--lang", "en"]
    assert main(["init", str(folder), "--name", "Nairobi", *words]) == 0
    told = capsys.readouterr().out
    assert "code “code”, name “name”, parent “county”, residents “population”" in told
    assert "EPSG:32737" in told
    assert "«taberna»" in told
    assert load_atlas(folder).atlas.law == "none"
    rows = ranked(folder, capsys)
    assert sorted(row["rank"] for row in rows) == list(range(1, 13))
    assert {row["parent"] for row in rows} == {"North", "South"}
    assert {row["code"]: row["residents"] for row in rows}["005"] == 6000
    features = exported(folder, tmp_path / "x.geojson")["features"]
    again = {one["id"]: shapely.geometry.shape(one["geometry"]) for one in features}
    for code, shape in zip(outlines["code"], outlines.geometry, strict=True):
        assert shape.symmetric_difference(again[code]).area < 1e-6 * shape.area


def test_a_region_across_180_hangs_together_and_is_split_in_the_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outlines = squares(178.8, -18, 4, 3, 0.7)
    outlines.to_file(tmp_path / "fiji.geojson")
    spots = places(tmp_path / "places.csv", 178.8, -18, 2.8, 2.1, 240)
    folder = tmp_path / "fiji"
    made = initialise(Request(folder, "Fiji", tmp_path / "fiji.geojson", places=(spots,)))
    assert made.units == 12
    units = gpd.read_file(folder / "neighbourhoods.gpkg")
    assert set(units.geometry.geom_type) == {"Polygon"}  # cut along ±180° in the file, whole here
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    true_area = abs(shapely_area_km2(outlines.geometry.iloc[0]))
    assert units.area.iloc[0] / 1e6 == pytest.approx(true_area, rel=0.001)
    assert len(ranked(folder, capsys)) == 12
    held = exported(folder, tmp_path / "x.geojson")
    west, _, east, _ = held["bbox"]
    assert (round(west, 3), round(east, 3)) == (178.8, -178.4)
    shapes = [shapely.geometry.shape(one["geometry"]) for one in held["features"]]
    crossing = [one for one in shapes if one.bounds[2] - one.bounds[0] > 180]
    assert {one.geom_type for one in crossing} == {"MultiPolygon"}
    assert all(part.bounds[2] - part.bounds[0] < 1 for one in shapes for part in shapely.get_parts(one))


def shapely_area_km2(shape: shapely.Geometry) -> float:
    """On the ellipsoid."""
    import pyproj

    return float(pyproj.Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]) / 1e6


def an_extract(path: Path) -> Path:
    """A square of half a kilometre in Lisbon with its box in the header."""
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(osmium.osm.Location(-9.145, 38.71), osmium.osm.Location(-9.139, 38.7145)))
    tags = [
        {"amenity": "theatre"},
        {"tourism": "museum"},
        {"amenity": "cafe"},
        {"shop": "books"},
        {"tourism": "gallery"},
    ]
    random = np.random.default_rng(3)
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for number in range(60):
            place = (-9.145 + random.random() * 0.006, 38.71 + random.random() * 0.0045)
            tag = {**tags[number % len(tags)], "name": f"Place {number}"}
            writer.add_node(osmium.osm.mutable.Node(id=number + 1, location=place, tags=tag))
        writer.add_node(
            osmium.osm.mutable.Node(id=99, location=(-9.142, 38.712), tags={"place": "suburb", "name": "Sé"})
        )
    return path


def test_a_grid_covers_the_box_of_an_extract_and_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extract = an_extract(tmp_path / "se.osm.pbf")
    folder = tmp_path / "se"
    assert main(["init", str(folder), "--name", "Sé", "--grid", "200", "--osm", str(extract), "--quiet"]) == 0
    units = gpd.read_file(folder / "neighbourhoods.gpkg")
    box = gpd.GeoSeries([shapely.box(-9.145, 38.71, -9.139, 38.7145)], crs=4326).to_crs(units.crs).iloc[0]
    assert units.intersects(box).all()
    assert units.union_all().buffer(0.01).covers(box)
    assert units.area.to_numpy() == pytest.approx(200**2 * np.sqrt(3) / 2)
    assert units["name"].str.startswith("Sé").all()
    assert load_atlas(folder).source_of("osm").licence == "ODbL 1.0"
    assert all(row["rank"] for row in ranked(folder, capsys))


def test_hexagons_stand_where_they_stood_when_more_is_covered() -> None:
    small, large = hexagons(shapely.box(900, 900, 2000, 2000), 500), hexagons(shapely.box(-3000, 0, 2000, 5000), 500)
    both = small.merge(large, on="code", suffixes=("", "_large"))
    assert len(both) == len(small)
    assert shapely.equals_identical(both["geometry"].to_numpy(), both["geometry_large"].to_numpy()).all()
    assert shapely.coverage_is_valid(large.geometry.to_numpy())


def test_the_new_atlas_is_a_folder_of_its_own_with_every_reference(tmp_path: Path) -> None:
    squares(-70.7, -33.5, 3, 3, 0.02, comuna=["A"] * 9).to_file(tmp_path / "comunas.shp")
    spots = places(tmp_path / "lugares.csv", -70.7, -33.5, 0.06, 0.06)
    initialise(Request(tmp_path / "santiago", "Santiago", tmp_path / "comunas.shp", places=(spots,)))
    for path in tmp_path.glob("comunas.*"):
        path.unlink()
    spots.unlink()
    atlas = load_atlas(tmp_path / "santiago")  # refuses an indicator without goalposts
    assert atlas.atlas.crs == "EPSG:32719"
    assert atlas.index_of("potential").cuts is not None
    assert {pillar.id: bool(pillar.indicators) for pillar in atlas.index[0].pillar}["p1_walkable"] is False
    text = (tmp_path / "santiago" / "atlas.toml").read_text("utf-8")
    assert "# · Distância à estação: nenhuma fonte preenche Transporte público" in text
    assert tomllib.loads(text)["source"][1]["read"] == {"kind": "tipo", "name": "nombre", "lon": "lng", "lat": "lat"}
    moved = (tmp_path / "santiago").rename(tmp_path / "elsewhere")
    assert main(["build", str(moved), "--quiet"]) == 0


def test_boundaries_and_places_cut_from_norte_make_an_atlas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = gpd.read_parquet(find_atlas("norte") / "neighbourhoods.parquet")
    cut = whole[whole["parent"].isin(["0303", "0308"])].rename(columns={"code": "dtmnfr", "name": "freguesia"})
    cut[["dtmnfr", "freguesia", "parent", "parent_name", "geometry"]].to_file(tmp_path / "ave.gpkg")
    wikidata = pd.read_csv(find_atlas("norte") / "wikidata_2026.csv", dtype=str)
    wikidata.to_csv(tmp_path / "lugares.csv", index=False, sep=";", encoding="utf-8-sig")
    made = initialise(Request(tmp_path / "ave", "Ave", tmp_path / "ave.gpkg", places=(tmp_path / "lugares.csv",)))
    assert made.units == len(cut)
    atlas = load_atlas(tmp_path / "ave")
    assert atlas.atlas.crs == "EPSG:3763"
    assert atlas.atlas.law == "pt"
    assert atlas.neighbourhoods.unit.pt == "freguesia"
    rows = ranked(tmp_path / "ave", capsys)
    assert {row["code"] for row in rows} == set(cut["dtmnfr"])
    assert {"030365", "030364"} < {row["code"] for row in rows[:6]}  # the middle of Braga, with most of the venues


def test_parish_and_municipality_are_told_apart_by_what_they_hold() -> None:
    table = pd.DataFrame({
        "OBJECTID": [1, 2, 3, 4],
        "dtmnfr": ["010402", "0302FA", "130102", "130103"],
        "dtmn": ["0104", "0302", "1301", "1301"],
        "Freguesia": ["Alvarenga", "Airó", "Ansiães", "Candemil"],
        "Município": ["Arouca", "Barcelos", "Amarante", "Amarante"],
        "Distrito": ["Aveiro", "Braga", "Porto", "Porto"],
        "N_INDIVIDUOS": [1000, 900, 800, 700],
    })  # fmt: skip
    found = find_columns(table, Wishes(), Path("a.gpkg"))
    assert (found.code, found.name, found.parent, found.parent_name) == ("dtmnfr", "Freguesia", "dtmn", "Município")
    assert found.population == "N_INDIVIDUOS"
    towns = find_columns(table.iloc[:3][["dtmn", "Município", "Distrito"]], Wishes(), Path("a.gpkg"))
    assert (towns.code, towns.name) == ("dtmn", "Município")


@pytest.mark.parametrize(
    ("columns", "option", "named"),
    [
        ({"ida": ["a1", "a2"], "idb": ["b9", "b8"], "name": ["Sul", "Norte"]}, "--code", ("ida", "idb")),
        ({"code": ["a1", "a2"], "foo": ["Sul", "Norte"], "bar": ["Alto", "Baixo"]}, "--name-column", ("foo", "bar")),
        (
            {
                "code": list("1234"),
                "name": ["Um", "Dois", "Três", "Quatro"],
                "city": list("XXYY"),
                "district": list("PQPQ"),
            },
            "--parent",
            ("city", "district"),
        ),
    ],
)
def test_what_is_not_certain_is_an_error_that_names_the_columns(
    columns: dict[str, list[str]], option: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(SourceError) as fault:
        find_columns(pd.DataFrame(columns), Wishes(), Path("a.gpkg"))
    for lang in ("pt", "en"):
        assert all(word in fault.value.text(lang) for word in (option, *named))
    asked: list[str] = []
    answered = find_columns(
        pd.DataFrame(columns), Wishes(), Path("a.gpkg"), lambda ask, offered: asked.append(ask) or offered[0]
    )
    assert asked == [option]
    assert named[0] in (answered.code, answered.name, answered.parent)


def test_nothing_is_asked_without_a_terminal_and_nothing_is_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = squares(0, 10, 2, 2, 0.1, ida=list("abcd"), idb=list("efgh")).drop(columns="code")
    frame.assign(ida="x" + frame["ida"] + "1", idb="y" + frame["idb"] + "2").to_file(tmp_path / "a.geojson")
    spots = places(tmp_path / "p.csv", 0, 10, 0.2, 0.2)
    words = ["init", str(tmp_path / "t"), "--name", "T", "--neighbourhoods", str(tmp_path / "a.geojson")]
    assert main([*words, "--places", str(spots)]) == 1
    assert "ida, idb" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"a.geojson", "p.csv"}
    assert main([*words, "--places", str(spots), "--code", "IDB", "--quiet"]) == 0
    assert main([*words, "--places", str(spots), "--code", "idb"]) == 1
    assert "já existe" in capsys.readouterr().err
    assert main(words[:4]) == 2


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    with pytest.raises(OutputError):
        initialise(Request(tmp_path / "t", "T", grid_m=500, places=(tmp_path / "p.csv",)))
    assert list((tmp_path / "t").iterdir()) == []


def test_places_are_placed_whatever_way_their_coordinates_are_written(tmp_path: Path) -> None:
    outlines = squares(-8.65, 41.14, 3, 3, 0.02)
    outlines.to_file(tmp_path / "a.geojson")
    table = pd.read_csv(places(tmp_path / "p.csv", -8.65, 41.14, 0.06, 0.06, 60))
    metres = gpd.GeoSeries(gpd.points_from_xy(table["lng"], table["lat"]), crs=4326).to_crs(3763)
    variants = {
        "swapped": table.rename(columns={"lng": "lat", "lat": "lng"}),
        "metres": table.assign(lng=metres.x.round(2), lat=metres.y.round(2)).rename(columns={"lng": "X", "lat": "Y"}),
        "comma": table.assign(lng=table["lng"].astype(str).str.replace(".", ",")),
    }
    for name, one in variants.items():
        one.to_csv(tmp_path / f"{name}.csv", index=False, sep=";")
        made = initialise(
            Request(tmp_path / name, "T", tmp_path / "a.geojson", places=(tmp_path / f"{name}.csv",)), lang="en"
        )
        layers = next(note for note in made.notes if note.key == "init.note.layers").text(Translator("en"))
        assert f"Museums ({int((table['tipo'] == 'museum').sum())})" in layers, name


def test_a_file_of_places_without_a_class_takes_the_layer_that_it_is_named_after(tmp_path: Path) -> None:
    table = pd.read_csv(places(tmp_path / "p.csv", 0, 0, 1, 1, 40)).drop(columns="tipo")
    for name in ("bibliotecas", "lista"):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    initialise(Request(tmp_path / "t", "T", grid_m=20_000, places=(tmp_path / "bibliotecas.csv",)))
    assert load_atlas(tmp_path / "t").source_of("bibliotecas").read["kind_is"] == "library"
    with pytest.raises(SourceError, match="Chame-lhe `kind`"):
        initialise(Request(tmp_path / "u", "U", grid_m=20_000, places=(tmp_path / "lista.csv",)))


def test_tags_of_openstreetmap_are_read_as_such_and_keep_their_licence(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    tags = random.choice(["museum", "gallery", "viewpoint"], 40)
    points = gpd.points_from_xy(random.random(40), random.random(40))
    held = {"@id": [f"node/{n}" for n in range(40)], "tourism": tags, "type": None, "attraction": None, "name": "Casa"}
    gpd.GeoDataFrame(held, geometry=points, crs=4326).to_file(tmp_path / "turbo.geojson")
    initialise(Request(tmp_path / "t", "T", grid_m=20_000, places=(tmp_path / "turbo.geojson",)))
    source = load_atlas(tmp_path / "t").source_of("turbo")
    assert source.read == {"columns_are_tags": True, "record": "@id"}
    assert source.licence == "ODbL 1.0"


def test_a_handful_of_places_in_a_list_makes_no_indicator_but_a_survey_may_find_few(tmp_path: Path) -> None:
    table = pd.read_csv(places(tmp_path / "p.csv", 0, 0, 1, 1, 40))
    table["tipo"] = ["museum"] * 38 + ["cinema"] * 2
    table.to_csv(tmp_path / "p.csv", index=False)
    made = initialise(Request(tmp_path / "t", "T", grid_m=20_000, places=(tmp_path / "p.csv",)))
    said = [note.text(Translator("en")) for note in made.notes]
    assert any("there are only 2 places (Cinemas) for" in text for text in said)
    assert not any(one.layers == ("cinemas",) for one in load_atlas(tmp_path / "t").indicator)


def test_plain_values_of_openstreetmap_are_known_by_the_rules_of_the_layers(tmp_path: Path) -> None:
    words = ["arts_centre", "community_centre", "Arts Centre", "pub", "events_venue", "yes", "office", "disused"]
    table = pd.read_csv(places(tmp_path / "p.csv", 0, 0, 1, 1, len(words)))
    table.assign(tipo=words).to_csv(tmp_path / "p.csv", index=False)
    initialise(Request(tmp_path / "t", "T", grid_m=20_000, places=(tmp_path / "p.csv",)))
    atlas = load_atlas(tmp_path / "t")
    classes = classify(load(atlas.source_of("p"), atlas.folder), atlas.layers)
    assert classes.fillna("").tolist() == [
        "cultural_centre", "association", "cultural_centre", "bar", "events_hall", "", "", ""
    ]  # fmt: skip


def test_words_that_no_layer_knows_are_all_listed(tmp_path: Path) -> None:
    table = pd.read_csv(places(tmp_path / "p.csv", 0, 0, 1, 1, 12))
    table.assign(tipo=["tasca", "museuu"] * 6).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(SourceError) as fault:
        initialise(Request(tmp_path / "t", "T", grid_m=20_000, places=(tmp_path / "p.csv",)))
    assert "«tasca», «museuu»" in fault.value.text("pt")
    table.assign(tipo=["tasca", "museuu", "museu"] * 4).to_csv(tmp_path / "p.csv", index=False)
    made = initialise(Request(tmp_path / "t", "T", grid_m=20_000, places=(tmp_path / "p.csv",)))
    said = next(note for note in made.notes if note.key == "init.note.unknown_words").text(Translator("en"))
    assert "8 records" in said
    assert "«museuu» (4, museus?)" in said or "«museuu» (4, museu?)" in said


def test_parts_of_one_unit_are_joined_and_a_code_of_two_units_is_refused(tmp_path: Path) -> None:
    frame = squares(0, 10, 2, 2, 0.1)
    frame.assign(code=["a1", "a1", "b2", "c3"], name=["Sul", "Sul", "Norte", "Leste"]).to_file(
        tmp_path / "parts.geojson"
    )
    assert len(read_outlines(tmp_path / "parts.geojson", Wishes()).units) == 3
    frame.assign(code=["a1", "a1", "b2", "c3"]).to_file(tmp_path / "twice.geojson")
    with pytest.raises(SourceError, match="a1"):
        read_outlines(tmp_path / "twice.geojson", Wishes())


@pytest.mark.parametrize(
    ("box", "crs", "chosen"),
    [
        ((-8.7, 41.1, -8.5, 41.2), 4326, "EPSG:3763"),
        ((-8.9, 40.7, -6.18, 42.17), 4326, "EPSG:3763"),  # Norte, up to the border
        ((-8.9, 41.7, -6.7, 43.8), 4326, "EPSG:32629"),  # Galicia
        ((24.93, 60.16, 24.95, 60.18), 4326, "EPSG:32635"),
        ((-70.8, -33.6, -70.5, -33.3), 4326, "EPSG:32719"),
        ((36.7, -1.4, 37.0, -1.2), 21037, "EPSG:21037"),  # the file's own
        ((36.7, -1.4, 37.0, -1.2), 3857, "EPSG:32737"),  # metres of Web Mercator are none
        ((-10.0, 36.0, 20.0, 60.0), 4326, "+proj=laea"),
        ((10.0, 85.0, 60.0, 88.0), 4326, "+proj=laea"),
    ],
)
def test_the_metric_system_fits_the_region(box: tuple[float, ...], crs: int, chosen: str) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(*box)], crs=4326).to_crs(crs)
    assert choose_crs(frame).crs.startswith(chosen)


def test_degrees_that_are_none_are_refused() -> None:
    with pytest.raises(SourceError, match="graus"):
        choose_crs(gpd.GeoDataFrame(geometry=[shapely.box(500_000, 4_600_000, 500_100, 4_600_100)], crs=4326))


def test_an_atlas_that_knows_no_decline_goes_all_the_way_to_paper_and_package(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    squares(36.7, -1.4, 2, 2, 0.03).to_file(tmp_path / "a.gpkg")
    spots = places(tmp_path / "p.csv", 36.7, -1.4, 0.06, 0.06)
    folder = tmp_path / "nairobi"
    initialise(Request(folder, "Nairobi", tmp_path / "a.gpkg", places=(spots,)))
    for words in (
        ["opportunities", str(folder)],
        ["sheet", "000", str(folder), "-o", str(tmp_path / "s.pdf")],
        ["package", str(folder), "-o", str(tmp_path / "p.zip")],
        ["map", str(folder), "-o", str(tmp_path / "m.html")],
    ):
        assert main([*words, "--quiet"]) == 0, words
    assert main(["legal", "36.71", "-1.39", str(folder), "--lang", "en"]) == 1
    assert "only Portugal's is known" in capsys.readouterr().err


def test_in_a_tiny_region_what_is_the_same_everywhere_is_dropped_with_a_word(tmp_path: Path) -> None:
    """Nine squares of one kilometre: within 5 km every venue has all the others, so its company tells nothing."""
    squares = [shapely.box(1000 * x, 1000 * y, 1000 * x + 1000, 1000 * y + 1000) for x in range(3) for y in range(3)]
    units = gpd.GeoDataFrame({"code": [f"U{i}" for i in range(9)], "name": [f"Unidade {i}" for i in range(9)]},
                             geometry=squares, crs=3763)  # fmt: skip
    units.to_file(tmp_path / "units.gpkg")
    spots = [shapely.Point(137 * i % 3000, 731 * i % 3000) for i in range(1, 31)]
    places = gpd.GeoDataFrame({"name": [f"P{i}" for i in range(30)], "kind": ["museum", "gallery", "theatre"] * 10},
                              geometry=spots, crs=3763).to_crs(4326)  # fmt: skip
    places.to_file(tmp_path / "places.geojson")
    folder = tmp_path / "atlas"
    command = ["init", str(folder), "--name", "Tiny", "--neighbourhoods", str(tmp_path / "units.gpkg")]
    assert main([*command, "--places", str(tmp_path / "places.geojson"), "--quiet"]) == 0
    built = open_built(str(folder), draws=20)
    assert "venue_company" not in {one.code for one in built.atlas.indicator}
    assert built.store.read("scores")["rank"].notna().any()


def test_what_moves_against_the_rest_is_left_out_with_a_word_and_the_atlas_builds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Heritage lies in the east, all else in the west: the build would stop at it."""
    squares(174.6, -36.9, 8, 5, 0.01).to_file(tmp_path / "units.gpkg")
    west = pd.read_csv(places(tmp_path / "west.csv", 174.6, -36.9, 0.03, 0.05))
    east = pd.read_csv(places(tmp_path / "east.csv", 174.65, -36.9, 0.03, 0.05)).assign(tipo="monumento")
    pd.concat([west[west["tipo"] != "monumento"], east]).to_csv(tmp_path / "all.csv", index=False)
    made = initialise(Request(tmp_path / "a", "A", tmp_path / "units.gpkg", places=(tmp_path / "all.csv",)))
    said = [note.text(Translator("en")) for note in made.notes]
    assert sum("it moves against the rest (correlation −" in one for one in said) == 2
    assert any(one.startswith("Heritage per km²: it moves") for one in said)
    assert "heritage" not in {layer for one in load_atlas(made.folder).indicator for layer in one.layers}
    assert len(ranked(made.folder, capsys)) == 40


def test_places_of_another_region_are_said_with_where_both_are(tmp_path: Path) -> None:
    squares(174.6, -36.9, 3, 3, 0.01).to_file(tmp_path / "units.gpkg")
    elsewhere = places(tmp_path / "spots.csv", -8.6, 41.1, 0.03, 0.03)
    with pytest.raises(SourceError, match=r"spots: Nenhum lugar cai na região.*174,60; −36,90.*−8,60; 41,10"):
        initialise(Request(tmp_path / "a", "A", tmp_path / "units.gpkg", places=(elsewhere,)))
    assert not (tmp_path / "a").exists()


def test_outlines_without_a_column_and_a_table_without_a_row_are_said(tmp_path: Path) -> None:
    bare = squares(174.6, -36.9, 3, 3, 0.01)
    bare[["geometry"]].to_file(tmp_path / "bare.gpkg")
    with pytest.raises(SourceError, match="só tem contornos"):
        read_outlines(tmp_path / "bare.gpkg", Wishes())
    (tmp_path / "none.csv").write_text("name,kind,lon,lat\n", "utf-8")
    with pytest.raises(SourceError, match="nenhuma linha de dados"):
        initialise(Request(tmp_path / "a", "A", grid_m=500, places=(tmp_path / "none.csv",)))


def test_a_list_of_which_nothing_lies_in_the_region_is_said(tmp_path: Path) -> None:
    squares(174.6, -36.9, 4, 4, 0.01).to_file(tmp_path / "units.gpkg")
    lists = (
        places(tmp_path / "here.csv", 174.6, -36.9, 0.04, 0.04),
        places(tmp_path / "away.csv", 24.9, 60.1, 0.04, 0.04),
    )
    made = initialise(Request(tmp_path / "a", "A", tmp_path / "units.gpkg", places=lists))
    said = [note.text(Translator("en")) for note in made.notes]
    assert "away: nothing of it lies in the region." in said
    assert not any(one.startswith("here: nothing") for one in said)


def test_longitudes_that_run_on_past_180_are_those_behind_it(tmp_path: Path) -> None:
    pd.DataFrame({"name": ["a"], "kind": ["museum"], "lon": [183.4], "lat": [-43.9]}).to_csv(tmp_path / "a.csv")
    values = {"id": "a", "kind": "table", "file": "a.csv", "title": "t", "publisher": "p", "licence": "l", "date": ""}
    records = load(Source.model_validate(values), tmp_path)
    assert records.geometry.x.tolist() == pytest.approx([-176.6])
    assert not records.attrs["warnings"]


def test_codes_are_told_from_names_with_numbers_and_a_name_from_what_is_the_same_everywhere() -> None:
    table = pd.DataFrame(
        {
            "VILLCODE": ["6300-01", "6300-02"],
            "VILLNAME": ["里1", "里2"],
            "TOWNCODE": ["63"] * 2,
            "TOWNNAME": ["大安"] * 2,
        }
    )
    found = find_columns(table, Wishes(), Path("a.gpkg"))
    assert (found.code, found.name) == ("VILLCODE", "VILLNAME")


def test_init_and_check_show_how_far_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extract = an_extract(tmp_path / "a.osm.pbf")
    words = ["--name", "A", "--grid", "500", "--osm", str(extract), "--progress", "json"]
    for command in (["init", str(tmp_path / "a"), *words], ["check", str(tmp_path / "a"), "--progress", "json"]):
        assert main(command) == 0
        told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert [one["share"] for one in told] == sorted(one["share"] for one in told)
        assert list(dict.fromkeys(one["stage"] for one in told)) == ["places", "indicators"]
