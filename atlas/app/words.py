"""Words of doubt, as the tables hold them, in the page's language; and words in the order of the alphabet."""

from __future__ import annotations

import unicodedata

from atlas.language import Translator


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


def sort_key(name: str) -> str:
    """Names in Portuguese order: an accent does not send a letter to the end.

    >>> sorted(["Águeda", "Zebreira", "Arouca"], key=sort_key)
    ['Águeda', 'Arouca', 'Zebreira']
    """
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
