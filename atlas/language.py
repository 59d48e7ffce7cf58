"""Texts in two languages: catalogues, plurals, numbers and dates as Portugal writes them.

Catalogues are gettext ``.po`` files under ``atlas/locale/{pt,en}/``, one a room (``app.po``, ``cli.po`` …); every
message has a key, and both languages must hold every key (a test compares them).
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import datetime as dt

Lang = Literal["pt", "en"]
LANGUAGES: tuple[Lang, ...] = ("pt", "en")
_BABEL = {"pt": "pt_PT", "en": "en_GB"}
_CATALOGUES = Path(__file__).parent / "locale"
NO_BREAK = "\N{NO-BREAK SPACE}"
_SEPARATORS = {"pt": str.maketrans(",.", f"{NO_BREAK},"), "en": str.maketrans("", "")}
"""From Python's thousands and decimal signs to the language's; a hundred times faster than a pattern."""


@cache
def catalogue(lang: Lang) -> dict[str, tuple[str, ...]]:
    """Key → forms (singular, plural) of one language, from all its ``.po`` files."""
    from babel.messages.pofile import read_po

    messages: dict[str, tuple[str, ...]] = {}
    for path in sorted((_CATALOGUES / lang).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=_BABEL[lang]):
                if not message.id:
                    continue
                key = message.id[0] if isinstance(message.id, tuple | list) else message.id
                text = message.string
                messages[key] = tuple(text) if isinstance(text, tuple | list) else (text,)
    return messages


class Translator:
    """``t("key", name=value)`` gives a whole sentence; ``t.n("key", 3)`` picks its plural."""

    def __init__(self, lang: Lang = "pt") -> None:
        self.lang: Lang = lang
        self._messages = catalogue(lang)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence behind ``key``; a key that no catalogue holds raises ``KeyError``."""
        text = self._messages[key][0]
        return text.format(**values) if values else text

    def n(self, key: str, count: int, **values: object) -> str:
        """The form of ``key`` for ``count`` (0 takes the plural), with ``{count}`` written as a number."""
        forms = self._messages[key]
        text = forms[0] if count == 1 or len(forms) == 1 else forms[1]
        return text.format(count=self.number(count), **values)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """``1 234,5`` in Portuguese, ``1,234.5`` in English; a dash where there is no figure.

        >>> Translator("pt").number(1234.5, 1).replace(NO_BREAK, "_")
        '1_234,5'
        >>> Translator("en").number(None)
        '—'
        """
        if value is None or value != value:
            return "—"
        return f"{value:,.{decimals}f}".translate(_SEPARATORS[self.lang])

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """A share from 0 to 1 as ``12,5 %``."""
        if share is None or share != share:
            return "—"
        return f"{self.number(100 * share, decimals)}{NO_BREAK}%"

    def date(self, day: str | dt.date) -> str:
        """``23/11/2026``; what is no whole date (``2021``, ``2024-03``) stays as it stands."""
        import datetime as dt

        from babel.dates import format_date

        try:
            whole = dt.date.fromisoformat(day) if isinstance(day, str) else day
        except ValueError:
            return str(day)
        return str(format_date(whole, "dd/MM/yyyy", locale=_BABEL[self.lang]))


def default_language() -> Lang:
    """Portuguese, unless the locale of the process is English."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "en" if said.lower().startswith("en") else "pt"
