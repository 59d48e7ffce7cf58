"""The command that reads what several people think that an index's pillars should weigh."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from atlas.commands import FORCE, Command, Option, named_path

if TYPE_CHECKING:
    from pathlib import Path

    from atlas.answers import Answer
    from atlas.config import Atlas, Index
    from atlas.language import Lang


def _weights(args: argparse.Namespace) -> Answer:
    from atlas.atlasfile import find_atlas, load_atlas
    from atlas.judging import index_named, judged_index, keep, read_judges, write_weights

    atlas = load_atlas(find_atlas(args.atlas))
    index = index_named(atlas, args.index)
    judged = judged_index(index, read_judges(args.file, index))
    kept = None
    if args.output:
        write_weights(judged, args.output, force=args.force)
    if args.keep:
        kept = keep(args.file, atlas, index)
    return weights_answer(atlas, index, judged, args.lang, kept=kept)


def weights_answer(atlas: Atlas, before: Index, judged: Index, lang: Lang, *, kept: Path | None) -> Answer:
    """Per pillar or indicator the weight so far, the judges' mean, and how far they are apart; then who gave what."""
    from atlas.answers import Answer
    from atlas.judging import own_shares, spread
    from atlas.language import Translator

    t, shares = Translator(lang), own_shares(before)
    names = {one.id: one.name for one in before.pillar} | {one.code: one.name for one in atlas.indicator}
    rows = [
        {"index": before.id, "code": code, "name": names[code].in_(lang), "before": shares.get(code),
         "weight": row["weight"], "least": row["least"], "most": row["most"],
         "sd": None if row["sd"] != row["sd"] else row["sd"], "judges": int(row["judges"])}
        for code, row in spread(judged).iterrows()
    ]  # fmt: skip
    shown = [
        {t("diag.weights.what"): row["name"], t("diag.weights.before"): t.percent(row["before"], 1),
         t("diag.weights.mean"): t.percent(row["weight"], 1),
         t("diag.weights.span"): f"{t.percent(row['least'], 1)} – {t.percent(row['most'], 1)}",
         t("diag.weights.sd"): t.number(None if row["sd"] is None else 100 * row["sd"], 1)}
        for row in rows
    ]  # fmt: skip
    foot = [t("diag.weights.judge", judge=one.judge, date=t.date(one.date)) if one.ratio is None else
            t("diag.weights.judge_pairs", judge=one.judge, date=t.date(one.date), ratio=t.number(one.ratio, 3))
            for one in judged.opinions]  # fmt: skip
    foot.append(t("diag.weights.kept", file=kept) if kept else t("diag.weights.not_kept"))
    given = [one.model_dump() for one in judged.opinions]
    meta = {"atlas": atlas.atlas.id, "index": before.id, "given": given, "kept": None if kept is None else str(kept)}
    return Answer(rows, meta, shown=shown, foot="\n".join(foot))


COMMANDS = (
    Command("weights", _weights, "pesos de várias pessoas: média, dispersão, coerência",
            "weights of several people: mean, spread, consistency", (
        Option(("file",), "CSV de pontos por pessoa ou de comparações aos pares", "CSV of points a person or of "
               "comparisons by pairs", {"type": named_path, "metavar": "FILE.csv"}),
        Option(("--index",), "índice (potential)", "index (potential)", {"default": "potential", "metavar": "ID"}),
        Option(("--keep",), "o atlas passa a usá-los", "the atlas uses them from now on", {"action": "store_true"}),
        Option(("-o", "--output"), "TOML com a média, para `--weights`", "TOML with their mean, for `--weights`",
               {"type": named_path, "metavar": "FILE.toml"}),
        FORCE,
    ), lists=True),
)  # fmt: skip
