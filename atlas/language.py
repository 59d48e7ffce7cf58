"""Texts in two languages: catalogues, plurals, numbers and dates as Portugal writes them.

Catalogues are gettext ``.po`` files under ``atlas/locale/{pt,en}/``, one a room (``app.po``, ``cli.po`` …); every
message has a key, and both languages must hold every key (a test compares them).
"""

from __future__ import annotations

import os
import string
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from atlas.config import Neighbourhoods, Text

Lang = Literal["pt", "en"]
LANGUAGES: tuple[Lang, ...] = ("pt", "en")
_BABEL: dict[str, str] = {"pt": "pt_PT", "en": "en_GB"}
NO_BREAK = "\N{NO-BREAK SPACE}"
_SEPARATORS: dict[str, dict[int, int]] = {
    "pt": str.maketrans(",.-", f"{NO_BREAK},\N{MINUS SIGN}"),
    "en": str.maketrans("-", "\N{MINUS SIGN}"),
}
"""From Python's thousands, decimal and minus signs to the language's; a hundred times faster than a pattern."""


class InUnit(Protocol):
    """What is read as a number with a unit after it; ``unit_one`` is the unit after 1, where that is another word."""

    @property
    def unit(self) -> Text:
        """The unit after any other number."""

    @property
    def unit_one(self) -> Text | None:
        """The unit after 1; None where it is a symbol."""


@cache
def catalogue(lang: Lang) -> dict[str, tuple[str, ...]]:
    """Key → forms (singular, plural) of one language, from all its ``.po`` files."""
    from pathlib import Path

    from babel.messages.pofile import read_po

    messages: dict[str, tuple[str, ...]] = {}
    for path in sorted((Path(__file__).parent / "locale" / lang).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=_BABEL[lang]):
                if not message.id:
                    continue
                key = message.id[0] if isinstance(message.id, tuple | list) else message.id
                text = message.string
                messages[key] = tuple(text) if isinstance(text, tuple | list) else (text,)
    return messages


@cache
def _plural_rule(lang: str) -> Callable[[Any], str]:
    """Unicode's rule for the language: which form follows a number, as it is written."""
    from babel import Locale

    return Locale.parse(_BABEL[lang]).plural_form


def singular(lang: str, number: float, decimals: int = 0) -> bool:
    """Whether ``number``, written with so many decimals, takes the singular: 1 and −1 do, 0 and 1,0 do not.

    >>> [singular("pt", 1), singular("pt", 0), singular("pt", 1, 1), singular("en", 0.9)]
    [True, False, False, True]
    """
    from decimal import Decimal

    return number == number and _plural_rule(lang)(Decimal(f"{number:.{decimals}f}")) == "one"


def counted(lang: str, number: float, forms: str) -> str:
    """The form for a number of ``"# lugar|# lugares"``; ``#`` stands for the number as the language writes it.

    >>> counted("pt", 1, "# lugar novo|# lugares novos"), counted("pt", 0, "tem|têm")
    ('1 lugar novo', 'têm')
    """
    one, several = forms.split("|")
    return (one if singular(lang, number) else several).replace("#", written(lang, number))


def written(lang: str, value: float, decimals: int = 0) -> str:
    """A number as the language writes it, without the sign where nothing but zeros is left of it."""
    return f"{value:z,.{decimals}f}".translate(_SEPARATORS[lang])


def percent(lang: str, share: float, decimals: int = 0) -> str:
    """A share from 0 to 1 as ``12,5 %``, the sign on the number's line.

    >>> percent("pt", 0.125, 1).replace(NO_BREAK, "_")
    '12,5_%'
    """
    return f"{written(lang, 100 * share, decimals)}{NO_BREAK}%"


class _Sentence(string.Formatter):
    """``str.format`` in which a number may choose words: ``{places:# lugar|# lugares}``."""

    def __init__(self, lang: Lang) -> None:
        self._lang = lang

    def format_field(self, value: Any, format_spec: str) -> Any:
        """A value as its place in the sentence asks for it."""
        return counted(self._lang, value, format_spec) if "|" in format_spec else format(value, format_spec)


class Translator:
    """``t("key", name=value)`` gives a whole sentence; ``t.n("key", 3)`` picks its plural.

    A message with several numbers holds their words itself: ``{units:# unidade|# unidades} em {areas:# área|# áreas}``.
    """

    def __init__(self, lang: Lang = "pt") -> None:
        self.lang: Lang = lang
        self._messages = catalogue(lang)
        self._sentence = _Sentence(lang)

    def __call__(self, key: str, **values: object) -> str:
        """The sentence behind ``key``; a key that no catalogue holds raises ``KeyError``."""
        text = self._messages[key][0]
        return self._filled(text, values) if values else text

    def n(self, key: str, count: int, **values: object) -> str:
        """The form of ``key`` for ``count`` (0 takes the plural), with ``{count}`` written as a number."""
        forms = self._messages[key]
        text = forms[0] if len(forms) == 1 or singular(self.lang, count) else forms[1]
        return self._filled(text, {"count": self.number(count), **values})

    def _filled(self, text: str, values: dict[str, object]) -> str:
        # the formatter that knows plurals takes ten times as long, and few messages need it
        return self._sentence.vformat(text, (), values) if "|" in text else text.format(**values)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """``1 234,5`` in Portuguese, ``1,234.5`` in English; a dash where there is no figure.

        >>> Translator("pt").number(1234.5, 1).replace(NO_BREAK, "_")
        '1_234,5'
        >>> Translator("en").number(None)
        '—'
        """
        if value is None or value != value:
            return "—"
        return written(self.lang, value, decimals)

    def span(self, low: float | None, high: float | None, decimals: int = 0) -> str:
        """From one figure to another, ``1–6``: one figure where both are written alike, a dash where one is missing.

        >>> t = Translator("pt")
        >>> t.span(1, 6), t.span(85.41, 85.44, 1), t.span(None, 6)
        ('1–6', '85,4', '—')
        """
        first, last = self.number(low, decimals), self.number(high, decimals)
        if "—" in (first, last):
            return "—"
        return first if first == last else f"{first}–{last}"

    def quantity(self, value: float | None, what: InUnit, decimals: int) -> str:
        """A figure with its unit after it: ``1 galeria``, ``3 galerias``, ``12,5 %``; a dash where there is none."""
        if value is None or value != value:
            return "—"
        unit = self.unit(value, what, decimals)
        # a symbol stays on its number's line, a word may go to the next
        space = " " if what.unit_one else NO_BREAK
        return f"{self.number(value, decimals)}{space}{unit}" if unit else self.number(value, decimals)

    def unit(self, value: float, what: InUnit, decimals: int) -> str:
        """The unit alone, as it is written after this figure."""
        one = what.unit_one if singular(self.lang, value, decimals) else None
        return (one or what.unit).in_(self.lang)

    def units(self, count: int, called: Neighbourhoods) -> str:
        """What so many of the atlas's units are called: ``freguesia``, ``freguesias``."""
        return (called.unit if singular(self.lang, count) else called.units).in_(self.lang)

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """A share from 0 to 1 as ``12,5 %``."""
        if share is None or share != share:
            return "—"
        return percent(self.lang, share, decimals)

    def date(self, day: str | dt.date) -> str:
        """``23/11/2026``; what is no whole date (``2021``, ``2024-03``) stays as it stands."""
        import datetime as dt

        from babel.dates import format_date

        try:
            whole = dt.date.fromisoformat(day) if isinstance(day, str) else day
        except ValueError:
            return str(day)
        return str(format_date(whole, "dd/MM/yyyy", locale=_BABEL[self.lang]))


def both(key: str) -> Text:
    """The message behind a key in both languages."""
    from atlas.config import Text

    return Text(**{lang: Translator(lang)(key) for lang in LANGUAGES})


def default_language() -> Lang:
    """Portuguese, unless the locale of the process is English."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "en" if said.lower().startswith("en") else "pt"
