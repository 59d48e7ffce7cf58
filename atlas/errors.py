"""Every fault that a planner can cause or mend, worded once in each language.

AtlasError               the input or the request is wrong
├── ConfigError          atlas.toml, a layer file or a file of weights
├── SourceError          a file of data
├── UnknownName          a code, an index, a layer or a format that is not there
├── FetchError           a service that does not answer as it should
├── StoreError           a built atlas that cannot be read or written
└── OutputError          a file that cannot be written
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from typing import Self

_REASONS = {
    errno.EACCES: ("sem permissão", "no permission"),
    errno.EPERM: ("sem permissão", "no permission"),
    errno.EROFS: ("aqui só se pode ler", "this can only be read from"),
    errno.ENOSPC: ("o disco está cheio", "the disk is full"),
    errno.ENOENT: ("a pasta não existe", "the folder does not exist"),
    errno.ENOTDIR: ("uma parte do caminho é um ficheiro", "a part of the path is a file"),
    errno.EEXIST: ("uma parte do caminho é um ficheiro", "a part of the path is a file"),
    errno.EISDIR: ("é uma pasta", "it is a folder"),
    errno.ENAMETOOLONG: ("o nome é demasiado comprido", "the name is too long"),
}

_MOST_QUOTED = 160
"""Characters of a library's own words that an error quotes."""
_OUTSIDE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EISDIR, errno.ENAMETOOLONG})


class Spot(str):
    """Where a fault is, in Portuguese; ``en`` says it in English.

    >>> spot = Spot.of("a.csv", column="lon", line=7)
    >>> str(spot), spot.en
    ('a.csv, coluna «lon», linha 7', 'a.csv, column “lon”, line 7')
    """

    __slots__ = ("en",)
    en: str

    @classmethod
    def of(
        cls, path: object, *, part: str = "", column: str | None = None, line: int | None = None, key: object = None
    ) -> Spot:
        """A line or the row with a key, of a file or of a part or a column of it."""
        begin = [str(path), *([part] if part else [])]
        pt, en = list(begin), list(begin)
        for value, in_pt, in_en in ((column, "coluna «{}»", "column “{}”"), (line, "linha {}", "line {}"),
                                    (key, "«{}»", "“{}”")):  # fmt: skip
            if value is not None:
                pt.append(in_pt.format(value))
                en.append(in_en.format(value))
        spot = cls(", ".join(pt))
        spot.en = ", ".join(en)
        return spot


class AtlasError(Exception):
    """What is wrong and what to do, as whole sentences, and where: the file, the record, the key.

    The command line, the app and ``atlas check`` show the same words.

    >>> fault = AtlasError("Falta o ficheiro. Indique outro.", "The file is missing. Name another.", where="a.csv")
    >>> fault.text("pt")
    'a.csv: Falta o ficheiro. Indique outro.'
    """

    def __init__(self, pt: str, en: str, *, where: str = "") -> None:
        self.pt = pt
        self.en = en
        self.where = where
        super().__init__(self.text("pt"))

    def text(self, lang: str) -> str:
        """One paragraph in ``pt`` or ``en``."""
        words = self.en if lang == "en" else self.pt
        where = in_lang(self.where, lang)
        return f"{where}: {words}" if where else words

    @classmethod
    def absent(cls, path: object) -> Self:
        """The error for a file that is not where it was said to be.

        >>> print(SourceError.absent("a.csv"))
        a.csv: O ficheiro não existe. Verifique o caminho.
        """
        return cls("O ficheiro não existe. Verifique o caminho.", "The file does not exist. Check the path.",
                   where=str(path))  # fmt: skip


class ConfigError(AtlasError):
    """``atlas.toml``, a layer file or a file of weights says something that cannot hold."""


class SourceError(AtlasError):
    """A file of data is missing, unreadable or contradicts itself."""


class FetchError(AtlasError):
    """A service on the network does not answer, or not as its interface says."""


class StoreError(AtlasError):
    """A built atlas is missing, of another version, locked or damaged."""


class OutputError(AtlasError):
    """A file cannot be written where it was asked for."""


class UnknownName(AtlasError):
    """A code, an index, a layer or a format that does not exist here."""

    @classmethod
    def among(cls, name: str, known: Iterable[str], *, pt: str, en: str, where: str = "") -> UnknownName:
        """The error for ``name`` (a ``pt`` or ``en`` kind of thing), with the nearest known names.

        >>> print(UnknownName.among("potencial", ["potential", "decline"], pt="Índice", en="Index"))
        Índice «potencial» não existe. Será «potential»? Existem: decline, potential.
        """
        from difflib import get_close_matches

        names = sorted(set(known))
        near = get_close_matches(name, names, n=1)
        shown = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
        guess_pt = f"Será «{near[0]}»? " if near else ""
        guess_en = f"Did you mean “{near[0]}”? " if near else ""
        return cls(
            f"{pt} «{name}» não existe. {guess_pt}Existem: {shown}.",
            f"{en} “{name}” does not exist. {guess_en}There are: {shown}.",
            where=where,
        )


def refusal(fault: BaseException) -> tuple[str, str]:
    """Why nothing can be read or written, in each language; a library's own words are quoted.

    >>> refusal(PermissionError(errno.EACCES, "Permission denied"))
    ('sem permissão', 'no permission')
    >>> refusal(ValueError("Not a table; use another program"))
    ('«Not a table»', '“Not a table”')
    """
    if fault.args and isinstance(fault.args[0], OSError):  # a library's own error around it
        fault = fault.args[0]
    if known := _REASONS.get(getattr(fault, "errno", None) or 0):
        return known
    said = _first_line(getattr(fault, "strerror", None) or str(fault))
    return f"«{said}»", f"“{said}”"


def _first_line(words: str) -> str:
    """What a library says, without the advice for programmers that it goes on with, nor signs that are not seen."""
    line = next((one for one in words.splitlines() if one.strip()), "?").partition(";")[0]
    line = "".join(one for one in line if one.isprintable()).strip(" .")
    return line if len(line) <= _MOST_QUOTED else f"{line[: _MOST_QUOTED - 1]}…"


def in_lang(where: str, lang: str) -> str:
    """Where something is, in ``pt`` or ``en``: a file's name alone is the same in both.

    >>> in_lang(Spot.of("a.csv", line=7), "en"), in_lang("a.csv", "en")
    ('a.csv, line 7', 'a.csv')
    """
    return where.en if lang == "en" and isinstance(where, Spot) else where


def from_system(fault: OSError) -> AtlasError | None:
    """What the system refuses, as an error in words; None where the fault may be the program's own.

    >>> print(from_system(PermissionError(errno.EACCES, "Permission denied", "/arquivo/x.csv")))
    /arquivo/x.csv: Não se pode aceder aqui (sem permissão). Verifique a pasta e as permissões, ou indique outra.
    """
    if fault.errno not in _OUTSIDE or not fault.filename:
        return None
    pt, en = refusal(fault)
    return AtlasError(
        f"Não se pode aceder aqui ({pt}). Verifique a pasta e as permissões, ou indique outra.",
        f"There is no access here ({en}). Check the folder and its permissions, or name another.",
        where=str(fault.filename),
    )


def raise_first(faults: Sequence[AtlasError]) -> None:
    """Raise what was collected as one error of the first fault's kind; nothing where nothing was found."""
    if not faults:
        return
    if len(faults) == 1:
        raise faults[0]
    raise type(faults[0])(
        "\n".join(fault.text("pt") for fault in faults), "\n".join(fault.text("en") for fault in faults)
    )
