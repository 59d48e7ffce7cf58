"""Files for the reader, made when they are asked for, by the same writers as the command line's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from atlas.app.making import long_download
from atlas.app.session import BY_BUILT, Session
from atlas.app.tasks import file_of
from atlas.exports import Format, formats, plain_name, stem_of

if TYPE_CHECKING:
    from atlas.built import Built

SMALL = (".geojson", ".csv")
QUICK_ROWS = 10_000
"""Beyond, a file may take more than two seconds on a busy machine."""
TIMES = {".kml": 2.0, ".xlsx": 8.0, ".pmtiles": math.inf}
"""How many times as long as the other formats a row takes."""
WIDE = 3.0
"""How many times as long as a place's row a neighbourhood's takes, with its scores."""


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs=BY_BUILT)
def made(built: Built, layer: str, suffix: str, lang: str, within: str) -> bytes:
    """Content of one file."""
    return file_of(built, layer, suffix, lang, within)


def download(session: Session, layer: str, form: Format, label: str, *, key: str) -> None:
    """One button: the file is written when it is pressed, not before; what takes long has a bar and can be stopped."""
    within, name = session.view.within, file_name(session, layer, form.suffix)
    if takes_long(session.built, layer, form.suffix):
        long_download(session, key, label, name, form.media_type, "export",
                      layer=layer, suffix=form.suffix, lang=session.view.lang, within=within)  # fmt: skip
        return

    def content() -> bytes:
        return made(session.built, layer, form.suffix, session.view.lang, within)

    st.download_button(label, content, name, form.media_type, key=key, on_click="ignore", width="stretch")


def takes_long(built: Built, layer: str, suffix: str) -> bool:
    """Whether a file of the whole layer may take more than two seconds."""
    wide = WIDE if layer == "neighbourhoods" else 1.0
    return wide * TIMES.get(suffix, 1.0) * _rows(built).get(layer, 0) > QUICK_ROWS


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=BY_BUILT)
def _rows(built: Built) -> dict[str, int]:
    """How many rows the file of each layer has."""
    from atlas.listing import layers_table

    layers, counts = layers_table(built), built.store.manifest["counts"]
    known = {name: int(counts[name]) for name in ("neighbourhoods", "places")}
    return known | dict(zip(layers["id"], layers["places"].astype(int), strict=True))


def file_name(session: Session, layer: str, suffix: str) -> str:
    """``atlas-norte-museums-1312.geojson``."""
    return stem_of(session.known.atlas, layer, session.view.within) + suffix


def sheet_download(session: Session, code: str) -> None:
    """The printed sheet of a neighbourhood, or the dossier of a municipality, as PDF."""
    label = session.t("app.download.dossier" if code in session.known.parents else "app.download.sheet")
    name = f"atlas-{session.known.atlas}-{plain_name(code)}.pdf"
    long_download(session, "sheet", label, name, "application/pdf", "sheet", code=code, lang=session.view.lang)


def package_download(session: Session) -> None:
    """Everything in one ZIP: GeoPackage with styles, QGIS project, tables, metadata, licences, checksums."""
    label, name = session.t("app.download.package"), f"atlas-{session.known.atlas}.zip"
    long_download(session, "package", label, name, "application/zip", "package", lang=session.view.lang)


def map_download(session: Session) -> None:
    """The whole atlas as one HTML file that needs no network."""
    name = f"atlas-{session.known.atlas}-{session.view.index}.html"
    long_download(session, "map", session.t("app.download.map"), name, "text/html", "standalone",
                  index=session.view.index, lang=session.view.lang)  # fmt: skip


def small_downloads(session: Session) -> None:
    """The scored neighbourhoods as GeoJSON and as CSV."""
    t = session.t
    with st.container(key="downloads", horizontal=True, vertical_alignment="center"):
        for suffix in SMALL:
            if suffix in formats():
                form = formats()[suffix]
                download(session, "neighbourhoods", form, t("app.download.as", format=form.label.in_(t.lang)),
                         key=f"get{suffix}")  # fmt: skip
