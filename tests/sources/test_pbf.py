"""Extracts written by the tests, in XML and in PBF: the same records as from Overpass, and what is broken."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import osmium
import pytest
import shapely
from geopandas import GeoDataFrame
from osm_elements import Element, as_pbf, as_xml, node, relation, square, way
from pandas.testing import assert_frame_equal

from atlas.config import Source
from atlas.errors import SourceError
from atlas.sources import _extract, _long_texts, _opl, pbf
from atlas.sources._streets import read_streets
from atlas.sources.overpass import read_overpass

TOWN: tuple[Element, ...] = (
    node(1, -8.6, 41.1, name="Café «Á» & <b>", amenity="cafe"),
    node(2, -8.61, 41.1),
    *square(11, 0, 0, 10), *square(15, 2, 2, 2), node(19, 6, 2), node(20, 6, 4), *square(21, 20, 0, 3),
    way(31, 11, 12, 13),
    way(32, 11, 14, 13),
    way(33, 15, 16, 17, 18, 15),
    way(34, 16, 19, 20, 17, 16),
    way(35, 21, 22, 23, 24, 21, tourism="museum"),
    way(36, 21, 22, 23, 24, 21, highway="residential"),
    way(37, 21, 23, 22, 24, 21, amenity="library"),  # a bow tie
    way(38, 21, 22, 99, amenity="theatre"),  # a node that the file lacks
    relation(41, {31: "outer", 32: "outer", 33: "inner", 34: "inner"}, amenity="university", name="Uni"),
    relation(42, {31: "outer"}, leisure="park"),  # does not close
    relation(43, {31: "outer", 77: "outer"}, leisure="park"),  # a way that the file lacks
    relation(44, {33: "outer"}),  # its meaning would be on the way
    {
        "type": "relation", "id": 45, "tags": {"type": "site", "historic": "archaeological_site"},
        "members": [{"type": "node", "ref": 1, "role": ""}, {"type": "node", "ref": 2, "role": ""}],
    },
    relation(46, {37: "outer"}, natural="wood"),  # as it is drawn, not as the way by itself is mended
    node(3, 1, 1, shop="books") | {"visible": False},
)  # fmt: skip


@pytest.fixture
def town(tmp_path: Path) -> Path:
    path = tmp_path / "vila são.osm"
    path.write_text(as_xml(*TOWN), encoding="utf-8")
    return path


def test_an_extract_and_an_overpass_answer_give_the_same_records(town: Path) -> None:
    answer = town.with_suffix(".json")
    answer.write_text(json.dumps({"elements": TOWN}), encoding="utf-8")
    read, expected = pbf.read_osm(town), read_overpass(answer)
    order = ["record_id", "name", "tags"]
    assert_frame_equal(read[order], expected.set_index("record_id").loc[read["record_id"]].reset_index()[order])
    same = expected.set_index("record_id").geometry.loc[read["record_id"]].to_numpy()
    assert shapely.equals(read.geometry.to_numpy(), same).all()
    assert read.set_index("record_id").geometry["relation/41"].area == pytest.approx(92)
    assert sorted(read.attrs["warnings"]) == sorted(expected.attrs["warnings"])
    assert len(read.attrs["warnings"]) == 4


def test_relations_that_contain_themselves_or_each_other_end(tmp_path: Path) -> None:
    """Members that are relations are not followed: what else a relation holds counts, and an empty one is said."""

    def holding(ref: int, *members: tuple[str, int]) -> Element:
        listed = [{"type": kind, "ref": number, "role": ""} for kind, number in members]
        return {"type": "relation", "id": ref, "members": listed, "tags": {"type": "site", "tourism": "museum"}}

    circle = (
        node(1, -8.6, 41.1),
        holding(51, ("relation", 51), ("node", 1)),
        holding(52, ("relation", 53)),
        holding(53, ("relation", 52)),
        holding(54, ("relation", 54)) | {"tags": {"type": "multipolygon", "tourism": "museum"}},
    )
    (tmp_path / "circle.osm").write_text(as_xml(*circle), encoding="utf-8")
    (tmp_path / "circle.json").write_text(json.dumps({"elements": circle}), encoding="utf-8")
    for read in (pbf.read_osm(tmp_path / "circle.osm"), read_overpass(tmp_path / "circle.json")):
        assert read["record_id"].tolist() == ["relation/51"]
        assert read.geometry.iloc[0] == shapely.Point(-8.6, 41.1)
        (said,) = (en for _, en in read.attrs["warnings"])
        assert said.startswith("3 objects with parts that the file lacks are left out. First: relation/52, relation/53")


def write_pbf(source: Path, path: Path) -> None:
    with osmium.SimpleWriter(str(path)) as writer:
        for one in osmium.FileProcessor(str(source)):
            if not one.deleted:  # a plain PBF has no mark for these
                writer.add(one)


@pytest.mark.parametrize("form", ["osm.pbf", "osm.gz", "osm.bz2.osm"])
def test_every_form_is_known_by_its_content(town: Path, form: str) -> None:
    """Also under a wrong name."""
    path = town.parent / f"outra.{form}"
    if form == "osm.pbf":
        write_pbf(town, path)
    else:
        path.write_bytes(gzip.compress(town.read_bytes()))
    assert rows_of(pbf.read_osm(path)) == rows_of(pbf.read_osm(town))


def rows_of(read: GeoDataFrame) -> list[tuple[str, str, bytes]]:
    shapes = shapely.to_wkb(shapely.normalize(read.geometry.to_numpy()))
    return list(zip(read["record_id"], read["tags"], shapes, strict=True))


def test_a_large_file_keeps_node_places_on_disk_and_reads_the_same(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = pbf.read_osm(town)
    monkeypatch.setattr(_extract, "SMALL_FILE_BYTES", 0)
    assert rows_of(pbf.read_osm(town)) == rows_of(small)
    assert len(small) > 5


def test_an_extract_reads_the_same_in_pieces_of_any_size(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, streets = pbf.read_osm(town), read_streets(town, 3857)
    for size in (1, 100, 1000):
        monkeypatch.setattr(_opl, "BLOCK", size)
        assert rows_of(pbf.read_osm(town)) == rows_of(whole)
        pieces = read_streets(town, 3857)
        assert streets is not None and pieces is not None
        assert_frame_equal(pieces.edges, streets.edges)


def test_of_what_is_said_twice_the_last_tag_and_the_first_object_count(tmp_path: Path) -> None:
    path = tmp_path / "a.osm"
    tags = '<tag k="shop" v="{}"/><tag k="a b" v="&quot;"/><tag k="a" v="\\"/><tag k="shop" v="{}"/>'
    nodes = (
        f'<node id="7" lon="1" lat="{lat}">{tags.format("bread", shop)}</node>' for lat, shop in ((2, "a"), (3, "b"))
    )
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes)}</osm>')
    read = pbf.read_osm(path, tags_filter=["shop=a"])
    assert read.geometry[0].y == 2
    assert read["tags"].tolist() == [json.dumps({"a": "\\", "a b": '"', "shop": "a"})]
    assert pbf.read_osm(path, tags_filter=["shop=bread"]).empty


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["amenity=cafe"], ["node/1"]),
        (["highway=residential"], ["way/36"]),
        (["tourism", "highway=residential"], ["way/35", "way/36"]),
        (["amenity", "highway=primary"], ["node/1", "way/37", "relation/41"]),
        (["amenity=university", "building=yes"], ["relation/41"]),
        (["nothing"], []),
    ],
)
def test_only_wanted_tags_are_read(town: Path, wanted: list[str], found: list[str]) -> None:
    table = pbf.read_osm(town, tags_filter=wanted)
    assert table["record_id"].tolist() == found
    assert table.crs == "EPSG:4326"


def test_of_a_value_that_holds_several_each_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.osm"
    path.write_text(as_xml(node(1, 1, 1, shop="books;music"), node(2, 1, 1, shop="bakery")), encoding="utf-8")
    assert pbf.read_osm(path, tags_filter=["shop=music"])["record_id"].tolist() == ["node/1"]


def test_a_source_reads_what_the_layers_ask_for_the_atlas_s_own_included(town: Path) -> None:
    source = Source(
        id="osm", kind="pbf", file=town.name, title="t", publisher="p", licence="l", date="d", layers=("museums", "own")
    )
    assert pbf.load(source, town.parent)["record_id"].tolist() == ["way/35"]
    (town.parent / "layers").mkdir()
    (town.parent / "layers/own.toml").write_text(
        '[layer]\nname = {pt = "R", en = "R"}\ndomain = "none"\norder = 9\nrole = "context"\n'
        '[[class]]\nid = "road"\nname = {pt = "Rua", en = "Road"}\nosm = ["highway=residential"]\n',
        encoding="utf-8",
    )
    assert pbf.load(source, town.parent)["record_id"].tolist() == ["way/35", "way/36"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("página.osm", b"<!DOCTYPE html><html><body>404</body></html>", "página de erro"),
        ("página.osm.pbf", b"<!DOCTYPE html><html><body>404</body></html>", "página de erro"),
        ("resposta.osm", b'{"elements": []}', "`overpass`"),
        ("vazio.osm.pbf", b"", "página de erro"),
        ("cortado.osm", as_xml(*TOWN).encode()[:700], "cortado"),
        ("cortado.osm.gz", gzip.compress(as_xml(*TOWN).encode())[:-300], "cortado"),
        ("bomba.osm", b'<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "b">]><osm version="0.6"></osm>', "danificado"),
    ],
)
def test_what_is_no_extract_is_refused_by_name(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as fault:
        pbf.read_osm(path)
    assert says in fault.value.text("pt")
    assert fault.value.where == name


def test_a_truncated_pbf_is_refused(town: Path) -> None:
    whole = town.parent / "a.osm.pbf"
    write_pbf(town, whole)
    cut = town.parent / "b.osm.pbf"
    cut.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(SourceError, match="cortado"):
        pbf.read_osm(cut)
    with pytest.raises(SourceError, match="não existe"):
        pbf.read_osm(town.parent / "c.osm.pbf")


HOSTILE = "café & «<b>» ç\n" * 800  # 11,200 characters


@pytest.mark.parametrize("form", ["osm", "osm.gz", "osm.pbf"])
def test_a_text_of_ten_thousand_characters_costs_its_end_and_not_the_file(tmp_path: Path, form: str) -> None:
    held = (
        node(1, -8.6, 41.1, amenity="cafe", name=HOSTILE),
        node(2, -8.7, 41.2, tourism="museum", name="Museu & Cª <b>"),
        node(3, -8.5, 41.0, amenity="theatre", **{"k" * 10_000: "yes"}),
        node(4, -8.5, 41.0, note=HOSTILE),
    )
    path = tmp_path / f"longo.{form}"
    path.write_bytes(as_pbf(*held) if form == "osm.pbf" else as_xml(*held).encode())
    if form == "osm.gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    read = pbf.read_osm(path, tags_filter=["amenity", "tourism"])
    assert read["record_id"].tolist() == ["node/1", "node/2", "node/3"]
    assert read["name"].tolist()[:2] == [HOSTILE[:255] + "…", "Museu & Cª <b>"]
    assert json.loads(read["tags"][2]) == {"amenity": "theatre", "k" * 255 + "…": "yes"}
    assert read.geometry.x.tolist() == [-8.6, -8.7, -8.5]
    assert read.attrs["warnings"][0][1].startswith("2 objects had a text longer than OpenStreetMap allows")
    assert read.attrs["warnings"][0][0].endswith("Primeiros: node/1, node/3.")


def test_a_long_text_at_the_end_of_a_block_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.osm"
    path.write_text(as_xml(*(node(n, n / 10, 1, name=HOSTILE, shop="books") for n in range(1, 9))), encoding="utf-8")
    whole = rows_of(pbf.read_osm(path))
    monkeypatch.setattr(_long_texts, "BLOCK", 1000)
    assert rows_of(pbf.read_osm(path)) == whole
    assert len(whole) == 8


@pytest.mark.parametrize("form", ["osm.gz", "pbf"])
def test_an_extract_that_breaks_off_where_texts_are_cut_is_refused(tmp_path: Path, form: str) -> None:
    held = [node(n, n / 10, 1, name=HOSTILE, shop="books") for n in range(1, 9)]
    path = tmp_path / f"a.{form}"
    whole = as_pbf(*held) if form == "pbf" else gzip.compress(as_xml(*held).encode())
    for left in range(len(whole) // 8, len(whole), len(whole) // 8):
        path.write_bytes(whole[:left])
        with pytest.raises(ValueError, match="unexpected end"):
            _long_texts.shortened(path, form, tmp_path)


def test_nodes_may_stand_after_the_ways_that_they_are_in(tmp_path: Path) -> None:
    """As in Overpass's XML of ``out body; >; out skel qt;``, where the nodes are in no order either."""
    path = tmp_path / "a.osm"
    path.write_text(
        '<?xml version="1.0"?><osm version="0.6"><way id="1"><nd ref="9"/><nd ref="4"/><nd ref="7"/>'
        '<tag k="highway" v="path"/></way><node id="9" lon="1" lat="2"/><node id="4" lon="3" lat="4"/>'
        '<node id="7" lon="5" lat="6"/></osm>'
    )
    assert pbf.read_osm(path).geometry[0].wkt == "LINESTRING (1 2, 3 4, 5 6)"
    streets = read_streets(path, 3857)
    assert streets is not None
    assert streets.edges[["from_node", "to_node"]].to_numpy().tolist() == [[4, 7], [4, 9]]


@pytest.mark.parametrize("wanted", [["shop=books"], ["shop"], ["shop=books", "craft=sapateiro, à mão"]])
def test_wanted_tags_are_found_beside_names_with_any_sign(tmp_path: Path, wanted: list[str]) -> None:
    path = tmp_path / "a.osm"
    names = ["A, B = C", "100% @ 20%", "%20%", "shop=books, a", "a;b", "é\u200b ç"]
    held = [node(n, 1, 1, name=name, shop="books") for n, name in enumerate(names, 1)]
    odd = node(8, 1, 1, name="shop=books", craft="sapateiro, à mão")
    path.write_text(as_xml(*held, node(7, 1, 1, name="x shop=books", note="shop"), odd), encoding="utf-8")
    read = pbf.read_osm(path, tags_filter=wanted)
    assert read["name"].tolist() == names + ["shop=books"] * (len(wanted) - 1)
    assert [json.loads(tags)["name"] for tags in read["tags"]] == read["name"].tolist()
