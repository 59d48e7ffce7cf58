"""*Cenários*: changes by form, what they do, and a link that carries them."""

from __future__ import annotations

import base64
import re
import zlib
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from test_pages import opened, text, trees

from atlas.app import link
from atlas.app.dom import words
from atlas.app.pages.cenarios import change_painting
from atlas.built import Built
from atlas.language import Translator
from atlas.scenarios import Scenario, apply, link_of, scenario_of_link
from atlas.scenarios.model import Add, Area, Close, data_of
from atlas.scenarios.moves import moves

BRAGA = "030351"


def press(app: AppTest) -> None:
    app.button(key="scenario_add").click()
    app.run()
    assert not app.exception, app.exception[0].stack_trace


def held(app: AppTest) -> Scenario:
    """The scenario in the page's address."""
    told = app.query_params["scenario"]
    return scenario_of_link(told if isinstance(told, str) else told[0])


@pytest.mark.parametrize("lang", ["pt", "en"])
def test_a_venue_by_form_moves_what_the_scenario_says(app_of_norte: Built, lang: str) -> None:
    app = opened("cenarios", unit=BRAGA, lang=lang)
    app.selectbox(key="scenario_class").set_value("theatre")
    app.text_input(key="scenario_name").set_value("Teatro Novo")
    app.text_input(key="scenario_spot").set_value("-8,4171 41,5528")
    press(app)
    made = held(app)
    (change,) = made.changes
    assert isinstance(change, Add)
    assert (change.class_, change.lon, change.lat) == ("theatre", -8.4171, 41.5528)
    assert app.text_input(key="scenario_spot").value == ""
    t = Translator("en" if lang == "en" else "pt")
    table = moves(apply(app_of_norte, made)).set_index("code")
    shown = words(trees(app)["scenario_moves"][0])
    row = table.loc[BRAGA]
    assert f"{t.number(row['score_before'], 1)} → {t.number(row['score_after'], 1)}" in shown
    for name in table.index[table["touched"]]:
        assert str(table.loc[name, "name"]) in shown
    assert "Teatro Novo" in words(trees(app)["scenario"][0])
    named = next(one for one in app_of_norte.atlas.indicator if one.code == "performance_5km").name.in_(t.lang)
    figure = app_of_norte.figures("neighbourhood").loc[BRAGA, "performance_5km"]
    whys = words(trees(app)["scenario_why"][0])
    assert re.search(rf"{re.escape(named)} {t.number(figure)} \w+ {t.number(figure + 1)} ", whys)


def test_a_place_is_found_by_its_words_and_closed(app_of_norte: Built) -> None:
    app = opened("cenarios")
    app.radio(key="scenario_kind").set_value("close")
    app.run()
    app.text_input(key="scenario_search").set_value("museu serralves")
    app.run()
    press(app)
    (change,) = held(app).changes
    assert isinstance(change, Close)
    assert "Serralves" in change.name
    assert change.place in app_of_norte.places.index
    assert "Serralves" in words(trees(app)["scenario"][0])
    press(app)  # a second press chooses no place that nobody named
    assert held(app).changes == (change,)
    assert "Procure e escolha um lugar" in text(app)


def test_an_area_is_pasted_as_corners(app_of_norte: Built) -> None:
    app = opened("cenarios", lang="en")
    app.radio(key="scenario_kind").set_value("area")
    app.run()
    app.text_input(key="scenario_name").set_value("The old market")
    app.text_area(key="scenario_corners").set_value("-8.43 41.54\n-8.41 41.54\n-8.41 41.56")
    press(app)
    (change,) = held(app).changes
    assert isinstance(change, Area)
    assert change.ring == ((-8.43, 41.54), (-8.41, 41.54), (-8.41, 41.56))
    assert "drawn area" in words(trees(app)["scenario_moves"][0])


@pytest.mark.parametrize(
    ("spot", "said"),
    [("em frente ao rio", "não diz onde"), ("41.55 -8.41", "fora da região"), ("", "Falta dizer onde")],
)
def test_a_spot_that_does_not_fit_is_said_and_changes_nothing(app_of_norte: Built, spot: str, said: str) -> None:
    app = opened("cenarios")
    app.text_input(key="scenario_spot").set_value(spot)
    press(app)
    assert said in words(trees(app)["scenario_fault"][0])
    assert "scenario" not in app.query_params
    assert app.text_input(key="scenario_spot").value == spot


def test_a_link_whose_place_is_gone_says_so_and_can_be_mended(app_of_norte: Built) -> None:
    gone = {"do": "close", "place": "p00000", "name": "Cinema Ido"}
    made = Scenario.model_validate({"atlas": "norte", "data": "2020-01-00000000", "name": "Antigo", "changes": [gone]})
    app = opened("cenarios", scenario=link_of(made))
    shown = text(app)
    assert "Cinema Ido" in shown
    assert "não está neste atlas" in shown
    assert "2020-01-00000000" in shown
    assert "Retirar a mudança 1" in shown


def test_the_weights_of_the_view_are_those_of_the_scenario(app_of_norte: Built) -> None:
    add = {"do": "add", "class": "museum", "lon": -8.4171, "lat": 41.5528}
    made = Scenario.model_validate({"atlas": "norte", "data": data_of(app_of_norte), "name": "x", "changes": [add]})
    weights = {"p1_heritage": 1.0, "p1_culture": 97.0, "p1_walkable": 1.0, "p2": 1.0, "p4": 1.0, "p5": 1.0}
    told = "--".join(f"{pillar}-{weight:g}" for pillar, weight in weights.items())
    app = opened("cenarios", scenario=link_of(made), weights=told, index="potential")
    row = moves(apply(app_of_norte, made.model_copy(update={"weights": weights}))).iloc[0]
    t = Translator("pt")
    shown = words(trees(app)["scenario_moves"][0])
    assert f"{t.number(row['score_before'], 1)} → {t.number(row['score_after'], 1)}" in shown


def test_a_cut_scenario_leaves_the_rest_of_the_link_standing() -> None:
    known = link.Known("norte", "1", {"potential": {"p2": 20.0}}, units=frozenset({BRAGA}))
    whole = link_of(Scenario.model_validate({"atlas": "norte", "name": "x"}))
    view, notices = link.read({"unit": BRAGA, "scenario": whole[:-6]}, known)
    assert (view.unit, view.scenario) == (BRAGA, "")
    assert [notice.key for notice in notices] == ["scenario.app.link_broken"]
    view, notices = link.read({"scenario": whole}, known)
    assert (view.scenario, notices) == (whole, [])
    assert link.write(view, known)["scenario"] == whole


def test_a_unit_without_a_rank_is_hatched_and_not_shown_as_unchanged(norte: Built) -> None:
    """One rises, one has no score before or after, the others stay as they are."""
    codes = norte.store.read("neighbourhoods")["code"]
    after = np.full(len(codes), 50.0)
    after[:2] = 50.5, np.nan
    table = pd.DataFrame({"code": codes, "score_before": 50.0, "score_after": after, "rank_after": range(len(codes))})
    table.loc[1, ["score_before", "rank_after"]] = np.nan
    session: Any = SimpleNamespace(built=norte, level="neighbourhood", t=Translator("pt"))
    painted = change_painting(session, cast(Any, SimpleNamespace(moves=table)))
    told = zlib.decompress(base64.b64decode(painted.figures)).decode("latin-1")
    held = told[2 * len(codes) : 3 * len(codes)]  # behind the ranks
    assert (held.count("-"), held.count("c"), held.count(".")) == (1, 1, len(codes) - 2)
