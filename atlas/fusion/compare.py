"""How probable it is that two records are one thing: a logistic model of names, distance, class and identifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cpdist
from scipy.sparse import csr_array

from atlas.config import Atlas
from atlas.fusion.names import after_kind, core, is_telling, numbers_in, sound

# Fitted by `python benchmarks/fusion.py fit` on the labelled pairs (docs/fusion.md), and on pairs of which an
# identifier that the features do not see says whether they are one. Measured out of fold, by square kilometre.
IDENTIFIER = 7.0  # set, not fitted: at one spot it outweighs names and kinds that differ, a kilometre away it does not
COEFFICIENTS = {
    "intercept": -3.78,
    "letters": 2.25,
    "shared": 0.31,
    "union": -0.09,
    "log_distance": -1.50,
    "far_unlike": -1.21,
    "far_kin": 0.83,
    "same_class": 1.15,
    "general_class": 0.39,
    "kin_class": 1.96,
    "same_number": 1.13,
    "other_number": -4.09,
    "one_number": -2.46,
    "same_kind": 1.52,
    "kind_apart": -2.03,
    "other_kind": -1.40,
    "alone": 2.00,
    "same_identifier": IDENTIFIER,
    "other_identifier": -0.82,
}

SAME_CLASS, GENERAL_CLASS, KIN_CLASS = 3, 2, 1
_CULTURE = frozenset({"venue", "heritage", "stock"})
_GENERAL = frozenset({
    "monument", "classified", "historic_building", "memorial", "archaeological_site", "protection_zone", "nature",
})  # fmt: skip
_FAMILIES = (
    "megalith mound",
    "hill_fort castle castle_site",
    "burial_place tomb",
    "theatre cinema live_music cultural_centre events_hall open_air_stage",
    "university polytechnic arts_school",
    "library archive reading_place",
    "gallery artistic_craft atelier",
    "ruin protected_ruins disused_industry industrial_heritage industrial_trace",
)
_FAMILY_OF = {class_: words.split()[0] for words in _FAMILIES for class_ in words.split()}
_NAMES = ["letters", "shared", "union", "left", "one_number", "named_after"]
AT_ONCE = 1_000_000  # pairs whose features stand in memory together
ONE_SPOT_M = 15.0  # two names without a word in common may be one thing here, if nothing else of its kind is
MOST_SHARED = 1.5  # rare words beyond this say nothing more
LEAST_RECORDS = 1000  # in a smaller atlas a word is not common because a few records share it


def probabilities(
    pairs: pd.DataFrame,
    records: pd.DataFrame,
    class_step: np.ndarray,
    *,
    identifiers: bool = True,
    coefficients: Mapping[str, float] = COEFFICIENTS,
) -> np.ndarray:
    """The probability of a match of each pair, ``1 / (1 + exp(−Σ coefficient · feature))``.

    A shared identifier decides alone near by; names and classes that agree carry it further, and at a distance it is
    taken for a slip. Two entities of one register are never one. With ``identifiers=False`` no identifier is looked
    at: so the model is measured on pairs whose identifier is the label.
    """
    p, words = np.zeros(len(pairs)), Words.of(records["names"].to_numpy())
    looked_at = [name for name in coefficients if name != "intercept"]
    weight = np.array([coefficients[name] for name in looked_at])
    for start in range(0, len(pairs), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        table = features(pairs.iloc[part].reset_index(drop=True), records, class_step[part], words)
        if not identifiers:
            table[["same_identifier", "other_identifier"]] = 0.0
        p[part] = 1 / (1 + np.exp(-coefficients["intercept"] - table[looked_at].to_numpy() @ weight))
    return np.where(pairs["other_entity"].to_numpy() & identifiers, 0.0, p)


def features(
    pairs: pd.DataFrame, records: pd.DataFrame, class_step: np.ndarray, words: Words | None = None
) -> pd.DataFrame:
    """What the model looks at, a column each.

    Parameters
    ----------
    pairs
        As :func:`atlas.fusion.block.candidate_pairs` gives them, and ``alone`` (:func:`atlas.fusion.alone.alone`).
    records
        With ``names``, ``numbers``, ``initials``, ``kinds`` and ``kind_said`` (see :mod:`atlas.fusion.names`).
    class_step
        As :func:`class_steps` gives it.
    words
        Of all records, where pairs are looked at part by part.
    """
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    area = shapely.area(records.geometry.to_numpy())
    half = np.sqrt(np.maximum(area[a], area[b])) / 2  # in a campus, or a park, much stands that is not it
    log_distance = np.log1p((pairs["distance_m"].to_numpy() + half) / 10)
    names = (words or Words.of(records["names"].to_numpy())).similarity(a, b)
    names.loc[_initials(records, a, b), ["shared", "union", "left"]] = (1.0, 1.0, 0.0)
    left, one_number, named_after = (names.pop(name) for name in _NAMES[3:])
    numbers, kinds = records["numbers"].to_numpy(), records["kinds"].to_numpy()
    said = records["kind_said"].to_numpy()
    (same_number, number_a, number_b), (same_kind, kind_a, kind_b) = _shared(numbers, a, b), _shared(kinds, a, b)
    other_number = number_a & number_b & ~same_number
    other_kind = kind_a & kind_b & ~same_kind & said[a] & said[b] & (named_after == 0).to_numpy()
    # a name that does not say what it is may be that of the house; "Igreja do Carmo", "Igreja dos Clérigos" are two
    by_two_names = (pairs["distance_m"] < ONE_SPOT_M).to_numpy() & ~(said[a] & said[b])
    nameable = (names["union"] > 0).to_numpy() | by_two_names
    return names.assign(
        log_distance=log_distance,
        far_unlike=log_distance * (1 - names["union"]),
        far_kin=log_distance * (class_step >= GENERAL_CLASS),
        same_class=class_step == SAME_CLASS,
        general_class=class_step == GENERAL_CLASS,
        kin_class=class_step >= KIN_CLASS,
        same_number=same_number,
        other_number=other_number,
        one_number=one_number * (number_a != number_b),
        same_kind=same_kind,
        kind_apart=left * same_kind,
        other_kind=other_kind,
        alone=pairs["alone"].to_numpy() & nameable & ~other_number & ~other_kind,
        same_identifier=pairs["same_identifier"].to_numpy(),
        other_identifier=pairs["other_identifier"].to_numpy(),
    ).astype(float)


def class_steps(pairs: pd.DataFrame, classes: pd.Series, atlas: Atlas) -> np.ndarray:
    """How well the classes of two records agree.

    3: a class in common, or one of its family (theatre and cinema). 2: one of them only says "monument" or
    "classified", the other is of culture. 1: both are of culture, or of one layer. 0: neither (a café, a theatre).
    """
    if pairs.empty:
        return np.zeros(0, np.int64)
    code, texts = pd.factorize(classes)
    held = [text.split("|") for text in texts]
    families = [_families(own) for own in held]
    layers = [frozenset(atlas.classes[one][0].id for one in own) for own in held]
    culture = [any(atlas.classes[one][0].layer.role in _CULTURE for one in own) for own in held]
    general = [_GENERAL.issuperset(own) for own in held]

    def step(x: int, y: int) -> int:
        if not families[x].isdisjoint(families[y]):
            return SAME_CLASS
        if culture[x] and culture[y]:
            return GENERAL_CLASS if general[x] or general[y] else KIN_CLASS
        return 0 if layers[x].isdisjoint(layers[y]) else KIN_CLASS

    return _by_codes(code[pairs["a"].to_numpy()], code[pairs["b"].to_numpy()], len(texts), step)


def _families(classes: list[str]) -> frozenset[str]:
    return frozenset(_FAMILY_OF.get(one, one) for one in classes)


def things_said(records: pd.DataFrame) -> pd.Series:
    """What each record is: the kinds that its name says and the families of its classes, save the general ones."""
    telling = {
        text: _families([one for one in text.split("|") if one not in _GENERAL]) for text in records["classes"].unique()
    }
    said = [kinds | telling[text] for kinds, text in zip(records["kinds"], records["classes"], strict=True)]
    return pd.Series(said, index=records.index, dtype=object)


def _shared(sets: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether the sets of each pair have something in common, and whether each holds anything."""
    code, distinct = pd.factorize(sets)
    code_a, code_b = code[a], code[b]
    some = np.array([bool(one) for one in distinct], bool)
    common = np.zeros(len(a), bool)
    both = np.flatnonzero(some[code_a] & some[code_b])
    common[both] = code_a[both] == code_b[both]
    asked = both[~common[both]]
    common[asked] = _by_codes(
        code_a[asked], code_b[asked], len(distinct), lambda x, y: int(not distinct[x].isdisjoint(distinct[y]))
    )
    return common, some[code_a], some[code_b]


def _by_codes(a: np.ndarray, b: np.ndarray, many: int, ask: Callable[[int, int], int]) -> np.ndarray:
    both, at = np.unique(a * many + b, return_inverse=True)
    return np.array([ask(int(one) // many, int(one) % many) for one in both], dtype=np.int64)[at]


def _initials(records: pd.DataFrame, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether one record's name holds the initials of the other's ("ISAG")."""
    found = np.zeros(len(a), bool)
    compared, position = np.unique(np.concatenate([a, b]), return_inverse=True)
    initials = records["initials"].to_numpy()[compared]
    meant = frozenset().union(*initials)
    words = [
        frozenset(word for one in own for word in one.split() if word in meant)
        for own in records["names"].to_numpy()[compared]
    ]
    used = frozenset().union(*words)
    said = np.array([not used.isdisjoint(one) for one in initials], bool)
    says = np.array([bool(one) for one in words], bool)
    a, b = position[: len(a)], position[len(a) :]
    for at in np.flatnonzero((said[a] & says[b]) | (said[b] & says[a])):
        x, y = a[at], b[at]
        found[at] = not (initials[x].isdisjoint(words[y]) and initials[y].isdisjoint(words[x]))
    return found


@dataclass(frozen=True)
class Words:
    """The names of all records as numbers: which words each holds, and how telling each is.

    A word weighs the more, the fewer records have it (``ln((n + 1)/(k + 1)) / ln(n + 1)``, n at least 1,000); words
    that say what a thing is, numbers and vowels are left aside.

    Attributes
    ----------
    flat
        Every name of every record, one after another.
    many, start
        How many names a record has, and where in ``flat`` they begin.
    weight, present
        Names × sounds of their telling words, with their weights and with ones.
    size, telling
        The sum of a name's weights; whether it says more than what the thing is.
    numbered, whole, rest
        Whether a name holds a number but 1; a number for its text, and for what follows the kind that it begins with
        (−1 if it begins with none, or nothing bears the rest).
    """

    flat: np.ndarray
    many: np.ndarray
    start: np.ndarray
    weight: csr_array
    present: csr_array
    size: np.ndarray
    telling: np.ndarray
    numbered: np.ndarray
    whole: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(cls, names: Sequence[tuple[str, ...]]) -> Words:
        """From all names of each record, its own first."""
        flat = np.array([one for own in names for one in own] or [""], dtype=object)
        many = np.array([len(own) for own in names], dtype=np.int64)
        start = np.concatenate([[0], np.cumsum(many)])[:-1]
        weight, present = _weighted_words(flat, start[many > 0])
        whole, texts = pd.factorize(flat)
        code = {text: at for at, text in enumerate(texts)}
        telling, numbered, rest = (
            np.array([say(text) for text in texts])[whole]
            for say in (
                is_telling,
                lambda text: bool(numbers_in((text,)) - {"1"}),
                lambda text: code.get(after_kind(text), -1),
            )
        )
        size = np.asarray(weight.sum(axis=1)).ravel()
        return cls(flat, many, start, weight, present, size, telling, numbered, whole, rest)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> pd.DataFrame:
        """How alike the names of each pair are; 0 where one has none.

        Columns
        -------
        letters
            of the records' own names, letter by letter (Jaro-Winkler), 0 to 1;
        union
            the weight of the words that they share over that of all their words, 0 to 1, by the best of their
            spellings;
        shared
            that weight itself, at most 1.5;
        left
            the weight of the words that either has alone, the smaller of the two: two churches have each their saint,
            the parish church ("Igreja Matriz") does not say hers;
        one_number
            whether, of the two spellings most alike, one holds a number and both say more than what the thing is. A
            mound without a name may be any of a numbered row, and the first of a row often goes without its number;
        named_after
            whether one name is the other after a word for what it is ("Museu da Quinta de Santiago"): what the other
            says of its kind may be no more than the name of the spot.
        """
        out = pd.DataFrame(0.0, index=np.arange(len(a)), columns=_NAMES)
        many, start, size, telling = self.many, self.start, self.size, self.telling
        each = many[a] * many[b]
        if not each.any():
            return out
        pair = np.repeat(np.arange(len(a)), each)
        step = np.arange(len(pair)) - np.repeat(np.cumsum(each) - each, each)
        x, y = start[a][pair] + step // many[b][pair], start[b][pair] + step % many[b][pair]
        shared = np.asarray(self.weight[x].multiply(self.present[y]).sum(axis=1)).ravel()
        union = shared / np.maximum(size[x] + size[y] - shared, 1e-9)
        left = np.where(telling[x] & telling[y], np.maximum(np.minimum(size[x], size[y]) - shared, 0.0), 0.0)
        uneven = (self.numbered[x] != self.numbered[y]) & telling[x] & telling[y]
        best = np.lexsort((-np.arange(len(pair)), union - 1e-9 * uneven, pair))  # of two as alike, the even one
        best = best[np.concatenate([pair[best][1:] != pair[best][:-1], [True]])]
        out.loc[pair[best], "union"] = union[best]
        out.loc[pair[best], "left"] = left[best]
        out.loc[pair[best], "shared"] = np.minimum(shared[best], MOST_SHARED)
        out.loc[pair[best], "one_number"] = uneven[best].astype(float)
        after = (self.whole[x] == self.rest[y]) | (self.rest[x] == self.whole[y])
        out.loc[pair[after], "named_after"] = 1.0
        own = np.flatnonzero(each > 0)
        out.loc[own, "letters"] = cpdist(
            self.flat[start[a[own]]], self.flat[start[b[own]]], scorer=JaroWinkler.similarity, dtype=np.float32
        ).astype(float)
        return out


def _weighted_words(flat: np.ndarray, own: np.ndarray) -> tuple[csr_array, csr_array]:
    """Names × sounds of their telling words, with their weights and with ones; ``own`` are the records' own names."""
    known = {name: tuple(dict.fromkeys(map(sound, core(name).split()))) for name in set(flat)}
    words = [known[name] for name in flat]
    vocabulary = {word: at for at, word in enumerate(dict.fromkeys(word for one in words for word in one))}
    column = np.array([vocabulary[word] for one in words for word in one], dtype=np.int64)
    row = np.repeat(np.arange(len(words)), [len(one) for one in words])
    counted = np.bincount([vocabulary[word] for at in own for word in words[at]], minlength=len(vocabulary))
    many = max(len(own), LEAST_RECORDS)
    rare = np.log((many + 1) / (counted + 1)) / np.log(many + 1)
    shape = (len(words), len(vocabulary))
    return csr_array((rare[column], (row, column)), shape=shape), csr_array(
        (np.ones(len(row)), (row, column)), shape=shape
    )
