"""Hot spots of Norte's 1,504 parishes: ours against esda at the same number of permutations, in turn.

    python benchmarks/hotspots.py [PERMUTATIONS] [ROUNDS]

Both compute Gi* and the local Moran statistic. Ours draws once for the two and stops early where p is plainly large;
esda draws for each, on both cores; its p, of the nearer tail, is doubled here. Decisions are compared above the mean
at our threshold of a false discovery rate of 5 %. Below the mean esda counts a draw that equals what is observed as
no exceedance: on a map that is mostly empty it calls every empty neighbourhood of empty units a discovery.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np

from atlas.built import open_built
from atlas.strategy.association import contiguity, false_discovery_threshold, local_g
from atlas.strategy.hotspots import per_unit, response
from atlas.strategy.permutation import conditional_permutation
from atlas.strategy.venues import counting, guessed


def main(permutations: int = 99_999, rounds: int = 3) -> None:
    import esda
    from libpysal.weights import W

    warnings.filterwarnings("ignore")
    built = open_built("norte", draws=0)
    units = built.units
    held = counting(built.atlas, built.store.read("places"), "venue")
    number = per_unit(held[~guessed(held)], units)
    y = response(number, units, number, null="area")
    weights = contiguity(units)
    starts = weights.indptr
    theirs = W({i: list(weights.indices[starts[i] : starts[i + 1]]) for i in range(len(y))}, silence_warnings=True)
    given = {"permutations": permutations, "n_jobs": 2, "keep_simulations": False}
    esda.G_Local(y, theirs, star=True, **{**given, "permutations": 99})  # compiled before it is timed
    ratios = []
    for turn in range(rounds):
        start = time.perf_counter()
        ours = conditional_permutation(y, weights, seed=turn, permutations=permutations)
        middle = time.perf_counter()
        spots = esda.G_Local(y, theirs, transform="B", star=True, seed=turn, **given)
        moran = esda.Moran_Local(y, theirs, transformation="B", seed=turn, **given)
        end = time.perf_counter()
        ratios.append((end - middle) / (middle - start))
        threshold = false_discovery_threshold(ours.p)
        above = local_g(y, weights, star=False) > 0
        for name, directed in (("Gi*", spots.p_sim), ("Moran", moran.p_sim)):
            other = 2 * directed <= threshold
            both = [int((ours.p <= threshold)[above].sum()), int(other[above].sum())]
            agree = int(((ours.p <= threshold) == other)[above].sum())
            print(f"{name}: above the mean ours {both[0]}, esda {both[1]}, agree on {agree} of {int(above.sum())};")
            print(f"  below the mean ours {int((ours.p <= threshold)[~above].sum())}, esda {int(other[~above].sum())}")
        print(f"turn {turn}: ours {middle - start:.2f} s, esda {end - middle:.2f} s, {ratios[-1]:.0f} ×")
    print(f"median {np.median(ratios):.0f} ×, from {min(ratios):.0f} to {max(ratios):.0f} ×")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
