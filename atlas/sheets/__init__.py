"""Printed pages: one a neighbourhood, and the dossier of a municipality, as vector PDF.

Typst sets them: tagged for screen readers (PDF/UA-1), fonts inside, and the same bytes for the same inputs, since the
creation date is that of the newest source. Data reach the template as JSON and are set as text: what looks like
markup in a name stays a name.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from atlas.build import Progress, silent
from atlas.built import Built, unit_code
from atlas.errors import OutputError, UnknownName
from atlas.exports import working_folder
from atlas.language import Lang, Translator

if TYPE_CHECKING:
    from atlas.sheets.ground import Ground

Paper = Literal["a4", "a3"]
ALL = "all"
TEMPLATE = Path(__file__).parent / "sheet.typ"


@dataclass(frozen=True)
class Layout:
    """What the paper asks of the maps, in millimetres."""

    unit_map: tuple[float, float]
    locator: tuple[float, float]
    parent_map: tuple[float, float]


LAYOUTS: dict[str, Layout] = {
    "a4": Layout(unit_map=(114, 97), locator=(60, 18), parent_map=(180, 112)),
    "a3": Layout(unit_map=(222, 166), locator=(74, 34), parent_map=(222, 164)),
}


def write_sheets(
    built: Built,
    what: str,
    path: Path,
    *,
    paper: Paper = "a4",
    lang: Lang = "pt",
    force: bool = False,
    progress: Progress = silent,
) -> list[Path]:
    """Write the sheet of a neighbourhood, the dossier of a municipality, or with ``all`` the dossiers of the atlas.

    With ``all``, ``path`` may be a folder: it gets one dossier a municipality, each written as soon as it is set,
    which takes a tenth of the memory of one book of them all.

    Raises :class:`UnknownName` for a code that is not there and :class:`OutputError` where a file exists (unless
    ``force``), cannot be written, or is no ``.pdf``.
    """
    path = Path(path)
    whole = path.suffix.lower() == ".pdf"
    if not whole and (what != ALL or path.suffix):
        raise OutputError(
            "As fichas são PDF. Indique um nome que acabe em «.pdf»; para `all`, também serve uma pasta.",
            "Sheets are PDF. Give a name that ends in “.pdf”; for `all`, a folder will do as well.",
            where=str(path),
        )
    codes = [what] if whole else [str(code) for code in built.parents.index]
    targets = [path] if whole else [path / f"{code}.pdf" for code in codes]
    for target in targets:
        if target.is_dir() or (target.exists() and not force):
            raise OutputError(
                "O ficheiro já existe e não foi alterado. Escolha outro nome ou use `--force`.",
                "The file is already there and was left as it is. Choose another name or use `--force`.",
                where=str(target),
            )
    if not whole:
        path.mkdir(parents=True, exist_ok=True)
    ground = _read(built, lang)
    for done, (code, target) in enumerate(zip(codes, targets, strict=True)):
        share = _share(progress, done, len(codes))
        with working_folder(target) as folder:
            beside = folder / target.name
            beside.write_bytes(_set(ground, code, paper, share))
            os.replace(beside, target)  # noqa: PTH105
    return targets


def _share(progress: Progress, done: int, total: int) -> Progress:
    """Progress of one document among several."""
    return lambda share, stage: progress((done + share) / total, stage)


def sheets(built: Built, what: str, *, paper: Paper = "a4", lang: Lang = "pt", progress: Progress = silent) -> bytes:
    """The PDF of :func:`write_sheets` as bytes."""
    return _set(_read(built, lang), what, paper, progress)


def _read(built: Built, lang: Lang) -> Ground:
    """Everything that sheets have in common, read once."""
    from atlas.sheets.facts import Reading
    from atlas.sheets.ground import Ground

    return Ground(Reading(built, Translator(lang)))


def _set(ground: Ground, what: str, paper: Paper, progress: Progress) -> bytes:
    if paper not in LAYOUTS:
        raise UnknownName.among(paper, LAYOUTS, pt="Papel", en="Paper")
    document = _document(ground, what, paper, progress)
    progress(0.7, "typeset")
    return typeset(document, _day(ground.reading.built))


def typeset(document: dict[str, Any], day: dt.datetime, template: Path = TEMPLATE) -> bytes:
    """A document as PDF; the template reads nothing but itself and ``document``."""
    import typst

    from atlas.sheets.typeface import FOLDER

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER)])
    compiler = typst.Compiler(
        str(template), root=str(template.parent), font_paths=fonts, ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(document, ensure_ascii=False)},
    )  # fmt: skip
    made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=day)
    assert isinstance(made, bytes)
    return made


def _document(ground: Ground, what: str, paper: Paper, progress: Progress) -> dict[str, Any]:
    from atlas.sheets.facts import origin

    built, t = ground.reading.built, ground.reading.t
    lang = t.lang
    code = what if what == ALL else unit_code(built, what)
    one = code in built.units.index
    sections = list(_sections(ground, code, paper, progress))
    return {
        "lang": lang,
        "paper": paper,
        "title": _title(built, code, t),
        "date": t.date(_day(built).date()),
        "single": one,
        "all": code == ALL,
        "head": t("sheet.head", atlas=built.atlas.atlas.name.in_(lang), version=built.atlas.atlas.data_version),
        "texts": _texts(t),
        "colours": _colours(),
        "legend": ground.legend(),
        "origin": origin(built, t),
        "sections": sections,
    }


def _sections(ground: Ground, code: str, paper: Paper, progress: Progress) -> Iterator[dict[str, Any]]:
    """One section a municipality: its opening pages unless one neighbourhood alone was asked for, and its units."""
    from atlas.sheets.dossier import parent_facts, units_of
    from atlas.sheets.facts import unit_facts

    reading, layout = ground.reading, LAYOUTS[paper]
    built = reading.built
    one = code in built.units.index
    parents = [built.units.loc[code, "parent"]] if one else list(built.parents.index) if code == ALL else [code]
    total = 1 if one else sum(len(units_of(reading, parent)) for parent in parents)
    done = 0
    for parent in parents:
        units = []
        for unit in [code] if one else units_of(reading, parent):
            progress(0.7 * done / total, "sheets")
            drawn, venues = ground.unit_map(unit, *layout.unit_map)
            outlined = ground.outlined(unit, parent, *layout.locator)
            units.append({**unit_facts(reading, unit), "map": drawn, "outlined": outlined, "venues": venues})
            done += 1
        opening = None if one else parent_facts(reading, ground, parent, *layout.parent_map)
        yield {"parent": opening, "locator": ground.locator(parent, *layout.locator), "units": units}


def _title(built: Built, code: str, t: Translator) -> str:
    from atlas.sheets.typeface import printable

    atlas = built.atlas.atlas.name.in_(t.lang)
    if code == ALL:
        return t("sheet.title_all", atlas=atlas)
    if code in built.units.index:
        return t("sheet.title_unit", name=printable(built.units.loc[code, "name"]), atlas=atlas)
    return t("sheet.title_parent", name=printable(built.parents.loc[code, "name"]), atlas=atlas)


def _texts(t: Translator) -> dict[str, str]:
    """The fixed words of the pages."""
    from atlas.language import catalogue

    start = "sheet.page."
    return {key.removeprefix(start): forms[0] for key, forms in catalogue(t.lang).items() if key.startswith(start)}


def _colours() -> dict[str, Any]:
    """The product's colours, for the template."""
    from atlas import palette

    return {
        "ink": palette.INK, "secondary": palette.SECONDARY, "border": palette.BORDER, "surface": palette.SURFACE,
        "action": palette.ACTION, "light": palette.BIVARIATE[0][1], "readings": palette.READINGS,
    }  # fmt: skip


def _day(built: Built) -> dt.datetime:
    """The day of the newest source: what a sheet says of its age, whenever it was printed."""
    from atlas.exports.exportable import newest_day

    dates = [str(one.get("date") or "") for one in built.store.manifest["sources"]]
    return dt.datetime.combine(newest_day(dates), dt.time(), dt.UTC)
