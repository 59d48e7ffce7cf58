"""The embedded configurations."""

from __future__ import annotations

import pytest

from atlas.atlasfile import find_atlas, load_atlas
from atlas.config import Atlas


@pytest.fixture(scope="session")
def porto_config() -> Atlas:
    """The configuration of Porto: five kinds of actors observed."""
    return load_atlas(find_atlas("porto"))


@pytest.fixture(scope="session")
def norte_config() -> Atlas:
    """The configuration of Norte."""
    return load_atlas(find_atlas("norte"))
