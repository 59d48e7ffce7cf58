"""Scores and ranks that changed, split into what the method moved and what the data moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from atlas.comparing.readable import method_of
from atlas.config import Index, Indicator
from atlas.scores import wide
from atlas.scoring.index import rank, score_index
from atlas.sources.decisions import SOURCE as DECISIONS
from atlas.store import Store

SHOWN = 0.05  # scores are shown with one decimal
_MEASURED = ("level", "measure", "sources", "layers", "with", "base", "base_least")


def moved_scores(a: Store, b: Store, changed_sources: set[str]) -> tuple[pd.DataFrame, list[str]]:
    """Rows of scores and ranks that differ, and the indicators that B measures in another way.

    ``before → (method) → between → (data) → after``: *between* is B's method on A's figures. Where an indicator is
    new, is measured in another way, or stands on sources of which none changed, B's figures take the place of A's,
    since only the method can have moved them.
    """
    known, indices = method_of(b)
    method = {one["code"]: one for one in b.manifest["method"]["indicator"]}
    earlier = {one["code"]: one for one in a.manifest.get("method", {}).get("indicator", ())}
    anew = sorted(code for code, one in method.items() if not _same_measure(one, earlier.get(code)))
    same_units = _same_units(a, b)
    by_method = {
        code for code, one in method.items() if code in anew or (same_units and _untouched(one, changed_sources))
    }
    scores = {side: store.read("scores") for side, store in (("a", a), ("b", b))}
    rows: list[dict[str, Any]] = []
    for index in indices:
        before, after = (own[own["index"] == index.id].set_index("code") for own in scores.values())
        if before.empty:
            rows.append({"kind": "index_came", "id": index.id, "after": index.id, "cause": "method"})
            continue
        units = before.index.intersection(after.index)
        between = _between(a, b, index, known, by_method).reindex(units)
        names = _names(b, index)
        for what, least, digits in (("score", SHOWN, 2), ("rank", 1.0, 0)):
            chain = pd.DataFrame({
                "before": before[what].reindex(units), "between": between[what], "after": after[what].reindex(units),
            })  # fmt: skip
            rows += _steps(chain.astype(float), f"{index.id}:", what, least, digits, names)
    gone = dict.fromkeys(one["id"] for one in a.manifest.get("method", {}).get("index", ()))
    rows += [
        {"kind": "index_went", "id": one, "before": one, "cause": "method"}
        for one in gone
        if one not in {index.id for index in indices}
    ]
    columns = ["kind", "id", "name", "before", "after", "change", "cause"]
    return pd.DataFrame(rows, columns=columns), [code for code in anew if code in earlier]


def _untouched(indicator: Mapping[str, Any], changed_sources: set[str]) -> bool:
    """Whether nothing that an indicator is made from changed; a decision can touch every count of places."""
    decided = bool(indicator["layers"]) and DECISIONS in changed_sources
    return bool(indicator["sources"]) and not decided and changed_sources.isdisjoint(indicator["sources"])


def _same_measure(one: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    """Whether two editions of an indicator agree in what decides its figures, as far as both say it."""
    return other is not None and all(one[key] == other[key] for key in _MEASURED if key in one and key in other)


def _same_units(a: Store, b: Store) -> bool:
    one, other = (
        store.read("neighbourhoods")[["code", "parent", "residents", "area_km2"]].set_index("code").sort_index()
        for store in (a, b)
    )
    return bool(one.equals(other))


def _between(a: Store, b: Store, index: Index, known: Mapping[str, Indicator], by_method: set[str]) -> pd.DataFrame:
    """Score and rank of every unit with B's method on A's figures."""
    codes = [code for pillar in index.pillar for code in pillar.indicators]
    mixed = []
    for column in ("value", "coverage"):
        old, new = (wide(store.read("indicators"), index.level, column) for store in (a, b))
        taken = [new[code].reindex(old.index) if code in by_method or code not in old else old[code] for code in codes]
        mixed.append(pd.concat(taken, axis=1, keys=codes))
    values, coverage = mixed
    scored = score_index(values.where(coverage > 0), index, known, coverage=coverage)
    return pd.DataFrame({"score": scored.score, "rank": rank(scored.score, scored.ranked)})


def _names(store: Store, index: Index) -> pd.Series:
    return store.read("parents" if index.level == "municipality" else "neighbourhoods").set_index("code")["name"]


def _steps(
    chain: pd.DataFrame, prefix: str, kind: str, least: float, digits: int, names: pd.Series
) -> Iterator[dict[str, Any]]:
    """The two steps of every unit that moved; a step that moved nothing is left out."""
    for cause, first, last in (("method", "before", "between"), ("data", "between", "after")):
        step = chain[last] - chain[first]
        moved = (step.abs() >= least) | (chain[first].isna() != chain[last].isna())
        for code, old, new in chain.loc[moved, [first, last]].itertuples():
            yield {
                "kind": kind,
                "id": f"{prefix}{code}",
                "name": names.get(code),
                "before": _plain(old, digits),
                "after": _plain(new, digits),
                "change": _plain(new - old, digits),
                "cause": cause,
            }


def _plain(value: float, digits: int) -> float | int | None:
    if value != value:
        return None
    return round(value, digits) if digits else int(value)
