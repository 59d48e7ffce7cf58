"""Figures that a source states by unit: as they are, as shares, as change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from atlas.config import Indicator
from atlas.indicators import Inputs, Measured, measure, option
from atlas.neighbourhoods import locate
from atlas.sources.figures import column

SMALL_BASE = "small_base"


def column_of(inputs: Inputs, indicator: Indicator, name: str) -> pd.Series:
    """A column of the indicator's first source, by unit."""
    source = indicator.sources[0]
    path = inputs.atlas.folder / inputs.atlas.source_of(source).file
    return column(inputs.source(source), name, path)


@measure("figure")
def figure(inputs: Inputs, indicator: Indicator) -> Measured:
    """One column as the source states it, times ``times`` where the unit asks for it."""
    value = column_of(inputs, indicator, option(indicator, "column")) * float(indicator.with_.get("times", 1))
    return _on_its_base(inputs, indicator, value)


@measure("share")
def share(inputs: Inputs, indicator: Indicator) -> Measured:
    """``part`` over ``whole``, in per cent (``times`` = 100 by default); missing where the whole is 0 or missing."""
    part = column_of(inputs, indicator, option(indicator, "part"))
    whole = column_of(inputs, indicator, option(indicator, "whole"))
    value = float(indicator.with_.get("times", 100)) * part / whole.where(whole > 0)
    if indicator.base is None:
        indicator = indicator.model_copy(update={"base": indicator.with_["whole"]})
    return replace(_on_its_base(inputs, indicator, value), base=whole, per=float(indicator.with_.get("times", 100)))


@measure("log_change")
def log_change(inputs: Inputs, indicator: Indicator) -> Measured:
    """ln(P₂/P₁) of residents, shrunk towards the change of the unit's parent, in per cent of log points.

    The parent's change weighs v/(v + τ²), with v = 1/P₁ + 1/P₂ the variance of the log ratio of two counts and τ² the
    stored spread between units (option ``between``): a village of thirty does not lead the table by chance. The
    parent's own change is that of a source of figures by parent (options ``parents`` and ``parent_change``, a column in
    per cent), else that of the smaller areas whose sums the figures are: no unit's figure rests on which others stand
    in the table. Only where there is neither is it the sum over the parent's units.
    """
    before = column_of(inputs, indicator, option(indicator, "before"))
    after = column_of(inputs, indicator, option(indicator, "after"))
    units = inputs.frame_of(indicator)
    before, after = before.reindex(units.index), after.reindex(units.index)
    both = before.notna() & after.notna() & (before > 0) & (after > 0)
    own = np.log(after[both] / before[both])
    parents = _parent_change(inputs, indicator, before.where(both), after.where(both))
    parents = parents.reindex(units.loc[both, "parent"]).to_numpy()
    noise = 1 / before[both] + 1 / after[both]
    weight = noise / (noise + float(option(indicator, "between")))
    return _on_its_base(inputs, indicator, 100 * (weight * parents + (1 - weight) * own))


def _parent_change(inputs: Inputs, indicator: Indicator, before: pd.Series, after: pd.Series) -> pd.Series:
    """ln(P₂/P₁) of each parent, from what does not depend on the units at hand where there is such a source."""
    options, source = indicator.with_, inputs.atlas.source_of(indicator.sources[0])
    if "parents" in options:
        about = inputs.atlas.source_of(str(options["parents"]))
        percent = column(inputs.source(about.id), option(indicator, "parent_change"), inputs.atlas.folder / about.file)
        return np.log1p(percent / 100)
    if "sums_of" in source.read:
        areas = inputs.source(str(source.read["sums_of"])).to_crs(inputs.units.parents.crs)
        parent = locate(shapely.point_on_surface(areas.geometry.to_numpy()), inputs.units.parents)
        before, after = areas[options["before"]].astype(float), areas[options["after"]].astype(float)
    else:
        parent = inputs.frame_of(indicator)["parent"].to_numpy()
    sums = pd.DataFrame({"b": before.to_numpy(), "a": after.to_numpy()}).groupby(parent).sum()
    return np.log(sums["a"] / sums["b"])


def _on_its_base(inputs: Inputs, indicator: Indicator, value: pd.Series) -> Measured:
    """Rates on a base under ``base_least`` are shown and flagged, but weigh nothing (coverage 0)."""
    if indicator.base is None or not indicator.base_least:
        return Measured(value)
    base = column_of(inputs, indicator, indicator.base).reindex(value.index)
    small = ~(base >= indicator.base_least)
    return Measured(
        value,
        flags=pd.Series(np.where(small & value.notna(), SMALL_BASE, ""), index=value.index),
        coverage=pd.Series(np.where(small, 0.0, 1.0), index=value.index),
    )


@measure("per_km2")
def per_km2(inputs: Inputs, indicator: Indicator) -> Measured:
    """A column per square kilometre of the unit."""
    area_km2 = inputs.frame_of(indicator)["area_km2"]
    return Measured(column_of(inputs, indicator, option(indicator, "column")).reindex(area_km2.index) / area_km2)
