"""Facts and maps of one document, gathered for the template and typeset.

A document is a part of a book, a dossier, or one sheet. Typst sets it: tagged for screen readers (PDF/UA-1), fonts
inside, and the same bytes for the same inputs. Data reach the template as JSON and are set as text.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from atlas.build import Progress
from atlas.built import Built
from atlas.language import Lang, Translator

if TYPE_CHECKING:
    from atlas.sheets.ground import Ground
    from atlas.store import Store

Paper = Literal["a4", "a3"]
Document = dict[str, Any]
TEMPLATE = Path(__file__).parent / "sheet.typ"
_BLANK = Path(__file__).parent / "blank.typ"
_FORGETS = 12
"""What Typst laid out is forgotten once so many later documents did not ask for it."""


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


@dataclass(frozen=True)
class Chapter:
    """A municipality, or some of its units, as one run of pages."""

    parent: str
    units: Sequence[str]
    opening: bool = True
    """Whether the municipality's own pages come first."""


def read_ground(built: Built, lang: Lang, since: Store | None = None) -> Ground:
    """Everything that sheets have in common, read once."""
    from atlas.sheets.changes import Changes
    from atlas.sheets.facts import Reading
    from atlas.sheets.ground import Ground

    reading = Reading(built, Translator(lang))
    return Ground(reading, Changes(reading, since) if since is not None else None)


def frame_of(ground: Ground, paper: Paper, title: str) -> Document:
    """What every document says: its language, paper, title, fixed words, colours, sources and legend."""
    from atlas.sheets.facts import origin

    built, t = ground.reading.built, ground.reading.t
    return {
        "lang": t.lang,
        "paper": paper,
        "title": title,
        "date": t.date(day_of(built).date()),
        "single": False,
        "first": None,
        "follows": False,
        "contents": None,
        "head": t("sheet.head", atlas=built.atlas.atlas.name.in_(t.lang), version=built.atlas.atlas.data_version),
        "texts": _texts(t),
        "colours": _colours(),
        "legend": ground.legend(),
        "origin": origin(built, t),
        "sections": [],
    }


def sections(ground: Ground, chapters: Sequence[Chapter], paper: Paper, progress: Progress) -> Iterator[Document]:
    """One section a chapter: the municipality's opening pages where they are wanted, then its units."""
    from atlas.sheets.dossier import parent_facts
    from atlas.sheets.facts import unit_facts

    reading, layout = ground.reading, LAYOUTS[paper]
    total, done = sum(len(one.units) for one in chapters), 0
    for chapter in chapters:
        units, parent = [], chapter.parent
        for unit in chapter.units:
            progress(done / total, "sheets")
            drawn, venues = ground.unit_map(unit, *layout.unit_map)
            outlined = ground.outlined(unit, parent, *layout.locator)
            units.append({**unit_facts(reading, unit), "map": drawn, "outlined": outlined, "venues": venues})
            done += 1
        opened = chapter.opening
        yield {
            "parent": parent_facts(reading, ground, parent, *layout.parent_map) if opened else None,
            "changes": ground.changes.of(parent) if opened and ground.changes is not None else None,
            "locator": ground.locator(parent, *layout.locator),
            "units": units,
        }


def typeset(document: Document, day: dt.datetime, template: Path = TEMPLATE) -> bytes:
    """A document as PDF; the template reads nothing but itself and ``document``.

    Names of the configuration (of the atlas, of its layers and indices) may be in any script: what the typeface does
    not draw is marked here once for all, since Typst refuses a tagged page with a character that has no form.
    """
    import typst

    from atlas.sheets.typeface import FOLDER

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER)])
    compiler = typst.Compiler(
        str(template), root=str(template.parent), font_paths=fonts, ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_drawn(document), ensure_ascii=False)},
    )  # fmt: skip
    made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=day)
    assert isinstance(made, bytes)
    return made


def _drawn(part: Any) -> Any:
    from atlas.sheets.typeface import drawable

    if isinstance(part, str):
        return drawable(part)
    if isinstance(part, dict):
        return {key: _drawn(value) for key, value in part.items()}
    return [_drawn(one) for one in part] if isinstance(part, list | tuple) else part


def forget() -> None:
    """Let go of what the last documents left in memory: Typst keeps their layout for ten more."""
    import typst

    blank = typst.Compiler(str(_BLANK), root=str(_BLANK.parent), ignore_system_fonts=True)
    for _ in range(_FORGETS):
        blank.compile(format="pdf")


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


def day_of(built: Built) -> dt.datetime:
    """The day of the newest source: what a sheet says of its age, whenever it was printed."""
    from atlas.exports.exportable import newest_day

    dates = [str(one.get("date") or "") for one in built.store.manifest["sources"]]
    return dt.datetime.combine(newest_day(dates), dt.time(), dt.UTC)
