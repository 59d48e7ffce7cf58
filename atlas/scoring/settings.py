"""``score.toml``: how a table is scored, with every default, and errors that say what would have been right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from atlas.atlasfile import read_toml
from atlas.errors import AtlasError, ConfigError, UnknownName, raise_first
from atlas.scoring.aggregate import MEANS
from atlas.scoring.impute import IMPUTATIONS
from atlas.scoring.normalise import NORMALISATIONS, NUMBERS


@dataclass(frozen=True)
class Settings:
    """The keys of ``score.toml``.

    Attributes
    ----------
    unit
        Column of the data that names the units; read as text.
    denominate
        Whether to divide by the column named in ``Denominator``.
    impute
        ``none``, ``mean``, ``median``, ``group-mean:COLUMN`` or ``group-median:COLUMN``.
    screen
        Least share of the indicators that a unit must have.
    treat
        ``none``, ``winsorise:N`` or ``winsorise:N+log``.
    normalise
        A name of ``NORMALISATIONS`` with its numbers: ``minmax:0,100``, ``zscore:0,1``, ``goalposts:0,100``.
    aggregate
        A name of ``MEANS`` or ``mean:p``; a list has one for each level from the bottom.
    present
        Least share of a parent's weight that must be present.
    weights
        Code → weight, in place of the one in the table.
    weights_from
        File of budget allocations or pairwise comparisons, beside ``score.toml``.
    """

    unit: str = "uCode"
    denominate: bool = False
    impute: str = "none"
    screen: float = 0.0
    treat: str = "none"
    normalise: str = "minmax:0,100"
    aggregate: str | tuple[str, ...] = "arithmetic"
    present: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    weights_from: str = ""

    @property
    def imputation(self) -> tuple[str, str]:
        """Name of the imputation and the column of its groups, empty where it has none."""
        name, _, column = self.impute.partition(":")
        return name, column

    @property
    def points(self) -> int:
        """How many points may be winsorised."""
        return 0 if self.treat == "none" else int(self.treat.removesuffix("+log").partition(":")[2])

    @property
    def log(self) -> bool:
        """Whether the logarithm follows where winsorising does not suffice."""
        return self.treat.endswith("+log")

    @property
    def normalisation(self) -> tuple[str, tuple[float, ...]]:
        """Name of the normalisation and its numbers."""
        name, _, rest = self.normalise.partition(":")
        if name == "distance-to-target":
            return name, ()
        return name, tuple(float(part) for part in rest.split(",")) if rest else NUMBERS.get(name, ())

    def aggregation(self, level: int) -> str:
        """The mean that makes the parents at ``level`` (2 is the first above the indicators)."""
        return self.aggregate if isinstance(self.aggregate, str) else self.aggregate[level - 2]


def read_settings(path: Path | None) -> Settings:
    """The settings in a file, the defaults where there is none; all its faults are collected before one is raised."""
    if path is None:
        return Settings()
    return settings_from(read_toml(path), where=path.name)


def settings_from(given: Mapping[str, Any], *, where: str = "score.toml") -> Settings:
    """Settings from keys and values, checked."""
    known = [one.name for one in fields(Settings)]
    faults: list[AtlasError] = [
        UnknownName.among(key, known, pt="Chave", en="Key", where=where) for key in given if key not in known
    ]
    values: dict[str, Any] = {}
    for key in (one for one in known if one in given):
        fault = _wrong(key, given[key])
        if fault is None:
            values[key] = tuple(given[key]) if isinstance(given[key], list) else given[key]
        elif isinstance(fault, AtlasError):
            fault.where = f"{where}, {key}"
            faults.append(fault)
        else:
            faults.append(ConfigError(*fault, where=f"{where}, {key}"))
    raise_first(faults)
    return Settings(**values)


Words = tuple[str, str]


def _wrong(key: str, value: object) -> Words | AtlasError | None:
    """What is wrong with a value: words in both languages, or an error that guesses the name."""
    if key == "weights":
        return _wrong_weights(value)
    if key == "denominate":
        return None if isinstance(value, bool) else _expected(value, "true", "false")
    if key in ("screen", "present"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if number and 0 <= float(str(value)) <= 1 else _expected(value, "0.0", "0.5", "1.0")
    if key == "aggregate":
        names = value if isinstance(value, list) else [value]
        faults = [fault for name in names if (fault := _wrong_aggregate(name)) is not None]
        return faults[0] if faults else (None if names else _expected(value, "arithmetic"))
    if not isinstance(value, str):
        return _expected(value, "…")
    checks = {"impute": _wrong_impute, "treat": _wrong_treat, "normalise": _wrong_normalise}
    return checks[key](value) if key in checks else None


def _wrong_weights(value: object) -> Words | None:
    if not isinstance(value, dict):
        return (
            "Escreva os pesos por código, numa tabela: `[weights]`, e em cada linha `CODIGO = 2`.",
            "Write the weights by code, in a table: `[weights]`, and `CODE = 2` on each line.",
        )
    bad = [code for code, one in value.items() if isinstance(one, bool) or not isinstance(one, int | float)]
    if bad:
        return (
            f"O peso de «{bad[0]}» não é um número. Escreva, por exemplo, `{bad[0]} = 2`.",
            f"The weight of “{bad[0]}” is not a number. Write, for example, `{bad[0]} = 2`.",
        )
    return None


def _wrong_impute(value: str) -> Words | AtlasError | None:
    name, colon, column = value.partition(":")
    if name not in IMPUTATIONS:
        return UnknownName.among(name, IMPUTATIONS, pt="Valor", en="Value")
    if name.startswith("group-") != bool(column) or (colon and not column):
        return _expected(value, "mean", "median", "group-mean:COLUMN", "group-median:COLUMN")
    return None


def _wrong_treat(value: str) -> Words | AtlasError | None:
    name, _, rest = value.partition(":")
    if name not in ("none", "winsorise"):
        return UnknownName.among(name, ["none", "winsorise"], pt="Valor", en="Value")
    number = rest.removesuffix("+log")
    if (name == "none") if rest else (name == "winsorise"):
        return _expected(value, "none", "winsorise:5", "winsorise:5+log")
    return None if not rest or number.isdecimal() else _expected(value, "winsorise:5", "winsorise:5+log")


def _wrong_normalise(value: str) -> Words | AtlasError | None:
    name, _, rest = value.partition(":")
    if name not in NORMALISATIONS:
        return UnknownName.among(name, NORMALISATIONS, pt="Valor", en="Value")
    if not rest:
        return None
    if name == "distance-to-target":
        return None if rest == "capped" else _expected(value, "distance-to-target", "distance-to-target:capped")
    if name not in NUMBERS:
        return _expected(value, name)
    numbers = _numbers(rest)
    example = f"{name}:{NUMBERS[name][0]:g},{NUMBERS[name][1]:g}"
    if len(numbers) != 2 or (numbers[1] <= 0 if name == "zscore" else numbers[0] >= numbers[1]):
        return _expected(value, example)
    return None


def _wrong_aggregate(value: object) -> Words | AtlasError | None:
    if not isinstance(value, str):
        return _expected(value, "arithmetic")
    if value.startswith("mean:"):
        return None if len(_numbers(value.removeprefix("mean:"))) == 1 else _expected(value, "mean:2", "mean:-1")
    return None if value in MEANS else UnknownName.among(value, [*MEANS, "mean:p"], pt="Valor", en="Value")


def _numbers(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        return []
    return found if all(abs(one) < float("inf") for one in found) else []


def _expected(value: object, *examples: str) -> Words:
    shown = ", ".join(f"`{example}`" for example in examples)
    return (
        f"«{value}» não serve. Escreva, por exemplo: {shown}.",
        f"“{value}” will not do. Write, for example: {shown}.",
    )
