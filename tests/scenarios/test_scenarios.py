"""What a scenario changes is what a full rebuild would change; nothing else moves; files and links come back whole."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.built import Built, open_built
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.scenarios import Ground, Scenario, apply, link_of, read_scenario, scenario_of_link, write_scenario
from atlas.scenarios.drawn import drawn_areas
from atlas.scenarios.model import data_of
from atlas.scenarios.moves import moves
from atlas.scenarios.rebuilding import difference, figures_after

CLASSES = ("museum", "theatre", "cinema", "library", "gallery", "university", "vacant_shop", "castle", "cafe")


def scenario_on(built: Built, *changes: dict[str, Any], **more: Any) -> Scenario:
    """A scenario of an atlas."""
    return Scenario.model_validate({
        "atlas": built.atlas.atlas.id, "data": data_of(built), "name": "à prova", "changes": list(changes), **more,
    })  # fmt: skip


@pytest.fixture(scope="module")
def small(_small_atlas: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The municipality of Esposende, with a ruin and a vacant shop to reuse."""
    folder = tmp_path_factory.mktemp("scenarios") / "esposende"
    shutil.copytree(_small_atlas, folder)
    decide(
        folder, "add,decisions,w1,,,ruin; -8.7822 41.5327; Solar", "add,decisions,w2,,,vacant_shop; -8.75 41.5; Loja"
    )
    return open_built(str(folder), draws=50)


@pytest.fixture(scope="module")
def ground(small: Built) -> Ground:
    """What stays under the small atlas's scenarios."""
    return Ground(small)


def decide(folder: Path, *rows: str) -> None:
    """Write a planner's decisions."""
    head = "decision,source_a,record_a,source_b,record_b,value,by,date,note"
    (folder / "decisions.csv").write_text("\n".join([head, *(f"{row},,," for row in rows)]) + "\n", "utf-8")


def changes_of(built: Built) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some changes, each of another place, anywhere in the region and its margin."""
    places = built.store.read("places")
    west, south, east, north = built.parents.to_crs(4326).total_bounds
    spot = {"lon": st.floats(west, east), "lat": st.floats(south, north)}
    stock = sorted(places.loc[places["layer"] == "reusable", "place_id"])
    every = sorted(places["place_id"])
    one = st.one_of(
        st.fixed_dictionaries({"do": st.just("add"), "class": st.sampled_from(CLASSES), **spot}),
        st.fixed_dictionaries({"do": st.just("move"), "place": st.sampled_from(every), **spot}),
        st.fixed_dictionaries({"do": st.just("close"), "place": st.sampled_from(every)}),
        st.fixed_dictionaries(
            {"do": st.just("reuse"), "place": st.sampled_from(stock), "class": st.sampled_from(CLASSES)}
        ),
    )
    return st.lists(one, min_size=1, max_size=9, unique_by=lambda change: change.get("place", id(change)))


@given(data=st.data())
@settings(max_examples=5)  # each builds the atlas anew; up to nine changes of four kinds
def test_a_scenario_is_the_full_rebuild(small: Built, ground: Ground, data: st.DataObject) -> None:
    made = scenario_on(small, *data.draw(changes_of(small)))
    apart = difference(apply(small, made, ground=ground), ground)
    assert apart.same, apart


def test_along_streets_too(porto: Built) -> None:
    places = porto.store.read("places")
    inside = places[places["neighbourhood"].notna()].set_index("layer")["place_id"]
    made = scenario_on(
        porto,
        {"do": "add", "class": "theatre", "lon": -8.611, "lat": 41.1497, "name": "Teatro"},
        {"do": "reuse", "place": inside["reusable"].iloc[0], "class": "gallery"},
        {"do": "move", "place": inside["museums"].iloc[0], "lon": -8.62, "lat": 41.16},
        {"do": "close", "place": inside["third_places"].iloc[5]},
    )
    ground = Ground(porto)
    done = apply(porto, made, ground=ground)
    apart = difference(done, ground)
    assert apart.same, apart
    census = {"repair_share", "ageing_65", "population_change", "slope_pct", "green_share"}
    assert not census & set(done.measured)
    assert 0 < len(done.measured["performance_1200"]) < len(porto.units)


def test_decisions_and_a_real_build_say_the_same(small: Built, tmp_path: Path) -> None:
    """The same edits, once as a scenario and once as decisions that a build of everything reads."""
    alone = small.store.read("places").query("n_records == 1 and layer == 'heritage' and neighbourhood.notna()")
    members = small.store.read("members").set_index("place_id")
    closed, moved = alone["place_id"].iloc[0], alone["place_id"].iloc[1]
    made = scenario_on(
        small,
        {"do": "add", "class": "museum", "lon": -8.78, "lat": 41.54, "name": "Museu que não há"},
        {"do": "close", "place": closed},
        {"do": "move", "place": moved, "lon": -8.76, "lat": 41.56},
    )
    folder = tmp_path / "decided"
    shutil.copytree(small.atlas.folder, folder, ignore=shutil.ignore_patterns(".atlas*"))
    rows = [*(small.atlas.folder / "decisions.csv").read_text("utf-8").splitlines()[1:]]
    of = {one: ",".join(members.loc[one, ["source_id", "record_id"]]) for one in (closed, moved)}
    decide(
        folder, *(row.removesuffix(",,,") for row in rows), "add,decisions,w9,,,museum; -8.78 41.54; Museu que não há",
        f"closed,{of[closed]},,,", f"move,{of[moved]},,,-8.76 41.56",
    )  # fmt: skip
    again = open_built(str(folder), draws=0).store.read("indicators")
    done = apply(small, made)
    own = figures_after(done)["value"]
    theirs = again.set_index(["level", "code", "indicator"])["value"].reindex(own.index)
    np.testing.assert_allclose(own, theirs, rtol=0, atol=1e-9)
    assert len(done.changed) > 5


def test_one_more_museum_is_one_more(small: Built, ground: Ground) -> None:
    """In the parish that holds it, and within 5 km of the outline; the neighbours keep what else they have."""
    made = scenario_on(small, {"do": "add", "class": "museum", "lon": -8.7822, "lat": 41.5327})
    done = apply(small, made, ground=ground)
    row = done.edited.come.iloc[0]
    near = small.units.distance(row.geometry) <= 5000
    by = done.changed.set_index(["indicator", "code"])
    gained = by["after"] - by["before"]
    assert set(gained["museums_5km"].index) == set(small.units.index[near])
    assert set(gained["museums_5km"]) == {1.0}
    assert gained["venues"].to_dict() == {row["neighbourhood"]: 1.0}
    assert done.reads[1] and "libraries_5km" not in done.measured
    for index in small.atlas.index:
        still = done.after[index.id].score.drop(done.units_changed(index))
        pd.testing.assert_series_equal(still, done.before[index.id].score.reindex(still.index))


def test_what_no_indicator_counts_is_only_ground_for_chance(small: Built, ground: Ground) -> None:
    """A statue is counted by nobody; the company of venues is held against all that is mapped, and it is mapped."""
    made = scenario_on(small, {"do": "add", "class": "artwork", "lon": -8.78, "lat": 41.53})
    done = apply(small, made, ground=ground)
    assert done.reads[1] == ("venue_company",)
    assert set(done.measured) == {"venue_company"}


def test_ranks_are_held_against_the_stored_interval(norte: Built) -> None:
    """The interval before is the one that the build drew; with nothing changed no rank rises in any method."""
    still = moves(apply(norte, scenario_on(norte))).set_index("code")
    stored = norte.store.read("scores").query("index == 'potential'").set_index("code").reindex(still.index)
    for column in ("rank_low", "rank_high"):
        assert (still[column].fillna(-1) == stored[column].fillna(-1)).all()
    assert (still["move"].dropna() == 0).all()
    assert (still["p_rises"].dropna() == 0).all()
    unit = stored.index[(stored["rank"] - 400).abs().argmin()]
    spot = norte.units.geometry.to_crs(4326)[unit].representative_point()
    some = [{"do": "add", "class": one, "lon": spot.x, "lat": spot.y} for one in ("museum", "theatre", "library")]
    table = moves(apply(norte, scenario_on(norte, *some * 3))).set_index("code")
    assert table.index[0] == unit
    assert table.loc[unit, "noise"] == "beyond"
    assert table.loc[unit, "rank_after"] < table.loc[unit, "rank_low"]
    assert table.loc[unit, "p_rises"] > 0.99
    assert set(table.loc[~table["touched"], "noise"].dropna()) == {"within"}


def test_a_drawn_area_is_read_like_a_unit_and_moves_nobody(small: Built, ground: Ground) -> None:
    """Drawn along a parish's own border it has that parish's figures, but for what only a census can say."""
    code = small.units.index[3]
    ring = gpd.GeoSeries([small.units.geometry[code]], crs=small.units.crs).to_crs(4326).iloc[0]
    outer = max(getattr(ring, "geoms", [ring]), key=lambda part: part.area).exterior.coords[:-1]
    step = len(outer) // 400 + 1
    if step > 1:  # the border of a parish has more corners than a hand would draw
        outer = outer[::step]
    made = scenario_on(small, {"do": "area", "name": "Desenhada", "ring": [list(corner[:2]) for corner in outer]})
    done = apply(small, made, ground=ground)
    assert done.changed.empty
    (area,) = drawn_areas(done, ground)
    own = small.figures("neighbourhood").loc[code]
    figures = area.figures.set_index("indicator")["after"]
    counted = [one for one in ("venues", "museums_5km", "libraries_5km", "schools_5km") if one in figures]
    assert len(counted) == 4
    pd.testing.assert_series_equal(figures[counted], own[counted], check_names=False)
    assert np.isnan(figures["higher_education_2011"])
    assert area.parent == small.units.loc[code, "parent"]
    assert area.area_km2 == pytest.approx(small.units.loc[code, "area_km2"], rel=0.02)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
CHANGE = st.one_of(
    st.fixed_dictionaries({"do": st.just("add"), "class": st.just("museum"), "name": TEXT, "note": TEXT,
                           "lon": st.floats(-180, 180), "lat": st.floats(-90, 90)}),
    st.fixed_dictionaries({"do": st.just("area"), "name": TEXT, "ring": st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=3, max_size=9)}),
)  # fmt: skip


@given(name=TEXT.filter(lambda text: text.strip()), changes=st.lists(CHANGE, max_size=6))
def test_files_and_links_come_back_whole(name: str, changes: list[dict[str, Any]], tmp_path_factory: Any) -> None:
    made = Scenario.model_validate({"atlas": "norte", "name": name, "weights": {"p2": 3}, "changes": changes})
    assert scenario_of_link(link_of(made)) == made
    assert set(link_of(made)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    path = tmp_path_factory.mktemp("files") / "s.json"
    assert read_scenario(write_scenario(made, path)) == made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"do": "close", "place": "p0", "name": "Museu Marítimo"}, ("p0", "Museu Marítimo", "Procure-o")),
        ({"do": "add", "class": "museums", "lon": -8.78, "lat": 41.5}, ("Classe «museums»", "museum")),
        ({"do": "add", "class": "museum", "lon": 41.5, "lat": -8.78}, ("fora da região", "longitude")),
        ({"do": "area", "name": "Laço", "ring": [[-8.78, 41.5], [-8.7, 41.6], [-8.7, 41.5], [-8.78, 41.6]]},
         ("Laço", "cruza-se")),
        ({"do": "area", "name": "Mar", "ring": [[-9.5, 41.5], [-9.4, 41.5], [-9.4, 41.6]]}, ("Mar", "fora")),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(small: Built, ground: Ground, change: dict[str, Any], said: tuple[str, ...]) -> None:
    with pytest.raises(AtlasError) as fault:
        drawn_areas(apply(small, scenario_on(small, change), ground=ground), ground)
    assert all(word in fault.value.text("pt") for word in (*said, "changes.1"))
    assert fault.value.en != fault.value.pt


def test_a_museum_is_no_reusable_space(small: Built) -> None:
    museum = small.store.read("places").query("layer == 'museums'")["place_id"].iloc[0]
    with pytest.raises(AtlasError, match="não é espaço reutilizável"):
        apply(small, scenario_on(small, {"do": "reuse", "place": museum, "class": "gallery"}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": 9, "changes": []}', "esquema 9"),
        ('{"schema": 1, "atlas": "norte", "name": "x", "changes": [{"do": "add", "lon": 999}]}', "lat"),
        ('{"schema": 1, "atlas": "norte", "name": "x", "chnages": [], "changes": []}', "changes"),
        ('{"schema": 1, "atlas": "norte", "name": "x", "changes": [{"do": "close", "place": "a"}, '
         '{"do": "move", "place": "a", "lon": 1, "lat": 1}]}', "segunda de a"),
        ("[" * 100_000, "JSON"),
        ("{}", "changes"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "cenário.json"
    path.write_text(text, "utf-8")
    with pytest.raises(AtlasError, match=said):
        read_scenario(path)


def test_a_cut_or_swollen_link_is_refused() -> None:
    import base64
    import zlib

    whole = link_of(Scenario.model_validate({"atlas": "norte", "name": "x"}))
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 50_000_000)).decode()
    for text in (whole[:-5], "!!", "", bomb):
        with pytest.raises(AtlasError):
            scenario_of_link(text)


def test_the_command(small: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows, the check against the full rebuild, and a file with every unit and the drawn area."""
    ring = [[-8.79, 41.52], [-8.77, 41.52], [-8.77, 41.54], [-8.79, 41.54]]
    made = scenario_on(
        small,
        {"do": "add", "class": "museum", "lon": -8.7822, "lat": 41.5327, "name": "=Museu"},
        {"do": "area", "name": "Centro", "ring": ring},
    )
    path = write_scenario(made, tmp_path / "s.json")
    out = tmp_path / "s.gpkg"
    where = str(small.atlas.folder)
    assert main(["scenario", str(path), "--check", "--format", "json", "-o", str(out), where]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["meta"]["full_rebuild"]["same"]
    assert told["meta"]["scenario"]["name"] == "à prova"
    kinds = [row["kind"] for row in told["rows"]]
    assert kinds.count("drawn") == 1
    holding = next(row for row in told["rows"] if "venues" in {one["code"] for one in row["indicators"]})
    assert {"museums_5km", "venues"} <= {one["code"] for one in holding["indicators"]}
    assert holding["score_before"] != holding["score_after"]
    layer = gpd.read_file(out)
    assert len(layer) == len(small.units) + 1
    assert layer.set_index("kind").loc["drawn", "name"] == "Centro"
    home = Path(os.environ["ATLAS_HOME"]) / "porto"
    there = home.exists()
    assert main(["scenario", str(path), "porto"]) == 1
    assert "é do atlas" in capsys.readouterr().err
    assert home.exists() == there, "an atlas was built only to be refused"
