"""Files for the reader, made when they are asked for, by the same writers as the command line's."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from atlas.app.session import Session
from atlas.exports import Format, formats

if TYPE_CHECKING:
    from atlas.built import Built

SMALL = (".geojson", ".csv")


@st.cache_data(show_spinner=False, max_entries=16)
def made(_built: Built, atlas: str, version: str, layer: str, suffix: str, lang: str, within: str) -> tuple[str, bytes]:
    """Name and content of one file."""
    from atlas.exports import write
    from atlas.exports.from_store import exportable

    stem = "-".join(filter(None, ("atlas", atlas, layer, within)))
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        path = write(exportable(_built.atlas, _built.store, layer, lang, within or None), Path(folder) / f"{stem}{suffix}",
                     lang=lang)[0]  # fmt: skip
        return path.name, path.read_bytes()


def download(session: Session, layer: str, form: Format, label: str, *, key: str) -> None:
    """One button: the file is written when it is pressed, not before."""
    within = session.view.within
    version = session.known.data_version
    stem = "-".join(filter(None, ("atlas", session.known.atlas, layer, within)))

    def content() -> bytes:
        return made(session.built, session.known.atlas, version, layer, form.suffix, session.view.lang, within)[1]

    st.download_button(label, content, f"{stem}{form.suffix}", form.media_type, key=key, on_click="ignore",
                       width="stretch")  # fmt: skip


def small_downloads(session: Session) -> None:
    """The scored neighbourhoods as GeoJSON and as CSV."""
    t = session.t
    with st.container(key="downloads", horizontal=True, vertical_alignment="center"):
        for suffix in SMALL:
            if suffix in formats():
                form = formats()[suffix]
                download(session, "neighbourhoods", form, t("app.download.as", format=form.label.in_(t.lang)),
                         key=f"get{suffix}")  # fmt: skip
