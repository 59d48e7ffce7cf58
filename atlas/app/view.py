"""Puts a tree of :mod:`atlas.app.dom` on the page and hears what the reader does in it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v1 import declare_component

from atlas.app.dom import Node

BROWSER = Path(__file__).parent / "browser"
ASSETS = Path(__file__).parents[1] / "assets"
_LOADER = """const l=import(new URL("%s",location.origin))
export default c=>{l.then(f=>f.draw(c))}"""
"""Short, since it goes with every message; two lines, since Streamlit takes one for the name of a file."""


@cache
def stamp() -> str:
    """A short hash of the browser's files: a new version of the atlas is never served from an old cache."""
    import hashlib

    files = sorted(path for folder in (BROWSER, ASSETS) for path in folder.iterdir() if path.suffix in {".js", ".css"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:10]


@cache
def folder_address(name: str, folder: Path) -> str:
    """Serve ``folder`` from the app itself, under any base path; the address ends in ``/``."""
    served = declare_component(name, path=str(folder))
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/component/{served.name}/"


def view(
    key: str,
    tree: Iterable[Node] | bytes,
    *,
    act: Callable[[str, str], None] | None = None,
    page: Mapping[str, Any] | None = None,
) -> None:
    """Draw ``tree``, or one that is packed already.

    ``act(what, value)`` is called where the reader presses or chooses something in it; ``page`` goes to the document.
    """

    def heard() -> None:
        told: Any = st.session_state[key].get("act")
        if act is not None and told:
            act(str(told["do"]), str(told["value"]))

    data = tree if isinstance(tree, bytes) else packed(tree, page)
    _renderer(folder_address("browser", BROWSER))(key=key, data=data, on_act_change=heard)


def packed(tree: Iterable[Node], page: Mapping[str, Any] | None = None) -> bytes:
    """What goes over the wire: a sixth of the JSON. A slider moves a table, a map and a card at once."""
    told = {"tree": list(tree), "page": dict(page or {})}
    return zlib.compress(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())


@cache
def _renderer(address: str) -> Any:
    script = _LOADER % f"{address}view.js?{stamp()}"
    return st.components.v2.component("atlas_view", js=script, isolate_styles=False)
