"""The dossier's page on what changed since an earlier build."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from paper import overlaps, pages

from atlas.built import Built, open_built
from atlas.cli import main
from atlas.comparing import Comparison, compare
from atlas.language import LANGUAGES, Translator
from atlas.sheets import sheets, write_sheets
from atlas.sheets.changes import Changes, signed
from atlas.sheets.facts import Reading, origin


@pytest.fixture(scope="module")
def earlier(_small_atlas: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Esposende with two thirds of Wikidata, half of OpenStreetMap in an older extract, and another weight."""
    folder = tmp_path_factory.mktemp("earlier") / "antes"
    shutil.copytree(_small_atlas, folder, ignore=shutil.ignore_patterns(".atlas"))
    for name in ("wikidata_2026.csv", "wikidata_2021.csv"):
        table = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        table[table.index % 3 > 0].to_csv(folder / name, index=False)
    extract = folder / "odbl" / "osm_places.parquet"
    mapped = gpd.read_parquet(extract)
    mapped[mapped.index % 2 > 0].to_parquet(extract, index=False)
    text = (folder / "atlas.toml").read_text("utf-8")
    head, rest = text.split('id = "osm_culture"')
    rest = re.sub(r'date = "[^"]*"', 'date = "2024-01-01"', rest, count=1)
    head, pillars = f'{head}id = "osm_culture"{rest}'.split("[[index.pillar]]", 1)
    pillars = re.sub(r"weight = [\d.]+", "weight = 3", pillars, count=1)
    (folder / "atlas.toml").write_text(f"{head}[[index.pillar]]{pillars}", "utf-8")
    return open_built(str(folder), draws=0)


@pytest.fixture(scope="module")
def found(earlier: Built, esposende: Built) -> Comparison:
    return compare(earlier.store, esposende.store)


@pytest.mark.parametrize(("paper", "lang"), [("a4", "pt"), ("a3", "en")])
def test_the_dossier_says_what_changed_and_what_moved_it(
    esposende: Built, earlier: Built, found: Comparison, paper: Any, lang: Any, tmp_path: Path
) -> None:
    write_sheets(esposende, "0306", tmp_path / "x.pdf", paper=paper, lang=lang, since=earlier.store)
    pdf, t = (tmp_path / "x.pdf").read_bytes(), Translator(lang)
    assert overlaps(pdf) == []
    plain = pages(sheets(esposende, "0306", paper=paper, lang=lang))
    added = pages(pdf)[2 : 2 + len(pages(pdf)) - len(plain)] if paper == "a3" else pages(pdf)
    page = " ".join(one for one in added if one not in plain)
    assert t("sheet.changes.title") in page
    assert found.caveats[0].in_(lang) in page, "the map of OpenStreetMap may have grown"
    came = found.rows[found.rows["kind"] == "place_came"]
    assert len(came) > 3
    for name in came["name"].dropna():
        assert str(name) in page
    assert {"data", "method"} == set(found.rows.loc[found.rows["kind"] == "score", "cause"])


def test_the_two_parts_of_a_difference_add_up(esposende: Built, earlier: Built) -> None:
    page = Changes(Reading(esposende, Translator("en")), earlier.store).of("0306")
    potential = page["indices"][0]
    assert len(potential["rows"]) > 5
    for row in potential["rows"]:
        before, method, data, after = (
            0.0 if text == "—" else float(text.replace("−", "-")) for text in row["score"].values()
        )
        assert before + method + data == pytest.approx(after, abs=0.21)
    assert page["counts"]
    assert Changes(Reading(esposende, Translator("en")), esposende.store).of("0306")["nothing"]


def test_the_page_of_changes_and_the_foot_name_sources_in_their_language(esposende: Built, earlier: Built) -> None:
    declared = {one.id: one for one in esposende.atlas.source}
    for lang in LANGUAGES:
        reading = Reading(esposende, Translator(lang))
        told = {one["name"] for one in Changes(reading, earlier.store).of("0306")["sources"]}
        assert declared["osm_culture"].title_in(lang) in told
        assert f"({declared['theatre_network'].licence_in(lang)})" in origin(esposende, reading.t)["sources"]
    assert declared["theatre_network"].licence_in("en") != declared["theatre_network"].licence
    assert declared["osm_culture"].title_in("en") != declared["osm_culture"].title


def test_a_change_has_its_sign() -> None:
    assert [signed(Translator("pt"), value, 0) for value in (3, -1234, None)] == ["+3", "−1\u00a0234", "—"]


def test_a_sheet_of_one_unit_has_no_such_page(
    esposende: Built, earlier: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    atlas, code = str(esposende.atlas.folder), str(esposende.units["code"].iloc[0])
    words = ["--since", str(earlier.store.folder), "--lang", "en", "--quiet", atlas]
    assert main(["sheet", code, "-o", str(tmp_path / "x.pdf"), *words]) == 1
    assert "Name the municipality’s" in capsys.readouterr().err
    assert main(["sheet", "0306", "-o", str(tmp_path / "x.pdf"), "--since", str(tmp_path), "--lang", "en", atlas]) == 1
    assert "neither a store" in capsys.readouterr().err
    assert main(["sheet", "0306", "-o", str(tmp_path / "x.pdf"), *words]) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["x.pdf"]
