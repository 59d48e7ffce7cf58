"""Files that take more than a moment: made when asked for, with a bar that says how far, and a button that stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from atlas.app.dom import h
from atlas.app.session import Session, fingerprint
from atlas.app.view import view
from atlas.build import Progress

Make = Callable[[Progress], bytes]
MADE = "made"


@dataclass(frozen=True)
class Made:
    """One file that is ready, and what it was made of."""

    of: str
    content: bytes


def long_download(session: Session, key: str, label: str, name: str, media_type: str, make: Make) -> None:
    """A button that makes a file; while it is made, a bar and a button that stops it; then the file.

    Stopping, leaving the page or moving anything ends the work: a bar that is drawn anew is where the script yields to
    what the reader did meanwhile. Nothing half made is kept, and one file a session is.
    """
    t = session.t
    wanted = f"{key} {name} {t.lang} {fingerprint(session.built)}"
    held = st.session_state.get(MADE)
    with st.container(key=f"long_{key}"):
        if isinstance(held, Made) and held.of == wanted:
            size = t.number(len(held.content) / 1e6, 1)
            st.download_button(t("making.save", what=label, size=size), held.content, name, media_type,
                               key=f"save_{key}", on_click="ignore")  # fmt: skip
            return
        asked = st.empty()
        if not asked.button(t("making.make", what=label), key=f"make_{key}"):
            return
        asked.button(t("making.stop"), key=f"stop_{key}")
        bar = st.empty()
        view(f"making_{key}", [h("p", t("making.begun", what=label), role="status", class_="unseen")])
        content = make(lambda share, _stage: _tell(bar, t("making.share", what=label, share=t.percent(share)), share))
        st.session_state[MADE] = Made(wanted, content)
    st.rerun()


def _tell(bar: st.delta_generator.DeltaGenerator, words: str, share: float) -> None:
    bar.progress(min(max(share, 0.0), 1.0), text=words)
