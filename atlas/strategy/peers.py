"""Peers: municipalities of like size, and neighbourhoods of like profile elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from atlas.built import Built, unit_code
from atlas.errors import UnknownName
from atlas.strategy.association import contiguity
from atlas.strategy.venues import Floats, counting

MUNICIPAL_PEERS = 10
PEERS = 5
NEAR_PERCENTILE = 10.0
SAMPLE = 2_000


def municipal_peers(built: Built, code: str, *, number: int = MUNICIPAL_PEERS) -> list[str]:
    """The parents nearest in log residents and log density, each in its own standard deviations."""
    parents = built.parents
    residents = parents["residents"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.log(np.column_stack([residents, residents / parents["area_km2"].to_numpy(dtype=float)]))
    size[~np.isfinite(size)] = np.nan
    spread = np.nanstd(size, axis=0)
    size /= np.where(spread > 0, spread, 1.0)
    away = np.hypot(*(size - size[parents.index.get_loc(code)]).T)
    order = parents.index[np.argsort(away, kind="stable")]
    known = pd.Series(away, index=parents.index).notna()
    return [str(one) for one in order if one != code and known[one]][:number]


def profiles(built: Built) -> pd.DataFrame:
    """Units × indicators of the potential on their stored goalposts, 0–100."""
    stages = built.store.read("stages")
    own = stages[(stages["index"] == built.atlas.opportunity.potential) & (stages["stage"] == "normalised")]
    table: pd.DataFrame = own.pivot_table(index="code", columns="node", values="value", observed=True, dropna=False)
    return table.reindex(built.units.index)


def near_enough(table: pd.DataFrame, *, seed: int) -> float:
    """The 10th percentile of the distances between profiles that have the same figures present."""
    present = table.notna()
    usual = present.value_counts().index[0]
    same = table[(present == np.array(usual)).all(axis=1)].to_numpy(dtype=float)[:, np.array(usual, dtype=bool)]
    if len(same) > SAMPLE:
        same = same[np.random.default_rng(seed).choice(len(same), SAMPLE, replace=False)]
    return float(np.percentile(pdist(same), NEAR_PERCENTILE)) if len(same) > 1 else 0.0


def peers(built: Built, code: str, *, number: int = PEERS) -> pd.DataFrame:
    """The units elsewhere whose profile is most like that of ``code``, not whose score is.

    Euclidean distance over the indicators of the potential on their stored goalposts, among units that have the same
    ones present and lie in another municipality (where the atlas is one city: that do not touch). Nobody beyond the
    10th percentile of all distances is a peer.

    Returns
    -------
    ``code, name, parent, distance`` and ``has``: classes of venues that it has and the unit lacks, joined by ``|``.
    """
    if unit_code(built, code) not in built.units.index:
        unit = built.atlas.neighbourhoods
        raise UnknownName(
            f"«{code}» é {unit.parent_unit.pt}. Indique o código de {unit.unit.pt}.",
            f"“{code}” is a {unit.parent_unit.en}. Name the code of a {unit.unit.en}.",
        )
    table = profiles(built)
    own = table.loc[code]
    same = (table.notna() == own.notna()).all(axis=1) & elsewhere(built, code)
    others = table[same.to_numpy()]
    known = own.notna().to_numpy()
    distance: Floats = np.sqrt(
        np.square(others.to_numpy(dtype=float)[:, known] - own.to_numpy(dtype=float)[known]).sum(axis=1)
    )
    limit = near_enough(table, seed=built.atlas.atlas.seed)
    order = [at for at in np.argsort(distance, kind="stable")[:number] if distance[at] <= limit]
    units = built.units.loc[others.index[order]]
    classes = classes_by_unit(built)
    held = classes.get(code, set())
    return pd.DataFrame(
        {
            "code": units.index,
            "name": units["name"].to_numpy(),
            "parent": units["parent_name"].to_numpy(),
            "distance": distance[order].round(3),
            "has": ["|".join(sorted(classes.get(one, set()) - held)) for one in units.index],
        }
    )


def elsewhere(built: Built, code: str) -> pd.Series:
    """Units in another municipality; where all lie in one city, those that do not touch the unit."""
    units = built.units
    if built.atlas.neighbourhoods.parent_unit.en == "municipality":
        return units["parent"] != units.loc[code, "parent"]
    at = units.index.get_loc(code)
    touching = contiguity(units)[[at]].indices
    away = pd.Series(True, index=units.index)
    away.iloc[[at, *touching]] = False
    return away


def classes_by_unit(built: Built) -> dict[str, set[str]]:
    """Unit → classes of venues inside it."""
    held = counting(built.atlas, built.store.read("places"), "venue")
    held = held[held["neighbourhood"].notna()]
    return {str(code): set(part) for code, part in held.groupby("neighbourhood")["class_"]}


def peer_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """``code, name, parent, distance, has`` of each peer."""
    return [
        {
            "code": row.code,
            "name": row.name,
            "parent": row.parent,
            "distance": float(row.distance),
            "has": [one for one in row.has.split("|") if one],
        }
        for row in table.itertuples(index=False)
    ]
