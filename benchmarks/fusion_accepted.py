"""A plain random sample of the pairs that the fusion accepts, to see how many are right.

    python benchmarks/fusion_accepted.py SEED > pairs.csv

The pool: pairs of records of different sources that stand in one place, in the atlas of Norte, and in that of Porto
where one of the two sources is of Porto alone. Two editions of one register, and the same object in two extracts of
OpenStreetMap, are left out: they would flatter. An entity that a register lists under several kinds counts once. Every
pair of the pool is as likely as any other, so that the share that is right needs no weights.
What another file in `tests/fusion/` has labelled comes with that label and the file's name in ``from``; the others are
to be labelled without the fusion's probability.
"""

from __future__ import annotations

import sys
from itertools import combinations

import pandas as pd
from fusion_draw import FILES, entity, families
from fusion_pairs import ACCEPTED, ENDS, ONLY_PORTO, Region

DRAWN = 230


def pool(name: str, region: Region) -> pd.DataFrame:
    """The accepted pairs of one atlas, in the order of their ids."""
    family = families(region.atlas)
    rows = region.seen.rows[["source_id", "record_id"]].assign(place=region.seen.groups)
    rows = rows.assign(entity=entity(rows["record_id"])).sort_values(["source_id", "record_id"])
    rows = rows.drop_duplicates(["source_id", "entity", "place"])
    found = []
    for _, mine in rows.groupby("place"):
        keys = mine[["source_id", "record_id"]].itertuples(index=False, name=None)
        found += [[*a, *b] for a, b in combinations(keys, 2) if not _flatters(a, b, family)]
    pairs = pd.DataFrame(found, columns=ENDS)
    if name == "porto":  # else it stands in the other atlas too
        pairs = pairs[pairs["source_a"].isin(ONLY_PORTO) | pairs["source_b"].isin(ONLY_PORTO)]
    return pairs


def _flatters(a: tuple[str, str], b: tuple[str, str], family: dict[str, str]) -> bool:
    """Whether two records are of one source, of two editions of one register, or one object of OpenStreetMap."""
    if a[0] == b[0] or family[a[0]] != family[b[0]]:
        return a[0] == b[0]
    return family[a[0]] != "odbl" or a[1] == b[1]


def known_labels() -> pd.DataFrame:
    """Label, reason and file of every pair that is labelled already, by its two entities."""
    files = sorted((path for path in FILES.glob("*.csv") if path != ACCEPTED), reverse=True)  # labelled before earlier
    tables = [pd.read_csv(path, dtype=str).assign(file=path.name) for path in files]
    whole = pd.concat([table for table in tables if {"label", "why"} <= set(table.columns)], ignore_index=True)
    return whole.assign(pair=_pair(whole)).drop_duplicates("pair").set_index("pair")[["label", "why", "file"]]


def _pair(table: pd.DataFrame) -> list[frozenset[tuple[str, str]]]:
    a, b = (zip(table[f"source_{end}"], entity(table[f"record_{end}"]), strict=True) for end in "ab")
    return [frozenset(both) for both in zip(a, b, strict=True)]


def draw(seed: int) -> pd.DataFrame:
    """The sample, in the order of its ids."""
    whole = pd.concat([pool(name, Region.read(name)) for name in ("norte", "porto")], ignore_index=True)
    print(f"{len(whole)} accepted pairs", file=sys.stderr)
    drawn = whole.sample(DRAWN, random_state=seed)
    known = known_labels().reindex(_pair(drawn))
    told = drawn.reset_index(drop=True).join(known.reset_index(drop=True))
    return told.sort_values(ENDS, ignore_index=True).rename(columns={"file": "from"})


if __name__ == "__main__":
    draw(int(sys.argv[1])).to_csv(sys.stdout, index=False)
