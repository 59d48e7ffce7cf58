"""Files that leave the atlas: one module a format, found because it stands in this folder.

A format is a module that holds ``FORMAT``, a :class:`Format`; its function writes one file. :func:`write` does for
all of them what must not be forgotten: it refuses an existing file, writes beside and moves, so that nothing
half-written ever stands under its final name, and lays the field dictionary in both languages beside the file.
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import pkgutil
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from atlas.config import Text
from atlas.errors import OutputError, UnknownName, refusal

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.exports.exportable import Exportable

NOTHING = Text(pt="", en="")
_NAME_LENGTH = 80
Writer = Callable[["Exportable", Path, str, Path, "Progress | None"], None]
"""Writes a tidy layer to a path in a language; then the path that the file will have in the end, and who is told
how far it is, by the formats that can say it.
"""


@dataclass(frozen=True)
class Format:
    """One kind of file: its suffix, its media type, what it is called, what it cannot hold, and how it is written."""

    suffix: str
    media_type: str
    label: Text
    write: Writer
    limits: Text = NOTHING
    spatial: bool = True
    """Whether the file holds geometry."""
    dictionary: bool = True
    """Whether the field dictionary is laid beside it."""


@cache
def formats() -> dict[str, Format]:
    """Suffix → format, from every module of this folder that holds one."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        one = getattr(importlib.import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if isinstance(one, Format):
            found[one.suffix] = one
    return dict(sorted(found.items()))


def format_of(path: Path) -> Format:
    """The format whose suffix ends the file's name; raises :class:`UnknownName` with the known suffixes."""
    name = path.name.lower()
    ending = [suffix for suffix in formats() if name.endswith(suffix)]
    if not ending:
        suffix = "".join(path.suffixes[-2:]) or path.name
        raise UnknownName.among(suffix, formats(), pt="Formato", en="Format", where=str(path))
    return formats()[max(ending, key=len)]


def write(
    layer: Exportable, path: Path, *, force: bool = False, lang: str = "pt", progress: Progress | None = None
) -> list[Path]:
    """Write ``layer`` to ``path`` in the format of its suffix; returns the files written, the asked one first.

    Raises :class:`OutputError` where a file is already there (unless ``force``) or cannot be written, and
    :class:`UnknownName` for an unknown suffix. A field dictionary that is already there word for word is kept.
    """
    path = Path(path)
    form = format_of(path)
    stem = path.name[: -len(form.suffix)]
    if not stem:
        raise OutputError(
            f"Falta o nome antes de «{form.suffix}». Indique um, por exemplo «atlas{form.suffix}».",
            f"The name before “{form.suffix}” is missing. Give one, for example “atlas{form.suffix}”.",
            where=str(path),
        )
    refuse_existing(path, force=force)
    with working_folder(path) as folder:
        beside = folder / f"layer{form.suffix}"
        form.write(layer.tidy, beside, lang, path, progress)
        if form.dictionary:
            from atlas.exports.dictionary import write_dictionary

            write_dictionary(layer, folder / "layer")
        return _move(folder, path, stem, force=force)


def write_text(text: str, path: Path, *, force: bool = False) -> Path:
    """Write ``text`` in UTF-8 to ``path``, beside it first; an existing file is refused without ``force``."""
    path = Path(path)
    refuse_existing(path, force=force)
    with working_folder(path) as folder:
        beside = folder / path.name
        beside.write_text(text, "utf-8", newline="\n")
        beside.replace(path)
    return path


def plain_name(code: str) -> str:
    """What a file is called after a code: the code, or where that is no name for a file what is left of it.

    Codes come from data: they may hold slashes, ``..`` or a whole name.

    >>> plain_name("0306"), plain_name("../Sul / Costa")
    ('0306', 'Sul _ Costa-984487')
    """
    plain = re.sub(r"[^\w .()-]", "_", code).strip("_. ")[:_NAME_LENGTH]
    return plain if plain == code else f"{plain}-{hashlib.sha256(code.encode()).hexdigest()[:6]}"


def stem_of(atlas: str, layer: str, within: str) -> str:
    """What the file of an atlas's layer is called, before its suffix: ``atlas-norte-museums-1312``."""
    return "-".join(filter(None, ("atlas", atlas, layer, within and plain_name(within))))


def refuse_existing(path: Path, *, force: bool) -> None:
    """:class:`OutputError` where a folder has the name of a file to write, or a file has it and may not be replaced."""
    if path.is_dir():
        raise OutputError(
            "É uma pasta. Indique o nome de um ficheiro.", "This is a folder. Name a file.", where=str(path)
        )
    if path.exists() and not force:
        raise OutputError(
            "O ficheiro já existe e não foi alterado. Escolha outro nome ou use `--force`.",
            "The file is already there and was left as it is. Choose another name or use `--force`.",
            where=str(path),
        )


def make_folder(path: Path) -> Path:
    """The folder ``path``, made where it is not there yet; :class:`OutputError` where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        pt, en = refusal(fault)
        raise OutputError(
            f"Não se pode criar a pasta ({pt}). Indique outra.",
            f"The folder cannot be made ({en}). Name another.",
            where=str(path),
        ) from fault
    return path


_NO_ROOM = 1 << 24
"""Bytes left on a disk when a library that could not write has taken away what it had begun: less is the reason."""


@contextmanager
def working_folder(path: Path) -> Iterator[Path]:
    """A folder beside ``path`` that is gone afterwards; what fails inside it becomes an :class:`OutputError`."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=".atlas-", dir=path.parent)
    except OSError as fault:
        raise _unwritable(path, fault) from fault
    with folder as name:
        try:
            yield Path(name)
        except _faults() as fault:
            # GDAL says in many ways that it could not write, and seldom why
            full = shutil.disk_usage(name).free < _NO_ROOM
            raise _unwritable(path, OSError(errno.ENOSPC, "") if full else fault) from fault
        except OutputError as fault:  # of a file inside the folder, which nobody asked for
            if not fault.where.startswith(name):
                raise
            raise OutputError(fault.pt, fault.en, where=str(path)) from fault


def _faults() -> tuple[type[BaseException], ...]:
    """What the libraries that write files raise when a disk is full or a file is out of reach."""
    import pyarrow as pa
    import pyogrio.errors
    import xlsxwriter.exceptions

    return (
        OSError,
        sqlite3.Error,
        pa.ArrowException,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        xlsxwriter.exceptions.XlsxWriterException,
    )


def _move(folder: Path, path: Path, stem: str, *, force: bool) -> list[Path]:
    """Give every finished file its final name, the asked one last, so that it never stands without the others."""
    pairs = [(one, path.with_name(stem + one.name.removeprefix("layer"))) for one in sorted(folder.iterdir())]
    pairs.sort(key=lambda pair: pair[1].name == path.name)
    moved = [(source, target) for source, target in pairs if force or not _same(source, target)]
    for _, target in moved:
        refuse_existing(target, force=force)
    for source, target in moved:
        source.replace(target)
    return [target for _, target in reversed(pairs)]


def _same(source: Path, target: Path) -> bool:
    return target.is_file() and source.read_bytes() == target.read_bytes()


def _unwritable(path: Path, fault: BaseException) -> OutputError:
    pt, en = refusal(fault)
    return OutputError(
        f"Não se pode escrever aqui ({pt}). Verifique a pasta, as permissões e o espaço em disco.",
        f"Cannot write here ({en}). Check the folder, its permissions and the space on the disk.",
        where=str(path),
    )
