"""The commands, by what they are for; each module holds ``COMMANDS`` and imports what a command needs when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from atlas.answers import Answer
    from atlas.built import Built


class Option(NamedTuple):
    """One argument of a command, and what argparse needs to know of it."""

    names: tuple[str, ...]
    pt: str
    en: str
    more: dict[str, Any] = {}  # noqa: RUF012  (never changed)


class Command(NamedTuple):
    """A command: what it does in both languages, its arguments, and the function behind it."""

    name: str
    run: Callable[[argparse.Namespace], Answer | None]
    pt: str
    en: str
    options: tuple[Option, ...] = ()
    takes_atlas: bool = True
    lists: bool = False
    one_of: tuple[Option, ...] = ()  # exactly one of these must be given


def named_path(text: str) -> Path:
    """The type of arguments that name a file or folder; the help needs no paths, and is there sooner without."""
    from pathlib import Path

    return Path(text)


def whole_number(option: str, least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an option that is a whole number from ``least`` up, to ``most`` where one is given.

    What it refuses is an :class:`~atlas.errors.AtlasError`, since argparse would say it in English alone.
    """

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            from atlas.errors import AtlasError

            pt, en = ("", "") if most is None else (f" até {most}", f" to {most}")
            raise AtlasError(
                f"«{text[:40]}» não serve aqui. Escreva um número inteiro a partir de {least}{pt}.",
                f"“{text[:40]}” will not do here. Write a whole number from {least}{en or ' up'}.",
                where=option,
            )
        return value

    return number


PORT = whole_number("--port", 0, 65_535)
ATLAS = Option(("atlas",), "norte (predefinido), porto ou uma pasta", "norte (default), porto or a folder", {
    "nargs": "?", "default": "norte", "metavar": "ATLAS"})  # fmt: skip
STORE = Option(("--store",), "pasta da construção", "folder of the store", {"type": named_path, "metavar": "DIR"})
LANG = Option(("--lang",), "língua", "language", {"choices": ("pt", "en")})
QUIET = Option(("--quiet",), "sem mensagens", "no messages", {"action": "store_true"})
PROGRESS = Option(("--progress",), "progresso", "progress", {"choices": ("auto", "json", "off"), "default": "auto"})
FORMAT = Option(("--format",), "formato da lista", "format of the list", {
    "choices": ("table", "json", "csv"), "default": "table"})  # fmt: skip
WITHIN = Option(("--within",), "só a área deste código", "only the area of this code", {"metavar": "CODE"})
INDEX = Option(("--index",), "índice ou pilar (potential)", "index or pillar (potential)", {
    "default": "potential", "metavar": "ID"})  # fmt: skip
FORCE = Option(("--force",), "substituir o que existe", "replace what is there", {"action": "store_true"})
OUT = Option(("-o", "--output"), "ficheiro a escrever", "file to write", {
    "type": named_path, "required": True, "metavar": "FILE"})  # fmt: skip
WEIGHTS = Option(("--weights",), "TOML com [weights]", "TOML with [weights]", {
    "type": named_path, "metavar": "FILE.toml"})  # fmt: skip
PRESET = Option(("--preset",), "predefinição de pesos", "preset of weights", {"metavar": "ID"})


def opened(args: argparse.Namespace) -> Built:
    """The atlas that the arguments name, built first where its store is missing or stale."""
    from atlas.answers import Reporter
    from atlas.built import open_built

    reporter = Reporter(args.progress, quiet=args.quiet, lang=args.lang)
    with reporter:
        built = open_built(args.atlas, store=args.store, progress=reporter)
    if reporter.ran and not args.quiet:
        _say_what_went(built, args.lang)
    return built


def _say_what_went(built: Built, lang: str) -> None:
    """On standard error, what was built on request and went with the figures that it stood on."""
    import sys

    from atlas.answers import gone_lines

    for line in gone_lines(built, "en" if lang == "en" else "pt"):
        sys.stderr.write(line + "\n")
