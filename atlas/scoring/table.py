"""Any table scored with no map at all: ``atlas score DATA.csv META.csv``, every stage written whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from atlas.errors import AtlasError, ConfigError, OutputError, SourceError, UnknownName, raise_first, refusal
from atlas.scoring import aggregate, normalise
from atlas.scoring.csvtext import numbers, read_text
from atlas.scoring.denominate import denominate
from atlas.scoring.impute import IMPUTATIONS
from atlas.scoring.screen import screen
from atlas.scoring.settings import Settings, read_settings
from atlas.scoring.treat import treat
from atlas.scoring.tree import Node, Tree, check_weights, read_tree
from atlas.scoring.weigh import Judged, read_judged

STAGES = ("denominated", "imputed", "screened", "treated", "normalised", "aggregated")


@dataclass(frozen=True)
class Figures:
    """The units' figures as read: indicators, denominators, and groups as text; indexed by unit, in order of code."""

    indicators: DataFrame
    denominators: DataFrame
    groups: DataFrame


def score_files(data: Path, meta: Path, config: Path | None, output: Path, *, force: bool = False) -> list[Path]:
    """Score a table and write every stage of it.

    Parameters
    ----------
    data
        One row a unit.
    meta
        One row an indicator or aggregate: the tree.
    config
        ``score.toml``; the defaults hold where there is none.
    output
        Folder for ``denominated, imputed, screened, treated, normalised, aggregated, ranks, effective_weights,
        treatment, screened_out`` (and ``weights, judges``, where several people gave them), each a CSV file. Nothing
        is left there unless all of it could be written.
    force
        Write over the files of an earlier run.
    """
    _check_output(output, force=force)
    settings = read_settings(config)
    tree = read_tree(read_text(meta), where=meta.name)
    tree, judged = _weighted(tree, settings, config, meta.name)
    figures = read_figures(read_text(data), tree, settings, where=data.name)
    tables = score_table(figures, tree, settings, where=data.name)
    if judged is not None:
        tables["weights"] = judged.spread().rename_axis("iCode").reset_index()
        tables["judges"] = judged.each()
    return _write(tables, output)


def score_table(figures: Figures, tree: Tree, settings: Settings, *, where: str = "") -> dict[str, DataFrame]:
    """Every stage of the score, by name; the unit's code is the first column of each.

    Order: per denominator, imputed, screened for coverage, treated, normalised, aggregated level by level.
    """
    _check_levels(tree, settings)
    stages = {"denominated": figures.indicators}
    if settings.denominate:
        stages["denominated"] = denominate(figures.indicators, figures.denominators, tree, where=where)
    name, column = settings.imputation
    groups = _groups(figures.groups, column, where) if column else None
    stages["imputed"] = IMPUTATIONS[name](stages["denominated"], groups)
    stages["screened"], dropped = screen(stages["imputed"], settings.screen)
    if stages["screened"].empty:
        raise SourceError(
            f"Nenhuma unidade tem {settings.screen:g} dos indicadores. Baixe `screen` ou complete os dados.",
            f"No unit has {settings.screen:g} of the indicators. Lower `screen` or complete the data.",
            where=where,
        )
    stages["treated"], treatment = treat(stages["screened"], points=settings.points, log=settings.log)
    stages["normalised"] = normalised(stages["treated"], tree, settings, where=where)
    stages["aggregated"] = aggregated(stages["normalised"], tree, settings, where=where)
    tables = {stage: table.rename_axis(settings.unit).reset_index() for stage, table in stages.items()}
    score = stages["aggregated"][tree.root]
    ranks = score.rank(method="min", ascending=False).astype("Int64").rename("rank")
    tables["ranks"] = ranks.rename_axis(settings.unit).reset_index()
    tables["effective_weights"] = _weights_table(tree)
    tables["treatment"] = treatment
    tables["screened_out"] = dropped.rename_axis(settings.unit).reset_index()
    return tables


def read_figures(data: DataFrame, tree: Tree, settings: Settings, *, where: str) -> Figures:
    """The columns that the tree asks for, as numbers; all faults are collected before one is raised."""
    if settings.unit not in data:
        raise UnknownName.among(settings.unit, data.columns, pt="Coluna de unidades", en="Column of units", where=where)
    units = pd.Index(data[settings.unit], dtype=object)
    faults: list[AtlasError] = _wrong_units(units, settings.unit, where)
    faults += [
        UnknownName.among(code, data.columns, pt="Indicador", en="Indicator", where=where)
        for code in tree.indicators
        if code not in data
    ]
    raise_first(faults)
    wanted = {tree.nodes[code].denominator for code in tree.indicators} if settings.denominate else set()
    denominators = [name for name in data.columns if name in wanted]
    names = dict.fromkeys([*tree.indicators, *denominators])
    columns = {name: numbers(data[name], units, faults, where=where) for name in names}
    raise_first(faults)
    order = np.argsort(units.to_numpy(dtype=str), kind="stable")
    read = DataFrame(columns, index=units).iloc[order]
    return Figures(read[tree.indicators], read[denominators], data.set_index(units).iloc[order])


def normalised(figures: DataFrame, tree: Tree, settings: Settings, *, where: str = "") -> DataFrame:
    """Every indicator on one scale, its direction applied."""
    name, given = settings.normalisation
    faults: list[AtlasError] = []
    columns = {}
    for code in figures.columns:
        node, values = tree.nodes[code], figures[code].to_numpy(dtype=float)
        spot = f"{where}, {code}"
        fault = _unfit(node, values, name, spot)
        if fault is not None:
            faults.append(fault)
            continue
        columns[code] = _on_scale(values, node, name, given, capped=settings.normalise.endswith(":capped"))
    raise_first(faults)
    return DataFrame(columns, index=figures.index)


def aggregated(figures: DataFrame, tree: Tree, settings: Settings, *, where: str = "") -> DataFrame:
    """The normalised indicators and every aggregate, from the bottom upwards."""
    table = figures.copy()
    for parent in tree.parents:
        children = tree.children(parent)
        weights = np.array([tree.nodes[child].weight for child in children])
        how = settings.aggregation(tree.nodes[parent].level)
        try:
            table[parent] = aggregate.combine(
                table[children].to_numpy(dtype=float), weights, how, present=settings.present
            )
        except aggregate.NotPositive as fault:
            child, unit = children[fault.column], table.index[fault.row]
            raise SourceError(
                f"A média «{how}» só admite valores acima de zero, e «{child}» vale {fault.value:g} em {unit}. "
                'Normalize acima de zero, por exemplo com `normalise = "minmax:1,100"`, ou agregue com "arithmetic".',
                f"The mean “{how}” only takes values above zero, and “{child}” is {fault.value:g} in {unit}. "
                'Normalise above zero, for example with `normalise = "minmax:1,100"`, or aggregate with "arithmetic".',
                where=f"{where}, {parent}",
            ) from None
    return table


def _on_scale(values: np.ndarray, node: Node, name: str, given: tuple[float, ...], *, capped: bool) -> np.ndarray:
    if name == "goalposts":
        return normalise.goalposts(values, node.direction, node.goalpost_low, node.goalpost_high, *given)
    if name == "distance-to-target":
        return normalise.distance_to_target(values, node.direction, node.target, capped=capped)
    return normalise.NORMALISATIONS[name](values, node.direction, *given)


def _unfit(node: Node, values: np.ndarray, name: str, spot: str) -> AtlasError | None:
    """Why an indicator cannot be normalised this way, or nothing."""
    present = values[~np.isnan(values)]
    if name == "goalposts" and not node.goalpost_low < node.goalpost_high:
        return ConfigError(
            "Faltam valores de referência. Preencha Goalpost_low e Goalpost_high, o primeiro menor do que o segundo.",
            "There are no goalposts. Fill Goalpost_low and Goalpost_high, the first below the second.",
            where=spot,
        )
    if name in normalise.FIXED:
        return None
    if len(present) == 0 or present.min() == present.max():
        return SourceError(
            f"O indicador tem o mesmo valor em todas as unidades, ou não tem valores: «{name}» não o pode normalizar. "
            'Retire-o da tabela, ou use `normalise = "goalposts:0,100"`.',
            f"The indicator is the same in all units, or has no values: “{name}” cannot normalise it. Take it out of "
            'the table, or use `normalise = "goalposts:0,100"`.',
            where=spot,
        )
    if name == "distance-to-target":
        worst = present.min() if node.direction > 0 else present.max()
        if np.isnan(node.target) or node.target == worst:
            return ConfigError(
                f"O alvo {node.target:g} não serve: o pior valor é {worst:g}. Preencha Target com um valor melhor.",
                f"The target {node.target:g} will not do: the worst value is {worst:g}. Fill Target with a better one.",
                where=spot,
            )
    return None


def _weighted(tree: Tree, settings: Settings, config: Path | None, where: str) -> tuple[Tree, Judged | None]:
    """The tree with the judges' weights, and over them those of ``[weights]``."""
    judged = None
    if settings.weights_from:
        path = (config.parent if config else Path()) / settings.weights_from
        judged = read_judged(read_text(path), tree, where=path.name)
        tree = tree.with_weights(judged.weights.to_dict())
    for code in settings.weights:
        if code not in tree.nodes:
            raise UnknownName.among(code, tree.nodes, pt="Código", en="Code", where="score.toml, [weights]")
    tree = tree.with_weights({code: float(weight) for code, weight in settings.weights.items()})
    check_weights(tree, "score.toml, [weights]" if settings.weights else where)
    return tree, judged


def _groups(groups: DataFrame, column: str, where: str) -> Series:
    if column not in groups:
        raise UnknownName.among(column, groups.columns, pt="Coluna de grupos", en="Column of groups", where=where)
    return groups[column].replace("", None)


def _wrong_units(units: pd.Index, name: str, where: str) -> list[AtlasError]:
    faults: list[AtlasError] = []
    if (units == "").any():
        row = int(np.flatnonzero(units == "")[0]) + 2
        faults.append(
            SourceError(
                f"A unidade não tem código. Preencha a coluna «{name}».",
                f"The unit has no code. Fill the column “{name}”.",
                where=f"{where}:{row}",
            )
        )
    twice = units[units.duplicated() & (units != "")]
    faults += [
        SourceError(
            f"A unidade «{unit}» aparece mais de uma vez. Deixe uma só linha por unidade.",
            f"The unit “{unit}” stands there more than once. Leave one row a unit.",
            where=f"{where}, {name}",
        )
        for unit in list(dict.fromkeys(twice))[:5]
    ]
    return faults


def _check_levels(tree: Tree, settings: Settings) -> None:
    wanted = tree.top - 1
    if not isinstance(settings.aggregate, str) and len(settings.aggregate) != wanted:
        raise ConfigError(
            f"`aggregate` tem {len(settings.aggregate)} médias e a árvore {wanted} níveis a agregar. Dê uma por "
            "nível, de baixo para cima, ou uma só para todos.",
            f"`aggregate` has {len(settings.aggregate)} means and the tree {wanted} levels to gather. Give one a "
            "level, from the bottom, or one for all.",
            where="score.toml, aggregate",
        )


def _weights_table(tree: Tree) -> DataFrame:
    effective = tree.effective_weights()
    return DataFrame(
        [
            {"iCode": code, "Level": node.level, "Weight": node.weight, "EffWeight": effective[code]}
            for code, node in tree.nodes.items()
        ]
    )


def _check_output(output: Path, *, force: bool) -> None:
    if output.is_file():
        raise OutputError(
            "Já existe um ficheiro com este nome. Indique uma pasta.",
            "There is a file of this name. Name a folder.",
            where=str(output),
        )
    if output.is_dir() and any(output.iterdir()) and not force:
        raise OutputError(
            "A pasta já tem ficheiros. Indique outra, ou use --force para escrever por cima.",
            "The folder has files in it. Name another, or use --force to write over them.",
            where=str(output),
        )


def _write(tables: Mapping[str, DataFrame], output: Path) -> list[Path]:
    """All tables into a folder beside the output first, and from there under their names."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
        try:
            for name, table in tables.items():
                table.to_csv(aside / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
            output.mkdir(exist_ok=True)
            return [(aside / f"{name}.csv").replace(output / f"{name}.csv") for name in tables]
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as fault:
        pt, en = refusal(fault)
        raise OutputError(
            f"Não se consegue escrever nesta pasta ({pt}). Escolha outra, ou liberte espaço.",
            f"This folder cannot be written to ({en}). Choose another, or free some space.",
            where=str(output),
        ) from fault
