"""From probable pairs to groups of records that are one place."""

from __future__ import annotations

import numpy as np
import pandas as pd

THRESHOLD = 0.5


def group(pairs: pd.DataFrame, sources: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Join records pair by pair, the most probable first, never two of one source.

    Parameters
    ----------
    pairs
        ``a``, ``b``, ``p`` and ``rule``: a pair joined by a rule inside one source is exempt from the last condition.
    sources
        Source of each of the ``n`` records.

    Returns
    -------
    The group of each record (the smallest position in it), and the probability with which the record joined
    (1 where it stands alone or founded the group).
    """
    parent = np.arange(n)
    held: dict[int, set[str]] = {}
    joined = np.ones(n)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    accepted = pairs[pairs["p"] >= THRESHOLD]
    order = accepted.sort_values(["rule", "p", "a", "b"], ascending=[False, False, True, True], kind="stable")
    for a, b, p, rule in order[["a", "b", "p", "rule"]].itertuples(index=False):
        first, second = sorted((root(a), root(b)))
        if first == second:
            continue
        mine = held.setdefault(first, {sources[first]})
        theirs = held.setdefault(second, {sources[second]})
        if not rule and mine & theirs:
            continue
        parent[second] = first
        held[first] = mine | theirs
        for row in (a, b):
            joined[row] = min(joined[row], p)
    return np.array([root(row) for row in range(n)]), joined
