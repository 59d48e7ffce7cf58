"""The legal grade that a record states, read from its tags in many spellings; the raw text stays beside it.

Grades of interest (Lei 107/2001, art. 15): national (``MN``), public (``IIP`` of the old law; ``MIP``, ``CIP``, ``SIP``
for monument, set and site) and municipal (``IIM``, ``IM``, ``VC`` of the old law; ``MIM``, ``CIM``, ``SIM``). Beside
them stand what is under procedure, what lies within a zone or a set of something else, and what has no protection.

Nothing is guessed. A level alone (``heritage=2``) is no grade: of the records of Norte with it, half are of national
and half of public interest. Statements that contradict each other give no grade, unless one of them is a grade's own
name or code and the other only a status or a level, which mappers leave behind; that is marked as contradicted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from rapidfuzz import fuzz

GradeId = Literal[
    "national", "public", "municipal", "pending", "within", "none", "national_or_public", "world", "unknown"
]  # fmt: skip
GRADES: tuple[GradeId, ...] = (
    "national", "public", "national_or_public", "municipal", "pending", "within", "world", "unknown", "none",
)  # fmt: skip
CODES: dict[str, GradeId] = {
    "MN": "national",
    **dict.fromkeys(("IIP", "MIP", "CIP", "SIP", "IP"), "public"),
    **dict.fromkeys(("IIM", "MIM", "CIM", "SIM", "IM", "VC"), "municipal"),
}  # fmt: skip
"""Codes of grades, as registers and mappers write them."""
LEVELS: dict[str, GradeId] = {"1": "world", "2": "national_or_public", "7": "municipal"}
"""``heritage=*`` of OpenStreetMap."""
OF_INTEREST = frozenset({"national", "public", "municipal", "world"})

NAMING_KEYS = ("heritage:ref", "protection_title", "protection_title:pt", "Classifica", "Situação Actual", "grau")
STATUS_KEYS = ("site_status",)
LEVEL_KEYS = ("heritage",)
INVENTORY_KEYS = (
    "ref:dgpc", "ref:pt:dgpc", "ref:igespar", "ref:IGESPAR", "ref:ipa", "ref:sipa", "ref:cns", "website:sipa",
    "heritage:website:sipa", "heritage:website", "heritage:website:arqueologia", "heritage:operator",
)  # fmt: skip
"""Keys that say that an inventory knows a thing. SIPA describes thousands that have no protection."""
_INVENTORY_ADDRESS = re.compile(r"monumentos\.(gov\.)?pt/|pesquisapatrimonioimovel", re.IGNORECASE)

ALIKE = 85  # similarity (0–100) above which a word is taken for a misspelling of one of the words below
_WORDS = ("monumento", "nacional", "interesse", "publico", "municipal", "imovel", "conjunto", "sitio", "concelhio")
_OTHER_WORDS = {
    "nacionais": "nacional", "publicos": "publico", "municipais": "municipal", "imoveis": "imovel",
    "interest": "interesse",
}  # fmt: skip
_NONE = re.compile(
    r"\bsem (qualquer )?protec?cao\b|\bprotec?cao inexistente\b|\bnao classificad|\bdesclassificad"
    r"|\bprocedimento (caducado|arquivado|encerrado)\b"
)
_WITHIN = re.compile(
    r"^(\w+ ){0,2}(incluid|abrangid|inserid|integrad)[oa]s?\b|^(zep|zgp|zona (geral|especial) de protec?cao)\b"
)
_PENDING = re.compile(r"\bvias de classificacao\b|\bdespacho de abertura\b|\bhomologad[oa]\b|\bprocedimento aberto\b")
_WORLD = re.compile(r"\bpatrimonio (mundial|da humanidade)\b|\bworld heritage\b")
_CODE = re.compile(r"\b(" + "|".join(sorted(CODES, key=len, reverse=True)) + r")\b")
_PHRASES: tuple[tuple[re.Pattern[str], GradeId, str | None], ...] = (
    (re.compile(r"\bmonumento nacional\b|\bnacional monumento\b"), "national", "MN"),
    (re.compile(r"\binteresse nacional\b"), "national", None),
    (re.compile(r"\bimovel (de )?interesse publico\b"), "public", "IIP"),
    (re.compile(r"\bmonumento (de )?interesse publico\b"), "public", "MIP"),
    (re.compile(r"\bconjunto (de )?interesse publico\b"), "public", "CIP"),
    (re.compile(r"\bsitio (de )?interesse publico\b"), "public", "SIP"),
    (re.compile(r"\binteresse publico\b|\bpublico interesse\b"), "public", "IP"),
    (re.compile(r"\bimovel (de )?interesse municipal\b"), "municipal", "IIM"),
    (re.compile(r"\bmonumento (de )?interesse municipal\b"), "municipal", "MIM"),
    (re.compile(r"\bconjunto (de )?interesse municipal\b"), "municipal", "CIM"),
    (re.compile(r"\bsitio (de )?interesse municipal\b"), "municipal", "SIM"),
    (re.compile(r"\binteresse municipal\b|\bmunicipal interesse\b"), "municipal", "IM"),
    (re.compile(r"\bvalor concelhio\b"), "municipal", "VC"),
)


@dataclass(frozen=True)
class Grade:
    """What a record states about its legal grade."""

    id: GradeId
    code: str | None = None
    """The normalised code where one is stated; for what is pending, the grade that is proposed."""
    raw: str = ""
    """The statements as the source writes them; empty where it makes none."""
    contradicted: bool = False
    inventory_only: bool = False
    """An inventory's number or address is all there is: no word on protection."""

    @property
    def shown(self) -> str:
        """The code, or else the id of the grade."""
        return self.code if self.code and self.id in OF_INTEREST else self.id


def grade_of(tags: Mapping[str, str], naming: Sequence[str] = ()) -> Grade:
    """The grade that the tags of a record state.

    Parameters
    ----------
    tags
        Tags of OpenStreetMap, or the columns of a register.
    naming
        Further keys whose text names a grade, such as the column that a planner's source declares.

    >>> grade_of({"heritage": "2", "heritage:ref": "MN", "protection_title": "Mmonumento Nacional"}).shown
    'MN'
    >>> grade_of({"heritage": "2"}).shown, grade_of({"heritage:website:sipa": "monumentos.pt/…?id=1"}).shown
    ('national_or_public', 'unknown')
    >>> grade_of({"protection_title": "Homologado como Imóvel de Interesse Público", "heritage:ref": "IIP"}).shown
    'pending'

    """
    names = [grade_in(tags[key], codes_only=key == "heritage:ref") for key in (*naming, *NAMING_KEYS) if key in tags]
    states = [grade_in(tags[key]) for key in STATUS_KEYS if key in tags]
    levels = [_of_level(tags[key]) for key in LEVEL_KEYS if key in tags]
    raw = _raw(tags, (*naming, *NAMING_KEYS, *STATUS_KEYS, *LEVEL_KEYS))
    found = _of_names([one for one in names if one.id != "unknown"])
    if found is None:
        found = _weaker([*states, *levels])
        found = replace(found, contradicted=False)
    elif found.id != "unknown":
        others = {one.id for one in (*states, *levels)} - {"unknown"}
        found = replace(found, contradicted=found.contradicted or any(not _agree(found.id, one) for one in others))
    if not raw:
        inventory = _raw(tags, INVENTORY_KEYS) or _addresses(tags)
        return Grade("unknown", raw=inventory, inventory_only=bool(inventory))
    return replace(found, raw=raw)


def merged(grades: Iterable[Grade]) -> Grade:
    """The grade of one site that several records speak of: what they agree on.

    >>> merged([Grade("public", "IIP"), Grade("unknown", raw="ref:ipa=1", inventory_only=True)]).shown
    'IIP'
    >>> merged([Grade("public", "IIP"), Grade("national", "MN")]).shown
    'national_or_public'

    """
    known = list(grades)
    raw = " | ".join(dict.fromkeys(one.raw for one in known if one.raw))
    found = _of_names([one for one in known if one.id != "unknown"])
    if found is None:
        return Grade("unknown", raw=raw, inventory_only=all(one.inventory_only for one in known))
    return replace(found, raw=raw, contradicted=found.contradicted or any(one.contradicted for one in known))


@cache
def grade_in(text: str, *, codes_only: bool = False) -> Grade:
    """The grade that one text names; ``unknown`` where it names none, or several that do not fit together."""
    plain = plain_text(text)
    if codes_only and text.strip().upper() in CODES:
        code = text.strip().upper()
        return Grade(CODES[code], code)
    if _NONE.search(plain):
        return Grade("none")
    if _WITHIN.search(plain):
        return Grade("within")
    named = _named(text, plain)
    if _PENDING.search(plain):
        return Grade("pending", named.code if named else None)
    if named:
        return named
    return Grade("world") if _WORLD.search(plain) else Grade("unknown")


def _named(text: str, plain: str) -> Grade | None:
    """The grade behind codes (in capitals: `sim` is a word) and phrases of a text."""
    found = [Grade(CODES[code], code) for code in _CODE.findall(text)]
    corrected = " ".join(_corrected(word) for word in plain.split())
    found += [Grade(id_, code) for pattern, id_, code in _PHRASES if pattern.search(corrected)][:1]
    return _of_names(found)


def _of_names(found: Sequence[Grade]) -> Grade | None:
    """What several statements come to; ``None`` where there is none."""
    if not found:
        return None
    ids = {one.id for one in found}
    codes = [one.code for one in found if one.code]
    graded = ids & OF_INTEREST
    if "none" in ids and len(ids) > 1:
        return Grade("unknown", contradicted=True)
    if "pending" in ids:
        return Grade("pending", codes[0] if codes else None)
    if len(graded) == 1:
        id_ = next(iter(graded))
        return Grade(id_, next((code for code in codes if CODES[code] == id_), None))
    if graded:
        both = graded <= {"national", "public", "world"}
        return Grade("national_or_public" if both else "unknown", contradicted=True)
    return next((Grade(one) for one in ("national_or_public", "within", "none") if one in ids), None)


def _weaker(found: Sequence[Grade]) -> Grade:
    """What status and level say where no grade is named: the first that says something."""
    return next((one for one in found if one.id != "unknown"), Grade("unknown"))


def _of_level(value: str) -> Grade:
    """``heritage=*``: the administrative level of who protects (1 world, 2 state, 7 municipality), or a text."""
    level = value.strip().casefold()
    if level in LEVELS:
        return Grade(LEVELS[level])
    return Grade("none") if level in {"no", "none"} else grade_in(value)


def _agree(grade: GradeId, other: GradeId) -> bool:
    if other == "national_or_public":
        return grade in {"national", "public", "pending", "national_or_public", "world"}
    return grade == other


def _raw(tags: Mapping[str, str], keys: Iterable[str]) -> str:
    return "; ".join(f"{key}={tags[key]}" for key in dict.fromkeys(keys) if tags.get(key))


def _addresses(tags: Mapping[str, str]) -> str:
    """Addresses of the state's inventories under any other key."""
    return "; ".join(f"{key}={value}" for key, value in tags.items() if _INVENTORY_ADDRESS.search(value))


@cache
def _corrected(word: str) -> str:
    """A word of a grade's name that is misspelt by a letter or two, as it should be; any other as it is."""
    if word in _OTHER_WORDS:
        return _OTHER_WORDS[word]
    if len(word) < 5:
        return word
    best = max(_WORDS, key=lambda known: fuzz.ratio(word, known))
    return best if fuzz.ratio(word, best) >= ALIKE else word


def plain_text(text: str) -> str:
    """Without accents, capitals and punctuation."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))
    return " ".join(re.findall(r"[a-z0-9]+", bare))
