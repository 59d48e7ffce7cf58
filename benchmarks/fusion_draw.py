"""A fresh sample of pairs to label: of records that no labelled pair holds, with weights back to the pool.

    python benchmarks/fusion_draw.py SEED > pairs.csv

The pool: pairs of records of different sources, not two editions of one, within 200 m, and outside the city of Porto
within 1 km where the names are alike. Strata: what stands together; what a close decision kept apart (0.05 and more);
what is alike by name or stands within 25 m and is of one class; all else. What is drawn is to be labelled without the
fusion's answer.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import shapely
from fusion_pairs import ACCEPTED, DOUBLES, ENDS, FRESH, LABELS, ONLY_PORTO, Region, read
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

DRAWN = {"together": 60, "close": 25, "alike": 25, "else": 10}
NEAR_M, FAR_M, SPOT_M = 200.0, 1000.0, 25.0
ALIKE, FAR_ALIKE = 70, 85  # of 100, words in common


def used() -> set[tuple[str, str]]:
    """Records that stand in a labelled pair."""
    found: set[tuple[str, str]] = set()
    for path in (LABELS, ACCEPTED, DOUBLES, FRESH):
        if path.exists():
            table = read(path)
            other = table["source_b"] if "source_b" in table else table["source_a"]
            found |= {
                *zip(table["source_a"], table["record_a"], strict=True),
                *zip(other, table["record_b"], strict=True),
            }
    return found


def pool(name: str, region: Region, known: set[tuple[str, str]]) -> pd.DataFrame:
    """The pairs of one region, with their stratum."""
    rows = region.seen.rows
    geometry, source = rows.geometry.to_numpy(), rows["source_id"].to_numpy()
    fresh = np.array([key not in known for key in zip(source, rows["record_id"], strict=True)])
    asked = np.flatnonzero(fresh & rows["name"].notna().to_numpy())
    tree = shapely.STRtree(geometry[asked])
    a, b = (asked[at] for at in tree.query(geometry[asked], "dwithin", distance=NEAR_M if name == "porto" else FAR_M))
    family = _family(region, source)
    kept = (a < b) & (family[a] != family[b])
    if name == "porto":  # else it stands in the other atlas too
        kept &= np.isin(source[a], ONLY_PORTO) | np.isin(source[b], ONLY_PORTO)
    a, b = a[kept], b[kept]
    distance = shapely.distance(geometry[a], geometry[b])
    first = np.array([own[0] if own else "" for own in rows["names"]], dtype=object)
    alike = cpdist(first[a], first[b], scorer=fuzz.token_set_ratio)
    pairs = pd.DataFrame({"a": a, "b": b, "region": name})
    pairs = pairs.merge(region.seen.pairs[["a", "b", "p"]], on=["a", "b"], how="left").fillna({"p": 0.0})
    classes = rows["class_"].to_numpy()
    near = distance <= NEAR_M
    told = [
        region.seen.groups[a] == region.seen.groups[b],
        pairs["p"].to_numpy() >= 0.05,
        np.where(near, alike >= ALIKE, alike >= FAR_ALIKE) | ((distance <= SPOT_M) & (classes[a] == classes[b])),
        near,
    ]
    pairs["stratum"] = np.select(told, list(DRAWN), "")
    names, all_classes = rows["name"].to_numpy(), rows["classes"].to_numpy()
    for end, row in (("a", a), ("b", b)):
        pairs[f"source_{end}"], pairs[f"record_{end}"] = source[row], rows["record_id"].to_numpy()[row]
        pairs[f"about_{end}"] = [f"{names[at]} [{all_classes[at]}]" for at in row]
    return pairs.assign(distance=distance.round())[pairs["stratum"] != ""]


def _family(region: Region, source: np.ndarray) -> np.ndarray:
    """Editions of one register, and extracts of OpenStreetMap, hold the same records: they would flatter."""
    of = {one.id: "odbl" if one.licence.startswith("ODbL") else one.kind + one.publisher for one in region.atlas.source}
    return np.array([of[one] for one in source])


def draw(seed: int) -> pd.DataFrame:
    """The sample, in random order."""
    known = used()
    whole = pd.concat([pool(name, Region.read(name), known) for name in ("norte", "porto")], ignore_index=True)
    drawn = []
    for stratum, many in DRAWN.items():
        mine = whole[whole["stratum"] == stratum]
        some = mine.sample(min(many, len(mine)), random_state=seed)
        drawn.append(some.assign(weight=len(mine) / max(len(some), 1)))
    columns = [*ENDS, "about_a", "about_b", "distance", "stratum", "weight"]
    return pd.concat(drawn).sample(frac=1, random_state=seed)[columns].round({"weight": 4})


if __name__ == "__main__":
    draw(int(sys.argv[1])).to_csv(sys.stdout, index=False)
