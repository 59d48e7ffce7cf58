"""Whether two records are each other's only candidate of their kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_records import atlas_of, records, source

from atlas.fusion.alone import alone
from atlas.fusion.compare import GENERAL_CLASS, KIN_CLASS, SAME_CLASS
from atlas.fusion.fuse import prepare, readings

A, B, C = source("a", "2021"), source("b", "2022"), source("c", "2023")


@pytest.mark.parametrize(
    ("third", "only"),
    [
        (None, True),
        (("b", "2", "Museu do Vinho", "museum", (30, 0)), False),  # the other source holds two there
        (("b", "2", "Museu do Vinho", "museum", (300, 0)), True),  # too far to be meant
        (("b", "2", "Café do Museu", "cafe", (30, 0)), True),  # of another kind
        (("b", "2", "Museu do Pão", "museum", (20, 0)), True),  # the record itself, drawn twice
        (("c", "1", "Museu do Vinho", "museum", (10, 0)), True),  # a third source says nothing of the two
    ],
)
def test_another_of_the_kind_in_one_of_the_two_sources_makes_a_rival(
    third: tuple[object, ...] | None, only: bool
) -> None:
    rows = [("a", "1", "Museu da Vila", "museum", (0, 0)), ("b", "1", "Museu do Pão", "museum", (12, 0))]
    atlas = atlas_of(A, B, C)
    held = readings(prepare(records(*rows, *([third] if third else [])).assign(moved=False), atlas))
    pair = pd.DataFrame({"a": [0], "b": [1], "distance_m": [12.0]})
    assert held.loc[[0, 1], "name"].tolist() == ["Museu da Vila", "Museu do Pão"]
    assert alone(pair, held, np.array([SAME_CLASS])).tolist() == [only]


@pytest.mark.parametrize(
    ("third", "step", "only"),
    [
        (None, GENERAL_CLASS, True),
        (None, KIN_CLASS, False),  # the classes tell two things: the spot has the name
        (("b", "2", "Penedo da Cuba", "monument", (380, 0)), GENERAL_CLASS, False),  # either may be meant
        (("b", "2", "Penedo da Cuba", "monument", (500, 0)), GENERAL_CLASS, True),
        (("c", "1", "Penedo da Cuba", "monument", (150, 0)), GENERAL_CLASS, True),
    ],
)
def test_a_name_that_each_source_holds_once_there_counts_as_a_kind_does(
    third: tuple[object, ...] | None, step: int, only: bool
) -> None:
    rows = [
        ("a", "1", "Penedo de Cuba", "archaeological_site", (0, 0)),
        ("b", "1", "Penedo Cuba", "monument", (180, 0)),
    ]
    held = readings(prepare(records(*rows, *([third] if third else [])).assign(moved=False), atlas_of(A, B, C)))
    pair = pd.DataFrame({"a": [0], "b": [1], "distance_m": [180.0]})
    assert alone(pair, held, np.array([step])).tolist() == [only]


def test_records_of_no_kind_in_common_are_never_each_others_only_ones() -> None:
    rows = [("a", "1", "Zedes", "monument", (0, 0)), ("b", "1", "Café Um", "cafe", (12, 0))]
    held = readings(prepare(records(*rows).assign(moved=False), atlas_of(A, B)))
    pair = pd.DataFrame({"a": [0], "b": [1], "distance_m": [12.0]})
    assert alone(pair, held, np.array([0])).tolist() == [False]
    assert alone(pair.iloc[:0], held, np.zeros(0, np.int64)).tolist() == []
