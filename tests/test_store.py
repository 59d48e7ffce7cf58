"""Nothing is lost: a store is whole or the last one stands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from small_region import two_places

from atlas import store as stores
from atlas.built import open_built
from atlas.errors import StoreError
from atlas.store import Store

TABLES = {
    "units": gpd.GeoDataFrame({"code": ["010101", "0302FA"]}, geometry=shapely.points([(0, 0), (1, 1)]), crs=3763),
    "scores": pd.DataFrame({"code": ["010101", "0302FA"], "rank": pd.array([1, None], dtype="Int64")}),
}


def write(folder: Path, **manifest: object) -> None:
    stores.write(folder, TABLES, {"atlas": "t", **manifest}, {"built": "now"})


def test_what_was_written_is_read_with_its_types(tmp_path: Path) -> None:
    write(tmp_path / "s")
    store = Store(tmp_path / "s")
    assert store.tables() == ["scores", "units"]
    assert store.read("units").crs.to_epsg() == 3763
    assert store.read("units")["code"].tolist() == ["010101", "0302FA"]
    assert store.read("scores")["rank"].isna().tolist() == [False, True]
    geo = json.loads(pq.read_schema(tmp_path / "s" / "units.parquet").metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert "covering" in geo["columns"]["geometry"]


def test_a_new_store_replaces_the_old_one_whole(tmp_path: Path) -> None:
    write(tmp_path / "s", first=True)
    (tmp_path / "s" / "left_over.parquet").write_bytes(b"x")
    write(tmp_path / "s", first=False)
    assert Store(tmp_path / "s").manifest["first"] is False
    assert not (tmp_path / "s" / "left_over.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_table_that_cannot_be_written_leaves_the_last_store(tmp_path: Path) -> None:
    write(tmp_path / "s", first=True)
    spoiled = {**TABLES, "wrong": pd.DataFrame({"a": [object()]})}
    with pytest.raises(Exception, match="object"):
        stores.write(tmp_path / "s", spoiled, {"atlas": "t"}, {})
    assert Store(tmp_path / "s").manifest["first"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_a_swap_cut_in_the_middle_is_mended(tmp_path: Path, moment: str) -> None:
    folder, previous = tmp_path / "s", tmp_path / "s.previous"
    write(folder, first=True)
    if moment == "before":
        (tmp_path / ".s-abc_12x7").mkdir()
    elif moment == "between":
        folder.rename(previous)
        (tmp_path / ".s-abc_12x7").mkdir()
    else:
        previous.mkdir()
    stores.recover(folder)
    assert Store(folder).manifest["first"] is True
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_what_a_neighbour_of_a_longer_name_is_building_stays(tmp_path: Path) -> None:
    write(tmp_path / "s", first=True)
    others = [tmp_path / ".s-2025-abc_12x7", tmp_path / ".sx-abc_12x7", tmp_path / ".s-notes"]
    for one in others:
        one.mkdir()
    stores.recover(tmp_path / "s")
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "s"])


def test_a_missing_an_older_and_a_damaged_store_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="atlas build"):
        _ = Store(tmp_path / "none").manifest
    write(tmp_path / "s")
    manifest = tmp_path / "s" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"schema": {stores.SCHEMA}', '"schema": 0'))
    with pytest.raises(StoreError, match="esquema 0"):
        _ = Store(tmp_path / "s").manifest
    manifest.write_text("[1]")
    with pytest.raises(StoreError, match="esquema None"):
        _ = Store(tmp_path / "s").manifest
    (tmp_path / "s" / "scores.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(StoreError, match=r"scores\.parquet"):
        Store(tmp_path / "s").read("scores")


def test_a_killed_build_leaves_the_last_good_atlas(tmp_path: Path) -> None:
    atlas = two_places(tmp_path / "a")
    run = [sys.executable, "-m", "atlas.cli", "build", "--draws", "50", "--progress", "json"]
    open_built(str(atlas), draws=50)
    kept = {path.name: path.read_bytes() for path in (atlas / ".atlas").iterdir()}
    victim = subprocess.Popen([*run, "--force", str(atlas)], stderr=subprocess.PIPE, text=True)
    assert victim.stderr is not None
    for line in victim.stderr:
        if '"stage": "store"' in line or '"stage": "scores"' in line:
            os.kill(victim.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            break
    victim.wait(timeout=60)
    open_built(str(atlas), draws=50)
    after = {path.name: path.read_bytes() for path in (atlas / ".atlas").iterdir()}
    kept.pop("build.log.json")
    after.pop("build.log.json")
    assert after == kept
    assert not list(atlas.glob("..atlas-*"))


def test_two_builds_at_once_do_not_hurt_each_other(tmp_path: Path) -> None:
    atlas = two_places(tmp_path / "a")
    run = [sys.executable, "-m", "atlas.cli", "build", "--draws", "20", "--quiet", str(atlas)]
    both = [subprocess.Popen(run, stderr=subprocess.PIPE) for _ in range(2)]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    assert Store(atlas / ".atlas").manifest["atlas"] == "ensaio"
