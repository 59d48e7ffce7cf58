"""Commands that put the atlas to the test: the field check, what changed between two builds, and the live service."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from atlas.commands import ATLAS, FORCE, PORT, STORE, Command, Option, named_path, opened

if TYPE_CHECKING:
    from atlas.answers import Answer
    from atlas.config import Source
    from atlas.store import Store


def _compare(args: argparse.Namespace) -> Answer:
    from atlas.commands.field_answers import compare_answer
    from atlas.comparing import compare

    a, b = (store_of(word, args) for word in (args.store_a, args.store_b))
    declared = [source for store in (b, a) for source in _declared(store)]
    return compare_answer(compare(a, b), a, b, args.lang, declared)


def _declared(store: Store) -> tuple[Source, ...]:
    """The sources that the atlas beside a store declares, or the embedded one of its name; a store may stand alone."""
    from atlas.atlasfile import CONFIG, find_atlas, load_atlas
    from atlas.errors import AtlasError

    beside = store.folder.parent
    name = str(beside) if (beside / CONFIG).is_file() else str(store.manifest.get("atlas"))
    try:
        return load_atlas(find_atlas(name), calibrated=False, whole=True).source
    except AtlasError:  # only titles in English are wanted of it
        return ()


def _fieldcheck(args: argparse.Namespace) -> Answer | None:
    from atlas.errors import AtlasError

    if args.read is not None:
        if args.code is not None or args.output is not None:
            raise AtlasError(
                "`--read` lê um formulário: não leva código nem `-o`; o atlas indica-se com `--atlas`.",
                "`--read` reads a form: it takes neither a code nor `-o`; the atlas is named with `--atlas`.",
            )
        return _read_back(args)
    if args.code is None or args.output is None:
        raise AtlasError(
            "Indique o código de uma unidade ou de um município e, com `-o`, um ficheiro .gpkg ou .pdf; ou `--read` e "
            "um formulário preenchido.",
            "Name the code of a unit or a municipality and, with `-o`, a .gpkg or .pdf file; or `--read` and a form "
            "that was filled in.",
        )
    from atlas.fieldcheck import write_fieldcheck
    from atlas.language import Translator

    built = opened(args)
    asked = write_fieldcheck(built, args.code, args.output, lang=args.lang, force=args.force)
    if not args.quiet:
        sys.stderr.write(Translator(args.lang).n("field.written", asked, file=args.output) + "\n")
    return None


def _read_back(args: argparse.Namespace) -> Answer | None:
    """Decisions from a form, and what the next build makes of them."""
    import shutil
    import tempfile

    from atlas.commands.field_answers import walk_answer
    from atlas.comparing import compare
    from atlas.fieldcheck.answers import read_form
    from atlas.fieldcheck.decisions import record_walk
    from atlas.store import Store

    args.atlas = args.of
    built = opened(args)
    written = record_walk(read_form(args.read, built), built)
    if not written.added:
        return None if args.quiet else walk_answer(written, None, args.lang)
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        before = named_path(folder) / "before"
        shutil.copytree(built.store.folder, before)
        after = opened(args)
        changed = compare(Store(before), after.store)
        return None if args.quiet else walk_answer(written, changed, args.lang)


def store_of(word: str, args: argparse.Namespace) -> Store:
    """The store in a folder, or that of an atlas, which is built first where it is missing or stale."""
    from atlas.answers import Reporter
    from atlas.atlasfile import CONFIG, EMBEDDED
    from atlas.built import open_built
    from atlas.errors import StoreError
    from atlas.store import MANIFEST, Store

    folder = named_path(word)
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
    Command("fieldcheck", _fieldcheck, "lugares a verificar no terreno, e as respostas de volta como decisões",
            "places to verify in the field, and the answers back as decisions", (
        Option(("code",), "código de uma unidade ou de um município", "code of a unit or a municipality", {
            "nargs": "?", "metavar": "CODE"}),
        ATLAS,
        Option(("-o", "--output"), "formulário .gpkg ou lista .pdf a escrever", "form .gpkg or list .pdf to write", {
            "type": named_path, "metavar": "FILE"}),
        Option(("--read",), "formulário preenchido a ler", "filled-in form to read", {
            "type": named_path, "metavar": "FILE.gpkg"}),
        Option(("--atlas",), "com --read: o atlas (norte)", "with --read: the atlas (norte)", {
            "dest": "of", "default": "norte", "metavar": "ATLAS"}),
        FORCE, STORE,
    ), takes_atlas=False, lists=True),
    Command("compare", _compare, "o que mudou entre duas construções: dados ou método",
            "what changed between two builds: data or method", (
        Option(("store_a",), "antes: pasta de uma construção, ou um atlas", "before: folder of a store, or an atlas",
               _STORE),
        Option(("store_b",), "depois: pasta de uma construção, ou um atlas", "after: folder of a store, or an atlas",
               _STORE),
    ), takes_atlas=False, lists=True),
    Command("serve", _serve, "publica a última construção como OGC API Features, só de leitura",
            "publishes the last build as OGC API Features, read-only", (
        Option(("--port",), "porta (5000)", "port (5000)", {"type": PORT, "default": 5000, "metavar": "N"}),
        Option(("--host",), "endereço (127.0.0.1)", "address (127.0.0.1)", {"default": "127.0.0.1", "metavar": "H"}),
        Option(("--url",), "endereço público, atrás de um proxy", "public address, behind a proxy", {"metavar": "URL"}),
    )),
)  # fmt: skip
