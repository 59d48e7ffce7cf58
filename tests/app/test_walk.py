"""One link holds everything: every control of a page is changed, and a fresh browser opens its address on the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from app_serving import Served, ready
from playwright.sync_api import Browser, Page, ViewportSize, expect

pytestmark = pytest.mark.browser

SIZE: ViewportSize = {"width": 1440, "height": 1000}
STATE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  const of = (selector, told) => [...main.querySelectorAll(selector)].map(told);
  return {
    fields: of('input[type=text], textarea', (e) => e.value),
    chosen: of('input:checked', (e) => e.closest('label').textContent),
    sliders: of('input[type=range], [role=slider]', (e) => e.getAttribute('aria-valuenow') || e.value),
    pressed: of('[aria-pressed=true], [aria-current]', (e) => e.dataset.to || e.textContent),
    selects: of('select', (e) => e.value),
    words: of('h1, h2, .legend, .pages span, .ranks td:first-child, .aside', (e) => e.textContent),
  };
}"""


@pytest.fixture(scope="module")
def first(browser: Browser) -> Iterator[Page]:
    """The page that is worked on; what it has fetched once stays with it."""
    context = browser.new_context(viewport=SIZE)
    yield context.new_page()
    context.close()


def changed(page: Page, act: Callable[[], Any], into: str) -> None:
    """Do something, and wait until the address says it."""
    act()
    page.wait_for_url(re.compile(into), timeout=60_000)
    ready(page)


def choose(page: Page, label: str, option: str, into: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).fill(option)
    changed(page, page.get_by_role("option", name=option, exact=True).first.click, into)


def find(page: Page, label: str, text: str, into: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).fill(text)
    expect(page.locator(".finder [role=option]:visible").first).to_be_visible(timeout=30_000)
    changed(page, lambda: page.keyboard.press("Enter"), into)


def explorar(page: Page) -> None:
    choose(page, "Município", "Braga", "within=0303")
    find(page, "Procurar freguesia", "gualtar", "unit=0303")
    page.get_by_role("button", name="Camadas").click()
    changed(page, page.get_by_text("Museus", exact=True).click, "layers=museums")
    page.keyboard.press("Escape")
    choose(page, "O mapa mostra", "As quatro leituras", "show=readings")
    choose(page, "Ponderação", "Património primeiro", "p1_heritage-35")
    page.get_by_text("Pesos dos pilares").click()
    changed(page, lambda: page.get_by_role("slider").first.press("ArrowRight"), "p1_heritage-36")


def ordenar(page: Page) -> None:
    changed(page, page.get_by_role("button", name="Todas as colunas").click, "columns=all")
    changed(page, page.get_by_role("button", name="Seguintes").click, "start=50")
    page.get_by_text("Pesos dos pilares").click()
    changed(page, lambda: page.get_by_role("slider").first.press("End"), "p1_heritage-100")
    changed(page, page.get_by_role("button", name=re.compile("Calcular os intervalos")).click, "drawn=1")
    changed(page, page.get_by_role("button", name="Seguintes").click, "start=50")


def porque(page: Page) -> None:
    find(page, "Procurar freguesia", "gualtar", "unit=0303")
    choose(page, "Ponderação", "Criativos", "p2-25")
    changed(page, page.locator(".st-key-venues button").click, "asked=1")


def comparar(page: Page) -> None:
    find(page, "Primeira unidade", "gualtar", "unit=0303")
    find(page, "Segunda unidade", "bonfim", "other=1312")
    choose(page, "Índice", "Declínio demográfico", "index=decline_people")


def cenarios(page: Page) -> None:
    changed(page, page.get_by_role("button", name="Experimentar com um exemplo").click, "scenario=")
    page.locator(".st-key-scenario_show").get_by_text("Antes", exact=True).click()
    changed(page, lambda: None, "effect=before")
    page.get_by_text("Reutiliza-se um espaço").click()
    changed(page, lambda: None, "kind=reuse")


def estrategia(page: Page) -> None:
    choose(page, "Município", "Braga", "within=0303")


def entregar(page: Page) -> None:
    choose(page, "Camada", "Museus", "file=museums")
    choose(page, "Município", "Braga", "within=0303")


def metodo(page: Page) -> None:
    changed(page, page.get_by_role("button", name="EN").click, "lang=en")


WALK: dict[str, Callable[[Page], None]] = {
    "": explorar, "ordenar": ordenar, "porque": porque, "comparar": comparar, "cenarios": cenarios,
    "estrategia": estrategia, "entregar": entregar, "metodo": metodo, "acessibilidade": metodo,
}  # fmt: skip


@pytest.mark.parametrize("path", list(WALK))
def test_every_control_of_a_page_comes_back_by_its_link(
    browser: Browser, first: Page, served: Served, path: str
) -> None:
    fresh = browser.new_context(viewport=SIZE).new_page()
    first.goto(served.address + path)
    ready(first)
    WALK[path](first)
    fresh.goto(first.url)
    ready(fresh)
    expanders = fresh.get_by_text("Pesos dos pilares")
    if expanders.count():  # what is open is the reader's, not the view's
        expanders.click()
    expect(fresh.locator(".notices")).to_have_count(0, timeout=30_000)
    assert fresh.url == first.url
    told = first.evaluate(STATE)
    fresh.wait_for_function(f"told => JSON.stringify(({STATE})()) === JSON.stringify(told)", arg=told)
    fresh.context.close()
