"""Weights that several people gave to an index: read from a file, put in the place of the published ones.

Their mean is the weight and their spread enters the robustness draws; each person's weights are named and dated in
the log of the build.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atlas.config import Atlas, Index, Opinion, Preset, Text
from atlas.errors import ConfigError, OutputError, UnknownName, refusal
from atlas.fetched import decisions_folder, fetched_folder, located_file
from atlas.scoring.csvtext import read_text
from atlas.scoring.tree import Node, Tree
from atlas.scoring.weigh import Judged, read_judged

JUDGES = "judges"


def judges_file(atlas: Atlas, index: Index) -> Path:
    """Where an index's judges are read from: its ``judges``, else ``weights_ID.csv`` in the atlas's own folder."""
    return located_file(atlas.folder, index.judges or f"weights_{index.id}.csv")


def with_judges(atlas: Atlas) -> Atlas:
    """The atlas with the weights of those of its indices that several people judged."""
    indices = []
    for index in atlas.index:
        path = judges_file(atlas, index)
        if index.judges or path.is_file():
            indices.append(judged_index(index, read_judges(path, index)))
        else:
            indices.append(index)
    presets = [_preset(index) for index in indices if index.id == atlas.opportunity.potential and index.opinions]
    return atlas.model_copy(update={"index": tuple(indices), "preset": (*presets, *atlas.preset)})


def _preset(index: Index) -> Preset:
    """The judges' weights as the first of the presets: what the app opens with is what is published."""
    count = len(index.opinions)
    name = Text(pt=f"Média de {count} pessoas", en=f"Mean of {count} people")
    return Preset(id=JUDGES, name=name, weights={one.id: one.weight for one in index.pillar if one.indicators})


def read_judges(path: Path, index: Index) -> Judged:
    """What people gave to the pillars of an index, or to the indicators of a pillar; faults name the file."""
    table = read_text(path)
    named = {str(cell) for column in ("iCode", "first", "second") if column in table for cell in table[column]}
    judged = read_judged(table, tree_of(index, named), where=path.name)
    filled = [pillar.id for pillar in index.pillar if pillar.indicators and pillar.id in judged.weights.index]
    idle = [] if not filled else [j for j in judged.by_judge if not judged.by_judge.loc[filled, j].sum() > 0]
    if idle:
        raise ConfigError(
            f"{idle[0]} só deu peso a pilares sem dados. Dê algum a um destes: {', '.join(filled)}.",
            f"{idle[0]} gave weight only to pillars without data. Give some to one of these: {', '.join(filled)}.",
            where=path.name,
        )
    return judged


def tree_of(index: Index, named: set[str]) -> Tree:
    """An index as the tree that a file of weights names the nodes of; a pillar without data only where it does."""
    nodes = [Node(index.id, 3, "", 1.0, 1, "", np.nan, np.nan, np.nan, indicator=False)]
    for pillar in index.pillar:
        if not pillar.indicators and pillar.id not in named:
            continue
        nodes.append(Node(pillar.id, 2, index.id, pillar.weight, 1, "", np.nan, np.nan, np.nan, indicator=False))
        nodes += [
            Node(code, 1, pillar.id, weight, 1, "", np.nan, np.nan, np.nan, indicator=True)
            for code, weight in pillar.indicators.items()
        ]
    return Tree({node.code: node for node in nodes})


def judged_index(index: Index, judged: Judged) -> Index:
    """The index with the judges' mean for weights, and what each of them gave."""
    mean = judged.weights.to_dict()
    pillars = tuple(
        pillar.model_copy(
            update={
                "weight": mean.get(pillar.id, pillar.weight),
                "indicators": {code: mean.get(code, weight) for code, weight in pillar.indicators.items()},
            }
        )
        for pillar in index.pillar
    )
    opinions = tuple(
        Opinion(
            judge=str(judge),
            date=judged.dates.get(str(judge), index.judged),
            weights={str(code): float(weight) for code, weight in judged.by_judge[judge].items()},
            ratio=judged.ratios.get(str(judge)),
        )
        for judge in judged.by_judge
    )
    return index.model_copy(
        update={"pillar": pillars, "opinions": opinions, "judged": max(one.date for one in opinions)}
    )


def spread(index: Index) -> pd.DataFrame:
    """Per code that judges weighed: ``weight`` (their mean), ``least, most, sd, judges``; empty where nobody did."""
    table = pd.DataFrame({one.judge: pd.Series(one.weights, dtype=float) for one in index.opinions})
    columns = {
        "weight": table.mean(axis=1), "least": table.min(axis=1), "most": table.max(axis=1),
        "sd": table.std(axis=1, ddof=1), "judges": table.notna().sum(axis=1),
    }  # fmt: skip
    return pd.DataFrame(columns).rename_axis("code")


def own_shares(index: Index) -> dict[str, float]:
    """Weight of each pillar that has data, and of each indicator in its pillar, as shares that sum to 1."""
    shares: dict[str, float] = {}
    for family in _families(index).values():
        total = sum(family.values())
        shares |= {code: weight / total for code, weight in family.items()}
    return shares


def _families(index: Index) -> dict[str, dict[str, float]]:
    filled = [pillar for pillar in index.pillar if pillar.indicators]
    return {index.id: {pillar.id: pillar.weight for pillar in filled}, **{one.id: one.indicators for one in filled}}


def log_of_weights(atlas: Atlas) -> Iterator[dict[str, Any]]:
    """Every weight of every index: whose it is, of which day, and its share of its parent; for the build's log."""
    for index in atlas.index:
        shares = own_shares(index)
        for parent, weights in _families(index).items():
            for code, weight in weights.items():
                given = [
                    {"by": one.judge, "date": one.date, "weight": round(one.weights[code], 9), "ratio": one.ratio}
                    for one in index.opinions
                    if code in one.weights
                ]
                yield {
                    "index": index.id, "parent": parent, "code": code, "weight": weight,
                    "share": round(shares[code], 9), "date": index.judged,
                    "by": "judges" if given else "atlas.toml", **({"given": given} if given else {}),
                }  # fmt: skip


def keep(path: Path, atlas: Atlas, index: Index) -> Path:
    """Make a file of judges the one that an atlas's index is weighed by; it is copied to the atlas's own folder."""
    own = decisions_folder(atlas.folder) == atlas.folder
    folder = atlas.folder if own else fetched_folder(atlas.folder)  # an embedded atlas may be read-only
    target = folder / (index.judges or f"weights_{index.id}.csv")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.resolve() != target.resolve():
            with tempfile.TemporaryDirectory(prefix=".atlas-", dir=target.parent) as beside:
                Path(shutil.copyfile(path, Path(beside) / target.name)).replace(target)
    except OSError as fault:
        pt, en = refusal(fault)
        raise OutputError(
            f"Os pesos não podem ser guardados ({pt}). Copie a pasta do atlas e use a cópia, ou defina ATLAS_HOME.",
            f"The weights cannot be kept ({en}). Copy the atlas's folder and use the copy, or set ATLAS_HOME.",
            where=str(target),
        ) from fault
    return target


def index_named(atlas: Atlas, index_id: str) -> Index:
    """The index with this id; the error names the nearest."""
    found = next((index for index in atlas.index if index.id == index_id), None)
    if found is None:
        raise UnknownName.among(index_id, [index.id for index in atlas.index], pt="Índice", en="Index")
    return found


def write_weights(index: Index, path: Path, *, force: bool) -> None:
    """The judges' mean of the pillars as the TOML that ``atlas rank --weights`` reads."""
    from atlas.exports import write_text

    lines = [f"{pillar.id} = {round(pillar.weight, 9)}" for pillar in index.pillar if pillar.indicators]
    people = " ".join(", ".join(f"{one.judge} ({one.date})" for one in index.opinions).split())
    write_text(f"# {people}\n[weights]\n" + "\n".join(lines) + "\n", path, force=force)
