"""The app's environment, as ``atlas app`` sets it; the app as it is served, and the browser that looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from app_serving import ARGUMENTS, Served, chromium, start
from playwright.sync_api import Browser, sync_playwright

from atlas.built import Built
from atlas.store import Store


@pytest.fixture
def app_of_norte(norte: Built, monkeypatch: pytest.MonkeyPatch) -> Built:
    """``atlas app norte`` as far as the environment goes."""
    monkeypatch.setenv("ATLAS_APP_NAME", "norte")
    monkeypatch.setenv("ATLAS_APP_STORE", str(norte.store.folder))
    return Built(norte.atlas, Store(norte.store.folder))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: while Playwright is open, nothing else in this thread may begin an event loop."""
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield one
        one.close()


@pytest.fixture(scope="session")
def served(norte: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app, under a base path as behind a proxy, from a folder that is not the project's."""
    app = start("norte", norte.store.folder, "camara/atlas", tmp_path_factory.mktemp("app") / "log")
    yield app
    app.stop()
