"""A book of many chapters: each is set by itself, then all are bound into one tagged PDF.

Typst lays out a document as a whole, at some 6 MB of memory a page. Bound from chapters, a book takes the memory of the
longest one and of the list of its objects. The binding keeps what makes the PDF accessible: the tags of all chapters
stand under one document, in order, each page and link with its own key; bookmarks, page labels and the links of the
contents lead to the pages where they lie in the book.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from atlas.build import Progress
from atlas.sheets.setting import Chapter, Document, Paper, day_of, forget, frame_of, sections, typeset

if TYPE_CHECKING:
    import pikepdf

    from atlas.sheets.ground import Ground

CHAPTER = 80
"""Units that are set at once; the rest of a larger municipality follows in chapters of its own."""
_LINK = "atlas:page:"
_LOWER = {f"/H{level}": f"/H{level + 1}" for level in range(1, 6)}


class Part(NamedTuple):
    """A chapter as PDF; one that goes on with a municipality has its headings a level too high."""

    path: Path
    follows: bool


class Mark(NamedTuple):
    """A heading: its level, its words, and the page of the body that it stands on, from 0."""

    level: int
    title: str
    page: int


def bind(
    ground: Ground, chapters: Sequence[Chapter], paper: Paper, title: str, target: Path, folder: Path,
    progress: Progress,
) -> None:  # fmt: skip
    """Set ``chapters`` one by one into ``folder``, the contents after them, and bind all into ``target``."""
    import pikepdf

    runs = list(_runs(chapters))
    total, done = sum(len(run.units) for run in runs), 0
    parts: list[Part] = []
    marks: list[Mark] = []
    pages = 0
    for number, run in enumerate(runs):
        begun, share = done / total, len(run.units) / total
        held = frame_of(ground, paper, title) | {"first": pages + 1, "follows": not run.opening}
        held["sections"] = list(sections(ground, [run], paper, _within(progress, 0.9 * begun, 0.9 * share)))
        part = Part(folder / f"part-{number:05}.pdf", follows=not run.opening)
        part.path.write_bytes(_set(ground, held))
        with pikepdf.open(part.path) as pdf:
            marks += _marks(pdf, pages, 1 + part.follows)
            pages += len(pdf.pages)
        parts.append(part)
        done += len(run.units)
    progress(0.9, "typeset")
    entries = [
        {"level": one.level, "title": one.title, "to": f"{_LINK}{one.page}", "page": one.page + 1} for one in marks
    ]
    front = folder / "front.pdf"
    front.write_bytes(_set(ground, frame_of(ground, paper, title) | {"contents": entries}))
    join(front, parts, marks, target)


def _within(progress: Progress, begun: float, part: float) -> Progress:
    return lambda share, stage: progress(begun + part * share, stage)


def _set(ground: Ground, document: Document) -> bytes:
    made = typeset(document, day_of(ground.reading.built))
    forget()
    return made


def _runs(chapters: Sequence[Chapter]) -> Iterator[Chapter]:
    """Chapters of no more than ``CHAPTER`` units, only the first of a municipality with its opening pages."""
    for chapter in chapters:
        for start in range(0, max(len(chapter.units), 1), CHAPTER):
            yield Chapter(chapter.parent, chapter.units[start : start + CHAPTER], opening=start == 0)


def _marks(pdf: pikepdf.Pdf, before: int, level: int) -> Iterator[Mark]:
    """The headings of a chapter, in order."""
    place = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}

    def walk(items: Any, level: int) -> Iterator[Mark]:
        for item in items:
            yield Mark(level, item.title, before + place[item.destination[0].objgen])
            yield from walk(item.children, level + 1)

    with pdf.open_outline() as outline:
        yield from walk(outline.root, level)


def join(front: Path, parts: Sequence[Part], marks: Sequence[Mark], target: Path) -> None:
    """One tagged PDF of ``front`` and ``parts``; ``marks`` become its bookmarks."""
    import pikepdf

    opened = [pikepdf.open(part.path) for part in parts]
    with pikepdf.open(front) as book:
        start = len(book.pages)
        tags = _Tags(book)
        for number, part in enumerate(opened):
            _fit(part, f"{number:05}", lower=parts[number].follows)
            first = len(book.pages)
            book.pages.extend(part.pages)
            tags.add(book.copy_foreign(part.Root.StructTreeRoot), range(first, len(book.pages)))
        tags.close()
        _link(book, start, marks)
        _bookmarks(book, start, marks)
        book.Root.PageLabels = pikepdf.Dictionary(
            Nums=[0, pikepdf.Dictionary(S=pikepdf.Name.r), start, pikepdf.Dictionary(S=pikepdf.Name.D)]
        )
        said = book.Root.Metadata.read_bytes()
        counted = re.sub(rb"<xmpTPg:NPages>\d+<", b"<xmpTPg:NPages>%d<" % len(book.pages), said)
        book.Root.Metadata.write(counted)
        book.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    for part in opened:
        part.close()


class _Tags:
    """The tags of a book: one document element, one tree from pages and links back to their tags, one of names."""

    def __init__(self, book: pikepdf.Pdf) -> None:
        import pikepdf

        self.book, self.root = book, book.Root.StructTreeRoot
        self.document = self.root.K[0]
        self.parents = dict(pikepdf.NumberTree(self.root.ParentTree))
        self.names: list[tuple[bytes, Any]] = list(_named(self.root))

    def add(self, other: Any, pages: range) -> None:
        """The tags of one chapter, whose pages are those of the book in ``pages``."""
        import pikepdf

        shift = max(self.parents, default=-1) + 1
        for number in pages:
            page = self.book.pages[number].obj
            for held, key in ((page, "/StructParents"), *((one, "/StructParent") for one in page.get("/Annots", []))):
                if key in held:
                    held[key] = int(held[key]) + shift
        self.parents |= {key + shift: value for key, value in pikepdf.NumberTree(other.ParentTree).items()}
        self.names += _named(other)
        for element in other.K:
            for kid in element.K:
                kid.P = self.document
                self.document.K.append(kid)

    def close(self) -> None:
        """Write both trees back."""
        import pikepdf

        flat = [one for key in sorted(self.parents) for one in (key, self.parents[key])]
        self.root.ParentTree = self.book.make_indirect(pikepdf.Dictionary(Nums=flat))
        self.root.ParentTreeNextKey = max(self.parents, default=-1) + 1
        if self.names:
            known = [one for name, element in sorted(self.names, key=lambda one: one[0])
                     for one in (pikepdf.String(name), element)]  # fmt: skip
            self.root.IDTree = self.book.make_indirect(pikepdf.Dictionary(Names=known))


def _named(root: Any) -> Iterator[tuple[bytes, Any]]:
    """Names of header cells, and the cells."""
    import pikepdf

    if "/IDTree" in root:
        yield from ((bytes(element.ID), element) for element in pikepdf.NameTree(root.IDTree).values())


def _fit(part: pikepdf.Pdf, prefix: str, *, lower: bool) -> None:
    """Names of header cells that no other chapter has, there and where cells refer to them; headings at their level."""
    import pikepdf

    own = prefix.encode()
    for element in part.objects:
        if not isinstance(element, pikepdf.Dictionary) or element.get("/Type") != "/StructElem":
            continue
        kind = str(element.S)
        if lower and kind in _LOWER:
            element.S = pikepdf.Name(_LOWER[kind])
        if "/ID" in element:
            element.ID = pikepdf.String(own + bytes(element.ID))
        for attributes in element.get("/A", []):
            if isinstance(attributes, pikepdf.Dictionary) and len(attributes.get("/Headers", [])):
                attributes.Headers = pikepdf.Array([pikepdf.String(own + bytes(one)) for one in attributes.Headers])


def _link(book: pikepdf.Pdf, start: int, marks: Sequence[Mark]) -> None:
    """The contents lead to the pages of the book."""
    import pikepdf

    words = {one.page: one.title for one in reversed(marks)}
    for page in list(book.pages)[:start]:
        for annotation in page.obj.get("/Annots", []):
            uri = str(annotation.A.URI)
            to = int(uri.removeprefix(_LINK))
            del annotation.A
            annotation.Dest = pikepdf.Array([book.pages[start + to].obj, pikepdf.Name.Fit])
            annotation.Contents = pikepdf.String(words[to])


def _bookmarks(book: pikepdf.Pdf, start: int, marks: Sequence[Mark]) -> None:
    import pikepdf

    with book.open_outline() as outline:
        path: list[Any] = []
        for one in marks:
            item = pikepdf.OutlineItem(one.title, start + one.page)
            del path[one.level - 1 :]
            (path[-1].children if path else outline.root).append(item)
            path.append(item)
