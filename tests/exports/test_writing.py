"""What must hold whatever the format: nothing is overwritten, nothing half-written is left, errors say what to do."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atlas.app.tasks import file_of
from atlas.cli import main
from atlas.config import Atlas
from atlas.errors import OutputError, UnknownName
from atlas.exports import formats, write
from atlas.exports.dcat import record
from atlas.exports.exportable import Exportable
from atlas.exports.from_store import exportable
from atlas.language import LANGUAGES, catalogue
from atlas.store import Store

SUFFIXES = sorted(formats())
FIXED = [
    "code", "name", "parent", "parent_name", "nuts3", "residents", "area_km2", "potential", "potential_rank",
    "potential_rank_low", "potential_rank_high", "potential_rank_data_low", "potential_rank_data_high",
    "decline", "decline_rank", "decline_rank_low", "decline_rank_high", "decline_level", "pressure", "flags",
    "cell", "opportunity", "p_opportunity", "coverage",
]  # fmt: skip


@pytest.fixture
def units(atlas: Atlas, store: Store) -> Exportable:
    return exportable(atlas, store, "neighbourhoods")


def test_exported_fields_are_the_documented_ones(units: Exportable) -> None:
    assert [one.name for one in units.fields] == [*FIXED, "sites_density", "vacant_share"]
    row = units.tidy.frame.set_index("code").loc["0302FA"]
    assert (row["decline"], row["decline_level"], row["vacant_share"]) == (88.0, "municipality", 12.25)
    assert row["flags"] == "municipal_value"
    assert units.frame.set_index("code").loc["030801", "flags"].split("|")[-1] == "estimated_residents"
    assert units.attribution("pt") == "DGT (CC BY 4.0) · INE (Dados abertos)"
    assert units.attribution("en") == "DGT (CC BY 4.0) · INE (Open data)"


def test_rows_of_openstreetmap_bring_its_licence(atlas: Atlas, store: Store) -> None:
    layer = exportable(atlas, store, "museums")
    assert layer.open_database
    assert "© OpenStreetMap contributors (ODbL 1.0)" in layer.attribution("en")


def test_a_licence_is_recognised_by_its_declared_name(atlas: Atlas, store: Store) -> None:
    named = [one.model_copy(update={"licence_en": f"In English: {one.licence[:2]}"}) for one in atlas.source]
    layer = exportable(atlas.model_copy(update={"source": tuple(named)}), store, "museums")
    assert layer.open_database
    assert "© OpenStreetMap contributors (In English: OD)" in layer.attribution("en")
    assert record(layer)["dct:license"] == {"@id": "https://opendatacommons.org/licenses/odbl/1-0/"}


def test_within_keeps_an_area_and_ranks_of_the_whole(atlas: Atlas, store: Store) -> None:
    layer = exportable(atlas, store, "neighbourhoods", within="0308")
    assert layer.frame["code"].tolist() == ["030801", "131217"]
    assert layer.frame["potential_rank"].iloc[0] == 2
    assert set(exportable(atlas, store, "places", within="0104").frame["parent"]) == {"0104"}
    with pytest.raises(UnknownName, match="0308"):
        exportable(atlas, store, "neighbourhoods", within="308")
    with pytest.raises(UnknownName, match="museums"):
        exportable(atlas, store, "museum")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_existing_file_is_left_alone_without_force(suffix: str, units: Exportable, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        write(units, path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
    write(units, path, force=True)
    assert path.read_bytes() != b"mine"


def test_a_dictionary_is_shared_by_formats_but_never_overwritten(units: Exportable, tmp_path: Path) -> None:
    write(units, tmp_path / "x.geojson")
    write(units, tmp_path / "x.gpkg")
    (tmp_path / "x.fields.pt.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"x\.fields\.pt\.csv"):
        write(units, tmp_path / "x.kml")
    assert not (tmp_path / "x.kml").exists()


def test_an_unknown_suffix_names_the_known(units: Exportable, tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as fault:
        write(units, tmp_path / "x.geojsn")
    assert "«.geojson»" in fault.value.pt
    assert all(suffix in fault.value.en for suffix in SUFFIXES)
    with pytest.raises(OutputError, match="nome"):
        write(units, tmp_path / ".geojson")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_that_is_none_is_an_error_in_words(suffix: str, units: Exportable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(OutputError, match="Verifique a pasta"):
            write(units, folder / f"x{suffix}")


_FULL_DISK = """
import pickle, resource, signal, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from atlas.errors import OutputError
from atlas.exports import formats, write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
layer = pickle.loads(Path({layer!r}).read_bytes())
known = formats()
resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))
for suffix in known:
    try:
        write(layer, Path({folder!r}) / ("x" + suffix))
    except OutputError:
        print(suffix)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX's")
def test_a_full_disk_leaves_nothing(atlas: Atlas, store: Store, tmp_path: Path) -> None:
    held, folder = tmp_path / "layer.pickle", tmp_path / "out"
    held.write_bytes(pickle.dumps(exportable(atlas, store, "places")))
    folder.mkdir()
    script = _FULL_DISK.format(root=str(Path(__file__).parents[2]), layer=str(held), folder=str(folder))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout.split() == SUFFIXES, run.stderr
    assert not run.stderr, "nothing is said beside the one paragraph"
    assert list(folder.iterdir()) == []


def test_commands_refuse_a_folder_that_is_a_file_and_a_map_that_is_no_page(
    small_built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("mine")
    words = ["--lang", "en", "--quiet", str(small_built)]
    assert main(["export", "all", "-o", str(tmp_path / "taken"), *words]) == 1
    assert "folder cannot be made" in capsys.readouterr().err
    assert main(["export", "all", "-o", str(tmp_path / "all.gpkg"), *words]) == 1
    assert "Name a folder" in capsys.readouterr().err
    assert not (tmp_path / "all.gpkg").exists()
    assert main(["map", "-o", str(tmp_path / "x.txt"), *words]) == 1
    assert "There are: .htm, .html" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"
    assert not (tmp_path / "x.txt").exists()


def test_both_languages_hold_every_key() -> None:
    pt, en = (catalogue(lang) for lang in LANGUAGES)
    mine = {key for key in pt | en if key.startswith(("export.", "map."))}
    assert mine <= pt.keys()
    assert mine <= en.keys()
    for key in mine:
        places = [{part.split("}")[0] for part in text.split("{")[1:]} for text in (pt[key][0], en[key][0])]
        assert places[0] == places[1], key


@pytest.mark.parametrize("within", ["", "A 1", "C/3", "../B2", 'G"7', "CON\\e", "é" * 200])
def test_the_app_writes_the_file_of_an_area_whatever_its_code(
    within: str, units: Exportable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas.exports.from_store.exportable", lambda *_: units)
    built: Any = SimpleNamespace(atlas=SimpleNamespace(atlas=SimpleNamespace(id="x")), store=None)
    assert file_of(built, "neighbourhoods", ".csv", "pt", within).startswith("\ufeffcode;".encode())
