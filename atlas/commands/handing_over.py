"""Commands that hand the atlas over: printed sheets, and the planner's package."""

from __future__ import annotations

import argparse

from atlas.commands import FORCE, OUT, Command, Option, opened


def _sheet(args: argparse.Namespace) -> None:
    from atlas.answers import Reporter
    from atlas.commands.field import store_of
    from atlas.sheets import write_sheets

    built = opened(args)
    since = store_of(args.since, args) if args.since else None
    with Reporter(args.progress, quiet=args.quiet, lang=args.lang, said="") as reporter:
        write_sheets(
            built, args.what, args.output,
            paper=args.paper, lang=args.lang, since=since, force=args.force, progress=reporter,
        )  # fmt: skip


def _package(args: argparse.Namespace) -> None:
    from atlas.answers import Reporter
    from atlas.package import write_package

    built = opened(args)
    with Reporter(args.progress, quiet=args.quiet, lang=args.lang, said="") as reporter:
        write_package(built, args.output, lang=args.lang, force=args.force, progress=reporter)


COMMANDS = (
    Command("sheet", _sheet, "uma ficha em PDF, todas, ou o dossiê de um município",
            "a sheet as PDF, all of them, or the dossier of a municipality", (
        Option(("what",), "código de unidade ou de município, ou all", "code of a unit or a municipality, or all", {
            "metavar": "CODE"}),
        OUT,
        Option(("--paper",), "papel (a4)", "paper (a4)", {"choices": ("a4", "a3"), "default": "a4"}),
        Option(("--since",), "uma construção anterior: o dossiê diz o que mudou desde ela",
               "an earlier store: the dossier says what changed since", {"metavar": "STORE"}),
        FORCE,
    )),
    Command("package", _package, "o pacote do planeador, num ZIP", "the planner's package, as a ZIP", (OUT, FORCE)),
)  # fmt: skip
