"""An extract of OpenStreetMap (PBF or XML) as a stream: filtered, located and written down a line each inside osmium.

A call into osmium for each tag and each node of a way costs a hundred times what osmium itself needs. So what passes
its filters is written as OPL, osmium's own text of a line an object, to a temporary file, and that is read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray

from atlas.errors import SourceError
from atlas.sources._long_texts import shortened

SMALL_FILE_BYTES = 32 * 1024**2
"""Up to here the places of nodes stay in memory; beyond, they go to a temporary file."""
OPL = "opl,locations_on_ways=true,add_metadata=version"
TOO_LONG = ("too long", "overlong")
"""How osmium says it of XML and of PBF."""
_ESCAPED = re.compile("%([0-9a-f]+)%")
ESCAPES = frozenset(" %,=@")
"""What OPL writes as an escape, besides control characters."""
_BETWEEN = bytes.maketrans(b"nxy,", b"    ")


Line = tuple[str, bool, str, str]
"""An object: ``n1``, ``w2`` or ``r3``, whether it is deleted, its tags, its place, nodes or members, all as OPL."""


def tags_of(text: str) -> dict[str, str]:
    """Tags from OPL.

    >>> tags_of("Tname=Café%20%«A»,note=a%3d%b"), tags_of("T")
    ({'name': 'Café «A»', 'note': 'a=b'}, {})
    """
    if len(text) < 2:
        return {}
    if "%2c%" in text or "%3d%" in text:  # an escaped comma or equals sign must not part anything
        return {plain(key): plain(value) for key, value in [pair.split("=") for pair in text[1:].split(",")]}
    pairs: list[Any] = [pair.split("=") for pair in plain(text)[1:].split(",")]
    return dict(pairs)


def plain(text: str) -> str:
    """Text without OPL's escapes."""
    if "%" not in text:
        return text
    return _ESCAPED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def nodes_of(ways: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers and places of the nodes of ways from OPL, one way after the other; NaN where the file lacks the node.

    >>> nodes_of(["Nn1x-8.6y41.1,n2xy", "N", "Nn3x0y0"])
    (array([1, 2, 3]), array([[-8.6, 41.1],
           [ nan,  nan],
           [ 0. ,  0. ]]))
    """
    text = ",".join(way[1:] for way in ways if len(way) > 1).replace("xy", "xNANyNAN")
    held = np.fromstring(text.encode("ascii").translate(_BETWEEN), sep=" ").reshape(-1, 3)
    return held[:, 0].astype(np.int64), held[:, 1:]


def place_of(text: str) -> tuple[float, float] | None:
    """Longitude and latitude of a node from OPL.

    >>> place_of("x-8.6 y41.1"), place_of("x y")
    ((-8.6, 41.1), None)
    """
    x, _, y = text.partition(" ")
    return (float(x[1:]), float(y[1:])) if len(x) > 1 else None


def members_of(text: str) -> list[tuple[str, int]]:
    """Type and number of the members of a relation from OPL.

    >>> members_of("Mw7@outer,n-3@"), members_of("M")
    ([('w', 7), ('n', -3)], [])
    """
    parts = text[1:].split(",") if len(text) > 1 else []
    return [(part[0], int(part[1 : part.index("@")])) for part in parts]


@contextmanager
def opened(path: Path) -> Iterator[Extract]:
    """An extract, and the temporary files that reading it takes; what it breaks off with is named.

    Raises
    ------
    SourceError
        A file cut short, an error page, or something else than OpenStreetMap data.
    """
    form = format_of(path)
    with TemporaryDirectory(prefix="atlas-osm-", ignore_cleanup_errors=True) as scratch:
        try:
            yield Extract(path, form, Path(scratch))
        except (RuntimeError, ValueError, osmium.InvalidLocationError) as fault:
            raise SourceError(
                f"O ficheiro está cortado ou danificado ({fault}). Descarregue-o outra vez.",
                f"The file is cut short or damaged ({fault}). Download it again.",
                where=path.name,
            ) from None


class Extract:
    """A file that may be looked at several times; the places of its nodes are remembered from the first look."""

    def __init__(self, path: Path, form: str, scratch: Path) -> None:
        self.form, self.scratch = form, scratch
        self.small = path.stat().st_size <= SMALL_FILE_BYTES
        self.shortened = False
        self._path = path
        self._file = osmium.io.File(str(path), form)
        self._threads = osmium.io.ThreadPool()
        self._places = osmium.index.create_map("flex_mem" if self.small else f"sparse_file_array,{scratch / 'nodes'}")
        self._locate = osmium.NodeLocationsForWays(self._places)
        self._locate.ignore_errors()
        self._sorted = False
        self._looks = 0

    @property
    def date(self) -> str:
        """The moment of the data, where the file says it."""
        with osmium.io.Reader(self._file, osmium.osm.NOTHING, thread_pool=self._threads) as reader:
            header = reader.header()
        return str(header.get("osmosis_replication_timestamp", header.get("timestamp", "")))

    def look(self, entities: Any, *filters: Any) -> Iterator[Line]:
        """What passes the filters. The first look must be at nodes too: they are where the ways' places come from."""
        self._looks += 1
        lines = self.scratch / f"{self._looks}.opl"
        self._write(lines, entities, filters)
        try:
            with lines.open(encoding="utf-8", newline="\n") as file:
                for line in file:
                    id_, _, visible, tags, rest = line[:-1].split(" ", 4)
                    yield id_, visible == "dD", tags, rest
        finally:
            lines.unlink(missing_ok=True)

    def place(self, number: int) -> tuple[float, float]:
        """Where a node is; NaN where the file lacks it."""
        try:
            place = self._places.get(number)
        except KeyError:
            return np.nan, np.nan
        return (place.lon, place.lat) if place.valid() else (np.nan, np.nan)

    def located(self, ways: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """:func:`nodes_of` after a look, with the nodes that the file holds after the ways."""
        numbers, places = nodes_of(ways)
        if not self._sorted and np.isnan(places[:, 0]).any():
            with osmium.io.Reader(self._file, osmium.osm.WAY, thread_pool=self._threads) as reader:
                osmium.apply(reader, self._locate)  # at the first way after nodes out of order it sorts them
            self._sorted = True
        for row in np.flatnonzero(np.isnan(places[:, 0])):
            places[row] = self.place(int(numbers[row]))
        return numbers, places

    def _write(self, lines: Path, entities: Any, filters: Sequence[Any]) -> None:
        try:
            with (
                osmium.io.Reader(self._file, entities, thread_pool=self._threads) as reader,
                osmium.SimpleWriter(osmium.io.File(str(lines), OPL), overwrite=True) as writer,
            ):
                osmium.apply(reader, self._locate, *filters, writer)
        except (ValueError, RuntimeError) as fault:
            if self.shortened or not any(word in str(fault) for word in TOO_LONG):
                raise
            self.shortened = True
            self._file = osmium.io.File(str(shortened(self._path, self.form, self.scratch)), self.form.split(".")[0])
            self._write(lines, entities, filters)


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
