"""The offline page in a real browser: it shows what the store holds, and hostile names stay text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hostile import CODES, HOSTILE, MARK
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, sync_playwright

from atlas.config import Atlas
from atlas.errors import UnknownName
from atlas.maps import compact_json, outlines, standalone, write_outlines
from atlas.steps import differences
from atlas.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _decoded(line: list[int]) -> np.ndarray[Any, Any]:
    return np.cumsum(np.array(line).reshape(-1, 2), axis=0) / 1e5


def test_outlines_come_back_to_a_metre(store: Store) -> None:
    held = outlines(store)
    units = store.read("neighbourhoods").to_crs(4326)
    assert held["codes"] == list(CODES)
    assert [held["parent_codes"][number] for number in held["parent"]] == units["parent"].tolist()
    for shape, told in zip(held["shapes"], units.geometry, strict=True):
        rings = [[_decoded(ring) for ring in polygon] for polygon in shape]
        back = shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in rings])
        assert shapely.hausdorff_distance(back, told) < 1.5e-5
        assert len(shape) == shapely.get_num_geometries(told)


def test_borders_run_between_parents_and_not_between_neighbours_of_one(store: Store) -> None:
    held = outlines(store)
    units = store.read("neighbourhoods").to_crs(4326)
    lines = shapely.union_all([shapely.LineString(_decoded(line)) for line in held["borders"]]).buffer(3e-5)
    first, second, third = units.geometry.iloc[:3]
    assert not lines.covers(shapely.intersection(first, second)), "both belong to 0104"
    assert lines.covers(shapely.intersection(first, third)), "0104 beside 0308"


def test_outlines_are_written_once_under_the_name_of_their_content(store: Store, tmp_path: Path) -> None:
    path = write_outlines(store, tmp_path / "static")
    before = path.stat().st_mtime_ns
    assert re.fullmatch(r"outlines-[0-9a-f]{16}\.json", path.name)
    assert json.loads(path.read_text("utf-8"))["id"] in path.name
    assert write_outlines(store, tmp_path / "static") == path
    assert path.stat().st_mtime_ns == before
    assert list(path.parent.iterdir()) == [path]


@given(st.lists(st.tuples(st.integers(-999, 999), st.integers(-999, 999)), min_size=2, max_size=20))
def test_differences_keep_every_point_that_moves(points: list[tuple[int, int]]) -> None:
    kept = [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]
    line = differences(np.array(points, dtype=float))
    assert np.cumsum(np.array(line).reshape(-1, 2), axis=0).tolist() == [list(point) for point in kept]


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_in_a_page_holds_no_tag_and_comes_back(value: Any) -> None:
    text = compact_json(value)
    assert "<" not in text
    assert json.loads(text) == value


def test_page_is_the_same_each_time_and_names_no_address(atlas: Atlas, store: Store) -> None:
    page = standalone(atlas, store)
    assert page == standalone(atlas, store)
    assert '<html lang="pt">' in page
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert "sourceMappingURL" not in page
    assert "url(images" not in page
    with pytest.raises(UnknownName, match="potential"):
        standalone(atlas, store, index="potencial")


def test_sources_are_in_the_language_of_the_page(atlas: Atlas, store: Store) -> None:
    pages = {lang: standalone(atlas, store, lang=lang) for lang in ("pt", "en")}
    assert "INE (Open data)" in pages["en"]
    assert '"title":"Census 2021"' in pages["en"]
    assert not re.search("Censos 2021|Dados abertos", pages["en"])
    assert '"title":"Censos 2021"' in pages["pt"]


@pytest.fixture(scope="module")
def pages() -> Iterator[Any]:
    """A browser that notes every request and every error of its pages."""
    assert CHROMIUM, "the browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as program:
        browser = program.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(pages: Any, atlas: Atlas, store: Store, tmp_path: Path) -> Iterator[Any]:
    """The page of a language, opened from a file: the page, its requests, its errors."""

    def open_in(lang: str, **view: Any) -> tuple[Page, list[str], list[str]]:
        path = tmp_path / f"{lang}.html"
        path.write_text(standalone(atlas, store, lang=lang), "utf-8")
        page = pages.new_page(viewport={"width": 1280, "height": 900, **view})
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda fault: wrong.append(str(fault)))
        page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
        page.goto(path.as_uri())
        page.wait_for_selector("#atlas-table tbody tr")
        return page, asked, wrong

    yield open_in


@pytest.mark.browser
def test_hostile_names_stay_text_and_nothing_leaves_the_page(opened: Any) -> None:
    page, asked, wrong = opened("pt")
    names = page.locator("#atlas-table tbody th button").all_inner_texts()
    assert HOSTILE[0] in names
    assert HOSTILE[2] in names
    assert HOSTILE[1] in names
    for number in range(len(CODES)):
        page.locator("#atlas-table tbody button").nth(number).click()
        for box in page.locator("#atlas-card details").all():
            box.locator("summary").click()
    page.locator(".atlas-toggles summary").click()
    for box in page.locator(".atlas-toggles input").all():
        box.check()
    for y in range(300, 800, 60):
        for x in range(60, 700, 60):
            page.mouse.move(x, y)
        page.mouse.click(400, y)
    page.fill("#atlas-search", "<img")
    page.keyboard.press("Enter")
    assert page.evaluate(f"window.{MARK}") is None
    assert page.locator("img, iframe, object, #atlas-card script, table script").count() == 0
    assert [url for url in asked if not url.startswith("file:")] == []
    assert len(asked) == 1
    assert wrong == []


@pytest.mark.browser
def test_agglomerations_and_the_network_can_be_switched_on(opened: Any) -> None:
    """Hulls and links are drawn as lines once their layer is on, and taken away with it."""
    page, _, wrong = opened("pt")
    toggles = page.locator(".atlas-toggles label").all_text_contents()
    assert any(one.startswith("Aglomerações de equipamentos (2)") for one in toggles)
    page.locator(".atlas-toggles summary").click()

    def lines_are(on: bool) -> None:
        script = """() => [...document.querySelectorAll('.leaflet-atlas-lines-pane canvas')].some((box) =>
            box.getContext('2d').getImageData(0, 0, box.width, box.height).data.some((one) => one))"""
        for _ in range(50):
            if page.evaluate(script) == on:
                return
            page.wait_for_timeout(50)
        pytest.fail(f"lines drawn: {not on}")

    for name in ("Aglomerações de equipamentos", "Rede de programação"):
        box = page.locator(".atlas-toggles label", has_text=name).locator("input")
        lines_are(False)
        box.check()
        lines_are(True)
        box.uncheck()
    lines_are(False)
    assert wrong == []


@pytest.mark.browser
def test_a_script_that_came_with_data_would_not_run(opened: Any) -> None:
    """The second lock: even if text became HTML, the page's policy refuses what it was not written with."""
    page, _, wrong = opened("pt")
    page.evaluate(
        f"""() => {{ const box = document.createElement("div");
        box.innerHTML = '<img src=x onerror="window.{MARK}=1">'; document.body.append(box); }}"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate(f"window.{MARK}") is None
    assert any("Content Security Policy" in one for one in wrong)


@pytest.mark.browser
def test_table_map_and_card_share_one_selection(opened: Any) -> None:
    page, _, wrong = opened("pt")
    ranks = page.locator("#atlas-table tbody tr td:first-child").all_inner_texts()
    assert ranks == ["1", "2", "2", "4", "dados insuficientes"]
    page.fill("#atlas-search", "se")
    page.locator("#atlas-results button", has_text="Sé · Guimarães").click()
    card = page.locator("#atlas-card").inner_text()
    assert "Sé tem 64,5 em 100 e o posto 2 entre 4" in card
    assert "entre os postos 2 e 4" in card
    assert "12,5 · valor do município" in card
    assert "Consolidar" in card
    assert page.locator("#atlas-table tr.selected").locator("th").inner_text() == "Sé"
    paths = page.locator(".leaflet-atlas-selection-pane path")
    assert [path.get_attribute("stroke") for path in paths.all()] == ["#ffffff", "#1b3a57"]
    page.fill("#atlas-search", "")
    page.select_option("#atlas-parent", label="Arouca")
    assert page.locator("#atlas-table tbody tr:visible").count() == 2
    assert page.locator("#atlas-found").inner_text() == "2 unidades"
    assert wrong == []


@pytest.mark.browser
def test_classes_are_painted_and_missing_is_hatched(opened: Any) -> None:
    page, _, _ = opened("en", width=400)
    fills = [path.get_attribute("fill") for path in page.locator(".leaflet-atlas-units-pane path").all()]
    assert len(fills) == len(CODES)
    assert fills[CODES.index("131217")] == "url(#atlas-hatch)"
    assert fills[CODES.index("010402")] == "#253494"
    assert page.locator("#atlas-hatch").get_attribute("patternTransform") == "rotate(45)"
    legend = page.locator(".atlas-legend")
    assert legend.get_attribute("open") is None, "on a phone the legend is folded"
    legend.locator("summary").click()
    assert "Insufficient data" in legend.inner_text()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.browser
def test_the_table_comes_before_the_map_by_keyboard(opened: Any) -> None:
    page, _, _ = opened("pt")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    order = []
    for _ in range(14):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.closest('section, details')?.className || ''"))
    assert order.index("table-box") < order.index("map-box")
    page.locator("#atlas-table tbody button").first.focus()
    page.keyboard.press("Enter")
    assert "tem 71,2 em 100" in page.locator("#atlas-card").inner_text()


def test_a_municipal_index_speaks_of_municipalities(atlas: Atlas, store: Store) -> None:
    page = standalone(atlas, store, index="decline", lang="en")
    held = json.loads(re.findall(r'id="atlas-data">(.*?)</script>', page)[0])
    assert (held["municipal"], held["ranked"]) == (True, 2)
    assert held["units"]["rank"] == [1, 1, 2, 2, None]
    assert held["classes"][-1] == -1
    assert "Figure of the municipality." in held["legend"]["notes"]
