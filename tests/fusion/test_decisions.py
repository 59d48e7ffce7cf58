"""``decisions.csv``: applied at every build, refused with its row named, reported where its record is gone."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from made_records import atlas_of, fused, groups, records, source, together

from atlas.atlasfile import load_atlas
from atlas.built import open_built
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.fusion import fuse
from atlas.placing import _moved_away
from atlas.sources.decisions import COLUMNS, read_decisions

A, B = source("a", "2021"), source("b", "2022")
ROWS = [
    ("a", "1", "Museu do Ouro", "museum", (0, 0)),
    ("b", "1", "Museu do Ouro", "museum", (10, 0)),
    ("b", "2", "Casa Branca", "gallery", (500, 0)),
    ("a", "2", "Sala Preta", "gallery", (540, 0)),
]


def write(folder: Path, *rows: str, name: str = "Maria Alves", separator: str = ",") -> Path:
    """Rows of decision, source_a, record_a, source_b, record_b, value; by whom and when is filled in."""
    path = folder / "decisions.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(COLUMNS)
        for row in rows:
            cells = [cell.strip() for cell in row.split(",", 5)]
            writer.writerow([*cells, *[""] * (6 - len(cells)), name, "2026-11-20", f"visto por {name}"])
    return path


def with_decisions(folder: Path, *rows: str) -> object:
    write(folder, *rows)
    return fused(ROWS, A, B, folder=folder)


def test_different_parts_what_would_be_one_and_same_joins_what_would_be_two(tmp_path: Path) -> None:
    assert together(fused(ROWS, A, B), ("a", "1"), ("b", "1"))
    found = with_decisions(tmp_path, "different, a, 1, b, 1", "same, b, 2, a, 2")
    assert not together(found, ("a", "1"), ("b", "1"))
    assert together(found, ("a", "2"), ("b", "2"))
    marks = found.places.set_index("name")["marks"].to_dict()
    assert marks["Museu do Ouro"] == "decided_different"
    assert marks["Sala Preta"] == "decided_same"
    assert found.decisions["applied"].all()


def test_a_closed_place_goes_whole_and_a_class_is_what_was_decided(tmp_path: Path) -> None:
    found = with_decisions(tmp_path, "closed, b, 1", "class, b, 2, , , theatre|cinema")
    assert ("a", "1") not in {record for place in groups(found) for record in place}
    white = found.places.set_index("name").loc["Casa Branca"]
    assert (white["classes"], white["class_"], white["marks"]) == ("theatre|cinema", "theatre", "decided_class")


def test_a_record_that_no_layer_claims_can_be_given_a_class(tmp_path: Path) -> None:
    rows = records(("a", "1", "Capela", None, (0, 0)), ("a", "2", "Museu", "museum", (900, 0)))
    write(tmp_path, "class, a, 1, , , historic_church")
    found = fuse(rows, atlas_of(A, folder=tmp_path))
    assert set(found.places["classes"]) == {"historic_church", "museum"}
    assert rows["classes"].isna().sum() == 1  # records are never changed


@pytest.mark.parametrize("value", ["-8.6 41.15", "-8,6 41,15", "-8.6; 41.15", "-8.6, 41.15", "−8,6; 41,15"])
def test_a_moved_record_gives_its_place_the_position(tmp_path: Path, value: str) -> None:
    found = with_decisions(tmp_path, f"move, b, 1, , , {value}")
    place = found.places.to_crs(4326).set_index("name").geometry["Museu do Ouro"]
    position = found.places.to_crs(4326)
    moved = position[position["marks"] == "decided_move"].geometry.iloc[0]
    assert moved.distance(shapely.Point(-8.6, 41.15)) < 1e-9
    assert place is not None


def test_a_decision_about_a_record_that_is_gone_is_reported_in_both_languages(tmp_path: Path) -> None:
    found = with_decisions(tmp_path, "closed, a, 1", "same, a, 9, b, 1", "closed, zz, 1")
    assert [words for _, words in found.warnings] == [
        "decisions.csv, row 3: record “9” of “a” is there no more; the decision was not applied. Look at it again.",
        "decisions.csv, row 4: record “1” of “zz” is there no more; the decision was not applied. Look at it again.",
    ]
    assert "linha 3" in found.warnings[0][0]
    assert "já não existe" in found.warnings[0][0]
    assert found.decisions["applied"].tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["equal, a, 1, b, 1"], r"linha 2: .*«equal».*Existem: same"),
        (["diferent, a, 1, b, 1"], r"«diferent» \(«different»\?\)"),
        (["closed, a"], r"linha 2: Falta o registo"),
        (["closed, a, 1", "same, a, 1"], r"linha 3: «same» é sobre dois registos"),
        (["same, a, 1, a, 1"], r"linha 2: «same» é sobre dois registos"),
        (["class, a, 1, , , museo"], r"linha 2: A classe «museo» não existe nas camadas \(«museum»\?\)"),
        (["class, a, 1"], r"linha 2: A classe «»"),
        (["move, a, 1, , , aqui"], r"linha 2: «aqui» não diz onde"),
        (["move, a, 1, , , -8.6"], r"linha 2: «-8.6» não diz onde"),
        (["move, a, 1, , , 8.6 W 41.15 N"], r"linha 2: «8.6 W 41.15 N» não diz onde"),
        (["move, a, 1, , , 8.6 141.15"], r"A longitude vem primeiro"),
        (["add, , x1, , , gallery"], r"linha 2: «gallery» não diz onde.*class; longitude latitude; name"),
        (["same, a, 1, b, 1", "different, b, 1, a, 1"], r"linha 3: As linhas 2 e 3 contradizem-se"),
        (["same, a, 1, b, 1", "same, b, 1, b, 2", "different, a, 1, b, 2"], r"linha 4: As linhas 2 e 4 contradizem-se"),
        (["class, a, 1, , , museum", "class, a, 1, , , gallery"], r"linha 3: As linhas 2 e 3 contradizem-se"),
        (["move, a, 1, , , -8 41", "closed, a, 1", "move, a, 1, , , -8.1 41"], r"As linhas 2 e 4 contradizem-se"),
    ],
)
def test_a_fault_names_its_row_and_the_remedy(tmp_path: Path, rows: list[str], said: str) -> None:
    write(tmp_path, *rows)
    with pytest.raises(AtlasError, match=said) as fault:
        fused(ROWS, A, B, folder=tmp_path)
    assert str(tmp_path / "decisions.csv") in str(fault.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "equal, a, 1", "move, a, 1, , , aqui", "class, a, 1, , , museo")
    with pytest.raises(AtlasError) as fault:
        fused(ROWS, A, B, folder=tmp_path)
    assert all(f"linha {row}" in str(fault.value) for row in (2, 3, 4))


def test_a_line_is_the_one_that_an_editor_shows(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    head, body = ";".join(COLUMNS), 'closed;a;1;;;;;;"uma nota\nem duas linhas"\n\nequal;a;1;;;;;;\n'
    path.write_bytes(f"{head}\n{body}".encode("cp1252"))
    with pytest.raises(AtlasError, match="linha 5"):
        read_decisions(path)
    path.write_text("decision,record\n", "utf-8")
    with pytest.raises(AtlasError, match="Faltam as colunas source_a, record_a"):
        read_decisions(path)


def test_an_added_place_is_a_record_like_any_other(small_built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small_atlas, before = small_built, open_built(str(small_built))
    inside = before.store.read("neighbourhoods").to_crs(4326).geometry.iloc[0].representative_point()
    write(small_atlas, f"add, , nova-1, , , gallery; {inside.x:.5f} {inside.y:.5f}; Galeria Nova", separator=";")
    built = open_built(str(small_atlas), draws=0)
    place = built.places[built.places["name"] == "Galeria Nova"].iloc[0]
    assert (place["class_"], place["marks"]) == ("gallery", "decided_add|single_source")
    assert place["neighbourhood"] == before.store.read("neighbourhoods")["code"].iloc[0]
    assert place["sources"] == "decisions"
    sources = {one["id"]: one for one in built.store.manifest["sources"]}
    assert (sources["decisions"]["records"], sources["decisions"]["date"]) == (1, "2026-11-20")
    path = small_atlas / "galerias.geojson"
    assert main(["export", "galleries", "-o", str(path), str(small_atlas)]) == 0
    text = path.read_text("utf-8")
    assert "Galeria Nova" in text
    assert "decided_add" in text
    tables = [built.store.read(name) for name in built.store.tables()]
    assert not any("Maria Alves" in table.to_csv() for table in tables)
    assert "Maria Alves" not in text + (built.store.folder / "manifest.json").read_text("utf-8")
    capsys.readouterr()


def test_a_record_that_a_decision_puts_outside_the_region_is_said() -> None:
    """Latitude first, as many maps show it: the point is on the globe, but in another country."""
    rows = {"decision": ["move", "move", "same"], "record_a": ["1", "2", "3"], "place_id": ["p", "q", "p"]}
    places = gpd.GeoDataFrame({"place_id": ["p", "q"], "neighbourhood": [None, "0101"]})
    said = _moved_away(pd.DataFrame(rows).assign(applied=True), places)
    assert [en for _, en in said] == ["1 record was put outside the region by a decision. First: 1."]


def test_the_file_is_part_of_what_a_build_stands_on(small_built: Path) -> None:
    small_atlas, built = small_built, open_built(str(small_built))
    member, ids = built.store.read("members").iloc[0], set(built.places.index)
    data = built.store.manifest["hashes"]["data"]
    write(small_atlas, f"closed, {member['source_id']}, {member['record_id']}")
    again = open_built(str(small_atlas), draws=0)
    assert set(again.places.index) == ids - {member["place_id"]}
    assert again.store.manifest["hashes"]["data"] != data
    (small_atlas / "decisions.csv").unlink()
    assert set(open_built(str(small_atlas), draws=0).places.index) == ids


def test_decisions_on_an_embedded_atlas_live_in_the_users_folder_and_outlive_a_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from atlas import store
    from atlas.atlasfile import find_atlas

    monkeypatch.setenv("ATLAS_HOME", str(tmp_path))
    (tmp_path / "porto").mkdir()
    path = write(tmp_path / "porto", "closed, rail_stations, 94-1008")
    assert next(one.id for one in load_atlas(find_atlas("porto")).source) == "decisions"
    assert "decisions" not in [one.id for one in load_atlas(find_atlas("norte")).source]
    kept = path.read_bytes()
    store.write(tmp_path / "porto", {}, {}, {})
    assert (tmp_path / "porto" / "manifest.json").is_file()
    assert path.read_bytes() == kept
