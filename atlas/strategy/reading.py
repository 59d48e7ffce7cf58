"""What the scorecard reads of a built atlas: each table is made once, when the first figure asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from atlas.built import Built
from atlas.strategy.links import observed_kinds, sites_of
from atlas.strategy.network import network
from atlas.strategy.opportunities import observes_stock, opportunities
from atlas.strategy.venues import counting, guessed, points_of
from atlas.strategy.walks import WALK_M, walks
from atlas.walking import Streets

NEAR_M = 400.0
Z = 1.6448536269514722  # 5 to 95 %, as the atlas's other intervals


@dataclass(frozen=True)
class Area:
    """The neighbourhoods and parents of what is asked about: ``region``, ``municipality`` or ``neighbourhood``."""

    level: str
    code: str | None
    units: pd.Index
    parents: tuple[str, ...]


class Reading:
    """A built atlas, read for the scorecard."""

    def __init__(self, built: Built) -> None:
        self.built = built

    @cached_property
    def places(self) -> pd.DataFrame:
        """Places whose class counts and is not only guessed."""
        table = self.built.store.read("places")
        roles = {layer.layer.role for layer in self.built.atlas.layers}
        held = counting(self.built.atlas, table, *roles)
        held = held[~guessed(held)]
        return pd.DataFrame(held[["place_id", "layer", "class_", "actor", "neighbourhood", "parent"]])

    @cached_property
    def streets(self) -> Streets | None:
        """The walking network."""
        return self.built.streets

    @cached_property
    def agglomerations(self) -> pd.DataFrame:
        """The agglomerations."""
        table: pd.DataFrame = self.built.store.read("agglomerations")
        return table

    @cached_property
    def venues(self) -> pd.DataFrame:
        """Venues, with whether each is a ``member`` of an agglomeration."""
        layers = {layer.id for layer in self.built.atlas.layers if layer.layer.role == "venue"}
        held = self.places[self.places["layer"].isin(layers)]
        members = {one for text in self.agglomerations["members"] for one in text.split("|")}
        return held.assign(member=held["place_id"].isin(members))

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The observed kinds of actors."""
        return observed_kinds(self.built.atlas)

    @cached_property
    def actors(self) -> pd.DataFrame:
        """Buildings of actors: ``actor, neighbourhood``, ``near_KIND`` for each kind, ``others`` for another kind."""
        atlas, table = self.built.atlas, self.built.store.read("places")
        sites = sites_of(table, atlas)
        near = walks(atlas, sites.spots, limit_m=WALK_M, streets=self.streets)
        count = len(sites.kind)
        matrix = csr_array((np.ones(len(near.row)), (near.row, near.column)), shape=(count, count))
        one_hot = np.eye(max(len(sites.kinds), 1))[sites.kind] if count else np.zeros((0, len(sites.kinds)))
        around = (matrix @ one_hot) > 0
        found = pd.DataFrame({"actor": np.array([*sites.kinds, ""], dtype=object)[sites.kind]})
        found["neighbourhood"] = sites.units
        for position, kind in enumerate(sites.kinds):
            found[f"near_{kind}"] = around[:, position]
        own = np.zeros_like(around)
        own[np.arange(count), sites.kind] = True
        return found.assign(others=(around & ~own).any(axis=1))

    @cached_property
    def reads(self) -> bool:
        """Whether any unit has both a potential and a decline."""
        return bool(self.built.store.read("opportunities")["opportunity"].notna().any())

    @cached_property
    def candidates(self) -> pd.DataFrame:
        """The candidates for regeneration."""
        return opportunities(self.built)

    @cached_property
    def stock(self) -> pd.DataFrame | None:
        """Reusable space with whether it is ``near_heritage``; None where no source covers it."""
        atlas, table = self.built.atlas, self.built.store.read("places")
        if not observes_stock(atlas):
            return None
        held, heritage = counting(atlas, table, "stock"), counting(atlas, table, "heritage")
        near = np.zeros(len(held), dtype=bool)
        if len(held) and len(heritage):
            away = cKDTree(points_of(heritage)).query(points_of(held), distance_upper_bound=NEAR_M)[0]
            near = np.isfinite(away)
        return pd.DataFrame({"neighbourhood": held["neighbourhood"].to_numpy(), "near_heritage": near})

    @cached_property
    def facilities(self) -> pd.DataFrame:
        """Facilities of the programming network with ``component`` and whether each has a ``partner``."""
        found = network(
            self.built.store.read("places"),
            self.built.atlas,
            streets=self.streets,
            rides=self.built.store.read("rides"),
        )
        joined = set(found.edges["from"]) | set(found.edges["to"])
        return found.facilities.assign(partner=found.facilities["place_id"].isin(joined))

    def municipal(self, code: str) -> pd.Series | None:
        """A municipal indicator by parent; None where the atlas has it not."""
        table = self.built.store.read("indicators")
        own = table[(table["indicator"] == code) & (table["level"] == "municipality")]
        return own.set_index("code")["value"] if len(own) else None


def share_interval(part: float, whole: float, z: float = Z) -> tuple[float, float]:
    """Wilson's interval of a share, 5 to 95 %.

    >>> [round(end, 3) for end in share_interval(8, 10)]
    [0.541, 0.931]
    """
    share, square = part / whole, z**2 / whole
    middle = (share + square / 2) / (1 + square)
    reach = z / (1 + square) * float(np.sqrt(share * (1 - share) / whole + square / (4 * whole)))
    return max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach))
