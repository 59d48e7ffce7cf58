"""The folium map: its frame is mounted once, and what a change of view sends is one letter per outline."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from atlas import palette
from atlas.app.view import ASSETS, BROWSER, folder_address, stamp

if TYPE_CHECKING:
    from pathlib import Path

    import folium
    import pandas as pd

MUTED, INSUFFICIENT = ".", "-"


@dataclass(frozen=True)
class Painting:
    """What the map shows of each outline, in the order of the outlines' codes."""

    figures: str
    """Classes, scores and ranks, packed."""
    colours: Sequence[str]
    labels: Sequence[str]
    values: Sequence[str] = ()
    """Words for each outline instead of a score and a rank."""


def letters(classes: pd.Series, *, uncertain: pd.Series | None = None, outside: pd.Series | None = None) -> str:
    """Classes from 0 as letters: ``a`` the first, a capital where it is uncertain, ``-`` insufficient, ``.`` filtered.

    >>> import pandas as pd
    >>> letters(pd.Series([0, None, 2, 4]), uncertain=pd.Series([False, True, True, False]))
    'a-Ce'
    """
    numbers = classes.to_numpy(dtype=float, na_value=np.nan)
    first = ord("a") if uncertain is None else np.where(uncertain.to_numpy(dtype=bool), ord("A"), ord("a"))
    told = np.where(np.isnan(numbers), ord(INSUFFICIENT), first + np.nan_to_num(numbers))
    if outside is not None:
        told = np.where(outside.to_numpy(dtype=bool), ord(MUTED), told)
    return told.astype(np.uint8).tobytes().decode("ascii")


def packed(classes: str, scores: pd.Series, ranks: pd.Series) -> str:
    r"""Classes, scores × 10 and ranks of all outlines, in little room.

    The ranks stand in the order of the outlines, the rest in the order of the ranks, each score as its fall from the
    one before: there both hardly change, and deflate to little. Numbers are low bytes, then high bytes, modulo 2¹⁶; a
    figure is stored plus one, so that 0 is none. The whole is written in base 64.

    >>> import pandas as pd
    >>> one = packed("a-c", pd.Series([51.2, None, 50.9]), pd.Series([1, None, 2]))
    >>> zlib.decompress(base64.b64decode(one))
    b'\x02\x00\x03\x00\x00\x00-ac\x00\xff\x03\x00\xfd\x00'
    """
    placed = _whole(ranks, 1)
    order = np.argsort(placed, kind="stable")
    tenths = _whole(scores, 10)[order]
    falls = np.concatenate(([0], tenths[:-1])) - tenths
    there = np.frombuffer(classes.encode("ascii"), np.uint8)[order].tobytes()
    told = _planes(placed) + there + _planes(falls)
    return base64.b64encode(zlib.compress(told, 9)).decode("ascii")


def _whole(figures: pd.Series, times: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    values = figures.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(values), 0, np.clip(np.round(np.nan_to_num(values) * times) + 1, 1, 65535)).astype(
        np.int64
    )


def _planes(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> bytes:
    return (numbers % 65536).astype("<u2").view(np.uint8).reshape(-1, 2).T.tobytes()


def harmless(value: object) -> str:
    r"""JSON that stays data inside a script: nothing in it can end a tag, open a template or name a variable.

    >>> harmless({"a": "</script>${x}`"})
    '{"a":"\\u003c/script\\u003e\\u0024{x}\\u0060"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&$`\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    for opening in ("{{", "{%"):  # neither stands in JSON but inside a text
        text = text.replace(opening, f"\\u007b{opening[1]}")
    return text


def show_map(
    told: Mapping[str, Any],
    painting: Painting,
    *,
    folder: Path,
    key: str,
    height: int,
    picked: Callable[[str], None],
    spotted: Callable[[float, float, int | None], None] | None = None,
) -> None:
    """Draw or repaint the map; ``picked(code)`` is called when the reader chooses an outline.

    With ``spotted``, a click gives its longitude and latitude instead; and a corner that was dragged its place too.
    """
    from streamlit_folium import st_folium

    files = files_address(folder)
    message = {
        **told,
        "outlines": files + str(told["outlines"]),
        "layers": [{**layer, "file": _address(files, str(layer["file"]))} for layer in told["layers"]],
        "figures": painting.figures,
        "colours": list(painting.colours),
        "labels": list(painting.labels),
        "values": list(painting.values),
        "ink": palette.INK,
        "spots": spotted is not None,
    }
    message["stamp"] = _short(harmless(message))

    def heard() -> None:
        value = st.session_state.get(key) or {}
        if value.get("unit"):
            picked(str(value["unit"]))
        elif value.get("spot") and spotted is not None:
            lon, lat = value["spot"]
            corner = value.get("corner")
            spotted(float(lon), float(lat), None if corner is None else int(corner))

    st_folium(
        _folium_map(told),
        key=key,
        height=height,
        use_container_width=True,
        returned_objects=[],
        feature_group_to_add=_messenger(harmless(message)),
        on_change=heard,
        render=False,  # st_folium renders the map itself; else it would do so twice
    )


def _address(files: str, file: str) -> str:
    """Where the browser finds a layer; what the page keeps for the map is fetched from nowhere."""
    return file if file.startswith("kept:") else files + file


def files_address(folder: Path) -> str:
    """Where the browser fetches the files of one built atlas."""
    return folder_address(f"outlines_{_short(folder)}", folder)


def _folium_map(told: Mapping[str, Any]) -> folium.Map:
    """A bare map whose scripts and styles come from this machine: no tiles, no CDN."""
    own, assets = folder_address("browser", BROWSER), folder_address("assets", ASSETS)
    bare: folium.Map = _elements().Map(
        location=tuple(told["centre"]), zoom_start=8, tiles=None, zoom_control=False, attribution_control=False,
        zoom_snap=0.25, min_zoom=6, max_zoom=18,
    )  # fmt: skip
    scripts = (f"{assets}leaflet/leaflet.js", f"{assets}atlas-map.js", f"{own}planner-map.js")
    styles = (f"{assets}leaflet/leaflet.css", f"{assets}atlas-map.css", f"{own}planner-map.css")
    bare.default_js = [(one, f"{one}?{stamp()}") for one in scripts]
    bare.default_css = [(one, f"{one}?{stamp()}") for one in styles]
    return bare


def _messenger(message: str) -> folium.FeatureGroup:
    """An empty group whose script hands ``message`` to the map that is already there."""
    group: folium.FeatureGroup = _elements().Group(name="atlas", control=False)
    told = _elements().Message()
    told.message = message
    told.add_to(group)
    return group


@cache
def _elements() -> SimpleNamespace:
    """Folium's map and group without the page that they would be rendered into: st_folium takes their scripts alone.

    That page costs a template compiled for each of its parts, at every run; and its head forbids to zoom.
    """
    import folium
    from branca.element import MacroElement
    from jinja2 import Environment

    script = (
        "{% macro script(this, kwargs) %}window.AtlasPlannerMap.show(window.map, {{ this.message }});{% endmacro %}"
    )
    # Not escaped: it is a script, and the JSON in it is harmless.
    template = Environment(autoescape=False).from_string(script)  # noqa: S701  (see above)
    bare = {"render": lambda _self, **_more: None}
    return SimpleNamespace(
        Map=type("Map", (folium.Map,), bare),
        Group=type("FeatureGroup", (folium.FeatureGroup,), bare),
        Message=type("Message", (MacroElement,), {"_template": template}),
    )


def _short(value: object) -> str:
    import hashlib

    return hashlib.sha256(str(value).encode()).hexdigest()[:10]
