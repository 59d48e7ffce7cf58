"""Records without coordinates, placed by name inside their municipality."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from atlas.sources._by_name import is_within

LEAST = 0.86  # similarity of names inside one municipality, from which a register's row is placed
TIE = 0.02


def place_by_name(
    rows: gpd.GeoDataFrame,
    groups: np.ndarray,
    waiting: np.ndarray,
    pool: np.ndarray,
    *,
    apart: Iterable[tuple[int, int]] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """The group of each waiting record and how sure it is: the best name of its layer in its municipality.

    The best must be alone: where two different places come equally near, the record stays unplaced. A municipality's
    code is the beginning of its parishes' codes, so that an atlas of one city places by municipality too. Groups that
    ``apart`` keeps from a row are not looked at.
    """
    never: dict[int, set[int]] = {}
    for a, b in apart:
        never.setdefault(a, set()).add(int(groups[b]))
        never.setdefault(b, set()).add(int(groups[a]))
    found, sure = waiting.copy(), np.ones(len(waiting))
    names, bits = rows["names"].to_numpy(), rows["layer_bits"].to_numpy()
    stated = rows["parent"].to_numpy(dtype=object)[waiting]
    parent = rows["parent_at"].fillna("").astype(str).to_numpy(dtype=object)[pool]
    known = set(parent)
    for code in pd.unique(pd.Series([one for one in stated if isinstance(one, str)], dtype=object)):
        here = pool[np.isin(parent, [one for one in known if is_within(one, code)])]
        for position in np.flatnonzero(stated == code):
            row = waiting[position]
            near = here[((bits[here] & bits[row]) != 0) & np.array([bool(names[one]) for one in here], bool)]
            if row in never:
                near = near[~np.isin(groups[near], list(never[row]))]
            if not len(near) or not names[row]:
                continue
            score = np.array([_alike(names[row], names[one]) for one in near])
            best = near[score >= score.max() - TIE]
            if score.max() >= LEAST and len({groups[one] for one in best}) == 1:
                found[position], sure[position] = groups[best[0]], float(score.max())
    return found, sure


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Similarity of the best two spellings, 0 to 1: words in common weigh a little more than letters."""
    words = cdist(one, other, scorer=fuzz.token_set_ratio, dtype=np.float32)
    letters = cdist(one, other, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    return float((0.6 * words + 0.4 * letters).max()) / 100
