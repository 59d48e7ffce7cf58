"""Objects of OpenStreetMap written by hand, as Overpass lists them, and the same as XML."""

from __future__ import annotations

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
