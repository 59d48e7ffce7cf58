"""What the strategy asks of the map: critical mass, networks, links, opportunities, scorecard, peers.

Each question is one function from tables to a table; nothing here changes a score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from atlas.built import Built
    from atlas.config import Atlas
    from atlas.store import Store
    from atlas.walking import Streets

Tables = Mapping[str, Any]


def _agglomerations(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.agglomerations import agglomerations

    return agglomerations(tables["places"], atlas, tables["neighbourhoods"], streets=streets)


def _hotspots(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:  # noqa: ARG001
    from atlas.strategy.hotspots import hotspots

    return hotspots(tables["places"], atlas, tables["neighbourhoods"], null="area")


def _links(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.links import links

    return links(tables["places"], atlas, streets=streets)


def _network(atlas: Atlas, tables: Tables, streets: Streets | None) -> pd.DataFrame:
    from atlas.strategy.network import network

    return network(tables["places"], atlas, streets=streets).edges


MADE: dict[str, Callable[[Atlas, Tables, Streets | None], pd.DataFrame]] = {
    "agglomerations": _agglomerations,
    "hotspots": _hotspots,
    "network": _network,
    "links": _links,
}


def tables(
    atlas: Atlas, tables: Tables, *, names: Iterable[str] = ("agglomerations",), streets: Streets | None = None
) -> dict[str, pd.DataFrame]:
    """The strategy's tables, from those that a build made before.

    By default what a build stores: the others are made when they are asked for.

    Parameters
    ----------
    tables
        ``places`` and ``neighbourhoods`` at least.
    streets
        The walking network where the build has it in hand; else it is read where the atlas names one.
    """
    from atlas.strategy.walks import streets_of

    streets = streets_of(atlas) if streets is None else streets
    return {name: MADE[name](atlas, tables, streets) for name in names}


class _Stored(Mapping[str, Any]):
    """The tables of a store, each read when it is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, name: str) -> Any:
        return self._store.read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._store.tables())

    def __len__(self) -> int:
        return len(self._store.tables())


def read(built: Built, name: str) -> Any:
    """One of the strategy's tables: as the build stored it, else made now."""
    if name in built.store.tables():
        return built.store.read(name)
    return tables(built.atlas, _Stored(built.store), names=(name,))[name]
