"""A folder that may not be written to, or not even entered: one paragraph, exit code 1, and nothing left behind."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import pytest
from pyogrio.errors import FeatureError
from unprivileged import nobody, open_folder

from atlas.cli import main
from atlas.errors import OutputError
from atlas.exports import formats, refuse_existing, working_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders are POSIX's")

PILLARS = ("p1_heritage", "p1_culture", "p1_everyday", "p1_walkable", "p2", "p3", "p4", "p5")
UNIT, PARENT = "030624", "0306"
WEIGHTS = "iCode;Ana 2026-11-01\n" + "".join(f"{one};10\n" for one in PILLARS)
META = """Level,iCode,iName,Direction,Weight,Parent,Type
1,x,X,1,1,a,Indicator
1,y,Y,-1,1,a,Indicator
2,a,A,1,1,,Aggregate
"""
DATA = "uCode,x,y\n01,1,9\n02,2,5\n03,4,1\n"
Words = Callable[[Path, Path], list[str]]
"""Arguments of a command that writes into a folder, from an atlas that lies elsewhere."""


def _exported(suffix: str) -> Words:
    return lambda target, atlas: ["export", "museums", str(atlas), "-o", str(target / f"x{suffix}")]


def _out(*words: str, name: str) -> Words:
    return lambda target, atlas: [*words, str(atlas), "-o", str(target / name)]


COMMANDS: dict[str, Words] = {
    **{f"export {suffix}": _exported(suffix) for suffix in formats()},
    "export all": _out("export", "all", name="folder"),
    "sheet": _out("sheet", UNIT, name="x.pdf"),
    "dossier": _out("sheet", PARENT, name="d.pdf"),
    "sheet all": _out("sheet", "all", name="sheets"),
    "package": _out("package", name="x.zip"),
    "map": _out("map", name="x.html"),
    "fieldcheck": _out("fieldcheck", UNIT, name="x.gpkg"),
    "fieldcheck on paper": _out("fieldcheck", UNIT, name="l.pdf"),
    "rank": _out("rank", name="x.xlsx"),
    "diagnostics": _out("diagnostics", name="d.xlsx"),
    "weights": lambda target, atlas: [
        "weights", str(atlas / "judges.csv"), str(atlas), "-o", str(target / "w.toml")],
    "scenario": lambda target, atlas: [
        "scenario", str(atlas / "scenario.json"), str(atlas), "-o", str(target / "s.geojson")],
    "score": lambda target, atlas: [
        "score", str(atlas / "data.csv"), str(atlas / "meta.csv"), "--output", str(target / "scores")],
    "build": lambda target, atlas: ["build", str(atlas), "--store", str(target / "store")],
    "init": lambda target, atlas: [
        "init", str(target / "new"), "--name", "X", "--neighbourhoods", str(atlas / "neighbourhoods.parquet")],
}  # fmt: skip


@pytest.fixture(scope="module")
def shelf(_small_atlas: Path, small_store: Path) -> Iterator[Path]:
    """A built atlas that may be read; ``read_only`` and ``shut``, where nothing may be written; and a file.

    Every command fails at the file first, as whoever runs the tests: what it imports must be there before rights are
    dropped.
    """
    with open_folder() as folder:
        atlas = folder / "atlas"
        shutil.copytree(_small_atlas, atlas)
        assert (atlas / small_store.name / "manifest.json").is_file()
        (atlas / "judges.csv").write_text(WEIGHTS, "utf-8")
        data = json.loads((atlas / ".atlas" / "manifest.json").read_text("utf-8"))["data_version"]
        changes = [{"do": "add", "class": "theatre", "lon": -8.78, "lat": 41.53, "name": "Novo"}]
        scenario = {"schema": 1, "atlas": "norte", "data": data, "name": "x", "changes": changes}
        (atlas / "scenario.json").write_text(json.dumps(scenario), "utf-8")
        (atlas / "data.csv").write_text(DATA, "utf-8")
        (atlas / "meta.csv").write_text(META, "utf-8")
        (folder / "file").write_text("mine", "utf-8")
        for words in COMMANDS.values():
            assert main([*words(folder / "file", atlas), "--quiet"]) == 1
        assert (folder / "file").read_text("utf-8") == "mine"
        for name, mode in (("read_only", 0o555), ("shut", 0o000)):
            (folder / name).mkdir(mode=mode)
        yield folder
        for name in ("read_only", "shut"):
            (folder / name).chmod(0o755)


@pytest.mark.parametrize("folder", ["read_only", "shut"])
@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_one_paragraph_names_the_folder_and_what_to_do(
    command: str, folder: str, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = shelf / folder
    capsys.readouterr()
    with nobody():
        code = main([*COMMANDS[command](target, shelf / "atlas"), "--quiet", "--lang", "pt"])
    told = capsys.readouterr().err
    assert (code, told.count("\n")) == (1, 1), told
    assert told.startswith(str(target))
    assert "(sem permissão)" in told
    assert any(word in told for word in ("Verifique", "Indique", "Escolha")), "what to do"
    target.chmod(0o755)
    assert list(target.iterdir()) == []
    target.chmod(0o555 if folder == "read_only" else 0o000)


def test_a_store_that_others_keep_up_to_date_is_read_where_nothing_may_be_written(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    atlas = shelf / "atlas"
    atlas.chmod(0o555)
    (atlas / ".atlas.lock").unlink(missing_ok=True)
    try:
        with nobody():
            assert main(["rank", str(atlas), "--format", "json", "--quiet"]) == 0
            assert main(["build", str(atlas), "--force", "--quiet", "--lang", "en"]) == 1
    finally:
        atlas.chmod(0o755)
    told = capsys.readouterr()
    assert len(json.loads(told.out)["rows"]) == len(gpd.read_parquet(atlas / "neighbourhoods.parquet"))
    assert "Choose another folder with `--store` or ATLAS_HOME" in told.err


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_the_name_is_no_file_to_replace(force: bool, tmp_path: Path) -> None:
    folder = tmp_path / "mapa.gpkg"
    folder.mkdir()
    with pytest.raises(OutputError, match=r"mapa\.gpkg: É uma pasta"):
        refuse_existing(folder, force=force)
    refuse_existing(tmp_path / "novo.gpkg", force=force)


def test_a_full_disk_is_called_so_whatever_a_library_says_and_the_file_is_the_one_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4096))
    with (
        pytest.raises(OutputError) as told,
        working_folder(tmp_path / "p.zip") as folder,
        working_folder(folder / "layer.gpkg"),
    ):
        raise FeatureError("Could not add feature to layer at index 0")
    assert told.value.en.startswith("Cannot write here (the disk is full).")
    assert told.value.where == str(tmp_path / "p.zip")
    assert list(tmp_path.iterdir()) == []
