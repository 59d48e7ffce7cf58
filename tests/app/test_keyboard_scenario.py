"""*Cenários* by keyboard alone: added, moved, closed, reused, drawn, mended, taken back, saved and opened again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_serving import Served, ready, start
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as Late

from atlas.built import Built
from atlas.scenarios import read_scenario
from atlas.scenarios.model import Area

pytestmark = pytest.mark.browser
MOST_TABS = 250
BEHIND = """reached => {
  const stops = [...document.querySelectorAll("a, button, input, textarea, select, summary, iframe, [tabindex]")];
  const target = stops.find((e) => e.tabIndex >= 0 && e.checkVisibility() && reached(e));
  const place = target ? document.activeElement.compareDocumentPosition(target) : 0;
  return Boolean(place & Node.DOCUMENT_POSITION_PRECEDING);
}"""


@pytest.fixture
def served(porto: Built, tmp_path: Path) -> Iterator[Served]:
    """Porto, where there is space to reuse."""
    app = start("porto", porto.store.folder, "", tmp_path / "log")
    yield app
    app.stop()


def tab_to(page: Page, reached: str) -> None:
    """Press Tab, or Shift and Tab where it lies behind, until the focus is where ``reached`` holds of ``e``."""
    ready(page)
    key = "Shift+Tab" if page.evaluate(f"({BEHIND})(e => {reached})") else "Tab"
    for _ in range(MOST_TABS):
        if page.evaluate(f"(e => Boolean({reached}))(document.activeElement)"):
            return
        page.keyboard.press(key)
    raise AssertionError(reached)


def field(label: str) -> str:
    return f"e.localName === 'input' && (e.getAttribute('aria-label') || '').startsWith('{label}')"


def button(words: str) -> str:
    return f"e.localName === 'button' && e.textContent.trim().startsWith('{words}')"


def write(page: Page, label: str, words: str) -> None:
    tab_to(page, field(label))
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    ready(page)


def kind(page: Page, words: str) -> None:
    """The next kind of change: an arrow on the radio that is chosen."""
    tab_to(page, "e.type === 'radio' && e.closest('.st-key-scenario_kind') !== null")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".st-key-scenario_kind input:checked").locator("xpath=ancestor::label")).to_have_text(words)


def add(page: Page, count: int) -> None:
    tab_to(page, button("Acrescentar ao cenário"))
    page.keyboard.press("Enter")
    expect(page.locator(".ledger > li")).to_have_count(count, timeout=60_000)


def choose_file(page: Page, path: Path) -> None:
    """Open the file dialogue from its field; a rerun may swallow the key, which is pressed anew."""
    for last in (False, False, True):
        tab_to(page, "e.type === 'file'")
        try:
            with page.expect_file_chooser(timeout=20_000) as chooser:
                page.keyboard.press("Enter")
        except Late:
            if last:
                raise
        else:
            chooser.value.set_files(path)
            return


def test_a_scenario_is_made_mended_saved_and_opened_by_keyboard(
    browser: Browser,
    served: Served,
    tmp_path: Path,
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.goto(f"{served.address}cenarios")
    ready(page)
    write(page, "Onde", "-8.617 41.152")
    add(page, 1)
    kind(page, "Muda de sítio")
    write(page, "Procurar pelo nome", "serralves")
    write(page, "Onde", "-8.60 41.15")
    add(page, 2)
    kind(page, "Fecha")
    write(page, "Procurar pelo nome", "teatro")
    add(page, 3)
    kind(page, "Reutiliza-se um espaço")
    write(page, "Procurar pelo nome", "cedofeita")
    add(page, 4)
    kind(page, "Desenha-se uma área")
    for number, corner in enumerate(("-8.62 41.14", "-8.60 41.14", "-8.60 41.16"), 1):
        write(page, f"Canto {number}", corner)
    add(page, 5)
    tab_to(page, button("Alterar a mudança 5"))
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-scenario_leave")).to_be_visible(timeout=30_000)
    tab_to(page, field("Canto 2"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("-8.59 41.14")
    page.keyboard.press("Enter")
    tab_to(page, button("Guardar a alteração"))
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-scenario_leave")).to_have_count(0, timeout=30_000)
    tab_to(page, button("Retirar a mudança 1"))
    page.keyboard.press("Enter")
    expect(page.locator(".ledger > li")).to_have_count(4, timeout=30_000)
    tab_to(page, button("Desfazer o último passo"))
    page.keyboard.press("Enter")
    expect(page.locator(".ledger > li")).to_have_count(5, timeout=30_000)
    tab_to(page, button("Guardar o cenário"))
    with page.expect_download(timeout=60_000) as waiting:
        page.keyboard.press("Enter")
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    changes = read_scenario(path).changes
    assert [one.do for one in changes] == ["add", "move", "close", "reuse", "area"]
    area = changes[-1]
    assert isinstance(area, Area)
    assert area.ring == ((-8.62, 41.14), (-8.59, 41.14), (-8.6, 41.16))
    told = page.locator(".st-key-scenario_moves").inner_text()
    assert re.search("dentro do ruído|para lá do ruído", told)

    page.goto(f"{served.address}cenarios")
    ready(page)
    expect(page.locator(".ledger > li")).to_have_count(0, timeout=30_000)
    choose_file(page, path)
    expect(page.locator(".ledger > li")).to_have_count(5, timeout=60_000)
    context.close()
