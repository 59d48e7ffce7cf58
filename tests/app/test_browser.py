"""The app in a real Chromium: the four sittings, without a network, by mouse and by keyboard, with hostile names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from app_serving import Served, ready, start
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Frame, Locator, Page, Request, WebSocket, expect
from playwright.sync_api import TimeoutError as Late

from atlas.built import Built
from atlas.ranking import rank_table
from atlas.scenarios import Scenario, link_of, read_scenario
from atlas.scenarios.model import Add, Area

pytestmark = pytest.mark.browser

PATHS = ("", "ordenar", "porque", "comparar", "cenarios", "estrategia", "entregar", "metodo", "acessibilidade")
WITH_A_MAP = ("", "cenarios")
CEDOFEITA = "131217"
A_THEATRE = Scenario.model_validate({
    "atlas": "norte", "name": "Um teatro", "changes": [
        {"do": "add", "class": "theatre", "lon": -8.4171, "lat": 41.5528, "name": "Teatro"},
        {"do": "area", "name": "Centro", "ring": [[-8.43, 41.54], [-8.41, 41.54], [-8.41, 41.56]]},
    ],
})  # fmt: skip
MOST_BYTES_A_MOVE = 30_000
BEYOND = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('[data-testid=stMain]'))"


@dataclass
class Watched:
    """A page that tells what it asked for and what went over the wire."""

    page: Page
    outside: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    received: list[int] = field(default_factory=list)

    def settled(self) -> Frame:
        """Wait until table and map are drawn; the map's frame."""
        expect(self.page.locator(".ranks tbody tr").first).to_be_visible(timeout=60_000)
        return self.painted()

    def painted(self) -> Frame:
        """Wait until the map is drawn; its frame."""
        self.page.frame_locator("iframe").locator("html[data-painted]").wait_for(state="attached", timeout=30_000)
        return next(frame for frame in self.page.frames if "st_folium" in frame.url)

    def idle(self) -> None:
        """Wait until the server has said all that it has to say."""
        self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=30_000)

    def drawn(self) -> None:
        """Wait until the map shows as many corners as the form has."""
        self.idle()
        written = self.page.locator(".st-key-scenario_corner_list input").count() - 1
        pins = self.page.frame_locator("iframe").locator(".atlas-pin.leaflet-interactive")
        expect(pins).to_have_count(written)

    def stamp(self) -> str:
        """Changes when the map is painted anew."""
        return str(self.settled().evaluate("document.documentElement.dataset.painted"))


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A page that has every request to another machine held against it; the browser finds none (``ARGUMENTS``)."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    one = Watched(context.new_page())

    def note(request: Request | WebSocket) -> None:
        one.asked.append(request.url)
        if not re.match(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:", request.url):
            one.outside.append(request.url)

    def listen(socket: WebSocket) -> None:
        note(socket)
        socket.on("framereceived", lambda payload: one.received.append(len(payload)))

    context.on("request", note)
    one.page.on("websocket", listen)
    one.page.on("pageerror", lambda fault: one.faults.append(str(fault)))
    yield one
    context.close()
    assert one.outside == []
    assert one.faults == []


def rows(page: Page) -> list[str]:
    return page.locator(".ranks tbody tr").evaluate_all("all => all.map(row => row.dataset.to)")


def test_the_four_sittings_share_one_selection_and_one_link(watched: Watched, served: Served, norte: Built) -> None:
    page = watched.page
    page.goto(served.address)
    frame = watched.settled()
    order = rank_table(norte)
    assert rows(page) == order["code"].head(50).tolist()
    assert page.evaluate("document.documentElement.lang") == "pt-PT"
    assert "Explorar" in page.title()
    assert "Potencial criativo" in str(page.locator("iframe").get_attribute("title"))

    third = order.iloc[2]
    page.get_by_role("button", name=str(third["name"]), exact=True).first.click()
    expect(page.locator(".card h2").first).to_have_text(str(third["name"]))
    expect(page.locator('.ranks tr[aria-current="true"]')).to_have_attribute("data-to", str(third["code"]))
    page.wait_for_url(re.compile(f"unit={third['code']}"))
    frame.wait_for_function("code => window.map.atlasDrawing.state.selected === code", arg=str(third["code"]))

    for path, heading in (("ordenar", "Potencial criativo"), ("porque", str(third["name"])), ("entregar", "Entregar")):
        page.locator(f'nav a[data-to="{path}"]').click()
        page.wait_for_url(re.compile(rf"/{path}\?.*unit={third['code']}"))
        expect(page.locator("h1").first).to_contain_text(heading)


def test_a_click_on_the_map_selects_in_the_table_and_a_reload_comes_back(
    watched: Watched, served: Served, norte: Built
) -> None:
    page = watched.page
    page.goto(f"{served.address}?within=1609")
    frame = watched.settled()
    last = rank_table(norte, within="1609")["code"].iloc[-1]
    spot = frame.evaluate(
        """code => {
          const { map, units, index } = window.map.atlasDrawing;
          const shape = units[index[code]];
          const box = map.getContainer().getBoundingClientRect();
          const inside = shape.getBounds();
          for (let at = 1; at < 400; at += 1) {
            const lat = inside.getSouth() + (inside.getNorth() - inside.getSouth()) * ((at * 0.618) % 1);
            const lng = inside.getWest() + (inside.getEast() - inside.getWest()) * (at / 400);
            const point = map.latLngToContainerPoint([lat, lng]);
            const hit = document.elementFromPoint(box.left + point.x, box.top + point.y);
            if (hit === shape.getElement()) return [point.x, point.y];
          }
        }""",
        last,
    )
    page.frame_locator("iframe").locator("#map_div").click(position={"x": spot[0], "y": spot[1]})
    expect(page.locator('.ranks tr[aria-current="true"]')).to_have_attribute("data-to", last)
    page.wait_for_url(re.compile(f"unit={last}"))
    page.reload()
    watched.settled()
    expect(page.locator('.ranks tr[aria-current="true"]')).to_have_attribute("data-to", last)
    expect(page.locator(".card h2").first).to_have_text(str(norte.units.loc[last, "name"]))


def first_weight(watched: Watched, served: Served) -> Locator:
    """The first slider of *Explorar*, unfolded."""
    watched.page.goto(served.address)
    watched.settled()
    watched.page.get_by_text("Pesos dos pilares").click()
    slider = watched.page.get_by_role("slider").first
    expect(slider).to_be_visible()
    return slider


def test_moving_a_weight_reorders_and_repaints_and_sends_no_outline_again(watched: Watched, served: Served) -> None:
    page, slider = watched.page, first_weight(watched, served)
    before, stamp, mounted = rows(page), watched.stamp(), page.frames[-1].url
    watched.idle()
    watched.asked.clear()
    watched.received.clear()
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("h1 .badge")).to_have_text("pesos alterados")
    page.wait_for_function("before => [...document.querySelectorAll('.ranks tbody tr')].map(row => row.dataset.to)"
                           ".join() !== before.join()", arg=before)  # fmt: skip
    page.frame_locator("iframe").locator(f'html[data-painted]:not([data-painted="{stamp}"])').wait_for(state="attached")
    page.wait_for_url(re.compile("weights=p1_heritage-100"))
    assert [url for url in watched.asked if "outlines" in url] == []
    assert page.frames[-1].url == mounted
    assert sum(watched.received) <= MOST_BYTES_A_MOVE

    watched.idle()
    watched.received.clear()
    page.frame_locator("iframe").get_by_role("button", name="Aproximar").click()
    page.frame_locator("iframe").locator("#map_div").press("ArrowRight")
    page.wait_for_timeout(600)  # longer than the frame waits before it would report
    assert watched.received == []


def test_what_a_moved_weight_leaves_standing_follows_it_when_it_is_used(watched: Watched, served: Served) -> None:
    page, slider = watched.page, first_weight(watched, served)
    for key, weight in (("End", 100), ("ArrowLeft", 99)):  # the first one leaves the preset, the second nothing
        slider.press(key)
        page.wait_for_url(re.compile(f"weights=p1_heritage-{weight}-"), timeout=30_000)
        watched.settled()
    elsewhere = page.get_by_role("link", name="Ordenar")
    elsewhere.focus()
    expect(elsewhere).to_have_attribute("href", re.compile("weights=p1_heritage-99-"))
    page.get_by_role("button", name="Camadas").click()
    page.get_by_role("checkbox", name="Museus").check()
    page.wait_for_url(re.compile("weights=p1_heritage-99-.*layers=museums"), timeout=30_000)
    watched.settled()
    elsewhere.click()
    page.wait_for_url(re.compile("ordenar.*weights=p1_heritage-99-.*layers=museums"), timeout=30_000)


def test_the_geojson_is_downloaded_and_reads_back(
    watched: Watched, served: Served, norte: Built, tmp_path: Path
) -> None:
    page = watched.page
    page.goto(served.address)
    watched.settled()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="Descarregar: GeoJSON").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "atlas-norte-neighbourhoods.geojson"
    assert "crs" not in json.loads(path.read_text("utf-8"))
    table = gpd.read_file(path).set_index("code")
    ranks = rank_table(norte).set_index("code")["rank"].astype(float)
    assert sorted(table.index) == sorted(norte.units.index)
    pd.testing.assert_series_equal(table["potential_rank"].astype(float).sort_index(), ranks.sort_index(),
                                   check_names=False)  # fmt: skip


@pytest.mark.parametrize("lang", ["pt", "en"])
def test_by_keyboard_alone_from_the_first_tab_to_a_downloaded_file(watched: Watched, served: Served, lang: str) -> None:
    page = watched.page
    page.goto(f"{served.address}?lang={lang}")
    watched.settled()

    def tab_to(reached: str, most: int = 140) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate(f"(() => {{ const e = document.activeElement; return {reached}; }})()"):
                return
        raise AssertionError(reached)

    page.evaluate("document.body.focus()")
    tab_to("e.classList.contains('skip')", most=4)
    tab_to("e.getAttribute('role') === 'combobox' && e.closest('.finder') !== null")
    page.keyboard.type("lordelo do ouro", delay=10)
    expect(page.locator(".finder [role=option]").first).to_contain_text("Lordelo do Ouro")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".card h2").first).to_contain_text("Lordelo do Ouro")
    order = page.evaluate("[...document.querySelectorAll('.ranks, iframe')].map(e => e.localName)")
    assert order == ["table", "iframe"]
    with page.expect_download(timeout=60_000) as waiting:
        tab_to("/GeoJSON/.test(e.textContent) && e.localName === 'button'", most=220)
        page.keyboard.press("Enter")
    assert waiting.value.suggested_filename.endswith(".geojson")


def test_a_file_of_ones_own_comes_to_the_map_and_goes_with_the_session(
    watched: Watched, served: Served, norte: Built
) -> None:
    outline = gpd.GeoSeries([norte.units.loc[CEDOFEITA, "geometry"]], crs=norte.atlas.atlas.crs).to_crs(4326)
    spot = outline.representative_point().iloc[0]
    shapes = [spot, outline.iloc[0].envelope]
    own = gpd.GeoDataFrame({"nome": [HOSTILE[1], HOSTILE[2]]}, geometry=shapes, crs=4326)
    page = watched.page
    page.goto(f"{served.address}?unit={CEDOFEITA}&within=1312")
    frame = watched.settled()
    page.get_by_text("Os seus dados").click()
    field = page.locator(".bring input")
    field.set_input_files({"name": "estraga.csv", "mimeType": "text/csv", "buffer": b'a,b\n"'})
    expect(page.get_by_role("alert")).to_contain_text("estraga.csv: Na linha 2 abrem-se aspas")
    field.set_input_files({"name": "meu.geojson", "mimeType": "application/json", "buffer": own.to_json().encode()})
    expect(page.get_by_text("meu.geojson: 2 registos")).to_be_visible()
    before = watched.stamp()
    page.get_by_role("button", name="Confirmar e usar").click()
    expect(page.locator(".own[role=status]")).to_contain_text(HOSTILE[1])
    page.frame_locator("iframe").locator(f'html[data-painted]:not([data-painted="{before}"])').wait_for(
        state="attached"
    )
    held = frame.evaluate("() => window.map.atlasDrawing.layers.own.group.getLayers().map(one => one.getLatLng())")
    assert held == [{"lat": round(spot.y, 5), "lng": round(spot.x, 5)}]
    expect(page.locator(".legend .layers")).to_contain_text("meu.geojson (do utilizador, não verificado)")
    assert [url for url in watched.asked if "meu" in url] == []
    assert [each.evaluate("window.__hacked") for each in page.frames] == [None] * len(page.frames)
    page.reload()
    watched.settled()
    expect(page.locator(".legend")).not_to_contain_text("meu.geojson")


def test_a_figure_of_ones_own_colours_the_map_and_stands_in_the_table(
    watched: Watched, served: Served, norte: Built
) -> None:
    """Whole numbers in classes, what the file does not name hatched; the same in the table and in words."""
    braga = rank_table(norte, within="0303")["code"].tolist()
    values = [0] * 9 + list(range(1, len(braga) - 9))  # the last of the order is not named
    told = dict(zip(braga, values, strict=False))
    lines = "\n".join(f"{code};{value}" for code, value in told.items())
    page = watched.page
    page.goto(f"{served.address}?within=0303&unit={braga[0]}")
    frame = watched.settled()
    page.get_by_text("Os seus dados").click()
    held = {"name": "lojas.csv", "mimeType": "text/csv", "buffer": f"codigo;lojas\n{lines}\n".encode()}
    page.locator(".bring input").set_input_files(held)  # type: ignore[arg-type]
    page.get_by_role("button", name="Confirmar e usar").click()
    before = watched.stamp()
    page.get_by_role("button", name="Mostrar no mapa").click()
    repainted = f'html[data-painted]:not([data-painted="{before}"])'
    page.frame_locator("iframe").locator(repainted).wait_for(state="attached")
    classes = frame.evaluate(
        "codes => codes.map(code => window.map.atlasDrawing.state.classes[window.map.atlasDrawing.index[code]])", braga
    )
    assert classes[:9] == [0] * 9
    assert classes[-1] == -1
    assert classes[9:-1] == sorted(classes[9:-1])
    assert set(classes[9:-1]) == {1, 2, 3, 4}
    legend = page.locator(".legend")
    expect(legend).to_contain_text("Legenda: lojas · lojas.csv")
    expect(legend.locator("li").first).to_have_text("1: 0")
    expect(legend).to_contain_text("sem valor no seu ficheiro")
    row = page.locator(f'.ranks tr[data-to="{braga[9]}"]')
    expect(row.locator("td.n")).to_have_text("1classe 2")
    expect(page.locator(f'.ranks tr[data-to="{braga[-1]}"] td.n')).to_have_text("—")
    assert "lojas · lojas.csv" in str(page.locator("iframe").get_attribute("title"))
    assert [url for url in watched.asked if "lojas" in url] == []
    page.wait_for_url(re.compile("show=own"))
    page.reload()
    watched.settled()
    expect(page.locator(".notices")).to_contain_text("O mapa mostrava um ficheiro do utilizador")
    expect(legend).to_contain_text("Legenda: Potencial criativo")


HOSTILE = (
    "<img src=x onerror=window.__hacked=1>",
    "${window.__hacked=1}`+(window.__hacked=1)+`",
    "</script><script>window.__hacked=1</script>",
    "{{ window.__hacked=1 }}{% raw %}",
    "=HYPERLINK(window.__hacked=1)\u202egnp.exe",
    "javascript:window.__hacked=1 " + "ã" * 3000,
)


def test_the_headers_that_the_docs_name_let_the_app_work(watched: Watched, served: Served) -> None:
    """As behind a proxy that sets them: the map is drawn, a slider moves, a page has its figures."""
    told = (Path(__file__).parents[2] / "docs" / "app.md").read_text("utf-8")
    headers = dict(re.findall(r"add_header ([\w-]+) \"?([^\";]+(?:;[^\"\n]+)?)\"?;", told))
    assert set(headers) >= {"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options"}
    page = watched.page
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)

    def with_headers(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, **headers})

    page.route(lambda url: "_stcore/stream" not in url, with_headers)
    page.goto(f"{served.address}?within=1312")
    watched.settled()
    page.get_by_text("Pesos dos pilares").click()
    page.get_by_role("slider").first.press("End")
    expect(page.locator("h1 .badge")).to_have_text("pesos alterados")
    assert refused == []


@pytest.mark.parametrize("where", ["atlas.toml", "app.toml"])
def test_a_tile_server_is_asked_only_where_the_atlas_or_the_installation_names_one(
    watched: Watched, small_atlas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Its pictures are let in, its credit stays text, and the browser refuses those of any other host."""
    told = f"\n[tiles]\naddress = 'http://127.0.0.1:9/mosaico/{{z}}/{{x}}/{{y}}.png'\ncredit = '{HOSTILE[0]}'\n"
    path = small_atlas / where if where == "atlas.toml" else tmp_path / where
    with path.open("a", encoding="utf-8") as file:
        file.write(told)
    monkeypatch.setenv("ATLAS_APP_CONFIG", str(path) if where == "app.toml" else "")
    app = start(str(small_atlas), tmp_path / "store", "", tmp_path / "log")
    try:
        watched.page.goto(app.address)
        frame = watched.settled()
        frame.wait_for_function("document.querySelector('.leaflet-tile')")
        asked = [url for url in watched.asked if "/mosaico/" in url]
        assert asked
        assert all(re.search(r"/mosaico/\d+/\d+/\d+\.png$", url) for url in asked)
        assert HOSTILE[0] in str(frame.locator(".atlas-credit").text_content())
        assert frame.evaluate("window.__hacked") is None
        for each, refused in ((frame, "8"), (watched.page.main_frame, "9")):
            assert each.evaluate(REFUSED, f"http://127.0.0.1:{refused}/x.png") == "img-src"
    finally:
        assert app.stop() == 0


REFUSED = """address => new Promise((resolve) => {
  document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true });
  new Image().src = address;
  setTimeout(() => resolve("let through"), 3000);
})"""


def test_a_fault_in_the_installations_file_ends_the_start(
    small_atlas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.toml").write_text("[tiles]\naddress = 'tiles.example.pt'\ncredit = 'x'\n", "utf-8")
    monkeypatch.setenv("ATLAS_APP_CONFIG", str(tmp_path / "app.toml"))
    with pytest.raises(AssertionError, match=r"app\.toml.*2.*tiles\.address"):
        start(str(small_atlas), tmp_path / "store", "", tmp_path / "log")


def test_hostile_names_stay_text(watched: Watched, small_atlas: Path, tmp_path: Path) -> None:
    """Names of parishes, municipality and places that would run as script, markup or template."""
    outlines = gpd.read_parquet(small_atlas / "neighbourhoods.parquet")
    outlines["name"] = [f"{HOSTILE[place % len(HOSTILE)]} {place}" for place in range(len(outlines))]
    outlines["parent_name"] = HOSTILE[0]
    outlines.to_parquet(small_atlas / "neighbourhoods.parquet", index=False)
    venues = pd.read_csv(small_atlas / "wikidata_2026.csv", dtype=str, keep_default_na=False)
    name = next(column for column in ("name", "label") if column in venues)
    venues[name] = [f"{HOSTILE[place % len(HOSTILE)]} {place}" for place in range(len(venues))]
    venues.to_csv(small_atlas / "wikidata_2026.csv", index=False)
    app = start(str(small_atlas), tmp_path / "store", "", tmp_path / "log")
    try:
        page = watched.page
        page.goto(f"{app.address}?layers=heritage.museums.libraries")
        frame = watched.settled()
        assert HOSTILE[0] in str(page.locator(".ranks tbody").text_content())
        frame.evaluate("""() => {
          const { map, units, layers } = window.map.atlasDrawing;
          for (const unit of units) unit.fire("mouseover", { latlng: unit.getBounds().getCenter() });
          for (const held of Object.values(layers)) {
            held.group.getLayers().forEach((place) => {
              const latlng = place.getLatLng();
              map.fire("mousemove", { latlng });
              map.fire("click", { latlng });
            });
          }
        }""")
        page.locator(".finder input").first.fill("window")
        expect(page.locator(".finder [role=option]").first).to_be_visible()
        for path in PATHS[1:]:
            page.goto(f"{app.address}{path}?lang=en")
            expect(page.locator("h1").first).to_be_visible(timeout=60_000)
            for each in page.frames:
                assert each.evaluate("window.__hacked") is None
    finally:
        assert app.stop() == 0


@pytest.mark.parametrize(
    ("lang", "example", "area", "add", "save"),
    [
        ("pt", "Experimentar com um exemplo", "Desenha-se uma área", "Acrescentar ao cenário", "Guardar o cenário"),
        ("en", "Try an example", "An area is drawn", "Add to the scenario", "Save the scenario"),
    ],
)
def test_a_scenario_is_drawn_on_the_map_saved_and_opened_again(
    watched: Watched, served: Served, tmp_path: Path, lang: str, example: str, area: str, add: str, save: str
) -> None:
    """An example by its button, an area by three clicks; the file and the link bring both back."""
    page = watched.page
    page.goto(f"{served.address}cenarios?lang={lang}&unit=030351")
    watched.painted()
    page.get_by_role("button", name=example).click()
    expect(page.locator(".ledger li")).to_have_count(1, timeout=30_000)
    page.get_by_text(area).click()
    corners = page.locator(".st-key-scenario_corner_list input")
    expect(corners).to_have_count(1)
    watched.idle()
    for place, (x, y) in enumerate(((200, 150), (420, 150), (420, 380)), 1):
        page.frame_locator("iframe").locator("#map_div").click(position={"x": x, "y": y})
        expect(corners).to_have_count(place + 1)
        watched.drawn()
    last = corners.nth(2)
    expect(last).to_have_value(re.compile(r"^-?[\d.]+ [\d.]+$"))
    before = last.input_value()
    box = page.locator("iframe").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 420, box["y"] + 380)
    page.mouse.down()
    page.mouse.move(box["x"] + 380, box["y"] + 340, steps=5)
    page.mouse.up()
    expect(last).not_to_have_value(before)
    watched.drawn()
    page.locator('[data-do="step"] [data-to="undo"]').click()
    expect(last).to_have_value(before)
    watched.idle()
    page.get_by_role("button", name=add).click()
    expect(page.locator(".ledger li")).to_have_count(2, timeout=30_000)
    watched.idle()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name=save).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    theatre, drawn = read_scenario(path).changes
    assert isinstance(theatre, Add)
    assert isinstance(drawn, Area)
    assert len(drawn.ring) == 3
    link = page.url
    page.goto(f"{served.address}cenarios?lang={lang}")
    watched.painted()
    expect(page.locator(".ledger li")).to_have_count(0, timeout=30_000)
    page.locator(".bring input").set_input_files(path)
    expect(page.locator(".ledger li")).to_have_count(2, timeout=30_000)
    page.goto(link)
    expect(page.locator(".ledger li")).to_have_count(2, timeout=60_000)


def each_page(page: Page, address: str) -> Iterator[str]:
    """Every page in turn, by its link, drawn whole."""
    page.goto(address)
    for path in PATHS:
        if path:
            page.locator(f'[data-do="page"] a[data-to="{path}"]').first.click()
            page.wait_for_url(re.compile(rf"/{path}\?"))
        expect(page.locator("iframe")).to_have_count(1 if path in WITH_A_MAP else 0, timeout=60_000)
        ready(page)  # until the map is painted, folium's own page stands in the frame
        yield path


def test_no_page_breaks_the_rules_of_wcag(watched: Watched, served: Served) -> None:
    """axe-core, WCAG 2.2 A and AA, on every page and inside the map's frame, in both languages."""
    found: dict[str, list[str]] = {}
    for lang in ("pt", "en"):
        view = f"lang={lang}&unit={CEDOFEITA}&layers=museums&scenario={link_of(A_THEATRE)}"
        for path in each_page(watched.page, f"{served.address}?{view}"):
            if path == "cenarios":
                expect(watched.page.locator("table.plain").first).to_be_visible(timeout=60_000)
            # The colours are the same in both languages, and comparing them takes most of the time.
            for name in violations(watched.page, contrast=lang == "pt"):
                found.setdefault(name, []).append(f"{lang} {path}")
    assert found == {}


def test_dark_surroundings_keep_the_contrast(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    page = context.new_page()
    address = f"{served.address}?unit={CEDOFEITA}&layers=museums"
    found = {path: told for path in each_page(page, address) if (told := violations(page, contrast=True, alone=True))}
    context.close()
    assert found == {}


def test_a_phone_shows_the_facts_first_and_a_chosen_unit_near(browser: Browser, served: Served) -> None:
    """The selectors stand behind one line; the map of a scenario goes to the unit that it is about."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{served.address}cenarios?unit={CEDOFEITA}")
    line = page.get_by_role("button", name="Escolhas")
    selectors = page.locator(".st-key-selectors")
    expect(line).to_have_attribute("aria-expanded", "false", timeout=60_000)
    expect(selectors).to_be_hidden()
    line.focus()
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(selectors).to_be_visible()
    frame = page.frame_locator("iframe")
    frame.locator("html[data-painted]").wait_for(state="attached", timeout=60_000)
    # Cedofeita is 3 km wide, the region 200: what is chosen is there whole, and large enough to place a spot in
    wide, held = frame.locator("body").evaluate(
        "() => (view => [view.getEast() - view.getWest(), view.contains([41.149, -8.615])])(map.getBounds())"
    )
    assert wide < 0.3
    assert held
    context.close()


def test_no_page_is_cut_off_sideways(browser: Browser, served: Served) -> None:
    """A phone, and 400 % zoom of a screen of 1280 px; tables of many columns scroll in regions of their own."""
    context = browser.new_context(viewport={"width": 320, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    beyond: dict[tuple[str, int], int] = {}
    for path in each_page(page, f"{served.address}?unit={CEDOFEITA}"):
        for width in (390, 320):  # the next page is opened in the narrower one
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_function("width => innerWidth === width", arg=width)
            try:  # maps and components take the new width a moment later
                page.wait_for_function(f"() => {BEYOND} <= 0", timeout=15_000)
            except Late:
                beyond[path, width] = page.evaluate(BEYOND)
        page.wait_for_function("() => document.getAnimations().every(one => one.playState !== 'running')")
    context.close()
    assert beyond == {}


def violations(page: Page, *, contrast: bool, alone: bool = False) -> list[str]:
    """What axe-core finds on the page and in its frames; ``alone``, of what colours alone decide."""
    rules = {"color-contrast": {"enabled": contrast}}
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    asked = {
        "runOnly": ["color-contrast", "link-in-text-block"] if alone else tags,
        "rules": rules,
        "resultTypes": ["violations"],
        "iframes": False,
    }
    told = []
    for frame in page.frames:
        if not frame.evaluate("typeof axe === 'object'"):
            frame.evaluate(AXE_SCRIPT)
        result = frame.evaluate("asked => axe.run(asked)", asked)
        told += [
            f"{one['id']}: {node['target']} {node['html'][:120]}"
            for one in result["violations"]
            for node in one["nodes"]
        ]
    return told
