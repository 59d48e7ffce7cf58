"""Time of fusing 100,000 + 100,000 made-up records, against comparing all pairs in blocks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from atlas.atlasfile import find_atlas, load_atlas
from atlas.config import Atlas
from atlas.fusion.alone import alone
from atlas.fusion.compare import class_steps, probabilities
from atlas.fusion.decide import THRESHOLD, group
from atlas.fusion.fuse import compare, prepare, readings

THINGS_A_TOWN = 35
TOWN_KM2 = 12.0  # of land a town: as many towns to the area as things are asked for
AT_ONCE = 2_000_000  # pairs: what fits in memory
BLOCKS = {"parishes": 3_000.0, "municipalities": 16_000.0}  # sides of squares as large as those of Norte
KINDS = {
    "museum": "Museu", "theatre": "Teatro", "library": "Biblioteca", "cafe": "Café", "eating_out": "Restaurante",
    "historic_church": "Igreja", "bridge": "Fonte", "manor": "Solar", "gallery": "Galeria", "megalith": "Anta",
}  # fmt: skip
OTHERWISE = {"Museu": "Museum", "Teatro": "Cine-Teatro", "Igreja": "Capela", "Fonte": "Chafariz", "Anta": "Dólmen"}


@dataclass(frozen=True)
class Made:
    """Records of two lists, and which thing each is."""

    rows: gpd.GeoDataFrame
    thing: np.ndarray


def made(things: int, atlas: Atlas, *, overlap: float = 0.7) -> Made:
    """Two lists of ``things`` records in towns; ``overlap`` of the second are in the first, written otherwise."""
    rng = np.random.default_rng(2026)
    signs = (list("bcdfglmnprstv"), list("aeiou"))
    words = ["".join(rng.choice(signs[at % 2]) for at in range(7)) for _ in range(4000)]
    count = round(things * (2 - overlap))
    towns = max(things // THINGS_A_TOWN, 1)
    centre = rng.random((towns, 2)) * np.sqrt(towns * TOWN_KM2) * 1000
    weight = 1 / np.arange(1, towns + 1) ** 0.7
    town = rng.choice(towns, count, p=weight / weight.sum())
    spread = 500 + 3 * np.sqrt(np.bincount(town, minlength=towns)[town])[:, None]
    point = centre[town] + rng.normal(0, spread, (count, 2))
    class_ = rng.choice(list(KINDS), count)
    first, second = (np.minimum(rng.zipf(1.3, count), 4000) - 1 for _ in "ab")
    names = [
        [KINDS[kind], "de", words[one].title(), words[other].title()]
        for kind, one, other in zip(class_, first, second, strict=True)
    ]
    in_a, in_b = np.arange(things), np.arange(count - things, count)
    told = [" ".join(names[at]) for at in in_a] + [_otherwise(names[at], rng) for at in in_b]
    thing = np.concatenate([in_a, in_b])
    spot = point[thing] + rng.normal(0, 20, (2 * things, 2)) * (np.arange(2 * things) >= things)[:, None]
    frame = gpd.GeoDataFrame(
        {
            "source_id": np.repeat(["a", "b"], things),
            "record_id": [f"{at:07d}" for at in range(2 * things)],
            "name": told, "tags": None, "marks": None, "parent": None, "parent_at": None,
            "classes": class_[thing], "moved": False,
        },
        geometry=shapely.points(spot), crs=atlas.atlas.crs,
    )  # fmt: skip
    return Made(prepare(frame, atlas), thing)


def _otherwise(name: list[str], rng: np.random.Generator) -> str:
    kind, *rest = name
    draw = rng.random(4)
    kind = OTHERWISE.get(kind, kind) if draw[0] < 0.3 else kind
    if draw[1] < 0.2:
        rest = rest[:-1]
    if draw[2] < 0.1:
        rest[-1] = rest[-1][:-1]
    return " ".join([kind, *rest]) if draw[3] < 0.95 else " ".join(rest)


def in_blocks(lists: Made, atlas: Atlas, side_m: float) -> np.ndarray:
    """The peer: all pairs of the two lists in each block, the same features, model and grouping."""
    rows = readings(lists.rows)
    geometry = rows.geometry.to_numpy()
    cells = np.floor(shapely.get_coordinates(geometry) / side_m).astype(int)
    of_a = (rows["source_id"] == "a").to_numpy()
    found: list[pd.DataFrame] = []
    waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def compare_waiting() -> None:
        a, b = (np.concatenate(side) for side in zip(*waiting, strict=True))
        waiting.clear()
        pairs = pd.DataFrame({"a": a, "b": b, "distance_m": shapely.distance(geometry[a], geometry[b])})
        pairs[["same_identifier", "other_identifier", "other_entity"]] = False
        steps = class_steps(pairs, rows["classes"], atlas)
        pairs["alone"] = alone(pairs, rows, steps)
        pairs["p"] = probabilities(pairs, rows, steps)
        found.append(pairs.loc[pairs["p"] >= THRESHOLD, ["a", "b", "p"]])

    for held in pd.Series(np.arange(len(rows))).groupby([cells[:, 0], cells[:, 1]]).indices.values():
        a, b = np.meshgrid(held[of_a[held]], held[~of_a[held]], indexing="ij")
        waiting.append((a.ravel(), b.ravel()))
        if sum(len(one) for one, _ in waiting) > AT_ONCE:
            compare_waiting()
    compare_waiting()
    return group(pd.concat(found).assign(rule=0), rows["source_id"].to_numpy(dtype=object))[0]


def f1(groups: np.ndarray, thing: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean, of pairs."""

    def pairs(*keys: np.ndarray) -> int:
        size = pd.DataFrame(dict(enumerate(keys))).groupby(list(range(len(keys)))).size().to_numpy()
        return int((size * (size - 1) // 2).sum())

    right = pairs(groups, thing)
    precision, recall = right / max(pairs(groups), 1), right / pairs(thing)
    return precision, recall, 2 * precision * recall / (precision + recall)


def speed(things: int = 100_000) -> None:
    """Both on the same records; then what a quadratic method stalls on."""
    atlas = load_atlas(find_atlas("norte"))
    lists = made(things, atlas)
    print(f"\n{things} + {things} records{'seconds':>20}{'ratio':>8}{'precision':>11}{'recall':>8}{'F1':>7}")
    start = time.perf_counter()
    groups = compare(lists.rows, atlas).groups
    seconds = time.perf_counter() - start
    told("fusion", seconds, 1.0, f1(groups, lists.thing))
    for name, side in BLOCKS.items():
        start = time.perf_counter()
        groups = in_blocks(lists, atlas, side)
        spent = time.perf_counter() - start
        told(f"all pairs in {name}", spent, spent / seconds, f1(groups, lists.thing))
    crowds()


def crowds(counts: Sequence[int] = (5_000, 20_000)) -> None:
    """Two lists of so many records each within 50 m: nameless, of one name, of names that a number tells apart."""
    atlas = load_atlas(find_atlas("norte"))
    for word, name in (("without a name", None), ("of one name", "Café"), ("of names alike", "Café {}")):
        for count in counts:
            crowd = _crowd(count, name, atlas)
            start = time.perf_counter()
            compare(crowd, atlas)
            print(f"{count:8} + {count:6} records {word} at one spot: {time.perf_counter() - start:6.1f} s")


def told(name: str, seconds: float, ratio: float, found: tuple[float, float, float]) -> None:
    print(f"{name:30}{seconds:13.1f}{ratio:8.1f}{found[0]:11.3f}{found[1]:8.3f}{found[2]:7.3f}")


def _crowd(count: int, name: str | None, atlas: Atlas) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(1)
    frame = gpd.GeoDataFrame(
        {
            "source_id": np.repeat(["a", "b"], count),
            "record_id": [f"{at:07d}" for at in range(2 * count)],
            "name": [name and name.format(at % count) for at in range(2 * count)],
            "tags": None, "marks": None, "parent": None, "parent_at": None, "classes": "cafe", "moved": False,
        },
        geometry=shapely.points(rng.random((2 * count, 2)) * 50), crs=atlas.atlas.crs,
    )  # fmt: skip
    return prepare(frame, atlas)
