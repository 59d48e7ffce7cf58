"""The app's entry: opens the atlas, draws the header, runs the page, keeps the link."""

from __future__ import annotations

import gc
import importlib
import pkgutil
from functools import cache, partial
from types import ModuleType

import streamlit as st

from atlas.app import pages, parts
from atlas.app.fault import say
from atlas.app.header import footer, header
from atlas.app.session import Session, offered, wanted_atlas
from atlas.errors import AtlasError


def page_modules() -> list[ModuleType]:
    """Every page, found in its folder, in its order."""
    found = [importlib.import_module(f"{pages.__name__}.{one.name}") for one in pkgutil.iter_modules(pages.__path__)]
    return sorted(found, key=lambda module: int(module.ORDER))


def main() -> None:
    """Run the app once, as Streamlit does at every change."""
    st.set_page_config(page_title="Atlas", layout="wide", initial_sidebar_state="collapsed")
    try:
        _draw(Session(wanted_atlas()))
    except AtlasError as fault:
        say(fault)


def _draw(session: Session) -> None:
    """The header, the page that is asked for, the footer; the view goes into the address."""
    parts.turn_to_selection(session)
    modules = page_modules()
    known = [
        st.Page(partial(_run, module, session), title=session.t(f"app.page.{_name(module)}"),
                url_path=module.PATH or "explorar", default=not module.PATH)
        for module in modules
    ]  # fmt: skip
    current = st.navigation(known, position="hidden")
    place = known.index(current) if current in known else 0
    going = header(session, [(module.PATH, _name(module)) for module in modules], modules[place].PATH, offered())
    if going is not None:
        target = next(page for page, module in zip(known, modules, strict=True) if going == module.PATH)
        st.switch_page(target, query_params=session.query())
    current.run()
    footer(session)
    session.keep_link()
    _settle()


@cache
def _settle() -> None:
    """Once a process, after its first page: what is loaded by then stays, and the collector need not look at it again.

    Its walks through an atlas's tables were the longest tenth of the moves of a slider.
    """
    gc.collect()
    gc.freeze()


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _run(module: ModuleType, session: Session) -> None:
    try:
        module.show(session)
    except AtlasError as fault:
        say(fault)
