"""Letters of other scripts as Latin ones, so that a name and its transliteration are one."""

from __future__ import annotations

import unicodedata

# One letter each, as most maps and Wikidata labels write them; vowels and doubled signs are lost in comparing anyway.
_PLAIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_GREEK = dict(
    zip("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split(), strict=True)
)
_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяєіїґђјљњћџ",
        "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya ye i i g dj j lj nj c dz".split(),
        strict=True,
    )
)
_LATIN = str.maketrans({letter: other.strip("_") for letter, other in (_PLAIN | _GREEK | _CYRILLIC).items()})


def latin(text: str) -> str:
    """Lower case, without accents, Greek and Cyrillic in Latin letters; other scripts and signs stay as they are.

    >>> latin("Museu d’Avó – São João"), latin("Эрмитаж"), latin("Μουσείο"), latin("東京")
    ('museu d’avo – sao joao', 'ermitazh', 'moyseio', '東京')
    """
    apart = unicodedata.normalize("NFKD", text.lower())
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(_LATIN)
