"""The one typeface of printed pages, and how much room its letters take.

The sheets carry their typeface with them (Source Sans 3, SIL Open Font License 1.1), so that a page looks the same on
every machine and no text falls back to a font that happens to be there. Its tables say which characters it draws and
how wide each is: what cannot be drawn is replaced before it reaches the page, and labels on maps are placed by their
true width.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "assets" / "source-sans"
FAMILY = "Source Sans 3"
REPLACEMENT = "□"
"""Stands for a character that the typeface does not draw."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST = 400
"""Characters of one text on paper; what is longer is cut and ends in an ellipsis."""
BREAK = "\u200b"
"""A place where a line may break, unseen; put into words that no line holds."""
_MEASURED = re.compile(r"(?<=\d) (?=(?:km|m|em|of)\b)|(?<=\d (?:em|of)) (?=\d)|(?<=\bDL) (?=\d)")
_LONG_WORD = re.compile(r"\S{31,}")
_POINT_MM = 25.4 / 72


@cache
def _tables() -> tuple[frozenset[int], dict[int, float]]:
    """Characters that are drawn, and the advance of those that take part in widths, as a share of the type size."""
    data = (FOLDER / "SourceSans3-Regular.otf").read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    where = {
        data[16 * n + 12 : 16 * n + 16].decode("latin-1"): struct.unpack_from(">I", data, 16 * n + 20)[0]
        for n in range(count)
    }
    glyph_of = dict(_character_map(data, where["cmap"]))
    units = struct.unpack_from(">H", data, where["head"] + 18)[0]
    wide = struct.unpack_from(">H", data, where["hhea"] + 34)[0]
    advances = struct.unpack_from(">" + "Hh" * wide, data, where["hmtx"])[::2]
    return frozenset(glyph_of), {char: advances[min(glyph, wide - 1)] / units for char, glyph in glyph_of.items()}


def _character_map(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Character → glyph, from the subtable of format 12 that fonts of today hold."""
    for n in range(struct.unpack_from(">H", data, start + 2)[0]):
        table = start + struct.unpack_from(">I", data, start + 8 + 8 * n)[0]
        if struct.unpack_from(">H", data, table)[0] != 12:
            continue
        for group in range(struct.unpack_from(">I", data, table + 12)[0]):
            first, last, glyph = struct.unpack_from(">III", data, table + 16 + 12 * group)
            yield from ((char, glyph + char - first) for char in range(first, last + 1))
        return


def printable(text: object) -> str:
    r"""``text`` on one line, of characters that the typeface draws, no longer than a page bears.

    >>> printable("Sa\u0303o\u202e Joa\u0303o\n漢")
    'São João □'
    """
    composed = unicodedata.normalize("NFC", re.sub(r"[^\S\u00a0\u202f]+", " ", str(text)))
    kept = (char for char in composed if unicodedata.category(char) not in _UNSEEN)
    drawn = drawable("".join(kept)).strip()
    whole = drawn if len(drawn) <= _LONGEST else drawn[: _LONGEST - 1] + "…"
    return _LONG_WORD.sub(lambda word: BREAK.join(word[0][at : at + 20] for at in range(0, len(word[0]), 20)), whole)


def drawable(text: str) -> str:
    """``text`` with the mark of what is not drawn for each character that the typeface has no form of.

    >>> drawable("Ilha 🎭, São João")
    'Ilha □, São João'
    """
    if text.isascii():
        return text
    drawn = _tables()[0]
    return "".join(one if ord(one) in drawn or unicodedata.category(one) in _UNSEEN else REPLACEMENT for one in text)


def bound(text: str) -> str:
    """``text`` in which no line ends between a number and its unit, nor within "18 em 100".

    >>> bound("até 5 km (18 em 100)").count("\u00a0")
    3
    """
    return _MEASURED.sub("\u00a0", text)


def width_mm(text: str, size_pt: float) -> float:
    """How wide a line of ``text`` is at most (kerning only narrows it).

    >>> round(width_mm("Porto", 10), 2)
    8.24
    """
    advances = _tables()[1]
    return sum(advances.get(ord(char), 1.0) for char in text) * size_pt * _POINT_MM


def wrapped(text: str, size_pt: float, room_mm: float) -> list[str]:
    """Lines of ``text``, broken between words, none wider than ``room_mm`` unless one word alone is.

    >>> wrapped("União das freguesias de Bougado", 10, 30)
    ['União das', 'freguesias de', 'Bougado']
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_mm(longer, size_pt) > room_mm:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def shortened(text: str, size_pt: float, room_mm: float) -> str:
    """``text``, cut between words and ended with an ellipsis where it is wider than ``room_mm``.

    >>> shortened("União das freguesias de Bougado", 10, 40)
    'União das freguesias de…'
    """
    if width_mm(text, size_pt) <= room_mm:
        return text
    words = text.split(" ")
    kept = next((n for n in range(len(words) - 1, 0, -1) if width_mm(_ended(words[:n]), size_pt) <= room_mm), 0)
    return _ended(words[:kept])


def _ended(words: list[str]) -> str:
    return " ".join(words).rstrip(",;.… ") + "…"
