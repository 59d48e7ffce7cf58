"""argparse that speaks Portuguese: its own headings and complaints are English alone."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

_TITLES = {"positional arguments": "argumentos", "options": "opções"}
_HELP = ("mostra esta ajuda e termina", "show this help and end")
_COMPLAINTS = (
    (r"the following arguments are required: (.+)", r"falta indicar: \1"),
    (r"unrecognized arguments: (.+)", r"argumentos desconhecidos: \1"),
    (r"argument (.+?): invalid choice: '(.*)' \(choose from (.+)\)", r"\1: «\2» não serve; escolha entre \3"),
    (r"argument (.+?): expected one argument", r"\1: falta o valor"),
    (r"argument (.+?): expected at least one argument", r"\1: falta pelo menos um valor"),
    (r"argument (.+?): expected (\d+) arguments?", r"\1: são precisos \2 valores"),
    (r"argument (.+?): not allowed with argument (.+)", r"\1: não pode ser usado com \2"),
    (r"argument (.+?): ignored explicit argument '(.*)'", r"\1: não leva valor («\2»)"),
    (r"argument (.+?): invalid \w+ value: '(.*)'", r"\1: «\2» não serve"),
    (r"one of the arguments (.+) is required", r"falta indicar um destes: \1"),
    (r"ambiguous option: (\S+) could match (.+)", r"\1 não chega para escolher entre \2"),
)


class _Help(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "utilização: " if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """A parser whose headings and complaints are in ``lang``."""

    def __init__(self, lang: str, **told: Any) -> None:
        self._lang = lang
        if lang != "en":
            told.setdefault("formatter_class", _Help)
        super().__init__(add_help=False, **told)
        self.add_argument("-h", "--help", action="help", help=_HELP[lang == "en"])

    def format_help(self) -> str:
        """The help, its headings in the parser's language."""
        said = super().format_help()
        if self._lang != "en":
            for english, portuguese in _TITLES.items():
                said = re.sub(rf"^{english}:$", f"{portuguese}:", said, flags=re.MULTILINE)
        return said

    def error(self, message: str) -> NoReturn:
        """End with the complaint in the parser's language, below the usage."""
        if self._lang == "en":
            super().error(message)
        self.exit(2, f"{self.format_usage()}{self.prog}: {complaint(message)}.\n")


def complaint(message: str) -> str:
    """What argparse complains of, in Portuguese; as it stands where no pattern knows it.

    >>> complaint("argument --lang: invalid choice: 'fr' (choose from 'pt', 'en')")
    "--lang: «fr» não serve; escolha entre 'pt', 'en'"
    """
    for pattern, said in _COMPLAINTS:
        if found := re.fullmatch(pattern, message, flags=re.DOTALL):
            return found.expand(said)
    return message
