"""What the app costs: server time and bytes of a moved weight, alone and with many sessions at once, and their memory.

``python -m benchmarks.app [MOVES] [SESSIONS] [ATLAS]``. The app runs in a process of its own. Sessions are sockets that
speak Streamlit's protocol, so that no browser competes with the server: a move is timed from the message
that carries a slider's new place to the message that ends the script. Processor time is the server's, all threads. The
bytes of the first map, and of a move as a browser receives it, are counted in a real Chromium, and the messages that
come while the map with all its places is moved about.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import re
import statistics
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "app")]
DONE = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}
SERVERS = 3
SLIDER = r'"type":"range","id":"[^"]*","name":"([^"]*)"[^}]*"value":"(\d+)"'
"""A slider in the tree that is drawn: its pillar and its weight."""
THINKS_S = 4.0
"""How long a planner looks at a move before the next one, on average, where there are many sessions."""


class Counted(ClientConnection):
    """A socket that knows what came over the wire: the messages are compressed there."""

    wire = 0

    def data_received(self, data: bytes) -> None:
        """Count, and go on as ever."""
        self.wire += len(data)
        super().data_received(data)


@dataclass
class Session:
    """One reader of the app, without a browser; like one, it tells the server which messages it holds."""

    socket: Counted
    sliders: dict[str, int] = field(default_factory=dict)
    """Pillar → weight."""
    element: str = ""
    """The element that holds the sliders."""
    held: list[set[str]] = field(default_factory=lambda: [set(), set()])
    """Hashes of the messages of the last two runs: a browser drops older ones."""
    received: int = 0
    fragment: str = ""
    """The part of the page in which the sliders are, and which alone runs when one is moved."""

    async def run(self, moved: str = "") -> float:
        """Ask for a run of the script, with the slider of one pillar moved; seconds until it has ended."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        message.rerun_script.fragment_id = self.fragment if moved else ""
        message.rerun_script.cached_message_hashes.extend(set.union(*self.held))
        self.held = [self.held[-1], set()]
        if moved:
            did = {"event": "act", "value": {"do": "weight", "value": f"{moved}:{self.sliders[moved]}"}}
            message.rerun_script.widget_states.widgets.add(id=self.element, json_value="{}")
            message.rerun_script.widget_states.widgets.add(
                id=f"$$STREAMLIT_INTERNAL_KEY_{self.element}__events", json_trigger_value=json.dumps([did])
            )
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            told = await self.socket.recv(decode=False)
            self.received += len(told)
            answer = ForwardMsg.FromString(told)
            kind = answer.WhichOneof("type")
            if answer.metadata.cacheable or kind == "ref_hash":
                self.held[-1].add(answer.ref_hash or answer.hash)
            if kind == "delta" and answer.delta.new_element.bidi_component.id.endswith("-sliders"):
                self.element, self.fragment = answer.delta.new_element.bidi_component.id, answer.delta.fragment_id
                drawn = zlib.decompress(answer.delta.new_element.bidi_component.bytes).decode()
                self.sliders = {pillar: int(weight) for pillar, weight in re.findall(SLIDER, drawn)}
            if kind == "script_finished" and answer.script_finished in DONE:
                return time.perf_counter() - start

    async def move(self, draw: random.Random) -> float:
        """One weight to another place."""
        pillar = draw.choice(list(self.sliders))
        self.sliders[pillar] = draw.randint(1, 100)
        return await self.run(pillar)


async def opened(address: str) -> Session:
    """A session that has seen the first page."""
    stream = f"ws{address.removeprefix('http')}_stcore/stream"
    socket = await connect(
        stream, subprotocols=[Subprotocol("streamlit")], max_size=None, origin=Origin(address.rstrip("/")),
        create_connection=Counted,
    )  # fmt: skip
    assert isinstance(socket, Counted)
    session = Session(socket)
    while not session.sliders:
        await session.run()
    return session


@dataclass
class Moves:
    """What each of the same moves took in one server: milliseconds and bytes."""

    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    wire: list[int] = field(default_factory=list)


async def alone(address: str, moves: int, process: int) -> Moves:
    """One session that moves weights one after another, the same in every server."""
    session, draw, made = await opened(address), random.Random(2026), Moves()
    for _ in range(5):
        await session.move(draw)
    for _ in range(moves):
        session.received, session.socket.wire, before = 0, 0, cpu_s(process)
        made.walls.append(1000 * await session.move(draw))
        await asyncio.sleep(0.03)  # what the server does after the last message belongs to the move
        made.cpus.append(1000 * (cpu_s(process) - before))
        made.sizes.append(session.received)
        made.wire.append(session.socket.wire)
    await session.socket.close()
    return made


def of_moves(servers: list[Moves]) -> dict[str, str]:
    """A move's figures. The least that it took in several fresh servers is its own; the rest is the machine's."""
    sizes, wire = ([one for made in servers for one in getattr(made, name)] for name in ("sizes", "wire"))
    least = [min(each) for each in zip(*(made.cpus for made in servers), strict=True)]
    return {
        f"a move alone, processor, the least of {len(servers)} servers": told(least),
        "a move alone, processor, all": told([one for made in servers for one in made.cpus]),
        "a move alone, wall, all": told([one for made in servers for one in made.walls]),
        "bytes of a move, its messages": f"median {statistics.median(sizes):,.0f}, most {max(sizes):,}",
        "bytes of a move, compressed on the wire": f"median {statistics.median(wire):,.0f}, most {max(wire):,}",
    }


async def together(address: str, sessions: int, process: int) -> dict[str, str]:
    """Many sessions that each move a weight, look, and move the next."""
    resident = resident_mb(process)
    every = [await opened(address) for _ in range(sessions)]
    grown = (resident_mb(process) - resident) / sessions
    draw = random.Random(2026)

    async def plan(session: Session) -> list[float]:
        walls = []
        for _ in range(8):
            await asyncio.sleep(draw.expovariate(1 / THINKS_S))
            walls.append(1000 * await session.move(draw))
        return walls

    walls = [wall for one in await asyncio.gather(*(plan(session) for session in every)) for wall in one]
    worked = (resident_mb(process) - resident) / sessions
    for session in every:
        await session.socket.close()
    return {
        f"a move among {sessions} sessions, wall": told(walls),
        "MB a further session, opened": f"{grown:.1f}",
        "MB a further session, after its moves": f"{worked:.1f}",
    }


def told(times_ms: list[float]) -> str:
    """Median and 95th percentile."""
    ordered = sorted(times_ms)
    return f"median {statistics.median(ordered):.0f} ms, p95 {ordered[int(0.95 * len(ordered))]:.0f} ms"


def cpu_s(process: int) -> float:
    """Processor time of a process so far, of threads that have ended too: what ``clock_getcpuclockid(3)`` names."""
    return time.clock_gettime((~process << 3) | 2)


def resident_mb(process: int) -> float:
    """Memory that a process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def in_browser(address: str, layers: list[str]) -> dict[str, str]:
    """Bytes of a move and of the first map, as Chromium receives them; what it costs to move about in all places."""
    from app_serving import chromium
    from playwright.sync_api import sync_playwright

    received: list[int] = []
    bodies: dict[str, bytes] = {}

    def keep(response: Any) -> None:
        if re.search(r"/component/atlas|outlines", response.url):
            bodies[response.url] = response.body()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
        page.on("response", keep)
        page.goto(address)
        page.frame_locator("iframe").locator("html[data-painted]").wait_for(state="attached", timeout=120_000)
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
        page.locator("details summary").first.click()
        slider = page.get_by_role("slider").first
        moves = []
        for key in ("End", "Home", "ArrowRight", "End"):
            received.clear()
            slider.press(key)
            page.wait_for_timeout(3000)
            moves.append(sum(received))
        first = sum(len(gzip.compress(body)) for body in bodies.values())
        places = panned(page, f"{address}?layers={'.'.join(layers)}", received)
        browser.close()
    return places | {
        "bytes of a move, in a browser": f"{max(moves):,}",
        "bytes of the first map, gzip": f"{first:,}",
    }


def panned(page: Any, address: str, received: list[int]) -> dict[str, str]:
    """All places on the map: the longest frame while it is dragged and zoomed, and the messages that this costs."""
    page.goto(address)
    frame = page.frame_locator("iframe")
    frame.locator("html[data-painted]").wait_for(state="attached", timeout=120_000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(5000)
    inner = next(one for one in page.frames if "st_folium" in one.url)
    shown = inner.evaluate(
        "Object.values(window.map.atlasDrawing.layers).reduce((n, one) => n + one.group.getLayers().length, 0)"
    )
    inner.evaluate("""() => {
      window.frames_ms = []; let last = performance.now();
      const tick = (now) => { window.frames_ms.push(now - last); last = now; requestAnimationFrame(tick); };
      requestAnimationFrame(tick);
    }""")
    received.clear()
    box = frame.locator("#map_div").bounding_box()
    for step in (120, -120, 60, -60):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + step, box["y"] + box["height"] / 2 + step / 2, steps=20)
        page.mouse.up()
        page.mouse.wheel(0, -200 if step > 0 else 200)
        page.wait_for_timeout(1200)
    times = sorted(inner.evaluate("window.frames_ms"))
    return {
        f"messages while {shown:,} places are dragged and zoomed": str(len(received)),
        "a picture of the map meanwhile (software drawing)": told(times),
    }


def main() -> None:
    """Print the figures."""
    from app_serving import start

    from atlas.built import open_built

    moves, sessions = (int(word) for word in (*sys.argv[1:3], *("100", "20")[len(sys.argv[:3]) - 1 :]))
    name = sys.argv[3] if len(sys.argv) > 3 else "norte"
    built = open_built(name)
    layers = sorted(set(built.store.read("places")["layers"].dropna().str.split("|").explode()))
    scratch = Path(tempfile.mkdtemp())
    alones = []
    for number in range(SERVERS):
        app = start(name, built.store.folder, "", scratch / f"log-{number}")
        try:
            alones.append(asyncio.run(alone(app.address, moves, app.process.pid)))
            if number < SERVERS - 1:
                continue
            found = of_moves(alones)
            found |= asyncio.run(together(app.address, sessions, app.process.pid))
            found |= in_browser(app.address, layers)
        finally:
            app.stop()
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
