"""Tables as they come: each kind of dirt is put right and said, or is one clear error."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from atlas.atlasfile import product_folder
from atlas.config import Source
from atlas.errors import AtlasError, SourceError
from atlas.layers import classify, load_layers
from atlas.provenance import _line_of
from atlas.sources import figures, load
from atlas.sources._coordinates import put_right

PLACES = "nome;tipo;lon;lat\nMuseu de Arte;museu;-8,61;41,15\nTeatro Sá;teatro;-8,62;41,16\n"


def a_source(file: str, reader: str = "table", **read: object) -> Source:
    head = {
        "id": "places",
        "kind": reader,
        "file": file,
        "title": "t",
        "publisher": "p",
        "licence": "l",
        "date": "2026",
    }
    return Source.model_validate({**head, "read": read})


def read(folder: Path, content: str | bytes, name: str = "a.csv", **options: object) -> gpd.GeoDataFrame:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load(a_source(name, **{"name": "nome", "kind": "tipo", **options}), folder)


def spots(records: gpd.GeoDataFrame) -> list[tuple[float, float]]:
    return [(round(point.x, 5), round(point.y, 5)) for point in records.geometry if point is not None]


def said(records: gpd.GeoDataFrame) -> str:
    return " ".join(en for _, en in records.attrs["warnings"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_any_encoding_and_separator_with_decimal_commas(tmp_path: Path, encoding: str, separator: str) -> None:
    records = read(tmp_path, PLACES.replace(";", separator).encode(encoding))
    assert spots(records) == [(-8.61, 41.15), (-8.62, 41.16)]
    assert records["name"].tolist() == ["Museu de Arte", "Teatro Sá"]
    assert records.attrs["warnings"] == []


def test_a_title_and_two_rows_of_headings_stand_above_the_data(tmp_path: Path) -> None:
    records = read(tmp_path, "Equipamentos de 2024;;;\nidentificação;;coordenadas;\n" + PLACES)
    assert spots(records) == [(-8.61, 41.15), (-8.62, 41.16)]
    assert "header is in line 3" in said(records)
    assert records["record_id"].tolist() == ["3", "4"]


def test_headings_that_repeat_under_a_group_take_its_name(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("code;2011;;2021;\n;H;M;H;M\n0101;1;2;3;4\n", "utf-8")
    held = figures.load(a_source("f.csv", "figures"), tmp_path)
    assert list(held.columns) == ["2011 H", "2011 M", "2021 H", "2021 M"]
    assert figures.column(held, "2021 M", tmp_path / "f.csv")["0101"] == 4


def test_totals_and_empty_rows_are_no_records_but_a_place_called_total_is(tmp_path: Path) -> None:
    text = PLACES + ";;;\nTotal;;2;\nTotal;galeria;-8,6;41,1\n"
    records = read(tmp_path, text)
    assert records["name"].tolist() == ["Museu de Arte", "Teatro Sá", "Total"]
    assert "1 row of totals was left out (line 5)" in said(records)


def test_totals_and_notes_of_a_table_of_figures_are_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("code;share\n0101;12,5 %\n0102;1.234,5\nTotal;n.d.\n;Fonte: INE\n", "utf-8")
    held = figures.load(a_source("f.csv", "figures"), tmp_path)
    assert figures.column(held, "share", tmp_path / "f.csv").to_dict() == {"0101": 12.5, "0102": 1234.5}
    assert [en for _, en in held.attrs["warnings"]] == [
        "1 row of totals was left out (line 4)",
        "1 row without a code was left out",
    ]


def test_metric_coordinates_are_read_in_their_crs_and_refused_as_degrees(tmp_path: Path) -> None:
    text = "nome;tipo;lon;lat\nMuseu;museu;-39.500,25;163000\nTeatro;teatro;-38000,75;164000\n"
    with pytest.raises(SourceError, match=r'crs = "EPSG:3763"'):
        read(tmp_path, text)
    records = read(tmp_path, text, crs="EPSG:3763")
    back = records.to_crs(3763).geometry.iloc[0]
    assert (round(back.x, 2), round(back.y, 2)) == (-39500.25, 163000)


def test_degrees_and_minutes_with_hemispheres(tmp_path: Path) -> None:
    text = "nome;tipo;lon;lat\nMuseu;museu;8° 37' 30\"\" O;41° 09' N\nTeatro;teatro;-8º 37,5';41.15 N\n"
    assert spots(read(tmp_path, text.replace('""', '"'))) == [(-8.625, 41.15), (-8.625, 41.15)]
    with pytest.raises(SourceError, match="não é uma coordenada em graus") as fault:
        read(tmp_path, "nome;tipo;lon;lat\nMuseu;museu;8° 75' O;41° N\n")
    assert "linha 2" in fault.value.where


def test_swapped_coordinates_are_put_right_where_the_region_or_the_globe_says_so(tmp_path: Path) -> None:
    records = read(tmp_path, "nome;tipo;lon;lat\nA;museu;-17,5;178,4\nB;museu;178,5;-17,6\n")
    assert spots(records) == [(178.4, -17.5), (178.5, -17.6)]
    assert "1 record had longitude and latitude swapped" in said(records)
    norte = shapely.box(-60_000, 100_000, 0, 200_000)
    mixed = read(tmp_path, "nome;tipo;lon;lat\nA;museu;41,15;-8,61\nB;museu;-8,61;41,15\nC;museu;2,35;48,85\n")
    right, moved = put_right(mixed, norte, "EPSG:3763")
    assert (moved, spots(right)) == (["1"], [(-8.61, 41.15), (-8.61, 41.15), (2.35, 48.85)])
    assert right["marks"].fillna("").tolist() == ["position_doubtful", "", ""]
    outlines = mixed.set_geometry(shapely.buffer(mixed.geometry.to_numpy(), 0.01, cap_style="square"))
    right, moved = put_right(outlines, norte, "EPSG:3763")
    assert (moved, right.geometry.iloc[0].area) == (["1"], pytest.approx(0.0004))
    assert right.geometry.iloc[0].centroid.distance(right.geometry.iloc[1].centroid) < 1e-9


def test_merged_cells_are_filled_and_counted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    rows = [["Equipamentos", None, "Coordenadas", None], ["nome", "tipo", "lon", "lat"]]
    rows += [["Museu A", "museu", -8.61, 41.15], ["Museu B", None, -8.62, 41.16]]
    for row in rows:
        page.append(row)
    page.merge_cells("A1:B1")
    page.merge_cells("C1:D1")
    page.merge_cells("B3:B4")
    book.save(tmp_path / "a.xlsx")
    records = load(a_source("a.xlsx", name="nome", kind="tipo"), tmp_path)
    assert records["kind"].tolist() == ["museu", "museu"]
    assert spots(records) == [(-8.61, 41.15), (-8.62, 41.16)]
    assert "3 merged cells were filled" in said(records)


def test_a_code_shown_with_leading_zeros_keeps_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["code", "share"])
    book.active.append([10402, 3])
    book.active["A2"].number_format = "000000"
    book.save(tmp_path / "f.xlsx")
    assert figures.load(a_source("f.xlsx", "figures"), tmp_path).index.tolist() == ["010402"]


def test_what_cannot_be_put_right_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="aparece duas vezes"):
        read(tmp_path, "nome;tipo;tipo;lon;lat\nA;museu;museu;1;2\n")
    with pytest.raises(SourceError, match="«lon» aparece duas vezes"):
        read(tmp_path, "nome;tipo;lon;lon;lat\nA;museu;1;2;3\n")
    with pytest.raises(SourceError, match=r"linha 2 tem mais células do que o cabeçalho \(4\)"):
        read(tmp_path, "nome,tipo,lon,lat\nA,museu,-8,61,41,15\n")
    with pytest.raises(SourceError, match="não são graus"):
        read(tmp_path, "nome;tipo;lon;lat\nA;museu;1e400;41\n")
    with pytest.raises(SourceError, match="Falta a coluna «tipo»"):
        read(tmp_path, "nome;lon;lat\nA;1;2\n")
    with pytest.raises(SourceError, match="«ver mapa» não é um número") as fault:
        read(tmp_path, PLACES.replace("41,16", "ver mapa"))
    assert "linha 3" in fault.value.where
    with pytest.raises(SourceError, match="não se lê"):
        read(tmp_path, b"no workbook", "a.xlsx")
    with pytest.raises(SourceError, match="não se lê"):
        read(tmp_path, 'nome;tipo;lon;lat\n"Museu;museu;1;2\nTeatro;teatro;1;2\n')


def test_quotes_that_swallow_rows_are_refused_and_a_text_of_several_lines_is_not(tmp_path: Path) -> None:
    head = "nome;tipo;lon;lat\n\n"
    with pytest.raises(SourceError, match="Abrem-se aspas") as fault:
        read(tmp_path, head + 'A;museu;1;2\n"Casa;museu;1;2\nTeatro;teatro;3;4\nCinema "Bela;cinema;5;6\n')
    assert fault.value.where.endswith("coluna «nome», linha 4")
    assert read(tmp_path, head + '"Casa; nova\ne velha; só";museu;1;2\n')["name"].tolist() == [
        "Casa; nova\ne velha; só"
    ]


def test_separators_at_the_end_of_rows_shift_nothing(tmp_path: Path) -> None:
    records = read(tmp_path, "nome;tipo;lon;lat\nMuseu;museu;-8,61;41,15;\nTeatro;teatro;-8,62;41,16;\n")
    assert records["name"].tolist() == ["Museu", "Teatro"]
    assert spots(records) == [(-8.61, 41.15), (-8.62, 41.16)]


def test_duplicates_at_one_spot_are_counted_and_soon(tmp_path: Path) -> None:
    records = read(tmp_path, "nome;tipo;lon;lat\n" + "Café;cafe;-8,6;41,1\n" * 100_000)
    assert len(records) == 100_000
    assert "99,999 records repeat the name, class and point" in said(records)


def test_words_for_missing_and_embedded_line_breaks(tmp_path: Path) -> None:
    text = 'nome;tipo;lon;lat\n"Museu\nde Arte";museu;-8,61;41,15\nB;museu;n.d.;…\nC;museu;x;-\n'
    records = read(tmp_path, text)
    assert records["name"].tolist() == ["Museu\nde Arte", "B", "C"]
    assert records.geometry.notna().tolist() == [True, False, False]


def test_numbers_of_a_column_share_one_meaning_of_the_point() -> None:
    from atlas.sources.table import numbers

    held = numbers(pd.Series(["1.234", "2,5", None, "1 000", "-7%"]), Path("a.csv"), "x")
    assert held.dropna().tolist() == [1234.0, 2.5, 1000.0, -7.0]


def test_where_a_fault_is_is_said_in_both_languages_and_by_the_line_of_the_file(tmp_path: Path) -> None:
    """The header stands in line 3, an empty row and a total above the fault."""
    path = tmp_path / "a.csv"
    for spoilt, column, word in (("41º99'N;-8,6;3", "lat", "41º99'N"), ("41,1;oeste;3", "lon", "oeste")):
        with pytest.raises(SourceError) as fault:
            read(tmp_path, f"Título\n\nnome;lat;lon;tipo\nA;41,1;-8,6;3\n;;;\nTotal;;;9\nB;{spoilt}\n")
        assert fault.value.text("pt").startswith(f"{path}, coluna «{column}», linha 7: «{word}» não é")
        assert fault.value.text("en").startswith(f"{path}, column “{column}”, line 7: “{word}” is no")


@pytest.mark.parametrize(
    ("lon", "lat", "lost"),
    [
        ("NaN", "nan", ""),
        ("n.d.", "41º 09' N", ""),
        ("-8,6", "", ""),
        ("inf", "41,1", "impossible"),
        ("-8,6", "-Infinity", "impossible"),
        ("0", "0,0", "impossible"),
        ("-999", "-999", "impossible"),
    ],
)
def test_a_coordinate_that_is_none_costs_its_record_the_place_and_no_other(
    tmp_path: Path, lon: str, lat: str, lost: str
) -> None:
    north = "41º 06' N" if "º" in lat else "41,1"
    rows = "".join(f"B{number};museu;-8,6;{north}\n" for number in range(5))
    records = read(tmp_path, f"nome;tipo;lon;lat\nA;museu;{lon};{lat}\n{rows}")
    assert records.geometry.notna().tolist() == [False, *[True] * 5]
    assert records["name"].tolist() == ["A", "B0", "B1", "B2", "B3", "B4"]
    assert (f"1 record with {lost} coordinates" in said(records)) is bool(lost)


def test_firms_of_either_revision_of_cae_fall_into_the_same_classes(tmp_path: Path) -> None:
    """A code may be written with points, as a number, or longer than the rule's."""
    pairs = {"59140": "5914", "90.030": "90.11", "91020": "91210", "71110": "7111", "58.110": "5811", "91011": "9111",
             "74200": "74.20", "85520": "8552", "62010": "6210"}  # fmt: skip
    rows = "".join(f"A{n};{old};\nB{n};;{new}\n" for n, (old, new) in enumerate(pairs.items()))
    options = {"kind": "nome", "cae3": "CAE Rev.3", "cae4": "CAE Rev.4"}
    records = read(tmp_path, f"nome;CAE Rev.3;CAE Rev.4\n{rows}C;01111;\n", **options)
    classes = classify(records.drop(columns="kind"), load_layers([product_folder("layers")]))
    assert classes[0::2].tolist()[:-1] == classes[1::2].tolist()
    assert classes[:2].tolist() == ["cinema", "cinema"]
    assert classes[:-1].notna().all()
    assert pd.isna(classes.iloc[-1])


def test_an_empty_table_is_said_and_lines_may_end_as_on_an_old_macintosh(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="A tabela está vazia"):
        read(tmp_path, b"\xef\xbb\xbf \n")
    assert spots(read(tmp_path, PLACES.replace("\n", "\r"))) == [(-8.61, 41.15), (-8.62, 41.16)]


@pytest.mark.parametrize(
    ("content", "said_of"),
    [
        ((PLACES + "Ação é três;galeria;-8,6;41,1\n").encode("cp850"), "text read as cp850"),
        ((PLACES + "Ação é três;galeria;-8,6;41,1\n").encode("mac_roman"), "text read as mac_roman"),
        (PLACES.encode() + "Ação é três;galeria;-8,6;41,1\n".encode("cp1252"), "text read as UTF-8 + cp1252"),
    ],
    ids=["dos", "macintosh", "both"],
)
def test_accents_of_old_encodings_are_read_and_said(tmp_path: Path, content: bytes, said_of: str) -> None:
    records = read(tmp_path, content)
    assert records["name"].tolist() == ["Museu de Arte", "Teatro Sá", "Ação é três"]
    assert said_of in said(records)


@pytest.mark.parametrize(
    ("rows", "options", "found"),
    [
        ("41° 9' 30\" N;8° 37' 30\" O\n", {}, (-8.625, 41.15833)),
        ("-8 37 30;41 9 30\n", {}, (-8.625, 41.15833)),
        ("8 37,5 O;N 41 9 30\n", {}, (-8.625, 41.15833)),
        ("20 000,50;-120 000,25\n", {"crs": "EPSG:3763"}, (-7.90355, 38.58712)),
        ("32°34'48\" L;25°57'36\" S\n", {"crs": "EPSG:4258"}, (32.58, -25.96)),
    ],
    ids=["swapped", "blanks", "hemispheres", "thousands", "east"],
)
def test_coordinates_of_many_notations(
    tmp_path: Path, rows: str, options: dict[str, str], found: tuple[float, float]
) -> None:
    assert spots(read(tmp_path, f"nome;tipo;lon;lat\nA;museu;{rows}", **options)) == [found]


@pytest.mark.parametrize(
    ("rows", "options", "wrong"),
    [
        ("-8,61;41,15\n", {"crs": "EPSG:3763"}, "too small for metres"),
        ("-39.500;163.000\n", {"crs": "EPSG:3763"}, "points part thousands"),
        ("-39500;163000\n", {"crs": "EPSG:4258"}, "are no degrees"),
        ("-8,61;41,15\n", {"crs": "EPSG:99999"}, "There is no CRS"),
        ("8° 37' O;8° 37' O\n", {}, "is no coordinate in degrees"),
        ("1 23;4 5\n", {"crs": "EPSG:3763"}, "“1 23” is no number"),
    ],
)
def test_coordinates_in_another_unit_than_said_are_refused(
    tmp_path: Path, rows: str, options: dict[str, str], wrong: str
) -> None:
    with pytest.raises(SourceError) as fault:
        read(tmp_path, f"nome;tipo;lon;lat\nA;museu;{rows}", **options)
    assert wrong in fault.value.text("en")


def test_a_record_without_an_id_goes_by_its_row(tmp_path: Path) -> None:
    text = "id;nome;tipo;lon;lat\nx;A;museu;1;2\n\n;B;museu;1;2\n;C;museu;1;3\n"
    records = read(tmp_path, text, record="id")
    assert records["record_id"].tolist() == ["x", "row/3", "row/4"]
    assert "2 records without an id" in said(records)
    assert [_line_of(tmp_path / "a.csv", "id", one) for one in records["record_id"]] == [2, 4, 5]


def test_a_list_where_one_word_is_meant_is_refused_and_one_word_may_stand_for_a_list(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"places\.read\.record: Aqui só pode estar uma palavra"):
        read(tmp_path, PLACES, record=["nome"])
    assert read(tmp_path, PLACES, keep="tipo")["tags"].tolist() == ['{"tipo": "museu"}', '{"tipo": "teatro"}']


def test_a_number_in_a_kind_column_is_no_class(tmp_path: Path) -> None:
    """``heritage=1`` is of OpenStreetMap; a register's own code is not."""
    records = read(tmp_path, PLACES.replace(";museu;", ";1;").replace(";teatro;", ";2.0;"))
    assert classify(records, load_layers([product_folder("layers")])).isna().all()


def test_typed_cells_become_plain_text(tmp_path: Path) -> None:
    day = pd.Timestamp("2020-01-02").date()
    cells = {"id": [7.0, None], "nome": ["A", "B"], "ano": [1990.0, None], "dia": [day, None], "de": [["x", "y"], None]}
    pd.DataFrame(cells).to_parquet(tmp_path / "A.PARQUET")
    records = load(a_source("A.PARQUET", record="id", name="nome", keep=["ano", "dia", "de"]), tmp_path)
    assert records["record_id"].tolist() == ["7", "row/2"]
    assert records["tags"].tolist() == ['{"ano": "1990", "de": "x;y", "dia": "2020-01-02"}', "{}"]


@pytest.mark.parametrize(
    ("content", "name", "wrong"),
    [
        (b"PK\x03\x04zip", "a.csv", "an Excel or ODS workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "old or locked Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx", "old or locked Excel"),
        (b"<!DOCTYPE html><table>", "a.csv", "an HTML page"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(tmp_path: Path, content: bytes, name: str, wrong: str) -> None:
    with pytest.raises(SourceError) as fault:
        read(tmp_path, content, name)
    assert wrong in fault.value.text("en")


def test_formulas_without_values_and_a_sheet_that_is_not_there_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["code", "share"], ["0101", "=1+1"]):
        book.active.append(row)
    book.create_sheet("Vazia")
    book.save(tmp_path / "f.xlsx")
    for sheet, wrong in ((None, "Cell B2 and the other formulas"), ("Nada", "There are: Sheet, Vazia"),
                         ("Vazia", "The table is empty")):  # fmt: skip
        options = {} if sheet is None else {"sheet": sheet}
        with pytest.raises(AtlasError) as fault:
            figures.load(a_source("f.xlsx", "figures", **options), tmp_path)
        assert wrong in fault.value.text("en")


def test_an_infinite_figure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("code;share\n0101;3\n0102;inf\n", "utf-8")
    held = figures.load(a_source("f.csv", "figures"), tmp_path)
    with pytest.raises(SourceError, match="infinito") as fault:
        figures.column(held, "share", tmp_path / "f.csv")
    assert "0102" in fault.value.where
