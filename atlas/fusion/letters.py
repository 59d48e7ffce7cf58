"""Letters of other scripts as Latin ones, so that a name and its transliteration are one."""

from __future__ import annotations

import unicodedata

# One letter each, as most maps and Wikidata labels write them; vowels and doubled signs are lost in comparing anyway.
_PLAIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
    "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t",
    "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e",
    "ю": "yu", "я": "ya", "є": "ye", "і": "i", "ї": "i", "ґ": "g", "ђ": "dj", "ј": "j", "љ": "lj", "њ": "nj",
    "ћ": "c", "џ": "dz",
}  # fmt: skip
_LATIN = str.maketrans(_PLAIN | _GREEK | _CYRILLIC)


def latin(text: str) -> str:
    """Lower case, without accents, Greek and Cyrillic in Latin letters; other scripts and signs stay as they are.

    >>> latin("Museu d’Avó – São João"), latin("Эрмитаж"), latin("Μουσείο"), latin("東京"), latin("Большой")
    ('museu d’avo – sao joao', 'ermitazh', 'moyseio', '東京', 'bolshoy')
    """
    # "й" is a letter of its own, which the taking off of accents would make "и"
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text.lower()).translate(_LATIN))
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(_LATIN)
