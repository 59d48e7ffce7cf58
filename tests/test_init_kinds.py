"""Every kind of file that a planner has, for regions that the atlas was not made with: south, across ±180°, north."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from atlas.atlasfile import load_atlas
from atlas.config import Source
from atlas.indicators.terrain import zonal_statistic
from atlas.initialise import Request, initialise
from atlas.language import Translator
from atlas.placing import place_all
from atlas.sources._opened import Opened

KINDS = ["museum", "theatre", "library", "gallery", "cinema"]
STEP = 800.0


class Region:
    """Thirty squares around a point, and the files of one planner about it."""

    def __init__(self, folder: Path, lon: float, lat: float, epsg: int) -> None:
        self.folder, self.epsg = folder, epsg
        self.random = np.random.default_rng(11)
        centre = gpd.GeoSeries([shapely.Point(lon, lat)], crs=4326).to_crs(epsg).iloc[0]
        self.west, self.south = centre.x - 3 * STEP, centre.y - 2 * STEP
        cells = [(self.west + STEP * (row % 6), self.south + STEP * (row // 6)) for row in range(30)]
        self.units = gpd.GeoDataFrame(
            {"code": [f"0{one}" for one in range(30)], "name": [f"Bairro {one}" for one in range(30)]},
            geometry=[shapely.box(x, y, x + STEP, y + STEP) for x, y in cells], crs=epsg,
        )  # fmt: skip
        self.units.to_file(folder / "units.gpkg")

    def places(self, tag: str) -> gpd.GeoDataFrame:
        """Ten places well inside the region."""
        spots = self.random.uniform([self.west + 50, self.south + 50], [self.west + 4750, self.south + 3950], (10, 2))
        names = [f"São João ñ {tag} {one}" for one in range(10)]
        return gpd.GeoDataFrame(
            {"ref": [f"{tag}{one}" for one in range(10)], "nome": names, "tipo": KINDS * 2},
            geometry=gpd.points_from_xy(*spots.T), crs=self.epsg,
        )  # fmt: skip

    def files(self) -> tuple[Path, ...]:
        """Shapefile in a Latin code page and without its `.prj`, GML, KML, workbooks with decimal commas and angles."""
        paths = [self.folder / name for name in ("a.shp", "b.gml", "c.kml", "d.xlsx", "e.xlsx")]
        self.places("shp").to_file(paths[0], encoding="cp1252")
        paths[0].with_suffix(".prj").unlink()
        self.places("gml").to_crs(4326).to_file(paths[1], driver="GML")
        self.places("kml").to_crs(4326).rename(columns={"nome": "Name"}).to_file(paths[2], driver="KML")
        for path, written in ((paths[3], _with_comma), (paths[4], _as_angle)):
            book = openpyxl.Workbook()
            book.active.append(["id", "nome", "tipo", "lon", "lat"])
            for row in self.places(path.stem).to_crs(4326).itertuples():
                lon, lat = written(row.geometry.x, "EW"), written(row.geometry.y, "NS")
                book.active.append([row.ref, row.nome, row.tipo, lon, lat])
            book.save(path)
        return tuple(paths)

    def relief(self, path: Path) -> None:
        """Turned by twenty degrees, in half metres less twenty: half a metre up a cell along both its axes."""
        turned = (
            Affine.translation(self.west + 2400, self.south + 2000) @ Affine.rotation(20) @ Affine.scale(30, -30)
            @ Affine.translation(-150, -150)
        )  # fmt: skip
        with rasterio.open(
            path, "w", driver="GTiff", height=300, width=300, count=1, dtype="int16", crs=self.epsg, transform=turned
        ) as file:
            file.write(np.add.outer(np.arange(300), np.arange(300)).astype("int16"), 1)
            file.scales, file.offsets = [0.5], [-20.0]

    def blocks(self, path: Path) -> None:
        """Two blocks a unit, with INE's columns."""
        boxes = self.units.bounds
        left = shapely.box(boxes["minx"], boxes["miny"], boxes["minx"] + STEP / 2, boxes["maxy"])
        right = shapely.box(boxes["minx"] + STEP / 2, boxes["miny"], boxes["maxx"], boxes["maxy"])
        held = {"DTMNFR21": [*self.units["code"]] * 2, "N_INDIVIDUOS": np.repeat([30, 70], 30)}
        gpd.GeoDataFrame(held, geometry=np.concatenate([left, right]), crs=self.epsg).to_file(path)


def _with_comma(value: float, _: str) -> str:
    return f"{value:.6f}".replace(".", ",")


def _as_angle(value: float, signs: str) -> str:
    size = abs(value)
    minutes = (size - int(size)) * 60
    return f"{int(size)}° {int(minutes):02d}' {(minutes % 1) * 60:05.2f}\" {signs[value < 0]}".replace(".", ",")


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"), [(147.33, -42.88, 7855), (180.0, -16.8, 3460)], ids=["Hobart", "Taveuni"]
)
def test_an_atlas_of_any_region_reads_every_kind_of_file(tmp_path: Path, lon: float, lat: float, epsg: int) -> None:
    region = Region(tmp_path, lon, lat, epsg)
    folder = tmp_path / "atlas"
    made = initialise(Request(folder, "Lá", tmp_path / "units.gpkg", places=region.files()), lang="en")
    said = [note.text(Translator("en")) for note in made.notes]
    assert f"The file a.shp states no CRS: taken in that of the outlines (EPSG:{epsg})" in " ".join(said)
    assert any(one.startswith("6 sources state neither publisher nor licence (units, a, b, c, d, e)") for one in said)
    atlas = load_atlas(folder)
    assert {(one.publisher, one.licence) for one in atlas.source} == {("publisher not stated", "licence not stated")}
    plan = gpd.GeoDataFrame(geometry=region.places("dxf").buffer(20), crs=epsg)
    plan.to_file(folder / "plan.dxf", driver="DXF")
    region.relief(folder / "relief.tif")
    region.blocks(folder / "blocks.gpkg")
    about = {"title": "t", "publisher": "p", "licence": "l", "date": "2024"}
    more = (
        Source(id="plan", kind="vector", file="plan.dxf", read={"crs": f"EPSG:{epsg}", "kind_is": "museum"}, **about),
        Source(id="relief", kind="raster", file="relief.tif", **about),
        Source(id="blocks", kind="blocks", file="blocks.gpkg", **about),
    )
    atlas = atlas.model_copy(update={"source": (*atlas.source, *more)})
    placed = place_all(atlas)
    records = placed.tables["records"]
    assert records.groupby("source_id").size().to_dict() == dict.fromkeys(("a", "b", "c", "d", "e", "plan"), 10)
    assert records["classes"].notna().all()
    assert records.within(region.units.union_all()).all()
    assert records["name"].dropna().str.startswith("São João ñ").all()
    opened = Opened(atlas, placed.units)
    assert opened("blocks")["residents"].to_dict() == dict.fromkeys(region.units["code"], 100)
    middle = region.units.union_all().centroid.buffer(300)
    zone = gpd.GeoDataFrame({"code": ["x"]}, geometry=[middle], crs=epsg)
    cells = opened("relief").cells(tuple(zone.total_bounds), zone.crs)
    assert zonal_statistic(cells, zone)["x"] == pytest.approx(0.5 * 300 - 20, abs=1)


def test_what_a_file_does_not_state_is_said_in_the_atlas_s_language(tmp_path: Path) -> None:
    region = Region(tmp_path, 24.94, 60.17, 3067)
    made = initialise(Request(tmp_path / "atlas", "Lá", tmp_path / "units.gpkg", places=region.files()[1:]))
    text = (tmp_path / "atlas" / "atlas.toml").read_text("utf-8")
    assert 'publisher = "entidade não indicada"\nlicence = "licença não indicada"' in text
    assert "# Onde está «entidade não indicada» ou «licença não indicada», escreva" in text
    assert "5 fontes sem entidade nem licença indicadas (units, b, c, d, e)" in " ".join(
        note.text(Translator("pt")) for note in made.notes
    )
