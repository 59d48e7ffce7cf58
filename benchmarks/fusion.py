"""Fusion, measured: how often it is right, how sure it is, how fast.

    python benchmarks/fusion.py             all figures of docs/fusion.md and the time of 100,000 + 100,000 records
    python benchmarks/fusion.py figures     only the figures
    python benchmarks/fusion.py wrong       the labelled pairs that it gets wrong
    python benchmarks/fusion.py speed       only the time
    python benchmarks/fusion.py fit         the coefficients of `atlas/fusion/compare.py`, from the development part

The labels are in `tests/fusion/`; docs/fusion.md says how they were made. Intervals are 95 %, by bootstrap over square
kilometres (pairs near each other err together); weights lead from the sample back to the candidate pairs.
"""

from __future__ import annotations

import sys

from fusion_figures import figures, read, wrong
from fusion_fit import fit
from fusion_pairs import LABELS, Region, located
from fusion_speed import speed


def main(asked: str) -> None:
    regions = {} if asked == "speed" else {name: Region.read(name) for name in ("norte", "porto")}
    if asked in {"all", "figures"}:
        figures(regions)
    if asked == "wrong":
        wrong(regions)
    if asked == "fit":
        for name, coefficient in fit(regions, located(read(LABELS), regions)).items():
            print(f"{name:20}{coefficient:8.2f}")
    if asked in {"all", "speed"}:
        speed()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "all")
