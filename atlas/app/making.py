"""What takes more than a moment: a bar that says how far it is, and a button that ends it.

The work runs in a process of its own (:mod:`atlas.app.working`). Nothing half made is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from atlas.app.bar import with_bar
from atlas.app.session import Session, fingerprint
from atlas.app.working import held, hold, name_of, place_of

MADE = "made"


@dataclass(frozen=True)
class Made:
    """One file that is ready, and what it was made of."""

    of: str
    content: bytes


def long_download(
    session: Session, key: str, label: str, name: str, media_type: str, task: str, **arguments: Any
) -> None:
    """A button that makes a file; while it is made, a bar and a button that stops it; then the file.

    One file a session is kept.
    """
    t = session.t
    wanted = f"{key} {name} {t.lang} {fingerprint(session.built)}"
    made = st.session_state.get(MADE)
    with st.container(key=f"long_{key}"):
        if isinstance(made, Made) and made.of == wanted:
            size = t.number(len(made.content) / 1e6, 1)
            st.download_button(t("making.save", what=label, size=size), made.content, name, media_type,
                               key=f"save_{key}", on_click="ignore")  # fmt: skip
            return
        asked = st.empty()
        if not asked.button(t("making.make", what=label), key=f"make_{key}"):
            return
        asked.empty()
        content = with_bar(t, key, label, task, place_of(session.built) | arguments)
        st.session_state[MADE] = Made(wanted, content)
    st.rerun()


def awaited(session: Session, key: str, what: str, task: str, *, give_up: Callable[[], None], **arguments: Any) -> Any:
    """What a task gives: kept from before, or made now behind a bar; stopping it calls ``give_up``.

    The place for the bar is always there, so that what comes after it does not move from run to run.
    """
    place = st.empty()
    known = name_of(task, fingerprint(session.built), arguments)
    found = held(known)
    if found is None:
        with place.container():
            found = with_bar(session.t, key, what, task, place_of(session.built) | arguments, give_up)
        hold(known, found)
        place.empty()
    return found
