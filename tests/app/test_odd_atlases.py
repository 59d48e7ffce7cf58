"""Atlases that have little to show: no place at all, one neighbourhood alone. Every page draws and says so."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from small_region import OSM, Region
from test_pages import opened, text

from atlas.app.link import Notice
from atlas.app.pages.metodo import flags
from atlas.built import open_built
from atlas.listing import layers_table

PAGES = ("explorar", "comparar", "cenarios", "estrategia")


def region(folder: Path, lon: float, codes: int) -> Path:
    """An atlas of the first ``codes`` parishes of Porto and two places at ``lon``."""
    spots = pd.DataFrame({"record_id": ["a", "b"], "name": ["Museu", "Teatro"], "kind": ["museus", "teatros"],
                          "lon": [lon, lon], "lat": [41.165, 41.166]})  # fmt: skip
    made = Region(folder).add("osm", spots, "2024-01-01", **OSM).write().folder
    units = gpd.read_parquet(made / "neighbourhoods.parquet")
    units.iloc[:codes].to_parquet(made / "neighbourhoods.parquet", index=False)
    return made


@pytest.mark.parametrize(("lon", "codes"), [(-9.9, 3), (-8.611, 1)], ids=["no place", "one unit"])
def test_pages_of_an_atlas_with_little_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lon: float, codes: int
) -> None:
    folder = region(tmp_path / "pouco", lon, codes)
    built = open_built(str(folder), store=tmp_path / "store", draws=20)
    assert len(built.store.read("places")) == (0 if codes == 3 else 2)
    assert layers_table(built)["places"].sum() == len(built.store.read("places"))
    monkeypatch.setenv("ATLAS_APP_NAME", str(folder))
    monkeypatch.setenv("ATLAS_APP_STORE", str(built.store.folder))
    for name in PAGES:
        shown = text(opened(name))
        assert len(shown) > 200, name
        assert not re.search(r"\bnan\b|\bNone\b|<NA>", shown), name
        assert "Cinco classes" not in shown
    spot = re.search(r"por exemplo (-?[\d.]+) ([\d.]+)", " ".join(one.label for one in opened("cenarios").text_input))
    assert spot
    assert -8.7 < float(spot[1]) < -8.5  # of this atlas, whichever it is


def test_an_atlas_built_anew_under_an_open_page_tells_what_no_longer_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = region(tmp_path / "refeito", -8.611, 3)
    codes = gpd.read_parquet(folder / "neighbourhoods.parquet")["code"].tolist()
    monkeypatch.setenv("ATLAS_APP_NAME", str(folder))
    monkeypatch.setenv("ATLAS_APP_STORE", str(tmp_path / "store"))
    open_built(str(folder), store=tmp_path / "store", draws=0)
    app = opened("ordenar", unit=codes[0], within="1312", lang="en")
    for name, column in (("neighbourhoods.parquet", "parent"), ("parents.parquet", "code")):
        table = gpd.read_parquet(folder / name).assign(**{column: "99"})
        table[table["code"] != codes[0]].to_parquet(folder / name, index=False)
    settings = folder / "atlas.toml"
    settings.write_text(settings.read_text("utf-8").replace('id = "p1"', 'id = "p2"'), "utf-8")
    open_built(str(folder), store=tmp_path / "store", draws=0)
    app.run()
    assert not app.exception, app.exception[0].stack_trace
    gone = [Notice("app.link.unknown", {"what": one}) for one in ("p1", "1312", codes[0])]
    assert [one for one in app.session_state["notices"] if one in gone] == gone
    assert app.query_params["weights"] == "p2-1"
    assert "unit" not in app.query_params


def test_only_marks_that_some_unit_has_are_explained() -> None:
    """A mark of one country's reform says nothing elsewhere."""
    scores = pd.DataFrame({"flags": ["", "edge|completeness_unknown", None, "edge"]})
    assert flags(scores) == ["completeness_unknown", "edge"]
    assert flags(scores.iloc[:1]) == []
