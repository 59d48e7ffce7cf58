"""Reading an extract of OpenStreetMap: ours against OSMnx and osmium's own program, each in a process of its own.

    python benchmarks/extract.py [FILE.osm.pbf | SIDE]

Without a file a town of SIDE × SIDE crossings (170: 67,000 nodes and 10,000 ways) is made up. All read what has a tag,
and then what the layers of the atlas ask for; one after the other, five rounds. Time is the median (imports aside),
memory the peak of the process less that of one that only imports. OSMnx reads XML: it gets the same objects as `.osm`.
`osmium tags-filter` and `osmium export` (if installed) write a file; the time is that of both programs as a whole.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import osmium

from atlas.atlasfile import product_folder
from atlas.layers import load_layers, wanted_tags

RUNS = 5
Found = tuple[float, float, int] | str
"""Seconds, MiB and objects; or what was said where it failed."""
OURS = """
import json, resource, sys, time
from pathlib import Path
from atlas.sources.pbf import read_osm
wanted = sys.argv[2].split("|") if len(sys.argv) > 2 else None
began = time.perf_counter()
rows = len(read_osm(Path(sys.argv[1]), tags_filter=wanted)) if len(sys.argv) > 1 else 0
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
"""
OSMNX = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import osmnx
wanted = {}
for tag in sys.argv[2].split("|") if len(sys.argv) > 2 else []:
    key, _, value = tag.partition("=")
    wanted.setdefault(key, []).append(value)
wanted = {key: True if "" in values else values for key, values in wanted.items()} or None
began = time.perf_counter()
rows = len(osmnx.features_from_xml(sys.argv[1], tags=wanted)) if len(sys.argv) > 1 else 0
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
"""


def town(path: Path, side: int = 170) -> None:
    """Streets in a grid, a building of four corners at each second crossing, and a café at each seventh."""
    node, way = osmium.osm.mutable.Node, osmium.osm.mutable.Way
    rng = np.random.default_rng(2026)
    with osmium.SimpleWriter(str(path)) as writer:
        corners = []
        for at in range(side * side):
            x, y = -8.6 + 0.001 * (at % side), 41.1 + 0.001 * (at // side)
            tags = {"amenity": "cafe", "name": f"Café {at}"} if at % 7 == 0 else {}
            writer.add_node(node(id=at + 1, location=(x, y), tags=tags))
            if at % 3 == 0:
                corners.append((at, x + rng.uniform(0.0002, 0.0004), y + 0.0003))
        for at, x, y in corners:
            for number, (dx, dy) in enumerate(((0, 0), (1e-4, 0), (1e-4, 1e-4), (0, 1e-4))):
                writer.add_node(node(id=1_000_000 + 4 * at + number, location=(x + dx, y + dy)))
        lines = [[line * side + step + 1 for step in range(side)] for line in range(side)]
        across = [[step * side + line + 1 for step in range(side)] for line in range(side)]
        for first, kind, rows in ((1, "residential", lines), (5000, "footway", across)):
            for number, nodes in enumerate(rows):
                writer.add_way(way(id=first + number, nodes=nodes, tags={"highway": kind}))
        for at, _, _ in corners:
            ring = [1_000_000 + 4 * at + number for number in (0, 1, 2, 3, 0)]
            writer.add_way(way(id=1_000_000 + at, nodes=ring, tags={"building": "yes", "name": f"Casa {at}"}))


def run(program: str, *file: str) -> Found:
    """Seconds, peak MiB and rows of one process; the last line of what it said where it fails."""
    done = subprocess.run([sys.executable, "-c", program, *file], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:160]
    seconds, mib, rows = json.loads(done.stdout.splitlines()[-1])
    return seconds, mib, rows


def osmium_itself(pbf: Path, tags: str = "") -> Found:
    """Seconds and rows of ``osmium tags-filter`` and ``osmium export``."""
    if shutil.which("osmium") is None:
        return "osmium-tool is not installed"
    kept, out = pbf.with_suffix(".kept.osm.pbf"), pbf.with_suffix(".geojsonseq")
    export = ["osmium", "export", "--overwrite", "-u", "type_id", "-o", str(out)]
    began = time.perf_counter()
    if tags:
        wanted = [f"nwr/{tag}" for tag in tags.split("|")]
        subprocess.run(["osmium", "tags-filter", "--overwrite", "-o", str(kept), str(pbf), *wanted], check=True)
    subprocess.run([*export, str(kept if tags else pbf)], check=True)
    return time.perf_counter() - began, 0.0, out.read_bytes().count(b"\n")


def shown(name: str, found: list[Found], bare_mib: float) -> float | None:
    """One line of the table; the median time."""
    done = [one for one in found if not isinstance(one, str)]
    if len(done) < len(found):
        print(f"  {name:12} fails: {next(one for one in found if isinstance(one, str))}")
        return None
    times = sorted(one[0] for one in done)
    peak = statistics.median(one[1] for one in done) - bare_mib
    memory = f"+{peak:6.0f} MiB" if done[0][1] else " " * 11
    print(f"  {name:12} {statistics.median(times):7.3f} s [{times[0]:.3f}, {times[-1]:.3f}]  {memory}  "
          f"{done[0][2]:,} objects")  # fmt: skip
    return statistics.median(times)


def main() -> None:
    asked = sys.argv[1] if len(sys.argv) > 1 else "170"
    with tempfile.TemporaryDirectory() as scratch:
        pbf = Path(scratch) / "town.osm.pbf"
        if asked.isdigit():
            town(pbf, int(asked))
        else:
            shutil.copyfile(asked, pbf)
        xml = Path(scratch) / "same.osm"
        with osmium.SimpleWriter(str(xml)) as writer:
            for one in osmium.FileProcessor(str(pbf)):
                writer.add(one)
        print(f"{asked}: {pbf.stat().st_size / 1e6:.1f} MB, as XML {xml.stat().st_size / 1e6:.1f} MB")
        layers = "|".join(wanted_tags(load_layers([product_folder("layers")])))
        bare = {name: float(run(program)[1]) for name, program in (("atlas", OURS), ("osmnx", OSMNX))}
        for title, tags in (("all that has a tag", ()), ("what the layers ask for", (layers,))):
            work: dict[str, Callable[[], Found]] = {
                "atlas, PBF": partial(run, OURS, str(pbf), *tags),
                "atlas, XML": partial(run, OURS, str(xml), *tags),
                "osmium, PBF": partial(osmium_itself, pbf, *tags),
                "osmnx, XML": partial(run, OSMNX, str(xml), *tags),
            }
            rounds = [{name: one() for name, one in work.items()} for _ in range(RUNS)]
            print(title)
            median = {name: shown(name, [one[name] for one in rounds], bare.get(name[:5], 0.0)) for name in work}
            for form in ("PBF", "XML"):
                ours = median[f"atlas, {form}"] or float("nan")
                for peer in ("osmnx, XML", "osmium, PBF"):
                    if (theirs := median[peer]) is not None:
                        print(f"  {peer} / atlas, {form}: {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
