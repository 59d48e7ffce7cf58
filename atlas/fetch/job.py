"""One thing to be fetched, with what its kind needs: the region, the client, pieces that a second try takes up."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from atlas.config import Atlas, Fetch
from atlas.errors import ConfigError, OutputError, UnknownName, refusal
from atlas.fetch.client import Client
from atlas.fetched import LEDGER
from atlas.neighbourhoods import Units, load_units

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west is never greater than east."""
Asked = dict[str, type | float]
"""The keys of ``ask`` that a kind understands, each with its type, or with the least number that it may be."""
_TYPES: dict[type, tuple[str, str]] = {
    str: ("um texto", "a text"),
    list: ("uma lista", "a list"),
    dict: ("uma tabela", "a table"),
    bool: ("true ou false", "true or false"),
}
KEPT_S = 24 * 3600.0
"""Pieces of a try that broke off are taken up for a day: older ones would mix two states of a service."""


def fresh(path: Path) -> bool:
    """Whether a piece is there and of the last day; a day ahead is as old as a day back, where the clock was set."""
    return path.is_file() and abs(time.time() - path.stat().st_mtime) < KEPT_S


def check_writes(entry: Fetch, suffixes: tuple[str, ...]) -> None:
    """An error where ``writes`` is no file that the kind can write into the folder of fetched files."""
    path = Path(entry.writes)
    where = f"atlas.toml, fetch.{entry.id}.writes"
    if path.is_absolute() or any(part.startswith(".") for part in path.parts) or path.name == LEDGER:
        raise ConfigError(
            f"«{entry.writes}» sai da pasta do atlas, ou é um nome reservado. Dê outro dentro dela.",
            f"“{entry.writes}” leads out of the atlas's folder, or is a reserved name. Give another one inside it.",
            where=where,
        )
    if path.suffix.lower() not in suffixes:
        ends = ", ".join(suffixes)
        raise ConfigError(
            f"«{entry.kind}» escreve ficheiros que acabam em {ends}, e não «{entry.writes}». Corrija-o.",
            f"“{entry.kind}” writes files that end in {ends}, and not “{entry.writes}”. Mend it.",
            where=where,
        )


def check_ask(atlas: Atlas, entry: Fetch, known: Asked) -> None:
    """An error where ``ask`` holds what its kind does not understand, before anybody is asked."""
    where = f"atlas.toml, fetch.{entry.id}.ask"
    for key, value in entry.ask.items():
        if key not in known:
            raise UnknownName.among(key, known, pt="A chave", en="The key", where=where)
        wanted = known[key]
        if isinstance(wanted, type):
            (pt, en), sound = _TYPES[wanted], isinstance(value, wanted)
        else:
            pt, en = f"um número, pelo menos {wanted:g}", f"a number of at least {wanted:g}"
            sound = isinstance(value, int | float) and not isinstance(value, bool) and value >= wanted
        if not sound:
            raise ConfigError(f"«{key}» tem de ser {pt}. Corrija-o.", f"“{key}” must be {en}. Mend it.", where=where)
    layers = [one.id for one in atlas.layers]
    for name in entry.ask.get("layers", ()):
        if name not in layers:
            raise UnknownName.among(str(name), layers, pt="A camada", en="The layer", where=where)


@dataclass(frozen=True)
class Job:
    """What a kind of fetch reads; it writes ``target`` and nothing else."""

    entry: Fetch
    atlas: Atlas
    client: Client
    target: Path
    pieces: Path
    progress: Callable[[float], None]

    @cached_property
    def units(self) -> Units:
        """The atlas's neighbourhoods and parents."""
        return load_units(self.atlas)

    @cached_property
    def region(self) -> shapely.Geometry:
        """The region and its margin, in the atlas's CRS."""
        margin_m = float(self.option("margin_m", self.atlas.atlas.margin_m))
        return shapely.simplify(shapely.buffer(self.units.region, margin_m), max(margin_m / 20, 10))

    def option(self, key: str, default: Any = None) -> Any:
        """A value of ``ask``; an error names it where it must be there."""
        if key not in self.entry.ask and default is None:
            raise ConfigError(
                f"«{self.entry.kind}» precisa de `{key}` em `ask`. Acrescente-o.",
                f"“{self.entry.kind}” needs `{key}` in `ask`. Add it.",
                where=f"atlas.toml, fetch.{self.entry.id}",
            )
        return self.entry.ask.get(key, default)

    def piece(self, key: str, make: Callable[[], bytes]) -> Path:
        """A part of the whole by its key: as an earlier try left it, or made now and kept."""
        path = self.pieces / hashlib.sha256(f"{self.entry.address}|{key}".encode()).hexdigest()[:24]
        if not fresh(path):
            content = make()
            self.pieces.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
        return path

    @contextmanager
    def written(self) -> Iterator[Path]:
        """A path beside the target that takes its place when it is whole."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        part = self.target.with_name(f".{self.target.stem}.part{self.target.suffix}")
        try:
            yield part
            part.replace(self.target)
        except RuntimeError as fault:  # GDAL's errors
            pt, en = refusal(fault)
            raise OutputError(
                f"O ficheiro não se escreve ({pt}). Verifique o espaço em disco.",
                f"The file cannot be written ({en}). Check the space on the disk.",
                where=str(self.target.parent),
            ) from fault
        finally:
            part.unlink(missing_ok=True)

    def tiles(self, side_m: float) -> list[list[Box]]:
        """Squares over the region and its margin, each as boxes in degrees: two where ±180° cuts it.

        They lie on a lattice from the CRS's origin, so that the same square is the same piece on another day.
        """
        west, south, east, north = self.region.bounds
        xs = np.arange(np.floor(west / side_m), np.ceil(east / side_m)) * side_m
        ys = np.arange(np.floor(south / side_m), np.ceil(north / side_m)) * side_m
        squares = np.array([shapely.box(x, y, x + side_m, y + side_m) for x in xs for y in ys], dtype=object)
        shapely.prepare(self.region)
        return [self._boxes(square) for square in squares[shapely.intersects(self.region, squares)]]

    def boxes(self) -> list[Box]:
        """The region and its margin as boxes in degrees."""
        return self._boxes(shapely.box(*self.region.bounds))

    def _boxes(self, square: shapely.Geometry) -> list[Box]:
        edge = shapely.segmentize(square, max(shapely.length(square) / 80, 1.0))
        degrees = gpd.GeoSeries([edge], crs=self.atlas.atlas.crs).to_crs(4326).iloc[0]
        lon, lat = shapely.get_coordinates(degrees).T
        south, north = float(lat.min()), float(lat.max())
        if lon.max() - lon.min() <= 180:
            return [(float(lon.min()), south, float(lon.max()), north)]
        return [(float(lon[lon > 0].min()), south, 180.0, north), (-180.0, south, float(lon[lon < 0].max()), north)]


def said(box: Box) -> str:
    """A box as services and keys of pieces write it, to six decimals.

    >>> said((-8.7, 41.1, -8.5, 41.25))
    '-8.7,41.1,-8.5,41.25'
    """
    return ",".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in box)
