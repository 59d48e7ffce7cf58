"""The ranked table of an index as a layer: each unit's row with its outline."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from atlas.config import Atlas, Index, Text
from atlas.exports.exportable import Exportable, Field, FieldType
from atlas.exports.from_store import describe
from atlas.store import Store

_NONE = Text(pt="", en="")
_POINTS = Text(pt="0 a 100", en="0 to 100")
_SHARE = Text(pt="0 a 1", en="0 to 1")
_FIELDS: tuple[tuple[str, FieldType, Text, Text, int], ...] = (
    ("code", "text", Text(pt="Código da unidade", en="Code of the unit"), _NONE, 0),
    ("name", "text", Text(pt="Nome", en="Name"), _NONE, 0),
    ("parent", "text", Text(pt="Código da área a que pertence", en="Code of its area"), _NONE, 0),
    ("parent_name", "text", Text(pt="Área a que pertence", en="Area that it belongs to"), _NONE, 0),
    ("residents", "number", Text(pt="Residentes em 2021", en="Residents in 2021"), Text(pt="n.º", en="no."), 0),
    ("area_km2", "number", Text(pt="Área", en="Area"), Text(pt="km²", en="km²"), 3),
    ("score", "number", Text(pt="Valor do índice", en="Value of the index"), _POINTS, 2),
    ("score_low", "number", Text(pt="Valor com o que falta no pior", en="Value with gaps at worst"), _POINTS, 2),
    ("score_high", "number", Text(pt="Valor com o que falta no melhor", en="Value with gaps at best"), _POINTS, 2),
    ("rank", "integer", Text(pt="Posto no atlas inteiro", en="Rank in the atlas"), _NONE, 0),
    ("rank_within", "integer", Text(pt="Posto na área pedida", en="Rank in the area"), _NONE, 0),
    ("rank_low", "integer", Text(pt="Robustez do posto, 5 %", en="Robustness of the rank, 5 %"), _NONE, 0),
    ("rank_high", "integer", Text(pt="Robustez do posto, 95 %", en="Robustness of the rank, 95 %"), _NONE, 0),
    ("rank_data_low", "integer", Text(pt="Posto segundo os dados, 5 %", en="Rank by the data, 5 %"), _NONE, 0),
    ("rank_data_high", "integer", Text(pt="Posto segundo os dados, 95 %", en="Rank by the data, 95 %"), _NONE, 0),
    ("p_top10", "number", Text(pt="Probabilidade dos dez primeiros", en="Chance of the top ten"), _SHARE, 3),
    ("p_above_next", "number", Text(pt="Probabilidade de ficar acima da seguinte; entre 0,05 e 0,95 é empate técnico",
                                    en="Chance of standing above the next; a technical tie from 0.05 to 0.95"),
     _SHARE, 3),
    ("coverage", "number", Text(pt="Cobertura dos dados", en="Coverage of the data"), _SHARE, 3),
    ("cell", "text", Text(pt="Potencial e declínio (H, M, L)", en="Potential and decline (H, M, L)"), _NONE, 0),
    ("opportunity", "text", Text(pt="Leitura", en="Reading"), _NONE, 0),
    ("p_opportunity", "number", Text(pt="Probabilidade de «opportunity»", en="Chance of “opportunity”"), _SHARE, 3),
    ("flags", "text", Text(pt="Avisos", en="Flags"), _NONE, 0),
    ("agglomerations", "text", Text(pt="Aglomerações com equipamentos aqui", en="Agglomerations with venues here"),
     _NONE, 0),
)  # fmt: skip


def ranking(atlas: Atlas, store: Store, table: pd.DataFrame, index: Index, index_id: str) -> Exportable:
    """The rows of ``table`` (as :func:`atlas.ranking.rank_table` gives them) in their order, with outlines."""
    units = store.read("parents" if index.level == "municipality" else "neighbourhoods").set_index("code")
    outlines = units.geometry.reindex(table["code"]).to_numpy()
    frame = gpd.GeoDataFrame(table[[name for name, *_ in _FIELDS]], geometry=outlines, crs=units.crs)
    pillar = next((one for one in index.pillar if one.id == index_id), None)
    name = pillar.name if pillar else index.name
    fields = tuple(
        Field(name, type_, meaning, unit=unit, decimals=digits) for name, type_, meaning, unit, digits in _FIELDS
    )
    codes = [code for one in index.pillar for code in one.indicators]
    used = {source for code in codes for source in atlas.indicator_of(code).sources} | {atlas.neighbourhoods.source}
    return describe(
        atlas,
        store,
        Exportable(
            id=f"rank_{index_id}",
            title=Text(pt=f"{atlas.atlas.name.pt}: {name.pt}", en=f"{atlas.atlas.name.en}: {name.en}"),
            description=index.about,
            frame=frame,
            fields=fields,
        ),
        used,
    )
