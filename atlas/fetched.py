"""Where fetched files are: beside an atlas, and before the files that it came with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

FOLDER = "fetched"
DECISIONS = "decisions.csv"
LEDGER = "fetched.json"
"""What was fetched: file → from where, when, on what terms, and its SHA-256."""


def atlas_home() -> Path:
    """Where stores of embedded atlases, fetched data and decisions live: ``$ATLAS_HOME``, or the user's own."""
    return Path(os.environ.get("ATLAS_HOME") or user_data_path("atlas-creative-places", appauthor=False))


def fetched_folder(folder: Path) -> Path:
    """Where ``atlas fetch`` puts the files of the atlas in ``folder``.

    Inside the folder of an atlas of one's own; for an embedded one, which may be read-only, in
    ``$ATLAS_HOME/fetched/NAME`` (not inside its store, which a build replaces whole).
    """
    name = _embedded_name(folder)
    return folder / FOLDER if name is None else atlas_home() / FOLDER / name


def decisions_folder(folder: Path) -> Path:
    """Where planners' decisions on the atlas in ``folder`` are: in it, or in ``$ATLAS_HOME/NAME`` if it is embedded."""
    name = _embedded_name(folder)
    return folder if name is None else atlas_home() / name


def located(folder: Path, file: str) -> tuple[Path, str]:
    """The folder and the file in it that stand behind ``file``: the fetched one where there is one, else the atlas's.

    A file of a neighbouring embedded atlas (``../norte/wikidata.csv``) is looked up among what that one has fetched.
    """
    if file == DECISIONS:
        return decisions_folder(folder), file
    owner, inside = folder, file
    whole = (folder / file).resolve()
    if ".." in Path(file).parts:
        for neighbour in whole.parents:
            if _embedded_name(neighbour) is not None:
                owner, inside = neighbour, whole.relative_to(neighbour).as_posix()
                break
    fetched = fetched_folder(owner)
    if ".." not in Path(inside).parts and (fetched / inside).is_file():
        return fetched, inside
    return folder, file


def located_file(folder: Path, file: str) -> Path:
    """:func:`located` as one path."""
    found, name = located(folder, file)
    return found / name


def ledger_of(folder: Path) -> dict[str, dict[str, Any]]:
    """What the ledger of a folder of fetched files says; nothing where it is missing or damaged."""
    try:
        held = json.loads((folder / LEDGER).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def facts_of(folder: Path, file: str) -> dict[str, str]:
    """Date and address of a source's file where it was fetched; nothing where it is the atlas's own."""
    found, name = located(folder, file)
    if found == folder:
        return {}
    said = ledger_of(found).get(name, {})
    return {key: str(said[key]) for key in ("date", "address") if said.get(key)}


def _embedded_name(folder: Path) -> str | None:
    from atlas.atlasfile import EMBEDDED, product_folder

    data = product_folder("data").resolve()
    resolved = folder.resolve()
    return resolved.name if resolved.parent == data and resolved.name in EMBEDDED else None
