"""Commands that answer the strategy's questions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import WITHIN, Command, Option, named_path, opened

if TYPE_CHECKING:
    from atlas.answers import Answer


def _agglomerations(args: argparse.Namespace) -> Answer:
    from atlas.commands.strategy_answers import agglomerations_answer

    return agglomerations_answer(opened(args), args.lang, args.within)


def _hotspots(args: argparse.Namespace) -> Answer:
    from atlas.commands.strategy_answers import hotspots_answer

    return hotspots_answer(opened(args), args.lang, args.within, args.null)


def _network(args: argparse.Namespace) -> Answer:
    from atlas.commands.strategy_answers import network_answer

    return network_answer(opened(args), args.lang, args.within)


def _links(args: argparse.Namespace) -> Answer:
    from atlas.commands.strategy_answers import links_answer

    return links_answer(opened(args), args.lang, args.within)


def _opportunities(args: argparse.Namespace) -> Answer:
    from atlas.commands.strategy_answers import opportunities_answer

    return opportunities_answer(opened(args), args.lang, args.within)


def _validate(args: argparse.Namespace) -> Answer:
    from atlas.commands.scorecard_answers import validate_answer

    return validate_answer(opened(args), args.lang, args.list)


def _scorecard(args: argparse.Namespace) -> Answer:
    from atlas.commands.scorecard_answers import scorecard_answer

    return scorecard_answer(opened(args), args.lang, args.within)


def _peers(args: argparse.Namespace) -> Answer:
    from atlas.commands.scorecard_answers import peers_answer

    return peers_answer(opened(args), args.lang, args.code)


def _reusable(args: argparse.Namespace) -> Answer:
    from atlas.commands.scorecard_answers import reusable_answer

    return reusable_answer(opened(args), args.lang, args.within, args.kind)


def _null(args: argparse.Namespace) -> Answer:
    from atlas.commands.scorecard_answers import null_answer

    return null_answer(opened(args), args.lang)


COMMANDS = (
    Command("agglomerations", _agglomerations, "as aglomerações de equipamentos: nome, membros, mistura",
            "agglomerations of venues: name, members, mix", (WITHIN,), lists=True),
    Command("hotspots", _hotspots, "unidades cuja vizinhança concentra equipamentos, além do acaso",
            "units whose neighbourhood holds more venues than chance would give", (
        WITHIN,
        Option(("--null",), "o que se espera: area (por km²), residents ou mapped (por pontos mapeados)",
               "what is expected: area (per km²), residents or mapped (per mapped point)",
               {"choices": ("area", "residents", "mapped"), "default": "area"}),
    ), lists=True),
    Command("network", _network, "a rede de programação: quem pode trabalhar com quem, e que ligação falta",
            "the programming network: who can work with whom, and which link is missing", (WITHIN,), lists=True),
    Command("links", _links, "quem está perto de quem, entre os nove tipos de atores, face ao acaso",
            "who stands near whom among the nine kinds of actors, against chance", (WITHIN,), lists=True),
    Command("opportunities", _opportunities, "candidatas a análise para regeneração, com o que fala contra",
            "candidates for regeneration to look into, with what speaks against", (WITHIN,), lists=True),
    Command("validate", _validate, "compara o índice com lugares que pessoas indicaram",
            "compares the index with places that people named", (
        Option(("list",), "CSV com lon e lat, ou code; expected: sim ou não",
               "CSV with lon and lat, or code; expected: yes or no",
               {"type": named_path, "metavar": "LIST.csv"}),
    ), lists=True),
    Command("scorecard", _scorecard, "painel da estratégia: os oito resultados em números",
            "the strategy's scorecard: the eight results in figures", (WITHIN,), lists=True),
    Command("peers", _peers, "as unidades mais parecidas noutro lugar, e o que têm a mais",
            "the most alike units elsewhere, and what they have more", (
        Option(("code",), "código da unidade", "code of the unit", {"metavar": "CODE"}),
    ), lists=True),
    Command("reusable", _reusable, "espaço reutilizável, e os cinco melhores para um tipo de ator",
            "reusable space, and the five best for a kind of actor", (
        WITHIN,
        Option(("--for",), "tipo de ator, ou all: todos os nove", "kind of actor, or all: every one of the nine", {
            "dest": "kind", "choices": (
                "all", "company", "cultural_institution", "art_space", "artist", "university", "science_park",
                "research_centre", "municipality", "media")}),
    ), lists=True),
    Command("null", _null, "o que daria o acaso, ao lado de cada contagem (depois de `atlas build --null 200`)",
            "what chance would give, beside every count (after `atlas build --null 200`)", lists=True),
)  # fmt: skip
