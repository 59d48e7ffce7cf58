"""An extract of OpenStreetMap (PBF or XML) as a stream: filtered, located and written down a line each inside osmium.

A call into osmium for each tag and each node of a way costs a hundred times what osmium itself needs. So what passes
its filters is written as OPL, osmium's own text of a line an object, to a temporary file, and that is read.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import osmium
import pyarrow as pa
from numpy.typing import NDArray

from atlas.errors import SourceError
from atlas.sources import _osm
from atlas.sources._long_texts import shortened
from atlas.sources._opl import Nodes, nodes_of, objects

SMALL_FILE_BYTES = 32 * 1024**2
"""Up to here the places of nodes stay in memory; beyond, they go to a temporary file."""
OPL = "opl,locations_on_ways=true,add_metadata=version"
TOO_LONG = ("too long", "overlong")
"""How osmium says it of XML and of PBF."""
HEAD = 2000
_REMARK = re.compile(rb"<remark>([^<]*)")
_NODE_WITH_PLACE = re.compile(rb"<nd ref=\S+ lat=")
_DELETED = re.compile(rb"<(node|way|relation)\b(?=[^>]*\sid=['\"](-?\d+))(?=[^>]*\saction=['\"]delete['\"])")
_ANY_WAY = osmium.io.FileBuffer(b"w1 v1 dV T Nn1\n", "opl")


@contextmanager
def opened(path: Path) -> Iterator[Extract]:
    """An extract, and the temporary files that reading it takes; what it breaks off with is named.

    Raises
    ------
    SourceError
        A file cut short, an error page, or something else than OpenStreetMap data.
    """
    form = format_of(path)
    discarded: frozenset[str] = frozenset()
    if form.startswith("osm"):
        with suppress(EOFError, OSError, zlib.error):  # a file cut short is said by what reads it whole
            discarded = _said_in_xml(path, form)
    with TemporaryDirectory(prefix="atlas-osm-", ignore_cleanup_errors=True) as scratch:
        try:
            yield Extract(path, form, Path(scratch), discarded)
        except (RuntimeError, ValueError, osmium.InvalidLocationError) as fault:
            raise SourceError(
                f"O ficheiro está cortado ou danificado ({fault}). Descarregue-o outra vez.",
                f"The file is cut short or damaged ({fault}). Download it again.",
                where=path.name,
            ) from None


class Extract:
    """A file that may be looked at several times; the places of its nodes are remembered from the first look."""

    def __init__(self, path: Path, form: str, scratch: Path, discarded: frozenset[str] = frozenset()) -> None:
        self.form, self.scratch, self.discarded = form, scratch, discarded
        self.small = path.stat().st_size <= SMALL_FILE_BYTES
        self.shortened = False
        self._path = path
        self._file = osmium.io.File(str(path), form)
        self._threads = osmium.io.ThreadPool()
        self._places = osmium.index.create_map("flex_mem" if self.small else f"sparse_file_array,{scratch / 'nodes'}")
        self._locate = osmium.NodeLocationsForWays(self._places)
        self._locate.ignore_errors()
        self._header: Any = None
        self._looks = 0

    @property
    def date(self) -> str:
        """The moment of the data, where the file says it; known after a look."""
        return str(self._header.get("osmosis_replication_timestamp", self._header.get("timestamp", "")))

    def look(self, entities: Any, *, ways: Any = None, then: Any = None) -> Iterator[pa.RecordBatch]:
        """What passes the filters, as :func:`atlas.sources._opl.objects`.

        The first look must be at nodes too: they are where the ways' places come from. Only of ways that pass their own
        filter the nodes are looked up; what passes it must pass the other too.
        """
        self._looks += 1
        lines = self.scratch / f"{self._looks}.opl"
        first = [] if ways is None else [ways]
        self._write(lines, entities, [*first, self._locate, *([] if then is None else [then])])
        try:
            yield from objects(lines)
        finally:
            lines.unlink(missing_ok=True)

    def located(self, ways: pa.StringArray) -> Nodes:
        """:func:`atlas.sources._opl.nodes_of` after a look, with the nodes that the file holds after the ways."""
        length, numbers, places = nodes_of(ways)
        missing = np.isnan(places[:, 0])
        if missing.any():
            places[missing] = self.places(numbers[missing])
        return length, numbers, places

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where nodes are, after a look; NaN where the file lacks one."""
        with osmium.io.Reader(_ANY_WAY, thread_pool=self._threads) as reader:
            osmium.apply(reader, self._locate)  # at a way after nodes out of order it sorts them
        return np.array([self._place(number) for number in numbers.tolist()], float).reshape(-1, 2)

    def _place(self, number: int) -> tuple[float, float]:
        try:
            place = self._places.get(number)
        except KeyError:
            return np.nan, np.nan
        return (place.lon, place.lat) if place.valid() else (np.nan, np.nan)

    def _write(self, lines: Path, entities: Any, handlers: Sequence[Any]) -> None:
        try:
            with (
                osmium.io.Reader(self._file, entities, thread_pool=self._threads) as reader,
                osmium.SimpleWriter(osmium.io.File(str(lines), OPL), overwrite=True) as writer,
            ):
                self._header = reader.header()
                osmium.apply(reader, *handlers, writer)
        except (ValueError, RuntimeError) as fault:
            if self.shortened or not any(word in str(fault) for word in TOO_LONG):
                raise
            self.shortened = True
            self._file = osmium.io.File(str(shortened(self._path, self.form, self.scratch)), self.form.split(".")[0])
            self._write(lines, entities, handlers)


def _said_in_xml(path: Path, form: str) -> frozenset[str]:
    """What osmium passes over in XML of Overpass and of JOSM: ids of what an editor deleted (``node/1``).

    Raises
    ------
    SourceError
        An answer of Overpass that is incomplete, or that gives coordinates in a way that osmium does not read.
    """
    discarded: set[str] = set()
    with gzip.open(path) if form.endswith(".gz") else path.open("rb") as file:
        head = file.read(HEAD)
        overpass, edited = b"Overpass" in head, b"JOSM" in head
        file.seek(0)
        for line in file if overpass or edited else ():
            if overpass and (remark := _REMARK.search(line)) and b"error" in remark[1].lower():
                raise _osm.gave_up(remark[1].decode("utf-8", "replace").strip(), path)
            if overpass and (b"<center " in line or _NODE_WITH_PLACE.search(line)):
                raise SourceError(
                    "É uma resposta do Overpass em XML com `out center` ou `out geom`, que só se lê em JSON. Peça "
                    "[out:json] e use uma fonte do tipo `overpass`.",
                    "This is an answer of Overpass in XML with `out center` or `out geom`, which is read in JSON only. "
                    "Ask for [out:json] and use a source of kind `overpass`.",
                    where=path.name,
                )
            if edited and b"delete" in line:
                discarded.update(f"{one[1].decode()}/{one[2].decode()}" for one in _DELETED.finditer(line))
    return frozenset(discarded)


def format_of(path: Path) -> str:
    """The format of the content; an error where it is no OpenStreetMap data."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        packed = start[:2] == b"\x1f\x8b"
        if packed:
            start = zlib.decompressobj(wbits=31).decompress(start, 4096)
    except FileNotFoundError:
        raise SourceError.absent(path) from None
    except (zlib.error, OSError):
        start, packed = b"", False
    if b"OSMHeader" in start[:32] and not packed:
        return "pbf"
    if b"<osm" in start:
        return "osm.gz" if packed else "osm"
    if start.lstrip()[:1] == b"{":
        raise SourceError(
            "É JSON. Use uma fonte do tipo `overpass` (resposta do Overpass) ou `vector` (GeoJSON).",
            "This is JSON. Use a source of kind `overpass` (an answer of Overpass) or `vector` (GeoJSON).",
            where=path.name,
        )
    raise SourceError(
        "Não são dados do OpenStreetMap (.osm.pbf, .osm ou .osm.gz), mas uma página de erro ou outro ficheiro. "
        "Descarregue o extrato outra vez.",
        "No OpenStreetMap data (.osm.pbf, .osm or .osm.gz), but an error page or another file. "
        "Download the extract again.",
        where=path.name,
    )
