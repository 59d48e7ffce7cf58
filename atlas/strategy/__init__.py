"""What the strategy asks of the map: critical mass, networks, links, opportunities, scorecard, peers.

Each question is one function from tables to a table; nothing here changes a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from atlas.config import Atlas
    from atlas.walking import Streets

Tables = Mapping[str, Any]


def _agglomerations(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.agglomerations import agglomerations

    return agglomerations(tables["places"], atlas, tables["neighbourhoods"], streets=streets)


def _links(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.links import links

    return links(tables["places"], atlas, streets=streets)


def _network(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.network import network

    return network(tables["places"], atlas, streets=streets).edges


MADE: dict[str, Callable[[Atlas, Tables, Streets | None], pd.DataFrame]] = {
    "agglomerations": _agglomerations,
    "network": _network,
    "links": _links,
}
"""The tables that a build stores, for the whole atlas; other areas and other questions are answered when asked."""


def tables(atlas: Atlas, tables: Tables, *, streets: Streets | None) -> dict[str, pd.DataFrame]:
    """The strategy's tables, from ``places`` and ``neighbourhoods``; ``streets`` is the walking network, if any."""
    return {name: make(atlas, tables, streets) for name, make in MADE.items()}
