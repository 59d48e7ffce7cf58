"""One municipality cut from the embedded Norte: real outlines, with sources and an index that a test chooses."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from atlas.atlasfile import find_atlas

PORTO = "1312"
HEAD = """
[atlas]
id = "{id}"
name = {{ pt = "Porto, ensaio", en = "Porto, trial" }}
crs = "EPSG:3763"
data_version = "{version}"
draws = 0

[neighbourhoods]
file = "neighbourhoods.parquet"
parents = "parents.parquet"
source = "caop"
unit = {{ pt = "freguesia", en = "parish" }}
units = {{ pt = "freguesias", en = "parishes" }}
parent_unit = {{ pt = "município", en = "municipality" }}

[[source]]
id = "caop"
kind = "areas"
file = "neighbourhoods.parquet"
title = "CAOP"
publisher = "DGT"
licence = "CC BY 4.0"
date = "2025"
"""
SOURCE = """
[[source]]
id = "{id}"
kind = "table"
file = "{id}.csv"
title = "{title}"
publisher = "{publisher}"
licence = "{licence}"
date = "{date}"
{read}
"""
INDEX = """
[[indicator]]
code = "venues"
name = {{ pt = "Equipamentos", en = "Venues" }}
unit = {{ pt = "equipamentos", en = "venues" }}
measure = "count"
sources = [{sources}]
layers = ["museums", "performance", "cinemas", "libraries", "galleries"]
goalposts = [0, {best}]
about = {{ pt = "Equipamentos culturais.", en = "Cultural venues." }}

[[indicator]]
code = "heritage"
name = {{ pt = "Património", en = "Heritage" }}
unit = {{ pt = "sítios", en = "sites" }}
measure = "count"
sources = [{sources}]
layers = ["heritage"]
goalposts = [0, 100]
about = {{ pt = "Sítios de património.", en = "Heritage sites." }}

[[index]]
id = "potential"
name = {{ pt = "Potencial", en = "Potential" }}
about = {{ pt = "Ensaio.", en = "Trial." }}
judged = "2026-11-01"
coverage_floor = 0.0

[[index.pillar]]
id = "p1"
name = {{ pt = "Cultura", en = "Culture" }}
weight = 1
indicators = {{ venues = {weight}, heritage = 1 }}
reason = {{ pt = "Ensaio.", en = "Trial." }}
"""
OSM = {"licence": "ODbL 1.0", "publisher": "OpenStreetMap contributors", "title": "OpenStreetMap", "read": ""}
WIKIDATA = {
    "licence": "CC0 1.0", "publisher": "Wikidata contributors", "title": "Wikidata",
    "read": 'read = { identifier = "wikidata" }',
}  # fmt: skip


class Region:
    """A folder with an atlas of one municipality, to which sources are added before it is written."""

    def __init__(self, folder: Path, *, version: str = "1") -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.version = version
        self.sources: dict[str, str] = {}
        whole = find_atlas("norte")
        for name, column in (("neighbourhoods.parquet", "parent"), ("parents.parquet", "code")):
            table = gpd.read_parquet(whole / name)
            table[table[column] == PORTO].to_parquet(folder / name, index=False)

    def add(self, source_id: str, table: pd.DataFrame, date: str, **about: str) -> Region:
        """A source of kind ``table`` with ``record_id, name, kind, lon, lat``."""
        table.to_csv(self.folder / f"{source_id}.csv", index=False)
        self.sources[source_id] = SOURCE.format(id=source_id, date=date, **about)
        return self

    def write(self, *, best: int = 50, weight: float = 1) -> Region:
        """``atlas.toml`` with two counts of places as the only figures."""
        names = ", ".join(f'"{one}"' for one in self.sources)
        text = HEAD.format(id="ensaio", version=self.version) + "".join(self.sources.values())
        (self.folder / "atlas.toml").write_text(text + INDEX.format(sources=names, best=best, weight=weight), "utf-8")
        return self


def wikidata(year: int) -> pd.DataFrame:
    """What Wikidata said of Porto in 2021 or in 2026, as the embedded atlas has it."""
    table = pd.read_csv(find_atlas("norte") / f"wikidata_{year}.csv", dtype=str, keep_default_na=False)
    near = table["lon"].astype(float).between(-8.70, -8.55) & table["lat"].astype(float).between(41.13, 41.19)
    return table[near]


def two_places(folder: Path) -> Path:
    """An atlas of seven parishes and two places, built in no time."""
    places = {"record_id": ["a", "b"], "name": ["Museu", "Teatro"], "kind": ["museus", "teatros"]}
    spots = pd.DataFrame(places | {"lon": [-8.611, -8.62], "lat": [41.148, 41.15]})
    return Region(folder).add("osm", spots, "2024-01-01", **OSM).write().folder
