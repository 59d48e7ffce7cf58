"""``atlas.toml`` of a new atlas: every choice with the reason for it, as a planner would write it."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit

from atlas.config import Atlas, AtlasHead, Indicator, Layer, Neighbourhoods, Source, Text, Walking
from atlas.initialise.choosing import Choice, template
from atlas.initialise.noting import UNSTATED, Note
from atlas.language import Translator

WIDTH = 116


class Page:
    """Lines of a TOML file."""

    def __init__(self, t: Translator) -> None:
        self.t = t
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """A comment, wrapped."""
        self.lines += [
            f"# {line}".rstrip() for part in text.splitlines() for line in textwrap.wrap(part, WIDTH) or [""]
        ]

    def note(self, key: str, **values: Any) -> None:
        """A comment from the catalogue."""
        self.say(self.t(key, **values))

    def heading(self, key: str) -> None:
        """A rule with a title in it."""
        title = f"# ── {self.t(key)} "
        self.lines += ["", title + "─" * max(0, WIDTH - len(title)), ""]

    def table(self, header: str, values: Mapping[str, Any]) -> None:
        """A table; keys without a value are left out."""
        self.lines.append(header)
        self.lines += [f"{key} = {toml(value)}" for key, value in values.items() if value not in (None, "", (), [], {})]

    def gap(self) -> None:
        """An empty line."""
        self.lines.append("")

    def text(self) -> str:
        """The whole file."""
        return "\n".join(self.lines).rstrip() + "\n"


def toml(value: Any) -> str:
    r"""A value as TOML writes it on one line.

    >>> toml({"pt": "São João", "en": "x"}), toml([1, 2.5]), toml(True), toml('a"b')
    ('{ pt = "São João", en = "x" }', '[1, 2.5]', 'true', '"a\\"b"')
    """
    if isinstance(value, Text):
        value = {"pt": value.pt, "en": value.en}
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return str(tomlkit.item(value).as_string())


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else toml(key)


def compose(
    t: Translator, atlas: Atlas, choice: Choice, notes: Mapping[str, Sequence[Note]], figures: Sequence[str]
) -> str:
    """The text of ``atlas.toml``; goalposts and cuts are added by the calibration that follows."""
    page = Page(t)
    page.note("init.toml.top", name=atlas.atlas.name.in_(t.lang))
    page.gap()
    _head(page, atlas.atlas, atlas.neighbourhoods, notes)
    _walking(page, atlas.walking, notes)
    _sources(page, atlas.source, notes)
    page.heading("init.toml.indicators")
    page.note("init.toml.goalposts")
    page.gap()
    for indicator in choice.indicators:
        _indicator(page, indicator)
    if choice.dropped:
        page.note("init.toml.dropped")
        for _, note in choice.dropped:
            page.say(f"· {note.text(t)}")
        page.gap()
    if figures:
        page.note("init.toml.figures", columns=", ".join(figures), column=figures[0])
        page.gap()
    _index(page, choice, atlas.layers)
    return page.text()


def _head(page: Page, head: AtlasHead, units: Neighbourhoods, notes: Mapping[str, Sequence[Note]]) -> None:
    page.lines.append("[atlas]")
    page.lines += [f"id = {toml(head.id)}", f"name = {toml(head.name)}"]
    for note in notes.get("crs", ()):
        page.say(note.text(page.t))
    page.lines.append(f"crs = {toml(head.crs)}")
    page.note("init.toml.margin")
    page.lines += [f"margin_m = {toml(head.margin_m)}", f"data_version = {toml(head.data_version)}"]
    page.note("init.toml.law")
    page.lines.append(f"law = {toml(head.law)}")
    page.lines += [f"seed = {head.seed}", f"draws = {head.draws}", f"detour = {toml(head.detour)}", ""]
    for note in notes.get("units", ()):
        page.say(note.text(page.t))
    page.lines += ["[neighbourhoods]", f"file = {toml(units.file)}", 'parents = ""']
    page.lines += [f"{key} = {toml(getattr(units, key))}" for key in ("source", "unit", "units", "parent_unit")]


def _walking(page: Page, walking: Walking, notes: Mapping[str, Sequence[Note]]) -> None:
    """How reach is measured: nothing is written where there are no streets."""
    if notes.get("walking"):
        page.gap()
    for note in notes.get("walking", ()):
        page.say(note.text(page.t))
    if walking.network is not None:
        page.gap()
        page.table("[walking]", walking.model_dump(exclude_defaults=True))


def _sources(page: Page, sources: Sequence[Source], notes: Mapping[str, Sequence[Note]]) -> None:
    page.heading("init.toml.sources")
    unstated = {key: page.t(f"init.toml.no_{key}") for key in ("publisher", "licence")}
    page.note("init.toml.licences", **unstated)
    page.gap()
    for source in sources:
        for note in notes.get(source.id, ()):
            page.say(note.text(page.t))
        values = source.model_dump(exclude_defaults=True)
        values |= {key: said for key, said in unstated.items() if values[key] == UNSTATED}
        page.table("[[source]]", values)
        page.gap()


def _indicator(page: Page, one: Indicator) -> None:
    values = one.model_dump(by_alias=True, exclude={"goalposts"}, exclude_defaults=True)
    ordered = (
        "code", "name", "unit", "unit_one", "direction", "measure", "layers", "sources", "with", "log", "decimals",
        "about",
    )  # fmt: skip
    page.table("[[indicator]]", {key: values[key] for key in ordered if key in values})
    page.gap()


def _index(page: Page, choice: Choice, layers: tuple[Layer, ...]) -> None:
    page.heading("init.toml.index")
    page.note("init.toml.weights")
    page.gap()
    page.table("[[index]]", {
        "id": "potential",
        "name": Text(pt="Potencial criativo", en="Creative potential"),
        "about": Text(
            pt="Quão atrativo é o lugar para quem cria, pelo que as fontes deste atlas mostram.",
            en="How attractive the place is to those who create, as far as this atlas's sources show.",
        ),
        "judged": dt.datetime.now(dt.UTC).date().isoformat(),
    })  # fmt: skip
    page.gap()
    for pillar in template()["pillar"]:
        held = choice.pillars[pillar["id"]]
        page.table("[[index.pillar]]", {
            "id": pillar["id"],
            "name": pillar["name"],
            "weight": pillar["weight"],
            "indicators": held,
            "reason": pillar["reason"],
            "missing": None if held else choice.missing(pillar, layers),
        })  # fmt: skip
        page.gap()
    page.note("init.toml.decline")
    page.gap()
    filled = {id_ for id_, held in choice.pillars.items() if held}
    for preset in template()["preset"]:
        if any(preset["weights"].get(id_) for id_ in filled):
            page.table("[[preset]]", preset)
            page.gap()
