"""Both languages whole, Portugal's words, numbers as a câmara writes them."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

from atlas import language
from atlas.answers import list_answer
from atlas.atlasfile import product_folder
from atlas.built import Built
from atlas.cli import main
from atlas.config import Indicator, Text
from atlas.language import NO_BREAK, Translator, catalogue, counted
from atlas.listing import indicators_table, layers_table

BRAZILIAN = (
    "arquivo|arquivos|baixar|tela|telas|usuário|usuários|salvar|deletar|senha|aba|sidebar|compartilhar|time|equipe|"
    "registro|registros|planejamento|planejar|ônibus|trem|fazendo|fato|contato|seção|recepção|concepção|percepção|"
    "aspecto|gênero|fenômeno|econômico|acadêmico|quilômetro|polígono-alvo|prefeitura|tombado|tombamento|aluguel|"
    "escore|hotspot|você|vocês|link|links|upload"
)
MAY_HOLD = {"arquivo", "arquivos"}  # an archive is a cultural facility


NUMBERS = {
    "all", "alone", "columns", "components", "count", "draws", "facilities", "figures", "high", "indicators", "inside",
    "known", "often", "parents", "places", "points", "rank", "ranked", "records", "residents", "rows", "score",
    "sources", "total", "units", "unplaced", "used",
}  # fmt: skip
"""Names that stand for a number where a message has them."""
NEVER_ONE = {
    "draws sorteios", "draws vezes", "draws draws", "draws times", "all tipos", "all kinds", "often partidas",
    "often departures", "score pontos", "score points", "points pontos", "points points", "rank lugares", "rank places",
    "rows linhas", "rows rows",
}  # fmt: skip
"""Numbers that are many by their nature, or written with a decimal."""


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


def in_unit(unit: tuple[str, str], one: tuple[str, str] | None = None) -> Indicator:
    held = {"unit_one": Text(pt=one[0], en=one[1])} if one else {}
    words = Text(pt="Um", en="One")
    return Indicator.model_validate(
        {"code": "one", "name": words, "about": words, "measure": "count", "unit": Text(pt=unit[0], en=unit[1]), **held}
    )


def test_a_figure_is_said_with_its_unit_in_the_right_number() -> None:
    galleries = in_unit(("galerias", "galleries"), ("galeria", "gallery"))
    pt, en = Translator("pt"), Translator("en")
    assert [pt.quantity(value, galleries, 0) for value in (0, 1, 2, None)] == [
        "0 galerias",
        "1 galeria",
        "2 galerias",
        "—",
    ]
    assert [en.quantity(value, galleries, 0) for value in (1.0, 1.2, 1.6)] == ["1 gallery", "1 gallery", "2 galleries"]
    assert pt.quantity(1, galleries, 1) == "1,0 galerias"  # with a decimal it is no single one
    assert pt.quantity(-0.04, in_unit(("%", "%")), 1) == f"0,0{NO_BREAK}%"
    # an atlas made before units had two forms
    assert pt.quantity(1, in_unit(("galerias", "galleries")), 0) == f"1{NO_BREAK}galerias"
    assert pt.quantity(3, in_unit(("", "")), 0) == "3"


def test_every_unit_that_is_a_word_has_its_singular() -> None:
    """Beside symbols and turns of phrase, which do not change."""
    unchanging = re.compile(r"(%|€|km|m|min|pp|p\.p\.|por |per |de \d|of \d|vezes |times |proporção|ratio)")
    root = product_folder("data").parent
    paths = [root / "atlas/initialise/template.toml", *root.glob("data/*/atlas.toml")]
    paths += root.glob("atlas/strategy/results/*.toml")
    units = [
        one
        for path in paths
        for one in [*tomllib.loads(path.read_text("utf-8")).get("indicator", []),
                    *tomllib.loads(path.read_text("utf-8")).get("figure", [])]
    ]  # fmt: skip
    assert len(units) > 80
    for one in units:
        for lang in ("pt", "en"):
            if not unchanging.match(one["unit"][lang]):
                assert one["unit_one"][lang] != one["unit"][lang]


def test_a_sentence_with_several_numbers_has_the_words_of_each() -> None:
    t = Translator("pt")
    said = t("cli.counts", units=15, parents=1, records=1, places=1234, unplaced=0)
    assert said == f"15 unidades em 1 área; 1 registo fundido em 1{NO_BREAK}234 lugares; 0 registos sem lugar."
    assert counted("en", 1, "# place has|# places have") == "1 place has"


def test_no_message_puts_a_fixed_plural_after_a_number() -> None:
    """A number that may be 1 chooses its word: ``{count:# lugar|# lugares}``, or a message with two forms."""
    after = re.compile(r"\{(\w+)\} ([\w-]{3,}s)\b")
    for lang in ("pt", "en"):
        for key, forms in catalogue(lang).items():
            said = {f"{found[1]} {found[2]}" for found in after.finditer(forms[0]) if found[1] in NUMBERS}
            assert said <= NEVER_ONE or len(forms) > 1 or key.endswith("_many"), (lang, key, forms[0])


@pytest.mark.parametrize("lang", ["pt", "en"])
def test_a_percent_sign_stays_with_its_number(lang: str) -> None:
    texts = [(key, text) for key, forms in catalogue("en" if lang == "en" else "pt").items() for text in forms]
    texts += [(where, text[lang]) for where, text in config_texts()]
    assert [(where, text) for where, text in texts if re.search(rf"[\d}}][^\d}}{NO_BREAK}]?%", text)] == []


def test_zero_takes_the_plural() -> None:
    t = Translator("pt")
    assert t.n("cli.explain.places", 0).endswith("lugares.")
    assert t.n("cli.explain.places", 1).endswith("lugar.")


def test_no_catalogue_is_empty() -> None:
    folder = Path(__file__).parent.parent / "atlas" / "locale"
    names = {path.name for path in (folder / "pt").glob("*.po")}
    assert names == {path.name for path in (folder / "en").glob("*.po")}
    assert names >= {"app.po", "cli.po", "exports.po", "scoring.po"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "atlas: COMMAND: «nothing» não serve; escolha entre "),
        (["rank", "--lang", "fr"], "atlas rank: --lang: «fr» não serve; escolha entre "),
        (["rank", "--lang", "pt", "--top"], "atlas rank: --top: falta o valor."),
        (["init", "--lang", "pt", "x", "--name", "a"], "atlas init: falta indicar um destes: --neighbourhoods --grid."),
        (["rank", "--lang", "pt", "norte", "a", "b"], "atlas: argumentos desconhecidos: a b."),
        (["export", "--lang", "pt"], "atlas export: falta indicar: "),
    ],
)
def test_a_wrong_command_is_refused_in_portuguese(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert main(words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.startswith("utilização: atlas")


def test_the_help_has_its_headings_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", "--help", "--lang", "pt"]) == 0
    told = capsys.readouterr().out
    assert "\nopções:\n" in told
    assert "mostra esta ajuda" in told
    assert main(["rank", "--help", "--lang", "en"]) == 0
    assert "\noptions:\n" in capsys.readouterr().out


def test_lists_are_read_in_the_language_and_handed_to_programs_as_they_are(norte: Built) -> None:
    answer = list_answer(norte, layers_table(norte), "pt")
    assert answer.shown is not None
    shown = next(row for row in answer.shown if row["id"] == "museums")
    row = next(row for row in answer.rows if row["id"] == "museums")
    assert shown["completude"] == Translator("pt").percent(row["complete"])
    assert shown["lugares"] == str(row["places"])
    first = list_answer(norte, indicators_table(norte, "en"), "en").shown
    assert first is not None
    assert (first[0]["direction"], first[0]["level"], first[0]["present"]) == ("more", "neighbourhood", "1,504")


def test_no_error_ends_with_what_is_not_there() -> None:
    """Who reads that something does not exist wants to know what to do."""
    ends = re.compile(r"(?:não existem?|do(?:es)? not exist)\.$")
    for path in sorted(Path(language.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not ends.search(node.value), (path, node.lineno)
