"""Names brought to a form in which two spellings of one thing look alike, and what a name says beside."""

from __future__ import annotations

import json
import re
from functools import lru_cache

import pandas as pd

from atlas.fusion.letters import latin

_SMALL_WORDS = frozenset({
    "de", "da", "do", "das", "dos", "del", "e", "a", "o", "as", "os", "em", "no", "na", "the", "of", "and",
    "d", "s", "sao", "santo", "santa", "st", "sto", "sta", "saint", "san",
})  # fmt: skip
_ONE_WORD = {
    r"\bcine ?theatro\b|\bcine ?teatro\b|\btheatre cinema\b": "cineteatro",
    r"\bmuse(?:um|o|e|i|en)\b": "museu",
    r"\bth?eat(?:re|er|ro|ri|teri)\b": "teatro",
    r"\b(?:church|iglesia|eglise|kirche|kirkko|chiesa)\b": "igreja",
    r"\b(?:chapel|capilla|chapelle|kapelle|kappeli|cappella)\b": "capela",
    r"\b(?:castle|castillo|chateau|schloss|linna|castello)\b": "castelo",
    r"\b(?:library|bibliotheque|bibliothek|kirjasto)\b": "biblioteca",
    r"\b(?:gallery|galerie|galleria)\b": "galeria",
    r"\b(?:bridge|puente|pont|brucke|silta)\b": "ponte",
    r"\b(?:university|universidad|universite|universitat|yliopisto)\b": "universidade",
    r"\bdolmen\b": "anta",
    r"\bpublic\b": "publica",
    r"\bprofa?\b": "professor",
    r"\bdra?\b": "doutor",
    r"\beng\b": "engenheiro",
    r"\barq\b": "arquiteto",
    r"\bpe\b": "padre",
    r"\b(?:n|nossa)(?: ?a)? (?:sra|sr a|s a|sa|s)\b": "nossa senhora",
    r"\bmun\b": "municipal",
    r"\bbibl?\b": "biblioteca",
    r"\bmus\b": "museu",
    r"\besc\b": "escola",
    r"\binst\b": "instituto",
    r"\buniv\b": "universidade",
    r"\bfac\b": "faculdade",
    r"\bav\b": "avenida",
}
_IN_ONE = re.compile("|".join(f"({pattern})" for pattern in _ONE_WORD))
_WORDS = tuple(_ONE_WORD.values())
_ROMAN_WORDS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi")
_ROMAN = {word: str(number) for number, word in enumerate(_ROMAN_WORDS, 1)}
_OTHER_SIGNS = re.compile(r"[\W_]+")
_LEGEND = re.compile(r"\(\s*\d+\s*[A-Za-z]?\s*\)\s*$")  # the number of a printed map: "Igreja do Carmo (27)"
_ASIDE = re.compile(r"\([^)]*\)")  # "Anta de Zedes (Casa da Moura)"
_QUOTED = re.compile(r"[«“\"]([^«»“”\"]{4,})[»”\"]")  # "Dólmen existente no terreno designado «Leira Longa»"
_DOOR = re.compile(r"\b(rua|avenida|travessa|praca|largo|estrada|alameda)\b(.*?)\bn o? ?\d+")  # "Rua do Almada, n.º 57"
_OR = re.compile(r"\s*(?:[/;]|\bou\b)\s*")
_NUMBER = re.compile(r"\b(\d+)[a-z]?\b")
OTHER_NAMES = ("alt_name", "official_name", "short_name", "loc_name", "name:pt", "name:en")
"""Names that a thing has now; an old one is often that of what stood, or was housed, there before."""
_STATES_OTHER = re.compile('"(?:' + "|".join(OTHER_NAMES) + ')":')

# Words that say what a thing is: two names whose words differ ("Igreja …", "Café …") are hardly one thing.
_KINDS = {
    "church": "igreja basilica catedral se matriz santuario",
    "chapel": "capela ermida oratorio passo",
    "monastery": "mosteiro convento abadia priorado",
    "museum": "museu nucleo arqueossitio",
    "stage": "teatro cineteatro cinema coliseu auditorio teatrinho cine",
    "library": "biblioteca arquivo mediateca",
    "gallery": "galeria galerias",
    "university": "universidade reitoria politecnico",
    "faculty": "faculdade escola",
    "castle": "castelo fortaleza forte torre muralha",
    "hill fort": "castro citania crasto povoado",
    "megalith": "anta mamoa orca antela mamoas antas lapa",
    "standing stone": "menir cromeleque",
    "grave": "necropole sepultura campa tumulo arca",
    "rock art": "gravura pintura petroglifo",
    "fountain": "fonte chafariz fontanario tanque",
    "bridge": "ponte viaduto aqueduto",
    "pillory": "pelourinho",
    "cross": "cruzeiro alminhas nicho",
    "statue": "estatua busto monumento homenagem memorial",
    "house": "palacio palacete solar paco quinta",
    "street": "praca largo rua avenida passeio miradouro arcos cais alameda",
    "park": "jardim parque",
    "station": "estacao apeadeiro paragem",
    "office": "junta camara",
    "market": "mercado feira mercadinho",
    "trade": "cafe cafetaria cafeteria restaurante bar adega padaria pastelaria confeitaria loja talho farmacia "
    "mercearia churrasqueira churrascaria hotel hostel cantina minimercado quiosque livraria taberna tasca",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_FORMER = frozenset(["antigo", "antiga", "antigos", "antigas", "ex", "former", "old"])
_OF_ITS_KIND = frozenset({"matriz", "paroquial", "parroquial", "parish"})  # whose saint another name may say
_BUILDING = frozenset({"edificio", "predio", "building"})  # "Edifício da Livraria …" is the house, not the shop in it
_ONLY_FIRST = "street"  # "Edifício na Rua do Belomonte" is no street
_CLASS_SAYS = {
    "megalith": "megalith mound",
    "hill fort": "hill_fort",
    "castle": "castle castle_site",
    "grave": "burial_place tomb",
    "rock art": "rock_art",
    "museum": "museum",
    "stage": "theatre cinema",
    "library": "library archive",
    "gallery": "gallery",
    "pillory": "pillory",
    "cross": "wayside",
    "station": "rail_station metro_station stop",
    "house": "manor",
    "park": "park",
    "street": "square viewpoint",
    "statue": "artwork",
    "trade": "eating_out cafe bar other_business bookshop antiques craft_shop design_shop night_life vacant_shop",
}
_KIND_OF_CLASS = {class_: kind for kind, classes in _CLASS_SAYS.items() for class_ in classes.split()}
_ALIKE = str.maketrans("zyk", "sic")
_HEARD = (("ph", "f"), ("th", "t"), ("ct", "t"), ("pt", "t"))  # Theatro, Arquitectura, Baptista
_NO_VOWELS = str.maketrans("", "", "aeiou")
_TWICE = re.compile(r"(.)\1")
_SHORT = 5
_LETTERS = 2  # of a word that may be a name
_UNTITLED = frozenset({"sem titulo", "sem nome", "untitled", "unnamed", "street art", "arte urbana", "desocupado"})


def normalise(names: pd.Series) -> pd.Series:
    """Lower case, without accents, punctuation and small words; one word for what has several, digits for I, II, IV.

    A name made of small words alone keeps them; a missing name is the empty text.

    >>> normalise(pd.Series(["Cine-Teatro  da Batalha", "Museum of Porto", "Mamoa IV", "São", None])).tolist()
    ['cineteatro batalha', 'museu porto', 'mamoa 4', 'sao', '']
    """
    distinct = names.fillna("").astype(str).unique()
    table = {name: _one(name) for name in distinct}
    return names.fillna("").astype(str).map(table)


def _one(name: str) -> str:
    plain = name[:300].lower() if name.isascii() else latin(name[:300])
    plain = _IN_ONE.sub(_one_word, _OTHER_SIGNS.sub(" ", plain).strip())
    plain = _DOOR.sub(r"\1\2", plain)
    words = plain.split()
    short = [_ROMAN.get(word, word) if position else word for position, word in enumerate(words)]
    return " ".join(word for word in short if word not in _SMALL_WORDS) or plain


def _one_word(found: re.Match[str]) -> str:
    return _WORDS[(found.lastindex or 1) - 1]


def all_names(names: pd.Series, tags: pd.Series) -> pd.Series:
    """Every name of each record, normalised, the record's own first: parts of "A / B", "A ou B", and ``alt_name`` …

    >>> tags = pd.Series(['{"alt_name": "Castelo do Queijo;Queijo"}', None])
    >>> all_names(pd.Series(["Forte de São Francisco", "Orca Grande/ Lapa da Orca (12)"]), tags).tolist()
    [('forte francisco', 'castelo queijo', 'queijo'), ('orca grande lapa orca', 'orca grande', 'lapa orca')]
    """
    known: dict[tuple[str, str], tuple[str, ...]] = {}
    found: list[tuple[str, ...]] = []
    for own, stated in zip(names, tags, strict=True):
        if not isinstance(own, str):
            found.append(())
            continue
        other = _other_names(stated) if isinstance(stated, str) and _STATES_OTHER.search(stated) else ""
        if (own, other) not in known:
            known[own, other] = _variants(own, other)
        found.append(known[own, other])
    return pd.Series(found, index=names.index, dtype=object)


def _other_names(tags: str) -> str:
    read = json.loads(tags)
    return ";".join(str(read[key]) for key in OTHER_NAMES if read.get(key))


def _variants(own: str, other: str) -> tuple[str, ...]:
    bare = (_LEGEND.sub("", own) or own) if own.endswith(")") else own
    written = [bare]
    if "(" in bare:
        written.append(_ASIDE.sub(" ", bare))
    written += _QUOTED.findall(bare)
    written += _OR.split(bare)
    if other:
        written += _OR.split(other)
    return tuple(dict.fromkeys(plain for plain in map(_one, dict.fromkeys(written)) if plain))


def initials_of(names: tuple[str, ...]) -> frozenset[str]:
    """First letters of each name of three words or more: what its sign may say ("ISAG").

    >>> initials_of(("instituto superior administracao gestao", "porto"))
    frozenset({'isag'})
    """
    long = (name.split() for name in names)
    return frozenset("".join(word[0] for word in words) for words in long if len(words) > 2)


def numbers_in(names: tuple[str, ...]) -> frozenset[str]:
    """The numbers in a record's names: what tells siblings ("Mamoa 1", "Mamoa 2") apart.

    >>> sorted(numbers_in(("mamoa 2 vermoim", "mamoa 2a")))
    ['2']
    """
    return frozenset(found for name in names for found in _NUMBER.findall(name))


def kinds_in(names: tuple[str, ...], classes: str) -> frozenset[str]:
    """What the first words of a record's names say that it is, else what its classes say.

    >>> kinds_in(("antiga igreja madre deus", "madre deus"), "museum"), kinds_in(("aspra",), "mound|classified")
    (frozenset({'church'}), frozenset({'megalith'}))
    """
    said = kinds_said(names)
    return said or frozenset(_KIND_OF_CLASS[one] for one in classes.split("|") if one in _KIND_OF_CLASS)


def kinds_said(names: tuple[str, ...]) -> frozenset[str]:
    """What the first words of a record's names say that it is; nothing where they do not say."""
    return frozenset(kind for kind in map(_kind_in, names) if kind)


def _kind_of(word: str) -> str:
    return _KIND_OF.get(word) or _KIND_OF.get(word.removesuffix("s"), "")


@lru_cache(maxsize=1 << 18)
def _kind_in(name: str) -> str:
    words = [word for word in name.split() if word not in _FORMER]
    kinds = [_kind_of(word) for word in words]
    kind = next((one for at, one in enumerate(kinds[:2]) if one and not (at and one == _ONLY_FIRST)), "")
    if kind == "trade" and words[0] in _BUILDING:
        return "house"
    return "faculty" if kind == "university" and "faculty" in kinds else kind


def core(name: str) -> str:
    """A normalised name without the words that say what it is and its numbers; the whole name if nothing is left.

    A word that says what another thing is stays: it tells a museum of cinema from a museum of bread.

    >>> core("mamoa 2 aspra"), core("pelourinho"), core("museu cinema melgaco")
    ('aspra', 'pelourinho', 'cinema melgaco')
    """
    return _own_words(name) or name


@lru_cache(maxsize=1 << 18)
def _own_words(name: str) -> str:
    kind = _kind_in(name)
    left = [word for word in name.split() if not word[0].isdigit() and not (kind and word in _OF_ITS_KIND)]
    return " ".join(sorted(word for word in left if not (own := _kind_of(word)) or (kind and own != kind)))


def is_telling(name: str) -> bool:
    """Whether a normalised name says more than what it is, with a word of two letters: more than "untitled".

    >>> [is_telling(name) for name in ("museu batalha", "museu cinema", "biblioteca c", "pelourinho", "sem titulo")]
    [True, True, False, False, False]
    """
    return name not in _UNTITLED and any(len(word) >= _LETTERS for word in _own_words(name).split())


def after_kind(name: str) -> str:
    """What follows the first word of a normalised name if that says what it is, else nothing.

    >>> after_kind("museu quinta santiago"), after_kind("quinta santiago"), after_kind("santiago")
    ('quinta santiago', 'santiago', '')
    """
    first, _, rest = name.partition(" ")
    return rest if _kind_of(first) else ""


def sounds(name: str) -> str:
    """How a name sounds, whatever the order of its words (:func:`sound`).

    >>> sounds("baptista joao") == sounds("joao batista")
    True
    """
    return " ".join(sorted(map(sound, name.split())))


@lru_cache(maxsize=1 << 18)
def sound(word: str) -> str:
    """A word so that spellings of it coincide: its first letter and the consonants after it.

    >>> sound("catorino") == sound("cotorino"), sound("luiz"), sound("anta")
    (True, 'luis', 'anta')
    """
    plain = word
    for written, heard in _HEARD:
        plain = plain.replace(written, heard)
    plain = plain.translate(_ALIKE)
    if len(plain) < _SHORT:
        return plain
    plain = plain.removesuffix("s")
    return plain[0] + _TWICE.sub(r"\1", plain[1:].translate(_NO_VOWELS))
