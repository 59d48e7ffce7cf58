"""``atlas``: finds the command, speaks the language asked for, and turns faults into one paragraph and an exit code."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any

from atlas.commands import (
    ATLAS,
    FORMAT,
    LANG,
    PROGRESS,
    QUIET,
    STORE,
    Command,
    building,
    diagnosing,
    fetching,
    field,
    handing_over,
    initialising,
    legal,
    planning,
    reading,
    strategy,
    weighing,
    writing,
)
from atlas.commands.parser import Parser
from atlas.errors import AtlasError, from_system
from atlas.language import default_language

FINE, WRONG, USAGE, FAULT = 0, 1, 2, 3
COMMANDS: tuple[Command, ...] = (
    *building.COMMANDS,
    *reading.COMMANDS,
    *diagnosing.COMMANDS,
    *weighing.COMMANDS,
    *strategy.COMMANDS,
    *legal.COMMANDS,
    *planning.COMMANDS,
    *writing.COMMANDS,
    *handing_over.COMMANDS,
    *field.COMMANDS,
    *initialising.COMMANDS,
    *fetching.COMMANDS,
)


def parser(lang: str, words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of all commands, with its help in ``lang``; only those among ``words`` get their arguments."""
    pick = 1 if lang == "en" else 0
    whole = Parser(
        lang,
        prog="atlas",
        description=("Atlas de lugares criativos para a regeneração urbana.",
                     "Atlas of creative places for urban regeneration.")[pick],
    )  # fmt: skip
    whole.add_argument("--version", action="store_true", help=("a versão", "the version")[pick])
    spare = argparse.ArgumentParser(add_help=False)  # one for all that are not asked: to make one each takes long

    def made(**told: Any) -> Any:
        return Parser(lang, **told) if told["prog"].rpartition(" ")[2] in words else spare

    make: Any = made  # argparse calls it, and wants no class
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", parser_class=make)
    for command in COMMANDS:
        said = (command.pt, command.en)[pick]
        one = commands.add_parser(command.name, help=said, description=said)
        if command.name not in words:
            continue
        common = [LANG, QUIET, PROGRESS]
        common += [FORMAT] if command.lists else []
        common += [STORE] if command.takes_atlas else []
        for option in (*command.options, *common, *([ATLAS] if command.takes_atlas else [])):
            one.add_argument(*option.names, help=(option.pt, option.en)[pick], **option.more)
        group = one.add_mutually_exclusive_group(required=True) if command.one_of else None
        for option in command.one_of:
            assert group is not None
            group.add_argument(*option.names, help=(option.pt, option.en)[pick], **option.more)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 fine, 1 a wrong input or request, 2 usage, 3 an internal fault."""
    words = [_decimal_point(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    lang = _language(words)
    whole = parser(lang, words)
    try:
        args, left = whole.parse_known_args(words)
        _take_atlas(whole, args, left)
    except SystemExit as stop:
        return int(stop.code or 0)
    except AtlasError as fault:  # an argument of the wrong kind
        print(fault.text(lang), file=sys.stderr)
        return USAGE
    if args.version:
        from atlas import __version__

        print(__version__)
        return FINE
    command = next((one for one in COMMANDS if one.name == args.command), None)
    if command is None:
        whole.print_help()
        return USAGE
    args.lang = lang
    return _run(command, args)


def _decimal_point(word: str) -> str:
    """A negative number with a decimal comma, which argparse would take for an option, with a point.

    >>> _decimal_point("-8,611"), _decimal_point("--weights"), _decimal_point("41,148")
    ('-8.611', '--weights', '41,148')
    """
    return word.replace(",", ".") if re.fullmatch(r"-\d+,\d+", word) else word


def _take_atlas(whole: argparse.ArgumentParser, args: argparse.Namespace, left: list[str]) -> None:
    """Give the last word to ATLAS: argparse fills an optional position before the options that stand ahead of it."""
    if len(left) == 1 and not left[0].startswith("-") and getattr(args, "atlas", None) == ATLAS.more["default"]:
        args.atlas = left[0]
    elif left:
        whole.error(f"unrecognized arguments: {' '.join(left)}")


def _run(command: Command, args: argparse.Namespace) -> int:
    try:
        answer = command.run(args)
        if answer is not None:
            answer.print(getattr(args, "format", "table"))
        return FINE
    except AtlasError as fault:
        print(fault.text(args.lang), file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        sys.stderr.close()
        return FINE
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # noqa: BLE001  (the last line of defence: a log instead of a traceback)
        told = from_system(fault) if isinstance(fault, OSError) else None
        if told is not None:
            print(told.text(args.lang), file=sys.stderr)
            return WRONG
        from atlas.answers import internal_fault

        print(internal_fault(fault, args.lang), file=sys.stderr)
        return FAULT


def _language(words: Sequence[str]) -> str:
    """``--lang`` before the arguments are parsed, so that the help speaks it; else that of the locale."""
    for position, word in enumerate(words):
        if word == "--lang" and position + 1 < len(words):
            return "en" if words[position + 1] == "en" else "pt"
        if word.startswith("--lang="):
            return "en" if word == "--lang=en" else "pt"
    return default_language()


if __name__ == "__main__":
    raise SystemExit(main())
