"""Reusable space: near which agglomeration, and for whom."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from atlas.built import Built
from atlas.language import LANGUAGES
from atlas.strategy.links import KINDS
from atlas.strategy.reusable import APART_M, PARTNERS, best_for, near_actors, reusable_spaces, space_rows
from atlas.strategy.venues import points_of


def test_distances_to_the_nearest_agglomeration(porto: Built) -> None:
    table = reusable_spaces(porto)
    assert len(table) > 100
    hulls = porto.store.read("agglomerations").geometry.to_numpy()
    expected = np.stack([shapely.distance(shapely.points(points_of(table)), hull) for hull in hulls]).min(axis=0)
    np.testing.assert_allclose(table["agglomeration_m"], expected.round(0), atol=0.51)
    one = porto.units.index[0]
    assert set(reusable_spaces(porto, units=[one])["neighbourhood"]) <= {one}


@pytest.mark.parametrize("kind", KINDS)
def test_the_five_best_are_apart_and_give_reasons(porto: Built, kind: str) -> None:
    spaces = reusable_spaces(porto)
    best = best_for(porto, kind, spaces)
    assert len(best) == 5
    spots = points_of(best)
    away = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))
    assert (away[~np.eye(5, dtype=bool)] >= APART_M).all()
    for lang in LANGUAGES:
        rows = space_rows(best, kind, lang)
        assert all(row["reasons"] for row in rows)
    assert set(PARTNERS[kind]) < set(KINDS)
    assert kind not in PARTNERS[kind]


def test_a_kind_that_the_atlas_does_not_observe_is_never_called_missing(porto: Built, norte: Built) -> None:
    spaces = reusable_spaces(porto)
    assert np.isnan(near_actors(porto, "artist", spaces)["own"]).all()
    said = [text for row in space_rows(best_for(porto, "artist", spaces), "artist", "pt") for text in row["reasons"]]
    assert not any("Ainda não há" in text for text in said)
    few = reusable_spaces(norte)
    assert len(best_for(norte, "company", few)) == min(5, len(few))
    nothing = few.iloc[:0]
    assert not len(best_for(norte, "company", nothing))
