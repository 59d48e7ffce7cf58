"""Text from data must stay text in a spreadsheet, whatever it begins with."""

from __future__ import annotations

_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
_UNSEEN = "' \u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Blanks and direction marks that a program may skip before it looks at the first sign."""


def inert(text: str) -> str:
    r"""``text`` with an apostrophe before it where a spreadsheet would take it for a formula.

    The apostrophe is doubled where it was already there before such a sign, so that nothing is lost:
    :func:`restored` gives the text back.

    >>> inert('=HYPERLINK("x")'), inert("Sé"), inert("'=1")
    ('\'=HYPERLINK("x")', 'Sé', "''=1")
    """
    return "'" + text if _begins_like_a_formula(text) else text


def restored(cell: str) -> str:
    """What :func:`inert` was given.

    >>> restored(inert("@SUM(1)"))
    '@SUM(1)'
    """
    return cell[1:] if cell.startswith("'") and _begins_like_a_formula(cell[1:]) else cell


def _begins_like_a_formula(text: str) -> bool:
    return text[:1] in _STARTS or text.lstrip(_UNSEEN)[:1] in _STARTS
