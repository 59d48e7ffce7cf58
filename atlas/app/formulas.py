"""The formulas of *Método e fontes*, as the atlas at hand uses them, and what planners decided about its records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from atlas.app.dom import Node, h, prose

if TYPE_CHECKING:
    from atlas.app.session import Session
    from atlas.config import Index
    from atlas.language import Translator

SHOWN = 200


def formulas(session: Session) -> list[Node]:
    """From a figure to a place in the order, step by step, with the source of each formula.

    The same as :mod:`atlas.scoring.index` computes: only the steps that an index of this atlas takes are told.
    """
    t = session.t
    return [
        h("h2", t("app.method.formulas"), id="formulas"),
        h("p", t("app.method.formulas_lead"), class_="sentence"),
        h("dl", *(h("div", h("dt", head), h("dd", *prose(body))) for head, body in _steps(session, t)), class_="guide"),
    ]


def _steps(session: Session, t: Translator) -> Iterator[tuple[str, str]]:
    atlas = session.atlas
    used = {code for index in atlas.index for pillar in index.pillar for code in pillar.indicators}
    indicators = [one for one in atlas.indicator if one.code in used]
    yield t("app.formula.value"), t("app.formula.value_is")
    logged = [one.name.in_(t.lang) for one in indicators if one.log]
    if logged:
        yield t("app.formula.log"), t("app.formula.log_is", names="; ".join(logged))
    if any(one.direction == "less" for one in indicators):
        yield t("app.formula.less"), t("app.formula.less_is")
    yield t("app.formula.pillar"), t("app.formula.pillar_is")
    for index in atlas.index:
        yield t("app.formula.index", index=index.name.in_(t.lang)), _index(index, t)
    yield t("app.formula.coverage"), t("app.formula.coverage_is")
    yield t("app.formula.intervals"), t("app.formula.intervals_are", draws=session.built.store.manifest["draws"])


def _index(index: Index, t: Translator) -> str:
    whole = t(f"app.formula.{index.aggregation}")
    return f"{whole} {t('app.formula.least', present=t.percent(index.present), floor=t.percent(index.coverage_floor))}"


def decisions(session: Session) -> list[Node]:
    """Every row of ``decisions.csv`` that the build read, and whether it could be applied."""
    t = session.t
    rows: pd.DataFrame = session.built.store.read("decisions")
    heads = ("decision", "record", "other", "value", "date", "applied")
    told = [
        h("tr", h("th", t(f"app.decision.{row.decision}"), scope="row"),
          h("td", f"{row.record_a} · {row.source_a}"),
          h("td", f"{row.record_b} · {row.source_b}" if row.record_b else "—"),
          h("td", row.value or "—"), h("td", t.date(str(row.date)) if row.date else "—"),
          h("td", t("app.decision.yes" if row.applied else "app.decision.no")))
        for row in rows.head(SHOWN).astype(object).where(rows.notna(), None).itertuples(index=False)
    ]  # fmt: skip
    left = len(rows) - SHOWN
    return [
        h("h2", t("app.method.decisions"), id="decisions"),
        h("p", *prose(t.n("app.decision.count", len(rows)) if told else t("app.decision.none")), class_="sentence"),
        h("div", h("table", h("caption", t("app.method.decisions"), class_="unseen"),
          h("thead", h("tr", *(h("th", t(f"app.decision.{name}"), scope="col") for name in heads))),
          h("tbody", *told), class_="plain"), class_="wide", role="region", tabindex="0",
          aria_label=t("app.method.decisions")) if told else None,
        h("p", t.n("app.answer.more", left), class_="aside") if left > 0 else None,
    ]  # fmt: skip
