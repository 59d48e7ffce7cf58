"""A book bound from chapters: its tags, bookmarks and links are those of one document."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest
from paper import overlaps, pages

from atlas.built import Built
from atlas.sheets import book, sheets

CHAPTERS = 5
"""Units a chapter: fourteen parishes make three chapters."""


@pytest.fixture(scope="module")
def bound(esposende: Built) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "CHAPTER", CHAPTERS)
        return sheets(esposende, "all")


@pytest.fixture(scope="module")
def opened(bound: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pikepdf.Pdf]:
    path: Path = tmp_path_factory.mktemp("book") / "book.pdf"
    path.write_bytes(bound)
    with pikepdf.open(path) as pdf:
        assert pdf.check_pdf_syntax() == []
        yield pdf


def elements(root: Any) -> Iterator[Any]:
    """Every tag below ``root``, in reading order."""
    waiting = list(reversed(list(root.K)))
    while waiting:
        one = waiting.pop()
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/StructElem":
            yield one
            kids = one.get("/K", [])
            waiting += reversed(list(kids) if isinstance(kids, pikepdf.Array) else [kids])


def test_a_book_has_the_pages_of_its_dossiers_after_its_contents(bound: bytes, esposende: Built) -> None:
    read = pages(bound)
    dossier = pages(sheets(esposende, "0306"))
    front = next(number for number, page in enumerate(read) if "Dossiê de município" in page)
    body = len(read) - front
    assert body == len(dossier) - 1, "the dossier has one page of contents"
    assert read[0].startswith("Atlas de lugares criativos")
    assert read[front].endswith(" 1")
    assert read[-1].endswith(f" {body}")
    assert overlaps(bound) == []


def test_bookmarks_and_contents_lead_to_the_page_of_each_unit(
    opened: pikepdf.Pdf, bound: bytes, esposende: Built
) -> None:
    read, document = pages(bound), pdfium.PdfDocument(bound)
    marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in document.get_toc()]
    assert marks[0][0] == "Esposende"
    assert sorted(name for name, _ in marks[1:]) == sorted(esposende.units["name"])
    assert all(name in read[at] for name, at in marks)
    place = {page.obj.objgen: number for number, page in enumerate(opened.pages)}
    links = [one for page in opened.pages for one in page.obj.get("/Annots", [])]
    assert [(str(one.Contents), place[one.Dest[0].objgen]) for one in links] == marks
    assert [document.get_page_label(n) for n in (0, marks[0][1])] == ["i", "1"]


def test_every_piece_of_a_page_has_its_tag_and_every_tag_its_page(opened: pikepdf.Pdf) -> None:
    root = opened.Root.StructTreeRoot
    assert len(root.K) == 1, "one document"
    tree = dict(pikepdf.NumberTree(root.ParentTree))
    place = {page.obj.objgen for page in opened.pages}
    keys = [int(page.obj.StructParents) for page in opened.pages]
    assert len(set(keys)) == len(opened.pages)
    for page in opened.pages:
        for piece, tag in enumerate(tree[int(page.obj.StructParents)]):
            kids = tag.K if isinstance(tag.K, pikepdf.Array) else [tag.K]
            assert piece in [int(kid) for kid in kids if not isinstance(kid, pikepdf.Object)] or any(
                isinstance(kid, pikepdf.Dictionary) and kid.get("/MCID") == piece for kid in kids
            )
            assert tag.Pg.objgen == page.obj.objgen
        for link in page.obj.get("/Annots", []):
            assert tree[int(link.StructParent)].S == "/Link"
    tags = list(elements(root))
    assert {tag.Pg.objgen for tag in tags if "/Pg" in tag} == place
    headings = [int(str(tag.S)[2:]) for tag in tags if str(tag.S)[1:] in {"H1", "H2", "H3", "H4"}]
    assert headings[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(headings)), "no level is skipped"


def test_header_cells_keep_names_of_their_own(opened: pikepdf.Pdf) -> None:
    root = opened.Root.StructTreeRoot
    named = [(bytes(tag.ID), tag.objgen) for tag in elements(root) if "/ID" in tag]
    assert len({name for name, _ in named}) == len(named) > 50
    listed = root.IDTree.Names
    assert [(bytes(listed[n]), listed[n + 1].objgen) for n in range(0, len(listed), 2)] == sorted(named)


def test_the_same_inputs_give_the_same_book(bound: bytes, esposende: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "CHAPTER", CHAPTERS)
    assert sheets(esposende, "all") == bound
