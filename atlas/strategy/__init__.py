"""What the strategy asks of the map: critical mass, networks, links, opportunities, scorecard, peers.

Each question is one function from tables to a table; nothing here changes a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from atlas.built import Built
    from atlas.config import Atlas

Tables = Mapping[str, Any]


def _agglomerations(atlas: Atlas, tables: Tables) -> pd.DataFrame:
    from atlas.strategy.agglomerations import agglomerations

    return agglomerations(tables["places"], atlas, tables["neighbourhoods"])


def _hotspots(atlas: Atlas, tables: Tables) -> pd.DataFrame:
    from atlas.strategy.hotspots import hotspots

    return hotspots(tables["places"], atlas, tables["neighbourhoods"], null="area")


STORED: dict[str, Callable[[Atlas, Tables], pd.DataFrame]] = {
    "agglomerations": _agglomerations,
    "hotspots": _hotspots,
}


def tables(atlas: Atlas, tables: Tables) -> dict[str, pd.DataFrame]:
    """The strategy's tables that a build stores, from the tables that it made before.

    Parameters
    ----------
    tables
        ``places, neighbourhoods, parents, indicators, scores, opportunities``.
    """
    return {name: make(atlas, tables) for name, make in STORED.items()}


def read(built: Built, name: str) -> Any:
    """One of the strategy's tables: as the build stored it, else made now."""
    if name in built.store.tables():
        return built.store.read(name)
    wanted = ("places", "neighbourhoods", "parents", "indicators", "scores", "opportunities")
    return STORED[name](built.atlas, {table: built.store.read(table) for table in wanted})
