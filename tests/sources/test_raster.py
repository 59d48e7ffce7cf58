"""Rasters as planners hold them: any CRS, rotated, scaled, without a declared no-data value, coarse, elsewhere."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine, from_origin

from atlas.cli import main
from atlas.config import Source
from atlas.errors import ConfigError, SourceError
from atlas.indicators import terrain
from atlas.indicators.terrain import slope_pct, zonal_statistic
from atlas.sources import load, raster

WEST, NORTH = 0.0, 2000.0  # EPSG:3763, near its origin: 8.13° W, 39.67° N
ZONES = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.box(500, 500, 1500, 1500)], crs=3763)


def written(path: Path, array: np.ndarray, transform: Affine, crs: Any = 3763, **more: Any) -> Path:
    bands = array if array.ndim == 3 else array[None]
    scales, offsets = more.pop("scales", None), more.pop("offsets", None)
    with rasterio.open(
        path, "w", driver="GTiff", height=bands.shape[1], width=bands.shape[2], count=len(bands), dtype=bands.dtype,
        transform=transform, crs=crs, **more,
    ) as file:  # fmt: skip
        file.write(bands)
        if scales:
            file.scales, file.offsets = scales, offsets
    return path


def opened(path: Path, **read: Any) -> Any:
    source = Source(
        id="relief", kind="raster", file=path.name, title="t", publisher="p", licence="l", date="2000", read=read
    )
    return load(source, path.parent)


def plane(columns: int = 80, rows: int = 80, cell: float = 25.0) -> np.ndarray:
    """One metre up for ten to the east."""
    return np.tile(np.arange(columns) * cell / 10, (rows, 1)).astype("float32")


def mean_slope(raster: Any) -> float:
    cells = raster.cells(tuple(ZONES.total_bounds), ZONES.crs, margin=2)
    width, height = cells.res
    steep = type(cells)(slope_pct(cells.array, cell_x_m=width, cell_y_m=height), cells.bounds, cells.crs)
    return float(zonal_statistic(steep, ZONES)["a"])


def test_a_plane_in_the_atlas_crs_in_degrees_or_rotated_has_one_slope(tmp_path: Path) -> None:
    upright = written(tmp_path / "metres.tif", plane(), from_origin(WEST, NORTH, 25, 25))
    assert mean_slope(opened(upright)) == pytest.approx(10, abs=1e-4)
    with rasterio.open(upright) as file, rasterio.vrt.WarpedVRT(file, crs=4326) as warped:
        degrees = written(tmp_path / "degrees.tif", warped.read(1), warped.transform, 4326)
    assert mean_slope(opened(degrees)) == pytest.approx(10, abs=0.2)
    turned = Affine.translation(WEST - 700, NORTH - 1000) @ Affine.rotation(35) @ Affine.scale(25, -25)
    x, _ = turned @ np.meshgrid(np.arange(110) + 0.5, np.arange(110) + 0.5)
    raster = opened(written(tmp_path / "turned.tif", (x / 10).astype("float32"), turned))
    assert not raster.upright
    assert mean_slope(raster) == pytest.approx(10, abs=0.2)


def test_scale_and_offset_are_applied_after_no_data(tmp_path: Path) -> None:
    stored = np.full((80, 80), 100, dtype="int16")
    stored[:, :40] = -1  # declared as nothing
    path = written(
        tmp_path / "scaled.tif", stored, from_origin(WEST, NORTH, 25, 25), nodata=-1, scales=[0.5], offsets=[7.0]
    )
    cells = opened(path).cells(tuple(ZONES.total_bounds), ZONES.crs)
    assert set(np.unique(cells.array[np.isfinite(cells.array)])) == {57.0}
    assert np.isnan(cells.array[:, :20]).all()


def test_an_undeclared_no_data_value_is_missing_and_said(tmp_path: Path) -> None:
    stored = np.full((80, 80), 300.0, dtype="float32")
    stored[:30] = -9999
    raster = opened(written(tmp_path / "silent.tif", stored, from_origin(WEST, NORTH, 25, 25)))
    assert "-9999" in raster.attrs["warnings"][0][1]
    cells = raster.cells(tuple(ZONES.total_bounds), ZONES.crs)
    assert np.nanmin(cells.array) == 300
    chosen = opened(tmp_path / "silent.tif", nodata=300)
    assert np.isnan(chosen.cells((500, 500, 600, 600), ZONES.crs).array).all()


def test_one_band_of_several_is_read_and_which_is_said(tmp_path: Path) -> None:
    bands = np.stack([np.full((80, 80), 1.0), np.full((80, 80), 2.0)]).astype("float32")
    path = written(tmp_path / "bands.tif", bands, from_origin(WEST, NORTH, 25, 25))
    first = opened(path)
    assert "2 bands" in first.attrs["warnings"][0][1]
    second = opened(path, band=2)
    assert not second.attrs["warnings"]
    assert float(second.cells((500, 500, 600, 600), ZONES.crs).array.mean()) == 2
    with pytest.raises(SourceError, match="não tem banda 3"):
        opened(path, band=3)


def test_a_window_alone_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "wide.tif", plane(400, 400), from_origin(WEST, NORTH, 25, 25), tiled=True)
    cells = opened(path).cells((500, 500, 600, 600), ZONES.crs, margin=1)
    assert cells.array.shape == (6, 6)
    assert cells.bounds == (475, 475, 625, 625)
    assert opened(path).cells((-5000, -5000, -4000, -4000), ZONES.crs) is None


def test_a_raster_coarser_than_the_unit_gives_the_cells_by_their_share(tmp_path: Path) -> None:
    coarse = written(tmp_path / "coarse.tif", np.array([[10.0, 30.0]]), from_origin(0, 2000, 1000, 2000))
    cells = opened(coarse).cells(tuple(ZONES.total_bounds), ZONES.crs)
    assert zonal_statistic(cells, ZONES)["a"] == pytest.approx(20)
    quarter = ZONES.set_geometry([shapely.box(750, 0, 1250, 100)])
    assert zonal_statistic(cells, quarter)["a"] == pytest.approx(20)


def test_no_crs_and_a_corrupt_block_name_the_file_and_the_remedy(tmp_path: Path) -> None:
    lost = written(tmp_path / "lost.tif", plane(), from_origin(WEST, NORTH, 25, 25), crs=None)
    with pytest.raises(SourceError, match="gdal_edit"):
        opened(lost)
    whole = written(
        tmp_path / "cut.tif", np.random.default_rng(1).random((256, 256)), from_origin(WEST, NORTH, 25, 25),
        compress="deflate", nodata=-1,
    )  # fmt: skip
    whole.write_bytes(whole.read_bytes()[:200_000])
    with pytest.raises(SourceError, match=r"cut\.tif"):
        opened(whole).cells((0, -4400, 6400, 2000), ZONES.crs)


def test_vrt_and_cloud_optimised_files_are_read_like_any_other(tmp_path: Path) -> None:
    import rasterio.shutil

    path = written(tmp_path / "relief.tif", plane(), from_origin(WEST, NORTH, 25, 25))
    rasterio.shutil.copy(path, tmp_path / "relief.cog.tif", driver="COG")
    rasterio.shutil.copy(path, tmp_path / "relief.vrt", driver="VRT")
    wanted = opened(path).cells(tuple(ZONES.total_bounds), ZONES.crs).array
    for name in ("relief.cog.tif", "relief.vrt"):
        assert np.array_equal(opened(tmp_path / name).cells(tuple(ZONES.total_bounds), ZONES.crs).array, wanted)


def test_heights_of_points_are_the_mean_of_nine_cells_in_any_crs(tmp_path: Path) -> None:
    path = written(tmp_path / "metres.tif", plane(), from_origin(WEST, NORTH, 25, 25))
    xy = np.array([[1012.5, 987.5], [9e5, 9e5]])
    height = opened(path).around(xy[:1], ZONES.crs)
    assert height[0] == pytest.approx(100)
    assert np.isnan(opened(path).around(xy, ZONES.crs)[1])
    with rasterio.open(path) as file, rasterio.vrt.WarpedVRT(file, crs=4326) as warped:
        degrees = written(tmp_path / "degrees.tif", warped.read(1), warped.transform, 4326)
    assert opened(degrees).around(xy[:1], ZONES.crs)[0] == pytest.approx(100, abs=2.5)


def test_units_are_read_in_pieces_when_the_window_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = [shapely.box(1000 * i, 0, 1000 * i + 900, 900) for i in range(16)]
    zones = gpd.GeoDataFrame({"code": [f"{i}" for i in range(16)]}, geometry=squares, crs=3763)
    monkeypatch.setattr(terrain, "MOST_CELLS", 4000 * 900 / 100)
    pieces = list(terrain._pieces(zones, (10, 10)))
    assert [len(one) for one in pieces] == [4, 4, 4, 4]
    assert [code for one in pieces for code in one["code"]] == list(zones["code"])


def test_an_atlas_with_any_raster_as_an_indicator(
    small_atlas: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    units = gpd.read_parquet(small_atlas / "neighbourhoods.parquet").to_crs(4326)
    west, south, east, north = units.total_bounds
    light = np.full((60, 60), 5.0, dtype="float32")
    cell = max(east - west, north - south) / 50
    written(small_atlas / "light.tif", light, from_origin(west - cell, north + cell, cell, cell), 4326)
    toml = small_atlas / "atlas.toml"
    added = """
[[source]]
id = "light"
kind = "raster"
file = "light.tif"
title = "Luz"
publisher = "p"
licence = "l"
date = "2024"

[[indicator]]
code = "light"
name = { pt = "Luz", en = "Light" }
unit = { pt = "nW", en = "nW" }
measure = "zonal"
sources = ["light"]
with = { statistic = "mean" }
about = { pt = "Luz noturna média.", en = "Mean light at night." }

"""
    text = toml.read_text("utf-8")
    at = text.index("[[index]]")
    toml.write_text(text[:at] + added + text[at:], "utf-8")
    path = tmp_path / "units.csv"
    assert main(["export", "neighbourhoods", "-o", str(path), str(small_atlas)]) == 0
    table = gpd.pd.read_csv(tmp_path / "units.machine.csv")
    assert table["light"].notna().all()
    assert table["light"].to_numpy() == pytest.approx(5)
    written(small_atlas / "light.tif", light, from_origin(20, 60, cell, cell), 4326)
    assert main(["build", str(small_atlas)]) == 1
    assert "light.tif" in capsys.readouterr().err


TURNED = Affine.translation(WEST - 700, NORTH - 1000) @ Affine.rotation(35) @ Affine.scale(25, -25)


@pytest.mark.parametrize("declared", [{}, {"nodata": np.nan}, {"nodata": -9999.0}], ids=["silent", "nan", "-9999"])
@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_cells_that_are_no_numbers_are_missing_and_poison_no_mean(
    tmp_path: Path, declared: dict[str, float], nothing: float
) -> None:
    stored = np.full((110, 110), 100.0, dtype="float32")
    stored[50:60, 50:60] = nothing
    for name, transform in (("upright.tif", from_origin(-500, 2500, 25, 25)), ("turned.tif", TURNED)):
        raster = opened(written(tmp_path / name, stored, transform, **declared))
        cells = raster.cells(tuple(ZONES.total_bounds), ZONES.crs)
        assert 90 <= np.isnan(cells.array).sum() <= 130, name
        assert set(np.unique(cells.array[np.isfinite(cells.array)]).round(6)) == {100.0}
        assert not np.isinf(cells.array).any()
        assert zonal_statistic(cells, ZONES)["a"] == pytest.approx(100)
        middle = transform @ (55, 55)
        assert np.isnan(raster.around(np.array([middle]), ZONES.crs)).all()


@pytest.mark.parametrize("kind", ["uint8", "int16", "float32"])
def test_beyond_the_edge_of_a_turned_raster_is_nothing_and_not_zero(tmp_path: Path, kind: str) -> None:
    stored = np.full((80, 80), 100, dtype=kind)
    path = written(tmp_path / "turned.tif", stored, TURNED, scales=[0.5], offsets=[7.0])
    cells = opened(path).cells((-2000, -3000, 4000, 4000), ZONES.crs)
    assert np.isnan(cells.array[0, 0])
    assert set(np.unique(cells.array[np.isfinite(cells.array)]).round(6)) == {57.0}


def test_numbers_that_are_none_and_a_crs_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "metres.tif", plane(), from_origin(19_000, -119_000, 25, 25), 4326)
    with pytest.raises(SourceError, match=r"metres\.tif.*sistema de coordenadas certo"):
        opened(path).cells(tuple(ZONES.total_bounds), ZONES.crs)
    for key in ("band", "nodata"):
        with pytest.raises(ConfigError, match="«x» não é um número"):
            opened(path, **{key: "x"})


def test_a_raster_too_large_to_look_at_has_every_usual_mark_of_nothing_for_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster, "LOOKED_AT", 80 * 79)
    stored = np.full((80, 80), 100.0, dtype="float32")
    stored[40, 40] = -32768
    unread = opened(written(tmp_path / "wide.tif", stored, from_origin(WEST, NORTH, 25, 25)))
    assert "-9999" in unread.attrs["warnings"][0][1]
    for crs in (3763, 3857):  # as it is, and warped: nothing is mixed with what is beside it
        zone = ZONES.to_crs(crs)
        values = unread.cells(tuple(zone.total_bounds), zone.crs).array
        assert set(np.unique(values[np.isfinite(values)])) == {100.0}
        assert np.isnan(values).any()


def test_a_vrt_asks_no_server_and_names_the_part_that_is_not_there(tmp_path: Path) -> None:
    import rasterio.shutil

    path = written(tmp_path / "relief.tif", plane(), from_origin(WEST, NORTH, 25, 25))
    rasterio.shutil.copy(path, tmp_path / "relief.vrt", driver="VRT")
    text = (tmp_path / "relief.vrt").read_text("utf-8")
    assert 'relativeToVRT="1">relief.tif<' in text
    asked: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def send_error(self, *_: Any) -> None:  # of all that is asked, since it knows no method
            asked.append(self.path)

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        remote = f"/vsicurl/http://127.0.0.1:{server.server_port}/relief.tif"
        for part in ("gone.tif", remote):
            (tmp_path / "relief.vrt").write_text(text.replace('"1">relief.tif<', f'"0">{part}<'), "utf-8")
            with pytest.raises(SourceError) as fault:
                opened(tmp_path / "relief.vrt").cells(tuple(ZONES.total_bounds), ZONES.crs)
            assert part in fault.value.text("en")
        server.shutdown()
    assert asked == []
