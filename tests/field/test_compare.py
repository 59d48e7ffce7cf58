"""`atlas compare`: what changed between two builds, and whether data or method moved it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import pytest
from small_region import OSM, WIKIDATA, Region, wikidata

from atlas.atlasfile import product_folder
from atlas.built import Built, open_built
from atlas.cli import main
from atlas.comparing import Comparison, compare
from atlas.errors import StoreError
from atlas.store import Store

CENTRE = (-8.6110, 41.1480)  # in the parish of the historic centre, 131217
NAMES = ("Museu Um", "Museu Dois", "Museu Três", "Biblioteca", "Teatro")
KINDS = ("museus", "museus", "museus", "bibliotecas", "teatros")


def spots(**columns: object) -> pd.DataFrame:
    """Five places in a row, 100 m apart."""
    lon, lat, _ = pyproj.Geod(ellps="WGS84").fwd(
        [CENTRE[0]] * 5, [CENTRE[1]] * 5, [90] * 5, [-100 * n for n in range(5)]
    )
    table = {"record_id": [f"r{n}" for n in range(5)], "name": NAMES, "kind": KINDS, "lon": lon, "lat": lat}
    return pd.DataFrame(table | columns)


def built(region: Region) -> Built:
    return open_built(str(region.folder))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("before") / "a"
    return built(Region(folder).add("osm", spots(), "2024-01-01", **OSM).write())


def kinds(found: Comparison) -> set[tuple[str, str]]:
    return {(row.kind, row.cause) for row in found.rows.itertuples() if row.kind not in {"caveat", "source"}}


def test_a_store_differs_from_itself_in_nothing(before: Built) -> None:
    found = compare(before.store, Store(before.store.folder))
    assert found.rows.empty
    assert not found.caveats


def test_places_that_came_went_moved_and_changed_class_are_the_datas_doing(before: Built, tmp_path: Path) -> None:
    after = spots()
    step = after["lon"][1] - after["lon"][0]
    after.loc[0, "lon"] -= step * 40 / 100  # 40 m: the same spot
    after.loc[1, "lat"] -= 60 / 111_000  # 60 m: elsewhere
    after.loc[2, "kind"] = "galerias"
    after.loc[3, "record_id"] = "another id"  # the same name at the same spot is the same place
    after.loc[4, ["record_id", "name", "kind"]] = ["new", "Cinema", "cinemas"]
    found = compare(before.store, built(Region(tmp_path / "b").add("osm", after, "2026-01-01", **OSM).write()).store)
    rows = found.rows.set_index("kind")
    assert rows.loc["place_moved", ["name", "cause"]].tolist() == ["Museu Dois", "data"]
    assert rows.loc["place_moved", "change"] == pytest.approx(60, abs=1)
    assert rows.loc["place_reclassified", ["name", "before", "after"]].tolist() == ["Museu Três", "museum", "gallery"]
    assert rows.loc["place_went", ["name", "before"]].tolist() == ["Teatro", "theatre"]
    assert rows.loc["place_came", ["name", "after"]].tolist() == ["Cinema", "cinema"]
    assert len(rows) == 2 + 1 + 4, "two caveats, one source, four places: five venues before and after move no score"
    assert "2024-01-01, 5 registos" in found.caveats[0].pt
    assert "mapeamento novo" in found.caveats[0].pt
    assert "não fechou" in found.caveats[1].pt


def test_two_places_that_become_one_are_merged_and_parted_again(tmp_path: Path) -> None:
    twice = spots().assign(name=["Museu Um", *NAMES[1:]])
    other = twice.head(1).assign(record_id="Q1")
    apart = Region(tmp_path / "a").add("osm", twice, "2024-01-01", **OSM)
    apart = built(apart.add("register", other.assign(lon=other["lon"] + 0.01), "2024-01-01", **WIKIDATA).write())
    joined = Region(tmp_path / "b").add("osm", twice, "2024-01-01", **OSM)
    joined = built(joined.add("register", other, "2024-01-01", **WIKIDATA).write())
    merged = compare(apart.store, joined.store).rows.set_index("kind")
    assert merged.loc["place_merged", "after"] in set(joined.places.index)
    assert "place_went" not in merged.index
    split = compare(joined.store, apart.store).rows.set_index("kind")
    assert split.loc["place_split", "before"] in set(joined.places.index)
    assert "place_came" not in split.index


def test_a_change_of_scale_is_the_methods_and_nothing_else(before: Built, tmp_path: Path) -> None:
    found = compare(
        before.store, built(Region(tmp_path / "b").add("osm", spots(), "2024-01-01", **OSM).write(best=100)).store
    )
    assert kinds(found) == {("score", "method")}
    row = found.rows.iloc[0]
    assert row["id"] == "potential:131217"
    assert (row["before"], row["after"]) == (5.0, 2.5)  # half the weight on 5 venues of 50, then of 100
    assert not found.caveats


def test_method_and_data_together_are_two_steps_that_add_up(before: Built, tmp_path: Path) -> None:
    more = pd.concat(
        [spots(), spots().assign(record_id=[f"s{n}" for n in range(5)], name=list("ABCDE"), lat=CENTRE[1] + 0.004)]
    )
    after = built(Region(tmp_path / "b").add("osm", more, "2026-01-01", **OSM).write(best=100, weight=3))
    rows = compare(before.store, after.store).rows
    steps = rows[(rows["kind"] == "score") & (rows["id"] == "potential:131217")].set_index("cause")
    assert steps.loc["method", ["before", "after"]].tolist() == [5.0, 3.75]  # 3/4 · 5 of 100
    assert steps.loc["data", ["before", "after"]].tolist() == [3.75, 7.5]  # 3/4 · 10 of 100


def test_a_layer_that_no_longer_takes_a_record_reclassifies_it_by_method(before: Built, tmp_path: Path) -> None:
    region = Region(tmp_path / "b").add("osm", spots(), "2024-01-01", **OSM)
    text = (product_folder("layers") / "libraries.toml").read_text("utf-8")
    (region.folder / "layers").mkdir()
    assert '"bibliotecas"' in text
    (region.folder / "layers" / "libraries.toml").write_text(text.replace('"bibliotecas"', '"livrarias"'), "utf-8")
    found = compare(before.store, built(region.write()).store)
    assert kinds(found) == {("place_reclassified", "method"), ("score", "method")}
    row = found.rows.set_index("kind").loc["place_reclassified"]
    assert (row["name"], row["before"], row["after"]) == ("Biblioteca", "library", None)


def test_wikidata_of_2021_against_2026_reclassified_is_not_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = []
    for year, date in ((2021, "2021-08"), (2026, "2026-02-19")):
        region = Region(tmp_path / str(year), version=str(year)).add("wikidata", wikidata(year), date, **WIKIDATA)
        stores.append(built(region.write()).store)
    found = compare(*stores)
    reclassified = found.rows[found.rows["kind"] == "place_reclassified"].set_index("name")
    assert reclassified.loc["Cine-Teatro Vale Formoso", ["before", "after"]].tolist() == ["cinema", "theatre|cinema"]
    went = found.rows[found.rows["kind"] == "place_went"]
    assert not {*reclassified.index} & {*went["name"]}
    left = [set(wikidata(year)["record_id"].str.extract(r"^(Q\d+)")[0]) for year in (2021, 2026)]
    inside = stores[0].read("members").merge(stores[0].read("places"), on="place_id")
    gone = set(inside.loc[inside["place_id"].isin(went["id"]), "record_id"].str.extract(r"^(Q\d+)")[0])
    assert gone <= left[0] - left[1], "an entity that both editions name has not gone"
    assert len(gone) >= 15
    assert set(found.rows["cause"]) == {"data"}
    assert main(["compare", str(stores[0].folder), str(stores[1].folder), "--lang", "pt"]) == 0
    told = capsys.readouterr().out
    assert "lugar reclassificado: 2 (dados 2, método 0)" in told
    assert "não fechou por isso" in told
    assert "lugar que fechou" not in told


@pytest.mark.parametrize("form", ["json", "csv"])
def test_json_and_csv_hold_every_row_and_the_caveat(
    before: Built, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = spots().assign(name=["=HYPERLINK(1)", "\x1b[31mred", *NAMES[2:]])
    after = Region(tmp_path / "região b").add("osm", hostile.head(4), "2026-01-01", **OSM).write()
    config = after.folder / "atlas.toml"
    named = 'id = "osm"\ntitle_en = "In English"\n'
    config.write_text(config.read_text("utf-8").replace('id = "osm"\n', named, 1), "utf-8")
    assert (
        main(["compare", str(before.store.folder), str(after.folder), "--format", form, "--lang", "en", "--quiet"]) == 0
    )
    told = capsys.readouterr().out
    if form == "json":
        answer = json.loads(told)
        assert list(answer["rows"][0]) == ["kind", "id", "name", "before", "after", "change", "cause"]
        assert "new mapping" in answer["meta"]["caveats"][0]
        assert answer["meta"]["b"]["sources"]["osm"] == "2026-01-01"
        assert {row["name"] for row in answer["rows"] if row["kind"] == "source"} == {"In English"}
    else:
        lines = told.splitlines()
        assert lines[0] == "kind,id,name,before,after,change,cause"
        assert lines[1].startswith("caveat,1,")
        assert not any(line.split(",")[2].startswith("=") for line in lines)


def test_what_cannot_be_compared_is_said(before: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = str(before.store.folder)
    assert main(["compare", here, str(tmp_path / "nowhere"), "--lang", "en"]) == 1
    assert "neither a store (manifest.json) nor an atlas (atlas.toml)" in capsys.readouterr().err
    half = tmp_path / "half copied"
    shutil.copytree(here, half)
    (half / "members.parquet").write_bytes((half / "members.parquet").read_bytes()[:100])
    assert main(["compare", here, str(half), "--lang", "en"]) == 1
    assert "members" in capsys.readouterr().err
    manifest = json.loads((half / "manifest.json").read_text("utf-8"))
    (half / "manifest.json").write_text(json.dumps(manifest | {"schema": 99}), "utf-8")
    assert main(["compare", here, str(half), "--lang", "en"]) == 1
    assert "schema 99" in capsys.readouterr().err
    (half / "manifest.json").write_text("{", "utf-8")
    assert main(["compare", here, str(half), "--lang", "en"]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert main(["compare", here]) == 2


def test_stores_of_different_regions_or_of_an_older_program_are_refused(before: Built, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(before.store.folder, elsewhere)
    units = before.store.read("neighbourhoods")
    units.assign(code=units["code"] + "x").to_parquet(elsewhere / "neighbourhoods.parquet")
    with pytest.raises(StoreError, match="nenhuma unidade em comum"):
        compare(before.store, Store(elsewhere))
    older = tmp_path / "older"
    shutil.copytree(before.store.folder, older)
    manifest = json.loads((older / "manifest.json").read_text("utf-8"))
    del manifest["method"]
    (older / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(StoreError, match="programa anterior"):
        compare(before.store, Store(older))
    assert not np.any(compare(Store(older), before.store).rows["cause"] == "data")


def of_another_version(
    store: Store, folder: Path, *, without: dict[str, str] | None = None, **manifest: object
) -> Store:
    """A copy of a store as another version would have left it: columns dropped, keys of the manifest changed."""
    shutil.copytree(store.folder, folder)
    for table, column in (without or {}).items():
        store.read(table).drop(columns=column).to_parquet(folder / f"{table}.parquet")
    held = json.loads((folder / "manifest.json").read_text("utf-8"))
    (folder / "manifest.json").write_text(json.dumps(held | manifest), "utf-8")
    return Store(folder)


def test_an_older_store_is_compared_in_what_both_hold(tmp_path: Path) -> None:
    decision = ["decision,source_a,record_a,source_b,record_b,value,by,date,note", "closed,osm,r4,,,,Ana,2026-01-02,"]
    region = Region(tmp_path / "a").add("osm", spots(), "2024-01-01", **OSM).write()
    whole = built(region)
    before = Store(shutil.copytree(whole.store.folder, tmp_path / "before"))
    (region.folder / "decisions.csv").write_text("\n".join(decision), "utf-8")
    after = built(region).store
    older = of_another_version(after, tmp_path / "older", without={"decisions": "applied", "records": "marks"})
    method = json.loads((older.folder / "manifest.json").read_text("utf-8"))["method"]
    for one in method["indicator"]:
        del one["base_least"], one["note"]
    older = of_another_version(older, tmp_path / "oldest", program="0.0.9", method=method)
    found = compare(before, older)
    assert ("place_closed", "data") in kinds(found), "without `applied`, every decision counts"
    assert [text.pt for text in found.caveats[:2]] == [
        "Uma das construções é de outra versão e não tem records.marks: os registos comparam-se sem isso.",
        "A construção ensaio 1 é de outra versão e não diz que decisões aplicou: contam-se todas.",
    ]
    assert kinds(compare(older, after)) == set(), "what one does not hold is no change"
    assert compare(older, after).measured_anew == []


@pytest.mark.parametrize(
    ("without", "manifest", "said"),
    [
        ({"members": "record_id", "places": "classes"}, {}, "places.classes, members.record_id"),
        ({}, {"sources": [{"id": "osm", "title": "OSM"}]}, "manifest.sources.licence, manifest.sources.date"),
        ({}, {"method": {"indicator": [{"code": "venues", "new": 1}], "index": []}}, "new"),
        ({}, {"method": {"indicator": []}}, "manifest.method.index"),
    ],
)
def test_a_store_of_another_version_is_refused_with_all_that_it_lacks(
    without: dict[str, str], manifest: dict[str, object], said: str, before: Built, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    other = of_another_version(before.store, tmp_path / "newer", without=without, program="0.9.0", **manifest)
    assert main(["compare", str(before.store.folder), str(other.folder), "--lang", "en"]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"{other.folder}: The store was made by another version of the program (0.9.0)")
    assert said in told
    assert told.count("\n") == 1
    assert "Make it anew with this program" in told


def test_columns_and_tables_that_a_newer_version_adds_change_nothing(before: Built, tmp_path: Path) -> None:
    newer = of_another_version(before.store, tmp_path / "newer", program="9.0.0", something={"new": 1})
    for table in ("places", "members", "records", "scores"):
        newer.read(table).assign(new=1).to_parquet(newer.folder / f"{table}.parquet")
    before.store.read("scores").to_parquet(newer.folder / "new_table.parquet")
    assert compare(before.store, Store(newer.folder)).rows.empty
    assert compare(Store(newer.folder), before.store).rows.empty
