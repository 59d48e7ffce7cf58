"""Commands that write files."""

from __future__ import annotations

import argparse

from atlas.commands import FORCE, OUT, WITHIN, Command, Option, named_path, opened


def _export(args: argparse.Namespace) -> None:
    from atlas.answers import export_layers

    export_layers(opened(args), args.layer, args.output, force=args.force, lang=args.lang, within=args.within)


def _map(args: argparse.Namespace) -> None:
    from atlas.errors import UnknownName
    from atlas.exports import write_text
    from atlas.maps import standalone

    if args.output.suffix.lower() not in (".html", ".htm"):
        suffix = args.output.suffix or args.output.name
        raise UnknownName.among(suffix, [".html", ".htm"], pt="Formato", en="Format", where=str(args.output))
    built = opened(args)
    write_text(standalone(built.atlas, built.store, lang=args.lang), args.output, force=args.force)


def _score(args: argparse.Namespace) -> None:
    from atlas.scoring.table import score_files

    score_files(args.data, args.meta, args.config, args.output, force=args.force)


COMMANDS = (
    Command("export", _export, "exporta uma camada", "exports a layer", (
        Option(("layer",), "camada, places, neighbourhoods ou all", "layer, places, neighbourhoods or all", {
            "metavar": "LAYER"}),
        OUT, WITHIN, FORCE,
    )),
    Command("map", _map, "um mapa HTML autónomo", "one standalone HTML map", (OUT, FORCE)),
    Command("score", _score, "o motor de índices sobre uma tabela", "the index engine on any table", (
        Option(("data",), "tabela de dados", "table of data", {"type": named_path, "metavar": "DATA.csv"}),
        Option(("meta",), "tabela da árvore", "table of the tree", {"type": named_path, "metavar": "META.csv"}),
        Option(("--config",), "opções", "options", {"type": named_path, "metavar": "score.toml"}),
        OUT._replace(names=("--output",), more={"type": named_path, "required": True, "metavar": "DIR"}),
        FORCE,
    ), takes_atlas=False),
)  # fmt: skip
