"""One real municipality, built once for all that is printed of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas.built import Built, open_built


@pytest.fixture(scope="session")
def esposende(_small_atlas: Path) -> Built:
    """Esposende, built."""
    return open_built(str(_small_atlas), draws=50)
