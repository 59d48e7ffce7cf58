"""*Cenários*: what would change if venues opened, moved or closed, space was reused, an area was drawn."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from atlas.app import controls, ledger, ledger_corners, ledger_form, painting, parts
from atlas.app.answer_tables import answer_nodes
from atlas.app.dom import Node, h, prose
from atlas.app.link import EFFECTS, MOST_SCENARIO
from atlas.app.map_element import Painting, letters, packed
from atlas.app.session import Session
from atlas.app.view import view
from atlas.app.words import capital
from atlas.errors import AtlasError
from atlas.exports import formats
from atlas.scenarios.files import LARGEST, link_of, refuse_other_atlas, text_of
from atlas.scenarios.model import Area
from atlas.scenarios.telling import change_words, notices, reach_words

if TYPE_CHECKING:
    from atlas.commands.scenario_answers import Result
    from atlas.scenarios.model import Scenario

ORDER = 5
PATH = "cenarios"
WRITTEN = (".geojson", ".gpkg", ".xlsx", ".csv")
POINT = 1.0
"""Points of the score that part a large change from a small one."""
COLOURS = ("#b35806", "#fdb863", "#b2abd2", "#542788")
"""Falls, falls a little, rises a little, rises: told apart without red and green, and by their words."""


def show(session: Session) -> None:
    """Draw the page."""
    t = session.t
    session.index_only = True
    controls.choose(session, show=False)
    made = ledger.scenario(session)
    done = _applied(session, made)
    with st.container(key="explore"):
        left, right = st.columns([10, 11], gap="medium")
    with left:
        view("scenario", [h("section", *ledger_nodes(session, made, done))], act=_act(session))
        if not made.changes:
            st.button(t("scenario.app.example"), key="scenario_example", on_click=_example, args=(session,))
        with st.container(key="scenario_form"):
            ledger_form.form(session)
    with right:
        _map(session, made, done)
    if done is not None:
        from atlas.commands.scenario_answers import answer_of

        answer = answer_of(done, t)
        nodes = answer_nodes(t, answer, t("scenario.app.moves"))[len(made.changes) + 1 :]
        view("scenario_moves", [h("section", h("h2", t("scenario.app.moves")),
                                  h("p", t("scenario.app.moves_long"), class_="sentence"), *nodes, class_="card",
                                  role="status")])  # fmt: skip
        view("scenario_why", why(session, done))
    _hand_over(session, made, done)


def _applied(session: Session, made: Scenario) -> Result | None:
    """What the scenario does; nothing where it has no changes, or where they do not fit this atlas, which is said."""
    if not made.changes:
        return None
    try:
        refuse_other_atlas(made, session.built)
        return ledger.result(session.built, link_of(made))
    except AtlasError as wrong:
        ledger.refuse(wrong)
        return None


def ledger_nodes(session: Session, made: Scenario, done: Result | None) -> list[Node]:
    """The heading, and every change with what it touches and a way to take it out; or what a scenario is."""
    t = session.t
    lead = [h("h1", t("app.page.cenarios")), h("p", t("scenario.app.lead"), class_="sentence")]
    if not made.changes:
        steps = [h("li", t(f"scenario.app.step_{step}")) for step in (1, 2, 3)]
        return [*lead, h("p", t("scenario.app.empty")), h("ol", *steps), _back(session)]
    lines = [
        h("li", h("b", change_words(session.built, one, t)), " ",
          None if done is None or isinstance(one, Area) else h("small", reach_words(done.outcome, number, t)), " ",
          h("div", h("span", h("button", t("scenario.app.edit", number=number), data_to=str(number)), data_do="edit"),
            h("span", h("button", t("scenario.app.drop", number=number), data_to=str(number)), data_do="drop"),
            class_="do"))
        for number, one in enumerate(made.changes, 1)
    ]  # fmt: skip
    other = notices(session.built, made, t)[:-1]
    return [
        *lead,
        *(h("p", one, class_="notices", role="status") for one in other),
        h("h2", made.name),
        h("ol", *lines, class_="ledger"),
        _back(session, h("button", t("scenario.app.forget"), data_to="forget")),
    ]


def _back(session: Session, *more: Node) -> Node:
    """One step back, where there is one; and ``more`` that begins anew."""
    undo = h("button", session.t("scenario.app.undo"), data_to="undo") if ledger.steps() else None
    return h("p", *(one for one in (undo, *more) if one), data_do="step", class_="steps") if undo or more else None


def why(session: Session, done: Result) -> list[Node]:
    """Figure by figure, what changed in the selected unit, or in the one that changes most; then the drawn areas."""
    outcome, t = done.outcome, session.t
    touched = done.moves[done.moves["touched"]].set_index("code")
    code = session.view.unit if session.view.unit in touched.index else (touched.index[0] if len(touched) else "")
    parts_of = [(one.name, one.figures, True) for one in done.areas]
    if code:
        mine = outcome.changed[outcome.changed["code"] == code]
        parts_of = [(str(touched.loc[code, "name"]), mine, False), *parts_of]
    return [
        h("section", h("h3", t("scenario.app.why", name=name)), *figures_table(session, figures, name, folded=folded),
          class_="card")
        for name, figures, folded in parts_of
    ]  # fmt: skip


def figures_table(session: Session, figures: pd.DataFrame, name: str, *, folded: bool) -> list[Node]:
    """Indicator, before, after, in the indicator's own unit; ``folded`` where they are many."""
    t = session.t
    rows = []
    for one in figures.itertuples(index=False):
        indicator = session.atlas.indicator_of(str(one.indicator))
        # a reach is a mean of residents, and moves by less than one place
        digits = indicator.decimals if _whole(one.before) and _whole(one.after) else max(indicator.decimals, 1)
        cells = (t.quantity(value, indicator, digits) for value in (one.before, one.after))
        rows.append(h("tr", h("th", indicator.name.in_(t.lang), scope="row"), *(h("td", cell) for cell in cells)))
    heads = (capital(t(f"scenario.app.why_{head}")) for head in ("figure", "before", "after"))
    table = h(
        "table",
        h("caption", t("scenario.app.why", name=name), class_="unseen"),
        h("thead", h("tr", *(h("th", head, scope="col") for head in heads))),
        h("tbody", *rows),
        class_="plain",
    )
    return [h("details", h("summary", t("scenario.app.why_all")), table)] if folded else [table]


def _whole(value: float) -> bool:
    return value != value or float(value).is_integer()


def _act(session: Session) -> Any:
    def heard(what: str, value: str) -> None:
        if what == "drop" and value.isdigit():
            ledger.drop(session, int(value))
        elif what == "edit" and value.isdigit():
            ledger_form.edit(session, int(value))
        elif what == "step":
            (ledger.undo if value == "undo" else ledger.forget)(session)
        elif what == "file":
            ledger.take(session, value)

    return heard


def _example(session: Session) -> None:
    """A theatre in the middle of the selected unit, or of the first of the order."""
    code = parts.at_level(session, session.view.unit, session.ranks())
    units = session.built.units
    unit = units.loc[code] if code in units.index else units[units["parent"] == code].iloc[0]
    spot = units.geometry.loc[[unit["code"]]].representative_point().to_crs(4326).iloc[0]
    kind = "theatre" if "theatre" in session.atlas.classes else next(iter(ledger_form.classes(session)))
    name = session.t("scenario.app.example_name", unit=unit["name"])
    ledger.add(session, {"do": "add", "class": kind, "lon": spot.x, "lat": spot.y, "name": name})
    ledger.rename(session, name)


def _map(session: Session, made: Scenario, done: Result | None) -> None:
    """The map before, after, or of what changes, with the scenario's spots and areas on it."""
    t = session.t
    whole = session.ranks(within=False)
    classes = painting.classes_of(session.view.index, session.stored_scores(), whole)
    shown, painted = "before", None
    if done is not None:
        st.session_state["scenario_show"] = shown = session.view.effect
        st.radio(t("scenario.app.show"), EFFECTS, key="scenario_show", horizontal=True,
                 format_func=lambda one: t(f"scenario.app.show_{one}"),
                 on_change=lambda: session.change(effect=st.session_state["scenario_show"]))  # fmt: skip
        after = done.moves.set_index("code")
        whole = whole.assign(score_before=whole["score"])
        if shown != "before" and whole["code"].isin(after.index).all():
            whole = whole.assign(
                score=after["score_after"].reindex(whole["code"]).to_numpy(),
                rank=after["rank_after"].reindex(whole["code"]).array,
            )
            if shown == "after":
                classes = painting.classes_of(session.view.index, session.stored_scores(), whole)
            painted = change_painting(session, done) if shown == "change" else None
    rows = done.outcome.edited.changed.itertuples() if done else ()
    points = [[row.lon, row.lat, str(row.change)] for row in rows]
    told = {
        "rings": [list(one.ring) for number, one in enumerate(made.changes, 1)
                  if isinstance(one, Area) and number != ledger_form.edited(session)],
        "corners": ledger_corners.corners(session),
        "area": session.view.kind == "area",
        "points": points,
        "fit": [] if done is None else done.moves.loc[done.moves["touched"], "code"].tolist(),
    }  # fmt: skip
    parts.draw_map(session, whole, classes, parts.at_level(session, session.view.unit, whole), painted=painted,
                   marks=told, spotted=ledger_corners.heard_spot(session), near=session.view.unit,
                   key="scenario_map")  # fmt: skip
    legend = change_legend(session) if painted else parts.map_legend(session, classes)
    view("legend", [h("section", *legend, class_="legend")])


def change_painting(session: Session, done: Result) -> Painting:
    """Whether a unit's score falls or rises, and by how much; the others are left bare."""
    outlines = parts.outline_order(session.built)
    keys = outlines["parent" if session.level == "municipality" else "code"]
    after = done.moves.set_index("code").reindex(keys)
    change = (after["score_after"] - after["score_before"]).to_numpy(dtype=float)
    numbers = pd.Series(np.searchsorted([-POINT, 0.0, POINT], change).astype(float))
    unknown = np.isnan(change)  # a unit without a rank is hatched: whether it changes is not known
    ranked = after["score_after"].where(after["rank_after"].notna())
    return Painting(
        figures=packed(
            letters(numbers.mask(unknown), outside=pd.Series(np.abs(change) <= 1e-9)), ranked, after["rank_after"]
        ),
        colours=COLOURS,
        labels=[session.t(f"scenario.app.change_{place}") for place in range(len(COLOURS))],
    )


def change_legend(session: Session) -> list[Node]:
    """The legend of the change, in words."""
    from atlas.app import charts

    t = session.t
    keys = [h("li", charts.swatch(colour), t(f"scenario.app.change_{place}")) for place, colour in enumerate(COLOURS)]
    notes = (t("scenario.app.change_none"), parts.stands_on(session))
    keys.append(h("li", charts.hatch(), t("app.legend.insufficient")))
    title = h("h2", t("scenario.app.show_change"), class_="small")
    return [title, h("ul", *keys), *(h("p", note, class_="note") for note in notes)]


def _hand_over(session: Session, made: Scenario, done: Result | None) -> None:
    """Name, save, load, link and export."""
    t = session.t
    view("scenario_files", [
        h("section", h("h2", t("scenario.app.hand")), h("p", *prose(t("scenario.app.hand_long")), class_="sentence"),
          h("p", t("scenario.app.too_long"), class_="aside", role="status")
          if len(session.view.scenario) > MOST_SCENARIO else None,
          h("div", class_="bring", data_own="upload", data_accept=".json", data_most=LARGEST,
            data_label=t("scenario.app.load"), data_wait=t("scenario.app.loading"),
            data_large=t("scenario.app.large"), data_hint=t("scenario.app.load_hint"))),
    ], act=_act(session))  # fmt: skip
    if done is None:
        return
    st.session_state["scenario_title"] = made.name
    st.text_input(t("scenario.app.title"), key="scenario_title", max_chars=200,
                  on_change=lambda: ledger.rename(session, str(st.session_state["scenario_title"])))  # fmt: skip
    stem = f"atlas-{session.known.atlas}-cenario"
    with st.container(key="downloads", horizontal=True):
        st.download_button(t("scenario.app.save"), text_of(made), f"{stem}.json", "application/json",
                           key="scenario_save", on_click="ignore")  # fmt: skip
        for suffix in WRITTEN:
            form = formats()[suffix]
            label = t("app.download.as", format=form.label.in_(t.lang))
            st.download_button(label, partial(_file, session, done, suffix), f"{stem}{suffix}", form.media_type,
                               key=f"scenario_get{suffix}", on_click="ignore")  # fmt: skip


def _file(session: Session, done: Result, suffix: str) -> bytes:
    """Every unit before and after, and the drawn areas, in one format."""
    from atlas.exports import write

    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        return write(done.layer, Path(folder) / f"scenario{suffix}", lang=session.view.lang)[0].read_bytes()
