"""Files that a planner brings: read in every format, refused where they could harm, counted as fingers count."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from atlas.errors import AtlasError
from atlas.uploads import figures, mapping, placing, read, reading, weighing
from atlas.uploads.model import Uploaded

METRIC = "EPSG:3763"
UNITS = gpd.GeoDataFrame(
    {
        "code": ["010101", "010102", "020101", "020102"],
        "name": ["Águas", "União das freguesias de Vale e Monte", "Rossas", "Rossas"],
        "parent": ["0101", "0101", "0201", "0202"],
        "parent_name": ["Anta", "Anta", "Braga", "Caminha"],
        "residents": [1000.0, 500.0, 0.0, np.nan],
    },
    geometry=[shapely.box(x, y, x + 1000, y + 1000) for x, y in ((0, 0), (1000, 0), (0, 1000), (1000, 1000))],
    crs=METRIC,
).set_index("code", drop=False)
REGION = shapely.box(0, 0, 2000, 2000)
POINTS = gpd.GeoDataFrame(
    {"nome": ["Café Âncora", "<b>Bar</b>", "Quiosque", "Longe"], "mesas": [3, 4, 5, 6]},
    geometry=gpd.points_from_xy([100, 990, 500, 9000], [100, 500, 1500, 9000]),
    crs=METRIC,
)
"""Two in the first square, one in the third, one outside."""


def written(table: gpd.GeoDataFrame, name: str, **options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        table.to_file(path, **options)
        return path.read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


def shapefile() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        POINTS.to_file(Path(folder) / "pontos.shp", encoding="utf-8")
        return {f"camada/{path.name}": path.read_bytes() for path in Path(folder).iterdir()}


def coordinates() -> pd.DataFrame:
    degrees = POINTS.to_crs(4326)
    return pd.DataFrame({"nome": POINTS["nome"], "mesas": POINTS["mesas"], "lon": degrees.geometry.x,
                         "lat": degrees.geometry.y})  # fmt: skip


def workbook(table: pd.DataFrame) -> bytes:
    held = io.BytesIO()
    table.to_excel(held, index=False)
    return held.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "pontos.geojson": lambda: written(POINTS.to_crs(4326), "a.geojson"),
    "antigo.json": lambda: written(POINTS, "a.geojson"),  # metres, with the `crs` member of older programs
    "pontos.gpkg": lambda: written(POINTS, "a.gpkg", layer='os "pontos"; DROP TABLE x'),
    "pontos.kml": lambda: written(POINTS.to_crs(4326), "a.kml", driver="KML"),
    "pontos.zip": lambda: zipped(shapefile()),
    "pontos.csv": lambda: coordinates().to_csv(sep=";", decimal=",", index=False).encode("cp1252"),
    "pontos.xlsx": lambda: workbook(coordinates()),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_is_read_and_its_points_are_counted(name: str) -> None:
    """Each point in its square, the one outside in none; a municipality without any is unknown."""
    uploaded = read(name, FILES[name]())
    columns = placing.coordinate_columns(uploaded.table)
    placed = placing.place(uploaded, REGION, METRIC, uploaded.crs or "EPSG:4326", columns)
    assert mapping.names_of(placed).tolist() == POINTS["nome"].tolist()
    assert placing.as_figures(uploaded, "mesas").tolist() == [3, 4, 5, 6]
    counts = figures.counted(placed, UNITS)
    # 0202 has nothing of the file: unknown, not 0
    assert counts.by_unit.fillna(-1).to_dict() == {"010101": 2, "010102": 0, "020101": 1, "020102": -1}
    assert counts.notes[0] == ("Um elemento fica fora das unidades", "One feature lies outside the units")
    assert placed.inside.tolist() == [True, True, True, False]
    assert list(Path(tempfile.gettempdir()).glob("atlas-upload-*")) == []


def test_a_point_on_a_border_counts_once_in_the_lower_code() -> None:
    corner = gpd.GeoDataFrame(geometry=[shapely.Point(1000, 1000)], crs=METRIC)
    uploaded = read("canto.gpkg", written(corner, "a.gpkg"))
    placed = placing.place(uploaded, REGION, METRIC, uploaded.crs, None)
    assert figures.counted(placed, UNITS.iloc[::-1], everywhere=True).by_unit.to_dict()["010101"] == 1
    assert figures.counted(placed, UNITS.iloc[::-1], everywhere=True).by_unit.sum() == 1


def test_what_nothing_can_be_joined_or_divided_by_is_told() -> None:
    empty = read("a.csv", b"codigo,valor\n,1\n,2\n")
    with pytest.raises(AtlasError, match="A coluna «codigo» está vazia"):
        figures.by_code(empty, "codigo", "valor", UNITS)
    placed = placing.place(read("a.geojson", POINTS.to_crs(4326).to_json().encode()), REGION, METRIC, "EPSG:4326", None)
    with pytest.raises(AtlasError, match="como contagem"):
        figures.counted(placed, UNITS.assign(residents=np.nan), per_1000=True)
    with pytest.raises(AtlasError, match="Guarde-o de novo como"):
        read("a.xlsx", b"<html>")


def test_a_layer_without_columns_is_offered_no_join() -> None:
    from atlas.app.own_panel import _uses

    bare = read("a.geojson", POINTS[["geometry"]].to_crs(4326).to_json().encode())
    assert not len(bare.table.columns)
    assert _uses(bare) == ["layer", "count", "rate"]


def test_counts_per_resident_are_missing_where_nobody_lives() -> None:
    uploaded = read("pontos.geojson", FILES["pontos.geojson"]())
    placed = placing.place(uploaded, REGION, METRIC, uploaded.crs, None)
    rates = figures.counted(placed, UNITS, per_1000=True, everywhere=True).by_unit
    assert rates.iloc[:2].tolist() == [2.0, 0.0]
    assert rates.iloc[2:].isna().all()


def test_the_share_of_an_area_counts_overlaps_once() -> None:
    areas = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 500, 1000), shapely.box(250, 0, 1500, 1000)], crs=METRIC)
    uploaded = read("areas.gpkg", written(areas, "a.gpkg"))
    placed = placing.place(uploaded, REGION, METRIC, uploaded.crs, None)
    assert figures.covered(placed, UNITS, everywhere=True).by_unit.tolist() == pytest.approx([1.0, 0.5, 0.0, 0.0])
    drawn = mapping.map_layer(placed, "dado")
    assert [one["area"] for one in drawn["outlines"]] == [True, True]
    assert len(drawn["outlines"][0]["paths"][0]) == 10


def table(rows: dict[str, list[object]]) -> Uploaded:
    return read("valores.csv", pd.DataFrame(rows).to_csv(index=False).encode())


def test_values_are_joined_by_code_with_lost_zeros_and_what_fits_nothing_is_told() -> None:
    uploaded = table({"codigo": [10101, 20102, 99], "valor": ["1,5", "n.d.", "7"]})
    assert figures.guessed_keys(uploaded.table) == ("codigo", None, None)
    joined = figures.by_code(uploaded, "codigo", "valor", UNITS)
    assert joined.by_unit["010101"] == 1.5
    assert joined.by_unit.isna().sum() == 3
    assert "«99» (linha 4)" in joined.notes[0][0]
    assert "“99” (row 4)" in joined.notes[0][1]


def test_values_are_joined_by_name_and_municipality() -> None:
    uploaded = table({"freguesia": ["ROSSAS", "Vale e Monte", "Aguas"], "concelho": ["caminha", "Anta", "0101"],
                      "valor": [3, 2, 1]})  # fmt: skip
    joined = figures.by_name(uploaded, "freguesia", "concelho", "valor", UNITS)
    assert joined.by_unit.fillna(-1).tolist() == [1, 2, -1, 3]
    with pytest.raises(AtlasError, match="linha 2: há mais do que uma unidade chamada «ROSSAS»"):
        figures.by_name(uploaded, "freguesia", None, "valor", UNITS)


@pytest.mark.parametrize(
    ("rows", "pt", "en"),
    [
        ({"c": ["010101", "010102"], "v": ["1", "mau"]}, "Coluna «v», linha 3: «mau»", "Column “v”, row 3: “mau”"),
        ({"c": ["010101", "010101"], "v": [1, 2]}, "na linha 2 e na linha 3", "in row 2 and row 3"),
        ({"c": ["0101", "0201"], "v": [1, 2]}, "São municípios", "They are municipalities"),
        ({"c": ["010101"], "v": ["inf"]}, "Coluna «v», linha 2", "Column “v”, row 2"),
    ],
)  # fmt: skip
def test_a_fault_names_row_and_column_in_both_languages(rows: dict[str, list[object]], pt: str, en: str) -> None:
    uploaded = table(rows)
    with pytest.raises(AtlasError) as fault:
        figures.by_code(uploaded, "c", "v", UNITS)
    assert pt in fault.value.text("pt")
    assert en in fault.value.text("en")
    assert fault.value.where == "valores.csv"


def test_the_wrong_crs_is_an_error_and_so_is_one_that_names_a_file() -> None:
    uploaded = read("pontos.geojson", FILES["pontos.geojson"]())
    with pytest.raises(AtlasError, match=r"Em OGC:CRS84 .* ficam lá: escolha esse sistema"):
        placing.place(uploaded, REGION, METRIC, METRIC, None)
    with pytest.raises(AtlasError, match="Confirme o sistema de coordenadas"):
        placing.place(uploaded, shapely.box(9e5, 9e5, 9.1e5, 9.1e5), METRIC, METRIC, None)
    for text in ("+init=/etc/passwd:1", "/etc/passwd", "EPSG:99999", "+proj=utm +zone=29"):
        with pytest.raises(AtlasError, match="não existe"):
            placing.known_crs(text)


def test_swapped_axes_and_metres_called_degrees_are_told_what_would_fit() -> None:
    """The planner confirms: nothing is swapped in silence, and the system that fits stands first."""
    metres = Uploaded("m.csv", pd.DataFrame({"lon": POINTS.geometry.x, "lat": POINTS.geometry.y}))
    assert placing.fitting_crs(metres, REGION, METRIC)[0] == METRIC
    with pytest.raises(AtlasError, match="Em EPSG:3763 · ETRS89 / Portugal TM06 ficam lá") as fault:
        placing.place(metres, REGION, METRIC, "EPSG:4326", ("lon", "lat"))
    assert "`read`" not in fault.value.pt
    degrees = POINTS.to_crs(4326).geometry
    table = Uploaded("t.csv", pd.DataFrame({"lat": degrees.x, "lon": degrees.y}))
    assert placing.fitting_crs(table, REGION, METRIC)[0] == "EPSG:4326"
    with pytest.raises(AtlasError, match="escolha «lat» para a longitude e «lon» para a latitude"):
        placing.place(table, REGION, METRIC, "EPSG:4326", ("lon", "lat"))
    assert placing.place(table, REGION, METRIC, "EPSG:4326", ("lat", "lon")).inside.sum() == 3
    turned = gpd.GeoSeries(gpd.points_from_xy(degrees.y, degrees.x))
    with pytest.raises(AtlasError, match="latitude primeiro"):
        placing.place(Uploaded("t.geojson", table.table, turned, "EPSG:4326"), REGION, METRIC, "EPSG:4326", None)


@pytest.mark.parametrize(
    ("content", "pt", "en"),
    [
        (b'nome,valor\na,1\n"b,2\n', "Na linha 3 abrem-se aspas", "In row 3 quotes open"),
        (b"nome,valor\na,1\nb,2\nc,3,4\n", "A linha 4 tem 3 células e as de cima 2", "Row 4 has 3 cells"),
    ],
)
def test_a_torn_table_names_its_row(content: bytes, pt: str, en: str) -> None:
    with pytest.raises(AtlasError) as fault:
        read("t.csv", content)
    assert pt in fault.value.pt
    assert en in fault.value.en


def bomb() -> bytes:
    return zipped({"a.shp": bytes(60_000_000), "a.dbf": bytes(60_000_000), "a.shx": b""})


def liar() -> bytes:
    """A ZIP whose directory says 10 bytes where 1 MB comes out."""
    raw = zipped({"a.shp": bytes(1_000_000), "a.shx": b"x", "a.dbf": b"x"})
    return raw.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def sparse() -> bytes:
    """A workbook with one cell in its last corner: unfolded, it is seventeen thousand million cells."""
    from openpyxl import Workbook

    book, held = Workbook(), io.BytesIO()
    book.active["XFD1048576"] = 1
    book.save(held)
    return held.getvalue()


def entities() -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook(coordinates()))) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    bad = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + sheet
    return zipped(members | {"xl/worksheets/sheet1.xml": bad})


def with_schema(*statements: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        POINTS.to_file(path, layer="a")
        base = sqlite3.connect(path)
        for one in statements:
            base.execute(one)
        base.commit()
        base.close()
        return path.read_bytes()


def virtual() -> bytes:
    return with_schema(
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_master(type, name, tbl_name, rootpage, sql) "
        "VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualOGR(''/etc/passwd'')')",
    )


ENTITY = '<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml>&a;</kml>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "bomba.zip": bomb,
    "mentira.zip": liar,
    "caminho.zip": lambda: zipped({"../../a.shp": b"", "a.shx": b"", "a.dbf": b""}),
    "absoluto.zip": lambda: zipped({"/etc/a.shp": b"", "a.shx": b"", "a.dbf": b""}),
    "disco.zip": lambda: zipped({"C:\\a.shp": b"", "a.shx": b"", "a.dbf": b""}),
    "sem.zip": lambda: zipped({"leia-me.txt": b"x"}),
    "vrt.zip": lambda: zipped({"a.shp": b"<OGRVRTDataSource/>", "a.shx": b"", "a.dbf": b""}),
    "entidade.kml": lambda: ENTITY.encode(),
    "entidade16.kml": lambda: ENTITY.encode("utf-16"),
    "fundo.kml": lambda: b"<kml>" * 5000,
    "fundo.geojson": lambda: b"[" * 200_000,
    "vazio.geojson": lambda: b'{"type": "FeatureCollection", "features": []}',
    "grade.csv": lambda: b"a,b\n" * 200_001,
    "largo.csv": lambda: ",".join(f"c{one}" for one in range(500)).encode() + b"\n1",
    "esparso.xlsx": sparse,
    "entidade.xlsx": entities,
    "virtual.gpkg": virtual,
    "vista.gpkg": lambda: with_schema(
        "CREATE VIEW b AS SELECT * FROM a", "UPDATE gpkg_contents SET table_name = 'b'",
    ),
    "falso.gpkg": lambda: b'{"type": "FeatureCollection"}',
    "/vsicurl/http:x.vrt": lambda: b"<OGRVRTDataSource/>",
    "programa.exe": lambda: b"MZ",
    "vazio.csv": lambda: b"",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_could_harm_is_refused_in_both_languages(name: str, tmp_path: Path) -> None:
    with pytest.raises(AtlasError) as fault:
        read(name, HOSTILE[name]())
    assert fault.value.pt != fault.value.en
    assert tempfile.gettempdir() not in fault.value.text("pt") + fault.value.text("en")
    assert list(Path(tempfile.gettempdir()).glob("atlas-upload-*")) == []


def test_a_long_name_keeps_its_kind_and_unicode_text_its_letters() -> None:
    assert len(read("levantamento " * 20 + ".csv", b"code,v\n1,2\n").table) == 1
    held = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": None, "properties": {"a": "ção"}}],
    }
    assert read("x.geojson", json.dumps(held, ensure_ascii=False).encode("utf-16")).table["a"].tolist() == ["ção"]


@pytest.mark.parametrize("content", [b'{"type": ["Feature"]}', b"[" + b"9" * 5000 + b"]", b'{"type": "Feature"'])
def test_json_that_is_no_layer_is_refused_with_what_to_do(content: bytes) -> None:
    with pytest.raises(AtlasError, match="Guarde a camada"):
        read("x.geojson", content)


def test_a_file_that_is_too_large_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(AtlasError, match=r"a\.csv: O ficheiro passa de"):
        read("a.csv", b"nome;valor\n1;2\n")


def test_names_lose_what_is_not_seen_and_stay_what_they_are() -> None:
    told = {"no\u202eme": "a\u202egnp.exe\x00", "=1+1": "=HYPERLINK(1)", "fundo": {"a": [1]}}
    one = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-8, 41]}, "properties": told}
    uploaded = read("x\u202e.geojson", json.dumps({"type": "FeatureCollection", "features": [one]}).encode())
    assert uploaded.name == "x.geojson"
    assert uploaded.table.iloc[0].to_dict() == {"nome": "agnp.exe", "=1+1": "=HYPERLINK(1)", "fundo": '{"a": [1]}'}


ranks = pd.DataFrame({
    "code": list("abcd"), "score": [80.0, 60.0, 40.0, np.nan], "rank": pd.array([1, 2, 3, None], "Int64"),
    "rank_low": [1, 1, 3, np.nan], "rank_high": [2, 2, 3, np.nan],
})  # fmt: skip


def test_a_weight_moves_ranks_as_worked_by_hand() -> None:
    """Half the score, half the figure: a 40, b 30 + 50 = 80, c keeps 40 since it has no figure; d stays out."""
    figure = pd.Series({"a": 0.0, "b": 100.0, "c": np.nan, "d": 100.0})
    told = weighing.weighed(ranks, figure, 0.5)
    assert told["score_with"].tolist()[:3] == [40.0, 80.0, 40.0]
    assert told["rank_with"].fillna(0).tolist() == [2, 1, 2, 0]
    assert told["moved"].fillna(0).tolist() == [-1, 1, 1, 0]
    assert told["beyond"].tolist() == [False, False, True, None]


@given(st.lists(st.floats(0, 100), min_size=3, max_size=3), st.sampled_from(["arithmetic", "geometric", "harmonic"]))
def test_without_weight_nothing_moves_and_with_all_of_it_the_figure_alone_ranks(held: list[float], mean: str) -> None:
    figure = pd.Series(held, index=list("abc"))
    kept = weighing.weighed(ranks, figure, 0.0, aggregation=mean)
    assert kept["moved"].dropna().eq(0).all()
    alone = weighing.weighed(ranks, figure, 1.0, aggregation=mean)
    assert alone["score_with"].tolist()[:3] == pytest.approx(held, abs=1e-6)


def test_percent_signs_are_said_in_the_preview(tmp_path: Path) -> None:
    """12,5 % is 12.5 in text and in a workbook, where the 0.125 behind it is what nobody sees."""
    from openpyxl import Workbook

    csv = read("vagos.csv", "codigo;vagos;nome\n131217;12,5 %;100 % lã\n131218;7 %;b\n".encode())
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["codigo", "vagos"])
    page.append(["131217", 0.125])
    page.append(["131218", 0.07])
    for row in (2, 3):
        page.cell(row, 2).number_format = "0.0%"
    book.save(tmp_path / "vagos.xlsx")
    sheet = read("vagos.xlsx", (tmp_path / "vagos.xlsx").read_bytes())
    for uploaded, first in ((csv, "12,5 %"), (sheet, "12.5%")):
        ((pt, en),) = uploaded.notes
        assert pt.startswith("Coluna «vagos»: o sinal de percentagem fica de fora")
        assert f"“{first}” is read as the number before it" in en
        assert placing.as_figures(uploaded, "vagos").tolist() == [12.5, 7.0]
