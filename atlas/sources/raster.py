"""Rasters (GeoTIFF, COG, VRT) in any CRS, rotated or not: checked here, read by the window that a measure asks for.

``read`` takes ``band`` (default the first) and ``nodata`` (the value of nothing, where the file declares none).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window, from_bounds

from atlas.config import Source
from atlas.errors import ConfigError, SourceError, refusal

READ = frozenset({"band", "nodata"})

# What programs write for "nothing here" and often forget to declare.
USUAL_NODATA = (-9999.0, -99999.0, -32768.0, -32767.0, float(np.finfo("f4").min), float(np.finfo("f4").max))
LOOKED_AT = 400_000_000  # cells up to which a raster whose no-data is not declared is looked at
STRIP = 512  # rows at a time
OFFLINE = {"CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none"}
"""What keeps GDAL from the network, whatever a VRT points to."""


@dataclass(frozen=True)
class Cells:
    """A window of a raster: ``array`` with NaN where there is none, scale and offset applied."""

    array: np.ndarray
    bounds: tuple[float, float, float, float]
    crs: Any

    @property
    def res(self) -> tuple[float, float]:
        """Width and height of a cell, in the unit of the CRS."""
        left, bottom, right, top = self.bounds
        rows, columns = self.array.shape
        return (right - left) / columns, (top - bottom) / rows


@dataclass(frozen=True)
class Raster:
    """One band of a raster on disk."""

    path: Path
    band: int
    crs: Any
    upright: bool
    nodata: tuple[float, ...]
    attrs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def cells(self, bounds: tuple[float, float, float, float], crs: Any, *, margin: int = 0) -> Cells | None:
        """The cells over a box, north up, in ``crs``; None where the raster does not reach it.

        A raster in another CRS, or a rotated one, is warped as it is read (bilinear), at about its own resolution.

        Parameters
        ----------
        bounds
            West, south, east, north in ``crs``.
        margin
            Cells more on every side, for measures that look at neighbours.

        Raises
        ------
        SourceError
            A block of the file cannot be read.

        """
        with _reading(self.path), self._grid(crs) as grid:
            whole = Window(0, 0, grid.width, grid.height)
            asked = from_bounds(*bounds, transform=grid.transform)
            row, column = int(np.floor(asked.row_off)) - margin, int(np.floor(asked.col_off)) - margin
            last_row = int(np.ceil(asked.row_off + asked.height)) + margin
            last_column = int(np.ceil(asked.col_off + asked.width)) + margin
            row, column = max(row, 0), max(column, 0)
            last_row, last_column = min(last_row, int(whole.height)), min(last_column, int(whole.width))
            if last_row <= row or last_column <= column:
                return None
            window = Window(column, row, last_column - column, last_row - row)
            masked = grid.read(self.band, window=window, masked=True)
            values = masked.astype(float).filled(np.nan)
            # where one value is declared, another forgotten one may stand beside it
            values[np.isin(values, self.nodata) | ~np.isfinite(values)] = np.nan
            scale, offset = grid.scales[self.band - 1] or 1.0, grid.offsets[self.band - 1]
            return Cells(values * scale + offset, rasterio.windows.bounds(window, grid.transform), grid.crs)

    def resolution(self, crs: Any) -> tuple[float, float]:
        """Width and height of a cell as it is read in ``crs``."""
        with _reading(self.path), self._grid(crs) as grid:
            width, height = grid.res
            return float(width), float(height)

    def around(self, xy: np.ndarray, crs: Any) -> np.ndarray:
        """The mean of the 3 × 3 cells around each point; missing where none of them has a value."""
        if not len(xy):
            return np.array([])
        (west, south), (east, north) = xy.min(axis=0), xy.max(axis=0)
        cells = self.cells((west, south, east, north), crs, margin=2)
        if cells is None:
            return np.full(len(xy), np.nan)
        left, _, _, top = cells.bounds
        width, height = cells.res
        row = np.floor((top - xy[:, 1]) / height).astype(int)
        column = np.floor((xy[:, 0] - left) / width).astype(int)
        total, count = np.zeros(len(xy)), np.zeros(len(xy))
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                y, x = row + dy, column + dx
                inside = (y >= 0) & (y < cells.array.shape[0]) & (x >= 0) & (x < cells.array.shape[1])
                value = np.full(len(xy), np.nan)
                value[inside] = cells.array[y[inside], x[inside]]
                known = np.isfinite(value)
                total[known] += value[known]
                count[known] += 1
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    @contextmanager
    def _grid(self, crs: Any) -> Iterator[Any]:
        with ExitStack() as stack:
            file = stack.enter_context(rasterio.open(self.path))
            if self.upright and file.crs == crs:
                yield file
                return
            marked = self.nodata[0] if self.nodata else file.nodata
            # of several marks only one can be told: between the others nothing may be mixed
            way = Resampling.nearest if len(self.nodata) > 1 else Resampling.bilinear
            warped = WarpedVRT(
                file, crs=crs, resampling=way, src_nodata=np.nan if marked is None else marked,
                nodata=np.nan, dtype="float64",  # beyond the file's own edge there is nothing, not 0
            )  # fmt: skip
            yield stack.enter_context(warped)


def load(source: Source, folder: Path) -> Raster:
    """A raster that opens and states its CRS; ``read.band`` chooses a band, ``read.nodata`` the value of nothing.

    Raises
    ------
    SourceError
        It cannot be read, states no CRS, or has no such band.

    """
    path = folder / source.file
    warnings: list[tuple[str, str]] = []
    with _reading(path), rasterio.open(path) as file:
        band = int(_number(source, "band", 1))
        _check(file, band, path)
        if file.count > 1 and "band" not in source.read:
            warnings.append((
                f"o raster tem {file.count} bandas: lida a primeira (`read.band` escolhe outra)",
                f"the raster has {file.count} bands: the first is read (`read.band` chooses another)",
            ))  # fmt: skip
        nodata: tuple[float, ...] = (_number(source, "nodata", 0),) if "nodata" in source.read else ()
        if not nodata and file.nodatavals[band - 1] is None:
            nodata = _undeclared(file, band)
            if nodata:
                said = ", ".join(f"{one:g}" for one in nodata)
                warnings.append((
                    f"o raster não declara o valor sem dados: {said} lido como em falta (`read.nodata` diz outro)",
                    f"the raster declares no no-data value: {said} read as missing (`read.nodata` says another)",
                ))  # fmt: skip
        upright = not (file.transform.b or file.transform.d) and file.transform.a > 0 > file.transform.e
        return Raster(path, band, file.crs, upright, nodata, {"warnings": warnings})


def _number(source: Source, key: str, default: float) -> float:
    try:
        return float(source.read.get(key, default))
    except (TypeError, ValueError):
        raise ConfigError(
            f"«{source.read[key]}» não é um número. Corrija `{key}` em `read`.",
            f"“{source.read[key]}” is no number. Mend `{key}` in `read`.",
            where=f"{source.id}.read.{key}",
        ) from None


def _check(file: Any, band: int, path: Path) -> None:
    if file.crs is None:
        raise SourceError(
            "O raster não declara o sistema de coordenadas. Guarde-o com ele (gdal_edit -a_srs).",
            "The raster states no CRS. Save it with one (gdal_edit -a_srs).",
            where=str(path),
        )
    if not np.isfinite(tuple(file.transform)).all():
        raise SourceError(
            "O raster não diz onde fica (transformação que não são números). Guarde-o de novo em GeoTIFF.",
            "The raster does not say where it lies (a transform that is no numbers). Save it again as GeoTIFF.",
            where=str(path),
        )
    if not 1 <= band <= file.count:
        raise SourceError(
            f"O raster não tem banda {band}: tem {file.count}. Corrija `read.band`.",
            f"The raster has no band {band}: it has {file.count}. Mend `read.band`.",
            where=str(path),
        )


def _undeclared(file: Any, band: int) -> tuple[float, ...]:
    """The usual marks of nothing that stand in the raster; all of them where it is too large to be looked at."""
    if file.height * file.width > LOOKED_AT:
        return USUAL_NODATA
    found: set[float] = set()
    for row in range(0, file.height, STRIP):
        values = file.read(band, window=Window(0, row, file.width, min(STRIP, file.height - row)))
        found.update(one for one in USUAL_NODATA if one not in found and (values == one).any())
    return tuple(one for one in USUAL_NODATA if one in found)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        with rasterio.Env(**OFFLINE):
            yield
    except (RasterioError, CPLE_BaseError, UnicodeDecodeError) as fault:
        pt, en = refusal(ValueError(str(fault.__cause__ or fault)))  # GDAL's numbers of errors are not the system's
        raise SourceError(
            f"O raster não se lê ({pt}). Guarde-o de novo em GeoTIFF, com o sistema de coordenadas certo.",
            f"The raster cannot be read ({en}). Save it again as GeoTIFF, with its right CRS.",
            where=str(path),
        ) from fault
