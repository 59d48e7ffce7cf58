"""Both languages whole, Portugal's words, numbers as a câmara writes them."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path

import pytest

from atlas.atlasfile import product_folder
from atlas.language import NO_BREAK, Translator, catalogue

BRAZILIAN = (
    "arquivo|arquivos|baixar|tela|telas|usuário|usuários|salvar|deletar|senha|aba|sidebar|compartilhar|time|equipe|"
    "registro|registros|planejamento|planejar|ônibus|trem|fazendo|fato|contato|seção|recepção|concepção|percepção|"
    "aspecto|gênero|fenômeno|econômico|acadêmico|quilômetro|polígono-alvo|prefeitura|tombado|tombamento|aluguel|"
    "escore|hotspot|você|vocês|link|links|upload"
)
MAY_HOLD = {"arquivo", "arquivos"}  # an archive is a cultural facility


def words_of(text: str) -> str:
    return re.sub(r"`[^`]*`|https?://\S+|\{[^}]*\}", " ", text)


def texts_in(node: object) -> list[dict[str, str]]:
    if isinstance(node, dict):
        if set(node) == {"pt", "en"}:
            return [node]
        return [one for value in node.values() for one in texts_in(value)]
    return [one for value in node for one in texts_in(value)] if isinstance(node, list) else []


def config_texts() -> list[tuple[str, dict[str, str]]]:
    paths = [*product_folder("layers").glob("*.toml"), *product_folder("data").glob("*/atlas.toml")]
    return [(path.name, text) for path in paths for text in texts_in(tomllib.loads(path.read_text("utf-8")))]


def test_both_catalogues_hold_every_key_with_the_same_places_for_values() -> None:
    pt, en = catalogue("pt"), catalogue("en")
    assert set(pt) == set(en)
    for key, forms in pt.items():
        assert all(text.strip() for text in (*forms, *en[key])), key
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (forms[-1], en[key][-1])
        ]
        assert fields[0] == fields[1], key


@pytest.mark.parametrize("key", sorted(catalogue("pt")))
def test_the_catalogue_speaks_the_portuguese_of_portugal(key: str) -> None:
    for text in catalogue("pt")[key]:
        found = set(re.findall(rf"\b({BRAZILIAN})\b", words_of(text).lower())) - MAY_HOLD
        assert not found


def test_names_and_reasons_of_layers_and_atlases_are_whole_in_both_languages() -> None:
    texts = config_texts()
    assert len(texts) > 200
    for where, text in texts:
        assert text["pt"].strip(), where
        assert text["en"].strip(), where
        assert not set(re.findall(rf"\b({BRAZILIAN})\b", words_of(text["pt"]).lower())) - MAY_HOLD, (where, text["pt"])


def test_numbers_and_dates_as_portugal_writes_them() -> None:
    t = Translator("pt")
    assert t.number(1234.5, 1) == f"1{NO_BREAK}234,5"
    assert t.percent(0.125, 1) == f"12,5{NO_BREAK}%"
    assert t.date("2026-11-23") == "23/11/2026"
    assert t.date("2024-03") == "2024-03"
    assert t.number(float("nan")) == "—"


def test_zero_takes_the_plural() -> None:
    t = Translator("pt")
    assert t.n("cli.explain.places", 0).endswith("lugares.")
    assert t.n("cli.explain.places", 1).endswith("lugar.")


def test_no_catalogue_is_empty() -> None:
    folder = Path(__file__).parent.parent / "atlas" / "locale"
    names = {path.name for path in (folder / "pt").glob("*.po")}
    assert names == {path.name for path in (folder / "en").glob("*.po")}
    assert names >= {"app.po", "cli.po", "exports.po", "scoring.po"}
