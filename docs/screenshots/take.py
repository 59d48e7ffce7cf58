"""Take the pictures of the app that the README and the guide show: ``python docs/screenshots/take.py [NAME …]``.

Opens the app on the embedded atlases in Chromium, waits until table and map are drawn, and writes one PNG a picture
beside this script, with few enough colours that a page of documents stays light.
"""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
WIDE, NARROW = (1440, 900), (390, 844)
CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
OWN = HERE.parents[1] / "data" / "norte" / "rail_stations.csv"
"""Stands for a file of the planner's own."""
PICTURES = {
    "explorar-pt-wide": ("?unit=131217", WIDE, "light"),
    "explorar-pt-narrow": ("?unit=131217", NARROW, "light"),
    "explorar-en-wide": ("?lang=en&unit=131217", WIDE, "light"),
    "explorar-pt-dark": ("?unit=030365&within=0303&layers=museums.performance", WIDE, "dark"),
    "explorar-pt-two-axes": ("?unit=030365&show=cells", WIDE, "light"),
    "explorar-porto-pt-wide": ("?atlas=porto", WIDE, "light"),
    "ordenar-pt-wide": ("ordenar?unit=131217", WIDE, "light"),
    "ordenar-pt-narrow": ("ordenar?unit=131217", NARROW, "light"),
    "ordenar-pt-own": ("ordenar?unit=131217", WIDE, "light"),
    "explorar-pt-own": ("?unit=131217&within=1312", WIDE, "light"),
    "porque-pt-wide": ("porque?unit=030365", WIDE, "light"),
    "cenarios-pt-wide": ("cenarios?unit=131217", WIDE, "light"),
    "comparar-pt-wide": ("comparar?unit=030365&other=160948", WIDE, "light"),
    "estrategia-pt-wide": ("estrategia", WIDE, "light"),
    "entregar-pt-wide": ("entregar?within=1609", WIDE, "light"),
}


def main() -> None:
    """Serve, look, write."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    call = f"from atlas.app.serve import serve; serve(port={port}, browser=False)"
    server = subprocess.Popen([sys.executable, "-c", call], cwd=HERE.parents[1])  # noqa: S603  (this interpreter, this text)
    address = f"http://127.0.0.1:{port}/"
    try:
        _wait(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            for name in sys.argv[1:] or PICTURES:
                path, size, scheme = PICTURES[name]
                _take(browser, address + path, size, scheme, HERE / f"{name}.png")
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}_stcore/health", timeout=1):  # noqa: S310  (loopback)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"no answer at {address}")


def _take(browser: Browser, address: str, size: tuple[int, int], scheme: str, path: Path) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(address)
    page.locator(".foot").wait_for(timeout=180_000)
    if page.locator("iframe").count():
        page.frame_locator("iframe").locator("html[data-painted]").wait_for(state="attached", timeout=60_000)
        # on a busy machine the map may be painted before its frame has its height
        page.wait_for_function("() => document.querySelector('iframe').offsetHeight > 300", timeout=60_000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    if path.stem.endswith("-own"):
        _bring(page, shown=path.stem.startswith("explorar"))
    elif path.stem == "ordenar-pt-narrow":
        page.locator("h1").scroll_into_view_if_needed()
    elif path.stem.startswith("cenarios"):
        page.locator(".st-key-scenario_example button").click()
        page.get_by_text("Ainda não há mudanças").wait_for(state="detached")
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(1500)  # the typeface of the frame, and the last tile of the layout
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(colors=255, dither=Image.Dither.NONE).save(path, optimize=True)
    context.close()


def _bring(page: Page, *, shown: bool) -> None:
    """Bring the planner's own file, confirm it as a count; show the order that it changes, or the map."""
    page.get_by_text("Os seus dados").click()
    page.locator(".bring input").set_input_files(OWN)
    page.get_by_role("button", name="Confirmar e usar").wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.get_by_role("combobox", name="Usar como").click()
    page.get_by_role("option", name=re.compile("residentes")).click()
    page.get_by_label("Longitude (ou M, X)").wait_for()
    page.get_by_role("button", name="Confirmar e usar").click()
    if not shown:
        page.get_by_text("Peso do seu dado").wait_for()
        page.locator(".st-key-own_data").scroll_into_view_if_needed()
        return
    page.get_by_role("button", name="Mostrar no mapa").click()
    page.get_by_text("sem valor no seu ficheiro").wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.locator("iframe").evaluate("frame => frame.scrollIntoView()")


if __name__ == "__main__":
    main()
