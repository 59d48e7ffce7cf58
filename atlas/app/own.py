"""The planner's own file in this session: what was read of it, what the planner made of it. Nothing is stored."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
import streamlit as st

from atlas.app.session import BY_BUILT, Session
from atlas.errors import AtlasError, SourceError
from atlas.language import Translator
from atlas.uploads import Uploaded, figures, mapping, placing, read, weighing
from atlas.uploads.figures import Figures
from atlas.uploads.placing import Placed

if TYPE_CHECKING:
    import pandas as pd

    from atlas.built import Built

OWN = "own"
LAYER = "own"
COLOUR = "#cc79a7"
SYMBOL = "cross"
ON_MAP = ("layer", "count", "rate", "share")
"""Uses that need a place for every row; the others join a column by neighbourhood."""


@dataclass(frozen=True)
class Choice:
    """What the planner confirmed: what the file is used for, and by which columns and reference system."""

    use: str
    crs: str = ""
    lon: str = ""
    lat: str = ""
    key: str = ""
    parent: str = ""
    value: str = ""
    everywhere: bool = False


@dataclass(frozen=True)
class Own:
    """The file of the session, and what came of it."""

    content: bytes = b""
    uploaded: Uploaded | None = None
    fault: AtlasError | None = None
    choice: Choice | None = None
    placed: Placed | None = None
    figures: Figures | None = None
    drawn: dict[str, Any] | None = None
    stamp: str = ""
    atlas: str = ""
    """The atlas that the choice was made for."""
    likely: tuple[str, ...] = ()
    """Reference systems to choose from, the one that fits first."""
    direction: weighing.Direction = "more"
    weight: float = 0.2

    @property
    def empty(self) -> bool:
        """Whether no file has come."""
        return self.uploaded is None and self.fault is None


def own() -> Own:
    """What the session holds."""
    held = st.session_state.get(OWN)
    return held if isinstance(held, Own) else Own()


def keep(**values: Any) -> None:
    """Another state of the session's file."""
    st.session_state[OWN] = replace(own(), **values)


def kept() -> dict[str, Any]:
    """What the page keeps for the map: sent once, since it does not change from run to run."""
    held = own()
    return {held.stamp: held.drawn} if held.drawn is not None else {}


def forget() -> None:
    """As if no file had come."""
    st.session_state.pop(OWN, None)


def take(name: str, encoded: str) -> None:
    """Read what the browser sent, ``encoded`` in base 64; a fault is kept and shown."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return
    take_layer(name, content)


def take_layer(name: str, content: bytes, layer: str = "") -> None:
    """Read one layer of the file; its bytes are kept only while there are other layers to choose."""
    try:
        uploaded = read(name, content, layer)
    except AtlasError as fault:
        st.session_state[OWN] = Own(fault=fault)
        return
    st.session_state[OWN] = Own(content=content if uploaded.layers else b"", uploaded=uploaded)


def settle(session: Session) -> None:
    """Of another atlas the file is kept, and what was made of it is not."""
    held = own()
    if held.atlas and held.atlas != session.known.atlas:
        keep(atlas="", likely=(), fault=None, choice=None, placed=None, figures=None, drawn=None, stamp="")


def likely_crs(session: Session, uploaded: Uploaded) -> tuple[str, ...]:
    """The reference systems to choose from, looked for once a file and atlas."""
    if not own().likely:
        found = placing.fitting_crs(uploaded, region(session.built), session.atlas.atlas.crs)
        keep(likely=tuple(found), atlas=session.known.atlas)
    return own().likely


def use(session: Session, choice: Choice) -> None:
    """Make of the file what the planner confirmed; a fault is kept and shown, and the choice can be made again."""
    held = own().uploaded
    if held is None:
        return
    try:
        made = _made(session.built, held, choice)
    except AtlasError as fault:
        keep(fault=fault, choice=None, placed=None, figures=None, drawn=None, stamp="")
        return
    keep(fault=None, choice=choice, atlas=session.known.atlas, **made)


def _made(built: Built, uploaded: Uploaded, choice: Choice) -> dict[str, Any]:
    units = built.units
    made: dict[str, Any] = {"placed": None, "figures": None, "drawn": None, "stamp": ""}
    if choice.use in ON_MAP:
        columns = (choice.lon, choice.lat) if choice.lon and choice.lat else None
        placed = placing.place(uploaded, region(built), built.atlas.atlas.crs, choice.crs or uploaded.crs, columns)
        drawn = mapping.map_layer(placed, uploaded.name)
        made |= {"placed": placed, "drawn": drawn, "stamp": _stamp(drawn)}
        outlines = gpd.GeoDataFrame(units)
        if choice.use == "share":
            made["figures"] = figures.covered(placed, outlines, everywhere=choice.everywhere)
        elif choice.use != "layer":
            made["figures"] = figures.counted(
                placed, outlines, per_1000=choice.use == "rate", everywhere=choice.everywhere
            )
    elif not choice.key or not choice.value:
        raise SourceError(
            "Escolha a coluna que diz a unidade e a coluna do valor.",
            "Choose the column that names the unit and the column of the value.",
            where=uploaded.name,
        )
    elif choice.use == "code":
        made["figures"] = figures.by_code(uploaded, choice.key, choice.value, units)
    else:
        made["figures"] = figures.by_name(uploaded, choice.key, choice.parent or None, choice.value, units)
    return made


def _stamp(drawn: dict[str, Any]) -> str:
    return hashlib.sha256(repr(drawn).encode()).hexdigest()[:16]


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=BY_BUILT)
def region(built: Built) -> shapely.Geometry:
    """The atlas's territory as one shape."""
    return shapely.union_all(built.parents.geometry.to_numpy())


def decimals_of(values: pd.Series) -> int:
    """As many decimals as tell a hundred values apart, up to the largest.

    >>> import pandas as pd
    >>> [decimals_of(pd.Series(one)) for one in ([1.0, 40.0], [0.5, 7.25], [0.001, 0.04], [12.5, 900.0])]
    [0, 2, 4, 1]
    """
    known = values.dropna()
    if (known % 1 == 0).all():
        return 0
    return int(np.clip(np.ceil(2 - np.log10(known.abs().max())), 1, 6))


def value_words(t: Translator, held: Own, value: float | None) -> str:
    """One value of the file's figure: a share as a percentage."""
    if held.figures is None:
        return "—"
    decimals = decimals_of(held.figures.by_unit)
    if held.choice is not None and held.choice.use == "share":
        return t.percent(value, max(decimals - 2, 0))
    return t.number(value, decimals)


def title(t: Translator, held: Own, unit: str) -> str:
    """What the figure is called: its column, or what was made of the features, and the file."""
    if held.choice is None or held.uploaded is None:
        return ""
    what = held.choice.value or t(f"own.figure_{held.choice.use}", unit=unit)
    return f"{what[:40]} · {held.uploaded.name}"


def on_map(session: Session) -> bool:
    """Whether the map shows the file's figure: it is a choice of the session, and stands at the smaller units."""
    return session.view.show == OWN and not session.index_only and can_be_on_map(session)


def can_be_on_map(session: Session) -> bool:
    """Whether there is a figure that the map could show, with its values in the table beside it."""
    return own().figures is not None and session.level == "neighbourhood"


def weighed(session: Session) -> pd.DataFrame | None:
    """What the file's figure changes in the view's order; ``None`` where there is none, or none at this level."""
    held = own()
    if held.figures is None or held.uploaded is None or session.level != "neighbourhood":
        return None
    try:
        scale = weighing.scaled(held.figures.by_unit, held.direction, held.uploaded.name)
    except AtlasError:  # one value everywhere: it is shown, and orders nothing
        return None
    index = next((one for one in session.atlas.index if one.id == session.view.index), None)
    aggregation = index.aggregation if index else "arithmetic"
    ranks = session.ranks(within=False)
    table = weighing.weighed(ranks, scale, held.weight, aggregation=aggregation)
    return table.assign(value=held.figures.by_unit.reindex(table.index))
