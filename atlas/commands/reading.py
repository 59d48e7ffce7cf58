"""Commands that answer: what is ranked, why, and what there is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import FORCE, INDEX, OUT, PRESET, WEIGHTS, WITHIN, Command, Option, named_path, opened, whole_number

if TYPE_CHECKING:
    from atlas.answers import Answer


def _rank(args: argparse.Namespace) -> Answer | None:
    from atlas.answers import rank_answer, write_ranking
    from atlas.atlasfile import load_weights
    from atlas.ranking import preset_weights, rank_table

    built = opened(args)
    weights = load_weights(args.weights) if args.weights else None
    if args.preset:
        weights = preset_weights(built, args.preset)
    table = rank_table(built, args.index, weights=weights, within=args.within)
    table = table.head(args.top) if args.top is not None else table
    if args.output:
        write_ranking(built, table, args.index, args.output, force=args.force, lang=args.lang)
        return None
    return rank_answer(built, table, args.index, weights, args.lang)


def _explain(args: argparse.Namespace) -> Answer:
    from atlas.answers import explain_answer
    from atlas.explaining import explain, stages_of, with_venues

    built = opened(args)
    found = explain(built, args.code, args.index, lang=args.lang)
    with_venues(built, found, args.lang)
    if args.stages:
        found["stages"] = stages_of(built, args.code, args.index, args.lang)
    return explain_answer(built, found, args.lang)


def _layers(args: argparse.Namespace) -> Answer:
    from atlas.answers import list_answer
    from atlas.listing import layers_table

    built = opened(args)
    return list_answer(built, layers_table(built, args.lang), args.lang)


def _sources(args: argparse.Namespace) -> Answer:
    from atlas.answers import list_answer
    from atlas.listing import sources_table

    built = opened(args)
    return list_answer(built, sources_table(built, args.lang), args.lang)


def _indicators(args: argparse.Namespace) -> Answer:
    from atlas.answers import list_answer
    from atlas.listing import indicators_table

    built = opened(args)
    return list_answer(built, indicators_table(built, args.lang), args.lang)


COMMANDS = (
    Command("rank", _rank, "ordena as unidades de um índice", "ranks the units of an index", (
        INDEX,
        Option(("--top",), "só as primeiras N", "only the first N", {"type": whole_number("--top", 1), "metavar": "N"}),
        PRESET, WEIGHTS, WITHIN, FORCE,
        OUT._replace(more={"type": named_path, "metavar": "FILE.xlsx"}),
    ), lists=True),
    Command("explain", _explain, "porquê este valor", "why this value", (
        Option(("code",), "código da unidade", "code of the unit", {"metavar": "CODE"}), INDEX,
        Option(("--stages",), "cada número em cada passo", "every figure at every stage", {"action": "store_true"}),
    ), lists=True),
    Command("layers", _layers, "as camadas", "the layers", lists=True),
    Command("sources", _sources, "as fontes, datas e licenças", "the sources, dates and licences", lists=True),
    Command("indicators", _indicators, "os indicadores", "the indicators", lists=True),
)  # fmt: skip
