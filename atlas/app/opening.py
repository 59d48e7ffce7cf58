"""Opens an atlas once for all sessions; where its store is missing or stale, it is built first, behind a bar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from atlas.app.bar import with_bar
from atlas.app.dom import h
from atlas.app.view import view
from atlas.app.words import said
from atlas.language import Lang, Translator
from atlas.store import MANIFEST

if TYPE_CHECKING:
    from atlas.built import Built
    from atlas.config import Atlas

STOPPED = "build_stopped"


@dataclass(frozen=True)
class Opened:
    """An atlas that is open, and when its store was written."""

    built: Built
    written_ns: int


@cache
def _shelf() -> dict[tuple[str, str], Opened]:
    """Open atlases of this process: Streamlit's caches cannot show the progress of a build."""
    return {}


def opened(name: str, store: str, lang: Lang) -> Built:
    """Open an atlas; a store that another process has built anew is opened anew."""
    # The place of the bar is always there: what comes after it must not move from run to run, or the browser would
    # mount the map again.
    place = st.empty()
    held = _shelf().get((name, store))
    if held is None or held.written_ns != _written_ns(held.built.store.folder):
        from atlas.atlasfile import find_atlas, load_atlas
        from atlas.build import is_current
        from atlas.built import Built, store_folder
        from atlas.store import Store

        atlas = load_atlas(find_atlas(name))
        folder = Path(store) if store else store_folder(name, atlas.folder)
        if not is_current(atlas, folder):
            with place.container():
                _build(atlas, folder, Translator(lang))
            place.empty()
        written = _written_ns(folder)
        held = _shelf()[name, store] = Opened(Built(atlas, Store(folder)), written)
    return held.built


def _written_ns(folder: Path) -> int:
    try:
        return (folder / MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0


def _build(atlas: Atlas, folder: Path, t: Translator) -> None:
    """Build; who stopped it finds a button that begins it again."""
    page: dict[str, Any] = {"lang": "pt-PT" if t.lang == "pt" else "en-GB", "title": "Atlas", "tints": {}}
    name = atlas.atlas.name.in_(t.lang)
    if st.session_state.get(STOPPED) == str(folder):
        view("opening", [h("h1", name), h("p", t("app.build.stopped"), role="status")], page=page)
        if not st.button(t("app.build.again"), key="build_again"):
            st.stop()
        st.session_state.pop(STOPPED)
        st.rerun()
    view("opening", [h("h1", name)], page=page)

    def stop() -> None:
        st.session_state[STOPPED] = str(folder)

    def words(stage: str) -> str:
        return t("app.build.wait", stage=said(t, f"app.build.{stage}"))

    try:
        with_bar(t, "build", name, "build", {"folder": str(atlas.folder), "store": str(folder)}, stop, words)
    finally:
        _sweep(folder)


def _sweep(folder: Path) -> None:
    """Nothing stays of a build that was stopped; another process that builds meanwhile does its own sweeping."""
    from filelock import FileLock, Timeout

    from atlas import store

    try:
        with FileLock(folder.with_name(f"{folder.name}.lock")).acquire(timeout=0):
            store.recover(folder)
    except (Timeout, OSError):
        return
