"""The files of labelled pairs: what they may hold, and what one takes from another."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent
Pairs = dict[frozenset[tuple[str, str]], str]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"{name}.csv", dtype=str, keep_default_na=False)


def labels(table: pd.DataFrame) -> Pairs:
    """The label of each pair of entities: an entity under two kinds (``Q1/museum``, ``Q1/monument``) is one."""
    entity = table[["record_a", "record_b"]].replace(r"^(Q\d+)/.*$", r"\1", regex=True)
    ends = zip(table["source_a"], entity["record_a"], table["source_b"], entity["record_b"], strict=True)
    return dict(zip([frozenset([(a, one), (b, two)]) for a, one, b, two in ends], table["label"], strict=True))


@pytest.mark.parametrize("name", ["labelled_pairs", "fresh_pairs", "sealed_pairs", "accepted_pairs"])
def test_every_pair_is_labelled_once_with_a_reason(name: str) -> None:
    table = read(name)
    ends = table[["source_a", "record_a", "source_b", "record_b"]].to_numpy().reshape(-1, 2, 2)
    assert len({frozenset(map(tuple, pair)) for pair in ends}) == len(table)
    assert set(table["label"]) == {"same", "different"}
    assert (table["why"].str.len() > 10).all()


def test_no_sealed_pair_stands_in_a_file_that_is_learned_from() -> None:
    learned = [labels(read(name)) for name in ("labelled_pairs", "fresh_pairs", "earlier_accepted")]
    sealed = labels(read("sealed_pairs"))
    assert len(sealed) == len(read("sealed_pairs")) > 900
    assert all(sealed.keys().isdisjoint(one) for one in learned)


def test_accepted_pairs_bear_the_label_of_the_file_that_they_name() -> None:
    table = read("accepted_pairs")
    assert len(table) >= 200
    for name, mine in table[table["from"] != ""].groupby("from"):
        there = labels(read(name.removesuffix(".csv")))
        assert labels(mine).items() <= there.items()
