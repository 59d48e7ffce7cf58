"""Texts longer than OpenStreetMap allows, over which osmium refuses a whole extract: cut before it reads the file.

OpenStreetMap's own limit is 255 characters; osmium stops at 1,024 bytes.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

MOST_BYTES = 1024
MOST_CHARACTERS = 255
ENDING = "…"
BLOCK = 4 * 1024**2
_ELEMENT = re.compile(rb"<(\w+)\b(?:[^\"'<>]|\"[^\"]*\"|'[^']*')*>")
_LENGTH_DELIMITED, _VARINT = 2, 0
_FIXED = {1: 8, 5: 4}


def cut(text: str) -> str:
    """A text of 255 characters and a sign, where it is longer than osmium reads.

    >>> cut("Café"), len(cut("á" * 600)), cut("á" * 600)[-3:]
    ('Café', 256, 'áá…')
    """
    return text if len(text.encode()) <= MOST_BYTES else text[:MOST_CHARACTERS] + ENDING


def was_cut(text: str) -> bool:
    """Whether a text was cut here."""
    return len(text) == MOST_CHARACTERS + 1 and text.endswith(ENDING)


def shortened(path: Path, form: str, folder: Path) -> Path:
    """A copy of an extract in ``folder``, its long texts cut; XML comes out unpacked.

    Raises
    ------
    ValueError
        The extract breaks off, or is damaged.
    """
    target = folder / f"shortened.{form.split('.')[0]}"
    with path.open("rb") as packed, target.open("wb") as file:
        source = cast(IO[bytes], gzip.GzipFile(fileobj=packed) if form.endswith(".gz") else packed)
        try:
            for block in _pbf(source) if form == "pbf" else _xml(source):
                file.write(block)
        except (EOFError, IndexError, KeyError, gzip.BadGzipFile, struct.error, zlib.error) as fault:
            raise ValueError("unexpected end") from fault
    return target


def _xml(source: IO[bytes]) -> Iterator[bytes]:
    held = b""
    while block := source.read(BLOCK):
        held += block
        whole = held.rfind(b"<")  # inside a value it is written &lt;: what begins here may go on in the next block
        yield _ELEMENT.sub(_element, held[:whole])
        held = held[whole:]
    yield _ELEMENT.sub(_element, held)


def _element(found: re.Match[bytes]) -> bytes:
    text, name = found[0], found[1]
    if len(text) <= MOST_BYTES:
        return text
    closed = text.endswith(b"/>")
    try:
        whole = text if closed else text + b"</" + name + b">"
        held = ElementTree.fromstring(whole).attrib  # noqa: S314  (one element, which can define no entities)
    except ElementTree.ParseError:
        return text  # whoever reads the whole file says what is wrong
    said = "".join(f" {key}={quoteattr(cut(value))}" for key, value in held.items())
    return b"<" + name + said.encode("ascii", "xmlcharrefreplace") + (b"/>" if closed else b">")


def _pbf(source: IO[bytes]) -> Iterator[bytes]:
    """The file's blobs; those of data unpacked, with the table of their texts cut."""
    while size := source.read(4):
        header = _whole(source, struct.unpack(">I", size)[0])
        fields = {number: value for number, _, value in _fields(header)}
        blob = _whole(source, int(fields[3]))
        if fields[1] == b"OSMData":
            held = {number: value for number, _, value in _fields(blob)}
            if 1 in held or 3 in held:  # raw or zlib; what is packed in another way stays as it is
                block = _with_texts_cut(cast(bytes, held[1]) if 1 in held else zlib.decompress(cast(bytes, held[3])))
                blob = _field(2, len(block)) + _field(3, zlib.compress(block, 1))
        head = _field(1, fields[1]) + _field(3, len(blob))
        yield struct.pack(">I", len(head)) + head + blob


def _whole(source: IO[bytes], size: int) -> bytes:
    """So many bytes; EOFError where there are fewer."""
    held = source.read(size)
    if len(held) < size:
        raise EOFError
    return held


def _with_texts_cut(block: bytes) -> bytes:
    """A block whose first field, the table of texts, has none too long."""
    return _mapped(
        block, 1, lambda table: _mapped(table, 1, lambda text: cut(text.decode("utf-8", "replace")).encode())
    )


def _mapped(message: bytes, number: int, change: Callable[[bytes], bytes]) -> bytes:
    return b"".join(
        _field(one, change(value) if one == number and isinstance(value, bytes) else value, wire)
        for one, wire, value in _fields(message)
    )


def _fields(message: bytes) -> Iterator[tuple[int, int, bytes | int]]:
    """Number, wire type and value of each field of a message in Protocol Buffers."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, wire, value
            continue
        length, at = (_FIXED[wire], at) if wire in _FIXED else _varint(message, at)
        yield key >> 3, wire, message[at : at + length]
        at += length


def _field(number: int, value: bytes | int, wire: int | None = None) -> bytes:
    if isinstance(value, int):
        return _written(number << 3) + _written(value)
    wire = _LENGTH_DELIMITED if wire is None else wire
    return _written(number << 3 | wire) + (_written(len(value)) if wire == _LENGTH_DELIMITED else b"") + value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # the top bit says that more follows
            return value, at


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
