"""Both embedded atlases, built once a run; and a small cut of Norte that tests may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from atlas.atlasfile import find_atlas
from atlas.built import Built, open_built

# a busy machine is no fault of the code; the same examples every time, so that a red run is one of the change
settings.register_profile("atlas", deadline=None, derandomize=True)
settings.load_profile("atlas")
ESPOSENDE = "0306"
DRAWS = 200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a busy machine is asked once more: what is wrong is wrong twice, and the summary counts the rest."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: not _opens_a_browser(item.path))


@cache
def _opens_a_browser(file: Path) -> bool:
    return "mark.browser" in file.read_text("utf-8")


class ByFile(LoadScopeScheduling):
    """One worker drives the browser, from the start since that takes longest; the others share the rest by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "browser" if _opens_a_browser(self.config.rootpath / file) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How several workers share the tests."""
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that a test builds or fetches touches the user's own data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATLAS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def norte(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The region, as the app opens it."""
    return open_built("norte", store=tmp_path_factory.mktemp("stores") / "norte", draws=DRAWS)


@pytest.fixture(scope="session")
def porto(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The city."""
    return open_built("porto", store=tmp_path_factory.mktemp("stores") / "porto", draws=DRAWS)


@pytest.fixture(scope="session")
def _small_atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The municipality of Esposende cut out of the embedded Norte: real outlines, real records, real dirt."""
    whole = find_atlas("norte")
    folder = tmp_path_factory.mktemp("atlases") / "um atlas pequeno"
    shutil.copytree(whole, folder)
    for name, column in (("neighbourhoods.parquet", "parent"), ("parents.parquet", "code")):
        table = gpd.read_parquet(folder / name)
        table[table[column] == ESPOSENDE].to_parquet(folder / name, index=False)
    for name in ("census_parishes.csv", "census_municipalities.csv", "economy_municipalities.csv"):
        table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        table[table.iloc[:, 0].str.startswith(ESPOSENDE)].to_csv(folder / name, index=False)
    return folder


@pytest.fixture(scope="session")
def small_store(_small_atlas: Path) -> Path:
    """The store of the small atlas, built once a run with 50 draws; who spoils it takes ``small_built``."""
    return open_built(str(_small_atlas), draws=50).store.folder


@pytest.fixture
def small_atlas(_small_atlas: Path, tmp_path: Path) -> Path:
    """A fresh copy of the small atlas, in a folder with a blank and an accent in its path."""
    folder = tmp_path / "Região de Esposende"
    shutil.copytree(_small_atlas, folder, ignore=shutil.ignore_patterns(".atlas", ".atlas.*"))
    return folder


@pytest.fixture
def small_built(small_atlas: Path, small_store: Path) -> Path:
    """The same with its store, as a build with 50 draws leaves it."""
    shutil.copytree(small_store, small_atlas / ".atlas")
    return small_atlas
