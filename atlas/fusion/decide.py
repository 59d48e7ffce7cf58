"""From probable pairs to groups of records that are one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

THRESHOLD = 0.45  # of the best F1 out of fold; between 0.4 and 0.5 it differs by a pair or two
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
    held: dict[int, _Held] = {}
    mask: list[int] = [1 << int(code) for code in pd.factorize(sources)[0]]  # the sources of a group, a bit each
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
        if first == second or (not rule and mask[first] & mask[second]):
            continue
        mine, theirs = (held.get(one) or _Held.of(one, known, kept_apart) for one in (first, second))
        if rule < DECIDED and mine.is_another(theirs):
            continue
        if not mine.apart.isdisjoint(theirs.rows):
            continue
        parent[second] = first
        mask[first] |= mask[second]
        held.pop(second, None)
        held[first] = mine.with_(theirs)
        for row in (a, b):
            joined[row] = min(joined[row], p)
    return np.array([root(row) for row in range(n)], dtype=np.int64), joined


@dataclass
class _Held:
    """What stands in a group: kept as sets, so that a group of thousands is joined as fast as one of two."""

    rows: set[int]
    entities: dict[str, set[str]]
    apart: set[int]

    @classmethod
    def of(cls, row: int, known: Mapping[int, tuple[str, str]], kept_apart: Mapping[int, set[int]]) -> _Held:
        key = known.get(row)
        return cls({row}, {key[0]: {key[1]}} if key else {}, set(kept_apart.get(row, ())))

    def is_another(self, other: _Held) -> bool:
        """Whether two groups are two entities of one register."""
        return any(
            len(values | other.entities[key]) > 1 for key, values in self.entities.items() if key in other.entities
        )

    def with_(self, other: _Held) -> _Held:
        """Both as one: the larger takes in the smaller."""
        large, small = (self, other) if len(self.rows) >= len(other.rows) else (other, self)
        large.rows |= small.rows
        large.apart |= small.apart
        for key, values in small.entities.items():
            large.entities.setdefault(key, set()).update(values)
        return large
