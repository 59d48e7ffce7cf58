"""ZIPs from outside: looked at before anything is unpacked, and unpacked under a limit."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from atlas.errors import FetchError, refusal

MOST_FILES = 5_000
MOST_RATIO = 200  # unpacked over packed: text packs ten- to thirtyfold, a bomb a thousandfold
SMALL_BYTES = 10_000_000


def looked_at(path: Path, most_bytes: float) -> list[zipfile.ZipInfo]:
    """The entries of a ZIP that is safe to unpack.

    Raises
    ------
    FetchError
        It is no whole ZIP, has too many files, would unpack to too much, or has names that lead out of a folder.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError) as fault:
        pt, en = refusal(fault)
        raise FetchError(
            f"Não é um ZIP inteiro ({pt}). Repita mais tarde.", f"Not a whole ZIP ({en}). Try again later.",
            where=path.name,
        ) from None  # fmt: skip
    size = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_FILES or size > most_bytes or size > max(MOST_RATIO * packed, SMALL_BYTES):
        raise FetchError(
            f"O ZIP descompactado teria {len(entries)} ficheiros e {size / 1e6:.0f} MB: não é aberto. "
            "Verifique `address` em atlas.toml.",
            f"Unpacked the ZIP would have {len(entries)} files and {size / 1e6:.0f} MB: it is not opened. "
            "Check `address` in atlas.toml.",
            where=path.name,
        )
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        link = stat.S_ISLNK(entry.external_attr >> 16)
        if name.is_absolute() or ".." in name.parts or ":" in entry.filename or link:
            raise FetchError(
                f"O ZIP tem um nome que sai da sua pasta («{entry.filename}»): não é aberto. "
                "Verifique `address` em atlas.toml.",
                f"The ZIP has a name that leads out of its folder (“{entry.filename}”): it is not opened. "
                "Check `address` in atlas.toml.",
                where=path.name,
            )
    return [entry for entry in entries if not entry.is_dir()]


def unpacked(path: Path, suffix: str, folder: Path, most_bytes: float) -> list[Path]:
    """The files with a suffix, unpacked into a folder under plain names."""
    found = []
    entries = [entry for entry in looked_at(path, most_bytes) if entry.filename.lower().endswith(suffix)]
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        for number, entry in enumerate(entries):
            target = folder / f"{number}{suffix}"
            done = 0
            try:
                with archive.open(entry) as packed, target.open("wb") as file:
                    while block := packed.read(1 << 20):
                        done += len(block)
                        if done > entry.file_size:
                            raise zipfile.BadZipFile(entry.filename)
                        file.write(block)
            except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as fault:
                pt, en = refusal(fault)
                raise FetchError(
                    f"O ZIP está danificado ({pt}). Repita mais tarde.", f"The ZIP is damaged ({en}). Try again later.",
                    where=path.name,
                ) from None  # fmt: skip
            found.append(target)
    return found
