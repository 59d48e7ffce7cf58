"""What takes long shows how far it is, and who stops it ends it: no process, no file, no store half made."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_serving import Served, start
from playwright.sync_api import Browser, Page, expect

from atlas.app.working import work
from atlas.built import Built, open_built

pytestmark = pytest.mark.browser

MOVED = "weights=p1_heritage-100--p1_culture-14--p1_walkable-7--p2-20--p4-10--p5-10"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the apps and their children write what they need for a while."""
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def app(norte: Built, scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An app whose children are counted: no other test may give it work."""
    one = start("norte", norte.store.folder, "", tmp_path_factory.mktemp("app") / "log")
    yield one
    one.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str, Path], Served]]:
    running: list[Served] = []

    def begin(name: str, store: Path) -> Served:
        running.append(start(name, store, "", tmp_path / f"log{len(running)}"))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


def children(app: Served) -> list[str]:
    """Processes that the app has begun and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == app.process.pid and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def until(holds: Callable[[], bool]) -> None:
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError


def left(scratch: Path) -> list[str]:
    return [one.name for one in scratch.iterdir() if one.name.startswith("atlas-")]


def test_a_file_is_stopped_and_made(app: Served, page: Page, scratch: Path, tmp_path: Path) -> None:
    page.goto(f"{app.address}entregar")
    make = page.get_by_role("button", name="Preparar: PMTiles")
    make.click(timeout=60_000)
    expect(page.get_by_role("progressbar")).to_be_visible()
    until(lambda: len(children(app)) == 1)
    page.get_by_role("button", name="Parar", exact=True).click()
    expect(make).to_be_visible()
    until(lambda: children(app) == [])
    assert left(scratch) == []

    page.get_by_role("button", name="Preparar: Excel (.xlsx)").click()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="Guardar: Excel (.xlsx)").click(timeout=60_000)
    waiting.value.save_as(tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")
    assert (children(app), left(scratch)) == ([], [])


def test_draws_are_stopped_and_made(app: Served, page: Page, scratch: Path) -> None:
    page.goto(f"{app.address}ordenar?{MOVED}")
    draw = page.get_by_role("button", name="Calcular os intervalos")
    draw.click(timeout=60_000)
    until(lambda: len(children(app)) == 1)
    page.get_by_role("button", name="Parar", exact=True).click()
    expect(draw).to_be_visible()
    until(lambda: children(app) == [])
    assert "drawn" not in page.url
    none = "Os intervalos valem para os pesos"
    interval = page.locator(".ranks tbody tr").first.locator("td").nth(4)
    before = interval.text_content()
    draw.click()
    expect(interval).not_to_have_text(str(before), timeout=60_000)
    expect(page.get_by_role("button", name="Parar", exact=True)).to_have_count(0, timeout=30_000)
    assert none not in str(page.locator(".order").text_content())
    assert (children(app), left(scratch)) == ([], [])


def test_a_first_build_is_stopped_and_begun_again(
    small_atlas: Path, page: Page, serve: Callable[[str, Path], Served], tmp_path: Path
) -> None:
    store = tmp_path / "stores" / "esposende"
    app = serve(str(small_atlas), store)
    page.goto(app.address)
    expect(page.get_by_role("progressbar")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Parar", exact=True).click()
    expect(page.get_by_text("foi interrompida")).to_be_visible()
    until(lambda: children(app) == [])
    assert [one.name for one in store.parent.glob("*") if one.suffix != ".lock"] == []  # nor its folder, if soon enough
    page.get_by_role("button", name="Construir agora").click()
    expect(page.locator(".ranks tbody tr").first).to_be_visible(timeout=60_000)
    assert {one.name for one in store.parent.iterdir()} >= {"esposende"}
    assert page.get_by_role("progressbar").count() == 0


def test_a_store_that_is_spoiled_or_built_anew_meanwhile(
    _small_atlas: Path, page: Page, serve: Callable[[str, Path], Served], tmp_path: Path
) -> None:
    """A message, never a traceback; and the app goes on with the new store."""
    store = tmp_path / "esposende"
    open_built(str(_small_atlas), store=store, draws=50)
    app = serve(str(_small_atlas), store)
    page.goto(app.address)
    expect(page.locator(".ranks tbody tr").first).to_be_visible(timeout=60_000)
    open_built(str(_small_atlas), store=store, draws=60, force=True)
    page.reload()
    expect(page.locator(".ranks tbody tr").first).to_be_visible(timeout=60_000)

    (store / "places.parquet").write_bytes(b"no table")
    other = serve(str(_small_atlas), store)
    page.goto(other.address)
    expect(page.get_by_role("alert")).to_contain_text("atlas build --force", timeout=60_000)
    shutil.copy(store / "manifest.json", tmp_path / "manifest.json")
    (store / "manifest.json").write_text("{", "utf-8")
    page.reload()
    expect(page.locator(".ranks tbody tr").first).to_be_visible(timeout=60_000)
    assert page.locator('[data-testid="stException"]').count() == 0


def test_work_ends_with_who_asked_for_it(small_atlas: Path, scratch: Path) -> None:
    class Enough(Exception):
        pass

    def tell(_share: float, _stage: str) -> None:
        raise Enough

    begun, before = time.monotonic(), set(scratch.iterdir())
    with pytest.raises(Enough):
        work("build", tell, folder=str(small_atlas), store=str(small_atlas / "store"))
    assert time.monotonic() - begun < 30  # a build would go on for as long again
    assert set(scratch.iterdir()) == before
    assert not (small_atlas / "store").exists()
