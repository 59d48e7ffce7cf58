"""Frozen references renewed: goalposts, the opportunity's cuts, shares behind quotients and chance.

They are estimated on the build at hand and written into ``atlas.toml``, comments kept. Until the next time, adding or
removing a neighbourhood changes no other score.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomlkit

from atlas.atlasfile import CONFIG
from atlas.config import Atlas, Indicator
from atlas.errors import OutputError, refusal
from atlas.indicators import Inputs, Measured, compute
from atlas.indicators.mix import businesses_of, marshall
from atlas.indicators.reach import reached
from atlas.measuring import inputs_of
from atlas.placing import place_all
from atlas.scoring.calibrate import goalposts
from atlas.scoring.index import Scored, score_index
from atlas.scoring.opportunity import tertile_cuts

Measure = Callable[[Inputs, Indicator], Measured]
Moved = list[tuple[str, Any, Any]]
COUNTS = frozenset({"count", "density", "near", "reach", "departures", "per_base", "intersections"})


def recalibrate(atlas: Atlas, *, inputs: Inputs | None = None) -> Moved:
    """Estimate the references of ``atlas`` anew, write them into its ``atlas.toml``, and say what moved.

    Parameters
    ----------
    inputs
        What the measures read, where it has been read already.

    Returns
    -------
    (key, before, after) of every reference that changed.

    Raises
    ------
    OutputError
        ``atlas.toml`` cannot be written (an embedded atlas of an installed package).
    """
    moved, _ = estimated(atlas, inputs_of(atlas, place_all(atlas)) if inputs is None else inputs)
    write_references(atlas, moved)
    return moved


def estimated(atlas: Atlas, inputs: Inputs, *, measure: Measure = compute) -> tuple[Moved, dict[str, Scored]]:
    """The references that would change, as :func:`recalibrate` returns them, and each index scored by the new ones.

    ``measure`` may know figures already.
    """
    used = {code for index in atlas.index for pillar in index.pillar for code in pillar.indicators}
    moved: Moved = []
    scored: dict[str, Scored] = {}
    known: dict[str, Indicator] = {}
    values: dict[str, dict[str, pd.Series]] = {"neighbourhood": {}, "municipality": {}}
    for indicator in atlas.indicator:
        options = {**indicator.with_, **shares_of(inputs, indicator)}
        for key, after in options.items():
            if indicator.with_.get(key) != after:
                moved.append((f"{indicator.code}.with.{key}", indicator.with_.get(key), after))
        one = indicator.model_copy(update={"with_": options})
        if one.code in used:
            measured = measure(inputs, one)
            figures = measured.value if measured.coverage is None else measured.value.where(measured.coverage > 0)
            residents = inputs.frame_of(one)["residents"].fillna(0) + 1e-9
            weight = residents if one.reference == "residents" else residents * 0 + 1
            found = goalposts(figures.rename(one.code), weight, count=one.measure in COUNTS)
            if found != one.goalposts:
                moved.append((f"{one.code}.goalposts", one.goalposts, found))
            one = one.model_copy(update={"goalposts": found})
            values[one.level][one.code] = figures
        known[one.code] = one
    for index in atlas.index:
        frame = pd.DataFrame(values[index.level])
        own = scored[index.id] = score_index(frame, index, known)
        cuts = tuple(round(float(cut), 2) for cut in tertile_cuts(own.score[own.ranked]))
        if cuts != index.cuts:
            moved.append((f"{index.id}.cuts", index.cuts, cuts))
    return moved, scored


def shares_of(inputs: Inputs, indicator: Indicator) -> dict[str, float]:
    """The stored shares of measures that compare with the whole atlas."""
    if indicator.measure == "clustering":
        inside = inputs.places["neighbourhood"].notna()
        venues = inputs.of(indicator)["neighbourhood"].notna().sum()
        return {"venue_share": _sayable(venues / max(int(inside.sum()), 1))}
    if indicator.measure == "location_quotient":
        radius_m = float(indicator.with_["radius_m"])
        events = np.asarray(reached(inputs, inputs.of(indicator), radius_m=radius_m).sum(axis=1)).ravel()
        base = np.asarray(reached(inputs, businesses_of(inputs, indicator), radius_m=radius_m).sum(axis=1)).ravel()
        mean, spread = marshall(events, base)
        return {"mean": _sayable(mean), "spread": _sayable(spread)}
    return {}


def _sayable(value: float) -> float:
    return float(f"{value:.3g}")


def write_references(atlas: Atlas, moved: Moved) -> None:
    """Put changed references into ``atlas.toml``."""
    path = atlas.folder / CONFIG
    document = tomlkit.parse(path.read_text("utf-8"))
    tables = {table["code"]: table for table in document["indicator"]}
    indices = {table["id"]: table for table in document["index"]}
    for key, _, after in moved:
        name, _, option = key.partition(".")
        if option == "cuts":
            indices[name]["cuts"] = list(after)
        elif option == "goalposts":
            tables[name]["goalposts"] = list(after)
        else:
            tables[name]["with"][option.removeprefix("with.")] = after
    try:
        with tempfile.TemporaryDirectory(prefix=".atlas-", dir=path.parent) as folder:
            beside = Path(folder) / path.name
            beside.write_text(tomlkit.dumps(document), "utf-8", newline="\n")
            beside.replace(path)
    except OSError as fault:
        pt, en = refusal(fault)
        raise OutputError(
            f"As referências não podem ser escritas ({pt}). Copie a pasta do atlas e use a cópia.",
            f"The references cannot be written ({en}). Copy the atlas's folder and use the copy.",
            where=str(path),
        ) from fault
