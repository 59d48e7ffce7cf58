"""OPL, osmium's text of a line an object, read by columns: thousands of tags and nodes at a time, none by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
from numpy.typing import NDArray

BLOCK = 1024**2
"""Bytes that are read at a time."""
_ESCAPED = re.compile("%([0-9a-f]+)%")
_NODES = bytes.maketrans(b",xy", b"\n,,")
_PLACES = bytes.maketrans(b"y", b",")
_QUOTED = json.encoder.encode_basestring
Test = Callable[[str, str], bool]
"""What is asked of a key and a value."""
Nodes = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""How many nodes each way has; numbers and places of all."""


def objects(path: Path) -> Iterator[pa.RecordBatch]:
    """Objects of a file of OPL, some thousand at a time.

    Returns
    -------
    `id` (``n1``, ``w2``, ``r3``), `deleted`, and as OPL has them `tags` and `rest`: place, nodes or members.
    """
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = pa.array([(block + file.readline()).removesuffix(b"\n")], pa.string())
            parts = pc.split_pattern(pc.split_pattern(text, "\n").flatten(), " ", max_splits=4).flatten()
            id_, _, visible, tags, rest = (_every(5, parts, at) for at in range(5))
            columns = {"id": id_, "deleted": pc.equal(visible, "dD"), "tags": tags, "rest": rest}
            yield pa.RecordBatch.from_pydict(columns)


def _every(step: int, texts: pa.StringArray, first: int) -> pa.StringArray:
    """One in so many texts."""
    return texts.take(pa.array(np.arange(first, len(texts), step)))


class Tags:
    """Tags of many objects: a row a tag, in an object by key, and each key once (as it was said last).

    >>> tags = Tags(pa.array(["Tname=Café%20%«A»,amenity=cafe", "T", "Tnote=a%3d%b%2c%"]))
    >>> tags.texts().to_pylist()
    ['{"amenity": "cafe", "name": "Café «A»"}', '{}', '{"note": "a=b,"}']
    >>> tags.values_of("name").to_pylist(), tags.having("amenity".__eq__, lambda key, value: value == "cafe").tolist()
    (['Café «A»', None, None], [True, False, False])
    """

    def __init__(self, texts: pa.StringArray) -> None:
        self._count = len(texts)
        lists = pc.split_pattern(pc.utf8_slice_codeunits(texts, 1), ",")
        pairs = lists.flatten()
        said = pc.not_equal(pairs, "")
        encoded = pairs.filter(said).dictionary_encode()  # most are said of many objects
        self._pair = encoded.indices.to_numpy()
        self._object = pc.list_parent_indices(lists).filter(said).to_numpy()
        halves = pc.split_pattern(encoded.dictionary, "=").flatten()
        keys = _every(2, halves, 0).dictionary_encode()
        self._keys = [plain(key) for key in keys.dictionary.to_pylist()]
        self._key = keys.indices.to_numpy()
        self._value = _every(2, halves, 1)
        rank = np.empty(len(self._keys), np.int64)
        rank[sorted(range(len(rank)), key=self._keys.__getitem__)] = np.arange(len(rank))
        order = self._object * len(rank) + rank[self._key][self._pair]
        if (np.diff(order) <= 0).any():
            rows = np.argsort(order, kind="stable")
            rows = rows[np.append(np.diff(order[rows]) > 0, True)]
            self._pair, self._object = self._pair[rows], self._object[rows]

    def having(self, key: Callable[[str], bool], test: Test | None = None) -> NDArray[np.bool_]:
        """Which objects have a tag with such a key, whose value passes the test; each pair is tested once."""
        passed = np.array([key(one) for one in self._keys], bool)[self._key]
        if test is not None:
            rows = np.flatnonzero(passed)
            values = _plain(self._value.take(pa.array(rows))).to_pylist()
            passed[rows] = [test(self._keys[at], value) for at, value in zip(self._key[rows], values, strict=True)]
        found = np.zeros(self._count, bool)
        found[self._object[passed[self._pair]]] = True
        return found

    def values_of(self, key: str) -> pa.StringArray:
        """The value that each object has for a key; null where it has none."""
        held = np.full(self._count, -1)
        if key in self._keys:
            rows = self._key[self._pair] == self._keys.index(key)
            held[self._object[rows]] = self._pair[rows]
        return _plain(self._value.take(pa.array(held, mask=held < 0)))

    def texts(self) -> pa.StringArray:
        """The tags of each object as JSON, keys sorted."""
        values = _plain(self._value)
        odd = pc.match_substring_regex(values, r'["\\\x00-\x1f]')
        values = _changed(values, odd, lambda value: _QUOTED(value)[1:-1])
        heads = pa.array([f'{_QUOTED(key)}: "' for key in self._keys], pa.string()).take(pa.array(self._key))
        pairs = pc.binary_join_element_wise(heads, values, '"', "").take(pa.array(self._pair))
        ends = np.cumsum(np.bincount(self._object, minlength=self._count))
        lists = pa.ListArray.from_arrays(pa.array(np.append(0, ends), pa.int32()), pairs)
        return pc.binary_join_element_wise("{", pc.binary_join(lists, ", "), "}", "")


def plain(text: str) -> str:
    """Text without OPL's escapes.

    >>> plain("100%25%%20%@")
    '100% @'
    """
    return _ESCAPED.sub(_escaped, text) if "%" in text else text


def _escaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _plain(texts: pa.StringArray) -> pa.StringArray:
    """Texts without OPL's escapes. Most are spaces; only what has another is looked at by itself."""
    signs, spaces = pc.count_substring(texts, "%"), pc.count_substring(texts, "%20%")
    others = pc.greater(signs, pc.multiply(spaces, 2))
    return _changed(pc.if_else(others, texts, pc.replace_substring(texts, "%20%", " ")), others, plain)


def _changed(texts: pa.StringArray, rows: pa.BooleanArray, change: Callable[[str], str]) -> pa.StringArray:
    if not pc.any(rows).as_py():
        return texts
    return pc.replace_with_mask(texts, rows, pa.array(map(change, texts.filter(rows).to_pylist()), pa.string()))


def nodes_of(ways: pa.StringArray) -> Nodes:
    """How many nodes each way has; numbers and places of all, way after way; NaN where the file lacks the node.

    >>> nodes_of(pa.array(["Nn1x-8.6y41.1,n2xy", "N", "Nn3x0y0"]))
    (array([2, 0, 1]), array([1, 2, 3]), array([[-8.6, 41.1],
           [ nan,  nan],
           [ 0. ,  0. ]]))
    """
    length = pc.count_substring(ways, "n").to_numpy(zero_copy_only=False).astype(np.int64)
    table = _numbers(ways, _NODES, b"Nn", {"number": pa.int64(), "x": pa.float64(), "y": pa.float64()})
    return length, table["number"].to_numpy(), np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()])


def places_of(nodes: pa.StringArray) -> NDArray[np.float64]:
    """Longitude and latitude of nodes; NaN where a node has none.

    >>> places_of(pa.array(["x-8.6 y41.1", "x y"]))
    array([[-8.6, 41.1],
           [ nan,  nan]])
    """
    table = _numbers(nodes, _PLACES, b"x ", {"x": pa.float64(), "y": pa.float64()})
    return np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()])


def _numbers(texts: pa.StringArray, signs: bytes, without: bytes, types: dict[str, pa.DataType]) -> pa.Table:
    """Numbers of OPL as columns: its signs become lines and commas."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    lines = pc.binary_join(whole, "\n")[0].as_buffer().to_pybytes().translate(signs, without).strip(b"\n")
    if not lines:
        return pa.table({name: pa.array([], type_) for name, type_ in types.items()})
    return pv.read_csv(
        pa.py_buffer(lines),
        pv.ReadOptions(column_names=list(types), use_threads=False),
        pv.ParseOptions(quote_char=False),
        pv.ConvertOptions(column_types=types),
    )


def members_of(text: str) -> list[tuple[str, int]]:
    """Type and number of the members of a relation.

    >>> members_of("Mw7@outer,n-3@"), members_of("M")
    ([('w', 7), ('n', -3)], [])
    """
    parts = text[1:].split(",") if len(text) > 1 else []
    return [(part[0], int(part[1 : part.index("@")])) for part in parts]
