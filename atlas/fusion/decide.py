"""From probable pairs to groups of records that are one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

THRESHOLD = 0.5
DECIDED = 2
DISPUTED = 0.2  # a match between this and the threshold is shown as disputed, and asked on the field check


def group(
    pairs: pd.DataFrame,
    sources: np.ndarray,
    *,
    entities: Mapping[int, tuple[str, str]] | None = None,
    apart: Iterable[tuple[int, int]] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Join records pair by pair, the most probable first, never two of one source nor two entities of one register.

    Parameters
    ----------
    pairs
        ``a``, ``b``, ``p`` and ``rule``: 0 by probability; 1 by a rule, which may join two of one source; 2 by a
        planner's decision, which may join two entities too.
    sources
        Source of each record.
    entities
        What a record is by its own register's word, as key and value: records of one key and different values never
        meet, not even through a third.
    apart
        Pairs that must not stand in one place, whatever lies between them.

    Returns
    -------
    The group of each record (the smallest position in it), and the probability with which the record joined
    (1 where it stands alone or founded the group).
    """
    n = len(sources)
    parent = list(range(n))
    known = entities or {}
    kept_apart: dict[int, set[int]] = {}
    for a, b in apart:
        kept_apart.setdefault(a, set()).add(b)
        kept_apart.setdefault(b, set()).add(a)
    members: dict[int, list[int]] = {}
    joined = np.ones(n)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    accepted = pairs[pairs["p"] >= THRESHOLD]
    order = accepted.sort_values(["rule", "p", "a", "b"], ascending=[False, False, True, True], kind="stable")
    for a, b, p, rule in zip(*(order[column].tolist() for column in ("a", "b", "p", "rule")), strict=True):
        first, second = sorted((root(a), root(b)))
        if first == second:
            continue
        mine = members.setdefault(first, [first])
        theirs = members.setdefault(second, [second])
        if not rule and not {sources[row] for row in mine}.isdisjoint(sources[row] for row in theirs):
            continue
        if rule < DECIDED and _clash(mine, theirs, known):
            continue
        if any(not kept_apart[row].isdisjoint(theirs) for row in mine if row in kept_apart):
            continue
        parent[second] = first
        mine.extend(members.pop(second))
        for row in (a, b):
            joined[row] = min(joined[row], p)
    return np.array([root(row) for row in range(n)], dtype=np.int64), joined


def _clash(mine: list[int], theirs: list[int], known: Mapping[int, tuple[str, str]]) -> bool:
    """Whether two groups are two entities of one register."""
    here = {known[row] for row in mine if row in known}
    there = {known[row] for row in theirs if row in known}
    return any(key == other and value != second for key, value in here for other, second in there)
