"""A page as data: trees of tags, attributes and text that the browser builds with ``textContent``, never as HTML.

Names that come from data cannot become markup on this way, whatever they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Node: TypeAlias = "str | list[Any] | None"
Children: TypeAlias = "Node | Iterable[Node]"


def h(tag: str, *children: Children, **attributes: object) -> list[Any]:
    """One element: ``["tag", {attributes}, child, …]``; what is ``None`` or ``False`` is left out.

    ``class_`` and ``for_`` stand for the words that Python keeps for itself, and ``_`` for a hyphen.

    >>> h("p", "Bragança ", h("b", "1.º"), class_="lead", aria_label=None)
    ['p', {'class': 'lead'}, 'Bragança ', ['b', 0, '1.º']]
    """
    named = {
        key.rstrip("_").replace("_", "-"): "" if value is True else str(value)
        for key, value in attributes.items()
        if value is not None and value is not False
    }
    return [tag, named or 0, *_flat(children)]


def _flat(children: Iterable[Children]) -> Iterable[Node]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, str) or (isinstance(child, list) and child and isinstance(child[0], str)):
            yield child
        else:
            yield from _flat(child)


def contents(label: str, parts: Iterable[tuple[str, str]]) -> list[Any]:
    """The parts of a long page as links: the id of each, and its title."""
    links = (h("li", h("a", title, href=f"#{id_}")) for id_, title in parts)
    return h("nav", h("ul", *links), class_="here", aria_label=label)


def prose(text: str) -> list[Node]:
    """A text with its words between back-ticks as code.

    >>> prose("Execute `atlas build`.")
    ['Execute ', ['code', 0, 'atlas build'], '.']
    """
    parts = text.split("`")
    return [h("code", part) if place % 2 else part for place, part in enumerate(parts) if part]


def words(node: Node) -> str:
    """The text of a tree, as a reader hears it: for tests and for titles.

    >>> words(h("p", "Bragança", h("b", "1.º")))
    'Bragança 1.º'
    """
    if node is None:
        return ""
    if isinstance(node, str):
        return node
    return " ".join(filter(None, (words(child) for child in node[2:])))
