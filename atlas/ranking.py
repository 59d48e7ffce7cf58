"""The ranked units of an index, as every screen, file and answer shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.built import Built, units_within
from atlas.config import Index
from atlas.errors import ConfigError, UnknownName
from atlas.scores import score_one
from atlas.scoring.index import Scored
from atlas.scoring.opportunity import LETTERS, READING_OF, UNSURE, cells
from atlas.scoring.uncertainty import TIE, Drawn, untold
from atlas.ties import above_next

COLUMNS = (
    "code", "name", "parent", "parent_name", "residents", "area_km2", "score", "score_low", "score_high", "rank",
    "rank_within", "rank_low", "rank_high", "rank_data_low", "rank_data_high", "p_top10", "coverage", "cell",
    "opportunity", "p_opportunity", "flags", "density_class", "rank_density", "p_above_next", "tie_next",
    "agglomerations",
)  # fmt: skip

_DRAWN = ("rank_low", "rank_high", "rank_data_low", "rank_data_high", "p_top10", "p_above_next")
"""Columns that come from draws."""


def index_ids(built: Built) -> list[str]:
    """Ids that can be ranked: the indices, and the pillars that stand on figures."""
    pillars = [
        pillar.id
        for index in built.atlas.index
        for pillar in index.pillar
        if pillar.indicators and sum(bool(one.indicators) for one in index.pillar) > 1
    ]
    return [index.id for index in built.atlas.index] + pillars


def index_holding(built: Built, index_id: str) -> Index:
    """The index with this id, or the one whose pillar has it; the error names the nearest, or what to load."""
    for index in built.atlas.index:
        if index.id == index_id:
            return index
        for pillar in index.pillar:
            if pillar.id == index_id and not pillar.indicators and pillar.missing:
                raise UnknownName(
                    f"O pilar «{index_id}» não tem fonte neste atlas. {pillar.missing.pt}",
                    f"The pillar “{index_id}” has no source in this atlas. {pillar.missing.en}",
                )
            if pillar.id == index_id and index_id in index_ids(built):
                return index
    raise UnknownName.among(index_id, index_ids(built), pt="Índice", en="Index")


def checked_weights(index: Index, weights: Mapping[str, float], *, where: str = "") -> dict[str, float]:
    """Weights of an index's pillars: unknown ones are an error; pillars that are not named weigh nothing."""
    pillars = {pillar.id for pillar in index.pillar}
    for code in weights:
        if code not in pillars:
            raise UnknownName.among(code, pillars, pt="Pilar", en="Pillar", where=where)
    present = {pillar.id: float(weights.get(pillar.id, 0.0)) for pillar in index.pillar if pillar.indicators}
    if not any(present.values()):
        raise ConfigError(
            "Nenhum pilar com dados tem peso. Dê peso a um, pelo menos.",
            "No pillar that has data has weight. Give weight to one at least.",
            where=where,
        )
    return {pillar.id: float(weights.get(pillar.id, 0.0)) for pillar in index.pillar}


def preset_weights(built: Built, preset: str) -> dict[str, float]:
    """The weights of a preset."""
    found = next((one for one in built.atlas.preset if one.id == preset), None)
    if found is None:
        raise UnknownName.among(preset, [one.id for one in built.atlas.preset], pt="Predefinição", en="Preset")
    return dict(found.weights)


def rank_table(
    built: Built,
    index_id: str = "potential",
    *,
    weights: Mapping[str, float] | None = None,
    within: str | None = None,
    intervals: bool = True,
    scores: pd.DataFrame | None = None,
    above: pd.Series | None = None,
) -> pd.DataFrame:
    """Units of an index in their order, the insufficient ones last; columns as in :data:`COLUMNS`.

    Parameters
    ----------
    weights
        Pillar id → weight: the scores, ranks and intervals are computed anew with them.
    within
        Code of a parent or a unit; ``rank`` stays the rank in the whole atlas, ``rank_within`` is that in the area,
        ``rank_density`` that among the units of the same density class, and ``p_above_next`` the chance of standing
        above the next unit of the area, which is a technical tie (``tie_next``) between 5 and 95 %.
    intervals
        Whether other ``weights`` get intervals of their own, which takes seconds; without, these are missing.
    scores
        What :func:`drawn_scores` gave for these weights, where somebody has asked before.
    above
        The chances ``p_above_next`` of the area by code, where somebody has asked before; an empty one leaves them out.
    """
    index = index_holding(built, index_id)
    area = within or ""
    if weights is None or index_id != index.id:
        if above is not None:
            return _table(built, index, _stored(built, index_id), within, above=above)
        key = ("rank", index_id, area)
        return built.once(key, lambda: _table(built, index, _stored(built, index_id), within)).copy(deep=False)
    pillars = checked_weights(index, weights)
    if not intervals:
        still = built.once(("still", index_id, area), lambda: _still(built, index, within))
        return _moved(still, index, built.scored(index, pillars))
    drawn = drawn_scores(built, index_id, pillars) if scores is None else scores
    return _table(built, index, drawn, within, weights=pillars, above=above)


def _table(
    built: Built,
    index: Index,
    scores: pd.DataFrame,
    within: str | None,
    *,
    weights: Mapping[str, float] | None = None,
    above: pd.Series | None = None,
) -> pd.DataFrame:
    """The rows of ``scores`` that lie in the area, in their order, with what is known of each unit."""
    parents = index.level == "municipality"
    units = built.parents if parents else built.units
    chosen = _within(built, within, parents=parents)
    table = scores.reindex(chosen)
    table["code"] = chosen
    table["name"] = units["name"].reindex(chosen)
    for column in ("parent", "parent_name"):
        table[column] = None if parents else units[column].reindex(chosen)
    table["residents"] = units["residents"].reindex(chosen)
    table["area_km2"] = units["area_km2"].reindex(chosen)
    reading = _reading(built, index, None if weights is None else scores)
    table[["cell", "opportunity", "p_opportunity"]] = reading.reindex(chosen) if not parents else None
    table["agglomerations"] = built.quarters.reindex(chosen).fillna("")
    table["rank_within"] = table["rank"].rank(method="min").astype("Int64")
    whole = [column for column in COLUMNS if column.startswith("rank")]
    table = table.reindex(columns=list(COLUMNS)).astype(dict.fromkeys(whole, "Int64"))
    table = table.sort_values(["rank", "code"], na_position="last", kind="stable").reset_index(drop=True)
    if within is not None and table["p_above_next"].notna().any():
        ranked = table["code"][table["rank"].notna()].tolist()
        found = above_next(built, index, ranked, weights) if above is None else above
        table["p_above_next"] = table["code"].map(found)
    tie = table["p_above_next"].between(TIE, 1 - TIE, inclusive="neither").astype("boolean")
    table["tie_next"] = tie.where(table["p_above_next"].notna())
    return table


def _within(built: Built, within: str | None, *, parents: bool) -> pd.Index:
    if not parents:
        return units_within(built, within)
    if within is None:
        return built.parents.index
    units_within(built, within)
    return pd.Index([within if within in built.parents.index else built.units.loc[within, "parent"]])


def _stored(built: Built, index_id: str) -> pd.DataFrame:
    stored = built.store.read("scores")
    return stored[stored["index"] == index_id].set_index("code")


def drawn_scores(built: Built, index_id: str, weights: Mapping[str, float], drawn: Drawn = untold) -> pd.DataFrame:
    """Scores of an index by code with other weights, and intervals drawn for them: what ``rank_table`` orders."""
    index, manifest = index_holding(built, index_id), built.store.manifest
    made = score_one(
        built.atlas, built.store_tables, index, draws=manifest["draws"], seed=manifest["seed"],
        weights=checked_weights(index, weights), drawn=drawn,
    )  # fmt: skip
    scores: pd.DataFrame = made["scores"][0].set_index("code")
    return scores


@dataclass(frozen=True)
class _Still:
    """What no weight moves, of the units of one table in the order of their codes.

    ``at`` is the place of each of these units among all that are scored, ``classes`` the density class of all,
    ``decline`` the class of decline of each, −1 where it has none or the index is not read against it.
    """

    table: pd.DataFrame
    at: NDArray[np.intp]
    classes: NDArray[np.int64]
    decline: NDArray[np.int64]
    readings: Mapping[str, Any]


def _still(built: Built, index: Index, within: str | None) -> _Still:
    scored, stored = built.scored(index), _stored(built, index.id)
    flags = [_without(flags, UNSURE) for flags in stored["flags"]]  # it was said of the stored reading
    undrawn = stored.assign(flags=flags, **dict.fromkeys(_DRAWN, np.nan))
    table = _table(built, index, undrawn, within, weights={}).sort_values("code", ignore_index=True)
    decline, readings = np.full(len(table), -1), {}
    if (cuts := _cuts(built, index)) is not None:
        stored_decline = built.store.read("opportunities").set_index("code")["decline"].reindex(table["code"])
        decline = _thirds(stored_decline.to_numpy(dtype=float), cuts[1])
        words = [first + second for first in LETTERS for second in LETTERS]
        readings = {
            "cell": pd.array(words, dtype=table["cell"].dtype),
            "opportunity": pd.array([READING_OF[word] for word in words], dtype=table["opportunity"].dtype),
        }
    classes = pd.factorize(stored["density_class"].reindex(scored.score.index))[0]
    return _Still(table, scored.score.index.get_indexer(table["code"]), classes, decline, readings)


def _moved(still: _Still, index: Index, scored: Scored) -> pd.DataFrame:
    """The table with other weights: what a slider asks for, so that only what a weight moves is made."""
    ranked = np.where(scored.ranked.to_numpy(), scored.score.to_numpy(), np.nan)
    rank = _places(ranked, np.zeros(len(ranked), dtype=np.int64))
    here = {
        name: np.append(column, np.nan)[still.at]  # a unit that is not scored stands at −1
        for name, column in (
            ("score", scored.score.to_numpy()), ("score_low", scored.low.to_numpy()),
            ("score_high", scored.high.to_numpy()), ("coverage", scored.coverage.to_numpy()), ("rank", rank),
            ("rank_density", _places(ranked, still.classes)),
        )
    }  # fmt: skip
    order = np.argsort(here["rank"], kind="stable")  # what is missing comes last
    here["rank_within"] = _places(-here["rank"], np.zeros(len(order), dtype=np.int64))
    made: dict[str, Any] = {
        name: _whole(column[order]) if name.startswith("rank") else column[order] for name, column in here.items()
    }
    if still.readings and index.cuts:
        own = _thirds(np.where(np.isnan(here["rank"]), np.nan, here["score"]), index.cuts)
        cell = np.where((own < 0) | (still.decline < 0), -1, 3 * own + still.decline)[order]
        made |= {name: words.take(cell, allow_fill=True) for name, words in still.readings.items()}
    return still.table.take(order).reset_index(drop=True).assign(**made)


def _places(figures: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Place of each figure in its group, 1 = highest, ties to the lowest; missing without figure or group (−1).

    >>> _places(np.array([5.0, 7.0, 7.0, np.nan, 9.0]), np.array([0, 0, 0, 0, 1])).tolist()
    [3.0, 1.0, 1.0, nan, 1.0]
    """
    known = np.flatnonzero(~np.isnan(figures) & (groups >= 0))
    order = known[np.lexsort((-figures[known], groups[known]))]
    figure, group, step = figures[order], groups[order], np.arange(len(order))
    other = np.append(True, group[1:] != group[:-1])[: len(order)]
    less = np.append(True, figure[1:] != figure[:-1])[: len(order)] | other
    began, tied = (np.maximum.accumulate(np.where(one, step, 0)) for one in (other, less))
    places = np.full(len(figures), np.nan)
    places[order] = tied - began + 1
    return places


def _thirds(score: NDArray[np.float64], cuts: tuple[float, float]) -> NDArray[np.int64]:
    """Low, middle, high as 0, 1, 2; −1 where it is missing."""
    return np.where(np.isnan(score), -1, np.searchsorted(np.asarray(cuts), score, side="right").clip(0, 2))


def _whole(places: NDArray[np.float64]) -> pd.arrays.IntegerArray:
    lacking = np.isnan(places)
    return pd.arrays.IntegerArray(np.where(lacking, 0, places).astype(np.int64), lacking)


def _cuts(built: Built, index: Index) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Where potential and decline are parted into low, middle and high, if this index is read against decline."""
    decline = built.atlas.decline
    if index.id != built.atlas.opportunity.potential or index.level == "municipality" or decline is None:
        return None
    return (index.cuts, decline.cuts) if index.cuts and decline.cuts else None


def _without(flags: str, word: str) -> str:
    return "|".join(one for one in flags.split("|") if one != word)


def _reading(built: Built, index: Index, anew: pd.DataFrame | None) -> pd.DataFrame:
    """Cell, reading and its chance by neighbourhood; the cell is read anew where the weights were changed."""
    stored = built.store.read("opportunities").set_index("code")
    cuts = _cuts(built, index)
    if anew is None or cuts is None:
        return stored[["cell", "opportunity", "p_opportunity"]]
    table = cells(anew["score"].where(anew["rank"].notna()), stored["decline"], *cuts)
    return table.assign(p_opportunity=np.nan)


def pillar_table(built: Built, index_id: str = "potential") -> pd.DataFrame:
    """Units × pillars of an index, 0–100, for re-weighting without recomputing (``scoring.index.reweigh``)."""
    index = built.atlas.index_of(index_id)
    stages = built.store.read("stages")
    pillars = [pillar.id for pillar in index.pillar if pillar.indicators]
    chosen = stages[(stages["index"] == index_id) & (stages["stage"] == "aggregated") & stages["node"].isin(pillars)]
    table = chosen.set_index(["code", "node"])["value"].unstack("node")  # noqa: PD010  (keeps what is missing)
    return table.reindex(columns=pillars).reindex(chosen["code"].unique())


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: missing is ``None``, whole numbers stay whole, flags and agglomerations are lists."""
    plain = table.astype(object).where(table.notna(), None)
    rows = plain.to_dict("records")
    for row in rows:
        for key, value in row.items():
            if isinstance(value, np.generic):
                row[key] = value.item()
            if key in {"flags", "agglomerations"}:
                row[key] = [word for word in str(value or "").split("|") if word]
            elif isinstance(row[key], float):
                row[key] = int(row[key]) if key == "residents" and row[key].is_integer() else round(row[key], 6)
    return rows
