"""`atlas fetch` where nothing may be written: one clear error, nobody asked, the last good data as they were."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fetch_service import Service
from test_fetch import FETCHED, add, entry, osm
from unprivileged import nobody, open_folder

from atlas.atlasfile import load_atlas
from atlas.cli import main
from atlas.fetch import fetch
from atlas.fetched import LEDGER

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps its permissions elsewhere")


@pytest.fixture
def open_town(town: Path, service: Service) -> Iterator[Path]:
    """The town in a folder that everybody may read, with a museum to be fetched into a folder of its own."""
    with open_folder() as held:
        folder = shutil.copytree(town, held / "cidade")
        add(folder, FETCHED.replace('"osm.parquet"', '"deep/osm.parquet"'))
        add(folder, entry(service, "osm", writes="deep/osm.parquet"))
        service.answers(osm((1, "museum", 500, 500), (2, "gallery", 1500, 500)))
        yield folder


@contextmanager
def shut(folder: Path, *, but: tuple[Path, ...] = ()) -> Iterator[None]:
    """Everything in a folder may be read and nothing written, except in some of its folders."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod((0o777 if path in but else 0o555) if path.is_dir() else 0o666 if path.parent in but else 0o444)
    try:
        with nobody():
            yield
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("writable", [(), ("fetched", "fetched/.pieces")], ids=["all of it", "where the file goes"])
def test_the_last_good_data_stand_and_nobody_is_asked(
    open_town: Path, service: Service, capsys: pytest.CaptureFixture[str], writable: tuple[str, ...]
) -> None:
    (open_town / "fetched" / ".pieces").mkdir(parents=True)
    fetch(load_atlas(open_town, whole=True))
    (open_town / "fetched" / ".pieces").mkdir(parents=True, exist_ok=True)
    before, asked = contents(open_town), len(service.asked)
    assert {"fetched/deep/osm.parquet", f"fetched/{LEDGER}"} <= before.keys()
    service.answers(osm((9, "museum", 300, 300)))
    capsys.readouterr()
    with shut(open_town, but=tuple(open_town / name for name in writable)):
        assert main(["fetch", "--refresh", "--atlas", str(open_town), "--lang", "en"]) != 0
    said = capsys.readouterr().err
    assert "Cannot write here (no permission). Set ATLAS_HOME, or copy the atlas to another folder." in said
    assert f"{open_town / 'fetched' / ('deep' if writable else '')}: Cannot" in said
    assert "Traceback" not in said
    assert contents(open_town) == before
    assert len(service.asked) == asked
    assert main(["fetch", "--refresh", "--atlas", str(open_town), "--lang", "en"]) == 0
    assert contents(open_town)["fetched/deep/osm.parquet"] != before["fetched/deep/osm.parquet"]


def test_a_first_fetch_into_a_folder_that_is_shut_leaves_nothing(
    open_town: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(open_town)
    with shut(open_town):
        assert main(["fetch", "--atlas", str(open_town)]) != 0
    assert "Não se pode escrever aqui (sem permissão)." in capsys.readouterr().err
    assert not service.asked
    assert contents(open_town) == before
    assert not (open_town / "fetched").exists()
