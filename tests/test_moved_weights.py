"""A moved weight takes a short way to the order; the way through every stage must give the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.built import Built, open_built
from atlas.ranking import rank_table

WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(0.01, 100)), min_size=8, max_size=8)


@pytest.fixture(scope="module")
def esposende(_small_atlas: Path) -> Built:
    return open_built(str(_small_atlas), draws=50)


@pytest.fixture(params=["norte", "porto", "esposende"])
def undrawn(request: pytest.FixtureRequest) -> Iterator[Built]:
    """A built atlas whose long way takes no draws, as if nobody had asked for intervals."""
    built: Built = request.getfixturevalue(request.param)
    draws, built.store.manifest["draws"] = built.store.manifest["draws"], 0
    yield built
    built.store.manifest["draws"] = draws


def test_the_short_way_gives_the_table_of_the_long_way(undrawn: Built) -> None:
    parents = undrawn.parents.index

    @settings(max_examples=8)
    @given(WEIGHTS, st.integers(-1, len(parents) - 1))
    def for_any_weights(given_weights: list[float], filtered: int) -> None:
        within = None if filtered < 0 else str(parents[filtered])
        for index in undrawn.atlas.index:
            weights = dict(zip((pillar.id for pillar in index.pillar), given_weights, strict=False))
            if any(weights[pillar.id] for pillar in index.pillar if pillar.indicators):
                short, long = (
                    rank_table(undrawn, index.id, weights=weights, within=within, intervals=intervals)
                    for intervals in (False, True)
                )
                long["density_class"] = long["density_class"].astype("str")  # as the store gives it
                pd.testing.assert_frame_equal(short, long, check_exact=True)

    for_any_weights()
