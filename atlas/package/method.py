"""The method of an atlas in two pages and a diagnosis of its indices: weights, reference points, sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from atlas.built import Built
from atlas.config import Index
from atlas.diagnosis_tables import Chapter, chapters
from atlas.exports.exportable import newest_day
from atlas.language import Lang, Translator
from atlas.listing import layers_table
from atlas.sheets.setting import typeset
from atlas.sheets.typeface import printable
from atlas.source_words import in_language

_TEMPLATE = Path(__file__).parent / "method.typ"
_WORDS = (
    "indicator", "weight", "from", "to", "source", "sources", "date", "licence",
    "layer", "layers", "places", "complete",
)  # fmt: skip
_PRINTED = ("indicators", "pillars", "classes", "treated", "missing")
_SECTIONS = ("what", "how", "sure", "reading", "fusion", "limits")


def method_pdf(built: Built, lang: Lang) -> bytes:
    """The pages as a tagged PDF."""
    dates = [str(one.get("date") or "") for one in built.store.manifest["sources"]]
    return typeset(_document(built, lang), dt.datetime.combine(newest_day(dates), dt.time(), dt.UTC), _TEMPLATE)


def _document(built: Built, lang: Lang) -> dict[str, Any]:
    from atlas import palette
    from atlas.sheets.facts import origin

    t, manifest = Translator(lang), built.store.manifest
    cuts = [
        t("package.method.cut", index=one.name.in_(lang), low=t.number(one.cuts[0], 1), high=t.number(one.cuts[1], 1))
        for one in (built.atlas.index_of(built.atlas.opportunity.potential), built.atlas.decline)
        if one is not None and one.cuts
    ]  # fmt: skip
    values = {
        "draws": manifest["draws"], "seed": str(manifest["seed"]), "cuts": "; ".join(cuts) or "—",
        "records": manifest["counts"]["records"], "places": manifest["counts"]["places"],
    }  # fmt: skip
    atlas = built.atlas.atlas
    return {
        "lang": lang,
        "title": t("package.method.title"),
        "head": t("package.title", atlas=atlas.name.in_(lang), version=atlas.data_version),
        "colours": {"ink": palette.INK, "secondary": palette.SECONDARY, "border": palette.BORDER},
        "sections": [_section(t, name, values) for name in _SECTIONS],
        "indices": [_index(built, index, t) for index in built.atlas.index],
        "chapters": [_chapter(one, t) for one in chapters(built, lang)],
        "layers": [_layer(row, t) for row in layers_table(built, lang).to_dict("records")],
        "sources": [
            [printable(one["title"]), printable(one["publisher"]), t.date(one["date"]), printable(one["licence"])]
            for one in (in_language(source, lang) for source in built.meta["sources"])
        ],
        "words": {
            name: t(f"package.method.{name}")
            for name in _WORDS
        },
        "origin": origin(built, t),
    }  # fmt: skip


def _chapter(one: Chapter, t: Translator) -> dict[str, Any]:
    """The diagnosis of an index: what is to be watched, sentences, and all tables but the list of units."""
    return {
        "title": f"{t('diag.title')}: {one.title}",
        "warnings": [printable(line) for line in one.warnings],
        "lines": [printable(line) for line in one.lines],
        "tables": [
            {
                "title": table.title,
                "note": table.note,
                "heads": [column.name for column in table.columns],
                "text": [column.kind == "text" for column in table.columns],
                "rows": [[printable(cell) for cell in row] for row in table.worded(t)],
            }
            for table in one.tables
            if table.id in _PRINTED
        ],
    }


def _layer(row: Mapping[Hashable, Any], t: Translator) -> dict[str, str]:
    """A layer with its places, how complete its sources are where that was measured, and what to load where empty."""
    return {
        "name": str(row["name"]),
        "places": t.number(row["places"]),
        "complete": t.percent(row["complete"]),
        "load": str(row["load"]) if isinstance(row["load"], str) else "",
    }


def _section(t: Translator, name: str, values: dict[str, str]) -> dict[str, str]:
    return {"title": t(f"package.method.{name}"), "text": t(f"package.method.{name}_text", **values)}


def _index(built: Built, index: Index, t: Translator) -> dict[str, Any]:
    """One index: each indicator with its share of the whole and its reference points."""
    used = [pillar for pillar in index.pillar if pillar.indicators]
    total = sum(pillar.weight for pillar in used)
    rows = []
    for pillar in used:
        inner = sum(pillar.indicators.values())
        for number, (code, weight) in enumerate(pillar.indicators.items()):
            one = built.atlas.indicator_of(code)
            low, high = one.goalposts or (None, None)
            less = "" if one.direction == "more" else f" {t('package.method.less')}"
            rows.append({
                "pillar": pillar.name.in_(t.lang) if number == 0 else "",
                "name": f"{one.name.in_(t.lang)}{less}",
                "weight": t.percent(pillar.weight / total * weight / inner, 1),
                "low": t.number(low, one.decimals),
                "high": t.number(high, one.decimals),
                "unit": one.unit.in_(t.lang),
            })  # fmt: skip
    level, aggregation = t(f"package.method.level.{index.level}"), t(f"package.method.aggregation.{index.aggregation}")
    empty = [pillar.name.in_(t.lang) for pillar in index.pillar if not pillar.indicators]
    return {
        "title": index.name.in_(t.lang),
        "note": " · ".join([level, aggregation, t.date(index.judged)]),
        "rows": rows,
        "empty": f"{', '.join(empty)}: {t('package.method.no_data')}" if empty else "",
    }
