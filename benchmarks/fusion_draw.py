"""A fresh sample of pairs to label, drawn without asking the fusion: with weights back to the pool.

    python benchmarks/fusion_draw.py SEED > pairs.csv

The pool: pairs of named records of two sources that lie within 200 m, or within 1 km with names somewhat alike, and
that no file in `tests/fusion/` holds. The same object in two extracts of OpenStreetMap is no pair, and an entity that a
register lists under several kinds counts once. A sample that lies in that folder is no longer in the pool: to draw it
again, take its file away.
A stratum is a distance, a likeness of names, whether the classes are kin, and whether both records stand in another
labelled pair already (such are drawn more thinly). Pairs of two editions of one register are strata of their own.
What is drawn is to be labelled without the fusion's answer.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fusion_pairs import ENDS, ONLY_PORTO
from rapidfuzz import fuzz, utils
from rapidfuzz.process import cpdist

from atlas.atlasfile import find_atlas, load_atlas
from atlas.built import open_built
from atlas.config import Atlas

FILES = Path(__file__).parents[1] / "tests" / "fusion"
NEAR_M, FAR_M = 200, 1000
SOMEWHAT = 70  # of 100 that two names have in common, words of one that the other lacks aside
DISTANCES = {"25m": 25, "75m": 75, "200m": NEAR_M, "1km": FAR_M}
LIKENESS = {"low": 0, "some": 55, "high": 85}
# How many of each stratum: of pairs with a record that no labelled pair holds yet, and of pairs with none.
DRAWN = {
    "25m high kin": (94, 95), "25m high other": (38, 40), "25m some kin": (28, 23), "25m some other": (22, 30),
    "25m low kin": (26, 34), "25m low other": (8, 5), "75m high kin": (14, 16), "75m high other": (10, 21),
    "75m some kin": (21, 25), "75m some other": (40, 25), "75m low kin": (14, 14), "75m low other": (5, 3),
    "200m high kin": (15, 16), "200m high other": (33, 25), "200m some kin": (25, 20), "200m some other": (10, 6),
    "200m low kin": (18, 18), "200m low other": (5, 3), "1km high kin": (36, 50), "1km high other": (8, 5),
    "1km some kin": (14, 18), "1km some other": (5, 4), "editions high": (24, 10), "editions other": (14, 6),
}  # fmt: skip


def labelled() -> tuple[set[frozenset[tuple[str, str]]], set[tuple[str, str]]]:
    """Pairs that a file holds, as (source, entity) twice, and the records in them."""
    pairs = set()
    for path in sorted(FILES.glob("*.csv")):
        table = pd.read_csv(path, dtype=str).dropna(subset=["record_b"])
        other = table["source_b"] if "source_b" in table else table["source_a"]
        ends = zip(table["source_a"], entity(table["record_a"]), other, entity(table["record_b"]), strict=True)
        pairs |= {frozenset([(one, a), (two, b)]) for one, a, two, b in ends}
    return pairs, set().union(*pairs)


def entity(record: pd.Series) -> pd.Series:
    """Ids without the kind under which a register lists the entity: `Q1/museum` is `Q1`."""
    return record.str.replace(r"^(Q\d+)/.*$", r"\1", regex=True)


def families(atlas: Atlas) -> dict[str, str]:
    """Of each source that is fused, what it shares with those that hold the same things.

    These are the extracts of OpenStreetMap, and the editions of one register.
    """
    return {
        one.id: "odbl" if one.licence.startswith("ODbL") else one.kind + one.publisher
        for one in atlas.source
        if one.fuse
    }


def read_records(name: str) -> gpd.GeoDataFrame:
    """Named records of one atlas that have a class and a position, one row an entity.

    Beside them ``family`` (sources that hold the same things), ``layers`` (a set) and ``plain`` (the name, folded).
    """
    atlas = load_atlas(find_atlas(name))
    records = open_built(name).store.read("records")
    family = families(atlas)
    kept = records[["classes", "name"]].notna().all(axis=1) & records["source_id"].isin(list(family))
    kept &= ~(records.geometry.isna() | records.geometry.is_empty)
    listed = records[kept].assign(entity=entity(records.loc[kept, "record_id"])).sort_values(["source_id", "record_id"])
    by_entity = listed.groupby(["source_id", "entity"], as_index=False)
    rows = by_entity.agg({"record_id": "first", "name": "first", "classes": "|".join, "geometry": "first"})
    layer_of = {id_: layer.id for id_, (layer, _) in atlas.classes.items()}
    layers = [{layer_of[class_] for class_ in text.split("|")} for text in rows["classes"]]
    family_of = rows["source_id"].map(family)
    return gpd.GeoDataFrame(rows.assign(family=family_of, layers=layers, plain=rows["name"].map(_plain)))


def _plain(name: str) -> str:
    """The name in small letters, without accents and signs."""
    split = unicodedata.normalize("NFKD", name)
    return utils.default_process("".join(sign for sign in split if not unicodedata.combining(sign)))


def pool(name: str) -> pd.DataFrame:
    """The pairs of one atlas, with their stratum."""
    rows = read_records(name)
    held, seen = labelled()
    geometry, family = rows["geometry"].to_numpy(), rows["family"].to_numpy()
    source, record, plain = (rows[column].to_numpy() for column in ("source_id", "record_id", "plain"))
    keys = list(zip(source, rows["entity"], strict=True))
    a, b = shapely.STRtree(geometry).query(geometry, "dwithin", distance=FAR_M)
    twice = (family[a] == "odbl") & (family[b] == "odbl") & (record[a] == record[b])
    kept = (a < b) & (source[a] != source[b]) & ~twice
    if name == "porto":  # else it stands in the other atlas too
        kept &= np.isin(source[a], ONLY_PORTO) | np.isin(source[b], ONLY_PORTO)
    a, b = a[kept], b[kept]
    distance = shapely.distance(geometry[a], geometry[b])
    alike = cpdist(plain[a], plain[b], scorer=fuzz.token_set_ratio)
    fresh = np.array([frozenset([keys[one], keys[two]]) not in held for one, two in zip(a, b, strict=True)])
    kept = fresh & ((distance <= NEAR_M) | (alike >= SOMEWHAT))
    a, b, distance, alike = a[kept], b[kept], distance[kept], alike[kept]
    known = np.array([key in seen for key in keys])
    layers = rows["layers"].to_numpy()
    kin = np.array([bool(layers[one] & layers[two]) for one, two in zip(a, b, strict=True)])
    far = pd.cut(distance, [-1, *DISTANCES.values()], labels=list(DISTANCES)).astype(object)
    like = pd.cut(alike, [*LIKENESS.values(), 101], right=False, labels=list(LIKENESS)).astype(object)
    kind = far + " " + like + np.where(kin, " kin", " other")
    edition = (family[a] == family[b]) & (family[a] != "odbl")
    kind[edition] = np.where(like[edition] == "high", "editions high", "editions other")
    pairs = pd.DataFrame({"stratum": kind, "known": known[a] & known[b], "distance": distance.round(), "region": name})
    for end, row in (("a", a), ("b", b)):
        pairs[f"source_{end}"], pairs[f"record_{end}"] = source[row], record[row]
    return pairs.assign(known_records=known[a].astype(int) + known[b].astype(int))


def draw(seed: int) -> pd.DataFrame:
    """The sample, in random order, with the size of each stratum over what was drawn of it as ``weight``."""
    whole = pd.concat([pool(name) for name in ("norte", "porto")], ignore_index=True)
    drawn = []
    for stratum, counts in DRAWN.items():
        for known, many in zip((False, True), counts, strict=True):
            mine = whole[(whole["stratum"] == stratum) & (whole["known"] == known)]
            some = mine.sample(min(many, len(mine)), random_state=seed)
            drawn.append(some.assign(weight=len(mine) / max(len(some), 1), stratum=stratum + " known" * known))
    columns = [*ENDS, "region", "distance", "known_records", "stratum", "weight"]
    return pd.concat(drawn).sample(frac=1, random_state=seed)[columns].round({"weight": 4})


if __name__ == "__main__":
    draw(int(sys.argv[1])).to_csv(sys.stdout, index=False)
