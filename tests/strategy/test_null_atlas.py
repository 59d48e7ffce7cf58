"""Atlases whose venues are dealt out anew: what moves, what stays, and what the counts are held against."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from small_city import grid, places_at

from atlas.atlasfile import load_atlas
from atlas.build import build, is_current
from atlas.built import Built
from atlas.commands.strategy_answers import beside_chance
from atlas.config import Atlas
from atlas.language import Translator
from atlas.placing import Places
from atlas.store import Store
from atlas.strategy.agglomerations import agglomerations
from atlas.strategy.network import network
from atlas.strategy.null_atlas import COUNTS, _Counter, compared, deal, null_atlas, random_points
from atlas.strategy.venues import counting


def test_venues_go_where_people_live_and_the_rest_stays(porto_config: Atlas) -> None:
    """Units of 1,000 residents, but for one of 7,000 and one of none: half of 2,000 venues land in the big one."""
    units = grid(3).set_index("code", drop=False)
    units["residents"] = [7_000.0, 0.0, *[1_000.0] * 7]
    spots = [("museum", 2_500, 2_500)] * 2_000 + [("castle", 2_500, 2_500)] * 3
    places = places_at(porto_config, spots, grid(3))
    moved = (places["class_"] == "museum").to_numpy()
    dealt = deal(places, units, moved, np.random.default_rng(4))
    number = dealt[moved].groupby("neighbourhood").size().reindex(units.index, fill_value=0)
    assert number.iloc[0] == pytest.approx(1_000, abs=90)
    assert number.iloc[1] == 0
    pd.testing.assert_frame_equal(pd.DataFrame(dealt[~moved]), pd.DataFrame(places[~moved]))
    homes = units.loc[dealt.loc[moved, "neighbourhood"]].geometry.to_numpy()
    assert shapely.covers(homes, dealt.geometry.to_numpy()[moved]).all()
    assert (dealt["class_"] == places["class_"]).all()


def test_random_points_are_even_over_an_outline() -> None:
    """A square with a corner cut out: three quarters of it, each quarter with as many."""
    shape = shapely.difference(shapely.box(0, 0, 2, 2), shapely.box(1, 1, 2, 2))
    points = shapely.get_coordinates(random_points(np.full(3_000, shape), np.random.default_rng(2)))
    quarter = (points > 1) @ [1, 2]
    assert np.bincount(quarter, minlength=4).tolist() == pytest.approx([1_000, 1_000, 1_000, 0], abs=110)


def test_counts_stand_beside_their_draws() -> None:
    table = compared({"links_near": 5.0}, [{"links_near": float(n)} for n in range(19)])
    row = table.iloc[0]
    assert (row["mean"], row["draws"]) == (9.0, 19)
    assert row["p"] == pytest.approx(15 / 20)


def counter_of(built: Built) -> _Counter:
    """What counts one atlas after another, on the tables of a store."""
    return _Counter(built.atlas, *tables_of(built))


def tables_of(built: Built) -> tuple[dict[str, Any], Places]:
    """The tables that the null atlas reads, and the first stage of the build that made them."""
    tables = {name: built.store.read(name) for name in built.store.tables()}
    about = {key: built.store.manifest[key] for key in ("sources", "repairs", "warnings")}
    return tables, Places.of(built.atlas, tables, about)


@pytest.fixture
def small(_small_atlas: Path, small_store: Path) -> Built:
    """The small atlas with its store, which no test here writes to."""
    return Built(load_atlas(_small_atlas), Store(small_store))


def test_two_workers_draw_what_one_draws(small: Built) -> None:
    tables, placed = tables_of(small)
    once, again = (null_atlas(small.atlas, tables, placed, draws=2, workers=workers) for workers in (1, 2))
    assert list(once["count"]) == list(COUNTS)
    pd.testing.assert_frame_equal(once, again)


def test_norte_gathers_more_than_residents_explain(norte: Built) -> None:
    """Venues gather in far more quarters than by residents alone, and more facilities could work together."""
    atlas, places, units = norte.atlas, norte.store.read("places"), norte.units
    venue = places["place_id"].isin(counting(atlas, places, "venue")["place_id"])
    moved = (venue & places["neighbourhood"].notna()).to_numpy()
    dealt = deal(places, units, moved, np.random.default_rng(3))
    quarters, by_chance = (len(agglomerations(one, atlas, units)) for one in (places, dealt))
    assert quarters > 5 * by_chance
    edges, edges_by_chance = (len(network(one, atlas).edges) for one in (places, dealt))
    assert edges > edges_by_chance


def test_a_build_keeps_the_null_atlas_until_something_changes(small: Built, tmp_path: Path) -> None:
    """A build with the same inputs keeps the draws that were asked for, one with another seed drops them."""
    shutil.copytree(small.store.folder, tmp_path / "s")
    draws = small.store.manifest["draws"]
    first = build(small.atlas, tmp_path / "s", draws=draws, null=1)
    assert first.manifest["null"] == 1
    kept = first.read("null_atlas")
    assert list(kept["count"]) == list(COUNTS)
    assert is_current(small.atlas, tmp_path / "s")
    assert not is_current(small.atlas, tmp_path / "s", null=2)
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text("utf-8"))
    said = beside_chance(Built(small.atlas, first), Translator("pt"), "network_edges")
    assert f"neste atlas, {len(small.store.read('network'))} (" in said
    assert manifest["hashes"] == small.store.manifest["hashes"]
    again = build(small.atlas, tmp_path / "s", seed=5, draws=0)
    assert "null_atlas" not in again.tables()
    assert again.manifest["null"] == 0
    missing = beside_chance(Built(small.atlas, again), Translator("pt"))
    assert f"atlas build {small.atlas.folder} --null 200" in missing


def test_the_undisturbed_atlas_counts_its_own_opportunities(porto: Built) -> None:
    """Measuring and scoring the potential anew, without moving anything, gives the readings of the build."""
    counter = counter_of(porto)
    found = counter.opportunities(counter.inputs)
    assert found == (porto.store.read("opportunities")["opportunity"] == "opportunity").sum()
    again = counter.walked(porto.store.read("places"))
    assert again is not None and counter.inputs.walked is not None
    order = again.place_ids.get_indexer(counter.inputs.walked.place_ids)
    difference = abs(again.metres[:, order] - counter.inputs.walked.metres)
    assert difference.max() < 1e-6
