"""The layers: read from ``layers/*.toml``, and which of their classes each record belongs to."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from atlas.atlasfile import parse, read_toml
from atlas.config import ClassRule, Layer, in_order
from atlas.errors import AtlasError, ConfigError, SourceError, Spot, raise_first
from atlas.tags import (
    NOT_THERE,
    STAGES,
    Expression,
    Term,
    is_not_there,
    is_out_of_use,
    parse_expression,
    parse_pattern,
    parts,
)

CLASS_LOST = "class_guessed"
"""The mark of a record whose source lost its class: its name may be asked for one."""
OUTLIVES_USE = frozenset({"heritage", "stock", "context"})
"""Roles of layers that a thing does not leave by falling out of use."""
MAIN_KEYS = ("amenity", "tourism", "leisure", "historic", "shop", "craft", "office")
"""Keys of OpenStreetMap that say what a thing is, the commonest first: whose value a plain word is taken to be."""
ENTITY = "http://www.wikidata.org/entity/"


def load_layers(folders: Sequence[Path]) -> tuple[Layer, ...]:
    """Every layer of the folders, the first ones first; a later folder's file replaces an earlier one of its name.

    Raises
    ------
    ConfigError
        With all faults of all files: keys and values that do not fit, expressions and patterns that cannot be read,
        a class id that stands twice.

    """
    files = {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}
    faults: list[AtlasError] = []
    layers = []
    for name, path in files.items():
        try:
            layers.append(parse(Layer, {**read_toml(path), "id": name}, path))
        except ConfigError as fault:
            faults.append(fault)
        else:
            faults += _unreadable(layers[-1], path)
    faults += _twice(layers, files)
    raise_first(faults)
    return tuple(sorted(layers, key=lambda layer: (layer.layer.order, layer.id)))


def _unreadable(layer: Layer, path: Path) -> Iterator[AtlasError]:
    """Expressions and patterns of a layer that cannot be read."""
    text = path.read_text("utf-8-sig")
    for rule in layer.class_:
        patterns = [*rule.label, *(one for several in rule.kind_label.values() for one in several)]
        readers = [(parse_expression, one) for one in (*rule.osm, *rule.unless)]
        for read, written in [*readers, *((parse_pattern, one) for one in patterns)]:
            try:
                read(written)
            except ConfigError as fault:
                line = next((n for n, one in enumerate(text.splitlines(), 1) if written in one), None)
                yield ConfigError(fault.pt, fault.en, where=Spot.of(path, line=line, key=rule.id))


def _twice(layers: Iterable[Layer], files: Mapping[str, Path]) -> Iterator[AtlasError]:
    """Class ids that stand in two layers, or twice in one."""
    owner: dict[str, str] = {}
    for layer in layers:
        for rule in layer.class_:
            if rule.id in owner:
                yield ConfigError(
                    f"A classe «{rule.id}» já existe em {owner[rule.id]}.toml. Dê-lhe outro `id`.",
                    f"The class “{rule.id}” is already in {owner[rule.id]}.toml. Give it another `id`.",
                    where=str(files[layer.id]),
                )
            owner.setdefault(rule.id, layer.id)


def layer_schema() -> dict[str, Any]:
    """The JSON Schema of a layer's file, for editors.

    >>> sorted(layer_schema()["properties"])
    ['class', 'layer']
    """
    schema = Layer.model_json_schema(by_alias=True)
    del schema["properties"]["id"]  # the file's name
    schema["required"].remove("id")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def kind_words(layers: Iterable[Layer]) -> dict[str, tuple[str, ...]]:
    """Which classes a plain word of a source's kind column means.

    A class's own `kind` words and Wikidata classes come first; then its id, its names in both languages and, as its
    layer's first class, the layer's id and names. Capitals do not matter.
    """
    rules = in_order(layers)
    said: dict[str, list[str]] = defaultdict(list)
    for id_, (_, rule) in rules.items():
        for word in (*rule.kind, *rule.wikidata):
            said[word.casefold()].append(id_)
    for id_, (_, rule) in rules.items():
        for word in (id_, rule.name.pt, rule.name.en):
            said.setdefault(word.casefold(), [id_])
    for layer in layers:
        for word in (layer.id, layer.layer.name.pt, layer.layer.name.en):
            said.setdefault(word.casefold(), [rule.id for rule in layer.class_[:1]])
    return {word: tuple(ids) for word, ids in said.items()}


def wanted_tags(layers: Iterable[Layer]) -> tuple[str, ...]:
    """Tags that an object must have one of to belong to a class: ``key=value``, or ``key`` where any value may do."""
    asked: dict[str, None] = {}
    for layer in layers:
        for rule in layer.class_:
            for text in rule.osm:
                first = _filed_under(parse_expression(text))
                asked.update(dict.fromkeys(f"{first.key}={one}" for one in sorted(first.accepted or ())))
                if first.accepted is None:
                    asked[first.key] = None
    return tuple(asked)


def _filed_under(terms: Expression) -> Term:
    """The term that the fewest objects meet: one that names values, if there is one."""
    return next((term for term in terms if term.accepted is not None), terms[0])


def of_layer(places: DataFrame, layer: str) -> DataFrame:
    """The places of a layer, where there are any; one may belong to several."""
    held = places["layers"].str.split("|").explode()
    return places.loc[held.index[held == layer]]


def classify(records: DataFrame, layers: Iterable[Layer], allowed: Sequence[str] = ()) -> Series:
    """The classes of each record, ``|``-joined with the primary class first; missing where none fits.

    A record's tags are asked first (register codes such as ``cae3`` are tags too), and its kind; its name is asked
    where the kind says too little (`kind_label`), or where the record is marked ``class_guessed`` (`label`): the
    source lost its class, and the mark stays with it.

    What is no more, or not yet (``demolished=yes``, ``proposed=yes`` …), has no class. What is out of use
    (``disused=yes``, ``abandoned=yes``) has classes of heritage, stock and context only. Keys with such a prefix
    (``disused:amenity``) are keys of their own, which only a rule that names them reads.

    Parameters
    ----------
    records
        With `tags` (JSON text), `kind`, `name` and `marks`; each may be missing.
    layers
        As :func:`load_layers` gives them.
    allowed
        Ids of the layers that the source may fill; all where none is named.

    """
    rules = _Rules.of([layer for layer in layers if not allowed or layer.id in allowed])
    tags, kind, name, marks = (
        records[column] if column in records else Series(None, records.index, dtype=object)
        for column in ("tags", "kind", "name", "marks")
    )
    tag_code, tag_texts = pd.factorize(tags)
    by_tags = [rules.of_tags(_parsed(text, tags, records)) for text in tag_texts] + [frozenset()]
    kind_code, kind_texts = pd.factorize(kind)
    by_kind = [rules.of_kind(text) for text in kind_texts] + [frozenset()]
    by_name = [frozenset[int]()] * len(records)
    lost = marks.str.contains(CLASS_LOST, regex=False).eq(True) if marks.notna().any() else marks.notna()
    vague = kind.astype("str").str.casefold().isin(list(rules.vague))
    for row in ((lost | vague) & name.notna()).to_numpy().nonzero()[0]:
        by_name[row] = rules.of_name(str(name.iloc[row]), kind.iloc[row], lost=bool(lost.iloc[row]))
    joined: dict[tuple[frozenset[int], ...], str | None] = {}
    result = []
    for key in zip([by_tags[code] for code in tag_code], [by_kind[code] for code in kind_code], by_name, strict=True):
        if key not in joined:
            joined[key] = rules.joined(frozenset.union(*key))
        result.append(joined[key])
    return Series(result, records.index, dtype="str", name="classes")


def _parsed(text: str, tags: Series, records: DataFrame) -> dict[str, str]:
    """Tags from their JSON text; a text that is none is a fault of the record that has it."""
    try:
        read = json.loads(text)
        return read if all(type(value) is str for value in read.values()) else _as_text(read)
    except (ValueError, AttributeError):
        record = records.loc[tags == text].iloc[0]
        raise SourceError(
            f"As etiquetas do registo «{record.get('record_id')}» não são JSON. Corrija a coluna `tags`.",
            f"The tags of record “{record.get('record_id')}” are no JSON. Mend the column `tags`.",
            where=str(record.get("source_id", "")),
        ) from None


def _as_text(read: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in read.items() if value is not None}


@dataclass(frozen=True)
class _Rule:
    """One expression that makes a class: the class's place in the order, the terms beside the one it is filed under."""

    position: int
    terms: Expression
    unless: tuple[Expression, ...]
    in_use: bool
    there: bool


@dataclass
class _Filed:
    """Rules filed under a key: by value, and those that look at the value themselves."""

    by_value: dict[str, list[_Rule]] = field(default_factory=lambda: defaultdict(list))
    by_look: list[tuple[Term, _Rule]] = field(default_factory=list)


@dataclass
class _Rules:
    """What fills which class, filed so that a record meets only the rules that ask for one of its keys."""

    ids: list[str]
    fallback: frozenset[int]
    filed: dict[str, _Filed]
    words: dict[str, frozenset[int]]
    vague: dict[str, list[tuple[re.Pattern[str], int]]]
    labels: list[tuple[re.Pattern[str], int]]
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> _Rules:
        """The rules of the layers' classes."""
        classes = in_order(layers)
        ids = list(classes)
        place = {id_: position for position, id_ in enumerate(ids)}
        words = {word: frozenset(place[one] for one in found) for word, found in kind_words(layers).items()}
        fallback = frozenset(place[id_] for id_, (_, rule) in classes.items() if rule.fallback)
        rules = cls(ids, fallback, defaultdict(_Filed), words, defaultdict(list), [])
        for id_, (layer, rule) in classes.items():
            rules._file(place[id_], layer, rule)
        return rules

    def _file(self, position: int, layer: Layer, rule: ClassRule) -> None:
        unless = tuple(parse_expression(one) for one in rule.unless)
        expressions = [parse_expression(one) for one in rule.osm]
        expressions += [(Term(key, beginnings=codes),) for key, codes in rule.register_codes.items()]
        for terms in expressions:
            named = {part for term in terms for part in term.key.split(":")}
            # an expression that names a stage itself knows what it asks for
            in_use = layer.layer.role not in OUTLIVES_USE and named.isdisjoint(STAGES)
            first = _filed_under(terms)
            beside = tuple(term for term in terms if term is not first)
            made = _Rule(position, beside, unless, in_use, there=named.isdisjoint(NOT_THERE))
            if first.accepted is None:
                self.filed[first.key].by_look.append((first, made))
            for value in first.accepted or ():
                self.filed[first.key].by_value[value].append(made)
                if value != "yes" and ":" not in first.key:
                    self.keys[value].add(first.key)
        for word, patterns in rule.kind_label.items():
            self.vague[word.casefold()] += [(parse_pattern(one), position) for one in patterns]
        self.labels += [(parse_pattern(one), position) for one in rule.label]

    def of_tags(self, tags: Mapping[str, str]) -> frozenset[int]:
        """Classes that the tags make."""
        met: list[_Rule] = []
        for key, value in tags.items():
            if key in self.filed:
                filed = self.filed[key]
                for part in parts(value) if ";" in value else (value,):
                    met += filed.by_value.get(part, ())
                met += [rule for term, rule in filed.by_look if term.holds(tags)]
        if not met:
            return frozenset()
        there, in_use = not is_not_there(tags), not is_out_of_use(tags)
        return frozenset(
            rule.position
            for rule in met
            if (there or not rule.there)
            and (in_use or not rule.in_use)
            and all(term.holds(tags) for term in rule.terms)
            and not any(all(term.holds(tags) for term in terms) for terms in rule.unless)
        )

    def of_kind(self, kind: str) -> frozenset[int]:
        """Classes that a word of a kind column means: words, several of them, a tag, or a tag's value."""
        word = str(kind).strip().removeprefix(ENTITY).casefold()
        if word in self.words:
            return self.words[word]
        if "=" in word:
            key, _, value = word.partition("=")
            return self.of_tags({key: value})
        several = [part for part in re.split(r"\s*[|;,]\s*", word) if part and part != word]
        if not several:  # a number is a code of the source's own, and no value of a tag
            return self.of_value(word.replace(" ", "_")) if any(map(str.isalpha, word)) else frozenset()
        return frozenset().union(*(self.of_kind(part) for part in several))

    def of_value(self, value: str) -> frozenset[int]:
        """Classes of a plain value of a tag (``arts_centre``): by its main key, else where all keys mean the same."""
        keys = self.keys.get(value, set())
        main = (self.of_tags({key: value}) for key in MAIN_KEYS if key in keys)
        rest = {self.of_tags({key: value}) for key in keys.difference(MAIN_KEYS)} - {frozenset[int]()}
        return next((found for found in main if found), rest.pop() if len(rest) == 1 else frozenset())

    def of_name(self, name: str, kind: str, *, lost: bool) -> frozenset[int]:
        """Classes that a name tells, where the kind says too little or was lost."""
        patterns = self.vague.get(str(kind).casefold(), [])
        return frozenset(position for ask, position in patterns + self.labels * lost if ask.search(name))

    def joined(self, found: frozenset[int]) -> str | None:
        """Class ids in order; a last resort only where there is no other."""
        kept = found - self.fallback or found
        return "|".join(self.ids[position] for position in sorted(kept)) or None
