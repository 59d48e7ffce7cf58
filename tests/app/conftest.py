"""The app's environment, as ``atlas app`` sets it."""

from __future__ import annotations

import pytest

from atlas.built import Built
from atlas.store import Store


@pytest.fixture
def app_of_norte(norte: Built, monkeypatch: pytest.MonkeyPatch) -> Built:
    """``atlas app norte`` as far as the environment goes."""
    monkeypatch.setenv("ATLAS_APP_NAME", "norte")
    monkeypatch.setenv("ATLAS_APP_STORE", str(norte.store.folder))
    return Built(norte.atlas, Store(norte.store.folder))
