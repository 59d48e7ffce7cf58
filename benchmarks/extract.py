"""Reading an extract of OpenStreetMap: ours against OSMnx, a loop over pyosmium and osmium's own program.

    python benchmarks/extract.py [FILE.osm.pbf | SIDE]

Without a file a town of SIDE × SIDE crossings (170: 67,000 nodes and 10,000 ways) is made up. Of a file all get what is
whole: OSMnx fails on objects that lack a part. All read what has a tag, and then what the layers of the atlas ask for,
each in a process of its own, in turns, five rounds. Times are medians [least, most], imports aside; the ratios are of
processor time, which other work on the machine disturbs less, by medians and by the least. Memory is the peak of the
process less that of one that only imports. OSMnx reads XML: it gets the same objects as `.osm`.
The loop is what the manual of pyosmium shows: locations and areas, tags as a dictionary, each outline as WKB.
`osmium tags-filter` and `osmium export` (if installed) write a file; the time is that of both programs as a whole.
"""

from __future__ import annotations

import json
import os
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
Found = tuple[float, float, float, int] | str
"""Seconds, seconds of processor, MiB and objects; or what was said where it failed."""
OURS = """
import json, resource, sys, time
from pathlib import Path
from atlas.sources.pbf import read_osm
wanted = sys.argv[2].split("|") if len(sys.argv) > 2 else None
began, worked = time.perf_counter(), time.process_time()
rows = len(read_osm(Path(sys.argv[1]), tags_filter=wanted)) if len(sys.argv) > 1 else 0
spent = [time.perf_counter() - began, time.process_time() - worked]
print(json.dumps([*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
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
began, worked = time.perf_counter(), time.process_time()
rows = len(osmnx.features_from_xml(sys.argv[1], tags=wanted)) if len(sys.argv) > 1 else 0
spent = [time.perf_counter() - began, time.process_time() - worked]
print(json.dumps([*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
"""
LOOP = """
import json, resource, sys, time
import osmium
pairs = set(sys.argv[2].split("|")) if len(sys.argv) > 2 else None
keys = osmium.filter.KeyFilter(*{one.partition("=")[0] for one in pairs}) if pairs else osmium.filter.EmptyTagFilter()
wkb = osmium.geom.WKBFactory()
def read(path):
    for one in osmium.FileProcessor(path).with_locations().with_areas().with_filter(keys):
        tags = dict(one.tags)
        if pairs is None or any(key in pairs or f"{key}={value}" in pairs for key, value in tags.items()):
            if one.is_area():
                yield one.id, tags, wkb.create_multipolygon(one)
            elif one.is_way() and not one.is_closed():
                yield one.id, tags, wkb.create_linestring(one)
            elif one.is_node():
                yield one.id, tags, wkb.create_point(one)
began, worked = time.perf_counter(), time.process_time()
rows = len(list(read(sys.argv[1]))) if len(sys.argv) > 1 else 0
spent = [time.perf_counter() - began, time.process_time() - worked]
print(json.dumps([*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rows]))
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


def whole(source: Path, path: Path) -> None:
    """A copy of an extract without the ways and relations that lack a part."""
    held: dict[str, set[int]] = {"n": set(), "w": set(), "r": set()}
    with osmium.SimpleWriter(str(path)) as writer:
        for one in osmium.FileProcessor(str(source)):
            parts = [("n", node.ref) for node in one.nodes] if one.is_way() else []
            parts = [(member.type, member.ref) for member in one.members] if one.is_relation() else parts
            if (parts or one.is_node()) and all(number in held[kind] for kind, number in parts):
                held[one.type_str()].add(one.id)
                writer.add(one)


def run(program: str, *file: str) -> Found:
    """What one process took; the last line of what it said where it fails."""
    done = subprocess.run([sys.executable, "-c", program, *file], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:160]
    seconds, processor, mib, rows = json.loads(done.stdout.splitlines()[-1])
    return seconds, processor, mib, rows


def osmium_itself(pbf: Path, tags: str = "") -> Found:
    """Seconds and rows of ``osmium tags-filter`` and ``osmium export``."""
    if shutil.which("osmium") is None:
        return "osmium-tool is not installed"
    kept, out = pbf.with_suffix(".kept.osm.pbf"), pbf.with_suffix(".geojsonseq")
    export = ["osmium", "export", "--overwrite", "-u", "type_id", "-o", str(out)]
    began, before = time.perf_counter(), os.times()
    if tags:
        wanted = [f"nwr/{tag}" for tag in tags.split("|")]
        subprocess.run(["osmium", "tags-filter", "--overwrite", "-o", str(kept), str(pbf), *wanted], check=True)
    subprocess.run([*export, str(kept if tags else pbf)], check=True)
    after = os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, worked, 0.0, out.read_bytes().count(b"\n")


def shown(name: str, found: list[Found], bare_mib: float) -> tuple[float, float] | None:
    """One line of the table; the seconds of processor, median and least."""
    done = [one for one in found if not isinstance(one, str)]
    if len(done) < len(found):
        print(f"  {name:12} fails: {next(one for one in found if isinstance(one, str))}")
        return None
    times, worked = sorted(one[0] for one in done), sorted(one[1] for one in done)
    peak = statistics.median(one[2] for one in done) - bare_mib
    memory = f"+{peak:6.0f} MiB" if done[0][2] else " " * 11
    print(f"  {name:12} {statistics.median(times):7.3f} s [{times[0]:.3f}, {times[-1]:.3f}]  processor "
          f"{statistics.median(worked):7.3f} s [{worked[0]:.3f}, {worked[-1]:.3f}]  {memory}  "
          f"{done[0][3]:,} objects")  # fmt: skip
    return statistics.median(worked), worked[0]


def main() -> None:
    asked = sys.argv[1] if len(sys.argv) > 1 else "170"
    with tempfile.TemporaryDirectory() as scratch:
        pbf = Path(scratch) / "town.osm.pbf"
        if asked.isdigit():
            town(pbf, int(asked))
        else:
            whole(Path(asked), pbf)
        xml = Path(scratch) / "same.osm"
        with osmium.SimpleWriter(str(xml)) as writer:
            for one in osmium.FileProcessor(str(pbf)):
                writer.add(one)
        print(f"{asked}: {pbf.stat().st_size / 1e6:.1f} MB, as XML {xml.stat().st_size / 1e6:.1f} MB")
        layers = "|".join(wanted_tags(load_layers([product_folder("layers")])))
        alone = {"atlas": OURS, "osmnx": OSMNX, "loop,": LOOP}
        bare = {name: float(run(program)[2]) for name, program in alone.items()}
        for title, tags in (("all that has a tag", ()), ("what the layers ask for", (layers,))):
            work: dict[str, Callable[[], Found]] = {
                "atlas, PBF": partial(run, OURS, str(pbf), *tags),
                "atlas, XML": partial(run, OURS, str(xml), *tags),
                "loop, PBF": partial(run, LOOP, str(pbf), *tags),
                "osmium, PBF": partial(osmium_itself, pbf, *tags),
                "osmnx, XML": partial(run, OSMNX, str(xml), *tags),
            }
            rounds = [{name: one() for name, one in work.items()} for _ in range(RUNS)]
            print(title)
            spent = {name: shown(name, [one[name] for one in rounds], bare.get(name[:5], 0.0)) for name in work}
            for ours in ("atlas, PBF", "atlas, XML"):
                for peer in ("osmnx, XML", "loop, PBF", "osmium, PBF"):
                    if (theirs := spent[peer]) and (own := spent[ours]):
                        middle, least = (one / other for one, other in zip(theirs, own, strict=True))
                        print(f"  {peer} / {ours}: {middle:.2f} (of the least: {least:.2f})")


if __name__ == "__main__":
    main()
