"""What the app costs: server time and bytes of a moved weight, bytes of the first map, memory of further sessions.

``python -m benchmarks.app [MOVES] [SESSIONS]``. Server time is that of the whole script run in this process, with
Streamlit's own test harness around it, so an upper bound; bytes are counted in a real Chromium.
"""

from __future__ import annotations

import gzip
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]


def server_ms(moves: int) -> list[float]:
    """Milliseconds of each move of a weight: ranks, table, map, card."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=300)
    app.run()
    keys = [slider.key for slider in app.slider]
    draw = random.Random(2026)
    times = []
    for _ in range(moves):
        app.slider(key=draw.choice(keys)).set_value(draw.randint(0, 100))
        start = time.perf_counter()
        app.run()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)


def in_browser(sessions: int) -> dict[str, Any]:
    """Bytes of a move and of the first map; memory that each further session adds to the server, in MB."""
    from app_serving import chromium, start
    from playwright.sync_api import sync_playwright

    from atlas.built import open_built

    store = open_built("norte").store.folder
    app = start("norte", store, "", Path(tempfile.mkdtemp()) / "log")
    received: list[int] = []
    bodies: dict[str, bytes] = {}

    def keep(response: Any) -> None:
        if re.search(r"/component/atlas|outlines", response.url):
            bodies[response.url] = response.body()

    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
            page.on("response", keep)
            _open(page, app.address)
            page.locator("details summary").first.click()
            slider = page.get_by_role("slider").first
            moves = []
            for key in ("End", "Home", "ArrowRight", "End"):
                received.clear()
                slider.press(key)
                page.wait_for_timeout(3000)
                moves.append(sum(received))
            before = _resident_mb(app.process.pid)
            pages = [browser.new_page() for _ in range(sessions)]
            for one in pages:
                _open(one, app.address)
            after = _resident_mb(app.process.pid)
            browser.close()
    finally:
        app.stop()
    return {
        "bytes of a move": max(moves),
        "bytes of the first map, gzip": sum(len(gzip.compress(body)) for body in bodies.values()),
        "MB a further session": round((after - before) / max(sessions, 1), 1),
    }


def _open(page: Any, address: str) -> None:
    page.goto(address)
    page.frame_locator("iframe").locator("html[data-painted]").wait_for(state="attached", timeout=120_000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def _resident_mb(process: int) -> float:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024


def main() -> None:
    """Print the figures."""
    moves, sessions = (int(word) for word in (*sys.argv[1:3], *("100", "10")[len(sys.argv) - 1 :]))
    times = server_ms(moves)
    print(
        f"server, moving a weight: median {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"
    )
    for name, value in in_browser(sessions).items():
        print(f"{name}: {value:,}")


if __name__ == "__main__":
    main()
