"""What ``atlas init`` found and decided, to be said in either language."""

from __future__ import annotations

from typing import Any

from atlas.config import Text
from atlas.language import Translator, written

UNSTATED = "?"  # the publisher or the licence of a file that does not say it, until it is written down in words


def figure(value: float, decimals: int = 0) -> Text:
    """A number as each language writes it.

    >>> figure(0.021, 2).pt, figure(0.021, 2).en
    ('0,02', '0.02')
    """
    return Text(pt=written("pt", value, decimals), en=written("en", value, decimals))


class Note:
    """A key of the catalogue with its values; ``count`` picks the plural. Values may be notes or texts themselves."""

    def __init__(self, key: str, count: int | None = None, **values: Any) -> None:
        self.key, self.count, self.said = key, count, values

    def text(self, t: Translator) -> str:
        """The sentence in the translator's language."""
        said = {key: _said(value, t) for key, value in self.said.items()}
        return t(self.key, **said) if self.count is None else t.n(self.key, self.count, **said)


def _said(value: Any, t: Translator) -> Any:
    if isinstance(value, Note):
        return value.text(t)
    return value.in_(t.lang) if isinstance(value, Text) else value
