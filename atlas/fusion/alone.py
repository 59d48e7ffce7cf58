"""Whether two records are each other's only candidate: no other of their kind, or name, is there in either source."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from atlas.fusion.compare import GENERAL_CLASS, things_said
from atlas.fusion.names import core, is_telling, sounds
from atlas.fusion.near import spots

RIVAL_M = 50.0  # of one source, of one kind, by another name, within it of the other record
FARTHEST_M = 250.0  # or as near as the record itself, up to here
_KEY_APART = 1e4  # between keys, on the third axis of the tree: farther than any radius
_LOOKED_AT = 4  # the nearest of a kind: the record itself, and what its source holds of it beside
_AT_ONE_SPOT = 2  # names at one spot: of two, one at least is another's


def alone(pairs: pd.DataFrame, records: pd.DataFrame, class_step: np.ndarray) -> np.ndarray:
    """Of each pair, whether both are of a kind, or bear a name, of which neither source holds another there.

    A source that lists two churches side by side says that the nearer is not the only one that may be meant; where
    each source lists one museum within 50 m, two names are more likely those of one thing. What bears the record's
    own name (a node in its outline) is no rival. A name that either source holds once within 250 m says the same,
    unless the classes tell two things: a spot's name is that of the chapel, the fountain and the dolmen on it.

    Parameters
    ----------
    pairs
        ``a``, ``b`` (positions), of different sources.
    records
        With ``source_id``, ``classes``, ``names``, ``numbers``, ``kinds`` and a geometry in a metric CRS.
    class_step
        As :func:`atlas.fusion.compare.class_steps` gives it.
    """
    return _of_a_kind(pairs, records) | (_of_a_name(pairs, records) & (class_step >= GENERAL_CLASS))


def _of_a_name(pairs: pd.DataFrame, records: pd.DataFrame) -> np.ndarray:
    """Whether both bear a name that no other record of their source bears within 250 m."""
    known = {own: sorted({sounds(core(name)) for name in own if is_telling(name)}) for own in set(records["names"])}
    heard = [known[own] for own in records["names"]]
    row = np.repeat(np.arange(len(heard)), [len(own) for own in heard])
    name, distinct = pd.factorize(np.array([text for own in heard for text in own], dtype=object))
    if not len(row):
        return np.zeros(len(pairs), bool)
    source = pd.factorize(records["source_id"])[0]
    spot = spots(records.geometry.to_numpy())
    axes = pd.DataFrame(spot - spot.min(axis=0), columns=["x", "y"]).iloc[row]
    axes["key"] = (source[row] * len(distinct) + name) * _KEY_APART
    lone = ~axes.duplicated(keep=False).to_numpy()  # of thousands at one spot none is
    standing = axes.drop_duplicates().to_numpy()
    far = cKDTree(standing).query(axes[lone].to_numpy(), k=2, distance_upper_bound=FARTHEST_M)[0]
    lone[lone] = ~np.isfinite(far[:, 1])  # the nearest is the record itself
    row, name = row[lone], name[lone]
    start = np.searchsorted(row, pairs["a"].to_numpy())
    each = np.searchsorted(row, pairs["a"].to_numpy(), "right") - start
    pair = np.repeat(np.arange(len(pairs)), each)
    at = np.arange(len(pair)) - np.repeat(np.cumsum(each) - each, each) + start[pair]
    found = np.zeros(len(pairs), bool)
    found[pair[np.isin(pairs["b"].to_numpy()[pair] * len(distinct) + name[at], row * len(distinct) + name)]] = True
    return found


def _of_a_kind(pairs: pd.DataFrame, records: pd.DataFrame) -> np.ndarray:
    """Whether both are of a kind, and neither source holds another of it as near, or within 50 m."""
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    found = np.zeros(len(a), bool)
    if not len(a):
        return found
    code, sets = pd.factorize(things_said(records))
    both, at = np.unique(code[a] * len(sets) + code[b], return_inverse=True)
    shared = [sorted(sets[one // len(sets)] & sets[one % len(sets)]) for one in both.tolist()]
    number = {word: place for place, word in enumerate(sorted(frozenset().union(*sets)))}
    coded = [np.array([number[word] for word in one], dtype=np.int64) for one in shared]
    pair = np.repeat(np.arange(len(a)), np.array([len(one) for one in shared])[at])
    if not len(pair):
        return found
    kind = np.concatenate([coded[one] for one in at.tolist()])
    rivals = _Rivals(records, code, [[number[word] for word in sorted(one)] for one in sets], len(number))
    reach = np.clip(pairs["distance_m"].to_numpy()[pair], RIVAL_M, FARTHEST_M)
    lone = ~rivals.near(a[pair], b[pair], kind, reach) & ~rivals.near(b[pair], a[pair], kind, reach)
    found[pair[lone]] = True
    return found


class _Rivals:
    """Where the records of each source and kind stand, and by which names."""

    def __init__(self, records: pd.DataFrame, code: np.ndarray, kinds: list[list[int]], many: int) -> None:
        point = spots(records.geometry.to_numpy())
        self._spot = point - point.min(axis=0)
        self._source = pd.factorize(records["source_id"])[0]
        self._many = many
        names = zip(records["names"], records["numbers"], strict=True)
        self._name = pd.factorize(pd.Series([(core(own[0]) if own else "", said) for own, said in names]))[0]
        row = np.repeat(np.arange(len(code)), np.array([len(one) for one in kinds])[code])
        kind = np.array([one for own in code.tolist() for one in kinds[own]], dtype=np.int64)
        place = pd.DataFrame({
            "key": self._source[row] * many + kind, "x": self._spot[row, 0], "y": self._spot[row, 1],
            "name": self._name[row],
        }).drop_duplicates()  # fmt: skip
        # a thousand at one spot say as much as two of them, and would all be looked through
        place = place[place.groupby(["key", "x", "y"], sort=False).cumcount() < _AT_ONE_SPOT]
        self._names = np.append(place["name"].to_numpy(), -1)
        self._tree = cKDTree(place[["x", "y"]].assign(z=place["key"] * _KEY_APART).to_numpy())

    def near(self, rows: np.ndarray, seen_from: np.ndarray, kind: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """Whether the source of each row holds another of the kind, by another name, in reach of the one seen from."""
        key = self._source[rows] * self._many + kind
        _, first, asked = np.unique(seen_from * (key.max() + 1) + key, return_index=True, return_inverse=True)
        axes = np.column_stack([self._spot[seen_from[first]], key[first] * _KEY_APART])  # once for all its pairs
        far, near = self._tree.query(axes, k=_LOOKED_AT, distance_upper_bound=FARTHEST_M)
        found, name = np.zeros(len(rows), bool), self._names[near]
        for at in range(_LOOKED_AT):
            found |= (far[asked, at] <= reach) & (name[asked, at] != self._name[rows])
        return found
