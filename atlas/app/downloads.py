"""Files for the reader, made when they are asked for, by the same writers as the command line's."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from atlas.app.making import long_download
from atlas.app.session import BY_BUILT, Session
from atlas.build import Progress
from atlas.exports import Format, formats

if TYPE_CHECKING:
    from atlas.built import Built

SMALL = (".geojson", ".csv")


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs=BY_BUILT)
def made(built: Built, layer: str, suffix: str, lang: str, within: str) -> tuple[str, bytes]:
    """Name and content of one file."""
    from atlas.exports import write
    from atlas.exports.from_store import exportable

    stem = "-".join(filter(None, ("atlas", built.atlas.atlas.id, layer, within)))
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        held = exportable(built.atlas, built.store, layer, lang, within or None)
        path = write(held, Path(folder) / f"{stem}{suffix}", lang=lang)[0]
        return path.name, path.read_bytes()


def download(session: Session, layer: str, form: Format, label: str, *, key: str) -> None:
    """One button: the file is written when it is pressed, not before."""
    within = session.view.within

    def content() -> bytes:
        return made(session.built, layer, form.suffix, session.view.lang, within)[1]

    st.download_button(label, content, file_name(session, layer, form.suffix), form.media_type, key=key,
                       on_click="ignore", width="stretch")  # fmt: skip


def file_name(session: Session, layer: str, suffix: str) -> str:
    """``atlas-norte-museums-1312.geojson``."""
    return "-".join(filter(None, ("atlas", session.known.atlas, layer, session.view.within))) + suffix


def sheet_download(session: Session, code: str) -> None:
    """The printed sheet of a neighbourhood, or the dossier of a municipality, as PDF."""

    def make(progress: Progress) -> bytes:
        from atlas.sheets import sheets

        return sheets(session.built, code, lang=session.view.lang, progress=progress)

    label = session.t("app.download.dossier" if code in session.known.parents else "app.download.sheet")
    long_download(session, "sheet", label, f"atlas-{session.known.atlas}-{code}.pdf", "application/pdf", make)


def package_download(session: Session) -> None:
    """Everything in one ZIP: GeoPackage with styles, QGIS project, tables, metadata, licences, checksums."""

    def make(progress: Progress) -> bytes:
        from atlas.package import write_package

        with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
            path = Path(folder) / "package.zip"
            write_package(session.built, path, lang=session.view.lang, progress=progress)
            return path.read_bytes()

    name = f"atlas-{session.known.atlas}.zip"
    long_download(session, "package", session.t("app.download.package"), name, "application/zip", make)


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
