"""Weights that several people gave: points shared out, or comparisons by pairs, and how far they agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Index, Series

from atlas.errors import AtlasError, ConfigError, UnknownName, raise_first
from atlas.language import written
from atlas.scoring.csvtext import numbers
from atlas.scoring.tree import Tree

Floats = NDArray[np.float64]

INCONSISTENT_FROM = 0.1
# Mean consistency index of random reciprocal matrices of order 1, 2, 3 …
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)


@dataclass(frozen=True)
class Judged:
    """Weights by code, and by code and judge; each family of siblings sums to 1.

    Attributes
    ----------
    ratios
        Consistency ratio of each judge's comparisons by pairs, the largest over the families.
    dates
        The day on which each judge answered, where the file says it.
    """

    weights: Series
    by_judge: DataFrame
    ratios: Mapping[str, float] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)

    def each(self) -> DataFrame:
        """One row a judge and code: ``judge, date, iCode, Weight, ratio``, nothing lost in a mean."""
        rows = [
            {"judge": judge, "date": self.dates.get(judge), "iCode": code, "Weight": weight,
             "ratio": self.ratios.get(judge)}
            for judge in self.by_judge
            for code, weight in self.by_judge[judge].items()
        ]  # fmt: skip
        return DataFrame(rows, columns=["judge", "date", "iCode", "Weight", "ratio"])

    def spread(self) -> DataFrame:
        """Mean, least, most and standard deviation of what the judges gave to each code."""
        judges = self.by_judge
        return DataFrame(
            {
                "Weight": self.weights,
                "least": judges.min(axis=1),
                "most": judges.max(axis=1),
                "sd": judges.std(axis=1, ddof=1),
                "judges": judges.notna().sum(axis=1),
            }
        )


def read_judged(table: DataFrame, tree: Tree, *, where: str) -> Judged:
    """Read what a file is from its heading: pairs, a square matrix of comparisons, or points by judge.

    The day of each judge's answer may stand in a column ``date`` of the pairs, or in a row ``date`` of the points.
    """
    faults: list[AtlasError] = []
    if {"first", "second", "times"} <= set(table.columns):
        pairs = table[["first", "second"]].copy()
        pairs["judge"] = table.get("judge", where)
        pairs["times"] = numbers(table["times"], Index(table["first"]), faults, where=where)
        raise_first(faults)
        days = dict(zip(pairs["judge"], table["date"], strict=True)) if "date" in table else {}
        return replace(pairwise(pairs, tree, where=where), dates=_days(days))
    if "iCode" not in table:
        raise ConfigError(
            "O cabeçalho tem de ser «iCode» e uma coluna de pontos por pessoa, ou «judge, first, second, times».",
            "The heading must be “iCode” and a column of points a person, or “judge, first, second, times”.",
            where=where,
        )
    twice = table["iCode"][table["iCode"].duplicated()]
    if len(twice):
        raise ConfigError(
            f"O código «{twice.iloc[0]}» aparece mais de uma vez. Deixe uma só linha por código.",
            f"The code “{twice.iloc[0]}” stands there more than once. Leave one row a code.",
            where=where,
        )
    columns = [name for name in table.columns if name != "iCode"]
    said = table[table["iCode"] == "date"]
    days = {name: said[name].iloc[0] for name in columns} if len(said) else {}
    points = table[table["iCode"] != "date"]
    codes = Index(points["iCode"])
    given = DataFrame({name: numbers(points[name], codes, faults, where=where) for name in columns}, index=codes)
    raise_first(faults)
    if not columns:
        raise ConfigError(
            "Não há colunas de pontos. Acrescente uma coluna por pessoa, com o seu nome.",
            "There are no columns of points. Add a column a person, with the name.",
            where=where,
        )
    if set(columns) == set(codes):
        pairs = given.rename_axis(index="first").reset_index().melt("first", var_name="second", value_name="times")
        pairs = pairs[pairs["first"].ne(pairs["second"]) & pairs["times"].notna()].assign(judge=where)
        return pairwise(pairs, tree, where=where)
    return replace(budget_allocation(given, tree, where=where), dates=_days(days))


def _days(said: Mapping[str, str]) -> dict[str, str]:
    return {str(judge): day for judge, day in said.items() if day}


def budget_allocation(points: DataFrame, tree: Tree, *, where: str = "") -> Judged:
    """Each judge's points as shares of their family, then the mean over judges.

    Parameters
    ----------
    points
        Codes × judges; points are not negative, and a judge gives some to every family.

    Source: OECD/JRC (2008), p. 96.

    >>> from atlas.scoring.tree import Node
    >>> family = Tree({c: Node(c, 1, "i", 1.0, 1, "", 0, 0, 0, True) for c in "ab"})
    >>> budget_allocation(DataFrame({"Ana": [75, 25], "Rui": [1, 1]}, index=["a", "b"]), family).weights.to_dict()
    {'a': 0.625, 'b': 0.375}
    """
    faults: list[AtlasError] = []
    shares: dict[str, Series] = {}
    for family in _families(points.index, tree, where):
        given = points.loc[family].astype(float)
        for judge in given.columns:
            column = given[judge]
            if column.isna().any() or (column < 0).any() or column.sum() <= 0:
                faults.append(
                    ConfigError(
                        f"{judge} não repartiu pontos por {', '.join(family)}. Dê números não negativos, pelo menos "
                        "um acima de zero.",
                        f"{judge} has not shared points among {', '.join(family)}. Give numbers that are not negative, "
                        "one of them above zero.",
                        where=where,
                    )
                )
        shares |= {code: given.loc[code] / given.sum() for code in family}
    raise_first(faults)
    by_judge = DataFrame(shares).T
    return Judged(by_judge.mean(axis=1).rename("Weight"), by_judge)


def pairwise(comparisons: DataFrame, tree: Tree, *, where: str = "") -> Judged:
    """The analytic hierarchy process: each judge's comparisons by pairs into weights, then the mean over judges.

    Parameters
    ----------
    comparisons
        Columns ``first, second, times`` (how many times more important the first is) and ``judge``. A family of
        n siblings needs all its n(n − 1)/2 pairs from every judge.

    Notes
    -----
    Weights are the principal eigenvector of the reciprocal matrix. A judge whose consistency ratio
    (λ − n)/(n − 1)/RI is not below 0.1 is refused, with the pair that contradicts the others most.

    Source: Saaty, T. L. (1980); OECD/JRC (2008), pp. 96-98.
    """
    codes = dict.fromkeys([*comparisons["first"], *comparisons["second"]])
    shares: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    for family in _families(list(codes), tree, where):
        for judge, rows in comparisons.groupby("judge", sort=False):
            own = rows[rows["first"].isin(family) | rows["second"].isin(family)]
            matrix = _matrix(own, family, f"{where}, {judge}")
            weights, ratio = principal_weights(matrix)
            if ratio >= INCONSISTENT_FROM:
                raise _inconsistent(matrix, weights, ratio, family, f"{where}, {judge}")
            ratios[str(judge)] = max(ratios.get(str(judge), 0.0), ratio)
            for code, weight in zip(family, weights, strict=True):
                shares.setdefault(code, {})[str(judge)] = float(weight)
    by_judge = DataFrame(shares).T
    return Judged(by_judge.mean(axis=1).rename("Weight"), by_judge, ratios)


def principal_weights(matrix: Floats) -> tuple[Floats, float]:
    """Principal eigenvector of a reciprocal matrix, summing to 1, and the consistency ratio.

    >>> weights, ratio = principal_weights(np.array([[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]]))
    >>> weights.round(4).tolist(), abs(round(ratio, 9))
    ([0.5714, 0.2857, 0.1429], 0.0)
    """
    count = len(matrix)
    values, vectors = np.linalg.eig(matrix)
    at = int(np.argmax(values.real))
    weights = np.abs(vectors[:, at].real)
    random = RANDOM_INDEX[min(count, len(RANDOM_INDEX)) - 1]
    ratio = (float(values[at].real) - count) / (count - 1) / random if random else 0.0
    return np.asarray(weights / weights.sum(), dtype=float), ratio


def _matrix(rows: DataFrame, family: list[str], where: str) -> Floats:
    place = {code: at for at, code in enumerate(family)}
    matrix = np.full((len(family), len(family)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for first, second, times in zip(rows["first"], rows["second"], rows["times"], strict=True):
        apart = first not in place or second not in place or first == second
        if apart or not times > 0 or not np.isfinite(times):
            raise ConfigError(
                f"A comparação de «{first}» com «{second}» ({times}) não serve. Compare irmãos entre si, com um número "
                "acima de zero.",
                f"The comparison of “{first}” with “{second}” ({times}) will not do. Compare siblings, with a number "
                "above zero.",
                where=where,
            )
        a, b = place[first], place[second]
        if not np.isnan(matrix[a, b]) and not np.isclose(matrix[a, b], times):
            raise ConfigError(
                f"«{first}» e «{second}» são comparados duas vezes, com respostas diferentes. Deixe uma.",
                f"“{first}” and “{second}” are compared twice, with different answers. Leave one.",
                where=where,
            )
        matrix[a, b], matrix[b, a] = times, 1.0 / times
    lacking = np.argwhere(np.isnan(matrix))
    if len(lacking):
        first, second = (family[int(one)] for one in lacking[0])
        raise ConfigError(
            f"Falta a comparação de «{first}» com «{second}». Acrescente essa linha.",
            f"The comparison of “{first}” with “{second}” is missing. Add that row.",
            where=where,
        )
    return matrix


def _inconsistent(matrix: Floats, weights: Floats, ratio: float, family: list[str], where: str) -> ConfigError:
    strain = np.abs(np.log(matrix * weights[None, :] / weights[:, None]))
    a, b = np.unravel_index(int(np.argmax(strain)), strain.shape)
    first, second = family[int(a)], family[int(b)]
    return ConfigError(
        f"As comparações contradizem-se: razão de consistência {written('pt', ratio, 2)}, quando tem de ficar abaixo "
        f"de {written('pt', INCONSISTENT_FROM, 1)}. Reveja a de «{first}» com «{second}», a que mais destoa.",
        f"The comparisons contradict one another: consistency ratio {ratio:.2f}, where it must be below "
        f"{INCONSISTENT_FROM:g}. Look again at “{first}” with “{second}”, the one most out of tune.",
        where=where,
    )


def _families(codes: Iterable[object], tree: Tree, where: str) -> list[list[str]]:
    """Complete families of siblings among the codes, in the order of the tree."""
    named = [str(code) for code in codes]
    for code in named:
        if code not in tree.nodes:
            raise UnknownName.among(code, tree.nodes, pt="Código", en="Code", where=where)
    families = [tree.children(parent) for parent in dict.fromkeys(tree.nodes[code].parent for code in named) if parent]
    for family in families:
        lacking = [code for code in family if code not in named]
        if lacking:
            raise ConfigError(
                f"Faltam {', '.join(lacking)}, irmãos de «{named[0]}». Pondere todos os irmãos.",
                f"{', '.join(lacking)} are missing, siblings of “{named[0]}”. Weigh all the siblings.",
                where=where,
            )
    return families
