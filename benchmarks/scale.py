"""How the cost of a build grows with the region: the embedded atlas of Norte, tiled 1, 4, 16 … times.

    python benchmarks/scale.py [TIMES …]

Every copy stands beside the others with codes and identifiers of its own. Prints seconds of each stage, peak memory,
and the exponent by which each stage grows from one size to the next (1 is proportional).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
from pyproj import Transformer

EMBEDDED = Path(__file__).parent.parent / "data" / "norte"
CODES = ("code", "code_census", "dtmn", "parent", "record_id", "qid", "stop_id")
METRIC = Transformer.from_crs(4326, 3763, always_xy=True)
WIDE_M, HIGH_M = 260_000.0, 220_000.0
BUILD = "import sys; from atlas.built import open_built; open_built(sys.argv[1], force=True)"


def tiled(table: pd.DataFrame, at: int, along: int) -> pd.DataFrame:
    """One copy of a table, moved to its place, with codes and identifiers of its own."""
    east, north = WIDE_M * (at % along), HIGH_M * (at // along)
    copy = table.copy()
    for name in copy.columns.intersection(CODES):
        copy[name] = f"{at:03}" + copy[name].where(copy[name].notna())
    if "tags" in copy:
        copy["tags"] = copy["tags"].str.replace(r'"(wikidata|ref[^"]*)":"([^"]+)"', rf'"\1":"\g<2>{at:03}"', regex=True)
    if isinstance(copy, gpd.GeoDataFrame):
        crs = copy.crs
        moved = copy.to_crs(3763)
        return moved.set_geometry(moved.geometry.translate(east, north)).to_crs(crs)
    if "lon" in copy:
        stated = copy["lon"] != ""
        x, y = METRIC.transform(*(copy.loc[stated, name].astype(float).to_numpy() for name in ("lon", "lat")))
        lon, lat = METRIC.transform(x + east, y + north, direction="INVERSE")
        copy.loc[stated, "lon"], copy.loc[stated, "lat"] = lon.round(6).astype(str), lat.round(6).astype(str)
    return copy


def region(folder: Path, times: int) -> Path:
    """The atlas with every table ``times`` over."""
    along = math.ceil(math.sqrt(times))
    for path in sorted(one for one in EMBEDDED.rglob("*") if one.is_file()):
        target = folder / path.relative_to(EMBEDDED)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
            pd.concat([tiled(table, at, along) for at in range(times)]).to_csv(target, index=False)
        elif path.suffix == ".parquet":
            table = gpd.read_parquet(path)
            pd.concat([tiled(table, at, along) for at in range(times)], ignore_index=True).to_parquet(target)
        else:
            shutil.copyfile(path, target)
    return folder


def built(folder: Path, home: Path) -> tuple[dict[str, float], float, dict[str, int]]:
    """Seconds of each stage, peak MiB and table lengths of one build in a process of its own."""
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", BUILD, str(folder)], {**os.environ, "ATLAS_HOME": str(home)}
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, "build")
    log = next(folder.parent.rglob("build.log.json"))
    counts: dict[str, int] = json.loads(log.with_name("manifest.json").read_text())["counts"]
    seconds: dict[str, float] = json.loads(log.read_text())["seconds"]
    return {**seconds, "whole": sum(seconds.values())}, usage.ru_maxrss / 1024, counts


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [1, 4, 16]
    before: dict[str, float] = {}
    for at, times in enumerate(sizes):
        with tempfile.TemporaryDirectory() as scratch:
            folder = region(Path(scratch, "atlas"), times)
            seconds, memory, counts = built(folder, Path(scratch, "home"))
        size = ", ".join(f"{counts[name]:,} {name}" for name in ("neighbourhoods", "records", "places"))
        print(f"{times:4} × {size}; {memory:,.0f} MiB")
        for stage, taken in seconds.items():
            grown = math.log(taken / before[stage]) / math.log(times / sizes[at - 1]) if before else math.nan
            print(f"       {stage:10} {taken:8.2f} s" + (f"  n^{grown:.2f}" if before else ""), flush=True)
        before = seconds


if __name__ == "__main__":
    main()
