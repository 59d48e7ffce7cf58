"""``atlas legal``: what heritage and rehabilitation law, and the plan, may say of a point or an area."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import Command, Option, named_path, opened

if TYPE_CHECKING:
    from atlas.answers import Answer


def _legal(args: argparse.Namespace) -> Answer:
    from atlas.legal.answering import area_of, grades_answer, legal_answer, point_of, refuse_more

    if args.grades:
        refuse_more(args.lat)
        args.atlas = args.lon or args.atlas
        return grades_answer(opened(args), args.lang)
    if args.area is None:
        geometry = point_of(args.lon, args.lat)
    else:  # the first word is then the atlas
        refuse_more(args.lat)
        geometry = area_of(args.area)
        args.atlas = args.lon or args.atlas
    return legal_answer(opened(args), geometry, args.lang)


COMMANDS = (
    Command("legal", _legal, "o que a lei pode dizer de um ponto ou de uma área; não substitui certidão",
            "what the law may say of a point or an area; it replaces no certificate", (
        Option(("lon",), "longitude em graus, como -8.611", "longitude in degrees, such as -8.611",
               {"nargs": "?", "metavar": "LON"}),
        Option(("lat",), "latitude em graus, como 41.146", "latitude in degrees, such as 41.146",
               {"nargs": "?", "metavar": "LAT"}),
        Option(("--area",), "área desenhada, em vez de LON LAT", "drawn area, in place of LON LAT",
               {"type": named_path, "metavar": "FILE.geojson|.wkt"}),
        Option(("--grades",), "quantos imóveis há de cada grau, em vez de LON LAT",
               "how many sites there are of each grade, in place of LON LAT", {"action": "store_true"}),
    ), lists=True),
)  # fmt: skip
