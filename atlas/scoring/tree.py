"""The tree behind an index: which indicators make which parent, read from a table and checked as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame, Series

from atlas.errors import AtlasError, ConfigError, raise_first

COLUMNS = ("Level", "iCode", "iName", "Direction", "Weight", "Denominator", "Parent", "Type")


@dataclass(frozen=True)
class Node:
    """An indicator or an aggregate: one row of the table."""

    code: str
    level: int
    parent: str
    weight: float
    direction: int
    denominator: str
    goalpost_low: float
    goalpost_high: float
    target: float
    indicator: bool


@dataclass(frozen=True)
class Tree:
    """Nodes by code, in the order of the table; exactly one has no parent."""

    nodes: Mapping[str, Node]

    @property
    def indicators(self) -> list[str]:
        """Codes of the leaves."""
        return [code for code, node in self.nodes.items() if node.indicator]

    @property
    def root(self) -> str:
        """Code of the node without a parent."""
        return next(code for code, node in self.nodes.items() if not node.parent)

    @property
    def top(self) -> int:
        """Level of the root."""
        return self.nodes[self.root].level

    def children(self, parent: str) -> list[str]:
        """Codes of the nodes under ``parent``."""
        return [code for code, node in self.nodes.items() if node.parent == parent]

    @property
    def parents(self) -> list[str]:
        """Codes of the aggregates, from the bottom upwards."""
        above = [code for code, node in self.nodes.items() if not node.indicator]
        return sorted(above, key=lambda code: self.nodes[code].level)

    def with_weights(self, weights: Mapping[str, float]) -> Tree:
        """The same tree with other weights for some of the codes."""
        changed = {
            code: Node(**(node.__dict__ | {"weight": weights.get(code, node.weight)}))
            for code, node in self.nodes.items()
        }
        return Tree(changed)

    def effective_weights(self) -> Series:
        """Weight of each node in the whole: its share of its parent times the parent's own, 1 at the root.

        Source: Becker, W. (2021). COINr, ``get_eff_weights``.
        """
        effective = {self.root: 1.0}
        for parent in reversed(self.parents):
            children = self.children(parent)
            total = sum(self.nodes[child].weight for child in children)
            for child in children:
                effective[child] = effective[parent] * self.nodes[child].weight / total
        return Series({code: effective[code] for code in self.nodes}, name="EffWeight")


def read_tree(meta: DataFrame, *, where: str) -> Tree:
    """The tree that a table of text describes; all its faults are collected before one is raised.

    Parameters
    ----------
    meta
        Columns ``Level, iCode, Direction, Weight, Parent, Type`` and, where they are wanted, ``Denominator,
        Goalpost_low, Goalpost_high, Target``; cells are text, empty where there is nothing. Rows whose ``Type`` is
        neither ``Indicator`` nor ``Aggregate`` (groups, denominators) are passed over.
    where
        The file, for messages.
    """
    lacking = [name for name in ("Level", "iCode", "Direction", "Weight", "Parent", "Type") if name not in meta]
    if lacking:
        raise ConfigError(
            f"Faltam as colunas {', '.join(lacking)}. A tabela pede {', '.join(COLUMNS)}.",
            f"The columns {', '.join(lacking)} are missing. The table wants {', '.join(COLUMNS)}.",
            where=where,
        )
    rows = meta.assign(Type=meta["Type"].str.capitalize())
    rows = rows[rows["Type"].isin(["Indicator", "Aggregate"])]
    faults: list[AtlasError] = []
    twice = [code for code, count in Counter(rows["iCode"]).items() if count > 1]
    faults += [
        ConfigError(
            f"O código «{code}» aparece mais de uma vez. Deixe uma só linha por código.",
            f"The code “{code}” stands there more than once. Leave one row a code.",
            where=f"{where}, iCode {code}",
        )
        for code in twice
    ]
    nodes = {str(row["iCode"]): _node(row, where, faults) for row in rows.drop_duplicates("iCode").to_dict("records")}
    _check_parents(nodes, where, faults)
    raise_first(faults)
    tree = Tree(_with_equal_weights(nodes, where))
    check_weights(tree, where)
    return tree


def check_weights(tree: Tree, where: str) -> None:
    """Refuse weights below zero, and a parent whose children all weigh nothing."""
    faults: list[AtlasError] = [
        ConfigError(
            f"O peso de «{code}» é {node.weight:g}. Um peso não pode ser negativo; inverta antes a coluna Direction.",
            f"The weight of “{code}” is {node.weight:g}. A weight cannot be negative; turn the Direction instead.",
            where=f"{where}, iCode {code}, Weight",
        )
        for code, node in tree.nodes.items()
        if not node.weight >= 0 or np.isinf(node.weight)
    ]
    faults += [
        ConfigError(
            f"Todos os pesos sob «{parent}» são zero. Dê um peso acima de zero a pelo menos um.",
            f"All the weights under “{parent}” are zero. Give at least one of them a weight above zero.",
            where=f"{where}, Parent {parent}",
        )
        for parent in tree.parents
        if all(tree.nodes[child].weight == 0 for child in tree.children(parent))
    ]
    raise_first(faults)


def _node(row: Mapping[str, str], where: str, faults: list[AtlasError]) -> Node:
    code, indicator = row["iCode"], row["Type"] == "Indicator"

    def number(column: str, default: float = np.nan) -> float:
        text = row.get(column, "").strip()
        if text in ("", "NA"):
            return default
        try:
            return float(text)
        except ValueError:
            faults.append(
                ConfigError(
                    f"«{text}» não é um número. Escreva-o com ponto decimal, ou deixe a célula vazia.",
                    f"“{text}” is not a number. Write it with a decimal point, or leave the cell empty.",
                    where=f"{where}, iCode {code}, {column}",
                )
            )
            return default

    level, direction = number("Level"), number("Direction", 1.0)
    if not code:
        faults.append(
            ConfigError(
                "Há uma linha sem código. Preencha a coluna iCode.",
                "There is a row without a code. Fill the column iCode.",
                where=where,
            )
        )
    if not level >= 1 or level != int(level):
        faults.append(
            ConfigError(
                "O nível tem de ser um número inteiro: 1 nos indicadores, 2 nos que os agregam, e assim por diante.",
                "The level must be a whole number: 1 for indicators, 2 for what gathers them, and so on.",
                where=f"{where}, iCode {code}, Level",
            )
        )
    if direction not in (-1, 1):
        faults.append(
            ConfigError(
                "A direção tem de ser 1 (mais é melhor) ou -1 (menos é melhor).",
                "The direction must be 1 (more is better) or -1 (less is better).",
                where=f"{where}, iCode {code}, Direction",
            )
        )
    return Node(
        code=code,
        level=int(level) if level >= 1 else 1,
        parent=_code(row.get("Parent", "")),
        weight=number("Weight"),
        direction=int(direction),
        denominator=_code(row.get("Denominator", "")),
        goalpost_low=number("Goalpost_low"),
        goalpost_high=number("Goalpost_high"),
        target=number("Target"),
        indicator=indicator,
    )


def _code(text: str) -> str:
    return "" if text.strip() in ("", "NA") else text.strip()


def _check_parents(nodes: Mapping[str, Node], where: str, faults: list[AtlasError]) -> None:
    if not any(node.indicator for node in nodes.values()):
        faults.append(
            ConfigError(
                "Não há indicadores. Pelo menos uma linha tem de ter o Type «Indicator».",
                "There are no indicators. At least one row must have the Type “Indicator”.",
                where=where,
            )
        )
        return
    cycle = " → ".join(_cycle(nodes))
    if cycle:
        faults.append(
            ConfigError(
                f"A árvore dá a volta sobre si própria: {cycle}. Corrija a coluna Parent de um destes.",
                f"The tree runs in a circle: {cycle}. Mend the Parent of one of these.",
                where=f"{where}, Parent",
            )
        )
        return
    gathered = {node.parent for node in nodes.values()}
    roots = [code for code, node in nodes.items() if not node.parent]
    highest = max(roots, key=lambda code: nodes[code].level, default="")
    for code, node in nodes.items():
        words = _wrong_place(node, nodes, highest)
        if words:
            faults.append(ConfigError(*words, where=f"{where}, iCode {code}"))
        if not node.indicator and code not in gathered:
            faults.append(
                ConfigError(
                    "O agregado não tem filhos. Retire a linha, ou indique-o como Parent de algum indicador.",
                    "The aggregate has no children. Take the row out, or name it as the Parent of an indicator.",
                    where=f"{where}, iCode {code}",
                )
            )


def _wrong_place(node: Node, nodes: Mapping[str, Node], highest: str) -> tuple[str, str] | None:
    """What is wrong with a node's parent, in both languages."""
    if not node.parent:
        if node.code == highest and not node.indicator:
            return None
        return (
            "Falta o pai. Só o índice, no nível mais alto, pode ter a coluna Parent vazia.",
            "The parent is missing. Only the index, at the highest level, may have an empty Parent.",
        )
    parent = nodes.get(node.parent)
    if parent is None or parent.indicator:
        return (
            f"O pai «{node.parent}» não existe como agregado. Acrescente-lhe uma linha com Type «Aggregate».",
            f"The parent “{node.parent}” is not there as an aggregate. Add a row for it with Type “Aggregate”.",
        )
    if parent.level <= node.level:
        return (
            f"O nível {node.level} não está abaixo do nível {parent.level} do pai «{parent.code}». Corrija Level.",
            f"Level {node.level} is not below level {parent.level} of the parent “{parent.code}”. Mend Level.",
        )
    return None


def _cycle(nodes: Mapping[str, Node]) -> list[str]:
    for start in nodes:
        path = [start]
        while (parent := nodes[path[-1]].parent) in nodes:
            if parent in path:
                return [*path[path.index(parent) :], parent]
            path.append(parent)
    return []


def _with_equal_weights(nodes: Mapping[str, Node], where: str) -> dict[str, Node]:
    """Equal weights where a whole family has none; a family that is half weighted is a fault."""
    weights: dict[str, float] = {}
    faults: list[AtlasError] = []
    for family in _families(nodes.values()):
        bare = [node.code for node in family if np.isnan(node.weight)]
        if len(bare) not in (0, len(family)):
            faults.append(
                ConfigError(
                    f"Faltam os pesos de {', '.join(bare)}. Dê um peso a todos os irmãos, ou a nenhum (pesos iguais).",
                    f"The weights of {', '.join(bare)} are missing. Weigh all the siblings, or none (equal weights).",
                    where=f"{where}, Weight",
                )
            )
        weights |= dict.fromkeys(bare, 1.0)
    raise_first(faults)
    return dict(Tree(nodes).with_weights(weights).nodes)


def _families(nodes: Iterable[Node]) -> list[list[Node]]:
    families: dict[str, list[Node]] = {}
    for node in nodes:
        families.setdefault(node.parent, []).append(node)
    return list(families.values())
