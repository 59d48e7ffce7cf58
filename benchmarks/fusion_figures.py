"""Every figure of docs/fusion.md on how often the fusion is right and how sure it may be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from fusion_fit import Tables, out_of_fold
from fusion_pairs import EARLIER, ENDS, FRESH, LABELS, REGISTER, Region, located, read, things
from fusion_plot import PLOT, Bin, calibration_svg

REPEATS = 1000
GROUPS = {
    "museums": "museums", "performance": "stages", "cinemas": "stages", "heritage": "heritage",
    "archaeology": "archaeology", "education": "education",
}  # fmt: skip
BANDS = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0001)

Measure = Callable[[pd.DataFrame], tuple[float, ...]]


def measured(pairs: pd.DataFrame, word: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of places, weighted back to the candidate pairs."""
    same, together, weight = pairs["label"] == "same", pairs[f"together_{word}"], pairs["weight"]
    right = weight[same & together].sum()
    precision = right / max(weight[together].sum(), 1e-9)
    recall = right / max(weight[same].sum(), 1e-9)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def interval(pairs: pd.DataFrame, by: str, measure: Measure) -> np.ndarray:
    """2.5 and 97.5 percentiles of a measure when whole clusters are drawn anew: two rows, a column each."""
    rng = np.random.default_rng(2026)
    rows_of = list(pairs.reset_index(drop=True).groupby(by).indices.values())
    drawn = []
    for _ in range(REPEATS):
        chosen = rng.integers(0, len(rows_of), len(rows_of))
        drawn.append(measure(pairs.iloc[np.concatenate([rows_of[at] for at in chosen])]))
    return np.percentile(drawn, [2.5, 97.5], axis=0)


def told(values: tuple[float, ...], bounds: np.ndarray) -> str:
    return "  ".join(f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in zip(values, *bounds, strict=True))


def wilson(right: int, of: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z, share = 1.96, right / of
    middle = (share + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * np.sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return middle - half, middle + half


def figures(regions: dict[str, Region]) -> None:
    """All of them, to standard output."""
    tables = out_of_fold(regions)
    pairs, fresh = tables["labelled"], tables["fresh"]
    agree(pairs)
    places(tables)
    by_layer(pd.concat([pairs, fresh], ignore_index=True))
    calibration(pairs)
    print("\nfresh part")
    each_once(fresh)
    accepted(regions, tables["accepted"])
    free_labels(tables)
    register(regions["norte"])
    doubles(tables["doubles"])


def sealed(regions: dict[str, Region], path: Path) -> None:
    """What the model as it stands says of pairs that nobody looked at before it stood; columns as in `sealed_pairs`."""
    drawn = read(path)
    told_of = drawn["label"].isin(["same", "different"])
    pairs = located(drawn[told_of], regions)
    print(f"{len(drawn)} pairs, {(~told_of).sum()} without a label, {(pairs['label'] == 'same').sum()} the same")
    for word, known in (("seen", "with identifiers"), ("blind", "without")):
        for name, some in (("all", pairs), ("doubles of a source aside", pairs[~pairs[f"double_{word}"]])):
            _told_of(f"{known:17} {name:26}", some, word)
    each_once(pairs)
    unseen = out_of_fold(regions, sealed=pairs)
    _told_of("judged by models fitted without its square kilometre", unseen["sealed"], "seen")
    free = len(pairs[ENDS].merge(unseen["free"][ENDS]))
    print(f"{free} of them an identifier had labelled, and they were learned from")
    editions = pairs["stratum"].str.startswith("editions")
    learned = {thing for path in (EARLIER, FRESH, LABELS) for thing in things(read(path))}
    like = pd.Series([one in learned for one in things(pairs)], pairs.index)
    for name, rest in {
        "two editions of one register aside": pairs[~editions],
        "and what was learned from by another edition, extract or kind": pairs[~editions & ~like],
    }.items():
        print(f"\n{name} ({(rest['label'] == 'same').sum()} the same)")
        _told_of("with identifiers", rest, "seen")
        each_once(rest)
    by_layer(pairs)
    calibration(pairs, picture=False)
    _wrong(pairs, regions)


def _told_of(name: str, pairs: pd.DataFrame, word: str) -> None:
    bounds = interval(pairs, "cell", lambda one: measured(one, word))
    print(f"{name} n {len(pairs):4}  {told(measured(pairs, word), bounds)}")


def agree(pairs: pd.DataFrame) -> None:
    first, second = pairs["first"] == "same", pairs["second"] == "same"
    observed = (first == second).mean()
    chance = first.mean() * second.mean() + (1 - first.mean()) * (1 - second.mean())
    print(f"{len(pairs)} labelled pairs, {(pairs['label'] == 'different').sum()} of them different")
    print(f"two passes: {(first != second).sum()} differ, kappa {(observed - chance) / (1 - chance):.3f}")


def places(tables: Tables) -> None:
    print("\nprecision, recall, F1 of places, weighted back, out of fold, 95 % by square kilometre")
    pairs, fresh = tables["labelled"], tables["fresh"]
    parts = {"labelled and fresh": pd.concat([pairs, fresh], ignore_index=True), "labelled": pairs, "fresh": fresh}
    parts |= {part: pairs[pairs["part"] == part] for part in ("development", "held_out")}
    for part, mine in parts.items():
        for word, known in (("seen", "with identifiers"), ("blind", "without")):
            _told_of(f"{part:18} {known:17} {'all':26}", mine, word)
            aside = mine[~mine[f"double_{word}"]]
            _told_of(f"{part:18} {known:17} {'doubles of a source aside':26}", aside, word)
    _told_of("each pair once (half and half: flatters)", parts["labelled and fresh"].assign(weight=1.0), "seen")


def by_layer(pairs: pd.DataFrame) -> None:
    print("\nby layer, with identifiers, doubles aside: n, precision, recall, F1")
    some = pairs[~pairs["double_seen"]]
    for name, mine in some.groupby(some["layer"].map(GROUPS).fillna("other")):
        _told_of(f"{name:12} ({(mine['label'] == 'same').sum()} same)", mine, "seen")


def calibration(pairs: pd.DataFrame, *, picture: bool = True) -> None:
    same, p, weight = (pairs["label"] == "same").to_numpy(float), pairs["p_seen"].to_numpy(), pairs["weight"].to_numpy()
    brier = np.average((p - same) ** 2, weights=weight)
    share = np.average(same, weights=weight)
    print(f"\nBrier {brier:.4f} (saying the share of matches, {share:.3f}, always: {share * (1 - share):.4f})")
    print(f"{'p':>14} {'pairs':>6} {'mean p':>8} {'same':>8}   (weighted back)")
    bins = []
    for low, high in pairwise(BANDS):
        mine = (p >= low) & (p < high)
        if mine.any():
            bounds = interval(pairs[mine], "cell", _share_same)[:, 0]
            mean, seen = (float(np.average(one[mine], weights=weight[mine])) for one in (p, same))
            bins.append(Bin(int(mine.sum()), mean, seen, *bounds))
            print(
                f"{low:6.2f}–{min(high, 1):6.2f} {mine.sum():6} {mean:8.3f} {seen:8.3f} "
                f"[{bounds[0]:.3f}, {bounds[1]:.3f}]"
            )
    if picture:
        PLOT.write_text(calibration_svg(bins, float(brier)), "utf-8")


def _share_same(pairs: pd.DataFrame) -> tuple[float]:
    return (float(np.average(pairs["label"] == "same", weights=pairs["weight"])),)


def each_once(pairs: pd.DataFrame) -> None:
    """Shares of pairs as they were drawn, without weights."""
    same, joined = pairs["label"] == "same", pairs["together_seen"]
    for word, of in (("precision", int(joined.sum())), ("recall", int(same.sum()))):
        _share(f"each pair once, {word:9}", int((same & joined).sum()), of)


def _share(name: str, right: int, of: int) -> None:
    low, high = wilson(right, of) if of else (0.0, 1.0)
    print(f"{name} {right:4} of {of:4}  {right / max(of, 1):.3f} [{low:.3f}, {high:.3f}]")


def accepted(regions: dict[str, Region], drawn: pd.DataFrame) -> None:
    print()
    learned = drawn["from"].isin([path.name for path in (EARLIER, FRESH, LABELS)])
    told_of = {
        "accepted pairs drawn at random, right": drawn,
        "of those, learned from": drawn[learned],
        "of those, not learned from": drawn[~learned],
        "accepted out of fold too": drawn[drawn["together_seen"]],
    }
    layers = drawn["layer"].map(GROUPS).fillna("other")
    told_of |= {f"{name:14}": mine for name, mine in drawn.groupby(layers)}
    for name, mine in told_of.items():
        _share(name, int((mine["label"] == "same").sum()), len(mine))
    low, high = interval(drawn.assign(weight=1.0), "cell", _share_same)[:, 0]
    print(f"the first of these by square kilometre: [{low:.3f}, {high:.3f}]")
    size = [
        int((regions[one.region].seen.groups == regions[one.region].seen.groups[one.a]).sum())
        for one in drawn.itertuples()
    ]
    bands = pd.cut(np.array(size), [0, 2, 4, 99], labels=["2 records", "3–4", "5 and more"])
    for name, mine in drawn.groupby(bands, observed=True):
        print(f"places of {name:10} {(mine['label'] == 'same').sum():4} of {len(mine):4} pairs right")


def free_labels(tables: Tables) -> None:
    """Recall on pairs that one identifier labels, with no identifier looked at: found whatever the blocking does."""
    pairs, free = tables["labelled"], tables["free"]
    layer = free["layer"].map(GROUPS).fillna("other")
    # weighted back: the layers' shares among all matches that the labelled sample finds
    same = pairs[pairs["label"] == "same"]
    share = same.groupby(same["layer"].map(GROUPS).fillna("other"))["weight"].sum()
    weight = layer.map(share / share.sum() / layer.value_counts(normalize=True)).fillna(0.0)
    free = free.assign(found=free["together_blind"], weight=weight, group=layer)

    def recall(some: pd.DataFrame) -> tuple[float, float, float]:
        found, seat = some["found"], some["found"] | some["double_blind"]
        return found.mean(), np.average(found, weights=some["weight"]), np.average(seat, weights=some["weight"])

    print(f"\npairs labelled by an identifier: {len(free)}; not candidates without it: {(~_candidates(free)).sum()}")
    print(f"recall plain, weighted back, and with doubles aside: {told(recall(free), interval(free, 'cell', recall))}")
    for name, mine in free.groupby("group"):
        low, high = wilson(int(mine["found"].sum()), len(mine))
        print(f"{name:14} {mine['found'].sum():4} of {len(mine):4}  [{low:.3f}, {high:.3f}]")


def _candidates(free: pd.DataFrame) -> pd.Series:
    return free["p_blind"] > 0


def register(norte: Region) -> None:
    """The theatre register's rows, placed by name and municipality: which were, and whether rightly."""
    from atlas.built import open_built

    expected = pd.read_csv(REGISTER, dtype=str, keep_default_na=False)
    members = open_built(norte.atlas.atlas.id).store.read("members")
    place_of = members.set_index(["source_id", "record_id"])["place_id"]
    placed = right = held = 0
    for row in expected.itertuples(index=False):
        mine = place_of.get((row.source_a, row.record_a))
        placed += mine is not None
        held += bool(row.record_b)
        right += mine is not None and bool(row.record_b) and mine == place_of.get((row.source_b, row.record_b))
    found = f"{held} with a record elsewhere, {placed} placed, {right} rightly"
    print(f"\nregister of theatres: {len(expected)} rows, {found}")


def doubles(pairs: pd.DataFrame) -> None:
    """Records of one source that a reader calls one thing or two, and which of them stand in one place."""
    print("\npairs inside one source (one name or nearly, within 100 m, no other number)")
    for part, mine in pairs.groupby("part"):
        same, joined = mine["label"] == "same", mine["together_seen"]
        right = int((same & joined).sum())
        for word, of in (("precision", int(joined.sum())), ("recall", int(same.sum()))):
            _share(f"{part:12} {len(mine):4} pairs  {word:9}", right, of)


def wrong(regions: dict[str, Region]) -> None:
    """The labelled pairs on which the reader and a model that did not see them differ, for docs/fusion.md."""
    tables = out_of_fold(regions)
    own = tables["accepted"][tables["accepted"]["from"].isna()]
    _wrong(pd.concat([tables["labelled"], tables["fresh"], own], ignore_index=True), regions)


def _wrong(pairs: pd.DataFrame, regions: dict[str, Region]) -> None:
    for one in pairs[pairs["together_seen"] != (pairs["label"] == "same")].itertuples():
        rows = regions[one.region].seen.rows
        print(
            f"{one.label:10} p {one.p_seen:.2f} {'double ' if one.double_seen else ''}"
            f"{rows['name'].iloc[one.a]} ~ {rows['name'].iloc[one.b]}: {one.why}"
        )
