"""Names brought to a form in which two spellings of one thing look alike."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

_SMALL_WORDS = r"\b(?:de|da|do|das|dos|del|e|a|o|as|os|em|no|na|the|of|and|d|s|sao|santo|santa|st|saint)\b"
_ONE_WORD = {
    r"\bcine ?teatro\b|\btheatre cinema\b": "cineteatro",
    r"\bmuseum\b|\bmuseu\b": "museu",
    r"\btheatre\b|\btheater\b": "teatro",
    r"\bchurch\b": "igreja",
    r"\bchapel\b": "capela",
    r"\bcastle\b": "castelo",
    r"\blibrary\b": "biblioteca",
    r"\bgallery\b": "galeria",
    r"\bbridge\b": "ponte",
    r"\bdolmen\b": "anta",
    r"\bpublic\b": "publica",
}


def normalise(names: pd.Series) -> pd.Series:
    """Lower case, without accents, punctuation and small words; one word for what has several.

    A name made of small words alone keeps them; a missing name is the empty text.

    >>> normalise(pd.Series(["Cine-Teatro  da Batalha", "Museum of Porto", "São", None])).tolist()
    ['cineteatro batalha', 'museu porto', 'sao', '']
    """
    distinct = names.fillna("").astype(str).unique()
    table = {name: _one(name) for name in distinct}
    return names.fillna("").astype(str).map(table)


def _one(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name[:300]).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", " ", plain).strip()
    for pattern, word in _ONE_WORD.items():
        plain = re.sub(pattern, word, plain)
    short = re.sub(r"\s+", " ", re.sub(_SMALL_WORDS, " ", plain)).strip()
    return short or plain
