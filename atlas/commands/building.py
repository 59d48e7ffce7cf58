"""Commands that build and check an atlas, and open the app on it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import FORCE, PORT, Command, Option, opened, whole_number

if TYPE_CHECKING:
    from atlas.answers import Answer


def _build(args: argparse.Namespace) -> Answer | None:
    from atlas.answers import Reporter, build_summary
    from atlas.atlasfile import find_atlas, load_atlas
    from atlas.built import open_built

    moved = None
    if args.recalibrate:
        from atlas.calibrating import recalibrate

        moved = recalibrate(load_atlas(find_atlas(args.atlas), calibrated=False))
    with Reporter(args.progress, quiet=args.quiet, lang=args.lang) as reporter:
        built = open_built(
            args.atlas,
            store=args.store,
            force=args.force,
            draws=args.draws,
            seed=args.seed,
            workers=args.workers,
            cuts=args.cuts,
            null=args.null,
            progress=reporter,
        )
    if args.quiet:
        return None
    from dataclasses import replace  # takes longer than the help does without it

    answer = build_summary(built, args.lang, ran=reporter.ran, moved=moved)
    lines = [answer.head]
    if args.cuts:
        from atlas.diagnosing import cut_lines

        lines += cut_lines(built, args.lang)
    if args.null:
        from atlas.commands.strategy_answers import beside_chance
        from atlas.language import Translator

        lines.append(beside_chance(built, Translator(args.lang)))
    return replace(answer, head="\n".join(lines))


def _check(args: argparse.Namespace) -> Answer:
    from atlas.answers import Reporter, check_summary
    from atlas.atlasfile import find_atlas, load_atlas
    from atlas.measuring import measure_all
    from atlas.placing import place_all

    atlas = load_atlas(find_atlas(args.atlas))
    with Reporter(args.progress, quiet=args.quiet, lang=args.lang, said="") as told:
        placed = place_all(atlas, progress=lambda share: told(0.6 * share, "places"))
        told(0.6, "indicators")
        measure_all(atlas, placed)  # a cell that is no number, a raster elsewhere: what the second stage would stop at
    return check_summary(atlas, placed, args.lang)


def _app(args: argparse.Namespace) -> None:
    from atlas.app.serve import serve

    built = opened(args)
    serve(
        args.atlas,
        store=built.store.folder,
        port=args.port,
        host=args.host,
        browser=not args.no_browser,
        base_path=args.base_path,
    )


COMMANDS = (
    Command("app", _app, "abre a aplicação", "opens the app", (
        Option(("--port",), "porta", "port", {"type": PORT, "default": 8501}),
        Option(("--host",), "endereço (127.0.0.1)", "address (127.0.0.1)", {"default": "127.0.0.1"}),
        Option(("--no-browser",), "sem abrir o navegador", "without opening the browser", {"action": "store_true"}),
        Option(("--base-path",), "prefixo do endereço", "prefix of the address", {"default": ""}),
    )),
    Command("build", _build, "constrói o que está desatualizado", "builds what is stale", (
        FORCE,
        Option(("--draws",), "sorteios dos intervalos", "draws of the intervals", {
            "type": whole_number("--draws", 0), "metavar": "N"}),
        Option(("--seed",), "semente", "seed", {"type": whole_number("--seed", 0), "metavar": "N"}),
        Option(("--workers",), "processos", "workers", {
            "type": whole_number("--workers", 1), "default": 1, "metavar": "N"}),
        Option(("--recalibrate",), "renova as referências", "renews the references", {"action": "store_true"}),
        Option(("--null",), "também N atlas ao acaso, ao lado de cada contagem (200: alguns minutos)",
               "also N atlases by chance, beside every count (200: some minutes)", {
                   "type": whole_number("--null", 1), "default": 0, "metavar": "N"}),
        Option(("--cuts",), "também sobre outros recortes do território", "also on other cuts of the ground",
               {"action": "store_true"}),
    )),
    Command("check", _check, "valida configuração e dados, sem construir", "validates configuration and inputs"),
)  # fmt: skip
