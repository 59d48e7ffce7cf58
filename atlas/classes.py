"""Five classes of a figure: where they begin, which unit is in which, and which colour each one takes.

The edges are quantiles, so that every class holds about as many units; they are rounded to what is printed, and
equal edges fall together, so that a class is never empty by construction and the legend says what was done.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MISSING = -1
"""The class of a unit without a figure."""


def class_edges(values: npt.ArrayLike, count: int = 5, decimals: int = 1) -> tuple[float, ...]:
    """Edges of up to ``count`` classes, the lowest and the highest value included; empty where nothing is known.

    A class holds its lower edge and not its upper one, save the last, which holds both.

    >>> class_edges([0, 0, 0, 10, 20, 30, 40, 50, 60, 70])
    (0.0, 16.0, 34.0, 52.0, 70.0)
    >>> class_edges([3.0, 3.0, float("nan")])
    (3.0, 3.0)
    """
    figures = np.asarray(values, dtype=float)
    figures = figures[np.isfinite(figures)]
    if figures.size == 0:
        return ()
    edges = np.round(np.quantile(figures, np.linspace(0, 1, count + 1)), decimals)
    step = 10.0**-decimals
    edges[0] = np.round(np.floor(figures.min() / step) * step, decimals)
    edges[-1] = np.round(np.ceil(figures.max() / step) * step, decimals)
    distinct = np.unique(edges) + 0.0
    if distinct.size == 1:
        return (float(distinct[0]), float(distinct[0]))
    return tuple(float(edge) for edge in distinct)


def class_of(values: npt.ArrayLike, edges: Sequence[float]) -> npt.NDArray[np.int64]:
    """The class of each value, 0 for the lowest; ``MISSING`` where there is no figure.

    >>> class_of([0, 16, 69.9, 70, float("nan")], (0.0, 16.0, 34.0, 52.0, 70.0)).tolist()
    [0, 1, 3, 3, -1]
    """
    figures = np.asarray(values, dtype=float)
    if len(edges) < 2:
        return np.full(figures.shape, MISSING)
    found = np.clip(np.searchsorted(edges, figures, side="right") - 1, 0, len(edges) - 2)
    return np.where(np.isfinite(figures), found, MISSING)


def class_colours(ramp: Sequence[str], count: int) -> tuple[str, ...]:
    """``count`` colours out of a ramp, as far apart as it allows.

    >>> class_colours(["a", "b", "c", "d", "e"], 3)
    ('a', 'c', 'e')
    """
    if count <= 1:
        return (ramp[len(ramp) // 2],)
    last = len(ramp) - 1
    return tuple(ramp[round(step * last / (count - 1))] for step in range(count))
