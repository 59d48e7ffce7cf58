"""Commands that answer the strategy's questions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import WITHIN, Command, opened

if TYPE_CHECKING:
    from atlas.answers import Answer


def _agglomerations(args: argparse.Namespace) -> Answer:
    from atlas.strategy.answering import agglomerations_answer

    return agglomerations_answer(opened(args), args.lang, args.within)


COMMANDS = (
    Command("agglomerations", _agglomerations, "as aglomerações de equipamentos: nome, membros, mistura",
            "agglomerations of venues: name, members, mix", (WITHIN,), lists=True),
)  # fmt: skip
