"""What a file of text was written in: UTF-8, what Windows writes, or what DOS and old Macintoshes wrote."""

from __future__ import annotations

import codecs
from collections import Counter
from pathlib import Path

from atlas.errors import SourceError

_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
WINDOWS = "windows"
_OTHERS = ("cp850", "mac_roman")
_USUAL = frozenset("áàâãçéêíóôõúüñèëïîùûœÁÀÂÃÇÉÊÍÓÔÕÚÜÑÈËÏÎÙÛŒºª°«»€’‘“”–—…´·\u00a0")
"""Signs that Portuguese and its neighbours write often; in another encoding's stead they are rare ones."""
_NO_TABLE = {
    b"PK\x03\x04": (
        "um livro de Excel, ODS ou outro ficheiro comprimido",
        "an Excel or ODS workbook or another archive",
    ),
    b"\xd0\xcf\x11\xe0": ("um livro de Excel antigo (.xls) ou com palavra-passe", "an old or locked Excel workbook"),
    b"\x1f\x8b": ("um ficheiro comprimido (gzip)", "a compressed file (gzip)"),
    b"PAR1": ("um ficheiro Parquet", "a Parquet file"),
    b"%PDF": ("um PDF", "a PDF"),
    b"<html": ("uma página HTML", "an HTML page"),
    b"<!doctype": ("uma página HTML", "an HTML page"),
    b"<table": ("uma página HTML", "an HTML page"),
}


def _from_windows(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return fault.object[fault.start : fault.end].decode("cp1252", "replace"), fault.end


codecs.register_error(WINDOWS, _from_windows)


def decoded(raw: bytes) -> tuple[str, tuple[str, str] | None]:
    """The text, and what is to be said of it (pt, en) where it is of a rare encoding, or of two at once.

    >>> decoded("São João".encode()), decoded("São João".encode("cp1252"))
    (('São João', None), ('São João', None))
    >>> decoded("São João é".encode("cp850"))[0], decoded("Évora; Café".encode("mac_roman"))[0]
    ('São João é', 'Évora; Café')
    """
    encoding, errors = read_as(raw)
    text = raw.decode(encoding, errors)
    if encoding in _OTHERS:
        return text, said_as(encoding)
    both = errors == WINDOWS and text != raw.decode("cp1252", "replace")
    return text, said_as("UTF-8 + cp1252") if both else None


def said_as(encoding: str) -> tuple[str, str]:
    """What is said of text whose encoding was guessed."""
    return f"texto lido como {encoding}: confirme os acentos", f"text read as {encoding}: check the accents"


def read_as(raw: bytes) -> tuple[str, str]:
    """The likely encoding, and how its faults are read; with ``windows`` they are taken for cp1252."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding, "strict"
    if raw[:40].count(0) > len(raw[:40]) // 3:  # UTF-16 that does not say so
        return ("utf-16-be" if raw[0] == 0 else "utf-16-le"), "strict"
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = {("utf-8-sig", WINDOWS): _likely(raw.decode("utf-8-sig", WINDOWS))}
        best |= {(one, "strict"): _likely(raw.decode(one)) for one in _OTHERS}
        return max(best, key=lambda one: best[one])
    return "utf-8-sig", "strict"


def _likely(text: str) -> float:
    """The share of usual signs among those beyond ASCII; other letters count a half."""
    found = Counter(sign for sign in text if sign > "\x7f")
    points = sum(times * (1 if sign in _USUAL else sign.isalpha() / 2) for sign, times in found.items())
    return points / max(found.total(), 1)


def refuse_no_text(raw: bytes, path: Path) -> None:
    """An error that says what the file is, where it is plainly no table in text."""
    start = raw[:64].lstrip().lower()
    for begin, (pt, en) in _NO_TABLE.items():
        if start.startswith(begin.lower()):
            raise SourceError(
                f"Não é uma tabela em texto, mas {pt}. Guarde-a em CSV (UTF-8) ou XLSX, com a extensão que lhe cabe.",
                f"This is no table in text, but {en}. Save it as CSV (UTF-8) or XLSX, with its own suffix.",
                where=str(path),
            )
