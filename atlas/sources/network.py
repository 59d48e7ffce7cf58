"""A walking network: a table of edges (``from_node, to_node, length_m``) and one of nodes beside it.

``read`` takes ``nodes``: the file of nodes with ``node``, ``x`` and ``y`` in tenths of a metre of the atlas's CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from atlas.config import Source
from atlas.sources.table import read_table, require

READ = frozenset({"nodes"})


@dataclass(frozen=True)
class Network:
    """Edges and nodes of the streets that can be walked."""

    edges: pd.DataFrame
    nodes: pd.DataFrame


def load(source: Source, folder: Path) -> Network:
    """Both tables of a network."""
    edges_path, nodes_path = folder / source.file, folder / str(source.read["nodes"])
    edges, nodes = read_table(edges_path), read_table(nodes_path)
    require(edges, ["from_node", "to_node", "length_m"], edges_path)
    require(nodes, ["node", "x", "y"], nodes_path)
    return Network(edges, nodes)
