"""Who stands above whom, how many venues would be enough, and weights of several people, on built atlases."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from atlas.atlasfile import load_atlas
from atlas.built import Built, open_built
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.explaining import explain
from atlas.judging import read_judges, spread
from atlas.language import Translator
from atlas.ranking import rank_table
from atlas.scores import values_of
from atlas.scoring.counterfactual import goal_of
from atlas.scoring.index import rank, score_index
from atlas.scoring.opportunity import READINGS, UNSURE, own_chance
from atlas.ties import chances_above
from atlas.venues import MOST, Trial, venues_enough, venues_sentence


def test_the_stored_chance_is_that_of_the_pair_and_its_opposite(porto: Built) -> None:
    index, table = porto.atlas.index_of("potential"), rank_table(porto)
    codes = table["code"].head(12).tolist()
    pairs = list(pairwise(codes))
    there, back = (chances_above(porto, index, some) for some in (pairs, [(b, a) for a, b in pairs]))
    for row, one, other in zip(table.head(11).to_dict("records"), there, back, strict=True):
        assert one is not None and other is not None
        assert row["p_above_next"] == pytest.approx(one.together, abs=1e-12)
        assert one.together + other.together == pytest.approx(1.0)
        assert row["tie_next"] == one.tie == (0.05 < one.together < 0.95)
    unranked = table["code"][table["rank"].isna()].tolist()
    assert pd.isna(table.set_index("code")["p_above_next"].get(table["code"][table["rank"].notna()].iloc[-1]))
    assert chances_above(porto, index, [(codes[0], unranked[0])]) == [None] if unranked else True


def test_inside_an_area_the_next_is_the_next_of_the_area(porto: Built) -> None:
    mine = rank_table(porto, within="131202").dropna(subset=["rank"])
    one, other = mine["code"].iloc[:2]
    found = chances_above(porto, porto.atlas.index_of("potential"), [(one, other)])[0]
    assert found is not None and mine["p_above_next"].iloc[0] == pytest.approx(found.together)


def test_an_explanation_names_the_neighbours_it_cannot_be_told_from(porto: Built) -> None:
    table = rank_table(porto)
    at = next(at for at in range(1, 40) if table["tie_next"].iloc[at] and table["tie_next"].iloc[at - 1])
    told = explain(porto, table["code"].iloc[at], lang="en")
    above, below = told["beside"]
    assert above["p_above"] == pytest.approx(1 - table["p_above_next"].iloc[at - 1], abs=1e-6)
    assert below["p_above"] == pytest.approx(table["p_above_next"].iloc[at], abs=1e-6)
    assert "Technical tie: the chance of standing above" in told["sentence"]


def test_a_reading_below_four_fifths_is_an_uncertain_class(norte: Built) -> None:
    read = norte.store.read("opportunities")
    unsure = set(read["code"][read["opportunity"].notna() & (own_chance(read) < 0.8)])
    scores = norte.store.read("scores")
    own = scores[scores["index"] == "potential"]
    assert set(own["code"][own["flags"].str.contains(UNSURE)]) == unsure and unsure
    assert read[[f"p_{reading}" for reading in READINGS]].sum(axis=1).dropna().to_numpy() == pytest.approx(1.0)


@pytest.mark.parametrize("place", [11, 100])
def test_the_venues_are_enough_and_one_fewer_is_not(porto: Built, place: int) -> None:
    """Recomputed from the figures up: with the venues the goal is reached, with one fewer it is not."""
    index = porto.atlas.index_of("potential")
    table, scored = rank_table(porto), porto.scored(index)
    found: list = []
    for code in table["code"].iloc[place : place + 12]:
        found = venues_enough(porto, index, code)
        if found:
            break
    assert found, "none of a dozen units has an answer"
    trial, known = Trial(porto, index, code, None), {one.code: one for one in porto.atlas.indicator}
    for one in found:
        assert 1 <= one.count <= MOST
        goal = next(goal for goal in goal_of(scored, index, code, 10) if goal.kind == one.goal)
        for count, reached in ((one.count, True), (one.count - 1, False)):
            if not count:
                continue
            values, coverage = trial.measured(one.class_, count)
            again = score_index(values, index, known, coverage=coverage)
            place_now = rank(again.score, again.ranked)[code]
            assert goal.reached(float(again.score[code]), int(place_now)) == reached
    for lang in ("pt", "en"):
        said = venues_sentence(Translator(lang), porto, found)
        assert str(found[0].count) in said and ("de todas as unidades" in said or "all units measured" in said)


def test_venues_move_the_neighbours_too_and_none_move_nothing(porto: Built) -> None:
    index = porto.atlas.index_of("potential")
    code = rank_table(porto)["code"].iloc[100]
    trial = Trial(porto, index, code, None)
    before = values_of(porto.store_tables, index)[0]
    after = trial.measured("gallery", 3)[0]
    moved = set(after.index[(after - before).abs().max(axis=1) > 1e-12])
    assert code in moved and len(moved) > 1
    untouched = [one for one in before if one not in {counted.code for counted in trial.counted("gallery")}]
    assert after[untouched].equals(before[untouched])
    assert (after["galleries_1200"].fillna(0) >= before["galleries_1200"].fillna(0)).all()


JUDGES = """iCode,Ana,Rui
date,2026-03-01,2026-04-02
p1_heritage,40,10
p1_culture,20,20
p1_walkable,5,5
p2,15,25
p4,10,20
p5,10,20
"""


def test_weights_of_several_people_weigh_the_index_and_stand_in_its_log(small_atlas: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(JUDGES)
    atlas = load_atlas(small_atlas)
    index = atlas.index_of("potential")
    filled = [pillar.id for pillar in index.pillar if pillar.indicators]
    assert set(filled) == {line.split(",")[0] for line in JUDGES.splitlines()[2:]}
    judged = read_judges(file, index)
    assert judged.weights["p1_heritage"] == pytest.approx(0.25) and judged.dates["Rui"] == "2026-04-02"
    assert main(["weights", str(file), "--keep", "--quiet", str(small_atlas)]) == 0
    anew = load_atlas(small_atlas)
    kept = anew.index_of("potential")
    assert [one.judge for one in kept.opinions] == ["Ana", "Rui"] and kept.judged == "2026-04-02"
    table = spread(kept).loc["p1_heritage"]
    assert (table["least"], table["most"], table["judges"]) == (0.1, 0.4, 2)
    assert anew.preset[0].weights["p1_heritage"] == pytest.approx(0.25)
    built = open_built(str(small_atlas), draws=50)
    log = json.loads((built.store.folder / "build.log.json").read_text("utf-8"))["weights"]
    own = next(one for one in log if one["code"] == "p1_heritage")
    assert own["by"] == "judges" and {(one["by"], one["date"]) for one in own["given"]} == {
        ("Ana", "2026-03-01"),
        ("Rui", "2026-04-02"),
    }
    assert all(one["date"] and one["by"] for one in log)
    assert "Ana" not in (built.store.folder / "manifest.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("judge,first,second,times\nAna,p2,p4,3\n", "são obrigatórios|Faltam"),
        ("iCode,Ana\np1_heritage,0\np1_culture,0\np1_walkable,0\np2,0\np4,0\np5,0\n", "não repartiu pontos"),
        ("iCode,Ana\nheritage,1\n", "não existe"),
        ("name,Ana\np2,1\n", "O cabeçalho tem de ser"),
        ("iCode,Ana\np2,1\np2,1\n", "mais de uma vez"),
    ],
)
def test_files_of_weights_that_will_not_do_say_why(small_atlas: Path, tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(AtlasError, match=words):
        read_judges(file, load_atlas(small_atlas).index_of("potential"))
