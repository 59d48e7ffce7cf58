"""What pydantic refuses in a configuration, said in both languages: what stood there, and what the key asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

OWN = "atlas"
"""The type of a fault that a model of the atlas found by itself: its words are in the context, in both languages."""

_KINDS: Mapping[str, tuple[str, str]] = {
    "bool": ("`true` ou `false`", "`true` or `false`"),
    "dict": ("uma tabela", "a table"),
    "float": ("um número", "a number"),
    "int": ("um número inteiro", "a whole number"),
    "list": ("uma lista", "a list"),
    "mapping": ("uma tabela", "a table"),
    "model": ("uma tabela", "a table"),
    "string": ("um texto entre aspas", "a text in quotes"),
    "tuple": ("uma lista", "a list"),
}
"""What is asked for, by the first word of pydantic's type of error."""

_BOUNDS: Mapping[str, tuple[str, str]] = {
    "finite_number": ("tem de ser um número finito", "it must be a finite number"),
    "greater_than": ("tem de ser maior do que {gt}", "it must be greater than {gt}"),
    "greater_than_equal": ("tem de ser pelo menos {ge}", "it must be at least {ge}"),
    "less_than": ("tem de ser menor do que {lt}", "it must be less than {lt}"),
    "less_than_equal": ("tem de ser no máximo {le}", "it must be at most {le}"),
    "literal_error": ("tem de ser um destes: {expected}", "it must be one of these: {expected}"),
    "enum": ("tem de ser um destes: {expected}", "it must be one of these: {expected}"),
    "string_pattern_mismatch": ("tem de ter a forma `{pattern}`", "it must be of the form `{pattern}`"),
    "string_too_long": ("não pode ter mais de {max_length} letras", "it must not be longer than {max_length} letters"),
    "string_too_short": (
        "não pode ser tão curto (mínimo: {min_length})",
        "it must not be so short (least: {min_length})",
    ),
    "too_long": ("a lista é longa de mais (máximo: {max_length})", "the list is too long (most: {max_length})"),
    "too_short": ("a lista é curta de mais (mínimo: {min_length})", "the list is too short (least: {min_length})"),
    "union_tag_invalid": ("tem de ser um destes: {expected_tags}", "it must be one of these: {expected_tags}"),
}


def said(pt: str, en: str) -> PydanticCustomError:
    """What a validator of a model raises: its reason in both languages.

    >>> said("o primeiro é o menor", "the first is the lower one").context["pt"]
    'o primeiro é o menor'
    """
    return PydanticCustomError(OWN, "{en}", {"pt": pt, "en": en})


def expected(error: Mapping[str, Any]) -> tuple[str, str]:
    """What a key asks for, in both languages, from one of pydantic's errors.

    >>> expected({"type": "int_parsing", "msg": "Input should be a valid integer"})
    ('tem de ser um número inteiro', 'it must be a whole number')
    >>> expected({"type": "greater_than", "msg": "", "ctx": {"gt": 0.0}})[1]
    'it must be greater than 0'
    >>> expected({"type": "literal_error", "msg": "", "ctx": {"expected": "'more' or 'less'"}})[0]
    "tem de ser um destes: 'more', 'less'"
    """
    kind, context = str(error["type"]), dict(error.get("ctx") or {})
    if kind == OWN:
        return str(context["pt"]), str(context["en"])
    if kind in _BOUNDS:
        words = {key: _plain(value) for key, value in context.items()}
        pt, en = _BOUNDS[kind]
        return pt.format(**words), en.format(**words)
    asked = _KINDS.get(kind.split("_", 1)[0])
    if asked is not None:
        return f"tem de ser {asked[0]}", f"it must be {asked[1]}"
    return (
        "não é o que a chave pede; veja docs/configuration.md",
        "it is not what the key asks for; see docs/configuration.md",
    )


def _plain(value: object) -> str:
    """A bound as it is written in TOML; the words that pydantic joins by ``or`` as a list."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace(" or ", ", ")


def shown(given: object) -> tuple[str, str]:
    """What stood there, in both languages.

    >>> shown(True), shown("a"), shown([1])
    (('`true`', '`true`'), ('«a»', '“a”'), ('uma lista', 'a list'))
    """
    if isinstance(given, bool):
        return (f"`{str(given).lower()}`",) * 2
    if isinstance(given, int | float):
        return str(given), str(given)
    if isinstance(given, str):
        cut = given if len(given) <= 80 else f"{given[:79]}…"
        return f"«{cut}»", f"“{cut}”"
    return _KINDS.get(type(given).__name__, ("outra coisa", "something else"))
