"""Expressions on the tags of OpenStreetMap, as layers are written in: ``amenity=theatre + name~cine``.

A *term* is ``key=value``, ``key=one|other``, ``key=*`` (anything that affirms) or ``key~regular expression``
(anywhere in the value, capitals or not). An expression is terms joined by `` + ``, and holds where all do. Of a value
such as ``books;music`` each part counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from atlas.errors import ConfigError

DENIALS = frozenset(
    [
        "no",
        "none",
        "false",
        "0",
        "vacant",
        "closed",
        "disused",
        "abandoned",
        "was",
        "demolished",
        "razed",
        "removed",
        "proposed",
        "planned",
        "construction",
    ]
)
"""Values that do not affirm a key: ``heritage=no`` is no heritage, ``shop=vacant`` no shop."""

OUT_OF_USE = ("disused", "abandoned")
"""Stages, as keys of their own (``disused=yes``) or as prefixes, in which a thing stands and is not used."""
NOT_THERE = ("was", "demolished", "razed", "removed", "proposed", "planned", "construction")
"""Stages in which a thing is no more or not yet."""
STAGES = (*OUT_OF_USE, *NOT_THERE)
_OUT_OF_USE, _NOT_THERE = frozenset(OUT_OF_USE), frozenset(NOT_THERE)

_TERM = re.compile(r"^(?P<key>[^\s=~+|*]+)(?P<sign>[=~])(?P<value>.+)$")


@dataclass(frozen=True)
class Term:
    """One condition on one key: some values, some beginnings of codes, a pattern, or anything that affirms."""

    key: str
    accepted: frozenset[str] | None = None
    beginnings: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None

    def holds(self, tags: Mapping[str, str]) -> bool:
        """Whether the tags meet the condition."""
        value = tags.get(self.key)
        if value is None:
            return False
        if self.accepted is not None:
            return value in self.accepted or any(part in self.accepted for part in parts(value))
        if self.beginnings:
            return any(re.sub(r"\W", "", part).startswith(self.beginnings) for part in parts(value))
        if self.pattern is not None:
            return self.pattern.search(value) is not None
        return value not in DENIALS


Expression = tuple[Term, ...]


def parts(value: str) -> Iterator[str]:
    """The values of a tag that holds several.

    >>> list(parts("books; music"))
    ['books', 'music']
    """
    return (part.strip() for part in value.split(";"))


def parse_expression(text: str) -> Expression:
    """The terms of an expression.

    >>> parse_expression("shop=art|frame + name~^Galeria")[0].accepted == {"art", "frame"}
    True
    >>> parse_expression("shop")
    Traceback (most recent call last):
    ...
    atlas.errors.ConfigError: «shop» não é uma etiqueta. Escreva `chave=valor`, `chave=*` ou `chave~expressão`.
    """
    return tuple(_parse_term(term.strip()) for term in text.split(" + "))


def _parse_term(text: str) -> Term:
    found = _TERM.match(text)
    if found is None:
        raise ConfigError(
            f"«{text}» não é uma etiqueta. Escreva `chave=valor`, `chave=*` ou `chave~expressão`.",
            f"“{text}” is no tag. Write `key=value`, `key=*` or `key~expression`.",
        )
    key, sign, value = found.group("key", "sign", "value")
    if sign == "~":
        return Term(key, pattern=parse_pattern(value))
    if value == "*":
        return Term(key)
    return Term(key, accepted=frozenset(part.strip() for part in value.split("|")))


def parse_pattern(text: str) -> re.Pattern[str]:
    """A regular expression that does not mind capitals."""
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as fault:
        raise ConfigError(
            f"«{text}» não é uma expressão regular válida ({fault}). Corrija-a.",
            f"“{text}” is no valid regular expression ({fault}). Mend it.",
        ) from None


def is_not_there(tags: Mapping[str, str]) -> bool:
    """Whether a key of its own says that the thing is no more, or not yet.

    >>> is_not_there({"amenity": "theatre", "demolished": "yes"}), is_not_there({"construction": "minor"})
    (True, False)
    """
    return not _NOT_THERE.isdisjoint(tags) and any(tags.get(key) == "yes" for key in NOT_THERE)


def is_out_of_use(tags: Mapping[str, str]) -> bool:
    """Whether a key of its own says that the thing stands unused.

    >>> is_out_of_use({"amenity": "theatre", "disused": "yes"}), is_out_of_use({"disused:amenity": "theatre"})
    (True, False)
    """
    return not _OUT_OF_USE.isdisjoint(tags) and any(tags.get(key, "no") not in DENIALS for key in OUT_OF_USE)
