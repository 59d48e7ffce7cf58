"""Answers of a command as a page shows them: rows that can stand alone, and what is missing said once, never as 0."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_pages import opened, text

from atlas.answers import Answer
from atlas.app.answer_tables import answer_nodes
from atlas.app.dom import words
from atlas.app.view import BROWSER
from atlas.atlasfile import find_atlas, load_atlas
from atlas.language import Translator
from atlas.store import Store


def test_every_cell_says_its_column_for_a_screen_too_narrow_for_the_heads() -> None:
    answer = Answer([], shown=[{"nome": "Sé", "p": "0,01"}], foot="Nota.", chance="Ao acaso.")
    region, foot, chance = (node for node in answer_nodes(Translator("pt"), answer, "Tabela") if node)
    cells = region[2][4][2][2:]
    assert [cell[1]["data-head"] for cell in cells] == ["Nome: ", "p: "]
    assert [words(foot), words(chance)] == ["Nota.", "Ao acaso."]


def test_without_a_decline_nothing_is_counted_and_without_residents_that_is_said_once(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an atlas of an OpenStreetMap extract alone: neither a second axis nor people."""
    monkeypatch.setenv("ATLAS_APP_NAME", str(small_built))
    read = Store.read

    def without(store: Store, name: str):  # type: ignore[no-untyped-def]
        table = read(store, name)
        lost = {"opportunities": ["opportunity", "cell", "decline"], "neighbourhoods": ["residents"]}.get(name, [])
        return table.assign(**dict.fromkeys(lost)) if lost else table

    monkeypatch.setattr(Store, "read", without)
    shown = text(opened("estrategia", atlas=str(small_built)))
    assert "0 candidatas" not in shown
    assert shown.count("O que daria o acaso não se pode sortear") == 1
    assert "faltam as duas leituras" in shown


def test_the_command_of_entregar_names_an_atlas_of_ones_own_by_its_folder(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_APP_NAME", str(small_built))
    shown = text(opened("entregar", atlas=str(small_built)))
    command = re.search(r"atlas export neighbourhoods .* -o \S+", shown)
    assert command
    assert find_atlas(shlex.split(command[0])[3]) == small_built


@pytest.mark.parametrize(("lang", "told"), [("pt", "Este passo falhou"), ("en", "This step failed")])
def test_a_fault_that_nobody_foresaw_is_said_in_the_pages_language(lang: str, told: str) -> None:
    """Streamlit's own words are English alone: the style puts these in their place."""
    from atlas.app.header import _page

    session: Any = SimpleNamespace(
        t=Translator("en" if lang == "en" else "pt"),
        view=SimpleNamespace(index="potential"),
        atlas=load_atlas(find_atlas("norte")),
    )
    assert _page(session, "explorar")["tints"]["--broken"].startswith(f'"{told}')
    style = (BROWSER / "app.css").read_text("utf-8")
    assert re.search(r"stException[^{]*::after \{ content: var\(--broken", style)
