"""The ranked units of an index, as every screen, file and answer shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from atlas.built import Built, units_within
from atlas.config import Index
from atlas.errors import ConfigError, UnknownName
from atlas.scores import score_one
from atlas.scoring.diagnostics import rank_within
from atlas.scoring.index import rank
from atlas.scoring.opportunity import UNSURE
from atlas.scoring.uncertainty import TIE
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
    """
    index = index_holding(built, index_id)
    scores = _scores(built, index, index_id, weights, intervals=intervals)
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
    reading = _reading(built, index, scores if weights else None)
    table[["cell", "opportunity", "p_opportunity"]] = reading.reindex(chosen) if not parents else None
    table["agglomerations"] = built.quarters.reindex(chosen).fillna("")
    table["rank_within"] = table["rank"].rank(method="min").astype("Int64")
    whole = [column for column in COLUMNS if column.startswith("rank")]
    table = table.reindex(columns=list(COLUMNS)).astype(dict.fromkeys(whole, "Int64"))
    table = table.sort_values(["rank", "code"], na_position="last", kind="stable").reset_index(drop=True)
    if within is not None and table["p_above_next"].notna().any():
        ranked = table["code"][table["rank"].notna()].tolist()
        table["p_above_next"] = table["code"].map(above_next(built, index, ranked, _pillars(index, weights)))
    tie = table["p_above_next"].between(TIE, 1 - TIE, inclusive="neither").astype("boolean")
    table["tie_next"] = tie.where(table["p_above_next"].notna())
    return table


def _pillars(index: Index, weights: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if weights is None else checked_weights(index, weights)


def _within(built: Built, within: str | None, *, parents: bool) -> pd.Index:
    if not parents:
        return units_within(built, within)
    if within is None:
        return built.parents.index
    units_within(built, within)
    return pd.Index([within if within in built.parents.index else built.units.loc[within, "parent"]])


def _scores(
    built: Built, index: Index, index_id: str, weights: Mapping[str, float] | None, *, intervals: bool
) -> pd.DataFrame:
    stored = built.store.read("scores")
    if weights is None or index_id != index.id:
        return stored[stored["index"] == index_id].set_index("code")
    if not intervals:
        scored = built.scored(index, checked_weights(index, weights))
        kept = stored.loc[stored["index"] == index_id, ["code", "flags", "density_class"]].set_index("code")
        kept["flags"] = [_without(flags, UNSURE) for flags in kept["flags"]]  # it was said of the stored reading
        return kept.assign(
            score=scored.score, score_low=scored.low, score_high=scored.high, coverage=scored.coverage,
            rank=rank(scored.score, scored.ranked), **dict.fromkeys(_DRAWN, np.nan),
            rank_density=rank_within(scored.score, scored.ranked, kept["density_class"]),
        )  # fmt: skip
    manifest = built.store.manifest
    made = score_one(
        built.atlas,
        built.store_tables,
        index,
        draws=manifest["draws"],
        seed=manifest["seed"],
        weights=checked_weights(index, weights),
    )
    return made["scores"][0].set_index("code")


def _without(flags: str, word: str) -> str:
    return "|".join(one for one in flags.split("|") if one != word)


def _reading(built: Built, index: Index, anew: pd.DataFrame | None) -> pd.DataFrame:
    """Cell, reading and its chance by neighbourhood; the cell is read anew where the weights were changed."""
    stored = built.store.read("opportunities").set_index("code")
    columns = ["cell", "opportunity", "p_opportunity"]
    if anew is None or index.id != built.atlas.opportunity.potential:
        return stored[columns]
    from atlas.scoring.opportunity import cells

    decline = built.atlas.decline
    if decline is None or not (index.cuts and decline.cuts):
        return stored[columns]
    table = cells(anew["score"].where(anew["rank"].notna()), stored["decline"], index.cuts, decline.cuts)
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
