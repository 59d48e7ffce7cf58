"""The command that asks what would change if."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import FORCE, OUT, Command, Option, named_path, opened

if TYPE_CHECKING:
    from atlas.answers import Answer


def _scenario(args: argparse.Namespace) -> Answer:
    from atlas.atlasfile import find_atlas, load_atlas
    from atlas.commands.scenario_answers import scenario_answer
    from atlas.scenarios.files import read_scenario, refuse_elsewhere

    scenario = read_scenario(args.scenario)
    atlas = load_atlas(find_atlas(args.atlas), calibrated=False, whole=True)
    refuse_elsewhere(scenario, atlas.atlas.id, str(args.scenario))  # before an atlas is built for nothing
    return scenario_answer(opened(args), scenario, args.lang, check=args.check, out=args.output, force=args.force)


COMMANDS = (
    Command("scenario", _scenario, "o que mudaria: equipamentos novos, movidos ou fechados, espaço reutilizado, áreas",
            "what would change: venues added, moved or closed, space reused, areas drawn", (
        Option(("scenario",), "ficheiro do cenário", "file of the scenario", {
            "type": named_path, "metavar": "FILE.json"}),
        OUT._replace(more={"type": named_path, "metavar": "FILE"}),
        Option(("--check",), "comparar com a reconstrução completa", "compare with the full rebuild",
               {"action": "store_true"}),
        FORCE,
    ), lists=True),
)  # fmt: skip
