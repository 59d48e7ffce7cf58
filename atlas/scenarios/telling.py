"""A scenario in words: its changes, what they touch, and what a move is worth."""

from __future__ import annotations

from atlas.built import Built
from atlas.language import Translator
from atlas.scenarios.applying import Outcome
from atlas.scenarios.drawn import DrawnArea
from atlas.scenarios.files import other_data
from atlas.scenarios.model import Add, Area, Change, Move, Reuse, Scenario


def change_words(built: Built, change: Change, t: Translator) -> str:
    """One change as a sentence: what happens to which place."""
    if isinstance(change, Area):
        return t("scenario.do.area", name=change.name or t("scenario.nameless"))
    if isinstance(change, Add):
        return t(
            "scenario.do.add", name=change.name or t("scenario.nameless"), kind=class_name(built, change.class_, t)
        )
    name, kind = _held(built, change.place, t)
    if change.place not in built.places.index and change.name:
        name = change.name
    if isinstance(change, Reuse):
        named = f" «{change.name}»" if change.name and t.lang == "pt" else f" “{change.name}”" if change.name else ""
        return t(
            "scenario.do.reuse", name=name, kind=kind, new=class_name(built, change.class_, t).lower(), named=named
        )
    return t("scenario.do.move" if isinstance(change, Move) else "scenario.do.close", name=name, kind=kind)


def class_name(built: Built, class_id: str, t: Translator) -> str:
    """What a class is called; its id where no layer has it."""
    found = built.atlas.classes.get(class_id)
    return found[1].name.in_(t.lang) if found else class_id


def _held(built: Built, place: str, t: Translator) -> tuple[str, str]:
    """Name and class of a place of the atlas."""
    if place not in built.places.index:
        return t("scenario.nameless"), place
    row = built.places.loc[place]
    kind = class_name(built, str(row["class_"]), t)
    if isinstance(row["name"], str) and row["name"]:
        return row["name"], kind
    unit = row["neighbourhood"]
    where = built.units["name"].get(unit) if isinstance(unit, str) else None
    return t("scenario.nameless_in", unit=where) if where else t("scenario.nameless"), kind


def reach_words(outcome: Outcome, number: int, t: Translator) -> str:
    """Which indicators a change moves, or that none counts such a thing."""
    atlas = outcome.built.atlas
    moved = set(outcome.changed["indicator"])
    names = [atlas.indicator_of(code).name.in_(t.lang) for code in outcome.reads.get(number, ()) if code in moved]
    if names:
        return t("scenario.reads", names=", ".join(names))
    return t("scenario.reads.without_effect" if outcome.reads.get(number) else "scenario.reads.none")


def summary(outcome: Outcome, t: Translator) -> str:
    """How much was measured again, and how much stands."""
    index = outcome.index
    moved = len(outcome.units_changed(index))
    units = sum(len(one) for one in outcome.measured.values())
    return t(
        "scenario.summary",
        indicators=len(outcome.measured),
        all=len(outcome.built.atlas.indicator),
        figures=units,
        units=t.n("scenario.units", moved),
        index=index.name.in_(t.lang),
    )


def area_words(one: DrawnArea, outcome: Outcome, t: Translator) -> str:
    """What a drawn area holds, how much of it lies inside, and what no source can say of it."""
    index = outcome.index
    codes = [code for pillar in index.pillar for code in pillar.indicators]
    known = set(one.figures.dropna(subset="after")["indicator"])
    lacking = [outcome.built.atlas.indicator_of(code).name.in_(t.lang) for code in codes if code not in known]
    said = t(
        "scenario.area" if one.residents == one.residents else "scenario.area.empty",
        name=one.name,
        area=t.number(one.area_km2, 2),
        residents=one.residents,
        how=t(f"scenario.area.{one.residents_method}"),
        inside=t.percent(one.share_inside),
    )
    return f"{said} {t('scenario.area.lacking', names=', '.join(lacking))}" if lacking else said


def notices(built: Built, scenario: Scenario, t: Translator) -> list[str]:
    """What a reader must know before reading the result."""
    other = other_data(scenario, built)
    said = [t("scenario.other_data", then=other[0], now=other[1])] if other else []
    return [*said, t("scenario.frozen")]


def noise_words(noise: object, p_rises: float | None, move: float | None, t: Translator) -> str:
    """What a move is worth: within the noise of the method or beyond it, and in how many methods it goes that way."""
    if noise not in ("within", "beyond"):
        return t("scenario.noise.unknown")
    if not move:
        return t("scenario.noise.still")
    words = t(f"scenario.noise.{noise}")
    if p_rises is None or p_rises != p_rises or move < 0:
        return words
    return t("scenario.noise.rises", words=words, share=t.percent(p_rises))
