"""Pairs that share a key and lie near each other, found without ever looking at all pairs of a block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import shapely

BLOCK_PAIRS = 2500  # of one key in one cell: more are compared with their neighbours in the alphabet only
WINDOW = 25
WIDE_CELLS = 12  # an outline that spans more cells than this each way meets its key everywhere

Pairs = tuple[np.ndarray, np.ndarray]
Keys = list[tuple[int, str]]


def keyed_pairs(
    keys: Keys,
    geometry: np.ndarray,
    source: np.ndarray,
    order: np.ndarray,
    *,
    radius_m: float,
) -> Pairs:
    """Pairs ``a < b`` of different sources with a key in common whose geometries lie within ``radius_m``.

    The plane is cut into cells as wide as two radii; a record stands in the cells that it touches and looks into
    those within reach. Where one key fills a cell (5,000 cafés in one block), the records are laid out by ``order``
    (their names) and each meets the next 25 only, as in the sorted-neighbourhood method: work stays linear.

    Source
    ------
    Hernández, M. A., Stolfo, S. J. (1995). The merge/purge problem for large databases. SIGMOD Record 24(2), 127-138.
    """
    if not keys:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    row = np.array([one for one, _ in keys], dtype=np.int64)
    key = pd.factorize(np.array([text for _, text in keys], dtype=object))[0].astype(np.int64)
    cells = _Cells(shapely.bounds(geometry), radius_m)
    standing, looking = cells.standing(row, key), cells.looking(row, key)
    n = len(geometry)
    found = [np.zeros(0, np.int64)]
    for one in np.unique(source[row])[:-1]:
        here, there = source[standing[1]] == one, source[looking[1]] > one
        stand = (standing[0][here], standing[1][here])
        look = (looking[0][there], looking[1][there])
        found += [distinct(np.minimum(x, y) * n + np.maximum(x, y)) for x, y in _within_blocks(stand, look, order)]
    code = distinct(np.concatenate(found))
    a, b = code // n, code % n
    near = cells.near(a, b)
    a, b = a[near], b[near]
    near = shapely.dwithin(geometry[a], geometry[b], radius_m)
    return a[near], b[near]


class _Cells:
    """A grid over the records. Two cells are apart from it: what stands or looks there is met by everyone."""

    def __init__(self, bounds: np.ndarray, radius: float) -> None:
        self._bounds = bounds
        self._radius = radius
        size = 2 * radius
        low = np.nanmin(bounds[:, :2], axis=0) - 2 * size
        self._first = np.floor((bounds[:, :2] - low) / size).astype(np.int64)
        self._last = np.floor((bounds[:, 2:] - low) / size).astype(np.int64)
        self._first_seen = np.floor((bounds[:, :2] - radius - low) / size).astype(np.int64)
        self._last_seen = np.floor((bounds[:, 2:] + radius - low) / size).astype(np.int64)
        self._wide = (self._last - self._first).max(axis=1) > WIDE_CELLS
        self._many = self._last_seen.max(axis=0) + 1

    def standing(self, row: np.ndarray, key: np.ndarray) -> Pairs:
        """``code`` of key and cell, and ``row``, for each cell that a record touches."""
        wide = self._wide[row]
        code, at = self._covered(row[~wide], key[~wide], self._first, self._last)
        apart = [(code, at), (self._apart(key[wide], 0), row[wide])]
        if self._wide.any():
            apart.append((self._apart(key, 1), row))
        return _stacked(apart)

    def looking(self, row: np.ndarray, key: np.ndarray) -> Pairs:
        """The same for each cell within reach of a record."""
        wide = self._wide[row]
        apart = [self._covered(row[~wide], key[~wide], self._first_seen, self._last_seen)]
        if self._wide.any():
            apart += [(self._apart(key, 0), row), (self._apart(key[wide], 1), row[wide])]
        return _stacked(apart)

    def _apart(self, key: np.ndarray, cell: int) -> np.ndarray:
        return (key * self._many[0]) * self._many[1] + cell  # no record touches the first column of the grid

    def _covered(self, row: np.ndarray, key: np.ndarray, first: np.ndarray, last: np.ndarray) -> Pairs:
        span = last[row] - first[row] + 1
        each = span.prod(axis=1)
        at = np.repeat(np.arange(len(row)), each)
        step = np.arange(len(at)) - np.repeat(np.cumsum(each) - each, each)
        x = first[row[at], 0] + step // span[at, 1]
        y = first[row[at], 1] + step % span[at, 1]
        return (key[at] * self._many[0] + x) * self._many[1] + y, row[at]

    def near(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Whether the boxes of two records lie within reach: cheaper to ask than the geometries."""
        one, other = self._bounds[a], self._bounds[b]
        apart = np.maximum(one[:, :2] - other[:, 2:], other[:, :2] - one[:, 2:]).max(axis=1)
        return apart <= self._radius


def _stacked(parts: Sequence[Pairs]) -> Pairs:
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _within_blocks(standing: Pairs, looking: Pairs, order: np.ndarray) -> Iterator[Pairs]:
    """All pairs of rows with one code, of who stands and who looks; of an overfull one only neighbours in ``order``."""
    here_code, here = _sorted(standing)
    there_code, there = _sorted(looking)
    start = np.searchsorted(there_code, here_code, "left")
    each = np.searchsorted(there_code, here_code, "right") - start
    held = np.searchsorted(here_code, here_code, "right") - np.searchsorted(here_code, here_code, "left")
    full = held * each > BLOCK_PAIRS
    some = ~full & (each > 0)
    a = np.repeat(here[some], each[some])
    step = np.arange(len(a)) - np.repeat(np.cumsum(each[some]) - each[some], each[some])
    yield a, there[np.repeat(start[some], each[some]) + step]
    first = full & np.concatenate([[True], here_code[1:] != here_code[:-1]])
    for at in np.flatnonzero(first):
        left, right = here[at : at + held[at]], there[start[at] : start[at] + each[at]]
        yield _alphabetical(left, right, order)


def _alphabetical(left: np.ndarray, right: np.ndarray, order: np.ndarray) -> Pairs:
    """Pairs of ``left`` and ``right`` that are at most 25 apart when both are laid out in alphabetical order."""
    both = np.concatenate([left, right])
    on_right = np.arange(len(both)) >= len(left)
    laid = np.lexsort((both, order[both].astype(str)))
    both, on_right = both[laid], on_right[laid]
    steps = [(step, on_right[:-step] != on_right[step:]) for step in range(1, min(WINDOW, len(both) - 1) + 1)]
    return (
        np.concatenate([both[:-step][apart] for step, apart in steps]),
        np.concatenate([both[step:][apart] for step, apart in steps]),
    )


def distinct(codes: np.ndarray) -> np.ndarray:
    """Each code once, in order; many times as fast as hashing where there are millions."""
    ordered = np.sort(codes)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _sorted(coded: Pairs) -> Pairs:
    by_code = np.argsort(coded[0], kind="stable")
    return coded[0][by_code], coded[1][by_code]


def spots(geometry: np.ndarray) -> np.ndarray:
    """A point in each geometry, rows of x, y."""
    flat = np.flatnonzero(shapely.get_type_id(geometry) != shapely.GeometryType.POINT)
    spot = np.column_stack([shapely.get_x(geometry), shapely.get_y(geometry)])
    spot[flat] = shapely.get_coordinates(shapely.point_on_surface(geometry[flat]))
    return spot
