"""Puts a tree of :mod:`atlas.app.dom` on the page and hears what the reader does in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v1 import declare_component

from atlas.app.dom import Node

BROWSER = Path(__file__).parent / "browser"
ASSETS = Path(__file__).parents[1] / "assets"
_LOADER = """
let library;
export default function (component) {
  const { base, stamp } = component.data;
  library ??= import(new URL(`${base}view.js?${stamp}`, location.origin).href);
  library.then((found) => found.draw(component));
}
"""


@cache
def stamp() -> str:
    """A short hash of the browser's files: a new version of the atlas is never served from an old cache."""
    import hashlib

    files = sorted(path for folder in (BROWSER, ASSETS) for path in folder.iterdir() if path.suffix in {".js", ".css"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:10]


def folder_address(name: str, folder: Path) -> str:
    """Serve ``folder`` from the app itself, under any base path; the address ends in ``/``."""
    served = declare_component(name, path=str(folder))
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/component/{served.name}/"


def view(
    key: str,
    tree: Iterable[Node],
    *,
    act: Callable[[str, str], None] | None = None,
    page: Mapping[str, Any] | None = None,
) -> None:
    """Draw ``tree``; ``act(what, value)`` is called where the reader presses or chooses something in it."""

    def heard() -> None:
        told: Any = st.session_state[key].get("act")
        if act is not None and told:
            act(str(told["do"]), str(told["value"]))

    data: dict[str, Any] = {"tree": list(tree), "base": folder_address("browser", BROWSER), "stamp": stamp()}
    if page:
        data["page"] = dict(page)
    _renderer()(key=key, data=data, on_act_change=heard)


def _renderer() -> Any:
    return st.components.v2.component("atlas_view", js=_LOADER, isolate_styles=False)
