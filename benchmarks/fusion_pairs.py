"""Labelled pairs, and what the fusion of the two embedded atlases says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.atlasfile import find_atlas, load_atlas
from atlas.built import open_built
from atlas.config import Atlas
from atlas.fusion.decide import THRESHOLD
from atlas.fusion.fuse import Compared, compare, prepare
from atlas.fusion.names import core, sounds
from atlas.fusion.positions import with_doubts

LABELS = Path(__file__).parents[1] / "tests" / "fusion" / "labelled_pairs.csv"
ACCEPTED, DOUBLES, EARLIER, FRESH, REGISTER = (
    LABELS.with_name(f"{name}.csv")
    for name in ("accepted_pairs", "doubles", "earlier_accepted", "fresh_pairs", "register_rows")
)
ONLY_PORTO = ("osm_amenity_shop", "osm_names", "ruined_buildings")
ENDS = ["source_a", "record_a", "source_b", "record_b"]


def read(path: Path) -> pd.DataFrame:
    """A table of labels, ids as text."""
    return pd.read_csv(path, dtype={"record_a": str, "record_b": str})


def things(pairs: pd.DataFrame) -> list[frozenset[tuple[str, str]]]:
    """The two things of each pair, whichever edition of Wikidata, extract of OpenStreetMap or kind they stand under."""
    ends = [
        zip(
            pairs[f"source_{end}"].str.replace(r"^(wikidata|osm)_.*$", r"\1", regex=True),
            pairs[f"record_{end}"].str.replace(r"^(Q\d+)/.*$", r"\1", regex=True),
            strict=True,
        )
        for end in "ab"
    ]
    return [frozenset(both) for both in zip(*ends, strict=True)]


def fold_of(cell: str, folds: int) -> int:
    """Which fold a square kilometre belongs to: drawn by its name, so that neighbours do not stand in two."""
    return int(hashlib.sha256(f"cv:{cell}".encode()).hexdigest(), 16) % folds


@dataclass(frozen=True)
class Region:
    """One atlas, its records compared with and without identifiers."""

    atlas: Atlas
    seen: Compared
    blind: Compared
    row_of: dict[tuple[str, str], int]
    layer: np.ndarray
    cell: np.ndarray

    @classmethod
    def read(cls, name: str) -> Region:
        atlas = load_atlas(find_atlas(name))
        records = open_built(name).store.read("records")
        records = records[records["classes"].notna()].assign(moved=False, parent_at=None)
        rows, _ = with_doubts(prepare(gpd.GeoDataFrame(records), atlas), atlas)
        alone = [source.id for source in atlas.source if not source.fuse]
        rows = rows[rows["placed"] & ~rows["source_id"].isin(alone)].reset_index(drop=True)
        seen, blind = (compare(rows, atlas, identifiers_seen=known) for known in (True, False))
        layer_of = {id_: layer.id for id_, (layer, _) in atlas.classes.items()}
        spots = np.floor(shapely.get_coordinates(shapely.point_on_surface(rows.geometry.to_numpy())) / 1000)
        return cls(
            atlas,
            seen,
            blind,
            {key: row for row, key in enumerate(zip(rows["source_id"], rows["record_id"], strict=True))},
            rows["class_"].map(layer_of).to_numpy(),
            np.array([f"{x:.0f}/{y:.0f}" for x, y in spots]),
        )

    def under(self, coefficients: Mapping[str, float]) -> Region:
        """The same records, as another model compares them."""
        seen, blind = (
            compare(self.seen.rows, self.atlas, identifiers_seen=known, coefficients=coefficients)
            for known in (True, False)
        )
        return replace(self, seen=seen, blind=blind)

    def double(self, a: int, b: int, found: Compared) -> bool:
        """Whether ``b`` stays out because a namesake of its own source already has its seat beside ``a``."""
        rows, names = found.rows["source_id"].to_numpy(), found.rows["names"].to_numpy()
        for x, y in ((a, b), (b, a)):
            for other in np.flatnonzero((found.groups == found.groups[x]) & (rows == rows[y])):
                if other != y and {core(one) for one in names[other]} & {core(one) for one in names[y]}:
                    return True
        return False


def located(pairs: pd.DataFrame, regions: Mapping[str, Region]) -> pd.DataFrame:
    """Pairs with where they stand in their region, what the fusion says of them, and of which layer they are."""
    porto = pairs["source_a"].isin(ONLY_PORTO) | pairs["source_b"].isin(ONLY_PORTO)
    p_of = {
        (name, word): dict(zip(zip(held.pairs["a"], held.pairs["b"], strict=True), held.pairs["p"], strict=True))
        for name, region in regions.items()
        for word, held in (("seen", region.seen), ("blind", region.blind))
    }
    found = []
    for one, in_porto in zip(pairs[ENDS].itertuples(index=False), porto, strict=True):
        name = "porto" if in_porto else "norte"
        region = regions[name]
        a, b = sorted((region.row_of[one[:2]], region.row_of[one[2:]]))
        line: dict[str, object] = {"region": name, "a": a, "b": b}
        for word, compared in (("seen", region.seen), ("blind", region.blind)):
            p = float(p_of[name, word].get((a, b), 0.0))
            together = bool(compared.groups[a] == compared.groups[b])
            double = not together and p >= THRESHOLD and region.double(a, b, compared)
            line |= {f"p_{word}": p, f"together_{word}": together, f"double_{word}": double}
        line |= {"layer": region.layer[a], "cell": region.cell[a], "candidate": (a, b) in p_of[name, "seen"]}
        found.append(line)
    told = pd.DataFrame(found)
    return pd.concat([pairs.drop(columns=told.columns, errors="ignore").reset_index(drop=True), told], axis=1)


def identifier_pairs(regions: Mapping[str, Region], labelled: pd.DataFrame) -> pd.DataFrame:
    """Pairs of records that state one Wikidata id or one number of the archaeological register: labels for free.

    Two extracts of OpenStreetMap hold the same object and are left out; so are pairs that the hand has labelled as
    different, whose identifier is a slip.
    """
    slips = labelled.loc[labelled["label"] == "different", ENDS].itertuples(index=False)
    wrong = {frozenset([one[:2], one[2:]]) for one in slips}
    found = {}
    for name, region in regions.items():
        rows = region.seen.rows
        open_ = {source.id for source in region.atlas.source if source.licence.startswith("ODbL")}
        pairs = region.seen.pairs[region.seen.pairs["same_identifier"]]
        for a, b in zip(pairs["a"], pairs["b"], strict=True):
            sources = rows["source_id"].iloc[[a, b]].tolist()
            both_porto = name == "porto" and not set(sources) & set(ONLY_PORTO)
            editions = all(source.startswith("wikidata") for source in sources)
            if both_porto or editions or set(sources) <= open_:
                continue
            ends = [(source, rows["record_id"].iloc[row]) for source, row in zip(sources, (a, b), strict=True)]
            found[frozenset(ends)] = [*ends[0], *ends[1]]
    kept = [line for key, line in found.items() if key not in wrong]
    return pd.DataFrame(kept, columns=ENDS)


def rival_pairs(regions: Mapping[str, Region], free: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """Candidates of a record whose partner in their source an identifier tells: other things, labelled for free.

    What bears the partner's name is left out, since a source may hold one thing twice; so are pairs labelled by hand.
    """
    known = {frozenset([one[:2], one[2:]]) for one in labelled[ENDS].itertuples(index=False)}
    found = []
    for name, region in regions.items():
        rows = region.seen.rows
        source = rows["source_id"].to_numpy()
        key = list(zip(source, rows["record_id"], strict=True))
        heard = [{sounds(core(one)) for one in own} for own in rows["names"]]
        partners: dict[tuple[int, str], set[int]] = {}
        for a, b in free.loc[free["region"] == name, ["a", "b"]].itertuples(index=False):
            partners.setdefault((a, source[b]), set()).add(b)
            partners.setdefault((b, source[a]), set()).add(a)
        pairs = region.seen.pairs[~region.seen.pairs["same_identifier"]]
        for a, b in zip(pairs["a"], pairs["b"], strict=True):
            told = ((partners.get((x, source[y])), heard[y]) for x, y in ((a, b), (b, a)))
            rival = any(own and all(names.isdisjoint(heard[one]) for one in own) for own, names in told)
            if rival and frozenset([key[a], key[b]]) not in known:
                found.append([*key[a], *key[b]])
    return pd.DataFrame(found, columns=ENDS)
