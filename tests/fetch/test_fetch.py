"""`atlas fetch`: what comes stands before what there was, and what fails leaves it alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from fetch_service import HEAD, Answer, Asked, Service, spot

from atlas.atlasfile import find_atlas, load_atlas
from atlas.cli import main
from atlas.fetch import client_of, fetch
from atlas.fetch.changes import Changes, compare, fingerprints
from atlas.fetched import LEDGER, fetched_folder, ledger_of, located


def osm(*places: tuple[int, str, float, float]) -> Answer:
    elements = []
    for number, kind, x_m, y_m in places:
        lon, lat = spot(x_m, y_m)
        tags = {"tourism": kind, "name": f"Casa {number}"}
        elements.append({"type": "node", "id": number, "lon": lon, "lat": lat, "tags": tags})
    return Answer(json.dumps({"elements": elements}).encode())


def entry(service: Service, id_: str, **more: Any) -> str:
    values = {"id": id_, "kind": "overpass", "address": f"{service.address}/{id_}", "writes": f"{id_}.parquet"}
    values |= HEAD | {"licence": "ODbL 1.0"} | more
    ask = values.pop("ask", "{ tile_km = 50, margin_m = 0 }")
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n[[fetch]]\n" + "\n".join(lines) + f"\nask = {ask}\n"


FETCHED = """
[[source]]
id = "osm"
kind = "vector"
file = "osm.parquet"
title = "OpenStreetMap"
publisher = "OpenStreetMap contributors"
licence = "ODbL 1.0"
date = ""
fetched = true
replaces = ["museums"]

[[indicator]]
code = "galleries_near"
name = { pt = "Galerias", en = "Galleries" }
unit = { pt = "galerias", en = "galleries" }
measure = "count"
layers = ["galleries"]
sources = ["osm"]
goalposts = [0, 5]
about = { pt = "Galerias.", en = "Galleries." }
"""


def add(folder: Path, text: str) -> None:
    path = folder / "atlas.toml"
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def run(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, code: int = 0) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["fetch", *words, "--atlas", str(folder), "--format", "json", "--lang", "en"]) == code
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return rows


def ranked(capsys: pytest.CaptureFixture[str], folder: Path) -> dict[str, float]:
    capsys.readouterr()
    assert main(["rank", str(folder), "--format", "json", "--quiet"]) == 0
    return {row["code"]: row["score"] for row in json.loads(capsys.readouterr().out)["rows"]}


@pytest.fixture
def ready(town: Path, service: Service) -> Path:
    """The town with OpenStreetMap to be fetched: two museums and a gallery."""
    add(town, FETCHED + entry(service, "osm", title_en="In English", licence_en="Open, in English"))
    config = (town / "atlas.toml").read_text("utf-8")
    config = config.replace(
        "indicators = { museums_near = 1 }", "indicators = { museums_near = 1, galleries_near = 1 }"
    )
    (town / "atlas.toml").write_text(config, "utf-8")
    service.answers(osm((1, "museum", 500, 500), (2, "museum", 1500, 500), (3, "gallery", 1500, 600)))
    return town


def test_what_is_fetched_unlocks_what_rests_on_it(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = load_atlas(ready)
    assert [one.id for one in before.source] == ["units", "museums"]
    assert [one.code for one in before.indicator] == ["museums_near"]
    assert ranked(capsys, ready)["130201"] == 0
    (row,) = run(capsys, ready)
    assert (row["result"], row["records"], row["added"], row["removed"]) == ("new", 3, 3, 1)
    assert (row["title_en"], row["licence_en"]) == ("In English", "Open, in English")
    after = load_atlas(ready)
    assert [one.id for one in after.source] == ["units", "osm"]
    assert after.indicator[0].sources == ("osm",)
    assert after.indicator[1].code == "galleries_near"
    assert ranked(capsys, ready)["130201"] == 20  # one of each, five is best
    manifest = json.loads((ready / ".atlas" / "manifest.json").read_text("utf-8"))
    source = next(one for one in manifest["sources"] if one["id"] == "osm")
    path = ready / "fetched" / "osm.parquet"
    assert source["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
    assert source["address"] == row["address"]
    assert source["date"] == ledger_of(path.parent)["osm.parquet"]["date"] != ""


def test_nothing_is_asked_twice_until_refresh_and_then_the_changes_are_told(
    ready: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, ready)
    asked = len(service.asked)
    assert run(capsys, ready)[0]["result"] == "kept"
    assert len(service.asked) == asked
    assert run(capsys, ready, "--refresh")[0]["result"] == "same"
    service.answers(osm((1, "gallery", 500, 500), (3, "gallery", 1500, 600), (4, "museum", 10, 10)))
    (row,) = run(capsys, ready, "osm", "--refresh")
    assert (row["result"], row["added"], row["removed"], row["changed"]) == ("renewed", 1, 1, 1)


def test_changes_of_features_are_told_by_their_own_ids(
    town: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is new before all others does not make them all different."""

    def items(*held: tuple[int, str]) -> Answer:
        at = [{"type": "Point", "coordinates": spot(100 * number, 100)} for number, _ in held]
        rows = [
            {"type": "Feature", "id": number, "properties": {"name": name}, "geometry": point}
            for (number, name), point in zip(held, at, strict=True)
        ]
        return Answer(json.dumps({"type": "FeatureCollection", "features": rows}).encode())

    source = FETCHED.partition("[[indicator]]")[0].replace('"osm.parquet"', '"osm.gpkg"')
    add(town, source + entry(service, "osm", kind="ogcapi", writes="osm.gpkg", ask="{}"))
    service.answers(items((5, "a"), (6, "b"), (7, "c")))
    run(capsys, town)
    service.answers(items((1, "z"), (5, "new"), (7, "c")))
    (row,) = run(capsys, town, "--refresh")
    assert [row[key] for key in ("records", "added", "removed", "changed")] == [3, 1, 1, 1]


def test_areas_are_told_apart_by_what_they_say_and_a_file_of_bytes_not_at_all(tmp_path: Path) -> None:
    areas = gpd.GeoDataFrame({"class": ["a", "b"]}, geometry=gpd.points_from_xy([0, 1], [0, 1]).buffer(1), crs=3763)
    first, second = fingerprints(areas), fingerprints(areas.assign(**{"class": ["a", "c"]}))
    assert compare(first or {}, second or {}) == Changes(records=2, added=1, removed=1, changed=0)
    assert fingerprints(areas[:0]) == {}
    assert fingerprints(tmp_path) is None


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ("{ tilekm = 5 }", "Did you mean “tile_km”?"),
        ("{ tile_km = 0 }", "at least 0.5"),
        ("{ margin_m = '2 km' }", "at least 0"),
        ("{ layers = ['museus'] }", "Did you mean “museums”?"),
        ("{ layers = 'museums' }", "must be a list"),
    ],
)
def test_what_a_kind_does_not_understand_is_said_before_anybody_is_asked(
    town: Path, service: Service, capsys: pytest.CaptureFixture[str], ask: str, said: str
) -> None:
    add(town, entry(service, "osm", ask=ask))
    assert main(["fetch", "--atlas", str(town), "--lang", "en"]) == 1
    assert said in capsys.readouterr().err
    assert service.asked == []


def test_a_file_that_was_changed_by_another_hand_is_fetched_anew(
    ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, ready)
    path = ready / "fetched" / "osm.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    assert run(capsys, ready)[0]["result"] == "renewed"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"", 404),
        Answer(b"<html>Error</html>"),
        Answer(b'{"elements": [{"type'),
        Answer(b"[]"),
        Answer(b'{"elements": []}'),
        Answer(b'{"elements": [{"type": "way", "id": 1, "geometry": 5}]}'),
    ],
    ids=["404", "page", "cut", "list", "nothing", "strange"],
)
def test_the_last_good_data_stand_where_a_service_fails(
    ready: Path, service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("atlas.fetch.client.Client.pause", staticmethod(lambda _: None), raising=False)
    run(capsys, ready)
    path = ready / "fetched" / "osm.parquet"
    good, ledger = path.read_bytes(), (ready / "fetched" / LEDGER).read_bytes()
    add(ready, entry(service, "other", writes="other.parquet"))
    answers = {"/osm": answer, "/other": osm((9, "museum", 300, 300))}
    service.reply = lambda asked: answers[asked.path]
    outcomes = fetch(load_atlas(ready, whole=True), refresh=True, client=lambda one: quick(one))
    assert [(one.entry.id, one.result) for one in outcomes] == [("osm", "failed"), ("other", "new")]
    assert path.read_bytes() == good
    assert json.loads(ledger)["osm.parquet"] == ledger_of(ready / "fetched")["osm.parquet"]
    assert ranked(capsys, ready)["130201"] == 20


def quick(one: Any) -> Any:
    made = client_of(one)
    made.pause = lambda _: None
    return made


def test_a_failure_is_told_and_ends_with_code_1(
    ready: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.answers(Answer(b"no such thing", 404))
    assert main(["fetch", "--atlas", str(ready), "--lang", "en"]) == 1
    told = capsys.readouterr()
    assert "failed" in told.out
    assert "Open, in English" in told.out
    assert "1 of 1 fetch failed" in told.err
    assert "404: no such thing" in told.err
    assert main(["rank", str(ready), "--quiet"]) == 0  # as before


def test_names_are_checked_before_anything_is_asked(
    ready: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "osmm", "--atlas", str(ready), "--lang", "en"]) == 1
    assert "Did you mean “osm”?" in capsys.readouterr().err
    add(ready, entry(service, "out", writes="../out.parquet"))
    assert main(["fetch", "out", "--atlas", str(ready), "--lang", "en"]) == 1
    assert "leads out of the atlas" in capsys.readouterr().err
    for number, (name, said) in enumerate(
        {LEDGER: "reserved", ".x/a.parquet": "reserved", "a.gpkg": ".parquet"}.items()
    ):
        add(ready, entry(service, f"out{number}", writes=name))
        assert main(["fetch", f"out{number}", "--atlas", str(ready), "--lang", "en"]) == 1
        assert said in capsys.readouterr().err
    add(ready, entry(service, "odd", address="http://[there"))
    assert main(["fetch", "odd", "--atlas", str(ready), "--lang", "en"]) == 1
    assert "no valid address" in capsys.readouterr().err
    assert service.asked == []


def test_what_is_only_fetched_by_name_waits_for_its_name(
    ready: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    add(ready, entry(service, "large").replace("\nask", "\ndefault = false\nask"))
    assert [row["name"] for row in run(capsys, ready)] == ["osm"]
    assert [row["name"] for row in run(capsys, ready, "large")] == ["large"]


def test_a_fetched_file_stands_before_the_embedded_one_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATLAS_HOME", str(tmp_path))
    norte, porto = find_atlas("norte"), find_atlas("porto")
    assert located(norte, "wikidata_2026.csv") == (norte, "wikidata_2026.csv")
    home = tmp_path / "fetched" / "norte"
    assert fetched_folder(norte) == home
    home.mkdir(parents=True)
    (home / "wikidata_2026.csv").write_text("record_id,name,kind,lon,lat\nQ1,Museu,museus,-8.6,41.1\n", "utf-8")
    assert located(norte, "wikidata_2026.csv") == (home, "wikidata_2026.csv")
    assert located(porto, "../norte/wikidata_2026.csv") == (home, "wikidata_2026.csv")
    assert located(porto, "../../etc/passwd") == (porto, "../../etc/passwd")
    from atlas.build import hashes_of
    from atlas.sources import load

    atlas = load_atlas(porto)
    assert len(load(atlas.source_of("wikidata_2026"), porto)) == 1
    with_it = hashes_of(atlas, draws=0, seed=1).data
    (home / "wikidata_2026.csv").unlink()
    assert hashes_of(atlas, draws=0, seed=1).data != with_it


@pytest.mark.parametrize("name", ["norte", "porto"])
def test_what_the_embedded_atlases_fetch_is_licensed_and_encrypted(name: str) -> None:
    from atlas.fetch import kinds
    from atlas.fetch.changes import source_of

    atlas = load_atlas(find_atlas(name), whole=True)
    assert {one.kind for one in atlas.fetch} <= set(kinds())
    for one in atlas.fetch:
        assert one.address.startswith("https://")
        assert one.licence
        assert source_of(atlas, one) is not None, one.id  # something reads what comes


def heeds_ctrl_c() -> None:
    """Also where the tests run in the background, whose shells have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process alone")
def test_an_interrupted_fetch_keeps_what_came_and_the_same_command_goes_on(ready: Path, service: Service) -> None:
    """Of four tiles Ctrl-C comes while the second is waited for."""
    config = (ready / "atlas.toml").read_text("utf-8")
    assert "tile_km = 50" in config
    (ready / "atlas.toml").write_text(config.replace("tile_km = 50", "tile_km = 1"), "utf-8")
    asked, go_on = threading.Event(), threading.Event()

    def reply(_: Asked) -> Answer:
        if len(service.asked) == 2:
            asked.set()
            go_on.wait(30)
        return osm((len(service.asked), "museum", 500, 500))

    service.reply = reply
    command = [sys.executable, "-m", "atlas.cli", "fetch", "--atlas", str(ready), "--lang", "en", "--quiet"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_ctrl_c)
    assert asked.wait(60)
    run.send_signal(signal.SIGINT)
    told = run.communicate(timeout=60)[1]
    go_on.set()
    assert run.returncode == 130
    assert "the same command goes on from there" in told
    assert "Traceback" not in told
    assert not (ready / "fetched" / "osm.parquet").exists()
    first = [one.form["data"] for one in service.asked]
    assert main(command[3:]) == 0
    later = [one.form["data"] for one in service.asked[2:]]
    assert len(later) == len(set(later)) == 3
    assert first[1] in later
    assert first[0] not in later
    assert len(gpd.read_parquet(ready / "fetched" / "osm.parquet")) == 4
