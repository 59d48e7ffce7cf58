"""Files for the reader, made when they are asked for, by the same writers as the command line's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from atlas.app.making import long_download
from atlas.app.session import BY_BUILT, Session
from atlas.app.tasks import file_of
from atlas.exports import Format, formats

if TYPE_CHECKING:
    from atlas.built import Built

SMALL = (".geojson", ".csv")
SLOW = (".pmtiles", ".xlsx")
QUICK_ROWS = 40_000
"""Beyond, any format takes more than two seconds."""


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs=BY_BUILT)
def made(built: Built, layer: str, suffix: str, lang: str, within: str) -> bytes:
    """Content of one file."""
    return file_of(built, layer, suffix, lang, within)


def download(session: Session, layer: str, form: Format, label: str, *, key: str) -> None:
    """One button: the file is written when it is pressed, not before; what takes long has a bar and can be stopped."""
    within, name = session.view.within, file_name(session, layer, form.suffix)
    if form.suffix in SLOW or rows_of(session.built, layer) > QUICK_ROWS:
        long_download(session, key, label, name, form.media_type, "export",
                      layer=layer, suffix=form.suffix, lang=session.view.lang, within=within)  # fmt: skip
        return

    def content() -> bytes:
        return made(session.built, layer, form.suffix, session.view.lang, within)

    st.download_button(label, content, name, form.media_type, key=key, on_click="ignore", width="stretch")


def rows_of(built: Built, layer: str) -> int:
    """How many rows a file of a layer may have, at most."""
    counts = built.store.manifest["counts"]
    return int(counts["neighbourhoods" if layer == "neighbourhoods" else "places"])


def file_name(session: Session, layer: str, suffix: str) -> str:
    """``atlas-norte-museums-1312.geojson``."""
    return "-".join(filter(None, ("atlas", session.known.atlas, layer, session.view.within))) + suffix


def sheet_download(session: Session, code: str) -> None:
    """The printed sheet of a neighbourhood, or the dossier of a municipality, as PDF."""
    label = session.t("app.download.dossier" if code in session.known.parents else "app.download.sheet")
    name = f"atlas-{session.known.atlas}-{code}.pdf"
    long_download(session, "sheet", label, name, "application/pdf", "sheet", code=code, lang=session.view.lang)


def package_download(session: Session) -> None:
    """Everything in one ZIP: GeoPackage with styles, QGIS project, tables, metadata, licences, checksums."""
    label, name = session.t("app.download.package"), f"atlas-{session.known.atlas}.zip"
    long_download(session, "package", label, name, "application/zip", "package", lang=session.view.lang)


def map_download(session: Session) -> None:
    """The whole atlas as one HTML file that needs no network."""

    def content() -> bytes:
        from atlas.maps import standalone

        index = session.view.index
        return standalone(session.atlas, session.built.store, lang=session.view.lang, index=index).encode()

    name = f"atlas-{session.known.atlas}-{session.view.index}.html"
    st.download_button(session.t("app.download.map"), content, name, "text/html", key="get_map", on_click="ignore")


def small_downloads(session: Session) -> None:
    """The scored neighbourhoods as GeoJSON and as CSV."""
    t = session.t
    with st.container(key="downloads", horizontal=True, vertical_alignment="center"):
        for suffix in SMALL:
            if suffix in formats():
                form = formats()[suffix]
                download(session, "neighbourhoods", form, t("app.download.as", format=form.label.in_(t.lang)),
                         key=f"get{suffix}")  # fmt: skip
