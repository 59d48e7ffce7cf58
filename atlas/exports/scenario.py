"""A scenario as a layer: every unit of its index with score and rank before and after, and the drawn areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from atlas.config import Text
from atlas.exports.exportable import Exportable, Field, FieldType
from atlas.exports.from_store import describe
from atlas.language import counted

if TYPE_CHECKING:
    from atlas.scenarios.applying import Outcome
    from atlas.scenarios.drawn import DrawnArea

_NONE = Text(pt="", en="")
_POINTS = Text(pt="0 a 100", en="0 to 100")
_SHARE = Text(pt="0 a 1", en="0 to 1")
_FIELDS: tuple[tuple[str, FieldType, Text, Text, int], ...] = (
    ("code", "text", Text(pt="Código da unidade ou da área desenhada", en="Code of the unit or drawn area"), _NONE, 0),
    ("name", "text", Text(pt="Nome", en="Name"), _NONE, 0),
    ("parent", "text", Text(pt="Código da área a que pertence", en="Code of its area"), _NONE, 0),
    ("parent_name", "text", Text(pt="Área a que pertence", en="Area that it belongs to"), _NONE, 0),
    ("kind", "text", Text(pt="`unit` ou `drawn` (desenhada)", en="`unit` or `drawn`"), _NONE, 0),
    ("touched", "boolean", Text(pt="Algum número mudou", en="Some figure changed"), _NONE, 0),
    ("score_before", "number", Text(pt="Valor antes", en="Value before"), _POINTS, 4),
    ("score_after", "number", Text(pt="Valor depois", en="Value after"), _POINTS, 4),
    ("rank_before", "integer", Text(pt="Posto antes", en="Rank before"), _NONE, 0),
    ("rank_after", "integer", Text(pt="Posto depois", en="Rank after"), _NONE, 0),
    ("move", "integer", Text(pt="Lugares ganhos", en="Places won"), _NONE, 0),
    ("rank_low", "integer", Text(pt="Robustez do posto antes, 5 %", en="Robustness of the rank before, 5 %"), _NONE, 0),
    ("rank_high", "integer", Text(pt="Robustez do posto antes, 95 %", en="Robustness of the rank before, 95 %"),
     _NONE, 0),
    ("p_rises", "number", Text(pt="Parte dos métodos em que sobe", en="Share of methods in which it rises"), _SHARE, 3),
    ("noise", "text", Text(pt="`within` (dentro do ruído) ou `beyond` (para lá)",
                           en="`within` the noise of the method, or `beyond` it"), _NONE, 0),
    ("coverage_before", "number", Text(pt="Cobertura antes", en="Coverage before"), _SHARE, 3),
    ("coverage_after", "number", Text(pt="Cobertura depois", en="Coverage after"), _SHARE, 3),
    ("opportunity_before", "text", Text(pt="Leitura antes", en="Reading before"), _NONE, 0),
    ("opportunity_after", "text", Text(pt="Leitura depois", en="Reading after"), _NONE, 0),
)  # fmt: skip


def scenario_layer(outcome: Outcome, moves: pd.DataFrame, areas: list[DrawnArea]) -> Exportable:
    """The rows of ``moves`` (:func:`atlas.scenarios.moves.moves`) with outlines, then the drawn areas."""
    built, index, scenario = outcome.built, outcome.index, outcome.scenario
    units = built.parents if index.level == "municipality" else built.units
    table = pd.concat([moves.assign(kind="unit"), pd.DataFrame([row_of(one, outcome) for one in areas])])
    table = table.reindex(columns=[name for name, *_ in _FIELDS])
    outlines = [*units.geometry.reindex(moves["code"]), *(one.outline for one in areas)]
    frame = gpd.GeoDataFrame(
        table.reset_index(drop=True), geometry=np.array(outlines, dtype=object), crs=built.atlas.atlas.crs
    )
    codes = [code for one in index.pillar for code in one.indicators]
    used = {source for code in codes for source in built.atlas.indicator_of(code).sources}
    return describe(
        built.atlas,
        built.store,
        Exportable(
            id="scenario",
            title=Text(pt=f"Cenário: {scenario.name}", en=f"Scenario: {scenario.name}"),
            description=Text(
                pt=f"{index.name.pt}, antes e depois de "
                + counted("pt", len(scenario.changes), "# mudança hipotética|# mudanças hipotéticas")
                + f". {scenario.note}",
                en=f"{index.name.en}, before and after "
                + counted("en", len(scenario.changes), "# hypothetical change|# hypothetical changes")
                + f". {scenario.note}",
            ),
            frame=frame,
            fields=tuple(
                Field(name, kind, what, unit=unit, decimals=digits) for name, kind, what, unit, digits in _FIELDS
            ),
        ),
        used | {built.atlas.neighbourhoods.source},
    )


def row_of(one: DrawnArea, outcome: Outcome) -> dict[str, object]:
    """A drawn area as a row beside the units."""
    won = None if one.rank_before is None or one.rank_after is None else one.rank_before - one.rank_after
    return {
        "code": one.code, "name": one.name, "parent": one.parent,
        "parent_name": outcome.built.parents["name"].get(one.parent), "kind": "drawn", "touched": True,
        "score_before": one.score_before, "score_after": one.score_after, "rank_before": one.rank_before,
        "rank_after": one.rank_after, "move": won, "coverage_before": one.coverage, "coverage_after": one.coverage,
    }  # fmt: skip
