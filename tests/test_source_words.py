"""What is listed and explained in English names sources and licences in English; the manifest stays as declared."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from atlas.atlasfile import load_atlas
from atlas.built import open_built
from atlas.cli import main
from atlas.explaining import evidence
from atlas.language import LANGUAGES
from atlas.source_words import sources_in


@pytest.mark.parametrize("lang", ["pt", "en"])
def test_the_list_of_sources_is_in_the_language_asked_for(
    small_built: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "--format", "csv", "--lang", lang, str(small_built)]) == 0
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    declared = load_atlas(small_built).source
    assert any(one.title_en and one.licence_en for one in declared)
    for one in declared:
        assert (rows[one.id]["title"], rows[one.id]["licence"]) == (one.title_in(lang), one.licence_in(lang))
    recorded = json.loads((small_built / ".atlas" / "manifest.json").read_text("utf-8"))["sources"]
    assert {one["id"]: one["title"] for one in recorded} == {one.id: one.title for one in declared}


def test_an_answer_for_programs_holds_both_languages(small_built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "--format", "json", "--lang", "en", str(small_built)]) == 0
    told = {one["id"]: one for one in json.loads(capsys.readouterr().out)["meta"]["sources"]}
    for one in load_atlas(small_built).source:
        held = told[one.id]
        assert (held["title"], held["licence"]) == (one.title, one.licence)
        assert (held["title_en"], held["licence_en"]) == (one.title_en, one.licence_en)


def test_the_evidence_of_a_unit_names_licences_in_its_language(small_built: Path) -> None:
    built = open_built(str(small_built), draws=50)
    codes = [one.code for one in built.atlas.indicator]
    declared = {one.id: one for one in built.atlas.source}
    rows = {
        lang: [row for code in built.units.index for row in evidence(built, code, codes, lang)] for lang in LANGUAGES
    }
    assert len(rows["pt"]) == len(rows["en"]) > 0
    for lang in LANGUAGES:
        for row in rows[lang]:
            named = dict.fromkeys(declared[one].licence_in(lang) for one in row["source"].split("|"))
            assert row["licence"] == "; ".join(named)
    assert any(pt["licence"] != en["licence"] for pt, en in zip(rows["pt"], rows["en"], strict=True))


def test_a_source_that_the_atlas_no_longer_declares_keeps_its_own_words(small_atlas: Path) -> None:
    gone = {"id": "gone", "title": "Já cá não está", "licence": "Factos", "date": "2020"}
    assert sources_in(load_atlas(small_atlas), [gone], "en") == [gone]
