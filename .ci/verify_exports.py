"""Opens what the atlas exports with GDAL, LibreOffice, Poppler, QGIS, an XML schema, DuckDB and a PDF/UA checker."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import zipfile
from pathlib import Path

OUT = Path(sys.argv[1]).resolve()
ASIDE = OUT / ".programs"
HERE = Path(__file__).parent
LAYERS = ("neighbourhoods", "places")
NAME = "União das freguesias de Cedofeita, Santo Ildefonso, Sé, Miragaia, São Nicolau e Vitória"
ATLAS = sys.argv[2] if len(sys.argv) > 2 else "norte"
CODE, PARENT = {"norte": ("131217", "1312"), "porto": ("131217001", "131217")}[ATLAS]
FAULTS: list[str] = []


def run(*words: str | Path, quiet: bool = True) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        FAULTS.append(f"{words[0]} {words[-1]}: {done.stderr.strip()[-400:]}")
    return done.stdout if quiet else done.stdout + done.stderr


def expect(what: str, *, true: bool) -> None:
    if not true:
        FAULTS.append(what)
    print(f"  {'ok ' if true else 'BAD'} {what}")


def written() -> None:
    atlas = Path(".venv/bin/atlas")
    for layer in LAYERS:
        for suffix in (
            ".geojson",
            ".gpkg",
            ".fgb",
            ".parquet",
            ".shp.zip",
            ".kml",
            ".csv",
            ".xlsx",
            ".dxf",
            ".pmtiles",
        ):
            run(atlas, "export", layer, ATLAS, "-o", OUT / f"{layer}{suffix}", "--force", "--quiet")
    run(atlas, "package", ATLAS, "-o", OUT / "package.zip", "--force", "--quiet")
    run(atlas, "sheet", CODE, ATLAS, "-o", OUT / "sheet.pdf", "--force", "--quiet")
    run(atlas, "sheet", PARENT, ATLAS, "-o", OUT / "dossier.pdf", "--paper", "a3", "--force", "--quiet")
    with zipfile.ZipFile(OUT / "package.zip") as archive:
        archive.extractall(OUT)


def gdal() -> None:
    print(run("ogrinfo", "--version").strip())
    rows = machine("neighbourhoods")
    for suffix in (".geojson", ".gpkg", ".fgb", ".shp.zip", ".kml", ".dxf"):
        path = OUT / f"neighbourhoods{suffix}"
        opened = f"/vsizip/{path}/neighbourhoods.shp" if suffix == ".shp.zip" else str(path)
        said = run("ogrinfo", "-so", "-al", opened)
        found = re.search(r"Feature Count: (\d+)", said)
        expect(f"{path.name}: {found[1] if found else 'no'} features", true=bool(found) and int(found[1]) >= len(rows))
    back = OUT / "round.csv"
    for suffix in (".geojson", ".gpkg", ".fgb"):
        back.unlink(missing_ok=True)
        run(
            "ogr2ogr",
            "-f",
            "CSV",
            "-select",
            "code,name,potential",
            back,
            OUT / f"neighbourhoods{suffix}",
            "neighbourhoods",
        )
        with back.open(encoding="utf-8", newline="") as file:
            read = {row["code"]: row for row in csv.DictReader(file)}
        same = all(
            read[row["code"]]["name"] == row["name"]
            and abs(float(read[row["code"]]["potential"] or "nan") - float(row["potential"] or "nan")) < 1e-9
            for row in rows
            if row["potential"]
        )
        expect(f"ogr2ogr {suffix} → CSV: the same codes, names and values", true=same and len(read) == len(rows))
    styles = run("ogrinfo", "-q", OUT / "neighbourhoods.gpkg", "-sql", "SELECT styleName FROM layer_styles")
    expect("the GeoPackage holds its styles", true="neighbourhoods" in styles)


def machine(layer: str) -> list[dict[str, str]]:
    with (OUT / f"{layer}.machine.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def libreoffice() -> None:
    import openpyxl

    print(run("soffice", "--version").strip())
    folder = OUT / "office"
    rows = machine("neighbourhoods")
    convert = ["soffice", "--headless", "--convert-to"]
    # separator ;, quote ", UTF-8, from line 1, code and parent as text, Portuguese of Portugal
    columns = "/".join(f"{n}/2" for n, name in enumerate(rows[0], 1) if name in ("code", "parent"))
    run(*convert, "xlsx", f"--infilter=CSV:59,34,76,1,{columns},2070", "--outdir", folder, OUT / "neighbourhoods.csv")
    run(*convert, "csv:Text - txt - csv (StarCalc):44,34,76,1", "--outdir", folder / "x", OUT / "neighbourhoods.xlsx")
    sheet = openpyxl.load_workbook(folder / "neighbourhoods.xlsx", read_only=True).worksheets[0]
    head, *cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    at = {name: head.index(name) for name in ("code", "name", "potential")}
    read = {str(row[at["code"]]): row for row in cells}
    same = all(
        read[row["code"]][at["name"]] == row["name"]
        and isinstance(read[row["code"]][at["potential"]], int | float)
        and abs(read[row["code"]][at["potential"]] - float(row["potential"])) < 1e-9
        for row in rows
        if row["potential"]
    )
    expect("CSV for Excel: accents, leading zeros, numbers as numbers", true=same and len(read) == len(rows))
    with next((folder / "x").glob("*.csv")).open(encoding="utf-8", newline="") as file:
        lines = {row["code"]: row for row in csv.DictReader(file)}
    same = all(lines[row["code"]]["name"] == row["name"] for row in rows)
    expect("XLSX: the same codes and names", true=same and len(lines) == len(rows))


def poppler() -> None:
    print(run("pdftotext", "-v", quiet=False).splitlines()[0])
    for path in (OUT / "sheet.pdf", OUT / "dossier.pdf", OUT / f"atlas-{ATLAS}" / "metodo.pdf"):
        info, fonts = run("pdfinfo", path), run("pdffonts", path).splitlines()[2:]
        text = " ".join(run("pdftotext", path, "-").split())
        pages = int(re.search(r"Pages:\s+(\d+)", info)[1])
        expect(f"{path.name}: {pages} pages, tagged", true=bool(re.search(r"Tagged:\s+yes", info)))
        embedded = [re.search(r"\s(yes|no)\s+(yes|no)\s+(yes|no)\s+\d", line) for line in fonts]
        expect(f"{path.name}: {len(fonts)} fonts, all inside", true=all(one and one[1] == "yes" for one in embedded))
        expect(
            f"{path.name}: accents come out as letters",
            true=(NAME if path.name != "metodo.pdf" else "Património") in text,
        )
        run("pdftoppm", "-r", "80", "-png", path, OUT / path.stem)


def pdf_ua() -> None:
    import os

    words = [sys.executable, "-m", "pdfua", "check", OUT / "sheet.pdf"]
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ASIDE)},
    )
    said = (done.stdout or done.stderr).splitlines()
    print(f"pdfua {next((line.strip() for line in said if 'checked' in line), said[-1:])}")
    errors = [line for line in said if "[ERROR]" in line]
    expect("sheet.pdf: no error among the rules that it can check", true=not errors)
    for line in errors:
        print(f"      {line.strip()}")


def qgis() -> None:
    words = ["/usr/bin/python3", HERE / "open_in_qgis.py", OUT / f"atlas-{ATLAS}" / "atlas.qgs", OUT / "qgis.png"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    print(done.stdout.strip())
    expect("QGIS opens the project", true=done.returncode == 0)


def schema() -> None:
    sys.path.append(str(ASIDE))
    from lxml import etree

    folder = ASIDE / "pycsw" / "plugins" / "profiles" / "apiso" / "schemas" / "ogc" / "iso" / "19139" / "20060504"
    known = etree.XMLSchema(etree.parse(str(folder / "gmd" / "gmd.xsd")))
    print(f"libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))}, schemas of ISO 19139 (20060504)")
    for path in sorted((OUT / f"atlas-{ATLAS}").rglob("*.iso19139.xml")):
        valid = known.validate(etree.parse(str(path)))
        expect(f"{path.name} is valid{'' if valid else f': {known.error_log.last_error}'}", true=valid)


def duckdb() -> None:
    sys.path.append(str(ASIDE))
    import duckdb as duck

    con = duck.connect()
    extension = next((ASIDE / "duckdb_extension_spatial").rglob("*.duckdb_extension"))
    con.execute(f"LOAD '{extension}'")
    print(f"DuckDB {duck.__version__} with its spatial extension")
    expected = len(machine("neighbourhoods"))
    for suffix in ("parquet", "gpkg", "fgb", "geojson"):
        path = OUT / f"neighbourhoods.{suffix}"
        table, shape = ("read_parquet", "geometry") if suffix == "parquet" else ("ST_Read", "geom")
        area = f"ST_Area({shape})" if suffix != "geojson" else "area_km2 * 1e6"
        count, valid, apart = con.execute(
            f"SELECT count(*), bool_and(ST_IsValid({shape})), max(abs({area} / 1e6 - area_km2)) FROM {table}('{path}')"
        ).fetchone()
        expect(f".{suffix}: {count} valid outlines, areas as stated", true=count == expected and valid and apart < 0.01)


for step in (written, gdal, libreoffice, poppler, pdf_ua, qgis, schema, duckdb):
    step()
print(f"Files and images: {OUT}")
print("\n".join(["", "Faults:", *FAULTS]) if FAULTS else "No fault.")
sys.exit(1 if FAULTS else 0)
