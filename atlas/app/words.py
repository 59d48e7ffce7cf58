"""Words of doubt, as the tables hold them, in the page's language; and words in the order of the alphabet."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from atlas.app.dom import Node, h
from atlas.language import Translator

if TYPE_CHECKING:
    from atlas.config import Source


def some_words(value: object) -> list[str]:
    """The words of a ``|``-joined text or of a list; none where there is nothing."""
    words = value.split("|") if isinstance(value, str) else value if isinstance(value, list) else []
    return [str(word) for word in words if word]


def said(t: Translator, key: str) -> str:
    """A word of doubt in the page's language; one that the catalogues do not hold yet, as it stands."""
    try:
        return t(key)
    except KeyError:
        return key.rpartition(".")[2].replace("_", " ")


def named(t: Translator, source: Source | None, title: str) -> Node:
    """A source's title; on an English page, one that nobody translated is marked as Portuguese, to be read as such."""
    if source is not None:
        title = source.title_in(t.lang)
    return h("span", title, lang="pt") if t.lang == "en" and not (source and source.title_en) else title


def joined(parts: Iterable[Node], mark: str) -> list[Node]:
    """Parts of a line with ``mark`` between them.

    >>> joined(["a", None, ["b", 0]], "; ")
    ['a', '; ', ['b', 0]]
    """
    there = [one for one in parts if one]
    return [piece for place, one in enumerate(there) for piece in ((mark, one) if place else (one,))]


def capital(words: str) -> str:
    """The first letter up, the others as they are.

    >>> capital("índice ICC"), capital("")
    ('Índice ICC', '')
    """
    return words[:1].upper() + words[1:]


def sort_key(name: str) -> str:
    """Names in Portuguese order: an accent does not send a letter to the end.

    >>> sorted(["Águeda", "Zebreira", "Arouca"], key=sort_key)
    ['Águeda', 'Arouca', 'Zebreira']
    """
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
