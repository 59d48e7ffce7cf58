"""With the same places, what other neighbourhoods there are changes no score; workers change no byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from spoiling import edit_table

from atlas.atlasfile import find_atlas
from atlas.built import Built, open_built
from atlas.config import Index
from atlas.scoring.index import score_index
from atlas.scoring.normalise import minmax

TWO = ("0306", "1316")  # Esposende and Vila do Conde


def scores_of(built: Built) -> pd.Series:
    table = built.store.read("scores")
    return table[table["level"] == "neighbourhood"].set_index(["index", "code"])["score"]


def of_parishes(built: Built) -> list[Index]:
    return [index for index in built.atlas.index if index.level == "neighbourhood"]


def test_ten_parishes_less_or_one_more_change_no_other_score(norte: Built) -> None:
    known = {indicator.code: indicator for indicator in norte.atlas.indicator}
    for index in of_parishes(norte):
        values, coverage = norte.inputs(index)
        whole = score_index(values, index, known, coverage=coverage).score
        gone = np.random.default_rng(0).choice(values.index, 10, replace=False)
        less = score_index(values.drop(index=gone), index, known, coverage=coverage.drop(index=gone)).score
        assert (less - whole.drop(gone)).abs().max() <= 1e-12
        new = pd.DataFrame(9_999.0, index=["new"], columns=values.columns)
        more = score_index(pd.concat([values, new]), index, known).score
        assert (more.drop("new") - whole).abs().max() <= 1e-12
        assert less.isna().equals(whole.drop(gone).isna())


def test_data_driven_goalposts_would_change_them(norte: Built) -> None:
    values, _ = norte.inputs(norte.atlas.index_of("potential"))
    venues = values["museums_5km"]
    moved = pd.Series(minmax(venues.drop(venues.nlargest(10).index).to_numpy(), 1))
    kept = pd.Series(minmax(venues.to_numpy(), 1), index=venues.index).drop(venues.nlargest(10).index)
    assert np.abs(moved.to_numpy() - kept.to_numpy()).max() > 1


@pytest.fixture(scope="module")
def two_municipalities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Esposende and Vila do Conde, cut out of Norte with all that its sources hold."""
    folder = tmp_path_factory.mktemp("two") / "atlas"
    shutil.copytree(find_atlas("norte"), folder)
    for name, column in (("neighbourhoods.parquet", "parent"), ("parents.parquet", "code")):
        table = gpd.read_parquet(folder / name)
        table[table[column].isin(TWO)].to_parquet(folder / name, index=False)
    for name in ("census_parishes.csv", "census_municipalities.csv", "economy_municipalities.csv"):
        edit_table(folder / name, lambda table: table[table.iloc[:, 0].str.startswith(TWO)])
    return folder


def test_a_build_without_ten_parishes_gives_the_others_their_scores(two_municipalities: Path, tmp_path: Path) -> None:
    whole = scores_of(open_built(str(two_municipalities), store=tmp_path / "whole", draws=0))
    folder = tmp_path / "fewer"
    shutil.copytree(two_municipalities, folder)
    units = gpd.read_parquet(folder / "neighbourhoods.parquet")
    gone = units.groupby("parent").head(5)["code"].tolist()
    units[~units["code"].isin(gone)].to_parquet(folder / "neighbourhoods.parquet", index=False)
    edit_table(folder / "census_parishes.csv", lambda table: table[~table["code"].isin(gone)])
    fewer = scores_of(open_built(str(folder), store=tmp_path / "store", draws=0))
    assert len(gone) == 10
    assert set(fewer.index) == {key for key in whole.index if key[1] not in gone}
    expected = whole.reindex(fewer.index)
    assert fewer.isna().equals(expected.isna())
    assert (fewer - expected).abs().max() <= 1e-12


def test_the_same_seed_gives_the_same_bytes_on_one_worker_or_two(two_municipalities: Path, tmp_path: Path) -> None:
    stores = [
        open_built(str(two_municipalities), store=tmp_path / str(workers), draws=300, seed=7, workers=workers).store
        for workers in (1, 2)
    ]
    names = sorted(path.name for path in stores[0].folder.iterdir() if path.name != "build.log.json")
    assert "scores.parquet" in names
    for name in names:
        assert (stores[0].folder / name).read_bytes() == (stores[1].folder / name).read_bytes(), name
