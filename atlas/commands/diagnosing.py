"""The command that examines the indices."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import FORCE, Command, Option, named_path, opened, whole_number

if TYPE_CHECKING:
    from pathlib import Path

    from atlas.answers import Answer
    from atlas.built import Built

LEAST_RUNS = 64


def _diagnostics(args: argparse.Namespace) -> Answer:
    from atlas.diagnosing import diagnostics_answer

    built = opened(args)
    if args.output:
        _workbook(built, args)
    return diagnostics_answer(built, args.lang, args.index, args.sensitivity)


def _workbook(built: Built, args: argparse.Namespace) -> None:
    from atlas.diagnosis_tables import chapters
    from atlas.errors import OutputError
    from atlas.exports.diagnosis import write_diagnosis
    from atlas.ranking import index_holding

    path: Path = args.output
    if path.suffix.lower() != ".xlsx" or (path.exists() and not args.force):
        raise OutputError(
            "O ficheiro é um livro do Excel que ainda não existe: dê um nome que acabe em «.xlsx», ou use `--force`.",
            "The file is an Excel workbook that is not there yet: give a name that ends in “.xlsx”, or use `--force`.",
            where=str(path),
        )
    index_id = None if args.index is None else index_holding(built, args.index).id
    write_diagnosis(built, chapters(built, args.lang, index_id), path, args.lang)


COMMANDS = (
    Command("diagnostics", _diagnostics, "o que sustenta cada índice, e quanto a ordem aguenta",
            "what carries each index, and how far its order holds", (
        Option(("--index",), "só este índice", "only this index", {"metavar": "ID"}),
        Option(("--sensitivity",), "índices de Sobol' com N amostras de base (1024; 64 pelo menos)",
               "Sobol' indices with N base samples (1024; at least 64)", {
                   "type": whole_number("--sensitivity", LEAST_RUNS), "default": 0, "metavar": "N"}),
        Option(("-o", "--output"), "também como livro do Excel, uma folha por índice",
               "also as an Excel workbook, a sheet an index", {"type": named_path, "metavar": "FILE.xlsx"}),
        FORCE,
    ), lists=True),
)  # fmt: skip
