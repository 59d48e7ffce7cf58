"""Third stage: figures → indices with intervals → opportunities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from atlas.config import Atlas, Index, Indicator
from atlas.errors import AtlasError, ConfigError, raise_first
from atlas.fusion.completeness import density_class
from atlas.language import LANGUAGES, written
from atlas.scoring.diagnostics import against_parent, rank_within
from atlas.scoring.doubt import Doubt
from atlas.scoring.index import Scored, rank, score_index
from atlas.scoring.opportunity import UNSURE, UNSURE_BELOW, cells, own_chance, probabilities
from atlas.scoring.uncertainty import Drawn, data_interval, robustness, untold

Tables = Mapping[str, pd.DataFrame]


def wide(indicators: pd.DataFrame, level: str, column: str = "value") -> pd.DataFrame:
    """Units × indicators of one level, in the long table's order."""
    chosen = indicators[indicators["level"] == level]
    table = chosen.set_index(["code", "indicator"])[column].unstack("indicator")  # noqa: PD010  (keeps what is missing)
    return table.reindex(index=chosen["code"].unique(), columns=chosen["indicator"].unique())


def score_all(atlas: Atlas, tables: Tables, *, draws: int, seed: int, workers: int = 1) -> dict[str, pd.DataFrame]:
    """The tables ``scores``, ``stages``, ``opportunities`` and ``monte_carlo``.

    Raises
    ------
    ConfigError
        An indicator moves against its pillar, or a pillar against its index, and no reason is written for it.
    """
    scores: list[pd.DataFrame] = []
    stages: list[pd.DataFrame] = []
    errors: list[pd.DataFrame] = []
    shares: dict[str, pd.DataFrame] = {}
    faults: list[AtlasError] = []
    for index in atlas.index:
        made = score_one(atlas, tables, index, draws=draws, seed=seed, workers=workers)
        scores += made["scores"]
        stages += made["stages"]
        errors.append(made["monte_carlo"])
        shares[index.id] = made["shares"]
        faults += _without_reason(made["scored"], index)
    raise_first(faults)
    table = pd.concat(scores, ignore_index=True)
    read = opportunities(atlas, tables, table, shares)
    return {
        "scores": _unsure(table, read),
        "stages": pd.concat(stages, ignore_index=True),
        "opportunities": read,
        "monte_carlo": pd.concat(errors, ignore_index=True),
    }


def judges_of(index: Index, weights: Mapping[str, float] | None = None) -> pd.DataFrame | None:
    """Judges × pillars: what each gave, for weights that are the judges' own; with one judge there is no spread."""
    if weights is not None or len(index.opinions) < 2:
        return None
    return pd.DataFrame([one.weights for one in index.opinions], index=[one.judge for one in index.opinions])


def _unsure(scores: pd.DataFrame, read: pd.DataFrame) -> pd.DataFrame:
    """``scores`` with the flag on the neighbourhoods whose reading has a chance below 0.8."""
    unsure = read["code"][read["opportunity"].notna() & (own_chance(read) < UNSURE_BELOW)]
    marked = scores["code"].isin(unsure) & (scores["level"] == "neighbourhood")
    flags = scores["flags"].where(~marked, scores["flags"].where(scores["flags"] == "", scores["flags"] + "|") + UNSURE)
    return scores.assign(flags=flags)


def _without_reason(scored: Scored, index: Index) -> Iterator[AtlasError]:
    """What moves against its parent beyond doubt, and nobody has said why."""
    reasons = {pillar.id: pillar.against for pillar in index.pillar}
    for row in against_parent(scored, index).itertuples(index=False):
        pillar = row.node if row.parent == index.id else row.parent
        if row.sure and row.node not in reasons[pillar]:
            pt, en = (written(lang, row.correlation, 2) for lang in LANGUAGES)
            yield ConfigError(
                f"«{row.node}» anda ao contrário de «{row.parent}»: correlação {pt} em {row.units} unidades. "
                "Corrija `direction`, retire-o, ou escreva a razão em `against` no pilar "
                f'(`against = {{ {row.node} = {{ pt = "…", en = "…" }} }}`).',
                f"“{row.node}” moves against “{row.parent}”: correlation {en} over {row.units} units. "
                "Mend its `direction`, take it out, or write the reason in `against` of the pillar "
                f'(`against = {{ {row.node} = {{ pt = "…", en = "…" }} }}`).',
                where=f"atlas.toml, {index.id}.{pillar}",
            )


def values_of(tables: Tables, index: Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures and coverage of an index's indicators; a figure whose coverage is 0 is shown and does not weigh."""
    codes = [code for pillar in index.pillar for code in pillar.indicators]
    values = wide(tables["indicators"], index.level).reindex(columns=codes)
    coverage = wide(tables["indicators"], index.level, "coverage").reindex(columns=codes)
    return values.where(coverage > 0), coverage


def score_one(
    atlas: Atlas,
    tables: Tables,
    index: Index,
    *,
    draws: int,
    seed: int,
    workers: int = 1,
    weights: Mapping[str, float] | None = None,
    drawn: Drawn = untold,
) -> dict[str, Any]:
    """One index: its score rows and those of its pillars, every stage, and the chances of its three classes.

    Without draws there are no intervals; ``drawn`` is told of both kinds, as many draws of each.
    """
    known = {indicator.code: indicator for indicator in atlas.indicator}
    values, coverage = values_of(tables, index)
    scored = score_index(values, index, known, coverage=coverage, weights=weights)
    row = pd.DataFrame({
        "index": index.id,
        "level": index.level,
        "code": values.index,
        "score": scored.score,
        "score_low": scored.low,
        "score_high": scored.high,
        "rank": rank(scored.score, scored.ranked),
        "coverage": scored.coverage,
    })  # fmt: skip
    classes = density_classes(tables, index)
    row["density_class"] = classes.reindex(row.index)
    row["rank_density"] = rank_within(scored.score, scored.ranked, row["density_class"])
    shares = pd.DataFrame(index=values.index)
    errors: list[dict[str, Any]] = []
    if draws:
        order = row.dropna(subset="rank").rename_axis(None).sort_values(["rank", "code"]).index
        method = robustness(
            values,
            index,
            known,
            draws=draws,
            seed=seed,
            ranked=scored.ranked,
            weights=weights,
            judges=judges_of(index, weights),
            order=order,
            workers=workers,
            drawn=drawn,
        )
        data = data_interval(
            values,
            index,
            known,
            doubts_of(tables, index),
            draws=draws,
            seed=seed,
            ranked=scored.ranked,
            p_match=tables["places"].set_index("place_id")["p_match"],
            weights=weights,
            order=order,
            workers=workers,
            drawn=drawn,
        )
        row = row.join(method[["rank_median", "rank_low", "rank_high"]]).join(data[["rank_data_low", "rank_data_high"]])
        # as many draws of the method as of the data: the chance in all of them together is the mean of the two
        row["p_top10"] = (method["p_top10"] + data["p_top10_data"]) / 2
        row["p_above_next"] = (method["p_above_next"] + data["p_above_next_data"]) / 2
        shares = data[[column for column in ("p_low", "p_middle", "p_high") if column in data]]
        intervals = (("robustness", method), ("data", data))
        errors = [{"index": index.id, "interval": name, "draws": draws, **found.attrs["mc_error"]}
                  for name, found in intervals]  # fmt: skip
    row["flags"] = _flags(tables, index, scored)
    return {
        "scores": [row.reset_index(drop=True), *_pillar_rows(index, scored, row["density_class"])],
        "stages": _stages(index, known, values, scored),
        "shares": shares,
        "scored": scored,
        "monte_carlo": pd.DataFrame(errors, columns=["index", "interval", "draws", "rank_median", "p_top10"]),
    }


def density_classes(tables: Tables, index: Index) -> pd.Series:
    """Density class of each unit that an index scores: like is ranked with like."""
    units = tables["parents" if index.level == "municipality" else "neighbourhoods"].set_index("code")
    return density_class(units["residents"], units["area_km2"])


def _pillar_rows(index: Index, scored: Scored, classes: pd.Series) -> list[pd.DataFrame]:
    """A pillar ranks on its own, where the index that it stands in is ranked."""
    if len(scored.pillars.columns) < 2:
        return []
    return [
        pd.DataFrame({
            "index": pillar,
            "level": index.level,
            "code": scored.pillars.index,
            "score": scored.pillars[pillar].to_numpy(),
            "rank": rank(scored.pillars[pillar], scored.ranked & scored.pillars[pillar].notna()).to_numpy(),
            "coverage": scored.coverage.to_numpy(),
            "density_class": classes.to_numpy(),
            "rank_density": rank_within(scored.pillars[pillar], scored.ranked, classes).to_numpy(),
            "flags": "",
        })
        for pillar in scored.pillars.columns
    ]  # fmt: skip


def doubts_of(tables: Tables, index: Index) -> dict[str, Doubt]:
    """The doubt behind each of an index's indicators, from the table that the measures left."""
    evidence = tables["evidence"]
    doubtful = set(tables["places"].loc[tables["places"]["p_match"] < 1, "place_id"])
    evidence = evidence[evidence["place_id"].isin(doubtful)].astype(str)
    found: dict[str, Doubt] = {}
    codes = {code for pillar in index.pillar for code in pillar.indicators}
    chosen = tables["doubts"][tables["doubts"]["indicator"].isin(codes)]
    for code, part in chosen.groupby("indicator", sort=False):
        by_unit = part.set_index("code")
        if part["kind"].iloc[0] == "count":
            behind = evidence.loc[evidence["indicator"] == code, ["code", "place_id"]]
            found[str(code)] = Doubt(
                "count",
                each=by_unit["each"],
                evidence=behind,
                completeness=by_unit["completeness"],
                relative_sd=by_unit["relative_sd"],
            )
        else:
            found[str(code)] = Doubt(
                "rate",
                base=by_unit["base"],
                per=float(part["per"].iloc[0]),
                relative_sd=by_unit["relative_sd"],
            )
    return found


def _flags(tables: Tables, index: Index, scored: Scored) -> pd.Series:
    """Words of doubt on a unit's score, ``|``-joined."""
    units = scored.score.index
    figures = tables["indicators"]
    codes = [code for pillar in index.pillar for code in pillar.indicators]
    own = figures[(figures["level"] == index.level) & figures["indicator"].isin(codes) & (figures["flags"] != "")]
    words = own.groupby("code")["flags"].agg(lambda texts: "|".join(sorted({w for t in texts for w in t.split("|")})))
    flags = words.reindex(units).fillna("")
    neighbourhoods = tables["neighbourhoods"].set_index("code")
    if index.level == "neighbourhood":
        estimated = neighbourhoods["residents_method"].reindex(units).eq("voters").to_numpy()
        flags = flags.mask(estimated, flags.where(flags == "", flags + "|") + "estimated_residents")
    return flags


def _stages(index: Index, known: Mapping[str, Indicator], values: pd.DataFrame, scored: Scored) -> list[pd.DataFrame]:
    """Every figure at every stage: as measured, after the logarithm where it takes one, on 0–100, aggregated."""
    parts = {
        "raw": values,
        "treated": values.assign(**{code: np.log1p(values[code]) for code in values if known[code].log}),
        "normalised": scored.normalised,
        "aggregated": scored.pillars.assign(**{index.id: scored.score}),
    }
    return [
        pd.DataFrame({
            "index": index.id,
            "code": table.index.repeat(len(table.columns)),
            "node": list(table.columns) * len(table),
            "stage": stage,
            "value": table.to_numpy(dtype=float).ravel(),
        })
        for stage, table in parts.items()
    ]  # fmt: skip


def opportunities(
    atlas: Atlas, tables: Tables, scores: pd.DataFrame, shares: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Cell and reading of each neighbourhood; where decline stands at the municipality, its municipality's is read."""
    columns = ["code", "potential", "decline", "decline_level", "cell", "opportunity"]
    columns += ["p_opportunity", "p_consolidate", "p_basic_investment", "p_follow"]
    units = tables["neighbourhoods"].set_index("code")
    decline = atlas.decline
    if decline is None:
        return pd.DataFrame({"code": units.index}).reindex(columns=columns)
    potential = atlas.index_of(atlas.opportunity.potential)
    read = {}
    for index in (potential, decline):
        rows = scores[scores["index"] == index.id].set_index("code")
        read[index.id] = rows["score"].where(rows["rank"].notna())
    own, theirs = read[potential.id], read[decline.id]
    chances = shares[decline.id]
    if decline.level == "municipality":
        theirs = theirs.reindex(units["parent"]).set_axis(units.index)
        chances = chances.reindex(units["parent"]).set_axis(units.index)
    table = pd.DataFrame({"potential": own, "decline": theirs.reindex(own.index), "decline_level": decline.level})
    if potential.cuts and decline.cuts:
        table = table.join(cells(own, theirs, potential.cuts, decline.cuts))
        if not shares[potential.id].empty and not chances.empty:
            table = table.join(probabilities(shares[potential.id], chances.reindex(own.index)))
    return table.rename_axis("code").reset_index().reindex(columns=columns)
