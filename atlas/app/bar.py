"""Long work behind a bar and a button that ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from atlas.app.dom import h
from atlas.app.view import view
from atlas.app.working import work
from atlas.language import Translator


def with_bar(
    t: Translator,
    key: str,
    what: str,
    task: str,
    arguments: Mapping[str, Any],
    give_up: Callable[[], None] | None = None,
    words: Callable[[str], str] | None = None,
) -> Any:
    """Do the work; a task that does not say how far it is shows the seconds, ``words`` says otherwise what it is at.

    Stopping, leaving the page or moving anything ends it: a bar that is drawn anew is where the script yields to what
    the reader did meanwhile.
    """
    st.button(t("making.stop"), key=f"stop_{key}", on_click=give_up)
    bar, begun = st.empty(), time.monotonic()
    view(f"making_{key}", [h("p", t("making.begun", what=what), role="status", class_="unseen")])

    def tell(share: float, stage: str) -> None:
        if share and words:
            text = words(stage)
        elif share:
            text = t("making.share", what=what, share=t.percent(share))
        else:
            text = t("making.since", what=what, seconds=t.number(time.monotonic() - begun))
        bar.progress(min(max(share, 0.0), 1.0), text=text)

    return work(task, tell, **arguments)
