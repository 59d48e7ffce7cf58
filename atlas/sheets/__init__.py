"""Printed pages: one a neighbourhood, the dossier of a municipality, or the book of them all, as vector PDF.

Typst sets them: tagged for screen readers (PDF/UA-1), fonts inside, and the same bytes for the same inputs, since the
creation date is that of the newest source. Data reach the template as JSON and are set as text: what looks like
markup in a name stays a name.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from atlas.build import Progress, silent
from atlas.built import Built, unit_code
from atlas.errors import AtlasError, OutputError, UnknownName
from atlas.exports import make_folder, plain_name, refuse_existing, working_folder
from atlas.language import Lang
from atlas.sheets.book import CHAPTER, bind
from atlas.sheets.setting import (
    LAYOUTS,
    Chapter,
    Document,
    Paper,
    day_of,
    forget,
    frame_of,
    read_ground,
    sections,
    typeset,
)

if TYPE_CHECKING:
    from atlas.sheets.ground import Ground
    from atlas.store import Store

ALL = "all"


def write_sheets(
    built: Built,
    what: str,
    path: Path,
    *,
    paper: Paper = "a4",
    lang: Lang = "pt",
    since: Store | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> list[Path]:
    """Write the sheet of a neighbourhood, the dossier of a municipality, or with ``all`` the dossiers of the atlas.

    With ``all``, ``path`` may be a folder: it gets one dossier a municipality, each written as soon as it is set.
    With ``since``, an earlier build, every dossier says on a page of its own what changed.

    Raises :class:`UnknownName` for a code that is not there and :class:`OutputError` where a file exists (unless
    ``force``), cannot be written, or is no ``.pdf``.
    """
    path = Path(path)
    if paper not in LAYOUTS:
        raise UnknownName.among(paper, LAYOUTS, pt="Papel", en="Paper")
    whole = path.suffix.lower() == ".pdf"
    if not whole and (what != ALL or path.suffix):
        raise OutputError(
            "As fichas são PDF. Indique um nome que acabe em «.pdf»; para `all`, também serve uma pasta.",
            "Sheets are PDF. Give a name that ends in “.pdf”; for `all`, a folder will do as well.",
            where=str(path),
        )
    codes = [what if what == ALL else unit_code(built, what)] if whole else [str(one) for one in built.parents.index]
    if since is not None and codes[0] in built.units.index:
        raise _no_page_for_changes(codes[0])
    targets = [path] if whole else [path / f"{plain_name(code)}.pdf" for code in codes]
    for target in targets:
        refuse_existing(target, force=force)
    if not whole:
        make_folder(path)
    ground = read_ground(built, lang, since)
    for done, (code, target) in enumerate(zip(codes, targets, strict=True)):
        share = _share(progress, done, len(codes))
        with working_folder(target) as folder:
            beside = folder / target.name
            _set(ground, code, paper, share, beside, folder)
            beside.replace(target)
        if len(codes) > 1:
            forget()
    return targets


def sheets(built: Built, what: str, *, paper: Paper = "a4", lang: Lang = "pt", progress: Progress = silent) -> bytes:
    """The PDF of :func:`write_sheets` as bytes."""
    with tempfile.TemporaryDirectory(prefix="atlas-") as name:
        path = Path(name) / "sheets.pdf"
        write_sheets(built, what, path, paper=paper, lang=lang, progress=progress)
        return path.read_bytes()


def _no_page_for_changes(code: str) -> AtlasError:
    return AtlasError(
        "`--since` acrescenta uma página ao dossiê de um município, e este código é de uma unidade. Indique o do "
        "município, ou `all`.",
        "`--since` adds a page to the dossier of a municipality, and this code is of a unit. Name the municipality’s, "
        "or `all`.",
        where=code,
    )


def _share(progress: Progress, done: int, total: int) -> Progress:
    """Progress of one document among several."""
    return lambda share, stage: progress((done + share) / total, stage)


def _set(ground: Ground, code: str, paper: Paper, progress: Progress, target: Path, folder: Path) -> None:
    """One document; a long one is bound from chapters, so that memory holds one of them at a time."""
    from atlas.sheets.dossier import units_of

    built = ground.reading.built
    title = _title(ground, code)
    parents = [str(one) for one in built.parents.index] if code == ALL else [code]
    if code in built.units.index:
        chapters = [Chapter(str(built.units.loc[code, "parent"]), [code], opening=False)]
    else:
        chapters = [Chapter(parent, units_of(ground.reading, parent)) for parent in parents]
    if code == ALL or len(chapters[0].units) > CHAPTER:
        bind(ground, chapters, paper, title, target, folder, progress)
        return
    document: Document = frame_of(ground, paper, title)
    document["single"] = code in built.units.index
    document["sections"] = list(sections(ground, chapters, paper, lambda share, stage: progress(0.7 * share, stage)))
    progress(0.7, "typeset")
    target.write_bytes(typeset(document, day_of(built)))


def _title(ground: Ground, code: str) -> str:
    from atlas.sheets.typeface import printable

    built, t = ground.reading.built, ground.reading.t
    atlas = built.atlas.atlas.name.in_(t.lang)
    if code == ALL:
        return t("sheet.title_all", atlas=atlas)
    if code in built.units.index:
        return t("sheet.title_unit", name=printable(built.units.loc[code, "name"]), atlas=atlas)
    return t("sheet.title_parent", name=printable(built.parents.loc[code, "name"]), atlas=atlas)


__all__ = ["ALL", "Paper", "sheets", "typeset", "write_sheets"]
