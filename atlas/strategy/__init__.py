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


def _rides(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.network import facilities
    from atlas.strategy.rides import rides

    del streets
    held, spots = facilities(tables["places"], atlas)
    return rides(atlas, held["place_id"], spots)


def _network(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.network import network

    return network(tables["places"], atlas, streets=streets, rides=tables["rides"]).edges


MADE: dict[str, Callable[[Atlas, Tables, Streets | None], pd.DataFrame]] = {
    "agglomerations": _agglomerations,
    "rides": _rides,
    "network": _network,
    "links": _links,
}
"""The tables that a build stores, for the whole atlas, each after those that it reads."""


def tables(atlas: Atlas, tables: Tables, *, streets: Streets | None) -> dict[str, pd.DataFrame]:
    """The strategy's tables, from ``places`` and ``neighbourhoods``; ``streets`` is the walking network, if any."""
    made: dict[str, pd.DataFrame] = {}
    for name, make in MADE.items():
        made[name] = make(atlas, {**tables, **made}, streets)
    return made
