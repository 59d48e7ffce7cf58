"""The accessibility statement."""

from __future__ import annotations

from atlas.app.dom import h
from atlas.app.session import Session
from atlas.app.view import view

ORDER = 9
PATH = "acessibilidade"


def show(session: Session) -> None:
    """Draw the page."""
    t = session.t
    points = ("route", "keyboard", "colour", "zoom", "motion", "language", "print")
    limits = ("map", "framework", "readers")
    view("statement", [h(
        "section",
        h("h1", t("app.page.acessibilidade")),
        h("p", t("app.access.lead"), class_="sentence"),
        h("h2", t("app.access.does")),
        h("ul", *(h("li", t(f"app.access.{point}")) for point in points), class_="bullets"),
        h("h2", t("app.access.limits")),
        h("ul", *(h("li", t(f"app.access.limit_{limit}")) for limit in limits), class_="bullets"),
        h("h2", t("app.access.how")),
        h("p", t("app.access.how_long"), class_="sentence"),
        class_="statement",
    )])  # fmt: skip
