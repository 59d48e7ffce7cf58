"""Totals into figures per something."""

from __future__ import annotations

from pandas import DataFrame

from atlas.errors import AtlasError, ConfigError, SourceError, raise_first
from atlas.scoring.tree import Tree


def denominate(figures: DataFrame, denominators: DataFrame, tree: Tree, *, where: str = "") -> DataFrame:
    """Divide each indicator by the column that its ``Denominator`` names; the others stay as they are.

    Parameters
    ----------
    figures
        Units × indicators.
    denominators
        Units × the columns that serve as denominators. A missing one leaves the figure missing; a zero is refused.
    tree
        Says which indicator goes over which denominator.

    Examples
    --------
    >>> from atlas.scoring.tree import Node
    >>> node = Node("births", 1, "i", 1.0, 1, "people", 0, 0, 0, True)
    >>> denominate(DataFrame({"births": [3.0]}), DataFrame({"people": [60.0]}), Tree({"births": node}))
       births
    0    0.05
    """
    faults: list[AtlasError] = []
    divided = figures.copy()
    for code in figures.columns:
        name = tree.nodes[code].denominator
        if not name:
            continue
        if name not in denominators:
            faults.append(
                ConfigError(
                    f"O denominador «{name}» de «{code}» não é uma coluna dos dados. Acrescente-a, ou limpe a coluna "
                    "Denominator.",
                    f"The denominator “{name}” of “{code}” is no column of the data. Add it, or clear the column "
                    "Denominator.",
                    where=where,
                )
            )
            continue
        zero = denominators.index[denominators[name] == 0]
        if len(zero):
            faults.append(
                SourceError(
                    f"O denominador «{name}» é zero. Corrija-o, ou deixe a célula vazia.",
                    f"The denominator “{name}” is zero. Mend it, or leave the cell empty.",
                    where=f"{where}, {zero[0]}",
                )
            )
            continue
        divided[code] = figures[code] / denominators[name]
    raise_first(faults)
    return divided
