"""The two embedded atlases: which ids survive what, how good the matches are, and where each place comes from."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from atlas.atlasfile import load_atlas
from atlas.built import Built
from atlas.errors import UnknownName
from atlas.explaining import evidence
from atlas.fusion import Fused, fuse
from atlas.neighbourhoods import locate
from atlas.provenance import provenance

HERE = Path(__file__).parent
ENDS = ["source_a", "record_a", "source_b", "record_b"]
ONLY_PORTO = ("osm_amenity_shop", "osm_names", "ruined_buildings")


@pytest.fixture(scope="module")
def norte_records(norte: Built) -> gpd.GeoDataFrame:
    records = gpd.GeoDataFrame(norte.store.read("records"))
    points = records.geometry.representative_point().to_numpy()
    return records.assign(parent_at=locate(points, norte.parents))


@pytest.fixture(scope="module")
def whole(norte: Built, norte_records: gpd.GeoDataFrame) -> Fused:
    return fuse(norte_records, norte.atlas)


def place_of(fused: Fused) -> pd.Series:
    return fused.members.set_index(["source_id", "record_id"])["place_id"]


def test_ids_do_not_depend_on_the_order_of_sources_or_records(
    norte: Built, norte_records: gpd.GeoDataFrame, whole: Fused
) -> None:
    turned = norte.atlas.model_copy(update={"source": norte.atlas.source[::-1]})
    again = fuse(norte_records.sample(frac=1, random_state=5), turned)
    pd.testing.assert_series_equal(place_of(again).sort_index(), place_of(whole).sort_index())
    assert set(whole.places["place_id"]) == set(norte.places.index)


@pytest.mark.parametrize("added", ["archaeology", "osm_culture", "wikidata_2026"])
def test_a_new_source_keeps_every_id_but_those_of_places_that_it_shows_to_be_one(
    norte: Built, norte_records: gpd.GeoDataFrame, whole: Fused, added: str
) -> None:
    before = fuse(norte_records[norte_records["source_id"] != added], norte.atlas)
    old, new = place_of(before), place_of(whole)
    date = {source.id: source.date for source in norte.atlas.source}
    survived = before.places["place_id"].isin(whole.places["place_id"])
    assert survived.mean() > 0.9
    unexplained = []
    for id_ in before.places.loc[~survived, "place_id"]:
        records = old.index[old == id_]
        founder = min(records, key=lambda key: (date[key[0]], *key))
        now = new.index[new == new[founder]]
        oldest = min(now, key=lambda key: (date[key[0]], *key))
        # the founder of the place that it became part of is older: of the new source, or of another place joined by it
        if not (date[oldest[0]], *oldest) < (date[founder[0]], *founder):
            unexplained.append(id_)
    assert unexplained == []


def test_a_newer_source_changes_the_id_of_no_place_that_it_does_not_join_to_an_older_one(
    norte: Built, norte_records: gpd.GeoDataFrame, whole: Fused
) -> None:
    newest = "wikidata_2026"
    before = fuse(norte_records[norte_records["source_id"] != newest], norte.atlas)
    new = place_of(whole)
    lost = set(before.places["place_id"]) - set(whole.places["place_id"])
    old = place_of(before)
    # each lost place now stands in one that held another place before: two became one, and the older id stays
    for id_ in lost:
        held = set(new[old.index[old == id_]])
        partners = {old[key] for place in held for key in new.index[new == place] if key in old.index} - {id_}
        assert partners


def labelled(part: str) -> pd.DataFrame:
    pairs = pd.read_csv(HERE / "labelled_pairs.csv", dtype={"record_a": str, "record_b": str})
    return pairs[pairs["part"] == part]


@pytest.mark.parametrize("part", ["development", "held_out"])
def test_places_agree_with_what_a_reader_says(norte: Built, porto: Built, part: str) -> None:
    pairs = labelled(part)
    in_porto = pairs["source_a"].isin(ONLY_PORTO) | pairs["source_b"].isin(ONLY_PORTO)
    of = [
        built.store.read("members").set_index(["source_id", "record_id"])["place_id"].to_dict()
        for built in (norte, porto)
    ]
    together = [
        of[there][row[:2]] == of[there][row[2:]]
        for row, there in zip(pairs[ENDS].itertuples(index=False, name=None), in_porto, strict=True)
    ]
    same = (pairs["label"] == "same").to_numpy()
    right = pairs["weight"][same & together].sum()
    precision, recall = right / pairs["weight"][together].sum(), right / pairs["weight"][same].sum()
    assert precision > 0.95
    assert recall > 0.9
    assert 2 * precision * recall / (precision + recall) > 0.93


def test_the_labels_are_two_passes_over_enough_pairs_and_enough_hard_ones() -> None:
    pairs = pd.concat([labelled("development"), labelled("held_out")])
    assert len(pairs) >= 300
    assert not pairs.duplicated(ENDS).any()
    alike = pairs["stratum"].str[2:].isin(["s2", "s3", "s4"]) | pairs["stratum"].str.startswith(("d0", "d1"))
    assert (alike & (pairs["label"] == "different")).sum() >= 150
    assert pairs["why"].str.len().min() > 10
    observed = (pairs["first"] == pairs["second"]).mean()
    assert observed > 0.97


def test_the_fresh_part_holds_no_record_of_the_others_and_is_matched_as_the_page_says(
    norte: Built, porto: Built
) -> None:
    known, fresh = (
        pd.read_csv(HERE / name, dtype={"record_a": str, "record_b": str})
        for name in ("labelled_pairs.csv", "fresh_pairs.csv")
    )
    ends = [
        {*zip(one["source_a"], one["record_a"], strict=True), *zip(one["source_b"], one["record_b"], strict=True)}
        for one in (known, fresh)
    ]
    assert len(fresh) >= 100
    assert ends[0].isdisjoint(ends[1])
    in_porto = fresh["source_a"].isin(ONLY_PORTO) | fresh["source_b"].isin(ONLY_PORTO)
    of = [
        built.store.read("members").set_index(["source_id", "record_id"])["place_id"].to_dict()
        for built in (norte, porto)
    ]
    rows = fresh[ENDS].itertuples(index=False, name=None)
    together = np.array([of[at][row[:2]] == of[at][row[2:]] for row, at in zip(rows, in_porto, strict=True)])
    same = (fresh["label"] == "same").to_numpy()
    assert (same & together).sum() / together.sum() > 0.9
    assert (same & together).sum() / same.sum() > 0.9


def test_identifiers_find_what_they_name(norte: Built) -> None:
    records = norte.store.read("records")
    records = records[records["classes"].notna()]
    place = norte.store.read("members").set_index(["source_id", "record_id"])["place_id"]
    stated = records["tags"].astype("string").str.extract(r'"ref:cns":\s*"(\d+)"', expand=False)
    wanted = records.assign(number=stated).dropna(subset="number")
    held = set(records.loc[records["source_id"] == "archaeology", "record_id"])
    pairs = [(one.record_id, one.number) for one in wanted.itertuples() if one.number in held]
    found = [place["osm_culture", osm] == place["archaeology", number] for osm, number in pairs]
    assert len(found) > 60
    assert sum(found) / len(found) > 0.95


def test_provenance_leads_from_a_place_to_rows_objects_and_files(norte: Built) -> None:
    places = norte.places
    rivoli = places[places["name"].fillna("").str.contains("Rivoli") & (places["n_records"] > 3)].index[0]
    entries = provenance(norte, rivoli)
    assert len(entries) == places.loc[rivoli, "n_records"]
    assert list(dict.fromkeys(one["source"] for one in entries)) == places.loc[rivoli, "sources"].split("|")
    for one in entries:
        assert re.fullmatch(r"[0-9a-f]{64}", one["sha256"])
        assert one["licence"]
        assert one["date"]
        if one["row"] is not None:
            lines = (norte.atlas.folder / one["file"]).read_text("utf-8-sig").splitlines()
            assert lines[one["row"] - 1].startswith(one["record"])
    pages = {one["source"]: one["page"] for one in entries}
    assert pages["wikidata_2026"] == "https://www.wikidata.org/wiki/Q3826131"
    assert re.match(r"https://www\.openstreetmap\.org/(node|way|relation)/\d+", pages["osm_culture"])
    assert {one["source"] for one in entries if one["row"]} >= {"theatre_network", "wikidata_2026", "wikidata_2021"}


def test_provenance_and_evidence_say_the_same_of_every_place_behind_a_parish(norte: Built) -> None:
    codes = [one.code for one in norte.atlas.indicator]
    shown = {row["place"]: row for row in evidence(norte, "131217", codes)}
    assert len(shown) > 20
    for id_, row in list(shown.items())[:20]:
        entries = provenance(norte, id_)
        assert row["source"].split("|") == list(dict.fromkeys(one["source"] for one in entries))
        assert row["date"] == entries[0]["date"]
        assert row["licence"].split("; ") == list(dict.fromkeys(one["licence"] for one in entries))
        assert row["p_match"] == pytest.approx(min(one["p_match"] for one in entries))


def test_a_place_that_is_not_there_is_told(norte: Built) -> None:
    with pytest.raises(UnknownName, match="Lugar «p000000000000» não existe"):
        provenance(norte, "p000000000000")


def test_every_record_with_a_class_is_in_one_place_or_listed(norte: Built) -> None:
    records = norte.store.read("records")
    known = records[records["classes"].notna()][["source_id", "record_id"]].drop_duplicates()
    members, unplaced = norte.store.read("members"), norte.store.read("unplaced")
    assert not members.duplicated(["source_id", "record_id"]).any()
    assert len(members) + len(unplaced) == len(known)
    assert load_atlas(norte.atlas.folder).source == norte.atlas.source
