"""Full builds of both embedded atlases against the notebook's whole process, run alternately.

    python benchmarks/build.py ../shared/data [ROUNDS]

Prints seconds and peak memory of each, and their ratios with the spread over the rounds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
BUILD = "import sys; from atlas.built import open_built; [open_built(one, force=True) for one in ('norte', 'porto')]"
AGAIN = "from atlas.built import open_built; [open_built(one) for one in ('norte', 'porto')]"


def run(command: list[str], home: str) -> tuple[float, float]:
    """Seconds and peak MiB of one process."""
    before = time.perf_counter()
    pid = os.posix_spawn(command[0], command, {**os.environ, "ATLAS_HOME": home})
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def main() -> None:
    raw, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    rows: dict[str, list[tuple[float, float]]] = {"notebook": [], "build": [], "again": []}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(rounds):
            rows["notebook"].append(run([sys.executable, str(HERE / "notebook.py"), raw], home))
            rows["build"].append(run([sys.executable, "-c", BUILD], home))
            rows["again"].append(run([sys.executable, "-c", AGAIN], home))
    for name, found in rows.items():
        seconds, memory = zip(*found, strict=True)
        spread = f"({min(seconds):.2f}–{max(seconds):.2f})"
        print(f"{name:9} {statistics.median(seconds):6.2f} s {spread}  {max(memory):5.0f} MiB")
    for name in ("build", "again"):
        ratios = [a[0] / b[0] for a, b in zip(rows[name], rows["notebook"], strict=True)]
        print(f"{name} / notebook: {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")
    again = [a[0] / b[0] for a, b in zip(rows["again"], rows["build"], strict=True)]
    print(f"again / build: {statistics.median(again):.3f} ({min(again):.3f}–{max(again):.3f})")


if __name__ == "__main__":
    main()
