"""Ten-character names for formats that have no room for more, still readable and always distinct."""

from __future__ import annotations

from collections.abc import Sequence

SHORT_LENGTH = 10
_WORDS = {
    "potential": "pot", "decline": "dec", "pressure": "pres", "opportunity": "opp", "residents": "res",
    "rank": "rk", "data": "d", "low": "lo", "high": "hi", "level": "lvl", "coverage": "cov", "parent": "par",
    "name": "nm", "neighbourhood": "nbh", "density": "dens", "share": "sh", "people": "peo", "number": "n",
    "change": "chg", "higher": "hi", "education": "edu", "employment": "emp", "population": "pop",
}  # fmt: skip


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Full name → a name of at most ten characters; what fits stays, and no two are equal.

    >>> short_names(["code", "potential_rank_data_low", "potential_rank_data_high", "heritage_within_400m"])
    {'code': 'code', 'potential_rank_data_low': 'pot_rkdlo', \
'potential_rank_data_high': 'pot_rkdhi', 'heritage_within_400m': 'heriwit400'}
    """
    short = {name: name for name in names if len(name) <= SHORT_LENGTH}
    taken = {name.lower() for name in short.values()}
    for name in names:
        if name in short:
            continue
        guess = _abbreviated(name)
        number = 1
        while guess.lower() in taken:
            number += 1
            guess = f"{_abbreviated(name)[: SHORT_LENGTH - len(str(number))]}{number}"
        short[name] = guess
        taken.add(guess.lower())
    return {name: short[name] for name in names}


def _abbreviated(name: str) -> str:
    """Known words by their short form, then every word cut to the same length."""
    words = [_WORDS.get(word, word) for word in name.split("_") if word]
    joined = "_".join([words[0], "".join(words[1:])] if len(words) > 1 else words or [name])
    if len(joined) <= SHORT_LENGTH:
        return joined
    if len(words) == 1:
        return words[0][:SHORT_LENGTH]
    room = max(SHORT_LENGTH // len(words), 1)
    return "".join(word[: room + 1 if position < SHORT_LENGTH % len(words) else room]
                   for position, word in enumerate(words))[:SHORT_LENGTH]  # fmt: skip
