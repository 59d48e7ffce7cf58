"""The outside check: places that people named before they saw a score, against the index and against mere density."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from atlas.built import Built
from atlas.errors import AtlasError, SourceError, Spot, UnknownName, raise_first
from atlas.neighbourhoods import locate
from atlas.sources.table import numbers, read_table, require
from atlas.strategy.discrimination import auc, auc_difference, auc_interval

YES = frozenset(["yes", "y", "sim", "s", "1", "true", "verdadeiro"])
NO = frozenset(["no", "n", "não", "nao", "0", "false", "falso"])
FEW = 10


@dataclass(frozen=True)
class Verdict:
    """What the list says of the index.

    Attributes
    ----------
    rows
        ``measure`` (``potential``, ``density``, ``difference``), ``auc``, ``low``, ``high``.
    places
        The list's rows with ``code``, ``potential``, ``density``, ``used``.
    """

    rows: list[dict[str, Any]]
    places: pd.DataFrame

    @property
    def beats_density(self) -> bool:
        """Whether the whole interval of the difference lies above 0."""
        return bool(self.rows[2]["low"] is not None and self.rows[2]["low"] > 0)


def validate(built: Built, path: Path) -> Verdict:
    """Compare the potential, and residents per km² alone, with a list of places and non-places.

    The list has ``expected`` (yes or no, sim ou não) and either ``code`` of a neighbourhood or ``lon`` and ``lat``;
    ``name, by, date`` say who named what, and when. Places outside the atlas, or in a unit without a score, are left
    out and counted. Nothing in the atlas is tuned to the list.
    """
    table = read_list(path)
    table["code"] = codes_of(built, table, path)
    scores = built.store.read("scores")
    own = scores[scores["index"] == built.atlas.opportunity.potential].set_index("code")
    ranked = own["score"].where(own["rank"].notna())
    density = built.units["residents"] / built.units["area_km2"]
    table["potential"] = ranked.reindex(table["code"]).to_numpy(dtype=float)
    table["density"] = density.reindex(table["code"]).to_numpy(dtype=float)
    table["used"] = table["potential"].notna() & table["density"].notna()
    used = table[table["used"]]
    expected = used["expected"].to_numpy(dtype=bool)
    if expected.all() or not expected.any():
        outside = int(table["code"].isna().sum())
        raise SourceError(
            f"A comparação precisa de lugares esperados e de não esperados, com pontuação. Há, dos primeiros: "
            f"{int(expected.sum())}; dos segundos: {int((~expected).sum())}; fora do atlas: {outside} (linhas: "
            f"{len(table)}). Acrescente os que faltam"
            + (", ou confirme que `lon` é a longitude e `lat` a latitude, em graus." if outside else "."),
            f"The comparison needs expected places and others that are not, with a score. There are of the first: "
            f"{int(expected.sum())}; of the second: {int((~expected).sum())}; outside the atlas: {outside} (rows: "
            f"{len(table)}). Add those that are missing"
            + (", or see that `lon` is the longitude and `lat` the latitude, in degrees." if outside else "."),
            where=str(path),
        )
    return Verdict(_rows(used, expected), table)


def _rows(used: pd.DataFrame, expected: np.ndarray) -> list[dict[str, Any]]:
    yes, no = int(expected.sum()), int((~expected).sum())
    potential, density = (used[one].to_numpy(dtype=float) for one in ("potential", "density"))
    areas = [auc(value, expected) for value in (potential, density)]
    found = [
        ("potential", areas[0], *auc_interval(areas[0], yes, no)),
        ("density", areas[1], *auc_interval(areas[1], yes, no)),
        ("difference", *auc_difference(potential, density, expected)),
    ]
    keys = ("auc", "low", "high")
    return [
        {
            "measure": measure,
            **{key: None if np.isnan(one) else round(one, 6) for key, one in zip(keys, figures, strict=True)},
            "yes": yes,
            "no": no,
        }
        for measure, *figures in found
    ]


def read_list(path: Path) -> pd.DataFrame:
    """The list with ``expected`` as true or false; every cell that is neither is named."""
    if path.is_dir():
        raise SourceError("É uma pasta. Indique um CSV.", "This is a folder. Name a CSV.", where=str(path))
    if not path.is_file():
        raise SourceError(
            "A lista não existe. Indique um CSV.", "The list does not exist. Name a CSV.", where=str(path)
        )
    table = read_table(path, wanted=["expected"]).reset_index(drop=True)
    named = ("Chame assim a que diz sim ou não", "Call so the one that says yes or no")
    require(table, ["expected"], path, remedy=named)
    if "code" not in table and not {"lon", "lat"} <= set(table.columns):
        raise SourceError(
            "Faltam as colunas `lon` e `lat`, ou `code`. Acrescente-as.",
            "The columns `lon` and `lat`, or `code`, are missing. Add them.",
            where=str(path),
        )
    said = table["expected"].fillna("").astype(str).str.strip().str.casefold()
    faults = [
        SourceError(
            f"«{table['expected'].iloc[at]}» não é sim nem não. Corrija-o.",
            f"“{table['expected'].iloc[at]}” is neither yes nor no. Mend it.",
            where=Spot.of(path, part="expected", line=at + 2),
        )
        for at in np.flatnonzero(~said.isin(YES | NO))[:FEW]
    ]
    raise_first(faults)
    return table.assign(expected=said.isin(YES))


def codes_of(built: Built, table: pd.DataFrame, path: Path) -> pd.Series:
    """The unit of each place: its own code, or the one that holds its point; missing outside the atlas."""
    given = pd.Series(None, index=table.index, dtype=object)
    if "code" in table:
        given = table["code"].where(table["code"].notna(), None).astype(object)
        unknown = [code for code in given.dropna() if code not in built.units.index]
        faults: list[AtlasError] = [
            UnknownName.among(str(code), built.units.index, pt="Código", en="Code", where=str(path))
            for code in unknown[:FEW]
        ]
        raise_first(faults)
    if not {"lon", "lat"} <= set(table.columns):
        return given
    lon, lat = (numbers(table[one], path, one) for one in ("lon", "lat"))
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(built.atlas.atlas.crs)
    found = pd.Series(locate(points.to_numpy(), built.units), index=table.index, dtype=object)
    return given.where(given.notna(), found)
