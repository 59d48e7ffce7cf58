"""The tile server below the map: named by the atlas, or by whoever runs the app; and what a page may then ask for.

Nothing is asked of any other machine unless one of the two names a server. An installation names it in a file outside
of every atlas, ``app.toml`` in the folder of the stores, or the file that ``ATLAS_APP_CONFIG`` names.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from pydantic import Field

from atlas.atlasfile import parse, read_toml
from atlas.config import Atlas, Model, Tiles
from atlas.fetched import atlas_home

CONFIG = "app.toml"
VARIABLE = "ATLAS_APP_CONFIG"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{more}; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'"
)
"""What the browser lets a page of the app ask for, as far as a page can say it itself."""


class Installation(Model):
    """``app.toml``: what whoever runs the app decides for all atlases that it shows."""

    tiles: Tiles | None = Field(default=None, description="a tile server below every map, instead of the atlas's own")


def installation() -> Installation:
    """The installation's file, read again when it has changed; nothing is decided where there is none."""
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else atlas_home() / CONFIG
    try:
        written = path.stat().st_mtime_ns
    except OSError:
        if not named:
            return Installation()
        written = 0
    return _read(path, written)


@cache
def _read(path: Path, written: int) -> Installation:  # noqa: ARG001  (the cache's key)
    return parse(Installation, read_toml(path), path)


def tiles_of(atlas: Atlas) -> Tiles | None:
    """The tile server below an atlas's map: the installation's, else the atlas's own."""
    return installation().tiles or atlas.tiles


def policy(tiles: Tiles | None = None) -> str:
    """What a page may ask for: of the app alone, and pictures of the one host that ``tiles`` names.

    >>> policy(Tiles(address="https://{s}.example.pt:8443/t/{z}/{x}/{y}.png", credit="©")).split("; ")[3]
    "img-src 'self' data: blob: https://*.example.pt:8443"
    >>> "example" in policy()
    False
    """
    if tiles is None:
        return POLICY.format(more="")
    host = re.match(r"https?://[^/?#]+", tiles.address.replace("{s}.", "*."))
    return POLICY.format(more=f" {host[0]}" if host else "")
