"""`atlas check` on a made-up dirty atlas: per source, what would be repaired, with counts and the first ten records."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from atlas.cli import main
from atlas.initialise import Request, initialise

COUNT = 60
FIGURES = """
[[source]]
id = "folhas"
kind = "figures"
file = "folhas.csv"
title = "F"
publisher = "p"
licence = "l"
date = "2021"

[[indicator]]
code = "folhas"
name = { pt = "F", en = "F" }
unit = { pt = "f", en = "f" }
measure = "figure"
sources = ["folhas"]
with = { column = "folhas" }
goalposts = [0, 300]
about = { pt = "F.", en = "F." }

"""


def dirty(folder: Path) -> Path:
    """Nine squares, of which one is a collection and one overlaps; places of which many are somewhere else."""
    at = [(x, y) for x in range(3) for y in range(3)]
    shapes = [shapely.box(x * 0.1, 40 + y * 0.1, (x + 1) * 0.1, 40 + (y + 1) * 0.1) for x, y in at]
    units = gpd.GeoDataFrame(
        {"code": [f"0{n}" for n in range(9)], "name": list("ABCDEFGHI")}, geometry=shapes, crs=4326
    )
    units.to_file(folder / "u.geojson")
    random = np.random.default_rng(3)
    lon, lat = random.random(COUNT) * 0.3, 40 + random.random(COUNT) * 0.3
    kinds = random.choice(["museum", "theatre", "gallery", "library"], COUNT)
    rows = {"id": np.arange(COUNT), "name": [f"Casa {n}" for n in range(COUNT)], "kind": kinds, "lon": lon, "lat": lat}
    pd.DataFrame(rows).to_csv(folder / "casas.csv", index=False)
    initialise(Request(folder / "Á tlas", "Vila", folder / "u.geojson", places=(folder / "casas.csv",)))
    (held,) = (folder / "Á tlas").glob("*neighbourhoods*.*")
    spoilt = gpd.read_parquet(held) if held.suffix == ".parquet" else gpd.read_file(held)
    spoilt.loc[1, "geometry"] = shapely.GeometryCollection([spoilt.geometry[1], shapely.Point(0, 0)])
    spoilt.loc[4, "geometry"] = shapely.box(*(spoilt.geometry[4].bounds + np.array([0, 0, 40, 0])))
    spoilt.to_parquet(held) if held.suffix == ".parquet" else spoilt.to_file(held)
    table = pd.DataFrame(rows).astype({"lon": object, "lat": object})
    table.loc[:11, ["lon", "lat"]] = 0, 0
    table.loc[12:13, ["lon", "lat"]] = table.loc[12:13, ["lat", "lon"]].to_numpy()
    table.loc[14:16, ["lon", "lat"]] = 10, 50
    table.loc[17:17, ["lon", "lat"]] = None
    table.loc[18:18, "kind"] = "zorbing"
    total = pd.DataFrame([{"id": "Total", "name": COUNT}])
    pd.concat([table, total]).to_csv(folder / "Á tlas/sources/casas.csv", index=False)
    return folder / "Á tlas"


def test_each_source_lists_its_repairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    atlas = dirty(tmp_path)
    assert main(["check", str(atlas), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    for line in (
        "of 1 geometry collection only the areas were kept (01)",
        "overlaps and gaps between neighbours mended in",
        "casas — casas",
        "· 1 row of totals was left out (line 62)",
        "· 12 records with impossible coordinates were left without a place. First: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 ….",
        "· 2 records had longitude and latitude swapped: put right and marked. First: 12, 13.",
        "· 3 records outside the region and its margin. First: 14, 15, 16.",
        "· 13 records will be without a place, the first ones:\n  0 Casa 0",
        "· 1 record of no class of the layers does not count:\n  18 Casa 18 zorbing\n",
    ):
        assert line in said, line
    assert said.count(" Casa ") == 10 + 1
    (atlas / "folhas.csv").write_text("code;folhas\n00;3\n01;//\n", "utf-8")
    text = (atlas / "atlas.toml").read_text("utf-8")
    (atlas / "atlas.toml").write_text(text.replace("[[index]]", FIGURES + "[[index]]", 1), "utf-8")
    assert main(["check", str(atlas), "--lang", "en"]) == 1
    assert "folhas.csv, column “folhas”, “01”: “//” is no number" in capsys.readouterr().err
    (atlas / "folhas.csv").write_text("code;folhas\n00;3\n0701;4\n", "utf-8")  # a code of another year
    assert main(["check", str(atlas), "--lang", "en"]) == 1
    assert "folhas.csv: 1 of 2 codes do not exist among the atlas's units, “0701” first" in capsys.readouterr().err
