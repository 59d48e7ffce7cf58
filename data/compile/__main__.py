"""Compile the embedded tables from the publishers' files: ``python data/compile --from FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from census import compile_census
from city import compile_city
from economy import compile_economy
from osm import compile_osm
from outlines import compile_outlines
from registers import compile_registers
from streets import compile_streets
from surfaces import compile_surfaces
from tables import DATA
from timetables import compile_timetables

LIMIT_BYTES = 15_000_000


def main() -> None:
    """Compile every table and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="raw", type=Path, required=True, help="folder with the publishers' files")
    raw: Path = parser.parse_args().raw
    parishes = compile_outlines(raw)
    compile_census(raw, parishes)
    compile_economy(raw, parishes)
    compile_registers(raw, parishes)
    city = compile_city(raw)
    compile_timetables(raw, parishes, city)
    compile_osm(raw)
    compile_streets(raw)
    compile_surfaces(raw, city)
    size = sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    print(f"{size / 1e6:.1f} MB in all")
    if size > LIMIT_BYTES:
        raise SystemExit(f"more than {LIMIT_BYTES / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
