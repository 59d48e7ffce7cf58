"""The app in a process of its own, and the browser that looks at it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--no-first-run", "--disable-features=LocalNetworkAccessChecks",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"]  # fmt: skip
"""No other machine is found. Without the check of local networks, since a page that a test answers itself has no
address, and might not speak to loopback.
"""
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@dataclass(frozen=True)
class Served:
    """An app that answers at ``address``."""

    address: str
    process: subprocess.Popen[bytes]

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(name: str, store: Path, base_path: str, log: Path) -> Served:
    """``serve`` in a process of its own, ready when it answers its health check."""
    port = free_port()
    given = f"{name!r}, {str(store)!r}, {port}, browser=False, base_path={base_path!r}"
    call = f"from atlas.app.serve import serve; serve({given})"
    address = f"http://127.0.0.1:{port}/{base_path}/" if base_path else f"http://127.0.0.1:{port}/"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", call], stdout=out, stderr=out, cwd=log.parent)
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}_stcore/health", timeout=1):
                return Served(address, process)
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text("utf-8", errors="replace")
            time.sleep(0.1)
    process.kill()
    raise AssertionError(log.read_text("utf-8", errors="replace"))


def ready(page: Page) -> None:
    """The page is drawn whole: its foot, its map, and nothing more from the server."""
    expect(page.locator(".foot")).to_have_css("display", "flex", timeout=60_000)  # the style is there
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=60_000)
    if page.locator("iframe").count():
        page.frame_locator("iframe").locator("html[data-painted]").wait_for(state="attached", timeout=60_000)


def chromium() -> str:
    """The system's Chromium; ``make test`` sets it up."""
    found = next((path for path in (os.environ.get("CHROMIUM", ""), *CHROMIUM) if path and Path(path).exists()), None)
    assert found, "Chromium is missing. On Debian: apt-get install chromium"
    return found
