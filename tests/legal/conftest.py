"""The small atlas of :mod:`legal_cases`, written and built once."""

from __future__ import annotations

from pathlib import Path

import pytest
from legal_cases import write_atlas

from atlas.built import Built, open_built


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small atlas's folder."""
    made = tmp_path_factory.mktemp("atlas legal")
    write_atlas(made)
    return made


@pytest.fixture(scope="session")
def built(folder: Path) -> Built:
    """The small atlas, built."""
    return open_built(str(folder))
