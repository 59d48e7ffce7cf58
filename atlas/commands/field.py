"""Commands that put the atlas to the test: the field check, what changed between two builds, and the live service."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from atlas.commands import Command, Option, opened

if TYPE_CHECKING:
    from atlas.answers import Answer
    from atlas.store import Store


def _compare(args: argparse.Namespace) -> Answer:
    from atlas.commands.field_answers import compare_answer
    from atlas.comparing import compare

    a, b = (_store(word, args) for word in (args.store_a, args.store_b))
    return compare_answer(compare(a, b), a, b, args.lang)


def _store(word: str, args: argparse.Namespace) -> Store:
    """The store in a folder, or that of an atlas, which is built first where it is missing or stale."""
    from pathlib import Path

    from atlas.answers import Reporter
    from atlas.atlasfile import CONFIG, EMBEDDED
    from atlas.built import open_built
    from atlas.errors import StoreError
    from atlas.store import MANIFEST, Store

    folder = Path(word)
    if word not in EMBEDDED and (folder / MANIFEST).is_file():
        return Store(folder)
    if word in EMBEDDED or (folder / CONFIG).is_file():
        with Reporter(args.progress, quiet=args.quiet, lang=args.lang) as reporter:
            return open_built(word, progress=reporter).store
    raise StoreError(
        f"Não há aqui nem uma construção ({MANIFEST}) nem um atlas ({CONFIG}). Indique a pasta de uma construção, a "
        "de um atlas, ou um nome: norte, porto.",
        f"There is neither a store ({MANIFEST}) nor an atlas ({CONFIG}) here. Name the folder of a store, that of an "
        "atlas, or a name: norte, porto.",
        where=word,
    )


def _serve(args: argparse.Namespace) -> None:
    from atlas.language import Translator
    from atlas.serve import serve

    t = Translator(args.lang)

    def ready(url: str) -> None:
        if not args.quiet:
            sys.stderr.write(t("field.serve.ready", url=url) + "\n")
            sys.stderr.flush()

    serve(opened(args), host=args.host, port=args.port, url=args.url, lang=args.lang, ready=ready)


_STORE = {"metavar": "STORE"}
COMMANDS = (
    Command("compare", _compare, "o que mudou entre duas construções: dados ou método",
            "what changed between two builds: data or method", (
        Option(("store_a",), "antes: pasta de uma construção, ou um atlas", "before: folder of a store, or an atlas",
               _STORE),
        Option(("store_b",), "depois: pasta de uma construção, ou um atlas", "after: folder of a store, or an atlas",
               _STORE),
    ), takes_atlas=False, lists=True),
    Command("serve", _serve, "publica a última construção como OGC API Features, só de leitura",
            "publishes the last build as OGC API Features, read-only", (
        Option(("--port",), "porta (5000)", "port (5000)", {"type": int, "default": 5000, "metavar": "N"}),
        Option(("--host",), "endereço (127.0.0.1)", "address (127.0.0.1)", {"default": "127.0.0.1", "metavar": "H"}),
        Option(("--url",), "endereço público, atrás de um proxy", "public address, behind a proxy", {"metavar": "URL"}),
    )),
)  # fmt: skip
