"""The command that fetches: the only one that uses the network."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from atlas.commands import Command, Option

if TYPE_CHECKING:
    from atlas.fetch import Outcome
    from atlas.language import Translator


def _fetch(args: argparse.Namespace) -> None:
    from atlas.answers import Answer, Reporter
    from atlas.atlasfile import find_atlas, load_atlas
    from atlas.fetch import fetch, raise_failed
    from atlas.language import Translator

    atlas = load_atlas(find_atlas(args.atlas), calibrated=False, whole=True)
    try:
        with Reporter(args.progress, quiet=args.quiet, lang=args.lang, said="fetch.begin") as told:
            outcomes = fetch(atlas, args.names, refresh=args.refresh, progress=lambda share, _: told(share, "fetch"))
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{Translator(args.lang)('fetch.interrupted')}\n")
        raise
    if not args.quiet:
        t = Translator(args.lang)
        rows = [_row(one) for one in outcomes]
        brought = any(one.result in ("new", "renewed") for one in outcomes)
        foot = t("fetch.next", atlas=args.atlas) if brought else ""
        Answer(rows, {"atlas": atlas.atlas.id}, shown=[_shown(one, t) for one in outcomes], foot=foot).print(
            args.format
        )
    raise_failed(outcomes)


def _row(one: Outcome) -> dict[str, object]:
    return {
        "name": one.entry.id,
        "title": one.entry.title,
        "title_en": one.entry.title_en,
        "result": one.result,
        "records": one.changes.records,
        "added": one.changes.added,
        "removed": one.changes.removed,
        "changed": one.changes.changed,
        "bytes": one.size,
        "sha256": one.hash,
        "file": str(one.path),
        "address": one.entry.address,
        "licence": one.entry.licence,
        "licence_en": one.entry.licence_en,
    }


def _shown(one: Outcome, t: Translator) -> dict[str, str]:
    change = one.changes
    said = (
        t("fetch.changes", **{key: t.number(getattr(change, key)) for key in ("added", "removed", "changed")})
        if change.records is not None
        else ""
    )
    return {
        t("fetch.column.name"): one.entry.id,
        t("fetch.column.result"): t(f"fetch.result.{one.result}"),
        t("fetch.column.records"): t.number(change.records),
        t("fetch.column.changes"): said,
        t("fetch.column.size"): f"{t.number(one.size / 1e6, 1)} MB" if one.size else "—",
        t("fetch.column.licence"): one.entry.licence_in(t.lang),
    }


COMMANDS = (
    Command("fetch", _fetch, "descarrega dados (o único comando que usa a rede)",
            "fetches data (the only command that uses the network)", (
        Option(("names",), "nomes das entradas [[fetch]] (todas)", "names of [[fetch]] entries (all)", {
            "nargs": "*", "metavar": "NAME"}),
        Option(("--atlas",), "atlas (norte)", "atlas (norte)", {"default": "norte", "metavar": "ATLAS"}),
        Option(("--refresh",), "renova também o que já veio", "renews also what has come", {"action": "store_true"}),
    ), takes_atlas=False, lists=True),
)  # fmt: skip
