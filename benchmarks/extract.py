"""Reading an extract of OpenStreetMap: ours against OSMnx, each in a process of its own.

    python benchmarks/extract.py [FILE.osm.pbf]

Without a file a town of 67,000 nodes and 10,000 ways is made up. Both read all that has a tag, and then what the layers
of the atlas ask for. Time is the median of five runs (imports aside), memory the peak of the process less that of one
that only imports. OSMnx reads XML: it gets the same objects as `.osm`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import osmium

from atlas.atlasfile import product_folder
from atlas.layers import load_layers, wanted_tags

RUNS = 5
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
        for at, _, _ in corners:
            ring = [1_000_000 + 4 * at + number for number in (0, 1, 2, 3, 0)]
            writer.add_way(way(id=1_000_000 + at, nodes=ring, tags={"building": "yes", "name": f"Casa {at}"}))
        for line in range(side):
            row = [line * side + step + 1 for step in range(side)]
            writer.add_way(way(id=1 + line, nodes=row, tags={"highway": "residential"}))
            writer.add_way(way(id=5000 + line, nodes=[step * side + line + 1 for step in range(side)],
                               tags={"highway": "footway"}))  # fmt: skip


def run(program: str, *file: str) -> tuple[float, float, int] | str:
    """Seconds, peak MiB and rows of one process; the last line of what it said where it fails."""
    done = subprocess.run([sys.executable, "-c", program, *file], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:160]
    seconds, mib, rows = json.loads(done.stdout.splitlines()[-1])
    return seconds, mib, rows


def reported(name: str, program: str, file: Path, *tags: str) -> float | None:
    """One line of the table; the median time."""
    bare = run(program)
    found = [run(program, str(file), *tags) for _ in range(RUNS)]
    failed = next((one for one in found if isinstance(one, str)), None)
    if failed is not None or isinstance(bare, str):
        print(f"{name:12} fails: {failed or bare}")
        return None
    times = sorted(one[0] for one in found)
    peak = statistics.median(one[1] for one in found) - bare[1]
    print(f"{name:12} {statistics.median(times):7.2f} s [{times[0]:.2f}, {times[-1]:.2f}]  +{peak:6.0f} MiB  "
          f"{found[0][2]:,} objects")  # fmt: skip
    return statistics.median(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        pbf = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "town.osm.pbf"
        if len(sys.argv) < 2:
            town(pbf)
        xml = Path(scratch) / "same.osm"
        with osmium.SimpleWriter(str(xml)) as writer:
            for one in osmium.FileProcessor(str(pbf)):
                writer.add(one)
        print(f"{pbf.name}: {pbf.stat().st_size / 1e6:.1f} MB, as XML {xml.stat().st_size / 1e6:.1f} MB")
        layers = "|".join(wanted_tags(load_layers([product_folder("layers")])))
        for title, tags in (("all that has a tag", ()), ("what the layers ask for", (layers,))):
            print(title)
            ours = reported("  atlas, PBF", OURS, pbf, *tags)
            same = reported("  atlas, XML", OURS, xml, *tags)
            theirs = reported("  osmnx, XML", OSMNX, xml, *tags)
            if ours and same and theirs:
                print(f"  osmnx / atlas: {theirs / ours:.1f} against the PBF, {theirs / same:.1f} on the same XML")


if __name__ == "__main__":
    main()
