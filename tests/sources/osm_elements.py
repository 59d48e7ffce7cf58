"""Objects of OpenStreetMap written by hand, as Overpass lists them, and the same as XML."""

from __future__ import annotations

import struct
from typing import Any
from xml.sax.saxutils import quoteattr

Element = dict[str, Any]


def node(ref: int, lon: float, lat: float, **tags: str) -> Element:
    return {"type": "node", "id": ref, "lon": lon, "lat": lat} | ({"tags": tags} if tags else {})


def way(ref: int, *nodes: int, **tags: str) -> Element:
    return {"type": "way", "id": ref, "nodes": list(nodes)} | ({"tags": tags} if tags else {})


def relation(ref: int, ways: dict[int, str], **tags: str) -> Element:
    members = [{"type": "way", "ref": one, "role": role} for one, role in ways.items()]
    return {"type": "relation", "id": ref, "members": members, "tags": {"type": "multipolygon"} | tags}


def square(first: int, lon: float, lat: float, side: float) -> list[Element]:
    """Four nodes, numbered on from ``first``."""
    corners = [(0, 0), (side, 0), (side, side), (0, side)]
    return [node(first + i, lon + x, lat + y) for i, (x, y) in enumerate(corners)]


def as_xml(*elements: Element) -> str:
    """An `.osm` file of the elements, nodes first as the format wants it."""
    order = {"node": 0, "way": 1, "relation": 2}
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="by hand">']
        + [_xml_of(one) for one in sorted(elements, key=lambda one: (order[one["type"]], one["id"]))]
        + ["</osm>"]
    )


def _xml_of(one: Element) -> str:
    attributes = {key: one[key] for key in ("id", "lat", "lon") if key in one}
    attributes |= {"version": 1, "visible": str(one.get("visible", True)).lower()}
    opened = " ".join(f"{key}={quoteattr(str(value))}" for key, value in attributes.items())
    inside = [f'<nd ref="{ref}"/>' for ref in one.get("nodes", ())]
    inside += [
        f'<member type="{member["type"]}" ref="{member["ref"]}" role="{member["role"]}"/>'
        for member in one.get("members", ())
    ]
    inside += [f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in one.get("tags", {}).items()]
    return f"<{one['type']} {opened}>{''.join(inside)}</{one['type']}>"


def as_pbf(*nodes: Element) -> bytes:
    """A PBF of nodes with tags, not packed, written by hand: no program would write texts as long as ours."""
    texts = ["", *sorted({text for one in nodes for pair in one["tags"].items() for text in pair})]
    row = {text: at for at, text in enumerate(texts)}
    group = b"".join(
        _told(
            1,
            _told(1, _zigzag(one["id"])),
            _told(2, b"".join(_number(row[key]) for key in one["tags"])),
            _told(3, b"".join(_number(row[value]) for value in one["tags"].values())),
            _told(8, _zigzag(round(one["lat"] * 1e7))),
            _told(9, _zigzag(round(one["lon"] * 1e7))),
        )
        for one in nodes
    )
    table = _told(1, b"".join(_told(1, text.encode()) for text in texts))
    head = _told(4, b"OsmSchema-V0.6")
    return _blob(b"OSMHeader", head) + _blob(b"OSMData", table + _told(2, group))


def _blob(kind: bytes, content: bytes) -> bytes:
    blob = _told(1, content)
    head = _told(1, kind) + _told(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


def _told(field: int, *values: bytes | int) -> bytes:
    """A field of Protocol Buffers: a number, or bytes with their length."""
    if len(values) == 1 and isinstance(values[0], int):
        return _number(field << 3) + _number(values[0])
    content = b"".join(value for value in values if isinstance(value, bytes))
    return _number(field << 3 | 2) + _number(len(content)) + content


def _number(value: int) -> bytes:
    low, high = value & 127, value >> 7
    return bytes([low | 128]) + _number(high) if high else bytes([low])


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1
