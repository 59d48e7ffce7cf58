"""Archives that strangers send: what they hold is looked at before a byte of it is unpacked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

from atlas.errors import SourceError
from atlas.uploads.model import MOST_UNPACKED_BYTES

MOST_MEMBERS = 200
_CHUNK = 1 << 20
_MAGIC = (9994).to_bytes(4, "big")
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
"""Of a Shapefile; nothing else is unpacked."""


def opened(content: bytes, name: str) -> zipfile.ZipFile:
    """A ZIP file whose members are few, plain files with harmless paths, and not larger than they may be."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as fault:
        book = name.lower().endswith(".xlsx")
        raise SourceError(
            "O livro está estragado, ou não é XLSX. Guarde-o de novo como .xlsx."
            if book
            else "O ficheiro não é um ZIP, ou está estragado. Comprima-o de novo.",
            "The workbook is damaged, or no XLSX. Save it again as .xlsx."
            if book
            else "The file is no ZIP, or it is damaged. Compress it again.",
            where=name,
        ) from fault
    if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_UNPACKED_BYTES:
        raise _bomb(name)
    for one in members:
        path = PurePosixPath(one.filename.replace("\\", "/"))
        link = (one.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or ":" in one.filename or link:
            raise SourceError(
                "O ZIP tem caminhos que saem da pasta. Comprima só os ficheiros da camada.",
                "The ZIP holds paths that leave its folder. Compress the layer's files alone.",
                where=name,
            )
        if one.flag_bits & 1:
            raise SourceError(
                "O ZIP tem palavra-passe. Comprima-o sem ela.",
                "The ZIP has a password. Compress it without one.",
                where=name,
            )
    return archive


def content_of(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    """One member's bytes; one that unpacks to more than it says is refused while it is being read."""
    info = archive.getinfo(member)
    pieces, size = [], 0
    try:
        with archive.open(info) as stream:
            while piece := stream.read(_CHUNK):
                size += len(piece)
                if size > min(info.file_size, MOST_UNPACKED_BYTES):
                    raise _bomb(name)
                pieces.append(piece)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as fault:
        raise SourceError(
            "O ZIP está estragado. Comprima-o de novo.", "The ZIP is damaged. Compress it again.", where=name
        ) from fault
    return b"".join(pieces)


def shapefiles(content: bytes, name: str, folder: Path) -> dict[str, Path]:
    """Unpack the Shapefiles of a ZIP into ``folder``, under names of our own; layer → path of its ``.shp``."""
    archive = opened(content, name)
    found: dict[str, dict[str, str]] = {}
    for one in archive.infolist():
        path = PurePosixPath(one.filename.replace("\\", "/"))
        if path.suffix.lower() in PARTS and not one.is_dir() and "__MACOSX" not in path.parts:
            found.setdefault(path.stem, {})[path.suffix.lower()] = one.filename
    layers = {stem: parts for stem, parts in found.items() if ".shp" in parts}
    if not layers:
        raise SourceError(
            "O ZIP não tem nenhum Shapefile. Junte os ficheiros .shp, .shx, .dbf e .prj da camada.",
            "The ZIP holds no Shapefile. Put the layer's files .shp, .shx, .dbf and .prj into it.",
            where=name,
        )
    paths = {}
    for number, (stem, parts) in enumerate(layers.items()):
        lacking = [suffix for suffix in (".shx", ".dbf") if suffix not in parts]
        if lacking:
            raise SourceError(
                f"Ao Shapefile «{stem[:60]}» falta o ficheiro {lacking[0]}. Comprima-o com os que o acompanham.",
                f"The Shapefile “{stem[:60]}” lacks its file {lacking[0]}. Compress it with those that go with it.",
                where=name,
            )
        for suffix, member in parts.items():
            held = content_of(archive, member, name)
            if suffix == ".shp" and not held.startswith(_MAGIC):  # what GDAL would take for a file of another kind
                raise SourceError(
                    f"O ficheiro «{stem[:60]}.shp» não é um Shapefile. Exporte a camada de novo no QGIS.",
                    f"The file “{stem[:60]}.shp” is no Shapefile. Export the layer again from QGIS.",
                    where=name,
                )
            (folder / f"layer{number}{suffix}").write_bytes(held)
        paths[stem] = folder / f"layer{number}.shp"
    return paths


def _bomb(name: str) -> SourceError:
    megabytes = MOST_UNPACKED_BYTES // 1_000_000
    return SourceError(
        f"Descomprimido, o ficheiro passa de {megabytes} MB ou de {MOST_MEMBERS} ficheiros. Divida-o.",
        f"Unpacked, the file is larger than {megabytes} MB or holds more than {MOST_MEMBERS} files. Split it.",
        where=name,
    )
