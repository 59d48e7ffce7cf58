"""A walking network: a table of edges (``from_node, to_node, length_m``) and one of nodes beside it.

``read`` takes ``nodes``: the file of nodes with ``node``, ``x`` and ``y`` in tenths of a metre of the atlas's CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from atlas.config import Source
from atlas.errors import ConfigError, SourceError
from atlas.sources.table import numbers, read_table, require

READ = frozenset({"nodes"})


@dataclass(frozen=True)
class Network:
    """Edges and nodes of the streets that can be walked."""

    edges: pd.DataFrame
    nodes: pd.DataFrame


def load(source: Source, folder: Path) -> Network:
    """Both tables of a network."""
    if "nodes" not in source.read:
        raise ConfigError(
            "Falta o ficheiro dos nós. Indique-o em `read.nodes`.",
            "The file of the nodes is missing. Name it in `read.nodes`.",
            where=f"{source.id}.read",
        )
    edges_path, nodes_path = folder / source.file, folder / str(source.read["nodes"])
    edges, nodes = read_table(edges_path), read_table(nodes_path)
    require(edges, ["from_node", "to_node", "length_m"], edges_path)
    require(nodes, ["node", "x", "y"], nodes_path)
    for table, names, path in ((edges, ["length_m"], edges_path), (nodes, ["x", "y"], nodes_path)):
        for name in names:
            table[name] = numbers(table[name], path, name)
    _refuse_loose(edges, nodes, edges_path)
    return Network(edges, nodes)


def _refuse_loose(edges: pd.DataFrame, nodes: pd.DataFrame, path: Path) -> None:
    """An error that names the first edge without a length, or with an end that is no node with a place."""
    known = nodes.loc[np.isfinite(nodes["x"]) & np.isfinite(nodes["y"]), "node"]
    right = edges["from_node"].isin(known) & edges["to_node"].isin(known) & (edges["length_m"] >= 0)
    if not right.all():
        edge = edges.loc[right.idxmin()]
        ends = f"{edge['from_node']}–{edge['to_node']}"
        raise SourceError(
            f"O troço {ends} não tem comprimento, ou um dos seus nós não tem lugar ({(~right).sum()} assim). "
            "Corrija-o ou apague-o.",
            f"The edge {ends} has no length, or one of its nodes no place ({(~right).sum()} such). Mend or delete it.",
            where=str(path),
        )
