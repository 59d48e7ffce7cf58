"""Candidates: their order, what speaks against them, and that one chapel makes none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small_city import grid, places_at

from atlas.built import Built
from atlas.config import Atlas, Index, Indicator, Pillar, Text
from atlas.scoring.index import score_index
from atlas.strategy.opportunities import (
    AGAINST,
    FEW_PLACES,
    near_units,
    observes_stock,
    opportunities,
    opportunity_rows,
    without_one,
    worth_of_one,
)

WORDS = Text(pt="x", en="x")


def tree() -> tuple[Index, dict[str, Indicator]]:
    """Sites per km² (goalposts 0 to 2) and schools (0 to 10), in equal parts."""
    given = {"name": WORDS, "unit": WORDS, "about": WORDS, "measure": "density"}
    known = {
        "sites": Indicator(code="sites", goalposts=(0.0, 2.0), layers=("heritage",), **given),
        "schools": Indicator(code="schools", goalposts=(0.0, 10.0), layers=("education",), **given),
    }
    pillars = tuple(Pillar(id=one, name=WORDS, weight=1, indicators={one: 1}, reason=WORDS) for one in known)
    return Index(id="potential", name=WORDS, about=WORDS, judged="2026-01-01", pillar=pillars), known


def test_a_chapel_on_half_a_square_kilometre_is_all_that_its_parish_has() -> None:
    """2 sites/km² is the upper goalpost: half the score; without the chapel nothing is left of it."""
    index, known = tree()
    values = pd.DataFrame({"sites": [2.0, 2.0], "schools": [0.0, 5.0]}, index=["small", "town"])
    each = worth_of_one(
        pd.DataFrame(
            {
                "code": ["small", "town", "small", "town"],
                "indicator": ["sites", "sites", "schools", "schools"],
                "kind": "count",
                "each": [2.0, 0.1, 1.0, 1.0],
            }
        ),
        values,
    )
    before, lost = score_index(values, index, known).score, without_one(values, index, known, each)
    assert before.tolist() == [50.0, 75.0]
    assert lost.tolist() == pytest.approx([0.0, 70.0])


def test_places_in_a_unit_and_within_400_m_of_it_count(porto_config: Atlas) -> None:
    units = grid(2)
    places = places_at(porto_config, [("castle", 500, 500), ("castle", 1_390, 500), ("castle", 1_410, 500)], units)
    assert near_units(places, units).tolist() == [2, 2, 0, 0]
    assert near_units(places.iloc[:0], units).tolist() == [0, 0, 0, 0]


def test_candidates_of_the_embedded_atlases(norte: Built, porto: Built) -> None:
    for built in (norte, porto):
        table = opportunities(built)
        stored = built.store.read("opportunities").set_index("code")
        assert (stored.loc[table["code"], "opportunity"] == "opportunity").all()
        weaker = table[["potential", "decline"]].min(axis=1)
        order = list(zip(-table["p_opportunity"], -weaker, strict=True))
        assert order == sorted(order)
        rows = opportunity_rows(table)
        assert {one for row in rows for one in row["against"]} <= set(AGAINST)
        assert all(row["evidence"]["places"] > 0 for row in rows)
    assert not observes_stock(norte.atlas)
    assert all(row["stock"] is None for row in opportunity_rows(opportunities(norte)))
    assert all(row["stock"] is not None for row in opportunity_rows(opportunities(porto)))


def test_one_more_chapel_makes_no_rural_parish_a_candidate(norte: Built) -> None:
    """A chapel is added to every parish with fewer than two places: those whose class it lifts stand on it alone."""
    index = norte.atlas.index_of("potential")
    assert index.cuts is not None
    known = {indicator.code: indicator for indicator in norte.atlas.indicator}
    values, coverage = norte.inputs(index)
    each = worth_of_one(norte.store.read("doubts"), values)
    places = norte.store.read("places")
    own = places[places["layer"].isin(["heritage", "archaeology", "museums", "performance"])]
    number = own.groupby("neighbourhood").size().reindex(values.index, fill_value=0)
    rural = values.index[(number < FEW_PLACES - 1).to_numpy()]
    sites = [code for code in values.columns if known[code].layers == ("heritage",)]
    more = values.copy()
    more.loc[rural, sites] += each.loc[rural, sites]
    before = score_index(values, index, known, coverage=coverage).score[rural]
    after = score_index(more, index, known, coverage=coverage).score[rural]
    lifted = rural[((before < index.cuts[1]) & (after >= index.cuts[1])).to_numpy()]
    lost = without_one(more, index, known, each, coverage=coverage)
    assert len(lifted)
    assert (lost[lifted] < index.cuts[1]).all()
    assert np.isfinite(lost).all()
