"""Fusion, measured: how often it is right, how sure it is, how fast.

    python benchmarks/fusion.py             all figures of docs/fusion.md and the time of 100,000 + 100,000 records
    python benchmarks/fusion.py figures     only the figures
    python benchmarks/fusion.py wrong       the labelled pairs that it gets wrong
    python benchmarks/fusion.py speed       only the time (with a number: so many records in each of the two lists)
    python benchmarks/fusion.py crowd N     the time of N + N records at one spot: half a million makes a million
    python benchmarks/fusion.py fit         the coefficients of `atlas/fusion/compare.py`, from the development part

The labels are in `tests/fusion/`; docs/fusion.md says how they were made. Intervals are 95 %, by bootstrap over square
kilometres (pairs near each other err together); weights lead from the sample back to the candidate pairs.
"""

from __future__ import annotations

import sys

from fusion_figures import figures, read, wrong
from fusion_fit import fit
from fusion_pairs import LABELS, Region, located
from fusion_speed import crowds, speed


def main(asked: str, many: int | None = None) -> None:
    regions = {} if asked in {"speed", "crowd"} else {name: Region.read(name) for name in ("norte", "porto")}
    if asked in {"all", "figures"}:
        figures(regions)
    if asked == "wrong":
        wrong(regions)
    if asked == "fit":
        for name, coefficient in fit(regions, located(read(LABELS), regions)).items():
            print(f"{name:20}{coefficient:8.2f}")
    if asked in {"all", "speed"}:
        speed(many or 100_000)
    if asked == "crowd":
        crowds([many or 5_000])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "all", int(sys.argv[2]) if len(sys.argv) > 2 else None)
