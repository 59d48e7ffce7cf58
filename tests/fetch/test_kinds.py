"""Each kind of service, answering as its interface is documented, and as it misbehaves."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from fetch_service import HEAD, SOUTH_M, SPOTS, WEST_M, Answer, Asked, Service, a_job, as_json, box_of, inside

from atlas.config import Source
from atlas.errors import FetchError, OutputError
from atlas.fetch import arcgis, bgri, gtfs, ogcapi, sparql, wfs
from atlas.fetch.client import Client
from atlas.sources import load


def test_wikidata_is_asked_for_classes_grades_and_inventory_numbers(
    service: Service, client: Client, town: Path
) -> None:
    def cell(value: str) -> dict[str, str]:
        return {"type": "literal", "value": value}

    row = {
        "item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q1"},
        "itemLabel": cell("Igreja Velha"),
        "class": {"type": "uri", "value": "http://www.wikidata.org/entity/Q33506"},
        "coord": cell(f"Point({SPOTS[0][0]} {SPOTS[0][1]})"),
        "gradeLabel": cell("Imóvel de Interesse Público"),
        "sipa": cell("5132"),
    }
    again = row | {"class": {"type": "uri", "value": "http://www.wikidata.org/entity/Q16970"}}
    answer = as_json({"head": {"vars": list(sparql.COLUMNS)}, "results": {"bindings": [row, again]}})
    out_of_time = b"SPARQL-QUERY: queryStr=" + b"x" * 3000 + b"\njava.util.concurrent.TimeoutException\n"
    service.answers(
        Answer(answer[:-40] + b"java.util.concurrent.TimeoutException"), Answer(out_of_time, 500), Answer(answer)
    )
    job = a_job(town, client, service.address, "sparql", "wikidata.json", tile_km=4)
    sparql.fetch(job)
    assert not client.waited  # what runs out of time is asked for by quarters, and those by theirs
    query = service.asked[0].form["query"]
    assert all(word in query for word in ("wdt:P1435", "wdt:P1700", "wdt:P1702", "wd:Q33506", "wikibase:box"))
    source = Source.model_validate({"id": "w", "kind": "wikidata", "file": job.target.name, "date": "2026", **HEAD})
    records = load(source, job.target.parent)
    assert records["record_id"].tolist() == ["Q1"]
    assert records["kind"].tolist() == ["Q16970;Q33506"]
    assert json.loads(records["tags"][0])["protection_title"] == "Imóvel de Interesse Público"


def test_a_region_where_wikidata_has_nothing_is_an_answer(service: Service, client: Client, town: Path) -> None:
    service.answers(Answer(as_json({"head": {"vars": list(sparql.COLUMNS)}, "results": {"bindings": []}})))
    job = a_job(town, client, service.address, "sparql", "wikidata.json")
    sparql.fetch(job)
    source = Source.model_validate({"id": "w", "kind": "wikidata", "file": job.target.name, "date": "2026", **HEAD})
    assert len(load(source, job.target.parent)) == 0


def a_feed(**more: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in dict.fromkeys(("stops.txt", "stop_times.txt", "trips.txt", *more)):
            archive.writestr(name, more.get(name, "a,b\n"))
    return held.getvalue()


def test_the_newest_timetable_of_a_catalogue_is_taken(service: Service, client: Client, town: Path) -> None:
    resources = [
        {"url": f"{service.address}/new.zip", "last_modified": "2026-02-20"},
        {"url": f"{service.address}/old.zip", "last_modified": "2024-03-01"},
        {"url": f"{service.address}/read.pdf", "last_modified": "2026-03-01"},
    ]
    service.reply = lambda asked: Answer(
        as_json({"success": True, "result": {"resources": resources}}) if "package_show" in asked.path else a_feed()
    )
    job = a_job(town, client, f"{service.address}/api/3/action/package_show?id=x", "gtfs", "feed.zip")
    gtfs.fetch(job)
    assert [asked.path for asked in service.asked][-1] == "/new.zip"
    assert zipfile.ZipFile(job.target).testzip() is None


def test_the_stops_of_several_timetables_become_one_table(service: Service, client: Client, town: Path) -> None:
    (west, south), (east, north) = SPOTS[0], SPOTS[1]
    feed = a_feed(
        **{
            "stops.txt": f"stop_id,stop_name,stop_lat,stop_lon\ns1, Praça ,{south},{west}\ns2,Rua,{north},{east}\n",
            "trips.txt": "route_id,service_id,trip_id\nr,w,t\n",
            "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
            "t,8:00:00,8:00:00,s1,1\nt,8:05:00,8:05:00,s2,2\n",
            "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
            "w,1,1,1,1,1,0,0,20260105,20260109\n",
        }
    )
    service.answers(Answer(feed))
    feeds = [{"id": "bus", "kind": "bus_stop"}, {"id": "metro", "kind": "metro_stop", "address": service.address}]
    job = a_job(town, client, f"{service.address}/bus.zip", "gtfs", "transit_stops.csv", feeds=feeds)
    gtfs.fetch(job)
    table = pd.read_csv(job.target)
    assert table["record_id"].tolist() == ["bus/s1", "bus/s2", "metro/s1", "metro/s2"]
    assert table["name"].tolist()[0] == "Praça"
    assert table["departures_per_hour"].tolist()[:2] == [round(1 / 13, 3), 0]
    assert table["day"].tolist()[0] == "2026-01-05"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (a_feed(**{"../../evil.txt": "x"}), "sai da sua pasta"),
        (a_feed(**{"big.txt": "0" * 30_000_000}), "não é aberto"),
        (a_feed()[:100], "ZIP inteiro"),
    ],
    ids=["leads out", "swells", "cut"],  # a ZIP holds the time, and workers must call a test the same
)
def test_a_zip_that_leads_out_or_swells_or_is_cut_is_not_opened(
    service: Service, client: Client, town: Path, body: bytes, word: str
) -> None:
    service.answers(Answer(body))
    job = a_job(town, client, service.address, "gtfs", "feed.zip")
    with pytest.raises(FetchError, match=word):
        gtfs.fetch(job)
    assert not job.target.exists()
    assert not list(town.rglob("evil.txt"))


# ── Census blocks ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_blocks_of_each_municipality_are_summed_into_the_atlas_s_own_units(
    service: Service, client: Client, town: Path
) -> None:
    def archive(blocks: list[tuple[float, int, int | None]]) -> bytes:
        held = {
            "BGRI2021": [str(n) for n in range(len(blocks))],
            "N_INDIVIDUOS": [people for _, people, _ in blocks],
            "n_edificios_com_necessidades_reparacao": [repair for _, _, repair in blocks],
        }
        shapes = [shapely.box(WEST_M + x, SOUTH_M + 100, WEST_M + x + 200, SOUTH_M + 300) for x, _, _ in blocks]
        gpd.GeoDataFrame(held, geometry=shapes, crs=3763).to_file(town / "b.gpkg")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.write(town / "b.gpkg", "BGRI2021_x.gpkg")
        return out.getvalue()

    # the third block of 1301 lies across the border with 130201, its point in 130101
    first = archive([(100, 50, 1), (400, 30, None), (850, 20, 4), (5000, 999, 9)])
    second = archive([(1200, 70, 3)])
    service.reply = lambda asked: Answer(first if asked.path == "/BGRI2021_1301.zip" else second)
    job = a_job(town, client, f"{service.address}/BGRI2021_{{code}}.zip", "bgri", "blocks.csv")
    bgri.fetch(job)
    table = pd.read_csv(job.target, dtype={"code": str}).set_index("code")
    assert table.loc["130101", ["residents", "buildings_needing_repair", "straddling"]].tolist() == [100, 5, 0.2]
    assert table.loc["130201", "residents"] == 70
    assert table.loc["130102"].isna().all()  # no block: missing, not nobody
    assert {asked.path for asked in service.asked} == {"/BGRI2021_1301.zip", "/BGRI2021_1302.zip"}
    first = second = archive([(90_000, 5, 1)])
    with pytest.raises(FetchError, match="Nenhuma subsecção"):
        bgri.fetch(a_job(town, client, f"{service.address}/elsewhere/BGRI2021_{{code}}.zip", "bgri", "blocks.csv"))


# ── WFS ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

CAPABILITIES = b"""<?xml version="1.0"?>
<wfs:WFS_Capabilities version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:ows="http://www.opengis.net/ows/1.1">
 <ows:OperationsMetadata><ows:Operation name="GetFeature"><ows:Parameter name="outputFormat"><ows:AllowedValues>
  <ows:Value>application/gml+xml; version=3.2</ows:Value>%s</ows:AllowedValues></ows:Parameter></ows:Operation>
 </ows:OperationsMetadata>
 <wfs:FeatureTypeList>
  <wfs:FeatureType><wfs:Name>gmgml:Imoveis</wfs:Name><wfs:DefaultCRS>urn:ogc:def:crs:EPSG::4326</wfs:DefaultCRS>
  </wfs:FeatureType>
  <wfs:FeatureType><wfs:Name>gmgml:Outros</wfs:Name><wfs:DefaultCRS>urn:ogc:def:crs:EPSG::3763</wfs:DefaultCRS>
  </wfs:FeatureType>
 </wfs:FeatureTypeList>
</wfs:WFS_Capabilities>"""


def features(numbers: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "id": f"Imoveis.{n}",
            "properties": {"Designacao": f"Casa {n}", "n": n},
            "geometry": {"type": "Point", "coordinates": SPOTS[n]},
        }
        for n in numbers
    ]


def wfs_reply(service: Service, *, heeds_start: bool = True, fault: bool = False) -> None:
    def reply(asked: Asked) -> Answer:
        if asked.query["request"] == "GetCapabilities":
            return Answer(CAPABILITIES % b"<ows:Value>application/json; subtype=geojson</ows:Value>")
        if fault:
            text = b'<ows:ExceptionReport xmlns:ows="o"><ows:ExceptionText>no such type</ows:ExceptionText>'
            return Answer(text + b"</ows:ExceptionReport>")
        south, west, north, east = (
            float(one) for one in asked.query["bbox"].split(",")[:4]
        )  # EPSG:4326: latitude first
        held = inside((west, south, east, north))
        start = int(asked.query["startIndex"]) if heeds_start else 0
        page = held[start : start + int(asked.query["count"])]
        return Answer(as_json({"type": "FeatureCollection", "numberMatched": len(held), "features": features(page)}))

    service.reply = reply


def test_wfs_is_read_page_by_page(service: Service, client: Client, town: Path) -> None:
    wfs_reply(service)
    job = a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["*:Imoveis"], page=5)
    wfs.fetch(job)
    table = gpd.read_file(job.target)
    assert sorted(table["Designacao"]) == sorted(f"Casa {n}" for n in range(16))
    assert set(table["feature_type"]) == {"Imoveis"}
    assert [asked.query.get("startIndex") for asked in service.asked] == [None, "0", "5", "10", "15"]


def test_wfs_that_repeats_a_page_is_asked_by_quarters(service: Service, client: Client, town: Path) -> None:
    wfs_reply(service, heeds_start=False)
    job = a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["*:Imoveis"], page=5)
    wfs.fetch(job)
    assert len(gpd.read_file(job.target)) == 16


def test_wfs_faults_and_unknown_types_are_said(service: Service, client: Client, town: Path) -> None:
    wfs_reply(service, fault=True)
    with pytest.raises(FetchError, match="no such type"):
        wfs.fetch(a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["gmgml:Imoveis"]))
    with pytest.raises(FetchError, match="gmgml:Imoveis, gmgml:Outros"):
        wfs.fetch(a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["nada"]))


@pytest.mark.parametrize("start", ["heeded", "ignored", "refused"])
def test_wfs_that_does_not_say_how_many_there_are_comes_whole(
    service: Service, client: Client, town: Path, start: str
) -> None:
    """It hands out five at a time where it heeds ``startIndex``, else all of them."""

    def reply(asked: Asked) -> Answer:
        if asked.query["request"] == "GetCapabilities":
            return Answer(CAPABILITIES % b"<ows:Value>application/json</ows:Value>")
        first = int(asked.query["startIndex"])
        if first and start == "refused":
            return Answer(
                b'<o:ExceptionReport xmlns:o="o"><o:ExceptionText>startIndex</o:ExceptionText></o:ExceptionReport>'
            )
        page = range(first, min(first + 5, 16)) if start == "heeded" else range(16)
        return Answer(as_json({"type": "FeatureCollection", "numberMatched": "unknown", "features": features([*page])}))

    service.reply = reply
    job = a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["*:Imoveis"])
    wfs.fetch(job)
    assert len(gpd.read_file(job.target)) == 16


def test_wfs_that_is_cut_at_the_end_of_a_tag_is_asked_for_again(service: Service, client: Client, town: Path) -> None:
    point = '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>{1} {0}</gml:pos></gml:Point>'
    member = '<wfs:member><a:Imoveis gml:id="Imoveis.{n}"><a:geom>' + point + "</a:geom></a:Imoveis></wfs:member>"
    head = ('<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="http://a" '
            'xmlns:gml="http://www.opengis.net/gml/3.2" numberMatched="16" numberReturned="16">')  # fmt: skip
    rows = "".join(member.format(*SPOTS[n], n=n) for n in range(16))
    service.answers(
        Answer(CAPABILITIES % b""),
        Answer((head + rows.rsplit("<wfs:member>", 4)[0]).encode()),
        Answer(f"{head}{rows}</wfs:FeatureCollection>".encode()),
    )
    job = a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["*:Imoveis"])
    wfs.fetch(job)
    assert sorted(gpd.read_file(job.target)["record_id"]) == sorted(f"Imoveis.{n}" for n in range(16))


# ── OGC API Features ────────────────────────────────────────────────────────────────────────────────────────────────


def test_ogc_api_is_followed_by_its_own_links(service: Service, client: Client, town: Path) -> None:
    def reply(asked: Asked) -> Answer:
        held = inside(box_of(asked.query["bbox"]))
        start = int(asked.query.get("offset", 0))
        body: dict[str, Any] = {"type": "FeatureCollection", "features": features(held[start : start + 6])}
        if start + 6 < len(held):
            href = f"{asked.path}?bbox={asked.query['bbox']}&f=json&offset={start + 6}"
            body["links"] = [{"rel": "next", "type": "application/geo+json", "href": href}]
        return Answer(as_json(body))

    service.reply = reply
    job = a_job(town, client, f"{service.address}/collections/crus", "ogcapi", "crus.gpkg")
    ogcapi.fetch(job)
    assert len(gpd.read_file(job.target)) == 16
    assert service.asked[0].path == "/collections/crus/items"
    assert len(service.asked) == 3


def test_ogc_api_whose_next_page_is_the_same_again_is_asked_by_quarters(
    service: Service, client: Client, town: Path
) -> None:
    def reply(asked: Asked) -> Answer:
        held = inside(box_of(asked.query["bbox"]))
        links = [{"rel": "next", "href": f"{asked.path}?bbox={asked.query['bbox']}&again=1"}] if len(held) > 4 else []
        return Answer(as_json({"type": "FeatureCollection", "features": features(held[:4]), "links": links}))

    service.reply = reply
    job = a_job(town, client, f"{service.address}/collections/crus", "ogcapi", "crus.gpkg")
    ogcapi.fetch(job)
    assert len(gpd.read_file(job.target)) == 16


def test_pages_without_end_are_an_error(
    service: Service, client: Client, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atlas.fetch.paging.MOST_PAGES", 4)

    def reply(asked: Asked) -> Answer:
        new = features([0])[0] | {"id": len(service.asked)}
        links = [{"rel": "next", "href": f"{asked.path}?after={len(service.asked)}"}]
        return Answer(as_json({"type": "FeatureCollection", "features": [new], "links": links}))

    service.reply = reply
    with pytest.raises(FetchError, match="não acaba"):
        ogcapi.fetch(a_job(town, client, f"{service.address}/collections/crus", "ogcapi", "crus.gpkg"))
    assert len(service.asked) == 4


def test_ogc_api_attributes_with_names_that_a_geopackage_takes_for_one_are_kept(
    service: Service, client: Client, town: Path
) -> None:
    one = features([0])[0] | {"properties": {"ID": "a", "fid": 7, "Nome": "x", "NOME": "y", "geom": "z"}}
    service.answers(Answer(as_json({"type": "FeatureCollection", "numberMatched": "1", "features": [one]})))
    job = a_job(town, client, f"{service.address}/collections/crus", "ogcapi", "crus.gpkg")
    ogcapi.fetch(job)
    row = gpd.read_file(job.target).iloc[0]
    assert {"a", "7", "x", "y", "z", "Imoveis.0"} <= set(row.drop("geometry").astype(str))


def test_a_file_that_gdal_cannot_write_is_no_fault_of_the_service(
    service: Service, client: Client, town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the disk is full: SQLite says so in words of its own."""

    def full(*_: Any, **__: Any) -> None:
        raise pyogrio.errors.DataSourceError("Failed to commit transaction")

    monkeypatch.setattr(gpd.GeoDataFrame, "to_file", full)
    service.answers(Answer(as_json({"type": "FeatureCollection", "features": features([0])})))
    with pytest.raises(OutputError, match=r"Failed to commit transaction.*espaço em disco"):
        ogcapi.fetch(a_job(town, client, f"{service.address}/collections/crus", "ogcapi", "crus.gpkg"))


@pytest.mark.parametrize("shape", ["GeoJSON in metres that states no CRS", "GML with an empty last page"])
def test_wfs_answers_as_servers_write_them(service: Service, client: Client, town: Path, shape: str) -> None:
    in_json = shape.startswith("GeoJSON")
    metres = features([0])[0] | {"geometry": {"type": "Point", "coordinates": [WEST_M + 250, SOUTH_M + 250]}}
    gml = (
        '<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:a="http://a" numberMatched="unknown" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" numberReturned="{}">{}</wfs:FeatureCollection>'
    )
    member = (
        '<wfs:member><a:Outros gml:id="Outros.1"><a:geom><gml:Point srsName="urn:ogc:def:crs:EPSG::3763"><gml:pos>'
        f"{WEST_M + 250} {SOUTH_M + 250}</gml:pos></gml:Point></a:geom></a:Outros></wfs:member>"
    )

    def reply(asked: Asked) -> Answer:
        if asked.query["request"] == "GetCapabilities":
            return Answer(CAPABILITIES % (b"<ows:Value>application/json</ows:Value>" if in_json else b""))
        if in_json:
            return Answer(as_json({"type": "FeatureCollection", "numberMatched": 1, "features": [metres]}))
        first = asked.query["startIndex"] == "0"
        return Answer((gml.format(1, member) if first else gml.format(0, "")).encode())

    service.reply = reply
    job = a_job(town, client, f"{service.address}/wfs", "wfs", "srup.gpkg", types=["*:Outros"])
    wfs.fetch(job)
    at = gpd.read_file(job.target).geometry[0]
    assert (at.x, at.y) == pytest.approx(SPOTS[0], abs=1e-5)


def test_a_next_page_is_asked_with_encryption_where_the_first_was() -> None:
    answer = {"features": [1], "links": [{"rel": "next", "href": "http://a.pt/items?offset=2"}]}
    assert ogcapi.following_in(answer, "https://a.pt/items") == "https://a.pt/items?offset=2"


def test_ogc_api_links_to_another_host_are_not_followed(service: Service, client: Client, town: Path) -> None:
    body = {
        "type": "FeatureCollection",
        "features": features([0]),
        "links": [{"rel": "next", "href": "http://example.org/items"}],
    }
    service.answers(Answer(as_json(body)))
    with pytest.raises(FetchError, match="não está entre os servidores"):
        ogcapi.fetch(a_job(town, client, f"{service.address}/collections/crus", "ogcapi", "crus.gpkg"))


# ── ArcGIS ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def arcgis_reply(service: Service, *, pages: bool, repeats: bool = False, skips: bool = False, most: int = 99) -> None:
    about = {
        "maxRecordCount": 6,
        "objectIdField": "OBJECTID",
        "advancedQueryCapabilities": {"supportsPagination": pages},
    }

    def feature(n: int) -> dict[str, Any]:
        lon, lat = SPOTS[n]
        ring = [[lon, lat], [lon + 1e-4, lat], [None, None], [lon + 1e-4, lat + 1e-4], [lon, lat]]
        return {"attributes": {"OBJECTID": n, "Designacao": f"Casa {n}"}, "geometry": {"rings": [ring]}}

    def reply(asked: Asked) -> Answer:
        form = asked.form
        if asked.path.endswith("/MapServer/1"):
            return Answer(as_json(about))
        if "objectIds" in form:
            wanted = [int(one) for one in form["objectIds"].split(",")]
            return Answer(as_json({"features": [feature(n) for n in wanted[:most]]}))
        held = inside(box_of(form["geometry"]))
        if form.get("returnIdsOnly"):
            return Answer(as_json({"objectIdFieldName": "OBJECTID", "objectIds": held}))
        start = 0 if repeats else int(form["resultOffset"])
        page = held[start : start + 6][1 if skips and start else 0 :]
        more = start + 6 < len(held)
        geometry = {"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4326}}
        return Answer(as_json({"features": [feature(n) for n in page], "exceededTransferLimit": more, **geometry}))

    service.reply = reply


@pytest.mark.parametrize(
    "behaves",
    [{"pages": True}, {"pages": False, "most": 4}, {"pages": True, "repeats": True}, {"pages": True, "skips": True}],
    ids=["by pages", "by ids, fewer than were asked for", "repeats a page", "skips one a page"],
)
def test_arcgis_comes_whole_by_offset_or_by_ids(
    service: Service, client: Client, town: Path, behaves: dict[str, Any]
) -> None:
    arcgis_reply(service, **behaves)
    job = a_job(town, client, f"{service.address}/MapServer/1", "arcgis", "patrimonio.json")
    arcgis.fetch(job)
    source = Source.model_validate(
        {"id": "a", "kind": "arcgis", "file": job.target.name, "date": "2026", "read": {"name": "Designacao"}, **HEAD}
    )
    records = load(source, job.target.parent)
    assert sorted(records["name"]) == sorted(f"Casa {n}" for n in range(16))
    assert records.geometry.is_valid.all()
    assert any("16 geometries had null coordinates" in en for _, en in records.attrs["warnings"])


def test_arcgis_that_lists_more_than_it_hands_out_is_an_error(service: Service, client: Client, town: Path) -> None:
    arcgis_reply(service, pages=False, most=0)
    with pytest.raises(FetchError, match="16 elementos e não entrega 16"):
        arcgis.fetch(a_job(town, client, f"{service.address}/MapServer/1", "arcgis", "p.json"))


def test_arcgis_faults_come_with_a_good_status(service: Service, client: Client, town: Path) -> None:
    service.answers(Answer(as_json({"error": {"code": 400, "message": "Invalid URL"}})))
    with pytest.raises(FetchError, match="400 Invalid URL"):
        arcgis.fetch(a_job(town, client, f"{service.address}/MapServer/1", "arcgis", "p.json"))
    service.answers(Answer(as_json({"error": {"code": 500, "message": "Busy"}})))
    with pytest.raises(FetchError, match="500 Busy"):
        arcgis.fetch(a_job(town, client, f"{service.address}/MapServer/1", "arcgis", "p.json"))
    assert len(service.asked) == 1 + client.tries
