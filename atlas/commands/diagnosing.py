"""The command that examines the indices."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import Command, Option, opened

if TYPE_CHECKING:
    from atlas.answers import Answer

LEAST_RUNS = 64


def _diagnostics(args: argparse.Namespace) -> Answer:
    from atlas.diagnosing import diagnostics_answer

    return diagnostics_answer(opened(args), args.lang, args.index, args.sensitivity)


def _runs(text: str) -> int:
    count = int(text)
    if count and count < LEAST_RUNS:
        raise ValueError(text)
    return count


COMMANDS = (
    Command("diagnostics", _diagnostics, "o que sustenta cada índice, e quanto a ordem aguenta",
            "what carries each index, and how far its order holds", (
        Option(("--index",), "só este índice", "only this index", {"metavar": "ID"}),
        Option(("--sensitivity",), "índices de Sobol' com N amostras de base (1024; 64 pelo menos)",
               "Sobol' indices with N base samples (1024; at least 64)", {
                   "type": _runs, "default": 0, "metavar": "N"}),
    ), lists=True),
)  # fmt: skip
