"""The command that makes a new atlas of another region."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from atlas.commands import Command, Option, named_path

if TYPE_CHECKING:
    from atlas.answers import Answer


def _init(args: argparse.Namespace) -> Answer | None:
    from atlas.answers import Answer, Reporter
    from atlas.initialise import Request, initialise
    from atlas.initialise.outlines import Wishes
    from atlas.language import Translator

    request = Request(
        folder=args.folder,
        name=args.name,
        neighbourhoods=args.neighbourhoods,
        grid_m=args.grid,
        wishes=Wishes(args.code, args.name_column, args.parent, args.population),
        places=tuple(args.places),
        osm=tuple(args.osm),
        relief=args.relief,
    )
    with Reporter(args.progress, quiet=args.quiet, lang=args.lang, said="") as told:
        made = initialise(request, lang=args.lang, ask=_asker(args.lang) if _at_terminal(args) else None, progress=told)
    if args.quiet:
        return None
    t = Translator(args.lang)
    lines = [t.n("init.made", made.units, folder=made.folder), *(f"· {note.text(t)}" for note in made.notes)]
    lines.append(t("init.next", folder=f'"{made.folder}"' if " " in str(made.folder) else made.folder))
    return Answer([], head="\n".join(lines))


def _at_terminal(args: argparse.Namespace) -> bool:
    return not args.quiet and sys.stdin.isatty() and sys.stderr.isatty()


def _asker(lang: str) -> Callable[[str, Sequence[str]], str]:
    """Ask at the terminal which column is which, until the answer is one of them or empty."""
    from atlas.language import Translator

    t = Translator("en" if lang == "en" else "pt")

    def ask(option: str, columns: Sequence[str]) -> str:
        sys.stderr.write(t("init.ask", option=option, columns=", ".join(columns)))
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    return ask


_COLUMN = {"metavar": "C"}
COMMANDS = (
    Command("init", _init, "cria um atlas de outra região", "makes an atlas of another region", (
        Option(("folder",), "pasta a criar", "folder to make", {"type": named_path, "metavar": "FOLDER"}),
        Option(("--name",), "nome do atlas", "name of the atlas", {"required": True, "metavar": "NAME"}),
        Option(("--code",), "coluna do código", "column of the code", _COLUMN),
        Option(("--name-column",), "coluna do nome", "column of the name", _COLUMN),
        Option(("--parent",), "coluna da área que as contém", "column of the area that holds them", _COLUMN),
        Option(("--population",), "coluna dos residentes", "column of the residents", _COLUMN),
        Option(("--places",), "ficheiro de lugares (repete-se)", "file of places (repeats)", {
            "type": named_path, "action": "append", "default": [], "metavar": "FILE"}),
        Option(("--osm",), "extrato do OpenStreetMap (repete-se)", "extract of OpenStreetMap (repeats)", {
            "type": named_path, "action": "append", "default": [], "metavar": "FILE.pbf"}),
        Option(("--relief",), "altitudes, para o declive das ruas", "heights, for the slope of streets", {
            "type": named_path, "metavar": "FILE.tif"}),
    ), takes_atlas=False, one_of=(
        Option(("--neighbourhoods",), "ficheiro dos contornos", "file of the outlines", {
            "type": named_path, "metavar": "FILE"}),
        Option(("--grid",), "hexágonos com esta largura", "hexagons of this width", {
            "type": float, "metavar": "METRES"}),
    )),
)  # fmt: skip
