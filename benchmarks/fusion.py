"""Fusion, measured: how often it is right, how sure it is, how fast.

    python benchmarks/fusion.py             figures of docs/fusion.md and the time of 100,000 + 100,000 records
    python benchmarks/fusion.py figures     only the figures
    python benchmarks/fusion.py wrong       the labelled pairs that it gets wrong
    python benchmarks/fusion.py speed       only the time (with a number: so many records in each of the two lists)
    python benchmarks/fusion.py crowd N     the time of N + N records at one spot: half a million makes a million
    python benchmarks/fusion.py fit         the coefficients of `atlas/fusion/compare.py`, from all labels
    python benchmarks/fusion.py sealed FILE what the model as it stands says of pairs that it was not fitted on

The labels are in `tests/fusion/`; docs/fusion.md says how they were made. Intervals are 95 %, by bootstrap over square
kilometres (pairs near each other err together); weights lead from the sample back to the candidate pairs. Each labelled
pair is judged by a model that was fitted without its square kilometre, a sealed one by the model as it stands.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fusion_figures import figures, sealed, wrong
from fusion_fit import Training, fit, labels
from fusion_pairs import Region
from fusion_speed import crowds, speed


def main(asked: str, given: str = "") -> None:
    regions = {} if asked in {"speed", "crowd"} else {name: Region.read(name) for name in ("norte", "porto")}
    if asked in {"all", "figures"}:
        figures(regions)
    if asked == "wrong":
        wrong(regions)
    if asked == "sealed":
        sealed(regions, Path(given))
    if asked == "fit":
        for name, coefficient in fit(Training.of(regions, labels(regions))).items():
            print(f"{name:20}{coefficient:8.2f}")
    if asked in {"all", "speed"}:
        speed(int(given or 100_000))
    if asked == "crowd":
        crowds([int(given or 5_000)])


if __name__ == "__main__":
    main(*sys.argv[1:] or ["all"])
