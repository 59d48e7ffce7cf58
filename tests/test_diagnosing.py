"""What a committee asks of an index, and what stops a build that cannot answer."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from spoiling import edit

from atlas.atlasfile import load_atlas
from atlas.built import Built, open_built
from atlas.cli import main
from atlas.config import Atlas, Text
from atlas.diagnosing import class_shares, cut_lines, diagnose
from atlas.diagnosis_tables import chapters
from atlas.errors import ConfigError
from atlas.exports.diagnosis import write_diagnosis
from atlas.language import NO_BREAK, Translator
from atlas.neighbourhoods import load_units
from atlas.scores import doubts_of, score_all
from atlas.scoring.diagnostics import against_parent
from atlas.scoring.index import score_index


def told(built: Built, *more: str) -> dict[str, Any]:
    return _told(built.atlas.atlas.id, str(built.store.folder), *more)


@cache
def _told(name: str, store: str, *more: str) -> dict[str, Any]:
    """The answer, asked for once: several tests read the same, and none changes it."""
    out = io.StringIO()
    with redirect_stdout(out):
        assert main(["diagnostics", name, "--format", "json", "--lang", "en", "--store", store, *more]) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@pytest.mark.parametrize("name", ["norte", "porto"])
def test_every_index_tells_what_carries_it(name: str, request: pytest.FixtureRequest) -> None:
    built: Built = request.getfixturevalue(name)
    answer = told(built)
    rows = pd.DataFrame(answer["rows"])
    own = rows[rows["index"].isin([index.id for index in built.atlas.index])]
    assert own[own["what"] == "weight"].groupby("index")["value"].sum().tolist() == pytest.approx([1.0] * 4, abs=1e-5)
    carried = own[own["what"] == "carried"].groupby("index")["value"].sum()
    assert carried.between(0.8, 1 + 1e-5).all()  # what is missing stands at the mean, and carries nothing
    assert carried["pressure"] == pytest.approx(1, abs=1e-5)  # nothing is missing there
    loud = rows[(rows["what"] == "carried") & (rows["value"] > 0.35)]
    assert loud["warning"].all() and len(loud)
    assert set(own["what"]) >= {"with_density", "monte_carlo_error", "component", "alpha", "units_missing"}
    units = own[own["what"] == "units_missing"].groupby("index")["value"].sum()
    assert units["potential"] == len(built.units)
    assert answer["meta"]["warnings"]


@pytest.mark.parametrize("name", ["norte", "porto"])
def test_what_moves_against_its_parent_has_its_reason_written(name: str, request: pytest.FixtureRequest) -> None:
    rows = pd.DataFrame(told(request.getfixturevalue(name))["rows"])
    against = rows[(rows["what"] == "against") | ((rows["what"] == "with_pillar") & (rows["value"] < 0))]
    assert "p4" in set(against["item"])
    assert against["note"].notna().all()
    assert not against["warning"].any()


def test_a_municipal_figure_is_compared_at_each_parish(norte: Built) -> None:
    rows = pd.DataFrame(told(norte)["rows"])
    pairs = rows[rows["what"] == "overlap"].set_index(["item", "of"])["value"]
    assert (pairs.abs() > 0.7).all()
    figures = norte.figures("neighbourhood")["kinds_km"]
    ageing = norte.figures("municipality")["ageing_65_municipal"].reindex(norte.units["parent"]).to_numpy()
    expected = figures.rank().corr(pd.Series(ageing, index=norte.units.index).reindex(figures.index).rank())
    # farther is worse: on 0–100 the sign is turned (and goalposts tie the ends)
    assert pairs["kinds_km", "ageing_65_municipal"] == pytest.approx(-expected, abs=0.02)


def test_classes_of_venues_carry_a_part_of_each_indicator(porto: Built) -> None:
    index = porto.atlas.index_of("pressure")
    shares = class_shares(porto, index)
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0])
    lets = porto.store.read("places").query("layer == 'short_lets'")
    inside = lets[lets["neighbourhood"].notna()]["class_"].value_counts(normalize=True)
    found = diagnose(porto, index).classes
    assert found.to_dict() == pytest.approx(inside.to_dict())


def test_sensitivity_names_the_choice_that_matters_most(norte: Built) -> None:
    answer = told(norte, "--index", "pressure", "--sensitivity", "64")
    rows = pd.DataFrame(answer["rows"])
    total = rows[(rows["what"] == "sobol_total") & (rows["of"] == "mean_shift")].set_index("item")["value"]
    assert set(total.index) == {"weights", "normalisation", "aggregation", "omitted", "missing", "noise"}
    assert total["aggregation"] == total["missing"] == total["noise"] == 0  # one pillar, nothing missing, no doubt
    assert total.idxmax() == "omitted"
    sentence = answer["meta"]["sensitivity"]["pressure"]
    assert sentence.startswith("What moves the order most is leaving an indicator out")
    assert set(rows["index"]) <= {"pressure", "potential|pressure", "decline|pressure", "decline_people|pressure"}
    assert main(["diagnostics", "--sensitivity", "3"]) == 2


def test_tables_and_csv_are_for_people_and_programs(porto: Built, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(porto.store.folder), "--index", "decline"]
    assert main(["diagnostics", "porto", "--lang", "pt", *store]) == 0
    shown = capsys.readouterr().out
    assert "Alfa de Cronbach" in shown and "1 aviso:" in shown
    assert main(["diagnostics", "porto", "--format", "csv", *store]) == 0
    assert capsys.readouterr().out.startswith("index,what,item,of,value,low,high,warning,note\n")


def turned(atlas: Atlas, code: str, reason: bool = False) -> Atlas:
    """The atlas with one indicator of the potential read the wrong way round."""
    indicators = tuple(
        one.model_copy(update={"direction": "less"}) if one.code == code else one for one in atlas.indicator
    )
    why = {code: Text(pt="De propósito.", en="On purpose.")} if reason else {}
    indices = tuple(
        index.model_copy(update={
            "pillar": tuple(
                one.model_copy(update={"against": {**one.against, **why}}) if code in one.indicators else one
                for one in index.pillar
            )
        })
        for index in atlas.index
    )  # fmt: skip
    return atlas.model_copy(update={"indicator": indicators, "index": indices})


def test_an_indicator_against_its_pillar_stops_the_build_until_a_reason_is_written(norte: Built) -> None:
    tables = norte.store_tables
    with pytest.raises(ConfigError, match=r"potential\.p1_culture: .*«museums_5km».*«p1_culture».*`against`"):
        score_all(turned(norte.atlas, "museums_5km"), tables, draws=0, seed=1)
    scores = score_all(turned(norte.atlas, "museums_5km", reason=True), tables, draws=0, seed=1)["scores"]
    assert scores["score"].notna().any()


def test_few_units_tell_nothing_about_a_direction(norte: Built) -> None:
    """Nine parishes may run any way round; thirty and more may not."""
    atlas = turned(norte.atlas, "museums_5km")
    index = atlas.index_of("potential")
    known = {indicator.code: indicator for indicator in atlas.indicator}
    values, _ = norte.inputs(index)
    rows = [
        against_parent(score_index(values.iloc[:count], index, known), index).set_index("node").loc["museums_5km"]
        for count in (29, 600)
    ]
    assert all(row["correlation"] < 0 for row in rows)
    assert [bool(row["sure"]) for row in rows] == [False, True]


def test_a_reason_for_something_else_is_refused(small_atlas: Path) -> None:
    edit(
        small_atlas / "atlas.toml",
        "against = { archaeology_5km = {",
        'against = { museums_5km = { pt = "x", en = "x" }, archaeology_5km = {',
    )
    with pytest.raises(ConfigError, match=r"p1_heritage.*«museums_5km» não é deste pilar"):
        load_atlas(small_atlas)


def test_a_figure_over_estimated_residents_carries_their_error(small_atlas: Path) -> None:
    """Heritage per thousand residents: where the residents are an estimate by voters, so is the figure."""
    units = load_units(load_atlas(small_atlas)).neighbourhoods
    units[["code", "residents"]].to_csv(small_atlas / "residents.csv", index=False)
    edit(
        small_atlas / "atlas.toml",
        "# ── Indicators",
        '[[source]]\nid = "counted"\nkind = "figures"\nfile = "residents.csv"\ntitle = "t"\npublisher = "p"\n'
        'licence = "l"\ndate = "2021"\n\n# ── Indicators',
    )
    edit(
        small_atlas / "atlas.toml",
        'measure = "density"\nlayers = ["heritage"]\nsources = ["',
        'measure = "per_base"\nwith = { base = "residents", per = 1000 }\nlayers = ["heritage"]\n'
        'sources = ["counted", "',
    )
    built = open_built(str(small_atlas), draws=50)
    doubts = built.store.read("doubts")
    error = doubts[doubts["indicator"] == "heritage_km2"].set_index("code")["relative_sd"]
    estimated = built.units["residents_method"].eq("voters")
    assert estimated.any() and not estimated.all()
    assert error.to_dict() == {code: 0.1 if flag else 0.0 for code, flag in estimated.items()}
    passed = doubts_of(built.store_tables, built.atlas.index_of("potential"))["heritage_km2"].relative_sd
    assert passed.to_dict() == error.to_dict()


def test_every_stage_of_a_figure_can_be_opened(porto: Built, capsys: pytest.CaptureFixture[str]) -> None:
    code = porto.units.index[0]
    command = ["explain", code, "porto", "--stages", "--store", str(porto.store.folder)]
    assert main([*command, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    stages = {row["node"]: row for row in found["stages"]}
    for indicator in porto.atlas.indicator:
        row = stages.get(indicator.code)
        if row and row["raw"] is not None:
            assert row["treated"] == pytest.approx(np.log1p(row["raw"]) if indicator.log else row["raw"], abs=1e-5)
            assert 0 <= row["normalised"] <= 100
    index = porto.atlas.index_of("potential")
    parts = [(stages[pillar.id]["aggregated"], stages[pillar.id]["weight"]) for pillar in index.pillar]
    there = [(score, weight) for score, weight in parts if score is not None]
    mean = sum(score * weight for score, weight in there) / sum(weight for _, weight in there)
    assert stages["potential"]["aggregated"] == pytest.approx(mean, abs=1e-4)
    assert stages["potential"]["aggregated"] == pytest.approx(found["score"])
    assert main([*command, "--lang", "pt"]) == 0
    assert "tratado" in capsys.readouterr().out


def test_ranks_within_a_density_class_count_from_one(norte: Built) -> None:
    scores = norte.store.read("scores")
    potential = scores[scores["index"] == "potential"].set_index("code")
    density = norte.units["residents"] / norte.units["area_km2"]
    assert (potential["density_class"] == "dense").equals((density >= 1500).reindex(potential.index))
    assert (potential["density_class"] == "sparse").equals((density < 300).reindex(potential.index))
    for _, own in potential.groupby("density_class"):
        expected = own["score"].where(own["rank"].notna()).rank(method="min", ascending=False)
        assert own["rank_density"].astype(float).equals(expected)


def test_the_diagnosis_is_tables_for_a_page_and_a_workbook(porto: Built, tmp_path: Path) -> None:
    """Every indicator, pillar and unit with a gap stands in it; a workbook holds the same figures as numbers."""
    found = {lang: chapters(porto, lang) for lang in ("pt", "en")}
    assert [one.index for one in found["pt"]] == [index.id for index in porto.atlas.index]
    first = found["en"][0]
    tables = {table.id: table for table in first.tables}
    index = porto.atlas.index_of(first.index)
    codes = [code for pillar in index.pillar for code in pillar.indicators]
    assert len(tables["indicators"].rows) == len(tables["treated"].rows) == len(codes)
    assert sum(row[2] for row in tables["indicators"].rows) == pytest.approx(1.0)
    pairs = sum(len(pillar.indicators) * (len(pillar.indicators) - 1) // 2 for pillar in index.pillar)
    assert len(tables["pairs"].rows) == pairs
    values = porto.inputs(index)[0]
    gaps = values[codes].isna().sum(axis=1)
    assert {row[0]: row[2] for row in tables["units"].rows} == gaps[gaps > 0].to_dict()
    assert sum(row[1] for row in tables["missing"].rows) == len(values)
    carrying = next(table for table in found["en"][-1].tables if table.id == "classes")
    assert f"more than 35{NO_BREAK}%" in carrying.rows[0][-1] and carrying.rows[0][1] > 0.35
    for lang, told in found.items():
        for table in (table for chapter in told for table in chapter.tables):
            assert all(len(row) == len(table.columns) for row in table.worded(Translator(lang)))
    path = tmp_path / "d.xlsx"
    write_diagnosis(porto, found["pt"], path, "pt")
    book = load_workbook(path)
    assert book.sheetnames == [one.title for one in found["pt"]]
    cells = [row for row in book.worksheets[0].iter_rows(values_only=True) if row[1] == "Património"]
    assert isinstance(cells[0][2], float) and 0 < cells[0][2] < 1


def test_a_build_that_loses_its_other_cuts_says_so(small_built: Path) -> None:
    manifest = small_built / ".atlas" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"counts": {', '"counts": {"cuts": 9,', 1), "utf-8")
    again = open_built(str(small_built), draws=0, force=True)
    assert again.store.gone == ["cuts"] and open_built(str(small_built), draws=0, force=True).store.gone == ["cuts"]
    assert "--cuts" in cut_lines(again, "en")[0]
