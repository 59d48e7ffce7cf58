"""A scenario as a frozen, validated model: on which atlas, and which edits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from atlas.built import Built
from atlas.config import Id, Model
from atlas.config_faults import said

SCHEMA: Literal[1] = 1
MOST_CHANGES, MOST_CORNERS = 200, 500


def _short(degrees: float) -> float:
    """Six decimals: a tenth of a metre."""
    return round(degrees, 6)


Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), AfterValidator(_short)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_short)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
PlaceId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Add(Model):
    """A venue that is not there yet."""

    do: Literal["add"] = "add"
    class_: Id = Field(alias="class", description="a class of the layers")
    lon: Lon
    lat: Lat
    name: Words = ""
    note: Note = ""


class Move(Model):
    """A place that goes elsewhere."""

    do: Literal["move"] = "move"
    place: PlaceId
    lon: Lon
    lat: Lat
    name: Words = Field("", description="what it was called, for whoever reads the file")
    note: Note = ""


class Close(Model):
    """A place that is no more."""

    do: Literal["close"] = "close"
    place: PlaceId
    name: Words = Field("", description="what it was called, for whoever reads the file")
    note: Note = ""


class Reuse(Model):
    """Reusable space that becomes a venue."""

    do: Literal["reuse"] = "reuse"
    place: PlaceId
    class_: Id = Field(alias="class", description="the class that it becomes")
    name: Words = Field("", description="its new name")
    note: Note = ""


class Area(Model):
    """An area drawn as a neighbourhood of its own, beside the others."""

    do: Literal["area"] = "area"
    name: Words = ""
    ring: tuple[tuple[Lon, Lat], ...] = Field(
        min_length=3, max_length=MOST_CORNERS, description="its corners, longitude first"
    )
    note: Note = ""

    @field_validator("ring")
    @classmethod
    def _open(cls, ring: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        """A ring that comes back to its first corner is kept without the repetition."""
        while len(ring) > 3 and ring[0] == ring[-1]:
            ring = ring[:-1]
        return ring


Change = Annotated[Add | Move | Close | Reuse | Area, Field(discriminator="do")]


class Scenario(Model):
    """A named set of edits on one atlas.

    >>> Scenario.model_validate({"atlas": "norte", "data": "2026-11-0", "name": "Um teatro", "changes": [
    ...     {"do": "add", "class": "theatre", "lon": -8.5, "lat": 41.5}]}).changes[0].class_
    'theatre'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal[1] = Field(SCHEMA, alias="schema")
    atlas: Id
    data: str = Field("", max_length=80, description="version of the data that it was made on")
    name: Words = Field(min_length=1)
    note: Note = ""
    index: Id = "potential"
    weights: dict[Id, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = Field(
        {}, description="weights of the index's pillars, before and after alike; the atlas's own where none is given"
    )
    changes: tuple[Change, ...] = Field((), max_length=MOST_CHANGES)

    @model_validator(mode="after")
    def _once(self) -> Scenario:
        """A place that is closed cannot be moved as well."""
        seen: set[str] = set()
        for number, change in enumerate(self.changes, 1):
            place = getattr(change, "place", None)
            if place in seen:
                raise said(
                    f"a mudança {number} é a segunda de {place}: deixe uma delas",
                    f"change {number} is the second one of {place}: leave one of them",
                )
            if place is not None:
                seen.add(place)
        return self

    def plain(self) -> dict[str, Any]:
        """As JSON writes it, without what stands at its default."""
        whole = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        changes = [{"do": one.do, **dumped} for one, dumped in zip(self.changes, whole.pop("changes", []), strict=True)]
        return {"schema": self.schema_, **whole, "changes": changes}

    def with_changes(self, *changes: Any) -> Scenario:
        """The same scenario with these changes instead."""
        return Scenario.model_validate({
            **self.model_dump(by_alias=True, exclude={"changes"}),
            "changes": [one.model_dump(by_alias=True) if isinstance(one, Model) else one for one in changes],
        })  # fmt: skip


def data_of(built: Built) -> str:
    """What a scenario remembers of the data that it was made on: their version, and the hash of their figures."""
    return f"{built.meta['data_version']}-{built.meta['hashes']['data'][:8]}"


def empty_scenario(built: Built, name: str) -> Scenario:
    """A scenario without edits on this atlas."""
    return Scenario.model_validate({
        "atlas": built.atlas.atlas.id, "data": data_of(built), "name": name, "index": built.atlas.opportunity.potential,
    })  # fmt: skip
