"""Text that people type into a form, on one line and without what cannot be written."""

from __future__ import annotations

import re

from atlas.exports.exportable import clean_text

_LONGEST = 500


def plain_line(value: object) -> str:
    r"""``value`` on one line; nothing where there is none.

    >>> plain_line(" Sé\x00\n do  Porto "), plain_line(None), plain_line(float("nan"))
    ('Sé do Porto', '', '')
    """
    return re.sub(r"\s+", " ", clean_text(value)).strip()[:_LONGEST] if isinstance(value, str) else ""
