"""Every page draws, in both languages, and shows the numbers that the atlas holds."""

from __future__ import annotations

import json
import re
import tomllib
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from atlas.app import pages
from atlas.app.dom import words
from atlas.app.downloads import takes_long
from atlas.app.serve import SETTINGS
from atlas.app.session import fingerprint
from atlas.app.tasks import TASKS
from atlas.app.working import hold, name_of, place_of
from atlas.built import Built
from atlas.explaining import explain
from atlas.exports import formats
from atlas.language import NO_BREAK, Translator
from atlas.maps import standalone
from atlas.ranking import rank_table
from atlas.store import Store

PAGES = sorted(path.stem for path in Path(pages.__path__[0]).glob("*.py") if path.stem != "__init__")
CEDOFEITA = "131217"


def one_page(name: str) -> None:
    """What Streamlit runs in the tests of a page: the session of the link, and the page."""
    import importlib

    from atlas.app.session import Session, wanted_atlas

    module = importlib.import_module(f"atlas.app.pages.{name}")
    session = Session(wanted_atlas())
    module.show(session)
    session.keep_link()


def opened(name: str, **link: str) -> AppTest:
    app = AppTest.from_function(one_page, args=(name,), default_timeout=60)
    app.query_params.update(link)
    app.run()
    assert not app.exception, app.exception[0].stack_trace
    return app


def trees(app: AppTest) -> dict[str, list[Any]]:
    """Key → tree of every view on the page."""
    found = {}
    for element in app.get("bidi_component"):
        data = json.loads(zlib.decompress(element.proto.bytes))
        found[element.proto.id.rpartition("-")[2]] = data["tree"]
    return found


def text(app: AppTest) -> str:
    return " ".join(words(node) for tree in trees(app).values() for node in tree)


def sliders(app: AppTest) -> dict[str, float]:
    """Pillar → where its slider stands."""
    drawn = re.findall(r'"name": "([^"]*)"[^}]*"value": "([^"]*)"', json.dumps(trees(app)["sliders"]))
    return {pillar: float(weight) for pillar, weight in drawn}


def pillars_of_the_potential(built: Built) -> dict[str, float]:
    """The pillars that have data, with the weights that the app begins with."""
    preset = built.atlas.preset[0].weights
    return {pillar.id: preset[pillar.id] for pillar in built.atlas.index_of("potential").pillar if pillar.indicators}


@pytest.mark.parametrize("lang", ["pt", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_draws_in_both_languages(app_of_norte: Built, name: str, lang: str) -> None:
    shown = text(opened(name, lang=lang))
    assert len(shown) > 200
    assert not re.search(r"\bapp\.[a-z]+\.|\{[a-z_]+\}|\bnan\b|\bNone\b|<NA>", shown)


@pytest.mark.parametrize(
    ("page", "told"),
    [("explorar", "Porto · Potencial criativo · Equilíbrio"), ("comparar", "Potencial criativo")],
)
def test_one_line_says_what_the_selectors_hold(app_of_norte: Built, page: str, told: str) -> None:
    (line,) = trees(opened(page, within="1312"))["choices"]
    assert line[1]["data-told"] == told


def test_an_english_page_says_sources_and_licences_in_english(app_of_norte: Built) -> None:
    """Every source of the embedded atlases has both names: a translated one is not marked as Portuguese."""
    assert all(source.title_en for source in app_of_norte.atlas.source)
    tree = trees(opened("metodo", lang="en"))["method_sources"]
    shown = " ".join(words(node) for node in tree)
    for source in app_of_norte.atlas.source:
        assert source.title_en in shown
        assert source.licence_in("en") in shown
    assert not re.search("Registo|Estatística oficial|segundo|Factos|Sem licença|dados abertos", shown)
    assert '"lang": "pt"' not in json.dumps(tree)
    assert "Registo público" in text(opened("metodo"))


def test_a_title_that_nobody_translated_is_marked_as_portuguese(app_of_norte: Built) -> None:
    from atlas.app.words import named

    source = app_of_norte.atlas.source[0]
    bare = source.model_copy(update={"title_en": ""})
    assert named(Translator("en"), bare, "") == ["span", {"lang": "pt"}, source.title]
    assert named(Translator("en"), source, "") == source.title_en
    assert named(Translator("pt"), bare, "") == source.title


@pytest.mark.parametrize("lang", ["pt", "en"])
def test_indicators_that_do_not_spread_are_named(app_of_norte: Built, lang: str) -> None:
    from atlas.app.pages.metodo import without_spread

    manifest: dict[str, Any] = {"without_spread": ["museums_5km", "o_que_nao_existe"]}
    session: Any = SimpleNamespace(
        built=SimpleNamespace(store=SimpleNamespace(manifest=manifest)),
        atlas=app_of_norte.atlas, view=SimpleNamespace(lang=lang), t=Translator("en" if lang == "en" else "pt"),
    )  # fmt: skip
    (line,) = without_spread(session)
    museums = app_of_norte.atlas.indicator_of("museums_5km").name.in_(lang)
    assert museums in words(line)
    assert "o_que_nao_existe" in words(line)  # an indicator that the configuration has lost since keeps its code
    manifest["without_spread"] = []
    assert without_spread(session) == []


def test_explorar_shows_the_first_ranked_with_score_and_intervals(app_of_norte: Built) -> None:
    first = rank_table(app_of_norte).iloc[0]
    shown = text(opened("explorar"))
    t = Translator("pt")
    assert str(first["name"]) in shown
    assert t.number(first["score"], 1) in shown
    assert f"{t.number(first['rank_low'])}–{t.number(first['rank_high'])}" in shown


def test_the_card_shows_contributions_that_add_up(app_of_norte: Built) -> None:
    told = explain(app_of_norte, CEDOFEITA)
    t = Translator("pt")
    shown = text(opened("explorar", unit=CEDOFEITA))
    assert sum(part["contribution"] for part in told["contributions"]) == pytest.approx(told["score"])
    assert told["sentence"] in shown
    for part in told["contributions"]:
        assert part["name"] in shown
        assert t.number(part["contribution"], 1) in shown


def test_every_place_behind_a_figure_is_listed_with_its_source(app_of_norte: Built) -> None:
    told = explain(app_of_norte, CEDOFEITA)
    shown = text(opened("porque", unit=CEDOFEITA))
    named = {one["name"] for one in told["evidence"] if one["name"]}
    assert len(named) > 50
    assert [name for name in named if name not in shown] == []
    assert "OpenStreetMap" in shown
    assert "ODbL" in shown


def test_a_links_weights_change_the_order_the_shares_and_the_sliders(app_of_norte: Built) -> None:
    app = opened("ordenar")
    before = text(app)
    weights = {**pillars_of_the_potential(app_of_norte), "p1_heritage": 100.0}
    app = opened("ordenar", weights="--".join(f"{pillar}-{weight:.0f}" for pillar, weight in weights.items()))
    order = rank_table(app_of_norte, weights=weights, intervals=False)
    after = text(app)
    assert after != before
    places = [after.index(str(name)) for name in order["name"].iloc[[0, 4, 9]]]
    assert places == sorted(places)
    share = Translator("pt").percent(100 / sum(weights.values()), 1)
    assert share in text(app)
    assert sliders(app)["p1_heritage"] == 100
    assert "p1_heritage-100" in str(app.query_params["weights"])
    assert app.selectbox(key="preset").value == ""


def test_ordenar_shows_seven_columns_and_says_the_rest_of_the_selected_unit(app_of_norte: Built) -> None:
    row = rank_table(app_of_norte).set_index("code").loc[CEDOFEITA]
    t = Translator("pt")
    shown = [trees(opened("ordenar", unit=CEDOFEITA, columns=columns))["order_full"] for columns in ("few", "all")]
    few, every = (json.dumps(tree) for tree in shown)
    assert (few.count('"scope": "col"'), every.count('"scope": "col"')) == (7, 12)
    below = words(_found(shown[0], "below"))
    for key, share in (("top10", row["p_top10"]), ("coverage", row["coverage"])):
        assert f"{t(f'app.table.{key}')} {t.percent(share)}" in below
    assert '"class": "below"' not in every


def _found(node: Any, style: str) -> Any:
    """The first element of a class in a tree."""
    for child in node if isinstance(node, list) else []:
        if isinstance(child, list) and len(child) > 1 and isinstance(child[1], dict) and child[1].get("class") == style:
            return child
        if (found := _found(child, style)) is not None:
            return found
    return None


def test_a_preset_puts_its_weights_back(app_of_norte: Built) -> None:
    odd = dict.fromkeys(pillars_of_the_potential(app_of_norte), 1) | {"p5": 90}
    app = opened("ordenar", weights="--".join(f"{pillar}-{weight}" for pillar, weight in odd.items()))
    assert sliders(app)["p5"] == 90
    app.selectbox(key="preset").select("patrimonio").run()
    wanted = next(one.weights for one in app_of_norte.atlas.preset if one.id == "patrimonio")
    assert sliders(app) == {one: wanted[one] for one in odd}


def test_the_filter_keeps_to_one_municipality(app_of_norte: Built) -> None:
    app = opened("ordenar")
    app.selectbox(key="area").select("1609").run()
    shown = text(app)
    mine = rank_table(app_of_norte, within="1609")
    assert all(str(name) in shown for name in mine["name"])
    assert "Vila Nova de Gaia" not in shown


def test_an_index_of_municipalities_lists_86_and_says_so_of_a_parish(app_of_norte: Built) -> None:
    shown = text(opened("explorar", index="decline", unit=CEDOFEITA))
    assert "86 de 86 municípios" in shown
    assert "Valor do município" in shown


def test_an_old_link_says_what_no_longer_fits(app_of_norte: Built) -> None:
    app = AppTest.from_file(str(Path(__file__).parents[2] / "streamlit_app.py"), default_timeout=60)
    app.query_params.update({"v": "1.2020-01-00000000", "unit": "999999", "lang": "en"})
    app.run()
    assert not app.exception
    shown = text(app)
    assert "The link was made with other data (2020-01-00000000)" in shown
    assert "“999999”" in shown


def test_a_link_to_a_unit_far_down_opens_the_table_there(app_of_norte: Built) -> None:
    row = rank_table(app_of_norte).iloc[777]
    app = AppTest.from_file(str(Path(__file__).parents[2] / "streamlit_app.py"), default_timeout=60)
    app.query_params["unit"] = str(row["code"])
    app.run()
    assert not app.exception
    tables = " ".join(words(node) for node in trees(app)["order"])
    assert str(row["name"]) in tables
    assert "751 a 800 de" in tables


VALUES = "codigo;valor\n131217;1,5\n131218;muito\n"


def with_file(app: AppTest, name: str, content: bytes) -> AppTest:
    """The page after the browser has sent a file: the field itself is tried in a real browser."""
    from atlas.app import own
    from atlas.uploads import read

    app.session_state[own.OWN] = own.Own(uploaded=read(name, content))
    return app.run()


def test_a_file_of_ones_own_is_shown_confirmed_and_ranks_beside_the_index(app_of_norte: Built) -> None:
    codes = rank_table(app_of_norte)["code"]
    held = pd.DataFrame({"codigo": codes, "valor": range(len(codes))})  # the last of the order has the most
    app = with_file(opened("ordenar"), "meu.csv", held.to_csv(index=False).encode())
    shown = text(app)
    assert "meu.csv: 1\N{NO-BREAK SPACE}504 registos, 2 colunas." in shown
    assert "Dado do utilizador, não verificado." in shown
    app.button(key="own_confirm").click().run()
    assert not app.exception
    assert "Todas as unidades têm valor: 1\N{NO-BREAK SPACE}504 freguesias." in text(app)
    app.slider(key="own_weight").set_value(50).run()
    app.selectbox(key="own_direction").select("less").run()
    assert not app.exception
    row = next(node for node in trees(app)["order_full"] if "1\N{NO-BREAK SPACE}504" in words(node))
    assert "Posto com o dado peso 50\N{NO-BREAK SPACE}%" in words(row)
    assert "meu.csv" not in str(dict(app.query_params))


def test_a_fault_in_a_file_names_row_and_column_in_the_pages_language(app_of_norte: Built) -> None:
    for lang, told in (("pt", "Coluna «valor», linha 3: «muito»"), ("en", "Column “valor”, row 3: “muito”")):
        app = with_file(opened("explorar", lang=lang), "v.csv", VALUES.encode())
        app.button(key="own_confirm").click().run()
        assert not app.exception
        assert told in text(app)


def test_nothing_of_a_file_reaches_the_store_or_another_session(app_of_norte: Built) -> None:
    folder = app_of_norte.store.folder.parent
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    places = gpd.GeoDataFrame({"nome": ["Só meu"]}, geometry=gpd.points_from_xy([-8.61], [41.15]), crs=4326)
    app = with_file(opened("explorar", unit=CEDOFEITA), "meu.geojson", places.to_json().encode())
    app.button(key="own_confirm").click().run()
    assert not app.exception
    assert "Só meu" in text(app)
    assert "Só meu" not in text(opened("explorar", unit=CEDOFEITA))
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_portuguese_figures_have_a_no_break_space_and_a_comma(app_of_norte: Built) -> None:
    shown = " ".join(words(node) for node in trees(opened("explorar"))["order"])
    assert f"1{NO_BREAK}504" in shown
    assert re.search(r"\b\d\d,\d\b", shown)
    assert not re.search(r"\d\.\d", shown)


def test_both_ways_of_starting_give_the_same_settings() -> None:
    """``streamlit run`` reads the file, ``atlas app`` the table in ``serve``."""
    held = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))
    flat: dict[str, Any] = {}

    def lay(prefix: str, table: dict[str, Any]) -> None:
        for key, value in table.items():
            if isinstance(value, dict):
                lay(f"{prefix}{key}.", value)
            else:
                flat[f"{prefix}{key}"] = value

    lay("", held)
    assert flat == SETTINGS


def test_chances_that_take_long_are_drawn_in_a_process_of_its_own_and_are_the_same(
    app_of_norte: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a municipality's units, and of two that are compared; the share that is done grows to the whole."""
    told: list[str] = []
    shares: dict[str, list[float]] = {}

    def awaited(_session: object, _key: str, _what: str, task: str, *, give_up: object, **arguments: Any) -> object:
        assert callable(give_up)
        told.append(task)
        heard = shares.setdefault(task, [])
        made = TASKS[task](lambda share, _: heard.append(share), **place_of(app_of_norte), **arguments)
        hold(name_of(task, fingerprint(app_of_norte), arguments), made)
        return made

    links = {"ordenar": {"within": "0303", "columns": "all"}, "comparar": {"unit": CEDOFEITA}}
    direct = {name: text(opened(name, **link)) for name, link in links.items()}
    monkeypatch.setattr("atlas.app.session.QUICK_DRAWS", 1)
    for module in ("controls", "pages.comparar"):
        monkeypatch.setattr(f"atlas.app.{module}.awaited", awaited)
    assert {name: text(opened(name, **link)) for name, link in links.items()} == direct
    assert told == ["above", "chance"]
    assert all(one == sorted(one) and len(one) > 2 and one[-1] == 1 for one in shares.values())
    chances = rank_table(app_of_norte, within="0303")["p_above_next"].dropna()
    assert all(Translator("pt").percent(chance) in direct["ordenar"] for chance in chances.head(5))


def test_what_is_written_while_one_waits_takes_no_longer_than_a_moment(app_of_norte: Built) -> None:
    long = {(layer, suffix) for layer in ("neighbourhoods", "places", "museums") for suffix in formats()
            if takes_long(app_of_norte, layer, suffix)}  # fmt: skip
    assert {(layer, ".pmtiles") for layer in ("neighbourhoods", "places", "museums")} < long
    assert {("neighbourhoods", ".xlsx"), ("places", ".xlsx"), ("places", ".kml")} < long
    assert not long & {("museums", ".xlsx"), ("neighbourhoods", ".geojson"), ("neighbourhoods", ".csv")}


def test_the_map_of_the_browser_is_what_the_command_line_writes(app_of_norte: Built) -> None:
    made = TASKS["standalone"](lambda *_: None, **place_of(app_of_norte), index="potential", lang="pt")
    assert made.decode() == standalone(app_of_norte.atlas, app_of_norte.store, lang="pt", index="potential")


@pytest.mark.parametrize(("lang", "mean"), [("pt", "0,99·P"), ("en", "0.99·P")])
def test_the_formulas_told_are_those_of_the_indices(app_of_norte: Built, lang: str, mean: str) -> None:
    tree = trees(opened("metodo", lang=lang))["method_formulas"]
    told = " ".join(words(node) for node in tree)
    for index in app_of_norte.atlas.index:
        assert index.name.in_("en" if lang == "en" else "pt") in told
    assert (mean in told) == any(index.aggregation != "arithmetic" for index in app_of_norte.atlas.index)
    logged = [one for one in app_of_norte.atlas.indicator if one.log]
    assert all(one.name.in_("en" if lang == "en" else "pt") in told for one in logged)


@pytest.mark.parametrize(
    ("lang", "words_"), [("pt", ("fechou", "o registo já não existe")), ("en", ("has closed", "no"))]
)
def test_decisions_are_listed_with_whether_they_were_applied(lang: str, words_: tuple[str, str]) -> None:
    from atlas.app.formulas import decisions
    from atlas.fusion.decided import COLUMNS

    rows = pd.DataFrame([
        ("closed", "osm", "<b>node/1</b>", "", "", "", "2026-05-04", "p1", True),
        ("same", "osm", "node/2", "register", "77", "", "2026-05-04", "", False),
    ], columns=list(COLUMNS))  # fmt: skip
    session: Any = SimpleNamespace(
        built=SimpleNamespace(store=SimpleNamespace(read={"decisions": rows}.__getitem__)),
        t=Translator("en" if lang == "en" else "pt"),
    )
    told = " ".join(words(node) for node in decisions(session) if node)
    assert all(word in told for word in words_)
    assert "<b>node/1</b>" in told  # text, which the browser writes as text
    assert "77 · register" in told
    session.built.store.read = {"decisions": rows.iloc[:0]}.__getitem__
    told = " ".join(words(node) for node in decisions(session) if node)
    assert "decisions.csv" in told
    assert "fechou" not in told


def test_what_chance_would_give_is_offered_once_and_then_stands_beside_the_counts(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas.strategy.null_atlas.DRAWS", 3)
    monkeypatch.setenv("ATLAS_APP_NAME", str(small_built))
    store = small_built / ".atlas"
    app = opened("estrategia", atlas=str(small_built))
    assert text(app).count("Falta o que daria o acaso") == 1
    assert "--null" not in text(app)

    def here(task: str, tell: Any, **arguments: Any) -> Any:
        return TASKS[task](lambda share, stage: tell(share, stage), **arguments)

    monkeypatch.setattr("atlas.app.bar.work", here)  # this test's process is the one with three draws
    app.button(key="draw_null").click().run()
    assert not app.exception, app.exception[0].stack_trace
    assert "Falta o que daria o acaso" not in text(app)
    assert "(3 atlas com os equipamentos" in text(app)
    assert not [one for one in app.button if one.key == "draw_null"]
    assert "null_atlas" in Store(store).tables()
