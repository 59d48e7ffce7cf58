"""Sheets read back from their PDF: nothing lost, nothing on top of anything else, nothing that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
from paper import overlaps, pages

from atlas.built import Built
from atlas.cli import main
from atlas.config import Text
from atlas.language import Translator
from atlas.sheets import sheets
from atlas.sheets.facts import Reading, contribution_rows
from atlas.sheets.ground import Ground
from atlas.store import Store

MOST_PLACES = "131217"
HOSTILE = '#panic("x") *b* $y$ `z` @a <script> \\ #{1+1} ${2} /* c */ // d'


@pytest.mark.parametrize(("paper", "lang"), [("a4", "pt"), ("a3", "en")])
def test_the_longest_name_and_the_fullest_unit_fit_on_one_page_each(norte: Built, paper: Any, lang: Any) -> None:
    longest = norte.units["name"].str.len().idxmax()
    for code in (longest, MOST_PLACES):
        pdf = sheets(norte, code, paper=paper, lang=lang)
        (page,) = pages(pdf)
        assert norte.units.loc[code, "name"] in page
        assert overlaps(pdf) == []


def test_contributions_on_paper_add_up_to_the_score_on_paper(norte: Built) -> None:
    reading = Reading(norte, Translator("en"))
    for code in (MOST_PLACES, "010402"):
        found = contribution_rows(reading, reading.potential, code)
        parts = [float(row["points"]) for row in found["rows"] if row["points"] != "—"]
        assert sum(parts) == pytest.approx(float(found["total"]), abs=0.05 * (len(parts) + 1))


def test_an_atlas_named_in_a_script_that_is_not_drawn_has_its_sheet(esposende: Built) -> None:
    named = esposende.atlas.atlas.model_copy(update={"name": Text(pt="Ilha 🎭 漢", en="x")})
    built = Built(esposende.atlas.model_copy(update={"atlas": named}), esposende.store)
    assert "Ilha □ □" in pages(sheets(built, esposende.units.index[0]))[0]


def test_a_unit_without_enough_data_says_so_and_has_no_rank(porto: Built) -> None:
    scores = porto.store.read("scores")
    none = scores[(scores["index"] == "potential") & scores["rank"].isna()]["code"].iloc[0]
    page = pages(sheets(porto, none))[0]
    assert "Potencial criativo Dados insuficientes: a cobertura é de" in page


def test_neighbours_in_the_same_area_are_named_without_it(porto: Built) -> None:
    code = "131217027"
    held, _ = Ground(Reading(porto, Translator("pt"))).unit_map(code, 100, 100)
    assert porto.units.loc[code, "name"] == "Secção 027 · Cedofeita, Santo Ildefonso…"
    assert held["neighbours"].startswith("Confina com: Secção 002; Secção 015; ")
    assert "Ildefonso" not in held["neighbours"]


def test_an_interval_of_one_rank_is_one_number() -> None:
    t = Translator("pt")
    assert (t.span(1, 1), t.span(1, 2)) == ("1", "1–2")


def test_a_name_that_looks_like_markup_stays_a_name(esposende: Built) -> None:
    code = str(esposende.units["code"].iloc[0])
    store = Store(esposende.store.folder)
    for table, column in (("neighbourhoods", "code"), ("places", "neighbourhood")):
        held = store.read(table).copy()
        held.loc[held[column] == code, "name"] = HOSTILE
        store._tables[table] = held
    (page,) = pages(sheets(Built(esposende.atlas, store), code))
    assert page.count(HOSTILE) >= 2
    held.loc[held["neighbourhood"] == code, "name"] = "\u202e" + "漢x" * 60_000
    pdf = sheets(Built(esposende.atlas, store), code)
    assert len(pages(pdf)) == 1
    assert overlaps(pdf) == []


def test_a_dossier_has_a_page_and_a_bookmark_for_every_unit(esposende: Built) -> None:
    pdf = sheets(esposende, "0306")
    read, document = pages(pdf), pdfium.PdfDocument(pdf)
    marks = {mark.get_title(): mark for mark in document.get_toc()}
    assert set(marks) == {"Esposende", *esposende.units["name"]}
    for name in esposende.units["name"]:
        assert read[marks[name].get_dest().get_index()].count(name) >= 1
    assert raw.FPDFCatalog_IsTagged(document)
    assert "não substitui certidão" in read[-1].lower()


def test_fonts_are_inside_and_the_same_inputs_give_the_same_bytes(esposende: Built) -> None:
    code = str(esposende.units["code"].iloc[-1])
    pdf = sheets(esposende, code)
    assert sheets(Built(esposende.atlas, Store(esposende.store.folder)), code) == pdf
    found = list(pdfium.PdfDocument(pdf)[0].get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=9))
    assert found
    assert all(raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(one)) for one in found)


def test_all_goes_into_a_folder_and_nothing_is_overwritten(
    _small_atlas: Path, esposende: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sheet", "all", "-o", str(tmp_path / "fichas"), "--progress", "json", "--lang", "en", str(_small_atlas)]
    assert main(words) == 0
    assert capsys.readouterr().err.count('"stage": "sheets"') == len(esposende.units)
    assert [one.name for one in (tmp_path / "fichas").iterdir()] == ["0306.pdf"]
    assert main(words) == 1
    assert "left as it is" in capsys.readouterr().err
    assert main(["sheet", "0306", "-o", str(tmp_path / "x.txt"), str(_small_atlas)]) == 1
    assert main(["sheet", "9999", "-o", str(tmp_path / "x.pdf"), str(_small_atlas)]) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["fichas"]
