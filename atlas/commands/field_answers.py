"""What the commands of the field check, of the comparison and of the service say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from atlas.answers import CELL, Answer
from atlas.comparing import KINDS, Comparison
from atlas.config import Source, Text
from atlas.fieldcheck.decisions import Written
from atlas.language import Lang, Translator
from atlas.ranking import rows_of
from atlas.store import Store

SHOWN_ROWS = 12  # of each kind, to a person; JSON and CSV hold them all


def compare_answer(found: Comparison, a: Store, b: Store, lang: Lang, declared: Iterable[Source] = ()) -> Answer:
    """Counts by kind and cause, the caveats, and the largest changes of each kind.

    Stores hold the titles of sources as they are declared; ``declared`` are sources that also know the English.
    """
    t = Translator(lang)
    rows = found.rows.copy()
    titles = {one.title: said for one in declared if (said := one.title_in(lang)) != one.title}
    of_sources = rows["kind"] == "source"
    rows.loc[of_sources, "name"] = rows.loc[of_sources, "name"].map(lambda title: titles.get(title, title))
    rows["name"] = [one.in_(lang) if isinstance(one, Text) else one for one in rows["name"]]
    meta = {
        "a": _about(a),
        "b": _about(b),
        "caveats": [one.in_(lang) for one in found.caveats],
        "measured_anew": found.measured_anew,
    }
    counted = [kind for kind in KINDS if kind != "caveat" and found.count(kind)]
    lines = [
        t(
            "field.compare.count",
            what=t(f"field.compare.kind.{kind}"),
            count=t.number(found.count(kind)),
            data=t.number(found.count(kind, "data")),
            method=t.number(found.count(kind, "method")),
        )
        for kind in counted
    ]
    head = [t("field.compare.head", a=_title(a), b=_title(b)), *(lines or [t("field.compare.none")])]
    if found.measured_anew:
        head.append(t("field.compare.measured_anew", codes=", ".join(found.measured_anew)))
    shown = pd.concat([_largest(rows[rows["kind"] == kind]) for kind in counted]) if counted else rows.iloc[:0]
    hidden = sum(found.count(kind) for kind in counted) - len(shown)
    foot = [f"! {one.in_(lang)}" for one in found.caveats]
    foot += [t.n("field.compare.hidden", hidden)] if hidden else []
    return Answer(
        rows_of(rows),
        meta,
        head="\n".join(head),
        shown=[_change_row(row, t) for row in shown.to_dict("records")],
        foot="\n".join(foot),
    )


def walk_answer(written: Written, changed: Comparison | None, lang: Lang) -> Answer:
    """What a walk decided, what it left in doubt, and what it changed in the next build."""
    t = Translator(lang)
    counts = [t.n(f"field.decided.{kind}", number) for kind, number in sorted(written.added.items())]
    lines = [t("field.decided", path=written.path, what="; ".join(counts)) if counts else t("field.decided.nothing")]
    for key, number in (("known", written.known), ("in_doubt", written.in_doubt), ("unvisited", written.unvisited)):
        if number:
            lines.append(t.n(f"field.walk.{key}", number))
    told = {"decisions": dict(sorted(written.added.items())), "known": written.known, "in_doubt": written.in_doubt,
            "unvisited": written.unvisited}  # fmt: skip
    if changed is None:
        return Answer([], told, head="\n".join(lines))
    rows = changed.rows[~changed.rows["kind"].isin(["caveat", "source"])]
    moved = rows["kind"].value_counts()
    lines += [
        t("field.walk.changed"),
        *(f"· {t(f'field.compare.kind.{kind}')}: {t.number(int(moved[kind]))}" for kind in KINDS if kind in moved),
    ]
    shown = pd.concat([_largest(rows[rows["kind"] == kind]) for kind in KINDS if kind in moved] or [rows])
    hidden = len(rows) - len(shown)
    return Answer(
        rows_of(rows),
        told,
        head="\n".join(lines),
        shown=[_change_row(row, t) for row in shown.to_dict("records")],
        foot=t.n("field.compare.hidden", hidden) if hidden else "",
    )


def _about(store: Store) -> dict[str, Any]:
    manifest = store.manifest
    return {
        "atlas": manifest["atlas"],
        "data_version": manifest["data_version"],
        "program": manifest["program"],
        "hashes": manifest["hashes"],
        "sources": {source["id"]: source["date"] for source in manifest["sources"]},
    }


def _title(store: Store) -> str:
    manifest = store.manifest
    return f"{manifest['atlas']} {manifest['data_version']} ({manifest['hashes']['method'][:8]})"


def _largest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that changed most, where a change has a size."""
    size = rows["change"].astype(float).abs()
    return rows.loc[size.sort_values(ascending=False, kind="stable").index[:SHOWN_ROWS]]


def _change_row(row: dict[str, Any], t: Translator) -> dict[str, str]:
    def said(value: Any) -> str:
        if value is None:
            return "—"
        if isinstance(value, int | float):
            return t.number(value, 1 if row["kind"] == "score" else 0)
        return str(value)[:CELL]

    return {
        t("field.column.kind"): t(f"field.compare.kind.{row['kind']}"),
        t("field.column.id"): row["id"],
        t("field.column.name"): said(row["name"]),
        t("field.column.before"): said(row["before"]),
        t("field.column.after"): said(row["after"]),
        t("field.column.cause"): t(f"field.compare.cause.{row['cause']}"),
    }
